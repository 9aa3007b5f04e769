//! Tests of a spec, run on a server. Needs no data directory.

use crate::connected::{Connected, ask};
use crate::history_sql::LONGEST;
use crate::{Error, SparkPlaces};
use std::path::{Path, PathBuf};
use tinderbox_connect::{Comparison, Limits, Trial};
use tinderbox_model::{Bytes, NodeId};
use tinderbox_spec::{Choice, Diagnostic, RowTest, Spec};

/// The largest answer of a node, as Arrow batches, and the most rows of one.
const ANSWER: Bytes = Bytes(64 << 20);
const ROWS: u32 = 100_000;

/// Which tests to run.
#[derive(Debug, Clone)]
pub struct TestQuery {
    /// The document's name in diagnostics.
    pub file: String,
    /// The document.
    pub text: String,
    /// What was chosen of it; a test's own choice goes before.
    pub choice: Choice,
    /// The document's folder.
    pub folder: PathBuf,
    /// A Spark Connect server, `sc://HOST:PORT`; Sail when left out.
    pub server: Option<String>,
}

/// What came of one test.
#[derive(Debug)]
pub struct TestOutcome {
    /// The test.
    pub name: String,
    /// The nodes with what differs, or why it could not be run.
    pub result: Result<Vec<(NodeId, Comparison)>, TestProblem>,
}

/// Why a test could not be run.
#[derive(Debug)]
pub enum TestProblem {
    /// With its parameters or environment the document is wrong.
    Document(Vec<Diagnostic>),
    /// The server refuses its rows or a node.
    Server(tinderbox_connect::Error),
}

impl TestOutcome {
    /// Whether all rows are as expected.
    pub fn has_passed(&self) -> bool {
        self.result.as_ref().is_ok_and(|nodes| nodes.iter().all(|(_, found)| found.is_equal()))
    }
}

/// Runs `tests`, which are those of the document, one after the other; `None` when `stop` comes first.
///
/// # Errors
/// [`Error::Connect`] when there is no server, [`Error::File`].
pub async fn run_spec_tests(
    places: &SparkPlaces,
    query: &TestQuery,
    tests: &[&RowTest],
    stop: impl Future<Output = ()>,
) -> Result<Option<Vec<TestOutcome>>, Error> {
    let failed = |source| Error::File { path: query.folder.clone(), source };
    let folder = std::path::absolute(&query.folder).map_err(failed)?;
    ask(places, query.server.as_deref(), stop, async |connected| {
        let mut outcomes = Vec::new();
        for test in tests {
            let result = match loaded(query, test) {
                Ok(spec) => outcome(connected, &spec, &test.name, &folder).await?,
                Err(diagnostics) => Err(TestProblem::Document(diagnostics)),
            };
            outcomes.push(TestOutcome { name: test.name.clone(), result });
        }
        Ok(outcomes)
    })
    .await
}

/// The document with the test's own choice.
fn loaded(query: &TestQuery, test: &RowTest) -> Result<Spec, Vec<Diagnostic>> {
    let mut choice = query.choice.clone();
    choice.parameters.extend(test.parameters.clone());
    choice.environment = test.environment.clone().or(choice.environment);
    Ok(tinderbox_spec::load(&query.file, &query.text, &choice)?.spec)
}

async fn outcome(
    connected: &Connected,
    spec: &Spec,
    name: &str,
    folder: &Path,
) -> Result<Result<Vec<(NodeId, Comparison)>, TestProblem>, Error> {
    let Some(test) = spec.tests().iter().find(|test| test.name == name) else {
        return Ok(Ok(Vec::new()));
    };
    let trial = Trial { spec, test, folder, engine: connected.engine() };
    let limits = Limits { rows: ROWS, bytes: ANSWER, time: LONGEST };
    match connected.session.try_out(trial, limits).await {
        Ok(compared) => Ok(Ok(compared)),
        Err(error @ tinderbox_connect::Error::Unreachable { .. }) => Err(error.into()),
        Err(error) => Ok(Err(TestProblem::Server(error))),
    }
}
