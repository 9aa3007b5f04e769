use super::Run;
use crate::error::{Error, Failure};
use crate::row::{UNKNOWN, time, unsigned};
use crate::tables::{attempt, finding, report, run as table, table_file, table_member};
use crate::{Store, counts, event_log, history_attempt, rollup, token};
use futures::FutureExt;
use sea_orm::entity::prelude::*;
use sea_orm::{Condition, DatabaseTransaction, DbErr, QueryOrder, QuerySelect};
use std::collections::HashMap;
use tinderbox_model::{Bytes, Origin, RunId, RunState, TimestampMs};

/// A run that may be pruned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Prunable {
    /// Its id.
    pub id: RunId,
    /// When it ended; of an observed run whose end is not known, when its record last changed.
    pub ended: TimestampMs,
    /// Size of its current files, with its part of those that it shares.
    pub size: Bytes,
}

impl Store {
    /// Runs that ended before `before`, the oldest first, at most `limit`. A run that was launched here is among them
    /// only when it has ended; one that was only observed also when its record breaks off, but not while it runs.
    ///
    /// # Errors
    /// What the database says.
    pub async fn run_prunable(
        &self,
        before: TimestampMs,
        limit: u64,
    ) -> Result<Vec<Prunable>, Error> {
        self.connections
            .read("list runs to prune", move |t| prunable(t, before, limit).boxed())
            .await
    }

    /// Size of all current files.
    ///
    /// # Errors
    /// What the database says.
    pub async fn files_size(&self) -> Result<Bytes, Error> {
        let query = table_file::Entity::find()
            .select_only()
            .column(table_file::Column::NumBytes)
            .filter(table_file::Column::State.eq(crate::table_file::CURRENT));
        self.connections
            .read("add files up", |t| {
                async move {
                    let sizes: Vec<i64> = query.into_tuple().all(t).await?;
                    Ok(Bytes(sizes.into_iter().map(unsigned).sum()))
                }
                .boxed()
            })
            .await
    }

    /// Removes runs with all that belongs to them, in one transaction; their files are retired, to be deleted after
    /// the grace period like replaced ones. Runs that may not be pruned stay. Rollups go on counting what is removed,
    /// and their event logs stay known, so that they are not collected again. Answers the ids of the removed runs.
    ///
    /// # Errors
    /// What the database says.
    pub async fn run_prune(&self, ids: &[RunId], now: TimestampMs) -> Result<Vec<RunId>, Error> {
        let ids: Vec<String> = ids.iter().map(|id| id.as_str().to_owned()).collect();
        self.connections
            .write("prune runs", move |t| async move { prune(t, &ids, now).await }.boxed())
            .await
    }
}

/// Ids of one statement.
const IDS: usize = 500;

fn may_go() -> Condition {
    let over = RunState::ALL.into_iter().filter(|state| state.is_final()).map(RunState::as_str);
    let broken_off = Condition::all()
        .add(table::Column::Origin.eq(Origin::Observed.as_str()))
        .add(table::Column::State.ne(RunState::Running.as_str()));
    Condition::any().add(table::Column::State.is_in(over)).add(broken_off)
}

async fn prunable(
    t: &DatabaseTransaction,
    before: TimestampMs,
    limit: u64,
) -> Result<Vec<Prunable>, Failure> {
    let us = before.as_micros();
    let ended =
        Condition::all().add(table::Column::EndedUs.gt(UNKNOWN)).add(table::Column::EndedUs.lt(us));
    let broken = Condition::all()
        .add(table::Column::EndedUs.eq(UNKNOWN))
        .add(table::Column::UpdatedUs.lt(us));
    let mut found = Vec::new();
    let oldest = [(ended, table::Column::EndedUs), (broken, table::Column::UpdatedUs)];
    for (condition, column) in oldest {
        let query = table::Entity::find()
            .select_only()
            .columns([table::Column::Id, table::Column::EndedUs, table::Column::UpdatedUs])
            .filter(may_go())
            .filter(condition)
            .order_by_asc(column)
            .limit(limit)
            .into_tuple::<(String, i64, i64)>();
        for (id, ended, updated) in query.all(t).await? {
            found.push((if ended == UNKNOWN { updated } else { ended }, id));
        }
    }
    found.sort();
    found.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
    let sizes = sizes(t, found.iter().map(|(_, id)| id.as_str()).collect()).await?;
    Ok(found
        .into_iter()
        .map(|(ended, id)| Prunable {
            ended: time(ended),
            size: Bytes(sizes.get(&id).copied().unwrap_or(0)),
            id: RunId::new(id),
        })
        .collect())
}

async fn sizes(t: &DatabaseTransaction, ids: Vec<&str>) -> Result<HashMap<String, u64>, DbErr> {
    let mut sizes = HashMap::new();
    for ids in ids.chunks(IDS) {
        let rows: Vec<(String, i64)> = table_file::Entity::find()
            .select_only()
            .columns([table_file::Column::RunId, table_file::Column::NumBytes])
            .filter(table_file::Column::RunId.is_in(ids.iter().copied()))
            .filter(table_file::Column::State.eq(crate::table_file::CURRENT))
            .into_tuple()
            .all(t)
            .await?;
        let shared: Vec<(String, i64)> = table_member::Entity::find()
            .select_only()
            .columns([table_member::Column::RunId, table_member::Column::NumBytes])
            .filter(table_member::Column::RunId.is_in(ids.iter().copied()))
            .into_tuple()
            .all(t)
            .await?;
        for (id, size) in rows.into_iter().chain(shared) {
            *sizes.entry(id).or_default() += unsigned(size);
        }
    }
    Ok(sizes)
}

async fn prune(
    t: &DatabaseTransaction,
    ids: &[String],
    now: TimestampMs,
) -> Result<Vec<RunId>, Failure> {
    let mut removed = Vec::new();
    for ids in ids.chunks(IDS) {
        let rows = table::Entity::find()
            .filter(table::Column::Id.is_in(ids))
            .filter(may_go())
            .all(t)
            .await?;
        let runs: Vec<Run> = rows.into_iter().map(Run::try_from).collect::<Result<_, _>>()?;
        let ids: Vec<String> = runs.iter().map(|run| run.id.as_str().to_owned()).collect();
        crate::table_file::retire_runs(t, &ids, now).await?;
        counts::remove(t, &runs).await?;
        rollup::prune(t, &ids).await?;
        token::remove(t, &ids).await?;
        history_attempt::remove(t, &ids).await?;
        event_log::release(t, &ids).await?;
        attempt::Entity::delete_many().filter(attempt::Column::RunId.is_in(&ids)).exec(t).await?;
        finding::Entity::delete_many().filter(finding::Column::RunId.is_in(&ids)).exec(t).await?;
        report::Entity::delete_many().filter(report::Column::RunId.is_in(&ids)).exec(t).await?;
        table::Entity::delete_many().filter(table::Column::Id.is_in(&ids)).exec(t).await?;
        removed.extend(runs.into_iter().map(|run| run.id));
    }
    Ok(removed)
}
