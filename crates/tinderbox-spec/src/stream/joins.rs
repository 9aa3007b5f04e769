//! Joins with streams.
//!
//! Source: `checkForStreaming` of `org.apache.spark.sql.catalyst.analysis.UnsupportedOperationChecker` (Spark 3.5, 4.x)
//! and, for the equality, `StreamingJoinStrategy` of `org.apache.spark.sql.execution.SparkStrategies`.

use super::flow::Flow;
use super::rules::Findings;
use crate::operation::{Join, JoinKeys, JoinRight, Operation};
use crate::spec::Node;

pub(super) fn check(findings: &mut Findings<'_>, flow: &Flow<'_>, node: &Node) {
    let Operation::Join(join) = &node.operation else { return };
    let inputs = flow.inputs(node);
    let left = inputs.first().is_some_and(|(_, is_stream)| *is_stream);
    let right = join.right == JoinRight::Input && inputs.get(1).is_some_and(|(_, is)| *is);
    match (left, right) {
        (true, true) => between_streams(findings, flow, node, join),
        (false, false) => {}
        (left, _) => {
            let refused = match kind(join.how) {
                Kind::Inner => None,
                Kind::Full => Some("the rows of the static side without a match are never known"),
                Kind::Left if !left => {
                    Some("which rows of the static side have no match is never known")
                }
                Kind::Right if left => {
                    Some("which rows of the static side have no match is never known")
                }
                Kind::Semi | Kind::Anti if !left => Some("the stream must be the left side"),
                _ => None,
            };
            if let Some(reason) = refused {
                let message = format!(
                    "`{}` joins a static side with a stream in a way that cannot end: {} join, {reason}",
                    node.id, join.how
                );
                let hint = "keep the rows of the stream: `how: inner`, or `left` with the stream as the first input";
                findings.error(&node.place, "stream::static-join", message, hint);
            }
        }
    }
}

fn between_streams(findings: &mut Findings<'_>, flow: &Flow<'_>, node: &Node, join: &Join) {
    let (inputs, kind) = (flow.inputs(node), kind(join.how));
    let has_watermark = |at: usize| {
        inputs.get(at).is_some_and(|(input, _)| {
            flow.above(input)
                .iter()
                .any(|node| matches!(node.operation, Operation::Watermark { .. }))
        })
    };
    if kind == Kind::Anti {
        let message = format!("`{}`: Spark has no anti join of two streams", node.id);
        let hint = "a left join with a time bound, and a filter for rows without a right side";
        findings.error(&node.place, "stream::stream-join", message, hint);
        return;
    }
    let conditions: &[String] = match &join.on {
        JoinKeys::Columns(_) => &[],
        JoinKeys::Conditions(conditions) => conditions,
        JoinKeys::None => {
            let message = format!("`{}` joins two streams without an equality", node.id);
            let hint = "streams are joined by a column, or a condition with `=`";
            findings.error(&node.place, "stream::stream-join", message, hint);
            return;
        }
    };
    let has_equality = conditions.is_empty()
        || conditions.iter().any(|condition| {
            let plain = condition.replace(['<', '>', '!'], "\0");
            plain.split('=').zip(plain.split('=').skip(1)).any(|(left, _)| !left.ends_with('\0'))
        });
    if !has_equality {
        let message = format!("`{}` joins two streams without an equality", node.id);
        let hint = "add a condition with `=`: Spark keeps rows by its value";
        findings.error(&node.place, "stream::stream-join", message, hint);
    }
    // The side whose rows may be missing: it must be known when no more of them come.
    let (needs, sides): (bool, &str) = match kind {
        Kind::Left | Kind::Semi => {
            (!has_watermark(1) && !key_is_event_time(flow, node, join), "right")
        }
        Kind::Right => (!has_watermark(0) && !key_is_event_time(flow, node, join), "left"),
        Kind::Full => (!has_watermark(0) && !has_watermark(1), "left or right"),
        Kind::Inner | Kind::Anti => (false, ""),
    };
    if needs && kind == Kind::Semi && has_watermark(0) {
        return; // State of the left side is given up by its own watermark.
    }
    if needs {
        let message = format!(
            "`{}` is a {} join of two streams and its {sides} side has no watermark: rows would wait for ever",
            node.id, join.how
        );
        let hint = "a `watermark` node before each side, and a condition that bounds the times, for example `r.at BETWEEN l.at AND l.at + INTERVAL 1 HOUR`";
        findings.error(&node.place, "stream::join-watermark", message, hint);
    } else if kind != Kind::Inner && conditions.is_empty() && !key_is_event_time(flow, node, join) {
        let message =
            format!("`{}` is a {} join of two streams without a bound of time", node.id, join.how);
        let hint = "join by the column of the watermark, or add a condition such as `r.at BETWEEN l.at AND l.at + INTERVAL 1 HOUR`";
        findings.error(&node.place, "stream::join-watermark", message, hint);
    } else if kind == Kind::Inner && !has_watermark(0) && !has_watermark(1) {
        let message = format!(
            "`{}` keeps all rows of both streams for ever: no side has a watermark",
            node.id
        );
        let hint = "a `watermark` node before each side, and a condition that bounds the times";
        findings.warning(&node.place, "stream::state-grows", message, hint);
    }
}

/// Whether a join key may be the column of a watermark: it is one, or a node between makes columns that are not
/// followed here.
fn key_is_event_time(flow: &Flow<'_>, node: &Node, join: &Join) -> bool {
    let JoinKeys::Columns(columns) = &join.on else { return false };
    flow.inputs(node).iter().flat_map(|(input, _)| flow.above(input)).any(|node| {
        match &node.operation {
            Operation::Watermark { column, .. } => {
                columns.iter().any(|key| key.eq_ignore_ascii_case(column))
            }
            Operation::TimeWindow(window) => {
                columns.iter().any(|key| key.eq_ignore_ascii_case(&window.name))
            }
            Operation::Select { .. }
            | Operation::Map { .. }
            | Operation::Rename { .. }
            | Operation::Sql { .. } => true,
            _ => false,
        }
    })
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Inner,
    Left,
    Right,
    Full,
    Semi,
    Anti,
}

/// Spark's join types under all their names.
pub(super) fn kind(how: &str) -> Kind {
    match how {
        "left" | "left_outer" | "leftouter" => Kind::Left,
        "right" | "right_outer" | "rightouter" => Kind::Right,
        "full" | "outer" | "full_outer" | "fullouter" => Kind::Full,
        "semi" | "left_semi" | "leftsemi" => Kind::Semi,
        "anti" | "left_anti" | "leftanti" => Kind::Anti,
        _ => Kind::Inner,
    }
}
