//! The tasks of an attempt in the words of Spark's REST.

use crate::opening::OpenLog;
use crate::{App, Error};
use std::ops::ControlFlow;
use std::sync::{Arc, OnceLock};
use tinderbox_model::{RunId, StageAttemptId, Task, TaskStatus};
use tinderbox_spark::rest::{TaskMetric, TaskOrder, TaskQuantiles, TaskState, ranks};
use tinderbox_table::{Direction, Pack, PackMetric as Metric, PackQuery, PackSort, retained_tasks};
use tokio::runtime::Handle;

/// The tasks of an attempt. They are opened when they are first asked for. All functions block; call them where tokio
/// allows blocking.
#[derive(Debug, Clone)]
pub struct TaskRows {
    app: App,
    run: RunId,
    /// The log, when it is still being read: its tasks are stored a moment after its application is complete.
    reading: Option<Arc<OpenLog>>,
    pack: OnceLock<Arc<Pack>>,
}

/// A page of a stage's tasks.
#[derive(Debug, Clone)]
pub struct TaskPageQuery {
    /// The stage attempt.
    pub stage: StageAttemptId,
    /// Only these; all when there is none.
    pub statuses: Vec<TaskState>,
    /// By what.
    pub order: TaskOrder,
    /// The largest first; equal ones by their ids the same way.
    pub descending: bool,
    /// Tasks to skip.
    pub offset: usize,
    /// Most tasks to answer.
    pub limit: usize,
    /// Spark's limit of tasks a stage, when older ones are to be left out as there.
    pub retained: Option<u64>,
}

impl TaskRows {
    /// Tasks that [`TaskRows::each`] holds at a time.
    const HELD: u64 = 4_096;
    /// Tasks that [`TaskRows::each_of_page`] holds at a time: each page of a sorted stage is found anew.
    const HELD_SORTED: usize = 16_384;

    pub(super) fn new(app: App, run: RunId, reading: Option<Arc<OpenLog>>) -> Self {
        Self { app, run, reading, pack: OnceLock::new() }
    }

    fn pack(&self) -> Result<&Arc<Pack>, Error> {
        if let Some(pack) = self.pack.get() {
            return Ok(pack);
        }
        let pack = Handle::current().block_on(async {
            if let Some(reading) = &self.reading {
                reading.stored().await;
            }
            self.app.pack(&self.run).await
        })?;
        Ok(self.pack.get_or_init(|| pack))
    }

    /// A page.
    ///
    /// # Errors
    /// [`Error::Table`].
    pub fn page(&self, query: &TaskPageQuery) -> Result<Vec<Task>, Error> {
        let statuses: Vec<TaskStatus> = query.statuses.iter().filter_map(status_of).collect();
        if statuses.is_empty() && !query.statuses.is_empty() {
            return Ok(Vec::new());
        }
        let pack = self.pack()?;
        let page = pack.page(&PackQuery {
            stage: Some(query.stage),
            statuses,
            newest: query.retained.map(|limit| kept(pack, query.stage, limit)),
            sort: sort_of(query.order),
            direction: if query.descending { Direction::Descending } else { Direction::Ascending },
            offset: as_u64(query.offset),
            limit: as_u64(query.limit),
        })?;
        Ok(page.tasks)
    }

    /// Calls back with every task of a page, of which only some thousands are in memory.
    ///
    /// # Errors
    /// [`Error::Table`].
    pub fn each_of_page(
        &self,
        query: &TaskPageQuery,
        see: &mut dyn FnMut(&Task) -> ControlFlow<()>,
    ) -> Result<(), Error> {
        let (mut query, mut left) = (query.clone(), query.limit);
        while left > 0 {
            query.limit = left.min(Self::HELD_SORTED);
            let tasks = self.page(&query)?;
            if tasks.iter().any(|task| see(task).is_break()) || tasks.len() < query.limit {
                return Ok(());
            }
            left -= tasks.len();
            query.offset = query.offset.saturating_add(tasks.len());
        }
        Ok(())
    }

    /// Calls back with every task of a stage in the order of their ids.
    ///
    /// # Errors
    /// [`Error::Table`].
    pub fn each(
        &self,
        stage: StageAttemptId,
        retained: Option<u64>,
        see: &mut dyn FnMut(&Task) -> ControlFlow<()>,
    ) -> Result<(), Error> {
        let pack = self.pack()?;
        let newest = retained.map(|limit| kept(pack, stage, limit));
        let mut query =
            PackQuery { stage: Some(stage), newest, limit: Self::HELD, ..PackQuery::default() };
        loop {
            let page = pack.page(&query)?;
            if page.tasks.iter().any(|task| see(task).is_break()) {
                return Ok(());
            }
            query.offset = query.offset.saturating_add(Self::HELD);
            if query.offset >= page.total {
                return Ok(());
            }
        }
    }

    /// Distributions over the tasks of a stage at sorted quantiles; `None` when no task has succeeded with metrics.
    ///
    /// # Errors
    /// [`Error::Table`].
    pub fn quantiles(
        &self,
        stage: StageAttemptId,
        quantiles: &[f64],
        retained: Option<u64>,
    ) -> Result<Option<TaskQuantiles>, Error> {
        let pack = self.pack()?;
        let newest = retained.map_or(u64::MAX, |limit| kept(pack, stage, limit));
        let Some(counts) = pack.counts(stage) else { return Ok(None) };
        // Spark's walk through the values matters only outside of 0 to 1; there it is told by the rank of each value.
        let ranks = ranks(quantiles, counts.num_measured, counts.num_measured);
        let n = as_double(counts.num_measured);
        let places: Vec<f64> =
            ranks.iter().flatten().map(|rank| (as_double(*rank) + 0.5) / n).collect();
        let is_plain =
            newest < counts.num_tasks || quantiles.iter().all(|q| (0.0..=1.0).contains(q));
        let asked = if is_plain { quantiles } else { &places };
        let metrics = TaskMetric::ALL.map(metric_of);
        let Some(values) = pack.quantiles_of_newest(stage, newest, &metrics, asked)? else {
            return Ok(None);
        };
        let mut values = values.into_iter();
        let quantiles = TaskQuantiles::new(quantiles, |_| {
            let mut found = values.next().unwrap_or_default().into_iter().map(signed_double);
            if is_plain {
                return Ok(found.collect());
            }
            Ok(ranks
                .iter()
                .map(|rank| rank.and_then(|_| found.next()).unwrap_or(f64::NAN))
                .collect())
        });
        quantiles.map(Some)
    }
}

/// How many tasks of a stage Spark keeps with a limit of `retained`.
fn kept(pack: &Pack, stage: StageAttemptId, retained: u64) -> u64 {
    retained_tasks(pack.counts(stage).map_or(0, |counts| counts.num_tasks), retained)
}

fn status_of(state: &TaskState) -> Option<TaskStatus> {
    Some(match state {
        TaskState::Running => TaskStatus::Running,
        TaskState::Killed => TaskStatus::Killed,
        TaskState::Failed => TaskStatus::Failed,
        TaskState::Success => TaskStatus::Success,
        TaskState::Unknown => return None,
    })
}

fn sort_of(order: TaskOrder) -> PackSort {
    PackSort::Metric(match order {
        TaskOrder::Id => return PackSort::Id,
        TaskOrder::Index => return PackSort::Index,
        TaskOrder::Partition => return PackSort::Partition,
        TaskOrder::Attempt => return PackSort::Attempt,
        TaskOrder::Status => return PackSort::Status,
        TaskOrder::Locality => return PackSort::Locality,
        TaskOrder::Executor => return PackSort::Executor,
        TaskOrder::Host => return PackSort::Host,
        TaskOrder::LaunchTime => return PackSort::LaunchTime,
        TaskOrder::Error => return PackSort::Error,
        TaskOrder::Accumulators => return PackSort::Accumulables,
        TaskOrder::RunTime => Metric::ExecutorRunTime,
        TaskOrder::SchedulerDelay => Metric::SchedulerDelay,
        TaskOrder::DeserializeTime => Metric::ExecutorDeserializeTime,
        TaskOrder::GcTime => Metric::JvmGcTime,
        TaskOrder::ResultSerializationTime => Metric::ResultSerializationTime,
        TaskOrder::GettingResultTime => Metric::GettingResultTime,
        TaskOrder::PeakMemory => Metric::PeakExecutionMemory,
        TaskOrder::InputBytes => Metric::InputBytes,
        TaskOrder::OutputBytes => Metric::OutputBytes,
        TaskOrder::ShuffleFetchWait => Metric::ShuffleFetchWaitTime,
        TaskOrder::ShuffleReadBytes => Metric::ShuffleReadBytes,
        TaskOrder::ShuffleRemoteBytes => Metric::ShuffleRemoteBytesRead,
        TaskOrder::ShuffleWriteTime => Metric::ShuffleWriteTime,
        TaskOrder::ShuffleWriteBytes => Metric::ShuffleWriteBytes,
        TaskOrder::MemorySpilled => Metric::MemoryBytesSpilled,
        TaskOrder::DiskSpilled => Metric::DiskBytesSpilled,
    })
}

fn metric_of(metric: TaskMetric) -> Metric {
    match metric {
        TaskMetric::Duration => Metric::Duration,
        TaskMetric::GettingResultTime => Metric::GettingResultTime,
        TaskMetric::SchedulerDelay => Metric::SchedulerDelay,
        TaskMetric::ExecutorDeserializeTime => Metric::ExecutorDeserializeTime,
        TaskMetric::ExecutorDeserializeCpuTime => Metric::ExecutorDeserializeCpuTime,
        TaskMetric::ExecutorRunTime => Metric::ExecutorRunTime,
        TaskMetric::ExecutorCpuTime => Metric::ExecutorCpuTime,
        TaskMetric::ResultSize => Metric::ResultSize,
        TaskMetric::JvmGcTime => Metric::JvmGcTime,
        TaskMetric::ResultSerializationTime => Metric::ResultSerializationTime,
        TaskMetric::PeakExecutionMemory => Metric::PeakExecutionMemory,
        TaskMetric::MemoryBytesSpilled => Metric::MemoryBytesSpilled,
        TaskMetric::DiskBytesSpilled => Metric::DiskBytesSpilled,
        TaskMetric::InputBytes => Metric::InputBytes,
        TaskMetric::InputRecords => Metric::InputRecords,
        TaskMetric::OutputBytes => Metric::OutputBytes,
        TaskMetric::OutputRecords => Metric::OutputRecords,
        TaskMetric::ShuffleReadBytes => Metric::ShuffleReadBytes,
        TaskMetric::ShuffleReadRecords => Metric::ShuffleReadRecords,
        TaskMetric::ShuffleRemoteBlocks => Metric::ShuffleRemoteBlocksFetched,
        TaskMetric::ShuffleLocalBlocks => Metric::ShuffleLocalBlocksFetched,
        TaskMetric::ShuffleFetchWaitTime => Metric::ShuffleFetchWaitTime,
        TaskMetric::ShuffleRemoteBytes => Metric::ShuffleRemoteBytesRead,
        TaskMetric::ShuffleRemoteBytesToDisk => Metric::ShuffleRemoteBytesReadToDisk,
        TaskMetric::ShuffleTotalBlocks => Metric::ShuffleTotalBlocksFetched,
        TaskMetric::ShuffleRemoteRequestsDuration => Metric::ShuffleRemoteRequestsDuration,
        TaskMetric::ShuffleCorruptMergedBlockChunks => Metric::ShuffleCorruptMergedBlockChunks,
        TaskMetric::ShuffleMergedFetchFallbacks => Metric::ShuffleMergedFetchFallbackCount,
        TaskMetric::ShuffleMergedRemoteBlocks => Metric::ShuffleMergedRemoteBlocksFetched,
        TaskMetric::ShuffleMergedLocalBlocks => Metric::ShuffleMergedLocalBlocksFetched,
        TaskMetric::ShuffleMergedRemoteChunks => Metric::ShuffleMergedRemoteChunksFetched,
        TaskMetric::ShuffleMergedLocalChunks => Metric::ShuffleMergedLocalChunksFetched,
        TaskMetric::ShuffleMergedRemoteBytes => Metric::ShuffleMergedRemoteBytesRead,
        TaskMetric::ShuffleMergedLocalBytes => Metric::ShuffleMergedLocalBytesRead,
        TaskMetric::ShuffleMergedRemoteRequestsDuration => {
            Metric::ShuffleMergedRemoteRequestsDuration
        }
        TaskMetric::ShuffleWriteBytes => Metric::ShuffleWriteBytes,
        TaskMetric::ShuffleWriteRecords => Metric::ShuffleWriteRecords,
        TaskMetric::ShuffleWriteTime => Metric::ShuffleWriteTime,
    }
}

#[allow(clippy::cast_precision_loss)]
fn as_double(value: u64) -> f64 {
    value as f64
}

#[allow(clippy::cast_precision_loss)]
fn signed_double(value: i64) -> f64 {
    value as f64
}

fn as_u64(number: usize) -> u64 {
    u64::try_from(number).unwrap_or(u64::MAX)
}
