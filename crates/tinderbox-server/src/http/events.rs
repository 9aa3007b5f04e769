//! Server-sent events: one run's progress, and changes of any run. At most four messages a second about a run.

use crate::convert;
use crate::extract::Path;
use crate::problem::ApiError;
use axum::extract::State;
use axum::response::sse::{Event, KeepAlive, Sse};
use futures::Stream;
use futures::stream::unfold;
use std::collections::BTreeSet;
use std::convert::Infallible;
use std::time::Duration;
use tinderbox_api as api;
use tinderbox_app::{App, model};
use tokio::sync::broadcast;
use tokio::sync::broadcast::error::{RecvError, TryRecvError};
use tokio::time::sleep;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// Changes are gathered for this long, so that a watcher gets 4 messages a second however many events Spark sends.
const COALESCE: Duration = Duration::from_millis(250);

/// The routes of this resource.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(watch_job)).routes(routes!(watch_jobs))
}

/// Progress of one run: events `progress` with a `JobProgress`, then `end` when it is over.
#[utoipa::path(get, path = "/api/jobs/{job_id}/events", operation_id = "watch_job", tag = "live",
    params(("job_id" = String, Path, description = "the run")),
    responses((status = 200, body = api::JobProgress, content_type = "text/event-stream"), (status = 404, body = api::Problem)))]
async fn watch_job(
    State(app): State<App>,
    Path(id): Path<String>,
) -> Result<Sse<impl Stream<Item = Result<Event, Infallible>>>, ApiError> {
    let changes = app.changes();
    let run = app.run(&id).await?.id;
    let watch = Watch { app, run, changes, step: Step::First };
    Ok(Sse::new(unfold(watch, Watch::next)).keep_alive(KeepAlive::default()))
}

struct Watch {
    app: App,
    run: model::RunId,
    changes: broadcast::Receiver<model::RunId>,
    step: Step,
}

#[derive(PartialEq, Eq)]
enum Step {
    First,
    Follow,
    End,
    Over,
}

impl Watch {
    async fn next(mut self) -> Option<(Result<Event, Infallible>, Self)> {
        match self.step {
            Step::First => {}
            Step::Follow => self.changed().await?,
            Step::End => {
                self.step = Step::Over;
                return Some((Ok(Event::default().event("end").data("{}")), self));
            }
            Step::Over => return None,
        }
        let progress = self.app.progress(&self.run, convert::progress).await.ok()?;
        let is_over =
            model::RunState::parse(&progress.job.state).is_none_or(model::RunState::is_final);
        self.step = if is_over { Step::End } else { Step::Follow };
        let event = Event::default()
            .event("progress")
            .id(progress.seq.to_string())
            .json_data(&progress)
            .ok()?;
        Some((Ok(event), self))
    }

    /// Waits for a change of this run, then a moment for those that follow. `None` when the app is closing.
    async fn changed(&mut self) -> Option<()> {
        loop {
            match self.changes.recv().await {
                Ok(run) if run == self.run => break,
                Ok(_) => {}
                Err(RecvError::Lagged(_)) => break,
                Err(RecvError::Closed) => return None,
            }
        }
        sleep(COALESCE).await;
        // What came meanwhile is in the state that is read next.
        self.changes = self.changes.resubscribe();
        Some(())
    }
}

/// Every change of any run: events `job` with a `Job`.
///
/// The stream ends when a watcher is too slow to get every change; it then connects again and reads the list anew.
#[utoipa::path(get, path = "/api/events", operation_id = "watch_jobs", tag = "live",
    responses((status = 200, body = api::Job, content_type = "text/event-stream")))]
async fn watch_jobs(State(app): State<App>) -> Sse<impl Stream<Item = Result<Event, Infallible>>> {
    let changes = app.changes();
    let pending = BTreeSet::new();
    let stream = unfold((app, changes, pending), |(app, mut changes, mut pending)| async move {
        loop {
            if let Some(run) = BTreeSet::<model::RunId>::pop_first(&mut pending) {
                let Ok(view) = app.run(run.as_str()).await else { continue };
                let Ok(event) = Event::default().event("job").json_data(convert::job(&view)) else {
                    continue;
                };
                return Some((Ok(event), (app, changes, pending)));
            }
            match changes.recv().await {
                Ok(run) => _ = pending.insert(run),
                Err(RecvError::Lagged(_) | RecvError::Closed) => return None,
            }
            sleep(COALESCE).await;
            loop {
                match changes.try_recv() {
                    Ok(run) => _ = pending.insert(run),
                    Err(TryRecvError::Empty | TryRecvError::Closed) => break,
                    Err(TryRecvError::Lagged(_)) => return None,
                }
            }
        }
    });
    Sse::new(stream).keep_alive(KeepAlive::default())
}
