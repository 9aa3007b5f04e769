//! `tinderbox spec import`: plans of real event logs as graphs.

use crate::place::{Place, repository};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;
use std::process::Output;

const SQL_3_5: &str = "spark-3.5-sql/local-1795203063428.zstd";
const SQL_4_3: &str = "spark-4.3-sql/eventlog_v2_local-1795203102538";

fn fixture(name: &str) -> String {
    let path = repository().join("crates/tinderbox-spark/tests/fixtures").join(name);
    path.to_str().unwrap().to_owned()
}

/// What is printed for an execution of this log or run.
fn shown(place: &Place, target: &str, execution: &str) -> String {
    let output = place.ask(&["spec", "import", target, "--execution", execution]);
    assert!(output.status.success(), "{}", complaint(&output));
    String::from_utf8(output.stdout).unwrap()
}

fn complaint(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// A broadcast join: its plan before it ran, in which the join sorts and merges, is not what is shown.
const BROADCAST: &str = "\
NODE         OPERATOR           READS               ROWS  WHAT
source_1     Range                                  4000  Range (0, 4000, step=1, splits=4)
filter_1     Filter             source_1            4000  CASE WHEN ((id % 4) = 0) THEN isnotnull((id % 40)) ELSE true END
select_1     Project            filter_1                  CASE WHEN ((id % 4) = 0) THEN (id % 40) ELSE 7 END AS customer, (id % 100) AS amount
source_2     Range                                    40  Range (0, 40, step=1, splits=2)
select_2     Project            source_2                  id AS customer, (id % 5) AS region
join_1       BroadcastHashJoin  select_1, select_2  4000  inner on customer
aggregate_1  HashAggregate      join_1                 5  sum(amount), count(1) by region
";

/// Exchanges that are used again, and a scalar subquery.
const REUSED: &str = "\
NODE         OPERATOR       READS                       ROWS  WHAT
source_1     Range                                      4000  Range (0, 4000, step=1, splits=4)
filter_1     Filter         source_1                    4000  CASE WHEN ((id % 4) = 0) THEN isnotnull((id % 40)) ELSE true END
select_1     Project        filter_1                          CASE WHEN ((id % 4) = 0) THEN (id % 40) ELSE 7 END AS customer, (id % 100) AS amount
source_2     Range                                        40  Range (0, 40, step=1, splits=2)
select_2     Project        source_2                          id AS customer, (id % 5) AS region
join_1       SortMergeJoin  select_1, select_2          4000  inner on customer
aggregate_1  HashAggregate  join_1                         5  sum(amount), count(1) by region
join_2       SortMergeJoin  select_1, select_2          4000  inner on customer
aggregate_2  HashAggregate  join_2                         5  sum(amount) by region
aggregate_3  HashAggregate  aggregate_2                    1  avg(total)
filter_2     Filter         aggregate_1, (aggregate_3)     1  isnotnull(total) AND (cast(total as double) > Subquery subquery)
aggregate_4  HashAggregate  join_1                         5  sum(amount), count(1) by region
union_1      Union          filter_2, aggregate_4             union
";

const WRITE: &str = "\
NODE      OPERATOR                           READS     ROWS  WHAT
source_1  Range                                        1000  Range (0, 1000, step=1, splits=2)
select_1  Project                            source_1        id, (id % 3) AS k
sink_1    InsertIntoHadoopFsRelationCommand  select_1  1000  file:/tmp/fixture/out
";

const CACHED: &str = "\
NODE         OPERATOR           READS     ROWS  WHAT
source_1     Scan parquet                  333  file:/tmp/fixture/out
cache_1      InMemoryTableScan  source_1   333  id
aggregate_1  HashAggregate      cache_1      1  sum(id)
";

#[test]
fn plans_of_spark_3_5_and_4_are_the_same_graphs() {
    let place = Place::new();
    for log in [SQL_3_5, SQL_4_3] {
        let of = |execution| shown(&place, &fixture(log), execution);
        assert_eq!(of("0"), BROADCAST, "{log}");
        assert_eq!(of("2"), REUSED, "{log}");
        assert_eq!(of("3"), WRITE, "{log}");
        assert_eq!(of("4"), CACHED, "{log}");
    }
    assert!(!place.home().exists(), "a log needs no data directory");
}

#[test]
fn the_json_form_says_where_rows_go_and_what_else_could_be_shown() {
    let graph = Place::new().ask_json(&["spec", "import", &fixture(SQL_4_3), "--execution", "3"]);
    assert_eq!(graph["read_only"], true);
    assert_eq!(graph["final"], true);
    assert_eq!(graph["execution"], 3);
    let numbers: Vec<&Value> =
        graph["executions"].as_array().unwrap().iter().map(|one| &one["execution"]).collect();
    assert_eq!(numbers, [0, 1, 2, 3, 4]);
    let expected = json!({
        "id": "sink_1",
        "kind": "sink",
        "type": "file",
        "operator": "Execute InsertIntoHadoopFsRelationCommand",
        "label": "file:/tmp/fixture/out",
        "parameters": {
            "path": "file:/tmp/fixture/out",
            "format": "parquet",
            "mode": "overwrite",
            "partition_by": ["k"],
        },
        "inputs": ["select_1"],
        "subqueries": [],
        "operators": [0, 1, 3],
        "rows": 1000,
    });
    assert_eq!(graph["nodes"][2], expected, "{graph:#}");
}

#[test]
fn a_run_of_the_data_directory_shows_what_its_log_does() {
    let place = Place::new();
    fs::create_dir(place.path("logs")).unwrap();
    let log = fixture(SQL_3_5);
    fs::copy(&log, place.path("logs/local-1795203063428.zstd")).unwrap();
    let done =
        place.ask_json(&["collect", "--event-log-dir", place.path("logs").to_str().unwrap()]);
    assert_eq!(done["collected"], 1, "{done}");
    let jobs = place.ask_json(&["jobs"]);
    let run = jobs["jobs"][0]["job_id"].as_str().unwrap();
    assert_eq!(shown(&place, run, "2"), REUSED);
    let of = |target: &str| place.ask_json(&["spec", "import", target]);
    assert_eq!(of("latest"), of(&log));

    let output = place.ask(&["spec", "import", "nobody"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(complaint(&output).contains("no run is called nobody"), "{}", complaint(&output));
}

#[test]
fn without_a_number_the_longest_execution_is_shown_with_a_list_of_all() {
    let output = Place::new().ask(&["spec", "import", &fixture(SQL_3_5)]);
    assert_eq!(String::from_utf8_lossy(&output.stdout), BROADCAST);
    let said = complaint(&output);
    let list = "\
N  STATUS       MS  OPERATORS  WHAT
0  COMPLETED  1374         16  customers by region
1  COMPLETED     7          1  customers by region
2  COMPLETED   973         49  customers by region
3  COMPLETED   648          6  customers by region
4  COMPLETED   367         10  customers by region
";
    assert!(said.ends_with(list), "{said}");

    let output = Place::new().ask(&["spec", "import", &fixture(SQL_3_5), "--execution", "9"]);
    assert_eq!(output.status.code(), Some(1));
    let said = complaint(&output);
    assert!(said.contains("has no SQL execution 9 with a plan\nhint: its executions:\n"), "{said}");
    assert!(said.ends_with(list), "{said}");
}

#[test]
fn what_has_no_plans_says_so() {
    let place = Place::new();
    let refused = |target: &str, code, says: &str| {
        let output = place.ask(&["spec", "import", target]);
        let said = complaint(&output);
        assert_eq!(output.status.code(), Some(code), "{said}");
        assert!(said.contains(says) && said.contains("hint: "), "{said}");
        assert!(output.stdout.is_empty(), "{said}");
    };
    refused("/no/such/log", 2, "/no/such/log does not exist");
    let note = place.write("notes.txt", "no event log\n");
    refused(note.to_str().unwrap(), 2, "notes.txt is no Spark event log");
    refused(&fixture("spark-3.5-small/local-1795203071921"), 1, "has no SQL execution with a plan");
}

#[test]
fn a_log_that_is_cut_off_shows_what_is_there() {
    let place = Place::new();
    let log = fs::read(fixture(SQL_3_5)).unwrap();
    let mut seen = BTreeSet::new();
    for tenth in 1..10 {
        let cut: PathBuf = place.path("cut.zstd");
        fs::write(&cut, &log[..log.len() * tenth / 10]).unwrap();
        let output = place.ask(&["spec", "import", cut.to_str().unwrap()]);
        let said = complaint(&output);
        assert!(said.contains("the log is cut off"), "{said}");
        assert_eq!(output.status.success(), !output.stdout.is_empty(), "{said}");
        seen.insert(match output.status.code() {
            Some(1) => "nothing",
            Some(0) if said.contains("note: its last plan is not known") => "the first plan",
            Some(0) => "the last plan",
            other => panic!("{other:?}: {said}"),
        });
    }
    assert_eq!(seen.len(), 3, "all three come about: {seen:?}");
}
