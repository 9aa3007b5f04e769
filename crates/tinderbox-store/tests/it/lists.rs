//! Lists: order, pages, filters, totals.

use crate::{at, run};
use tinderbox_model::{Bytes, Millis, Origin, RunState, RunTotals, WorkspaceId};
use tinderbox_store::{Page, Run, RunFilter, RunSort, RunSortBy, SortOrder, Store};

const EVERYTHING: Page = Page { offset: 0, limit: 1_000 };

/// Sixty runs: even ones observed, every third one streaming, sizes that repeat.
async fn fill(store: &Store) {
    for n in 0..60_u64 {
        let observed = n % 2 == 0;
        let run = Run {
            name: format!("{} report {n:02}", if n % 5 == 0 { "Daily" } else { "hourly" }),
            created: at(i64::try_from(n).expect("small")),
            origin: if observed { Origin::Observed } else { Origin::Launched },
            state: if observed { RunState::Succeeded } else { RunState::Queued },
            job_type: String::from(if n % 3 == 0 { "streaming" } else { "batch" }),
            engine: String::from(if n < 30 { "local" } else { "yarn" }),
            started: (n % 4 == 0).then(|| at(1_000 - i64::try_from(n).expect("small"))),
            duration: (n % 4 == 0).then_some(Millis(n * 7 % 60)),
            totals: RunTotals {
                num_tasks: n % 7,
                input: Bytes(n % 3),
                shuffle_read: Bytes(60 - n),
                ..RunTotals::default()
            },
            ..run(&format!("run-{n:02}"))
        };
        store.run_create(&run).await.expect("creates");
    }
    let elsewhere = Run { workspace: WorkspaceId::new("w"), ..run("elsewhere") };
    store.run_create(&elsewhere).await.expect("creates");
}

async fn list(store: &Store, filter: &RunFilter, by: RunSortBy, order: SortOrder) -> Vec<Run> {
    let (runs, total) =
        store.run_list(filter, RunSort { by, order }, EVERYTHING).await.expect("lists");
    assert_eq!(u64::try_from(runs.len()).expect("small"), total);
    runs
}

fn ids(runs: &[Run]) -> Vec<&str> {
    runs.iter().map(|run| run.id.as_str()).collect()
}

pub async fn pages_come_in_order_and_count_everything(store: Store) {
    fill(&store).await;
    let filter = RunFilter::default();
    let mut seen = Vec::new();
    for offset in [0, 25, 50, 75] {
        let page = Page { offset, limit: 25 };
        let (runs, total) = store.run_list(&filter, RunSort::default(), page).await.expect("lists");
        assert_eq!(total, 60);
        seen.extend(runs);
    }
    let expected: Vec<_> = (0..60).rev().map(|n| format!("run-{n:02}")).collect();
    assert_eq!(ids(&seen), expected);
}

pub async fn every_sort_is_the_same_forwards_and_backwards(store: Store) {
    use RunSortBy::{
        Created, DiskSpill, Duration, Ended, FailedTasks, Findings, Input, Name, Output,
        ShuffleRead, ShuffleWrite, Started, State, TaskTime, Tasks,
    };
    fill(&store).await;
    let filter = RunFilter::default();
    for by in [
        Created,
        Started,
        Ended,
        Duration,
        Name,
        State,
        TaskTime,
        Input,
        Output,
        ShuffleRead,
        ShuffleWrite,
        DiskSpill,
        Tasks,
        FailedTasks,
        Findings,
    ] {
        let up = list(&store, &filter, by, SortOrder::Ascending).await;
        let mut down = list(&store, &filter, by, SortOrder::Descending).await;
        down.reverse();
        assert_eq!(ids(&up), ids(&down), "{by:?}");
        let key = |run: &Run| match by {
            Started => run.started.map_or(0, |t| u64::try_from(t.0).expect("positive")),
            Duration => run.duration.map_or(0, |d| d.0 + 1),
            Tasks => run.totals.num_tasks,
            Input => run.totals.input.0,
            ShuffleRead => run.totals.shuffle_read.0,
            _ => 0,
        };
        let mut sorted = up.clone();
        sorted.sort_by_key(|run| {
            let word = match by {
                Name => run.name.to_lowercase(),
                State => run.state.to_string(),
                _ => String::new(),
            };
            (word, key(run), run.created)
        });
        assert_eq!(ids(&up), ids(&sorted), "{by:?}");
    }
}

type Fits = fn(&Run) -> bool;

pub async fn filters_narrow_the_list_and_its_total(store: Store) {
    fill(&store).await;
    let all = list(&store, &RunFilter::default(), RunSortBy::Created, SortOrder::Ascending).await;
    let any = RunFilter::default();
    let cases: [(RunFilter, Fits); 8] = [
        (RunFilter { states: vec![RunState::Queued], ..any.clone() }, |r| {
            r.state == RunState::Queued
        }),
        (RunFilter { states: vec![RunState::Queued, RunState::Succeeded], ..any.clone() }, |_| {
            true
        }),
        (RunFilter { states: vec![RunState::Lost], ..any.clone() }, |_| false),
        (RunFilter { job_type: Some("streaming".into()), ..any.clone() }, |r| {
            r.job_type == "streaming"
        }),
        (
            RunFilter {
                engine: Some("yarn".into()),
                origin: Some(Origin::Observed),
                ..any.clone()
            },
            |r| r.engine == "yarn" && r.origin == Origin::Observed,
        ),
        (RunFilter { name_contains: Some("DAILY".into()), ..any.clone() }, |r| {
            r.name.starts_with("Daily")
        }),
        (RunFilter { since: Some(at(10)), until: Some(at(20)), ..any.clone() }, |r| {
            (at(10)..at(20)).contains(&r.created)
        }),
        (
            RunFilter {
                states: vec![RunState::Succeeded],
                name_contains: Some("report 0".into()),
                ..any.clone()
            },
            |r| r.state == RunState::Succeeded && r.name.contains("report 0"),
        ),
    ];
    for (filter, fits) in cases {
        let expected: Vec<_> = all.iter().filter(|r| fits(r)).cloned().collect();
        let got = list(&store, &filter, RunSortBy::Created, SortOrder::Ascending).await;
        assert_eq!(ids(&got), ids(&expected), "{filter:?}");
        assert_eq!(store.run_count(&filter).await.expect("counts"), got.len() as u64);
    }
}

pub async fn wildcards_in_a_name_are_plain_text(store: Store) {
    for (id, name) in [("a", "100% done!"), ("b", "100 done"), ("c", "a_b"), ("d", "axb")] {
        store.run_create(&Run { name: name.into(), ..run(id) }).await.expect("creates");
    }
    for (text, expected) in [("100%", "a"), ("done!", "a"), ("a_b", "c")] {
        let filter = RunFilter { name_contains: Some(text.into()), ..RunFilter::default() };
        let got = list(&store, &filter, RunSortBy::Created, SortOrder::Ascending).await;
        assert_eq!(ids(&got), [expected], "{text}");
    }
}

pub async fn unknown_values_sort_before_known_ones(store: Store) {
    fill(&store).await;
    let filter = RunFilter::default();
    let runs = list(&store, &filter, RunSortBy::Duration, SortOrder::Ascending).await;
    let first_known = runs.iter().position(|run| run.duration.is_some());
    assert_eq!(first_known, Some(45));
    assert_eq!(runs[45].duration, Some(Millis(0)), "zero is known");
}
