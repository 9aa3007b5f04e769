//! Statements and nodes that are run.

use super::InteractiveSession;
use crate::operation::{Part, Running};
use crate::relation::{Emitter, Rows};
use crate::session::read;
use crate::{Answer, Column, Engine, Error, Limits, OperationId};
use proto::command::CommandType;
use proto::plan::OpType;
use spark_connect_proto as proto;
use std::collections::BTreeMap;
use std::path::Path;
use std::pin::Pin;
use std::time::{Duration, Instant};
use tinderbox_model::NodeId;
use tinderbox_spec::{Spec, ancestors};

/// A node that is run, with all that it reads.
#[derive(Debug, Clone, Copy)]
pub struct NodeRun<'a> {
    /// The job.
    pub spec: &'a Spec,
    /// The document's folder, absolute: where relative paths start.
    pub folder: &'a Path,
    /// The node.
    pub node: &'a NodeId,
    /// Rows of each source that are read at most; all when left out.
    pub source_rows: Option<u32>,
}

/// What a node gives.
#[derive(Debug, Clone)]
pub struct NodeRows {
    /// Its columns as the server declares them.
    pub columns: Vec<Column>,
    /// Its first rows.
    pub rows: Answer,
    /// How many it has in all.
    pub count: u64,
    /// How long rows and count took.
    pub time: Duration,
}

impl InteractiveSession {
    /// Runs a SQL statement, of any kind, and answers with its first rows. A statement that is no query is carried out once; its
    /// rows are what Spark says of it, often none.
    ///
    /// # Errors
    /// [`Error::Server`], which [`Error::failure`] takes apart, [`Error::Interrupted`], [`Error::TooSlow`] after it was
    /// interrupted, [`Error::TooLarge`], [`Error::Unreachable`].
    pub async fn sql(
        &self,
        text: &str,
        operation: OperationId,
        limits: Limits,
    ) -> Result<Answer, Error> {
        self.in_time(
            limits.time,
            Box::pin(async {
                let rows = self.statement(text, operation).await?;
                self.collect_as(rows, (operation, operation), limits).await
            }),
        )
        .await
    }

    /// Starts a query and leaves it to itself; [`InteractiveSession::fetch`] gets its rows, `rows` at most. A statement that is no
    /// query is carried out before this returns. Spark ends what nobody has fetched or waited for within five minutes
    /// (`spark.connect.execute.manager.detachedTimeout`).
    ///
    /// # Errors
    /// [`Error::NotOnSail`]: Sail 0.7.2 loses the rows of an operation that ends while nobody reads. Those of [`InteractiveSession::sql`].
    pub async fn submit(
        &self,
        text: &str,
        operation: OperationId,
        limits: Limits,
    ) -> Result<(), Error> {
        self.not_on_sail()?;
        self.in_time(
            limits.time,
            Box::pin(async {
                let rows =
                    self.statement(text, operation).await?.limit(limits.rows.saturating_add(1));
                let plan = OpType::Root(rows.into_relation());
                Running::start(self.session(), plan, operation, operation).await?.leave();
                Ok(())
            }),
        )
        .await
    }

    /// Waits for an operation that was started before, by whatever process, and answers with its rows. Spark keeps them until
    /// [`InteractiveSession::release`] or for some minutes.
    ///
    /// # Errors
    /// [`Error::NotOnSail`], [`Error::NoOperation`], [`Error::NotYet`] when it does not end in time, in which case it goes on, [`Error::Interrupted`], and
    /// those of the operation itself.
    pub async fn fetch(&self, operation: OperationId, limits: Limits) -> Result<Answer, Error> {
        self.not_on_sail()?;
        let fetched =
            async { read(Running::attach(self.session(), operation).await?, limits).await };
        let Ok(fetched) = tokio::time::timeout(limits.time, Box::pin(fetched)).await else {
            let operation = operation.to_string();
            return Err(Error::NotYet { operation, limit: limits.time });
        };
        fetched.map_err(|error| match error {
            Error::Server { message } if is_unknown(&message) => {
                let first = message.lines().next().unwrap_or_default();
                Error::NoOperation { operation: operation.to_string(), problem: first.to_owned() }
            }
            error => error,
        })
    }

    /// Runs a spec up to a node.
    ///
    /// # Errors
    /// [`Error::NoNode`], [`Error::Node`] for one that servers cannot compute, and those of [`InteractiveSession::sql`].
    pub async fn run_node(
        &self,
        run: NodeRun<'_>,
        operation: OperationId,
        limits: Limits,
    ) -> Result<NodeRows, Error> {
        self.in_time(
            limits.time,
            Box::pin(async {
                let started = Instant::now();
                let rows = self.rows_of(run).await?;
                let columns = self.session().schema_of(rows.clone()).await?.columns();
                let answer = self.collect_as(rows.clone(), (operation, operation), limits).await?;
                let count = self.count(rows, &answer, operation).await?;
                Ok(NodeRows { columns, rows: answer, count, time: started.elapsed() })
            }),
        )
        .await
    }

    fn not_on_sail(&self) -> Result<(), Error> {
        match self.engine() {
            Engine::Sail => Err(Error::NotOnSail { what: "operations that others fetch" }),
            Engine::Spark => Ok(()),
        }
    }

    /// The relation of a node.
    pub(super) async fn rows_of(&self, run: NodeRun<'_>) -> Result<Rows, Error> {
        let NodeRun { spec, folder, node, source_rows } = run;
        self.session().node_of(spec, node)?;
        let mut emitter = Emitter::new(spec, folder, self.engine());
        emitter.source_rows = source_rows;
        let needed = ancestors(spec, node);
        let mut built = self.session().build(&emitter, &needed, BTreeMap::new()).await?;
        let missing = || Error::Answer { problem: "the node was not built".to_owned() };
        built.remove(node).ok_or_else(missing)
    }

    /// The first rows of a relation, under an id of their own and as part of an operation.
    pub(crate) async fn collect_as(
        &self,
        rows: Rows,
        (id, operation): (OperationId, OperationId),
        limits: Limits,
    ) -> Result<Answer, Error> {
        // One row more tells whether there are more.
        let root = OpType::Root(rows.limit(limits.rows.saturating_add(1)).into_relation());
        read(Running::start(self.session(), root, id, operation).await?, limits).await
    }

    /// How many rows there are; asked for only where the first ones are not all.
    pub(crate) async fn count(
        &self,
        rows: Rows,
        first: &Answer,
        operation: OperationId,
    ) -> Result<u64, Error> {
        if !first.has_more() {
            let counts = first.batches().iter().map(|batch| batch.num_rows() as u64);
            return Ok(counts.sum());
        }
        let plan = OpType::Root(rows.counted().into_relation());
        let limits =
            Limits { rows: 1, bytes: tinderbox_model::Bytes(1 << 20), time: Duration::MAX };
        let id = OperationId::random();
        let answer =
            read(Running::start(self.session(), plan, id, operation).await?, limits).await?;
        let count = answer.rows()?.first().and_then(|row| row.first()?.as_u64());
        count.ok_or_else(|| Error::Answer { problem: "it has no count".to_owned() })
    }

    /// In a box: what is waited for is large, and so would be everything that waits for it.
    pub(crate) async fn in_time<T>(
        &self,
        time: Duration,
        answer: Pin<Box<impl Future<Output = Result<T, Error>>>>,
    ) -> Result<T, Error> {
        let too_slow = Error::TooSlow { limit: time };
        tokio::time::timeout(time, answer).await.unwrap_or(Err(too_slow))
    }

    /// Has the server read a statement, and carry it out unless it is a query: as PySpark's client does it
    /// (`pyspark.sql.connect.session.SparkSession.sql`).
    async fn statement(&self, text: &str, operation: OperationId) -> Result<Rows, Error> {
        let sql = proto::Sql { query: text.to_owned(), ..Default::default() };
        let relation = proto::relation::RelType::Sql(sql);
        let input = proto::Relation { common: None, rel_type: Some(relation) };
        #[expect(
            deprecated,
            reason = "Spark 3.5 reads the text from here, later ones from `input`"
        )]
        let command =
            proto::SqlCommand { sql: text.to_owned(), input: Some(input), ..Default::default() };
        let command = proto::Command { command_type: Some(CommandType::SqlCommand(command)) };
        let id = OperationId::random();
        let mut running =
            Running::start(self.session(), OpType::Command(command), id, operation).await?;
        let mut rows = None;
        while let Some(part) = running.next().await? {
            if let Part::Result(relation) = part {
                rows = Some(Rows::answered(*relation));
            }
        }
        rows.ok_or_else(|| Error::Answer { problem: "the statement has no result".to_owned() })
    }
}

/// Spark's error classes for an operation that it does not have (any more).
fn is_unknown(message: &str) -> bool {
    let classes = ["OPERATION_NOT_FOUND", "OPERATION_ABANDONED", "SESSION_NOT_FOUND"];
    classes.into_iter().any(|class| message.contains(class))
}
