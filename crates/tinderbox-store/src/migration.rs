//! The schema, as numbered steps. A database records the steps that it has seen.
//!
//! A step is never changed once it was released; a new one is added. Every step can be repeated, because MySQL
//! commits each statement of it at once. Steps are built from `portable`, which knows the SQL that all databases
//! share: BIGINT, VARCHAR(190) with binary collation, long text that is never indexed, times in microseconds UTC
//! (`_us`), flags as 0 and 1; no partial index, no RETURNING, no foreign key.

mod clusters;
mod fleet;
mod history;
mod initial;
mod portable;
mod scale_jobs;

use crate::connection::{self, immediate};
use crate::error::{Error, Failure};
use crate::{rollup, token};
use sea_orm::sea_query::{Alias, Expr, ExprTrait, OnConflict, Query, SchemaStatementBuilder};
use sea_orm::{
    ConnectionTrait, DatabaseConnection, DatabaseTransaction, DbBackend, DbErr, TransactionTrait,
};
use std::path::Path;

/// Brings the schema up to date in one transaction, with what it holds of the runs of an older one: whoever is
/// interrupted begins again.
///
/// # Errors
/// [`Error::NewerSchema`] before anything is written; what the database says otherwise.
pub(crate) async fn run(db: &DatabaseConnection, path: &Path) -> Result<(), Error> {
    let failed = |e| Error::from_database(path, "migrate", e);
    let transaction = db.begin_with_options(immediate()).await.map_err(failed)?;
    let found = newest_step(&transaction).await.map_err(failed)?;
    let supported = STEPS.last().map_or(0, |step| step.number);
    if found > supported {
        return Err(Error::NewerSchema { path: path.to_owned(), found, supported });
    }
    for step in STEPS.iter().filter(|step| step.number > found) {
        apply(&transaction, step).await.map_err(failed)?;
    }
    // There may be runs whose rollups and search tokens were never written: the schema was older than both.
    if (1..fleet::NUMBER).contains(&found) {
        let doing = "count the runs of an older database";
        build(&transaction).await.map_err(|failure| connection::error_of(path, doing, failure))?;
    }
    transaction.commit().await.map_err(failed)
}

/// What is kept of many runs, of a database that did not have it.
async fn build(t: &DatabaseTransaction) -> Result<(), Failure> {
    rollup::repair(t).await?;
    token::build(t).await
}

struct Step {
    number: i64,
    name: &'static str,
    statements: fn(DbBackend) -> Vec<Box<dyn Ddl>>,
}

const STEPS: &[Step] = &[
    Step { number: 1, name: "initial", statements: initial::statements },
    Step { number: 2, name: "history", statements: history::statements },
    Step { number: fleet::NUMBER, name: "fleet", statements: fleet::statements },
    Step { number: 4, name: "shared tables", statements: fleet::shared_tables },
    Step { number: 5, name: "cluster profiles", statements: clusters::statements },
    Step { number: 6, name: "scale jobs", statements: scale_jobs::statements },
];

const STEPS_TABLE: &str = "schema_steps";

/// A statement of a step, of whatever kind.
pub(super) trait Ddl: Send {
    fn sql(&self, backend: DbBackend) -> String;

    /// Whether this error of the statement says that its work was done before.
    fn is_done_by(&self, _error: &DbErr) -> bool {
        false
    }
}

impl<S: SchemaStatementBuilder + Send> Ddl for S {
    fn sql(&self, backend: DbBackend) -> String {
        match backend {
            DbBackend::MySql => self.to_string(sea_orm::sea_query::MysqlQueryBuilder),
            DbBackend::Postgres => self.to_string(sea_orm::sea_query::PostgresQueryBuilder),
            _ => self.to_string(sea_orm::sea_query::SqliteQueryBuilder),
        }
    }
}

/// 0 for a database that has none.
async fn newest_step(transaction: &DatabaseTransaction) -> Result<i64, DbErr> {
    let backend = transaction.get_database_backend();
    transaction.execute_unprepared(&steps_table(backend).sql(backend)).await?;
    let newest = Query::select()
        .expr_as(Expr::col(Alias::new("number")).max(), Alias::new("newest"))
        .from(Alias::new(STEPS_TABLE))
        .take();
    let row = transaction.query_one(&newest).await?;
    Ok(row.map(|row| row.try_get::<Option<i64>>("", "newest")).transpose()?.flatten().unwrap_or(0))
}

async fn apply(transaction: &DatabaseTransaction, step: &Step) -> Result<(), DbErr> {
    let backend = transaction.get_database_backend();
    for statement in (step.statements)(backend) {
        match transaction.execute_unprepared(&statement.sql(backend)).await {
            Err(error) if statement.is_done_by(&error) => {}
            done => {
                done?;
            }
        }
    }
    let record = Query::insert()
        .into_table(Alias::new(STEPS_TABLE))
        .columns(["number", "name", "program"].map(Alias::new))
        .values_panic([step.number.into(), step.name.into(), env!("CARGO_PKG_VERSION").into()])
        .on_conflict(OnConflict::column(Alias::new("number")).do_nothing().to_owned())
        .take();
    transaction.execute(&record).await?;
    tracing::info!(number = step.number, name = step.name, "migrated the database");
    Ok(())
}

fn steps_table(backend: DbBackend) -> impl Ddl {
    use portable::{integer, name, table};
    table(
        STEPS_TABLE,
        ["number"],
        [
            integer("number").not_null(),
            name(backend, "name").not_null(),
            name(backend, "program").not_null(),
        ],
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_are_numbered_without_a_gap() {
        for (step, number) in STEPS.iter().zip(1..) {
            assert_eq!(step.number, number, "{}", step.name);
        }
    }

    #[test]
    fn every_step_keeps_to_sql_that_all_databases_share() {
        for backend in [DbBackend::Sqlite, DbBackend::Postgres, DbBackend::MySql] {
            for sql in STEPS.iter().flat_map(|s| (s.statements)(backend)).map(|s| s.sql(backend)) {
                let lower = sql.to_lowercase();
                for word in [" where ", "returning", "foreign key", "timestamp", "json", "boolean"]
                {
                    assert!(!lower.contains(word), "{word}: {sql}");
                }
                let short =
                    lower.matches("varchar(190)").count() + lower.matches("varchar(64)").count();
                assert_eq!(short, lower.matches("varchar").count(), "{sql}");
                let collations = match backend {
                    DbBackend::Postgres => lower.matches("collate \"c\"").count(),
                    DbBackend::MySql => lower.matches("collate utf8mb4_bin").count(),
                    _ => lower.matches("varchar").count(),
                };
                assert_eq!(collations, lower.matches("varchar").count(), "{sql}");
                if backend == DbBackend::Sqlite && !lower.starts_with("alter table") {
                    assert!(lower.contains("if not exists"), "{sql}");
                }
            }
        }
    }
}
