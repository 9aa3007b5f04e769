//! Data sets of jobs, as `tinderbox generate` and other programs write them: imported into the data directory, or served
//! where they lie.
//!
//! A set is a folder below `job-sets`: an index of its jobs, which also has their sums, and of imported ones copies of
//! the tables of operators and errors. It is made under a hidden name and renamed when it is whole: it counts from that
//! moment on, with all of its jobs and sums or with none, and nothing of it is in SQL.

mod detail;
mod list;
mod place;
mod rows;
mod stats;

pub(crate) use list::state_of;

pub use detail::{ImportedError, ImportedJob, ImportedOperator};
pub use list::{JobListKey, JobListPage, JobListQuery, ListedJob, state_of_row, status_of};
pub use stats::JobOverview;

use crate::{App, Error, blocking, lock, now};
use serde::{Deserialize, Serialize};
use std::hash::{Hash, Hasher};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use tinderbox_model::TimestampMs;
use tinderbox_table::{DetailFile, JobIndex, JobSet, JobSetFacts};

/// The sets that are open.
#[derive(Debug, Default)]
pub(crate) struct JobSets {
    open: Mutex<Arc<Vec<Arc<OpenSet>>>>,
    /// One change at a time.
    changing: tokio::sync::Mutex<()>,
}

#[derive(Debug)]
pub(crate) struct OpenSet {
    folder: PathBuf,
    manifest: Manifest,
    files: JobSet,
    pub(crate) index: JobIndex,
    pub(crate) facts: JobSetFacts,
    operators: Mutex<Option<Arc<DetailFile>>>,
    errors: Mutex<Option<Arc<DetailFile>>>,
}

/// What is kept of a set beside its index.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Manifest {
    /// The folder that it was read from.
    source: PathBuf,
    /// How its files were then.
    stamp: String,
    /// Whether its tables of operators and errors are read there.
    is_in_place: bool,
    /// When it was read, in milliseconds since 1970.
    read_ms: i64,
}

/// What was done with a data set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImportedSet {
    /// The folder that it was read from.
    pub source: PathBuf,
    /// Jobs in it.
    pub num_jobs: u64,
    /// Rows of its table of operators.
    pub num_operators: u64,
    /// Rows of its table of errors.
    pub num_errors: u64,
    /// Whether the same was there already.
    pub unchanged: bool,
    /// What is wrong with it, in sentences.
    pub warnings: Vec<String>,
}

/// What reading again has changed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RefreshedSets {
    /// Sets that were read again.
    pub read: u64,
    /// Sets whose files had not changed.
    pub unchanged: u64,
}

const FOLDER: &str = "job-sets";
const INDEX: &str = "jobs.index";
const MANIFEST: &str = "set.json";

impl JobSets {
    /// The sets, those that were read first in front.
    pub(crate) fn all(&self) -> Arc<Vec<Arc<OpenSet>>> {
        Arc::clone(&lock(&self.open))
    }

    fn put(&self, set: OpenSet) {
        let mut open = lock(&self.open);
        let mut sets: Vec<_> =
            open.iter().filter(|known| known.key() != set.key()).map(Arc::clone).collect();
        sets.push(Arc::new(set));
        *open = Arc::new(sets);
    }
}

impl App {
    /// Opens what was imported earlier. A set that cannot be opened is told in the log and left out.
    pub(crate) async fn open_job_sets(&self) -> Result<(), Error> {
        let root = self.inner.data_dir.root().join(FOLDER);
        let sets = blocking(move || Ok(imported(&root))).await?;
        sets.into_iter().for_each(|set| self.inner.job_sets.put(set));
        Ok(())
    }

    /// Makes the jobs of a data set part of the history: indexes them in the data directory, and copies the tables of
    /// their operators and errors. The same again changes nothing; when the files have changed since, they are only
    /// taken with `replace`, in place of what was there.
    ///
    /// # Errors
    /// [`Error::Table`] when the files are not of the form; [`Error::ImportChanged`]; [`Error::File`].
    pub async fn import(&self, folder: &Path, replace: bool) -> Result<ImportedSet, Error> {
        self.take_set(folder, false, replace).await
    }

    /// Serves a data set where it lies, for as long as this process lives. Its index is kept in the data directory.
    ///
    /// # Errors
    /// [`Error::Table`] when the files are not of the form; [`Error::File`].
    pub async fn serve_data_set(&self, folder: &Path) -> Result<ImportedSet, Error> {
        self.take_set(folder, true, true).await
    }

    /// Reads those sets again that are served where they lie and whose files have changed.
    ///
    /// # Errors
    /// As [`App::serve_data_set`]; what was read before stays then.
    pub async fn refresh(&self) -> Result<RefreshedSets, Error> {
        let mut refreshed = RefreshedSets::default();
        for set in self.inner.job_sets.all().iter().filter(|set| set.manifest.is_in_place) {
            let done = self.take_set(&set.manifest.source, true, true).await?;
            if done.unchanged {
                refreshed.unchanged += 1;
            } else {
                refreshed.read += 1;
            }
        }
        Ok(refreshed)
    }

    /// The data directory.
    pub fn data_directory(&self) -> &Path {
        self.inner.data_dir.root()
    }

    /// The time.
    pub fn time(&self) -> TimestampMs {
        now()
    }

    async fn take_set(
        &self,
        folder: &Path,
        is_in_place: bool,
        replace: bool,
    ) -> Result<ImportedSet, Error> {
        let _turn = self.inner.job_sets.changing.lock().await;
        let folder = folder.to_owned();
        let app = self.clone();
        blocking(move || {
            let source = folder
                .canonicalize()
                .map_err(|source| Error::File { path: folder.clone(), source })?;
            let files = JobSet::find(&source)?;
            let stamp = files.stamp()?;
            let manifest =
                Manifest { source: source.clone(), stamp, is_in_place, read_ms: now().0 };
            let key = manifest.key();
            let sets = app.inner.job_sets.all();
            let known = sets.iter().find(|set| set.key() == key);
            if let Some(known) = known.filter(|known| known.manifest.stamp == manifest.stamp) {
                return Ok(known.told(true));
            }
            if known.is_some() && !replace {
                return Err(Error::ImportChanged { source_folder: source });
            }
            let root = app.inner.data_dir.root().join(FOLDER);
            let kept = is_in_place.then(|| kept_index(&root, &manifest)).flatten();
            let set = match kept {
                Some(set) => set,
                None => make(&root, manifest, &files)?,
            };
            let told = set.told(false);
            app.inner.job_sets.put(set);
            remove_old(&root, &key, &app.inner.job_sets.all());
            Ok(told)
        })
        .await
    }
}

impl Manifest {
    /// The same for every reading of a set.
    fn key(&self) -> String {
        let mut hasher = std::hash::DefaultHasher::new();
        self.source.hash(&mut hasher);
        let kind = if self.is_in_place { "served" } else { "imported" };
        format!("{kind}-{:016x}", hasher.finish())
    }
}

impl OpenSet {
    fn open(folder: PathBuf) -> Result<Self, Error> {
        let path = folder.join(MANIFEST);
        let failed = |source| Error::File { path: path.clone(), source };
        let manifest = std::fs::read(&path).map_err(failed)?;
        let manifest: Manifest =
            serde_json::from_slice(&manifest).map_err(|e| failed(std::io::Error::other(e)))?;
        let index = JobIndex::open(&folder.join(INDEX))?;
        let facts =
            serde_json::from_slice(index.facts()).map_err(|e| failed(std::io::Error::other(e)))?;
        let files = if manifest.is_in_place {
            JobSet::find(&manifest.source)?
        } else {
            let copy = |name: &str| Some(folder.join(name)).filter(|file| file.is_file());
            JobSet {
                jobs: folder.join(INDEX),
                operators: copy("spark_operators.parquet"),
                errors: copy("spark_errors.parquet"),
            }
        };
        let (operators, errors) = (Mutex::default(), Mutex::default());
        Ok(Self { folder, manifest, files, index, facts, operators, errors })
    }

    fn key(&self) -> String {
        self.manifest.key()
    }

    fn told(&self, unchanged: bool) -> ImportedSet {
        ImportedSet {
            source: self.manifest.source.clone(),
            num_jobs: self.index.num_jobs(),
            num_operators: self.facts.num_operators,
            num_errors: self.facts.num_errors + self.facts.num_warnings,
            unchanged,
            warnings: self.facts.warnings.iter().map(ToString::to_string).collect(),
        }
    }
}

/// Reads a set into a new folder.
fn make(root: &Path, manifest: Manifest, files: &JobSet) -> Result<OpenSet, Error> {
    let failed = |path: &Path| {
        let path = path.to_owned();
        move |source| Error::File { path, source }
    };
    std::fs::create_dir_all(root).map_err(failed(root))?;
    let temporary =
        tempfile::Builder::new().prefix(".new-").tempdir_in(root).map_err(failed(root))?;
    let mut read = files.clone();
    if !manifest.is_in_place {
        for (file, name) in [
            (&mut read.operators, "spark_operators.parquet"),
            (&mut read.errors, "spark_errors.parquet"),
        ] {
            if let Some(path) = file {
                let copy = temporary.path().join(name);
                std::fs::copy(&path, &copy).map_err(failed(path))?;
                *path = copy;
            }
        }
    }
    read.write_index(&temporary.path().join(INDEX))?;
    if files.stamp()? != manifest.stamp {
        return Err(Error::ImportMoved { source_folder: manifest.source });
    }
    let path = temporary.path().join(MANIFEST);
    let text = serde_json::to_vec_pretty(&manifest)
        .map_err(|e| failed(&path)(std::io::Error::other(e)))?;
    std::fs::write(&path, text).map_err(failed(&path))?;
    let folder = root.join(format!("{}-{}", manifest.key(), manifest.read_ms));
    if folder.exists() {
        // Of the same millisecond; nothing refers to it any more.
        std::fs::remove_dir_all(&folder).map_err(failed(&folder))?;
    }
    let temporary = temporary.keep();
    std::fs::rename(&temporary, &folder).map_err(failed(&folder))?;
    let synced = std::fs::File::open(root).and_then(|root| root.sync_all());
    synced.map_err(failed(root))?;
    OpenSet::open(folder)
}

/// An index that was made earlier of just these files.
fn kept_index(root: &Path, manifest: &Manifest) -> Option<OpenSet> {
    let key = manifest.key();
    let folders = folders(root).into_iter().filter(|folder| is_of(folder, &key));
    let mut open = folders.filter_map(|folder| OpenSet::open(folder).ok());
    open.find(|set| set.manifest.stamp == manifest.stamp)
}

/// Sets that were imported; of each the newest reading.
fn imported(root: &Path) -> Vec<OpenSet> {
    let mut sets: Vec<OpenSet> = Vec::new();
    for folder in folders(root) {
        if !is_of(&folder, "imported") {
            continue;
        }
        match OpenSet::open(folder.clone()) {
            Ok(set) => sets.push(set),
            Err(error) => {
                let (folder, error) = (folder.display(), crate::chain(&error));
                tracing::warn!(%folder, error, "a data set that was imported cannot be opened");
            }
        }
    }
    sets.sort_by_key(|set| set.manifest.read_ms);
    sets
}

fn folders(root: &Path) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(root) else { return Vec::new() };
    entries.filter_map(|entry| Some(entry.ok()?.path())).filter(|path| path.is_dir()).collect()
}

fn is_of(folder: &Path, key: &str) -> bool {
    folder.file_name().is_some_and(|name| name.to_string_lossy().starts_with(key))
}

/// Removes earlier readings of a set. Who reads one still can, until it is closed.
fn remove_old(root: &Path, key: &str, open: &[Arc<OpenSet>]) {
    for folder in folders(root) {
        let is_open = open.iter().any(|set| set.folder == folder);
        if is_of(&folder, key)
            && !is_open
            && let Err(error) = std::fs::remove_dir_all(&folder)
        {
            tracing::warn!(folder = %folder.display(), %error, "an old data set stays");
        }
    }
}
