use super::Fold;
use crate::event::{JobEnd, JobStart};
use std::collections::BTreeMap;
use tinderbox_model::{Job, JobId, JobStatus, StageId, StageStatus, TaskCounts, TimestampMs};

/// Jobs by id.
#[derive(Debug, Default)]
pub(super) struct Jobs(BTreeMap<JobId, JobState>);

#[derive(Debug)]
struct JobState {
    job: Job,
    /// Stages of its start event that none of its attempts has run yet, with their tasks.
    not_run: Vec<(StageId, u32)>,
}

impl Jobs {
    pub(super) fn iter(&self) -> impl Iterator<Item = &Job> {
        self.0.values().map(|state| &state.job)
    }

    pub(super) fn into_jobs(self) -> Vec<Job> {
        self.0.into_values().map(|state| state.job).collect()
    }

    /// Changes the task counts of each of `ids`.
    pub(super) fn count(&mut self, ids: &[JobId], change: impl Fn(&mut TaskCounts)) {
        for id in ids {
            if let Some(state) = self.0.get_mut(id) {
                change(&mut state.job.tasks);
            }
        }
    }

    /// Notes that a stage runs, for all running jobs that need it, and names them.
    pub(super) fn stage_runs(&mut self, stage: StageId) -> Vec<JobId> {
        let mut jobs = Vec::new();
        for (&id, state) in &mut self.0 {
            if state.job.status == JobStatus::Running && state.job.stages.contains(&stage) {
                state.not_run.retain(|(not_run, _)| *not_run != stage);
                jobs.push(id);
            }
        }
        jobs
    }
}

impl Fold {
    pub(super) fn job_start(&mut self, event: JobStart<'_>) {
        self.see(event.submission_time);
        let id = JobId(event.id);
        let sql_execution = event.properties.as_ref().and_then(|p| p.sql_execution());
        let stages: Vec<StageId> = event.stage_ids.iter().copied().map(StageId).collect();
        if let Some(execution) = sql_execution {
            self.sql.job_start(execution, id, &stages, event.submission_time);
        }

        let mut num_tasks = 0_u32;
        let mut not_run = Vec::new();
        let mut name = (i64::MIN, String::new());
        for info in event.stage_infos {
            let tasks = u32::try_from(info.num_tasks).unwrap_or(0);
            if info.completion_time.is_none() {
                num_tasks = num_tasks.saturating_add(tasks);
            }
            if info.id >= name.0 {
                name = (info.id, info.name.to_string());
            }
            let state = self.stages.get_or_add(info.id, info.attempt);
            if state.stage.status == StageStatus::Pending {
                state.fill(info);
            }
            state.join(id, sql_execution);
            // A stage that another job is running already serves this one too.
            if state.stage.status == StageStatus::Active {
                state.counted_for.push(id);
            } else {
                not_run.push((state.stage.id.stage, tasks));
            }
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
            ..Job::new(id)
        };
        self.jobs.0.insert(id, JobState { job, not_run });
    }

    /// Stages that the job needed on paper and that nobody had submitted until now were skipped.
    pub(super) fn job_end(&mut self, event: JobEnd<'_>) {
        self.see(event.completion_time);
        let id = JobId(event.id);
        let Some(JobState { job, not_run }) = self.jobs.0.get_mut(&id) else {
            return;
        };
        job.completion_time =
            (event.completion_time > 0).then_some(TimestampMs(event.completion_time));
        job.status = match &*event.result.result {
            "JobSucceeded" => JobStatus::Succeeded,
            "JobFailed" => JobStatus::Failed,
            _ => JobStatus::Unknown,
        };
        job.failure_reason = event.result.exception.map(|e| e.message.into_string());
        for (stage, tasks) in not_run.drain(..) {
            job.num_skipped_tasks = job.num_skipped_tasks.saturating_add(tasks);
            self.stages.skip_pending(stage);
        }
        if let Some(execution) = job.sql_execution {
            self.sql.job_end(execution, job.status);
        }
    }
}
