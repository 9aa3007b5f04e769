use super::contribution::{Contribution, Key};
use super::write::{Delta, column, put};
use super::{ALL, Dimension, Figures};
use crate::Store;
use crate::error::{Error, Failure};
use crate::run::Run;
use crate::tables::{run, run_rollup};
use futures::FutureExt;
use sea_orm::entity::prelude::*;
use sea_orm::sea_query::{Alias, Query};
use sea_orm::{ConnectionTrait, DatabaseTransaction, DbErr, QueryOrder, QueryResult, QuerySelect};
use std::collections::HashMap;

/// A rollup that does not equal what it counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RollupDifference {
    /// The row: table, workspace, dimension, length in seconds, start in microseconds, value; or the run whose own
    /// contribution is missing or old.
    pub row: String,
    /// Runs that it says.
    pub stored: i64,
    /// Runs that there are. Equal to `stored` where another figure differs.
    pub counted: i64,
}

impl Store {
    /// Counts all runs again and compares every figure of every rollup. An empty answer means that all are right.
    /// Reads every run; memory grows with the number of rollups.
    ///
    /// # Errors
    /// What the database says.
    pub async fn rollups_check(&self) -> Result<Vec<RollupDifference>, Error> {
        self.connections
            .read("check the rollups", |t| async move { Ok(recount(t).await?.differences) }.boxed())
            .await
    }

    /// Counts all runs again and corrects what differs, which it answers. No other write happens meanwhile.
    ///
    /// # Errors
    /// What the database says.
    pub async fn rollups_repair(&self) -> Result<Vec<RollupDifference>, Error> {
        self.connections.write("repair the rollups", |t| repair(t).boxed()).await
    }
}

/// Runs of one page of the recount.
const PAGE: u64 = 1_000;

struct Recount {
    differences: Vec<RollupDifference>,
    /// Contributions to be written.
    wrong: Vec<run_rollup::Model>,
    /// Ids of contributions whose run is gone.
    stray: Vec<String>,
    /// What is to be added to the rollups.
    correction: Delta,
}

pub(crate) async fn repair(t: &DatabaseTransaction) -> Result<Vec<RollupDifference>, Failure> {
    let recount = recount(t).await?;
    let mut known: Vec<String> = recount.wrong.iter().map(|row| row.run_id.clone()).collect();
    known.extend(recount.stray);
    put(t, &known, recount.wrong).await?;
    recount.correction.write(t, "rollups", "rollup_durations").await?;
    for name in ["rollups", "rollup_durations"] {
        let empty = Query::delete()
            .from_table(Alias::new(name))
            .and_where(sea_orm::sea_query::ExprTrait::eq(column("num_runs"), 0))
            .take();
        t.execute(&empty).await?;
    }
    Ok(recount.differences)
}

async fn recount(t: &DatabaseTransaction) -> Result<Recount, Failure> {
    let mut differences = Vec::new();
    let (mut wrong, mut stray) = (Vec::new(), Vec::new());
    let mut expected = table(t, "pruned_rollups", "pruned_rollup_durations").await?;
    let mut after = String::new();
    loop {
        let runs = run::Entity::find()
            .filter(run::Column::Id.gt(after.as_str()))
            .order_by_asc(run::Column::Id)
            .limit(PAGE)
            .all(t)
            .await?;
        let last = runs.last().map(|row| row.id.clone());
        let mut stored =
            run_rollup::Entity::find().filter(run_rollup::Column::RunId.gt(after.as_str()));
        if let Some(last) = &last {
            stored = stored.filter(run_rollup::Column::RunId.lte(last.as_str()));
        }
        let rows = stored.all(t).await?;
        let mut stored: HashMap<String, String> =
            rows.into_iter().map(|row| (row.run_id, row.body)).collect();
        for row in runs {
            let id = row.id.clone();
            let mut right = Contribution::of(&Run::try_from(row)?);
            let found = stored.remove(&id).and_then(|body| Contribution::from_body(&body));
            let counted_as = found.as_ref().filter(|found| found.has_keys_of(&right));
            right.others = counted_as.map_or(0, |found| found.others);
            if !found.as_ref().is_some_and(|found| found.is_like(&right)) {
                differences.push(RollupDifference {
                    row: format!("run {id}"),
                    stored: i64::from(found.is_some()),
                    counted: 1,
                });
                wrong.push(run_rollup::Model { run_id: id, body: right.to_body() });
            }
            expected.add(&right, 1);
        }
        for (id, _) in stored {
            differences.push(RollupDifference { row: format!("run {id}"), stored: 1, counted: 0 });
            stray.push(id);
        }
        match last {
            Some(last) => after = last,
            None => break,
        }
    }
    let mut correction = expected;
    let found = table(t, "rollups", "rollup_durations").await?;
    let counted: HashMap<Key, i64> =
        correction.figures.iter().map(|(key, sums)| (key.clone(), sums.num_runs)).collect();
    for (key, sums) in &found.figures {
        correction.figures.entry(key.clone()).or_default().add(sums, -1);
    }
    for (key, count) in &found.durations {
        *correction.durations.entry(key.clone()).or_default() -= count;
    }
    correction.figures.retain(|_, sums| !sums.is_zero());
    correction.durations.retain(|_, count| *count != 0);
    for key in correction.figures.keys() {
        differences.push(RollupDifference {
            row: describe("rollups", key),
            stored: found.figures.get(key).map_or(0, |sums| sums.num_runs),
            counted: counted.get(key).copied().unwrap_or(0),
        });
    }
    for ((key, bucket), count) in &correction.durations {
        let stored = found.durations.get(&(key.clone(), *bucket)).copied().unwrap_or(0);
        let row = format!("{} bucket {bucket}", describe("rollup_durations", key));
        differences.push(RollupDifference { row, stored, counted: stored + count });
    }
    Ok(Recount { differences, wrong, stray, correction })
}

fn describe(table: &str, key: &Key) -> String {
    let Key { workspace, dimension, grain_s, start_us, value } = key;
    format!("{table} {workspace} {dimension} {grain_s} {start_us} {value:?}")
}

/// All rows of two tables of one form.
async fn table(
    t: &DatabaseTransaction,
    rollups: &'static str,
    durations: &'static str,
) -> Result<Delta, DbErr> {
    let mut all = Delta::default();
    let of =
        |name: &'static str| Query::select().expr(Expr::cust("*")).from(Alias::new(name)).take();
    for row in t.query_all(&of(rollups)).await? {
        let values: Result<Vec<i64>, DbErr> =
            Figures::NAMES.into_iter().map(|name| row.try_get("", name)).collect();
        all.figures.insert(key(&row)?, Figures::from_values(values?));
    }
    for row in t.query_all(&of(durations)).await? {
        let bucket: i64 = row.try_get("", "bucket")?;
        let bucket = u16::try_from(bucket).unwrap_or(u16::MAX);
        all.durations.insert((key(&row)?, bucket), row.try_get("", "num_runs")?);
    }
    Ok(all)
}

fn key(row: &QueryResult) -> Result<Key, DbErr> {
    let dimension: String = row.try_get("", "dimension")?;
    let known = Dimension::ALL.into_iter().map(Dimension::as_str).find(|name| *name == dimension);
    Ok(Key {
        workspace: row.try_get("", "workspace")?,
        dimension: known.unwrap_or(ALL),
        grain_s: row.try_get("", "grain_s")?,
        start_us: row.try_get("", "start_us")?,
        value: row.try_get("", "value")?,
    })
}
