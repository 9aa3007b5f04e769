//! `jobs`, `expectations`, `cancel`: ask and print.

use crate::args::{Format, Place};
use crate::failure::Failure;
use crate::output::{self, Side};
use crate::session::Session;
use std::process::ExitCode;
use std::time::Duration;
use tinderbox_api::Job;
use tinderbox_model::{Bytes, Millis};

/// What `jobs` asks for.
pub struct JobsQuery {
    /// States, commas between.
    pub state: Option<String>,
    /// Part of a name.
    pub search: Option<String>,
    /// Column.
    pub sort_by: String,
    /// Rows.
    pub limit: u64,
}

/// Lists runs.
pub async fn jobs(place: &Place, query: JobsQuery, format: Format) -> Result<ExitCode, Failure> {
    let session = Session::open(place).await?;
    let mut parameters = vec![("sort_by", query.sort_by), ("limit", query.limit.to_string())];
    parameters.extend(query.state.map(|state| ("state", state)));
    parameters.extend(query.search.map(|search| ("search", search)));
    let list = session.client.list_jobs(&parameters).await;
    session.close().await;
    let list = list?;
    match format {
        Format::Json => output::json(&list),
        Format::Table => {
            output::data(&table_of(&list.jobs));
            if list.pagination.has_more {
                output::note(&format!("{} of {} runs", list.jobs.len(), list.pagination.total));
            }
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn table_of(jobs: &[Job]) -> String {
    let head = [
        ("RUN", Side::Left),
        ("NAME", Side::Left),
        ("STATE", Side::Left),
        ("STARTED", Side::Left),
        ("TIME", Side::Right),
        ("TASKS", Side::Right),
        ("TASK TIME", Side::Right),
        ("SHUFFLE", Side::Right),
        ("SPILL", Side::Right),
        ("FINDINGS", Side::Right),
    ];
    let unknown = || "-".to_owned();
    let rows: Vec<_> = jobs
        .iter()
        .map(|job| {
            vec![
                job.job_id.clone(),
                job.job_name.clone(),
                job.state.clone(),
                job.start_time.clone().unwrap_or_else(unknown),
                job.duration_ms.map_or_else(unknown, |ms| Millis(ms).to_string()),
                job.num_tasks.to_string(),
                Millis(job.task_time_ms).to_string(),
                Bytes(job.shuffle_write_bytes).to_string(),
                Bytes(job.disk_spill_bytes).to_string(),
                job.num_findings.map_or_else(unknown, |n| n.to_string()),
            ]
        })
        .collect();
    output::table(&head, &rows)
}

/// Prints what came of a run's expectations.
pub async fn expectations(place: &Place, run: &str, format: Format) -> Result<ExitCode, Failure> {
    let session = Session::open(place).await?;
    let list = session.client.list_expectations(run).await;
    session.close().await;
    let list = list?;
    let head = [
        ("NODE", Side::Left),
        ("EXPECTATION", Side::Left),
        ("KIND", Side::Left),
        ("ON FAIL", Side::Left),
        ("ROWS", Side::Right),
        ("WRONG", Side::Right),
        ("STATUS", Side::Left),
    ];
    let rows: Vec<_> = list
        .expectations
        .iter()
        .map(|one| {
            vec![
                one.node.clone(),
                one.name.clone(),
                one.kind.clone(),
                one.on_fail.clone(),
                one.rows.to_string(),
                one.failed.to_string(),
                one.status.clone(),
            ]
        })
        .collect();
    match format {
        Format::Json => output::json(&list),
        Format::Table if rows.is_empty() => output::note("this run recorded no expectations"),
        Format::Table => output::data(&output::table(&head, &rows)),
    }
    Ok(ExitCode::SUCCESS)
}

/// Ends a run.
pub async fn cancel(place: &Place, run: &str, format: Format) -> Result<ExitCode, Failure> {
    let session = Session::open(place).await?;
    let job = session.client.cancel_job(run).await;
    // With a server of our own the reconciler lives only as long as this command: stay until it is done.
    let waited = match &job {
        Ok(job) if session.is_own() => wait_for_end(&session, &job.job_id).await.map(|_| ()),
        _ => Ok(()),
    };
    let job = match job {
        Ok(job) => session.client.get_job(&job.job_id).await.map(|detail| detail.job),
        Err(error) => Err(error),
    };
    session.close().await;
    waited?;
    let job = job?;
    match format {
        Format::Json => output::json(&job),
        Format::Table if job.state == "cancelled" => {
            output::data(&format!("{} is cancelled\n", job.job_id));
        }
        Format::Table => {
            output::data(&format!("{} will be cancelled (now {})\n", job.job_id, job.state));
        }
    }
    Ok(ExitCode::SUCCESS)
}

async fn wait_for_end(session: &Session, run: &str) -> Result<(), Failure> {
    loop {
        if session.client.get_job(run).await?.job.end_time.is_some() {
            return Ok(());
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}
