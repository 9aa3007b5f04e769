//! A spec gone through node by node, in a session where what was computed stays.
//!
//! Each node that has run is a view of the session over its inputs' views, and Spark keeps its rows (`persist`), so that the next
//! node starts from them. Nothing is written: of a sink the rows are shown that it would write. Sources are read when
//! their node runs, and again only after [`Debugger::restart`] or an edit of them.

mod breakpoint;
mod step;

pub use breakpoint::Breakpoint;
pub use step::{Origin, Step};

use crate::{Answer, Column, Engine, Error, ExplainMode, InteractiveSession, Limits, OperationId};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;
use step::Done;
use tinderbox_model::NodeId;
use tinderbox_spec::{Node, RowTest, Spec, ancestors_until, preview_content};

/// Which rows a spec is gone through with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DebugData {
    /// All that sources have.
    All,
    /// So many rows of each source at most.
    Sample(u32),
    /// The rows of one of the document's tests; the spec must have been loaded with the test's parameters. Nodes that the
    /// test gives are not computed, and those that it expects something of are compared.
    Test(String),
}

/// Goes through a spec.
#[derive(Debug)]
pub struct Debugger {
    session: InteractiveSession,
    operation: OperationId,
    spec: Spec,
    folder: PathBuf,
    data: DebugData,
    limits: Limits,
    breakpoints: BTreeMap<NodeId, Breakpoint>,
    done: BTreeMap<NodeId, Done>,
    /// Numbers of nodes in the names of views; a node keeps its own over edits.
    numbers: BTreeMap<NodeId, usize>,
}

/// Where it stopped, and what was computed on the way.
#[derive(Debug)]
pub struct Stop {
    /// The nodes that ran, in this order. The last one is where it stopped, unless it failed.
    pub steps: Vec<Step>,
    /// Why.
    pub reason: StopReason,
}

/// Why it stopped.
#[derive(Debug)]
pub enum StopReason {
    /// One node was asked for, or the node that was asked for is reached.
    Reached,
    /// There is a breakpoint, and it holds.
    Breakpoint {
        /// Its condition.
        condition: Option<String>,
        /// The first rows that fulfill the condition.
        rows: Option<Answer>,
    },
    /// All nodes have run.
    End,
    /// A node, or the condition at it, cannot be computed. After an edit it is tried again.
    Failed {
        /// The node.
        node: NodeId,
        /// Why.
        error: Error,
    },
}

/// What an edit leaves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edited {
    /// Nodes whose rows stay: neither they nor anything before them has changed.
    pub kept: Vec<NodeId>,
    /// Nodes that had run and run again.
    pub again: Vec<NodeId>,
    /// Breakpoints that are gone with their nodes.
    pub lost_breakpoints: Vec<NodeId>,
}

/// A node of the way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NodeState {
    /// The node.
    pub node: NodeId,
    /// Its rows and its time where it has run.
    pub done: Option<(u64, Duration)>,
    /// Its breakpoint.
    pub breakpoint: Option<Breakpoint>,
}

impl Debugger {
    /// Begins before the first node. `folder` is the document's, absolute; `limits` are those of each step. Two debuggers must not
    /// be at work in one session.
    ///
    /// # Errors
    /// [`Error::NoTest`]; [`Error::Given`] and [`Error::Server`] for tables that a test gives.
    pub async fn start(
        session: InteractiveSession,
        spec: Spec,
        folder: &Path,
        data: DebugData,
        limits: Limits,
    ) -> Result<Self, Error> {
        if let Some(test) = test_of(&spec, &data)? {
            // Times without a zone count as UTC in tests.
            session.session().set("spark.sql.session.timeZone", "UTC").await?;
            let is_node = |name: &str| spec.nodes().iter().any(|node| node.id.as_str() == name);
            for given in test.given.iter().filter(|given| !is_node(&given.name)) {
                let rows = session.session().given(given).await?;
                session.session().make_view(&given.name, rows).await?;
            }
        }
        Ok(Self {
            session,
            operation: OperationId::random(),
            spec,
            folder: folder.to_owned(),
            data,
            limits,
            breakpoints: BTreeMap::new(),
            done: BTreeMap::new(),
            numbers: BTreeMap::new(),
        })
    }

    /// The id by which [`InteractiveSession::interrupt`] stops a step that runs, from wherever.
    pub fn operation(&self) -> OperationId {
        self.operation
    }

    /// Whether the server keeps the rows of nodes that have run. Sail 0.7.2 takes Spark's call for that and keeps nothing: each
    /// node computes those before it again, and rows that are drawn are drawn again.
    pub fn keeps_rows(&self) -> bool {
        self.engine() == Engine::Spark
    }

    /// The nodes on the way, in the order in which they run.
    pub fn nodes(&self) -> Vec<NodeState> {
        let state = |node: &Node| NodeState {
            node: node.id.clone(),
            done: self.done.get(&node.id).map(|done| (done.step.count, done.step.time)),
            breakpoint: self.breakpoints.get(&node.id).cloned(),
        };
        self.way().into_iter().map(state).collect()
    }

    /// Sets a breakpoint, in place of one that is there.
    ///
    /// # Errors
    /// [`Error::NoNode`]. Whether the condition can be computed shows when its node has run.
    pub fn set_breakpoint(&mut self, node: &NodeId, breakpoint: Breakpoint) -> Result<(), Error> {
        self.on_the_way(node)?;
        self.breakpoints.insert(node.clone(), breakpoint);
        Ok(())
    }

    /// Removes a breakpoint; false when there was none.
    pub fn clear_breakpoint(&mut self, node: &NodeId) -> bool {
        self.breakpoints.remove(node).is_some()
    }

    /// Runs the next node.
    pub async fn step(&mut self) -> Stop {
        let next = self.way().into_iter().find(|node| !self.done.contains_key(&node.id));
        let next: Vec<NodeId> = next.map(|node| node.id.clone()).into_iter().collect();
        let is_end = next.is_empty();
        let stop = self.go(next).await;
        match stop.reason {
            StopReason::End if !is_end => Stop { reason: StopReason::Reached, ..stop },
            _ => stop,
        }
    }

    /// Runs nodes up to the next breakpoint that holds, or to the end.
    pub async fn proceed(&mut self) -> Stop {
        let way: Vec<NodeId> = self.way().into_iter().map(|node| node.id.clone()).collect();
        self.go(way).await
    }

    /// Runs a node and what it reads, nothing else, up to the next breakpoint that holds. A node that has run already is shown
    /// again.
    ///
    /// # Errors
    /// [`Error::NoNode`].
    pub async fn run_to(&mut self, node: &NodeId) -> Result<Stop, Error> {
        self.on_the_way(node)?;
        if let Some(done) = self.done.get(node) {
            let step = Step { is_kept: true, ..done.step.clone() };
            return Ok(Stop { steps: vec![step], reason: StopReason::Reached });
        }
        let needed = ancestors_until(self.spec.nodes(), &[node], |id| self.is_given(id));
        let needed = self.way().into_iter().filter(|one| {
            one.id == *node
                || needed.iter().any(|other| other.id == one.id || other.inputs.contains(&one.id))
        });
        let needed: Vec<NodeId> = needed.map(|node| node.id.clone()).collect();
        let stop = self.go(needed).await;
        Ok(match stop.reason {
            StopReason::End => Stop { reason: StopReason::Reached, ..stop },
            _ => stop,
        })
    }

    /// Goes on with a changed document. Nodes that have run keep their rows unless they or anything before them has changed;
    /// nodes whose rows depend on more than the document and files (tables of the catalog, Python) run again.
    ///
    /// # Errors
    /// [`Error::NoTest`] when the document has lost the test that is gone through; then nothing has changed.
    pub async fn edit(&mut self, spec: Spec) -> Result<Edited, Error> {
        test_of(&spec, &self.data)?;
        self.spec = spec;
        let way: Vec<NodeId> = self.way().into_iter().map(|node| node.id.clone()).collect();
        let is_same = |id: &NodeId, done: &Done| {
            way.contains(id) && done.content.is_some() && done.content == self.content(id)
        };
        let changed: Vec<NodeId> = self
            .done
            .iter()
            .filter(|(id, done)| !is_same(id, done))
            .map(|(id, _)| id.clone())
            .collect();
        for node in &changed {
            Box::pin(self.forget(node)).await;
        }
        let lost = self.breakpoints.keys().filter(|id| !way.contains(id)).cloned();
        let lost_breakpoints: Vec<NodeId> = lost.collect();
        self.breakpoints.retain(|id, _| way.contains(id));
        let (kept, again) = (
            way.iter().filter(|id| self.done.contains_key(id)).cloned().collect(),
            way.into_iter().filter(|id| changed.contains(id)).collect(),
        );
        Ok(Edited { kept, again, lost_breakpoints })
    }

    /// Goes back before the first node; breakpoints stay, sources are read again.
    pub async fn restart(&mut self) {
        let nodes: Vec<NodeId> = self.done.keys().cloned().collect();
        for node in &nodes {
            Box::pin(self.forget(node)).await;
        }
    }

    /// More rows, or fewer, of a node that has run.
    ///
    /// # Errors
    /// [`Error::NoNode`] also for one that has not run yet; those of [`InteractiveSession::sql`].
    pub async fn rows(&self, node: &NodeId, rows: u32) -> Result<Answer, Error> {
        let limits = Limits { rows, ..self.limits };
        let rows = self.done_of(node)?.rows.clone();
        let ids = (OperationId::random(), self.operation);
        let answer = self.session.collect_as(rows, ids, limits);
        self.session.in_time(limits.time, Box::pin(answer)).await
    }

    /// The columns of a node that has run.
    ///
    /// # Errors
    /// [`Error::NoNode`] also for one that has not run yet.
    pub fn columns(&self, node: &NodeId) -> Result<&[Column], Error> {
        Ok(&self.done_of(node)?.step.columns)
    }

    /// The plan of a node with all that it reads, as if nothing had run before.
    ///
    /// # Errors
    /// Those of [`InteractiveSession::explain_node`].
    pub async fn explain(&self, node: &NodeId, mode: ExplainMode) -> Result<String, Error> {
        let (spec, folder) = (&self.spec, self.folder.as_path());
        let source_rows = self.source_rows();
        let run = crate::NodeRun { spec, folder, node, source_rows };
        self.session.explain_node(run, mode, self.limits.time).await
    }

    /// Has the server forget all rows and views, and gives the session back.
    pub async fn close(mut self) -> InteractiveSession {
        self.restart().await;
        self.session
    }

    async fn go(&mut self, nodes: Vec<NodeId>) -> Stop {
        let mut steps = Vec::new();
        for node in nodes {
            if self.done.contains_key(&node) {
                continue;
            }
            let number = self.numbers.len();
            self.numbers.entry(node.clone()).or_insert(number);
            match self.session.in_time(self.limits.time, Box::pin(self.compute(&node))).await {
                Ok(done) => {
                    steps.push(done.step.clone());
                    self.done.insert(node.clone(), done);
                }
                Err(error) => {
                    Box::pin(self.forget(&node)).await;
                    return Stop { steps, reason: StopReason::Failed { node, error } };
                }
            }
            let Some(breakpoint) = self.breakpoints.get(&node) else { continue };
            let held = self
                .session
                .in_time(self.limits.time, Box::pin(self.held(&node, breakpoint)))
                .await;
            let reason = match held {
                Ok(None) => continue,
                Ok(Some(rows)) => {
                    StopReason::Breakpoint { condition: breakpoint.condition.clone(), rows }
                }
                Err(error) => StopReason::Failed { node, error },
            };
            return Stop { steps, reason };
        }
        Stop { steps, reason: StopReason::End }
    }

    fn way(&self) -> Vec<&Node> {
        let Ok(Some(test)) = test_of(&self.spec, &self.data) else {
            return self.spec.nodes().iter().collect();
        };
        let wanted: Vec<&NodeId> = test.expected.iter().map(|expected| &expected.node).collect();
        let computed = ancestors_until(self.spec.nodes(), &wanted, |id| self.is_given(id));
        let is_read = |node: &Node| computed.iter().any(|other| other.inputs.contains(&node.id));
        let nodes = self.spec.nodes().iter();
        let on_way = nodes.filter(|node| {
            computed.iter().any(|other| other.id == node.id)
                || self.is_given(&node.id) && (is_read(node) || wanted.contains(&&node.id))
        });
        on_way.collect()
    }

    fn on_the_way(&self, node: &NodeId) -> Result<&Node, Error> {
        let way = self.way();
        way.iter().find(|one| one.id == *node).copied().ok_or_else(|| {
            let known: Vec<&str> = way.iter().map(|node| node.id.as_str()).collect();
            Error::NoNode { node: node.to_string(), known: known.join(", ") }
        })
    }

    fn done_of(&self, node: &NodeId) -> Result<&Done, Error> {
        self.on_the_way(node)?;
        self.done.get(node).ok_or_else(|| {
            let known: Vec<&str> = self.done.keys().map(NodeId::as_str).collect();
            let node = format!("{node}` that has run, or `{node}");
            Error::NoNode { node, known: known.join(", ") }
        })
    }

    fn test(&self) -> Option<&RowTest> {
        test_of(&self.spec, &self.data).ok().flatten()
    }

    fn is_given(&self, node: &NodeId) -> bool {
        let given = self.test().into_iter().flat_map(|test| &test.given);
        given.into_iter().any(|given| given.name == node.as_str())
    }

    fn source_rows(&self) -> Option<u32> {
        match self.data {
            DebugData::Sample(rows) => Some(rows),
            DebugData::All | DebugData::Test(_) => None,
        }
    }

    /// All of the document that the rows of a node depend on, as a text.
    fn content(&self, node: &NodeId) -> Option<String> {
        let given = self.test().map(|test| &test.given);
        Some(format!("{} {given:?}", preview_content(&self.spec, node)?))
    }

    fn engine(&self) -> Engine {
        self.session.engine()
    }
}

fn test_of<'s>(spec: &'s Spec, data: &DebugData) -> Result<Option<&'s RowTest>, Error> {
    let DebugData::Test(name) = data else { return Ok(None) };
    let test = spec.tests().iter().find(|test| test.name == *name);
    test.map(Some).ok_or_else(|| {
        let known: Vec<&str> = spec.tests().iter().map(|test| test.name.as_str()).collect();
        Error::NoTest { name: name.clone(), known: known.join(", ") }
    })
}
