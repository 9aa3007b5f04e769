//! `tinderbox session`: sessions on Spark Connect servers that outlive the commands.

mod debug;
mod prompt;
mod shown;

use super::history::server_of;
use super::preview::folder_of;
use super::spec::{open, refused};
use crate::args::{Bounds, Chosen, Format, Place, SessionCommand};
use crate::failure::Failure;
use crate::output::{self, Side};
use crate::session::data_dir;
use crate::signals::{STOPPED, stopped};
use serde_json::{Value, json};
use shown::{failed, fetched, rows_object, rows_table};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::str::FromStr as _;
use tinderbox_app::connect::{
    Closed, Engine, ExplainMode, InteractiveSession, NodeRun, OperationId, SAIL_VERSION, SessionId,
};
use tinderbox_app::{KnownSession, OwnSession, SessionFiles, SparkPlaces, with_session_files};
use tinderbox_model::{NodeId, TimestampMs};
use tinderbox_spec::Spec;

/// Executes a command.
pub async fn execute(place: &Place, command: SessionCommand) -> Result<ExitCode, Failure> {
    let files = SessionFiles::of(&data_dir(place)?);
    match command {
        SessionCommand::Open { server, name, tls, token_variable, user, format } => {
            let order = Order { server, name, tls, token_variable, user };
            open_session(&files, order, format).await
        }
        SessionCommand::List { format } => list(&files, format).await,
        SessionCommand::Sql { session, statement, bounds, detach, format } => {
            let session = attached(&files, &session).await?;
            sql(
                &session,
                &statement,
                bounds,
                if detach { After::Leave } else { After::Wait },
                format,
            )
            .await
        }
        SessionCommand::Fetch { session, operation, bounds, format } => {
            let session = attached(&files, &session).await?;
            let operation = operation_of(&operation)?;
            let answer = session.fetch(operation, bounds.limits());
            match unless_stopped(answer).await {
                Some(answer) => fetched(answer, None, format),
                None => Ok(ExitCode::from(STOPPED)),
            }
        }
        SessionCommand::Explain { session, query, spec, node, chosen, mode, format } => {
            let session = attached(&files, &session).await?;
            let what = match (query, spec, node) {
                (Some(query), ..) => Explained::Query(query),
                (None, Some(spec), Some(node)) => Explained::Node(spec, node, chosen),
                _ => {
                    return Err(Failure::environment("nothing is named to explain", None));
                }
            };
            explain(&session, what, mode.into(), format).await
        }
        SessionCommand::Run { session, spec, node, chosen, sample, bounds, format } => {
            let session = attached(&files, &session).await?;
            let order = NodeOrder { spec, node, chosen, sample, bounds };
            run(&session, order, format).await
        }
        SessionCommand::Debug { spec, chosen, session, engine, sample, test, bounds, format } => {
            let session = match session {
                Some(session) => debug::Place::Known(attached(&files, &session).await?),
                None => {
                    let server = server_of(&engine, "--engine")?;
                    let places = SparkPlaces::from_environment();
                    let own = OwnSession::open(&places, server.as_deref()).await?;
                    debug::Place::Own(Box::new(own))
                }
            };
            let order = debug::Order { spec, chosen, sample, test, bounds };
            debug::debug(session, order, format).await
        }
        SessionCommand::Interrupt { session, operation, format } => {
            let session = attached(&files, &session).await?;
            interrupt(&session, operation.as_deref(), format).await
        }
        SessionCommand::Close { session, format } => close(&files, &session, format).await,
    }
}

struct Order {
    server: String,
    name: Option<String>,
    tls: bool,
    token_variable: Option<String>,
    user: Option<String>,
}

async fn open_session(
    files: &SessionFiles,
    order: Order,
    format: Format,
) -> Result<ExitCode, Failure> {
    if order.server == "sail" {
        return Err(Failure::environment(
            "a Sail that Tinderbox starts ends with the command, and its sessions with it",
            Some(
                "tinderbox session debug starts one for itself; a Sail of your own has an address: sc://HOST:PORT"
                    .to_owned(),
            ),
        ));
    }
    if order.server.to_lowercase().contains("token=") {
        return Err(Failure::environment(
            "tokens are taken from the environment only: arguments of a program are seen by others",
            Some("export the token, and name its variable with --token-variable".to_owned()),
        ));
    }
    let mut known = KnownSession {
        id: SessionId::random().to_string(),
        name: order.name,
        address: order.server,
        tls: order.tls,
        user: order.user,
        token_variable: order.token_variable,
        engine: String::new(),
        opened_ms: now(),
    };
    let (profile, id) = known.profile(variable)?;
    let session = of_app(InteractiveSession::open(&profile, id).await)?;
    known.engine = engine_of(&session).await?;
    let kept = known.clone();
    with_session_files(files, move |files| files.keep(&kept)).await?;
    match format {
        Format::Json => output::json(&known),
        Format::Table => output::data(&format!("{}\n", known.id)),
    }
    output::note(&format!("on {} at {}", known.engine, known.address));
    Ok(ExitCode::SUCCESS)
}

async fn engine_of(session: &InteractiveSession) -> Result<String, Failure> {
    Ok(match session.engine() {
        Engine::Sail => format!("Sail {SAIL_VERSION}"),
        Engine::Spark => format!("Spark Connect {}", of_app(session.version().await)?),
    })
}

async fn list(files: &SessionFiles, format: Format) -> Result<ExitCode, Failure> {
    let known = with_session_files(files, SessionFiles::list).await?;
    let asked = known.iter().map(async |one| match one.profile(variable) {
        Ok((profile, id)) => match InteractiveSession::reattach(&profile, id).await {
            Ok(_) => "open".to_owned(),
            Err(tinderbox_app::connect::Error::SessionLost { .. }) => "gone".to_owned(),
            Err(_) => "not reached".to_owned(),
        },
        Err(error) => error.to_string(),
    });
    let states = futures::future::join_all(asked).await;
    if format == Format::Json {
        let objects = known.iter().zip(&states).map(|(one, state)| {
            let mut object = json!(one);
            object["state"] = json!(state);
            object
        });
        output::json(&objects.collect::<Vec<Value>>());
        return Ok(ExitCode::SUCCESS);
    }
    let rows = known.iter().zip(states).map(|(one, state)| {
        let name = one.name.clone().unwrap_or_default();
        vec![one.id.clone(), name, state, one.engine.clone(), one.address.clone()]
    });
    let head = ["id", "name", "state", "engine", "address"].map(|name| (name, Side::Left));
    output::data(&output::table(&head, &rows.collect::<Vec<_>>()));
    Ok(ExitCode::SUCCESS)
}

/// What becomes of a statement that was started.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum After {
    Wait,
    Leave,
}

async fn sql(
    session: &InteractiveSession,
    statement: &str,
    bounds: Bounds,
    after: After,
    format: Format,
) -> Result<ExitCode, Failure> {
    let operation = OperationId::random();
    if after == After::Leave {
        let started = session.submit(statement, operation, bounds.limits()).await;
        return match started {
            Ok(()) => {
                match format {
                    Format::Json => output::json(&json!({ "operation": operation.to_string() })),
                    Format::Table => output::data(&format!("{operation}\n")),
                }
                Ok(ExitCode::SUCCESS)
            }
            Err(error) => failed(&error, Some(statement), format),
        };
    }
    let answer = async {
        output::note(&format!("operation {operation}"));
        session.sql(statement, operation, bounds.limits()).await
    };
    match unless_stopped(answer).await {
        Some(answer) => fetched(answer, Some(statement), format),
        None => {
            end(session, operation).await;
            Ok(ExitCode::from(STOPPED))
        }
    }
}

enum Explained {
    Query(String),
    Node(PathBuf, String, Chosen),
}

async fn explain(
    session: &InteractiveSession,
    what: Explained,
    mode: ExplainMode,
    format: Format,
) -> Result<ExitCode, Failure> {
    let time = std::time::Duration::from_secs(600);
    let (plan, statement) = match &what {
        Explained::Query(query) => {
            (session.explain_sql(query, mode, time).await, Some(query.as_str()))
        }
        Explained::Node(path, node, chosen) => {
            let (spec, folder) = spec_at(path, chosen.clone())?;
            let node = NodeId::new(node);
            let run = NodeRun { spec: &spec, folder: &folder, node: &node, source_rows: None };
            (session.explain_node(run, mode, time).await, None)
        }
    };
    match plan {
        Ok(plan) => {
            match format {
                Format::Json => output::json(&json!({ "plan": plan })),
                Format::Table => output::data(&format!("{}\n", plan.trim_end())),
            }
            Ok(ExitCode::SUCCESS)
        }
        Err(error) => failed(&error, statement, format),
    }
}

struct NodeOrder {
    spec: PathBuf,
    node: String,
    chosen: Chosen,
    sample: Option<u32>,
    bounds: Bounds,
}

async fn run(
    session: &InteractiveSession,
    order: NodeOrder,
    format: Format,
) -> Result<ExitCode, Failure> {
    let (spec, folder) = spec_at(&order.spec, order.chosen)?;
    let node = NodeId::new(&order.node);
    let run = NodeRun { spec: &spec, folder: &folder, node: &node, source_rows: order.sample };
    let operation = OperationId::random();
    let answer = async {
        output::note(&format!("operation {operation}"));
        session.run_node(run, operation, order.bounds.limits()).await
    };
    let found = match unless_stopped(answer).await {
        Some(Ok(found)) => found,
        Some(Err(error)) => return failed(&error, None, format),
        None => {
            end(session, operation).await;
            return Ok(ExitCode::from(STOPPED));
        }
    };
    let seconds = found.time.as_secs_f64();
    match format {
        Format::Json => {
            let mut object = rows_object(&found.rows)?;
            object["node"] = json!(order.node);
            object["count"] = json!(found.count);
            object["seconds"] = json!(seconds);
            object["sample_rows"] = json!(order.sample);
            output::json(&object);
        }
        Format::Table => output::data(&rows_table(&found.rows)?),
    }
    let sample = order.sample.map_or(String::new(), |most| {
        format!(" of a SAMPLE: at most {most} rows of each source were read")
    });
    output::note(&format!("{} rows{sample}, {seconds:.1} s", found.count));
    Ok(ExitCode::SUCCESS)
}

async fn interrupt(
    session: &InteractiveSession,
    operation: Option<&str>,
    format: Format,
) -> Result<ExitCode, Failure> {
    let count = match operation {
        Some(operation) => usize::from(of_app(session.interrupt(operation_of(operation)?).await)?),
        None => of_app(session.interrupt_all().await)?,
    };
    match format {
        Format::Json => output::json(&json!({ "interrupted": count })),
        Format::Table if count == 0 => output::data("nothing runs\n"),
        Format::Table => output::data("interrupted\n"),
    }
    Ok(ExitCode::SUCCESS)
}

async fn close(files: &SessionFiles, text: &str, format: Format) -> Result<ExitCode, Failure> {
    let text = text.to_owned();
    let known = with_session_files(files, move |files| files.find(&text)).await?;
    let (profile, id) = known.profile(variable)?;
    let closed = match InteractiveSession::reattach(&profile, id).await {
        Ok(session) => match of_app(session.close().await)? {
            Closed::Ended => "closed",
            Closed::Left => {
                "interrupted; Spark 3.5 cannot be told to end a session, and does after an hour"
            }
        },
        Err(tinderbox_app::connect::Error::SessionLost { .. }) => "was gone",
        Err(error) => return of_app(Err(error)),
    };
    let id = known.id.clone();
    with_session_files(files, move |files| files.forget(&id)).await?;
    match format {
        Format::Json => output::json(&json!({ "id": known.id, "became": closed })),
        Format::Table => output::data(&format!("{closed}\n")),
    }
    Ok(ExitCode::SUCCESS)
}

/// The session of this name, come back to.
async fn attached(files: &SessionFiles, text: &str) -> Result<InteractiveSession, Failure> {
    let text = text.to_owned();
    let known = with_session_files(files, move |files| files.find(&text)).await?;
    let (profile, id) = known.profile(variable)?;
    of_app(InteractiveSession::reattach(&profile, id).await)
}

fn spec_at(path: &Path, chosen: Chosen) -> Result<(Spec, PathBuf), Failure> {
    let (text, choice) = open(path, chosen)?;
    let loaded = tinderbox_spec::load(&path.display().to_string(), &text, &choice)
        .map_err(|diagnostics| refused(&diagnostics, &text))?;
    Ok((loaded.spec, absolute_folder(path)?))
}

/// The server has another working directory.
fn absolute_folder(path: &Path) -> Result<PathBuf, Failure> {
    let folder = folder_of(path);
    std::path::absolute(&folder).map_err(|error| {
        Failure::environment(format!("{} has no place: {error}", folder.display()), None)
    })
}

fn operation_of(text: &str) -> Result<OperationId, Failure> {
    of_app(OperationId::from_str(text))
}

/// Interrupts an operation for which nobody waits any more. The server may not know it yet, or it may have ended.
async fn end(session: &InteractiveSession, operation: OperationId) {
    for _ in 0..20 {
        if !matches!(session.interrupt(operation).await, Ok(false)) {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
}

/// Listens for signals before anything is begun.
async fn unless_stopped<T>(answer: impl Future<Output = T>) -> Option<T> {
    tokio::select! {
        biased;
        () = stopped() => None,
        answer = answer => Some(answer),
    }
}

fn of_app<T>(answer: Result<T, tinderbox_app::connect::Error>) -> Result<T, Failure> {
    answer.map_err(|error| match error {
        tinderbox_app::connect::Error::Forbidden { .. } => {
            let hint = "export a token that the server knows, and open a session with --token-variable NAME";
            Failure::environment(error.to_string(), Some(hint.to_owned()))
        }
        error => Failure::from(tinderbox_app::Error::from(error)),
    })
}

fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

fn now() -> TimestampMs {
    TimestampMs(jiff::Timestamp::now().as_millisecond())
}
