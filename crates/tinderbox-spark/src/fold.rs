//! The fold of events into an application.
//!
//! Counts and sums follow Spark's `AppStatusListener` and `SQLAppStatusListener` (3.5 and 4.x), so that they
//! equal what Spark's history server answers. Where that class ignores events whose beginning it has not
//! seen (a task's end without its start), this fold counts them: live streams shed task starts.

mod application;
mod executors;
mod failures;
mod jobs;
mod names;
mod redaction;
mod sql;
mod stages;
mod tasks;

use crate::event::{
    AdaptiveExecutionUpdate, DriverAccumUpdates, ExecutorMetricsUpdate, SqlExecutionEnd,
    SqlExecutionStart, StageExecutorMetrics, TaskEnd, TaskStart, event_name, scan,
};
use executors::Executors;
use jobs::Jobs;
use names::Names;
use sql::Sql;
use stages::Stages;
use std::collections::{BTreeMap, HashMap};
use tinderbox_model::{
    Application, Completeness, Environment, Executor, Job, SqlExecution, Stage, Task, TaskId,
    TimestampMs,
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
    const BAD_LINE_SAMPLES: usize = 5;
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
        application.completeness = self.completeness();
        application
    }

    /// The application when no more events come.
    pub fn finish(mut self) -> Application {
        self.sql.refresh();
        let completeness = self.completeness();
        Application {
            jobs: self.jobs.into_jobs(),
            stages: self.stages.into_stages(),
            executors: self.executors.into_executors(),
            sql: self.sql.into_executions(),
            completeness,
            ..self.head
        }
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
        match name.strip_prefix("org.apache.spark.sql.execution.ui.").unwrap_or(name) {
            "SparkListenerTaskEnd" => self.task_end(read(line)?, on_task),
            "SparkListenerTaskStart" => self.task_start(read(line)?),
            "SparkListenerStageSubmitted" => self.stage_submitted(read(line)?),
            "SparkListenerStageCompleted" => self.stage_completed(read(line)?),
            "SparkListenerJobStart" => self.job_start(read(line)?),
            "SparkListenerJobEnd" => self.job_end(read(line)?),
            "SparkListenerSQLExecutionStart" => {
                let event: SqlExecutionStart<'_> = read(line)?;
                self.see(event.time);
                self.sql.start(event)?;
            }
            "SparkListenerSQLAdaptiveExecutionUpdate" => {
                let event: AdaptiveExecutionUpdate<'_> = read(line)?;
                self.sql.replace_plan(event)?;
            }
            "SparkListenerSQLExecutionEnd" => {
                let event: SqlExecutionEnd<'_> = read(line)?;
                self.see(event.time);
                self.sql.end(event);
            }
            "SparkListenerDriverAccumUpdates" => {
                let event: DriverAccumUpdates = read(line)?;
                self.sql.driver_updates(&event);
            }
            "SparkListenerExecutorAdded" => self.executor_added(read(line)?),
            "SparkListenerExecutorRemoved" => self.executor_removed(read(line)?),
            "SparkListenerBlockManagerAdded" => self.block_manager_added(&read(line)?),
            "SparkListenerStageExecutorMetrics" => {
                let event: StageExecutorMetrics<'_> = read(line)?;
                self.executors.raise_peaks(&event.executor, event.metrics.into());
            }
            "SparkListenerExecutorMetricsUpdate" => {
                let event: ExecutorMetricsUpdate<'_> = read(line)?;
                for update in event.updates {
                    self.executors.raise_peaks(&event.executor, update.metrics.into());
                }
            }
            "SparkListenerLogStart" => self.log_start(&read(line)?),
            "SparkListenerApplicationStart" => self.application_start(read(line)?),
            "SparkListenerApplicationEnd" => self.application_end(&read(line)?),
            "SparkListenerEnvironmentUpdate" => self.environment_update(read(line)?),
            _ if is_unused(name) => {}
            _ => self.unknown_event(name),
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
        if completeness.bad_line_samples.len() < Self::BAD_LINE_SAMPLES {
            let Place { file, byte } = &self.place;
            let what = match byte {
                Some(byte) if file.is_empty() => format!("{what} (at byte {byte})"),
                Some(byte) => format!("{what} (at byte {byte} of {file})"),
                None => what.to_owned(),
            };
            completeness.bad_line_samples.push((self.lines, what));
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
}

/// Events of Spark that are known and hold nothing that the application needs. `SQLAdaptiveSQLMetricUpdates`
/// only announces accumulators, and this fold follows all SQL accumulators.
fn is_unused(name: &str) -> bool {
    const CORE: [&str; 21] = [
        "BlockManagerRemoved",
        "BlockUpdated",
        "ExecutorBlacklisted",
        "ExecutorBlacklistedForStage",
        "ExecutorExcluded",
        "ExecutorExcludedForStage",
        "ExecutorUnblacklisted",
        "ExecutorUnexcluded",
        "MiscellaneousProcessAdded",
        "NodeBlacklisted",
        "NodeBlacklistedForStage",
        "NodeExcluded",
        "NodeExcludedForStage",
        "NodeUnblacklisted",
        "NodeUnexcluded",
        "ResourceProfileAdded",
        "SpeculativeTaskSubmitted",
        "TaskGettingResult",
        "UnpersistRDD",
        "UnschedulableTaskSetAdded",
        "UnschedulableTaskSetRemoved",
    ];
    const FAMILIES: [&str; 6] = [
        "org.apache.spark.sql.catalyst.catalog.",
        "org.apache.spark.sql.connect.service.SparkListenerConnect",
        "org.apache.spark.sql.execution.ui.SparkListenerSQLAdaptiveSQLMetricUpdates",
        "org.apache.spark.sql.hive.thriftserver.ui.SparkListenerThriftServer",
        "org.apache.spark.sql.streaming.StreamingQueryListener$",
        "org.apache.spark.streaming.scheduler.StreamingListener",
    ];
    name.strip_prefix("SparkListener").is_some_and(|core| CORE.contains(&core))
        || FAMILIES.iter().any(|family| name.starts_with(family))
}
