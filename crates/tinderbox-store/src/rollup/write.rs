use super::contribution::{Contribution, Key, bit};
use super::{ALL, Dimension, Figures, GRAINS_S, VALUE_LIMIT, floor};
use crate::error::Failure;
use crate::run::Run;
use crate::tables::run_rollup as table;
use sea_orm::entity::prelude::*;
use sea_orm::sea_query::{
    Alias, ExprTrait, InsertStatement, IntoColumnRef, OnConflict, Query, SimpleExpr,
};
use sea_orm::{ConnectionTrait, DatabaseTransaction, DbBackend, DbErr, IntoActiveModel};
use std::collections::{BTreeMap, HashMap, HashSet};

/// Rows of one statement. A row has 29 values, and SQLite takes 32,766.
const ROWS: usize = 64;
/// Ids of one statement.
const IDS: usize = 500;

/// Takes what runs were out of the rollups and puts in what they are, in the transaction that writes the runs.
pub(crate) async fn replace(
    t: &DatabaseTransaction,
    changes: &[(Option<&Run>, &Run)],
) -> Result<(), Failure> {
    let changed: Vec<(bool, &Run, Contribution)> = changes
        .iter()
        .filter_map(|(old, new)| {
            let contribution = Contribution::of(new);
            let is_same = old.is_some_and(|old| Contribution::of(old) == contribution);
            (!is_same).then_some((old.is_some(), *new, contribution))
        })
        .collect();
    let known = changed.iter().filter(|(existed, ..)| *existed).map(|(_, run, _)| run.id.as_str());
    let known: Vec<String> = known.map(str::to_owned).collect();
    let stored = stored(t, &known).await?;
    let mut places = Places::default();
    places.expect(t, changed.iter().map(|(_, _, new)| new)).await?;
    let mut delta = Delta::default();
    let mut rows = Vec::with_capacity(changed.len());
    for (_, run, mut new) in changed {
        let old = stored.get(run.id.as_str());
        new.others = match old {
            Some(old) if old.has_keys_of(&new) => old.others,
            _ => places.place(t, &new).await?,
        };
        if let Some(old) = old {
            delta.add(old, -1);
        }
        delta.add(&new, 1);
        rows.push(table::Model { run_id: run.id.as_str().to_owned(), body: new.to_body() });
    }
    put(t, &known, rows).await?;
    delta.write(t, "rollups", "rollup_durations").await?;
    Ok(())
}

/// Forgets what runs had put in; what they counted for stays counted, in `rollups` and in `pruned_rollups`.
pub(crate) async fn prune(t: &DatabaseTransaction, ids: &[String]) -> Result<(), Failure> {
    let mut delta = Delta::default();
    for contribution in stored(t, ids).await?.values() {
        delta.add(contribution, 1);
    }
    delta.write(t, "pruned_rollups", "pruned_rollup_durations").await?;
    delete(t, ids).await?;
    Ok(())
}

/// What these runs have put in, by id. A body that cannot be read is as none; a check finds it.
pub(super) async fn stored(
    t: &DatabaseTransaction,
    ids: &[String],
) -> Result<HashMap<String, Contribution>, DbErr> {
    let mut stored = HashMap::new();
    for ids in ids.chunks(IDS) {
        let rows = table::Entity::find().filter(table::Column::RunId.is_in(ids)).all(t).await?;
        stored.extend(
            rows.into_iter()
                .filter_map(|row| Some((row.run_id, Contribution::from_body(&row.body)?))),
        );
    }
    Ok(stored)
}

/// Writes what runs have put in; `known` may have rows already.
pub(super) async fn put(
    t: &DatabaseTransaction,
    known: &[String],
    rows: Vec<table::Model>,
) -> Result<(), DbErr> {
    delete(t, known).await?;
    for rows in rows.chunks(IDS) {
        let rows = rows.iter().cloned().map(|row| row.into_active_model().reset_all());
        table::Entity::insert_many(rows).exec_without_returning(t).await?;
    }
    Ok(())
}

async fn delete(t: &DatabaseTransaction, ids: &[String]) -> Result<(), DbErr> {
    for ids in ids.chunks(IDS) {
        table::Entity::delete_many().filter(table::Column::RunId.is_in(ids)).exec(t).await?;
    }
    Ok(())
}

/// Which values have a place of their own in their hour and day.
#[derive(Default)]
struct Places {
    /// Runs by workspace, grain and start, those of this batch included: so many values there can be at most.
    runs: HashMap<(String, i64, i64), usize>,
    /// Values by workspace, grain, start and dimension; read where the limit may be near.
    values: HashMap<(String, i64, i64, usize), HashSet<String>>,
}

impl Places {
    async fn expect<'a>(
        &mut self,
        t: &DatabaseTransaction,
        coming: impl Iterator<Item = &'a Contribution>,
    ) -> Result<(), DbErr> {
        let mut starts: BTreeMap<(String, i64), Vec<i64>> = BTreeMap::new();
        for new in coming {
            for grain_s in GRAINS_S {
                let start = floor(new.hour_us, grain_s);
                let runs = self.runs.entry((new.workspace.clone(), grain_s, start)).or_default();
                *runs += 1;
                if *runs == 1 {
                    starts.entry((new.workspace.clone(), grain_s)).or_default().push(start);
                }
            }
        }
        for ((workspace, grain_s), starts) in starts {
            for starts in starts.chunks(IDS) {
                let query = Query::select()
                    .columns(["start_us", "num_runs"].map(Alias::new))
                    .from(Alias::new("rollups"))
                    .and_where(column("workspace").eq(workspace.as_str()))
                    .and_where(column("dimension").eq(ALL))
                    .and_where(column("grain_s").eq(grain_s))
                    .and_where(column("start_us").is_in(starts.iter().copied()))
                    .take();
                for row in t.query_all(&query).await? {
                    let start: i64 = row.try_get("", "start_us")?;
                    let counted: i64 = row.try_get("", "num_runs")?;
                    let key = (workspace.clone(), grain_s, start);
                    *self.runs.entry(key).or_default() += usize::try_from(counted).unwrap_or(0);
                }
            }
        }
        Ok(())
    }

    /// The bits of [`Contribution::others`].
    async fn place(&mut self, t: &DatabaseTransaction, new: &Contribution) -> Result<u16, DbErr> {
        let mut others = 0;
        for (grain, grain_s) in GRAINS_S.into_iter().enumerate() {
            let start = floor(new.hour_us, grain_s);
            let runs = self.runs.get(&(new.workspace.clone(), grain_s, start));
            if runs.is_some_and(|runs| *runs <= VALUE_LIMIT) {
                continue;
            }
            for (at, dimension) in Dimension::ALL.into_iter().enumerate() {
                let key = (new.workspace.clone(), grain_s, start, at);
                let values = match self.values.entry(key) {
                    std::collections::hash_map::Entry::Occupied(values) => values.into_mut(),
                    std::collections::hash_map::Entry::Vacant(place) => {
                        place.insert(values_of(t, new, dimension, grain_s, start).await?)
                    }
                };
                let has_room = values.len() < VALUE_LIMIT;
                if !values.contains(&new.values[at]) {
                    if has_room {
                        values.insert(new.values[at].clone());
                    } else {
                        others |= bit(grain, at);
                    }
                }
            }
        }
        Ok(others)
    }
}

async fn values_of(
    t: &DatabaseTransaction,
    new: &Contribution,
    dimension: Dimension,
    grain_s: i64,
    start_us: i64,
) -> Result<HashSet<String>, DbErr> {
    let query = Query::select()
        .column(Alias::new("value"))
        .from(Alias::new("rollups"))
        .and_where(column("workspace").eq(new.workspace.as_str()))
        .and_where(column("dimension").eq(dimension.as_str()))
        .and_where(column("grain_s").eq(grain_s))
        .and_where(column("start_us").eq(start_us))
        .and_where(column("value").ne(super::OTHER))
        .take();
    t.query_all(&query).await?.iter().map(|row| row.try_get("", "value")).collect()
}

/// What is to be added to rows, by key.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Delta {
    pub(super) figures: BTreeMap<Key, Figures>,
    pub(super) durations: BTreeMap<(Key, u16), i64>,
}

impl Delta {
    pub(super) fn add(&mut self, contribution: &Contribution, sign: i64) {
        for key in contribution.keys() {
            if let Some(bucket) = contribution.bucket {
                *self.durations.entry((key.clone(), bucket)).or_default() += sign;
            }
            self.figures.entry(key).or_default().add(&contribution.figures, sign);
        }
    }

    /// Adds to the tables and deletes rows that count nothing any more.
    pub(super) async fn write(
        &self,
        t: &DatabaseTransaction,
        rollups: &'static str,
        durations: &'static str,
    ) -> Result<(), DbErr> {
        let figures: Vec<_> = self.figures.iter().filter(|(_, sums)| !sums.is_zero()).collect();
        for rows in figures.chunks(ROWS) {
            let values = rows.iter().map(|(key, sums)| {
                key.values().into_iter().chain(sums.values().map(SimpleExpr::from)).collect()
            });
            let sums = Figures::NAMES.as_slice();
            t.execute(&adding(t, rollups, &KEY, sums, values.collect())).await?;
        }
        let counts: Vec<_> = self.durations.iter().filter(|(_, count)| **count != 0).collect();
        for rows in counts.chunks(ROWS) {
            let values = rows.iter().map(|((key, bucket), count)| {
                let more = [i64::from(*bucket).into(), (**count).into()];
                key.values().into_iter().chain(more).collect()
            });
            let key = [KEY[0], KEY[1], KEY[2], KEY[3], KEY[4], "bucket"];
            t.execute(&adding(t, durations, &key, &["num_runs"], values.collect())).await?;
        }
        for (key, _) in figures.iter().filter(|(_, sums)| sums.num_runs < 0) {
            t.execute(
                &Query::delete()
                    .from_table(Alias::new(rollups))
                    .cond_where(key.is_empty_row())
                    .take(),
            )
            .await?;
        }
        let emptied: HashSet<&Key> =
            counts.iter().filter(|(_, count)| **count < 0).map(|((key, _), _)| key).collect();
        for key in emptied {
            t.execute(
                &Query::delete()
                    .from_table(Alias::new(durations))
                    .cond_where(key.is_empty_row())
                    .take(),
            )
            .await?;
        }
        Ok(())
    }
}

const KEY: [&str; 5] = ["workspace", "dimension", "grain_s", "start_us", "value"];

impl Key {
    fn values(&self) -> [SimpleExpr; 5] {
        [
            self.workspace.as_str().into(),
            self.dimension.into(),
            self.grain_s.into(),
            self.start_us.into(),
            self.value.as_str().into(),
        ]
    }

    /// Fits the rows of this key that count no run.
    fn is_empty_row(&self) -> sea_orm::Condition {
        KEY.into_iter()
            .zip(self.values())
            .fold(sea_orm::Condition::all(), |all, (name, value)| all.add(column(name).eq(value)))
            .add(column("num_runs").eq(0))
    }
}

/// An insertion that adds to the rows that are there.
fn adding(
    t: &DatabaseTransaction,
    table: &'static str,
    key: &[&'static str],
    sums: &[&'static str],
    rows: Vec<Vec<SimpleExpr>>,
) -> InsertStatement {
    let mut insert = Query::insert();
    insert
        .into_table(Alias::new(table))
        .columns(key.iter().chain(sums).map(|name| Alias::new(*name)));
    for row in rows {
        insert.values_panic(row);
    }
    let mut conflict = OnConflict::columns(key.iter().map(|name| Alias::new(*name)));
    for name in sums {
        let incoming = match t.get_database_backend() {
            DbBackend::MySql => format!("VALUES({name})"),
            _ => format!("excluded.{name}"),
        };
        let sum = Expr::col((Alias::new(table), Alias::new(*name)).into_column_ref());
        conflict.value(Alias::new(*name), sum.add(Expr::cust(incoming)));
    }
    insert.on_conflict(conflict);
    insert
}

pub(super) fn column(name: &'static str) -> Expr {
    Expr::col(Alias::new(name))
}
