//! `…/taskSummary`, `…/taskList`, `…/taskTable`.

use super::Scope;
use super::answer::{Answer, Refusal};
use std::io;
use std::ops::ControlFlow;
use tinderbox_app::TaskPageQuery;
use tinderbox_app::model::StageAttemptId;
use tinderbox_app::rest::{self, EachTask, Filter, TaskAnswer, TaskOrder, TaskState, TaskTable};

/// The words of `status` and `taskStatus`.
pub const STATUSES: [(&str, TaskState); 5] = [
    ("running", TaskState::Running),
    ("killed", TaskState::Killed),
    ("failed", TaskState::Failed),
    ("success", TaskState::Success),
    ("unknown", TaskState::Unknown),
];

const SORTS: [(&str, (TaskOrder, bool)); 5] = [
    ("ID", (TaskOrder::Id, false)),
    ("INCREASING_RUNTIME", (TaskOrder::RunTime, false)),
    ("runtime", (TaskOrder::RunTime, false)),
    ("DECREASING_RUNTIME", (TaskOrder::RunTime, true)),
    ("-runtime", (TaskOrder::RunTime, true)),
];

pub fn summary(scope: &Scope, stage: StageAttemptId) -> Result<Answer, Refusal> {
    let quantiles = scope.parameters.quantiles(&[0.05, 0.25, 0.5, 0.75, 0.95])?;
    let tasks = &scope.opened.tasks;
    match tasks.quantiles(stage, &quantiles, scope.retained_tasks)? {
        Some(summary) => Answer::json(&summary),
        None => Err(Refusal::not_found(&format!(
            "No tasks reported metrics for {} / {} yet.",
            stage.stage, stage.attempt
        ))),
    }
}

pub fn list(scope: &Scope, stage: StageAttemptId) -> Result<Answer, Refusal> {
    let parameters = &scope.parameters;
    let (offset, length) = (parameters.int("offset", 0)?, parameters.int("length", 20)?);
    let (order, descending) = match parameters.first("sortBy").unwrap_or("ID") {
        // Spark fails on the null that JAX-RS makes of it.
        "" => return Err(Refusal::Failed),
        text => {
            let sort = SORTS.iter().find(|(word, _)| word.eq_ignore_ascii_case(text));
            sort.ok_or(Refusal::Unknown)?.1
        }
    };
    let statuses = parameters.words("status", &STATUSES)?;
    let statuses = match statuses {
        Filter::All if length < 0 => return Err(Refusal::Failed),
        Filter::All => Vec::new(),
        Filter::Of(none) if none.is_empty() => return Answer::json(&[(); 0]),
        Filter::Of(statuses) => statuses,
    };
    let query = TaskPageQuery {
        stage,
        statuses,
        order,
        descending,
        offset: usize::try_from(offset).unwrap_or(0),
        limit: usize::try_from(length).unwrap_or(0),
        retained: scope.retained_tasks,
    };
    if query.limit > HELD {
        return Ok(streamed(scope, query, |answer, each, output| {
            rest::write(output, &answer.list_each(each))
        }));
    }
    let tasks = scope.opened.tasks.page(&query)?;
    Answer::json(&TaskAnswer::new(scope.task_view()).list(&tasks))
}

/// Tasks of an answer that are in memory at once; a longer one is written while they are read.
const HELD: usize = 10_000;

fn streamed(
    scope: &Scope,
    query: TaskPageQuery,
    write: impl Fn(&TaskAnswer<'_>, &EachTask<'_>, &mut dyn io::Write) -> serde_json::Result<()>
    + Send
    + 'static,
) -> Answer {
    let scope = scope.clone();
    Answer::Stream {
        media_type: "application/json",
        disposition: None,
        write: Box::new(move |output| {
            let each: EachTask<'_> = Box::new(|see| {
                let read = scope.opened.tasks.each_of_page(&query, see);
                read.map_err(|error| tinderbox_app::chain(&error))
            });
            write(&TaskAnswer::new(scope.task_view()), &each, output).map_err(io::Error::from)
        }),
    }
}

/// Whatever is missing or cannot be read is an exception of Spark here.
pub fn table(scope: &Scope, stage: StageAttemptId) -> Result<Answer, Refusal> {
    let parameters = &scope.parameters;
    let number = |name| {
        let text = parameters.first(name).ok_or(Refusal::Failed)?;
        text.parse::<i32>().map_err(|_| Refusal::Failed)
    };
    let total = parameters.first("numTasks").ok_or(Refusal::Failed)?;
    let total_number = number("numTasks")?;
    let typed = parameters.first("search[value]").unwrap_or_default().to_lowercase();
    let column = parameters.first("columnNameToSort").ok_or(Refusal::Failed)?;
    let column = if column.eq_ignore_ascii_case("Logs") { "Index" } else { column };
    let (start, length) =
        if typed.is_empty() { (number("start")?, number("length")?) } else { (0, total_number) };
    let query = TaskPageQuery {
        stage,
        statuses: Vec::new(),
        order: TaskOrder::of_column(column, scope.shape).ok_or(Refusal::Failed)?,
        descending: !parameters
            .first("order[0][dir]")
            .is_some_and(|direction| direction.eq_ignore_ascii_case("asc")),
        offset: usize::try_from(start).unwrap_or(0),
        limit: usize::try_from(length).unwrap_or(0),
        retained: scope.retained_tasks,
    };
    if !typed.is_empty() {
        return found(scope, &query, &typed, total);
    }
    if query.limit > HELD {
        let total = total.to_owned();
        return Ok(streamed(scope, query, move |answer, each, output| {
            let counts = TaskTable { total: &total, filtered: None };
            rest::write(output, &rest::task_table_each(answer, each, counts))
        }));
    }
    let tasks = scope.opened.tasks.page(&query)?;
    let answer = TaskAnswer::new(scope.task_view());
    Answer::json(&rest::task_table(&answer, &tasks, TaskTable { total, filtered: None }))
}

/// The rows of a page of those that hold a text. At most [`HELD`] rows are answered.
fn found(
    scope: &Scope,
    query: &TaskPageQuery,
    typed: &str,
    total: &str,
) -> Result<Answer, Refusal> {
    let place = |name| {
        let number = scope.parameters.first(name).and_then(|text| text.parse::<i32>().ok());
        number.map(|value| usize::try_from(value).unwrap_or(0)).ok_or(Refusal::Failed)
    };
    let page = place("start").and_then(|start| Ok((start, place("length")?)));
    let (start, length) = *page.as_ref().unwrap_or(&(0, 0));
    let wanted = start..start.saturating_add(length.min(HELD));
    let (mut tasks, mut seen, mut fitting) = (Vec::new(), 0_usize, 0_usize);
    scope.opened.tasks.each_of_page(query, &mut |task| {
        seen += 1;
        if rest::task_matches(task, typed, scope.now) {
            if wanted.contains(&fitting) {
                tasks.push(task.clone());
            }
            fitting += 1;
        }
        ControlFlow::Continue(())
    })?;
    if fitting > 0 {
        page?;
    }
    let filtered = (seen > 0).then_some(fitting);
    let answer = TaskAnswer::new(scope.task_view());
    Answer::json(&rest::task_table(&answer, &tasks, TaskTable { total, filtered }))
}
