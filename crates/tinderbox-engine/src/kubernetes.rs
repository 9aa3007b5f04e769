//! Kubernetes: driver pods are made here, without a JVM of our own, as `spark-submit --deploy-mode cluster` makes them.

mod driver_pod;
mod error;
mod expand;
#[cfg(test)]
mod golden;
mod names;
mod properties;
mod request;
mod resources;
mod template;
mod volumes;

pub use error::KubernetesError;
pub use names::KubernetesIntent;
pub use request::{KubernetesApplication, KubernetesRequest, Placement, SecretValue};
