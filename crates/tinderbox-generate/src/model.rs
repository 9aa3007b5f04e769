//! Job types as models: what jobs look like, and why they fail. Read from YAML, see `models/default.yaml`.

mod fields;
mod read;
mod yaml;

use crate::error::{Error, suggestion};
use std::path::Path;

/// The models that are used when no others are given: a file to begin with.
pub const DEFAULT_MODELS: &str = include_str!("../models/default.yaml");

/// The most operators of a job.
pub(crate) const MOST_OPERATORS: usize = 99;

/// All that jobs are drawn from.
#[derive(Debug, Clone, PartialEq)]
pub struct Models {
    /// Types of jobs; at least one, no name twice.
    pub job_types: Vec<JobType>,
    /// Why operators fail; each operator has at least one.
    pub failures: Vec<Failure>,
}

/// One type of job.
#[derive(Debug, Clone, PartialEq)]
pub struct JobType {
    /// Its name; that of its recurring jobs has a number behind it.
    pub name: String,
    /// How many of the jobs are of this type, in proportion.
    pub share: f64,
    /// Number of recurring jobs, at least 1.
    pub pipelines: usize,
    /// Its operators, in order; each becomes one stage. At least one.
    pub operators: Vec<Operator>,
    /// Mean duration in seconds of jobs that do not fail.
    pub mean_seconds: f64,
    /// Share of jobs that fail, from 0 to 1.
    pub failure_rate: f64,
    /// Users, in proportion.
    pub users: Vec<(String, f64)>,
    /// Versions of Spark, in proportion.
    pub spark_versions: Vec<(String, f64)>,
    /// When jobs start.
    pub schedule: Schedule,
    /// What each recurring job chooses its resources from.
    pub cluster: Cluster,
    /// How much is read.
    pub input: Input,
    /// Bytes written for a byte read: the least and the most.
    pub output_ratio: (f64, f64),
    /// How long jobs take.
    pub duration: Duration,
    /// Logarithmic spread of how much larger the largest partition is than the mean.
    pub skew: f64,
    /// What happens after a failure.
    pub retries: Retries,
}

/// One operator.
#[derive(Debug, Clone, PartialEq)]
pub struct Operator {
    /// Its name, which is its type, too.
    pub name: String,
    /// What it does.
    pub kind: OperatorKind,
    /// Its share of the job's time, in proportion to the others.
    pub weight: f64,
    /// Rows that come out for a row that goes in.
    pub rows: f64,
    /// Bytes written to the shuffle for a byte of the job's input.
    pub shuffle: f64,
    /// Working memory of a task for a byte that it reads.
    pub memory: f64,
}

/// What an operator does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OperatorKind {
    /// Reads the job's input.
    Read,
    /// Brings rows of the same key together: where skew and memory matter.
    Shuffle,
    /// Works row by row.
    Compute,
    /// Writes the job's output.
    Write,
}

/// When jobs start.
#[derive(Debug, Clone, PartialEq)]
pub struct Schedule {
    /// By hour of the day (UTC), in proportion.
    pub hours: [f64; 24],
    /// By day of the week from Monday, in proportion.
    pub weekdays: [f64; 7],
    /// Share that starts at a quarter of an hour.
    pub on_quarter: f64,
}

/// Resources to choose from.
#[derive(Debug, Clone, PartialEq)]
pub struct Cluster {
    /// Numbers of executors.
    pub executors: Vec<u32>,
    /// Cores of an executor.
    pub cores: Vec<u32>,
    /// Memory of an executor in MB.
    pub memory_mb: Vec<u32>,
}

/// How much is read.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Input {
    /// Mean in MB of 1,048,576 bytes.
    pub mean_mb: f64,
    /// Logarithmic spread among recurring jobs.
    pub spread_of_pipelines: f64,
    /// Logarithmic spread from run to run.
    pub spread: f64,
    /// Relative growth from day to day.
    pub growth_per_day: f64,
    /// Mean size of a record.
    pub record_bytes: f64,
}

/// How long jobs take, around the mean of their type.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Duration {
    /// Logarithmic spread that nothing else explains.
    pub spread: f64,
    /// Share of jobs in the heavy tail.
    pub tail_share: f64,
    /// Exponent of the tail's Pareto distribution, above 1.
    pub tail_exponent: f64,
    /// The tail's largest factor.
    pub tail_most: f64,
    /// Exponent of the input.
    pub by_input: f64,
    /// Exponent of the number of cores of the job.
    pub by_cores: f64,
    /// Exponent of the skew.
    pub by_skew: f64,
    /// No job takes less, in seconds.
    pub least_seconds: f64,
}

/// What happens after a failure.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Retries {
    /// Share of failures after which the job is started again.
    pub share: f64,
    /// Most retries of one job.
    pub most: u32,
    /// Pause before the first retry in seconds; each further one is twice as long.
    pub delay_seconds: f64,
}

/// Why an operator fails.
#[derive(Debug, Clone, PartialEq)]
pub struct Failure {
    /// What Spark says.
    pub message: String,
    /// In proportion to the other reasons that an operator can have.
    pub share: f64,
    /// Operators to which it happens; empty: all.
    pub kinds: Vec<OperatorKind>,
    /// How often Spark tries the task; 0 when no task fails but the driver.
    pub task_attempts: u32,
    /// Whether trying again may help.
    pub is_recoverable: bool,
    /// Whether too little memory is the reason.
    pub is_out_of_memory: bool,
    /// The stack trace, when there is one.
    pub stack_trace: Option<String>,
}

impl Failure {
    pub(crate) fn happens_to(&self, kind: OperatorKind) -> bool {
        self.kinds.is_empty() || self.kinds.contains(&kind)
    }
}

impl Models {
    /// The built-in models.
    ///
    /// # Errors
    /// None, as a test proves; the type is that of [`Models::parse`].
    pub fn built_in() -> Result<Self, Error> {
        read::models("the built-in models", DEFAULT_MODELS)
    }

    /// A job type that says nothing itself: the built-in defaults.
    pub(crate) fn defaults() -> Result<JobType, Error> {
        let text = "version: 1\njob_types: {Any: {operators: [ReadCSV], mean_seconds: 1, failure_rate: 0}}";
        let models = read::models("the built-in defaults", text)?;
        models.job_types.into_iter().next().ok_or_else(|| {
            Error::argument("the built-in models have no defaults", "report it: a defect of ours")
        })
    }

    /// Reads models from YAML. `file` is the name that errors have.
    ///
    /// # Errors
    /// [`Error::Model`] with line and field.
    pub fn parse(file: &str, text: &str) -> Result<Self, Error> {
        read::models(file, text)
    }

    /// Reads a file of models.
    ///
    /// # Errors
    /// [`Error::ReadModels`], [`Error::Model`].
    pub fn load(path: &Path) -> Result<Self, Error> {
        let text = std::fs::read_to_string(path)
            .map_err(|source| Error::ReadModels { path: path.to_owned(), source })?;
        Self::parse(&path.display().to_string(), &text)
    }

    /// All jobs run on this version of Spark.
    #[must_use]
    pub fn on_spark(mut self, version: &str) -> Self {
        for job_type in &mut self.job_types {
            job_type.spark_versions = vec![(version.to_owned(), 1.0)];
        }
        self
    }

    /// Keeps only these types of jobs.
    ///
    /// # Errors
    /// [`Error::Argument`] for a name that is not there.
    pub fn only(mut self, names: &[String]) -> Result<Self, Error> {
        let valid: Vec<_> = self.job_types.iter().map(|job_type| job_type.name.as_str()).collect();
        if let Some(unknown) = names.iter().find(|name| !valid.contains(&name.as_str())) {
            let hint = suggestion(unknown, &valid);
            return Err(Error::argument(format!("there is no job type `{unknown}`"), hint));
        }
        if !names.is_empty() {
            self.job_types.retain(|job_type| names.contains(&job_type.name));
        }
        if self.job_types.iter().all(|job_type| job_type.share == 0.0) {
            let hint = "give one of them a `share` above 0 in the models";
            return Err(Error::argument("the share of all job types is 0", hint));
        }
        Ok(self)
    }
}
