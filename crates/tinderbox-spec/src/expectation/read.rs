//! Expectations as a document writes them.

use super::{Expectation, OnFail, Quarantine, Rule};
use crate::diagnostic::{Report, Span};
use crate::fields::{self, Fields, wrong_type};
use crate::graph::{literal, literals};
use crate::nearest::nearest;
use crate::operation::Literal;
use crate::operation::build::Value;
use crate::tree::{Entry, Spanned, Tree};
use tinderbox_model::NodeId;

const RULES: &[&str] = &[
    "not_null",
    "unique",
    "range",
    "set",
    "pattern",
    "references",
    "freshness",
    "row_count",
    "sql",
    "query",
];

pub(crate) const ON_FAIL: &[&str] = &["warn", "drop", "quarantine", "fail"];

/// Formats to which rows can be added and that keep the names of columns.
pub(crate) const QUARANTINE_FORMATS: &[&str] = &["parquet", "csv", "json", "orc", "delta"];

/// The expectations of one node.
#[derive(Debug, Clone, Default)]
pub(crate) struct Expected {
    pub(crate) expectations: Vec<Expectation>,
    /// Nodes that references name, where each is named.
    pub(crate) references: Vec<(Spanned, String)>,
}

/// Reads `expectations` and `quarantine` of a node. `quarantine` is the document's own; the node's goes before it.
pub(crate) fn read(
    tree: &Tree,
    path: &str,
    node: &str,
    quarantine: Option<&Quarantine>,
    report: &mut Report<'_>,
) -> Expected {
    let mut expected = Expected::default();
    let entry = |key: &str| tree.as_map()?.get(key).filter(|entry| !entry.value.is_null());
    let quarantine = match entry("quarantine") {
        Some(entry) => read_quarantine(entry, &format!("{path}.quarantine"), report),
        // Nodes have different columns: each gets a folder of its own.
        None => quarantine.map(|shared| Quarantine {
            format: shared.format,
            path: format!("{}/{node}", shared.path.trim_end_matches('/')),
        }),
    };
    let Some(list) = entry("expectations") else {
        if let Some(entry) = entry("quarantine") {
            let message = "this node has a `quarantine` and no `expectations`";
            report.warning("spec::quarantine", entry.key_span, path, message);
        }
        return expected;
    };
    let path = format!("{path}.expectations");
    let Some(items) = list.value.as_list() else {
        wrong_type(&list.value, &path, "a list of expectations", report);
        return expected;
    };
    for (at, item) in items.iter().enumerate() {
        let path = format!("{path}[{at}]");
        let before = report.error_count();
        let Some(fields) = Fields::of(item, &path, report) else { continue };
        let found = expectation(fields, quarantine.as_ref(), &mut expected.references, report);
        if let (Some((mut found, name)), true) = (found, report.error_count() == before) {
            let taken = |name: &str| expected.expectations.iter().any(|other| other.name == name);
            if taken(&found.name) {
                if let Some(name) = name {
                    let message = format!("another expectation is named `{}`", name.text);
                    report.error("spec::duplicate-name", name.span, &path, message).hint =
                        Some("results are found by node and name: each has its own".to_owned());
                }
                let free = (2..).map(|n| format!("{}_{n}", found.name)).find(|name| !taken(name));
                found.name = free.unwrap_or_default();
            }
            expected.expectations.push(found);
        }
    }
    expected
}

/// `quarantine` of the document or of a node.
pub(crate) fn read_quarantine(
    entry: &Entry,
    path: &str,
    report: &mut Report<'_>,
) -> Option<Quarantine> {
    let mut fields = Fields::of(&entry.value, path, report)?;
    let format = fields.choice("format", QUARANTINE_FORMATS, report);
    let format_is_missing = fields.entry("format").is_none();
    let target = fields.text("path", report);
    let target_is_missing = fields.entry("path").is_none();
    fields.finish(report);
    for (key, is_missing) in [("format", format_is_missing), ("path", target_is_missing)] {
        if is_missing {
            let message = format!("`quarantine` needs `{key}`");
            report.error("spec::missing-parameter", entry.key_span, path, message).hint =
                Some("for example `quarantine: {format: parquet, path: out/wrong}`".to_owned());
        }
    }
    Some(Quarantine { format: format?, path: target?.text })
}

fn expectation(
    mut fields: Fields<'_>,
    quarantine: Option<&Quarantine>,
    references: &mut Vec<(Spanned, String)>,
    report: &mut Report<'_>,
) -> Option<(Expectation, Option<Spanned>)> {
    fields.name_as("an expectation");
    let name = fields.text("name", report);
    let on_fail = fields.choice("on_fail", ON_FAIL, report);
    let on_fail_span = fields.entry("on_fail").map_or(fields.span, |entry| entry.value.span);
    let tolerated = tolerated(&mut fields, report);
    let written: Vec<(&'static str, &Entry)> =
        RULES.iter().filter_map(|rule| Some((*rule, fields.entry(rule)?))).collect();
    let path = fields.path.clone();
    let span = fields.span;
    fields.finish(report);
    let (kind, entry) = match written.as_slice() {
        [one] => *one,
        [] => {
            let message = "this expectation expects nothing";
            report.error("spec::expectation", first(span), &path, message).hint =
                Some(format!("one of: {}", RULES.join(", ")));
            return None;
        }
        [_, (_, second), ..] => {
            let message = "this expectation expects several things";
            report.error("spec::expectation", second.key_span, &path, message).hint =
                Some("make one of each, so that each is counted".to_owned());
            return None;
        }
    };
    let rule = rule(kind, entry, &format!("{path}.{kind}"), references, report)?;
    let on_fail = match on_fail.unwrap_or("warn") {
        word @ ("drop" | "quarantine") if !rule.is_of_rows() => {
            let message = format!("`{kind}` cannot {word}: it is not about single rows");
            report.error("spec::on-fail", on_fail_span, &format!("{path}.on_fail"), message).hint =
                Some(
                    "`warn` or `fail`; not_null, range, set, pattern and sql are about rows"
                        .to_owned(),
                );
            return None;
        }
        "drop" => OnFail::Drop,
        "quarantine" => match quarantine {
            Some(quarantine) => OnFail::Quarantine(quarantine.clone()),
            None => {
                let message = "there is no place for the rows that are wrong";
                report
                    .error("spec::quarantine", on_fail_span, &format!("{path}.on_fail"), message)
                    .hint = Some(
                    "add `quarantine: {format: parquet, path: out/wrong}` to the node or the document"
                        .to_owned(),
                );
                return None;
            }
        },
        "fail" => OnFail::Fail,
        _ => OnFail::Warn,
    };
    if let Some(share) = &tolerated {
        let reason = if matches!(on_fail, OnFail::Drop | OnFail::Quarantine(_)) {
            Some(format!("every wrong row is left out by `{}`", on_fail.as_str()))
        } else if !rule.counts_rows() {
            Some(format!("`{kind}` has no share of rows that are wrong"))
        } else {
            None
        };
        if let Some(reason) = reason {
            let message = format!("`at_most` cannot be used so: {reason}");
            report.error("spec::parameters", share.span, &format!("{path}.at_most"), message);
        }
    }
    let made = [kind].into_iter().chain(rule.columns().iter().map(String::as_str));
    let made: Vec<String> = made.map(|part| part.replace(['.', ' '], "_")).collect();
    let written = name.as_ref().map(|name| name.text.clone());
    let expectation = Expectation {
        name: written.unwrap_or_else(|| made.join("_")),
        rule,
        on_fail,
        at_most: tolerated.map(|share| share.text),
    };
    Some((expectation, name))
}

fn tolerated(fields: &mut Fields<'_>, report: &mut Report<'_>) -> Option<Spanned> {
    let entry = fields.entry("at_most")?;
    let path = fields.path_of("at_most");
    let scalar = entry.value.as_scalar().filter(|scalar| scalar.is_typed_by_text());
    let share = scalar.filter(|scalar| {
        Literal::is_number(&scalar.text)
            && scalar.text.parse::<f64>().is_ok_and(|share| (0.0..1.0).contains(&share))
    });
    if share.is_none() {
        wrong_type(&entry.value, &path, "a share from 0 and below 1", report).hint =
            Some("`0.01` lets one row of a hundred be wrong".to_owned());
    }
    share.map(|scalar| Spanned { text: scalar.text.clone(), span: entry.value.span })
}

fn rule(
    kind: &'static str,
    entry: &Entry,
    path: &str,
    references: &mut Vec<(Spanned, String)>,
    report: &mut Report<'_>,
) -> Option<Rule> {
    let tree = &entry.value;
    let texts = |report: &mut Report<'_>| -> Option<Vec<String>> {
        let texts = fields::texts(tree, path, report);
        (!texts.is_empty()).then(|| texts.into_iter().map(|text| text.text).collect())
    };
    match kind {
        "not_null" => return Some(Rule::NotNull { columns: texts(report)? }),
        "unique" => return Some(Rule::Unique { columns: texts(report)? }),
        "sql" => return Some(Rule::Sql(fields::text(tree, path, report)?.text)),
        "query" => return Some(Rule::Query(fields::text(tree, path, report)?.text)),
        _ => {}
    }
    let mut block = Fields::of(tree, path, report)?;
    let rule = block_rule(kind, &mut block, entry.key_span, references, report);
    block.finish(report);
    rule
}

fn block_rule(
    kind: &'static str,
    block: &mut Fields<'_>,
    span: Span,
    references: &mut Vec<(Spanned, String)>,
    report: &mut Report<'_>,
) -> Option<Rule> {
    if kind == "row_count" {
        let min = block.whole_number("min", 0, report);
        let max = block.whole_number("max", 0, report);
        if block.entry("min").is_none() && block.entry("max").is_none() {
            missing("`row_count` needs `min` or `max`", "{min: 1}", span, block, report);
        }
        if let (Some(least), Some(most)) = (min, max)
            && least > most
        {
            let message = format!("`min` ({least}) is more than `max` ({most})");
            report.error("spec::wrong-value", block.span, &block.path, message);
        }
        return Some(Rule::RowCount { min: min.map(u64::from), max: max.map(u64::from) });
    }
    if kind == "references" {
        return read_references(block, span, references, report);
    }
    let column = block.text("column", report).map(|text| text.text);
    if column.is_none() && block.entry("column").is_none() {
        let message = format!("`{kind}` needs `column`");
        missing(&message, "{column: amount, …}", span, block, report);
    }
    match kind {
        "range" => {
            let min = limit("min", block, report);
            let max = limit("max", block, report);
            let is_exclusive = block.boolean("exclusive", report).unwrap_or(false);
            if block.entry("min").is_none() && block.entry("max").is_none() {
                let example = "{column: amount, min: 0}";
                missing("`range` needs `min` or `max`", example, span, block, report);
            }
            let number = |limit: &Option<Literal>| match limit {
                Some(Literal::Number(number)) => number.parse::<f64>().ok(),
                _ => None,
            };
            if let (Some(least), Some(most)) = (number(&min), number(&max))
                && (least > most || (is_exclusive && least >= most))
            {
                let message = "no value lies in this range".to_owned();
                report.error("spec::wrong-value", block.span, &block.path, message);
            }
            Some(Rule::Range { column: column?, min, max, is_exclusive })
        }
        "set" => {
            let path = block.path_of("values");
            let values = match block.entry("values") {
                Some(entry) => match literals(&entry.value, &path, report)? {
                    Value::Literals(values) => values,
                    _ => Vec::new(),
                },
                None => Vec::new(),
            };
            if values.is_empty() {
                let example = "{column: state, values: [new, paid]}";
                missing("`set` needs `values`", example, span, block, report);
            }
            Some(Rule::Set { column: column?, values })
        }
        "pattern" => {
            let regex = block.text("regex", report);
            if regex.is_none() && block.entry("regex").is_none() {
                let example = "{column: zip, regex: '^[0-9]{5}$'}";
                missing("`pattern` needs `regex`", example, span, block, report);
            }
            Some(Rule::Pattern { column: column?, regex: regex?.text })
        }
        _ => {
            let at_most = block.text("at_most", report);
            if at_most.is_none() && block.entry("at_most").is_none() {
                let example = "{column: changed_at, at_most: 2 hours}";
                missing("`freshness` needs `at_most`", example, span, block, report);
            }
            let at_most = at_most?;
            let interval = interval(&at_most);
            if interval.is_none() {
                let message = format!("`{}` is not a length of time", at_most.text);
                report
                    .error("spec::wrong-value", at_most.span, &block.path_of("at_most"), message)
                    .hint =
                    Some("a whole number of minutes, hours, days or weeks: `2 hours`".to_owned());
            }
            Some(Rule::Freshness { column: column?, at_most: interval? })
        }
    }
}

fn read_references(
    block: &mut Fields<'_>,
    span: Span,
    references: &mut Vec<(Spanned, String)>,
    report: &mut Report<'_>,
) -> Option<Rule> {
    let columns = block.texts("columns", report).unwrap_or_default();
    let to = block.texts("to", report).unwrap_or_else(|| columns.clone());
    let node = block.text("node", report);
    for key in ["columns", "node"] {
        if block.entry(key).is_none() {
            let example = "{columns: customer_id, node: customers, to: id}";
            missing(&format!("`references` needs `{key}`"), example, span, block, report);
        }
    }
    if columns.len() != to.len() {
        let message = format!("{} columns cannot refer to {}", columns.len(), to.len());
        report.error("spec::wrong-value", block.span, &block.path_of("to"), message).hint =
            Some("`to` names as many columns of the other node, in the same order".to_owned());
    }
    let node = node?;
    references.push((node.clone(), block.path_of("node")));
    let names = |texts: Vec<Spanned>| texts.into_iter().map(|text| text.text).collect();
    Some(Rule::References { columns: names(columns), node: NodeId::new(node.text), to: names(to) })
}

fn missing(message: &str, example: &str, span: Span, block: &Fields<'_>, report: &mut Report<'_>) {
    report.error("spec::missing-parameter", span, &block.path, message).hint =
        Some(format!("for example `{example}`"));
}

fn limit(key: &'static str, block: &mut Fields<'_>, report: &mut Report<'_>) -> Option<Literal> {
    let entry = block.entry(key)?;
    literal(&entry.value, &block.path_of(key), report)
}

/// `2 hours` as SQL writes it.
fn interval(text: &str) -> Option<String> {
    let (number, unit) = text.trim().split_once(char::is_whitespace)?;
    let number: u32 = number.parse().ok().filter(|number| *number > 0)?;
    let unit = unit.trim().to_ascii_uppercase();
    let units = ["MINUTE", "HOUR", "DAY", "WEEK"];
    let unit = units.iter().find(|known| unit.trim_end_matches('S') == **known)?;
    Some(format!("{number} {unit}S"))
}

/// The unknown node of a reference; `ids` are the nodes that can be read.
pub(crate) fn report_unknown_node(
    name: &Spanned,
    path: &str,
    ids: &[&str],
    report: &mut Report<'_>,
) {
    let message = format!("there is no node `{}` to refer to", name.text);
    report.error("spec::unknown-input", name.span, path, message).hint =
        Some(match nearest(name, ids.iter().copied()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("nodes to refer to: {}", ids.join(", ")),
        });
}

/// Where a block begins.
fn first(span: Span) -> Span {
    Span { start: span.start, end: (span.start + 1).min(span.end) }
}
