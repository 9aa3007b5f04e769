//! Spark's own History Server REST, `/api/v1`, drop-in. One file per resource.
//!
//! Paths are matched here and not by axum, because what Spark's JAX-RS answers for a path that it does not know
//! depends on how far it got: a page of Jetty, the path as text, or an attempt of that name that is unknown.

#![allow(
    clippy::needless_pass_by_value,
    reason = "all resources have one signature, because some hand their scope on to the thread that writes the body"
)]

mod answer;
mod applications;
mod connect;
mod environment;
mod executors;
mod jobs;
mod logs;
mod parameters;
mod sql;
mod stages;
mod storage;
mod streaming;
mod tasks;

use answer::{Answer, Refusal};
use axum::Router;
use axum::extract::{Request, State};
use axum::http::{Method, header};
use axum::response::Response;
use axum::routing::any;
use parameters::Parameters;
use std::sync::Arc;
use tinderbox_app::model::TimestampMs;
use tinderbox_app::rest::{Shape, View};
use tinderbox_app::{App, HistoryApplication};

/// How `/api/v1` answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct HistoryOptions {
    /// One shape for all answers; `None`: by each application's own version, for lists and `/version` that of 4.x.
    pub shape: Option<Shape>,
    /// Spark's limit of tasks a stage (`spark.ui.retainedTasks`); `None` keeps all.
    pub retained_tasks: Option<u64>,
}

/// All of `/api/v1`.
pub fn routes(options: HistoryOptions) -> Router<App> {
    let handler =
        any(move |State(app): State<App>, request: Request| answer(app, options, request));
    let paths = ["/api/v1", "/api/v1/", "/api/v1/{*path}"];
    paths.into_iter().fold(Router::new(), |router, path| router.route(path, handler.clone()))
}

/// A request for something of an application.
#[derive(Clone)]
struct Scope {
    opened: Arc<HistoryApplication>,
    shape: Shape,
    now: TimestampMs,
    retained_tasks: Option<u64>,
    parameters: Parameters,
}

impl Scope {
    fn view(&self) -> View<'_> {
        View { application: &self.opened.application, shape: self.shape, now: self.now }
    }

    /// For tasks: what they last until is the latest change of the log.
    fn task_view(&self) -> View<'_> {
        View { now: self.opened.attempt.last_updated, ..self.view() }
    }
}

async fn answer(app: App, options: HistoryOptions, request: Request) -> Response {
    let uri = request.uri().clone();
    let host = request.headers().get(header::HOST).and_then(|host| host.to_str().ok());
    let shape = options.shape.unwrap_or(Shape::V4);
    let page = answer::Page { shape, host: host.unwrap_or_default(), uri: &uri };
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        return Refusal::Method.respond(&page);
    }
    let decoded: Vec<String> = uri.path().split('/').map(parameters::decode_path).collect();
    let segments: Vec<&str> = decoded.iter().skip(3).map(String::as_str).collect();
    // One slash at the end changes nothing.
    let segments = match segments.as_slice() {
        [rest @ .., ""] => rest,
        all => all,
    };
    let parameters = Parameters::of(uri.query().unwrap_or_default());
    let answered = match segments {
        ["version"] => Answer::json(&tinderbox_app::rest::Version::of(shape)),
        ["applications"] => applications::list(&app, shape, &parameters).await,
        ["applications", id] => applications::one(&app, options, id).await,
        ["applications", id, rest @ ..] => {
            of_application(Call { app: &app, options, id, parameters }, rest, uri.path()).await
        }
        _ => Err(Refusal::Unknown),
    };
    match answered {
        Ok(answer) => answer.respond(shape),
        Err(refusal) => refusal.respond(&page),
    }
}

/// A request for something of an application that is not opened yet.
struct Call<'a> {
    app: &'a App,
    options: HistoryOptions,
    id: &'a str,
    parameters: Parameters,
}

/// Everything below an application: resources first, then attempts, as JAX-RS chooses.
async fn of_application(call: Call<'_>, rest: &[&str], path: &str) -> Result<Answer, Refusal> {
    let auto = list_shape(call.app, call.options, call.id).await?;
    if let Some(resource) = Resource::find(rest, auto) {
        return resource?.answer(call, None).await;
    }
    match rest {
        [attempt] => applications::attempt(call.app, call.options, call.id, attempt).await,
        [attempt, rest @ ..] => match Resource::find(rest, auto) {
            Some(resource) => resource?.answer(call, Some(attempt)).await,
            None => Err(Refusal::not_found(path)),
        },
        [] => Err(Refusal::Unknown),
    }
}

/// The shape in which an application's paths are matched.
async fn list_shape(app: &App, options: HistoryOptions, id: &str) -> Result<Shape, Refusal> {
    if let Some(shape) = options.shape {
        return Ok(shape);
    }
    let list = app.history_list().await?;
    Ok(list.find(id).map_or(Shape::V4, applications::shape_of))
}

/// What can be asked about an application.
enum Resource {
    /// Answers from the opened application.
    Of(Box<dyn FnOnce(Scope) -> Result<Answer, Refusal> + Send>),
    /// Thread dumps, which a history server does not have; the executor that was named.
    Threads(Option<String>),
    /// The event logs.
    Logs,
}

impl Resource {
    /// `None` for paths that JAX-RS goes on to look for as attempts; an error where it has already chosen a resource
    /// that does not have the rest.
    fn find(path: &[&str], shape: Shape) -> Option<Result<Self, Refusal>> {
        let of = |answer: fn(&Scope) -> Result<Answer, Refusal>| {
            Some(Ok(Self::Of(Box::new(move |scope| answer(&scope)))))
        };
        match path {
            ["jobs"] => of(jobs::list),
            ["jobs", id] if is_number(id) => Some(with_number(id, jobs::one)),
            ["stages", rest @ ..] => Some(stages::find(rest)),
            ["executors"] => of(executors::active),
            ["executors", id, "threads"] => Some(Ok(Self::Threads(Some((*id).to_owned())))),
            ["threads"] if shape == Shape::V4 => Some(Ok(Self::Threads(None))),
            ["allexecutors"] => of(executors::all),
            ["allmiscellaneousprocess"] => of(executors::processes),
            ["storage", "rdd"] => of(storage::list),
            ["storage", "rdd", id] if is_number(id) => Some(with_number(id, storage::one)),
            ["environment"] => of(environment::environment),
            ["logs"] => Some(Ok(Self::Logs)),
            ["sql", rest @ ..] => Some(sql::find(rest, shape)),
            ["streaming", rest @ ..] => Some(streaming::find(rest)),
            ["connect", rest @ ..] if shape == Shape::V4 => Some(connect::find(rest)),
            _ => None,
        }
    }

    async fn answer(self, call: Call<'_>, attempt: Option<&str>) -> Result<Answer, Refusal> {
        let Call { app, options, id, parameters } = call;
        if let Self::Logs = self {
            return logs::archive(app, id, attempt).await;
        }
        let opened = app.history_open(id, attempt).await?.ok_or_else(|| {
            let attempt = attempt.map_or_else(String::new, |attempt| format!("/{attempt}"));
            Refusal::not_found(&format!("no such app: {id}{attempt}"))
        })?;
        let shape = options.shape.unwrap_or_else(|| Shape::of(&opened.application));
        let scope = Scope {
            opened: Arc::new(opened),
            shape,
            now: now(),
            retained_tasks: options.retained_tasks,
            parameters,
        };
        match self {
            Self::Of(answer) => answer::blocking(move || answer(scope)).await,
            Self::Threads(executor) => Err(executors::threads(&scope, executor.as_deref())),
            Self::Logs => Err(Refusal::Failed),
        }
    }
}

/// `\d+` of the paths.
fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// A resource with a number in its path; JAX-RS does not find what is beyond a Java int.
fn with_number(
    text: &str,
    answer: fn(&Scope, i64) -> Result<Answer, Refusal>,
) -> Result<Resource, Refusal> {
    let number: i32 = text.parse().map_err(|_| Refusal::Unknown)?;
    Ok(Resource::Of(Box::new(move |scope| answer(&scope, number.into()))))
}

fn now() -> TimestampMs {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    TimestampMs(since.map_or(0, |time| i64::try_from(time.as_millis()).unwrap_or(i64::MAX)))
}
