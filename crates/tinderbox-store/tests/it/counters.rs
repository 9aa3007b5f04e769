//! Counters against what they count.

use crate::sqlite::with_store;
use crate::{at, attempt, run};
use proptest::prelude::*;
use tinderbox_model::{Origin, RunState, WorkspaceId};
use tinderbox_store::{Run, RunChange, RunFilter, Store};

/// One change, on one of a few runs.
#[derive(Debug, Clone)]
enum Operation {
    Create { id: u8, engine: u8, observed: Option<RunState> },
    Intent { id: u8 },
    Move { id: u8, to: RunState },
    Cancel { id: u8 },
}

fn state() -> impl Strategy<Value = RunState> {
    prop::sample::select(RunState::ALL.to_vec())
}

fn operation() -> impl Strategy<Value = Operation> {
    let id = 0..12_u8;
    prop_oneof![
        3 => (id.clone(), 0..3_u8, prop::option::of(state()))
            .prop_map(|(id, engine, observed)| Operation::Create { id, engine, observed }),
        2 => id.clone().prop_map(|id| Operation::Intent { id }),
        4 => (id.clone(), state()).prop_map(|(id, to)| Operation::Move { id, to }),
        1 => id.prop_map(|id| Operation::Cancel { id }),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn counters_equal_a_recount_after_any_operations(operations in prop::collection::vec(operation(), 1..60)) {
        with_store(|store| async move {
            for operation in operations {
                apply(&store, operation).await;
            }
            assert_eq!(store.counts_check().await.expect("checks"), []);
            let workspace = WorkspaceId::default();
            let counts = store.run_counts(&workspace).await.expect("reads");
            for state in RunState::ALL {
                let of_state: u64 =
                    counts.iter().filter(|c| c.state == state).map(|c| c.num_runs).sum();
                let filter = RunFilter { states: vec![state], ..RunFilter::default() };
                assert_eq!(store.run_count(&filter).await.expect("counts"), of_state);
                // A lower bound in time makes the store count the rows themselves.
                let rows = RunFilter { since: Some(at(-1)), ..filter };
                assert_eq!(store.run_count(&rows).await.expect("counts"), of_state);
            }
        });
    }
}

/// Does what can be done; what a run cannot do is refused or answered `false`.
async fn apply(store: &Store, operation: Operation) {
    match operation {
        Operation::Create { id, engine, observed } => {
            let new = Run {
                engine: format!("engine-{engine}"),
                origin: if observed.is_some() { Origin::Observed } else { Origin::Launched },
                state: observed.unwrap_or(RunState::Queued),
                ..run(&id.to_string())
            };
            let taken = store.run_get(&new.id).await.expect("reads").is_some();
            assert_eq!(store.run_create(&new).await.is_err(), taken);
        }
        Operation::Intent { id } => {
            let queued = now_in(store, id).await == Some(RunState::Queued);
            let answer = store.run_intent(&attempt(&id.to_string(), 1)).await;
            assert_eq!(matches!(answer, Ok(true)), queued);
        }
        Operation::Move { id, to } => {
            let Some(from) = now_in(store, id).await else { return };
            let id = run(&id.to_string()).id;
            let answer = store.run_move(&id, from, to, &RunChange::at(at(1))).await;
            assert_eq!(matches!(answer, Ok(true)), from.can_move_to(to));
        }
        Operation::Cancel { id } => {
            let known = now_in(store, id).await.is_some();
            let answer = store.run_request_cancel(&run(&id.to_string()).id, at(2)).await;
            assert_eq!(answer.is_ok(), known);
        }
    }
}

async fn now_in(store: &Store, id: u8) -> Option<RunState> {
    store.run_get(&run(&id.to_string()).id).await.expect("reads").map(|run| run.state)
}
