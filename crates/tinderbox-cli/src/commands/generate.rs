//! `tinderbox generate`: synthetic jobs, on files alone.

use super::play;
use crate::args::{Generate, Outgoing, Place};
use crate::failure::Failure;
use crate::output;
use crate::sources;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use tinderbox_app::{ObjectFiles, chain};
use tinderbox_collect::Location;
use tinderbox_generate::{
    DEFAULT_MODELS, FileStore, LocalFiles, Models, Output, Plan, Scenario, Written,
};

/// Prints the built-in models.
pub fn models() -> ExitCode {
    output::data(DEFAULT_MODELS);
    ExitCode::SUCCESS
}

/// Lists the scenarios.
pub fn scenarios() -> ExitCode {
    for scenario in Scenario::ALL {
        output::data(&format!("{:20} {}\n", scenario.name(), scenario.description()));
    }
    ExitCode::SUCCESS
}

/// Writes a data set, or plays it. Ctrl-C stops it, and nothing is left then.
pub async fn generate(place: &Place, arguments: Generate) -> Result<ExitCode, Failure> {
    if !arguments.live.replay.is_empty() {
        return play::recorded(place, &arguments.live, &arguments.outgoing).await;
    }
    let models = match &arguments.models {
        Some(path) => Models::load(path)?,
        None => Models::built_in()?,
    };
    let mut models = models.only(&arguments.job_type)?;
    if let Some(line) = arguments.spark {
        models = models.on_spark(line.version());
    }
    let plan = Plan::new(models, arguments.order()?)?;
    let Some(out) = &arguments.out else {
        return play::generated(place, &arguments.live, plan).await;
    };
    let store = store(out, &arguments.outgoing)?;
    let stopped = Arc::new(AtomicBool::new(false));
    let seen = Arc::clone(&stopped);
    let mut work =
        tokio::task::spawn_blocking(move || write(&plan, store.as_ref(), &arguments, &seen));
    let done = tokio::select! {
        done = &mut work => done,
        _ = tokio::signal::ctrl_c() => {
            stopped.store(true, Ordering::Relaxed);
            work.await
        }
    };
    let written = done.map_err(|_| tinderbox_generate::Error::ThreadDied)??;
    let summary = &written.summary;
    output::data(&format!(
        "{} jobs ({} completed, {} failed, {} running), {} operators, {} errors and warnings\n",
        summary.total_jobs,
        summary.completed_jobs,
        summary.failed_jobs,
        summary.total_jobs - summary.completed_jobs - summary.failed_jobs,
        summary.total_operators,
        summary.total_errors,
    ));
    for (name, size) in &written.files {
        output::data(&format!("  {name}  {size}\n"));
    }
    if let Some(size) = written.event_logs {
        output::data(&format!("  event-logs/  {size} before compression\n"));
    }
    Ok(ExitCode::SUCCESS)
}

/// Where the files go.
fn store(out: &str, outgoing: &Outgoing) -> Result<Box<dyn FileStore + Send>, Failure> {
    Ok(match Location::parse(out, &sources::access(outgoing))? {
        Location::Local(path) => Box::new(LocalFiles::new(&path)),
        Location::Remote(remote) => Box::new(ObjectFiles::new(remote)),
    })
}

fn write(
    plan: &Plan,
    store: &dyn FileStore,
    arguments: &Generate,
    stopped: &AtomicBool,
) -> Result<Written, tinderbox_generate::Error> {
    let cores = || std::thread::available_parallelism().unwrap_or(std::num::NonZeroUsize::MIN);
    let output = Output {
        store,
        format: arguments.format.into(),
        threads: arguments.threads.unwrap_or_else(cores),
        event_logs: arguments.log_form(),
        force: arguments.force,
    };
    // Each job is written once as rows, and once more as its log.
    let rounds = if arguments.event_logs { 2 } else { 1 };
    let mut progress = Progress::new(arguments.jobs * rounds);
    let written = tinderbox_generate::write(plan, &output, |jobs| {
        progress.show(jobs);
        !stopped.load(Ordering::Relaxed)
    });
    progress.finish();
    written
}

/// On a terminal a bar, elsewhere a line every ten seconds.
struct Progress {
    bar: Option<ProgressBar>,
    jobs: u64,
    said: Instant,
}

impl Progress {
    const LINE_PERIOD: Duration = Duration::from_secs(10);

    fn new(jobs: u64) -> Self {
        let bar = output::is_watched().then(|| {
            let bar = ProgressBar::with_draw_target(Some(jobs), ProgressDrawTarget::stderr());
            let template = "{elapsed_precise} {bar:32} {pos}/{len} jobs  {per_sec}, {eta} left";
            if let Ok(style) = ProgressStyle::with_template(template) {
                bar.set_style(style);
            }
            bar.enable_steady_tick(Duration::from_millis(250));
            bar
        });
        Self { bar, jobs, said: Instant::now() }
    }

    fn show(&mut self, done: u64) {
        match &self.bar {
            Some(bar) => bar.set_position(done),
            None if self.said.elapsed() >= Self::LINE_PERIOD => {
                output::note(&format!("  {done}/{} jobs", self.jobs));
                self.said = Instant::now();
            }
            None => {}
        }
    }

    fn finish(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

impl From<tinderbox_generate::Error> for Failure {
    fn from(error: tinderbox_generate::Error) -> Self {
        Self::environment(chain(&error), Some(error.hint()))
    }
}
