//! Rows of nodes when other nodes give rows of a test.

mod comparison;
mod given;

pub use comparison::Comparison;

use crate::relation::{Emitter, Rows};
use crate::{Answer, Engine, Error, Limits, Session};
use std::collections::BTreeMap;
use std::path::Path;
use tinderbox_model::NodeId;
use tinderbox_spec::{ExpectedRows, GivenRows, RowTest, Spec, ancestors_until};

/// A test of a spec, on what it is run.
#[derive(Debug, Clone, Copy)]
pub struct Trial<'a> {
    /// The job, with the parameters of the test.
    pub spec: &'a Spec,
    /// The test.
    pub test: &'a RowTest,
    /// The document's folder, absolute.
    pub folder: &'a Path,
    /// What the session is on.
    pub engine: Engine,
}

impl Session {
    /// Computes the rows of every node that the test expects something of and compares them, in the order of the test.
    /// Times without a zone count as UTC.
    ///
    /// # Errors
    /// [`Error::Given`] for rows that do not fit their columns, [`Error::Node`] for a node that servers cannot compute, and those of
    /// [`Session::run`].
    pub async fn try_out(
        &self,
        trial: Trial<'_>,
        limits: Limits,
    ) -> Result<Vec<(NodeId, Comparison)>, Error> {
        let Trial { spec, test, folder, engine } = trial;
        self.set("spark.sql.session.timeZone", "UTC").await?;
        let emitter = Emitter::new(spec, folder, engine);
        let mut given: BTreeMap<&NodeId, Rows> = BTreeMap::new();
        for rows in &test.given {
            let relation = self.given(rows).await?;
            match spec.nodes().iter().find(|node| node.id.as_str() == rows.name) {
                Some(node) => {
                    given.insert(&node.id, relation);
                }
                // A table of the catalog, which a join reads.
                None => self.make_view(&rows.name, relation).await?,
            }
        }
        let wanted: Vec<&NodeId> = test.expected.iter().map(|expected| &expected.node).collect();
        let needed = ancestors_until(spec.nodes(), &wanted, |id| given.contains_key(id));
        let rows = self.build(&emitter, &needed, given).await?;
        let mut compared = Vec::new();
        for ExpectedRows { node, rows: expected, .. } in &test.expected {
            let Some(rows) = rows.get(node).cloned() else {
                return Err(Error::Answer { problem: "the node was not built".to_owned() });
            };
            let answer: Answer = self.collect(rows, limits).await?;
            let comparison = Comparison::of(&answer, expected, test.is_in_order, node.as_str())?;
            compared.push((node.clone(), comparison));
        }
        Ok(compared)
    }

    /// Given rows as a relation of their types.
    pub(crate) async fn given(&self, rows: &GivenRows) -> Result<Rows, Error> {
        let schema =
            self.schema_of(Rows::empty(&rows.schema)).await.map_err(|error| match error {
                Error::Server { message } => Error::Given {
                    name: rows.name.clone(),
                    problem: format!("its columns cannot be read: {message}"),
                },
                error => error,
            })?;
        if rows.rows.is_empty() {
            return Ok(Rows::empty(&rows.schema));
        }
        let fields = given::arrow_schema(schema.fields()).map_err(|kind| Error::Given {
            name: rows.name.clone(),
            problem: format!("values of the type {kind} cannot be given"),
        })?;
        let batch = given::batch(&rows.name, &fields, &rows.rows)?;
        Ok(Rows::local(given::ipc(&batch)?, &rows.schema))
    }
}
