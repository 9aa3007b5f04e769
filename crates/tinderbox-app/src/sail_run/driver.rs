//! The driver of a run on Sail: what `tinderbox sail-driver FOLDER` does. It knows the attempt's folder and its environment, no
//! data directory and no server of ours, so that it outlives both.

use super::failure::reason;
use super::{EXECUTED, ExecutedCommand, ExecutedJob, ORDER, Order, Server, plan_file};
use crate::{Error, chain};
use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};
use tinderbox_connect::{
    ConnectProfile, Engine, Executed, InteractiveSession, Job, Limits, OperationId, Progress,
    SAIL_VERSION, Sail, SailEnvironment, SailLimits, SessionId,
};
use tinderbox_engine::ExpectationResult;
use tinderbox_model::{Bytes, NodeId};
use tinderbox_spec::{Choice, Spec};

/// The variable that all processes of an attempt are known by.
const MARKER: &str = "TINDERBOX_ATTEMPT";
/// Disk for what Sail spills.
const TEMPORARY: Bytes = Bytes(256 << 30);
/// What the question of a probe may take.
const PROBE: Limits = Limits { rows: 10, bytes: Bytes(1 << 20), time: Duration::from_secs(60) };
/// How long after a broken answer Sail's end may be noticed.
const ENDS: Duration = Duration::from_secs(1);
/// 128 + SIGTERM, as shells count.
const STOPPED: i32 = 143;

/// Runs the job of an attempt's folder, tells `say` what it does, line by line, and answers the exit code: 0 when it is done, 1
/// with the reason in the folder, 143 when `stop` came first; then no folder of an unfinished sink is left. `variable` gives the
/// value of an environment variable.
pub async fn drive_on_sail(
    folder: &Path,
    variable: impl Fn(&str) -> Option<String>,
    mut say: impl FnMut(&str),
    stop: impl Future<Output = ()>,
) -> i32 {
    let ended = tokio::select! {
        ended = drive(folder, variable, &mut say) => Some(ended),
        () = stop => None,
    };
    match ended {
        Some(Ok(())) => {
            say("INFO the run is done");
            0
        }
        Some(Err(error)) => {
            let reason = reason(&error);
            say(&format!("ERROR {}", reason.message));
            if let Some(hint) = error.hint() {
                say(&format!("ERROR hint: {hint}"));
            }
            if let Err(error) = reason.tell(folder) {
                say(&format!("ERROR {}", chain(&error)));
            }
            1
        }
        None => {
            say("WARN stopped from outside");
            STOPPED
        }
    }
}

async fn drive(
    folder: &Path,
    variable: impl Fn(&str) -> Option<String>,
    say: &mut impl FnMut(&str),
) -> Result<(), Error> {
    let path = folder.join(ORDER);
    let text = fs::read(&path).map_err(|source| Error::File { path: path.clone(), source })?;
    let order: Order = serde_json::from_slice(&text)
        .map_err(|error| Error::File { path, source: std::io::Error::other(error) })?;
    let spec = order.spec.as_deref().map(|text| load(&order, text)).transpose()?;
    if let Some(spec) = &spec {
        check_inputs(spec, &order.base_directory)?;
    }
    let (sail, profile) = match &order.server {
        Server::Own { folder: environment, memory_bytes } => {
            let limits = SailLimits { memory: Bytes(*memory_bytes), temporary: TEMPORARY };
            let mut environment = SailEnvironment::at(environment);
            if let Some(marker) = variable(MARKER) {
                environment = environment.with_variable(MARKER, &marker);
            }
            let sail = Sail::start(&environment, &folder.join("tmp"), limits).await?;
            let profile = ConnectProfile::at(sail.url());
            (Some(sail), profile)
        }
        Server::At { address, is_tls, token_variable } => {
            let token = token_variable.as_deref().map(|name| {
                variable(name).ok_or_else(|| Error::NoToken { variable: name.to_owned() })
            });
            let mut profile = ConnectProfile::at(address.clone());
            (profile.is_tls, profile.token) = (*is_tls, token.transpose()?);
            (None, profile)
        }
    };
    let session = InteractiveSession::open(&profile, SessionId::random()).await?;
    let engine = match session.engine() {
        Engine::Sail => format!("Sail {SAIL_VERSION}"),
        Engine::Spark => format!("Spark Connect {}", session.version().await?),
    };
    say(&format!("INFO {engine} at {}, session {}", session.url(), session.id()));
    let ran = match &spec {
        Some(spec) => run(&session, (spec, &order, &engine), folder, say).await,
        None => probe(&session, &engine, folder, say).await,
    };
    let _ = session.close().await;
    // A session that broke says nothing of why; whether the process is there does, and its end may come a little later.
    if let (Err(Error::Connect(_)), Some(sail)) = (&ran, &sail) {
        let limit = Instant::now() + ENDS;
        while sail.is_alive() && Instant::now() < limit {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
    match (ran, sail) {
        (Err(Error::Connect(error)), Some(sail)) if !sail.is_alive() => {
            let tail = format!(
                "Sail ended while the job ran ({}); where memory is short, it is the kernel that ends it",
                chain(&error)
            );
            Err(tinderbox_connect::Error::NotStarted { tail }.into())
        }
        (ran, _) => ran,
    }
}

async fn run(
    session: &InteractiveSession,
    (spec, order, engine): (&Spec, &Order, &str),
    folder: &Path,
    say: &mut impl FnMut(&str),
) -> Result<(), Error> {
    let mut failed = None;
    let job = Job { spec, folder: &order.base_directory, tag: &order.tag };
    let ran = session.run_job(job, |progress| {
        if let Err(error) = note(folder, engine, &progress, say) {
            say(&format!("ERROR {}", chain(&error)));
            failed = Some(error);
        }
    });
    ran.await?;
    failed.map_or(Ok(()), Err)
}

/// Says how far the job is, and leaves what the run's page shows.
fn note(
    folder: &Path,
    engine: &str,
    progress: &Progress<'_>,
    say: &mut impl FnMut(&str),
) -> Result<(), Error> {
    match progress {
        Progress::Planned(commands) => {
            for command in *commands {
                command.text.lines().for_each(|line| say(&format!("INFO {line}")));
            }
            keep(folder, engine, commands)?;
        }
        Progress::Checked(node, results) => {
            for result in *results {
                let result = recorded(node, result);
                say(&format!(
                    "INFO expectation {node}.{}: {}, {} wrong, {} rows",
                    result.name, result.status, result.failed, result.rows
                ));
                result.record(folder).map_err(Error::Engine)?;
            }
        }
        Progress::Writing(node) => say(&format!("INFO writing {node}")),
        Progress::Written { node, rows: Some(rows), time } => {
            say(&format!("INFO wrote {node}: {rows} rows in {time}"));
        }
        Progress::Written { node, rows: None, time } => {
            say(&format!("INFO wrote {node} in {time}"));
        }
        Progress::LeftAlone(node) => {
            say(&format!(
                "INFO {node} was left alone: its target is there, and its mode is ignore"
            ));
        }
    }
    Ok(())
}

/// The messages first: who sees the list finds them.
fn keep(folder: &Path, engine: &str, commands: &[Executed]) -> Result<(), Error> {
    let write = |name: &str, bytes: &[u8]| {
        let path = folder.join(name);
        fs::write(&path, bytes).map_err(|source| Error::File { path, source })
    };
    let mut listed = Vec::new();
    for (number, command) in (1..).zip(commands) {
        write(&plan_file(number), &command.plan)?;
        listed.push(ExecutedCommand {
            node: command.node.to_string(),
            text: command.text.clone(),
            plan_bytes: command.plan.len() as u64,
        });
    }
    let job = ExecutedJob { engine: engine.to_owned(), commands: listed };
    // Texts and numbers always serialize.
    let text = serde_json::to_vec_pretty(&job).unwrap_or_default();
    write("executed.new", &text)?;
    let path = folder.join(EXECUTED);
    fs::rename(folder.join("executed.new"), &path).map_err(|source| Error::File { path, source })
}

/// As compiled programs record it.
fn recorded(node: &NodeId, result: &tinderbox_connect::CheckedExpectation) -> ExpectationResult {
    let is_of_rows = !["freshness", "row_count", "query"].contains(&result.rule);
    let status = match (result.is_met, result.on_fail) {
        (true, _) => "passed",
        (false, "warn") => "warned",
        (false, "drop") => "dropped",
        (false, "quarantine") => "quarantined",
        (false, _) => "failed",
    };
    ExpectationResult {
        node: node.to_string(),
        name: result.name.clone(),
        kind: result.rule.to_owned(),
        on_fail: result.on_fail.to_owned(),
        rows: result.rows,
        failed: result.failed,
        passed: is_of_rows.then(|| result.rows.saturating_sub(result.failed)),
        status: status.to_owned(),
    }
}

/// Lets the engine compute something that is known, and says who it is, as the probe of Spark does.
async fn probe(
    session: &InteractiveSession,
    engine: &str,
    folder: &Path,
    say: &mut impl FnMut(&str),
) -> Result<(), Error> {
    keep(folder, engine, &[])?;
    let asked = "SELECT sum(id) AS total FROM range(1000)";
    let answer = session.sql(asked, OperationId::random(), PROBE).await?;
    let total = answer.rows()?.first().and_then(|row| row.first()?.as_u64());
    let place = serde_json::json!({ "host": session.url() });
    let found = serde_json::json!({
        "spark": engine,
        "application": session.id().to_string(),
        "driver": place,
        "executors": [place],
        "computed": total == Some(499_500),
    });
    say(&format!("{}{found}", crate::PROBE_MARK));
    Ok(())
}

fn load(order: &Order, text: &str) -> Result<Spec, Error> {
    let choice = Choice {
        parameters: order.parameters.clone(),
        environment: order.environment.clone(),
        files: order.files.clone(),
    };
    match tinderbox_spec::load(&order.spec_name, text, &choice) {
        Ok(loaded) => Ok(loaded.spec),
        Err(found) => {
            let rendered: Vec<String> = found.iter().map(|one| one.render(text)).collect();
            Err(Error::BadSpec { rendered: rendered.join("\n") })
        }
    }
}

/// Sail takes a path where nothing is for a table without rows.
fn check_inputs(spec: &Spec, base: &Path) -> Result<(), Error> {
    for input in spec.local_inputs() {
        let path = base.join(&input.path);
        if !path.exists() {
            return Err(Error::MissingInput { node: input.node.to_string(), path });
        }
    }
    Ok(())
}
