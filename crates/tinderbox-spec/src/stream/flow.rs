//! Which nodes of a job are streams.

use crate::operation::{Data, Operation, Read};
use crate::spec::{JobType, Node, Spec};
use std::collections::{BTreeMap, BTreeSet};
use tinderbox_model::NodeId;

/// Formats with a streaming source. Files of any format are read as streams by `FileStreamSource`.
/// Source: the sources that Spark's Structured Streaming guide lists, and each connector's own guide.
const STREAMING_FORMATS: &[&str] =
    &["rate", "rate-micro-batch", "socket", "kafka", "aws-kinesis", "iceberg"];

/// The streams of a job.
pub(crate) struct Flow<'s> {
    pub(crate) spec: &'s Spec,
    nodes: BTreeMap<&'s NodeId, &'s Node>,
    streams: BTreeSet<&'s NodeId>,
}

/// Whether a source of a streaming job is a stream.
pub(crate) fn is_stream_source(node: &Node, read: &Read) -> bool {
    node.stream.stream.unwrap_or(match &read.data {
        Data::Files { .. } => true,
        Data::Table(_) => false,
        Data::Connector { format } => STREAMING_FORMATS.contains(format),
    })
}

/// Whether Spark can read it as a stream.
pub(super) fn can_stream(read: &Read) -> bool {
    match &read.data {
        Data::Files { .. } | Data::Table(_) => true,
        Data::Connector { format } => STREAMING_FORMATS.contains(format),
    }
}

impl<'s> Flow<'s> {
    pub(crate) fn of(spec: &'s Spec) -> Self {
        let mut streams = BTreeSet::new();
        for node in spec.nodes() {
            let is_stream = match &node.operation {
                Operation::Read(read) => {
                    spec.job_type() == JobType::Streaming && is_stream_source(node, read)
                }
                _ => node.inputs.iter().any(|input| streams.contains(input)),
            };
            if is_stream {
                streams.insert(&node.id);
            }
        }
        Self { spec, nodes: spec.nodes().iter().map(|node| (&node.id, node)).collect(), streams }
    }

    pub(crate) fn is_stream(&self, node: &NodeId) -> bool {
        self.streams.contains(node)
    }

    /// A node's inputs, each with whether it is a stream.
    pub(super) fn inputs(&self, node: &Node) -> Vec<(&'s Node, bool)> {
        node.inputs
            .iter()
            .filter_map(|input| Some((*self.nodes.get(input)?, self.is_stream(input))))
            .collect()
    }

    /// The streams above a node, itself first, each once; static sides are left out.
    pub(super) fn above(&self, node: &'s Node) -> Vec<&'s Node> {
        let mut found: Vec<&'s Node> = Vec::new();
        let mut open = vec![node];
        while let Some(node) = open.pop() {
            if found.iter().any(|other| other.id == node.id) {
                continue;
            }
            found.push(node);
            open.extend(
                self.inputs(node).into_iter().filter(|(_, is)| *is).map(|(input, _)| input),
            );
        }
        found
    }
}
