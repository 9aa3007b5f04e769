//! Lists of all jobs: runs and those of data sets, in one order.

use super::place::{Place, Value, decode, encode, job_cursor, order_text, run_place};
use super::{ImportedJob, OpenSet};
use crate::{App, Error, RunView, blocking};
use std::cmp::Ordering;
use std::collections::VecDeque;
use std::sync::Arc;
use tinderbox_model::{RunState, TimestampMs, WorkspaceId};
use tinderbox_store::{Page, Run, RunFilter, RunSort, RunSortBy, SortOrder};
use tinderbox_table::{Direction, JobColumn, JobQuery, JobRow, JobSort, JobValue};

/// Which jobs, in which order.
#[derive(Debug, Clone, Default)]
pub struct JobListQuery {
    /// Runs in any of these states, and jobs of data sets whose status stands for it; all when empty.
    pub states: Vec<RunState>,
    /// Jobs with any of these words for their status; all when empty.
    pub statuses: Vec<String>,
    /// Only this type.
    pub job_type: Option<String>,
    /// Only runs on this engine.
    pub engine: Option<String>,
    /// Part of the name, case ignored; of jobs of data sets also of the id.
    pub search: Option<String>,
    /// Started (runs: recorded) at this time or later.
    pub since: Option<TimestampMs>,
    /// Started (runs: recorded) before this time.
    pub until: Option<TimestampMs>,
    /// The order, each with whether the largest come first. Equal jobs come by time and id, in the direction of the last.
    pub sort: Vec<(JobListKey, bool)>,
    /// What [`JobListPage::next`] said of the page before.
    pub after: Option<String>,
    /// Jobs to pass over.
    pub offset: u64,
    /// Jobs wanted.
    pub limit: usize,
}

/// A page of jobs.
#[derive(Debug, Clone)]
pub struct JobListPage {
    /// In order.
    pub jobs: Vec<ListedJob>,
    /// Jobs that match, over all pages.
    pub total: u64,
    /// Where the next page begins; `None` on the last one.
    pub next: Option<String>,
}

/// A job of a list.
#[derive(Debug, Clone)]
pub enum ListedJob {
    /// A run that was launched or observed.
    Run(Box<RunView>),
    /// A job of a data set.
    Imported(Box<JobRow>),
}

/// What jobs can be sorted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct JobListKey {
    /// The name on the wire.
    name: &'static str,
    /// `None` where runs know nothing of it.
    run: Option<RunSortBy>,
    /// `None` where jobs of data sets know nothing of it.
    column: Option<JobColumn>,
}

const fn key(name: &'static str, run: Option<RunSortBy>, column: Option<JobColumn>) -> JobListKey {
    JobListKey { name, run, column }
}

/// Sizes in MB are sorted by their bytes, seconds by their milliseconds: the same order, and finer.
const KEYS: &[JobListKey] = {
    use JobColumn as C;
    use RunSortBy as R;
    &[
        key("created_time", Some(R::Created), Some(C::Start)),
        key("start_time", Some(R::Started), Some(C::Start)),
        key("end_time", Some(R::Ended), Some(C::End)),
        key("duration_ms", Some(R::Duration), Some(C::DurationMs)),
        key("duration_seconds", Some(R::Duration), Some(C::DurationMs)),
        key("job_id", Some(R::Id), Some(C::Id)),
        key("job_name", Some(R::Name), Some(C::Name)),
        key("job_type", Some(R::JobType), Some(C::JobType)),
        key("status", Some(R::Status), Some(C::Status)),
        key("state", Some(R::State), Some(C::Status)),
        key("num_stages", Some(R::Stages), Some(C::NumStages)),
        key("num_tasks", Some(R::Tasks), Some(C::NumTasks)),
        key("num_failed_tasks", Some(R::FailedTasks), Some(C::NumFailedTasks)),
        key("num_killed_tasks", None, Some(C::NumKilledTasks)),
        key("num_executors", Some(R::Executors), Some(C::NumExecutors)),
        key("task_time_ms", Some(R::TaskTime), Some(C::TaskTimeMs)),
        key("gc_time_ms", Some(R::GcTime), Some(C::GcTimeMs)),
        key("input_bytes", Some(R::Input), Some(C::InputBytes)),
        key("input_size_mb", Some(R::Input), Some(C::InputBytes)),
        key("output_bytes", Some(R::Output), Some(C::OutputBytes)),
        key("output_size_mb", Some(R::Output), Some(C::OutputBytes)),
        key("shuffle_read_bytes", Some(R::ShuffleRead), Some(C::ShuffleReadBytes)),
        key("shuffle_read_mb", Some(R::ShuffleRead), Some(C::ShuffleReadBytes)),
        key("shuffle_write_bytes", Some(R::ShuffleWrite), Some(C::ShuffleWriteBytes)),
        key("shuffle_write_mb", Some(R::ShuffleWrite), Some(C::ShuffleWriteBytes)),
        key("memory_spill_bytes", Some(R::MemorySpill), Some(C::MemorySpillBytes)),
        key("disk_spill_bytes", Some(R::DiskSpill), Some(C::DiskSpillBytes)),
        key("memory_per_executor_mb", None, Some(C::ExecutorMemoryMb)),
        key("total_memory_mb", None, Some(C::TotalMemoryMb)),
        key("cpu_cores_per_executor", None, Some(C::ExecutorCores)),
        key("user", Some(R::User), Some(C::User)),
        key("spark_version", Some(R::SparkVersion), Some(C::SparkVersion)),
        key("attempt", None, Some(C::Attempt)),
        key("scenario", None, Some(C::Scenario)),
        key("num_findings", Some(R::Findings), None),
    ]
};

impl JobListKey {
    /// The key of this name.
    pub fn parse(name: &str) -> Option<Self> {
        KEYS.iter().copied().find(|key| key.name == name)
    }

    /// All names.
    pub fn names() -> impl Iterator<Item = &'static str> {
        KEYS.iter().map(|key| key.name)
    }

    /// The name on the wire.
    pub fn as_str(self) -> &'static str {
        self.name
    }

    /// What it is of runs; `None` where they know nothing of it.
    pub(super) fn run(self) -> Option<RunSortBy> {
        self.run
    }

    /// What it is of jobs of data sets; `None` where they know nothing of it.
    pub(super) fn column(self) -> Option<JobColumn> {
        self.column
    }
}

/// A job with its place.
struct Entry {
    place: Place,
    job: ListedJob,
}

/// Rows that are read of a source at a time: of the longest page, and one that tells whether there are more.
const CHUNK: u64 = 501;

impl App {
    /// A page of all jobs: runs, and those of data sets.
    ///
    /// # Errors
    /// [`Error::BadCursor`], [`Error::Store`], [`Error::Table`].
    pub async fn jobs(&self, query: &JobListQuery) -> Result<JobListPage, Error> {
        let sets = self.inner.job_sets.all();
        let mut query = query.clone();
        if sets.is_empty() || query.sort.is_empty() {
            // Nothing of data sets takes part, so states may come in the order of their own names.
        } else {
            for (key, _) in &mut query.sort {
                if key.run == Some(RunSortBy::State) {
                    key.run = Some(RunSortBy::Status);
                }
            }
        }
        let order = order_text(&query.sort);
        let after = match query.after.as_deref() {
            None => None,
            Some(text) => Some(
                decode(text)
                    .filter(|place| place.order == order && place.values.len() == query.sort.len())
                    .ok_or(Error::BadCursor)?,
            ),
        };
        let mut sources = vec![Source::runs(&query)];
        sources.extend(sets.iter().map(|set| Source::set(&query, set)));
        let mut skip = query.offset;
        let wanted = query.limit as u64 + 1;
        let mut total = 0;
        for source in &mut sources {
            source.after.clone_from(&after);
            source.chunk = skip.saturating_add(wanted).min(CHUNK);
            // The first rows come with the total; what is passed over is not read for it.
            if skip == 0 {
                source.fill(self, &query, &order).await?;
            } else {
                source.total = source.count(self).await?;
            }
            total += source.total;
        }
        sources.retain(|source| source.total > 0);
        if let [only] = sources.as_mut_slice() {
            only.offset = std::mem::take(&mut skip);
            only.chunk = wanted;
        }
        let mut entries: Vec<Entry> = Vec::new();
        while entries.len() <= query.limit {
            for source in &mut sources {
                source.fill(self, &query, &order).await?;
            }
            let next = sources
                .iter_mut()
                .filter(|source| !source.waiting.is_empty())
                .min_by(|a, b| compare(&query.sort, a.waiting.front(), b.waiting.front()))
                .and_then(|source| source.waiting.pop_front());
            match next {
                None => break,
                Some(_) if skip > 0 => skip -= 1,
                Some(entry) => entries.push(entry),
            }
        }
        let has_more = entries.len() > query.limit;
        entries.truncate(query.limit);
        let last = entries.last().filter(|_| has_more);
        let next = last.map(|entry| encode(&entry.place));
        Ok(JobListPage { jobs: entries.into_iter().map(|entry| entry.job).collect(), total, next })
    }
}

/// Something that has jobs.
struct Source {
    /// Runs when there is none.
    set: Option<Arc<OpenSet>>,
    filter: RunFilter,
    query: JobQuery,
    /// Whether nothing of it can match.
    is_empty: bool,
    after: Option<Place>,
    offset: u64,
    chunk: u64,
    /// Jobs that match, once some were read.
    total: u64,
    waiting: VecDeque<Entry>,
    is_done: bool,
}

impl Source {
    fn new(set: Option<Arc<OpenSet>>) -> Self {
        Self {
            set,
            filter: RunFilter::default(),
            query: JobQuery::default(),
            is_empty: false,
            after: None,
            offset: 0,
            chunk: CHUNK,
            total: 0,
            waiting: VecDeque::new(),
            is_done: false,
        }
    }

    fn runs(query: &JobListQuery) -> Self {
        let states: Vec<RunState> = RunState::ALL
            .into_iter()
            .filter(|state| query.states.is_empty() || query.states.contains(state))
            .filter(|state| {
                query.statuses.is_empty()
                    || query.statuses.iter().any(|word| word == status_of(*state))
            })
            .collect();
        let is_all = query.states.is_empty() && query.statuses.is_empty();
        let is_empty = states.is_empty();
        let filter = RunFilter {
            workspace: WorkspaceId::default(),
            states: if is_all { Vec::new() } else { states },
            job_type: query.job_type.clone(),
            engine: query.engine.clone(),
            name_contains: query.search.clone(),
            since: query.since,
            until: query.until,
            ..RunFilter::default()
        };
        Self { filter, is_empty, ..Self::new(None) }
    }

    fn set(query: &JobListQuery, set: &Arc<OpenSet>) -> Self {
        let words = set.index.counts(JobColumn::Status);
        let words = words.into_iter().map(|(word, _)| word);
        let statuses = (!query.states.is_empty() || !query.statuses.is_empty()).then(|| {
            words
                .filter(|word| query.states.is_empty() || query.states.contains(&state_of(word)))
                .filter(|word| {
                    query.statuses.is_empty() || query.statuses.iter().any(|w| w == word)
                })
                .map(str::to_owned)
                .collect()
        });
        // Data sets have no engine.
        let has_engine = query.engine.is_some();
        let us = |time: TimestampMs| time.as_micros();
        let query = JobQuery {
            statuses,
            types: query.job_type.clone().map(|word| vec![word]),
            since_us: query.since.map(us),
            until_us: query.until.map(us),
            search: query.search.clone(),
            sort: index_sort(&query.sort),
            ..JobQuery::default()
        };
        Self { query, is_empty: has_engine, ..Self::new(Some(Arc::clone(set))) }
    }

    /// Jobs that match.
    async fn count(&self, app: &App) -> Result<u64, Error> {
        match &self.set {
            _ if self.is_empty => Ok(0),
            None => Ok(app.inner.store.run_count(&self.filter).await?),
            Some(set) => {
                let (set, query) = (Arc::clone(set), self.query.clone());
                blocking(move || Ok(set.index.page(&query)?.total)).await
            }
        }
    }

    /// Reads on when nothing is waiting.
    async fn fill(&mut self, app: &App, query: &JobListQuery, order: &str) -> Result<(), Error> {
        if !self.waiting.is_empty() || self.is_done || self.is_empty {
            return Ok(());
        }
        let offset = std::mem::take(&mut self.offset);
        let place = |values, time_us, id| Place { order: order.to_owned(), values, time_us, id };
        match &self.set {
            None => {
                let after = self.after.as_ref().map(|place| run_place(place, query));
                let page = Page { offset, limit: self.chunk };
                let sort = run_sort(&query.sort);
                let store = &app.inner.store;
                let last = run_order(is_descending(&query.sort));
                let sort = (sort.as_slice(), last);
                let (runs, total) =
                    store.run_list_after(&self.filter, sort, after.as_ref(), page).await?;
                self.total = total;
                for run in runs {
                    let values = query.sort.iter().map(|(key, _)| value_of_run(&run, *key));
                    let time = Some(run.created.as_micros());
                    let place = place(values.collect(), time, run.id.to_string());
                    let job = ListedJob::Run(Box::new(app.view(&run)));
                    self.waiting.push_back(Entry { place, job });
                }
            }
            Some(set) => {
                let page = JobQuery {
                    after: self.after.as_ref().map(|place| job_cursor(place, query)),
                    offset,
                    limit: usize::try_from(self.chunk).unwrap_or(usize::MAX),
                    ..self.query.clone()
                };
                let set = Arc::clone(set);
                let found = blocking(move || Ok(set.index.page(&page)?)).await?;
                self.total = found.total;
                for row in found.jobs {
                    let values = query.sort.iter().map(|(key, _)| match key.column {
                        None => Value::Unknown(()),
                        Some(column) => match row.value(column) {
                            JobValue::Text(text) => Value::Text(text.clone()),
                            value => value.as_int().map_or(Value::Unknown(()), Value::Number),
                        },
                    });
                    let id = row.text(JobColumn::Id).to_owned();
                    let place = place(values.collect(), row.int(JobColumn::Start), id);
                    self.waiting
                        .push_back(Entry { place, job: ListedJob::Imported(Box::new(row)) });
                }
            }
        }
        self.is_done = (self.waiting.len() as u64) < self.chunk;
        if let Some(last) = self.waiting.back() {
            self.after = Some(last.place.clone());
        }
        Ok(())
    }
}

/// Which way equal jobs come.
pub(super) fn is_descending(sort: &[(JobListKey, bool)]) -> bool {
    sort.last().is_none_or(|(_, descending)| *descending)
}

fn run_order(is_descending: bool) -> SortOrder {
    if is_descending { SortOrder::Descending } else { SortOrder::Ascending }
}

/// Columns that runs know.
fn run_sort(sort: &[(JobListKey, bool)]) -> Vec<RunSort> {
    let known = sort.iter().filter_map(|(key, descending)| {
        Some(RunSort { by: key.run?, order: run_order(*descending) })
    });
    known.collect()
}

/// Columns that data sets know. Where the last one is not among them, the start stands for it: equal jobs come by it
/// anyway, and in the direction of the last.
fn index_sort(sort: &[(JobListKey, bool)]) -> Vec<JobSort> {
    let of = |column, descending| JobSort {
        column,
        direction: if descending { Direction::Descending } else { Direction::Ascending },
    };
    let known = sort.iter().filter_map(|(key, descending)| Some(of(key.column?, *descending)));
    let start = needs_start(sort).then(|| of(JobColumn::Start, is_descending(sort)));
    known.chain(start).collect()
}

pub(super) fn needs_start(sort: &[(JobListKey, bool)]) -> bool {
    sort.last().is_none_or(|(key, _)| key.column.is_none())
}

fn value_of_run(run: &Run, key: JobListKey) -> Value {
    let number = |value: u64| Value::Number(i64::try_from(value).unwrap_or(i64::MAX));
    let time = |time: Option<TimestampMs>| {
        time.map_or(Value::Unknown(()), |time| Value::Number(time.as_micros()))
    };
    let text = |text: &str| {
        if text.is_empty() { Value::Unknown(()) } else { Value::Text(text.to_owned()) }
    };
    let totals = &run.totals;
    match key.run {
        None => Value::Unknown(()),
        Some(RunSortBy::Created) => time(Some(run.created)),
        Some(RunSortBy::Started) => time(run.started),
        Some(RunSortBy::Ended) => time(run.ended),
        Some(RunSortBy::Duration) => run.duration.map_or(Value::Unknown(()), |d| number(d.0)),
        Some(RunSortBy::Name) => Value::Text(run.name.chars().take(190).collect()),
        Some(RunSortBy::State) => Value::Text(run.state.as_str().to_owned()),
        Some(RunSortBy::Status) => Value::Text(status_of(run.state).to_owned()),
        Some(RunSortBy::TaskTime) => number(totals.task_time.0),
        Some(RunSortBy::Input) => number(totals.input.0),
        Some(RunSortBy::Output) => number(totals.output.0),
        Some(RunSortBy::ShuffleRead) => number(totals.shuffle_read.0),
        Some(RunSortBy::ShuffleWrite) => number(totals.shuffle_write.0),
        Some(RunSortBy::DiskSpill) => number(totals.disk_spill.0),
        Some(RunSortBy::MemorySpill) => number(totals.memory_spill.0),
        Some(RunSortBy::Tasks) => number(totals.num_tasks),
        Some(RunSortBy::FailedTasks) => number(totals.num_failed_tasks),
        Some(RunSortBy::Findings) => Value::Number(run.num_findings.into()),
        Some(RunSortBy::Id) => Value::Text(run.id.to_string()),
        Some(RunSortBy::JobType) => text(&run.job_type),
        Some(RunSortBy::Stages) => number(totals.num_stages),
        Some(RunSortBy::Executors) => number(totals.num_executors),
        Some(RunSortBy::GcTime) => number(totals.gc_time.0),
        Some(RunSortBy::User) => text(run.user.as_str()),
        Some(RunSortBy::SparkVersion) => {
            text(run.spark_version.as_ref().map_or("", |version| version.text.as_str()))
        }
    }
}

/// How two jobs stand in the list.
fn compare(sort: &[(JobListKey, bool)], a: Option<&Entry>, b: Option<&Entry>) -> Ordering {
    let (Some(a), Some(b)) = (a, b) else { return Ordering::Equal };
    let (a, b) = (&a.place, &b.place);
    let directed = |order: Ordering, descending: bool| {
        if descending { order.reverse() } else { order }
    };
    for ((key, descending), (a, b)) in sort.iter().zip(a.values.iter().zip(&b.values)) {
        let order = match (a, b) {
            (Value::Unknown(()), Value::Unknown(())) => Ordering::Equal,
            (Value::Unknown(()), _) => Ordering::Less,
            (_, Value::Unknown(())) => Ordering::Greater,
            (Value::Number(a), Value::Number(b)) => a.cmp(b),
            (Value::Number(_), Value::Text(_)) => Ordering::Less,
            (Value::Text(_), Value::Number(_)) => Ordering::Greater,
            (Value::Text(a), Value::Text(b)) if key.run == Some(RunSortBy::Name) => {
                a.to_lowercase().cmp(&b.to_lowercase())
            }
            (Value::Text(a), Value::Text(b)) => a.cmp(b),
        };
        if order.is_ne() {
            return directed(order, *descending);
        }
    }
    directed(a.time_us.cmp(&b.time_us).then_with(|| a.id.cmp(&b.id)), is_descending(sort))
}

/// The seed's word for a state, and ours where it has none: what `status` says of a run.
pub fn status_of(state: RunState) -> &'static str {
    match state {
        RunState::Queued => "QUEUED",
        RunState::Submitting | RunState::Starting | RunState::Running => "RUNNING",
        RunState::Succeeded => "COMPLETED",
        RunState::Failed => "FAILED",
        RunState::Cancelled => "CANCELLED",
        RunState::TimedOut => "TIMED_OUT",
        RunState::Lost => "LOST",
    }
}

/// The state that a word stands for; that of a word that is not known is lost.
pub(crate) fn state_of(status: &str) -> RunState {
    match status {
        "QUEUED" | "PENDING" => RunState::Queued,
        "RUNNING" => RunState::Running,
        "COMPLETED" | "SUCCEEDED" | "SUCCESS" | "FINISHED" => RunState::Succeeded,
        "FAILED" | "ERROR" => RunState::Failed,
        "CANCELLED" | "CANCELED" | "KILLED" => RunState::Cancelled,
        "TIMED_OUT" => RunState::TimedOut,
        _ => RunState::Lost,
    }
}

impl ImportedJob {
    /// Its id.
    pub fn id(&self) -> &str {
        self.row.text(JobColumn::Id)
    }
}

/// The state that the status of a job of a data set stands for.
pub fn state_of_row(row: &JobRow) -> RunState {
    state_of(row.text(JobColumn::Status))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_has_one_name_and_somebody_who_knows_it() {
        for key in KEYS {
            assert_eq!(JobListKey::parse(key.name), Some(*key));
            assert!(key.run.is_some() || key.column.is_some());
        }
        for column in JobColumn::ALL {
            let known = JobListKey::parse(column.as_str()).is_some();
            let is_text_only = matches!(column, JobColumn::RetryOf | JobColumn::ErrorMessage);
            assert_eq!(known, !is_text_only, "{}", column.as_str());
        }
    }
}
