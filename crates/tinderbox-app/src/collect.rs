//! Event logs become history: one row, a detail file, a task pack, a report.

use crate::growing::{GrowingLog, LogReader, View};
use crate::history::{LogDirectory, LogFacts};
use crate::log_warnings::warnings_of;
use crate::opening::{OpenLog, Reading};
use crate::record::{Files, Recorded, observed};
use crate::{
    App, CollectFailure, CollectStep, CollectWarning, Collected, Error, LogSource, blocking, chain,
    lock, now,
};
use futures::StreamExt;
use sha2::{Digest, Sha256};
use std::collections::{HashMap, HashSet};
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tinderbox_collect::{Depth, EventLog as Log, Location};
use tinderbox_engine::KubernetesAttempt;
use tinderbox_model::{Application, Bytes, RunId, TimestampMs};
use tinderbox_store::{EventLog, KnownLog, Run};
use tinderbox_table::PackOptions;
use tokio::sync::{AcquireError, SemaphorePermit};

/// From this size on a log is read by all cores together.
const LARGE_LOG: Bytes = Bytes(32 << 20);
/// Logs between listing and the store: enough that the store always has some to write together.
const IN_FLIGHT: usize = 32;

/// How often watched directories are looked at; Spark's own History Server takes the same time.
const WATCH_PERIOD: Duration = Duration::from_secs(10);

/// An application whose open log does not grow for so long is not followed any more: most have lost their driver.
const QUIET: Duration = Duration::from_secs(600);

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
        let (listed, depth) = (source.location.clone(), source.depth);
        // A log has one name, however the directory was spelled. A store that does not answer keeps nobody else waiting.
        let listing = blocking(move || {
            tinderbox_collect::list(&listed.canonical(), depth).map_err(Error::Collect)
        })
        .await?;
        let _alone = self.inner.collecting.lock().await;
        let urls: Vec<String> = listing.logs.iter().map(Log::url).collect();
        let known = self.inner.store.event_log_of(&urls).await?;
        let mut done = Collected::default();
        let failed = listing.failed.into_iter().map(Error::Collect);
        done.failed.extend(failed.map(|error| CollectFailure::of(&error)));
        let num_listed = listing.logs.len();
        let mut changed = listing.logs;
        changed.retain(|log| match self.inner.growing.version(&id_of(&log.url())) {
            Some(version) => version != log.version,
            None => has_changed(log, known.get(&log.url())),
        });
        done.unchanged = as_u64(num_listed - changed.len());
        let num_bytes = changed.iter().map(|log| log.version.size).sum();
        on_step(CollectStep::Listed { num_logs: changed.len(), num_bytes });
        let num_changed = changed.len();
        let queue = changed.into_iter().map(|log| {
            let reading = self.inner.opening.begin(id_of(&log.url()), &log);
            (log, reading)
        });
        let queue = Mutex::new(queue.collect());
        let mut reading = futures::stream::iter(0..num_changed)
            .map(|_| async {
                let Some((log, reading)) = self.inner.opening.next(&queue) else { return Ok(None) };
                on_step(CollectStep::Begun { log: log.place.to_string() });
                let read = self.collect_listed(&log, reading).await;
                on_step(CollectStep::Ended { num_bytes: log.version.size });
                match read {
                    Ok(reasons) => Ok(Some((log, reasons))),
                    Err(error) => Err((log, error)),
                }
            })
            .buffer_unordered(IN_FLIGHT);
        let mut read_logs = HashSet::new();
        while let Some(read) = reading.next().await {
            match read {
                Ok(None) => {}
                Ok(Some((log, reasons))) => {
                    done.collected += 1;
                    done.add_warning(log.place.to_string(), reasons);
                    read_logs.insert(log.url());
                }
                Err((log, error)) => {
                    done.failed.push(CollectFailure::at(&log.place.to_string(), &error));
                }
            }
        }
        for view in self.inner.growing.views() {
            let place = view.log.place.to_string();
            if is_quiet(&view.log)
                && let Err(error) = self.end_growing(view).await
            {
                done.failed.push(CollectFailure::at(&place, &error));
            }
        }
        self.write_tables().await;
        self.warn_of_twins(&read_logs, &mut done).await?;
        Ok(done)
    }

    /// As [`App::collect`], to its end or to [`App::close`] even when nobody waits for it any more.
    ///
    /// # Errors
    /// As [`App::collect`]; [`Error::Background`] when this process ends.
    pub async fn collect_apart(&self, source: LogSource) -> Result<Collected, Error> {
        let (tell, told) = tokio::sync::oneshot::channel();
        let app = self.clone();
        self.spawn(async move {
            let _ = tell.send(app.collect(&source).await);
        });
        let ended = |_| Error::Background("the server ends".to_owned());
        told.await.unwrap_or_else(|error| Err(ended(error)))
    }

    /// Reads the event logs of a directory now and every ten seconds, until [`App::close`].
    pub fn watch_logs(&self, source: LogSource) {
        lock(&self.inner.log_directories).push(LogDirectory::new(&source));
        // It is listed with the names of the directories.
        self.inner.history.forget();
        let app = self.clone();
        self.spawn(async move {
            // Once, not every ten seconds.
            let mut said = HashSet::new();
            let mut said_of: HashMap<String, Vec<String>> = HashMap::new();
            loop {
                let failures = match app.collect(&source).await {
                    Ok(done) => {
                        for CollectWarning { log, reasons } in done.warnings {
                            if said_of.get(&log) != Some(&reasons) {
                                tracing::warn!("not whole: {log}: {}", reasons.join("; "));
                                said_of.insert(log, reasons);
                            }
                        }
                        done.failed
                    }
                    Err(error) => vec![CollectFailure::of(&error)],
                };
                let reasons: HashSet<String> =
                    failures.into_iter().map(|failure| failure.reason).collect();
                for reason in reasons.difference(&said) {
                    tracing::warn!("not collected: {reason}");
                }
                said = reasons;
                tokio::time::sleep(WATCH_PERIOD).await;
            }
        });
    }

    /// Reads a log of a directory: what is new of one that grows, else all of it.
    /// Gives what is wrong with it.
    async fn collect_listed(&self, log: &Log, reading: Reading<'_>) -> Result<Vec<String>, Error> {
        if is_running(log)
            && let Some(growing) = self.inner.growing.follow(&reading.log().run)
        {
            let followed = self.follow_log(growing, log, &reading).await;
            if followed.is_err() {
                self.inner.growing.forget(&reading.log().run);
            }
            return followed;
        }
        self.collect_log(LogIdentity::of(log), log, reading).await
    }

    async fn follow_log(
        &self,
        growing: Arc<GrowingLog>,
        log: &Log,
        reading: &Reading<'_>,
    ) -> Result<Vec<String>, Error> {
        let turns = self.turns(log).await;
        let run = self.begin(log, reading).await?;
        let root = self.inner.data_dir.root().to_owned();
        let followed = log.clone();
        let view = blocking(move || growing.advance(&followed, &run, &root)).await?;
        drop(turns);
        reading.log().set_folded(view.application.clone());
        let facts = LogFacts { url: log.url(), modified: log.version.modified };
        let run = observed(view.run, &view.application, true);
        let reasons = warnings_of(&view.application, true);
        let (application, log) = (&view.application, facts);
        self.record(Recorded { run: &run, application, files: None, log, event_log: None }).await?;
        self.announce(&run.id);
        Ok(reasons)
    }

    /// Writes the files of a log that is not followed any more.
    async fn end_growing(&self, view: View) -> Result<(), Error> {
        let id = view.run.id.clone();
        // A read whose collection was given up still has the reader for a while.
        let (app, taken) = (self.clone(), id.clone());
        let reader = blocking(move || Ok(app.inner.growing.take(&taken))).await?;
        let Some(reader) = reader else { return Ok(()) };
        let (application, files) = blocking(move || reader.finish(None)).await?;
        let run = observed(view.run, &application, is_running(&view.log));
        let identity = LogIdentity::of(&view.log);
        self.record_log(run, &application, files, identity).await?;
        self.inner.growing.forget(&id);
        Ok(())
    }

    /// Writes the files of all logs that are followed, so that the next process needs not read them again.
    pub(crate) async fn end_all_growing(&self) {
        let _alone = self.inner.collecting.lock().await;
        for view in self.inner.growing.views() {
            let url = view.log.url();
            if let Err(error) = self.end_growing(view).await {
                tracing::warn!("{url} will be read again: {}", chain(&error));
            }
        }
    }

    /// Reads all of a log that is known under `identity`, which may be another address than the place where it lies
    /// now. The caller holds the lock of the collection. Gives what is wrong with it.
    pub(crate) async fn collect_log(
        &self,
        identity: LogIdentity,
        log: &Log,
        reading: Reading<'_>,
    ) -> Result<Vec<String>, Error> {
        let turns = self.turns(log).await;
        let run = self.begin(log, &reading).await?;
        let id = run.id.clone();
        let begun = self.inner.growing.take(&id).filter(|reader| reader.can_follow(log));
        let read = self.read_log(&run, log.clone(), begun, Some(reading.log())).await;
        drop(turns);
        let recorded = match read {
            Ok((application, files)) => {
                // A log that was downloaded is as new as the download.
                let is_copy = identity.url != log.url();
                let goes_on = is_running(log) && !(is_copy && is_past(application.last_event_time));
                let run = observed(run, &application, goes_on);
                let reasons = warnings_of(&application, goes_on);
                self.record_log(run, &application, files, identity).await.map(|()| reasons)
            }
            Err(error) => Err(error),
        };
        self.inner.growing.forget(&id);
        recorded
    }

    /// A turn for a small log, all of them for a large one.
    async fn turns(&self, log: &Log) -> Result<SemaphorePermit<'_>, AcquireError> {
        let turns = if log.version.size < LARGE_LOG { 1 } else { cores() };
        self.inner.reading.acquire_many(turns).await
    }

    /// Looks whose log it is, and finds the run that was made of it before or makes a new one. The same log makes the
    /// same run.
    async fn begin(&self, log: &Log, reading: &Reading<'_>) -> Result<Run, Error> {
        let opened = log.clone();
        let head = blocking(move || opened.head().map_err(Error::Collect)).await?;
        reading.identify(head.id, head.attempt_id);
        let id = reading.log().run.clone();
        let run = self.inner.store.run_get(&id).await?;
        Ok(run.unwrap_or_else(|| Run::new(id, "", now())))
    }

    async fn record_log(
        &self,
        run: Run,
        application: &Arc<Application>,
        files: Files,
        identity: LogIdentity,
    ) -> Result<(), Error> {
        let LogIdentity { url, size, modified } = identity;
        let log = LogFacts { url: url.clone(), modified };
        let run_id = Some(run.id.clone());
        let event_log = Some(EventLog { url, size, modified, run: run_id, collected: now() });
        let files = Some(files);
        self.record(Recorded { run: &run, application, files, log, event_log }).await?;
        self.announce(&run.id);
        Ok(())
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
        self.record_attempt(run, entry).await
    }

    /// Reads the event log that pods have written to where their job says.
    pub(crate) async fn collect_pods_log(
        &self,
        run: &Run,
        attempt: &KubernetesAttempt,
    ) -> Result<(), Error> {
        let Some(directory) = &attempt.event_log else { return Ok(()) };
        let location = self.location(directory)?;
        let listing = blocking(move || {
            tinderbox_collect::list(&location, Depth::OneLevel).map_err(Error::Collect)
        })
        .await?;
        // `spark-ID`, its rolling form `eventlog_v2_spark-ID`, and endings of compression and of logs that are not closed.
        let id = attempt.pod.application_id.as_str();
        let is_ours = |log: &Log| {
            let name = log.place.name();
            let name = name.strip_prefix("eventlog_v2_").unwrap_or(&name);
            name.strip_prefix(id).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
        };
        match listing.logs.into_iter().find(is_ours) {
            Some(log) => self.record_attempt(run, log).await,
            None => Err(Error::NoPodsLog { directory: directory.clone(), id: id.to_owned() }),
        }
    }

    async fn record_attempt(&self, run: &Run, entry: Log) -> Result<(), Error> {
        let log = LogFacts { url: entry.url(), modified: entry.version.modified };
        match self.read_log(run, entry, None, None).await {
            Ok((application, files)) => {
                let (application, files) = (&application, Some(files));
                self.record(Recorded { run, application, files, log, event_log: None }).await
            }
            // It ended before Spark wrote the first event.
            Err(Error::Collect(tinderbox_collect::Error::Empty { .. })) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Reads a log, from where `begun` stopped, and writes its files, which are not current yet.
    async fn read_log(
        &self,
        run: &Run,
        log: Log,
        begun: Option<LogReader>,
        open: Option<Arc<OpenLog>>,
    ) -> Result<(Arc<Application>, Files), Error> {
        let (root, run) = (self.inner.data_dir.root().to_owned(), run.clone());
        blocking(move || {
            let mut reader = match begun {
                Some(reader) => reader,
                None => LogReader::begin(root, &run, PackOptions::default().open_rows_limit)?,
            };
            reader.advance(&log)?;
            reader.finish(open)
        })
        .await
    }
}

/// Whether a log is new, not as it was when it was read, or was read by a version that left no task pack. One whose run
/// was pruned is not: it would be counted twice.
fn has_changed(log: &Log, known: Option<&KnownLog>) -> bool {
    let Some(KnownLog { log: read, has_pack, is_running: was_running }) = known else {
        return true;
    };
    if read.run.is_none() {
        return false;
    }
    let is_same = (read.size, read.modified) == (log.version.size, log.version.modified);
    let has_gone_quiet = *was_running && !is_running(log);
    !is_same || !has_pack || has_gone_quiet
}

/// Whether the application of a log seems to run: Spark has not closed it, and it grew lately.
fn is_running(log: &Log) -> bool {
    log.version.in_progress && !is_quiet(log)
}

/// Also when the clock of whoever wrote it is ahead by as much: such a log would be followed for ever.
fn is_quiet(log: &Log) -> bool {
    now().0.abs_diff(log.version.modified.0) > u64_millis(QUIET)
}

fn is_past(time: Option<TimestampMs>) -> bool {
    time.is_some_and(|time| now().0.abs_diff(time.0) > u64_millis(QUIET))
}

fn u64_millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

pub(crate) fn cores() -> u32 {
    std::thread::available_parallelism().map_or(1, |n| u32::try_from(n.get()).unwrap_or(1))
}

fn as_u64(count: usize) -> u64 {
    u64::try_from(count).unwrap_or(u64::MAX)
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
pub(crate) fn id_of(url: &str) -> RunId {
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&Sha256::digest(url.as_bytes())[..16]);
    RunId::new(uuid::Builder::from_custom_bytes(bytes).into_uuid().to_string())
}
