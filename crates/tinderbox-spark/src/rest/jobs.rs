//! `…/jobs`.

use super::date::Date;
use super::json::Pairs;
use super::{Filter, View};
use serde::Serialize;
use tinderbox_model::{Job, JobId, JobStatus, StageId};

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct JobData<'a> {
    job_id: JobId,
    name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    submission_time: Option<Date>,
    #[serde(skip_serializing_if = "Option::is_none")]
    completion_time: Option<Date>,
    stage_ids: &'a [StageId],
    #[serde(skip_serializing_if = "Option::is_none")]
    job_group: Option<&'a str>,
    job_tags: &'a [String],
    status: JobStatus,
    num_tasks: u32,
    num_active_tasks: u32,
    num_completed_tasks: u32,
    num_skipped_tasks: u32,
    num_failed_tasks: u32,
    num_killed_tasks: u32,
    num_completed_indices: u32,
    num_active_stages: i64,
    num_completed_stages: u32,
    num_skipped_stages: u32,
    num_failed_stages: u32,
    killed_tasks_summary: Pairs<'a, u32>,
}

impl<'a> From<&'a Job> for JobData<'a> {
    fn from(job: &'a Job) -> Self {
        Self {
            job_id: job.id,
            name: &job.name,
            description: job.description.as_deref(),
            submission_time: job.submission_time.map(Date),
            completion_time: job.completion_time.map(Date),
            stage_ids: &job.stages,
            job_group: job.group.as_deref(),
            job_tags: &job.tags,
            status: job.status,
            num_tasks: job.num_tasks,
            num_active_tasks: job.tasks.active,
            num_completed_tasks: job.tasks.complete,
            num_skipped_tasks: job.num_skipped_tasks,
            num_failed_tasks: job.tasks.failed,
            num_killed_tasks: job.tasks.killed,
            num_completed_indices: job.num_completed_indices,
            num_active_stages: job.stage_counts.active,
            num_completed_stages: job.stage_counts.complete,
            num_skipped_stages: job.stage_counts.skipped,
            num_failed_stages: job.stage_counts.failed,
            killed_tasks_summary: Pairs(&job.killed_tasks),
        }
    }
}

/// All jobs with one of these states (all states when there is none), the newest first.
pub fn jobs<'a>(view: View<'a>, statuses: &Filter<JobStatus>) -> impl Serialize + use<'a> {
    let mut jobs: Vec<&Job> = view.application.jobs.iter().collect();
    jobs.retain(|job| statuses.holds(|status| *status == job.status));
    jobs.sort_by_key(|job| std::cmp::Reverse(job.id));
    jobs.into_iter().map(JobData::from).collect::<Vec<_>>()
}

/// One job.
pub fn job<'a>(view: View<'a>, id: JobId) -> Option<impl Serialize + use<'a>> {
    view.application.jobs.iter().find(|job| job.id == id).map(JobData::from)
}
