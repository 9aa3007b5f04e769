use crate::Store;
use crate::error::Error;
use crate::row::time;
use crate::run::{Run, locked, save};
use crate::tables::{finding, report as table};
use futures::FutureExt;
use sea_orm::entity::prelude::*;
use sea_orm::{DatabaseTransaction, DbErr, IntoActiveModel, QueryOrder};
use std::collections::BTreeMap;
use tinderbox_model::{FindingId, RunId, TimestampMs};

/// The advice report of a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// The run.
    pub run: RunId,
    /// Version of the body's format, by which its reader knows it.
    pub version: u32,
    /// The report as JSON; not looked into here.
    pub body: String,
    /// When it was made.
    pub created: TimestampMs,
}

/// What lists and filters need of a finding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FindingRow {
    /// Its id in the report, at most 190 characters.
    pub id: FindingId,
    /// The rule that found it, at most 64 characters.
    pub rule: String,
    /// Its severity in the advisor's word, at most 64 characters.
    pub severity: String,
    /// One line for people.
    pub title: String,
}

impl Store {
    /// Stores the report of a run, its findings (the worst first) and their number and worst severity on the run,
    /// in one transaction. Replaces an earlier report.
    ///
    /// # Errors
    /// [`Error::RunNotFound`], and what the database says: two findings with one id are refused.
    pub async fn report_put(&self, report: &Report, findings: &[FindingRow]) -> Result<(), Error> {
        let (report, findings) = (report.clone(), findings.to_vec());
        self.connections
            .write("store a report", move |t| {
                async move {
                    let old = locked(t, &report.run).await?;
                    save(t, &old, &counted(&old, &report, &findings)).await?;
                    Ok(put_all(t, vec![(report, findings)]).await?)
                }
                .boxed()
            })
            .await
    }

    /// The report of a run.
    ///
    /// # Errors
    /// What the database says.
    pub async fn report_get(&self, run: &RunId) -> Result<Option<Report>, Error> {
        let query = table::Entity::find_by_id(run.as_str());
        self.connections
            .read("read a report", |t| {
                async move { Ok(query.one(t).await?.map(Report::from)) }.boxed()
            })
            .await
    }

    /// The findings of a run in the order of its report.
    ///
    /// # Errors
    /// What the database says.
    pub async fn finding_list(&self, run: &RunId) -> Result<Vec<FindingRow>, Error> {
        let query = finding::Entity::find()
            .filter(finding::Column::RunId.eq(run.as_str()))
            .order_by_asc(finding::Column::Place);
        self.connections
            .read("list findings", |t| {
                async move { Ok(query.all(t).await?.into_iter().map(FindingRow::from).collect()) }
                    .boxed()
            })
            .await
    }
}

/// The run with the figures of its report.
pub(crate) fn counted(old: &Run, report: &Report, findings: &[FindingRow]) -> Run {
    Run {
        num_findings: u32::try_from(findings.len()).unwrap_or(u32::MAX),
        worst_severity: findings.first().map(|finding| finding.severity.clone()),
        updated: report.created,
        ..old.clone()
    }
}

/// Runs of one statement.
const RUNS: usize = 250;

/// Replaces reports and findings; of two of one run the last one stays.
pub(crate) async fn put_all(
    t: &DatabaseTransaction,
    reports: Vec<(Report, Vec<FindingRow>)>,
) -> Result<(), DbErr> {
    let reports: BTreeMap<String, (Report, Vec<FindingRow>)> = reports
        .into_iter()
        .map(|(report, findings)| (report.run.as_str().to_owned(), (report, findings)))
        .collect();
    let ids: Vec<&str> = reports.keys().map(String::as_str).collect();
    for ids in ids.chunks(RUNS) {
        let of_runs = finding::Column::RunId.is_in(ids.iter().copied());
        finding::Entity::delete_many().filter(of_runs).exec(t).await?;
        let of_runs = table::Column::RunId.is_in(ids.iter().copied());
        table::Entity::delete_many().filter(of_runs).exec(t).await?;
    }
    let (mut rows, mut findings) = (Vec::new(), Vec::new());
    for (run, (report, found)) in reports {
        let of_run = (0..).zip(found).map(|(place, row)| finding_row(&run, place, row));
        findings.extend(of_run.map(|row| row.into_active_model().reset_all()));
        rows.push(table::Model::from(report).into_active_model().reset_all());
    }
    for findings in findings.chunks(RUNS) {
        finding::Entity::insert_many(findings.to_vec()).exec_without_returning(t).await?;
    }
    for rows in rows.chunks(RUNS) {
        table::Entity::insert_many(rows.to_vec()).exec_without_returning(t).await?;
    }
    Ok(())
}

fn finding_row(run: &str, place: i64, row: FindingRow) -> finding::Model {
    finding::Model {
        run_id: run.to_owned(),
        finding_id: row.id.as_str().to_owned(),
        place,
        rule: row.rule,
        severity: row.severity,
        title: row.title,
    }
}

impl From<Report> for table::Model {
    fn from(report: Report) -> Self {
        Self {
            run_id: report.run.as_str().to_owned(),
            version: i64::from(report.version),
            body: report.body,
            created_us: report.created.as_micros(),
        }
    }
}

impl From<table::Model> for Report {
    fn from(row: table::Model) -> Self {
        Self {
            run: RunId::new(row.run_id),
            // Only u32 is ever written.
            version: u32::try_from(row.version).unwrap_or(u32::MAX),
            body: row.body,
            created: time(row.created_us),
        }
    }
}

impl From<finding::Model> for FindingRow {
    fn from(row: finding::Model) -> Self {
        Self {
            id: FindingId::new(row.finding_id),
            rule: row.rule,
            severity: row.severity,
            title: row.title,
        }
    }
}
