use super::Run;
use crate::error::Failure;
use crate::tables::run as table;
use crate::{counts, rollup, token};
use sea_orm::entity::prelude::*;
use sea_orm::{DatabaseTransaction, DbErr, IntoActiveModel, Iterable};

/// Runs of one insertion: 44 values each, and SQLite takes 32,766.
const ROWS: usize = 64;

/// Writes the columns that differ, and everything that is kept of runs beside them.
pub(crate) async fn save(t: &DatabaseTransaction, old: &Run, new: &Run) -> Result<(), Failure> {
    save_all(t, &[(Some(old), new)]).await
}

/// Inserts new runs and updates others; counters, rollups and search tokens follow. The only way a run's row changes.
/// A run comes once.
pub(super) async fn save_all(
    t: &DatabaseTransaction,
    changes: &[(Option<&Run>, &Run)],
) -> Result<(), Failure> {
    let mut changed = Vec::with_capacity(changes.len());
    let mut new = Vec::new();
    for (old, run) in changes {
        match old {
            None => new.push(table::Model::from(*run)),
            Some(old) if !update(t, old, run).await? => continue,
            Some(_) => {}
        }
        changed.push((*old, *run));
    }
    for rows in new.chunks(ROWS) {
        let rows = rows.iter().cloned().map(|row| row.into_active_model().reset_all());
        table::Entity::insert_many(rows).exec_without_returning(t).await?;
    }
    counts::replace(t, &changed).await?;
    rollup::replace(t, &changed).await?;
    token::replace(t, &changed).await?;
    Ok(())
}

/// Whether anything differed.
async fn update(t: &DatabaseTransaction, old: &Run, new: &Run) -> Result<bool, DbErr> {
    let (before, after) = (table::Model::from(old), table::Model::from(new));
    let mut changed = before.clone().into_active_model();
    let mut any = false;
    for column in table::Column::iter() {
        let value = after.get(column);
        if before.get(column) != value {
            changed.set(column, value);
            any = true;
        }
    }
    if any {
        table::Entity::update_many()
            .set(changed)
            .filter(table::Column::Id.eq(old.id.as_str()))
            .exec(t)
            .await?;
    }
    Ok(any)
}
