//! `tinderbox session`, on a real Spark Connect server and on Sail.

use crate::place::{Place, Spark, free_address};
use serde_json::{Value, json};
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{Ipv4Addr, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

const JOB: &str = "name: totals
pipeline:
  sources:
    - {id: orders, type: csv, path: orders.csv, options: {header: 'true'}, schema: 'id INT, amount INT, status STRING'}
  transformations:
    - {id: paid, type: filter, condition: amount > 1}
    - {id: totals, type: aggregate, group_by: [status], aggregations: {amount: sum}}
    - {id: sorted, type: sort, by: [status]}
  sinks:
    - {id: out, type: file, format: parquet, path: out}
tests:
  - name: sums
    given: {orders: [{id: 1, amount: 5, status: new}, {id: 2, amount: 1, status: new}]}
    expect: {totals: [{status: new, sum_amount: 5}]}
";

fn place() -> Place {
    let place = Place::new();
    place.write("job.yaml", JOB);
    place.write("orders.csv", "id,amount,status\n1,5,new\n2,1,new\n3,7,old\n4,2,new\n");
    place
}

/// What the server wants of whoever comes.
const TOKEN: &str = "c2VjcmV0LW9mLXRoZS10ZXN0";

const ENDLESS: &str = "name: endless
pipeline:
  transformations:
    - {id: all, type: sql, query: SELECT id FROM range(1000000000000000) WHERE id % 7 = 8}
  sinks:
    - {id: out, type: json, path: out}
";

struct Said {
    code: Option<i32>,
    out: String,
    err: String,
}

impl Said {
    fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|_| panic!("{}{}", self.out, self.err))
    }

    /// Of one object a line.
    fn lines(&self) -> Vec<Value> {
        let lines = self.out.lines();
        lines.map(|line| serde_json::from_str(line).expect("a JSON object a line")).collect()
    }
}

/// Runs `tinderbox session …` in the folder of the job; lines go to its stdin.
fn ask(place: &Place, arguments: &[&str], lines: &[&str]) -> Said {
    let mut child = place
        .tinderbox()
        .env("TINDERBOX_TEST_TOKEN", TOKEN)
        .arg("session")
        .args(arguments)
        .current_dir(place.path(""))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the binary");
    let mut input = child.stdin.take().expect("stdin");
    // A command that reads nothing may have ended already.
    let _ = input
        .write_all(lines.iter().map(|line| format!("{line}\n")).collect::<String>().as_bytes());
    drop(input);
    let output = child.wait_with_output().expect("its output");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    Said { code: output.status.code(), out: text(&output.stdout), err: text(&output.stderr) }
}

#[test]
fn row_3_4_a_spec_is_debugged_on_sail_by_commands_from_a_pipe() {
    if std::env::var_os("TINDERBOX_SAIL").is_none() {
        let required = std::env::var_os("TINDERBOX_REQUIRE_ALL").is_some();
        assert!(!required, "Sail is required, and TINDERBOX_SAIL names no environment with it");
        println!("not run: TINDERBOX_SAIL names no environment with Sail");
        return;
    }
    let place = place();
    let lines =
        ["break totals if sum_amount > 6", "step", "continue", "schema", "nodes", "continue"];
    let said = ask(&place, &["debug", "job.yaml"], &lines);
    assert_eq!(said.code, Some(0), "{}{}", said.out, said.err);
    for text in [
        "orders: 4 rows",
        "paid: 3 rows",
        "breakpoint: sum_amount > 6",
        "sum_amount  bigint",
        "the end",
    ] {
        assert!(said.out.contains(text), "{text}: {}{}", said.out, said.err);
    }
    assert!(!place.path("out").exists(), "nothing is written");
    let said =
        ask(&place, &["debug", "job.yaml", "--format", "json"], &["run sorted", "rows 1 orders"]);
    let lines = said.lines();
    assert_eq!(lines[0]["steps"][3]["rows"], json!([["new", 7], ["old", 7]]), "{}", said.out);
    assert_eq!(
        (&lines[0]["stop"], &lines[1]["rows"]),
        (&json!("reached"), &json!([[1, 5, "new"]]))
    );
    // [3.5]: a test's rows, and a sample.
    let said = ask(&place, &["debug", "job.yaml", "--test", "sums"], &["continue"]);
    assert!(said.out.contains("totals: 1 row"), "{}{}", said.out, said.err);
    assert!(said.out.contains("the rows that the test expects"), "{}{}", said.out, said.err);
    place.write("other.yaml", &JOB.replace("sum_amount: 5", "sum_amount: 6"));
    let said = ask(&place, &["debug", "other.yaml", "--test", "sums"], &["continue"]);
    assert_eq!(said.code, Some(1), "{}{}", said.out, said.err);
    let said = ask(&place, &["debug", "job.yaml", "--sample", "2"], &["step"]);
    assert!(said.out.contains("of a SAMPLE"), "{}{}", said.out, said.err);
    // What is wrong is said, and the exit code is that of a failure.
    let said = ask(&place, &["debug", "job.yaml"], &["stepp", "rows 1", "break nowhere", "step"]);
    assert_eq!(said.code, Some(1), "{}{}", said.out, said.err);
    for text in ["no command `stepp`", "no node has run", "there is no node `nowhere`"] {
        assert!(said.err.contains(text), "{text}: {}", said.err);
    }
    // An edit: the way stops at the wrong node, and goes on where it was mended.
    place.write("wrong.yaml", &JOB.replace("amount > 1", "amout > 1"));
    let lines = ["continue", "reload job.yaml", "continue"];
    let said = ask(&place, &["debug", "wrong.yaml"], &lines);
    assert!(said.err.contains("`paid`") && said.err.contains("kept: orders"), "{}", said.err);
    assert!(said.out.contains("the end"), "{}{}", said.out, said.err);
}

#[test]
fn sessions_that_cannot_be_are_refused_with_what_to_do() {
    let place = place();
    let cases: [(&[&str], &str); 5] = [
        (&["open", "sail"], "sc://HOST:PORT"),
        (&["open", "sc://h:1/;token=c2VjcmV0"], "--token-variable"),
        (&["open", "sc://127.0.0.1:1", "--token-variable", "TINDERBOX_NO_SUCH"], "export"),
        (&["open", "localhost"], "sc://HOST:PORT"),
        (&["sql", "work", "SELECT 1"], "tinderbox session open"),
    ];
    for (arguments, hint) in cases {
        let said = ask(&place, arguments, &[]);
        assert_eq!(said.code, Some(2), "{arguments:?}: {}", said.err);
        assert!(said.err.contains(hint) && !said.err.contains("c2VjcmV0"), "{}", said.err);
    }
}

#[test]
fn rows_3_1_and_6_10_a_session_on_real_spark_is_used_by_many_commands() {
    let Some(spark) = Spark::four() else { return };
    let server = Server::start(&spark);
    let place = place();
    let said = ask(&place, &["open", &server.url, "--name", "work"], &[]);
    assert_eq!(said.code, Some(2), "without the token: {}{}", said.out, said.err);
    assert!(said.err.contains("--token-variable"), "{}", said.err);
    let open = ["open", &server.url, "--name", "work", "--token-variable", "TINDERBOX_TEST_TOKEN"];
    let said = ask(&place, &open, &[]);
    assert_eq!(said.code, Some(0), "{}", said.err);
    let id = said.out.trim().to_owned();
    let kept = std::fs::read_to_string(place.home().join(format!("sessions/{id}.json")));
    let kept = kept.expect("a file of the session");
    assert!(kept.contains("\"work\"") && !kept.contains(TOKEN), "{kept}");
    // What one command makes the next one has.
    ask(&place, &["sql", "work", "CREATE TEMP VIEW v AS SELECT id FROM range(5)"], &[]);
    let said =
        ask(&place, &["sql", &id[..8], "SELECT sum(id) AS n FROM v", "--format", "json"], &[]);
    assert_eq!(said.json()["rows"], json!([[10]]), "{}", said.err);
    let said = ask(&place, &["sql", "latest", "SELECT nme FROM v"], &[]);
    assert_eq!(said.code, Some(1), "{}", said.err);
    let head = "UNRESOLVED_COLUMN.WITH_SUGGESTION (SQLSTATE 42703) at line 1, column 8";
    assert!(said.err.contains(head), "{}", said.err);
    let said =
        ask(&place, &["explain", "work", "SELECT id + 1 AS x FROM v", "--mode", "optimized"], &[]);
    assert!(said.out.contains("Project"), "{}{}", said.out, said.err);
    let node = ["explain", "work", "--spec", "job.yaml", "--node", "totals"];
    let said = ask(&place, &node, &[]);
    assert!(said.out.contains("HashAggregate"), "{}{}", said.out, said.err);
    let run = ["run", "work", "job.yaml", "--node", "sorted", "--format", "json"];
    let said = ask(&place, &run, &[]);
    assert_eq!(said.json()["rows"], json!([["new", 7], ["old", 7]]), "{}", said.err);
    // A query that is left to itself, fetched and interrupted by other commands.
    let said = ask(&place, &["sql", "work", "SELECT count(*) AS n FROM v", "--detach"], &[]);
    let operation = said.out.trim().to_owned();
    let said = ask(&place, &["fetch", "work", &operation, "--format", "json"], &[]);
    assert_eq!(said.json()["rows"], json!([[5]]), "{}", said.err);
    let endless = "SELECT id FROM range(1000000000000000) WHERE id % 7 = 8";
    let said = ask(&place, &["sql", "work", endless, "--detach"], &[]);
    let operation = said.out.trim().to_owned();
    let said = ask(&place, &["fetch", "work", &operation, "--timeout", "1s"], &[]);
    assert_eq!(said.code, Some(1), "{}", said.err);
    let said = ask(&place, &["interrupt", "work", &operation], &[]);
    assert_eq!(said.out, "interrupted\n", "{}", said.err);
    // One that its own command is stopped at.
    stopped(&place, &["sql", "work", endless]);
    stopped(&place, &["run", "work", "endless.yaml", "--node", "all"]);
    let said = ask(&place, &["interrupt", "work"], &[]);
    assert_eq!(said.out, "nothing runs\n", "{}", said.err);
    // The debugger in the same session.
    let lines = ["continue", "rows 1 sorted"];
    let debug = ["debug", "job.yaml", "--session", "work"];
    let said = ask(&place, &debug, &lines);
    assert!(said.out.contains("the end"), "{}{}", said.out, said.err);
    let list = ["list", "--format", "json"];
    assert_eq!(ask(&place, &list, &[]).json()[0]["state"], "open");
    let said = ask(&place, &["sql", "work", "SELECT count(*) FROM v"], &[]);
    assert_eq!(said.code, Some(0), "the session stays: {}", said.err);
    let said = ask(&place, &["close", "work"], &[]);
    assert_eq!(said.out, "closed\n", "{}", said.err);
    assert_eq!(ask(&place, &list, &[]).json(), json!([]));
    // A server that ends takes its sessions along.
    ask(&place, &open, &[]);
    drop(server);
    assert_eq!(ask(&place, &list, &[]).json()[0]["state"], "not reached");
}

/// Runs `tinderbox session …` until it says which operation it has begun, and stops it as Ctrl-C does.
fn stopped(place: &Place, arguments: &[&str]) {
    place.write("endless.yaml", ENDLESS);
    let mut child = place
        .tinderbox()
        .env("TINDERBOX_TEST_TOKEN", TOKEN)
        .arg("session")
        .args(arguments)
        .current_dir(place.path(""))
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the binary");
    let mut line = String::new();
    let mut notes = BufReader::new(child.stderr.take().expect("stderr"));
    notes.read_line(&mut line).expect("a line");
    assert!(line.starts_with("operation "), "{line}");
    let stop = Command::new("kill").args(["-INT", &child.id().to_string()]).status();
    assert!(stop.expect("kill").success());
    assert_eq!(child.wait().expect("its end").code(), Some(130));
}

/// A Spark Connect server, which ends when this is dropped.
struct Server {
    child: Child,
    port: u16,
    url: String,
}

impl Server {
    fn start(spark: &Spark) -> Self {
        let port = free_address().port();
        let program = "import sys\n\
            from pyspark.sql import SparkSession\n\
            builder = SparkSession.builder.master('local[2]')\n\
            for one in sys.argv[1:]:\n    builder = builder.config(*one.split('=', 1))\n\
            spark = builder.getOrCreate()\n\
            sys.stdin.read()\n";
        let child = Command::new(spark.python())
            .args(["-c", program])
            .args([
                "spark.ui.enabled=false",
                "spark.driver.host=127.0.0.1",
                "spark.driver.bindAddress=127.0.0.1",
                "spark.sql.shuffle.partitions=2",
                "spark.plugins=org.apache.spark.sql.connect.SparkConnectPlugin",
                "spark.connect.grpc.binding.address=127.0.0.1",
                &format!("spark.connect.grpc.binding.port={port}"),
                &format!("spark.connect.authenticate.token={TOKEN}"),
            ])
            .env_remove("SPARK_HOME")
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("Python");
        let server = Self { child, port, url: format!("sc://127.0.0.1:{port}") };
        let started = Instant::now();
        while TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_err() {
            assert!(
                started.elapsed() < Duration::from_secs(120),
                "the server did not start in 120 s"
            );
            std::thread::sleep(Duration::from_millis(100));
        }
        server
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Its JVM ends with it: py4j's gateway closes when its input does.
        let _ = self.child.kill();
        let _ = self.child.wait();
        let killed = Instant::now();
        while TcpStream::connect((Ipv4Addr::LOCALHOST, self.port)).is_ok() {
            if killed.elapsed() > Duration::from_secs(180) {
                println!("the server's JVM did not end within 60 s");
                return;
            }
            std::thread::sleep(Duration::from_millis(100));
        }
    }
}
