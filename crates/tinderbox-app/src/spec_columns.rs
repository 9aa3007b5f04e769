//! The columns of a spec's nodes, before anything runs. Needs no data directory.

use crate::connected::ask;
use crate::{Error, SparkPlaces};
use std::path::Path;
use tinderbox_connect::{Analyzer, NodeColumns};
use tinderbox_model::NodeId;
use tinderbox_spec::Spec;

/// What a server says of the nodes of a spec.
#[derive(Debug, Clone)]
pub struct SpecColumns {
    /// In the order of the spec.
    pub nodes: Vec<(NodeId, NodeColumns)>,
    /// Who said so.
    pub engine: String,
}

/// Asks for the columns of every node, `None` when `stop` comes first. `folder` is the document's; `server` a Spark Connect
/// server, `sc://HOST:PORT`, that sees files at the same paths, Sail when left out.
///
/// # Errors
/// [`Error::Connect`], [`Error::File`].
pub async fn spec_columns(
    places: &SparkPlaces,
    spec: &Spec,
    folder: &Path,
    server: Option<&str>,
    stop: impl Future<Output = ()>,
) -> Result<Option<SpecColumns>, Error> {
    let failed = |source| Error::File { path: folder.to_owned(), source };
    let folder = std::path::absolute(folder).map_err(failed)?;
    ask(places, server, stop, async |connected| {
        let mut analyzer = Analyzer::new(connected.session.clone(), connected.engine());
        let nodes = analyzer.analyze(spec, &folder).await?;
        Ok(SpecColumns { nodes, engine: connected.name().await? })
    })
    .await
}
