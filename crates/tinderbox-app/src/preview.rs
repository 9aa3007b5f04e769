//! The rows of a node of a spec, before anything runs. Needs no data directory.

mod kept;

use crate::connected::{Connected, in_time};
use crate::history_sql::LONGEST;
use crate::{Error, SparkPlaces, blocking};
use kept::Kept;
use std::path::{Path, PathBuf};
use tinderbox_connect::{Engine, Limits, Preview, Profile, lenient_on_sail};
use tinderbox_model::{Bytes, NodeId};
use tinderbox_spec::{Spec, preview_sources, reads_all_rows};

/// The largest answer, as Arrow batches.
const ANSWER: Bytes = Bytes(64 << 20);
/// Local sources that are larger are only read in part. Sail filters, joins and aggregates 70 MB in about 0.2 s.
const EXACT: Bytes = Bytes(512 << 20);
/// So many rows of each source are read then.
const SAMPLE_ROWS: u32 = 100_000;

/// Which rows are wanted.
#[derive(Debug, Clone)]
pub struct PreviewQuery {
    /// The document's folder: where relative paths start.
    pub folder: PathBuf,
    /// The node.
    pub node: NodeId,
    /// How many rows.
    pub rows: u32,
    /// Whether large sources are read to the end.
    pub is_exact: bool,
}

/// Rows of a node.
#[derive(Debug, Clone, PartialEq)]
pub struct PreviewAnswer {
    /// Names, each once, and types in Spark's words.
    pub columns: Vec<(String, String)>,
    /// The rows, a value per column.
    pub rows: Vec<Vec<serde_json::Value>>,
    /// Whether the node has more rows than were asked for.
    pub has_more: bool,
    /// Rows of each source that were read at most; `None` when the rows are exact.
    pub sample_rows: Option<u32>,
    /// Names of what was computed although the document's Spark fails at some values, which Sail does not.
    pub lenient: Vec<String>,
    /// Who computed it.
    pub engine: String,
}

/// What the rows of a node are like.
#[derive(Debug, Clone)]
pub struct ProfileAnswer {
    /// The description.
    pub profile: Profile,
    /// Rows of each source that were read at most; `None` when it is exact.
    pub sample_rows: Option<u32>,
    /// Who computed it.
    pub engine: String,
}

/// Previews one after the other on one server: a Sail of its own, which is started for the first question and again when it
/// has ended, or a Spark Connect server. Answers of Sail are kept while nothing that they depend on changes.
#[derive(Debug)]
pub struct Previews {
    places: SparkPlaces,
    server: Option<String>,
    connected: Option<Connected>,
    kept: Kept,
}

impl Previews {
    /// Starts nothing yet. `server` is a Spark Connect server, `sc://HOST:PORT`, that sees the files at the same paths; Sail
    /// when left out.
    pub fn new(places: SparkPlaces, server: Option<String>) -> Self {
        Self { places, server, connected: None, kept: Kept::default() }
    }

    /// Computes the first rows of a node. The question may be dropped at any time; then [`Previews::close`] ends what it
    /// began.
    ///
    /// # Errors
    /// [`Error::Connect`], [`Error::File`].
    pub async fn preview(
        &mut self,
        spec: &Spec,
        query: &PreviewQuery,
    ) -> Result<PreviewAnswer, Error> {
        let folder = absolute(&query.folder)?;
        let is_cut = reads_all_rows(spec, &query.node);
        let sample_rows = if is_cut { sample_rows(spec, query, &folder).await? } else { None };
        let key = match self.server {
            None => kept::key(spec, query, &folder, sample_rows).await?,
            Some(_) => None,
        };
        if let Some(answer) = key.as_ref().and_then(|key| self.kept.get(key)) {
            return Ok(answer.clone());
        }
        let limits = Limits { rows: query.rows, bytes: ANSWER, time: LONGEST };
        let connected = self.connected().await?;
        let answer = in_time(async {
            let wanted = wanted(spec, query, &folder, connected.engine(), sample_rows);
            let answer = connected.session.preview(wanted, limits).await?;
            let kinds = answer.columns().into_iter().map(|column| column.kind);
            Ok(PreviewAnswer {
                columns: answer.names().into_iter().zip(kinds).collect(),
                rows: answer.rows()?,
                has_more: answer.has_more(),
                sample_rows,
                lenient: match connected.engine() {
                    Engine::Sail => lenient_on_sail(spec, &query.node),
                    Engine::Spark => Vec::new(),
                },
                engine: connected.name().await?,
            })
        });
        let answer = answer.await?;
        if let Some(key) = key {
            self.kept.put(key, answer.clone());
        }
        Ok(answer)
    }

    /// Describes the rows of a node and its expectations, as [`Previews::preview`] shows the rows. The number of rows that
    /// `query` wants does not count.
    ///
    /// # Errors
    /// [`Error::Connect`], [`Error::File`].
    pub async fn profile(
        &mut self,
        spec: &Spec,
        query: &PreviewQuery,
    ) -> Result<ProfileAnswer, Error> {
        let folder = absolute(&query.folder)?;
        let sample_rows = sample_rows(spec, query, &folder).await?;
        let limits = Limits { rows: query.rows, bytes: ANSWER, time: LONGEST };
        let connected = self.connected().await?;
        in_time(async {
            let wanted = wanted(spec, query, &folder, connected.engine(), sample_rows);
            let profile = connected.session.profile(wanted, limits).await?;
            Ok(ProfileAnswer { profile, sample_rows, engine: connected.name().await? })
        })
        .await
    }

    /// Closes the session and ends Sail, if there are any.
    pub async fn close(self) {
        if let Some(connected) = self.connected {
            connected.close().await;
        }
    }

    /// The session, a new one when that of the question before is gone.
    async fn connected(&mut self) -> Result<&Connected, Error> {
        if let Some(connected) = self.connected.take() {
            if connected.is_well().await {
                return Ok(self.connected.insert(connected));
            }
            connected.close().await;
        }
        let connected = Connected::open(&self.places, self.server.as_deref()).await?;
        Ok(self.connected.insert(connected))
    }
}

/// The server has another working directory.
fn absolute(folder: &Path) -> Result<PathBuf, Error> {
    let failed = |source| Error::File { path: folder.to_owned(), source };
    std::path::absolute(folder).map_err(failed)
}

/// How many rows of each source are read: all, or where sources are large and nobody asked for exact rows, some.
async fn sample_rows(
    spec: &Spec,
    query: &PreviewQuery,
    folder: &Path,
) -> Result<Option<u32>, Error> {
    if query.is_exact {
        return Ok(None);
    }
    let paths = preview_sources(spec, &query.node).into_iter();
    let paths = paths.map(|path| folder.join(path)).collect();
    let is_large = blocking(move || Ok(is_larger(paths, EXACT))).await?;
    Ok(is_large.then_some(SAMPLE_ROWS))
}

fn wanted<'a>(
    spec: &'a Spec,
    query: &'a PreviewQuery,
    folder: &'a Path,
    engine: Engine,
    source_rows: Option<u32>,
) -> Preview<'a> {
    Preview { spec, folder, node: &query.node, engine, source_rows }
}

/// Whether files and folders together are larger than this. Stops counting there; what cannot be read is nothing.
fn is_larger(mut paths: Vec<PathBuf>, limit: Bytes) -> bool {
    let mut size = 0_u64;
    while let Some(path) = paths.pop() {
        match std::fs::metadata(&path) {
            Ok(found) if found.is_dir() => paths.extend(entries(&path)),
            Ok(found) => size = size.saturating_add(found.len()),
            Err(_) => {}
        }
        if size > limit.0 {
            return true;
        }
    }
    false
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    entries.map(|entry| entry.path()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_of_folders_are_counted_to_the_limit() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("day=1")).unwrap();
        std::fs::write(folder.path().join("day=1/a"), [0; 600]).unwrap();
        std::fs::write(folder.path().join("b"), [0; 600]).unwrap();
        let paths = || vec![folder.path().to_owned(), folder.path().join("missing")];
        assert!(is_larger(paths(), Bytes(1000)));
        assert!(!is_larger(paths(), Bytes(1200)));
    }
}
