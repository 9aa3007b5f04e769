//! `…/connect/*` (4.x): sessions and operations of Spark Connect.

use super::View;
use serde::Serialize;
use tinderbox_model::{
    ConnectOperation, ConnectSession, JobId, Millis, SqlExecutionId, TimestampMs,
};

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct SessionData<'a> {
    session_id: &'a str,
    user_id: &'a str,
    start_timestamp: TimestampMs,
    finish_timestamp: TimestampMs,
    total_execution: u64,
    total_time: Millis,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct OperationData<'a> {
    job_tag: &'a str,
    operation_id: &'a str,
    session_id: &'a str,
    user_id: &'a str,
    statement: &'a str,
    state: &'a str,
    start_timestamp: TimestampMs,
    finish_timestamp: TimestampMs,
    close_timestamp: TimestampMs,
    duration: Millis,
    execution_time: Millis,
    spark_session_tags: &'a [String],
    job_ids: &'a [JobId],
    sql_exec_ids: &'a [SqlExecutionId],
    detail: &'a str,
}

const NONE: TimestampMs = TimestampMs(0);

fn session_data<'a>(view: View<'a>, session: &'a ConnectSession) -> SessionData<'a> {
    SessionData {
        session_id: &session.id,
        user_id: &session.user,
        start_timestamp: session.start_time,
        finish_timestamp: session.finish_time.unwrap_or(NONE),
        total_execution: session.num_operations,
        total_time: session.finish_time.unwrap_or(view.now).since(session.start_time),
    }
}

fn operation_data<'a>(view: View<'a>, operation: &'a ConnectOperation) -> OperationData<'a> {
    let start = operation.start_time;
    OperationData {
        job_tag: &operation.job_tag,
        operation_id: &operation.id,
        session_id: &operation.session,
        user_id: &operation.user,
        statement: &operation.statement,
        state: &operation.state,
        start_timestamp: start,
        finish_timestamp: operation.finish_time.unwrap_or(NONE),
        close_timestamp: operation.close_time.unwrap_or(NONE),
        duration: operation.close_time.unwrap_or(view.now).since(start),
        execution_time: operation.finish_time.unwrap_or(view.now).since(start),
        spark_session_tags: &operation.tags,
        job_ids: &operation.jobs,
        sql_exec_ids: &operation.sql_executions,
        detail: &operation.detail,
    }
}

/// A page of the sessions, in the order of user and id as one text. A length below one means all from the first on.
pub fn sessions(view: View<'_>, offset: i32, length: i32) -> impl Serialize + '_ {
    let mut all: Vec<_> = view.application.connect_sessions.iter().collect();
    all.sort_by_cached_key(|one| format!("{}{}", one.user, one.id));
    page(all.into_iter().map(move |one| session_data(view, one)), offset, length)
}

/// A page of the operations by job tag, as [`sessions`].
pub fn operations(view: View<'_>, offset: i32, length: i32) -> impl Serialize + '_ {
    let mut all: Vec<_> = view.application.connect_operations.iter().collect();
    all.sort_by(|a, b| a.job_tag.cmp(&b.job_tag));
    page(all.into_iter().map(move |one| operation_data(view, one)), offset, length)
}

/// The session of a user with this id.
pub fn session<'a>(view: View<'a>, id: &str, user: &str) -> Option<impl Serialize + use<'a>> {
    let fits = |one: &&ConnectSession| one.id == id && one.user == user;
    view.application.connect_sessions.iter().find(fits).map(|one| session_data(view, one))
}

/// The operation with this tag.
pub fn operation<'a>(view: View<'a>, job_tag: &str) -> Option<impl Serialize + use<'a>> {
    let operations = &view.application.connect_operations;
    operations.iter().find(|one| one.job_tag == job_tag).map(|one| operation_data(view, one))
}

fn page<T>(all: impl Iterator<Item = T>, offset: i32, length: i32) -> Vec<T> {
    match usize::try_from(length) {
        Ok(length) if length > 0 => {
            all.skip(usize::try_from(offset).unwrap_or(0)).take(length).collect()
        }
        _ => all.collect(),
    }
}
