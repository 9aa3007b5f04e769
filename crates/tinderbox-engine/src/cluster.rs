//! Where attempts run, and what they are followed by: one set of questions for every engine.

use crate::attempt::{LocalProcesses, Outcome};
use crate::kubernetes::{KubernetesAttempt, KubernetesRuns, KubernetesTarget};
use crate::standalone::{StandaloneDriver, StandaloneTarget};
use crate::yarn::{YarnApplication, YarnCluster, YarnTarget};
use crate::{Error, Intent, Launch, Launched, StandaloneMaster, Status, Trace};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// Where an attempt is to run. Stored with the intent, before anything is asked of anybody, so that it holds all that
/// finding the attempt again takes; credentials by name only.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Target {
    /// The driver on this machine, whatever it has its executors from.
    #[default]
    Local,
    /// A driver on a worker of a standalone cluster.
    Standalone(Box<StandaloneTarget>),
    /// A driver in a container of a YARN cluster.
    Yarn(Box<YarnTarget>),
    /// A driver pod.
    Kubernetes(Box<KubernetesTarget>),
}

/// By what a started attempt is followed. Stored; those of earlier versions, processes on this machine, are read too.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Identity {
    /// Processes on this machine.
    Local(LocalProcesses),
    /// A driver that a standalone master knows.
    Standalone(StandaloneDriver),
    /// An application of YARN.
    Yarn(YarnApplication),
    /// A driver pod.
    Kubernetes(Box<KubernetesAttempt>),
}

/// An engine with what it takes to speak to it.
#[derive(Debug, Clone)]
pub enum Cluster {
    /// This machine.
    Local,
    /// A standalone cluster.
    Standalone(StandaloneMaster),
    /// A YARN cluster.
    Yarn(YarnCluster),
    /// Kubernetes.
    Kubernetes(KubernetesRuns),
}

impl Identity {
    /// What was stored before it was started.
    pub fn intent(&self) -> &Intent {
        match self {
            Self::Local(processes) => &processes.intent,
            Self::Standalone(driver) => &driver.intent,
            Self::Yarn(application) => &application.intent,
            Self::Kubernetes(attempt) => &attempt.intent,
        }
    }
}

impl Cluster {
    /// What became of an attempt after a crash of the caller. An attempt that was not launched stays so until
    /// somebody launches it; one whose launch was cut short is never launched by this.
    ///
    /// # Errors
    /// Those of [`Intent::find`], [`Error::Unreachable`], [`Error::Refused`].
    pub async fn find(&self, intent: &Intent) -> Result<Trace, Error> {
        match self {
            Self::Local => {
                let intent = intent.clone();
                on_thread(move || intent.find()).await.map(|trace| trace.map(Identity::Local))
            }
            Self::Standalone(master) => {
                master.find(intent).await.map(|trace| trace.map(Identity::Standalone))
            }
            Self::Yarn(yarn) => yarn.find(intent).await.map(|trace| trace.map(Identity::Yarn)),
            Self::Kubernetes(runs) => {
                let named = |attempt| Identity::Kubernetes(Box::new(attempt));
                runs.find(intent).await.map(|trace| trace.map(named))
            }
        }
    }

    /// Whether the cluster is there, before an attempt is brought to it by a process of this machine.
    ///
    /// # Errors
    /// [`Error::Unreachable`], [`Error::Refused`].
    pub async fn answers(&self) -> Result<(), Error> {
        match self {
            Self::Local | Self::Standalone(_) | Self::Kubernetes(_) => Ok(()),
            Self::Yarn(yarn) => yarn.version().await.map(drop),
        }
    }

    /// Asks the cluster for an attempt whose program runs on it; those that begin with a process of this machine are
    /// launched by [`crate::LocalSpark::submit`], which finds what it needs first.
    ///
    /// # Errors
    /// [`Error::AlreadyLaunched`], [`Error::Folder`], [`Error::Write`], [`Error::Unreachable`], [`Error::Unanswered`],
    /// [`Error::Refused`]; the attempt is used up unless it is the first three.
    pub async fn launch(&self, intent: &Intent, launch: &Launch<'_>) -> Result<Launched, Error> {
        match self {
            // Brought there by a process of this machine.
            Self::Local | Self::Yarn(_) => {
                Err(Error::WrongCluster { directory: intent.directory.clone() })
            }
            Self::Standalone(master) => {
                let Launched { identity, notes } = master.launch(intent, launch).await?;
                Ok(Launched { identity: Identity::Standalone(identity), notes })
            }
            Self::Kubernetes(runs) => {
                let Launched { identity, notes } = runs.launch(intent, launch).await?;
                Ok(Launched { identity: Identity::Kubernetes(Box::new(identity)), notes })
            }
        }
    }

    /// Takes away what is left of a launch that was begun and will not be completed. Only where a launch may be repeated there can
    /// be something.
    ///
    /// # Errors
    /// Those of [`Cluster::cancel`].
    pub async fn withdraw(&self, intent: &Intent) -> Result<(), Error> {
        match self {
            Self::Local | Self::Standalone(_) | Self::Yarn(_) => Ok(()),
            Self::Kubernetes(runs) => runs.withdraw(intent).await,
        }
    }

    /// Where an attempt stands.
    ///
    /// # Errors
    /// [`Error::Read`], [`Error::Unreachable`], [`Error::Refused`].
    pub async fn status(&self, identity: &Identity) -> Result<Status, Error> {
        match (self, identity) {
            (_, Identity::Local(processes)) => {
                let processes = processes.clone();
                on_thread(move || processes.status()).await
            }
            (Self::Standalone(master), Identity::Standalone(driver)) => {
                master.status_of(driver).await
            }
            (Self::Yarn(yarn), Identity::Yarn(application)) => yarn.status_of(application).await,
            (Self::Kubernetes(runs), Identity::Kubernetes(attempt)) => {
                runs.status_of(attempt).await
            }
            _ => Err(wrong(identity)),
        }
    }

    /// Where attempts that did not end yet stand, with one question for all of them. `None` where one has to be asked
    /// about by itself with [`Cluster::status`]: it has ended, or its cluster does not say.
    ///
    /// # Errors
    /// [`Error::Unreachable`], [`Error::Refused`].
    pub async fn overview(&self, identities: &[&Identity]) -> Result<Vec<Option<Status>>, Error> {
        match self {
            Self::Local => {
                let all: Vec<_> = identities
                    .iter()
                    .map(|identity| match identity {
                        Identity::Local(processes) => Some(processes.clone()),
                        _ => None,
                    })
                    .collect();
                on_thread(move || Ok(all.iter().map(|one| one.as_ref()?.still_runs()).collect()))
                    .await
            }
            Self::Standalone(master) => {
                let active = master.active().await?;
                let of = |identity: &&Identity| match identity {
                    Identity::Standalone(driver) => active.get(&driver.driver).cloned(),
                    _ => None,
                };
                Ok(identities.iter().map(of).collect())
            }
            Self::Yarn(yarn) => {
                let active = yarn.active().await?;
                let of = |identity: &&Identity| match identity {
                    Identity::Yarn(application) => active.get(&application.id()?).cloned(),
                    _ => None,
                };
                Ok(identities.iter().map(of).collect())
            }
            Self::Kubernetes(runs) => {
                let all = identities.iter().map(|identity| match *identity {
                    Identity::Kubernetes(attempt) => Some(attempt.as_ref()),
                    _ => None,
                });
                runs.overview(&all.collect::<Vec<_>>()).await
            }
        }
    }

    /// Ends an attempt and answers how it ended, which is what happened and not what was asked for. Calling it again is
    /// harmless. `grace` is what processes on this machine get between the two signals; clusters have their own.
    ///
    /// # Errors
    /// [`Error::StillRunning`], [`Error::StillThere`], and those of [`Cluster::status`].
    pub async fn cancel(&self, identity: &Identity, grace: Duration) -> Result<Status, Error> {
        match (self, identity) {
            (_, Identity::Local(processes)) => processes.cancel(grace).await,
            (Self::Standalone(master), Identity::Standalone(driver)) => master.cancel(driver).await,
            (Self::Yarn(yarn), Identity::Yarn(application)) => {
                yarn.cancel(application, grace).await
            }
            (Self::Kubernetes(runs), Identity::Kubernetes(attempt)) => {
                runs.cancel(attempt, grace).await
            }
            _ => Err(wrong(identity)),
        }
    }

    /// Frees what an ended attempt no longer needs; its program, logs and results stay.
    ///
    /// # Errors
    /// Those of [`LocalProcesses::clean_up`].
    pub async fn clean_up(&self, identity: &Identity) -> Result<(), Error> {
        match identity {
            Identity::Local(processes) => {
                let processes = processes.clone();
                on_thread(move || processes.clean_up()).await
            }
            // Workers clear away the folders of drivers (`spark.worker.cleanup.enabled`).
            Identity::Standalone(_) => Ok(()),
            Identity::Yarn(application) => application.clean_up().await,
            Identity::Kubernetes(attempt) => match self {
                Self::Kubernetes(runs) => runs.clean_up(attempt).await,
                _ => Err(wrong(identity)),
            },
        }
    }

    /// Brings what the driver has printed since the last call into the attempt's [`crate::AttemptLog`], without the
    /// values of `hidden`. Attempts on this machine write it there themselves. One call at a time for an attempt.
    ///
    /// # Errors
    /// [`Error::Unreachable`], [`Error::Refused`], [`Error::Read`], [`Error::Write`].
    pub async fn copy_log(&self, identity: &Identity, hidden: &[String]) -> Result<(), Error> {
        match (self, identity) {
            (_, Identity::Local(_)) => Ok(()),
            (Self::Standalone(master), Identity::Standalone(driver)) => {
                master.copy_log(driver, hidden).await
            }
            (Self::Yarn(yarn), Identity::Yarn(application)) => {
                yarn.copy_log(application, hidden).await
            }
            (Self::Kubernetes(runs), Identity::Kubernetes(attempt)) => {
                runs.copy_log(attempt, hidden).await
            }
            _ => Err(wrong(identity)),
        }
    }
}

impl Status {
    /// The exit code, where it is known or follows from what is.
    pub fn exit_code(&self) -> Option<i32> {
        match self {
            Self::Exited { code } => Some(*code),
            Self::Ended { outcome: Outcome::Succeeded, .. } => Some(0),
            Self::Waiting { .. } | Self::Running | Self::Ended { .. } | Self::Vanished => None,
        }
    }
}

pub(crate) fn wrong(identity: &Identity) -> Error {
    Error::WrongCluster { directory: identity.intent().directory.clone() }
}

pub(crate) async fn on_thread<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Error> + Send + 'static,
) -> Result<T, Error> {
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done,
        Err(error) => match error.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            // Only a runtime that shuts down cancels work on its threads.
            Err(_) => std::future::pending().await,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_earlier_versions_stored_is_read() {
        let stored =
            r#"{"intent":{"directory":"/data/runs/a/1","marker":"a/1"},"pid":7,"started_ticks":9}"#;
        let identity: Identity = serde_json::from_str(stored).expect("an identity");
        let Identity::Local(processes) = &identity else { panic!("{identity:?}") };
        assert_eq!((processes.pid, processes.started_ticks), (7, 9));
        assert_eq!(identity.intent().target, Target::Local);
    }
}
