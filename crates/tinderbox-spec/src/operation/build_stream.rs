//! Builders of what streaming jobs add.

use super::build::Parameters;
use super::{CountWindow, Data, Operation, Read, TimeWindow, WindowLength, Write};
use crate::diagnostic::Report;

pub(crate) fn rate(node: &Parameters<'_>, _: &mut Report<'_>) -> Option<Operation> {
    Some(read("rate", &[("rowsPerSecond", "rows_per_second")], node))
}

pub(crate) fn rate_micro_batch(node: &Parameters<'_>, _: &mut Report<'_>) -> Option<Operation> {
    Some(read("rate-micro-batch", &[("rowsPerBatch", "rows_per_batch")], node))
}

pub(crate) fn socket(node: &Parameters<'_>, _: &mut Report<'_>) -> Option<Operation> {
    Some(read("socket", &[("host", "host"), ("port", "port")], node))
}

pub(crate) fn console(node: &Parameters<'_>, _: &mut Report<'_>) -> Option<Operation> {
    Some(write("console", node))
}

pub(crate) fn memory(node: &Parameters<'_>, _: &mut Report<'_>) -> Option<Operation> {
    Some(write("memory", node))
}

pub(crate) fn watermark(node: &Parameters<'_>, report: &mut Report<'_>) -> Option<Operation> {
    let delay = interval(node, "delay", report);
    Some(Operation::Watermark { column: node.text("column")?, delay: delay? })
}

pub(crate) fn time_window(node: &Parameters<'_>, report: &mut Report<'_>) -> Option<Operation> {
    let [size, slide, offset, gap] = ["size", "slide", "offset", "gap"]
        .map(|name| node.spanned(name).map(|_| interval(node, name, report)));
    let is_session = gap.is_some();
    let message = match (&size, &gap) {
        (None, None) => Some("a window needs `size`, or `gap` for sessions"),
        (Some(_), Some(_)) => Some("a window has a `size` or, as a session, a `gap`"),
        _ if is_session && (slide.is_some() || offset.is_some()) => {
            Some("a session has a `gap` and neither `slide` nor `offset`")
        }
        _ => None,
    };
    if let Some(message) = message {
        report.error("spec::parameters", node.span, node.path, message).hint =
            Some("for example `size: 10 minutes`, or `gap: 5 minutes`".to_owned());
        return None;
    }
    let length = match (size, gap) {
        (Some(size), _) => WindowLength::Fixed {
            size: size?,
            slide: match slide {
                Some(slide) => Some(slide?),
                None => None,
            },
            offset: match offset {
                Some(offset) => Some(offset?),
                None => None,
            },
        },
        (None, gap) => WindowLength::Session { gap: gap.flatten()? },
    };
    let name = node.text("name").unwrap_or_else(|| "window".to_owned());
    Some(Operation::TimeWindow(TimeWindow { column: node.text("column")?, length, name }))
}

pub(crate) fn count_window(node: &Parameters<'_>, _: &mut Report<'_>) -> Option<Operation> {
    Some(Operation::CountWindow(CountWindow {
        size: node.number("size")?,
        by: node.texts("by"),
        order_by: node.texts("order_by"),
        name: node.text("name").unwrap_or_else(|| "window".to_owned()),
    }))
}

fn read(format: &'static str, named: &[(&str, &str)], node: &Parameters<'_>) -> Operation {
    let named = named
        .iter()
        .filter_map(|(option, parameter)| Some(((*option).to_owned(), node.text(parameter)?)));
    let options = named.chain(node.pairs("options")).collect();
    Operation::Read(Read::of(Data::Connector { format }, options))
}

fn write(format: &'static str, node: &Parameters<'_>) -> Operation {
    Operation::Write(Write::of(Data::Connector { format }, node.pairs("options")))
}

/// An interval as Spark reads it, without months and years, which have no fixed length.
fn interval(node: &Parameters<'_>, name: &str, report: &mut Report<'_>) -> Option<String> {
    let written = node.spanned(name)?;
    if crate::stream::is_interval(&written.text) {
        return Some(written.text.clone());
    }
    let message = format!("`{}` is not an interval", written.text);
    report.error("spec::interval", written.span, &node.path_of(name), message).hint =
        Some("numbers with units up to weeks: `30 seconds`, `1 hour 30 minutes`".to_owned());
    None
}
