use super::task::UpdateValue;
use super::{StorageLevel, Text};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;
use std::collections::BTreeSet;
use tinderbox_model::SqlExecutionId;

#[derive(Deserialize, Serialize)]
pub(crate) struct JobStart<'a> {
    #[serde(rename = "Job ID")]
    pub(crate) id: i64,
    #[serde(rename = "Submission Time", default)]
    pub(crate) submission_time: i64,
    #[serde(rename = "Stage Infos", borrow, default)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) stage_infos: Option<Vec<StageInfo<'a>>>,
    #[serde(rename = "Stage IDs", default)]
    pub(crate) stage_ids: Vec<i64>,
    #[serde(rename = "Properties", borrow, default)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) properties: Option<Properties<'a>>,
}

#[derive(Deserialize, Serialize)]
pub(crate) struct JobEnd<'a> {
    #[serde(rename = "Job ID")]
    pub(crate) id: i64,
    #[serde(rename = "Completion Time", default)]
    pub(crate) completion_time: i64,
    #[serde(rename = "Job Result", borrow)]
    pub(crate) result: JobResult<'a>,
}

#[derive(Deserialize, Serialize)]
pub(crate) struct JobResult<'a> {
    #[serde(rename = "Result", borrow, default)]
    pub(crate) result: Text<'a>,
    #[serde(rename = "Exception", borrow)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) exception: Option<JobException<'a>>,
}

#[derive(Deserialize, Serialize)]
pub(crate) struct JobException<'a> {
    #[serde(rename = "Message", borrow, default)]
    pub(crate) message: Text<'a>,
}

#[derive(Deserialize, Serialize)]
pub(crate) struct StageSubmitted<'a> {
    #[serde(rename = "Stage Info", borrow)]
    pub(crate) info: StageInfo<'a>,
    #[serde(rename = "Properties", borrow, default)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) properties: Option<Properties<'a>>,
}

#[derive(Deserialize, Serialize)]
pub(crate) struct StageCompleted<'a> {
    #[serde(rename = "Stage Info", borrow)]
    pub(crate) info: StageInfo<'a>,
}

/// The local properties that are used.
#[derive(Deserialize, Serialize)]
pub(crate) struct Properties<'a> {
    #[serde(rename = "spark.sql.execution.id", borrow)]
    #[serde(skip_serializing_if = "Option::is_none")]
    sql_execution: Option<Text<'a>>,
    #[serde(rename = "spark.job.description", borrow)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) description: Option<Text<'a>>,
    #[serde(rename = "spark.jobGroup.id", borrow)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) group: Option<Text<'a>>,
    #[serde(rename = "spark.scheduler.pool", borrow)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) pool: Option<Text<'a>>,
    /// `SparkContext.SPARK_JOB_TAGS`, with commas between.
    #[serde(rename = "spark.job.tags", borrow)]
    #[serde(skip_serializing_if = "Option::is_none")]
    tags: Option<Text<'a>>,
}

impl Properties<'_> {
    /// `SQLExecution.EXECUTION_ID_KEY`.
    pub(crate) fn sql_execution(&self) -> Option<SqlExecutionId> {
        self.sql_execution.as_ref()?.parse().ok().map(SqlExecutionId)
    }

    /// The job's tags, sorted, each once.
    pub(crate) fn tags(&self) -> Vec<String> {
        let tags = self.tags.as_deref().unwrap_or("");
        let tags: BTreeSet<_> = tags.split(',').filter(|tag| !tag.is_empty()).collect();
        tags.into_iter().map(str::to_owned).collect()
    }
}

#[derive(Deserialize, Serialize)]
pub(crate) struct StageInfo<'a> {
    #[serde(rename = "Stage ID")]
    pub(crate) id: i64,
    #[serde(rename = "Stage Attempt ID", default)]
    pub(crate) attempt: u32,
    #[serde(rename = "Stage Name", borrow, default)]
    pub(crate) name: Text<'a>,
    #[serde(rename = "Number of Tasks", default)]
    pub(crate) num_tasks: i64,
    #[serde(rename = "RDD Info", borrow, default)]
    pub(crate) rdds: Vec<RddInfo<'a>>,
    #[serde(rename = "Parent IDs", default)]
    pub(crate) parents: Vec<i64>,
    #[serde(rename = "Details", borrow, default)]
    pub(crate) details: Text<'a>,
    #[serde(rename = "Submission Time")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) submission_time: Option<i64>,
    #[serde(rename = "Completion Time")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) completion_time: Option<i64>,
    #[serde(rename = "Failure Reason", borrow)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) failure_reason: Option<Text<'a>>,
    #[serde(rename = "Resource Profile Id", default)]
    pub(crate) resource_profile: i64,
    #[serde(rename = "Accumulables", borrow, default)]
    pub(crate) accumulables: Vec<Accumulable<'a>>,
    /// From Spark 3.4 on, as the next one.
    #[serde(rename = "Shuffle Push Enabled", default)]
    pub(crate) is_shuffle_push_enabled: bool,
    #[serde(rename = "Shuffle Push Mergers Count", default)]
    pub(crate) shuffle_mergers: i64,
}

impl StageInfo<'_> {
    /// What Spark takes for a stage of which a job's start tells the number only.
    pub(crate) fn unknown(id: i64) -> Self {
        Self {
            id,
            attempt: 0,
            name: Text::from("unknown"),
            num_tasks: 0,
            rdds: Vec::new(),
            parents: Vec::new(),
            details: Text::from("unknown"),
            submission_time: None,
            completion_time: None,
            failure_reason: None,
            resource_profile: 0,
            accumulables: Vec::new(),
            is_shuffle_push_enabled: false,
            shuffle_mergers: 0,
        }
    }
}

#[derive(Deserialize, Serialize)]
pub(crate) struct RddInfo<'a> {
    #[serde(rename = "RDD ID")]
    pub(crate) id: i64,
    #[serde(rename = "Name", borrow, default)]
    pub(crate) name: Text<'a>,
    #[serde(rename = "Storage Level", default)]
    pub(crate) level: StorageLevel,
    #[serde(rename = "Number of Partitions", default)]
    pub(crate) num_partitions: i64,
}

/// An accumulator's value at the end of a stage: for internal metrics the sum over this stage attempt, for
/// SQL metrics the sum over the application so far (`DAGScheduler.updateAccumulators`).
#[derive(Deserialize, Serialize)]
pub(crate) struct Accumulable<'a> {
    #[serde(rename = "ID", default)]
    pub(crate) id: i64,
    #[serde(rename = "Name", borrow)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) name: Option<Text<'a>>,
    #[serde(rename = "Update", borrow)]
    #[serde(skip_serializing_if = "Option::is_none")]
    update: Option<&'a RawValue>,
    #[serde(rename = "Value", borrow)]
    #[serde(skip_serializing_if = "Option::is_none")]
    value: Option<&'a RawValue>,
    #[serde(rename = "Internal", default)]
    pub(crate) is_internal: bool,
    #[serde(rename = "Metadata", borrow)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) metadata: Option<Text<'a>>,
}

impl Accumulable<'_> {
    /// Whether it belongs to the user, not to Spark's own metrics (`LiveEntityHelpers.newAccumulatorInfos`).
    pub(crate) fn is_users(&self) -> bool {
        !self.is_internal && self.metadata.as_deref() != Some("sql")
    }

    /// What a task added, as a number.
    pub(crate) fn update(&self) -> Option<i64> {
        number(self.update)
    }

    /// The value as a number.
    pub(crate) fn value(&self) -> Option<i64> {
        number(self.value)
    }

    /// What a task added, as text.
    pub(crate) fn update_text(&self) -> Option<String> {
        text(self.update)
    }

    /// The value as text.
    pub(crate) fn value_text(&self) -> Option<String> {
        text(self.value)
    }
}

fn number(raw: Option<&RawValue>) -> Option<i64> {
    serde_json::from_str::<UpdateValue>(raw?.get()).ok()?.0
}

fn text(raw: Option<&RawValue>) -> Option<String> {
    Some(match serde_json::from_str(raw?.get()).ok()? {
        Value::Null => return None,
        Value::String(text) => text,
        other => other.to_string(),
    })
}
