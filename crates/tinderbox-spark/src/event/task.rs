use super::task_metrics::Metrics;
use super::{ExecutorMetrics, Text};
use serde::de::{Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::ser::{SerializeSeq, Serializer};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use std::fmt;
use tinderbox_model::{Accumulable, AccumulatorId, PeakMemory, TaskMetrics};

#[derive(Debug, PartialEq, Deserialize, Serialize)]
pub(crate) struct TaskStart<'a> {
    #[serde(rename = "Stage ID")]
    pub(crate) stage: i64,
    #[serde(rename = "Stage Attempt ID", default, with = "attempt")]
    pub(crate) stage_attempt: u32,
    #[serde(rename = "Task Info", borrow)]
    pub(crate) info: TaskInfo<'a>,
}

#[derive(Debug, PartialEq, Deserialize, Serialize)]
pub(crate) struct TaskEnd<'a> {
    #[serde(rename = "Stage ID")]
    pub(crate) stage: i64,
    #[serde(rename = "Stage Attempt ID", default, with = "attempt")]
    pub(crate) stage_attempt: u32,
    /// `None` for success, which nearly all are; the reason of an end is large.
    #[serde(rename = "Task End Reason", borrow, deserialize_with = "unless_success")]
    #[serde(serialize_with = "or_success")]
    pub(crate) reason: Option<Box<EndReason<'a>>>,
    #[serde(rename = "Task Info", borrow)]
    pub(crate) info: EndedTaskInfo<'a>,
    #[serde(rename = "Task Executor Metrics", default, deserialize_with = "peaks")]
    #[serde(serialize_with = "write_peaks", skip_serializing_if = "ExecutorPeaks::is_absent")]
    pub(crate) executor_metrics: ExecutorPeaks,
    #[serde(rename = "Task Metrics", default, deserialize_with = "task_metrics")]
    #[serde(serialize_with = "write_metrics", skip_serializing_if = "Option::is_none")]
    pub(crate) metrics: Option<TaskMetrics>,
}

/// The attempt of tasks whose stage was gone when they were launched: `DAGScheduler.handleBeginEvent` writes -1.
pub(crate) const NO_ATTEMPT: u32 = u32::MAX;

mod attempt {
    use super::NO_ATTEMPT;
    use serde::de::Error;
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<u32, D::Error> {
        match i64::deserialize(from)? {
            -1 => Ok(NO_ATTEMPT),
            number => u32::try_from(number).map_err(D::Error::custom),
        }
    }

    #[allow(clippy::trivially_copy_pass_by_ref, reason = "serde calls it so")]
    pub(super) fn serialize<S: Serializer>(attempt: &u32, to: S) -> Result<S::Ok, S::Error> {
        match *attempt {
            NO_ATTEMPT => (-1).serialize(to),
            number => number.serialize(to),
        }
    }
}

/// What a task's end says of its executor.
#[derive(Debug, Default, PartialEq)]
pub(crate) enum ExecutorPeaks {
    /// Nothing.
    #[default]
    Absent,
    /// Zeros: the executor was not sampled.
    Zero,
    /// Peaks.
    Some(Box<ExecutorMetrics>),
}

impl ExecutorPeaks {
    fn is_absent(&self) -> bool {
        matches!(self, Self::Absent)
    }

    /// Raises `to` to what was reported; Spark reads what is absent as zeros.
    pub(crate) fn raise(&self, to: &mut PeakMemory) {
        match self {
            Self::Absent | Self::Zero if to.is_set() => {}
            Self::Absent | Self::Zero => to.raise_to(&PeakMemory::of(|_| 0)),
            Self::Some(metrics) => to.raise_to(&metrics.0),
        }
    }
}

fn peaks<'de, D: Deserializer<'de>>(deserializer: D) -> Result<ExecutorPeaks, D::Error> {
    Ok(match Option::<ExecutorMetrics>::deserialize(deserializer)? {
        None => ExecutorPeaks::Absent,
        Some(ExecutorMetrics(peaks)) if peaks == PeakMemory::of(|_| 0) => ExecutorPeaks::Zero,
        Some(metrics) => ExecutorPeaks::Some(Box::new(metrics)),
    })
}

fn unless_success<'de: 'a, 'a, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Box<EndReason<'a>>>, D::Error> {
    let reason = EndReason::deserialize(deserializer)?;
    Ok((&*reason.reason != "Success").then(|| Box::new(reason)))
}

fn task_metrics<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<TaskMetrics>, D::Error> {
    Ok(Option::<Metrics>::deserialize(deserializer)?.map(TaskMetrics::from))
}

fn write_peaks<S: Serializer>(peaks: &ExecutorPeaks, to: S) -> Result<S::Ok, S::Error> {
    match peaks {
        ExecutorPeaks::Absent | ExecutorPeaks::Zero => {
            ExecutorMetrics(PeakMemory::of(|_| 0)).serialize(to)
        }
        ExecutorPeaks::Some(metrics) => metrics.serialize(to),
    }
}

#[allow(clippy::ref_option, reason = "serde calls it so")]
fn or_success<S: Serializer>(
    reason: &Option<Box<EndReason<'_>>>,
    to: S,
) -> Result<S::Ok, S::Error> {
    match reason {
        Some(reason) => reason.serialize(to),
        None => EndReason { reason: Text::from("Success"), ..EndReason::default() }.serialize(to),
    }
}

#[allow(clippy::ref_option, reason = "serde calls it so")]
fn write_metrics<S: Serializer>(metrics: &Option<TaskMetrics>, to: S) -> Result<S::Ok, S::Error> {
    metrics.as_ref().map(Metrics::from).serialize(to)
}

/// What holds from the launch on. `TaskInfo` is mutable in Spark and a `TaskStart` may be written late, so
/// its end fields (`Finish Time`, `Failed`, `Killed`, `Accumulables`) are not read here.
#[derive(Debug, PartialEq, Deserialize, Serialize)]
pub(crate) struct TaskInfo<'a> {
    #[serde(rename = "Task ID")]
    pub(crate) id: i64,
    #[serde(rename = "Index", default)]
    pub(crate) index: i64,
    #[serde(rename = "Attempt", default)]
    pub(crate) attempt: i64,
    #[serde(rename = "Partition ID", default = "unknown_partition")]
    pub(crate) partition: i64,
    #[serde(rename = "Launch Time", default)]
    pub(crate) launch_time: i64,
    #[serde(rename = "Executor ID", borrow, default)]
    pub(crate) executor: Text<'a>,
    #[serde(rename = "Host", borrow, default)]
    pub(crate) host: Text<'a>,
    #[serde(rename = "Locality", borrow, default)]
    pub(crate) locality: Text<'a>,
    #[serde(rename = "Speculative", default)]
    pub(crate) speculative: bool,
}

/// [`TaskInfo`] with its end. Written out, because a flattened struct would be buffered and not borrow.
#[derive(Debug, PartialEq, Deserialize, Serialize)]
pub(crate) struct EndedTaskInfo<'a> {
    #[serde(rename = "Task ID")]
    pub(crate) id: i64,
    #[serde(rename = "Index", default)]
    pub(crate) index: i64,
    #[serde(rename = "Attempt", default)]
    pub(crate) attempt: i64,
    #[serde(rename = "Partition ID", default = "unknown_partition")]
    pub(crate) partition: i64,
    #[serde(rename = "Launch Time", default)]
    pub(crate) launch_time: i64,
    #[serde(rename = "Executor ID", borrow, default)]
    pub(crate) executor: Text<'a>,
    #[serde(rename = "Host", borrow, default)]
    pub(crate) host: Text<'a>,
    #[serde(rename = "Locality", borrow, default)]
    pub(crate) locality: Text<'a>,
    #[serde(rename = "Speculative", default)]
    pub(crate) speculative: bool,
    #[serde(rename = "Getting Result Time", default)]
    pub(crate) getting_result_time: i64,
    #[serde(rename = "Finish Time", default)]
    pub(crate) finish_time: i64,
    #[serde(rename = "Failed", default)]
    pub(crate) failed: bool,
    #[serde(rename = "Killed", default)]
    pub(crate) killed: bool,
    #[serde(rename = "Accumulables", default)]
    pub(crate) sql_updates: SqlUpdates,
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

fn unknown_partition() -> i64 {
    -1
}

/// The union of the fields of Spark's end reasons (`JsonProtocol.taskEndReasonToJson`).
#[derive(Debug, PartialEq, Default, Deserialize, Serialize)]
#[serde(default)]
pub(crate) struct EndReason<'a> {
    #[serde(rename = "Reason", borrow)]
    pub(crate) reason: Text<'a>,
    #[serde(skip_serializing_if = "is_default", rename = "Class Name", borrow)]
    pub(crate) class_name: Text<'a>,
    #[serde(skip_serializing_if = "is_default", rename = "Description", borrow)]
    pub(crate) description: Text<'a>,
    #[serde(rename = "Full Stack Trace", borrow)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) full_stack_trace: Option<Text<'a>>,
    #[serde(skip_serializing_if = "is_default", rename = "Kill Reason", borrow)]
    pub(crate) kill_reason: Text<'a>,
    #[serde(rename = "Block Manager Address", borrow)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) block_manager: Option<FetchAddress<'a>>,
    #[serde(skip_serializing_if = "is_default", rename = "Shuffle ID")]
    pub(crate) shuffle_id: i64,
    #[serde(skip_serializing_if = "is_default", rename = "Map ID")]
    pub(crate) map_id: i64,
    #[serde(skip_serializing_if = "is_default", rename = "Map Index")]
    pub(crate) map_index: i64,
    #[serde(skip_serializing_if = "is_default", rename = "Reduce ID")]
    pub(crate) reduce_id: i64,
    #[serde(skip_serializing_if = "is_default", rename = "Message", borrow)]
    pub(crate) message: Text<'a>,
    #[serde(skip_serializing_if = "is_default", rename = "Executor ID", borrow)]
    pub(crate) executor: Text<'a>,
    #[serde(skip_serializing_if = "is_default", rename = "Exit Caused By App")]
    pub(crate) exit_caused_by_app: bool,
    #[serde(rename = "Loss Reason", borrow)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) loss_reason: Option<Text<'a>>,
    #[serde(skip_serializing_if = "is_default", rename = "Job ID")]
    pub(crate) job: i64,
    #[serde(skip_serializing_if = "is_default", rename = "Partition ID")]
    pub(crate) partition: i64,
    #[serde(skip_serializing_if = "is_default", rename = "Attempt Number")]
    pub(crate) attempt: i64,
}

#[derive(Debug, PartialEq, Deserialize, Serialize)]
pub(crate) struct FetchAddress<'a> {
    #[serde(rename = "Executor ID", borrow, default)]
    pub(crate) executor: Text<'a>,
    #[serde(rename = "Host", borrow, default)]
    pub(crate) host: Text<'a>,
    #[serde(rename = "Port", default)]
    pub(crate) port: i64,
}

/// A task's accumulables: updates of SQL metrics (`Metadata` is `sql`), and those of users' accumulators. The others
/// repeat what the task metrics say and are dropped while reading.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct SqlUpdates {
    pub(crate) sql: Vec<(AccumulatorId, i64)>,
    pub(crate) users: Vec<UserAccumulable>,
}

/// An accumulator of the user as text.
#[derive(Debug, PartialEq)]
pub(crate) struct UserAccumulable {
    pub(crate) id: i64,
    pub(crate) name: Option<String>,
    pub(crate) update: Option<String>,
    pub(crate) value: Option<String>,
}

impl From<UserAccumulable> for Accumulable {
    fn from(user: UserAccumulable) -> Self {
        let UserAccumulable { id, name, update, value } = user;
        Self { id: AccumulatorId(id), name, update, value }
    }
}

impl<'de> Deserialize<'de> for SqlUpdates {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        struct Update<'a> {
            #[serde(rename = "ID", default)]
            id: i64,
            #[serde(rename = "Name", borrow)]
            name: Option<Text<'a>>,
            #[serde(rename = "Update", borrow)]
            update: Option<&'a RawValue>,
            #[serde(rename = "Value", borrow)]
            value: Option<&'a RawValue>,
            #[serde(rename = "Internal", default)]
            internal: bool,
            #[serde(rename = "Metadata", borrow)]
            metadata: Option<Text<'a>>,
        }

        struct Updates;

        impl<'de> Visitor<'de> for Updates {
            type Value = SqlUpdates;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list of accumulables")
            }

            fn visit_unit<E: Error>(self) -> Result<SqlUpdates, E> {
                Ok(SqlUpdates::default())
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut updates: A) -> Result<SqlUpdates, A::Error> {
                let mut found = SqlUpdates::default();
                while let Some(item) = updates.next_element::<Update<'_>>()? {
                    if item.metadata.as_deref() == Some("sql") {
                        let number =
                            item.update.and_then(|raw| serde_json::from_str(raw.get()).ok());
                        if let Some(UpdateValue(Some(number))) = number {
                            found.sql.push((AccumulatorId(item.id), number));
                        }
                    } else if !item.internal {
                        found.users.push(UserAccumulable {
                            id: item.id,
                            name: item.name.map(Text::into_string),
                            update: item.update.and_then(shown),
                            value: item.value.and_then(shown),
                        });
                    }
                }
                Ok(found)
            }
        }

        deserializer.deserialize_any(Updates)
    }
}

/// In Spark's form; what was dropped while reading stays away.
impl Serialize for SqlUpdates {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Update<'a> {
            #[serde(rename = "ID")]
            id: i64,
            #[serde(rename = "Name", skip_serializing_if = "Option::is_none")]
            name: Option<&'a str>,
            #[serde(rename = "Update", skip_serializing_if = "Option::is_none")]
            update: Option<&'a str>,
            #[serde(rename = "Value", skip_serializing_if = "Option::is_none")]
            value: Option<&'a str>,
            #[serde(rename = "Internal")]
            internal: bool,
            #[serde(rename = "Count Failed Values")]
            count_failed_values: bool,
            #[serde(rename = "Metadata", skip_serializing_if = "Option::is_none")]
            metadata: Option<&'a str>,
        }

        let mut updates = serializer.serialize_seq(Some(self.sql.len() + self.users.len()))?;
        for (accumulator, number) in &self.sql {
            updates.serialize_element(&Update {
                id: accumulator.0,
                name: None,
                update: Some(&number.to_string()),
                value: None,
                internal: true,
                count_failed_values: true,
                metadata: Some("sql"),
            })?;
        }
        for user in &self.users {
            updates.serialize_element(&Update {
                id: user.id,
                name: user.name.as_deref(),
                update: user.update.as_deref(),
                value: user.value.as_deref(),
                internal: false,
                count_failed_values: false,
                metadata: None,
            })?;
        }
        updates.end()
    }
}

/// A value as Spark's REST shows it: texts without their quotes, all else as it stands. `None` for null.
fn shown(raw: &RawValue) -> Option<String> {
    match serde_json::from_str::<Option<Text<'_>>>(raw.get()) {
        Ok(text) => text.map(Text::into_string),
        Err(_) => Some(raw.get().to_owned()),
    }
}

/// An accumulator's number: written as a number for internal metrics, as text for SQL metrics. Values of
/// other shapes (lists of blocks, users' accumulators) are none.
#[derive(Default)]
pub(crate) struct UpdateValue(pub(crate) Option<i64>);

impl<'de> Deserialize<'de> for UpdateValue {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct AnyValue;

        impl<'de> Visitor<'de> for AnyValue {
            type Value = UpdateValue;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a value")
            }

            fn visit_i64<E: Error>(self, value: i64) -> Result<UpdateValue, E> {
                Ok(UpdateValue(Some(value)))
            }

            fn visit_u64<E: Error>(self, value: u64) -> Result<UpdateValue, E> {
                Ok(UpdateValue(i64::try_from(value).ok()))
            }

            fn visit_str<E: Error>(self, value: &str) -> Result<UpdateValue, E> {
                Ok(UpdateValue(value.parse().ok()))
            }

            fn visit_f64<E: Error>(self, _: f64) -> Result<UpdateValue, E> {
                Ok(UpdateValue(None))
            }

            fn visit_bool<E: Error>(self, _: bool) -> Result<UpdateValue, E> {
                Ok(UpdateValue(None))
            }

            fn visit_unit<E: Error>(self) -> Result<UpdateValue, E> {
                Ok(UpdateValue(None))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<UpdateValue, A::Error> {
                while seq.next_element::<IgnoredAny>()?.is_some() {}
                Ok(UpdateValue(None))
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<UpdateValue, A::Error> {
                while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
                Ok(UpdateValue(None))
            }
        }

        deserializer.deserialize_any(AnyValue)
    }
}
