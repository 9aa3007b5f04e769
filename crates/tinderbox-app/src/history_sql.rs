//! Free SQL over the tables of the history. Needs no ownership of the data directory: the manifest is read, the files
//! never change, and a retired one is kept for a grace period.

use crate::connected::ask;
use crate::{Error, SparkPlaces, blocking};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tinderbox_connect::{Answer, Limits, Query, Sail, SailEnvironment, SailLimits};
use tinderbox_model::Bytes;
use tinderbox_store::{Store, TableFileKind};

/// What one Sail may use. A group-by over a million tasks takes 0.2 GB.
const SAIL: SailLimits = SailLimits { memory: Bytes(2 << 30), temporary: Bytes(32 << 30) };
/// The largest answer, as Arrow batches.
const ANSWER: Bytes = Bytes(256 << 20);
/// The longest query.
pub(crate) const LONGEST: Duration = Duration::from_secs(600);

/// A question to the history.
#[derive(Debug, Clone)]
pub struct HistoryQuery {
    /// One SELECT.
    pub sql: String,
    /// A Spark Connect server, `sc://HOST:PORT`, that sees the data directory at the same path; Sail when left out.
    pub server: Option<String>,
    /// Rows of the answer.
    pub limit: u32,
}

/// A column of an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HistoryColumn {
    /// Its name.
    pub name: String,
    /// Its type in Spark's words.
    pub kind: String,
}

/// What the history answers.
#[derive(Debug, Clone)]
pub struct HistoryAnswer {
    /// The columns.
    pub columns: Vec<HistoryColumn>,
    /// The rows, a value per column.
    pub rows: Vec<Vec<serde_json::Value>>,
    /// Whether there are more rows than the limit.
    pub has_more: bool,
    /// Who computed it.
    pub engine: String,
}

/// The current files of every table, absolute, by the table's name. A table without files is there too.
///
/// # Errors
/// [`Error::NoHistory`], [`Error::Store`], [`Error::DataDir`].
pub async fn history_tables(root: &Path) -> Result<BTreeMap<&'static str, Vec<PathBuf>>, Error> {
    let database = root.join("tinderbox.sqlite");
    if !database.exists() {
        return Err(Error::NoHistory { path: root.to_owned() });
    }
    // The server that runs the query has another working directory.
    let failed = |source| Error::DataDir { path: root.to_owned(), source };
    let root = root.canonicalize().map_err(failed)?;
    let mut tables = BTreeMap::new();
    for kind in TableFileKind::TABLES {
        let files = Store::file_list_current(&database, *kind).await?;
        let paths = files.into_iter().map(|file| root.join(file.file.path));
        tables.insert(kind.as_str(), paths.collect());
    }
    Ok(tables)
}

/// Answers a question, `None` when `stop` comes first. Nothing is started before the text has been checked, and in the end
/// the session is closed and Sail gone, whatever came of it.
///
/// # Errors
/// [`Error::Connect`], [`Error::EmptyTable`] and those of [`history_tables`].
pub async fn history_sql(
    root: &Path,
    places: &SparkPlaces,
    question: &HistoryQuery,
    stop: impl Future<Output = ()>,
) -> Result<Option<HistoryAnswer>, Error> {
    let names: Vec<_> = TableFileKind::TABLES.iter().map(|kind| kind.as_str()).collect();
    let query = Query::parse(&question.sql, &names)?;
    let mut tables = history_tables(root).await?;
    let mut views = Vec::new();
    for name in query.tables() {
        let files = tables.remove(name.as_str()).unwrap_or_default();
        if files.is_empty() {
            return Err(Error::EmptyTable { table: name.clone() });
        }
        views.push((name, files));
    }
    let limits = Limits { rows: question.limit, bytes: ANSWER, time: LONGEST };
    let answered = ask(places, question.server.as_deref(), stop, async |connected| {
        let engine = connected.name().await?;
        for (name, files) in &views {
            connected.session.create_view(name, files).await?;
        }
        Ok((connected.session.run(&query, limits).await?, engine))
    });
    let Some((answer, engine)) = answered.await? else { return Ok(None) };
    rows(&answer, engine).map(Some)
}

/// Installs Sail and answers where. Blocks for as long as pip takes.
///
/// # Errors
/// [`Error::Connect`].
pub async fn install_sail(places: &SparkPlaces) -> Result<PathBuf, Error> {
    let folder = sail_folder(places)?;
    let python = places.python();
    let environment = SailEnvironment::at(&folder);
    blocking(move || Ok(environment.install(&python)?)).await?;
    Ok(folder)
}

/// A Sail of its own, in the environment that was installed.
pub(crate) async fn start_sail(places: &SparkPlaces) -> Result<Sail, Error> {
    let environment = SailEnvironment::at(sail_folder(places)?);
    // Beside the environment, because the data directory may belong to another process.
    let temporary = sail_folder(places)?.join("work");
    if environment.is_ready() {
        let failed = |source| Error::File { path: temporary.clone(), source };
        std::fs::create_dir_all(&temporary).map_err(failed)?;
    }
    Ok(Sail::start(&environment, &temporary, SAIL).await?)
}

pub(crate) fn sail_folder(places: &SparkPlaces) -> Result<PathBuf, Error> {
    places.sail().ok_or_else(|| {
        Error::Connect(tinderbox_connect::Error::NoSail {
            folder: PathBuf::from("~/.cache/tinderbox/sail"),
        })
    })
}

fn rows(answer: &Answer, engine: String) -> Result<HistoryAnswer, Error> {
    let columns = answer.columns().into_iter();
    Ok(HistoryAnswer {
        columns: columns
            .map(|column| HistoryColumn { name: column.name, kind: column.kind })
            .collect(),
        rows: answer.rows()?,
        has_more: answer.has_more(),
        engine,
    })
}
