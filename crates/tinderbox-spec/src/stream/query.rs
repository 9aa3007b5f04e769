//! Rules on a query as a whole: one sink with its mode, trigger and checkpoint, and what it reads.

use super::flow::Flow;
use super::joins::{Kind, kind};
use super::rules::{Findings, has_watermark_above};
use super::{OutputMode, Target, Trigger, checkpoint_of, target};
use crate::operation::{Aggregate, Data, Operation, WindowLength, Write};
use crate::spec::{Node, Place};
use std::collections::BTreeMap;

pub(super) fn check(findings: &mut Findings<'_>, flow: &Flow<'_>) {
    let mut folders: BTreeMap<String, &Node> = BTreeMap::new();
    let mut names: BTreeMap<String, &Node> = BTreeMap::new();
    for node in flow.spec.nodes() {
        let Operation::Write(write) = &node.operation else { continue };
        if !flow.is_stream(&node.id) {
            let message = format!("`{}` writes no stream: all that it reads is static", node.id);
            let hint = "a batch job writes it; or leave `stream: false` out of its source";
            findings.error(&node.place, "stream::static-sink", message, hint);
            continue;
        }
        match checkpoint_of(flow.spec, node) {
            None if target(write).keeps() => {
                let message = format!("`{}` has no folder for the progress of its query", node.id);
                let hint = "set `configuration.checkpointLocation`, or `checkpoint` of the sink";
                findings.error(&node.place, "spec::checkpoint", message, hint);
            }
            None => {}
            Some(folder) => {
                let first = folders.entry(folder.trim_end_matches('/').to_owned()).or_insert(node);
                if first.id != node.id {
                    let message =
                        format!("`{}` and `{}` share a checkpoint: {folder}", node.id, first.id);
                    let hint = "each query needs a folder of its own";
                    findings.error(
                        at(node, "checkpoint"),
                        "stream::shared-checkpoint",
                        message,
                        hint,
                    );
                }
            }
        }
        let name = node.stream.query_name.clone().unwrap_or_else(|| node.id.to_string());
        let first = names.entry(name.clone()).or_insert(node);
        if first.id != node.id {
            let message = format!("`{}` and `{}` have one query name: {name}", node.id, first.id);
            findings.error(
                at(node, "query_name"),
                "stream::query-name",
                message,
                "name each its own way",
            );
        }
        modes(findings, flow, node, write);
        trigger(findings, flow, node, write);
    }
}

/// Where a parameter stands, else the node.
fn at<'n>(node: &'n Node, parameter: &str) -> &'n Place {
    node.stream.places.get(parameter).unwrap_or(&node.place)
}

fn modes(findings: &mut Findings<'_>, flow: &Flow<'_>, node: &Node, write: &Write) {
    let mode = node.stream.output_mode.unwrap_or(OutputMode::Append);
    let place = at(node, "output_mode");
    let target = target(write);
    if !target.takes(mode) {
        let message = format!("`{}` cannot take `output_mode: {}`", node.id, mode.as_str());
        let hint = match target {
            Target::Files => {
                "files are only ever added: `append`, with a watermark before aggregates"
            }
            _ => "`append` or `complete`",
        };
        findings.error(place, "stream::sink-mode", message, hint);
    }
    if let Some(save) = write.mode.filter(|save| *save != "append" && target != Target::EachBatch) {
        let message =
            format!("`mode: {save}` is for batch jobs: a stream always adds to its target");
        findings.error(&node.place, "stream::save-mode", message, "remove it; see `output_mode`");
    }
    let above = flow.above(node);
    let aggregates: Vec<(&Node, &Aggregate)> = above
        .iter()
        .filter_map(|node| match &node.operation {
            Operation::Aggregate(aggregate) => Some((*node, aggregate)),
            _ => None,
        })
        .collect();
    let has_sql = above.iter().any(|node| matches!(node.operation, Operation::Sql { .. }));
    if mode == OutputMode::Complete && aggregates.is_empty() && !has_sql {
        let message =
            format!("`{}` writes the complete result of a query without an aggregate", node.id);
        findings.error(place, "stream::complete", message, "`output_mode: append`");
    }
    if mode != OutputMode::Append && aggregates.len() > 1 {
        // Spark names it a possible correctness issue and refuses (`checkForStreamingAggregateWithWatermark` and
        // `checkStreamingQueryGlobalWatermarkLimit`).
        let message =
            format!("`{}`: several aggregates go with `output_mode: append` only", node.id);
        findings.error(
            place,
            "stream::aggregates",
            message,
            "`append` with a watermark, or two jobs",
        );
    }
    for (aggregate, keys) in &aggregates {
        session(findings, flow, (node, mode), aggregate, keys);
        if mode == OutputMode::Append && !is_by_event_time(flow, aggregate, keys) {
            let message = if has_watermark_above(flow, aggregate) {
                format!(
                    "`{}` groups by no window or time of the watermark, so its rows never become final for `{}` (append)",
                    aggregate.id, node.id
                )
            } else {
                format!(
                    "`{}` has no watermark, so its rows never become final for `{}` (append)",
                    aggregate.id, node.id
                )
            };
            let hint = "a `watermark` node and a `time_window` node before it, and `group_by: [window, …]`; or `output_mode: update` or `complete`";
            findings.error(&aggregate.place, "stream::append", message, hint);
        }
    }
    for other in &above {
        match &other.operation {
            Operation::Sort { .. }
                if !(mode == OutputMode::Complete
                    && (has_sql || aggregated_above(flow, other))) =>
            {
                let message = format!("`{}` sorts a stream, which has no end", other.id);
                let hint = "sort aggregated rows with `output_mode: complete`, or where the result is read";
                findings.error(&other.place, "stream::sort", message, hint);
            }
            Operation::Limit { .. } if mode == OutputMode::Update => {
                let message = format!(
                    "`{}` limits a stream that `{}` writes in update mode",
                    other.id, node.id
                );
                findings.error(
                    &other.place,
                    "stream::limit",
                    message,
                    "`output_mode: append` or `complete`",
                );
            }
            Operation::Join(join) => join_mode(findings, flow, (node, mode), other, join.how),
            _ => {}
        }
    }
}

/// Joins of two streams append; in Spark 4 inner ones can update.
fn join_mode(
    findings: &mut Findings<'_>,
    flow: &Flow<'_>,
    (sink, mode): (&Node, OutputMode),
    node: &Node,
    how: &str,
) {
    let streams = flow.inputs(node).iter().filter(|(_, is_stream)| *is_stream).count();
    let version = flow.spec.cluster().version.as_ref();
    let is_four = version.is_some_and(|version| version.at_least(4, 0));
    let can_update = mode == OutputMode::Update && is_four && kind(how) == Kind::Inner;
    if streams == 2 && mode != OutputMode::Append && !can_update {
        let message =
            format!("`{}` joins two streams, which `{}` can only append", node.id, sink.id);
        findings.error(
            at(sink, "output_mode"),
            "stream::join-mode",
            message,
            "`output_mode: append`",
        );
    }
}

/// Sessions may grow and so change; and they are kept by another key.
/// Source: `StatefulAggregationStrategy` of `org.apache.spark.sql.execution.SparkStrategies`.
fn session(
    findings: &mut Findings<'_>,
    flow: &Flow<'_>,
    (sink, mode): (&Node, OutputMode),
    node: &Node,
    aggregate: &Aggregate,
) {
    let above = flow.above(node);
    let key = above.iter().find_map(|node| match &node.operation {
        Operation::TimeWindow(window) if matches!(window.length, WindowLength::Session { .. }) => {
            aggregate.group_by.iter().find(|key| key.eq_ignore_ascii_case(&window.name))
        }
        _ => None,
    });
    if key.is_none() {
        return;
    }
    if aggregate.group_by.len() == 1 {
        let message = format!("`{}` groups by nothing but a session", node.id);
        let hint = "add what has the session to `group_by`, for example the user";
        findings.error(&node.place, "stream::session", message, hint);
    }
    if mode == OutputMode::Update {
        let message = format!("`{}` has sessions, which `{}` cannot update", node.id, sink.id);
        findings.error(
            at(sink, "output_mode"),
            "stream::session",
            message,
            "`append` or `complete`",
        );
    }
}

fn aggregated_above(flow: &Flow<'_>, node: &Node) -> bool {
    flow.above(node).iter().any(|node| matches!(node.operation, Operation::Aggregate(_)))
}

/// Whether a key is, or may be, the time of a watermark or a window of it. Columns that other nodes make are not
/// followed: then it may be.
fn is_by_event_time(flow: &Flow<'_>, node: &Node, aggregate: &Aggregate) -> bool {
    if !has_watermark_above(flow, node) || aggregate.group_by.is_empty() {
        return false;
    }
    let is_key = |name: &str| aggregate.group_by.iter().any(|key| key.eq_ignore_ascii_case(name));
    let calls_window = aggregate.group_by.iter().any(|key| key.to_lowercase().contains("window"));
    calls_window
        || flow.above(node).iter().any(|above| match &above.operation {
            Operation::Watermark { column, .. } => is_key(column),
            Operation::TimeWindow(window) => is_key(&window.name),
            Operation::Select { .. }
            | Operation::Map { .. }
            | Operation::Rename { .. }
            | Operation::Sql { .. } => true,
            _ => false,
        })
}

/// Source: `checkForContinuous` of the same class, and the guide's part on continuous processing.
fn trigger(findings: &mut Findings<'_>, flow: &Flow<'_>, node: &Node, write: &Write) {
    let place = at(node, "trigger");
    match node.stream.trigger {
        Some(Trigger::Once) => {
            let message = "Spark calls this trigger deprecated since 3.4: it takes everything in one micro-batch".to_owned();
            findings.warning(
                place,
                "stream::trigger-once",
                message,
                "`trigger: {available_now: true}`",
            );
        }
        Some(Trigger::Continuous(_)) => {
            for other in flow.above(node) {
                let is_possible = match &other.operation {
                    Operation::Filter { .. }
                    | Operation::Select { .. }
                    | Operation::Map { .. }
                    | Operation::Rename { .. }
                    | Operation::Cast { .. }
                    | Operation::Drop { .. }
                    | Operation::Sql { .. } => true,
                    Operation::Read(read) => match read.data {
                        Data::Connector { format } => ["rate", "kafka"].contains(&format),
                        _ => false,
                    },
                    Operation::Write(_) => {
                        matches!(target(write), Target::Kafka | Target::Console | Target::Memory)
                    }
                    _ => false,
                };
                if !is_possible {
                    let message = format!(
                        "`{}` ({}) cannot run continuously",
                        other.id, other.component.name
                    );
                    let hint = "`trigger: {processing_time: 1 second}`; continuously run sources rate and kafka, sinks kafka, console and memory, and between them what changes rows one by one";
                    findings.error(place, "stream::continuous", message, hint);
                }
            }
        }
        Some(Trigger::ProcessingTime(_) | Trigger::AvailableNow) | None => {}
    }
}
