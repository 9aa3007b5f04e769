//! What only streaming jobs write: streams that are read and written, and a `main` that waits for the queries.

use super::layout::{Chain, INDENT};
use super::literal::text;
use super::nodes::{Names, write_chain};
use super::sources;
use crate::component::NodeKind;
use crate::operation::{CountWindow, Data, TimeWindow, WindowLength, Write};
use crate::spec::{Node, Spec};
use crate::stream::{Target, Trigger, checkpoint_of, target};

/// Waits so that a query that fails ends the program while others would run on for ever; Spark's error has the
/// query's id and not its name.
pub(super) const WAIT_FOR_ALL: &str = r#"def wait_for_all(*queries: StreamingQuery) -> None:
    running = list(queries)
    while running:
        ended = []
        for query in running:
            try:
                if query.awaitTermination(1):
                    ended.append(query)
            except StreamingQueryException as error:
                raise RuntimeError(f"the query {query.name} failed") from error
        running = [query for query in running if query not in ended]


"#;

/// The lines of `main` that call the functions of the nodes and wait.
pub(super) fn started(spec: &Spec, names: &Names) -> String {
    let mut lines = String::new();
    let is_sink = |node: &&Node| node.kind() == NodeKind::Sink;
    spec.nodes()
        .iter()
        .filter(|node| !is_sink(node))
        .for_each(|node| lines.push_str(&names.call(node)));
    let margin = " ".repeat(INDENT);
    lines.push_str("    queries = [\n");
    for sink in spec.nodes().iter().filter(is_sink) {
        let call = names.call(sink);
        for line in call.trim_end().lines() {
            lines.push_str(&format!("{margin}{line}\n"));
        }
        lines.truncate(lines.trim_end().len());
        lines.push_str(",\n");
    }
    lines.push_str("    ]\n    wait_for_all(*queries)\n");
    lines
}

/// The body of a sink's function.
pub(super) fn stream_written(spec: &Spec, node: &Node, write: &Write, input: &str) -> String {
    let stream = &node.stream;
    let target = target(write);
    let mut body = String::new();
    if target == Target::EachBatch {
        body.push_str("    def write_batch(batch: DataFrame, batch_id: int) -> None:\n");
        let batch = Write { mode: Some(write.mode.unwrap_or("append")), ..write.clone() };
        for line in write_chain(&batch, "batch").to_lines().lines() {
            body.push_str(&format!("    {line}\n"));
        }
        body.push('\n');
    }
    let mut rows = input;
    if let Some(encode) = &write.encode {
        let (statement, messages) = sources::encoded(encode, input);
        body.push_str(&statement);
        rows = messages;
    }
    let mut chain = Chain::new("return ", format!("{rows}.writeStream")).indented();
    let name = stream.query_name.clone().unwrap_or_else(|| node.id.to_string());
    chain = chain.call("queryName", [text(&name)]);
    if let Some(mode) = stream.output_mode {
        chain = chain.call("outputMode", [text(mode.as_str())]);
    }
    if target == Target::EachBatch {
        chain = chain.call("foreachBatch", ["write_batch".to_owned()]);
    } else {
        let format = match &write.data {
            Data::Files { format, .. } | Data::Connector { format } => Some(*format),
            Data::Table(_) => write.table_format,
        };
        if let Some(format) = format {
            chain = chain.call("format", [text(format)]);
        }
        if !write.partition_by.is_empty() {
            chain = chain.call("partitionBy", write.partition_by.iter().map(|column| text(column)));
        }
        for (key, value) in &write.options {
            chain = chain.call("option", [text(key), text(value)]);
        }
    }
    if let Some(folder) = checkpoint_of(spec, node) {
        chain = chain.call("option", [text("checkpointLocation"), text(&folder)]);
    }
    if let Some(trigger) = &stream.trigger {
        chain = chain.call(
            "trigger",
            [match trigger {
                Trigger::ProcessingTime(interval) => format!("processingTime={}", text(interval)),
                Trigger::AvailableNow => "availableNow=True".to_owned(),
                Trigger::Once => "once=True".to_owned(),
                Trigger::Continuous(interval) => format!("continuous={}", text(interval)),
            }],
        );
    }
    let chain = match &write.data {
        _ if target == Target::EachBatch => chain.call("start", []),
        Data::Files { path, .. } => chain.call("start", [text(path)]),
        Data::Table(table) => chain.call("toTable", [text(table)]),
        Data::Connector { .. } => chain.call("start", []),
    };
    body.push_str(&chain.to_lines());
    body
}

pub(super) fn time_window(window: &TimeWindow, chain: Chain) -> Chain {
    let column = text(&window.column);
    let call = match &window.length {
        WindowLength::Session { gap } => format!("F.session_window({column}, {})", text(gap)),
        WindowLength::Fixed { size, slide, offset } => {
            let size = text(size);
            let slide = slide.as_deref().map(text);
            match (slide, offset) {
                (None, None) => format!("F.window({column}, {size})"),
                (Some(slide), None) => format!("F.window({column}, {size}, {slide})"),
                (slide, Some(offset)) => {
                    let slide = slide.unwrap_or_else(|| size.clone());
                    format!("F.window({column}, {size}, {slide}, {})", text(offset))
                }
            }
        }
    };
    chain.call("withColumn", [text(&window.name), call])
}

pub(super) fn count_window(window: &CountWindow, chain: Chain) -> Chain {
    chain.call("withColumn", [text(&window.name), super::nodes::expr(&window.sql())])
}
