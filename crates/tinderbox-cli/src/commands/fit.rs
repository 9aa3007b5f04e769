//! `tinderbox generate fit`: models of job types from runs that were collected.

use crate::args::{Fit, Place};
use crate::failure::Failure;
use crate::output::{self, Side};
use crate::session::Session;
use futures::{StreamExt, TryStreamExt};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use tinderbox_api::{Client, Job, JobDetail, Stage, parse_time};
use tinderbox_generate::{FitReport, PastRun, PastStage};
use tinderbox_model::{Bytes, Millis};

/// Runs that are asked for at a time; the most that the API answers.
const PAGE: usize = 500;
/// The newest so many runs are learned from.
const MOST_RUNS: usize = 20_000;
/// Runs whose stages are asked for at once.
const AT_ONCE: usize = 8;
/// Partitions that are compared, at least.
const LEAST_PARTITIONS: u32 = 4;

/// Reads runs, learns from them and writes the file.
pub async fn fit(place: &Place, arguments: &Fit) -> Result<ExitCode, Failure> {
    if let Some(path) = &arguments.out
        && path.exists()
        && !arguments.force
    {
        return Err(Failure::environment(
            format!("the file {} is there", path.display()),
            Some("give another one, or --force to replace it".to_owned()),
        ));
    }
    let session = Session::open(&source(place, &arguments.from)?).await?;
    let read = read_runs(&session.client).await;
    session.close().await;
    let runs = read?;
    let fit = tokio::task::spawn_blocking(move || tinderbox_generate::fit(&runs));
    let fit = fit.await.map_err(|_| tinderbox_generate::Error::ThreadDied)??;
    match &arguments.out {
        None => output::data(&fit.to_yaml()),
        Some(path) => write(path, &fit.to_yaml())?,
    }
    output::note(&learned(&fit.report));
    Ok(ExitCode::SUCCESS)
}

/// The place of the runs: nothing is made where nothing is.
fn source(place: &Place, from: &str) -> Result<Place, Failure> {
    if from.starts_with("http://") || from.starts_with("https://") {
        let server = Some(from.to_owned());
        return Ok(Place { server, data_dir: None, token: place.token.clone() });
    }
    let folder = PathBuf::from(from);
    if !folder.is_dir() {
        return Err(Failure::environment(
            format!("there is no folder {from}"),
            Some("give a data directory, or the URL of a Tinderbox server".to_owned()),
        ));
    }
    if !folder.join("tinderbox.sqlite").exists() {
        return Err(Failure::environment(
            format!("the folder {from} is no data directory: nothing was collected into it"),
            Some(format!(
                "collect event logs into one: tinderbox collect --event-log-dir {from} --data-dir DIR, then fit --from DIR"
            )),
        ));
    }
    Ok(Place { server: None, data_dir: Some(folder), token: None })
}

/// The newest runs that ended by themselves, with their stages.
async fn read_runs(client: &Client) -> Result<Vec<PastRun>, Failure> {
    let mut jobs: Vec<Job> = Vec::new();
    loop {
        let query = [
            ("state", "succeeded,failed".to_owned()),
            ("limit", PAGE.to_string()),
            ("offset", jobs.len().to_string()),
        ];
        let page = client.list_jobs(&query).await?;
        jobs.extend(page.jobs);
        if !page.pagination.has_more {
            break;
        }
        if jobs.len() >= MOST_RUNS {
            output::note(&format!(
                "the newest {} of {} runs are learned from",
                jobs.len(),
                page.pagination.total
            ));
            break;
        }
    }
    let runs = futures::stream::iter(jobs).map(|job| read_run(client, job)).buffered(AT_ONCE);
    let runs: Vec<Option<PastRun>> = runs.try_collect().await?;
    Ok(runs.into_iter().flatten().collect())
}

/// `None` for one without times.
async fn read_run(client: &Client, job: Job) -> Result<Option<PastRun>, Failure> {
    let (Some(start), Some(duration)) =
        (job.start_time.as_deref().and_then(parse_time), job.duration_ms)
    else {
        return Ok(None);
    };
    let detail = client.get_job(&job.job_id).await?;
    let mut stages = match client.list_stages(&job.job_id).await {
        Ok(list) => list.stages,
        // One that was launched and left no record.
        Err(tinderbox_api::Error::Refused(problem)) if problem.status == 404 => Vec::new(),
        Err(error) => return Err(error.into()),
    };
    stages.retain(|stage| stage.submission_time.is_some() && stage.completion_time.is_some());
    stages.sort_by(|a, b| {
        a.submission_time.cmp(&b.submission_time).then(a.stage_id.cmp(&b.stage_id))
    });
    let resources = Resources::of(&detail);
    Ok(Some(PastRun {
        start,
        duration: Millis(duration),
        failure: (job.state == "failed").then(|| job.error.clone().unwrap_or_default()),
        executors: resources
            .executors
            .or_else(|| u32::try_from(job.num_executors).ok())
            .filter(|n| *n > 0),
        cores: resources.cores,
        memory_mb: resources.memory_mb,
        stages: stages.iter().map(stage).collect(),
        name: job.job_name,
        user: job.user,
        spark_version: job.spark_version,
    }))
}

fn stage(stage: &Stage) -> PastStage {
    PastStage {
        name: stage.name.clone(),
        has_failed: stage.status == "FAILED",
        time: Millis(stage.duration_ms.unwrap_or(0)),
        input: Bytes(stage.input_bytes),
        input_records: stage.input_records,
        output: Bytes(stage.output_bytes),
        shuffle_read: Bytes(stage.shuffle_read_bytes),
        shuffle_read_records: stage.shuffle_read_records,
        shuffle_write: Bytes(stage.shuffle_write_bytes),
        shuffle_write_records: stage.shuffle_write_records,
        skew: skew(stage),
        num_failed_tasks: stage.num_failed_tasks,
    }
}

/// The largest partition of the shuffle, or of the input where there is none, for the mean one.
fn skew(stage: &Stage) -> Option<f64> {
    let (largest, all) = if stage.shuffle_read_bytes > 0 {
        (stage.task_shuffle_read_bytes.max, stage.shuffle_read_bytes)
    } else {
        (stage.task_input_bytes.max, stage.input_bytes)
    };
    let share = Bytes(largest).share_of(Bytes(all))?;
    let skew = share * f64::from(stage.num_complete_tasks);
    (stage.num_complete_tasks >= LEAST_PARTITIONS).then_some(skew.max(1.0))
}

/// What the properties of a run say.
#[derive(Debug, Default, PartialEq)]
struct Resources {
    executors: Option<u32>,
    cores: Option<u32>,
    memory_mb: Option<u32>,
}

impl Resources {
    fn of(detail: &JobDetail) -> Self {
        let property = |key: &str| detail.spark_properties.get(key).map(String::as_str);
        let number = |key: &str| property(key)?.trim().parse::<u32>().ok();
        let master = property("spark.master").unwrap_or("");
        if let Some(local) = master.strip_prefix("local") {
            // The driver is the one executor: local[4] or local[4,2], where the second number is that of failures.
            let threads = local.trim_start_matches('[').trim_end_matches(']').split(',').next();
            return Self {
                executors: Some(1),
                cores: threads.and_then(|threads| threads.parse().ok()),
                memory_mb: property("spark.driver.memory").and_then(megabytes),
            };
        }
        let is_dynamic = property("spark.dynamicAllocation.enabled") == Some("true");
        Self {
            executors: if is_dynamic { None } else { number("spark.executor.instances") },
            cores: number("spark.executor.cores"),
            memory_mb: property("spark.executor.memory").and_then(megabytes),
        }
    }
}

/// Spark's sizes of memory in MB, which is also the unit where none is written: 4g, 4096m, 4096.
fn megabytes(text: &str) -> Option<u32> {
    let text = text.trim().to_ascii_lowercase();
    let text = text.strip_suffix('b').unwrap_or(&text);
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let number: u64 = digits.parse().ok()?;
    let megabytes = match &text[digits.len()..] {
        "k" => number / 1024,
        "" | "m" => number,
        "g" => number.checked_mul(1024)?,
        "t" => number.checked_mul(1024 * 1024)?,
        _ => return None,
    };
    u32::try_from(megabytes).ok()
}

/// Writes the file as a whole: under another name first.
fn write(path: &Path, text: &str) -> Result<(), Failure> {
    let failed = |error: std::io::Error| {
        let hint = "give a path in a folder that is there and that this user may write to";
        Failure::environment(
            format!("cannot write {}: {error}", path.display()),
            Some(hint.to_owned()),
        )
    };
    let mut unfinished = path.as_os_str().to_owned();
    unfinished.push(".unfinished");
    let unfinished = PathBuf::from(unfinished);
    let written = std::fs::File::create(&unfinished).and_then(|mut file| {
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        std::fs::rename(&unfinished, path)
    });
    if written.is_err() {
        let _ = std::fs::remove_file(&unfinished);
    }
    written.map_err(failed)
}

fn learned(report: &FitReport) -> String {
    let head = [
        ("JOB TYPE", Side::Left),
        ("RUNS", Side::Right),
        ("RECURRING", Side::Right),
        ("MEAN", Side::Right),
        ("FAILED", Side::Right),
        ("NOT LEARNED", Side::Right),
    ];
    let rows: Vec<_> = report
        .types
        .iter()
        .map(|fitted| {
            vec![
                fitted.name.clone(),
                fitted.runs.to_string(),
                fitted.recurring_jobs.to_string(),
                format!("{} s", fitted.mean_seconds),
                fitted.failures.to_string(),
                fitted.kept.len().to_string(),
            ]
        })
        .collect();
    let mut text = output::table(&head, &rows);
    text.push_str(&format!("{} runs", report.runs));
    if report.runs_left_out > 0 {
        text.push_str(&format!("; {} were too few of their kind", report.runs_left_out));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_has_sparks_units() {
        for (text, expected) in [
            ("4g", Some(4096)),
            ("4GB", Some(4096)),
            ("512m", Some(512)),
            ("2048", Some(2048)),
            ("1048576k", Some(1024)),
            ("1t", Some(1_048_576)),
            ("lots", None),
        ] {
            assert_eq!(megabytes(text), expected, "{text}");
        }
    }
}
