//! Questions: lists, one run, what happened inside it.

use crate::job_sets::state_of;
use crate::plan::{AttemptRecord, LaunchPlan};
use crate::sail_run::why_nothing_inside;
use crate::{
    App, AttemptView, Error, LiveRun, RunDetail, RunError, RunPage, RunQuery, RunSortKey, RunView,
    SpecText, TaskPage, TaskQuery, TaskSortKey, Timeline, blocking, now,
};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use tinderbox_engine::{ExpectationResult, SparkInstalls};
use tinderbox_model::{
    Application, Completeness, JobStatus, RunId, SqlStatus, StreamingQuery, WorkspaceId,
};
use tinderbox_spark::causes;
use tinderbox_store::{Page, Run, RunFilter, RunSort, RunSortBy, SortOrder, TableFileKind};
use tinderbox_table::JobColumn;
use tinderbox_table::Pack;

/// What is known of what happens inside a run.
#[derive(Debug, Clone, Copy)]
pub enum Inside<'a> {
    /// The live fold, while it lasts.
    Live(&'a LiveRun),
    /// Its record, when it is over.
    Record(&'a Application),
    /// Nothing yet.
    Unknown,
}

impl App {
    /// A page of runs.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub async fn runs(&self, query: &RunQuery) -> Result<RunPage, Error> {
        let filter = RunFilter {
            workspace: WorkspaceId::default(),
            states: query.states.clone(),
            job_type: query.job_type.clone(),
            engine: query.engine.clone(),
            name_contains: query.search.clone(),
            ..RunFilter::default()
        };
        let order = if query.descending { SortOrder::Descending } else { SortOrder::Ascending };
        let sort = RunSort { by: column_of(query.sort), order };
        let page = Page { offset: query.offset, limit: query.limit };
        let (rows, total) = self.inner.store.run_list(&filter, sort, page).await?;
        Ok(RunPage { runs: rows.iter().map(|run| self.view(run)).collect(), total })
    }

    /// Runs by state.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub async fn count_by_state(&self) -> Result<BTreeMap<&'static str, u64>, Error> {
        let mut by_state = BTreeMap::new();
        for count in self.inner.store.run_counts(&WorkspaceId::default()).await? {
            *by_state.entry(count.state.as_str()).or_insert(0) += count.num_runs;
        }
        for set in self.inner.job_sets.all().iter() {
            for (status, num_jobs) in set.index.counts(JobColumn::Status) {
                *by_state.entry(state_of(status).as_str()).or_insert(0) += num_jobs;
            }
        }
        Ok(by_state)
    }

    /// Names of the Sparks that runs can be sent to.
    pub fn engine_names(&self) -> Vec<String> {
        let installs = SparkInstalls::discover(&self.inner.host);
        installs.found.iter().map(|install| format!("local {}", install.version)).collect()
    }

    /// One run, by its id, a unique beginning or end of it, or `latest`.
    ///
    /// # Errors
    /// [`Error::NoSuchRun`], [`Error::AmbiguousRun`], [`Error::Store`].
    pub async fn run(&self, id: &str) -> Result<RunView, Error> {
        Ok(self.view(&self.find(id).await?))
    }

    /// One run with its attempts and what it was launched with.
    ///
    /// # Errors
    /// [`Error::NoSuchRun`], [`Error::AmbiguousRun`], [`Error::Store`].
    pub async fn run_detail(&self, id: &str) -> Result<RunDetail, Error> {
        let run = self.find(id).await?;
        let plan = LaunchPlan::of(&run);
        let attempts = self.inner.store.attempt_list(&run.id).await?;
        let notes =
            attempts.iter().filter_map(AttemptRecord::of).flat_map(|record| record.notes).collect();
        let is_over = run.state.is_final();
        // While it lasts, the head of the fold is enough; a snapshot would copy every stage and plan.
        let live = self.inner.live.read(&run.id, |live| {
            (live.fold().completeness(), live.fold().environment().spark_properties.clone())
        });
        let (completeness, spark_properties) = match live.filter(|_| !is_over) {
            Some(known) => known,
            // A run that has just been recorded has no application yet, which is no error here.
            None => match self.application(run.id.as_str()).await {
                Ok((_, application)) => (
                    application.completeness.clone(),
                    application.environment.spark_properties.clone(),
                ),
                Err(_) => {
                    (Completeness { ended: true, ..Completeness::default() }, BTreeMap::new())
                }
            },
        };
        Ok(RunDetail {
            run: self.view(&run),
            attempts: attempts
                .into_iter()
                .map(|attempt| AttemptView {
                    attempt: attempt.number,
                    state: attempt.state,
                    created: attempt.created,
                    ended: attempt.ended,
                    exit_code: attempt.exit_code.map(i64::from),
                    event_log: attempt.event_log,
                })
                .collect(),
            nothing_inside: why_nothing_inside(&plan),
            spec_name: run.spec_label.clone(),
            parameters: plan.parameters,
            environment: plan.environment,
            applied: plan.applied,
            notes,
            partial_reasons: partial_reasons(&completeness, is_over),
            spark_properties,
            timeout: run.timeout,
        })
    }

    /// What happened inside a run: from its record, or from the live stream while it lasts.
    ///
    /// # Errors
    /// [`Error::NoSuchRun`], [`Error::AmbiguousRun`], [`Error::NoRecord`], [`Error::Store`], [`Error::Table`].
    pub async fn application(&self, id: &str) -> Result<(RunId, Arc<Application>), Error> {
        let run = self.find(id).await?;
        if !run.state.is_final()
            && let Some(application) = self.inner.live.snapshot(&run.id)
        {
            return Ok((run.id, Arc::new(application)));
        }
        match (self.application_of(&run.id).await, why_nothing_inside(&LaunchPlan::of(&run))) {
            (Err(Error::NoRecord { id }), Some(why)) => Err(Error::NothingInside { id, why }),
            (application, _) => Ok((run.id, application?)),
        }
    }

    /// The application of a run as its log tells it: as far as it was read while the log grows, then from its record.
    ///
    /// # Errors
    /// [`Error::NoRecord`], [`Error::Store`], [`Error::Table`].
    pub(crate) async fn application_of(&self, run: &RunId) -> Result<Arc<Application>, Error> {
        if let Some(view) = self.inner.growing.view(run) {
            return Ok(view.application);
        }
        let file = self.current_file(run, TableFileKind::Detail).await?;
        let app = self.clone();
        blocking(move || app.inner.applications.read(&file, &app.inner.data_dir.root().join(&file)))
            .await
    }

    /// What a watcher of a run gets: `make` sees a number that grows, the run, and what is known of its inside.
    ///
    /// # Errors
    /// [`Error::NoSuchRun`], [`Error::Store`].
    pub async fn progress<T>(
        &self,
        run: &RunId,
        make: impl Fn(u64, &RunView, Inside<'_>) -> T,
    ) -> Result<T, Error> {
        let view = self.run(run.as_str()).await?;
        let seq = self.next_seq();
        if !view.state.is_final() {
            let live = self.inner.live.read(run, |live| make(seq, &view, Inside::Live(live)));
            if let Some(made) = live {
                return Ok(made);
            }
        }
        Ok(match self.application(run.as_str()).await {
            Ok((_, application)) => make(seq, &view, Inside::Record(&application)),
            Err(_) => make(seq, &view, Inside::Unknown),
        })
    }

    /// Ended tasks: from the task pack, or the latest ones of the live stream.
    ///
    /// # Errors
    /// [`Error::NoSuchRun`], [`Error::AmbiguousRun`], [`Error::NoRecord`], [`Error::Store`], [`Error::Table`].
    pub async fn tasks(&self, id: &str, query: &TaskQuery) -> Result<TaskPage, Error> {
        let run = self.find(id).await?;
        let (run, is_over) = (run.id, run.state.is_final());
        if !is_over
            && let Some((tasks, total)) =
                self.inner.live.read(&run, |live| query.select(live.recent_tasks()))
        {
            return Ok(TaskPage { run, tasks, total });
        }
        let pack = self.pack(&run).await?;
        let query = query.to_pack();
        let page = blocking(move || Ok(pack.page(&query)?)).await?;
        Ok(TaskPage { run, tasks: page.tasks, total: page.total })
    }

    /// The tasks of a run that is over, or whose log is followed.
    ///
    /// # Errors
    /// [`Error::NoRecord`], [`Error::Store`], [`Error::Table`].
    pub(crate) async fn pack(&self, run: &RunId) -> Result<Arc<Pack>, Error> {
        if let Some(view) = self.inner.growing.view(run) {
            return Ok(view.tasks);
        }
        let file = self.current_file(run, TableFileKind::Pack).await?;
        let path = self.inner.data_dir.root().join(&file);
        let app = self.clone();
        blocking(move || app.inner.packs.open(&file, &path)).await
    }

    /// When stages and tasks ran.
    ///
    /// # Errors
    /// [`Error::NoSuchRun`], [`Error::AmbiguousRun`], [`Error::NoRecord`], [`Error::Store`], [`Error::Table`].
    pub async fn timeline(&self, id: &str) -> Result<(RunId, Timeline), Error> {
        let (run, application) = self.application(id).await?;
        let longest = TaskQuery {
            sort: TaskSortKey::Duration,
            descending: true,
            limit: Timeline::TASK_LIMIT as u64,
            ..TaskQuery::default()
        };
        let page = self.tasks(run.as_str(), &longest).await?;
        Ok((run, Timeline::build(&application, page.tasks, page.total)))
    }

    pub(crate) async fn current_file(
        &self,
        run: &RunId,
        kind: TableFileKind,
    ) -> Result<String, Error> {
        let files = self.inner.store.file_list(run).await?;
        let current =
            files.into_iter().find(|file| file.retired.is_none() && file.file.kind == kind);
        current.map(|file| file.file.path).ok_or_else(|| Error::NoRecord { id: run.to_string() })
    }

    /// Errors of a run, the one that ended it first.
    ///
    /// # Errors
    /// [`Error::NoSuchRun`], [`Error::AmbiguousRun`], [`Error::Store`], [`Error::Table`].
    pub async fn errors(&self, id: &str) -> Result<(RunId, Vec<RunError>), Error> {
        let run = self.find(id).await?;
        let application = match self.application(run.id.as_str()).await {
            Ok((_, application)) => Some(application),
            Err(Error::NoRecord { .. } | Error::NothingInside { .. }) => None,
            Err(error) => return Err(error),
        };
        // Thousands of texts may have to be taken apart.
        blocking(move || Ok(errors_of(run, application.as_deref()))).await
    }

    /// The spec as it was run, and the program that was submitted.
    ///
    /// # Errors
    /// [`Error::NoSuchRun`], [`Error::AmbiguousRun`], [`Error::NoSpec`], [`Error::File`], [`Error::Store`].
    pub async fn spec_source(&self, id: &str) -> Result<SpecText, Error> {
        let run = self.find(id).await?;
        let none = || Error::NoSpec { id: run.id.to_string() };
        let hash = run.spec_hash.as_ref().ok_or_else(none)?;
        let text = self.inner.store.spec_get(hash).await?.ok_or_else(none)?.text;
        // Before the launch there is no program yet.
        let pyspark = match self.attempt_directory(&run).await? {
            Some(directory) => read_text(directory.join("job.py"))?,
            None => String::new(),
        };
        Ok(SpecText { text, pyspark })
    }

    /// What came of the expectations of a run, of its latest attempt, in the order in which they were checked. While it
    /// runs, those that are known.
    ///
    /// # Errors
    /// [`Error::NoSuchRun`], [`Error::AmbiguousRun`], [`Error::Engine`].
    pub async fn expectations(&self, id: &str) -> Result<Vec<ExpectationResult>, Error> {
        let run = self.find(id).await?;
        let attempt = self.inner.store.attempt_latest(&run.id).await?;
        let Some(attempt) = attempt else { return Ok(Vec::new()) };
        let Some(record) = AttemptRecord::of(&attempt) else { return Ok(Vec::new()) };
        let directory = self.inner.data_dir.root().join(attempt.directory);
        let read = move || ExpectationResult::of_attempt(&directory, &record.intent.target);
        blocking(move || read().map_err(Error::Engine)).await
    }

    pub(crate) async fn attempt_directory(&self, run: &Run) -> Result<Option<PathBuf>, Error> {
        let attempt = self.inner.store.attempt_latest(&run.id).await?;
        Ok(attempt.map(|attempt| self.inner.data_dir.root().join(attempt.directory)))
    }

    pub(crate) async fn find(&self, id: &str) -> Result<Run, Error> {
        match self.inner.store.run_find(&WorkspaceId::default(), id).await {
            Ok(run) => Ok(run),
            Err(tinderbox_store::Error::RunNotFound { .. }) => {
                let id = id.to_owned();
                if self.is_imported(&id).await? {
                    return Err(Error::Imported { id });
                }
                Err(Error::NoSuchRun { id })
            }
            Err(tinderbox_store::Error::RunAmbiguous { candidates, .. }) => {
                let matches = candidates.iter().map(ToString::to_string).collect();
                Err(Error::AmbiguousRun { id: id.to_owned(), matches })
            }
            Err(error) => Err(error.into()),
        }
    }

    /// The row, with the figures of the live stream while the run lasts.
    pub(crate) fn view(&self, run: &Run) -> RunView {
        let mut view = RunView::from(run);
        if run.state.is_final() {
            return view;
        }
        self.inner.live.read(&run.id, |live| {
            view.totals = live.totals();
            view.partial = live.is_partial();
        });
        view.duration = view.started.map(|started| now().since(started));
        view
    }
}

impl From<&Run> for RunView {
    fn from(run: &Run) -> Self {
        Self {
            id: run.id.clone(),
            name: run.name.clone(),
            job_type: run.job_type.clone(),
            origin: run.origin,
            engine: run.engine.clone(),
            state: run.state,
            user: run.user.clone(),
            created: run.created,
            started: run.started,
            ended: run.ended,
            duration: run.duration,
            application_id: run.application_id.as_ref().map(ToString::to_string),
            spark_version: run.spark_version.as_ref().map(ToString::to_string),
            totals: run.totals,
            // Findings are counted when the record is read; before that nothing is known of them.
            num_findings: run.collected.then_some(run.num_findings.into()),
            worst_severity: run.worst_severity.clone(),
            exit_code: run.exit_code.map(i64::from),
            error: run.error.clone(),
            partial: run.partial,
            advice_run: run.advice_run.clone(),
        }
    }
}

fn column_of(key: RunSortKey) -> RunSortBy {
    match key {
        RunSortKey::Created => RunSortBy::Created,
        RunSortKey::Started => RunSortBy::Started,
        RunSortKey::Duration => RunSortBy::Duration,
        RunSortKey::Name => RunSortBy::Name,
        RunSortKey::State => RunSortBy::State,
        RunSortKey::TaskTime => RunSortBy::TaskTime,
        RunSortKey::Input => RunSortBy::Input,
        RunSortKey::ShuffleRead => RunSortBy::ShuffleRead,
        RunSortKey::ShuffleWrite => RunSortBy::ShuffleWrite,
        RunSortKey::DiskSpill => RunSortBy::DiskSpill,
        RunSortKey::Findings => RunSortBy::Findings,
    }
}

/// Why figures are partial. That a run has not ended is no reason while it lasts.
pub(crate) fn partial_reasons(completeness: &Completeness, is_over: bool) -> Vec<String> {
    let mut reasons = Vec::new();
    if let Some(why) = &completeness.truncated {
        reasons.push(why.clone());
    }
    if !completeness.ended && is_over {
        reasons.push("the event log ends before the application does".to_owned());
    }
    if completeness.bad_lines > 0 {
        let what = format!("{} lines of the event log cannot be read", completeness.bad_lines);
        reasons.push(with_first(what, &completeness.bad_line_samples));
    }
    if completeness.contradictions > 0 {
        let what = format!("{} events contradict earlier ones", completeness.contradictions);
        reasons.push(with_first(what, &completeness.contradiction_samples));
    }
    if completeness.lost_job_ends > 0 {
        reasons.push(format!("the ends of {} jobs were never seen", completeness.lost_job_ends));
    }
    if completeness.lost_task_ends > 0 {
        reasons.push(format!("the ends of {} tasks were never seen", completeness.lost_task_ends));
    }
    reasons.extend(completeness.approximate.clone());
    for (kind, count) in &completeness.shed_events {
        reasons.push(format!("the listener left out {count} events of kind {kind}"));
    }
    reasons
}

/// `what` and the first place of it.
fn with_first(what: String, samples: &[(u64, String)]) -> String {
    match samples.first() {
        Some((line, first)) => format!("{what}; the first is line {line}: {first}"),
        None => what,
    }
}

/// The newest start of a streaming query, by its id, the id of the start, or its name.
///
/// # Errors
/// [`Error::NoSuchQuery`].
pub fn streaming_query<'a>(
    run: &RunId,
    application: &'a Application,
    query: &str,
) -> Result<&'a StreamingQuery, Error> {
    let fits = |one: &&StreamingQuery| {
        one.id == query || one.run_id == query || one.name.as_deref() == Some(query)
    };
    application
        .streaming
        .iter()
        .rfind(fits)
        .ok_or_else(|| Error::NoSuchQuery { id: run.to_string(), query: query.to_owned() })
}

fn errors_of(run: Run, application: Option<&Application>) -> (RunId, Vec<RunError>) {
    let mut errors = Vec::new();
    if let Some(message) = &run.error {
        errors.push(RunError {
            scope: "run",
            class: run.state.to_string(),
            message: first_line(message),
            causes: causes(message),
            text: message.clone(),
            count: 1,
            stage: None,
            first: run.ended,
        });
    }
    errors.extend(application.map(errors_inside).unwrap_or_default());
    (run.id, errors)
}

fn errors_inside(application: &Application) -> Vec<RunError> {
    let mut errors = Vec::new();
    for execution in application.sql.iter().filter(|sql| sql.status == SqlStatus::Failed) {
        let text =
            execution.error_message.clone().unwrap_or_else(|| "a job of it failed".to_owned());
        errors.push(error("sql", format!("SQL {}", execution.id), text, execution.completion_time));
    }
    for job in application.jobs.iter().filter(|job| job.status == JobStatus::Failed) {
        let text = job.failure_reason.clone().unwrap_or_else(|| "it failed".to_owned());
        errors.push(error("spark_job", format!("job {}", job.id), text, job.completion_time));
    }
    for stage in &application.stages {
        if let Some(text) = &stage.failure_reason {
            let mut failed =
                error("stage", format!("stage {}", stage.id), text.clone(), stage.completion_time);
            failed.stage = Some(stage.id);
            errors.push(failed);
        }
        errors.extend(stage.failures.iter().map(|group| RunError {
            scope: "task",
            class: group.reason.clone(),
            message: group.message.clone(),
            causes: causes(&group.sample),
            text: group.sample.clone(),
            count: group.count.into(),
            stage: Some(stage.id),
            first: Some(group.first_time),
        }));
    }
    errors
}

fn error(
    scope: &'static str,
    class: String,
    text: String,
    first: Option<tinderbox_model::TimestampMs>,
) -> RunError {
    let (message, causes) = (first_line(&text), causes(&text));
    RunError { scope, class, message, text, count: 1, stage: None, first, causes }
}

fn first_line(text: &str) -> String {
    text.lines().next().unwrap_or_default().to_owned()
}

fn read_text(path: PathBuf) -> Result<String, Error> {
    match std::fs::read_to_string(&path) {
        Ok(text) => Ok(text),
        Err(source) if source.kind() == std::io::ErrorKind::NotFound => Ok(String::new()),
        Err(source) => Err(Error::File { path, source }),
    }
}
