use super::{Pairs, Text};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

#[derive(Deserialize, Serialize)]
pub(crate) struct LogStart<'a> {
    #[serde(rename = "Spark Version", borrow)]
    pub(crate) spark_version: Text<'a>,
}

#[derive(Deserialize, Serialize)]
pub(crate) struct ApplicationStart<'a> {
    #[serde(rename = "App Name", borrow, default)]
    pub(crate) name: Text<'a>,
    #[serde(rename = "App ID", borrow)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) id: Option<Text<'a>>,
    #[serde(rename = "App Attempt ID", borrow)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) attempt_id: Option<Text<'a>>,
    #[serde(rename = "Timestamp")]
    pub(crate) time: i64,
    #[serde(rename = "User", borrow, default)]
    pub(crate) user: Text<'a>,
    /// Present when the cluster manager has the driver's logs.
    #[serde(rename = "Driver Logs", default)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) driver_logs: Option<Pairs>,
    #[serde(rename = "Driver Attributes", default)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) driver_attributes: Option<Pairs>,
}

#[derive(Deserialize, Serialize)]
pub(crate) struct ApplicationEnd {
    #[serde(rename = "Timestamp")]
    pub(crate) time: i64,
    /// From Spark 4.0 on.
    #[serde(rename = "ExitCode")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) exit_code: Option<i64>,
}

type Properties<'a> = BTreeMap<Text<'a>, Text<'a>>;

#[derive(Deserialize, Serialize)]
pub(crate) struct EnvironmentUpdate<'a> {
    #[serde(rename = "JVM Information", borrow, default)]
    pub(crate) runtime: Properties<'a>,
    #[serde(rename = "Spark Properties", borrow, default)]
    pub(crate) spark: Properties<'a>,
    #[serde(rename = "Hadoop Properties", borrow, default)]
    pub(crate) hadoop: Properties<'a>,
    #[serde(rename = "System Properties", borrow, default)]
    pub(crate) system: Properties<'a>,
    /// From Spark 3.4 on.
    #[serde(rename = "Metrics Properties", borrow, default)]
    pub(crate) metrics: Properties<'a>,
    #[serde(rename = "Classpath Entries", borrow, default)]
    pub(crate) classpath: Properties<'a>,
}

#[derive(Deserialize, Serialize)]
pub(crate) struct ResourceProfileAdded {
    #[serde(rename = "Resource Profile Id")]
    pub(crate) id: i64,
    #[serde(rename = "Executor Resource Requests", default)]
    pub(crate) executor: Pairs<ExecutorRequest>,
    #[serde(rename = "Task Resource Requests", default)]
    pub(crate) task: Pairs<TaskRequest>,
}

#[derive(Deserialize, Serialize)]
pub(crate) struct ExecutorRequest {
    #[serde(rename = "Amount", default)]
    pub(crate) amount: i64,
    #[serde(rename = "Discovery Script", default)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) discovery_script: Option<String>,
    #[serde(rename = "Vendor", default)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) vendor: Option<String>,
}

#[derive(Deserialize, Serialize)]
pub(crate) struct TaskRequest {
    #[serde(rename = "Amount", default)]
    pub(crate) amount: f64,
}

/// Bare or with Spark's package, and with Jackson's names: it is none of the events that `JsonProtocol` writes by hand.
#[derive(Deserialize, Serialize)]
pub(crate) struct ProcessAdded {
    #[serde(default)]
    pub(crate) time: i64,
    #[serde(rename = "processId")]
    pub(crate) id: String,
    pub(crate) info: ProcessInfo,
}

#[derive(Deserialize, Serialize)]
pub(crate) struct ProcessInfo {
    #[serde(rename = "hostPort", default)]
    pub(crate) host_port: String,
    #[serde(default)]
    pub(crate) cores: i64,
    #[serde(rename = "logUrlInfo", default)]
    pub(crate) logs: Pairs,
}
