//! A function for the expectations of a node, and the class that all of them use.

use super::layout::Chain;
use super::literal::{long_text, text};
use super::nodes::list;
use super::transforms::literal;
use crate::expectation::{Expectation, OnFail, Rule};
use crate::operation::build::is_expression;
use crate::spec::{Node, Spec};
use std::collections::BTreeSet;

/// The class, in parts that begin with `#: name`: a program has those that it uses.
const PROGRAM: &str = include_str!("program/expectations.py");

/// What a program with expectations imports.
pub(super) const MODULES: &[&str] = &["json", "os", "threading"];

pub(super) fn is_used(spec: &Spec) -> bool {
    spec.nodes().iter().any(|node| !node.expectations.is_empty())
}

/// The class with the parts that this job uses.
pub(super) fn program(spec: &Spec) -> String {
    let mut used = BTreeSet::from(["always"]);
    for expectation in spec.nodes().iter().flat_map(|node| &node.expectations) {
        match &expectation.rule {
            rule if rule.is_of_rows() => used.extend(["rows_where", "measure"]),
            Rule::Freshness { .. } => used.extend(["measure"]),
            Rule::Query(_) => {}
            rule => used.extend([rule.kind()]),
        }
        match expectation.on_fail {
            OnFail::Drop => used.extend(["without_wrong_rows"]),
            OnFail::Quarantine(_) => used.extend(["without_wrong_rows", "quarantine"]),
            OnFail::Warn | OnFail::Fail => {}
        }
    }
    let mut is_in = true;
    let mut program = String::new();
    for line in PROGRAM.lines() {
        match line.strip_prefix("    #: ") {
            Some(part) => is_in = used.contains(part),
            None if is_in => program.extend([line, "\n"]),
            None => {}
        }
    }
    program
}

/// The function that checks the rows of `node`, which it calls `rows`. `of` gives the variables of other nodes.
pub(super) fn function<'n>(
    name: &str,
    rows: &str,
    node: &'n Node,
    of: impl Fn(&'n tinderbox_model::NodeId) -> String,
) -> String {
    let others = others(node).into_iter().map(|other| format!(", {}: DataFrame", of(other)));
    let others: String = others.collect();
    let mut function = format!("def {name}({rows}: DataFrame{others}) -> DataFrame:\n");
    let start = Chain::new("checks = ", "").indented();
    let start = start.first_call("Expectations", [text(node.id.as_str()), rows.to_owned()]);
    function.push_str(&start.to_lines());
    if node.expectations.iter().any(|one| matches!(one.rule, Rule::Query(_))) {
        function.push_str(&format!("    {rows}.createOrReplaceTempView({})\n", text(rows)));
    }
    for expectation in &node.expectations {
        let other = match &expectation.rule {
            Rule::References { node, .. } => of(node),
            _ => String::new(),
        };
        function.push_str(&check(expectation, rows, &other));
    }
    function.push_str("    checks.apply()\n");
    let quarantine = node.expectations.iter().find_map(|one| match &one.on_fail {
        OnFail::Quarantine(quarantine) => Some(quarantine),
        _ => None,
    });
    if let Some(quarantine) = quarantine {
        let call = Chain::new("", "checks").indented();
        let arguments = [text(quarantine.format), text(&quarantine.path)];
        function.push_str(&call.call("quarantine", arguments).to_lines());
    }
    let leaves_out =
        |one: &Expectation| matches!(one.on_fail, OnFail::Drop | OnFail::Quarantine(_));
    let result = if node.expectations.iter().any(leaves_out) {
        "checks.without_wrong_rows()"
    } else {
        "checks.rows"
    };
    function.push_str(&format!("    return {result}\n"));
    function
}

/// The nodes that expectations refer to, each once.
pub(super) fn others(node: &Node) -> Vec<&tinderbox_model::NodeId> {
    let mut others = Vec::new();
    for expectation in &node.expectations {
        if let Rule::References { node: other, .. } = &expectation.rule
            && !others.contains(&other)
            // The rows of a sink are those of its input, which may be referred to.
            && !(node.kind() == crate::NodeKind::Sink && node.inputs.contains(other))
        {
            others.push(other);
        }
    }
    others
}

fn check(expectation: &Expectation, rows: &str, other: &str) -> String {
    let name = text(&expectation.name);
    let on_fail = text(expectation.on_fail.as_str());
    let kind = text(expectation.rule.kind());
    let tolerated = expectation.at_most.as_ref().map(|share| format!("tolerated={share}"));
    let (method, arguments): (&'static str, Vec<String>) = match &expectation.rule {
        Rule::Unique { columns } => ("unique", vec![name, on_fail, list(&quoted(columns))]),
        Rule::References { columns, to, .. } => {
            let (ours, theirs) = (list(&quoted(columns)), list(&quoted(to)));
            ("references", vec![name, on_fail, ours, other.to_owned(), theirs])
        }
        Rule::Freshness { column, at_most } => {
            let column = quoted_name(column);
            // Where there is no time at all, nothing is fresh.
            let failed = super::nodes::expr(&format!(
                "int(coalesce(max({column}) < now() - INTERVAL {at_most}, true))"
            ));
            ("measure", vec![name, kind, on_fail, failed])
        }
        Rule::RowCount { min, max } => {
            let most = max.map_or("float(\"inf\")".to_owned(), |most| most.to_string());
            ("row_count", vec![name, on_fail, min.unwrap_or(0).to_string(), most])
        }
        Rule::Query(query) => {
            let query = query.replace("{input}", rows);
            let failed = format!("{rows}.sparkSession.sql({}).count()", long_text(&query));
            ("add", vec![name, kind, on_fail, failed])
        }
        rule => ("rows_where", vec![name, kind, on_fail, wrong(rule)]),
    };
    let call = Chain::new("", "checks").indented();
    call.call(method, arguments.into_iter().chain(tolerated)).to_lines()
}

/// A column that is true where a row is wrong, and null where SQL cannot say.
fn wrong(rule: &Rule) -> String {
    match rule {
        Rule::NotNull { columns } => {
            let missing: Vec<String> =
                columns.iter().map(|column| format!("{}.isNull()", of(column))).collect();
            missing.join(" | ")
        }
        Rule::Range { column, min, max, is_exclusive } => {
            let column = of(column);
            let (below, above) = if *is_exclusive { ("<=", ">=") } else { ("<", ">") };
            let limit = |sign: &str, limit: &crate::Literal| {
                format!("({column} {sign} {})", literal(limit))
            };
            let limits = [
                min.as_ref().map(|min| limit(below, min)),
                max.as_ref().map(|max| limit(above, max)),
            ];
            let limits: Vec<String> = limits.into_iter().flatten().collect();
            match limits.as_slice() {
                [only] => only[1..only.len() - 1].to_owned(),
                limits => limits.join(" | "),
            }
        }
        Rule::Set { column, values } => {
            let values: Vec<String> = values.iter().map(literal).collect();
            format!("~{}.isin({})", of(column), values.join(", "))
        }
        Rule::Pattern { column, regex } => format!("~{}.rlike({})", of(column), text(regex)),
        Rule::Sql(condition) => format!("~{}", super::nodes::expr(condition.trim())),
        // The rest is not about single rows.
        _ => "F.lit(False)".to_owned(),
    }
}

fn of(column: &str) -> String {
    format!("F.col({})", text(&quoted_name(column)))
}

/// A column that an expectation names, as SQL writes it: points are steps into structs; other names that are no words stand in
/// backquotes.
pub fn quoted_name(column: &str) -> String {
    if is_expression(column) && !column.contains('`') {
        format!("`{column}`")
    } else {
        column.to_owned()
    }
}

fn quoted(columns: &[String]) -> Vec<String> {
    columns.iter().map(|column| quoted_name(column)).collect()
}
