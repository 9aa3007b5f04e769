//! Kubernetes: driver pods are made here, without a JVM of our own, as `spark-submit --deploy-mode cluster` makes them.

mod access;
mod api;
mod attempt;
mod cluster;
mod copy;
mod driver_pod;
mod driver_watch;
mod error;
mod expand;
#[cfg(test)]
mod golden;
mod launch;
mod log;
mod names;
mod pod_fields;
mod properties;
mod request;
mod resources;
mod spark_application;
mod status;
mod template;
mod volumes;

pub use access::KubernetesAccess;
pub use attempt::{KubernetesAttempt, KubernetesRuns, KubernetesTarget};
pub use cluster::{KubernetesCluster, KubernetesDriver, KubernetesTrace};
pub use driver_watch::{DriverChange, DriverWatch};
pub use error::KubernetesError;
pub use log::PodLog;
pub use names::KubernetesIntent;
pub use request::{KubernetesApplication, KubernetesRequest, Placement, SecretValue};
pub use spark_application::{ApplicationSchedule, SparkApplication};
pub use status::{FailureReason, KubernetesStatus, PendingReason};
