//! Event logs that are being read right now, so that whoever asks for one of their applications waits for it instead of
//! being told that it is not there.

use crate::lock;
use std::sync::{Arc, Mutex};
use tinderbox_model::{Application, ApplicationId, RunId};
use tokio::sync::watch;

/// How far a log is.
#[derive(Debug, Clone)]
pub(crate) enum Stage {
    /// Its events are being folded.
    Folding,
    /// The application is complete; its tasks are being indexed and stored.
    Folded(Arc<Application>),
    /// Everything is in the store, or reading failed: look there.
    Over,
}

/// The logs that are being read.
#[derive(Debug, Default)]
pub(crate) struct Opening {
    logs: Mutex<Vec<Arc<OpenLog>>>,
}

/// One of them.
#[derive(Debug)]
pub(crate) struct OpenLog {
    /// The run that is made of it.
    pub run: RunId,
    /// Its application, from the first lines.
    pub application: Option<ApplicationId>,
    /// The attempt of it.
    pub attempt: Option<String>,
    stage: watch::Sender<Stage>,
}

impl Opening {
    /// Notes a log until the answer is dropped.
    pub fn begin(
        &self,
        run: RunId,
        application: Option<ApplicationId>,
        attempt: Option<String>,
    ) -> Reading<'_> {
        let stage = watch::Sender::new(Stage::Folding);
        let log = Arc::new(OpenLog { run, application, attempt, stage });
        lock(&self.logs).push(log.clone());
        Reading { opening: self, log }
    }

    /// The logs of an application.
    pub fn of_application(&self, id: &ApplicationId) -> Vec<Arc<OpenLog>> {
        let logs = lock(&self.logs);
        logs.iter().filter(|log| log.application.as_ref() == Some(id)).cloned().collect()
    }
}

impl OpenLog {
    /// Waits until the application is complete; `None` when the store has it, or never will.
    pub async fn folded(&self) -> Option<Arc<Application>> {
        let mut stage = self.stage.subscribe();
        let reached = stage.wait_for(|stage| !matches!(stage, Stage::Folding)).await;
        match reached.as_deref() {
            Ok(Stage::Folded(application)) => Some(application.clone()),
            _ => None,
        }
    }

    /// Waits until everything is stored, or reading failed.
    pub async fn stored(&self) {
        let mut stage = self.stage.subscribe();
        let _ = stage.wait_for(|stage| matches!(stage, Stage::Over)).await;
    }
}

/// Keeps a log among those that are being read.
#[derive(Debug)]
pub(crate) struct Reading<'o> {
    opening: &'o Opening,
    log: Arc<OpenLog>,
}

impl Reading<'_> {
    /// The handle for other threads.
    pub fn log(&self) -> Arc<OpenLog> {
        self.log.clone()
    }
}

impl OpenLog {
    /// Tells those who wait that the application is complete.
    pub fn set_folded(&self, application: Arc<Application>) {
        self.stage.send_replace(Stage::Folded(application));
    }
}

impl Drop for Reading<'_> {
    fn drop(&mut self) {
        lock(&self.opening.logs).retain(|log| !Arc::ptr_eq(log, &self.log));
        self.log.stage.send_replace(Stage::Over);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn whoever_waits_is_told_at_each_stage() {
        let opening = Arc::new(Opening::default());
        let id = ApplicationId::new("app-1");
        let reading = opening.begin(RunId::new("r"), Some(id.clone()), None);
        let log = opening.of_application(&id).pop().unwrap();
        let waiting = tokio::spawn({
            let log = log.clone();
            async move { log.folded().await.map(|application| application.name.clone()) }
        });
        let application = Application { name: String::from("n"), ..Application::default() };
        reading.log().set_folded(Arc::new(application));
        assert_eq!(waiting.await.unwrap().as_deref(), Some("n"));
        drop(reading);
        log.stored().await;
        assert!(log.folded().await.is_none());
        assert!(opening.of_application(&id).is_empty());
    }
}
