//! `…/sql/sqlTable` (4.x): the executions for DataTables.

use super::View;
use super::date::Date;
use super::java_double::Double;
use super::sql::{duration, jobs_in};
use serde::Serialize;
use std::collections::{HashMap, HashSet};
use tinderbox_model::{JobId, JobStatus, Millis, SqlExecution, SqlExecutionId, SqlStatus};

/// What DataTables asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SqlTableQuery {
    /// Echoed.
    pub draw: i32,
    /// Whether executions stand below their roots.
    pub groups: bool,
    /// Text that description, status or id contains; empty for all.
    pub search: String,
    /// Spark's word for a status; empty for all.
    pub status: String,
    /// `id`, `status`, `description`, `submissionTime` or `duration`; anything else means `id`.
    pub sort: String,
    /// Smallest first.
    pub ascending: bool,
    /// Rows to skip.
    pub start: i32,
    /// Rows to answer; all when below one.
    pub length: i32,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Table<'a> {
    summary: Summary,
    records_filtered: usize,
    aa_data: Vec<Row<'a>>,
    draw: i32,
    records_total: usize,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Summary {
    total_queries: usize,
    average_duration: u64,
    running_queries: usize,
    failed_queries: usize,
    failure_rate: Double,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Row<'a> {
    id: SqlExecutionId,
    status: SqlStatus,
    description: &'a str,
    submission_time: Date,
    duration: Millis,
    job_ids: Vec<JobId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    query_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error_message: Option<&'a str>,
    root_execution_id: SqlExecutionId,
    #[serde(skip_serializing_if = "Option::is_none")]
    sub_executions: Option<Vec<Row<'a>>>,
}

fn row<'a>(view: View<'a>, execution: &'a SqlExecution, below: Option<Vec<Row<'a>>>) -> Row<'a> {
    Row {
        id: execution.id,
        status: execution.status,
        description: &execution.description,
        submission_time: Date(execution.submission_time),
        duration: duration(view, execution),
        job_ids: jobs_in(execution, JobStatus::Succeeded),
        query_id: execution.query_id.as_deref(),
        error_message: execution.error_message.as_deref(),
        root_execution_id: execution.root,
        sub_executions: below,
    }
}

fn status_text(status: SqlStatus) -> &'static str {
    match status {
        SqlStatus::Running => "RUNNING",
        SqlStatus::Completed => "COMPLETED",
        SqlStatus::Failed => "FAILED",
    }
}

/// The answer.
pub fn sql_table<'a>(view: View<'a>, query: &SqlTableQuery) -> impl Serialize + use<'a> {
    let all: Vec<&SqlExecution> = view.application.sql.iter().collect();
    let typed = query.search.to_lowercase();
    let fits = |execution: &&&SqlExecution| {
        let status = status_text(execution.status);
        let is_found = typed.is_empty()
            || execution.description.to_lowercase().contains(&typed)
            || status.to_lowercase().contains(&typed)
            || execution.id.to_string().contains(&typed);
        is_found && (query.status.is_empty() || status.eq_ignore_ascii_case(&query.status))
    };
    let filtered: Vec<_> = all.iter().filter(fits).copied().collect();
    let summary = summary(view, &filtered);
    let (mut rows, below, total) = if query.groups {
        let (roots, below) = by_root(&filtered);
        (roots, below, by_root(&all).0.len())
    } else {
        (filtered, HashMap::new(), all.len())
    };
    let records_filtered = rows.len();
    sort(view, &mut rows, &query.sort, query.ascending);
    let is_paged = query.length > 0;
    let skip = if is_paged { usize::try_from(query.start).unwrap_or(0) } else { 0 };
    let take = if is_paged { usize::try_from(query.length).unwrap_or(0) } else { usize::MAX };
    let page = rows.into_iter().skip(skip).take(take).map(|execution| {
        let below = query.groups.then(|| {
            let mut below = below.get(&execution.id).cloned().unwrap_or_default();
            below.sort_by_key(|execution| execution.id);
            below.into_iter().map(|execution| row(view, execution, None)).collect()
        });
        row(view, execution, below)
    });
    Table {
        summary,
        records_filtered,
        aa_data: page.collect(),
        draw: query.draw,
        records_total: total,
    }
}

type ByRoot<'a> = HashMap<SqlExecutionId, Vec<&'a SqlExecution>>;

/// Roots (and those whose root is not here), and the others by their root.
fn by_root<'a>(executions: &[&'a SqlExecution]) -> (Vec<&'a SqlExecution>, ByRoot<'a>) {
    let ids: HashSet<_> = executions.iter().map(|execution| execution.id).collect();
    let (mut roots, mut below) = (Vec::new(), ByRoot::new());
    for execution in executions {
        if execution.id == execution.root || !ids.contains(&execution.root) {
            roots.push(*execution);
        } else {
            below.entry(execution.root).or_default().push(execution);
        }
    }
    (roots, below)
}

fn sort(view: View<'_>, rows: &mut [&SqlExecution], by: &str, ascending: bool) {
    rows.sort_by_key(|execution| execution.id);
    match by {
        "status" => rows.sort_by_key(|execution| status_text(execution.status)),
        "description" => rows.sort_by(|a, b| a.description.cmp(&b.description)),
        "submissionTime" => rows.sort_by_key(|execution| execution.submission_time),
        "duration" => rows.sort_by_key(|execution| duration(view, execution)),
        _ => {}
    }
    if !ascending {
        rows.reverse();
    }
}

#[allow(clippy::cast_precision_loss)]
fn summary(view: View<'_>, executions: &[&SqlExecution]) -> Summary {
    let count = |status| executions.iter().filter(|one| one.status == status).count();
    let (total, failed) = (executions.len(), count(SqlStatus::Failed));
    let time: Millis = executions.iter().map(|execution| duration(view, execution)).sum();
    Summary {
        total_queries: total,
        average_duration: time.0.checked_div(total as u64).unwrap_or(0),
        running_queries: count(SqlStatus::Running),
        failed_queries: failed,
        failure_rate: Double(if total == 0 { 0.0 } else { failed as f64 / total as f64 }),
    }
}
