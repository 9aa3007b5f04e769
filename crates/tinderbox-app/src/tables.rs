//! Parquet tables for other programs, written from the record when logs have been read: many runs share a file.
//!
//! What is written is found by looking at the store, so that a process that was killed at any instruction goes on where
//! it was: files get new names, and one transaction makes a set of them current and retires what it replaces. Between
//! the change of a run and that transaction, the tables say what was true before.

use crate::{App, Error, blocking, chain, now};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;
use std::time::SystemTime;
use tinderbox_model::{AttemptNumber, Bytes, RunId};
use tinderbox_store::{
    NewTableFile, NewTableSet, TableFileKind, TableMember, TableSet, UnwrittenRun,
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

    /// Deletes tables that were written before `begun` and never made current, because the process was killed in between:
    /// other programs read whatever lies in the folders. Answers how many.
    pub(crate) async fn remove_unpublished(&self, begun: SystemTime) -> Result<usize, Error> {
        let root = self.inner.data_dir.root().to_owned();
        let listed = {
            let root = root.clone();
            blocking(move || Ok(written_before(&root, begun))).await?
        };
        let mut count = 0;
        for path in listed {
            if self.inner.store.file_known(&path.display().to_string()).await? {
                continue;
            }
            let path = root.join(path);
            match std::fs::remove_file(&path) {
                Ok(()) => count += 1,
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
                Err(source) => return Err(Error::File { path, source }),
            }
        }
        Ok(count)
    }

    pub(crate) fn tables_changed(&self) {
        self.inner.tables_due.store(true, Ordering::Relaxed);
    }

    async fn try_write_tables(&self) -> Result<(), Error> {
        loop {
            let unwritten = self.inner.store.tables_unwritten(LOOK).await?;
            if unwritten.runs.is_empty() && unwritten.stale.is_empty() {
                break;
            }
            let groups = groups(unwritten.runs);
            let mut sets = Vec::new();
            for runs in groups {
                let root = self.inner.data_dir.root().to_owned();
                let set = blocking(move || write_set(&root, runs)).await?;
                if unwritten.stale.is_empty() {
                    if !self.inner.store.tables_publish(vec![set], vec![], now()).await? {
                        return self.meanwhile();
                    }
                } else {
                    sets.push(set);
                }
            }
            if !unwritten.stale.is_empty()
                && !self.inner.store.tables_publish(sets, unwritten.stale, now()).await?
            {
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
            let set = blocking(move || merge(&root, &group, members)).await?;
            if !self.inner.store.tables_publish(vec![set], retire, now()).await? {
                return self.meanwhile();
            }
        }
        Ok(())
    }

    /// A run was recorded again while its tables were written: the next look finds it.
    fn meanwhile(&self) -> Result<(), Error> {
        self.tables_changed();
        Ok(())
    }
}

/// Files of `tables/NAME/workspace=…/date=…/` that have not changed since `begun`, relative to the data directory.
fn written_before(root: &Path, begun: SystemTime) -> Vec<PathBuf> {
    let inside = |folder: &PathBuf| {
        let entries = std::fs::read_dir(root.join(folder)).into_iter().flatten().flatten();
        entries.map(|entry| folder.join(entry.file_name())).collect::<Vec<_>>()
    };
    let mut paths = vec![PathBuf::from("tables")];
    for _ in 0..4 {
        paths = paths.iter().flat_map(inside).collect();
    }
    paths.retain(|path| {
        let changed = std::fs::metadata(root.join(path)).and_then(|data| data.modified());
        path.extension().is_some_and(|end| end == "parquet")
            && changed.is_ok_and(|changed| changed < begun)
    });
    paths
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

/// Reads the records of runs and writes all their tables.
fn write_set(root: &Path, runs: Vec<UnwrittenRun>) -> Result<NewTableSet, Error> {
    let id = new_set_id();
    let mut applications = Vec::with_capacity(runs.len());
    let mut packs = Vec::with_capacity(runs.len());
    for run in &runs {
        let application = read_detail(&root.join(&run.detail))?;
        let owner = RowOwner {
            run: run.run.clone(),
            attempt: run.attempt,
            application: application.id.clone(),
        };
        packs.push((owner.clone(), Pack::open(&root.join(&run.pack))?));
        applications.push((owner, application));
    }
    let packs: Vec<_> = packs.iter().map(|(owner, pack)| (owner.clone(), pack)).collect();
    let of_each: Vec<_> = applications.iter().map(|(owner, app)| (owner.clone(), app)).collect();
    let mut files = Vec::new();
    let mut num_bytes = Bytes::ZERO;
    for table in Table::ALL {
        let Some(first) = runs.first() else { continue };
        let path = place(first, &id).new_table(table);
        let written = match table {
            Table::Tasks => write_tasks(&root.join(&path), &packs)?,
            _ => write_table(&root.join(&path), table, &of_each)?,
        };
        num_bytes += written.num_bytes;
        files.push(new_file(&id, table, &path, written));
    }
    let whole: Bytes = runs.iter().map(|run| run.pack_bytes).sum();
    let members = runs.into_iter().map(|run| TableMember {
        num_bytes: part(num_bytes, run.pack_bytes, whole),
        run: run.run,
        attempt: run.attempt,
        detail: run.detail,
    });
    Ok(NewTableSet { members: members.collect(), id, files })
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
    let mut files = Vec::new();
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
    Ok(NewTableSet { id, files, members })
}

#[cfg(test)]
mod tests;
