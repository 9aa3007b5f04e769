//! Logs of executors: who has them, and their copies in the attempt's folder.

use crate::cluster::{Cluster, Identity, wrong};
use crate::kubernetes::PodLog;
use crate::yarn::Container;
use crate::{AttemptLog, Error};

/// An executor as its application tells of it (`SparkListenerExecutorAdded`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ToldExecutor {
    /// Spark's id.
    pub id: String,
    /// Addresses of its logs. Nothing is asked of a server that the cluster itself does not name.
    pub logs: Vec<String>,
    /// Whether it prints nothing more (`SparkListenerExecutorRemoved`).
    pub has_ended: bool,
}

/// An executor whose log can be had.
#[derive(Debug, Clone)]
pub struct ExecutorLog {
    /// Spark's id.
    pub id: String,
    /// As [`ToldExecutor::has_ended`]; pods are deleted when they have been copied after their end, and say false.
    pub has_ended: bool,
    place: Place,
}

#[derive(Debug, Clone)]
pub(crate) enum Place {
    /// The page of a worker, and the application's id.
    Worker { web: String, application: String },
    /// A container of YARN.
    Container(Container),
    /// A pod, and whether it is deleted when it has ended.
    Pod { log: PodLog, clears: bool },
}

impl ExecutorLog {
    pub(crate) fn of_pod(id: &str, place: Place) -> Self {
        Self { id: id.to_owned(), has_ended: false, place }
    }

    pub(crate) fn of(told: &ToldExecutor, place: Place) -> Self {
        Self { id: told.id.clone(), has_ended: told.has_ended, place }
    }
}

impl Cluster {
    /// The executors whose logs can be had: of `told`, which are those that the application has told of, and on Kubernetes those
    /// whose pods are there. On this machine executors print into the driver's log.
    ///
    /// # Errors
    /// [`Error::Unreachable`], [`Error::Refused`], [`Error::Kubernetes`].
    pub async fn executor_logs(
        &self,
        identity: &Identity,
        told: &[ToldExecutor],
    ) -> Result<Vec<ExecutorLog>, Error> {
        match (self, identity) {
            (Self::Local, _) => Ok(Vec::new()),
            (Self::Standalone(master), _) => master.executor_logs(told).await,
            (Self::Yarn(yarn), _) => yarn.executor_logs(told).await,
            (Self::Kubernetes(runs), Identity::Kubernetes(attempt)) => {
                runs.executor_logs(attempt).await
            }
            (Self::Kubernetes(_), _) => Err(wrong(identity)),
        }
    }

    /// Brings what an executor has printed since the last call into its [`AttemptLog`], without the values of `hidden`; one call
    /// at a time for an executor. `is_over` says that it prints nothing more.
    ///
    /// # Errors
    /// Those of [`Cluster::copy_log`].
    pub async fn copy_executor_log(
        &self,
        identity: &Identity,
        executor: &ExecutorLog,
        is_over: bool,
        hidden: &[String],
    ) -> Result<(), Error> {
        let directory = &identity.intent().directory;
        let Some(copy) = AttemptLog::executor_path(directory, &executor.id) else { return Ok(()) };
        match (self, &executor.place) {
            (Self::Standalone(master), Place::Worker { web, application }) => {
                let of = format!("appId={application}&executorId={}", executor.id);
                master.copy_pages((web, &of), copy, is_over, hidden).await
            }
            (Self::Yarn(yarn), Place::Container(container)) => {
                yarn.copy_container(container, is_over, copy, hidden).await
            }
            (Self::Kubernetes(runs), Place::Pod { log, clears }) => {
                runs.copy_pod((log, *clears), copy, hidden).await
            }
            _ => Err(wrong(identity)),
        }
    }
}
