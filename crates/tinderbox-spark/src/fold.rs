//! The fold of events into an application.
//!
//! Counts and sums follow Spark's `AppStatusListener` and `SQLAppStatusListener` (3.5 and 4.x), so that they
//! equal what Spark's history server answers. Where those classes ignore events whose beginning they have not
//! seen (a task's end without its start), so does this fold, unless it is known that events are missing: live
//! streams shed task starts.

mod application;
mod connect;
mod exclusion;
mod executors;
mod failures;
mod indices;
mod internal_metrics;
mod jobs;
mod names;
mod redaction;
mod sql;
mod stages;
mod storage;
mod streaming;
mod tasks;

use crate::event::{
    AdaptiveExecutionUpdate, BlockUpdated, DriverAccumUpdates, ExclusionKind, SqlExecutionEnd,
    SqlExecutionStart, StreamingProgressEvent, TaskEnd, TaskStart, UnpersistRdd, event_name, scan,
    short_name,
};
use crate::scala_order::Scala;
use connect::Connect;
use executors::Executors;
use jobs::Jobs;
use names::Names;
use sql::Sql;
use stages::{Over, Stages};
use std::collections::{BTreeMap, HashMap};
use storage::Rdds;
use tinderbox_model::{
    Application, Completeness, Environment, Executor, Job, SqlExecution, SqlExecutionId, Stage,
    Task, TaskId, TimestampMs,
};

/// Folds event lines, one after the other, into an application.
///
/// Memory is bounded by the number of jobs, stages, executors and SQL executions, never by the number of
/// tasks: ended tasks are handed on, running ones are kept up to [`Fold::RUNNING_LIMIT`].
#[derive(Debug, Default)]
pub struct Fold {
    /// Everything but the lists, which the parts below hold.
    head: Application,
    stages: Stages,
    jobs: Jobs,
    executors: Executors,
    sql: Sql,
    rdds: Rdds,
    connect: Connect,
    /// The stage attempt that ended with the task at hand.
    over: Option<Over>,
    running: HashMap<TaskId, Task, foldhash::fast::RandomState>,
    names: Names,
    lines: u64,
    place: Place,
}

/// Where the line that is being folded lies, for messages.
#[derive(Debug, Default)]
struct Place {
    file: String,
    byte: Option<u64>,
}

impl Place {
    /// `what` with this place.
    fn locate(&self, what: &str) -> String {
        let Self { file, byte } = self;
        match byte {
            Some(byte) if file.is_empty() => format!("{what} (at byte {byte})"),
            Some(byte) => format!("{what} (at byte {byte} of {file})"),
            None => what.to_owned(),
        }
    }
}

/// A line that is ready to be folded. Parsing needs nothing but the line, so many lines may be parsed at a time; folding
/// must follow their order.
#[derive(Debug)]
pub struct ParsedLine<'a>(Parsed<'a>);

#[derive(Debug)]
enum Parsed<'a> {
    TaskStart(TaskStart<'a>),
    TaskEnd(Box<TaskEnd<'a>>),
    /// Left to the fold: it is none of these two, or cannot be read.
    Other(&'a [u8]),
}

impl<'a> ParsedLine<'a> {
    /// Parses the events of tasks, nearly all of a large log, and leaves the others as they are.
    pub fn new(line: &'a [u8]) -> Self {
        let text = line.trim_ascii();
        Self(match event_name(text).as_deref() {
            Some("SparkListenerTaskStart") => scan::task_start(text)
                .or_else(|| serde_json::from_slice(text).ok())
                .map_or(Parsed::Other(line), Parsed::TaskStart),
            Some("SparkListenerTaskEnd") => scan::task_end(text)
                .or_else(|| serde_json::from_slice(text).ok())
                .map_or(Parsed::Other(line), |event| Parsed::TaskEnd(Box::new(event))),
            _ => Parsed::Other(line),
        })
    }
}

impl Fold {
    /// More running tasks than this are not followed; they count when they end.
    pub const RUNNING_LIMIT: usize = 200_000;
    /// How many bytes the values of SQL metrics of running executions take at most, unless set otherwise.
    pub const SQL_VALUES_LIMIT: usize = 96 << 20;
    const SAMPLES: usize = 5;
    const UNKNOWN_EVENT_NAMES: usize = 100;

    /// An application of which nothing is known.
    pub fn new() -> Self {
        Self::default()
    }

    /// Folds one line of an event log. Tasks that end with it are handed to `on_task`.
    ///
    /// Never fails: a line that cannot be read is counted in [`Completeness::bad_lines`].
    pub fn line(&mut self, line: &[u8], on_task: &mut dyn FnMut(Task)) {
        self.parsed(ParsedLine::new(line), on_task);
    }

    /// The same for a line that was parsed before, maybe by another thread.
    pub fn parsed(&mut self, line: ParsedLine<'_>, on_task: &mut dyn FnMut(Task)) {
        self.lines += 1;
        match line.0 {
            Parsed::TaskStart(event) => self.task_start(event),
            Parsed::TaskEnd(event) => self.task_end(*event, on_task),
            Parsed::Other(line) => self.any_line(line, on_task),
        }
    }

    fn any_line(&mut self, line: &[u8], on_task: &mut dyn FnMut(Task)) {
        let line = line.trim_ascii();
        if line.is_empty() {
            return;
        }
        let Some(name) = event_name(line) else {
            self.bad_line("no JSON object with an Event");
            return;
        };
        if let Err(error) = self.event(&name, line, on_task) {
            self.bad_line(&error.to_string());
        }
    }

    /// Names the file that the next lines come from, for messages about lines that cannot be read.
    pub fn in_file(&mut self, name: &str) {
        name.clone_into(&mut self.place.file);
        self.place.byte = None;
    }

    /// The byte of the (decoded) file at which the next line begins, for the same messages.
    pub fn at_byte(&mut self, byte: u64) {
        self.place.byte = Some(byte);
    }

    /// Notes a line that was too long to be read.
    pub fn skipped_line(&mut self, why: &str) {
        self.lines += 1;
        self.bad_line(why);
    }

    /// Sets how many bytes the values of SQL metrics of running executions take at most. When that is not enough, medians
    /// are those of a part of the tasks, and [`Completeness::approximate`] says so.
    pub fn limit_sql_values(&mut self, bytes: usize) {
        self.sql.limit_values(bytes);
    }

    /// Takes over the listener's drop counters: events shed so far by kind, cumulative over the stream.
    pub fn shed(&mut self, counters: &BTreeMap<String, u64>) {
        self.head.completeness.shed_events.clone_from(counters);
    }

    /// Notes that events are missing from here on, and why. The first reason stays.
    pub fn truncated(&mut self, reason: &str) {
        self.head.completeness.truncated.get_or_insert_with(|| reason.to_owned());
    }

    /// The application as it stands, jobs, stages and SQL executions sorted by id.
    pub fn application(&mut self) -> Application {
        self.sql.refresh();
        let mut application = self.head.clone();
        application.jobs = self.jobs().cloned().collect();
        application.stages = self.stages().cloned().collect();
        application.executors = self.executors().cloned().collect();
        application.sql = self.sql.iter().cloned().collect();
        self.fill_rest(&mut application);
        application
    }

    /// The application when no more events come.
    pub fn finish(mut self) -> Application {
        self.sql.refresh();
        let mut application = std::mem::take(&mut self.head);
        self.head.completeness = std::mem::take(&mut application.completeness);
        self.head.spark_version.clone_from(&application.spark_version);
        self.fill_rest(&mut application);
        application.jobs = self.jobs.into_jobs();
        application.stages = self.stages.into_stages();
        application.executors = self.executors.into_executors();
        application.sql = self.sql.into_executions();
        application
    }

    /// Fills in what is made only when it is asked for.
    fn fill_rest(&self, application: &mut Application) {
        application.rdds = self.rdds.storage(self.scala());
        application.connect_sessions = self.connect.sessions().to_vec();
        application.connect_operations = self.connect.operations();
        application.completeness = self.completeness();
    }

    /// Id, name, times, versions and environment. Its lists are empty: see the other accessors.
    pub fn head(&self) -> &Application {
        &self.head
    }

    /// Versions and configuration.
    pub fn environment(&self) -> &Environment {
        &self.head.environment
    }

    /// When the application began.
    pub fn start_time(&self) -> Option<TimestampMs> {
        self.head.start_time
    }

    /// How much of the truth is here.
    pub fn completeness(&self) -> Completeness {
        let mut completeness = self.head.completeness.clone();
        completeness.lost_task_ends = self.stages.lost_task_ends();
        if completeness.ended {
            completeness.lost_job_ends = self.jobs.num_running();
        }
        if self.sql.has_dropped_values() {
            completeness.approximate.get_or_insert_with(|| {
                String::from("medians of SQL metrics are those of a part of the tasks: their values take too much memory")
            });
        }
        completeness
    }

    /// Jobs by id.
    pub fn jobs(&self) -> impl Iterator<Item = &Job> {
        self.jobs.iter()
    }

    /// Stage attempts by id.
    pub fn stages(&self) -> impl Iterator<Item = &Stage> {
        self.stages.iter()
    }

    /// Executors in order of appearance.
    pub fn executors(&self) -> impl Iterator<Item = &Executor> {
        self.executors.iter()
    }

    /// SQL executions by id. Brings the metric values of their plans up to date first, which is why it
    /// needs the fold to itself.
    pub fn sql(&mut self) -> impl Iterator<Item = &SqlExecution> {
        self.sql.refresh();
        self.sql.iter()
    }

    /// Tasks that were launched and have not ended, in no order.
    pub fn running_tasks(&self) -> impl Iterator<Item = &Task> {
        self.running.values()
    }

    fn event(
        &mut self,
        name: &str,
        line: &[u8],
        on_task: &mut dyn FnMut(Task),
    ) -> serde_json::Result<()> {
        use serde_json::from_slice as read;
        match short_name(name) {
            "TaskEnd" => self.task_end(read(line)?, on_task),
            "TaskStart" => self.task_start(read(line)?),
            "StageSubmitted" => self.stage_submitted(read(line)?),
            "StageCompleted" => self.stage_completed(read(line)?),
            "JobStart" => self.job_start(read(line)?),
            "JobEnd" => self.job_end(read(line)?),
            "ExecutorAdded" => self.executor_added(read(line)?),
            "ExecutorRemoved" => self.executor_removed(read(line)?),
            "BlockManagerAdded" => self.block_manager_added(&read(line)?),
            "StageExecutorMetrics" => self.stage_executor_metrics(&read(line)?),
            "ExecutorMetricsUpdate" => self.executor_metrics_update(&read(line)?),
            "BlockUpdated" => {
                let event: BlockUpdated<'_> = read(line)?;
                self.block_updated(&event.info);
            }
            "UnpersistRDD" => {
                let event: UnpersistRdd = read(line)?;
                self.rdds.unpersist(event.id, &mut self.executors);
            }
            "LogStart" => self.log_start(&read(line)?),
            "ApplicationStart" => self.application_start(read(line)?),
            "ApplicationEnd" => self.application_end(&read(line)?),
            "EnvironmentUpdate" => self.environment_update(read(line)?),
            "ResourceProfileAdded" => self.resource_profile_added(read(line)?),
            "MiscellaneousProcessAdded" => self.process_added(read(line)?),
            other => return self.other_event(name, other, line),
        }
        Ok(())
    }

    /// Events beside those of Spark's core.
    fn other_event(&mut self, name: &str, short: &str, line: &[u8]) -> serde_json::Result<()> {
        use serde_json::from_slice as read;
        match short {
            "SQLExecutionStart" => {
                let event: SqlExecutionStart<'_> = read(line)?;
                self.see(event.time);
                let id = SqlExecutionId(event.id);
                self.connect.sql_start(event.job_tags.as_deref().unwrap_or_default(), id);
                self.sql.start(event, self.scala())?;
            }
            "SQLAdaptiveExecutionUpdate" => {
                let event: AdaptiveExecutionUpdate<'_> = read(line)?;
                self.sql.replace_plan(event)?;
            }
            "SQLAdaptiveSQLMetricUpdates" => self.sql.follow(&read(line)?),
            "SQLExecutionEnd" => {
                let event: SqlExecutionEnd<'_> = read(line)?;
                self.see(event.time);
                self.sql.end(event);
            }
            "DriverAccumUpdates" => {
                let event: DriverAccumUpdates = read(line)?;
                self.sql.driver_updates(&event);
            }
            "QueryStartedEvent" => self.streaming_started(read(line)?),
            "QueryProgressEvent" => {
                let event: StreamingProgressEvent = read(line)?;
                self.streaming_progress(event.progress);
            }
            "QueryIdleEvent" => self.streaming_idle(&read(line)?),
            "QueryTerminatedEvent" => self.streaming_terminated(read(line)?),
            "ConnectSessionStarted" => self.connect_session_started(read(line)?),
            "ConnectSessionClosed" => self.connect_session_closed(&read(line)?),
            "ConnectOperationStarted" => self.connect_operation_started(read(line)?),
            _ => {
                if let Some(kind) = ExclusionKind::of(short) {
                    self.exclusion(kind, &read(line)?);
                } else if let Some(what) = short.strip_prefix("ConnectOperation") {
                    self.connect_operation_event(what, read(line)?);
                } else if !is_unused(name, short) {
                    self.unknown_event(name);
                }
            }
        }
        Ok(())
    }

    /// Moves the time of the latest event. Zero and below mean that an event carried none.
    fn see(&mut self, time: i64) {
        if time > 0 {
            let last = &mut self.head.last_event_time;
            *last = (*last).max(Some(TimestampMs(time)));
        }
    }

    fn bad_line(&mut self, what: &str) {
        let completeness = &mut self.head.completeness;
        completeness.bad_lines += 1;
        if completeness.bad_line_samples.len() < Self::SAMPLES {
            completeness.bad_line_samples.push((self.lines, self.place.locate(what)));
        }
    }

    /// Notes that the event at hand cannot follow what came before it.
    fn contradiction(&mut self, what: &str) {
        let completeness = &mut self.head.completeness;
        completeness.contradictions += 1;
        if completeness.contradiction_samples.len() < Self::SAMPLES {
            completeness.contradiction_samples.push((self.lines, self.place.locate(what)));
        }
    }

    /// Compares the two ends of something. Clocks that are set make small steps back, which mean nothing.
    fn check_order(&mut self, what: impl std::fmt::Display, begin: i64, end: i64) {
        const STEP_MS: i64 = 1_000;
        let back = begin.saturating_sub(end);
        if begin > 0 && end > 0 && back > STEP_MS {
            self.contradiction(&format!("the clock goes back: {what} ends {back} ms too early"));
        }
    }

    fn unknown_event(&mut self, name: &str) {
        let unknown = &mut self.head.completeness.unknown_events;
        if let Some(count) = unknown.get_mut(name) {
            *count += 1;
        } else if unknown.len() < Self::UNKNOWN_EVENT_NAMES {
            unknown.insert(name.to_owned(), 1);
        }
    }

    fn has_shed_task_ends(&self) -> bool {
        self.head.completeness.shed_events.get("SparkListenerTaskEnd").is_some_and(|&shed| shed > 0)
    }

    /// Whether events are known to be missing in the middle, so that their traces in later ones count.
    fn is_incomplete(&self) -> bool {
        let completeness = &self.head.completeness;
        !completeness.shed_events.is_empty() || completeness.truncated.is_some()
    }

    fn scala(&self) -> Scala {
        Scala::of(self.head.spark_version.as_ref())
    }
}

/// Events of Spark that are known and hold nothing that the application needs.
fn is_unused(name: &str, short: &str) -> bool {
    const CORE: [&str; 7] = [
        "BlockManagerRemoved",
        "ConnectServiceEnd",
        "ConnectServiceStarted",
        "SpeculativeTaskSubmitted",
        "TaskGettingResult",
        "UnschedulableTaskSetAdded",
        "UnschedulableTaskSetRemoved",
    ];
    const FAMILIES: [&str; 3] = [
        "org.apache.spark.sql.catalyst.catalog.",
        "org.apache.spark.sql.hive.thriftserver.ui.SparkListenerThriftServer",
        "org.apache.spark.streaming.scheduler.StreamingListener",
    ];
    CORE.contains(&short) || FAMILIES.iter().any(|family| name.starts_with(family))
}
