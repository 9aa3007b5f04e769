use super::*;
use crate::{Config, Retention, SparkPlaces};
use std::time::{Duration, SystemTime};
use tinderbox_model::{TimestampMs, WorkspaceId};

fn run(id: &str, pack: u64) -> UnwrittenRun {
    UnwrittenRun {
        run: RunId::new(id),
        attempt: AttemptNumber(1),
        workspace: WorkspaceId::default(),
        created: TimestampMs(0),
        has_ended: true,
        detail: String::new(),
        detail_bytes: Bytes(1 << 10),
        pack: String::new(),
        pack_bytes: Bytes(pack),
    }
}

#[test]
fn small_ended_runs_of_a_date_share_a_set() {
    let mut runs: Vec<_> = (0..201).map(|n| run(&format!("{n:03}"), 1)).collect();
    runs.push(run("large", LARGE_PACK.0));
    runs.push(UnwrittenRun { has_ended: false, ..run("open", 1) });
    runs.push(UnwrittenRun { created: TimestampMs(86_400_000), ..run("tomorrow", 1) });
    let mut sizes: Vec<usize> = groups(runs).iter().map(Vec::len).collect();
    sizes.sort_unstable();
    assert_eq!(sizes, [1, 1, 1, 1, 200]);
}

fn set(n: u64, date: &str, mib: u64) -> TableSet {
    let path = format!("tables/tasks/workspace=w/date={date}/{n}.parquet");
    TableSet {
        id: RunId::new(format!("set-{n}")),
        files: vec![(TableFileKind::Tasks, path, Bytes(mib << 20))],
    }
}

#[test]
fn small_sets_of_a_date_become_one_up_to_the_target() {
    let sizes = |sets: Vec<TableSet>| small(sets).iter().map(Vec::len).collect::<Vec<_>>();
    let mut sets: Vec<_> = (0..9).map(|n| set(n, "2026-01-01", 1)).collect();
    sets.extend((10..13).map(|n| set(n, "2026-01-02", 1)));
    assert_eq!(sizes(sets), [9], "three are too few");
    assert_eq!(sizes((0..20).map(|n| set(n, "2026-01-01", 16)).collect()), [8, 8]);
    assert_eq!(sizes((0..9).map(|n| set(n, "2026-01-01", 32)).collect()), [0; 0]);
}

async fn open(folder: &Path) -> App {
    App::open(Config {
        data_dir: folder.join("home"),
        url: String::new(),
        listener_jar: None,
        spark: SparkPlaces::default(),
        access: Default::default(),
    })
    .await
    .unwrap()
}

fn fixture() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../tinderbox-spark/tests/fixtures/spark-3.5-small/local-1795203071921")
}

/// Rows of each current table, by name, with the number of its files.
async fn rows(app: &App) -> BTreeMap<&'static str, (u64, usize)> {
    let database = app.inner.data_dir.database();
    let mut tables = BTreeMap::new();
    for kind in TableFileKind::TABLES {
        let files = tinderbox_store::Store::file_list_current(&database, *kind).await.unwrap();
        for file in &files {
            assert!(app.inner.data_dir.root().join(&file.file.path).exists());
        }
        let rows = files.iter().map(|file| file.file.num_rows).sum();
        tables.insert(kind.as_str(), (rows, files.len()));
    }
    tables
}

#[tokio::test]
async fn many_small_logs_share_files_and_every_row_is_there_once() {
    let dir = tempfile::tempdir().unwrap();
    let logs = dir.path().join("logs");
    std::fs::create_dir(&logs).unwrap();
    let app = open(dir.path()).await;
    let text = std::fs::read_to_string(fixture()).unwrap();
    let write = |n: usize, text: &str| std::fs::write(logs.join(format!("app-{n}")), text).unwrap();
    (0..4).for_each(|n| write(n, &text));
    app.collect(&logs.as_path().into()).await.unwrap();
    let four = rows(&app).await;
    assert_eq!(four["applications"], (4, 1));
    let everything = crate::RunQuery { limit: 100, ..crate::RunQuery::default() };
    let num_tasks = app.runs(&everything).await.unwrap();
    let num_tasks: u64 = num_tasks.runs.iter().map(|run| run.totals.num_tasks).sum();
    assert_eq!(four["tasks"], (num_tasks, 1));
    assert!(four["stages"].0 > 0 && four["executors"].0 >= 4);

    // Nothing has changed.
    app.collect(&logs.as_path().into()).await.unwrap();
    assert_eq!(rows(&app).await, four);

    // One of the set is another log now: its rows are replaced.
    write(1, &format!("{text}\n"));
    assert_eq!(app.collect(&logs.as_path().into()).await.unwrap().collected, 1);
    assert_eq!(rows(&app).await, four);
    write(1, &text);
    assert_eq!(app.collect(&logs.as_path().into()).await.unwrap().collected, 1);
    assert_eq!(rows(&app).await, four, "as before");

    // Retention takes rows out of shared files.
    let retention = Retention { age: Some(Duration::ZERO), size: None };
    let pruned = app.prune(retention, false).await.unwrap();
    assert_eq!(pruned.num_runs, 4);
    let none = rows(&app).await;
    assert!(none.values().all(|table| *table == (0, 0)), "{none:?}");
    app.close().await;
}

/// Where the current file of a kind lies, of the run that was made of this log.
async fn file_of(app: &App, log: &Path, kind: TableFileKind) -> PathBuf {
    let folder = log.parent().unwrap().canonicalize().unwrap();
    let url = folder.join(log.file_name().unwrap()).display().to_string();
    let run = crate::collect::id_of(&url);
    let files = app.inner.store.file_list(&run).await.unwrap();
    let path = files.into_iter().find(|file| file.file.kind == kind).unwrap().file.path;
    app.inner.data_dir.root().join(path)
}

#[tokio::test]
async fn a_run_whose_record_is_damaged_does_not_keep_the_others_out_of_the_tables() {
    let dir = tempfile::tempdir().unwrap();
    let logs = dir.path().join("logs");
    std::fs::create_dir(&logs).unwrap();
    let app = open(dir.path()).await;
    let text = std::fs::read_to_string(fixture()).unwrap();
    let write = |n: usize, text: &str| std::fs::write(logs.join(format!("app-{n}")), text).unwrap();
    (0..4).for_each(|n| write(n, &text));
    app.collect(&logs.as_path().into()).await.unwrap();
    let four = rows(&app).await;

    let detail = file_of(&app, &logs.join("app-1"), TableFileKind::Detail).await;
    std::fs::write(detail, "no detail file").unwrap();
    // A block, behind the eight bytes by which packs begin: the directory at the end stays whole.
    let pack = file_of(&app, &logs.join("app-2"), TableFileKind::Pack).await;
    let mut bytes = std::fs::read(&pack).unwrap();
    bytes[8..40].fill(0xa5);
    std::fs::write(&pack, bytes).unwrap();
    // The set is out of date now.
    write(0, &format!("{text}\n"));
    app.collect(&logs.as_path().into()).await.unwrap();
    let two = rows(&app).await;
    for (name, (rows, _)) in &four {
        assert_eq!(two[name], (rows / 2, 1), "{name}");
    }
    assert_eq!(app.inner.store.tables_unwritten(10).await.unwrap(), Default::default());

    // They come back when their logs are read again.
    (1..3).for_each(|n| write(n, &format!("{text}\n")));
    app.collect(&logs.as_path().into()).await.unwrap();
    assert_eq!(rows(&app).await, four);
    app.close().await;
}

#[tokio::test]
async fn a_run_that_still_runs_is_in_no_table() {
    let dir = tempfile::tempdir().unwrap();
    let logs = dir.path().join("logs");
    std::fs::create_dir(&logs).unwrap();
    let whole = std::fs::read(fixture()).unwrap();
    let log = logs.join("app-1");
    let open_log = logs.join("app-1.inprogress");
    std::fs::write(&open_log, &whole[..whole.len() / 2]).unwrap();
    let app = open(dir.path()).await;
    app.collect(&logs.as_path().into()).await.unwrap();
    // Its files are written for the next process.
    app.close().await;
    drop(app);
    let app = open(dir.path()).await;
    file_of(&app, &log, TableFileKind::Detail).await;
    // Also when the look of the new process goes on already.
    app.tables_changed();
    app.write_tables_alone().await;
    let running = rows(&app).await;
    assert!(running.values().all(|table| *table == (0, 0)), "{running:?}");
    std::fs::write(&open_log, &whole).unwrap();
    std::fs::rename(&open_log, &log).unwrap();
    app.collect(&logs.as_path().into()).await.unwrap();
    assert_eq!(rows(&app).await["applications"], (1, 1));
    app.close().await;
}

#[tokio::test]
async fn pruning_some_keeps_the_rows_of_the_others() {
    let dir = tempfile::tempdir().unwrap();
    let logs = dir.path().join("logs");
    std::fs::create_dir(&logs).unwrap();
    let app = open(dir.path()).await;
    for n in 0..3 {
        std::fs::copy(fixture(), logs.join(format!("app-{n}"))).unwrap();
    }
    app.collect(&logs.as_path().into()).await.unwrap();
    let before = rows(&app).await;
    let total = app.inner.store.files_size().await.unwrap();
    let limit = Bytes(total.0 - 1);
    let retention = Retention { age: None, size: Some(limit) };
    assert_eq!(app.prune(retention, false).await.unwrap().num_runs, 1);
    let after = rows(&app).await;
    for (name, (rows, _)) in &before {
        assert_eq!(after[name].0, rows / 3 * 2, "{name}");
    }
    assert!(app.inner.store.files_size().await.unwrap() <= limit);
    app.close().await;
}

#[tokio::test]
async fn small_sets_are_put_together_and_a_killed_writer_leaves_the_tables_whole() {
    let dir = tempfile::tempdir().unwrap();
    let app = open(dir.path()).await;
    for n in 0..FEWEST_SETS {
        let logs = dir.path().join(format!("app-{n}"));
        std::fs::copy(fixture(), &logs).unwrap();
        app.collect(&logs.as_path().into()).await.unwrap();
    }
    let together = rows(&app).await;
    assert_eq!(together["applications"], (FEWEST_SETS as u64, 1));
    assert!(together["tasks"].0 > 0);

    // Files that were written and never published: nobody sees them, and the next look writes them again.
    let unwritten = app.inner.store.tables_unwritten(10).await.unwrap();
    assert_eq!(unwritten, Default::default());
    let extra = dir.path().join("app-extra");
    std::fs::copy(fixture(), &extra).unwrap();
    let source: crate::LogSource = extra.as_path().into();
    app.collect(&source).await.unwrap();
    let sets = app.inner.store.table_sets().await.unwrap();
    let members = app.inner.store.table_members(&sets[0].id).await.unwrap();
    let root = app.inner.data_dir.root().to_owned();
    let orphan = merge(&root, &sets, members).unwrap();
    let before = rows(&app).await;
    app.tables_changed();
    app.write_tables_alone().await;
    assert_eq!(rows(&app).await, before);
    assert!(orphan.files.iter().all(|file| root.join(&file.path).exists()));

    // Not those of this process, which may still publish them.
    assert_eq!(app.remove_unpublished(SystemTime::UNIX_EPOCH).await.unwrap(), 0);
    let later = SystemTime::now() + Duration::from_secs(1);
    assert_eq!(app.remove_unpublished(later).await.unwrap(), Table::ALL.len());
    assert_eq!(rows(&app).await, before, "with the files that are current");

    // A set whose member was read again meanwhile is not published.
    let mut outdated = orphan;
    outdated.members[0].detail = "details/gone".to_owned();
    let published = app.inner.store.tables_publish(vec![outdated], vec![], now()).await.unwrap();
    assert!(!published);
    assert_eq!(rows(&app).await, before);
    app.close().await;
}
