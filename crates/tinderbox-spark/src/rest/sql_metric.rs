//! The text of a SQL metric (`SQLMetrics.stringValue`).

use super::java_text::{bytes, duration, grouped, tenths};
use tinderbox_model::{MetricSpread, SqlMetric, SqlMetricKind};

const SUFFIX: &str = "(min, med, max (stageId: taskId))";

/// As Spark shows it; `None` when nothing was reported.
pub(super) fn text(metric: &SqlMetric) -> Option<String> {
    let value = i64::try_from(metric.value?).unwrap_or(i64::MAX);
    let form: fn(i64) -> String = match metric.kind {
        SqlMetricKind::Sum | SqlMetricKind::Other => grouped,
        SqlMetricKind::Average => tenths,
        SqlMetricKind::Size => bytes,
        SqlMetricKind::Timing => duration,
        SqlMetricKind::NsTiming => |ns| duration(ns / 1_000_000),
    };
    let Some(spread) = metric.spread else { return Some(form(value)) };
    let MetricSpread { sum, min, median, max, .. } = spread;
    let spread_text = format!("({}, {}, {} {})", form(min), form(median), form(max), task(&spread));
    Some(match metric.kind {
        SqlMetricKind::Sum | SqlMetricKind::Other => form(value),
        SqlMetricKind::Average => format!("{SUFFIX}:\n{spread_text}"),
        _ => format!("total {SUFFIX}\n{} {spread_text}", form(sum)),
    })
}

fn task(spread: &MetricSpread) -> String {
    match spread.max_task {
        Some((stage, task)) => format!("(stage {}.{}: task {task})", stage.stage, stage.attempt),
        None => "(driver)".to_owned(),
    }
}
