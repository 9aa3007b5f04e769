use super::change::{moved, recorded};
use super::save::save_all;
use super::{ApplicationRecord, Run, RunChange};
use crate::Store;
use crate::attempt::{self, Attempt};
use crate::error::{Error, Failure};
use crate::event_log::{self, EventLog};
use crate::history_attempt::{self, HistoryAttempt};
use crate::report::{self, FindingRow, Report};
use crate::table_file::{self, NewTableFile};
use crate::tables::run as table;
use futures::FutureExt;
use sea_orm::DatabaseTransaction;
use sea_orm::entity::prelude::*;
use std::collections::HashMap;
use tinderbox_model::{Origin, TimestampMs};

/// Everything that reading one event log says about its run.
#[derive(Debug, Clone, PartialEq)]
pub struct RunRecord {
    /// The run as it is created when it is not there. Of one that is there only the state counts, to which it moves when
    /// it may, and the name for an observed one that has none yet.
    pub run: Run,
    /// An attempt to be recorded with it, unless it is there.
    pub attempt: Option<Attempt>,
    /// What the log says.
    pub application: ApplicationRecord,
    /// The log itself, so that it is not read again.
    pub event_log: Option<EventLog>,
    /// The attempt as Spark's History Server lists it.
    pub history: Option<HistoryAttempt>,
    /// Its files, which become the current ones.
    pub files: Vec<NewTableFile>,
    /// Its report with the findings, the worst first.
    pub report: Option<(Report, Vec<FindingRow>)>,
}

impl Store {
    /// Records many runs with all that belongs to them in one transaction: a thousand small logs cost a handful of
    /// statements and one write to disk. All of it happens or nothing. A run that comes twice ends as the last record
    /// says.
    ///
    /// # Errors
    /// What the database says.
    pub async fn run_record_batch(
        &self,
        records: Vec<RunRecord>,
        now: TimestampMs,
    ) -> Result<(), Error> {
        self.connections.write("record runs", move |t| record(t, records, now).boxed()).await
    }
}

/// Ids of one statement.
const IDS: usize = 500;

async fn record(
    t: &DatabaseTransaction,
    records: Vec<RunRecord>,
    now: TimestampMs,
) -> Result<(), Failure> {
    let ids: Vec<&str> = records.iter().map(|record| record.run.id.as_str()).collect();
    let mut before: HashMap<String, Run> = HashMap::new();
    for ids in ids.chunks(IDS) {
        let rows = table::Entity::find().filter(table::Column::Id.is_in(ids.iter().copied()));
        for row in rows.all(t).await? {
            before.insert(row.id.clone(), Run::try_from(row)?);
        }
    }
    // In the order in which they came first.
    let mut order = Vec::new();
    let mut after: HashMap<String, Run> = HashMap::new();
    let (mut attempts, mut files, mut logs, mut reports) = (vec![], vec![], vec![], vec![]);
    let mut history = Vec::new();
    for record in records {
        let id = record.run.id.as_str().to_owned();
        let known = after.get(&id).or_else(|| before.get(&id));
        if !after.contains_key(&id) {
            order.push(id.clone());
        }
        let mut run = match known {
            Some(known) if known.state.can_move_to(record.run.state) => {
                moved(known, record.run.state, &RunChange::at(now))
            }
            Some(known) => known.clone(),
            None => record.run.clone(),
        };
        if run.origin == Origin::Observed && run.name.is_empty() {
            run.name = record.run.name;
        }
        if let Some(newer) = recorded(&run, record.application, now) {
            run = newer;
        }
        if let Some((report, findings)) = &record.report {
            run = report::counted(&run, report, findings);
        }
        after.insert(id, run);
        attempts.extend(record.attempt);
        files.extend(record.files);
        history.extend(record.history);
        logs.extend(record.event_log);
        reports.extend(record.report);
    }
    let changes: Vec<(Option<&Run>, &Run)> =
        order.iter().filter_map(|id| Some((before.get(id), after.get(id)?))).collect();
    save_all(t, &changes).await?;
    for (_, run) in
        changes.iter().filter(|(old, new)| old.is_some_and(|old| old.state != new.state))
    {
        attempt::follow(t, run).await?;
    }
    attempt::insert_missing(t, attempts).await?;
    table_file::publish_all(t, files, now).await?;
    report::put_all(t, reports).await?;
    event_log::put_all(t, logs).await?;
    history_attempt::put_all(t, history).await?;
    Ok(())
}
