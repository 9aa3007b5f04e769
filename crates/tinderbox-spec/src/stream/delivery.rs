//! What reaches a sink after failures and restarts.
//!
//! Source: Spark's Structured Streaming guide, "Fault Tolerance Semantics" and the tables of sources and output sinks.

use super::flow::Flow;
use super::{Target, target};
use crate::operation::{Data, Operation, Read};
use crate::spec::{JobType, Node, Spec};
use std::fmt;
use tinderbox_model::NodeId;

/// What a sink of a streaming job guarantees, over all restarts on the same checkpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    /// The sink.
    pub sink: NodeId,
    /// How often each row of its sources counts.
    pub guarantee: Guarantee,
    /// Why: what the sources and the sink can and cannot do.
    pub reason: String,
}

/// How often each row counts. Ordered from weak to strong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Guarantee {
    /// Nothing outlives the program.
    None,
    /// Rows may be lost.
    AtMostOnce,
    /// Rows may come again.
    AtLeastOnce,
    /// Neither.
    ExactlyOnce,
}

impl Guarantee {
    /// Stable name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::AtMostOnce => "at-most-once",
            Self::AtLeastOnce => "at-least-once",
            Self::ExactlyOnce => "exactly-once",
        }
    }
}

impl fmt::Display for Guarantee {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::None => "nothing",
            Self::AtMostOnce => "at most once",
            Self::AtLeastOnce => "at least once",
            Self::ExactlyOnce => "exactly once",
        })
    }
}

/// The guarantee of each sink of a streaming job, in the order of its nodes; empty of a batch job.
pub fn delivery(spec: &Spec) -> Vec<Delivery> {
    if spec.job_type() == JobType::Batch {
        return Vec::new();
    }
    let flow = Flow::of(spec);
    spec.nodes().iter().filter_map(|node| of_sink(&flow, node)).collect()
}

fn of_sink(flow: &Flow<'_>, node: &Node) -> Option<Delivery> {
    let Operation::Write(write) = &node.operation else { return None };
    if !flow.is_stream(&node.id) {
        return None;
    }
    let (mut guarantee, sink) = match target(write) {
        Target::Files => (
            Guarantee::ExactlyOnce,
            "the file sink lists the files of each finished micro-batch once in _spark_metadata: readers that go by it, as Spark does, see each row once; others may see files of a failed attempt",
        ),
        Target::Delta => (
            Guarantee::ExactlyOnce,
            "Delta writes each micro-batch in one transaction that carries its number, and skips one that it has",
        ),
        Target::Iceberg => (
            Guarantee::ExactlyOnce,
            "Iceberg commits each micro-batch with the query's id and the batch's number, and skips one that it has",
        ),
        Target::Table => (
            Guarantee::AtLeastOnce,
            "what a table of the catalog does with a micro-batch that comes again depends on its format, which the document does not say",
        ),
        Target::Kafka => (
            Guarantee::AtLeastOnce,
            "Spark writes to Kafka without transactions: a micro-batch that failed half-way is written again",
        ),
        Target::EachBatch => (
            Guarantee::AtLeastOnce,
            "foreachBatch writes a micro-batch again that failed before its end was noted, and the writer does not know its number",
        ),
        Target::Console => (Guarantee::None, "the console is for people, and keeps nothing"),
        Target::Memory => {
            (Guarantee::None, "the table lives in the driver's memory and ends with it")
        }
    };
    let mut reason = sink.to_owned();
    for source in flow.above(node) {
        let Operation::Read(read) = &source.operation else { continue };
        let (most, about) = of_source(read);
        if most < guarantee {
            guarantee = most;
            reason = format!("`{}`: {about}", source.id);
        }
    }
    if guarantee == Guarantee::ExactlyOnce {
        reason.push_str("; the sources can be read again from any place noted in the checkpoint");
    }
    Some(Delivery { sink: node.id.clone(), guarantee, reason })
}

/// The most that a source allows.
fn of_source(read: &Read) -> (Guarantee, &'static str) {
    match &read.data {
        Data::Connector { format: "socket" } => (
            Guarantee::AtMostOnce,
            "a socket cannot be read again: lines are lost that were read and not written",
        ),
        Data::Connector { format: "rate" } => (
            Guarantee::AtLeastOnce,
            "rate makes its rows by the clock: after a restart a micro-batch may have others",
        ),
        _ => (Guarantee::ExactlyOnce, ""),
    }
}
