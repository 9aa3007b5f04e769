//! Counts, extremes and distributions of columns: three queries, however many columns there are.

use crate::answer::text_of;
use crate::relation::Rows;
use crate::{Column, Error, Limits, Session};
use serde_json::Value;

/// Ranges of a histogram, and how many of the most frequent values are given.
const RANGES: usize = 10;
const FREQUENT: usize = 10;
const VIEW: &str = "tinderbox_profile";

/// A column, described.
#[derive(Debug, Clone, PartialEq)]
pub struct ColumnProfile {
    /// Its name and type.
    pub column: Column,
    /// Rows without a value.
    pub nulls: u64,
    /// Different values, null not among them; `None` for maps and other types that are not compared.
    pub distinct: Option<u64>,
    /// The smallest value; null without values and for types without an order.
    pub min: Value,
    /// The largest value. NaN is larger than any number, as in Spark.
    pub max: Value,
    /// Of numbers, dates and times with two values or more: ranges of equal width from the smallest to the largest value.
    pub histogram: Vec<Range>,
    /// Of texts and booleans: the most frequent values, each with its count, null not among them.
    pub frequent: Vec<(Value, u64)>,
}

/// A range of a histogram.
#[derive(Debug, Clone, PartialEq)]
pub struct Range {
    /// Where it begins; belongs to it.
    pub from: Value,
    /// Where it ends; belongs to the next one, or to this one when it is the last.
    pub to: Value,
    /// Rows with a value in it.
    pub rows: u64,
}

/// What can be said of values of a type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Number,
    /// Has NaN, which is larger than any number on Spark and whatever comes last on Sail 0.7.2.
    Float,
    Date,
    Time,
    Word,
    Ordered,
    Nested,
}

/// The number of rows, and the columns.
pub(super) async fn of(
    session: &Session,
    rows: Rows,
    limits: Limits,
) -> Result<(u64, Vec<ColumnProfile>), Error> {
    let columns = session.schema_of(rows.clone()).await?.columns();
    let names = (0..columns.len()).map(|at| format!("c{at}")).collect();
    session.make_view(VIEW, rows.named(names)).await?;
    let kinds: Vec<Kind> = columns.iter().map(|column| kind_of(&column.kind)).collect();
    let mut sums = Sums::ask(session, &kinds, limits).await?;
    let total = sums.count();
    let mut profiles = Vec::new();
    let mut spans = Vec::new();
    for (at, column) in columns.into_iter().enumerate() {
        let kind = kinds[at];
        let nulls = total.saturating_sub(sums.count());
        let distinct = (kind != Kind::Nested).then(|| sums.count());
        let (min, max) = if kind == Kind::Nested {
            (Value::Null, Value::Null)
        } else {
            (sums.value(), sums.value())
        };
        let is_nan = kind == Kind::Float && sums.count() > 0;
        let nan = || Value::from("NaN");
        let min = if is_nan && min.is_null() { nan() } else { min };
        let max = if is_nan { nan() } else { max };
        if is_measured(kind) {
            let (low, high) = (sums.number(), sums.number());
            spans.extend(low.zip(high).filter(|(low, high)| low < high).map(|span| (at, span)));
        }
        let (histogram, frequent) = (Vec::new(), Vec::new());
        profiles.push(ColumnProfile { column, nulls, distinct, min, max, histogram, frequent });
    }
    for (at, ranges) in histograms(session, &spans, &kinds, limits).await? {
        profiles[at].histogram = ranges;
    }
    for (at, value, count) in frequent(session, &kinds, limits).await? {
        profiles[at].frequent.push((value, count));
    }
    Ok((total, profiles))
}

fn kind_of(name: &str) -> Kind {
    match name {
        "tinyint" | "smallint" | "int" | "bigint" => Kind::Number,
        "float" | "double" => Kind::Float,
        "date" => Kind::Date,
        "timestamp" => Kind::Time,
        "string" | "boolean" => Kind::Word,
        "binary" | "timestamp_ntz" => Kind::Ordered,
        _ if name.starts_with("decimal") => Kind::Number,
        _ if ["char", "varchar", "string"].iter().any(|word| name.starts_with(word)) => Kind::Word,
        _ => Kind::Nested,
    }
}

fn is_measured(kind: Kind) -> bool {
    matches!(kind, Kind::Number | Kind::Float | Kind::Date | Kind::Time)
}

/// A value as a number that keeps distances.
fn measured(kind: Kind, value: &str) -> String {
    match kind {
        Kind::Date => format!("CAST(unix_date({value}) AS DOUBLE)"),
        Kind::Time => format!("CAST(unix_micros({value}) AS DOUBLE)"),
        _ => format!("CAST({value} AS DOUBLE)"),
    }
}

/// The values of one row, one after the other.
struct Sums(std::vec::IntoIter<Value>);

impl Sums {
    async fn ask(session: &Session, kinds: &[Kind], limits: Limits) -> Result<Self, Error> {
        let mut wanted = vec!["count(1)".to_owned()];
        for (at, kind) in kinds.iter().enumerate() {
            wanted.push(format!("count(c{at})"));
            if *kind != Kind::Nested {
                wanted.push(format!("count(DISTINCT c{at})"));
            }
            let value = match kind {
                Kind::Float => format!("CASE WHEN NOT isnan(c{at}) THEN c{at} END"),
                _ => format!("c{at}"),
            };
            let ends = ["min", "max"].map(|end| format!("{end}({value})"));
            if *kind != Kind::Nested {
                wanted.extend(ends.clone());
            }
            if *kind == Kind::Float {
                wanted.push(format!("count(CASE WHEN isnan(c{at}) THEN 1 END)"));
            }
            if is_measured(*kind) {
                wanted.extend(ends.map(|end| measured(*kind, &end)));
            }
        }
        let mut rows =
            ask(session, &format!("SELECT {} FROM {VIEW}", listed(&wanted)), limits).await?;
        Ok(Self(rows.pop().unwrap_or_default().into_iter()))
    }

    fn value(&mut self) -> Value {
        self.0.next().unwrap_or_default()
    }

    fn count(&mut self) -> u64 {
        self.value().as_u64().unwrap_or_default()
    }

    /// `None` for null, NaN and infinities.
    fn number(&mut self) -> Option<f64> {
        self.value().as_f64()
    }
}

/// Expressions with a name each: servers name the same expression twice the same.
fn listed(expressions: &[String]) -> String {
    let named = expressions.iter().enumerate().map(|(at, one)| format!("{one} AS v{at}"));
    named.collect::<Vec<_>>().join(", ")
}

async fn ask(session: &Session, query: &str, limits: Limits) -> Result<Vec<Vec<Value>>, Error> {
    let limits = Limits { rows: u32::MAX - 1, ..limits };
    session.collect(Rows::sql(query, Vec::new()), limits).await?.rows()
}

async fn histograms(
    session: &Session,
    spans: &[(usize, (f64, f64))],
    kinds: &[Kind],
    limits: Limits,
) -> Result<Vec<(usize, Vec<Range>)>, Error> {
    if spans.is_empty() {
        return Ok(Vec::new());
    }
    let edges = |(low, high): (f64, f64)| {
        let steps = u32::try_from(RANGES).unwrap_or(1);
        (0..=steps).map(move |at| match at {
            0 => low,
            at if at == steps => high,
            at => low + (high - low) * f64::from(at) / f64::from(steps),
        })
    };
    let mut wanted = Vec::new();
    for (at, span) in spans {
        let value = measured(kinds[*at], &format!("c{at}"));
        let edges: Vec<f64> = edges(*span).collect();
        for (place, pair) in edges.windows(2).enumerate() {
            let sign = if place + 1 == RANGES { "<=" } else { "<" };
            let (from, to) = (pair[0], pair[1]);
            wanted.push(format!(
                "count(CASE WHEN {value} >= {from:e}D AND {value} {sign} {to:e}D THEN 1 END)"
            ));
        }
    }
    let rows = ask(session, &format!("SELECT {} FROM {VIEW}", listed(&wanted)), limits).await?;
    let counts: Vec<u64> =
        rows.into_iter().flatten().map(|value| value.as_u64().unwrap_or_default()).collect();
    let histograms = spans.iter().zip(counts.chunks(RANGES)).map(|((at, span), counts)| {
        let edges: Vec<Value> = edges(*span).map(|edge| edge_value(kinds[*at], edge)).collect();
        let ranges = edges.windows(2).zip(counts).map(|(pair, rows)| Range {
            from: pair[0].clone(),
            to: pair[1].clone(),
            rows: *rows,
        });
        (*at, ranges.collect())
    });
    Ok(histograms.collect())
}

#[allow(clippy::cast_possible_truncation, reason = "days and microseconds of existing values")]
fn edge_value(kind: Kind, edge: f64) -> Value {
    match kind {
        Kind::Date => text_of::date(edge.floor() as i32),
        Kind::Time => text_of::moment(edge.floor() as i64),
        _ => Value::from(edge),
    }
}

async fn frequent(
    session: &Session,
    kinds: &[Kind],
    limits: Limits,
) -> Result<Vec<(usize, Value, u64)>, Error> {
    let words = kinds.iter().enumerate().filter(|(_, kind)| **kind == Kind::Word);
    let parts: Vec<String> = words
        .map(|(at, _)| {
            format!(
                "(SELECT {at} AS c, CAST(c{at} AS STRING) AS v, count(1) AS n FROM {VIEW} WHERE c{at} IS NOT NULL \
                 GROUP BY c{at} ORDER BY n DESC, v LIMIT {FREQUENT})"
            )
        })
        .collect();
    if parts.is_empty() {
        return Ok(Vec::new());
    }
    let query = format!("SELECT * FROM ({}) ORDER BY c, n DESC, v", parts.join(" UNION ALL "));
    let found = ask(session, &query, limits).await?.into_iter().filter_map(|row| {
        let mut row = row.into_iter();
        let at = usize::try_from(row.next()?.as_u64()?).ok()?;
        Some((at, row.next()?, row.next()?.as_u64()?))
    });
    Ok(found.collect())
}
