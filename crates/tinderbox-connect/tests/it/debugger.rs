//! Specs gone through node by node on real servers.

use crate::equivalence::load;
use crate::interactive::{Server, open};
use serde_json::{Value, json};
use std::path::Path;
use std::time::Duration;
use tinderbox_connect::{
    Answer, Breakpoint, DebugData, Debugger, Error, ExplainMode, InteractiveSession, Limits,
    Origin, Stop, StopReason,
};
use tinderbox_model::{Bytes, NodeId};

const LIMITS: Limits = Limits { rows: 5, bytes: Bytes(1 << 24), time: Duration::from_secs(120) };
const JOB: &str = "name: job
pipeline:
  sources:
    - {id: orders, type: csv, path: orders, schema: 'id INT, part STRING, amount INT'}
  transformations:
    - {id: paid, type: filter, input: orders, condition: amount > 10}
    - {id: drawn, type: map, input: paid, columns: {luck: rand()}}
    - {id: sums, type: aggregate, input: paid, group_by: [part], aggregations: {amount: sum}}
    - {id: sorted, type: sort, input: sums, by: [part]}
  sinks:
    - {id: out, type: json, input: sorted, path: out}
    - {id: lots, type: json, input: drawn, path: lots}
tests:
  - name: sums
    given: {orders: [{id: 1, part: a, amount: 20}, {id: 2, part: a, amount: 30}, {id: 3, part: b, amount: 5}]}
    expect: {sums: [{part: a, sum_amount: 50}]}
";

/// All of them on one server.
pub async fn scenarios(server: Server, url: &str) {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("orders")).unwrap();
    let lines: String =
        (0..100).map(|id| format!("{id},{},{id}\n", ["a", "b", "c"][id % 3])).collect();
    std::fs::write(folder.path().join("orders/one.csv"), lines).unwrap();
    let folder = folder.path();
    Box::pin(steps(server, url, folder)).await;
    Box::pin(breakpoints(url, folder)).await;
    Box::pin(edits(server, url, folder)).await;
    Box::pin(failures(server, url, folder)).await;
    Box::pin(interrupts(url, folder)).await;
    Box::pin(samples(url, folder)).await;
    Box::pin(tests_of_documents(url, folder)).await;
}

async fn debugger(url: &str, folder: &Path, text: &str, data: DebugData) -> Debugger {
    Debugger::start(open(url).await, load(text), folder, data, LIMITS).await.unwrap()
}

async fn close(debugger: Debugger) {
    let session: InteractiveSession = debugger.close().await;
    session.close().await.unwrap();
}

fn id(node: &str) -> NodeId {
    NodeId::new(node)
}

fn names(stop: &Stop) -> Vec<&str> {
    stop.steps.iter().map(|step| step.node.as_str()).collect()
}

fn values(answer: &Answer) -> Vec<Vec<Value>> {
    answer.rows().unwrap()
}

fn is_reached(stop: &Stop) -> bool {
    matches!(stop.reason, StopReason::Reached)
}

/// [3.4]: rows, columns, count and time at each node.
async fn steps(server: Server, url: &str, folder: &Path) {
    let mut debugger = debugger(url, folder, JOB, DebugData::All).await;
    let order: Vec<String> = debugger.nodes().iter().map(|node| node.node.to_string()).collect();
    assert_eq!(order, ["orders", "paid", "drawn", "sums", "sorted", "out", "lots"]);
    let stop = debugger.step().await;
    assert!(is_reached(&stop) && names(&stop) == ["orders"], "{stop:?}");
    let step = &stop.steps[0];
    assert_eq!((values(&step.rows).len(), step.rows.has_more(), step.count), (5, true, 100));
    let columns: Vec<_> = step.columns.iter().map(|one| (&*one.name, &*one.kind)).collect();
    assert_eq!(columns, [("id", "int"), ("part", "string"), ("amount", "int")]);
    assert!(step.time > Duration::ZERO && step.origin == Origin::All && !step.is_kept);
    let stop = debugger.step().await;
    assert_eq!((names(&stop), stop.steps[0].count), (vec!["paid"], 89));
    // Rows that are drawn are drawn once: what is behind has the same ones.
    let drawn = debugger.step().await;
    let shown = values(&drawn.steps[0].rows);
    assert_eq!(debugger.keeps_rows(), server != Server::Sail);
    if server == Server::Sail {
        assert_ne!(values(&debugger.rows(&id("drawn"), 5).await.unwrap()), shown, "computed again");
    } else {
        assert_eq!(values(&debugger.rows(&id("drawn"), 5).await.unwrap()), shown);
        let stop = debugger.run_to(&id("lots")).await.unwrap();
        assert_eq!(values(&stop.steps[0].rows), shown, "kept by the server");
    }
    let stop = debugger.run_to(&id("sorted")).await.unwrap();
    assert_eq!(names(&stop), ["sums", "sorted"], "what has run is not run again");
    assert_eq!(values(&stop.steps[1].rows), sums());
    let again = debugger.run_to(&id("sums")).await.unwrap();
    assert!(again.steps[0].is_kept && again.steps[0].count == 3, "{again:?}");
    assert_eq!(values(&debugger.rows(&id("orders"), 50).await.unwrap()).len(), 50);
    assert_eq!(debugger.columns(&id("sums")).unwrap().len(), 2);
    assert!(matches!(debugger.columns(&id("out")), Err(Error::NoNode { .. })), "has not run");
    let plan = debugger.explain(&id("sorted"), ExplainMode::Physical).await.unwrap();
    assert!(plan.contains("Sort"), "{plan}");
    let stop = debugger.proceed().await;
    assert!(matches!(stop.reason, StopReason::End), "{stop:?}");
    assert_eq!(names(&stop).first(), Some(&"out"));
    assert!(matches!(debugger.step().await.reason, StopReason::End));
    assert!(debugger.nodes().iter().all(|node| node.done.is_some()));
    assert!(!folder.join("out").exists(), "nothing is written");
    // From the start, with what sources have by now.
    std::fs::write(folder.join("orders/two.csv"), "100,a,100\n").unwrap();
    assert_eq!(debugger.run_to(&id("orders")).await.unwrap().steps[0].count, 100);
    debugger.restart().await;
    assert_eq!(debugger.step().await.steps[0].count, 101);
    std::fs::remove_file(folder.join("orders/two.csv")).unwrap();
    close(debugger).await;
}

/// The amounts of each part above 10.
fn sums() -> Vec<Vec<Value>> {
    let sum = |rest: i64| (11..100).filter(|id| id % 3 == rest).sum::<i64>();
    [("a", 0), ("b", 1), ("c", 2)].map(|(part, rest)| vec![json!(part), json!(sum(rest))]).into()
}

async fn breakpoints(url: &str, folder: &Path) {
    let mut debugger = debugger(url, folder, JOB, DebugData::All).await;
    let on = |condition: &str| Breakpoint { condition: Some(condition.to_owned()) };
    debugger.set_breakpoint(&id("paid"), on("amount > 1000")).unwrap();
    debugger.set_breakpoint(&id("drawn"), Breakpoint::default()).unwrap();
    debugger.set_breakpoint(&id("sums"), on("part = 'b' AND sum_amount > 3")).unwrap();
    debugger.set_breakpoint(&id("sorted"), on("nowhere > 3")).unwrap();
    let error = debugger.set_breakpoint(&id("nowhere"), Breakpoint::default()).unwrap_err();
    assert!(matches!(error, Error::NoNode { .. }), "{error}");
    // The condition at `paid` holds for no row.
    let stop = debugger.proceed().await;
    assert_eq!(names(&stop), ["orders", "paid", "drawn"]);
    assert!(
        matches!(stop.reason, StopReason::Breakpoint { condition: None, rows: None }),
        "{stop:?}"
    );
    let stop = debugger.proceed().await;
    let StopReason::Breakpoint { condition: Some(_), rows: Some(rows) } = &stop.reason else {
        panic!("{stop:?}");
    };
    assert_eq!((names(&stop), values(rows)), (vec!["sums"], vec![sums()[1].clone()]));
    // A condition that cannot be computed stops too, and says why; the node itself has run.
    let stop = debugger.proceed().await;
    let StopReason::Failed { node, error: Error::Condition { problem, .. } } = &stop.reason else {
        panic!("{stop:?}");
    };
    assert!(node.as_str() == "sorted" && problem.contains("nowhere"), "{problem}");
    assert_eq!(names(&stop), ["sorted"]);
    assert!(debugger.clear_breakpoint(&id("sorted")) && !debugger.clear_breakpoint(&id("out")));
    assert!(matches!(debugger.proceed().await.reason, StopReason::End));
    // They stay over a restart.
    debugger.restart().await;
    assert_eq!(names(&debugger.proceed().await), ["orders", "paid", "drawn"]);
    close(debugger).await;
}

async fn edits(server: Server, url: &str, folder: &Path) {
    let mut debugger = debugger(url, folder, JOB, DebugData::All).await;
    debugger.set_breakpoint(&id("sorted"), Breakpoint::default()).unwrap();
    debugger.run_to(&id("drawn")).await.unwrap();
    let drawn = values(&debugger.rows(&id("drawn"), 5).await.unwrap());
    debugger.run_to(&id("out")).await.unwrap();
    debugger.proceed().await;
    // A comment and another name change no node; another order of nodes neither.
    let other = JOB.replace("name: job", "# An edit.\nname: other");
    let edited = debugger.edit(load(&other)).await.unwrap();
    assert!(edited.again.is_empty() && edited.kept.len() == 7, "{edited:?}");
    let sums = "aggregations: {amount: max}";
    let edited =
        debugger.edit(load(&JOB.replace("aggregations: {amount: sum}", sums))).await.unwrap();
    assert_eq!(edited.again, [id("sums"), id("sorted"), id("out")]);
    assert_eq!(edited.kept, [id("orders"), id("paid"), id("drawn"), id("lots")]);
    let stop = debugger.proceed().await;
    assert_eq!(names(&stop), ["sums", "sorted"], "to the breakpoint");
    let greatest =
        [("a", 99), ("b", 97), ("c", 98)].map(|(part, most)| vec![json!(part), json!(most)]);
    assert_eq!(values(&stop.steps[1].rows), greatest);
    if server != Server::Sail {
        assert_eq!(values(&debugger.rows(&id("drawn"), 5).await.unwrap()), drawn, "kept");
    }
    // A node more, in front of others; one less, with its breakpoint.
    let text = JOB
        .replace("    - {id: sorted, type: sort, input: sums, by: [part]}\n", "")
        .replace("input: sorted", "input: sums")
        .replace(
            "    - {id: paid,",
            "    - {id: all, type: filter, input: orders, condition: id < 50}\n    - {id: paid,",
        )
        .replace("input: orders, condition: amount", "input: all, condition: amount");
    let edited = debugger.edit(load(&text)).await.unwrap();
    assert_eq!(edited.kept, [id("orders")]);
    assert_eq!(edited.lost_breakpoints, [id("sorted")]);
    let stop = debugger.proceed().await;
    assert_eq!(names(&stop), ["all", "paid", "drawn", "sums", "out", "lots"]);
    let counts: Vec<u64> = stop.steps.iter().map(|step| step.count).collect();
    assert_eq!(counts, [50, 39, 39, 3, 3, 39]);
    close(debugger).await;
}

/// A node that cannot be computed stops the way; mended, it goes on from there.
async fn failures(server: Server, url: &str, folder: &Path) {
    let wrong = JOB.replace("condition: amount > 10", "condition: amout > 10");
    let mut debugger = debugger(url, folder, &wrong, DebugData::All).await;
    let stop = debugger.proceed().await;
    let StopReason::Failed { node, error } = &stop.reason else { panic!("{stop:?}") };
    assert_eq!((node, names(&stop)), (&id("paid"), vec!["orders"]));
    let failure = error.failure(None).unwrap();
    if server != Server::Sail {
        assert_eq!(failure.class.as_deref(), Some("UNRESOLVED_COLUMN.WITH_SUGGESTION"));
    }
    assert!(failure.message.contains("amout"), "{failure:?}");
    let edited = debugger.edit(load(JOB)).await.unwrap();
    assert_eq!(edited.kept, [id("orders")]);
    assert!(matches!(debugger.proceed().await.reason, StopReason::End));
    // What a server refuses by name.
    let python = JOB.replace(
        "{id: sorted, type: sort, input: sums, by: [part]}",
        "{id: sorted, type: filter, input: sums, condition: \"initcap(part) = 'A'\"}",
    );
    debugger.edit(load(&python)).await.unwrap();
    let stop = debugger.proceed().await;
    match (server, stop.reason) {
        (Server::Sail, StopReason::Failed { error: Error::Node(_), .. }) => {}
        (Server::Spark4 | Server::Spark35, StopReason::End) => {}
        (_, reason) => panic!("{server:?}: {reason:?}"),
    }
    close(debugger).await;
}

/// A step is interrupted from another process, and can be tried again.
async fn interrupts(url: &str, folder: &Path) {
    let text = "name: job
pipeline:
  transformations:
    - {id: endless, type: sql, query: SELECT id FROM range(1000000000000000) WHERE id % 7 = 8}
    - {id: after, type: filter, input: endless, condition: id > 1}
  sinks:
    - {id: out, type: json, input: after, path: out}
";
    let session = open(url).await;
    let mut debugger =
        Debugger::start(session.clone(), load(text), folder, DebugData::All, LIMITS).await.unwrap();
    let operation = debugger.operation();
    let running = tokio::spawn(async move { (debugger.step().await, debugger) });
    let waited = tokio::time::timeout(Duration::from_secs(180), async {
        while !session.interrupt(operation).await.unwrap() {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    });
    waited.await.unwrap();
    let (stop, mut debugger) = running.await.unwrap();
    let StopReason::Failed { node, error: Error::Interrupted { .. } } = &stop.reason else {
        panic!("{stop:?}");
    };
    assert_eq!(node, &id("endless"));
    let mended = text.replace("range(1000000000000000) WHERE id % 7 = 8", "range(10)");
    debugger.edit(load(&mended)).await.unwrap();
    let stop = debugger.proceed().await;
    assert!(matches!(stop.reason, StopReason::End), "{stop:?}");
    assert_eq!(stop.steps.iter().map(|step| step.count).collect::<Vec<_>>(), [10, 8, 8]);
    close(debugger).await;
}

/// [3.5]: a sample of each source, marked as one.
async fn samples(url: &str, folder: &Path) {
    let mut debugger = debugger(url, folder, JOB, DebugData::Sample(20)).await;
    let stop = debugger.run_to(&id("paid")).await.unwrap();
    assert!(stop.steps.iter().all(|step| step.origin == Origin::Sample(20)), "{stop:?}");
    assert_eq!(stop.steps[0].count, 20);
    assert!(stop.steps[1].count <= 20);
    close(debugger).await;
}

/// [3.5]: the rows of a test, with what it expects.
async fn tests_of_documents(url: &str, folder: &Path) {
    let start = async |text: &str, name: &str| {
        let data = DebugData::Test(name.to_owned());
        Debugger::start(open(url).await, load(text), folder, data, LIMITS).await
    };
    let mut debugger = start(JOB, "sums").await.unwrap();
    let order: Vec<String> = debugger.nodes().iter().map(|node| node.node.to_string()).collect();
    assert_eq!(order, ["orders", "paid", "sums"], "what the test is about");
    let stop = debugger.proceed().await;
    assert!(matches!(stop.reason, StopReason::End), "{stop:?}");
    let origins: Vec<Origin> = stop.steps.iter().map(|step| step.origin).collect();
    assert_eq!(origins, [Origin::Given, Origin::OfGiven, Origin::OfGiven]);
    assert_eq!(stop.steps.iter().map(|step| step.count).collect::<Vec<_>>(), [3, 2, 1]);
    let comparison = stop.steps[2].comparison.as_ref().unwrap();
    assert!(comparison.is_equal() && stop.steps[1].comparison.is_none(), "{comparison:?}");
    // Another expectation, and other rows.
    let edited = debugger.edit(load(&JOB.replace("amount: 5}", "amount: 15}"))).await.unwrap();
    assert_eq!(edited.kept, []);
    let stop = debugger.proceed().await;
    let comparison = stop.steps[2].comparison.as_ref().unwrap();
    assert_eq!(comparison.unexpected, [json!({"part": "b", "sum_amount": 15})]);
    let error = debugger.edit(load(&JOB.replace("name: sums", "name: other"))).await.unwrap_err();
    assert!(matches!(error, Error::NoTest { .. }), "{error}");
    close(debugger).await;
    let error = start(JOB, "nothing").await.unwrap_err();
    assert!(error.hint().unwrap().contains("sums"), "{error}");
}
