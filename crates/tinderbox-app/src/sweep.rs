//! Files that nobody needs any more are deleted: those that newer ones have replaced, and those that a process which was
//! killed has left.

use crate::{App, Error, blocking, chain, now};
use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};
use tinderbox_model::TimestampMs;

/// How often replaced files are looked for.
const SWEEP_PERIOD: Duration = Duration::from_secs(60);
/// How long a replaced file stays: longer than a query of `history sql` may take, which has its name from the beginning.
const READER_GRACE: Duration = Duration::from_secs(900);
/// Files that are deleted at a time.
const SWEEP_LIMIT: usize = 1_000;
/// When so many cannot be deleted, the others are left for the next time.
const MOST_LEFT: usize = 10_000;

impl App {
    /// Brings the tables up to date and deletes files that newer ones have replaced, when no reader can hold them any
    /// more; until [`App::close`].
    pub(crate) async fn sweep(self) {
        match self.inner.data_dir.owned_since() {
            Ok(begun) => self.remove_left_over(begun).await,
            Err(error) => tracing::warn!("files of a process that was killed may be left: {error}"),
        }
        loop {
            self.write_tables_alone().await;
            if let Err(error) = self.sweep_once(now(), SWEEP_LIMIT).await {
                tracing::warn!("replaced files are left over: {}", chain(&error));
            }
            tokio::time::sleep(SWEEP_PERIOD).await;
        }
    }

    async fn remove_left_over(&self, begun: SystemTime) {
        let root = self.inner.data_dir.root().to_owned();
        let removed = blocking(move || Ok(remove_temporary(&root, begun))).await;
        if let Ok(count @ 1..) = removed {
            tracing::info!("removed {count} files that a process which was killed has left");
        }
        match self.remove_unpublished(begun).await {
            Ok(0) => {}
            Ok(count) => tracing::info!("removed {count} files that were never made current"),
            Err(error) => {
                tracing::warn!("files of a process that was killed are left: {}", chain(&error));
            }
        }
    }

    /// Deletes tables, task packs and detail files that were written before `begun` and never made current, because the
    /// process was killed in between: other programs read whatever lies in the folders. Answers how many.
    pub(crate) async fn remove_unpublished(&self, begun: SystemTime) -> Result<usize, Error> {
        let root = self.inner.data_dir.root().to_owned();
        let folders = blocking(move || Ok(folders(&root))).await?;
        let mut count = 0;
        for folder in folders {
            let root = self.inner.data_dir.root().to_owned();
            let listed = blocking(move || Ok(written_before(&root, &folder, begun))).await?;
            let unknown = self.inner.store.files_unknown(&listed).await?;
            let deleted = self.delete(unknown).await?;
            count += deleted.paths.len();
            deleted.warn();
        }
        Ok(count)
    }

    /// Deletes new files that were not made current. Those that were after all stay.
    pub(crate) async fn discard(&self, paths: Vec<String>) {
        let discarded = async { self.delete(self.inner.store.files_unknown(&paths).await?).await };
        match discarded.await {
            Ok(deleted) => deleted.warn(),
            // The next process deletes them.
            Err(error) => tracing::debug!("new files are left over: {}", chain(&error)),
        }
    }

    /// Deletes what was replaced long enough before `now`, `limit` files at a time.
    async fn sweep_once(&self, now: TimestampMs, limit: usize) -> Result<(), Error> {
        let grace = i64::try_from(READER_GRACE.as_millis()).unwrap_or(i64::MAX);
        let before = TimestampMs(now.0.saturating_sub(grace));
        let mut all = Deleted::default();
        loop {
            // Those that cannot be deleted come first every time.
            let wanted = limit + all.left.len();
            let as_u64 = u64::try_from(wanted).unwrap_or(u64::MAX);
            let retired = self.inner.store.file_retired(before, as_u64).await?;
            let is_last = retired.len() < wanted;
            let mut paths: Vec<String> = retired.into_iter().map(|one| one.file.path).collect();
            paths.retain(|path| !all.left.contains(path));
            let deleted = self.delete(paths).await?;
            self.inner.store.files_forget(&deleted.paths).await?;
            all.left.extend(deleted.left);
            all.error = all.error.or(deleted.error);
            if is_last || all.left.len() >= MOST_LEFT {
                all.warn();
                return Ok(());
            }
        }
    }

    async fn delete(&self, paths: Vec<String>) -> Result<Deleted, Error> {
        let root = self.inner.data_dir.root().to_owned();
        blocking(move || Ok(delete(&root, paths))).await
    }
}

/// What became of files that were to be deleted.
#[derive(Debug, Default)]
struct Deleted {
    /// Those that are gone.
    paths: Vec<String>,
    /// Those that are not.
    left: HashSet<String>,
    /// Why the first of those is not.
    error: Option<Error>,
}

impl Deleted {
    fn warn(&self) {
        if let Some(error) = &self.error {
            let count = self.left.len();
            tracing::warn!("{count} files are left over, the first one: {}", chain(error));
        }
    }
}

/// Deletes files below `root`; goes on after one that cannot be.
fn delete(root: &Path, paths: Vec<String>) -> Deleted {
    let mut deleted = Deleted::default();
    for path in paths {
        let full = root.join(&path);
        match std::fs::remove_file(&full) {
            Err(source) if source.kind() != std::io::ErrorKind::NotFound => {
                deleted.left.insert(path);
                deleted.error.get_or_insert(Error::File { path: full, source });
            }
            _ => deleted.paths.push(path),
        }
    }
    deleted
}

/// The folders of all workspaces and dates, relative to the data directory.
fn folders(root: &Path) -> Vec<PathBuf> {
    let inside = |folder: PathBuf| {
        let entries = std::fs::read_dir(root.join(&folder)).into_iter().flatten().flatten();
        entries.map(|entry| folder.join(entry.file_name())).collect::<Vec<_>>()
    };
    let mut folders = inside(PathBuf::from("tables"));
    folders.extend(["packs", "details"].map(PathBuf::from));
    for _ in 0..2 {
        folders = folders.into_iter().flat_map(inside).collect();
    }
    folders
}

/// Files of a folder that have not changed since `begun`, relative to the data directory. Those that are being written
/// have other names.
fn written_before(root: &Path, folder: &Path, begun: SystemTime) -> Vec<String> {
    let mut paths = Vec::new();
    for entry in std::fs::read_dir(root.join(folder)).into_iter().flatten().flatten() {
        let path = folder.join(entry.file_name());
        let Ok(metadata) = entry.metadata() else { continue };
        let is_ours =
            path.extension().is_some_and(|end| end == "parquet" || end == "tbpack" || end == "zst");
        let is_old = metadata.modified().is_ok_and(|changed| changed < begun);
        if is_ours && is_old && metadata.is_file() {
            paths.push(path.display().to_string());
        }
    }
    paths
}

/// Removes files that were being written when the process before was killed, and counts them. Nobody else writes here:
/// the data directory is owned.
fn remove_temporary(folder: &Path, begun: SystemTime) -> usize {
    let mut removed = 0;
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let Ok(metadata) = entry.metadata() else { continue };
        if metadata.is_dir() {
            removed += remove_temporary(&entry.path(), begun);
            continue;
        }
        let name = entry.file_name().to_string_lossy().into_owned();
        let is_old = metadata.modified().is_ok_and(|modified| modified < begun);
        if is_old && name.starts_with('.') && name.ends_with(".tmp") {
            removed += usize::from(std::fs::remove_file(entry.path()).is_ok());
        }
    }
    removed
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Config, SparkPlaces, TaskQuery};

    /// When no reader can hold what is replaced now.
    fn later() -> TimestampMs {
        TimestampMs(now().0 + 901_000)
    }

    fn files(folder: &Path) -> usize {
        let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
        entries.map(|entry| if entry.path().is_dir() { files(&entry.path()) } else { 1 }).sum()
    }

    #[test]
    fn only_temporary_files_of_an_earlier_process_are_removed() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("packs")).unwrap();
        let names = ["packs/.x1.tmp", "packs/a.pack", ".x2.tmp", "x3.tmp"];
        for name in names {
            std::fs::write(folder.path().join(name), b"x").unwrap();
        }
        assert_eq!(remove_temporary(folder.path(), SystemTime::UNIX_EPOCH), 0);
        let later = SystemTime::now() + Duration::from_secs(1);
        assert_eq!(remove_temporary(folder.path(), later), 2);
        assert_eq!(names.map(|name| folder.path().join(name).exists()), [false, true, false, true]);
    }

    /// With a log that was read twice.
    async fn open(folder: &Path) -> App {
        let app = App::open(Config {
            data_dir: folder.join("home"),
            url: String::new(),
            listener_jar: None,
            spark: SparkPlaces::default(),
            access: Default::default(),
        })
        .await
        .unwrap();
        let fixture = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("../tinderbox-spark/tests/fixtures/spark-3.5-small/local-1795203071921");
        let whole = std::fs::read(fixture).unwrap();
        let log = folder.join("local-1795203071921");
        for part in [whole.len() / 2, whole.len()] {
            std::fs::write(&log, &whole[..part]).unwrap();
            assert_eq!(app.collect(&log.as_path().into()).await.unwrap().collected, 1);
        }
        app
    }

    #[tokio::test]
    async fn a_file_that_cannot_be_deleted_does_not_keep_the_others() {
        let dir = tempfile::tempdir().unwrap();
        let app = open(dir.path()).await;
        let home = dir.path().join("home");
        let retired = app.inner.store.file_retired(later(), 100).await.unwrap();
        assert_eq!(retired.len(), 7);
        let first = home.join(&retired[0].file.path);
        std::fs::remove_file(&first).unwrap();
        std::fs::create_dir(&first).unwrap();
        app.sweep_once(later(), 2).await.unwrap();
        let left = app.inner.store.file_retired(later(), 100).await.unwrap();
        assert_eq!(left, retired[..1]);
        assert_eq!(["tables", "packs", "details"].map(|name| files(&home.join(name))), [5, 1, 1]);
        app.close().await;
    }

    #[tokio::test]
    async fn packs_and_details_that_were_never_published_are_deleted() {
        let dir = tempfile::tempdir().unwrap();
        let app = open(dir.path()).await;
        let home = dir.path().join("home");
        let folders = ["packs", "details"].map(|name| home.join(name));
        let known = folders.each_ref().map(|folder| files(folder));
        let orphans: Vec<PathBuf> = folders
            .iter()
            .zip(["a.tbpack", "a.json.zst"])
            .map(|(folder, name)| folder.join("workspace=default/date=2026-01-01").join(name))
            .collect();
        for path in &orphans {
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, "x").unwrap();
        }
        let begun = app.inner.data_dir.owned_since().unwrap();
        assert_eq!(app.remove_unpublished(begun).await.unwrap(), 0, "those of this process");
        let later = SystemTime::now() + Duration::from_secs(1);
        assert_eq!(app.remove_unpublished(later).await.unwrap(), 2);
        assert!(orphans.iter().all(|path| !path.exists()));
        assert_eq!(folders.each_ref().map(|folder| files(folder)), known);
        app.close().await;
    }

    #[tokio::test]
    async fn replaced_and_pruned_files_are_deleted_when_no_reader_holds_them() {
        let dir = tempfile::tempdir().unwrap();
        let app = open(dir.path()).await;
        let home = dir.path().join("home");
        let folders = ["tables", "packs", "details"];
        let counts = || folders.map(|folder| files(&home.join(folder)));
        assert_eq!(counts(), [10, 2, 2]);
        app.sweep_once(now(), 1_000).await.unwrap();
        assert_eq!(counts(), [10, 2, 2], "a reader may still hold the old ones");
        app.sweep_once(later(), 2).await.unwrap();
        assert_eq!(counts(), [5, 1, 1]);
        let tasks = app.tasks("latest", &TaskQuery { limit: 1, ..TaskQuery::default() }).await;
        assert_eq!(tasks.unwrap().tasks.len(), 1);
        // Retention leaves them to the same sweep.
        let retention = crate::Retention { age: Some(Duration::ZERO), size: None };
        assert_eq!(app.prune(retention, false).await.unwrap().num_runs, 1);
        assert_eq!(counts(), [5, 1, 1]);
        app.sweep_once(later(), 2).await.unwrap();
        assert_eq!(counts(), [0, 0, 0]);
        app.close().await;
    }
}
