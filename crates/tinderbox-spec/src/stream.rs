//! Streaming jobs: what a node says of its stream, which nodes are streams, what Spark refuses, what sinks guarantee.

mod delivery;
mod flow;
mod joins;
mod query;
mod rules;
mod sinks;

use crate::diagnostic::Report;
use crate::operation::build::Parameters;
use crate::spec::Place;
use std::collections::BTreeMap;

pub use delivery::{Delivery, Guarantee, delivery};
pub(crate) use flow::Flow;
pub(crate) use rules::findings;
pub(crate) use sinks::{Target, checkpoint_of, target};

/// What a source or sink says of its stream.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct StreamSettings {
    /// Of a source: whether it is a stream, where the document says so.
    pub stream: Option<bool>,
    /// Of a sink: when to run; `None` is Spark's own choice, as soon as the micro-batch before has ended.
    pub trigger: Option<Trigger>,
    /// Of a sink.
    pub output_mode: Option<OutputMode>,
    /// Of a sink: where its progress is kept, where the document says it for this sink.
    pub checkpoint: Option<String>,
    /// Of a sink: the query's name.
    pub query_name: Option<String>,
    /// Where these parameters stand.
    pub(crate) places: BTreeMap<&'static str, Place>,
}

/// When a query runs. Source: `org.apache.spark.sql.streaming.Trigger`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Trigger {
    /// A micro-batch every so often.
    ProcessingTime(String),
    /// All that is there, in as many micro-batches as the source's limits ask for, then the end.
    AvailableNow,
    /// All that is there in one micro-batch, then the end.
    Once,
    /// Row by row, with a checkpoint every so often.
    Continuous(String),
}

/// What a query gives its sink. Source: `org.apache.spark.sql.catalyst.streaming.InternalOutputModes`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum OutputMode {
    /// Rows that will not change any more.
    Append,
    /// Rows that changed.
    Update,
    /// All rows of the result.
    Complete,
}

impl OutputMode {
    /// Spark's word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Append => "append",
            Self::Update => "update",
            Self::Complete => "complete",
        }
    }
}

impl StreamSettings {
    pub(crate) fn read(node: &Parameters<'_>, report: &mut Report<'_>) -> Self {
        let output_mode = node.word("output_mode").map(|word| match word {
            "update" => OutputMode::Update,
            "complete" => OutputMode::Complete,
            _ => OutputMode::Append,
        });
        let places = node.common_places(report);
        Self {
            stream: node.spanned("stream").map(|_| node.is_set("stream")),
            trigger: trigger(node, report),
            output_mode,
            checkpoint: node.text("checkpoint"),
            query_name: node.text("query_name"),
            places,
        }
    }
}

fn trigger(node: &Parameters<'_>, report: &mut Report<'_>) -> Option<Trigger> {
    let entries = node.by_name("trigger");
    let (key, value) = match entries {
        [(key, values)] => (key, values.first()?),
        [] => return None,
        [_, (second, _), ..] => {
            let message = "a trigger is one of its four kinds";
            report.error("spec::trigger", second.span, &node.path_of("trigger"), message).hint =
                Some("leave the others out".to_owned());
            return None;
        }
    };
    let is_true = value.eq_ignore_ascii_case("true");
    let (found, hint) = match key.text.as_str() {
        "processing_time" if is_interval(value) => {
            (Some(Trigger::ProcessingTime(value.text.clone())), "")
        }
        "continuous" if is_interval(value) => (Some(Trigger::Continuous(value.text.clone())), ""),
        "available_now" if is_true => (Some(Trigger::AvailableNow), ""),
        "once" if is_true => (Some(Trigger::Once), ""),
        "processing_time" | "continuous" => (None, "an interval, for example `10 seconds`"),
        "available_now" | "once" => (None, "`true`, or leave the trigger out"),
        _ => (
            None,
            "one of `{processing_time: 10 seconds}`, `{available_now: true}`, `{once: true}`, `{continuous: 1 second}`",
        ),
    };
    if found.is_none() {
        let message = format!("`{}: {}` is not a trigger", key.text, value.text);
        report.error("spec::trigger", key.span, &node.path_of("trigger"), message).hint =
            Some(hint.to_owned());
    }
    found
}

/// Whether Spark reads a text as an interval of fixed length: numbers with units up to weeks.
/// Source: `org.apache.spark.sql.catalyst.util.IntervalUtils.stringToInterval`; months are refused where a delay or
/// window is made.
pub(crate) fn is_interval(text: &str) -> bool {
    const UNITS: &[&str] =
        &["microsecond", "millisecond", "second", "minute", "hour", "day", "week"];
    let words: Vec<String> = text.split_whitespace().map(str::to_lowercase).collect();
    let words = match words.split_first() {
        Some((first, rest)) if first == "interval" => rest,
        _ => &words,
    };
    !words.is_empty()
        && words.len() % 2 == 0
        && words.chunks(2).all(|pair| {
            let unit = pair[1].strip_suffix('s').unwrap_or(&pair[1]);
            pair[0].parse::<u64>().is_ok() && UNITS.contains(&unit)
        })
}
