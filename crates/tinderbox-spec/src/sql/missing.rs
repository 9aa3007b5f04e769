//! Missing values and untidy texts.

use super::Refusal;
use super::columns::place;
use super::layout::Select;
use super::relation::One;
use super::text::{literal, name, value as literal_value};
use crate::operation::{Clean, Literal, NullRule};

/// As `DataFrameNaFunctions.fill` of Spark: not-a-number counts as missing, and the value takes the column's type.
pub(super) fn filled(one: &One<'_>, values: &[(String, Literal)]) -> Result<Select, Refusal> {
    let known = one.known("fills columns")?;
    let mut columns = Vec::new();
    for (column, value) in values {
        let kind = place(known, column).and_then(|at| known[at].kind.as_deref());
        let Some(kind) = kind else {
            return Err(Refusal {
                code: "sql::columns",
                message: format!(
                    "`{}` fills `{column}`, whose type the document does not tell",
                    one.node.id
                ),
                hint: "give the source a `schema`, or cast the column before".to_owned(),
            });
        };
        let present =
            if is_floating(kind) { format!("nanvl({}, NULL)", name(column)) } else { name(column) };
        columns.push((
            column.as_str(),
            format!(
                "coalesce({present}, CAST({} AS {}))",
                literal_value(value),
                kind.to_uppercase()
            ),
        ));
    }
    one.with(columns)
}

fn is_floating(kind: &str) -> bool {
    matches!(kind, "double" | "float" | "real")
}

/// As Spark's `AtLeastNNonNulls`: not-a-number counts as missing.
pub(super) fn without_nulls(
    one: &One<'_>,
    columns: &[String],
    rule: NullRule,
) -> Result<Select, Refusal> {
    let all: Vec<String>;
    let columns = if columns.is_empty() {
        all = one.known("looks at all columns")?.iter().map(|column| column.name.clone()).collect();
        &all
    } else {
        columns
    };
    let known = one.known.and_then(Option::as_deref).unwrap_or_default();
    let present: Vec<String> = columns
        .iter()
        .map(|column| {
            let quoted = name(column);
            match place(known, column).and_then(|at| known[at].kind.as_deref()) {
                Some(kind) if is_floating(kind) => format!("{quoted} IS NOT NULL AND NOT isnan({quoted})"),
                Some(_) => format!("{quoted} IS NOT NULL"),
                None => format!(
                    "{quoted} IS NOT NULL AND (typeof({quoted}) NOT IN ('double', 'float') OR CAST({quoted} AS STRING) <> 'NaN')"
                ),
            }
        })
        .collect();
    let condition = match rule {
        NullRule::Any => present.join("\n  AND "),
        NullRule::All => {
            let each: Vec<String> = present.iter().map(|one| bracketed(one)).collect();
            each.join("\n  OR ")
        }
        NullRule::Fewer(least) => {
            let each: Vec<String> = present.iter().map(|one| format!("int({one})")).collect();
            format!("{} >= {least}", each.join(" + "))
        }
    };
    Ok(Select::all(one.from).clause(format!("WHERE {condition}")))
}

fn bracketed(condition: &str) -> String {
    if condition.contains(" AND ") { format!("({condition})") } else { condition.to_owned() }
}

pub(super) fn cleaned(one: &One<'_>, clean: &Clean) -> Result<Select, Refusal> {
    let known = one.known("replaces columns")?;
    let all: Vec<String>;
    let columns = if clean.columns.is_empty() {
        if known.iter().any(|column| column.kind.is_none()) {
            return Err(Refusal {
                code: "sql::columns",
                message: format!(
                    "`{}` cleans all texts, and the document does not tell which columns are",
                    one.node.id
                ),
                hint: "name them: `columns: [a, b]`".to_owned(),
            });
        }
        let texts = known.iter().filter(|column| column.kind.as_deref() == Some("string"));
        all = texts.map(|column| column.name.clone()).collect();
        &all
    } else {
        &clean.columns
    };
    one.with(columns.iter().map(|column| {
        let mut value = name(column);
        for (pattern, with) in &clean.replace {
            value = format!("regexp_replace({value}, {}, {})", literal(pattern), literal(with));
        }
        if clean.trim {
            value = format!("regexp_replace({value}, {}, '')", literal("^\\s+|\\s+$"));
        }
        if let Some(case) = clean.case {
            value = format!("{case}({value})");
        }
        if clean.blank_to_null && clean.trim {
            value = format!("nullif({value}, '')");
        } else if clean.blank_to_null {
            value = format!("CASE WHEN {value} RLIKE {} THEN {value} END", literal("\\S"));
        }
        (column.as_str(), value)
    }))
}
