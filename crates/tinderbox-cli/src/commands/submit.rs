//! `tinderbox submit`: a command line of `spark-submit`, with a run behind it.

use super::run::{self, Asked};
use crate::args::{Format, Place, Submit};
use crate::failure::Failure;
use crate::output;
use crate::session::Session;
use std::process::ExitCode;
use tinderbox_api::SubmitRun;
use tinderbox_app::spark_submit::{
    DeployMode, SubmitAction, SubmitArguments, SubmitError, SubmitRequest,
};

/// Submits, or does what the options ask for instead.
pub async fn submit(place: &Place, order: Submit) -> Result<ExitCode, Failure> {
    let arguments = SubmitArguments::parse(&order.arguments).map_err(|error| refused(&[error]))?;
    match &arguments.action {
        SubmitAction::Submit => {}
        SubmitAction::Kill(run) => return super::inspect::cancel(place, run, order.format).await,
        SubmitAction::Status(run) => return status(place, run, order.format).await,
        SubmitAction::Help => {
            return Err(Failure::refused(
                "the options are those of `spark-submit --help`",
                Some("`tinderbox help submit` says what is added to them".to_owned()),
            ));
        }
        SubmitAction::Version => {
            return Err(Failure::refused(
                "the version of Spark is that of the engine",
                Some("`tinderbox cluster list` has those of profiles".to_owned()),
            ));
        }
    }
    let files = arguments
        .properties_files
        .iter()
        .map(|file| super::spec::read(file.as_ref()))
        .collect::<Result<Vec<_>, _>>()?;
    let files: Vec<&str> = files.iter().map(String::as_str).collect();
    let asked = arguments.request(&files).map_err(|errors| refused(&errors))?;
    let request = request(asked, &order)?;
    run::submit_and_wait(place, Asked::Run(request), order.detach, order.format).await
}

fn refused(errors: &[SubmitError]) -> Failure {
    let said: Vec<String> =
        errors.iter().map(|error| format!("{error}\n  hint: {}", error.hint())).collect();
    Failure::environment(said.join("\n"), None)
}

fn request(asked: SubmitRequest, order: &Submit) -> Result<SubmitRun, Failure> {
    if asked.remote.is_some() {
        return Err(Failure::refused(
            "--remote is not for runs: a Spark Connect server runs statements, not programs",
            Some("give a --master, or a profile with --engine".to_owned()),
        ));
    }
    if asked.proxy_user.is_some() {
        return Err(Failure::refused(
            "--proxy-user is not taken: runs are those of the server's own user",
            Some("leave it out".to_owned()),
        ));
    }
    if asked.supervise {
        output::note(
            "--supervise is not used: `--retries N` tries again what fails for the cluster's reasons",
        );
    }
    for key in &asked.ignored {
        output::note(&format!(
            "{key} is not a Spark property and is left out, as spark-submit does"
        ));
    }
    let here = std::env::current_dir().map_err(|error| {
        Failure::environment(format!("there is no working directory: {error}"), None)
    })?;
    Ok(SubmitRun {
        file: asked.application,
        main_class: asked.main_class,
        args: asked.args,
        name: Some(asked.name),
        conf: asked.conf,
        base_directory: here.display().to_string(),
        engine: order.engine.clone(),
        master: asked.master,
        deploy_mode: Some(
            match asked.deploy_mode {
                DeployMode::Client => "client",
                DeployMode::Cluster => "cluster",
            }
            .to_owned(),
        ),
        timeout_ms: order.timeout.map(|time| u64::try_from(time.as_millis()).unwrap_or(u64::MAX)),
        retries: order.retries,
        idempotency_key: order.idempotency_key.clone(),
    })
}

/// `--status RUN`, as `spark-submit --status DRIVER` on a standalone cluster.
async fn status(place: &Place, run: &str, format: Format) -> Result<ExitCode, Failure> {
    let session = Session::open(place).await?;
    let answer = session.client.get_job(run).await;
    session.close().await;
    let job = answer?.job;
    match format {
        Format::Json => output::json(&job),
        Format::Table => output::data(&format!("{} {}\n", job.job_id, job.state)),
    }
    Ok(ExitCode::SUCCESS)
}
