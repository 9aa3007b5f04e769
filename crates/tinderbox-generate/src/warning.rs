//! What is remarkable about an operator that went well. A warning stands only where the figures of the job say so.

use crate::job::{Job, Stage, StageStatus, float};

/// Skew above which a partition counts as skewed: the default of Spark's
/// `spark.sql.adaptive.skewJoin.skewedPartitionFactor`.
const SKEWED: f64 = 5.0;
/// Share of task time in garbage collection that Spark's own page marks.
const HIGH_GC: f64 = 0.1;
/// Share of an executor's memory that is high.
const HIGH_MEMORY: f64 = 0.7;
/// Share of what an operator reads that is much to spill to disk.
const MUCH_SPILL: f64 = 0.3;
/// Share of an operator's time in which no task has begun.
const LONG_WAIT: f64 = 0.3;
/// Mean bytes of a reading task below which files are small, where there are many tasks.
const SMALL_FILE: f64 = 4_194_304.0;
const MANY_FILES: i64 = 1_000;

/// The kinds of warnings, in the order of their codes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Warning {
    HighMemory,
    Spill,
    Skew,
    GarbageCollection,
    ExecutorLost,
    SmallFiles,
    SlowDriver,
    StreamingLag,
    KilledTasks,
}

impl Warning {
    pub(crate) const ALL: [Self; 9] = [
        Self::HighMemory,
        Self::Spill,
        Self::Skew,
        Self::GarbageCollection,
        Self::ExecutorLost,
        Self::SmallFiles,
        Self::SlowDriver,
        Self::StreamingLag,
        Self::KilledTasks,
    ];

    pub(crate) fn message(self) -> &'static str {
        match self {
            Self::HighMemory => "High memory usage detected",
            Self::Spill => "Much data was spilled to disk",
            Self::Skew => "Skewed partitions detected",
            Self::GarbageCollection => "Much time was spent in garbage collection",
            Self::ExecutorLost => "Executors were lost; their tasks ran again",
            Self::SmallFiles => "The input lies in many small files",
            Self::SlowDriver => "Executors waited for the driver",
            Self::StreamingLag => "Streaming batches take longer than their interval",
            Self::KilledTasks => "Slow tasks were started a second time",
        }
    }

    /// The operator that it is about, when the job has this remark: of several the one where it is worst.
    pub(crate) fn stage_of(self, job: &Job) -> Option<usize> {
        let ended =
            job.stages.iter().enumerate().filter(|(_, s)| s.status == StageStatus::Completed);
        let measured = ended.filter_map(|(index, stage)| {
            let measure = self.measure(job, index, stage)?;
            Some((index, measure))
        });
        measured.max_by(|(_, a), (_, b)| a.total_cmp(b)).map(|(index, _)| index)
    }

    /// How bad it is; `None` when it is not worth a warning.
    fn measure(self, job: &Job, index: usize, stage: &Stage) -> Option<f64> {
        let above = |measure: f64, limit: f64| (measure > limit).then_some(measure);
        let struck = |yes: bool| (yes && index == job.struck_stage).then_some(1.0);
        match self {
            Self::HighMemory => {
                let all = float(job.memory_mb) * 1_048_576.0;
                above(float(stage.peak_memory_bytes) / all, HIGH_MEMORY)
            }
            Self::Spill => {
                let read = float(stage.input_bytes + stage.shuffle_read_bytes);
                above(float(stage.disk_spill_bytes) / read.max(1.0), MUCH_SPILL)
            }
            Self::Skew => above(stage.skew, SKEWED),
            Self::GarbageCollection => {
                above(float(stage.gc_ms) / float(stage.run_ms.max(1)), HIGH_GC)
            }
            Self::ExecutorLost => struck(job.num_lost_executors > 0),
            Self::SmallFiles => {
                let mean = float(stage.input_bytes) / float(stage.num_tasks.max(1));
                let is_many = index == 0 && stage.num_tasks >= MANY_FILES;
                (is_many && mean < SMALL_FILE).then_some(1.0)
            }
            Self::SlowDriver => {
                above(float(stage.driver_ms) / float(stage.duration_ms.max(1)), LONG_WAIT)
            }
            Self::StreamingLag => struck(job.lag_ms > 0),
            Self::KilledTasks => above(float(stage.num_killed_tasks), 0.5),
        }
    }
}
