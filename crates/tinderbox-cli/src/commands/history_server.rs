//! `tinderbox collect-from-history-server`.

use super::collect::{exit_code, print, result_of};
use crate::args::{Format, HistoryStatus, Outgoing, Place};
use crate::collect_progress::CollectProgress;
use crate::failure::Failure;
use crate::session::Session;
use crate::sources;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use tinderbox_collect::{HistoryQuery, HistoryServer, HistoryServerOptions, UnpackLimits};
use tinderbox_model::Bytes;

/// What is collected, and how the server is called.
pub struct Order {
    /// The server.
    pub url: String,
    /// Which applications.
    pub query: HistoryQuery,
    /// File with headers.
    pub header_file: Option<PathBuf>,
    /// Variable with a bearer token.
    pub bearer_token_variable: Option<String>,
    /// Variable with `user:password`.
    pub basic_auth_variable: Option<String>,
    /// Limit of one unpacked log.
    pub max_log_size: Bytes,
}

/// The query of the arguments.
pub fn query(
    since: Option<String>,
    limit: Option<u64>,
    status: Option<HistoryStatus>,
) -> HistoryQuery {
    let status = status.map(|status| match status {
        HistoryStatus::Completed => "completed".to_owned(),
        HistoryStatus::Running => "running".to_owned(),
    });
    HistoryQuery { since, limit, status }
}

/// Downloads event logs and reads them into the history. Exit code 2 only when nothing could be read.
pub async fn collect(
    place: &Place,
    order: Order,
    outgoing: &Outgoing,
    format: Format,
) -> Result<ExitCode, Failure> {
    let access = sources::access(outgoing);
    let server = HistoryServer::new(&order.url, &access, &options(&order)?)?;
    let session = Session::open(place).await?;
    let Some(app) = session.own_app() else {
        let base = session.client.base().to_owned();
        session.close().await;
        return Err(Failure::environment(
            format!(
                "the data directory belongs to the server at {base}, which does not download from history servers"
            ),
            Some(
                "stop it for as long as this command runs, or collect into another --data-dir"
                    .to_owned(),
            ),
        ));
    };
    let progress = Arc::new(CollectProgress::new());
    let shown = Arc::clone(&progress);
    let on_step = Arc::new(move |step| shown.show(step));
    let done = app.collect_from_history_server(server, order.query, on_step).await;
    progress.finish();
    session.close().await;
    let done = result_of(done?);
    print(&done, format);
    Ok(exit_code(&done))
}

/// Credentials come from files and variables, never from the command line.
fn options(order: &Order) -> Result<HistoryServerOptions, Failure> {
    let mut options = HistoryServerOptions {
        limits: UnpackLimits { unpacked: order.max_log_size, ..UnpackLimits::default() },
        ..HistoryServerOptions::default()
    };
    if let Some(file) = &order.header_file {
        options.headers = headers(file)?;
    }
    if let Some(name) = &order.bearer_token_variable {
        let token = variable(name)?;
        options.headers.push(("Authorization".to_owned(), format!("Bearer {}", token.trim())));
    }
    if let Some(name) = &order.basic_auth_variable {
        let value = variable(name)?;
        let Some((user, password)) = value.split_once(':') else {
            return Err(Failure::environment(
                format!("the variable {name} does not hold user:password"),
                Some(format!("set it, for example: export {name}=user:password")),
            ));
        };
        options.basic = Some((user.to_owned(), password.to_owned()));
    }
    Ok(options)
}

fn headers(file: &Path) -> Result<Vec<(String, String)>, Failure> {
    let text = std::fs::read_to_string(file).map_err(|error| {
        Failure::environment(
            format!("cannot read the header file {}: {error}", file.display()),
            Some("give a file with lines `Name: value`".to_owned()),
        )
    })?;
    let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    lines
        .map(|(at, line)| match line.split_once(':') {
            Some((name, value)) if !name.trim().is_empty() => {
                Ok((name.trim().to_owned(), value.trim().to_owned()))
            }
            _ => Err(Failure::environment(
                format!("line {} of the header file {} is no header", at + 1, file.display()),
                Some("write it as `Name: value`".to_owned()),
            )),
        })
        .collect()
}

fn variable(name: &str) -> Result<String, Failure> {
    match std::env::var(name) {
        Ok(value) if !value.is_empty() => Ok(value),
        _ => Err(Failure::environment(
            format!("the environment variable {name} is not set"),
            Some(
                "give the name of the variable that holds the credentials, not the credentials"
                    .to_owned(),
            ),
        )),
    }
}
