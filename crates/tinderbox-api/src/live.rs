use crate::Job;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use tinderbox_model as model;
use utoipa::ToSchema;

/// What a watcher of a run gets over server-sent events, at most four times a second.
///
/// Each message is whole: a client that missed some loses nothing but the steps between.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct JobProgress {
    /// Grows with every message of this server process.
    pub seq: u64,
    /// The run with its figures so far.
    pub job: Job,
    /// Tasks planned by the stages known so far.
    pub num_planned_tasks: u64,
    /// Tasks running now.
    pub num_active_tasks: u64,
    /// Stages that run or ran, newest last, at most 200.
    pub stages: Vec<StageProgress>,
    /// Events that the listener shed because the server was slow, by kind.
    pub shed_events: BTreeMap<String, u64>,
}

/// How far a stage is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct StageProgress {
    /// Spark's stage id.
    pub stage_id: i64,
    /// Attempt from 0.
    pub attempt: u32,
    /// The call site.
    pub name: String,
    /// Spark's stage status.
    pub status: String,
    /// Tasks planned.
    pub num_tasks: u32,
    /// Tasks running.
    pub num_active_tasks: u32,
    /// Tasks that succeeded.
    pub num_complete_tasks: u32,
    /// Tasks that failed.
    pub num_failed_tasks: u32,
    /// Sum of executor run time so far.
    pub executor_run_time_ms: u64,
    /// Shuffle data read so far.
    pub shuffle_read_bytes: u64,
    /// Shuffle data written so far.
    pub shuffle_write_bytes: u64,
    /// Spilled to disk so far.
    pub disk_spill_bytes: u64,
}

impl From<&model::Stage> for StageProgress {
    fn from(stage: &model::Stage) -> Self {
        Self {
            stage_id: stage.id.stage.0,
            attempt: stage.id.attempt,
            name: stage.name.clone(),
            status: serde_json::to_value(stage.status)
                .ok()
                .and_then(|word| word.as_str().map(str::to_owned))
                .unwrap_or_default(),
            num_tasks: stage.num_tasks,
            num_active_tasks: stage.tasks.active,
            num_complete_tasks: stage.tasks.complete,
            num_failed_tasks: stage.tasks.failed,
            executor_run_time_ms: stage.metrics.executor_run_time.0,
            shuffle_read_bytes: stage.metrics.shuffle_read_bytes().0,
            shuffle_write_bytes: stage.metrics.shuffle_write_bytes.0,
            disk_spill_bytes: stage.metrics.disk_bytes_spilled.0,
        }
    }
}
