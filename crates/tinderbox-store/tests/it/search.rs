//! Runs are found by their words.

use crate::sqlite::with_store;
use crate::{at, run};
use tinderbox_model::{ApplicationId, RunState, WorkspaceId};
use tinderbox_store::{Run, RunChange, Store};

async fn found(store: &Store, text: &str) -> Vec<String> {
    let found = store.run_search(&WorkspaceId::default(), text, 10).await.expect("searches");
    let show = |one: &tinderbox_store::Found| {
        let matched: Vec<String> =
            one.matched.iter().map(|(field, word)| format!("{field}={word}")).collect();
        format!("{} {}", one.run.id, matched.join(" "))
    };
    found.iter().map(show).collect()
}

#[test]
fn runs_are_found_by_the_beginnings_of_all_words() {
    with_store(|store| async move {
        for (id, name, user, app, created) in [
            ("r1", "Daily orders", "ada", "local-1", 1),
            ("r2", "daily customers", "bob", "local-2", 2),
            ("r3", "orders", "ada", "app-3", 3),
        ] {
            let new = Run {
                name: name.to_owned(),
                user: user.to_owned(),
                application_id: Some(ApplicationId::new(app)),
                created: at(created),
                ..run(id)
            };
            store.run_create(&new).await.expect("creates");
        }
        assert_eq!(found(&store, "orders").await, ["r3 name=orders", "r1 name=orders"]);
        assert_eq!(found(&store, "ORD").await, ["r3 name=orders", "r1 name=orders"]);
        assert_eq!(
            found(&store, "orders ad").await,
            ["r3 name=orders user=ada", "r1 name=orders user=ada"]
        );
        assert_eq!(found(&store, "local-2").await, ["r2 application_id=local-2"]);
        assert_eq!(found(&store, "r2").await, ["r2 id=r2"]);
        assert_eq!(found(&store, "bob orders").await, [""; 0]);
        assert_eq!(found(&store, "  ").await, [""; 0]);
    });
}

#[test]
fn words_follow_a_run_as_it_changes() {
    with_store(|store| async move {
        let new = run("r1");
        store.run_create(&new).await.expect("creates");
        let failed = RunChange {
            error: Some("java.lang.OutOfMemoryError: heap\n\tat x".to_owned()),
            ..RunChange::at(at(5))
        };
        let id = new.id;
        let moved = store.run_move(&id, RunState::Queued, RunState::Failed, &failed).await;
        assert!(moved.expect("moves"));
        assert_eq!(found(&store, "outofmem").await, ["r1 error=outofmemoryerror"]);
        store.run_prune(&[id], at(6)).await.expect("prunes");
        assert_eq!(found(&store, "outofmem").await, [""; 0]);
    });
}
