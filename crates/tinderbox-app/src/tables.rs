//! Parquet tables for other programs, written from the record when logs have been read: many runs share a file.
//!
//! What is written is found by looking at the store, so that a process that was killed at any instruction goes on where
//! it was: files get new names, and one transaction makes a set of them current and retires what it replaces. Between
//! the change of a run and that transaction, the tables say what was true before.

use crate::{App, Error, blocking, chain, now};
use std::collections::{BTreeMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;
use tinderbox_model::{Application, AttemptNumber, Bytes, RunId};
use tinderbox_store::{
    NewTableFile, NewTableSet, TableFileKind, TableMember, TableSet, UnwrittenRun, UnwrittenTables,
};
use tinderbox_table::{
    Pack, Place, RowOwner, Table, Written, compact, read_detail, write_table, write_tasks,
};

/// Runs that are looked at together.
const LOOK: u64 = 1_000;
/// Most runs of a set that is written from records.
const SET_RUNS: usize = 200;
/// Detail files of a set, which are some twenty times as large in memory.
const SET_DETAILS: Bytes = Bytes(4 << 20);
/// Packs of a set.
const SET_PACKS: Bytes = Bytes(64 << 20);
/// A run with so much stands alone.
const LARGE_PACK: Bytes = Bytes(16 << 20);

/// Sets of this size are large enough: a reader opens them for what they hold, not for their footers.
const LARGE_SET: Bytes = Bytes(32 << 20);
/// Size to which sets are put together.
const TARGET_SIZE: Bytes = Bytes(128 << 20);
/// So many small sets of one date are worth the writing.
const FEWEST_SETS: usize = 8;
/// Sets that are put together at a time: their files are open together.
const MOST_SETS: usize = 128;

impl App {
    /// Writes what the tables lack and puts small files together, unless nothing has changed since. The caller holds the
    /// lock of the collection.
    pub(crate) async fn write_tables(&self) {
        if !self.inner.tables_due.swap(false, Ordering::Relaxed) {
            return;
        }
        if let Err(error) = self.try_write_tables().await {
            self.inner.tables_due.store(true, Ordering::Relaxed);
            tracing::warn!("tables are not up to date: {}", chain(&error));
        }
    }

    /// The same, waiting for a collection that goes on.
    pub(crate) async fn write_tables_alone(&self) {
        if self.inner.tables_due.load(Ordering::Relaxed) {
            let _alone = self.inner.collecting.lock().await;
            self.write_tables().await;
        }
    }

    pub(crate) fn tables_changed(&self) {
        self.inner.tables_due.store(true, Ordering::Relaxed);
    }

    async fn try_write_tables(&self) -> Result<(), Error> {
        loop {
            let UnwrittenTables { stale, runs } = self.inner.store.tables_unwritten(LOOK).await?;
            if runs.is_empty() && stale.is_empty() {
                break;
            }
            let mut sets = Vec::new();
            for runs in groups(runs) {
                let root = self.inner.data_dir.root().to_owned();
                match blocking(move || write_set(&root, &runs)).await {
                    Ok(set) => sets.push(set),
                    Err(error) => {
                        self.discard(paths_of(&sets)).await;
                        return Err(error);
                    }
                }
                if stale.is_empty() && !self.publish(std::mem::take(&mut sets), vec![]).await? {
                    return self.meanwhile();
                }
            }
            if !stale.is_empty() && !self.publish(sets, stale).await? {
                return self.meanwhile();
            }
        }
        for group in small(self.inner.store.table_sets().await?) {
            let mut members = Vec::new();
            for set in &group {
                members.extend(self.inner.store.table_members(&set.id).await?);
            }
            let retire = group.iter().map(|set| set.id.clone()).collect();
            let root = self.inner.data_dir.root().to_owned();
            let set = match blocking(move || merge(&root, &group, members)).await {
                Ok(set) => set,
                Err(error) => {
                    tracing::warn!("small tables are left as they are: {}", chain(&error));
                    continue;
                }
            };
            if !self.publish(vec![set], retire).await? {
                return self.meanwhile();
            }
        }
        Ok(())
    }

    /// Makes sets current in place of others. When it does not come to that, their files are deleted.
    async fn publish(&self, sets: Vec<NewTableSet>, retire: Vec<RunId>) -> Result<bool, Error> {
        let paths = paths_of(&sets);
        let published = self.inner.store.tables_publish(sets, retire, now()).await;
        if !matches!(published, Ok(true)) {
            self.discard(paths).await;
        }
        Ok(published?)
    }

    /// A run was recorded again while its tables were written: the next look finds it.
    fn meanwhile(&self) -> Result<(), Error> {
        self.tables_changed();
        Ok(())
    }
}

/// Which runs share a set: those of one workspace and date. What still changes, and what is large, stands alone.
fn groups(runs: Vec<UnwrittenRun>) -> Vec<Vec<UnwrittenRun>> {
    let mut groups = Vec::new();
    let mut open: BTreeMap<PathBuf, Vec<UnwrittenRun>> = BTreeMap::new();
    for run in runs {
        if !run.has_ended || run.pack_bytes >= LARGE_PACK || run.detail_bytes >= SET_DETAILS {
            groups.push(vec![run]);
            continue;
        }
        let group = open.entry(place(&run, &run.run).folder()).or_default();
        let size = |of: fn(&UnwrittenRun) -> Bytes| group.iter().map(of).sum::<Bytes>();
        let is_full = group.len() >= SET_RUNS
            || size(|one| one.detail_bytes) + run.detail_bytes > SET_DETAILS
            || size(|one| one.pack_bytes) + run.pack_bytes > SET_PACKS;
        if is_full {
            groups.push(std::mem::take(group));
        }
        group.push(run);
    }
    groups.extend(open.into_values());
    groups
}

fn place(run: &UnwrittenRun, owner: &RunId) -> Place {
    Place {
        workspace: run.workspace.clone(),
        created: run.created,
        run: owner.clone(),
        attempt: AttemptNumber(1),
    }
}

fn new_set_id() -> RunId {
    RunId::new(format!("set-{}", uuid::Uuid::new_v4().simple()))
}

fn paths_of(sets: &[NewTableSet]) -> Vec<String> {
    sets.iter().flat_map(|set| &set.files).map(|file| file.path.clone()).collect()
}

/// The record of a run.
struct Source<'a> {
    run: &'a UnwrittenRun,
    owner: RowOwner,
    application: Application,
    pack: Pack,
}

impl<'a> Source<'a> {
    fn open(root: &Path, run: &'a UnwrittenRun) -> Result<Self, Error> {
        let application = read_detail(&root.join(&run.detail))?;
        let pack = Pack::open(&root.join(&run.pack))?;
        let owner = RowOwner {
            run: run.run.clone(),
            attempt: run.attempt,
            application: application.id.clone(),
        };
        Ok(Self { run, owner, application, pack })
    }
}

/// Reads the records of runs and writes all their tables. A run whose record cannot be read gets no rows, and is a
/// member all the same: it is left alone until it is read again.
fn write_set(root: &Path, runs: &[UnwrittenRun]) -> Result<NewTableSet, Error> {
    let id = new_set_id();
    let mut sources = Vec::with_capacity(runs.len());
    for run in runs {
        match Source::open(root, run) {
            Ok(source) => sources.push(source),
            Err(error) if unreadable(&error).is_some() => warn_of(run, &error),
            Err(error) => return Err(error),
        }
    }
    let files = loop {
        let error = match write_files(root, &id, &sources) {
            Ok(files) => break files,
            Err(error) => error,
        };
        // A pack that was opened may still hold a block that is damaged.
        let is_of = |source: &Source<'_>, path: &Path| root.join(&source.run.pack) == path;
        let at = unreadable(&error)
            .and_then(|path| sources.iter().position(|source| is_of(source, path)));
        let Some(at) = at else { return Err(error) };
        warn_of(sources.remove(at).run, &error);
    };
    let num_bytes: Bytes = files.iter().map(|file| file.num_bytes).sum();
    let whole: Bytes = sources.iter().map(|source| source.run.pack_bytes).sum();
    let has_rows: HashSet<&RunId> = sources.iter().map(|source| &source.run.run).collect();
    let members = runs.iter().map(|run| TableMember {
        num_bytes: if has_rows.contains(&run.run) {
            part(num_bytes, run.pack_bytes, whole)
        } else {
            Bytes::ZERO
        },
        run: run.run.clone(),
        attempt: run.attempt,
        detail: run.detail.clone(),
    });
    Ok(NewTableSet { members: members.collect(), id, files })
}

fn warn_of(run: &UnwrittenRun, error: &Error) {
    tracing::warn!(run = %run.run, "the tables lack a run: {}", chain(error));
}

/// The file that cannot be read, however often it is tried.
fn unreadable(error: &Error) -> Option<&Path> {
    use std::io::ErrorKind::{
        InvalidData, IsADirectory, NotFound, PermissionDenied, UnexpectedEof,
    };
    use tinderbox_table::Error as File;
    match error {
        Error::Table(File::Damaged { path, .. } | File::NewerVersion { path, .. }) => Some(path),
        // Not for want of memory or of file descriptors.
        Error::Table(File::Open { path, source }) => matches!(
            source.kind(),
            InvalidData | IsADirectory | NotFound | PermissionDenied | UnexpectedEof
        )
        .then_some(path.as_path()),
        _ => None,
    }
}

/// Writes all tables of a set, or none; without runs there are none.
fn write_files(
    root: &Path,
    id: &RunId,
    sources: &[Source<'_>],
) -> Result<Vec<NewTableFile>, Error> {
    let Some(first) = sources.first() else { return Ok(Vec::new()) };
    let packs: Vec<_> = sources.iter().map(|one| (one.owner.clone(), &one.pack)).collect();
    let applications: Vec<_> =
        sources.iter().map(|one| (one.owner.clone(), &one.application)).collect();
    let place = place(first.run, id);
    all_or_none(root, |files| {
        for table in Table::ALL {
            let path = place.new_table(table);
            let written = match table {
                Table::Tasks => write_tasks(&root.join(&path), &packs)?,
                _ => write_table(&root.join(&path), table, &applications)?,
            };
            files.push(new_file(id, table, &path, written));
        }
        Ok(())
    })
}

/// The files that `write` adds; when it fails they are deleted.
fn all_or_none(
    root: &Path,
    write: impl FnOnce(&mut Vec<NewTableFile>) -> Result<(), Error>,
) -> Result<Vec<NewTableFile>, Error> {
    let mut files = Vec::new();
    match write(&mut files) {
        Ok(()) => Ok(files),
        Err(error) => {
            for file in files {
                // What is left the next process deletes.
                let _ = std::fs::remove_file(root.join(file.path));
            }
            Err(error)
        }
    }
}

/// The part of a size that falls to a run, by the size of its pack.
fn part(of: Bytes, pack: Bytes, packs: Bytes) -> Bytes {
    let part = u128::from(of.0) * u128::from(pack.0) / u128::from(packs.0.max(1));
    Bytes(u64::try_from(part).unwrap_or(of.0))
}

fn new_file(set: &RunId, table: Table, path: &Path, written: Written) -> NewTableFile {
    NewTableFile {
        kind: kind_of(table),
        path: path.display().to_string(),
        run: set.clone(),
        attempt: AttemptNumber(1),
        num_rows: written.num_rows,
        num_bytes: written.num_bytes,
    }
}

fn kind_of(table: Table) -> TableFileKind {
    match table {
        Table::Tasks => TableFileKind::Tasks,
        Table::Applications => TableFileKind::Applications,
        Table::Stages => TableFileKind::Stages,
        Table::Executors => TableFileKind::Executors,
        Table::Operators => TableFileKind::Operators,
    }
}

fn size_of(set: &TableSet) -> Bytes {
    set.files.iter().map(|(_, _, size)| *size).sum()
}

/// The folder of a set's files below that of their table: workspace and date.
fn folder_of(set: &TableSet) -> Option<&Path> {
    let (_, path, _) = set.files.first()?;
    Path::new(path).parent()
}

/// Puts sets below [`LARGE_SET`] of one workspace and date into groups up to [`TARGET_SIZE`]; groups with fewer than
/// [`FEWEST_SETS`] are left until there are more.
fn small(sets: Vec<TableSet>) -> Vec<Vec<TableSet>> {
    let mut folders: BTreeMap<PathBuf, Vec<TableSet>> = BTreeMap::new();
    for set in sets {
        if let Some(folder) = folder_of(&set).filter(|_| size_of(&set) < LARGE_SET) {
            folders.entry(folder.to_owned()).or_default().push(set);
        }
    }
    let mut groups: Vec<Vec<TableSet>> = Vec::new();
    for sets in folders.into_values() {
        let (mut group, mut size) = (Vec::new(), Bytes::ZERO);
        for set in sets {
            if group.len() >= MOST_SETS || size + size_of(&set) > TARGET_SIZE {
                groups.push(std::mem::take(&mut group));
                size = Bytes::ZERO;
            }
            size += size_of(&set);
            group.push(set);
        }
        groups.push(group);
    }
    groups.retain(|group| group.len() >= FEWEST_SETS);
    groups
}

/// Makes one set of many, from their files.
fn merge(root: &Path, sets: &[TableSet], members: Vec<TableMember>) -> Result<NewTableSet, Error> {
    let id = new_set_id();
    let files = all_or_none(root, |files| {
        for table in Table::ALL {
            let paths: Vec<&str> = sets
                .iter()
                .flat_map(|set| &set.files)
                .filter(|(kind, _, _)| *kind == kind_of(table))
                .map(|(_, path, _)| path.as_str())
                .collect();
            let Some(folder) = paths.first().and_then(|path| Path::new(path).parent()) else {
                continue;
            };
            let path = folder.join(format!("{id}-1-{}.parquet", uuid::Uuid::new_v4().simple()));
            let full: Vec<PathBuf> = paths.iter().map(|path| root.join(path)).collect();
            let written = compact(&full, &root.join(&path))?;
            files.push(new_file(&id, table, &path, written));
        }
        Ok(())
    })?;
    Ok(NewTableSet { id, files, members })
}

#[cfg(test)]
mod tests;
