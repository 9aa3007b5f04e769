use super::Fold;
use crate::event::{Accumulable, StageCompleted, StageInfo, StageSubmitted};
use std::collections::BTreeMap;
use tinderbox_model::{
    Bytes, JobId, Millis, Nanos, SqlExecutionId, Stage, StageAttemptId, StageId, StageStatus,
    TaskMetrics, TimestampMs,
};

/// Stage attempts by id.
#[derive(Debug, Default)]
pub(super) struct Stages(BTreeMap<StageAttemptId, StageState>);

#[derive(Debug)]
pub(super) struct StageState {
    pub(super) stage: Stage,
    /// The jobs in whose counts this attempt's tasks show: those that ran when it was submitted.
    pub(super) counted_for: Vec<JobId>,
    pub(super) succeeded: Indices,
}

impl Stages {
    pub(super) fn iter(&self) -> impl Iterator<Item = &Stage> {
        self.0.values().map(|state| &state.stage)
    }

    pub(super) fn into_stages(self) -> Vec<Stage> {
        self.0.into_values().map(|state| state.stage).collect()
    }

    pub(super) fn get_or_add(&mut self, stage: i64, attempt: u32) -> &mut StageState {
        let id = StageAttemptId { stage: StageId(stage), attempt };
        self.0.entry(id).or_insert_with(|| StageState {
            stage: Stage::new(id),
            counted_for: Vec::new(),
            succeeded: Indices::default(),
        })
    }

    /// Marks attempts of a stage that wait for their submission as skipped.
    pub(super) fn skip_pending(&mut self, stage: StageId) {
        let first = StageAttemptId { stage, attempt: 0 };
        let last = StageAttemptId { stage, attempt: u32::MAX };
        for (_, state) in self.0.range_mut(first..=last) {
            if state.stage.status == StageStatus::Pending {
                state.stage.status = StageStatus::Skipped;
            }
        }
    }

    /// Tasks whose end was never seen though their stage is complete. Only first attempts tell: a later one
    /// may leave tasks to what an earlier one still finishes.
    pub(super) fn lost_task_ends(&self) -> u64 {
        self.0.values().map(StageState::lost_task_ends).sum()
    }
}

impl StageState {
    /// Takes over what Spark says of the attempt.
    pub(super) fn fill(&mut self, info: StageInfo<'_>) {
        let stage = &mut self.stage;
        stage.name = info.name.into_string();
        stage.details = info.details.into_string();
        stage.parents = info.parents.into_iter().map(StageId).collect();
        stage.num_tasks = u32::try_from(info.num_tasks).unwrap_or(0);
        stage.submission_time = info.submission_time.map(TimestampMs);
        stage.completion_time = info.completion_time.map(TimestampMs);
        stage.failure_reason = info.failure_reason.map(|reason| reason.into_string());
        stage.resource_profile = info.resource_profile;
    }

    pub(super) fn join(&mut self, job: JobId, sql_execution: Option<SqlExecutionId>) {
        if !self.stage.jobs.contains(&job) {
            self.stage.jobs.push(job);
        }
        self.stage.sql_execution = self.stage.sql_execution.or(sql_execution);
    }

    fn lost_task_ends(&self) -> u64 {
        if self.stage.status == StageStatus::Complete && self.stage.id.attempt == 0 {
            u64::from(self.stage.num_tasks.saturating_sub(self.succeeded.len()))
        } else {
            0
        }
    }
}

impl Fold {
    pub(super) fn stage_submitted(&mut self, event: StageSubmitted<'_>) {
        self.see(event.info.submission_time.unwrap_or(0));
        let counted_for = self.jobs.stage_runs(StageId(event.info.id));
        if event.info.attempt > 0 {
            self.sql.new_stage_attempt(StageId(event.info.id), event.info.attempt);
        }
        let state = self.stages.get_or_add(event.info.id, event.info.attempt);
        state.fill(event.info);
        state.stage.status = StageStatus::Active;
        let sql_execution = event.properties.as_ref().and_then(|p| p.sql_execution());
        for &job in &counted_for {
            state.join(job, sql_execution);
        }
        state.counted_for = counted_for;
        state.stage.sql_execution = state.stage.sql_execution.or(sql_execution);
        if let Some(pool) = event.properties.and_then(|p| p.pool) {
            state.stage.scheduling_pool = pool.into_string();
        }
    }

    pub(super) fn stage_completed(&mut self, mut event: StageCompleted<'_>) {
        self.see(event.info.completion_time.unwrap_or(0));
        let accumulables = std::mem::take(&mut event.info.accumulables);
        let ends_were_shed = self.has_shed_task_ends();
        let state = self.stages.get_or_add(event.info.id, event.info.attempt);
        state.fill(event.info);
        state.stage.status = if state.stage.failure_reason.is_some() {
            StageStatus::Failed
        } else if state.stage.submission_time.is_some() {
            StageStatus::Complete
        } else {
            StageStatus::Skipped
        };
        if ends_were_shed || state.lost_task_ends() > 0 {
            let id = state.stage.id;
            for accumulable in &accumulables {
                raise_metric(&mut state.stage.metrics, accumulable);
                self.sql.stage_total(id, accumulable);
            }
        }
        if ends_were_shed {
            // Ends that were shed never come; what is still going can only be a copy that lost its race.
            self.jobs.count(&state.counted_for, |tasks| {
                tasks.active = tasks.active.saturating_sub(state.stage.tasks.active);
            });
            state.stage.tasks.active = 0;
            let id = state.stage.id;
            let executors = &mut self.executors;
            self.running.retain(|_, task| {
                let keep = task.stage != id;
                if !keep
                    && let Some(executor) = executors.active(task.executor.as_str(), &task.host)
                {
                    executor.tasks.active = executor.tasks.active.saturating_sub(1);
                }
                keep
            });
        }
    }
}

/// Raises a sum to what Spark's own accumulator of the stage attempt holds. Names: `InternalAccumulator`.
/// Needed only when task ends are missing.
fn raise_metric(metrics: &mut TaskMetrics, accumulable: &Accumulable<'_>) {
    let (Some(name), Some(value)) =
        (accumulable.name.strip_prefix("internal.metrics."), accumulable.value.0)
    else {
        return;
    };
    let value = u64::try_from(value).unwrap_or(0);
    let millis = |sum: &mut Millis| *sum = (*sum).max(Millis(value));
    let nanos = |sum: &mut Nanos| *sum = (*sum).max(Nanos(value));
    let bytes = |sum: &mut Bytes| *sum = (*sum).max(Bytes(value));
    let number = |sum: &mut u64| *sum = (*sum).max(value);
    match name {
        "executorDeserializeTime" => millis(&mut metrics.executor_deserialize_time),
        "executorDeserializeCpuTime" => nanos(&mut metrics.executor_deserialize_cpu_time),
        "executorRunTime" => millis(&mut metrics.executor_run_time),
        "executorCpuTime" => nanos(&mut metrics.executor_cpu_time),
        "resultSize" => bytes(&mut metrics.result_size),
        "jvmGCTime" => millis(&mut metrics.jvm_gc_time),
        "resultSerializationTime" => millis(&mut metrics.result_serialization_time),
        "memoryBytesSpilled" => bytes(&mut metrics.memory_bytes_spilled),
        "diskBytesSpilled" => bytes(&mut metrics.disk_bytes_spilled),
        "peakExecutionMemory" => bytes(&mut metrics.peak_execution_memory),
        "input.bytesRead" => bytes(&mut metrics.input_bytes),
        "input.recordsRead" => number(&mut metrics.input_records),
        "output.bytesWritten" => bytes(&mut metrics.output_bytes),
        "output.recordsWritten" => number(&mut metrics.output_records),
        "shuffle.read.remoteBlocksFetched" => number(&mut metrics.shuffle_remote_blocks_fetched),
        "shuffle.read.localBlocksFetched" => number(&mut metrics.shuffle_local_blocks_fetched),
        "shuffle.read.fetchWaitTime" => millis(&mut metrics.shuffle_fetch_wait_time),
        "shuffle.read.remoteBytesRead" => bytes(&mut metrics.shuffle_remote_bytes_read),
        "shuffle.read.remoteBytesReadToDisk" => {
            bytes(&mut metrics.shuffle_remote_bytes_read_to_disk);
        }
        "shuffle.read.localBytesRead" => bytes(&mut metrics.shuffle_local_bytes_read),
        "shuffle.read.recordsRead" => number(&mut metrics.shuffle_read_records),
        "shuffle.read.remoteReqsDuration" => millis(&mut metrics.shuffle_remote_requests_duration),
        "shuffle.write.bytesWritten" => bytes(&mut metrics.shuffle_write_bytes),
        "shuffle.write.writeTime" => nanos(&mut metrics.shuffle_write_time),
        "shuffle.write.recordsWritten" => number(&mut metrics.shuffle_write_records),
        _ => {}
    }
}

/// A set of task indices, one bit each.
#[derive(Debug, Default)]
pub(super) struct Indices {
    bits: Vec<u64>,
    count: u32,
}

impl Indices {
    /// Beyond this an index is taken for new each time: no stage has that many tasks, a wild number in a
    /// log must not take that much memory.
    const LIMIT: usize = 1 << 26;

    pub(super) fn len(&self) -> u32 {
        self.count
    }

    /// Whether the index is new.
    pub(super) fn insert(&mut self, index: i64) -> bool {
        let Some(index) = usize::try_from(index).ok().filter(|&index| index < Self::LIMIT) else {
            return true;
        };
        let (word, bit) = (index / 64, 1 << (index % 64));
        if word >= self.bits.len() {
            self.bits.resize(word + 1, 0);
        }
        let is_new = self.bits[word] & bit == 0;
        self.bits[word] |= bit;
        self.count += u32::from(is_new);
        is_new
    }
}
