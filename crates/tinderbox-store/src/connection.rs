use crate::error::{Error, Failure};
use crate::migration;
use futures::FutureExt;
use futures::future::BoxFuture;
use sea_orm::{
    ConnectOptions, Database, DatabaseConnection, DatabaseTransaction, DbErr,
    SqliteTransactionMode, TransactionOptions, TransactionTrait,
};
use std::panic::AssertUnwindSafe;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use tokio::sync::{mpsc, oneshot};

/// Work inside a transaction, as a future that borrows it.
pub(crate) type Work<'t, T> = BoxFuture<'t, Result<T, Failure>>;

/// One connection that writes, behind a queue, and a few that only read.
pub(crate) struct Connections {
    path: PathBuf,
    queue: mpsc::Sender<Order>,
    read: DatabaseConnection,
}

/// How long a statement waits for a lock that another program holds. Our own statements never wait for each other.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);
/// Longest time that a transaction is kept open to take in further writes (group commit).
const GROUP_TIME: Duration = Duration::from_millis(5);
/// Most writes of one transaction.
const GROUP_SIZE: usize = 256;
/// Writes that may wait; further callers wait for a place.
const QUEUE_LENGTH: usize = 1_024;
/// Each reader is a thread.
const READERS: u32 = 4;

impl Connections {
    pub(crate) async fn open(path: &Path) -> Result<Self, Error> {
        let failed = |e| Error::from_database(path, "open", e);
        let write = connect(path, Role::Writer).await.map_err(failed)?;
        if let Err(error) = migration::run(&write, path).await {
            close(&write).await;
            return Err(error);
        }
        let read = connect(path, Role::Reader).await.map_err(failed)?;
        let (queue, orders) = mpsc::channel(QUEUE_LENGTH);
        tokio::spawn(write_in_groups(write, orders));
        Ok(Self { path: path.to_owned(), queue, read })
    }

    /// Runs `work` in a write transaction and answers when it is on disk.
    ///
    /// The transaction may hold the work of other callers too; each has its own savepoint, so that a failure undoes
    /// only itself. On SQLite the work of all callers runs one after the other.
    pub(crate) async fn write<T, W>(&self, doing: &'static str, work: W) -> Result<T, Error>
    where
        T: Send + 'static,
        W: for<'t> FnOnce(&'t DatabaseTransaction) -> Work<'t, T> + Send + 'static,
    {
        let (answer, answered) = oneshot::channel();
        let order = Order::Write(Box::new(move |savepoint| {
            async move {
                let result = match savepoint {
                    Ok(savepoint) => {
                        // What it has written goes with its savepoint, and the writer lives on for the others.
                        let caught = AssertUnwindSafe(async { work(savepoint).await });
                        caught.catch_unwind().await.unwrap_or(Err(Failure::Panic))
                    }
                    Err(error) => Err(Failure::Database(error)),
                };
                let keep = result.is_ok();
                let deliver: Deliver = Box::new(move |committed| {
                    let result = result.and_then(|value| Ok(committed.map(|()| value)?));
                    // A caller that has gone away does not need the answer.
                    let _ = answer.send(result);
                });
                Done { keep, deliver }
            }
            .boxed()
        }));
        self.queue.send(order).await.map_err(|_| self.closed())?;
        let result = answered.await.map_err(|_| self.closed())?;
        result.map_err(|failure| self.error(doing, failure))
    }

    /// Runs `work` in a read transaction: all its statements see the same state, that of the latest commit before it.
    pub(crate) async fn read<T, W>(&self, doing: &'static str, work: W) -> Result<T, Error>
    where
        W: for<'t> FnOnce(&'t DatabaseTransaction) -> Work<'t, T>,
    {
        let result = async {
            let transaction = self.read.begin().await?;
            let value = work(&transaction).await?;
            transaction.commit().await?;
            Ok(value)
        };
        result.await.map_err(|failure| self.error(doing, failure))
    }

    pub(crate) async fn close(&self) {
        let (closed, done) = oneshot::channel();
        if self.queue.send(Order::Close(closed)).await.is_ok() {
            // An error means that the writer is gone already.
            let _ = done.await;
        }
        close(&self.read).await;
    }

    fn error(&self, doing: &'static str, failure: Failure) -> Error {
        match failure {
            Failure::Database(DbErr::ConnectionAcquire(
                sea_orm::ConnAcquireErr::ConnectionClosed,
            )) => self.closed(),
            failure => error_of(&self.path, doing, failure),
        }
    }

    fn closed(&self) -> Error {
        Error::Closed { path: self.path.clone() }
    }
}

/// One read transaction on a connection of its own, for a program that does not own the database.
pub(crate) async fn read_once<T, W>(path: &Path, doing: &'static str, work: W) -> Result<T, Error>
where
    W: for<'t> FnOnce(&'t DatabaseTransaction) -> Work<'t, T>,
{
    let failed = |e| Error::from_database(path, "open", e);
    let connection = connect(path, Role::Reader).await.map_err(failed)?;
    let result = async {
        let transaction = connection.begin().await?;
        let value = work(&transaction).await?;
        transaction.commit().await?;
        Ok(value)
    };
    let result = result.await.map_err(|failure| error_of(path, doing, failure));
    close(&connection).await;
    result
}

/// A failure of what was done in the database at `path`.
pub(crate) fn error_of(path: &Path, doing: &'static str, failure: Failure) -> Error {
    match failure {
        Failure::Database(error) => Error::from_database(path, doing, error),
        Failure::Rule(error) => error,
        Failure::Panic => Error::Panic { path: path.to_owned(), doing },
    }
}

enum Order {
    Write(WriteOrder),
    Close(oneshot::Sender<()>),
}

type WriteOrder =
    Box<dyn for<'t> FnOnce(Result<&'t DatabaseTransaction, DbErr>) -> BoxFuture<'t, Done> + Send>;
type Deliver = Box<dyn FnOnce(Result<(), DbErr>) + Send>;

/// A write that has run but is not yet on disk.
struct Done {
    keep: bool,
    deliver: Deliver,
}

async fn write_in_groups(db: DatabaseConnection, mut orders: mpsc::Receiver<Order>) {
    while let Some(order) = orders.recv().await {
        let closed = match order {
            Order::Write(first) => write_group(&db, first, &mut orders).await,
            Order::Close(closed) => Some(closed),
        };
        if let Some(closed) = closed {
            close(&db).await;
            // The caller may have stopped waiting.
            let _ = closed.send(());
            return;
        }
    }
    close(&db).await;
}

/// Runs `first` and what else is waiting in one transaction, then tells every caller. Answers with the order to
/// close when it met one.
async fn write_group(
    db: &DatabaseConnection,
    first: WriteOrder,
    orders: &mut mpsc::Receiver<Order>,
) -> Option<oneshot::Sender<()>> {
    let transaction = match db.begin_with_options(immediate()).await {
        Ok(transaction) => transaction,
        Err(error) => {
            let done = first(Err(error.clone())).await;
            (done.deliver)(Err(error));
            return None;
        }
    };
    let began = Instant::now();
    let mut delivers = Vec::new();
    let mut closed = None;
    let mut result = Ok(());
    let mut next = Some(first);
    while let Some(order) = next.take() {
        let (deliver, kept) = write_one(&transaction, order).await;
        delivers.push(deliver);
        result = kept;
        if result.is_err() || delivers.len() >= GROUP_SIZE || began.elapsed() >= GROUP_TIME {
            break;
        }
        match orders.try_recv() {
            Ok(Order::Write(order)) => next = Some(order),
            Ok(Order::Close(order)) => closed = Some(order),
            Err(_) => {}
        }
    }
    // SQLite itself rolls the whole transaction back on a full disk or an I/O error. The savepoint then fails too,
    // and nobody in this group is told that the work is done.
    let result = match result {
        Ok(()) => transaction.commit().await,
        Err(error) => {
            if let Err(rollback) = transaction.rollback().await {
                tracing::debug!(error = %rollback, "rollback after a failed group");
            }
            Err(error)
        }
    };
    for deliver in delivers {
        deliver(result.clone());
    }
    closed
}

/// Runs one order in a savepoint. The result is an error only when the savepoint itself failed, which makes the
/// whole transaction worthless.
async fn write_one(
    transaction: &DatabaseTransaction,
    order: WriteOrder,
) -> (Deliver, Result<(), DbErr>) {
    match transaction.begin().await {
        Ok(savepoint) => {
            let done = order(Ok(&savepoint)).await;
            let end = if done.keep { savepoint.commit().await } else { savepoint.rollback().await };
            (done.deliver, end)
        }
        Err(error) => (order(Err(error.clone())).await.deliver, Err(error)),
    }
}

/// Takes the write lock at once, so that a transaction never fails half-way for want of it.
pub(crate) fn immediate() -> TransactionOptions {
    TransactionOptions {
        sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
        ..TransactionOptions::default()
    }
}

#[derive(Clone, Copy, PartialEq)]
enum Role {
    Writer,
    Reader,
}

async fn connect(path: &Path, role: Role) -> Result<DatabaseConnection, DbErr> {
    // The address only chooses the driver; the path is set below, where no character needs escaping.
    let mut options = ConnectOptions::new("sqlite::memory:");
    let path = path.to_owned();
    options
        .max_connections(if role == Role::Writer { 1 } else { READERS })
        .idle_timeout(None)
        .max_lifetime(None)
        .acquire_timeout(Duration::from_secs(30))
        .test_before_acquire(false)
        .sqlx_logging(false)
        .record_stmt_in_spans(false)
        .map_sqlx_sqlite_opts(move |options| {
            let options = options
                .in_memory(false)
                .shared_cache(false)
                .filename(&path)
                .busy_timeout(BUSY_TIMEOUT);
            match role {
                // FULL: a commit is on disk when it is answered, also after a power cut.
                Role::Writer => options
                    .create_if_missing(true)
                    .pragma("journal_mode", "WAL")
                    .pragma("synchronous", "FULL"),
                Role::Reader => options.pragma("query_only", "ON"),
            }
        });
    Database::connect(options).await
}

async fn close(db: &DatabaseConnection) {
    if let Err(error) = db.close_by_ref().await {
        tracing::warn!(error = %error, "closing the database");
    }
}

#[cfg(test)]
#[allow(clippy::expect_used, reason = "a test that panics has said what it wanted to say")]
mod tests {
    use super::*;
    use sea_orm::ConnectionTrait;

    #[tokio::test]
    async fn a_write_that_panics_fails_alone_and_leaves_nothing() {
        let dir = tempfile::tempdir().expect("a folder");
        let connections = Connections::open(&dir.path().join("t.db")).await.expect("opens");
        let insert = |name: &'static str, panics: bool| {
            connections.write("try something", move |t| {
                async move {
                    let row = format!("INSERT INTO run_tokens VALUES ('w', '{name}', 0, 'r', 'f')");
                    t.execute_unprepared(&row).await?;
                    assert!(!panics, "as a bug would");
                    Ok(())
                }
                .boxed()
            })
        };
        // All are queued before the first one runs, so they share a transaction.
        let (before, broken, after) =
            tokio::join!(insert("a", false), insert("b", true), insert("c", false));
        before.expect("stays");
        after.expect("the writer lives on");
        let error = broken.expect_err("panicked");
        assert!(matches!(error, Error::Panic { .. }), "{error:?}");
        assert!(error.to_string().starts_with("cannot try something in the database "));
        let tokens = connections.read("count", |t| {
            async move {
                let rows = t.query_all_raw(sea_orm::Statement::from_string(
                    t.get_database_backend(),
                    "SELECT token FROM run_tokens ORDER BY token",
                ));
                let rows = rows.await?;
                Ok(rows
                    .iter()
                    .map(|r| r.try_get("", "token"))
                    .collect::<Result<Vec<String>, _>>()?)
            }
            .boxed()
        });
        assert_eq!(tokens.await.expect("reads"), ["a", "c"]);
    }
}
