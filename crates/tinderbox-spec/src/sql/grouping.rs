//! Groups, pivots and their opposite.

use super::columns::plain;
use super::layout::Select;
use super::relation::One;
use super::text::{attribute, column, expression, name, value as literal_value};
use super::{Refusal, Statement};
use crate::lineage::names;
use crate::operation::build::is_expression;
use crate::operation::{Aggregate, AggregateOutput, Aggregation, Grouping, Pivot, Unpivot};

pub(super) fn aggregated(one: &One<'_>, aggregate: &Aggregate) -> Result<Select, Refusal> {
    if let Some(pivot) = &aggregate.pivot {
        return pivoted(one, aggregate, pivot);
    }
    let keys: Vec<String> = aggregate.group_by.iter().map(|key| column(key)).collect();
    let mut selected = keys.clone();
    for output in &aggregate.outputs {
        selected.push(format!("{} AS {}", aggregation(one, output)?, name(&output.name)));
    }
    let select = Select::of(selected, &name(one.from));
    if keys.is_empty() {
        return Ok(select);
    }
    Ok(match aggregate.grouping {
        Grouping::Groups => select.list("GROUP BY", &keys),
        Grouping::Rollup => select.clause(format!("GROUP BY ROLLUP ({})", keys.join(", "))),
        Grouping::Cube => select.clause(format!("GROUP BY CUBE ({})", keys.join(", "))),
    })
}

fn aggregation(one: &One<'_>, output: &AggregateOutput) -> Statement {
    Ok(match &output.aggregation {
        Aggregation::Expression(text) => expression(text),
        Aggregation::Function { function: "product", .. } => {
            return Err(Refusal::node(
                format!("`{}` uses `product`, a function that SQL does not have", one.node.id),
                "compile with `--to pyspark`",
            ));
        }
        Aggregation::Function { function, column } => {
            let column = if column == "*" { column.clone() } else { attribute(column) };
            match *function {
                "count_distinct" => format!("count(DISTINCT {column})"),
                "sum_distinct" => format!("sum(DISTINCT {column})"),
                function => format!("{function}({column})"),
            }
        }
    })
}

/// SQL groups by all columns that stand beside those of the aggregates, so that no other may be there.
fn pivoted(one: &One<'_>, aggregate: &Aggregate, pivot: &Pivot) -> Result<Select, Refusal> {
    let refuse =
        |what: &str, hint: &str| Err(Refusal::node(format!("`{}` {what}", one.node.id), hint));
    if pivot.values.is_empty() {
        return refuse("pivots by the values that the data has", "name them: `values: [a, b]`");
    }
    let mut used: Vec<String> = Vec::new();
    for output in &aggregate.outputs {
        match &output.aggregation {
            Aggregation::Function { column, .. } if column == "*" => {}
            Aggregation::Function { column, .. } => used.push(column.clone()),
            Aggregation::Expression(text) => {
                used.extend(names::columns(text).into_iter().map(|path| path.join(".")));
            }
        }
    }
    let is_plain = |key: &&String| !is_expression(key) && !key.contains('.');
    let keys = &aggregate.group_by;
    if aggregate.grouping != Grouping::Groups
        || !keys.iter().chain(&used).chain([&pivot.column]).all(|key| is_plain(&key))
    {
        return refuse(
            "pivots groups or columns that are more than plain columns",
            "make them columns with `map` before",
        );
    }
    if used
        .iter()
        .any(|used| keys.iter().chain([&pivot.column]).any(|key| key.eq_ignore_ascii_case(used)))
    {
        return refuse(
            "aggregates a column that it also groups or pivots by",
            "copy the column with `map` before",
        );
    }
    let mut inner: Vec<String> = Vec::new();
    for column in keys.iter().chain([&pivot.column]).chain(&used) {
        let column = name(column);
        if !inner.contains(&column) {
            inner.push(column);
        }
    }
    let mut outputs = Vec::new();
    for output in &aggregate.outputs {
        outputs.push(format!("{} AS {}", aggregation(one, output)?, name(&output.name)));
    }
    let values: Vec<String> = pivot
        .values
        .iter()
        .map(|value| format!("{} AS {}", literal_value(value), name(plain(value))))
        .collect();
    let inner = Select::of(inner, &name(one.from)).to_sql().replace('\n', " ");
    Ok(Select::of(vec!["*".to_owned()], &format!("({inner})")).clause(format!(
        "PIVOT (\n  {}\n  FOR {} IN ({})\n)",
        outputs.join(",\n  "),
        name(&pivot.column),
        values.join(", ")
    )))
}

/// As Spark itself rewrites `dropDuplicates`: any row of each group. As one struct, so that no column need be named.
pub(super) fn deduplicated(columns: &[String], from: &str) -> Select {
    if columns.is_empty() {
        return Select::of(vec!["DISTINCT *".to_owned()], &name(from));
    }
    let keys: Vec<String> = columns.iter().map(|column| name(column)).collect();
    let inner = format!(
        "(\n  SELECT first(struct(*)) AS any_row\n  FROM {}\n  GROUP BY {}\n)",
        name(from),
        keys.join(", ")
    );
    Select::of(vec!["any_row.*".to_owned()], &inner)
}

pub(super) fn unpivoted(one: &One<'_>, unpivot: &Unpivot) -> Result<Select, Refusal> {
    let others: Vec<String>;
    let values = if unpivot.values.is_empty() {
        let known = one.known("turns all other columns into rows")?;
        let is_id = |name: &String| unpivot.ids.iter().any(|id| id.eq_ignore_ascii_case(name));
        others =
            known.iter().map(|column| column.name.clone()).filter(|name| !is_id(name)).collect();
        &others
    } else {
        &unpivot.values
    };
    let quoted = |columns: &[String]| columns.iter().map(|column| name(column)).collect::<Vec<_>>();
    let inner = Select::of([quoted(&unpivot.ids), quoted(values)].concat(), &name(one.from));
    Ok(Select::of(vec!["*".to_owned()], &format!("({})", inner.to_sql().replace('\n', " ")))
        .clause(format!(
            "UNPIVOT INCLUDE NULLS ({} FOR {} IN ({}))",
            name(&unpivot.value_column),
            name(&unpivot.name_column),
            quoted(values).join(", ")
        )))
}
