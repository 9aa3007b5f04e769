//! The columns of every node of a spec, as a server says.

use crate::relation::{Emitter, Input, Rows};
use crate::schema::Schema;
use crate::{Column, Engine, Error, Problem, Refusal, Session};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use tinderbox_model::NodeId;
use tinderbox_spec::{JoinRight, Node, Operation, Spec};
use tokio::sync::Mutex;
use tokio::task::JoinSet;

/// What a server says of a node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NodeColumns {
    /// Its columns, in order.
    Known(Vec<Column>),
    /// The server refuses what the node does.
    Wrong(Problem),
    /// The server cannot compute such a node at all.
    Refused(Refusal),
    /// What it reads from outside of the job is not to be had where the server is.
    Unread(Problem),
    /// The columns of a node that it reads are not known.
    Behind,
}

/// Asks a server for the columns of specs, and remembers: a node is asked for again only when it has changed or the
/// columns of its inputs have. Of files, that means what they had when they were asked for first.
#[derive(Debug)]
pub struct Analyzer {
    session: Session,
    engine: Engine,
    known: BTreeMap<Question, Answered>,
    asked: u64,
}

/// Everything that a node's columns depend on.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Question {
    operation: String,
    /// The inputs' names in SQL and their columns.
    inputs: Vec<(String, String)>,
}

#[derive(Debug, Clone)]
enum Answered {
    Columns(Arc<Schema>),
    Wrong(Problem),
}

/// What is known of a node while a spec is gone through.
#[derive(Debug, Clone)]
enum State {
    Known(Arc<Schema>),
    Wrong(Problem),
    Refused(Refusal),
    Unread(Problem),
    Behind,
}

/// What one node waits for.
enum Next {
    Ask(Question, Box<Rows>),
    Settled(State),
}

impl Analyzer {
    /// Over a session, which it has for itself.
    pub fn new(session: Session, engine: Engine) -> Self {
        Self { session, engine, known: BTreeMap::new(), asked: 0 }
    }

    /// The columns of each node, in the order of the spec. Nothing is computed but what the server needs for them: of files
    /// their footers, or the first rows. `folder` is the document's, absolute. Nodes that do not read each other are asked
    /// for at the same time.
    ///
    /// # Errors
    /// [`Error::Unreachable`] and [`Error::Answer`]; what the server says of a node is a [`NodeColumns`].
    pub async fn analyze(
        &mut self,
        spec: &Spec,
        folder: &Path,
    ) -> Result<Vec<(NodeId, NodeColumns)>, Error> {
        let emitter = Emitter::new(spec, folder, self.engine);
        let mut states: BTreeMap<&NodeId, State> = BTreeMap::new();
        let mut waiting: Vec<&Node> = spec.nodes().iter().collect();
        let views = Arc::new(Mutex::new(()));
        while !waiting.is_empty() {
            let is_ready = |node: &&Node| node.inputs.iter().all(|id| states.contains_key(id));
            let (ready, others): (Vec<&Node>, Vec<&Node>) = waiting.into_iter().partition(is_ready);
            waiting = others;
            let mut asked = JoinSet::new();
            for node in ready {
                match self.next(&emitter, node, &states) {
                    Next::Settled(state) => {
                        states.insert(&node.id, state);
                    }
                    Next::Ask(question, rows) => {
                        self.asked += 1;
                        let session = self.session.clone();
                        let id = node.id.clone();
                        let probe = emitter.int96_probe(node);
                        let is_alone = self.engine == Engine::Spark && rows.has_tables();
                        let views = is_alone.then(|| Arc::clone(&views));
                        asked.spawn(async move {
                            let _turn = match &views {
                                Some(views) => Some(views.lock().await),
                                None => None,
                            };
                            let schema = match probe {
                                Some(probe) => session
                                    .with_moments(*rows, probe)
                                    .await
                                    .map(|(_, schema)| schema),
                                None => session.schema_of(*rows).await,
                            };
                            (id, question, schema)
                        });
                    }
                }
            }
            while let Some(done) = asked.join_next().await {
                let done = done.map_err(|error| Error::Answer { problem: error.to_string() })?;
                let (id, question, answer) = done;
                let answer = match answer {
                    Ok(schema) => Answered::Columns(Arc::new(schema)),
                    Err(Error::Server { message }) => Answered::Wrong(Problem::of(&message)),
                    Err(error) => return Err(error),
                };
                let Some(node) = spec.nodes().iter().find(|node| node.id == id) else { continue };
                let state = state_of(node, &answer);
                // A source may be readable the next time.
                if !matches!(state, State::Unread(_)) {
                    self.known.insert(question, answer);
                }
                states.insert(&node.id, state);
            }
        }
        let columns = spec
            .nodes()
            .iter()
            .filter_map(|node| Some((node.id.clone(), states.remove(&node.id)?.into_columns())));
        Ok(columns.collect())
    }

    /// How many nodes the server was asked for so far.
    pub fn asked(&self) -> u64 {
        self.asked
    }

    /// Forgets what sources have, so that changed files are read again.
    pub fn forget_sources(&mut self) {
        self.known.retain(|question, _| !question.inputs.is_empty());
    }

    /// What to ask for a node whose inputs are settled. It stands on empty tables with their columns, so that a question
    /// is as small as the node, however long the way to it is.
    fn next(&self, emitter: &Emitter<'_>, node: &Node, states: &BTreeMap<&NodeId, State>) -> Next {
        let mut inputs = Vec::new();
        let mut question = Question { operation: fingerprint(node), inputs: Vec::new() };
        for id in &node.inputs {
            let Some(State::Known(schema)) = states.get(id) else {
                return Next::Settled(State::Behind);
            };
            let Some(ddl) = schema.ddl() else { return Next::Settled(State::Behind) };
            question.inputs.push((emitter.table_of(id).to_owned(), ddl.to_owned()));
            inputs.push(Input { rows: Rows::empty(ddl), schema: Some(schema) });
        }
        if node.inputs.is_empty() {
            question.operation.push_str(&emitter.folder().to_string_lossy());
        }
        if let Some(answer) = self.known.get(&question) {
            return Next::Settled(state_of(node, answer));
        }
        match emitter.rows(node, inputs) {
            Ok(rows) => Next::Ask(question, Box::new(rows)),
            Err(refusal) => Next::Settled(State::Refused(refusal)),
        }
    }
}

/// Everything of the node itself that its columns depend on. `Debug` shows every field of an operation.
fn fingerprint(node: &Node) -> String {
    format!("{:?} {:?}", node.operation, node.expectations)
}

fn state_of(node: &Node, answer: &Answered) -> State {
    match answer {
        // Sail 0.7.2 answers nothing at all for files that are not there.
        Answered::Columns(schema) if schema.fields().is_empty() && reads_outside(node) => {
            State::Unread(Problem::without_columns())
        }
        Answered::Columns(schema) => State::Known(Arc::clone(schema)),
        Answered::Wrong(problem) if reads_outside(node) => State::Unread(problem.clone()),
        Answered::Wrong(problem) => State::Wrong(problem.clone()),
    }
}

/// Whether the node depends on what the server can see.
fn reads_outside(node: &Node) -> bool {
    match &node.operation {
        Operation::Read(_) => true,
        Operation::Join(join) => matches!(join.right, JoinRight::CatalogTable(_)),
        _ => false,
    }
}

impl State {
    fn into_columns(self) -> NodeColumns {
        match self {
            Self::Known(schema) => NodeColumns::Known(schema.columns()),
            Self::Wrong(problem) => NodeColumns::Wrong(problem),
            Self::Refused(refusal) => NodeColumns::Refused(refusal),
            Self::Unread(problem) => NodeColumns::Unread(problem),
            Self::Behind => NodeColumns::Behind,
        }
    }
}
