//! Event logs that wait to be read or are being read, so that whoever asks for one of their applications waits for it,
//! ahead of the others, instead of being told that it is not there.

use crate::lock;
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, OnceLock};
use tinderbox_collect::EventLog;
use tinderbox_model::{Application, ApplicationId, RunId};
use tokio::sync::watch;

/// How far a log is.
#[derive(Debug, Clone)]
pub(crate) enum Stage {
    /// It waits for its turn, or its events are being folded.
    Folding,
    /// The application is complete; its tasks are being indexed and stored.
    Folded(Arc<Application>),
    /// Everything is in the store, or reading failed: look there.
    Over,
}

/// The logs that wait or are being read.
#[derive(Debug, Default)]
pub(crate) struct Opening {
    logs: Mutex<Vec<Arc<OpenLog>>>,
    /// Those that somebody waits for, the latest last.
    wanted: Mutex<Vec<RunId>>,
}

/// One of them.
#[derive(Debug)]
pub(crate) struct OpenLog {
    /// The run that is made of it.
    pub run: RunId,
    /// `<app>[_<attempt>]` of the name of the file: what is known before it is opened.
    name: String,
    /// Its application and attempt, from the first lines.
    identity: OnceLock<(Option<ApplicationId>, Option<String>)>,
    stage: watch::Sender<Stage>,
}

impl Opening {
    /// Notes a log until the answer is dropped.
    pub fn begin(&self, run: RunId, log: &EventLog) -> Reading<'_> {
        let stage = watch::Sender::new(Stage::Folding);
        let name = log.name.clone();
        let log = Arc::new(OpenLog { run, name, identity: OnceLock::new(), stage });
        lock(&self.logs).push(log.clone());
        Reading { opening: self, log }
    }

    /// The log of an attempt of an application. If it still waits for its turn it is the next.
    pub fn ask(&self, id: &ApplicationId, attempt: Option<&str>) -> Option<Arc<OpenLog>> {
        let log = lock(&self.logs).iter().find(|log| log.is_of(id, attempt)).cloned()?;
        if log.identity.get().is_none() {
            lock(&self.wanted).push(log.run.clone());
        }
        Some(log)
    }

    /// Takes a log that somebody asked for, else the first.
    pub fn next<'o>(
        &self,
        queue: &Mutex<VecDeque<(EventLog, Reading<'o>)>>,
    ) -> Option<(EventLog, Reading<'o>)> {
        let mut queue = lock(queue);
        while let Some(run) = lock(&self.wanted).pop() {
            let at = queue.iter().position(|(_, reading)| reading.log.run == run);
            if let Some(found) = at.and_then(|at| queue.remove(at)) {
                return Some(found);
            }
        }
        queue.pop_front()
    }
}

impl OpenLog {
    /// Whether it is the log of that attempt: by its events, or as long as those are unknown by its name.
    fn is_of(&self, id: &ApplicationId, attempt: Option<&str>) -> bool {
        match self.identity.get() {
            Some((of, number)) => of.as_ref() == Some(id) && number.as_deref() == attempt,
            None => match (self.name.strip_prefix(id.as_str()), attempt) {
                (Some(rest), None) => rest.is_empty(),
                (Some(rest), Some(attempt)) => rest.strip_prefix('_') == Some(attempt),
                (None, _) => false,
            },
        }
    }

    /// Tells those who wait that the application is complete.
    pub fn set_folded(&self, application: Arc<Application>) {
        self.stage.send_replace(Stage::Folded(application));
    }

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

/// Keeps a log among those that wait or are being read.
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

    /// Notes whose log it is.
    pub fn identify(&self, application: Option<ApplicationId>, attempt: Option<String>) {
        let _ = self.log.identity.set((application, attempt));
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
    use tinderbox_collect::{Depth, Location, list};

    fn logs(names: &[&str]) -> Vec<EventLog> {
        let folder = tempfile::tempdir().unwrap();
        for name in names {
            std::fs::write(folder.path().join(name), b"x").unwrap();
        }
        let location = Location::Local(folder.path().to_owned());
        let mut logs = list(&location, Depth::OneLevel).unwrap().logs;
        logs.sort_by(|a, b| a.name.cmp(&b.name));
        logs
    }

    #[tokio::test]
    async fn whoever_waits_is_told_at_each_stage() {
        let opening = Arc::new(Opening::default());
        let id = ApplicationId::new("app-1");
        let reading = opening.begin(RunId::new("r"), &logs(&["renamed"])[0]);
        assert!(opening.ask(&id, None).is_none(), "nothing tells whose log it is");
        reading.identify(Some(id.clone()), None);
        let log = opening.ask(&id, None).unwrap();
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
        assert!(opening.ask(&id, None).is_none());
    }

    #[test]
    fn a_log_that_is_asked_for_is_read_next() {
        let opening = Opening::default();
        let queue: VecDeque<_> = logs(&["app-1", "app-2_1", "app-2_2.zstd", "app-3"])
            .into_iter()
            .map(|log| {
                let reading = opening.begin(RunId::new(log.name.clone()), &log);
                (log, reading)
            })
            .collect();
        let queue = Mutex::new(queue);
        assert!(opening.ask(&ApplicationId::new("app-2"), None).is_none());
        assert!(opening.ask(&ApplicationId::new("app-2"), Some("2")).is_some());
        let order: Vec<_> = std::iter::from_fn(|| opening.next(&queue)).collect();
        let order: Vec<_> = order.iter().map(|(log, _)| log.name.as_str()).collect();
        assert_eq!(order, ["app-2_2", "app-1", "app-2_1", "app-3"]);
    }
}
