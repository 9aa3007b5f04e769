//! What any database must do.

use crate::{at, attempt, run};
use tinderbox_model::{
    ApplicationId, AttemptNumber, Bytes, FindingId, Millis, Origin, RunId, RunState, RunTotals,
    SparkVersion, WorkspaceId,
};
use tinderbox_store::{
    ApplicationRecord, AttemptChange, CancelAnswer, Error, EventLog, FindingRow, HistoryAttempt,
    NewTableFile, Report, Retried, Run, RunChange, RunFilter, SpecHash, Store, TableFileKind,
};

async fn get(store: &Store, id: &str) -> Run {
    store.run_get(&RunId::new(id)).await.expect("reads").expect("is there")
}

async fn create(store: &Store, run: &Run) {
    assert!(!store.run_create(run).await.expect("creates").existed);
}

async fn moved(store: &Store, id: &str, from: RunState, to: RunState, ms: i64) -> bool {
    store.run_move(&RunId::new(id), from, to, &RunChange::at(at(ms))).await.expect("moves")
}

pub async fn a_run_reads_back_as_it_was_created(store: Store) {
    let full = Run {
        workspace: WorkspaceId::new("team-a"),
        name: String::from("Täglicher Bericht"),
        job_type: String::from("application"),
        origin: Origin::Observed,
        engine: String::from("local"),
        state: RunState::TimedOut,
        spec_hash: Some(SpecHash::of("name: x")),
        spec_label: Some(String::from("jobs/x.yaml")),
        parameters: String::from(r#"{"date":"2025-10-09"}"#),
        submitted: Some(at(1)),
        started: Some(at(2)),
        ended: Some(at(3)),
        duration: Some(Millis(1)),
        application_id: Some(ApplicationId::new("local-1760000000000")),
        spark_version: SparkVersion::parse("3.5.0-amzn-1"),
        user: String::from("ann"),
        totals: RunTotals {
            num_stages: 1,
            num_tasks: 2,
            num_failed_tasks: 3,
            num_executors: 4,
            task_time: Millis(5),
            gc_time: Millis(6),
            input: Bytes(7),
            output: Bytes(8),
            shuffle_read: Bytes(9),
            shuffle_write: Bytes(10),
            disk_spill: Bytes(11),
            memory_spill: Bytes(1 << 60),
            core_time: Some(Millis(77)),
        },
        num_findings: 12,
        worst_severity: Some(String::from("critical")),
        exit_code: Some(-15),
        error: Some(String::from("it's over")),
        partial: true,
        collected: true,
        advice_run: Some(RunId::new("earlier")),
        timeout: Some(Millis(60_000)),
        cancel_requested: Some(at(4)),
        idempotency_key: Some(String::from("key")),
        updated: at(5),
        ..run("full")
    };
    let bare = run("bare");
    for run in [full, bare] {
        let created = store.run_create(&run).await.expect("creates");
        assert_eq!(created.run, run);
        assert_eq!(get(&store, run.id.as_str()).await, run);
    }
    assert_eq!(store.run_get(&RunId::new("none")).await.expect("reads"), None);
}

pub async fn a_second_run_under_one_id_is_refused(store: Store) {
    create(&store, &run("a")).await;
    let again = store.run_create(&run("a")).await;
    assert!(matches!(again, Err(Error::RunExists { id }) if id.as_str() == "a"));
}

pub async fn a_launched_run_begins_queued(store: Store) {
    let running = Run { state: RunState::Running, ..run("a") };
    assert!(matches!(store.run_create(&running).await, Err(Error::NotQueued { .. })));
    create(&store, &Run { origin: Origin::Observed, ..running }).await;
}

pub async fn an_idempotency_key_makes_one_run_of_a_workspace(store: Store) {
    let keyed = |id| Run { idempotency_key: Some(String::from("k")), ..run(id) };
    create(&store, &keyed("a")).await;
    let again = store.run_create(&keyed("b")).await.expect("answers");
    assert!(again.existed);
    assert_eq!(again.run.id.as_str(), "a");
    create(&store, &Run { workspace: WorkspaceId::new("other"), ..keyed("c") }).await;
    create(&store, &run("d")).await;
    create(&store, &run("e")).await;
    assert_eq!(store.run_count(&RunFilter::default()).await.expect("counts"), 3);
    let workspace = WorkspaceId::default();
    let found = store.run_by_key(&workspace, "k").await.expect("reads").expect("is there");
    assert_eq!(found.idempotency_key.as_deref(), Some("k"));
    assert_eq!(store.run_by_key(&workspace, "other").await.expect("reads"), None);
}

pub async fn an_intent_stores_state_and_identity_together(store: Store) {
    create(&store, &run("a")).await;
    assert!(store.run_intent(&attempt("a", 1)).await.expect("records"));
    let run = get(&store, "a").await;
    assert_eq!((run.state, run.submitted), (RunState::Submitting, Some(at(10))));
    let stored = store.attempt_latest(&run.id).await.expect("reads").expect("is there");
    assert_eq!(stored.state, RunState::Submitting);
    assert_eq!(stored.identity, r#"{"token":"a-1"}"#);
    assert_eq!(stored.directory, "runs/a/1");
}

pub async fn a_second_intent_is_told_no(store: Store) {
    create(&store, &run("a")).await;
    assert!(store.run_intent(&attempt("a", 1)).await.expect("records"));
    assert!(!store.run_intent(&attempt("a", 2)).await.expect("answers"));
    assert_eq!(store.attempt_list(&RunId::new("a")).await.expect("lists").len(), 1);
    let unknown = store.run_intent(&attempt("b", 1)).await;
    assert!(matches!(unknown, Err(Error::RunNotFound { .. })));
}

pub async fn an_illegal_move_is_refused(store: Store) {
    create(&store, &run("a")).await;
    let id = RunId::new("a");
    let change = RunChange::at(at(1));
    for (from, to) in [
        (RunState::Queued, RunState::Running),
        (RunState::Succeeded, RunState::Running),
        (RunState::Queued, RunState::Queued),
    ] {
        let refused = store.run_move(&id, from, to, &change).await;
        assert!(matches!(refused, Err(Error::IllegalMove { .. })), "{from} to {to}");
    }
    assert_eq!(get(&store, "a").await, run("a"));
}

pub async fn a_move_from_another_state_changes_nothing(store: Store) {
    create(&store, &run("a")).await;
    assert!(!moved(&store, "a", RunState::Starting, RunState::Running, 1).await);
    assert_eq!(get(&store, "a").await, run("a"));
    let change = RunChange::at(at(1));
    let id = RunId::new("none");
    let unknown = store.run_move(&id, RunState::Queued, RunState::Failed, &change).await;
    assert!(matches!(unknown, Err(Error::RunNotFound { .. })));
}

pub async fn the_end_of_a_run_sets_its_times_and_its_attempt(store: Store) {
    create(&store, &run("a")).await;
    assert!(store.run_intent(&attempt("a", 1)).await.expect("records"));
    assert!(moved(&store, "a", RunState::Submitting, RunState::Running, 100).await);
    let id = RunId::new("a");
    let end = RunChange {
        exit_code: Some(1),
        error: Some(String::from("no such table")),
        ..RunChange::at(at(350))
    };
    assert!(store.run_move(&id, RunState::Running, RunState::Failed, &end).await.expect("moves"));
    let run = get(&store, "a").await;
    assert_eq!(run.state, RunState::Failed);
    assert_eq!((run.started, run.ended), (Some(at(100)), Some(at(350))));
    assert_eq!(run.duration, Some(Millis(250)));
    assert_eq!(run.error.as_deref(), Some("no such table"));
    let attempt = store.attempt_latest(&id).await.expect("reads").expect("is there");
    assert_eq!(attempt.state, RunState::Failed);
    assert_eq!((attempt.ended, attempt.exit_code), (Some(at(350)), Some(1)));
}

pub async fn a_queued_run_is_cancelled_at_once(store: Store) {
    create(&store, &run("a")).await;
    let id = RunId::new("a");
    let answer = store.run_request_cancel(&id, at(5)).await.expect("answers");
    assert_eq!(answer, CancelAnswer::Cancelled);
    let run = get(&store, "a").await;
    assert_eq!((run.state, run.ended), (RunState::Cancelled, Some(at(5))));
    assert!(!store.run_intent(&attempt("a", 1)).await.expect("answers"), "too late to submit");
    let answer = store.run_request_cancel(&id, at(6)).await.expect("answers");
    assert_eq!(answer, CancelAnswer::AlreadyOver(RunState::Cancelled));
}

pub async fn a_cancel_request_keeps_its_first_time(store: Store) {
    create(&store, &run("a")).await;
    assert!(store.run_intent(&attempt("a", 1)).await.expect("records"));
    for ms in [20, 30] {
        let answer = store.run_request_cancel(&RunId::new("a"), at(ms)).await.expect("answers");
        assert_eq!(answer, CancelAnswer::Requested);
    }
    let run = get(&store, "a").await;
    assert_eq!(run.cancel_requested, Some(at(20)));
    assert_eq!(run.state, RunState::Submitting);
}

pub async fn an_observed_record_is_not_undone_by_a_late_live_one(store: Store) {
    create(&store, &run("a")).await;
    let id = RunId::new("a");
    let collected = ApplicationRecord {
        application_id: Some(ApplicationId::new("app-1")),
        spark_version: SparkVersion::parse("4.0.0"),
        user: Some(String::from("ann")),
        started: Some(at(1)),
        ended: Some(at(9)),
        duration: Some(Millis(8)),
        totals: RunTotals { num_tasks: 200, ..RunTotals::default() },
        error: None,
        partial: false,
        collected: true,
    };
    store.run_record_application(&id, &collected, at(50)).await.expect("records");
    let after = get(&store, "a").await;
    assert_eq!(after.totals.num_tasks, 200);
    assert_eq!((after.duration, after.user.as_str()), (Some(Millis(8)), "ann"));
    let live = ApplicationRecord {
        totals: RunTotals { num_tasks: 150, ..RunTotals::default() },
        ..ApplicationRecord::default()
    };
    store.run_record_application(&id, &live, at(60)).await.expect("records");
    assert_eq!(get(&store, "a").await, after);
}

pub async fn unfinished_runs_are_the_launched_ones_that_have_not_ended(store: Store) {
    for (id, ms) in [("b", 2), ("a", 1), ("c", 3)] {
        create(&store, &Run { created: at(ms), ..run(id) }).await;
    }
    let observed = Run { origin: Origin::Observed, state: RunState::Running, ..run("o") };
    create(&store, &observed).await;
    let elsewhere = Run { workspace: WorkspaceId::new("w"), created: at(4), ..run("d") };
    create(&store, &elsewhere).await;
    assert!(moved(&store, "c", RunState::Queued, RunState::Failed, 5).await);
    let unfinished = store.run_unfinished().await.expect("lists");
    let ids: Vec<_> = unfinished.iter().map(|run| run.id.as_str()).collect();
    assert_eq!(ids, ["a", "b", "d"]);
}

pub async fn a_run_is_found_by_either_end_of_its_id(store: Store) {
    for (id, ms) in [("0199-aaaa-1111", 1), ("0199-bbbb-2222", 2), ("0200-bbbb-1111", 3)] {
        create(&store, &Run { created: at(ms), ..run(id) }).await;
    }
    let workspace = WorkspaceId::default();
    for (text, id) in [
        ("0199-aaaa-1111", "0199-aaaa-1111"),
        ("0199-a", "0199-aaaa-1111"),
        ("2222", "0199-bbbb-2222"),
        ("0200", "0200-bbbb-1111"),
        (" latest ", "0200-bbbb-1111"),
    ] {
        let found = store.run_find(&workspace, text).await.expect(text);
        assert_eq!(found.id.as_str(), id, "{text}");
    }
    let error = store.run_find(&workspace, "0199").await.expect_err("is ambiguous");
    assert_eq!(error.to_string(), "\"0199\" fits several runs: 0199-aaaa-1111, 0199-bbbb-2222");
    for text in ["1", "9999", "", "%"] {
        let error = store.run_find(&workspace, text).await.expect_err(text);
        let ambiguous = matches!(error, Error::RunAmbiguous { .. });
        assert_eq!(ambiguous, text == "1", "{text}: {error}");
    }
    let elsewhere = store.run_find(&WorkspaceId::new("w"), "latest").await;
    assert!(matches!(elsewhere, Err(Error::RunNotFound { .. })));
}

pub async fn the_newest_run_of_an_application_is_found(store: Store) {
    let application = ApplicationId::new("local-1");
    for (id, ms) in [("a", 1), ("b", 2)] {
        let run = Run { created: at(ms), application_id: Some(application.clone()), ..run(id) };
        create(&store, &run).await;
    }
    let workspace = WorkspaceId::default();
    let found = store.run_by_application(&workspace, &application).await.expect("reads");
    assert_eq!(found.map(|run| run.id), Some(RunId::new("b")));
    let none = store.run_by_application(&workspace, &ApplicationId::new("x")).await.expect("reads");
    assert_eq!(none, None);
}

pub async fn concurrent_writers_all_succeed(store: Store) {
    let writers: Vec<_> = (0..16)
        .map(|writer| {
            let store = store.clone();
            tokio::spawn(async move {
                for n in 0..25 {
                    create(&store, &run(&format!("{writer}-{n}"))).await;
                }
            })
        })
        .collect();
    for writer in writers {
        writer.await.expect("no panic");
    }
    assert_eq!(store.run_count(&RunFilter::default()).await.expect("counts"), 400);
    assert_eq!(store.counts_check().await.expect("checks"), []);
}

pub async fn only_one_of_many_intents_wins(store: Store) {
    create(&store, &run("a")).await;
    let drivers: Vec<_> = (1..=20)
        .map(|number| {
            let store = store.clone();
            tokio::spawn(async move { store.run_intent(&attempt("a", number)).await })
        })
        .collect();
    let mut won = 0;
    for driver in drivers {
        won += u32::from(driver.await.expect("no panic").expect("answers"));
    }
    assert_eq!(won, 1);
    assert_eq!(store.attempt_list(&RunId::new("a")).await.expect("lists").len(), 1);
}

pub async fn a_failed_write_undoes_only_itself(store: Store) {
    create(&store, &run("taken")).await;
    let finding = FindingRow {
        id: FindingId::new("skew/1"),
        rule: String::from("skew"),
        severity: String::from("warning"),
        title: String::from("t"),
    };
    let report =
        Report { run: RunId::new("taken"), version: 1, body: String::new(), created: at(1) };
    let twice = [finding.clone(), finding];
    // All four are queued before the first one runs, so they share a transaction.
    let (a, b, taken) = (run("a"), run("b"), run("taken"));
    let (a, refused, broken, b) = tokio::join!(
        store.run_create(&a),
        store.run_create(&taken),
        store.report_put(&report, &twice),
        store.run_create(&b),
    );
    assert!(a.is_ok() && b.is_ok());
    assert!(matches!(refused, Err(Error::RunExists { .. })));
    assert!(matches!(broken, Err(Error::Query { .. })), "{broken:?}");
    for id in ["a", "b", "taken"] {
        assert_eq!(get(&store, id).await, run(id));
    }
    assert_eq!(store.finding_list(&report.run).await.expect("lists"), []);
    assert_eq!(store.counts_check().await.expect("checks"), []);
}

pub async fn a_spec_is_stored_once_under_its_hash(store: Store) {
    // From `printf 'name: daily\n' | sha256sum`.
    let expected = "8ab5352ef171a001dcfab346680376b2dc63dacca7cd9792aad8156b34e4c928";
    let hash = store.spec_put("daily", "name: daily\n", at(1)).await.expect("stores");
    assert_eq!(hash.as_str(), expected);
    assert_eq!(store.spec_put("other", "name: daily\n", at(2)).await.expect("stores"), hash);
    let version = store.spec_get(&hash).await.expect("reads").expect("is there");
    assert_eq!((version.name.as_str(), version.created), ("daily", at(1)));
    assert_eq!(version.text, "name: daily\n");
    assert_eq!(store.spec_get(&SpecHash::of("x")).await.expect("reads"), None);
}

pub async fn a_report_replaces_the_one_before(store: Store) {
    create(&store, &run("a")).await;
    let finding = |id: &str, severity: &str| FindingRow {
        id: FindingId::new(id),
        rule: String::from("skew"),
        severity: String::from(severity),
        title: format!("{id} is slow"),
    };
    let report = |body: &str, ms| Report {
        run: RunId::new("a"),
        version: 1,
        body: String::from(body),
        created: at(ms),
    };
    let first = [finding("z", "critical"), finding("b", "warning"), finding("c", "info")];
    store.report_put(&report("{}", 1), &first).await.expect("stores");
    let id = RunId::new("a");
    assert_eq!(store.finding_list(&id).await.expect("lists"), first);
    let run = get(&store, "a").await;
    assert_eq!((run.num_findings, run.worst_severity.as_deref()), (3, Some("critical")));
    let second = [finding("b", "warning")];
    let body = format!("{{\"text\":\"{}\"}}", "x".repeat(200_000));
    store.report_put(&report(&body, 2), &second).await.expect("stores");
    assert_eq!(store.finding_list(&id).await.expect("lists"), second);
    assert_eq!(store.report_get(&id).await.expect("reads"), Some(report(&body, 2)));
    assert_eq!(get(&store, "a").await.num_findings, 1);
    let with_rule = RunFilter { rule: Some(String::from("skew")), ..RunFilter::default() };
    assert_eq!(store.run_count(&with_rule).await.expect("counts"), 1);
    store.report_put(&report("{}", 3), &[]).await.expect("stores");
    assert_eq!(store.run_count(&with_rule).await.expect("counts"), 0);
    assert_eq!(get(&store, "a").await.worst_severity, None);
}

pub async fn publishing_retires_the_file_before(store: Store) {
    let file = |path: &str, kind| NewTableFile {
        kind,
        path: String::from(path),
        run: RunId::new("a"),
        attempt: AttemptNumber(1),
        num_rows: 200,
        num_bytes: Bytes(4_096),
    };
    let run = RunId::new("a");
    let long = format!("tables/{}/a-1.parquet", "x".repeat(300));
    store.file_publish(&file("tables/old", TableFileKind::Tasks), at(1)).await.expect("publishes");
    store.file_publish(&file("detail", TableFileKind::Detail), at(2)).await.expect("publishes");
    for ms in [3, 4] {
        store.file_publish(&file(&long, TableFileKind::Tasks), at(ms)).await.expect("publishes");
    }
    let current = store.file_list(&run).await.expect("lists");
    let paths: Vec<_> = current.iter().map(|f| (f.file.path.as_str(), f.created)).collect();
    assert_eq!(paths, [("detail", at(2)), (long.as_str(), at(3))]);
    assert_eq!(current[1].file, file(&long, TableFileKind::Tasks));
    assert!(store.file_retired(at(3), 10).await.expect("lists").is_empty(), "grace period");
    let retired = store.file_retired(at(4), 10).await.expect("lists");
    assert_eq!(retired.len(), 1);
    assert_eq!((retired[0].file.path.as_str(), retired[0].retired), ("tables/old", Some(at(3))));
    let paths = ["tables/old", "tables/none", &long].map(String::from);
    assert_eq!(store.files_unknown(&paths).await.expect("reads"), ["tables/none"]);
    let forgotten = store.files_forget(&paths).await.expect("forgets");
    assert_eq!(forgotten, 1, "a current file stays");
    assert_eq!(store.files_unknown(&paths).await.expect("reads"), paths[..2]);
}

pub async fn an_event_log_is_remembered_until_it_changes(store: Store) {
    let log = EventLog {
        url: format!("/logs/{}", "x".repeat(400)),
        size: Bytes(100),
        modified: at(1),
        run: Some(RunId::new("a")),
        collected: at(2),
    };
    assert_eq!(store.event_log_get(&log.url).await.expect("reads"), None);
    store.event_log_put(&log).await.expect("remembers");
    assert_eq!(store.event_log_get(&log.url).await.expect("reads"), Some(log.clone()));
    let grown = EventLog { size: Bytes(200), run: None, ..log };
    store.event_log_put(&grown).await.expect("remembers");
    assert_eq!(store.event_log_get(&grown.url).await.expect("reads"), Some(grown));
}

pub async fn logs_are_known_with_what_became_of_their_runs(store: Store) {
    let mut urls = Vec::new();
    for (id, state, has_pack) in [
        ("gone", None, false),
        ("plain", Some(RunState::Succeeded), false),
        ("packed", Some(RunState::Lost), true),
        ("runs", Some(RunState::Running), true),
    ] {
        if let Some(state) = state {
            create(&store, &Run { origin: Origin::Observed, state, ..run(id) }).await;
        }
        for kind in [TableFileKind::Detail, TableFileKind::Pack] {
            let file = NewTableFile {
                kind,
                path: format!("{}/{id}", kind.as_str()),
                run: RunId::new(id),
                attempt: AttemptNumber(1),
                num_rows: 1,
                num_bytes: Bytes(1),
            };
            if kind == TableFileKind::Detail || has_pack {
                store.file_publish(&file, at(0)).await.expect("publishes");
            }
        }
        let url = format!("/logs/{id}");
        let log = EventLog {
            url: url.clone(),
            size: Bytes(1),
            modified: at(1),
            run: state.map(|_| RunId::new(id)),
            collected: at(2),
        };
        store.event_log_put(&log).await.expect("remembers");
        urls.push(url);
    }
    // One that nobody has seen, and more than one statement takes; one that is known is not asked for.
    urls.push("/logs/new".to_owned());
    urls.extend((0..600).map(|n| format!("/logs/none-{n}")));
    let known = store.event_log_of(&urls[1..]).await.expect("reads");
    let mut found: Vec<_> =
        known.iter().map(|(url, log)| (url.as_str(), log.has_pack, log.is_running)).collect();
    found.sort_unstable();
    let expected =
        [("/logs/packed", true, false), ("/logs/plain", false, false), ("/logs/runs", true, true)];
    assert_eq!(found, expected);
    let gone = store.event_log_of(&urls[..1]).await.expect("reads");
    assert_eq!(gone["/logs/gone"].log.run, None);
    assert!(!gone["/logs/gone"].has_pack);
}

pub async fn attempts_of_an_application_are_listed_for_the_run_of_one(store: Store) {
    for (id, application) in [("a", "app-1"), ("b", "app-1"), ("c", "app-2")] {
        let attempt = HistoryAttempt {
            run: RunId::new(id),
            application: ApplicationId::new(application),
            attempt: None,
            name: String::new(),
            user: String::new(),
            spark_version: String::new(),
            started: at(0),
            ended: None,
            updated: at(1),
            exit_code: None,
            event_log: format!("/logs/{id}"),
        };
        store.history_put(&attempt).await.expect("records");
    }
    let listed = store.history_list_of(&["a", "none"].map(RunId::new)).await.expect("lists");
    let mut runs: Vec<_> = listed.iter().map(|attempt| attempt.run.as_str()).collect();
    runs.sort_unstable();
    assert_eq!(runs, ["a", "b"]);
    assert_eq!(store.history_list_of(&[]).await.expect("lists"), []);
}

pub async fn an_attempt_learns_after_its_intent(store: Store) {
    create(&store, &run("a")).await;
    assert!(store.run_intent(&attempt("a", 1)).await.expect("records"));
    let id = RunId::new("a");
    let learned = AttemptChange {
        identity: Some(String::from(r#"{"pid":42}"#)),
        event_log: Some(String::from("runs/a/1/log")),
    };
    let number = AttemptNumber(1);
    assert!(store.attempt_update(&id, number, &learned).await.expect("updates"));
    assert!(store.attempt_update(&id, number, &AttemptChange::default()).await.expect("updates"));
    let stored = store.attempt_latest(&id).await.expect("reads").expect("is there");
    assert_eq!(stored.identity, r#"{"pid":42}"#);
    assert_eq!(stored.event_log.as_deref(), Some("runs/a/1/log"));
    assert_eq!(stored.state, RunState::Submitting);
    let unknown = store.attempt_update(&id, AttemptNumber(2), &learned).await.expect("answers");
    assert!(!unknown);
}

pub async fn an_attempt_that_failed_is_followed_by_another(store: Store) {
    create(&store, &run("a")).await;
    assert!(store.run_intent(&attempt("a", 1)).await.expect("records"));
    assert!(moved(&store, "a", RunState::Submitting, RunState::Starting, 1).await);
    assert!(moved(&store, "a", RunState::Starting, RunState::Running, 2).await);
    let id = RunId::new("a");
    let record = ApplicationRecord {
        application_id: Some(ApplicationId::new("app-1")),
        collected: true,
        ..ApplicationRecord::default()
    };
    store.run_record_application(&id, &record, at(3)).await.expect("records");
    let first = AttemptNumber(1);
    assert_eq!(store.run_retry(&id, first, at(4)).await.expect("retries"), Retried::Queued);
    let again = get(&store, "a").await;
    let queued = (again.state, again.started, again.application_id.clone(), again.collected);
    assert_eq!(queued, (RunState::Queued, None, None, false));
    let attempts = store.attempt_list(&id).await.expect("lists");
    assert_eq!((attempts[0].state, attempts[0].ended), (RunState::Failed, Some(at(4))));
    // Whoever comes later with the same wish changes nothing.
    assert_eq!(store.run_retry(&id, first, at(5)).await.expect("answers"), Retried::NotWanted);
    assert!(store.run_intent(&attempt("a", 2)).await.expect("records"));
    assert_eq!(store.run_retry(&id, first, at(6)).await.expect("answers"), Retried::NotWanted);
    assert!(moved(&store, "a", RunState::Submitting, RunState::Starting, 7).await);
    assert!(moved(&store, "a", RunState::Starting, RunState::Succeeded, 8).await);
    let states: Vec<_> =
        store.attempt_list(&id).await.expect("lists").iter().map(|a| a.state).collect();
    assert_eq!(states, [RunState::Failed, RunState::Succeeded]);
    let second = AttemptNumber(2);
    assert_eq!(store.run_retry(&id, second, at(9)).await.expect("answers"), Retried::NotWanted);
    assert!(store.counts_check().await.expect("counts").is_empty());
}

pub async fn a_profile_keeps_its_versions(store: Store) {
    let (mine, other) = (WorkspaceId::default(), WorkspaceId::new("other"));
    let put = async |text: &str, ms: i64| {
        store.profile_put(&mine, ("lab", "standalone"), text, at(ms)).await.expect("stores")
    };
    let first = put("name: lab", 1).await;
    assert_eq!((first.version, first.is_current), (1, true));
    assert_eq!(put("name: lab", 2).await, first);
    let second = put("name: lab # larger", 3).await;
    assert_eq!(second.version, 2);
    let read = async |version| store.profile_version(&mine, "lab", version).await.expect("reads");
    assert_eq!(store.profile_get(&mine, "lab").await.expect("reads"), Some(second.clone()));
    assert_eq!(read(1).await.expect("is there").text, "name: lab");
    assert_eq!(store.profile_get(&other, "lab").await.expect("reads"), None);
    store.profile_put(&mine, ("a", "local"), "name: a", at(4)).await.expect("stores");
    let listed = store.profile_list(&mine).await.expect("lists");
    let names: Vec<_> = listed.iter().map(|one| (one.name.as_str(), one.version)).collect();
    assert_eq!(names, [("a", 1), ("lab", 2)]);
    assert!(store.profile_remove(&mine, "lab").await.expect("removes"));
    assert!(!store.profile_remove(&mine, "lab").await.expect("answers"));
    assert_eq!(store.profile_get(&mine, "lab").await.expect("reads"), None);
    assert_eq!(read(2).await.expect("stays").text, second.text);
    // What was removed comes back under a number of its own.
    assert_eq!(put("name: lab", 5).await.version, 3);
}
