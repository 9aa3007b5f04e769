//! What Spark refuses in streaming jobs, said before anything runs.
//!
//! Source: `org.apache.spark.sql.catalyst.analysis.UnsupportedOperationChecker` of Spark 3.5 and 4.x; where a rule comes
//! from elsewhere it says so. Only what is certain is an error: SQL nodes are not looked into.

use super::flow::{Flow, can_stream};
use super::{joins, query};
use crate::diagnostic::{Diagnostic, Severity};
use crate::operation::{Aggregation, Data, Operation, SetOperation};
use crate::spec::{JobType, Node, Place, Spec};

/// What the rules say with this severity, ordered by position.
pub(crate) fn findings(spec: &Spec, severity: Severity) -> Vec<Diagnostic> {
    // What a program of one's own does is its own business.
    if spec.application().is_some() {
        return Vec::new();
    }
    let flow = Flow::of(spec);
    let mut findings = Findings { spec, found: Vec::new() };
    match spec.job_type() {
        JobType::Batch => spec.nodes().iter().for_each(|node| in_batch_job(&mut findings, node)),
        JobType::Streaming => in_streaming_job(&mut findings, &flow),
    }
    let mut found = findings.found;
    found.retain(|finding| finding.severity == severity);
    found.sort_by_key(|finding| finding.span.start);
    found
}

pub(super) struct Findings<'s> {
    pub(super) spec: &'s Spec,
    found: Vec<Diagnostic>,
}

impl Findings<'_> {
    pub(super) fn error(&mut self, at: &Place, code: &'static str, message: String, hint: &str) {
        self.push(Severity::Error, at, (code, hint), message);
    }

    pub(super) fn warning(&mut self, at: &Place, code: &'static str, message: String, hint: &str) {
        self.push(Severity::Warning, at, (code, hint), message);
    }

    fn push(
        &mut self,
        severity: Severity,
        at: &Place,
        (code, hint): (&'static str, &str),
        message: String,
    ) {
        let mut found = at.diagnostic(severity, code, self.spec.file(), message);
        found.hint = Some(hint.to_owned());
        self.found.push(found);
    }
}

fn in_batch_job(findings: &mut Findings<'_>, node: &Node) {
    for (name, place) in &node.stream.places {
        let message = format!("`{name}` is for streaming jobs, and this is a batch job");
        findings.error(place, "stream::batch-job", message, "remove it, or set `type: streaming`");
    }
    let only_streams = match &node.operation {
        Operation::Read(read) => match read.data {
            Data::Connector { format } => {
                ["rate", "rate-micro-batch", "socket", "aws-kinesis"].contains(&format)
            }
            _ => false,
        },
        Operation::Write(write) => write.data == Data::Connector { format: "memory" },
        _ => false,
    };
    if only_streams {
        let message = format!("Spark has `{}` in streaming jobs only", node.component.name);
        findings.error(&node.place, "stream::batch-job", message, "set `type: streaming`");
    }
    on_static_rows(findings, node);
}

/// Nodes for streams over rows that are no stream.
fn on_static_rows(findings: &mut Findings<'_>, node: &Node) {
    match &node.operation {
        Operation::Watermark { .. } => {
            let message = format!("`{}` does nothing: its rows are not a stream", node.id);
            findings.warning(&node.place, "stream::watermark", message, "leave it out");
        }
        Operation::Deduplicate { within_watermark: true, .. } => {
            let message =
                format!("`{}` compares within a watermark rows that are no stream", node.id);
            let hint = "leave `within_watermark` out";
            findings.error(&node.place, "stream::deduplicate", message, hint);
        }
        _ => {}
    }
}

fn in_streaming_job(findings: &mut Findings<'_>, flow: &Flow<'_>) {
    let nodes = flow.spec.nodes();
    for node in nodes {
        expectations(findings, flow, node);
        if let Operation::Read(read) = &node.operation {
            source(findings, flow, node, read);
        } else if flow.is_stream(&node.id) {
            transformation(findings, flow, node);
            joins::check(findings, flow, node);
        } else {
            on_static_rows(findings, node);
        }
    }
    if !nodes.iter().any(|node| flow.is_stream(&node.id)) && findings.found.is_empty() {
        let message = "no source of this streaming job is a stream".to_owned();
        let hint =
            "use `type: batch`, or a source that can be a stream: files, kafka, rate, socket";
        findings.error(&flow.spec.type_place, "stream::no-stream", message, hint);
        return;
    }
    query::check(findings, flow);
}

/// `org.apache.spark.sql.Observation`, which counts what is expected, refuses streams.
fn expectations(findings: &mut Findings<'_>, flow: &Flow<'_>, node: &Node) {
    let is_stream = flow.is_stream(&node.id);
    if is_stream && !node.expectations.is_empty() {
        let message =
            format!("`{}` expects something of a stream, which is not counted yet", node.id);
        let hint = "filter the stream, or put `expectations` on static rows, or on a batch job that reads what the stream wrote";
        findings.error(&node.place, "stream::expectations", message, hint);
    }
}

fn source(findings: &mut Findings<'_>, flow: &Flow<'_>, node: &Node, read: &crate::Read) {
    if !flow.is_stream(&node.id) {
        return;
    }
    if !can_stream(read) {
        let at = node.stream.places.get("stream").unwrap_or(&node.place);
        let message = format!("Spark cannot read `{}` as a stream", node.component.name);
        findings.error(
            at,
            "stream::source",
            message,
            "leave `stream` out: it is read once, when the job starts",
        );
    }
    // Source: `sourceSchema` of `org.apache.spark.sql.execution.datasources.DataSource`, which knows text's own.
    let needs_schema = match &read.data {
        Data::Files { format, .. } => !["text", "delta"].contains(format),
        _ => false,
    };
    let infers =
        flow.spec.conf().get("spark.sql.streaming.schemaInference").is_some_and(|v| v == "true");
    if needs_schema && read.schema.is_none() && !infers {
        let message = format!("`{}` reads a stream of files and needs `schema`", node.id);
        let hint =
            "for example `schema: id BIGINT, at TIMESTAMP`; or `stream: false` to read it once";
        findings.error(&node.place, "stream::schema", message, hint);
    }
}

fn transformation(findings: &mut Findings<'_>, flow: &Flow<'_>, node: &Node) {
    let inputs = flow.inputs(node);
    let is_mixed = inputs.iter().any(|(_, is_stream)| !is_stream);
    let refused: Option<(&str, &str)> = match &node.operation {
        Operation::Limit { offset: 1.., .. } => {
            Some(("an offset of a stream", "leave `offset` out"))
        }
        Operation::Sample { .. } => {
            Some(("a sample of a stream", "filter by a hash: `condition: pmod(hash(id), 10) = 0`"))
        }
        Operation::Window(_) | Operation::CountWindow(_) => Some((
            "windows over rows of a stream",
            "use `time_window` and `aggregate`; by rows, a batch job over what the stream wrote",
        )),
        Operation::Cache { .. } | Operation::Checkpoint { .. } => {
            Some(("keeping the rows of a stream", "leave it out: the query keeps its state itself"))
        }
        Operation::Set(SetOperation::Intersect { .. }) => {
            Some(("an intersection with a stream", "use a `join` with `how: left_semi`"))
        }
        Operation::Set(SetOperation::Except { .. }) => Some((
            "a difference with a stream",
            "use a `join` with `how: left_anti` and a static right side",
        )),
        Operation::Set(_) if is_mixed => {
            Some(("a union of streams and static rows", "make all inputs streams, or none"))
        }
        Operation::Aggregate(aggregate) if aggregate.pivot.is_some() => Some((
            "a pivot of a stream",
            "an aggregate with `sum(if(kind = 'a', amount, 0))` for each value",
        )),
        Operation::Aggregate(aggregate)
            if aggregate.outputs.iter().any(|o| is_distinct(&o.aggregation)) =>
        {
            Some(("a distinct aggregate of a stream", "use `approx_count_distinct`"))
        }
        _ => None,
    };
    if let Some((what, hint)) = refused {
        let message = format!("`{}`: Spark does not support {what}", node.id);
        findings.error(&node.place, "stream::unsupported", message, hint);
    }
    let has_watermark = has_watermark_above(flow, node);
    match &node.operation {
        Operation::Deduplicate { within_watermark: true, .. } if !has_watermark => {
            let message =
                format!("`{}` compares within a watermark, and there is none before it", node.id);
            let hint = "put a `watermark` node before it";
            findings.error(&node.place, "stream::deduplicate", message, hint);
        }
        Operation::Deduplicate { within_watermark: false, .. } if !has_watermark => {
            let message = format!("`{}` keeps every value that it has seen, for ever", node.id);
            let hint = "put a `watermark` node before it, and set `within_watermark: true`";
            findings.warning(&node.place, "stream::state-grows", message, hint);
        }
        Operation::Watermark { .. } => {
            if let Some(first) = watermark_in_line(flow, node) {
                // Source: `EventTimeWatermark` handling in `WatermarkPropagator`, which refuses to redefine one.
                let message = format!(
                    "`{}` is the second watermark of a stream: `{}` is the first",
                    node.id, first.id
                );
                let hint =
                    "one watermark for each source, by the column that windows and joins use";
                findings.error(&node.place, "stream::watermarks", message, hint);
            }
        }
        _ => {}
    }
}

pub(super) fn has_watermark_above(flow: &Flow<'_>, node: &Node) -> bool {
    flow.inputs(node)
        .iter()
        .flat_map(|(input, _)| flow.above(input))
        .any(|node| matches!(node.operation, Operation::Watermark { .. }))
}

/// A watermark between a node and the first node above it that has several inputs.
fn watermark_in_line<'s>(flow: &Flow<'s>, node: &Node) -> Option<&'s Node> {
    let mut at = only_input(flow, node)?;
    loop {
        if matches!(at.operation, Operation::Watermark { .. }) {
            return Some(at);
        }
        at = only_input(flow, at)?;
    }
}

fn only_input<'s>(flow: &Flow<'s>, node: &Node) -> Option<&'s Node> {
    match flow.inputs(node).as_slice() {
        [(input, _)] => Some(*input),
        _ => None,
    }
}

fn is_distinct(aggregation: &Aggregation) -> bool {
    match aggregation {
        Aggregation::Function { function, .. } => {
            ["count_distinct", "sum_distinct"].contains(function)
        }
        Aggregation::Expression(text) => {
            let text: String = text.to_lowercase().split_whitespace().collect::<Vec<_>>().join(" ");
            text.contains("(distinct ") || text.contains("( distinct ")
        }
    }
}
