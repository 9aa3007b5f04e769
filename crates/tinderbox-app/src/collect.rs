//! Event logs become history: one row, a detail file, a task pack, a task table, a report.

use crate::history::{LogDirectory, LogFacts};
use crate::live::totals;
use crate::opening::OpenLog;
use crate::{
    App, CollectFailure, CollectStep, Collected, Error, LogSource, advice, blocking, chain, lock,
    now,
};
use futures::StreamExt;
use sha2::{Digest, Sha256};
use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tinderbox_collect::{Depth, EventLog as Log, Location};
use tinderbox_model::{
    Application, AttemptNumber, Bytes, JobStatus, Origin, RunId, RunState, TimestampMs,
};
use tinderbox_store::{ApplicationRecord, EventLog, NewTableFile, Run, RunChange, TableFileKind};
use tinderbox_table::{
    PackOptions, PackWriter, Place, RowOwner, Table, Written, write_detail, write_tasks,
};

/// From this size on a log is read by all cores together.
const LARGE_LOG: Bytes = Bytes(32 << 20);
/// Logs between listing and the store: enough that the store always has some to write together.
const IN_FLIGHT: usize = 32;

const FIRST: AttemptNumber = AttemptNumber(1);
/// How often watched directories are looked at; Spark's own History Server takes the same time.
const WATCH_PERIOD: Duration = Duration::from_secs(10);

/// How often replaced files are looked for.
const SWEEP_PERIOD: Duration = Duration::from_secs(60);
/// How long a replaced file stays: a reader that has its name opens it within moments.
const READER_GRACE: Duration = Duration::from_secs(600);
const SWEEP_LIMIT: u64 = 1_000;

impl App {
    /// Reads the event logs of a log directory or a single log, several at a time. A log that has not changed since is
    /// not opened.
    ///
    /// # Errors
    /// [`Error::Collect`] when the location is neither; [`Error::Store`]. Logs that cannot be read are in the answer.
    pub async fn collect(&self, source: &LogSource) -> Result<Collected, Error> {
        self.collect_showing(source, &|_| {}).await
    }

    /// As [`App::collect`], telling what it does.
    ///
    /// # Errors
    /// As [`App::collect`].
    pub async fn collect_showing(
        &self,
        source: &LogSource,
        on_step: &(dyn Fn(CollectStep) + Send + Sync),
    ) -> Result<Collected, Error> {
        let _alone = self.inner.collecting.lock().await;
        let (listed, depth) = (source.location.clone(), source.depth);
        // A log has one name, however the directory was spelled.
        let listing = blocking(move || {
            tinderbox_collect::list(&listed.canonical(), depth).map_err(Error::Collect)
        })
        .await?;
        let known = self.inner.store.event_log_all().await?;
        let recorded = self.inner.store.file_runs(TableFileKind::Pack).await?;
        let mut done = Collected::default();
        let failed = listing.failed.into_iter().map(Error::Collect);
        done.failed.extend(failed.map(|error| CollectFailure::of(&error)));
        let num_listed = listing.logs.len();
        let changed: Vec<Log> =
            listing.logs.into_iter().filter(|log| has_changed(log, &known, &recorded)).collect();
        done.unchanged = as_u64(num_listed - changed.len());
        let num_bytes = changed.iter().map(|log| log.version.size).sum();
        on_step(CollectStep::Listed { num_logs: changed.len(), num_bytes });
        let mut reading = futures::stream::iter(changed)
            .map(|log| async move {
                on_step(CollectStep::Begun { log: log.place.to_string() });
                let read = self.collect_log(LogIdentity::of(&log), &log).await;
                on_step(CollectStep::Ended { num_bytes: log.version.size });
                read
            })
            .buffer_unordered(IN_FLIGHT);
        while let Some(read) = reading.next().await {
            match read {
                Ok(()) => done.collected += 1,
                Err(error) => done.failed.push(CollectFailure::of(&error)),
            }
        }
        Ok(done)
    }

    /// Reads the event logs of a directory now and every ten seconds, until [`App::close`].
    pub fn watch_logs(&self, source: LogSource) {
        lock(&self.inner.log_directories).push(LogDirectory::new(&source.location));
        // It is listed with the names of the directories.
        *lock(&self.inner.history) = None;
        let app = self.clone();
        self.spawn(async move {
            let mut said = Vec::new();
            loop {
                let failures = match app.collect(&source).await {
                    Ok(done) => done.failed,
                    Err(error) => vec![CollectFailure::of(&error)],
                };
                // Once, not every ten seconds.
                for failure in failures.iter().filter(|failure| !said.contains(*failure)) {
                    tracing::warn!("not collected: {}", failure.reason);
                }
                said = failures;
                tokio::time::sleep(WATCH_PERIOD).await;
            }
        });
    }

    /// Reads a log that is known under `identity`, which may be another address than the place where it lies now. The
    /// caller holds the lock of the collection.
    pub(crate) async fn collect_log(&self, identity: LogIdentity, log: &Log) -> Result<(), Error> {
        let LogIdentity { url, size, modified } = identity;
        // The same log makes the same run.
        let id = id_of(&url);
        let cores = cores();
        // A large log takes all cores, small ones one each.
        let turns = if log.version.size < LARGE_LOG { 1 } else { cores };
        let turns = self.inner.reading.acquire_many(turns).await;
        let head = blocking({
            let log = log.clone();
            move || log.head().map_err(Error::Collect)
        })
        .await?;
        let reading = self.inner.opening.begin(id.clone(), head.id, head.attempt_id);
        let run = self.inner.store.run_get(&id).await?;
        let run = run.unwrap_or_else(|| Run::new(id, "", now()));
        let (application, files) = self.read_log(&run, log.clone(), Some(reading.log())).await?;
        drop(turns);
        let run = self.observed_run(run, &application).await?;
        let facts = LogFacts { url: url.clone(), modified };
        self.record(&run, &application, files, facts).await?;
        let log = EventLog { url, size, modified, run: Some(run.id.clone()), collected: now() };
        self.inner.store.event_log_put(&log).await?;
        self.announce(&run.id);
        Ok(())
    }

    /// The stored run of an observed application: the one that was made of its log before, or a new one.
    async fn observed_run(&self, run: Run, application: &Application) -> Result<Run, Error> {
        if let Some(run) = self.inner.store.run_get(&run.id).await? {
            let state = observed_state(application);
            if run.state.can_move_to(state) {
                self.move_run(&run.id, run.state, state, &RunChange::at(now())).await?;
            }
            return Ok(run);
        }
        let new = Run {
            name: application.name.clone(),
            job_type: "application".to_owned(),
            origin: Origin::Observed,
            state: observed_state(application),
            ..run
        };
        Ok(self.inner.store.run_create(&new).await?.run)
    }

    /// Reads the event log that an attempt of ours has written, if Spark wrote one.
    pub(crate) async fn collect_attempt(&self, run: &Run, directory: &Path) -> Result<(), Error> {
        let folder = directory.join("eventlog");
        let listed = folder.clone();
        let entries = blocking(move || {
            if listed.exists() {
                let listed = Location::Local(listed);
                tinderbox_collect::list(&listed, Depth::OneLevel)
                    .map(|listing| listing.logs)
                    .map_err(Error::Collect)
            } else {
                Ok(Vec::new())
            }
        })
        .await?;
        let Some(entry) = entries.into_iter().next() else { return Ok(()) };
        let facts = LogFacts { url: entry.url(), modified: entry.version.modified };
        match self.read_log(run, entry, None).await {
            Ok((application, files)) => self.record(run, &application, files, facts).await,
            // It ended before Spark wrote the first event.
            Err(Error::Collect(tinderbox_collect::Error::Empty { .. })) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Deletes files that newer ones have replaced, when no reader can hold them any more; until [`App::close`].
    pub(crate) async fn sweep(self) {
        loop {
            if let Err(error) = self.sweep_once(now()).await {
                tracing::warn!("replaced files are left over: {}", chain(&error));
            }
            tokio::time::sleep(SWEEP_PERIOD).await;
        }
    }

    async fn sweep_once(&self, now: TimestampMs) -> Result<(), Error> {
        let grace = i64::try_from(READER_GRACE.as_millis()).unwrap_or(i64::MAX);
        let before = TimestampMs(now.0.saturating_sub(grace));
        for retired in self.inner.store.file_retired(before, SWEEP_LIMIT).await? {
            let path = self.inner.data_dir.root().join(&retired.file.path);
            match std::fs::remove_file(&path) {
                Ok(()) => {}
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
                Err(source) => return Err(Error::File { path, source }),
            }
            self.inner.store.file_forget(&retired.file.path).await?;
        }
        Ok(())
    }

    /// Walk 1 up to the files: log, fold, detail file and task table, both under new names. Whoever waits for `open`
    /// is told as soon as the application is complete.
    async fn read_log(
        &self,
        run: &Run,
        log: Log,
        open: Option<Arc<OpenLog>>,
    ) -> Result<(Arc<Application>, Files), Error> {
        let root = self.inner.data_dir.root().to_owned();
        let place = Place {
            workspace: run.workspace.clone(),
            created: run.created,
            run: run.id.clone(),
            attempt: FIRST,
        };
        blocking(move || {
            let (pack, detail) = (place.new_pack(), place.new_detail());
            let table = place.new_table(Table::Tasks);
            let threads = usize::try_from(cores()).unwrap_or(1);
            let options = PackOptions { threads, ..PackOptions::default() };
            let mut writer = PackWriter::create(&root.join(&pack), options)?;
            let mut failed = None;
            let application = log.read(threads, &mut |task| {
                if failed.is_none() {
                    failed = writer.push(&task).err();
                }
            });
            let application = Arc::new(application.map_err(Error::Collect)?);
            if let Some(error) = failed {
                return Err(error.into());
            }
            if let Some(open) = open {
                open.set_folded(application.clone());
            }
            let tasks = writer.finish()?;
            let owner =
                RowOwner { run: place.run, attempt: FIRST, application: application.id.clone() };
            let written = write_tasks(&root.join(&table), &[(owner, &tasks)])?;
            let pack_bytes = Bytes(tasks.num_bytes());
            let detail_bytes = write_detail(&root.join(&detail), &application)?;
            let files = Files { pack, pack_bytes, table, written, detail, detail_bytes };
            Ok((application, files))
        })
        .await
    }

    /// Makes the files current and writes row and report.
    async fn record(
        &self,
        run: &Run,
        application: &Application,
        files: Files,
        log: LogFacts,
    ) -> Result<(), Error> {
        let store = &self.inner.store;
        let new = |kind, path: &Path, num_rows, num_bytes: Bytes| NewTableFile {
            kind,
            path: path.display().to_string(),
            run: run.id.clone(),
            attempt: FIRST,
            num_rows,
            num_bytes,
        };
        let written = &files.written;
        let table = new(TableFileKind::Tasks, &files.table, written.num_rows, written.num_bytes);
        store.file_publish(&table, now()).await?;
        let pack = new(TableFileKind::Pack, &files.pack, written.num_rows, files.pack_bytes);
        store.file_publish(&pack, now()).await?;
        let detail = new(TableFileKind::Detail, &files.detail, 1, files.detail_bytes);
        store.file_publish(&detail, now()).await?;
        let (report, findings) = advice::report_of(&run.id, application);
        store.report_put(&report, &findings).await?;
        let executors = application.executors.iter().filter(|e| e.tasks.ended() > 0).count();
        let record = ApplicationRecord {
            application_id: application.id.clone(),
            spark_version: application.spark_version.clone(),
            user: Some(application.user.clone()),
            started: application.start_time,
            ended: application.end_time,
            duration: application.duration(),
            totals: totals(application.stages.iter(), executors),
            partial: application.completeness.is_partial(),
            collected: true,
        };
        store.run_record_application(&run.id, &record, now()).await?;
        self.history_record(run, application, log).await
    }
}

/// Whether a log is new, not as it was when it was read, or was read by a version that left no task pack.
fn has_changed(log: &Log, known: &HashMap<String, EventLog>, recorded: &HashSet<RunId>) -> bool {
    let Some(known) = known.get(&log.url()) else { return true };
    let is_same = (known.size, known.modified) == (log.version.size, log.version.modified);
    !is_same || known.run.as_ref().is_some_and(|run| !recorded.contains(run))
}

fn cores() -> u32 {
    std::thread::available_parallelism().map_or(1, |n| u32::try_from(n.get()).unwrap_or(1))
}

fn as_u64(count: usize) -> u64 {
    u64::try_from(count).unwrap_or(u64::MAX)
}

struct Files {
    pack: PathBuf,
    pack_bytes: Bytes,
    table: PathBuf,
    written: Written,
    detail: PathBuf,
    detail_bytes: Bytes,
}

/// What a log is known as, and what tells that it changed.
#[derive(Debug, Clone)]
pub(crate) struct LogIdentity {
    pub(crate) url: String,
    pub(crate) size: Bytes,
    pub(crate) modified: TimestampMs,
}

impl LogIdentity {
    fn of(log: &Log) -> Self {
        Self { url: log.url(), size: log.version.size, modified: log.version.modified }
    }
}

/// The id of the run that is made of a log. From its name, so that a collection that was cut short makes the same run
/// again.
fn id_of(url: &str) -> RunId {
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&Sha256::digest(url.as_bytes())[..16]);
    RunId::new(uuid::Builder::from_custom_bytes(bytes).into_uuid().to_string())
}

/// What an event log alone says of the end: Spark writes an exit code from 4.0 on; before that a failed job or SQL
/// execution that nothing followed tells of a failure.
fn observed_state(application: &Application) -> RunState {
    if application.end_time.is_none() {
        return RunState::Lost;
    }
    match application.exit_code {
        Some(0) => RunState::Succeeded,
        Some(_) => RunState::Failed,
        None if application.jobs.last().is_some_and(|job| job.status == JobStatus::Failed) => {
            RunState::Failed
        }
        None => RunState::Succeeded,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Config, SparkPlaces, TaskQuery};

    fn files(folder: &Path) -> usize {
        let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
        entries.map(|entry| if entry.path().is_dir() { files(&entry.path()) } else { 1 }).sum()
    }

    #[tokio::test]
    async fn files_of_a_log_that_grew_are_replaced_and_the_old_ones_deleted_later() {
        let dir = tempfile::tempdir().unwrap();
        let app = App::open(Config {
            data_dir: dir.path().join("home"),
            url: String::new(),
            listener_jar: None,
            spark: SparkPlaces::default(),
            access: Default::default(),
        })
        .await
        .unwrap();
        let fixture = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("../tinderbox-spark/tests/fixtures/spark-3.5-small/local-1795203071921");
        let whole = std::fs::read(fixture).unwrap();
        let log = dir.path().join("local-1795203071921");
        for part in [whole.len() / 2, whole.len()] {
            std::fs::write(&log, &whole[..part]).unwrap();
            assert_eq!(app.collect(&log.as_path().into()).await.unwrap().collected, 1);
        }
        let home = dir.path().join("home");
        let folders = ["tables", "packs", "details"];
        let counts = || folders.map(|folder| files(&home.join(folder)));
        assert_eq!(counts(), [2, 2, 2]);
        app.sweep_once(now()).await.unwrap();
        assert_eq!(counts(), [2, 2, 2], "a reader may still hold the old ones");
        app.sweep_once(TimestampMs(now().0 + 601_000)).await.unwrap();
        assert_eq!(counts(), [1, 1, 1]);
        let tasks = app.tasks("latest", &TaskQuery { limit: 1, ..TaskQuery::default() }).await;
        assert_eq!(tasks.unwrap().tasks.len(), 1);
        app.close().await;
    }
}
