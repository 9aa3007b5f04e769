use super::histogram::DurationHistogram;
use super::write::column;
use super::{ALL, DAY_S, Dimension, Figures, HOUR_S, LAST_US, OTHER, RunFigures, US, floor};
use crate::Store;
use crate::error::{Error, Failure};
use crate::row::{time, unsigned};
use futures::FutureExt;
use sea_orm::sea_query::{Alias, Cond, Expr, ExprTrait, Query, SelectStatement};
use sea_orm::{ConnectionTrait, DatabaseTransaction, DbBackend, DbErr, QueryResult};
use std::collections::BTreeMap;
use tinderbox_model::{TimestampMs, WorkspaceId};

/// What is asked of the rollups. One dimension at a time: that is what they are kept by.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct StatsQuery {
    /// Of this workspace; of all when `None`.
    pub workspace: Option<WorkspaceId>,
    /// Runs that began at this time or later, rounded down to the hour.
    pub from: Option<TimestampMs>,
    /// Runs that began before this time, rounded up to the hour.
    pub to: Option<TimestampMs>,
    /// Only runs with this value of a dimension, at most 190 characters of it.
    pub only: Option<(Dimension, String)>,
    /// One row for each of these.
    pub group: StatsGroup,
    /// Most rows: those with the most runs, of hours and days the latest.
    pub limit: usize,
}

/// By what the answer is divided.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum StatsGroup {
    /// One row for everything.
    #[default]
    Nothing,
    /// Hour in UTC.
    Hour,
    /// Day in UTC.
    Day,
    /// Workspace.
    Workspace,
    /// A dimension; with [`StatsQuery::only`] it must be the same.
    Dimension(Dimension),
}

/// Which runs a row is about.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum StatsKey {
    /// All of them.
    All,
    /// Those that began in the hour or day from here on.
    Time(TimestampMs),
    /// Those of a workspace or with this value.
    Value(String),
    /// Those whose value found no place of its own ([`super::VALUE_LIMIT`]).
    Other,
}

/// A row of the answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stats {
    /// Which runs.
    pub key: StatsKey,
    /// Their sums.
    pub figures: RunFigures,
    /// Durations of those that ended.
    pub durations: DurationHistogram,
}

impl Store {
    /// Sums and durations over many runs, without touching a run. Also answers how many rows there would be without
    /// the limit. Hours and days come in order, everything else with the most runs first. Nothing comes for a group
    /// without runs.
    ///
    /// # Errors
    /// [`Error::TwoDimensions`], and what the database says.
    pub async fn stats(&self, query: &StatsQuery) -> Result<(Vec<Stats>, usize), Error> {
        if let (StatsGroup::Dimension(group), Some((only, _))) = (query.group, &query.only)
            && group != *only
        {
            let (group, only) = (group.as_str(), only.as_str());
            return Err(Error::TwoDimensions { group, only });
        }
        let query = query.clone();
        self.connections
            .read("read statistics", |t| async move { read(t, &query).await }.boxed())
            .await
    }
}

async fn read(t: &DatabaseTransaction, query: &StatsQuery) -> Result<(Vec<Stats>, usize), Failure> {
    let segments = segments(query);
    let mut sums: BTreeMap<StatsKey, Figures> = BTreeMap::new();
    for segment in &segments {
        for row in t.query_all(&select(t, query, segment, "rollups", &Figures::NAMES)).await? {
            let figures: Result<Vec<i64>, DbErr> =
                Figures::NAMES.into_iter().map(|name| number(&row, name)).collect();
            sums.entry(key_of(query, &row)?).or_default().add(&Figures::from_values(figures?), 1);
        }
    }
    sums.retain(|_, figures| figures.num_runs > 0);
    let num_groups = sums.len();
    let mut rows: Vec<Stats> = sums
        .into_iter()
        .map(|(key, figures)| Stats {
            key,
            figures: (&figures).into(),
            durations: DurationHistogram::default(),
        })
        .collect();
    if matches!(query.group, StatsGroup::Hour | StatsGroup::Day) {
        rows.drain(..rows.len().saturating_sub(query.limit));
    } else {
        rows.sort_by_key(|row| std::cmp::Reverse(row.figures.num_runs));
        rows.truncate(query.limit);
    }
    let at: BTreeMap<StatsKey, usize> = rows.iter().map(|row| row.key.clone()).zip(0..).collect();
    for segment in &segments {
        let mut statement = select(t, query, segment, "rollup_durations", &["num_runs"]);
        statement.column(Alias::new("bucket")).add_group_by([column("bucket")]);
        if matches!(query.group, StatsGroup::Dimension(_)) && num_groups > rows.len() {
            statement.and_where(column("value").is_in(at.keys().map(stored_value)));
        }
        for row in t.query_all(&statement).await? {
            let bucket: i64 = row.try_get("", "bucket")?;
            if let (Some(at), Ok(bucket)) = (at.get(&key_of(query, &row)?), u16::try_from(bucket)) {
                rows[*at].durations.add(bucket, unsigned(number(&row, "num_runs")?));
            }
        }
    }
    Ok((rows, num_groups))
}

/// A span of time with the grain that covers it.
struct Segment {
    grain_s: i64,
    from_us: i64,
    to_us: i64,
}

/// Whole days from days, what is left at both ends from hours.
fn segments(query: &StatsQuery) -> Vec<Segment> {
    let up = |us: i64, grain_s: i64| match floor(us, grain_s) {
        start if start == us => us,
        start => start + grain_s * US,
    };
    let from = floor(query.from.map_or(-LAST_US, TimestampMs::as_micros), HOUR_S);
    let to = up(query.to.map_or(LAST_US, |time| time.as_micros().clamp(-LAST_US, LAST_US)), HOUR_S);
    let (first_day, last_day) = (up(from, DAY_S), floor(to, DAY_S));
    let segments = if query.group == StatsGroup::Hour || first_day >= last_day {
        vec![(HOUR_S, from, to)]
    } else {
        vec![(HOUR_S, from, first_day), (DAY_S, first_day, last_day), (HOUR_S, last_day, to)]
    };
    segments
        .into_iter()
        .filter(|(_, from_us, to_us)| from_us < to_us)
        .map(|(grain_s, from_us, to_us)| Segment { grain_s, from_us, to_us })
        .collect()
}

fn select(
    t: &DatabaseTransaction,
    query: &StatsQuery,
    segment: &Segment,
    table: &'static str,
    sums: &[&'static str],
) -> SelectStatement {
    let dimension = match (query.group, &query.only) {
        (StatsGroup::Dimension(dimension), _) => dimension.as_str(),
        (_, Some((dimension, _))) => dimension.as_str(),
        _ => ALL,
    };
    // The sum of BIGINT is a decimal number elsewhere.
    let integer = if t.get_database_backend() == DbBackend::MySql { "signed" } else { "bigint" };
    let mut select = Query::select();
    select.from(Alias::new(table));
    for name in sums {
        let sum = column(name).sum().cast_as(Alias::new(integer));
        select.expr_as(sum, Alias::new(*name));
    }
    let by = match query.group {
        StatsGroup::Nothing => None,
        StatsGroup::Hour | StatsGroup::Day => Some("start_us"),
        StatsGroup::Workspace => Some("workspace"),
        StatsGroup::Dimension(_) => Some("value"),
    };
    if let Some(by) = by {
        select.column(Alias::new(by)).add_group_by([column(by)]);
    }
    select.cond_where(
        Cond::all()
            .add_option(query.workspace.as_ref().map(|w| column("workspace").eq(w.as_str())))
            .add(column("dimension").eq(dimension))
            .add(column("grain_s").eq(segment.grain_s))
            .add(column("start_us").gte(segment.from_us))
            .add(column("start_us").lt(segment.to_us))
            .add_option(
                query.only.as_ref().map(|(_, value)| {
                    column("value").eq(value.chars().take(190).collect::<String>())
                }),
            ),
    );
    select
}

/// `NULL` is the sum of nothing.
fn number(row: &QueryResult, name: &str) -> Result<i64, DbErr> {
    Ok(row.try_get::<Option<i64>>("", name)?.unwrap_or(0))
}

fn key_of(query: &StatsQuery, row: &QueryResult) -> Result<StatsKey, DbErr> {
    Ok(match query.group {
        StatsGroup::Nothing => StatsKey::All,
        StatsGroup::Hour => StatsKey::Time(time(row.try_get("", "start_us")?)),
        StatsGroup::Day => StatsKey::Time(time(floor(row.try_get("", "start_us")?, DAY_S))),
        StatsGroup::Workspace => StatsKey::Value(row.try_get("", "workspace")?),
        StatsGroup::Dimension(_) => match row.try_get::<String>("", "value")? {
            value if value == OTHER => StatsKey::Other,
            value => StatsKey::Value(value),
        },
    })
}

fn stored_value(key: &StatsKey) -> Expr {
    match key {
        StatsKey::Value(value) => Expr::value(value.as_str()),
        _ => Expr::value(OTHER),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: i64 = HOUR_S * 1_000;

    fn of(from: i64, to: i64) -> Vec<(i64, i64, i64)> {
        let query = StatsQuery {
            from: Some(TimestampMs(from)),
            to: Some(TimestampMs(to)),
            ..StatsQuery::default()
        };
        let in_hours = |us: i64| us / (HOUR_S * US);
        segments(&query)
            .iter()
            .map(|s| (s.grain_s, in_hours(s.from_us), in_hours(s.to_us)))
            .collect()
    }

    #[test]
    fn whole_days_are_read_as_days_and_the_ends_as_hours() {
        let day = 24;
        assert_eq!(of(0, 24 * HOUR), [(DAY_S, 0, day)]);
        assert_eq!(
            of(22 * HOUR + 5, 73 * HOUR + 1),
            [(HOUR_S, 22, day), (DAY_S, day, 3 * day), (HOUR_S, 3 * day, 74)]
        );
        assert_eq!(of(HOUR, 23 * HOUR), [(HOUR_S, 1, 23)]);
        assert_eq!(of(23 * HOUR, 25 * HOUR), [(HOUR_S, 23, 25)], "no whole day between");
        assert_eq!(of(HOUR, HOUR), []);
        assert_eq!(segments(&StatsQuery::default()).len(), 3, "all time");
    }
}
