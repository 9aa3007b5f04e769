use super::Text;
use super::task::UpdateValue;
use serde::Deserialize;
use tinderbox_model::SqlExecutionId;

#[derive(Deserialize)]
pub(crate) struct JobStart<'a> {
    #[serde(rename = "Job ID")]
    pub(crate) id: i64,
    #[serde(rename = "Submission Time", default)]
    pub(crate) submission_time: i64,
    #[serde(rename = "Stage Infos", borrow, default)]
    pub(crate) stage_infos: Vec<StageInfo<'a>>,
    #[serde(rename = "Stage IDs", default)]
    pub(crate) stage_ids: Vec<i64>,
    #[serde(rename = "Properties", borrow, default)]
    pub(crate) properties: Option<Properties<'a>>,
}

#[derive(Deserialize)]
pub(crate) struct JobEnd<'a> {
    #[serde(rename = "Job ID")]
    pub(crate) id: i64,
    #[serde(rename = "Completion Time", default)]
    pub(crate) completion_time: i64,
    #[serde(rename = "Job Result", borrow)]
    pub(crate) result: JobResult<'a>,
}

#[derive(Deserialize)]
pub(crate) struct JobResult<'a> {
    #[serde(rename = "Result", borrow, default)]
    pub(crate) result: Text<'a>,
    #[serde(rename = "Exception", borrow)]
    pub(crate) exception: Option<JobException<'a>>,
}

#[derive(Deserialize)]
pub(crate) struct JobException<'a> {
    #[serde(rename = "Message", borrow, default)]
    pub(crate) message: Text<'a>,
}

#[derive(Deserialize)]
pub(crate) struct StageSubmitted<'a> {
    #[serde(rename = "Stage Info", borrow)]
    pub(crate) info: StageInfo<'a>,
    #[serde(rename = "Properties", borrow, default)]
    pub(crate) properties: Option<Properties<'a>>,
}

#[derive(Deserialize)]
pub(crate) struct StageCompleted<'a> {
    #[serde(rename = "Stage Info", borrow)]
    pub(crate) info: StageInfo<'a>,
}

/// The local properties that are used.
#[derive(Deserialize)]
pub(crate) struct Properties<'a> {
    #[serde(rename = "spark.sql.execution.id", borrow)]
    sql_execution: Option<Text<'a>>,
    #[serde(rename = "spark.job.description", borrow)]
    pub(crate) description: Option<Text<'a>>,
    #[serde(rename = "spark.jobGroup.id", borrow)]
    pub(crate) group: Option<Text<'a>>,
    #[serde(rename = "spark.scheduler.pool", borrow)]
    pub(crate) pool: Option<Text<'a>>,
}

impl Properties<'_> {
    /// `SQLExecution.EXECUTION_ID_KEY`.
    pub(crate) fn sql_execution(&self) -> Option<SqlExecutionId> {
        self.sql_execution.as_ref()?.parse().ok().map(SqlExecutionId)
    }
}

/// RDD infos are not read.
#[derive(Deserialize)]
pub(crate) struct StageInfo<'a> {
    #[serde(rename = "Stage ID")]
    pub(crate) id: i64,
    #[serde(rename = "Stage Attempt ID", default)]
    pub(crate) attempt: u32,
    #[serde(rename = "Stage Name", borrow, default)]
    pub(crate) name: Text<'a>,
    #[serde(rename = "Number of Tasks", default)]
    pub(crate) num_tasks: i64,
    #[serde(rename = "Parent IDs", default)]
    pub(crate) parents: Vec<i64>,
    #[serde(rename = "Details", borrow, default)]
    pub(crate) details: Text<'a>,
    #[serde(rename = "Submission Time")]
    pub(crate) submission_time: Option<i64>,
    #[serde(rename = "Completion Time")]
    pub(crate) completion_time: Option<i64>,
    #[serde(rename = "Failure Reason", borrow)]
    pub(crate) failure_reason: Option<Text<'a>>,
    #[serde(rename = "Resource Profile Id", default)]
    pub(crate) resource_profile: i64,
    #[serde(rename = "Accumulables", borrow, default)]
    pub(crate) accumulables: Vec<Accumulable<'a>>,
}

/// An accumulator's value at the end of a stage: for internal metrics the sum over this stage attempt, for
/// SQL metrics the sum over the application so far (`DAGScheduler.updateAccumulators`).
#[derive(Deserialize)]
pub(crate) struct Accumulable<'a> {
    #[serde(rename = "ID", default)]
    pub(crate) id: i64,
    #[serde(rename = "Name", borrow, default)]
    pub(crate) name: Text<'a>,
    #[serde(rename = "Value", default)]
    pub(crate) value: UpdateValue,
    #[serde(rename = "Metadata", borrow)]
    pub(crate) metadata: Option<Text<'a>>,
}
