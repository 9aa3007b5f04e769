//! Expectations of a node, counted as compiled programs count them (`Expectations` there).

use crate::relation::{Rows, wrong_rows};
use crate::{Error, Limits, Session, query};
use serde_json::Value;
use std::collections::BTreeMap;
use tinderbox_model::NodeId;
use tinderbox_spec::{Expectation, Node, Rule, Spec, ancestors_until, quoted_name};

const ROWS: &str = "tinderbox_rows";
const CHECKS: &str = "tinderbox_checks";
const REFERRED: &str = "tinderbox_referred";

/// What came of an expectation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckedExpectation {
    /// Its name.
    pub name: String,
    /// The rule, as documents write it.
    pub rule: &'static str,
    /// What a run does when it is not met.
    pub on_fail: &'static str,
    /// Rows that were looked at.
    pub rows: u64,
    /// Rows that are wrong; of rules that are not about rows 1 when they are not met.
    pub failed: u64,
    /// Whether no more are wrong than is tolerated.
    pub is_met: bool,
}

/// The nodes that a node and its expectations read, without the node itself.
pub(super) fn needed<'s>(spec: &'s Spec, node: &'s Node) -> Vec<&'s Node> {
    let referred = node.expectations.iter().filter_map(|one| match &one.rule {
        Rule::References { node, .. } => Some(node),
        _ => None,
    });
    let wanted: Vec<&NodeId> = node.inputs.iter().chain(referred).collect();
    ancestors_until(spec.nodes(), &wanted, |_| false)
}

/// `all` are the node's rows before any are left out.
pub(crate) async fn of(
    session: &Session,
    node: &Node,
    all: Rows,
    built: &BTreeMap<&NodeId, Rows>,
    limits: Limits,
) -> Result<Vec<CheckedExpectation>, Error> {
    if node.expectations.is_empty() {
        return Ok(Vec::new());
    }
    let wrong: Vec<_> = node.expectations.iter().map(|one| wrong_rows(&one.rule)).collect();
    let names = wrong.iter().flatten().enumerate().map(|(at, _)| format!("w{at}"));
    let sums: Vec<String> =
        names.map(|name| format!("count(CASE WHEN {name} THEN 1 END)")).collect();
    let flags = wrong.iter().flatten().cloned().enumerate();
    let flags = flags.map(|(at, wrong)| (format!("w{at}"), wrong)).collect();
    session.make_view(CHECKS, all.clone().flags(flags)).await?;
    session.make_view(ROWS, all).await?;
    let sums: Vec<String> = std::iter::once("count(1)".to_owned()).chain(sums).collect();
    let sums = sums.iter().enumerate().map(|(at, sum)| format!("{sum} AS v{at}"));
    let query = format!("SELECT {} FROM {CHECKS}", sums.collect::<Vec<_>>().join(", "));
    let mut counts = counts(session, &query, limits).await?.into_iter();
    let rows = counts.next().unwrap_or_default();
    let mut results = Vec::new();
    for (expectation, wrong) in node.expectations.iter().zip(&wrong) {
        let failed = match (wrong, &expectation.rule) {
            (Some(_), _) => counts.next().unwrap_or_default(),
            (None, Rule::RowCount { min, max }) => {
                let is_met = min.is_none_or(|min| rows >= min) && max.is_none_or(|max| rows <= max);
                u64::from(!is_met)
            }
            (None, rule) => {
                if let Rule::References { node: other, .. } = rule
                    && let Some(rows) = built.get(other)
                {
                    session.make_view(REFERRED, rows.clone()).await?;
                }
                let query = failed_rows(rule, node)?;
                self::counts(session, &query, limits).await?.first().copied().unwrap_or_default()
            }
        };
        results.push(result(expectation, rows, failed));
    }
    Ok(results)
}

fn result(expectation: &Expectation, rows: u64, failed: u64) -> CheckedExpectation {
    let share: f64 =
        expectation.at_most.as_ref().and_then(|share| share.parse().ok()).unwrap_or(0.0);
    #[allow(clippy::cast_precision_loss, reason = "a share of rows")]
    let is_met = failed as f64 <= share * rows as f64;
    CheckedExpectation {
        name: expectation.name.clone(),
        rule: expectation.rule.kind(),
        on_fail: expectation.on_fail.as_str(),
        rows,
        failed,
        is_met,
    }
}

/// A query that counts what is wrong.
fn failed_rows(rule: &Rule, node: &Node) -> Result<String, Error> {
    let names = |columns: &[String], before: &str| -> Vec<String> {
        columns.iter().map(|column| format!("{before}{}", quoted_name(column))).collect()
    };
    let present = |names: &[String]| {
        names.iter().map(|name| format!("{name} IS NOT NULL")).collect::<Vec<_>>().join(" AND ")
    };
    Ok(match rule {
        Rule::Unique { columns } => {
            let names = names(columns, "");
            let (present, keys) = (present(&names), names.join(", "));
            format!(
                "SELECT coalesce(sum(n), 0) AS v FROM (SELECT count(1) AS n FROM {ROWS} WHERE {present} \
                 GROUP BY {keys} HAVING count(1) > 1)"
            )
        }
        Rule::References { columns, to, .. } => {
            let (ours, theirs) = (names(columns, "r."), names(to, "o."));
            let keys = ours.iter().zip(&theirs).map(|(one, other)| format!("{one} = {other}"));
            format!(
                "SELECT count(1) AS v FROM {ROWS} AS r LEFT ANTI JOIN {REFERRED} AS o ON {} WHERE {}",
                keys.collect::<Vec<_>>().join(" AND "),
                present(&ours)
            )
        }
        Rule::Freshness { column, at_most } => format!(
            "SELECT CASE WHEN coalesce(max({}) < now() - INTERVAL {at_most}, true) THEN 1 ELSE 0 END AS v FROM {ROWS}",
            quoted_name(column)
        ),
        Rule::Query(text) => {
            let refused = |error: Error| {
                Error::Node(crate::Refusal {
                    node: node.id.clone(),
                    reason: crate::Reason::NoQuery(error.to_string()),
                })
            };
            query::check_is_query(text).map_err(refused)?;
            format!("SELECT count(1) AS v FROM ({})", text.replace("{input}", ROWS))
        }
        // Rules of rows are counted together, and so are the rows.
        _ => "SELECT 0 AS v".to_owned(),
    })
}

async fn counts(session: &Session, query: &str, limits: Limits) -> Result<Vec<u64>, Error> {
    let answer = session.collect(Rows::sql(query, Vec::new()), limits).await?;
    let row = answer.rows()?.pop().unwrap_or_default();
    Ok(row.iter().map(|value: &Value| value.as_u64().unwrap_or_default()).collect())
}
