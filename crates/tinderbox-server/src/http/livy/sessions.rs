//! `/sessions` and their statements.

use super::batches::{ENGINE, texts};
use super::{Body, LogOf, Part, Refused, StateOf};
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use tinderbox_app::{
    App, LivyKind, LivySession, LivyState, LivyStatement, NewLivySession, StatementOutput,
    StatementRows, StatementState,
};

pub(super) fn routes() -> Router<App> {
    Router::new()
        .route("/sessions", get(list).post(create))
        .route("/sessions/{id}", get(read).delete(delete))
        .route("/sessions/{id}/state", get(state))
        .route("/sessions/{id}/log", get(log))
        .route("/sessions/{id}/connect", post(read))
        .route("/sessions/{id}/statements", get(statements).post(execute))
        .route("/sessions/{id}/statements/{statement}", get(statement))
        .route("/sessions/{id}/statements/{statement}/cancel", post(cancel))
}

/// Livy's `CreateInteractiveRequest`. Sizes, files and limits are taken and mean nothing on Sail; those of a Connect server are its own.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct CreateSession {
    kind: Option<String>,
    name: Option<String>,
    proxy_user: Option<String>,
    jars: Option<Vec<String>>,
    py_files: Option<Vec<String>>,
    files: Option<Vec<String>>,
    archives: Option<Vec<String>>,
    conf: Option<BTreeMap<String, Value>>,
}

#[derive(Debug, Deserialize)]
struct Execute {
    code: String,
    kind: Option<String>,
}

async fn create(
    State(app): State<App>,
    Body(request): Body<CreateSession>,
) -> Result<(StatusCode, [(&'static str, String); 1], Json<Value>), Refused> {
    if request.proxy_user.is_some() {
        let reason = "proxyUser: sessions have no other user than the server's; leave it out";
        return Err(Refused::rejected(reason));
    }
    let lists = [&request.jars, &request.py_files, &request.files, &request.archives];
    if lists.into_iter().flatten().any(|list| !list.is_empty()) {
        let reason = "jars, pyFiles, files and archives: sessions on Spark Connect load none; leave them out";
        return Err(Refused::rejected(reason));
    }
    let kind = kind(request.kind.as_deref().unwrap_or("shared"))?;
    if let Some(name) = &request.name
        && (name.chars().all(|sign| sign.is_ascii_digit()) || app.livy_session(name).is_some())
    {
        return Err(Refused::rejected(&format!("Duplicate session name: {name}")));
    }
    let conf = texts(request.conf.unwrap_or_default())?;
    let server = match (conf.get("spark.remote"), conf.get(ENGINE)) {
        (Some(address), _) => Some(address.clone()),
        (None, Some(engine)) => app.connect_address(engine).await?,
        (None, None) => None,
    };
    let Some(session) = app.livy_open(NewLivySession { name: request.name, kind, server }).await?
    else {
        let said = "Rejected, too many sessions are being created!".to_owned();
        return Err(Refused(StatusCode::BAD_REQUEST, said));
    };
    let place = [("location", format!("/sessions/{}", session.number))];
    Ok((StatusCode::CREATED, place, Json(view(&session))))
}

async fn list(State(app): State<App>, Query(part): Query<Part>) -> Json<Value> {
    let (from, size) = part.of_list(100);
    let all = app.livy_sessions();
    let sessions: Vec<Value> = all.iter().skip(from).take(size).map(view).collect();
    Json(json!({ "from": from, "total": all.len(), "sessions": sessions }))
}

async fn read(State(app): State<App>, Path(id): Path<String>) -> Result<Json<Value>, Refused> {
    Ok(Json(view(&find(&app, &id)?)))
}

async fn state(State(app): State<App>, Path(id): Path<String>) -> Result<Json<StateOf>, Refused> {
    let session = find(&app, &id)?;
    Ok(Json(StateOf { id: session.number, state: state_of(session.state) }))
}

async fn log(
    State(app): State<App>,
    Path(id): Path<String>,
    Query(part): Query<Part>,
) -> Result<Json<LogOf>, Refused> {
    let session = find(&app, &id)?;
    let (from, size) = part.of_list(100);
    let total = session.log.len();
    let log = session.log.into_iter().skip(from).take(size).collect();
    Ok(Json(LogOf { id: session.number, from, total, log }))
}

async fn delete(State(app): State<App>, Path(id): Path<String>) -> Result<Json<Value>, Refused> {
    match app.livy_close(&id) {
        true => Ok(Json(json!({ "msg": "deleted" }))),
        false => Err(Refused::missing(&id)),
    }
}

async fn execute(
    State(app): State<App>,
    Path(id): Path<String>,
    Body(request): Body<Execute>,
) -> Result<(StatusCode, [(&'static str, String); 1], Json<Value>), Refused> {
    let session = find(&app, &id)?;
    let own = match session.kind {
        LivyKind::PySpark => "pyspark",
        LivyKind::Sql | LivyKind::Shared => "sql",
    };
    match (session.kind, request.kind.as_deref()) {
        (LivyKind::Shared, None) => {
            return Err(Refused::rejected(
                "the session is shared, so each statement says its kind: \"kind\": \"sql\"",
            ));
        }
        (_, Some(wanted)) if wanted != own => {
            let reason = format!("this session runs {own}; open another one for {wanted}");
            return Err(Refused::rejected(&reason));
        }
        _ => {}
    }
    let Some(statement) = app.livy_execute(&id, request.code) else {
        let said = format!("Session is in state {}", state_of(session.state));
        return Err(Refused(StatusCode::BAD_REQUEST, said));
    };
    let place = format!("/sessions/{}/statements/{}", session.number, statement.id);
    Ok((StatusCode::CREATED, [("location", place)], Json(shown(&statement))))
}

async fn statements(
    State(app): State<App>,
    Path(id): Path<String>,
    Query(part): Query<Part>,
) -> Result<Json<Value>, Refused> {
    let mut all = app.livy_statements(&id).ok_or_else(|| Refused::missing(&id))?;
    if part.order.as_deref().is_some_and(|order| order.trim().eq_ignore_ascii_case("desc")) {
        all.reverse();
    }
    let (from, size) = part.of_list(all.len());
    let some: Vec<Value> = all.iter().skip(from).take(size).map(shown).collect();
    Ok(Json(json!({ "total_statements": all.len(), "statements": some })))
}

async fn statement(
    State(app): State<App>,
    Path((id, number)): Path<(String, String)>,
) -> Result<Json<Value>, Refused> {
    let all = app.livy_statements(&id).ok_or_else(|| Refused::missing(&id))?;
    let found = number.parse::<usize>().ok().and_then(|number| all.get(number));
    let missing = || Refused(StatusCode::NOT_FOUND, "Statement not found".to_owned());
    found.map(|statement| Json(shown(statement))).ok_or_else(missing)
}

async fn cancel(
    State(app): State<App>,
    Path((id, number)): Path<(String, String)>,
) -> Result<Json<Value>, Refused> {
    find(&app, &id)?;
    match number.parse().is_ok_and(|number| app.livy_cancel(&id, number)) {
        true => Ok(Json(json!({ "msg": "canceled" }))),
        false => Err(Refused(StatusCode::NOT_FOUND, "Statement not found".to_owned())),
    }
}

fn find(app: &App, id: &str) -> Result<LivySession, Refused> {
    app.livy_session(id).ok_or_else(|| Refused::missing(id))
}

/// Livy's kinds. Code of users runs in no process of the server.
fn kind(text: &str) -> Result<LivyKind, Refused> {
    match text {
        "sql" => Ok(LivyKind::Sql),
        "shared" => Ok(LivyKind::Shared),
        "pyspark" | "pyspark3" => Ok(LivyKind::PySpark),
        "spark" | "sparkr" => Err(Refused::rejected(&format!(
            "sessions of kind {text} are not run here; use kind sql or pyspark, or send a program to /batches"
        ))),
        other => Err(Refused::rejected(&format!("Invalid kind: {other}"))),
    }
}

/// Livy's `SessionInfo`.
fn view(session: &LivySession) -> Value {
    let log: Vec<&String> = session.log.iter().rev().take(10).rev().collect();
    json!({
        "id": session.number,
        "name": session.name,
        "appId": null,
        "owner": null,
        "proxyUser": null,
        "state": state_of(session.state),
        "kind": match session.kind {
            LivyKind::Sql => "sql",
            LivyKind::PySpark => "pyspark",
            LivyKind::Shared => "shared",
        },
        "appInfo": { "driverLogUrl": null, "sparkUiUrl": null },
        "log": log,
    })
}

fn state_of(state: LivyState) -> &'static str {
    match state {
        LivyState::Starting => "starting",
        LivyState::Idle => "idle",
        LivyState::Busy => "busy",
        LivyState::ShuttingDown => "shutting_down",
        LivyState::Dead => "dead",
        LivyState::Killed => "killed",
    }
}

/// Livy's `Statement`. One that failed is available, with an output that says so.
fn shown(statement: &LivyStatement) -> Value {
    let (state, progress) = match statement.state {
        StatementState::Waiting => ("waiting", 0.0),
        StatementState::Running => ("running", 0.0),
        StatementState::Available => ("available", 1.0),
        StatementState::Cancelling => ("cancelling", 0.0),
        StatementState::Cancelled => ("cancelled", 1.0),
    };
    let output = statement.output.as_ref().map(|output| match output {
        StatementOutput::Rows(rows) => json!({
            "status": "ok",
            "execution_count": statement.id,
            "data": { "application/json": { "schema": schema(rows), "data": rows.rows } },
        }),
        StatementOutput::Text(text) => json!({
            "status": "ok",
            "execution_count": statement.id,
            "data": { "text/plain": text },
        }),
        StatementOutput::Failed { name, message, traceback } => json!({
            "status": "error",
            "execution_count": statement.id,
            "ename": name,
            "evalue": message,
            "traceback": traceback,
        }),
    });
    json!({
        "id": statement.id,
        "code": statement.code,
        "state": state,
        "output": output,
        "progress": progress,
        "started": statement.started.map_or(0, |time| time.0),
        "completed": statement.completed.map_or(0, |time| time.0),
    })
}

/// Spark's schema in JSON (`StructType.json`).
fn schema(rows: &StatementRows) -> Value {
    let fields = rows.columns.iter().map(|column| field(&column.name, &column.kind));
    json!({ "type": "struct", "fields": fields.collect::<Vec<_>>() })
}

fn field(name: &str, kind: &str) -> Value {
    json!({ "name": name, "type": data_type(kind), "nullable": true, "metadata": Map::new() })
}

/// A type by its name in JSON, of its name in SQL.
fn data_type(kind: &str) -> Value {
    let inside = |head: &str| kind.strip_prefix(head)?.strip_suffix('>');
    if let Some(element) = inside("array<") {
        return json!({ "type": "array", "elementType": data_type(element), "containsNull": true });
    }
    if let Some(parts) = inside("map<") {
        let parts = split(parts);
        if let [key, value] = parts.as_slice() {
            let (key, value) = (data_type(key), data_type(value));
            return json!({ "type": "map", "keyType": key, "valueType": value, "valueContainsNull": true });
        }
    }
    if let Some(parts) = inside("struct<") {
        let parts = split(parts);
        let fields = parts.iter().filter_map(|part| part.split_once(':'));
        let fields: Vec<Value> = fields.map(|(name, kind)| field(name, kind.trim())).collect();
        return json!({ "type": "struct", "fields": fields });
    }
    json!(match kind {
        "tinyint" => "byte",
        "smallint" => "short",
        "int" => "integer",
        "bigint" => "long",
        other => other,
    })
}

/// At the commas that are in no brackets.
fn split(text: &str) -> Vec<&str> {
    let (mut parts, mut depth, mut start) = (Vec::new(), 0_usize, 0);
    for (at, sign) in text.char_indices() {
        match sign {
            '<' | '(' => depth += 1,
            '>' | ')' => depth = depth.saturating_sub(1),
            ',' if depth == 0 => {
                parts.push(text[start..at].trim());
                start = at + 1;
            }
            _ => {}
        }
    }
    parts.push(text[start..].trim());
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_have_the_names_of_sparks_json() {
        // As Spark's `StructType.json` of the same columns.
        assert_eq!(data_type("bigint"), json!("long"));
        assert_eq!(data_type("decimal(10,2)"), json!("decimal(10,2)"));
        let nested = data_type("map<string,struct<a:int,b:array<decimal(3,1)>>>");
        assert_eq!(nested["valueType"]["fields"][0]["type"], "integer");
        assert_eq!(nested["valueType"]["fields"][1]["type"]["elementType"], "decimal(3,1)");
    }
}
