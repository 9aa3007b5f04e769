//! What the program wrote.

use serde::Deserialize;
use serde_json::value::RawValue;
use std::collections::BTreeMap;

/// The result of one run of the program.
#[derive(Debug, Clone, PartialEq)]
pub struct Measurement {
    /// Seconds of each measured repeat; those to warm up are not among them.
    pub seconds: Vec<f64>,
    /// By task, the seconds of each measured repeat.
    pub seconds_of_tasks: BTreeMap<String, Vec<f64>>,
    /// The results by task, as the program wrote them: the content of `{n}_nodes.json`, decimals with all their digits.
    pub results: String,
    /// The version of Spark that answered.
    pub spark_version: Option<String>,
    /// Executors that were there when it began; `None` where the engine does not tell.
    pub executors: Option<u32>,
}

/// Why there is no measurement.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadMeasurement {
    /// It is not what the program writes.
    #[error("the result is not readable: {reason}")]
    Unreadable {
        /// Why.
        reason: String,
    },
    /// The program says why it could not.
    #[error("{message}")]
    Failed {
        /// `empty_dataset`, `missing_dataset`, `unreadable_dataset`, `refused_dataset`, `no_file_system`, `parameter`, `executors`, `models`, `unsupported` or `failed`.
        kind: String,
        /// What happened, for the user.
        message: String,
    },
}

impl BadMeasurement {
    /// What the user can do next.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Unreadable { .. } => "look into the log of the run",
            Self::Failed { kind, .. } => match kind.as_str() {
                "empty_dataset" => {
                    "write rows to the data set first, or name another one in `s3_path`"
                }
                "missing_dataset" => "check `s3_path` and the bucket; case counts",
                "unreadable_dataset" => {
                    "check the format of the data set, or set `job_config.format`; check the credentials"
                }
                "no_file_system" => {
                    "Spark needs the package org.apache.hadoop:hadoop-aws: name it, or its jars, in the `properties` of a cluster profile (`spark.jars.packages`, `spark.jars`), and take the profile with `job_config.cluster` or `serve --submit-cluster`"
                }
                "refused_dataset" => {
                    "check AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY in the environment of the server, and what they may read"
                }
                "parameter" => "change `job_config.parameters`",
                "executors" => "ask for fewer nodes in `node_list`, or for a larger cluster",
                "models" => "nothing is overwritten: use another `job_id`; check the credentials",
                "unsupported" => "run it on Spark",
                _ => "look into the log of the run",
            },
        }
    }
}

#[derive(Deserialize)]
struct Written {
    #[serde(default)]
    error: Option<WrittenError>,
    #[serde(default)]
    results: Option<Box<RawValue>>,
    #[serde(default)]
    repeats: Vec<WrittenRepeat>,
    #[serde(default)]
    spark_version: Option<String>,
    #[serde(default)]
    executors: Option<u32>,
}

#[derive(Deserialize)]
struct WrittenError {
    kind: String,
    message: String,
}

#[derive(Deserialize)]
struct WrittenRepeat {
    seconds: f64,
    #[serde(default)]
    tasks: BTreeMap<String, f64>,
    #[serde(default)]
    warm_up: bool,
}

impl Measurement {
    /// Reads what the program wrote.
    ///
    /// # Errors
    /// [`BadMeasurement`].
    pub fn parse(text: &[u8]) -> Result<Self, BadMeasurement> {
        let unreadable = |reason: String| BadMeasurement::Unreadable { reason };
        let written: Written =
            serde_json::from_slice(text).map_err(|error| unreadable(error.to_string()))?;
        if let Some(WrittenError { kind, message }) = written.error {
            return Err(BadMeasurement::Failed { kind, message });
        }
        let results =
            written.results.ok_or_else(|| unreadable("it has no `results`".to_owned()))?;
        let mut seconds = Vec::new();
        let mut seconds_of_tasks: BTreeMap<String, Vec<f64>> = BTreeMap::new();
        for repeat in written.repeats.into_iter().filter(|repeat| !repeat.warm_up) {
            seconds.push(repeat.seconds);
            for (task, time) in repeat.tasks {
                seconds_of_tasks.entry(task).or_default().push(time);
            }
        }
        if seconds.is_empty() {
            return Err(unreadable("it has no measured repeat".to_owned()));
        }
        Ok(Self {
            seconds,
            seconds_of_tasks,
            results: results.get().to_owned(),
            spark_version: written.spark_version,
            executors: written.executors,
        })
    }
}
