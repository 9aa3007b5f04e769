//! `tinderbox`: define, run, watch, understand and tune Spark jobs.
//!
//! Data goes to stdout, everything else to stderr. Exit codes: 0 done, 1 the run or the check failed,
//! 2 usage or environment.

mod args;
mod bundle;
mod collect_progress;
mod commands;
mod failure;
mod output;
mod progress;
mod session;
mod signals;
mod sources;

use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments = args::Arguments::from_command_line();
    // Two TLS providers would make rustls panic at the first https request, so one is named here, first thing.
    let _ = rustls::crypto::ring::default_provider().install_default();
    tracing_subscriber::fmt()
        .with_writer(std::io::stderr)
        .with_env_filter(
            tracing_subscriber::EnvFilter::try_from_env("TINDERBOX_LOG")
                .unwrap_or_else(|_| "warn,tinderbox=info".into()),
        )
        .init();
    let runtime = match tokio::runtime::Runtime::new() {
        Ok(runtime) => runtime,
        Err(error) => {
            output::note(&format!("error: cannot start the runtime: {error}"));
            return ExitCode::from(2);
        }
    };
    let code = match runtime.block_on(commands::execute(arguments)) {
        Ok(code) => code,
        Err(failure) => failure.report(),
    };
    // Blocking work (an event log that is being read) must not hold the exit of a command that was cancelled.
    runtime.shutdown_timeout(std::time::Duration::from_secs(2));
    code
}
