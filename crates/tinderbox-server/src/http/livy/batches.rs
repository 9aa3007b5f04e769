//! `/batches`.

use super::{Body, LogOf, Part, Refused, StateOf};
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::routing::get;
use axum::{Json, Router};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::PathBuf;
use tinderbox_app::model::RunState;
use tinderbox_app::{App, ApplicationSubmission, LivyBatch};

/// Of ours: the profile or engine that a batch or session goes to, given among its properties.
pub(super) const ENGINE: &str = "spark.tinderbox.engine";

pub(super) fn routes() -> Router<App> {
    Router::new()
        .route("/batches", get(list).post(create))
        .route("/batches/{id}", get(read).delete(delete))
        .route("/batches/{id}/state", get(state))
        .route("/batches/{id}/log", get(log))
}

/// Livy's `CreateBatchRequest`.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub(super) struct CreateBatch {
    file: Option<String>,
    class_name: Option<String>,
    args: Option<Vec<String>>,
    name: Option<String>,
    proxy_user: Option<String>,
    jars: Option<Vec<String>>,
    py_files: Option<Vec<String>>,
    files: Option<Vec<String>>,
    archives: Option<Vec<String>>,
    driver_memory: Option<String>,
    driver_cores: Option<u32>,
    executor_memory: Option<String>,
    executor_cores: Option<u32>,
    num_executors: Option<u32>,
    queue: Option<String>,
    conf: Option<BTreeMap<String, Value>>,
}

/// Livy's `BatchSessionView`.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Batch {
    id: u32,
    name: Option<String>,
    owner: Option<String>,
    proxy_user: Option<String>,
    state: &'static str,
    app_id: Option<String>,
    app_info: AppInfo,
    log: Vec<String>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct AppInfo {
    driver_log_url: Option<String>,
    spark_ui_url: Option<String>,
}

async fn create(
    State(app): State<App>,
    Body(request): Body<CreateBatch>,
) -> Result<(StatusCode, [(&'static str, String); 1], Json<Batch>), Refused> {
    let batch = app.livy_submit(submission(request)?).await?;
    let place = [("location", format!("/batches/{}", batch.number))];
    Ok((StatusCode::CREATED, place, Json(view(&app, &batch).await?)))
}

async fn list(State(app): State<App>, Query(part): Query<Part>) -> Result<Json<Value>, Refused> {
    let (from, size) = part.of_list(100);
    let (total, batches) = app.livy_batches(from, size).await?;
    let mut sessions = Vec::new();
    for batch in &batches {
        sessions.push(view(&app, batch).await?);
    }
    Ok(Json(json!({ "from": from, "total": total, "sessions": sessions })))
}

async fn read(State(app): State<App>, Path(id): Path<String>) -> Result<Json<Batch>, Refused> {
    let batch = find(&app, &id).await?;
    Ok(Json(view(&app, &batch).await?))
}

async fn state(State(app): State<App>, Path(id): Path<String>) -> Result<Json<StateOf>, Refused> {
    let batch = find(&app, &id).await?;
    Ok(Json(StateOf { id: batch.number, state: state_of(batch.run.state) }))
}

async fn log(
    State(app): State<App>,
    Path(id): Path<String>,
    Query(part): Query<Part>,
) -> Result<Json<LogOf>, Refused> {
    let batch = find(&app, &id).await?;
    let log = app.livy_log(&batch, part.from, part.size).await?;
    Ok(Json(LogOf { id: batch.number, from: log.from, total: log.total, log: log.lines }))
}

async fn delete(State(app): State<App>, Path(id): Path<String>) -> Result<Json<Value>, Refused> {
    let batch = find(&app, &id).await?;
    match app.livy_delete(batch.number).await? {
        true => Ok(Json(json!({ "msg": "deleted" }))),
        false => Err(Refused::missing(&id)),
    }
}

async fn find(app: &App, id: &str) -> Result<LivyBatch, Refused> {
    let Ok(number) = id.parse() else { return Err(Refused::missing(id)) };
    app.livy_batch(number).await?.ok_or_else(|| Refused::missing(id))
}

async fn view(app: &App, batch: &LivyBatch) -> Result<Batch, Refused> {
    let run = &batch.run;
    Ok(Batch {
        id: batch.number,
        name: Some(run.name.clone()),
        owner: Some(run.user.clone()).filter(|user| !user.is_empty()),
        proxy_user: None,
        state: state_of(run.state),
        app_id: run.application_id.clone(),
        app_info: AppInfo {
            driver_log_url: Some(format!("{}/log", batch.page)),
            spark_ui_url: Some(batch.page.clone()),
        },
        log: app.livy_log(batch, None, Some(10)).await?.lines,
    })
}

/// Livy's word for where a run stands (`SessionState`).
fn state_of(state: RunState) -> &'static str {
    match state {
        RunState::Queued | RunState::Submitting | RunState::Starting => "starting",
        RunState::Running => "running",
        // Nobody can say, and it is looked for again.
        RunState::Lost => "recovering",
        RunState::Succeeded => "success",
        RunState::Failed | RunState::TimedOut => "dead",
        RunState::Cancelled => "killed",
    }
}

fn submission(request: CreateBatch) -> Result<ApplicationSubmission, Refused> {
    let Some(file) = request.file.filter(|file| !file.is_empty()) else {
        return Err(Refused::rejected("requirement failed: File is required."));
    };
    if request.proxy_user.is_some() {
        let reason = "proxyUser: runs have no other user than the server's; leave it out";
        return Err(Refused::rejected(reason));
    }
    let mut conf = texts(request.conf.unwrap_or_default())?;
    let list = |values: Option<Vec<String>>| {
        values.filter(|values| !values.is_empty()).map(|values| values.join(","))
    };
    let number = |value: Option<u32>| value.map(|value| value.to_string());
    for (key, value) in [
        ("spark.jars", list(request.jars)),
        ("spark.submit.pyFiles", list(request.py_files)),
        ("spark.files", list(request.files)),
        ("spark.archives", list(request.archives)),
        ("spark.driver.memory", request.driver_memory),
        ("spark.driver.cores", number(request.driver_cores)),
        ("spark.executor.memory", request.executor_memory),
        ("spark.executor.cores", number(request.executor_cores)),
        ("spark.executor.instances", number(request.num_executors)),
        ("spark.yarn.queue", request.queue),
    ] {
        if let Some(value) = value {
            conf.insert(key.to_owned(), value);
        }
    }
    let engine = conf.remove(ENGINE);
    let master = conf.remove("spark.master");
    let on_cluster = conf.remove("spark.submit.deployMode").as_deref() == Some("cluster");
    Ok(ApplicationSubmission {
        // Without a scheme a path is one of the server's machine, absolute as Livy wants it.
        file: file.strip_prefix("file://").unwrap_or(&file).to_owned(),
        main_class: request.class_name,
        arguments: request.args.unwrap_or_default(),
        name: request.name,
        conf,
        base_directory: PathBuf::from("/"),
        engine,
        master,
        on_cluster,
        ..ApplicationSubmission::default()
    })
}

/// Values as Jackson makes texts of them.
pub(super) fn texts(conf: BTreeMap<String, Value>) -> Result<BTreeMap<String, String>, Refused> {
    let text = |(key, value): (String, Value)| match value {
        Value::String(text) => Ok((key, text)),
        Value::Number(number) => Ok((key, number.to_string())),
        Value::Bool(value) => Ok((key, value.to_string())),
        other => Err(Refused::rejected(&format!("conf: {key} is {other}, which is no text"))),
    };
    conf.into_iter().map(text).collect()
}
