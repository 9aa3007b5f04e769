//! The arguments of `tinderbox generate`.

use super::Outgoing;
use clap::{Args, Subcommand, ValueEnum};
use std::num::NonZeroUsize;
use std::path::PathBuf;
use tinderbox_generate::{DataSetFormat, LogForm, Order, Scenario};
use tinderbox_model::{Bytes, TimestampMs};

/// What can be done beside generating.
#[derive(Debug, Subcommand)]
pub enum GenerateCommand {
    /// Print the built-in models of job types: a file to begin with for --models.
    Models,
    /// List the scenarios.
    Scenarios,
    /// Learn models of job types from runs that were collected: a file for --models.
    ///
    /// Runs are grouped by the name of their application without dates, numbers and ids; kinds of run with fewer than 20
    /// runs become one type, `Other`. What cannot be learned stays as it is built in, and comments in the file name it.
    Fit(Fit),
}

/// Learning from runs.
#[derive(Debug, Args)]
pub struct Fit {
    /// Where the runs are: a data directory into which they were collected, or the URL of a Tinderbox server.
    #[arg(long, value_name = "DIR|URL")]
    pub from: String,
    /// File for the models; they are printed when it is left out.
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// Replace the file when it is there.
    #[arg(long, requires = "out")]
    pub force: bool,
}

/// A data set.
#[derive(Debug, Args)]
pub struct Generate {
    /// How many jobs.
    #[arg(long, value_name = "N", default_value_t = Order::DEFAULT_JOBS, value_parser = jobs,
        allow_negative_numbers = true)]
    pub jobs: u64,
    /// The seed: the same one gives the same jobs.
    #[arg(long, value_name = "S", default_value_t = Order::DEFAULT_SEED)]
    pub seed: u64,
    /// Folder for the files, new or empty: a path, or the URL of an object store as s3://bucket/folder.
    #[arg(long, value_name = "DIR", required_unless_present = "live", conflicts_with = "live")]
    pub out: Option<String>,
    /// Form of the files.
    #[arg(long, value_enum, default_value = "parquet")]
    pub format: FileFormat,
    /// Threads; as many as there are cores when left out. The files are the same with any number.
    #[arg(long, value_name = "N")]
    pub threads: Option<NonZeroUsize>,
    /// When the time ends in which jobs start, as 2026-01-01T00:00:00Z, or `now`; UTC where no zone is given.
    #[arg(long, value_name = "TIME", default_value = "2026-01-01T00:00:00Z", value_parser = end)]
    pub end: TimestampMs,
    /// How many days it has.
    #[arg(long, value_name = "N", default_value_t = Order::DEFAULT_DAYS, value_parser = days,
        allow_negative_numbers = true)]
    pub days: u32,
    /// What goes wrong, each with the share of jobs to which it happens: `skew`, or `skew=0.3`; several with commas
    /// between. `tinderbox generate scenarios` lists them.
    #[arg(long, value_name = "NAME", num_args = 1.., value_delimiter = ',')]
    pub scenario: Vec<String>,
    /// Job types from this file instead of the built-in ones.
    #[arg(long, value_name = "FILE")]
    pub models: Option<PathBuf>,
    /// Only jobs of these types, commas between.
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    pub job_type: Vec<String>,
    /// Write the event log of each job, too: below event-logs/, as Spark would have written it.
    #[arg(long, conflicts_with = "live")]
    pub event_logs: bool,
    /// How event logs are compressed.
    #[arg(long, value_enum, default_value = "zstd", requires = "event_logs")]
    pub codec: Codec,
    /// Write each event log as a folder of files, as Spark does with spark.eventLog.rolling.enabled; a file takes so
    /// many MB before compression.
    #[arg(long, value_name = "MB", num_args = 0..=1, default_missing_value = "10", requires = "event_logs",
        value_parser = megabytes)]
    pub rolling: Option<Bytes>,
    /// How many tasks each job has, as 5000 or 100-5000, instead of what follows from its data.
    #[arg(long, value_name = "N", value_parser = tasks, allow_hyphen_values = true)]
    pub tasks_per_job: Option<(u64, u64)>,
    /// Only jobs on this version of Spark.
    #[arg(long, value_enum, value_name = "SPARK")]
    pub spark: Option<SparkLine>,
    /// Replace a data set that is there.
    #[arg(long)]
    pub force: bool,
    /// Play the jobs to a server instead of writing files.
    #[command(flatten)]
    pub live: Live,
    /// What object stores are called with.
    #[command(flatten)]
    pub outgoing: Outgoing,
}

/// Playing applications to a server as if they ran.
#[derive(Debug, Args)]
pub struct Live {
    /// Play the jobs to this Tinderbox server, as if they ran, instead of writing files: their events come when they would.
    #[arg(long, value_name = "URL")]
    pub live: Option<String>,
    /// How many times faster than real time.
    #[arg(long, value_name = "X", default_value = "1", value_parser = speed, conflicts_with = "out",
        allow_negative_numbers = true)]
    pub speed: f64,
    /// How many are played at a time; when one ends the next begins.
    #[arg(long, value_name = "N", default_value_t = 10, value_parser = clap::value_parser!(u16).range(1..=500),
        conflicts_with = "out", allow_negative_numbers = true)]
    pub at_once: u16,
    /// Play the event logs at these paths or URLs instead of generated jobs.
    #[arg(long, value_name = "PATH", num_args = 1..,
        conflicts_with_all = ["out", "jobs", "seed", "scenario", "models", "job_type", "tasks_per_job", "spark", "days", "end"])]
    pub replay: Vec<String>,
}

impl Generate {
    /// How event logs are written, if they are.
    pub fn log_form(&self) -> Option<LogForm> {
        let form = LogForm { codec: self.codec.into(), rolling: self.rolling };
        self.event_logs.then_some(form)
    }

    /// What is to be generated.
    ///
    /// # Errors
    /// For an unknown scenario or a share out of range.
    pub fn order(&self) -> Result<Order, tinderbox_generate::Error> {
        let scenarios = self.scenario.iter().map(|text| Scenario::parse(text));
        Ok(Order {
            jobs: self.jobs,
            seed: self.seed,
            end: self.end,
            days: self.days,
            scenarios: scenarios.collect::<Result<_, _>>()?,
            tasks_per_job: self.tasks_per_job,
        })
    }
}

/// In which form a data set is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum FileFormat {
    /// Apache Parquet.
    Parquet,
    /// Comma-separated values with a head.
    Csv,
    /// A JSON object a line.
    Jsonl,
}

/// How event logs are compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Codec {
    /// Not at all.
    None,
    /// Zstandard, as Spark does by default.
    Zstd,
    /// LZ4, in the blocks of lz4-java.
    Lz4,
    /// Snappy, behind the header of xerial's library.
    Snappy,
    /// LZF chunks.
    Lzf,
}

impl From<Codec> for tinderbox_generate::Codec {
    fn from(codec: Codec) -> Self {
        match codec {
            Codec::None => Self::Plain,
            Codec::Zstd => Self::Zstd,
            Codec::Lz4 => Self::Lz4,
            Codec::Snappy => Self::Snappy,
            Codec::Lzf => Self::Lzf,
        }
    }
}

/// A line of Spark's versions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum SparkLine {
    /// Spark 3.5.
    #[value(name = "3.5")]
    V35,
    /// Spark 4.x.
    #[value(name = "4.x")]
    V4,
}

impl SparkLine {
    /// The version that jobs say they ran on.
    pub fn version(self) -> &'static str {
        match self {
            Self::V35 => "3.5.8",
            Self::V4 => "4.0.1",
        }
    }
}

impl From<FileFormat> for DataSetFormat {
    fn from(format: FileFormat) -> Self {
        match format {
            FileFormat::Parquet => Self::Parquet,
            FileFormat::Csv => Self::Csv,
            FileFormat::Jsonl => Self::JsonLines,
        }
    }
}

fn jobs(text: &str) -> Result<u64, String> {
    match text.parse::<u64>() {
        Ok(jobs) if (1..=Order::MOST_JOBS).contains(&jobs) => Ok(jobs),
        _ => Err(format!("give a whole number from 1 to {}", Order::MOST_JOBS)),
    }
}

/// `5000`, or `100-5000`.
fn tasks(text: &str) -> Result<(u64, u64), String> {
    let (low, high) = text.split_once('-').unwrap_or((text, text));
    match (low.trim().parse(), high.trim().parse()) {
        (Ok(low), Ok(high)) if 1 <= low && low <= high && high <= Order::MOST_TASKS => {
            Ok((low, high))
        }
        _ => Err(format!("give a number from 1 to {}, or two as 100-5000", Order::MOST_TASKS)),
    }
}

fn megabytes(text: &str) -> Result<Bytes, String> {
    match text.parse::<u64>() {
        Ok(number) if (1..=100_000).contains(&number) => Ok(Bytes(number << 20)),
        _ => Err("give a whole number of MB from 1 to 100000".to_owned()),
    }
}

fn speed(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(speed) if (0.001..=1e9).contains(&speed) => Ok(speed),
        _ => Err("give a number from 0.001 to 1000000000, as 10 for ten times faster".to_owned()),
    }
}

fn days(text: &str) -> Result<u32, String> {
    match text.parse::<u32>() {
        Ok(days) if (1..=Order::MOST_DAYS).contains(&days) => Ok(days),
        _ => Err(format!("give a whole number from 1 to {}", Order::MOST_DAYS)),
    }
}

/// `now` is asked for here and nowhere else.
fn end(text: &str) -> Result<TimestampMs, String> {
    use jiff::civil::DateTime;
    use jiff::tz::TimeZone;
    let time = if text == "now" {
        Some(jiff::Timestamp::now())
    } else {
        text.parse::<jiff::Timestamp>().ok().or_else(|| {
            let time = text.parse::<DateTime>().ok()?;
            Some(time.to_zoned(TimeZone::UTC).ok()?.timestamp())
        })
    };
    let years = 1980..=2200;
    match time.map(|time| (time, time.to_zoned(TimeZone::UTC).year())) {
        Some((time, year)) if years.contains(&year) => Ok(TimestampMs(time.as_millisecond())),
        Some(_) => Err("give a time from 1980 to 2200".to_owned()),
        None => Err("write it as 2026-01-01T00:00:00Z, as 2026-01-01, or `now`".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_end_is_utc_where_it_has_no_zone() {
        let expected = Ok(Order::DEFAULT_END);
        for text in
            ["2026-01-01T00:00:00Z", "2026-01-01", "2026-01-01T00:00", "2026-01-01T02:00:00+02:00"]
        {
            assert_eq!(end(text), expected, "{text}");
        }
        assert!(end("yesterday").is_err() && end("1812-01-01").is_err());
    }
}
