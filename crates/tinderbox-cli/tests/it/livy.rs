//! Livy's interface: with a published client, unmodified, and in its shapes.

use crate::place::{Place, Server, Spark, free_address, over_http};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

/// The Python environment with the client.
fn client() -> Option<PathBuf> {
    let folder = std::env::var_os("TINDERBOX_LIVY_CLIENT").map(PathBuf::from);
    let found = folder.filter(|folder| folder.join("bin/python").exists());
    let required = std::env::var_os("TINDERBOX_REQUIRE_ALL").is_some();
    assert!(
        found.is_some() || !required,
        "TINDERBOX_LIVY_CLIENT names no environment; run scripts/setup.sh test"
    );
    if found.is_none() {
        println!("not run: TINDERBOX_LIVY_CLIENT names no environment");
    }
    found
}

/// A Python program with the client, which says DONE in the end.
fn python(environment: &Path, program: &str, arguments: &[&str]) -> String {
    let output = Command::new(environment.join("bin/python"))
        .args(["-c", program])
        .args(arguments)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(said.contains("DONE"), "{said}{}", String::from_utf8_lossy(&output.stderr));
    said
}

/// Answers a status, the header `Location` and a body.
fn ask(
    server: &Server,
    method: &str,
    path: &str,
    body: Option<Value>,
) -> (u16, Option<String>, Value) {
    over_http(async |http| {
        let url = format!("{}{path}", server.url);
        let mut request = http.request(method.parse().unwrap(), url);
        request = request.timeout(Duration::from_secs(60));
        if let Some(body) = body {
            request = request.body(body.to_string());
        }
        let answer = request.send().await.unwrap();
        let place =
            answer.headers().get("location").map(|place| place.to_str().unwrap().to_owned());
        let status = answer.status().as_u16();
        (status, place, serde_json::from_str(&answer.text().await.unwrap()).unwrap_or_default())
    })
}

const BATCH: &str = r#"
import sys, time
from livy import LivyBatch, SessionState
from livy.client import LivyClient
url, program, other = sys.argv[1:]
batch = LivyBatch.create(url, program, args=["7", "six"], name="seven", driver_memory="600m", spark_conf={"spark.sql.shuffle.partitions": 2})
batch.wait()
assert batch.state == SessionState.SUCCESS, (batch.state, batch.log())
log = batch.log(size=-1)
assert any("SUM 42 six 2" in line for line in log), log
assert batch.log(0, 2) == log[:2]
client = LivyClient(url)
assert client.get_batch(batch.batch_id).app_id, "Spark's id is known"
assert client.get_batch(999) is None and client.get_batch_log(999) is None
failed = client.create_batch(other)
deadline = time.time() + 240
while client.get_batch(failed.batch_id).state != SessionState.DEAD:
    assert time.time() < deadline, client.get_batch(failed.batch_id)
    time.sleep(0.5)
batch.kill()
assert client.get_batch(batch.batch_id) is None
print("DONE")
"#;

#[test]
fn real_spark_a_published_livy_client_drives_a_batch_from_start_to_log() {
    let (Some(spark), Some(client)) = (Spark::three(), client()) else { return };
    let place = Place::new();
    let program = place.write(
        "sum.py",
        "import sys\nfrom pyspark.sql import SparkSession\nspark = SparkSession.builder.getOrCreate()\nn = int(sys.argv[1])\ntotal = spark.range(n).selectExpr('sum(id) * 2 AS t').first()[0]\nprint('SUM', total, sys.argv[2], spark.conf.get('spark.sql.shuffle.partitions'))\nspark.stop()\n",
    );
    let other = place.write("fails.py", "raise ValueError('no good')\n");
    let mut command = place.tinderbox();
    command.env("TINDERBOX_SPARK_HOMES", &spark.venv);
    command.args(["serve", "--listen", &free_address().to_string()]);
    let server = Server::of(command);
    python(&client, BATCH, &[&server.url, program.to_str().unwrap(), other.to_str().unwrap()]);
    let jobs = server.get("/api/jobs");
    assert_eq!(
        jobs["pagination"]["total"], 2,
        "batches are runs, and stay when their number is deleted"
    );
    let job = &jobs["jobs"][1];
    assert_eq!((&job["job_name"], &job["state"]), (&json!("seven"), &json!("succeeded")), "{job}");
    assert!(job["num_tasks"].as_u64().unwrap() > 0, "with all that is known of runs");

    let (status, _, list) = ask(&server, "GET", "/batches", None);
    assert_eq!((status, &list["total"], &list["from"]), (200, &json!(1), &json!(0)));
    let batch = &list["sessions"][0];
    assert_eq!((&batch["id"], &batch["state"]), (&json!(1), &json!("dead")), "{batch}");
    assert!(batch["log"].as_array().unwrap().len() <= 10);
    assert!(batch["appInfo"]["sparkUiUrl"].as_str().unwrap().contains("/jobs/"));
    // Numbers go on after a restart.
    drop(server);
    let server = Server::start(&place, free_address());
    let (status, _, state) = ask(&server, "GET", "/batches/1/state", None);
    assert_eq!((status, state), (200, json!({"id": 1, "state": "dead"})));
    let (status, location, batch) = ask(&server, "POST", "/batches", Some(json!({"file": other})));
    assert_eq!(
        (status, location.as_deref(), &batch["id"]),
        (201, Some("/batches/2"), &json!(2)),
        "{batch}"
    );
    let (status, _, said) = ask(&server, "DELETE", "/batches/2", None);
    assert_eq!((status, said), (200, json!({"msg": "deleted"})));
    crate::place::wait_for("the end", Duration::from_secs(90), || {
        server.get("/api/jobs/latest")["job"]["end_time"].as_str().map(drop)
    });
}

#[test]
fn wrong_requests_are_answered_as_livy_does() {
    let place = Place::new();
    let server = Server::start(&place, free_address());
    for (method, path, body, status, words) in [
        ("GET", "/batches/7", None, 404, "Session '7' not found."),
        ("GET", "/batches/7/log", None, 404, "Session '7' not found."),
        ("DELETE", "/batches/x", None, 404, "Session 'x' not found."),
        ("GET", "/sessions/7/statements", None, 404, "Session '7' not found."),
        ("POST", "/batches", Some(json!({})), 400, "File is required."),
        (
            "POST",
            "/batches",
            Some(json!({"file": "/a.py", "clasName": "A"})),
            400,
            "unknown field `clasName`",
        ),
        ("POST", "/batches", Some(json!({"file": "/no/such.py"})), 400, "does not exist"),
        ("POST", "/batches", Some(json!({"file": "/a.py", "proxyUser": "eve"})), 400, "proxyUser"),
        ("POST", "/sessions", Some(json!({"kind": "sparkr"})), 400, "use kind sql or pyspark"),
        ("POST", "/sessions", Some(json!({"kind": "perl"})), 400, "Invalid kind: perl"),
        (
            "POST",
            "/sessions",
            Some(json!({"kind": "sql", "conf": {"spark.tinderbox.engine": "nowhere"}})),
            400,
            "nowhere",
        ),
    ] {
        let (found, _, said) = ask(&server, method, path, body);
        assert_eq!(found, status, "{method} {path}: {said}");
        assert!(
            said["msg"].as_str().unwrap_or_default().contains(words),
            "{method} {path}: {said}"
        );
    }
    assert_eq!(server.get("/batches"), json!({"from": 0, "total": 0, "sessions": []}));
    assert_eq!(server.get("/sessions"), json!({"from": 0, "total": 0, "sessions": []}));
    assert_eq!(server.get("/api/jobs")["pagination"]["total"], 0);
}

const SESSION: &str = r#"
import sys, time
from livy import LivySession, SessionKind, SessionState
from livy.client import LivyClient
from livy.models import StatementState
url = sys.argv[1]
with LivySession.create(url, kind=SessionKind.SQL, name="mine", echo=False) as session:
    assert session.state == SessionState.IDLE, session.state
    frame = session.download_sql("SELECT id, CAST(id AS STRING) AS name, CAST(NULL AS DOUBLE) AS none FROM range(3)")
    assert list(frame.columns) == ["id", "name", "none"] and list(frame["name"]) == ["0", "1", "2"], frame
    session.run("CREATE TEMPORARY VIEW two AS SELECT 2 AS n")
    assert session.download_sql("SELECT n + 1 AS m FROM two")["m"][0] == 3
    try:
        session.run("SELECT nothing FROM two")
        raise SystemExit("it should have failed")
    except Exception as error:
        assert "nothing" in repr(error), repr(error)
    client = LivyClient(url)
    endless = client.create_statement(session.session_id, "SELECT id FROM range(1000000000000000) WHERE id % 7 = 8")
    deadline = time.time() + 60
    while client.get_statement(session.session_id, endless.statement_id).state != StatementState.RUNNING:
        assert time.time() < deadline
        time.sleep(0.05)
    assert session.state == SessionState.BUSY
    client._client.post(f"/sessions/{session.session_id}/statements/{endless.statement_id}/cancel")
    while client.get_statement(session.session_id, endless.statement_id).state != StatementState.CANCELLED:
        assert time.time() < deadline
        time.sleep(0.05)
    states = [statement.state.value for statement in client.list_statements(session.session_id)]
    assert states == ["available"] * 4 + ["cancelled"], states
    assert [one.session_id for one in client.list_sessions()] == [session.session_id]
    number = session.session_id
assert LivyClient(url).get_session(number) is None
print("DONE")
"#;

#[test]
fn a_published_livy_client_works_in_a_session_of_sql() {
    let Some(client) = client() else { return };
    if std::env::var_os("TINDERBOX_SAIL").is_none() {
        println!("not run: TINDERBOX_SAIL names no environment with Sail");
        return;
    }
    let place = Place::new();
    let server = Server::start(&place, free_address());
    python(&client, SESSION, &[&server.url]);
    // A shared session, Livy's default: each statement says its kind.
    let (status, location, session) =
        ask(&server, "POST", "/sessions", Some(json!({"name": "other"})));
    assert_eq!(
        (status, location.as_deref(), &session["kind"]),
        (201, Some("/sessions/1"), &json!("shared"))
    );
    let (status, _, said) = ask(&server, "POST", "/sessions", Some(json!({"name": "other"})));
    assert_eq!(status, 400, "{said}");
    crate::place::wait_for("the session", Duration::from_secs(60), || {
        (server.get("/sessions/other/state")["state"] == "idle").then_some(())
    });
    let run = |body: Value| ask(&server, "POST", "/sessions/1/statements", Some(body));
    assert_eq!(run(json!({"code": "SELECT 1"})).0, 400);
    assert_eq!(run(json!({"code": "1 + 1", "kind": "pyspark"})).0, 400, "this one runs SQL");
    let (status, location, statement) =
        run(json!({"code": "SELECT array(1, 2) AS a, DATE '2024-01-02' AS d", "kind": "sql"}));
    assert_eq!(
        (status, location.as_deref()),
        (201, Some("/sessions/1/statements/0")),
        "{statement}"
    );
    let done = crate::place::wait_for("the statement", Duration::from_secs(60), || {
        let statement = server.get("/sessions/1/statements/0");
        (statement["state"] == "available").then_some(statement)
    });
    let output = &done["output"]["data"]["application/json"];
    assert_eq!(output["data"], json!([[[1, 2], "2024-01-02"]]), "{done}");
    let types: Vec<&Value> =
        output["schema"]["fields"].as_array().unwrap().iter().map(|field| &field["type"]).collect();
    assert_eq!((&types[0]["elementType"], types[1]), (&json!("integer"), &json!("date")));
    assert_eq!(ask(&server, "DELETE", "/sessions/1", None).2, json!({"msg": "deleted"}));
    assert_eq!(ask(&server, "GET", "/sessions/1", None).0, 404);
}

const PYSPARK: &str = r#"
import sys, time
from livy import LivySession, SparkRuntimeError, SessionState
from livy.client import LivyClient
from livy.models import StatementState
url = sys.argv[1]
with LivySession.create(url, echo=False) as session:
    assert session.state == SessionState.IDLE, (session.state, LivyClient(url)._client.get(f"/sessions/{session.session_id}/log"))
    assert session.run("n = 6\nprint('printed')\nn * 7").text == "printed\n42"
    assert session.run("spark.range(n).selectExpr('sum(id) AS s').collect()[0].s").text == "15"
    assert session.run("import os, subprocess; print(sorted(name for name in os.environ if 'TOKEN' in name or 'SECRET' in name))").text == "[]"
    session.run("subprocess.run(['echo', 'not an answer'])")
    try:
        session.run("1 / 0")
        raise SystemExit("it should have failed")
    except SparkRuntimeError as error:
        assert error.ename == "ZeroDivisionError" and error.traceback, repr(error)
    client = LivyClient(url)
    endless = client.create_statement(session.session_id, "import time\nwhile True: time.sleep(0.05)")
    deadline = time.time() + 60
    while client.get_statement(session.session_id, endless.statement_id).state != StatementState.RUNNING:
        assert time.time() < deadline
        time.sleep(0.05)
    client._client.post(f"/sessions/{session.session_id}/statements/{endless.statement_id}/cancel")
    while client.get_statement(session.session_id, endless.statement_id).state != StatementState.CANCELLED:
        assert time.time() < deadline
        time.sleep(0.05)
    # At every moment: before Python has read it, while it runs, when it has just ended, and beside the next one.
    for n in range(60):
        code = "import time; time.sleep(30)" if n % 3 else "None"
        short = client.create_statement(session.session_id, code)
        time.sleep(n % 7 / 1000)
        client._client.post(f"/sessions/{session.session_id}/statements/{short.statement_id}/cancel")
        assert session.run(str(n)).text == str(n), "another statement was not asked to end"
        ended = client.get_statement(session.session_id, short.statement_id)
        assert ended.state == StatementState.CANCELLED or not n % 3, (n, ended)
    try:
        session.run("input()")
        raise SystemExit("there is nothing to read")
    except SparkRuntimeError as error:
        assert error.ename == "EOFError", repr(error)
    assert session.run("n").text == "6", "its names are still there"
    pid = int(session.run("import os\nos.getpid()").text)
    dying = client.create_statement(session.session_id, "os._exit(3)")
    while session.state != SessionState.DEAD:
        assert time.time() < deadline
        time.sleep(0.05)
print("DONE", pid)
"#;

#[test]
fn real_spark_a_published_livy_client_runs_python_in_a_process_of_the_sessions_own() {
    let (Some(spark), Some(client)) = (Spark::four(), client()) else { return };
    let place = Place::new();
    let mut command = place.tinderbox();
    command
        .env("TINDERBOX_SPARK_HOMES", &spark.venv)
        .env("TINDERBOX_SECRET_X", "not for statements");
    command.args(["serve", "--listen", &free_address().to_string()]);
    let server = Server::of(command);
    let said = python(&client, PYSPARK, &[&server.url]);
    let pid = said.trim().rsplit(' ').next().unwrap();
    assert_ne!(pid, server.child.id().to_string(), "not in the server");
    assert!(server.get("/api/jobs")["jobs"].is_array(), "the server lives");
    assert!(!PathBuf::from(format!("/proc/{pid}")).exists(), "its process has ended");
}
