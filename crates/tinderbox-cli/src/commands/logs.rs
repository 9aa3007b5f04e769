//! `logs`: what driver and executors have printed.

use crate::args::{Format, Place};
use crate::failure::Failure;
use crate::output::{self, Side};
use crate::session::Session;
use std::process::ExitCode;
use std::time::Duration;
use tinderbox_model::Bytes;

/// Between two looks at a log that is followed.
const PERIOD: Duration = Duration::from_millis(500);

/// Which lines of which log.
pub struct Wanted {
    /// An executor's id; the driver when `None`.
    pub executor: Option<String>,
    /// The executors that have a log, instead of a log.
    pub executors: bool,
    /// Until the run ends.
    pub follow: bool,
    /// Lines with this text only.
    pub search: Option<String>,
}

/// Prints a log.
pub async fn logs(
    place: &Place,
    run: &str,
    wanted: &Wanted,
    format: Format,
) -> Result<ExitCode, Failure> {
    let session = Session::open(place).await?;
    let printed = print(&session, run, wanted, format).await;
    session.close().await;
    printed?;
    Ok(ExitCode::SUCCESS)
}

async fn print(
    session: &Session,
    run: &str,
    wanted: &Wanted,
    format: Format,
) -> Result<(), Failure> {
    // `latest` may soon be another run.
    let run = session.client.get_job(run).await?.job.job_id;
    if wanted.executors {
        return print_executors(session, &run, format).await;
    }
    match &wanted.search {
        Some(text) => print_lines(session, &run, (wanted, text), format).await,
        None => print_log(session, &run, wanted, format).await,
    }
}

async fn print_executors(session: &Session, run: &str, format: Format) -> Result<(), Failure> {
    let list = session.client.executor_logs(run).await?;
    match format {
        Format::Json => output::json(&list),
        Format::Table if list.executors.is_empty() => {
            output::note("no executor of this run has a log of its own here");
        }
        Format::Table => {
            let row = |one: &tinderbox_api::ExecutorLog| {
                vec![one.executor_id.clone(), Bytes(one.size).to_string()]
            };
            let rows: Vec<_> = list.executors.iter().map(row).collect();
            let head = [("Executor", Side::Left), ("Size", Side::Right)];
            output::data(&output::table(&head, &rows));
        }
    }
    Ok(())
}

async fn print_log(
    session: &Session,
    run: &str,
    wanted: &Wanted,
    format: Format,
) -> Result<(), Failure> {
    let mut all = String::new();
    read_on(wanted.follow, async |offset| {
        let executor = wanted.executor.as_deref();
        let page = session.client.read_log(run, executor, offset, 1 << 20).await?;
        match format {
            Format::Table => output::data(&page.text),
            Format::Json => all.push_str(&page.text),
        }
        Ok(Reached { offset: page.next_offset, size: page.size, complete: page.complete })
    })
    .await?;
    if format == Format::Json {
        output::json(&serde_json::json!({ "job_id": run, "text": all }));
    }
    Ok(())
}

/// Prints the lines of a log that have a text in them.
async fn print_lines(
    session: &Session,
    run: &str,
    (wanted, text): (&Wanted, &str),
    format: Format,
) -> Result<(), Failure> {
    let mut all = Vec::new();
    read_on(wanted.follow, async |offset| {
        let executor = wanted.executor.as_deref();
        let found = session.client.search_log(run, executor, text, offset).await?;
        match format {
            Format::Table => {
                found.lines.iter().for_each(|line| output::data(&format!("{}\n", line.text)));
            }
            Format::Json => all.extend(found.lines),
        }
        Ok(Reached { offset: found.next_offset, size: found.size, complete: found.complete })
    })
    .await?;
    if format == Format::Json {
        output::json(&serde_json::json!({ "job_id": run, "lines": all }));
    }
    Ok(())
}

/// How far a log was read, and how far it goes, in bytes.
struct Reached {
    offset: u64,
    size: u64,
    /// Whether it grows no more.
    complete: bool,
}

/// Reads a log piece by piece from its start: to its end as it is now, or until it is complete.
async fn read_on(
    follow: bool,
    mut read: impl AsyncFnMut(u64) -> Result<Reached, Failure>,
) -> Result<(), Failure> {
    let mut offset = 0;
    loop {
        let reached = read(offset).await?;
        offset = reached.offset;
        if offset < reached.size {
            continue;
        }
        if !follow || reached.complete {
            return Ok(());
        }
        tokio::time::sleep(PERIOD).await;
    }
}
