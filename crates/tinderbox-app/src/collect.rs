//! Event logs become history: one row, a detail file, a task table, a report.

use crate::live::totals;
use crate::{App, Collected, Error, advice, blocking, chain, now};
use std::path::{Path, PathBuf};
use std::time::Duration;
use tinderbox_collect::EventLog as Log;
use tinderbox_model::{Application, AttemptNumber, Bytes, JobStatus, Origin, RunId, RunState};
use tinderbox_store::{ApplicationRecord, EventLog, NewTableFile, Run, RunChange, TableFileKind};
use tinderbox_table::{Place, TaskWriter, TaskWriterOptions, Written, write_detail};

const FIRST: AttemptNumber = AttemptNumber(1);
/// How often watched directories are looked at; Spark's own History Server takes the same time.
const WATCH_PERIOD: Duration = Duration::from_secs(10);

impl App {
    /// Reads the event logs at `path`, a log directory or a single log. A log that has not changed since is not opened.
    ///
    /// # Errors
    /// [`Error::Collect`] when `path` is neither; [`Error::Store`]. Logs that cannot be read are in the answer.
    pub async fn collect(&self, path: &Path) -> Result<Collected, Error> {
        let listed = path.to_owned();
        let entries = blocking(move || logs_at(&listed).map_err(Error::Collect)).await?;
        let mut done = Collected::default();
        for entry in entries {
            match self.collect_log(&entry).await {
                Ok(true) => done.collected += 1,
                Ok(false) => done.unchanged += 1,
                Err(error) => done.failed.push(chain(&error)),
            }
        }
        Ok(done)
    }

    /// Reads the event logs of a directory now and every ten seconds, until [`App::close`].
    pub fn watch_logs(&self, path: PathBuf) {
        let app = self.clone();
        self.spawn(async move {
            loop {
                match app.collect(&path).await {
                    Ok(done) => {
                        for failure in done.failed {
                            tracing::warn!("not collected: {failure}");
                        }
                    }
                    Err(error) => {
                        tracing::warn!("cannot read {}: {}", path.display(), chain(&error));
                    }
                }
                tokio::time::sleep(WATCH_PERIOD).await;
            }
        });
    }

    /// True when the log was read, false when it had not changed.
    async fn collect_log(&self, log: &Log) -> Result<bool, Error> {
        let url = log.path.display().to_string();
        let (size, modified) = (log.version.size, log.version.modified);
        let known = self.inner.store.event_log_get(&url).await?;
        if known.as_ref().is_some_and(|log: &EventLog| log.size == size && log.modified == modified)
        {
            return Ok(false);
        }
        let known = match known.and_then(|log| log.run) {
            Some(run) => self.inner.store.run_get(&run).await?,
            None => None,
        };
        let run = known
            .unwrap_or_else(|| Run::new(RunId::new(uuid::Uuid::now_v7().to_string()), "", now()));
        let (application, files) = self.read_log(&run, log.path.clone()).await?;
        let run = self.observed_run(run, &application).await?;
        self.record(&run, &application, files).await?;
        let log = EventLog { url, size, modified, run: Some(run.id.clone()), collected: now() };
        self.inner.store.event_log_put(&log).await?;
        self.announce(&run.id);
        Ok(true)
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
                tinderbox_collect::list(&listed).map_err(Error::Collect)
            } else {
                Ok(Vec::new())
            }
        })
        .await?;
        let Some(entry) = entries.into_iter().next() else { return Ok(()) };
        let (application, files) = self.read_log(run, entry.path).await?;
        self.record(run, &application, files).await
    }

    /// Walk 1 up to the files: log, fold, detail file and task table, both under new names.
    async fn read_log(&self, run: &Run, path: PathBuf) -> Result<(Application, Files), Error> {
        let root = self.inner.data_dir.root().to_owned();
        let place = Place {
            workspace: run.workspace.clone(),
            created: run.created,
            run: run.id.clone(),
            attempt: FIRST,
        };
        blocking(move || {
            let (table, detail) = (place.new_task_table(), place.new_detail());
            let options = TaskWriterOptions::new(place.run, FIRST);
            let mut writer = TaskWriter::create(&root.join(&table), options)?;
            let mut failed = None;
            let application = tinderbox_collect::read(&path, &mut |task| {
                if failed.is_none() {
                    failed = writer.write([task]).err();
                }
            })
            .map_err(Error::Collect)?;
            if let Some(error) = failed {
                return Err(error.into());
            }
            let written = writer.finish()?;
            let detail_bytes = write_detail(&root.join(&detail), &application)?;
            Ok((application, Files { table, written, detail, detail_bytes }))
        })
        .await
    }

    /// Makes the files current and writes row and report.
    async fn record(
        &self,
        run: &Run,
        application: &Application,
        files: Files,
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
        Ok(())
    }
}

struct Files {
    table: PathBuf,
    written: Written,
    detail: PathBuf,
    detail_bytes: Bytes,
}

/// The logs of a directory, or the one log that `path` is: a rolling log is a directory itself.
fn logs_at(path: &Path) -> Result<Vec<Log>, tinderbox_collect::Error> {
    if path.is_dir() && tinderbox_collect::open(path).is_err() {
        return tinderbox_collect::list(path);
    }
    Ok(vec![tinderbox_collect::open(path)?])
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
