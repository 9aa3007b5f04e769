//! Rows that expectations leave out.

use super::Rows;
use super::expression::{any, boolean, call, lit, literal, path, sql, text};
use spark_connect_proto::Expression;
use tinderbox_spec::{Node, OnFail, Rule};

/// A row is left out when it is wrong for certain; where SQL cannot say, it stays.
pub(super) fn without_wrong_rows(node: &Node, rows: Rows) -> Rows {
    let leaves_out = node
        .expectations
        .iter()
        .filter(|one| matches!(one.on_fail, OnFail::Drop | OnFail::Quarantine(_)));
    leaves_out
        .filter_map(|one| wrong_rows(&one.rule))
        .fold(rows, |rows, wrong| rows.filter(call("not", vec![wrong])))
}

/// True of rows that are wrong for certain; `None` of a rule that is not about single rows.
pub(crate) fn wrong_rows(rule: &Rule) -> Option<Expression> {
    Some(call("coalesce", vec![wrong(rule)?, boolean(false)]))
}

/// `None` of a rule that is not about single rows.
fn wrong(rule: &Rule) -> Option<Expression> {
    let not = |value| call("not", vec![value]);
    match rule {
        Rule::NotNull { columns } => {
            any(columns.iter().map(|column| call("isnull", vec![path(column)])))
        }
        Rule::Range { column, min, max, is_exclusive } => {
            let (below, above) = if *is_exclusive { ("<=", ">=") } else { ("<", ">") };
            let limit = |sign, value: &Option<tinderbox_spec::Literal>| {
                let value = value.as_ref().map(|value| lit(literal(value)));
                value.map(|value| call(sign, vec![path(column), value]))
            };
            any([limit(below, min), limit(above, max)].into_iter().flatten())
        }
        Rule::Set { column, values } => {
            let values = values.iter().map(|value| lit(literal(value)));
            Some(not(call("in", std::iter::once(path(column)).chain(values).collect())))
        }
        Rule::Pattern { column, regex } => {
            Some(not(call("rlike", vec![path(column), text(regex)])))
        }
        Rule::Sql(condition) => Some(not(sql(condition.trim()))),
        Rule::Unique { .. }
        | Rule::References { .. }
        | Rule::Freshness { .. }
        | Rule::RowCount { .. }
        | Rule::Query(_) => None,
    }
}
