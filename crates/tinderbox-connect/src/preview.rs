//! The rows of one node.

use crate::relation::{Emitter, Input, Rows, with_moments};
use crate::schema::Schema;
use crate::{Answer, Engine, Error, Limits, Session};
use std::collections::BTreeMap;
use std::path::Path;
use std::time::Instant;
use tinderbox_model::NodeId;
use tinderbox_spec::{Node, Spec, ancestors};

/// Which rows are wanted.
#[derive(Debug, Clone, Copy)]
pub struct Preview<'a> {
    /// The job.
    pub spec: &'a Spec,
    /// The document's folder, absolute: where relative paths start.
    pub folder: &'a Path,
    /// The node.
    pub node: &'a NodeId,
    /// What the session is on.
    pub engine: Engine,
    /// Rows of each source that are read at most; `None`: as many as the answer needs.
    pub source_rows: Option<u32>,
}

impl Session {
    /// The first rows of a node. Only nodes that it reads are looked at, and sources are read no further than the rows
    /// ask for. Views of the session that begin with `tinderbox_node_` are replaced.
    ///
    /// # Errors
    /// [`Error::NoNode`], [`Error::Node`] for a node that servers cannot compute, and those of [`Session::run`].
    pub async fn preview(&self, preview: Preview<'_>, limits: Limits) -> Result<Answer, Error> {
        let Preview { spec, folder, node: wanted, engine, source_rows } = preview;
        self.node_of(spec, wanted)?;
        let mut emitter = Emitter::new(spec, folder, engine);
        emitter.source_rows = source_rows;
        let needed = ancestors(spec, wanted);
        let time = Instant::now();
        let built = self.build(&emitter, &needed, BTreeMap::new());
        let too_slow = |_| Error::TooSlow { limit: limits.time };
        let mut rows = tokio::time::timeout(limits.time, built).await.map_err(too_slow)??;
        let Some(rows) = rows.remove(wanted) else {
            return Err(Error::Answer { problem: "the node was not built".to_owned() });
        };
        let left = Limits { time: limits.time.saturating_sub(time.elapsed()), ..limits };
        self.collect(rows, left).await
    }

    pub(crate) fn node_of<'s>(&self, spec: &'s Spec, wanted: &NodeId) -> Result<&'s Node, Error> {
        let node = spec.nodes().iter().find(|node| node.id == *wanted);
        node.ok_or_else(|| {
            let known: Vec<&str> = spec.nodes().iter().map(|node| node.id.as_str()).collect();
            Error::NoNode { node: wanted.to_string(), known: known.join(", ") }
        })
    }

    /// The relations of nodes, each after its inputs, beside those that are given. What becomes too large for a message goes
    /// into a view.
    pub(crate) async fn build<'s>(
        &self,
        emitter: &Emitter<'_>,
        needed: &[&'s Node],
        given: BTreeMap<&'s NodeId, Rows>,
    ) -> Result<BTreeMap<&'s NodeId, Rows>, Error> {
        let mut built = given;
        for (at, node) in needed.iter().enumerate() {
            let mut rows = self.relation(emitter, node, &built, true).await?;
            if rows.is_large() {
                let name = format!("tinderbox_node_{at}");
                self.make_view(&name, rows).await?;
                rows = Rows::table(&name);
            }
            built.insert(&node.id, rows);
        }
        Ok(built)
    }

    /// The relation of a node over those of its inputs; `is_kept`: without the rows that its expectations leave out.
    pub(crate) async fn relation(
        &self,
        emitter: &Emitter<'_>,
        node: &Node,
        built: &BTreeMap<&NodeId, Rows>,
        is_kept: bool,
    ) -> Result<Rows, Error> {
        let inputs: Vec<Rows> =
            node.inputs.iter().filter_map(|input| built.get(input).cloned()).collect();
        let mut schemas = Vec::new();
        if emitter.needs_schema(node) {
            for input in &inputs {
                schemas.push(self.schema_of(input.clone()).await?);
            }
        }
        let inputs = inputs.into_iter().enumerate();
        let inputs = inputs.map(|(at, rows)| Input { rows, schema: schemas.get(at) }).collect();
        let rows =
            if is_kept { emitter.rows(node, inputs) } else { emitter.all_rows(node, inputs) };
        let rows = rows.map_err(Error::Node)?;
        Ok(match emitter.int96_probe(node) {
            Some(probe) => self.with_moments(rows, probe).await?.0,
            None => rows,
        })
    }

    /// Rows of Parquet with times as Spark reads them, and their columns.
    pub(crate) async fn with_moments(
        &self,
        rows: Rows,
        probe: Rows,
    ) -> Result<(Rows, Schema), Error> {
        let schema = self.schema_of(rows.clone()).await?;
        match with_moments(&schema, &rows) {
            Some(moments) if self.schema_of(probe).await.is_err() => {
                let schema = self.schema_of(moments.clone()).await?;
                Ok((moments, schema))
            }
            _ => Ok((rows, schema)),
        }
    }
}
