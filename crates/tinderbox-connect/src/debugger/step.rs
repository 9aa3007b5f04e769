use super::{DebugData, Debugger};
use crate::relation::{Emitter, Rows, lenient_on_sail};
use crate::session::user;
use crate::trial::Comparison;
use crate::{Answer, Column, Engine, Error, Limits, OperationId};
use proto::analyze_plan_request as ask;
use spark_connect_proto as proto;
use std::collections::BTreeMap;
use std::time::{Duration, Instant};
use tinderbox_model::NodeId;

/// So many rows of a node are compared with those that a test expects.
const COMPARED: u32 = 100_000;

/// A node that has run.
#[derive(Debug, Clone)]
pub struct Step {
    /// The node.
    pub node: NodeId,
    /// Where its rows come from.
    pub origin: Origin,
    /// Its columns as the server declares them.
    pub columns: Vec<Column>,
    /// Its first rows.
    pub rows: Answer,
    /// How many it has in all.
    pub count: u64,
    /// How long it took, from its inputs to the last row.
    pub time: Duration,
    /// Whether it had run before, and nothing was computed now.
    pub is_kept: bool,
    /// What differs from the rows that the test expects of it.
    pub comparison: Option<Comparison>,
    /// Names of what Sail computes where the document's Spark fails at some values.
    pub lenient: Vec<String>,
}

/// Where the rows of a node come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// Computed from all rows of the sources.
    All,
    /// Computed from a sample of the sources: so many rows of each at most.
    Sample(u32),
    /// Given by a test.
    Given,
    /// Computed from rows that a test gives.
    OfGiven,
}

/// A node that has run, and what it ran with.
#[derive(Debug)]
pub(super) struct Done {
    pub(super) step: Step,
    /// All of the document that its rows depend on; `None` when they depend on more.
    pub(super) content: Option<String>,
    pub(super) rows: Rows,
}

impl Debugger {
    /// Runs a node whose inputs have run.
    pub(super) async fn compute(&self, id: &NodeId) -> Result<Done, Error> {
        let started = Instant::now();
        let node = self.on_the_way(id)?;
        let session = self.session.session();
        let given =
            self.test().and_then(|test| test.given.iter().find(|given| given.name == id.as_str()));
        let rows = match given {
            Some(given) => session.given(given).await?,
            None => {
                let mut emitter = Emitter::new(&self.spec, &self.folder, self.engine());
                emitter.source_rows = self.source_rows();
                session.relation(&emitter, node, &self.built(), true).await?
            }
        };
        let view = self.view_of(id);
        session.make_view(&view, rows).await?;
        let rows = Rows::table(&view);
        self.persist(rows.clone()).await?;
        let columns = session.schema_of(rows.clone()).await?.columns();
        let ids = (OperationId::random(), self.operation);
        let answer = self.session.collect_as(rows.clone(), ids, self.limits).await?;
        let count = self.session.count(rows.clone(), &answer, self.operation).await?;
        let time = started.elapsed();
        let comparison = self.compared(id, rows.clone()).await?;
        let origin = match (&self.data, given) {
            (DebugData::All, _) => Origin::All,
            (DebugData::Sample(rows), _) => Origin::Sample(*rows),
            (DebugData::Test(_), Some(_)) => Origin::Given,
            (DebugData::Test(_), None) => Origin::OfGiven,
        };
        let lenient = match self.engine() {
            Engine::Sail => lenient_on_sail(&self.spec, id),
            Engine::Spark => Vec::new(),
        };
        let node = id.clone();
        let is_kept = false;
        let step =
            Step { node, origin, columns, rows: answer, count, time, is_kept, comparison, lenient };
        Ok(Done { step, content: self.content(id), rows })
    }

    /// The views of the nodes that have run.
    pub(super) fn built(&self) -> BTreeMap<&NodeId, Rows> {
        self.done.iter().map(|(id, done)| (id, done.rows.clone())).collect()
    }

    /// Has the server forget the rows of a node and its view; also of one that was begun and has not run.
    pub(super) async fn forget(&mut self, node: &NodeId) {
        self.done.remove(node);
        let view = self.view_of(node);
        let relation = Some(Rows::table(&view).into_relation());
        let unpersist = ask::Unpersist { relation, blocking: Some(false) };
        let client = self.session.session().client();
        // A server that is gone has forgotten it, and of a node that was not begun there is nothing.
        let asked = client.analyze_plan(self.asking(ask::Analyze::Unpersist(unpersist)));
        let _ = tokio::time::timeout(self.limits.time, asked).await;
        let drop = format!("DROP VIEW IF EXISTS {view}");
        let _ = self.session.sql(&drop, OperationId::random(), self.limits).await;
    }

    /// The server keeps the rows from when they are computed first. Sail 0.7.2 takes the call and keeps nothing.
    async fn persist(&self, rows: Rows) -> Result<(), Error> {
        let session = self.session.session();
        let persist = ask::Persist { relation: Some(rows.into_relation()), storage_level: None };
        let request = self.asking(ask::Analyze::Persist(persist));
        let answer = session.client().analyze_plan(request).await;
        answer.map(|_| ()).map_err(|error| session.failure(&error))
    }

    fn asking(&self, analyze: ask::Analyze) -> proto::AnalyzePlanRequest {
        let client = self.session.session().client();
        proto::AnalyzePlanRequest {
            session_id: client.session_id().to_owned(),
            user_context: Some(user(client)),
            analyze: Some(analyze),
            ..Default::default()
        }
    }

    async fn compared(&self, id: &NodeId, rows: Rows) -> Result<Option<Comparison>, Error> {
        let Some(test) = self.test() else { return Ok(None) };
        let Some(expected) = test.expected.iter().find(|expected| expected.node == *id) else {
            return Ok(None);
        };
        let limits = Limits { rows: COMPARED, ..self.limits };
        let answer = self.session.session().collect(rows, limits).await?;
        Comparison::of(&answer, &expected.rows, test.is_in_order, id.as_str()).map(Some)
    }

    /// Nodes' own names may be no words in SQL.
    fn view_of(&self, id: &NodeId) -> String {
        let number = self.numbers.get(id).copied().unwrap_or(self.numbers.len());
        format!("tinderbox_debug_{number}")
    }
}
