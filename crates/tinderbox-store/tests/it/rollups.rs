//! Rollups against what they count, many runs in one transaction, and what they answer.

use crate::sqlite::with_store;
use crate::{at, run};
use proptest::prelude::*;
use std::time::Instant;
use tinderbox_model::{
    AttemptNumber, Bytes, Distribution, FindingId, Millis, Origin, RunId, RunState, RunTotals,
    SparkVersion, TimestampMs, WorkspaceId,
};
use tinderbox_store::{
    ApplicationRecord, Dimension, Error, EventLog, FindingRow, NewTableFile, Report, Run,
    RunChange, RunFilter, RunRecord, StatsGroup, StatsKey, StatsQuery, Store, TableFileKind,
    VALUE_LIMIT,
};

const HOUR: i64 = 3_600_000;

/// An observed run that began in this hour after the fixed day.
fn observed(id: &str, hour: i64, state: RunState) -> Run {
    Run {
        origin: Origin::Observed,
        job_type: "application".to_owned(),
        state,
        ..Run::new(RunId::new(id), format!("job {}", id.len()), at(hour * HOUR))
    }
}

/// The record of a log whose figures all follow from `n`.
fn record(run: Run, n: u64) -> RunRecord {
    let started = run.created;
    let duration = Millis(1_000 * (n + 1));
    let report = Report { run: run.id.clone(), version: 1, body: "{}".to_owned(), created: at(0) };
    let finding = FindingRow {
        id: FindingId::new("f"),
        rule: "spill".to_owned(),
        severity: "warning".to_owned(),
        title: "It spills".to_owned(),
    };
    let file = |kind: TableFileKind| NewTableFile {
        kind,
        path: format!("{}/{}-{n}", kind.as_str(), run.id),
        run: run.id.clone(),
        attempt: AttemptNumber(1),
        num_rows: n,
        num_bytes: Bytes(100),
    };
    RunRecord {
        attempt: None,
        application: ApplicationRecord {
            spark_version: SparkVersion::parse("3.5.8"),
            user: Some(format!("user {}", n % 3)),
            started: Some(started),
            ended: Some(TimestampMs(started.0 + 1_000)),
            duration: Some(duration),
            totals: RunTotals {
                num_tasks: n,
                task_time: Millis(10 * n),
                core_time: Some(Millis(15 * n)),
                input: Bytes(1_000 * n),
                ..RunTotals::default()
            },
            collected: true,
            ..ApplicationRecord::default()
        },
        event_log: Some(EventLog {
            url: format!("/logs/{}", run.id),
            size: Bytes(n),
            modified: at(0),
            run: Some(run.id.clone()),
            collected: at(0),
        }),
        history: None,
        files: vec![file(TableFileKind::Tasks), file(TableFileKind::Detail)],
        report: Some((report, vec![finding])),
        run,
    }
}

/// One change, on one of a few runs.
#[derive(Debug, Clone)]
enum Operation {
    Batch(Vec<(u8, u64, i64, RunState)>),
    Create { id: u8, hour: i64 },
    Move { id: u8, to: RunState },
    Findings { id: u8, count: usize },
    Prune { id: u8 },
}

fn operation() -> impl Strategy<Value = Operation> {
    let state = prop::sample::select(RunState::ALL.to_vec());
    let id = 0..12_u8;
    let one = (id.clone(), 0..50_u64, 0..60_i64, state.clone());
    prop_oneof![
        3 => prop::collection::vec(one, 1..8).prop_map(Operation::Batch),
        1 => (id.clone(), 0..60_i64).prop_map(|(id, hour)| Operation::Create { id, hour }),
        3 => (id.clone(), state).prop_map(|(id, to)| Operation::Move { id, to }),
        1 => (id.clone(), 0..4_usize).prop_map(|(id, count)| Operation::Findings { id, count }),
        2 => id.prop_map(|id| Operation::Prune { id }),
    ]
}

async fn apply(store: &Store, operation: Operation) {
    match operation {
        Operation::Batch(runs) => {
            let records = runs.into_iter().map(|(id, n, hour, state)| {
                record(observed(&"x".repeat(usize::from(id) + 1), hour, state), n)
            });
            store.run_record_batch(records.collect(), at(5)).await.expect("records");
        }
        Operation::Create { id, hour } => {
            let new = Run { created: at(hour * HOUR), ..run(&"x".repeat(usize::from(id) + 1)) };
            // An id that is taken is refused.
            let _ = store.run_create(&new).await;
        }
        Operation::Move { id, to } => {
            let id = RunId::new("x".repeat(usize::from(id) + 1));
            if let Some(run) = store.run_get(&id).await.expect("reads") {
                let _ = store.run_move(&id, run.state, to, &RunChange::at(at(7 * HOUR))).await;
            }
        }
        Operation::Findings { id, count } => {
            let id = RunId::new("x".repeat(usize::from(id) + 1));
            let (report, findings) =
                record(observed(id.as_str(), 0, RunState::Lost), 0).report.expect("is set");
            let findings: Vec<FindingRow> = (0..count)
                .map(|n| FindingRow { id: FindingId::new(n.to_string()), ..findings[0].clone() })
                .collect();
            // There may be no such run.
            let _ = store.report_put(&report, &findings).await;
        }
        Operation::Prune { id } => {
            let id = RunId::new("x".repeat(usize::from(id) + 1));
            store.run_prune(&[id], at(9)).await.expect("prunes");
        }
    }
}

async fn all(store: &Store) -> (u64, u64) {
    let (rows, _) =
        store.stats(&StatsQuery { limit: 1, ..StatsQuery::default() }).await.expect("reads");
    rows.first().map_or((0, 0), |row| (row.figures.num_runs, row.durations.count()))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 32, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn rollups_equal_a_recount_after_any_operations(operations in prop::collection::vec(operation(), 1..40)) {
        with_store(|store| async move {
            for operation in operations {
                apply(&store, operation).await;
                assert_eq!(store.rollups_check().await.expect("checks"), []);
            }
            assert_eq!(store.counts_check().await.expect("checks"), []);
            // Every way to divide the same runs adds up to the same.
            let (num_runs, num_durations) = all(&store).await;
            for group in [
                StatsGroup::Hour,
                StatsGroup::Day,
                StatsGroup::Workspace,
                StatsGroup::Dimension(Dimension::User),
                StatsGroup::Dimension(Dimension::Name),
            ] {
                let query = StatsQuery { group, limit: 1_000, ..StatsQuery::default() };
                let (rows, _) = store.stats(&query).await.expect("reads");
                assert_eq!(rows.iter().map(|row| row.figures.num_runs).sum::<u64>(), num_runs);
                assert_eq!(rows.iter().map(|row| row.durations.count()).sum::<u64>(), num_durations);
            }
        });
    }

    #[test]
    fn a_batch_says_the_same_as_one_record_after_the_other(
        runs in prop::collection::vec((0..6_u8, 0..50_u64, 0..60_i64), 1..20)
    ) {
        with_store(|together| async move {
            let records: Vec<RunRecord> = runs
                .into_iter()
                .map(|(id, n, hour)| record(observed(&"x".repeat(usize::from(id) + 1), hour, RunState::Succeeded), n))
                .collect();
            let dir = tempfile::tempdir().expect("a folder");
            let apart = Store::open(&dir.path().join("apart.db")).await.expect("opens");
            for record in &records {
                apart.run_record_batch(vec![record.clone()], at(5)).await.expect("records");
            }
            together.run_record_batch(records.clone(), at(5)).await.expect("records");
            for id in records.iter().map(|record| &record.run.id) {
                assert_eq!(together.run_get(id).await.expect("reads"), apart.run_get(id).await.expect("reads"));
                assert_eq!(together.file_list(id).await.expect("reads"), apart.file_list(id).await.expect("reads"));
                assert_eq!(together.report_get(id).await.expect("reads"), apart.report_get(id).await.expect("reads"));
                assert_eq!(together.finding_list(id).await.expect("reads").len(), 1);
            }
            assert_eq!(all(&together).await, all(&apart).await);
            apart.close().await;
        });
    }
}

#[test]
fn a_log_may_name_any_time() {
    with_store(|store| async move {
        for (id, ms) in [("first", i64::MIN), ("last", i64::MAX), ("now", at(0).0)] {
            let mut record = record(observed(id, 0, RunState::Succeeded), 1);
            record.application.started = Some(TimestampMs(ms));
            store.run_record_batch(vec![record], at(5)).await.expect("records");
        }
        for group in [StatsGroup::Nothing, StatsGroup::Hour, StatsGroup::Day] {
            let query = StatsQuery { group, limit: 10, ..StatsQuery::default() };
            let (rows, _) = store.stats(&query).await.expect("reads");
            assert_eq!(rows.iter().map(|row| row.figures.num_runs).sum::<u64>(), 3, "{group:?}");
        }
        assert_eq!(store.rollups_check().await.expect("checks"), []);
    });
}

#[test]
fn an_observed_run_without_a_name_gets_that_of_a_later_record() {
    with_store(|store| async move {
        let named = |name: &str| Run { name: name.to_owned(), ..observed("a", 0, RunState::Lost) };
        for (name, expected) in [("", ""), ("nightly", "nightly"), ("other", "nightly")] {
            let records = vec![record(named(name), 1)];
            store.run_record_batch(records, at(5)).await.expect("records");
            let run = store.run_get(&RunId::new("a")).await.expect("reads").expect("is there");
            assert_eq!(run.name, expected);
        }
        let default = WorkspaceId::default();
        let found = store.run_search(&default, "nightly", 10).await.expect("searches");
        assert_eq!(found.len(), 1);
        assert_eq!(store.rollups_check().await.expect("checks"), []);
    });
}

#[test]
fn statistics_are_those_of_a_hand_count() {
    with_store(|store| async move {
        let states = [
            RunState::Succeeded,
            RunState::Failed,
            RunState::Succeeded,
            RunState::Cancelled,
            RunState::TimedOut,
            RunState::Lost,
        ];
        let records: Vec<RunRecord> = (0_u8..)
            .zip(states)
            .map(|(n, state)| {
                let hour = i64::from(n) * 5;
                record(observed(&format!("r{n}"), hour, state), u64::from(n) + 1)
            })
            .collect();
        store.run_record_batch(records, at(0)).await.expect("records");
        let (rows, groups) =
            store.stats(&StatsQuery { limit: 10, ..StatsQuery::default() }).await.expect("reads");
        assert_eq!((rows.len(), groups), (1, 1));
        let f = rows[0].figures;
        assert_eq!((f.num_runs, f.num_succeeded, f.num_failed), (6, 2, 1));
        assert_eq!(
            (f.num_cancelled, f.num_timed_out, f.num_lost, f.num_unfinished()),
            (1, 1, 1, 0)
        );
        assert_eq!(f.success_rate(), Some(0.5));
        assert_eq!(f.input, Bytes(21_000));
        assert_eq!(
            (f.task_time, f.core_time, f.idle_time),
            (Millis(210), Millis(315), Millis(105))
        );
        assert_eq!(f.lost_task_time, Millis(110), "of the second, the fourth and the fifth");
        assert_eq!(f.num_findings, 6);
        // Five ended, after 2 to 6 seconds.
        assert_eq!(f.duration, Millis(20_000));
        let median = rows[0].durations.quantile(0.5).expect("is there");
        #[allow(clippy::cast_precision_loss)]
        let error = (median.0 as f64 - 4_000.0).abs() / 4_000.0;
        assert!(error <= Distribution::RELATIVE_ERROR, "{median}");

        let user = (Dimension::User, "user 1".to_owned());
        let query = StatsQuery { only: Some(user), limit: 10, ..StatsQuery::default() };
        assert_eq!(store.stats(&query).await.expect("reads").0[0].figures.num_runs, 2);
        let query = StatsQuery { group: StatsGroup::Dimension(Dimension::Name), ..query };
        assert!(matches!(store.stats(&query).await, Err(Error::TwoDimensions { .. })));
        let hours = StatsQuery {
            from: Some(at(0)),
            to: Some(at(11 * HOUR)),
            group: StatsGroup::Hour,
            limit: 2,
            ..StatsQuery::default()
        };
        let (rows, groups) = store.stats(&hours).await.expect("reads");
        assert_eq!((rows.len(), groups), (2, 3), "the two latest of three");
        assert!(rows[0].key < rows[1].key);
    });
}

#[test]
fn values_without_a_place_of_their_own_are_counted_as_other() {
    with_store(|store| async move {
        let count = VALUE_LIMIT + 50;
        let named = |n: usize| Run {
            name: format!("job {n}"),
            ..observed(&format!("run {n}"), 0, RunState::Succeeded)
        };
        let half: Vec<RunRecord> = (0..count / 2).map(|n| record(named(n), 1)).collect();
        store.run_record_batch(half, at(0)).await.expect("records");
        let rest: Vec<RunRecord> = (0..count).map(|n| record(named(n), 2)).collect();
        store.run_record_batch(rest, at(0)).await.expect("records");
        let query = StatsQuery {
            group: StatsGroup::Dimension(Dimension::Name),
            limit: 10_000,
            ..StatsQuery::default()
        };
        let (rows, groups) = store.stats(&query).await.expect("reads");
        assert_eq!(groups, VALUE_LIMIT + 1);
        assert_eq!(rows[0].key, StatsKey::Other, "the largest of them");
        assert_eq!(rows[0].figures.num_runs, 50);
        assert_eq!(rows[0].durations.count(), 50);
        assert_eq!(store.rollups_check().await.expect("checks"), []);
        // A run that changes stays where it is counted.
        store.run_record_batch(vec![record(named(count - 1), 9)], at(0)).await.expect("records");
        assert_eq!(store.rollups_check().await.expect("checks"), []);
        assert_eq!(store.stats(&query).await.expect("reads").1, VALUE_LIMIT + 1);
    });
}

#[test]
fn a_batch_costs_little_and_a_repeated_one_changes_nothing() {
    with_store(|store| async move {
        const RUNS: usize = 2_000;
        let batch = |from: usize| -> Vec<RunRecord> {
            (from..from + 250)
                .map(|n| {
                    let hour = i64::try_from(n / 7).expect("small");
                    let new = observed(&format!("run-{n:05}"), hour, RunState::Succeeded);
                    record(Run { name: format!("job {}", n % 300), ..new }, n as u64)
                })
                .collect()
        };
        let batches: Vec<Vec<RunRecord>> = (0..RUNS).step_by(250).map(batch).collect();
        let start = Instant::now();
        for records in batches.clone() {
            store.run_record_batch(records, at(0)).await.expect("records");
        }
        let each = start.elapsed() / u32::try_from(RUNS).expect("small");
        println!("{each:?} a run");
        // The collection of small logs has 10 ms a log in all on two cores.
        assert!(each.as_millis() < 5, "{each:?} a run");
        let before = all(&store).await;
        for records in batches {
            store.run_record_batch(records, at(0)).await.expect("records");
        }
        assert_eq!(all(&store).await, before);
        let total = store.run_count(&RunFilter::default()).await.expect("counts");
        assert_eq!(total, RUNS as u64);
    });
}
