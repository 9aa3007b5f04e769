//! `tinderbox run`: submit, show progress, print what was found.

use super::analyze;
use crate::args::{Chosen, Format, Place};
use crate::failure::Failure;
use crate::output;
use crate::progress::Progress;
use crate::session::Session;
use futures::StreamExt;
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;
use tinderbox_api::{Client, Job, SubmitJob, SubmitRun, SubmittedJob};
use tinderbox_model::{Bytes, Millis};
use tokio::signal::unix::{Signal, SignalKind, signal};

/// How a spec is to be run.
pub struct Order {
    /// Engine or profile.
    pub engine: Option<String>,
    /// Apply the newest advice first.
    pub apply_advice: bool,
    /// What is chosen of the spec.
    pub chosen: Chosen,
    /// Longest time.
    pub timeout: Option<Duration>,
    /// Attempts beside the first one.
    pub retries: u32,
    /// Names this request.
    pub idempotency_key: Option<String>,
    /// Do not wait.
    pub detach: bool,
}

/// Runs a spec: exit code 0 when it succeeded, 1 when it did not.
pub async fn run(
    place: &Place,
    path: &Path,
    order: Order,
    format: Format,
) -> Result<ExitCode, Failure> {
    let asked = Asked::Job(request(path, &order)?);
    submit_and_wait(place, asked, order.detach, format).await
}

/// What is submitted.
pub enum Asked {
    /// A document.
    Job(SubmitJob),
    /// A program.
    Run(SubmitRun),
}

impl Asked {
    fn is_named(&self) -> bool {
        match self {
            Self::Job(job) => job.idempotency_key.is_some(),
            Self::Run(run) => run.idempotency_key.is_some(),
        }
    }

    async fn submit(&self, client: &Client) -> Result<SubmittedJob, tinderbox_api::Error> {
        match self {
            Self::Job(job) => client.submit_job(job).await,
            Self::Run(run) => client.submit_run(run).await,
        }
    }
}

/// Submits, and unless it is to be left alone shows progress to the end: exit code 0 when it succeeded, 1 when it did not.
pub(super) async fn submit_and_wait(
    place: &Place,
    asked: Asked,
    detach: bool,
    format: Format,
) -> Result<ExitCode, Failure> {
    // From here on Ctrl-C is kept until somebody looks at it: a run that is recorded is never left behind.
    let interrupts = signal(SignalKind::interrupt()).map_err(|error| {
        Failure::environment(format!("Ctrl-C cannot be handled: {error}"), None)
    })?;
    let mut session = Session::open(place).await?;
    if detach && session.is_own() {
        session.close().await;
        return Err(Failure::environment(
            "--detach needs a server that stays: nobody owns the data directory",
            Some("start one with `tinderbox serve`, or leave --detach out".to_owned()),
        ));
    }
    let done = submit_and_follow(&mut session, interrupts, &asked, detach, format).await;
    session.close().await;
    done
}

pub(super) fn request(path: &Path, order: &Order) -> Result<SubmitJob, Failure> {
    let (spec, choice) = super::spec::open(path, order.chosen.clone())?;
    let absolute = path.canonicalize().map_err(|error| {
        Failure::environment(format!("cannot resolve {}: {error}", path.display()), None)
    })?;
    let base = absolute.parent().unwrap_or(Path::new("/"));
    Ok(SubmitJob {
        spec,
        spec_name: path.display().to_string(),
        base_directory: base.display().to_string(),
        parameters: choice.parameters,
        environment: choice.environment,
        files: choice.files,
        engine: order.engine.clone(),
        apply_advice: order.apply_advice,
        timeout_ms: order.timeout.map(|time| u64::try_from(time.as_millis()).unwrap_or(u64::MAX)),
        retries: order.retries,
        idempotency_key: order.idempotency_key.clone(),
    })
}

async fn submit_and_follow(
    session: &mut Session,
    interrupts: Signal,
    asked: &Asked,
    detach: bool,
    format: Format,
) -> Result<ExitCode, Failure> {
    let submitted = submit(session, asked).await?;
    announce(session, &submitted);
    if detach {
        match format {
            Format::Json => output::json(&submitted),
            Format::Table => output::data(&format!("{}\n", submitted.job.job_id)),
        }
        return Ok(ExitCode::SUCCESS);
    }
    follow(session, interrupts, &submitted.job.job_id).await?;
    let detail = session.client.get_job(&submitted.job.job_id).await?;
    let job = detail.job;
    let report = session.client.list_findings(&job.job_id).await.ok();
    match format {
        Format::Json => output::json(&serde_json::json!({ "job": job, "report": report })),
        Format::Table => {
            output::data(&summary(&job, detail.nothing_inside.as_deref()));
            if let Some(report) = &report {
                output::data(&analyze::render(report));
            }
        }
    }
    if job.state != "succeeded" {
        let why = job.error.clone().unwrap_or_else(|| format!("the run is {}", job.state));
        return Err(Failure::refused(
            why,
            Some(format!("`tinderbox logs {}` shows the driver's log", job.job_id)),
        ));
    }
    Ok(ExitCode::SUCCESS)
}

/// Submits; when the server was one of a command that has just ended, to the next one. Only a request that names itself, or
/// that nobody has received, is sent again.
async fn submit(session: &mut Session, asked: &Asked) -> Result<SubmittedJob, Failure> {
    match asked.submit(&session.client).await {
        Err(tinderbox_api::Error::Unreachable { url, source })
            if source.is_connect() || asked.is_named() =>
        {
            if !session.reopen().await? {
                return Err(tinderbox_api::Error::Unreachable { url, source }.into());
            }
            Ok(asked.submit(&session.client).await?)
        }
        answer => Ok(answer?),
    }
}

fn announce(session: &Session, submitted: &SubmittedJob) {
    for warning in &submitted.warnings {
        output::note(warning);
    }
    for applied in &submitted.applied_advice {
        output::note(&format!(
            "applied {} because of {}",
            applied.patch,
            applied.findings.join(", ")
        ));
    }
    let verb = if submitted.existed { "was started before" } else { "is recorded" };
    let id = &submitted.job.job_id;
    output::note(&format!("run {id} {verb}; watch it at {}/jobs/{id}", session.client.base()));
}

/// Shows progress until the run has ended. Ctrl-C asks for the end of the run and goes on watching: Spark needs a
/// moment, and leaving earlier would leave the run without its record.
pub(super) async fn follow(
    session: &mut Session,
    mut interrupts: Signal,
    id: &str,
) -> Result<(), Failure> {
    let mut progress = Progress::new();
    let followed = loop {
        match watch(&session.client, &mut interrupts, id, &mut progress).await {
            Ok(true) => break Ok(()),
            Ok(false) => {}
            Err(gone @ tinderbox_api::Error::Unreachable { .. }) => match session.reopen().await {
                Ok(true) => {}
                Ok(false) => break Err(gone.into()),
                Err(failure) => break Err(failure),
            },
            Err(error) => break Err(error.into()),
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    };
    progress.finish();
    followed
}

/// Watches until the stream ends: with the run, which is answered with true, or because the server went away.
async fn watch(
    client: &Client,
    interrupts: &mut Signal,
    id: &str,
    progress: &mut Progress,
) -> Result<bool, tinderbox_api::Error> {
    let mut steps = client.watch_job(id).await?;
    loop {
        tokio::select! {
            step = steps.next() => match step {
                Some(Ok(step)) => progress.show(&step),
                Some(Err(_)) | None => break,
            },
            _ = interrupts.recv() => {
                output::note("cancelling; Spark is being stopped");
                // The run may have ended in this very moment, which is as good.
                let _ = client.cancel_job(id).await;
            }
        }
    }
    Ok(client.get_job(id).await?.job.end_time.is_some())
}

/// `nothing_inside`: why there are no figures, of a run on Sail.
fn summary(job: &Job, nothing_inside: Option<&str>) -> String {
    let unknown = || "-".to_owned();
    let head = [
        ("state", job.state.clone()),
        ("wall time", job.duration_ms.map_or_else(unknown, |ms| Millis(ms).to_string())),
        ("engine", job.engine.clone()),
    ];
    let figures = [
        ("task time", format!("{} in {} tasks", Millis(job.task_time_ms), job.num_tasks)),
        ("input", Bytes(job.input_bytes).to_string()),
        ("output", Bytes(job.output_bytes).to_string()),
        (
            "shuffle",
            format!(
                "{} written, {} read",
                Bytes(job.shuffle_write_bytes),
                Bytes(job.shuffle_read_bytes)
            ),
        ),
        (
            "spill",
            format!(
                "{} on disk, {} in memory",
                Bytes(job.disk_spill_bytes),
                Bytes(job.memory_spill_bytes)
            ),
        ),
        ("application", job.application_id.clone().unwrap_or_else(unknown)),
    ];
    let mut text = format!("{} {}\n", job.job_name, job.job_id);
    let figures = figures.into_iter().filter(|_| nothing_inside.is_none());
    for (name, value) in head.into_iter().chain(figures) {
        text.push_str(&format!("  {name:<12} {value}\n"));
    }
    if let Some(why) = nothing_inside {
        text.push_str(&format!("  no stages    {why}\n"));
    }
    text
}
