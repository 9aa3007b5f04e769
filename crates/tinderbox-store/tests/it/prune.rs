//! What retention removes and what stays.

use crate::sqlite::with_store;
use crate::{at, run};
use tinderbox_model::{AttemptNumber, Bytes, Origin, RunId, RunState};
use tinderbox_store::{NewTableFile, Run, RunFilter, StatsQuery, Store, TableFileKind};

async fn add(store: &Store, id: &str, state: RunState, ended: i64) {
    let new =
        Run { origin: Origin::Observed, state, ended: (ended >= 0).then(|| at(ended)), ..run(id) };
    store.run_create(&new).await.expect("creates");
    let file = NewTableFile {
        kind: TableFileKind::Detail,
        path: format!("details/{id}"),
        run: new.id,
        attempt: AttemptNumber(1),
        num_rows: 1,
        num_bytes: Bytes(100),
    };
    store.file_publish(&file, at(0)).await.expect("publishes");
}

#[test]
fn the_oldest_ended_runs_go_with_their_files_and_stay_counted() {
    with_store(|store| async move {
        add(&store, "old", RunState::Succeeded, 10).await;
        add(&store, "older", RunState::Failed, 5).await;
        add(&store, "young", RunState::Succeeded, 100).await;
        // Its record breaks off; it last changed when it was made.
        add(&store, "broken", RunState::Lost, -1).await;
        add(&store, "runs", RunState::Running, -1).await;
        let launched = run("launched");
        store.run_create(&launched).await.expect("creates");

        let prunable = store.run_prunable(at(50), 10).await.expect("lists");
        let ids: Vec<&str> = prunable.iter().map(|one| one.id.as_str()).collect();
        assert_eq!(ids, ["broken", "older", "old"]);
        assert!(prunable.iter().all(|one| one.size == Bytes(100)));
        assert_eq!(store.files_size().await.expect("adds"), Bytes(500));

        let mut asked: Vec<RunId> = prunable.into_iter().map(|one| one.id).collect();
        asked.extend([launched.id.clone(), RunId::new("runs")]);
        asked.push(RunId::new("nobody"));
        let removed = store.run_prune(&asked, at(60)).await.expect("prunes");
        assert_eq!(removed.len(), 3, "runs that have not ended stay");
        assert!(store.run_get(&launched.id).await.expect("reads").is_some());
        assert!(store.run_get(&RunId::new("old")).await.expect("reads").is_none());
        assert_eq!(store.files_size().await.expect("adds"), Bytes(200));
        let retired = store.file_retired(at(61), 10).await.expect("lists");
        assert_eq!(retired.len(), 3, "deleted after the grace period");

        assert_eq!(store.run_count(&RunFilter::default()).await.expect("counts"), 3);
        assert_eq!(store.counts_check().await.expect("checks"), []);
        let (rows, _) =
            store.stats(&StatsQuery { limit: 1, ..StatsQuery::default() }).await.expect("reads");
        assert_eq!(rows[0].figures.num_runs, 6, "history survives");
        assert_eq!(store.rollups_check().await.expect("checks"), []);
        assert_eq!(store.rollups_repair().await.expect("repairs"), []);
    });
}
