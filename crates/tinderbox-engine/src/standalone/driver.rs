//! What is said of drivers in the master's REST protocol.

use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// A driver to be started in cluster mode.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DriverRequest {
    /// The Spark that the request is written for, for example `3.5.8`.
    pub spark_version: String,
    /// The jar with the application, at an address that every worker can read; of Python
    /// programs nothing, see [`DriverRequest::of_python`].
    pub resource: String,
    /// The class with `main`.
    pub main_class: String,
    /// The application's arguments.
    pub arguments: Vec<String>,
    /// Spark's properties.
    pub conf: BTreeMap<String, String>,
    /// Environment of the driver.
    pub environment: BTreeMap<String, String>,
}

impl DriverRequest {
    /// The driver of a Python program: of a request whose resource is that program, at a path or address that every worker
    /// can read, and whose main class is of no meaning. `spark-submit` refuses Python in cluster mode on standalone
    /// clusters; a driver that is a `spark-submit` in client mode on the worker does what is wanted, with the properties of
    /// `conf` that concern the application.
    #[must_use]
    pub fn of_python(self, master: &str) -> Self {
        let mut submit = vec!["--master".to_owned(), master.to_owned()];
        for (key, value) in &self.conf {
            submit.push("--conf".to_owned());
            submit.push(format!("{key}={value}"));
        }
        submit.push(self.resource);
        submit.extend(self.arguments);
        Self {
            // Nothing to fetch: the class is Spark's own.
            resource: String::new(),
            main_class: "org.apache.spark.deploy.SparkSubmit".to_owned(),
            arguments: submit,
            ..self
        }
    }

    /// `CreateSubmissionRequest`.
    pub(super) fn to_json(&self, master: &str) -> Value {
        let mut properties = self.conf.clone();
        let mut set = |key: &str, value: &str| {
            properties.entry(key.to_owned()).or_insert_with(|| value.to_owned());
        };
        set("spark.master", master);
        set("spark.submit.deployMode", "cluster");
        set("spark.app.name", &self.main_class);
        set("spark.driver.supervise", "false");
        if !self.resource.is_empty() {
            set("spark.jars", &self.resource);
        }
        json!({
            "action": "CreateSubmissionRequest",
            "clientSparkVersion": self.spark_version,
            "appResource": self.resource,
            "mainClass": self.main_class,
            "appArgs": self.arguments,
            "sparkProperties": properties,
            "environmentVariables": self.environment,
        })
    }
}

/// Where a driver stands, as the master says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DriverStatus {
    /// Its state.
    pub state: DriverState,
    /// The worker that it is on, `HOST:PORT`, once there is one.
    pub worker: Option<String>,
    /// What the master says of its end; of failed ones nothing, their log has it.
    pub message: Option<String>,
}

/// `org.apache.spark.deploy.master.DriverState`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DriverState {
    /// Waits for a worker with room.
    Submitted,
    /// Runs, or is being started, on a worker.
    Running,
    /// Ended with exit code 0.
    Finished,
    /// Is started again after its end; only with `spark.driver.supervise`.
    Relaunching,
    /// The master does not know for the moment: it was started again, and the worker has not reported.
    Unknown,
    /// Was ended on demand.
    Killed,
    /// Ended with another exit code.
    Failed,
    /// Could not be started, or its worker was lost.
    Error,
}

impl DriverState {
    fn parse(text: &str) -> Option<Self> {
        Some(match text {
            "SUBMITTED" => Self::Submitted,
            "RUNNING" => Self::Running,
            "FINISHED" => Self::Finished,
            "RELAUNCHING" => Self::Relaunching,
            "UNKNOWN" => Self::Unknown,
            "KILLED" => Self::Killed,
            "FAILED" => Self::Failed,
            "ERROR" => Self::Error,
            _ => return None,
        })
    }

    /// Whether it stays so.
    pub fn is_final(self) -> bool {
        matches!(self, Self::Finished | Self::Killed | Self::Failed | Self::Error)
    }
}

/// `CreateSubmissionResponse`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Created {
    pub(super) success: bool,
    pub(super) submission_id: Option<String>,
    pub(super) message: Option<String>,
}

/// `KillSubmissionResponse`.
#[derive(Debug, Deserialize)]
pub(super) struct Killed {
    pub(super) success: bool,
}

/// `SubmissionStatusResponse`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Answer {
    success: bool,
    driver_state: Option<String>,
    worker_host_port: Option<String>,
    message: Option<String>,
}

impl Answer {
    pub(super) fn into_status(self) -> Option<DriverStatus> {
        if !self.success {
            return None;
        }
        // A state of a later Spark: whoever asks looks again.
        let state = self.driver_state.as_deref().and_then(DriverState::parse);
        Some(DriverStatus {
            state: state.unwrap_or(DriverState::Unknown),
            worker: self.worker_host_port,
            message: self.message,
        })
    }
}
