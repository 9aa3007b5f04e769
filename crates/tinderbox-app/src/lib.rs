//! The use cases: submit a spec, follow its run, collect its record, understand it, answer questions about it.
//!
//! Invariants: no axum, no SQL, no Spark format. Background work takes no input: the reconciler looks at the
//! state of the store and of the engine, and acts; killing it at any instruction loses no acknowledged request
//! and launches nothing twice. One process owns a data directory ([`DataDir`]).

mod advice;
mod applications;
mod clusters;
mod collect;
mod connected;
mod data_dir;
mod error;
mod events;
mod fleet;
mod growing;
mod history;
mod history_server_source;
mod history_sql;
mod interactive;
mod job_sets;
mod known_columns;
mod launching;
mod lineage_events;
mod live;
mod livy;
mod log_warnings;
mod logs;
mod object_files;
mod opening;
mod plan;
mod preview;
mod probe;
mod query;
mod reconcile;
mod record;
mod retention;
mod retries;
mod sail_run;
mod scale_jobs;
mod secrets;
mod sessions;
mod spark_application;
mod spark_places;
mod spec_columns;
mod spec_tests;
mod submit;
mod sweep;
mod tables;
mod timeline;
mod timeline_cells;
mod views;

pub use advice::ComparedRuns;
pub use clusters::ClusterView;
pub use data_dir::{DataDir, Owner};
pub use error::{Error, chain};
pub use events::IngestRefusal;
pub use fleet::{DatabaseCheck, FoundRun, PrunedRun};
pub use history::{HistoryApplication, HistoryEntry, HistoryList, TaskPageQuery, TaskRows};
pub use history_server_source::OnStep;
pub use history_sql::{
    HistoryAnswer, HistoryColumn, HistoryQuery, history_sql, history_tables, install_sail,
};
pub use interactive::{KnownSession, OwnSession, SessionFiles, with_session_files};
pub use job_sets::{
    ImportedError, ImportedJob, ImportedOperator, ImportedSet, JobListKey, JobListPage,
    JobListQuery, JobOverview, ListedJob, RefreshedSets, state_of_row, status_of,
};
pub use known_columns::known_columns;
pub use live::LiveRun;
pub use livy::{
    LivyBatch, LivyKind, LivyLog, LivySession, LivyState, LivyStatement, NewLivySession,
    StatementOutput, StatementRows, StatementState,
};
pub use logs::LogOf;
pub use object_files::ObjectFiles;
pub use preview::{PreviewAnswer, PreviewQuery, Previews, ProfileAnswer};
pub use probe::PROBE_MARK;
pub use query::{Inside, streaming_query};
pub use retention::{Pruned, Retention};
pub use sail_run::{ExecutedCommand, ExecutedJob, drive_on_sail};
pub use scale_jobs::{ScaleFailure, ScaleJobView, ScaleSettings, ScaleState, ScaleSubmission};
pub use spark_application::{
    Translated, export_spark_application, import_spark_application, is_spark_application,
};
pub use spark_places::SparkPlaces;
pub use spec_columns::{SpecColumns, spec_columns};
pub use spec_tests::{TestOutcome, TestProblem, TestQuery, run_spec_tests};
pub use submit::ApplicationSubmission;
pub use timeline::{StageBar, TaskBar, Timeline};
pub use timeline_cells::{CellQuery, RunCells};
pub use tinderbox_connect::{
    CheckedExpectation, Column, ColumnProfile, Comparison, NodeColumns, Problem, ProblemKind,
    Profile, Range,
};
pub use views::{
    AppliedAdvice, AttemptView, CollectFailure, CollectStep, CollectWarning, Collected, LogPart,
    LogSource, RunDetail, RunError, RunPage, RunQuery, RunSortKey, RunView, SpecText, Submission,
    Submitted, TaskPage, TaskQuery, TaskSortKey,
};

pub use tinderbox_engine::{ExpectationResult, LogMatches};
pub use tinderbox_scale as scale;
pub use tinderbox_spark::{Cause, Relation};
pub use tinderbox_store::{Dimension, DurationHistogram, Stats, StatsGroup, StatsKey, StatsQuery};
pub use tinderbox_table::{
    FileStore, JobColumn, JobRow, JobValue, Timeline as TimelineCells, TimelineExtent, conformance,
};

pub use tinderbox_advise as advise;
pub use tinderbox_collect as sources;
pub use tinderbox_connect as connect;
pub use tinderbox_model as model;
pub use tinderbox_spark::rest;
/// The command line of `spark-submit`.
pub mod spark_submit {
    pub use tinderbox_spark::{
        DeployMode, SubmitAction, SubmitArguments, SubmitError, SubmitRequest,
    };
}

use applications::{Applications, Packs};
use growing::Growing;
use live::LiveRuns;
use opening::Opening;
use sessions::Sessions;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use tinderbox_collect::{Access, Location};
use tinderbox_engine::Host;
use tinderbox_model::RunId;
use tinderbox_store::Store;
use tokio::sync::{Notify, Semaphore, broadcast};
use tokio::task::JoinHandle;

/// What an [`App`] needs to know.
#[derive(Debug, Clone)]
pub struct Config {
    /// The data directory.
    pub data_dir: PathBuf,
    /// Where this process will answer, `http://127.0.0.1:PORT`: listeners send their events there.
    pub url: String,
    /// The listener's jar; without it runs are followed by their processes and event logs alone.
    pub listener_jar: Option<&'static [u8]>,
    /// Where Sparks are.
    pub spark: SparkPlaces,
    /// With which credentials event logs are read from object stores.
    pub access: Access,
}

/// The use cases. Cloning is cheap; all clones are one.
#[derive(Debug, Clone)]
pub struct App {
    inner: Arc<Inner>,
}

struct Inner {
    data_dir: DataDir,
    store: Store,
    host: Host,
    places: SparkPlaces,
    access: Access,
    url: String,
    listener_jar: Option<PathBuf>,
    live: LiveRuns,
    livy: livy::Livy,
    clusters: clusters::Clusters,
    log_copies: reconcile::LogCopies,
    applications: Applications,
    packs: Packs,
    opening: Opening,
    growing: Growing,
    job_sets: job_sets::JobSets,
    scale_jobs: scale_jobs::ScaleJobs,
    sessions: Sessions,
    /// What Spark's History Server lists; read when it is first asked for.
    history: history::KeptList,
    /// What [`App::watch_logs`] watches.
    log_directories: Mutex<Vec<history::LogDirectory>>,
    progress_seq: AtomicU64,
    /// `None` after [`App::close`]: then the streams of watchers end.
    changes: Mutex<Option<broadcast::Sender<RunId>>>,
    work: Notify,
    /// One collection at a time, so that two of one directory do not both read its logs.
    collecting: tokio::sync::Mutex<()>,
    /// Whether runs have changed since the tables were looked at.
    tables_due: AtomicBool,
    /// A turn per core for reading event logs.
    reading: Semaphore,
    tasks: Mutex<Vec<JoinHandle<()>>>,
}

impl std::fmt::Debug for Inner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("App").field("data_dir", &self.data_dir.root()).finish_non_exhaustive()
    }
}

impl App {
    /// Owns the data directory, opens the store and starts the reconciler, which picks up every run that is not
    /// finished.
    ///
    /// # Errors
    /// [`Error::Owned`], [`Error::DataDir`], [`Error::Store`], [`Error::File`].
    pub async fn open(config: Config) -> Result<Self, Error> {
        let mut data_dir = DataDir::own(&config.data_dir)?;
        let store = Store::open(&data_dir.database()).await?;
        let listener_jar = match config.listener_jar {
            Some(jar) => Some(events::unpack_listener(&data_dir, jar)?),
            None => None,
        };
        data_dir.publish(&config.url)?;
        let app = Self {
            inner: Arc::new(Inner {
                data_dir,
                store,
                places: config.spark.clone(),
                host: config.spark.host(),
                access: config.access,
                url: config.url,
                listener_jar,
                live: LiveRuns::default(),
                livy: livy::Livy::default(),
                clusters: clusters::Clusters::default(),
                log_copies: reconcile::LogCopies::default(),
                applications: Applications::default(),
                packs: Packs::default(),
                opening: Opening::default(),
                growing: Growing::default(),
                job_sets: job_sets::JobSets::default(),
                scale_jobs: scale_jobs::ScaleJobs::default(),
                sessions: Sessions::default(),
                history: history::KeptList::default(),
                log_directories: Mutex::default(),
                progress_seq: AtomicU64::new(0),
                changes: Mutex::new(Some(broadcast::channel(1_024).0)),
                work: Notify::new(),
                collecting: tokio::sync::Mutex::default(),
                // What an earlier process left undone.
                tables_due: AtomicBool::new(true),
                reading: Semaphore::new(
                    std::thread::available_parallelism().map_or(1, |n| n.get()),
                ),
                tasks: Mutex::default(),
            }),
        };
        app.open_job_sets().await?;
        app.spawn(app.clone().reconcile());
        app.spawn(app.clone().advance_scale_jobs());
        app.spawn(app.clone().sweep());
        app.spawn(app.clone().end_silent_sessions());
        Ok(app)
    }

    /// Stops background work and ends the streams of watchers. Runs that are not finished go on by themselves and
    /// are found again at the next [`App::open`].
    pub async fn close(&self) {
        let tasks = std::mem::take(&mut *lock(&self.inner.tasks));
        for task in &tasks {
            task.abort();
        }
        for task in tasks {
            let _ = task.await;
        }
        self.end_all_growing().await;
        lock(&self.inner.changes).take();
    }

    /// A log directory, or a single log, by its path or URL; see [`Location::parse`].
    ///
    /// # Errors
    /// [`Error::Collect`] when the URL cannot be used.
    pub fn location(&self, text: &str) -> Result<Location, Error> {
        Location::parse(text, &self.inner.access).map_err(Error::Collect)
    }

    /// Whether the store answers.
    pub async fn is_ready(&self) -> bool {
        self.count_by_state().await.is_ok()
    }

    /// Ids of runs that change, from now on. Closed by [`App::close`].
    pub fn changes(&self) -> broadcast::Receiver<RunId> {
        match lock(&self.inner.changes).as_ref() {
            Some(sender) => sender.subscribe(),
            None => broadcast::channel(1).1,
        }
    }

    fn announce(&self, run: &RunId) {
        if let Some(sender) = lock(&self.inner.changes).as_ref() {
            // Nobody may be watching.
            let _ = sender.send(run.clone());
        }
    }

    fn next_seq(&self) -> u64 {
        self.inner.progress_seq.fetch_add(1, Ordering::Relaxed) + 1
    }

    fn spawn(&self, work: impl Future<Output = ()> + Send + 'static) {
        let mut tasks = lock(&self.inner.tasks);
        tasks.retain(|task| !task.is_finished());
        tasks.push(tokio::spawn(work));
    }
}

/// Runs work that reads files, or computes for long, on the pool for it.
///
/// # Errors
/// What the work says; [`Error::Background`] when it panics.
pub async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Error> + Send + 'static,
) -> Result<T, Error> {
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done,
        Err(error) => Err(Error::Background(error.to_string())),
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The time, for the store and for ages of runs.
fn now() -> tinderbox_model::TimestampMs {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    let millis = since.map_or(0, |time| time.as_millis());
    tinderbox_model::TimestampMs(i64::try_from(millis).unwrap_or(i64::MAX))
}
