use crate::row::unsigned;
use tinderbox_model::{Bytes, Millis};

macro_rules! figures {
    ($($(#[$doc:meta])* $name:ident,)+) => {
        /// The sums of a row, as its columns. One run's own figures have the same form.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
        pub(crate) struct Figures {
            $($(#[$doc])* pub(crate) $name: i64,)+
        }

        impl Figures {
            /// Names of the columns, in the order of [`Figures::values`]. New ones are added at the end: what runs
            /// have put in is stored by position.
            pub(crate) const NAMES: [&'static str; [$(stringify!($name)),+].len()] = [$(stringify!($name)),+];

            pub(crate) fn values(&self) -> [i64; Self::NAMES.len()] {
                [$(self.$name),+]
            }

            /// Missing values are 0.
            pub(crate) fn from_values(values: impl IntoIterator<Item = i64>) -> Self {
                let mut values = values.into_iter();
                Self { $($name: values.next().unwrap_or(0),)+ }
            }
        }
    };
}

figures! {
    num_runs,
    num_succeeded,
    num_failed,
    num_cancelled,
    num_timed_out,
    num_lost,
    num_partial,
    /// Runs with a known duration: those of the histogram.
    num_durations,
    duration_ms,
    num_tasks,
    num_failed_tasks,
    task_time_ms,
    gc_time_ms,
    /// Task time of runs that did not succeed.
    lost_task_time_ms,
    num_core_times,
    core_time_ms,
    idle_ms,
    input_bytes,
    output_bytes,
    shuffle_read_bytes,
    shuffle_write_bytes,
    disk_spill_bytes,
    memory_spill_bytes,
    num_findings,
}

impl Figures {
    /// Adds `other`, or takes it out with `sign` -1.
    pub(crate) fn add(&mut self, other: &Self, sign: i64) {
        let sums = self.values().into_iter().zip(other.values());
        *self = Self::from_values(sums.map(|(a, b)| a.saturating_add(b.saturating_mul(sign))));
    }

    pub(crate) fn is_zero(&self) -> bool {
        *self == Self::default()
    }
}

/// Sums over some runs. Figures of a run count once it has ended or its log was collected; before that only its
/// existence does. One run counts with at most 2^52 of anything (4 PiB, or 142,000 years), so that sums cannot
/// overflow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct RunFigures {
    /// Runs.
    pub num_runs: u64,
    /// Of these, ended well.
    pub num_succeeded: u64,
    /// Ended with an error.
    pub num_failed: u64,
    /// Ended because somebody asked for it.
    pub num_cancelled: u64,
    /// Ended because their time was up.
    pub num_timed_out: u64,
    /// Of which nobody can say what became of them.
    pub num_lost: u64,
    /// Whose figures may be too low.
    pub num_partial: u64,
    /// Sum of the durations of ended runs.
    pub duration: Millis,
    /// Tasks that ended.
    pub num_tasks: u64,
    /// Tasks that failed.
    pub num_failed_tasks: u64,
    /// Sum of executor run time over all tasks.
    pub task_time: Millis,
    /// Part of it in garbage collection.
    pub gc_time: Millis,
    /// Task time of runs that failed, were cancelled or timed out: work without a result. That of failed tasks inside
    /// runs that succeeded is not among it, because Spark's sums do not tell it apart.
    pub lost_task_time: Millis,
    /// Runs of which the core time is known.
    pub num_core_times: u64,
    /// Sum of their executors' core time (`RunTotals::core_time`).
    pub core_time: Millis,
    /// Sum over them of core time less task time, not below zero each: cores that were there and ran no task.
    pub idle_time: Millis,
    /// Bytes read from storage.
    pub input: Bytes,
    /// Bytes written to storage.
    pub output: Bytes,
    /// Shuffle bytes read.
    pub shuffle_read: Bytes,
    /// Shuffle bytes written.
    pub shuffle_write: Bytes,
    /// Bytes spilled to disk.
    pub disk_spill: Bytes,
    /// In-memory size of spilled data.
    pub memory_spill: Bytes,
    /// Findings of their reports.
    pub num_findings: u64,
}

impl RunFigures {
    /// Runs that have not ended, or of which that is not known.
    pub fn num_unfinished(&self) -> u64 {
        let ended = self.num_succeeded + self.num_failed + self.num_cancelled + self.num_timed_out;
        self.num_runs.saturating_sub(ended + self.num_lost)
    }

    /// Share of runs that succeeded among those that succeeded, failed or timed out. Cancelled runs say nothing about
    /// the job. `None` when there is none.
    #[allow(clippy::cast_precision_loss)]
    pub fn success_rate(&self) -> Option<f64> {
        let judged = self.num_succeeded + self.num_failed + self.num_timed_out;
        (judged > 0).then(|| self.num_succeeded as f64 / judged as f64)
    }
}

impl From<&Figures> for RunFigures {
    fn from(f: &Figures) -> Self {
        let ms = |value| Millis(unsigned(value));
        let bytes = |value| Bytes(unsigned(value));
        Self {
            num_runs: unsigned(f.num_runs),
            num_succeeded: unsigned(f.num_succeeded),
            num_failed: unsigned(f.num_failed),
            num_cancelled: unsigned(f.num_cancelled),
            num_timed_out: unsigned(f.num_timed_out),
            num_lost: unsigned(f.num_lost),
            num_partial: unsigned(f.num_partial),
            duration: ms(f.duration_ms),
            num_tasks: unsigned(f.num_tasks),
            num_failed_tasks: unsigned(f.num_failed_tasks),
            task_time: ms(f.task_time_ms),
            gc_time: ms(f.gc_time_ms),
            lost_task_time: ms(f.lost_task_time_ms),
            num_core_times: unsigned(f.num_core_times),
            core_time: ms(f.core_time_ms),
            idle_time: ms(f.idle_ms),
            input: bytes(f.input_bytes),
            output: bytes(f.output_bytes),
            shuffle_read: bytes(f.shuffle_read_bytes),
            shuffle_write: bytes(f.shuffle_write_bytes),
            disk_spill: bytes(f.disk_spill_bytes),
            memory_spill: bytes(f.memory_spill_bytes),
            num_findings: unsigned(f.num_findings),
        }
    }
}
