//! Interactive sessions on real servers: Spark 4, Spark 3.5 with its package, and Sail.

use crate::equivalence::load;
use crate::spark::Spark;
use serde_json::{Value, json};
use std::path::Path;
use std::time::Duration;
use tinderbox_connect::{
    Closed, ConnectProfile, Engine, Error, ExplainMode, InteractiveSession, Limits, NodeRun,
    OperationId, Position, SessionId,
};
use tinderbox_model::{Bytes, NodeId};

const LIMITS: Limits = Limits { rows: 100, bytes: Bytes(1 << 24), time: Duration::from_secs(120) };
/// Takes hours, and has one stage: an interrupt that comes while Spark's adaptive execution starts another one leaves that
/// running.
const ENDLESS: &str = "SELECT id FROM range(1000000000000000) WHERE id % 7 = 8";
/// Spark breaks every stream of answers after two minutes. Here it does after a time that some statements need.
const BREAKING: &[(&str, &str)] =
    &[("spark.connect.execute.reattachable.senderMaxStreamDuration", "1200ms")];
/// Takes some seconds on Spark, and none of its machine's time: in each of two tasks a row waits for 20 ms.
const LONGER: &str = "SELECT count(*) AS n FROM range(0, 250, 1, 2) WHERE length(java_method('java.lang.Thread', 'sleep', 20L)) > 0";
/// Takes about a second.
const LONG: &str = "SELECT count(*) AS n FROM range(300000000) WHERE id % 7 = 3";
const MODES: &[(ExplainMode, &str)] = &[
    (ExplainMode::Parsed, "Project"),
    (ExplainMode::Analyzed, "x"),
    (ExplainMode::Optimized, "Project"),
    (ExplainMode::Physical, "Project"),
    (ExplainMode::Extended, "== Optimized Logical Plan =="),
    (ExplainMode::Formatted, "== Physical Plan =="),
    (ExplainMode::Cost, "== Optimized Logical Plan =="),
];
const JOB: &str = "name: job
pipeline:
  transformations:
    - {id: all, type: sql, query: \"SELECT id, id % 3 AS part FROM range(10)\"}
    - {id: some, type: filter, input: all, condition: id > 3}
    - {id: parts, type: aggregate, input: some, group_by: [part], aggregations: {id: sum}}
  sinks:
    - {type: json, input: parts, path: out}
";

/// A server, and what it does otherwise.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Server {
    Spark4,
    Spark35,
    Sail,
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_3_1_3_4_3_5_and_6_10_sessions_on_sail() {
    let Some((sail, _folder)) = crate::start().await else { return };
    scenarios(Server::Sail, sail.url()).await;
    crate::debugger::scenarios(Server::Sail, sail.url()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_3_1_3_4_3_5_and_6_10_sessions_on_real_spark_4() {
    let Some(spark) = Spark::start_with("TINDERBOX_SPARK_4", BREAKING) else { return };
    let url = spark.url.clone().unwrap();
    scenarios(Server::Spark4, &url).await;
    crate::debugger::scenarios(Server::Spark4, &url).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_3_1_3_4_3_5_and_6_10_sessions_on_real_spark_3_5() {
    let Some(spark) = Spark::start_with("TINDERBOX_SPARK_3_5", BREAKING) else { return };
    let Some(url) = spark.url.clone() else {
        let required = std::env::var_os("TINDERBOX_REQUIRE_ALL").is_some();
        assert!(!required, "the package of Spark 3.5's Connect server was not fetched");
        println!("not run: TINDERBOX_CONNECTORS has no package for Spark 3.5's Connect server");
        return;
    };
    scenarios(Server::Spark35, &url).await;
    crate::debugger::scenarios(Server::Spark35, &url).await;
}

/// All on one server, one after the other: each in a session of its own.
async fn scenarios(server: Server, url: &str) {
    Box::pin(many_sessions_and_threads(url)).await;
    Box::pin(statements(server, url)).await;
    Box::pin(statements_that_take_long(server, url)).await;
    Box::pin(statements_that_change(server, url)).await;
    Box::pin(answers_that_are_too_large(server, url)).await;
    Box::pin(failures(server, url)).await;
    Box::pin(nodes(server, url)).await;
    Box::pin(plans(server, url)).await;
    Box::pin(plans_of_what_is_no_query(server, url)).await;
    Box::pin(interrupts(server, url)).await;
    Box::pin(one_interrupt_of_two(server, url)).await;
    Box::pin(limits_of_time(server, url)).await;
    Box::pin(operations_of_others(server, url)).await;
    Box::pin(operations_that_go_on(server, url)).await;
    Box::pin(operations_with_many_rows(server, url)).await;
    Box::pin(sessions_that_are_come_back_to(server, url)).await;
    Box::pin(sessions_that_never_were(server, url)).await;
}

pub async fn open(url: &str) -> InteractiveSession {
    InteractiveSession::open(&ConnectProfile::at(url), SessionId::random()).await.unwrap()
}

async fn rows(session: &InteractiveSession, sql: &str) -> Vec<Vec<Value>> {
    session.sql(sql, OperationId::random(), LIMITS).await.unwrap().rows().unwrap()
}

async fn many_sessions_and_threads(url: &str) {
    fn is_shared<T: Send + Sync + 'static>(_: &T) {}
    let (one, other) = (open(url).await, open(url).await);
    is_shared(&one);
    assert_ne!(one.id(), other.id());
    // Ten at a time in two sessions, each of which has a view of its own under the same name.
    rows(&one, "CREATE OR REPLACE TEMP VIEW v AS SELECT 1 AS x").await;
    rows(&other, "CREATE OR REPLACE TEMP VIEW v AS SELECT 2 AS x").await;
    let mut asked = tokio::task::JoinSet::new();
    for at in 0..10 {
        let session = if at % 2 == 0 { one.clone() } else { other.clone() };
        asked.spawn(async move { (at, rows(&session, &format!("SELECT x, {at} FROM v")).await) });
    }
    while let Some(done) = asked.join_next().await {
        let (at, found) = done.unwrap();
        assert_eq!(found, [[json!(1 + at % 2), json!(at)]]);
    }
    one.close().await.unwrap();
    assert_eq!(rows(&other, "SELECT x FROM v").await, [[json!(2)]]);
    other.close().await.unwrap();
}

async fn statements(server: Server, url: &str) {
    let session = open(url).await;
    let engine = if server == Server::Sail { Engine::Sail } else { Engine::Spark };
    assert_eq!(session.engine(), engine, "found out by asking");
    let limits = Limits { rows: 3, ..LIMITS };
    let answer =
        session.sql("SELECT id FROM range(10)", OperationId::random(), limits).await.unwrap();
    assert_eq!((answer.rows().unwrap().len(), answer.has_more()), (3, true));
    let none =
        session.sql("SELECT 1 AS a WHERE 1 = 2", OperationId::random(), LIMITS).await.unwrap();
    assert_eq!((none.names(), none.rows().unwrap().len()), (vec!["a".to_owned()], 0));
    session.close().await.unwrap();
}

/// Its answers come in several streams.
async fn statements_that_take_long(server: Server, url: &str) {
    let session = open(url).await;
    // Sail breaks no streams.
    let (sql, count) = match server {
        Server::Sail => (LONG, 42_857_143),
        Server::Spark4 | Server::Spark35 => (LONGER, 250),
    };
    assert_eq!(rows(&session, sql).await, [[json!(count)]]);
    session.close().await.unwrap();
}

/// What is no query is carried out, once, and what it makes stays.
async fn statements_that_change(server: Server, url: &str) {
    let session = open(url).await;
    rows(&session, "CREATE OR REPLACE TEMP VIEW kept AS SELECT 7 AS x").await;
    assert_eq!(rows(&session, "SELECT x FROM kept").await, [[json!(7)]]);
    let tables = rows(&session, "SHOW TABLES").await;
    assert!(tables.iter().any(|row| row.contains(&json!("kept"))), "{tables:?}");
    if server == Server::Sail {
        let error = session.sql("SET a.b = 1", OperationId::random(), LIMITS).await.unwrap_err();
        assert!(matches!(error, Error::Server { .. }), "{error}");
    } else {
        rows(&session, "SET spark.sql.shuffle.partitions = 3").await;
        let set = rows(&session, "SET spark.sql.shuffle.partitions").await;
        assert_eq!(set[0][1], json!("3"));
    }
    session.close().await.unwrap();
}

async fn answers_that_are_too_large(_server: Server, url: &str) {
    let session = open(url).await;
    let too_large = Limits { bytes: Bytes(1 << 10), ..LIMITS };
    let large = "SELECT repeat('x', 100000) FROM range(10)";
    let error = session.sql(large, OperationId::random(), too_large).await.unwrap_err();
    assert!(matches!(error, Error::TooLarge { .. }), "{error}");
    session.close().await.unwrap();
}

async fn failures(server: Server, url: &str) {
    let session = open(url).await;
    rows(&session, "CREATE OR REPLACE TEMP VIEW v AS SELECT 1 AS x").await;
    let at = |line, column| Some(Position { line, column });
    let cases = [
        ("SELECT nme FROM v", "UNRESOLVED_COLUMN.WITH_SUGGESTION", "42703", at(1, 8)),
        ("SELECT\n  x FRM v v v", "PARSE_SYNTAX_ERROR", "42601", at(2, 9)),
        ("SELECT * FROM nowhere", "TABLE_OR_VIEW_NOT_FOUND", "42P01", at(1, 15)),
        ("SELECT 1 % 0 AS z", "REMAINDER_BY_ZERO", "22012", at(1, 8)),
        ("SELECT raise_error('boom')", "USER_RAISED_EXCEPTION", "P0001", None),
    ];
    for (sql, class, state, position) in cases {
        let error = match session.sql(sql, OperationId::random(), LIMITS).await {
            Ok(_) if sql.contains('%') && server != Server::Spark4 => continue,
            answer => answer.unwrap_err(),
        };
        let failure = error.failure(Some(sql)).unwrap_or_else(|| panic!("{sql}: {error:?}"));
        match server {
            Server::Spark4 => {
                assert_eq!(failure.class.as_deref(), Some(class), "{error}");
                assert_eq!(failure.sql_state.as_deref(), Some(state), "{error}");
                assert_eq!(failure.position, position, "{error}");
            }
            // No state; no class of errors that the user raises.
            Server::Spark35 if class != "USER_RAISED_EXCEPTION" => {
                assert_eq!(failure.class.as_deref(), Some(class), "{error}");
                assert_eq!(failure.position, position, "{error}");
            }
            Server::Sail if class == "PARSE_SYNTAX_ERROR" => {
                assert_eq!(failure.position, position, "{error}");
            }
            Server::Spark35 | Server::Sail => {}
        }
        assert!(
            !failure.message.is_empty() && !failure.message.contains("SQLSTATE"),
            "{failure:?}"
        );
    }
    session.close().await.unwrap();
}

async fn nodes(_server: Server, url: &str) {
    let session = open(url).await;
    let spec = load(JOB);
    let run = |node| NodeRun { spec: &spec, folder: Path::new("/"), node, source_rows: None };
    let limits = Limits { rows: 2, ..LIMITS };
    let some = NodeId::new("some");
    let found = session.run_node(run(&some), OperationId::random(), limits).await.unwrap();
    assert_eq!((found.rows.rows().unwrap().len(), found.count), (2, 6));
    let names: Vec<_> = found.columns.iter().map(|one| (&*one.name, &*one.kind)).collect();
    assert_eq!(names, [("id", "bigint"), ("part", "bigint")]);
    let parts = NodeId::new("parts");
    let found = session.run_node(run(&parts), OperationId::random(), LIMITS).await.unwrap();
    let mut sums = found.rows.rows().unwrap();
    sums.sort_by_key(|row| row[0].as_i64());
    assert_eq!(sums, [[json!(0), json!(15)], [json!(1), json!(11)], [json!(2), json!(13)]]);
    let error = session
        .run_node(run(&NodeId::new("nowhere")), OperationId::random(), LIMITS)
        .await
        .unwrap_err();
    assert!(matches!(error, Error::NoNode { .. }), "{error}");
    session.close().await.unwrap();
}

async fn plans(server: Server, url: &str) {
    let session = open(url).await;
    rows(&session, "CREATE OR REPLACE TEMP VIEW v AS SELECT id AS x FROM range(9)").await;
    let spec = load(JOB);
    let node = NodeId::new("some");
    for (mode, word) in MODES {
        let sql = "SELECT x + 1 AS y FROM v WHERE x > 1";
        let plan = session.explain_sql(sql, *mode, LIMITS.time).await.unwrap();
        assert!(plan.contains(word), "{mode:?}: {plan}");
        let is_one = !matches!(mode, ExplainMode::Extended | ExplainMode::Cost);
        assert_eq!(plan.matches("\n== ").count() > 0, !is_one, "{mode:?}: {plan}");
        let run = NodeRun { spec: &spec, folder: Path::new("/"), node: &node, source_rows: None };
        let plan = session.explain_node(run, *mode, LIMITS.time).await.unwrap();
        assert!(plan.contains("3"), "{mode:?}: {plan}");
    }
    let cost =
        session.explain_sql("SELECT x FROM v", ExplainMode::Cost, LIMITS.time).await.unwrap();
    assert_eq!(cost.contains("sizeInBytes"), server != Server::Sail, "{cost}");
    session.close().await.unwrap();
}

/// A plan is asked for, so nothing may be carried out.
async fn plans_of_what_is_no_query(_server: Server, url: &str) {
    let session = open(url).await;
    rows(&session, "CREATE OR REPLACE TEMP VIEW v AS SELECT id AS x FROM range(9)").await;
    let command = "CREATE OR REPLACE TEMP VIEW w AS SELECT 1";
    let error = session.explain_sql(command, ExplainMode::Physical, LIMITS.time).await.unwrap_err();
    assert!(matches!(error, Error::Refused { .. }), "{error}");
    assert!(session.sql("SELECT * FROM w", OperationId::random(), LIMITS).await.is_err());
    let error =
        session.explain_sql("SELECT nme FROM v", ExplainMode::Cost, LIMITS.time).await.unwrap_err();
    assert!(matches!(error, Error::Server { .. }), "{error}");
    session.close().await.unwrap();
}

async fn interrupts(server: Server, url: &str) {
    let session = open(url).await;
    assert!(!session.interrupt(OperationId::random()).await.unwrap(), "nothing runs");
    // From another process: another handle of the session, which knows its id only.
    let other = InteractiveSession::reattach(&ConnectProfile::at(url), session.id()).await.unwrap();
    for by_id in [true, false] {
        let operation = OperationId::random();
        let running = tokio::spawn({
            let session = session.clone();
            async move { session.sql(ENDLESS, operation, LIMITS).await }
        });
        until("the statement runs", async || match by_id {
            true => other.interrupt(operation).await.unwrap(),
            false => {
                other.interrupt_all().await.unwrap();
                running.is_finished()
            }
        })
        .await;
        let error = running.await.unwrap().unwrap_err();
        assert!(matches!(error, Error::Interrupted { .. }), "{server:?}: {error:?}");
    }
    session.close().await.unwrap();
}

/// One of two statements of a session.
async fn one_interrupt_of_two(_server: Server, url: &str) {
    let session = open(url).await;
    let other = InteractiveSession::reattach(&ConnectProfile::at(url), session.id()).await.unwrap();
    let (stopped, kept) = (OperationId::random(), OperationId::random());
    let running = tokio::spawn({
        let session = session.clone();
        async move { session.sql(ENDLESS, stopped, LIMITS).await }
    });
    let going = tokio::spawn({
        let session = session.clone();
        async move { session.sql(LONG, kept, LIMITS).await }
    });
    until("the statement runs", async || other.interrupt(stopped).await.unwrap()).await;
    assert!(running.await.unwrap().is_err());
    assert_eq!(going.await.unwrap().unwrap().rows().unwrap(), [[json!(42_857_143)]]);
    session.close().await.unwrap();
}

/// After its time the statement is interrupted, and the session goes on.
async fn limits_of_time(_server: Server, url: &str) {
    let session = open(url).await;
    let limits = Limits { time: Duration::from_millis(700), ..LIMITS };
    let error = session.sql(ENDLESS, OperationId::random(), limits).await.unwrap_err();
    assert!(matches!(error, Error::TooSlow { .. }), "{error}");
    assert_eq!(rows(&session, "SELECT 1").await, [[json!(1)]]);
    session.close().await.unwrap();
}

/// Rows are fetched by whoever knows the id of the operation.
async fn operations_of_others(server: Server, url: &str) {
    let session = open(url).await;
    let other = InteractiveSession::reattach(&ConnectProfile::at(url), session.id()).await.unwrap();
    let operation = OperationId::random();
    let submitted = session.submit(LONG, operation, LIMITS).await;
    if server == Server::Sail {
        assert!(matches!(submitted, Err(Error::NotOnSail { .. })), "{submitted:?}");
        let fetched = other.fetch(operation, LIMITS).await;
        assert!(matches!(fetched, Err(Error::NotOnSail { .. })), "{fetched:?}");
        return;
    }
    submitted.unwrap();
    drop(session);
    let answer = other.fetch(operation, LIMITS).await.unwrap();
    assert_eq!(answer.rows().unwrap(), [[json!(42_857_143)]]);
    let again = other.fetch(operation, LIMITS).await.unwrap();
    assert_eq!(again.rows().unwrap(), [[json!(42_857_143)]], "they are kept");
    other.release(operation).await;
    let error = other.fetch(operation, LIMITS).await.unwrap_err();
    assert!(matches!(error, Error::NoOperation { .. }), "{error}");
    let error = other.fetch(OperationId::random(), LIMITS).await.unwrap_err();
    assert!(matches!(error, Error::NoOperation { .. }), "{error}");
    other.close().await.unwrap();
}

/// One that does not end in time goes on, and can be interrupted.
async fn operations_that_go_on(server: Server, url: &str) {
    if server == Server::Sail {
        return;
    }
    let other = open(url).await;
    let endless = OperationId::random();
    other.submit(ENDLESS, endless, LIMITS).await.unwrap();
    let short = Limits { time: Duration::from_millis(500), ..LIMITS };
    let error = other.fetch(endless, short).await.unwrap_err();
    assert!(matches!(error, Error::NotYet { .. }), "{error}");
    assert!(other.interrupt(endless).await.unwrap(), "it went on");
    let error = other.fetch(endless, LIMITS).await.unwrap_err();
    assert!(matches!(error, Error::Interrupted { .. } | Error::NoOperation { .. }), "{error}");
    other.close().await.unwrap();
}

/// Rows are cut where they were to be cut when the operation was started.
async fn operations_with_many_rows(server: Server, url: &str) {
    if server == Server::Sail {
        return;
    }
    let other = open(url).await;
    let few = OperationId::random();
    other.submit("SELECT id FROM range(50)", few, Limits { rows: 5, ..LIMITS }).await.unwrap();
    let answer = other.fetch(few, Limits { rows: 5, ..LIMITS }).await.unwrap();
    assert_eq!((answer.rows().unwrap().len(), answer.has_more()), (5, true));
    other.close().await.unwrap();
}

async fn sessions_that_are_come_back_to(server: Server, url: &str) {
    let profile = ConnectProfile::at(url);
    let session = open(url).await;
    let id = session.id();
    rows(&session, "CREATE OR REPLACE TEMP VIEW kept AS SELECT 7 AS x").await;
    drop(session);
    let text = id.to_string();
    let again = InteractiveSession::reattach(&profile, text.parse().unwrap()).await.unwrap();
    assert_eq!(rows(&again, "SELECT x FROM kept").await, [[json!(7)]]);
    // It is a user's own: another one has another session under the same id.
    let mut other = profile.clone();
    other.user = Some("somebody".to_owned());
    let found = InteractiveSession::reattach(&other, id).await;
    if server == Server::Sail {
        assert!(found.is_ok(), "Sail does not look at users");
    } else {
        assert!(matches!(found, Err(Error::SessionLost { .. })), "{found:?}");
    }
    let closed = again.close().await.unwrap();
    assert_eq!(closed, if server == Server::Spark35 { Closed::Left } else { Closed::Ended });
    let error = InteractiveSession::reattach(&profile, id).await.unwrap_err();
    assert!(matches!(error, Error::SessionLost { .. }), "{error}");
}

async fn sessions_that_never_were(_server: Server, url: &str) {
    let profile = ConnectProfile::at(url);
    let error = InteractiveSession::reattach(&profile, SessionId::random()).await.unwrap_err();
    assert!(matches!(error, Error::SessionLost { .. }), "never opened: {error}");
    assert!("x".parse::<SessionId>().is_err());
}

/// Waits for a condition.
async fn until(what: &str, mut holds: impl AsyncFnMut() -> bool) {
    let waited = tokio::time::timeout(Duration::from_secs(60), async {
        while !holds().await {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    });
    waited.await.unwrap_or_else(|_| panic!("waited 60 s until {what}"));
}
