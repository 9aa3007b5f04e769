//! `…/stages`.

use super::answer::{Answer, Refusal};
use super::{Resource, Scope, is_number, tasks};
use std::io;
use tinderbox_app::Error;
use tinderbox_app::model::{Stage, StageAttemptId, StageId, StageStatus};
use tinderbox_app::rest::{self, EachTask, Filter, StageAnswer, StageParts, TaskAnswer, TaskState};

const STATUSES: [(&str, StageStatus); 5] = [
    ("active", StageStatus::Active),
    ("complete", StageStatus::Complete),
    ("failed", StageStatus::Failed),
    ("pending", StageStatus::Pending),
    ("skipped", StageStatus::Skipped),
];

pub fn find(path: &[&str]) -> Result<Resource, Refusal> {
    type OfAttempt = fn(&Scope, StageAttemptId) -> Result<Answer, Refusal>;
    let number = |text: &str| match text.parse::<i32>() {
        Ok(number) if is_number(text) => Ok(number),
        _ => Err(Refusal::Unknown),
    };
    let (id, attempt, rest) = match path {
        [] => return Ok(Resource::Of(Box::new(list))),
        [id] => {
            let id = StageId(number(id)?.into());
            return Ok(Resource::Of(Box::new(move |scope| of_stage(scope, id))));
        }
        [id, attempt, rest @ ..] => (number(id)?, number(attempt)?, rest),
    };
    let of_tasks: Option<OfAttempt> = match rest {
        [] => None,
        ["taskSummary"] => Some(tasks::summary),
        ["taskList"] => Some(tasks::list),
        ["taskTable"] => Some(tasks::table),
        _ => return Err(Refusal::Unknown),
    };
    let attempt = u32::try_from(attempt).unwrap_or(u32::MAX);
    let stage = StageAttemptId { stage: StageId(id.into()), attempt };
    Ok(Resource::Of(Box::new(move |scope| match of_tasks {
        Some(answer) => answer(&scope, stage),
        None => one(scope, stage),
    })))
}

/// What is asked for beside the stages' own figures.
struct Asked {
    details: bool,
    statuses: Filter<TaskState>,
    /// Sorted; `None` without summaries.
    quantiles: Option<Vec<f64>>,
}

impl Asked {
    fn of(scope: &Scope, details: bool) -> Result<Self, Refusal> {
        let parameters = &scope.parameters;
        let statuses = parameters.words("taskStatus", &tasks::STATUSES)?;
        let quantiles = parameters.quantiles(&[0.0, 0.25, 0.5, 0.75, 1.0])?;
        let with_summaries = parameters.boolean("withSummaries", false);
        Ok(Self {
            details: parameters.boolean("details", details),
            statuses,
            quantiles: with_summaries.then_some(quantiles),
        })
    }
}

fn list(scope: Scope) -> Result<Answer, Refusal> {
    let statuses = scope.parameters.words("status", &STATUSES)?;
    let asked = Asked::of(&scope, false)?;
    let mut stages = rest::stages(scope.view(), &statuses);
    if asked.details {
        stages.retain(|stage| asked.statuses.holds(|status| has_task(stage, *status)));
    }
    let ids = stages.iter().map(|stage| stage.id).collect();
    answer(scope, ids, asked, Form::List)
}

/// Whether a stage has a task in this state, by its counts.
fn has_task(stage: &Stage, status: TaskState) -> bool {
    let tasks = stage.tasks;
    match status {
        TaskState::Failed => tasks.failed > 0,
        TaskState::Killed => tasks.killed > 0,
        TaskState::Running => tasks.active > 0,
        TaskState::Success => tasks.complete > 0,
        TaskState::Unknown => stage.num_tasks > tasks.ended().saturating_add(tasks.active),
    }
}

fn of_stage(scope: Scope, id: StageId) -> Result<Answer, Refusal> {
    let asked = Asked::of(&scope, true)?;
    let ids: Vec<_> = rest::stage_attempts(scope.view(), id).iter().map(|stage| stage.id).collect();
    if ids.is_empty() {
        return Err(Refusal::not_found(&format!("unknown stage: {id}")));
    }
    answer(scope, ids, asked, Form::List)
}

fn one(scope: Scope, id: StageAttemptId) -> Result<Answer, Refusal> {
    let asked = Asked::of(&scope, true)?;
    if rest::stage_attempt(scope.view(), id).is_some() {
        return answer(scope, vec![id], asked, Form::One);
    }
    let stage = id.stage;
    let attempts = rest::stage_attempts(scope.view(), stage);
    if attempts.is_empty() {
        return Err(Refusal::not_found(&format!("unknown stage: {stage}")));
    }
    let attempts: Vec<_> = attempts.iter().map(|stage| stage.id.attempt.to_string()).collect();
    let found = attempts.join(",");
    let text = format!("unknown attempt for stage {stage}.  Found attempts: [{found}]");
    Err(Refusal::not_found(&text))
}

/// An array, or the only one as it is.
#[derive(Clone, Copy)]
enum Form {
    List,
    One,
}

/// With tasks the body is written while they are read.
fn answer(
    scope: Scope,
    ids: Vec<StageAttemptId>,
    asked: Asked,
    form: Form,
) -> Result<Answer, Refusal> {
    if asked.details {
        return Ok(Answer::Stream {
            media_type: "application/json",
            disposition: None,
            write: Box::new(move |output| {
                let written = with_stages(&scope, &ids, &asked, |stages| match (form, stages) {
                    (Form::One, [stage]) => rest::write(output, stage),
                    _ => rest::write(output, stages),
                });
                written.map_err(io::Error::other)?.map_err(io::Error::from)
            }),
        });
    }
    with_stages(&scope, &ids, &asked, |stages| match (form, stages) {
        (Form::One, [stage]) => Answer::json(stage),
        _ => Answer::json(stages),
    })?
}

fn with_stages<T>(
    scope: &Scope,
    ids: &[StageAttemptId],
    asked: &Asked,
    use_them: impl FnOnce(&[StageAnswer<'_>]) -> T,
) -> Result<T, Error> {
    let view = scope.view();
    let task_answer = TaskAnswer::new(scope.task_view());
    let tasks = &scope.opened.tasks;
    let mut stages = Vec::with_capacity(ids.len());
    for id in ids.iter().copied() {
        let Some(stage) = rest::stage_attempt(view, id) else { continue };
        let task_quantiles = match &asked.quantiles {
            Some(at) => tasks.quantiles(id, at, scope.retained_tasks)?,
            None => None,
        };
        let each: Option<EachTask<'_>> = asked.details.then(|| {
            let each: EachTask<'_> = Box::new(move |see| {
                tasks.each(id, scope.retained_tasks, see).map_err(|e| tinderbox_app::chain(&e))
            });
            each
        });
        let parts = StageParts {
            tasks: each,
            task_statuses: asked.statuses.clone(),
            task_quantiles,
            executor_quantiles: asked.quantiles.clone(),
        };
        stages.push(StageAnswer::new(view, stage, &task_answer, parts));
    }
    Ok(use_them(&stages))
}
