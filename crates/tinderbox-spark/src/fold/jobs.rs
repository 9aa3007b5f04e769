use super::Fold;
use super::indices::Indices;
use super::stages::count_kill;
use super::tasks::{End, Ending};
use crate::event::{JobEnd, JobStart, StageInfo};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use tinderbox_model::{
    Job, JobId, JobStatus, Stage, StageAttemptId, StageId, StageStatus, TimestampMs,
};

/// Jobs by id.
#[derive(Debug, Default)]
pub(super) struct Jobs {
    all: BTreeMap<JobId, JobState>,
    running: BTreeSet<JobId>,
}

#[derive(Debug)]
struct JobState {
    job: Job,
    /// The job with what was counted after its end. Spark writes it when a stage of it ends, and drops it otherwise.
    later: Option<Box<Job>>,
    has_ended: bool,
    completed_stages: BTreeSet<StageId>,
    skipped_stages: BTreeSet<StageId>,
    succeeded: HashMap<StageId, Indices>,
    /// Tasks that run. Below zero when starts are missing.
    active: i64,
}

impl Jobs {
    pub(super) fn iter(&self) -> impl Iterator<Item = &Job> {
        self.all.values().map(|state| &state.job)
    }

    pub(super) fn into_jobs(self) -> Vec<Job> {
        self.all.into_values().map(|state| state.job).collect()
    }

    /// Jobs that have not ended.
    pub(super) fn num_running(&self) -> u64 {
        u64::try_from(self.running.len()).unwrap_or(u64::MAX)
    }

    fn each(&mut self, ids: &[JobId], mut change: impl FnMut(&mut JobState)) {
        for id in ids {
            if let Some(state) = self.all.get_mut(id) {
                change(state);
            }
        }
    }

    /// The running jobs that need a stage which is submitted now.
    pub(super) fn stage_submitted(&mut self, stage: StageId) -> Vec<JobId> {
        let mut jobs = Vec::new();
        for &id in &self.running {
            if let Some(state) = self.all.get_mut(&id)
                && state.job.stages.contains(&stage)
            {
                state.completed_stages.remove(&stage);
                state.job.stage_counts.active += 1;
                state.count_stages();
                jobs.push(id);
            }
        }
        jobs
    }

    pub(super) fn stage_completed(&mut self, ids: &[JobId], stage: &Stage) {
        let id = stage.id.stage;
        self.each(ids, |state| {
            match stage.status {
                StageStatus::Complete => {
                    state.completed_stages.insert(id);
                }
                StageStatus::Skipped => {
                    state.skipped_stages.insert(id);
                    let job = state.live();
                    job.num_skipped_tasks = job.num_skipped_tasks.saturating_add(stage.num_tasks);
                }
                _ => state.live().stage_counts.failed += 1,
            }
            state.live().stage_counts.active -= 1;
            state.count_stages();
        });
    }

    pub(super) fn task_started(&mut self, ids: &[JobId]) {
        self.each(ids, |state| state.add_active(1));
    }

    pub(super) fn task_ended(
        &mut self,
        ids: &[JobId],
        stage: StageId,
        index: i64,
        end: &Ending<'_>,
    ) {
        self.each(ids, |state| {
            state.add_active(-i64::from(end.was_active));
            let is_new =
                end.end == End::Success && state.succeeded.entry(stage).or_default().insert(index);
            let job = state.live();
            end.count(&mut job.tasks);
            job.num_completed_indices += u32::from(is_new);
            if let Some(reason) = end.kill_reason {
                count_kill(&mut job.killed_tasks, reason);
            }
        });
    }

    /// Takes tasks out whose end was shed.
    pub(super) fn forget_active(&mut self, ids: &[JobId], tasks: i64) {
        self.each(ids, |state| state.add_active(-tasks));
    }

    /// Shows what was counted for jobs after their ends.
    pub(super) fn write(&mut self, ids: &[JobId]) {
        self.each(ids, |state| {
            if let Some(later) = state.later.take() {
                state.job = *later;
            }
        });
    }
}

impl JobState {
    fn live(&mut self) -> &mut Job {
        if self.has_ended {
            self.later.get_or_insert_with(|| Box::new(self.job.clone()))
        } else {
            &mut self.job
        }
    }

    fn add_active(&mut self, change: i64) {
        self.active = self.active.saturating_add(change);
        self.live().tasks.active = u32::try_from(self.active.max(0)).unwrap_or(u32::MAX);
    }

    fn count_stages(&mut self) {
        let len = |stages: &BTreeSet<StageId>| u32::try_from(stages.len()).unwrap_or(u32::MAX);
        let (complete, skipped) = (len(&self.completed_stages), len(&self.skipped_stages));
        let counts = &mut self.live().stage_counts;
        (counts.complete, counts.skipped) = (complete, skipped);
    }
}

impl Fold {
    pub(super) fn job_start(&mut self, event: JobStart<'_>) {
        self.see(event.submission_time);
        let id = JobId(event.id);
        let properties = event.properties.as_ref();
        let sql_execution = properties.and_then(|p| p.sql_execution());
        let tags = properties.map(|p| p.tags()).unwrap_or_default();
        let infos = match event.stage_infos {
            Some(infos) => infos,
            None => event.stage_ids.iter().map(|&id| StageInfo::unknown(id)).collect(),
        };
        let stages: Vec<StageId> = infos.iter().map(|info| StageId(info.id)).collect();
        if let Some(execution) = sql_execution {
            let tasks = infos.iter().map(|info| (StageId(info.id), info.num_tasks));
            self.sql.job_start(execution, id, tasks, event.submission_time);
        }
        self.connect.job_start(&tags, id);

        let mut num_tasks = 0_u32;
        let mut name = (i64::MIN, String::new());
        let scala = self.scala();
        for info in infos {
            if info.completion_time.is_none() {
                let tasks = u32::try_from(info.num_tasks).unwrap_or(0);
                num_tasks = num_tasks.saturating_add(tasks);
            }
            if info.id >= name.0 {
                name = (info.id, info.name.to_string());
            }
            let stage = StageAttemptId { stage: StageId(info.id), attempt: info.attempt };
            let state = self.stages.get_or_add(stage);
            state.fill(info, scala);
            state.join(id, sql_execution);
            state.count_for(id);
        }

        let (description, group) =
            event.properties.map_or((None, None), |p| (p.description, p.group));
        let job = Job {
            name: name.1,
            description: description.map(|text| text.into_string()),
            group: group.map(|text| text.into_string()),
            sql_execution,
            submission_time: (event.submission_time > 0)
                .then_some(TimestampMs(event.submission_time)),
            stages,
            num_tasks,
            tags,
            ..Job::new(id)
        };
        let state = JobState {
            job,
            later: None,
            has_ended: false,
            completed_stages: BTreeSet::new(),
            skipped_stages: BTreeSet::new(),
            succeeded: HashMap::new(),
            active: 0,
        };
        self.jobs.all.insert(id, state);
        self.jobs.running.insert(id);
    }

    /// Stages of the job that wait for their submission were skipped.
    pub(super) fn job_end(&mut self, event: JobEnd<'_>) {
        self.see(event.completion_time);
        let id = JobId(event.id);
        let status = match &*event.result.result {
            "JobSucceeded" => JobStatus::Succeeded,
            "JobFailed" => JobStatus::Failed,
            _ => JobStatus::Unknown,
        };
        self.sql.job_end(id, status);
        if !self.jobs.running.remove(&id) {
            if !self.is_incomplete() {
                self.contradiction(&format!("job {id} ends without having begun"));
            }
            return;
        }
        let Some(state) = self.jobs.all.get_mut(&id) else {
            return;
        };
        for &stage in &state.job.stages {
            for tasks in self.stages.skip_pending(stage) {
                state.job.num_skipped_tasks = state.job.num_skipped_tasks.saturating_add(tasks);
                state.skipped_stages.insert(stage);
            }
        }
        state.count_stages();
        let job = &mut state.job;
        job.completion_time =
            (event.completion_time > 0).then_some(TimestampMs(event.completion_time));
        job.status = status;
        job.failure_reason = event.result.exception.map(|e| e.message.into_string());
        state.has_ended = true;
        let begin = state.job.submission_time.map_or(0, |time| time.0);
        self.check_order(format_args!("job {id}"), begin, event.completion_time);
    }
}
