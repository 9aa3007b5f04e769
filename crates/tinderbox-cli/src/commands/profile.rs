//! `tinderbox preview --profile`: what the rows of a node are like.

use super::history::{cell, side};
use super::preview::Page;
use crate::args::Format;
use crate::output;
use serde_json::{Value, json};
use tinderbox_app::{CheckedExpectation, ColumnProfile, ProfileAnswer, Range};

/// Values of a column that the table names.
const SHOWN: usize = 3;
/// Heights of a histogram's bars.
const BARS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// What is printed of a description.
pub fn page(answer: &ProfileAnswer, format: Format) -> Page {
    let data = match format {
        Format::Json => output::json_text(&object(answer)),
        Format::Table if answer.profile.expectations.is_empty() => columns(&answer.profile.columns),
        Format::Table => format!(
            "{}\n{}",
            columns(&answer.profile.columns),
            expectations(&answer.profile.expectations)
        ),
    };
    Page { data, notes: vec![what_it_is(answer)] }
}

fn what_it_is(answer: &ProfileAnswer) -> String {
    let rows = answer.profile.rows;
    let rows = if rows == 1 { "1 row".to_owned() } else { format!("{rows} rows") };
    match answer.sample_rows {
        None => format!("{rows}, exact, by {}", answer.engine),
        Some(most) => format!(
            "{rows} of a SAMPLE: at most {most} rows of each source were read; --exact reads all; by {}",
            answer.engine
        ),
    }
}

fn columns(columns: &[ColumnProfile]) -> String {
    let rows: Vec<Vec<String>> = columns
        .iter()
        .map(|one| {
            vec![
                one.column.name.clone(),
                one.column.kind.clone(),
                one.nulls.to_string(),
                one.distinct.map_or_else(|| "–".to_owned(), |distinct| distinct.to_string()),
                cell(&one.min, "–"),
                cell(&one.max, "–"),
                distribution(one),
            ]
        })
        .collect();
    let (text, number) = (side("string"), side("bigint"));
    let head = [
        ("COLUMN", text),
        ("TYPE", text),
        ("NULLS", number),
        ("DISTINCT", number),
        ("MIN", text),
        ("MAX", text),
        ("DISTRIBUTION", text),
    ];
    output::table(&head, &rows)
}

fn distribution(column: &ColumnProfile) -> String {
    if !column.histogram.is_empty() {
        return bars(&column.histogram);
    }
    let named = column.frequent.iter().take(SHOWN);
    let mut shown: Vec<String> =
        named.map(|(value, rows)| format!("{} ×{rows}", cell(value, "–"))).collect();
    if column.frequent.len() > SHOWN {
        shown.push("…".to_owned());
    }
    shown.join(", ")
}

/// A bar for each range. One with rows is never as low as one without.
fn bars(ranges: &[Range]) -> String {
    let most = ranges.iter().map(|range| range.rows).max().unwrap_or_default().max(1);
    let bar = |range: &Range| match range.rows {
        0 => ' ',
        rows => {
            let at = (rows * 8).div_ceil(most).clamp(1, 8) - 1;
            usize::try_from(at).ok().and_then(|at| BARS.get(at).copied()).unwrap_or(' ')
        }
    };
    ranges.iter().map(bar).collect()
}

fn expectations(results: &[CheckedExpectation]) -> String {
    let rows: Vec<Vec<String>> = results
        .iter()
        .map(|one| {
            let met = if one.is_met { "yes" } else { "NO" };
            let failed = one.failed.to_string();
            vec![
                one.name.clone(),
                one.rule.to_owned(),
                one.on_fail.to_owned(),
                failed,
                met.to_owned(),
            ]
        })
        .collect();
    let (text, number) = (side("string"), side("bigint"));
    let head = [
        ("EXPECTATION", text),
        ("RULE", text),
        ("ON FAIL", text),
        ("WRONG", number),
        ("MET", text),
    ];
    output::table(&head, &rows)
}

fn object(answer: &ProfileAnswer) -> Value {
    let column = |one: &ColumnProfile| {
        let ranges = one.histogram.iter();
        let ranges: Vec<Value> = ranges
            .map(|range| json!({ "from": range.from, "to": range.to, "rows": range.rows }))
            .collect();
        let frequent: Vec<Value> = one
            .frequent
            .iter()
            .map(|(value, rows)| json!({ "value": value, "rows": rows }))
            .collect();
        json!({
            "name": one.column.name,
            "type": one.column.kind,
            "nulls": one.nulls,
            "distinct": one.distinct,
            "min": one.min,
            "max": one.max,
            "histogram": ranges,
            "frequent": frequent,
        })
    };
    let expectation = |one: &CheckedExpectation| {
        json!({
            "name": one.name,
            "rule": one.rule,
            "on_fail": one.on_fail,
            "rows": one.rows,
            "wrong": one.failed,
            "met": one.is_met,
        })
    };
    json!({
        "rows": answer.profile.rows,
        "sample_rows": answer.sample_rows,
        "engine": answer.engine,
        "columns": answer.profile.columns.iter().map(column).collect::<Vec<_>>(),
        "expectations": answer.profile.expectations.iter().map(expectation).collect::<Vec<_>>(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_with_rows_are_higher_than_empty_ones() {
        let range = |rows| Range { from: Value::Null, to: Value::Null, rows };
        assert_eq!(bars(&[range(0), range(1), range(800), range(400)]), " ▁█▄");
        assert_eq!(bars(&[range(0)]), " ");
    }
}
