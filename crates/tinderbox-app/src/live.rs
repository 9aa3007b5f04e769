//! Runs that are being watched: the fold of the events that their listener sends.
//!
//! The same fold as for event logs. Batches are numbered, so a repeated one changes nothing, and a gap (this
//! process was restarted meanwhile) marks the live view partial. Nothing here is stored: when the run ends,
//! its event log is the truth.

use serde::Deserialize;
use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tinderbox_model::{Application, RunId, RunTotals, Stage, StageStatus, Task};
use tinderbox_spark::Fold;

/// First line of a batch; see `schemas/live.schema.json`.
#[derive(Debug, Deserialize)]
pub(crate) struct Envelope {
    tinderbox: u32,
    pub session: String,
    #[serde(default)]
    pub run: Option<RunId>,
    #[serde(default)]
    pub attempt: Option<u32>,
    pub seq: u64,
    /// Whether it ends the session.
    #[serde(default, rename = "final")]
    pub is_last: bool,
    #[serde(default)]
    dropped: BTreeMap<String, u64>,
}

impl Envelope {
    /// Takes a body apart into envelope and event lines. `None` when the first line is no envelope of version 1.
    pub fn split(body: &[u8]) -> Option<(Self, &[u8])> {
        let end = body.iter().position(|byte| *byte == b'\n').unwrap_or(body.len());
        let envelope: Self = serde_json::from_slice(&body[..end]).ok()?;
        (envelope.tinderbox == 1).then(|| (envelope, body.get(end + 1..).unwrap_or_default()))
    }
}

/// One run while it lasts.
#[derive(Debug)]
pub struct LiveRun {
    fold: Fold,
    session: Option<String>,
    next_batch: u64,
    recent: VecDeque<Task>,
    shed: BTreeMap<String, u64>,
}

impl LiveRun {
    /// Ended tasks that are kept for the timeline while the run lasts.
    pub const RECENT_LIMIT: usize = 20_000;

    fn new() -> Self {
        Self {
            fold: Fold::new(),
            session: None,
            next_batch: 0,
            recent: VecDeque::new(),
            shed: BTreeMap::new(),
        }
    }

    /// The fold so far.
    pub fn fold(&self) -> &Fold {
        &self.fold
    }

    /// Stages that were submitted, by id.
    pub fn started_stages(&self) -> impl Iterator<Item = &Stage> {
        self.fold
            .stages()
            .filter(|stage| !matches!(stage.status, StageStatus::Pending | StageStatus::Skipped))
    }

    /// The latest ended tasks, at most [`LiveRun::RECENT_LIMIT`].
    pub fn recent_tasks(&self) -> impl Iterator<Item = &Task> {
        self.recent.iter()
    }

    /// Events that the listener shed, by kind.
    pub fn shed_events(&self) -> &BTreeMap<String, u64> {
        &self.shed
    }

    /// Sums so far.
    pub fn totals(&self) -> RunTotals {
        totals(self.fold.stages(), self.fold.executors().filter(|e| e.tasks.ended() > 0).count())
    }

    /// Whether figures so far may be too low.
    pub fn is_partial(&self) -> bool {
        let completeness = self.fold.completeness();
        completeness.truncated.is_some()
            || completeness.bad_lines > 0
            || self.shed.contains_key("SparkListenerTaskEnd")
    }

    fn take_batch(&mut self, envelope: Envelope, lines: &[u8]) {
        let is_known = self.session.as_deref() == Some(envelope.session.as_str());
        if is_known && envelope.seq < self.next_batch {
            return;
        }
        let expected = if is_known { self.next_batch } else { 0 };
        if envelope.seq > expected {
            self.fold.truncated("events that were sent before this server started are missing");
        }
        self.session = Some(envelope.session);
        self.next_batch = envelope.seq + 1;
        for line in lines.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
            self.take_line(line);
        }
        self.fold.shed(&envelope.dropped);
        self.shed = envelope.dropped;
    }

    fn take_line(&mut self, line: &[u8]) {
        let recent = &mut self.recent;
        let mut keep = |task: Task| {
            if recent.len() == Self::RECENT_LIMIT {
                recent.pop_front();
            }
            recent.push_back(task);
        };
        self.fold.line(line, &mut keep);
    }
}

/// The figures of the list, from stages.
pub(crate) fn totals<'a>(
    stages: impl Iterator<Item = &'a Stage>,
    num_executors: usize,
) -> RunTotals {
    let mut totals = RunTotals { num_executors: num_executors as u64, ..RunTotals::default() };
    for stage in stages {
        if matches!(stage.status, StageStatus::Pending | StageStatus::Skipped) {
            continue;
        }
        totals.num_stages += 1;
        totals.num_tasks += u64::from(stage.tasks.ended());
        totals.num_failed_tasks += u64::from(stage.tasks.failed);
        totals.task_time += stage.metrics.executor_run_time;
        totals.gc_time += stage.metrics.jvm_gc_time;
        totals.input += stage.metrics.input_bytes;
        totals.output += stage.metrics.output_bytes;
        totals.shuffle_read += stage.metrics.shuffle_read_bytes();
        totals.shuffle_write += stage.metrics.shuffle_write_bytes;
        totals.disk_spill += stage.metrics.disk_bytes_spilled;
        totals.memory_spill += stage.metrics.memory_bytes_spilled;
    }
    totals
}

/// All runs that are being watched.
#[derive(Debug, Default)]
pub(crate) struct LiveRuns {
    runs: Mutex<HashMap<RunId, Arc<Mutex<LiveRun>>>>,
}

impl LiveRuns {
    /// Folds a batch into its run.
    pub fn take_batch(&self, run: &RunId, envelope: Envelope, lines: &[u8]) {
        let live = lock(&self.runs)
            .entry(run.clone())
            .or_insert_with(|| Arc::new(Mutex::new(LiveRun::new())))
            .clone();
        lock(&live).take_batch(envelope, lines);
    }

    /// Begins a run with what an earlier process took of a session: the answer takes its lines.
    pub fn replay(&self, run: &RunId, session: &str, next_batch: u64) -> impl FnMut(&[u8]) + use<> {
        let mut begun = LiveRun::new();
        (begun.session, begun.next_batch) = (Some(session.to_owned()), next_batch);
        let live = Arc::new(Mutex::new(begun));
        lock(&self.runs).insert(run.clone(), live.clone());
        move |line| lock(&live).take_line(line)
    }

    /// Reads one run; `None` when no event of it has come.
    pub fn read<T>(&self, run: &RunId, read: impl FnOnce(&LiveRun) -> T) -> Option<T> {
        let live = lock(&self.runs).get(run).cloned()?;
        let live = lock(&live);
        Some(read(&live))
    }

    /// The application so far; `None` when no event of it has come.
    pub fn snapshot(&self, run: &RunId) -> Option<Application> {
        let live = lock(&self.runs).get(run).cloned()?;
        let mut live = lock(&live);
        Some(live.fold.application())
    }

    /// Forgets a run that has ended.
    pub fn forget(&self, run: &RunId) {
        lock(&self.runs).remove(run);
    }
}

/// A fold that panicked half-way is still readable: it is plain data, and it is thrown away at the run's end.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn batch(seq: u64, lines: &[&str]) -> Vec<u8> {
        let head = format!(
            r#"{{"tinderbox":1,"session":"s","run":"r","attempt":1,"seq":{seq},"events":{}}}"#,
            lines.len()
        );
        [&[head.as_str()], lines].concat().join("\n").into_bytes()
    }

    fn send(live: &LiveRuns, body: &[u8]) {
        let (envelope, lines) = Envelope::split(body).unwrap();
        live.take_batch(&RunId::from("r"), envelope, lines);
    }

    const STAGE: &str = r#"{"Event":"SparkListenerStageSubmitted","Stage Info":{"Stage ID":0,"Stage Attempt ID":0,"Stage Name":"s","Number of Tasks":2,"RDD Info":[],"Parent IDs":[],"Details":"","Accumulables":[],"Submission Time":5},"Properties":{}}"#;

    fn task_end(id: u32) -> String {
        format!(
            r#"{{"Event":"SparkListenerTaskEnd","Stage ID":0,"Stage Attempt ID":0,"Task Type":"ResultTask","Task End Reason":{{"Reason":"Success"}},"Task Info":{{"Task ID":{id},"Index":{id},"Attempt":0,"Launch Time":5,"Executor ID":"1","Host":"h","Locality":"ANY","Speculative":false,"Getting Result Time":0,"Finish Time":9,"Failed":false,"Killed":false,"Accumulables":[]}},"Task Metrics":{{"Executor Run Time":4}}}}"#
        )
    }

    #[test]
    fn a_repeated_batch_counts_once_and_a_gap_marks_the_run_partial() {
        let live = LiveRuns::default();
        send(&live, &batch(0, &[STAGE]));
        let (first, second) = (task_end(0), task_end(1));
        send(&live, &batch(1, &[&first]));
        send(&live, &batch(1, &[&first]));
        let read = |live: &LiveRuns| {
            live.read(&RunId::from("r"), |run| (run.totals().num_tasks, run.is_partial())).unwrap()
        };
        assert_eq!(read(&live), (1, false));
        send(&live, &batch(7, &[&second]));
        assert_eq!(read(&live), (2, true));
    }

    #[test]
    fn bodies_without_an_envelope_are_refused() {
        assert!(Envelope::split(b"").is_none());
        assert!(Envelope::split(STAGE.as_bytes()).is_none());
        assert!(Envelope::split(br#"{"tinderbox":2,"session":"s","seq":0}"#).is_none());
    }
}
