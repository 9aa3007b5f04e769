use crate::NodeId;
use serde::{Deserialize, Serialize};
use std::fmt;

/// A proposed change to a spec or to a launch. Advice proposes it, `tinderbox-spec` applies it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Patch {
    /// Sets a Spark property: `configuration.sparkConf.<key>` of the spec.
    Configuration {
        /// Spark's key, for example `spark.sql.shuffle.partitions`.
        key: String,
        /// Spark's text form of the value.
        value: String,
    },
    /// Sets a field under `cluster` of the spec, for example `executor.memory`.
    Resource {
        /// Path below `cluster`, dots between.
        field: String,
        /// Text form of the value.
        value: String,
    },
    /// Sets a parameter of a node of the spec's graph.
    NodeParameter {
        /// The node.
        node: NodeId,
        /// The parameter's name.
        parameter: String,
        /// Text form of the value.
        value: String,
    },
}

impl fmt::Display for Patch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Configuration { key, value } => write!(f, "{key}={value}"),
            Self::Resource { field, value } => write!(f, "cluster.{field}={value}"),
            Self::NodeParameter { node, parameter, value } => {
                write!(f, "{node}.{parameter}={value}")
            }
        }
    }
}
