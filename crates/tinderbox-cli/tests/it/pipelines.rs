//! Declarative pipelines: their folder, and what real Spark makes of them.

use crate::place::{Place, Spark};
use crate::transformations::json_rows;
use std::process::Command;

const BATCH: &str = include_str!("../../../tinderbox-spec/tests/fixtures/pipeline.yaml");
const STREAMING: &str =
    include_str!("../../../tinderbox-spec/tests/fixtures/streaming-pipeline.yaml");

const ORDERS: &str = r#"{"id":1,"kind":"a","amount":10,"price":2.5}
{"id":2,"kind":"b","amount":20,"price":1.0}
{"id":3,"kind":"a","amount":30,"price":3.0}
{"id":4,"kind":"a","amount":5,"price":0}
"#;
const KINDS: &str = "kind,title\na,First\n";

/// Compiles a job into the folder `project` and runs it there, as its users do.
fn run(spark: &Spark, place: &Place, text: &str) {
    let file = place.write("job.yaml", text);
    let data = format!("data={}", place.path("data").display());
    let mut arguments =
        vec!["compile", file.to_str().unwrap(), "--to", "pipelines", "--set", &data];
    let out = format!("out={}", place.path("out").display());
    if text.contains("out: /out") {
        arguments.extend(["--set", &out]);
    }
    let project = place.path("project");
    arguments.extend(["--out", project.to_str().unwrap()]);
    let compiled = place.ask(&arguments);
    assert!(compiled.status.success(), "{}", String::from_utf8_lossy(&compiled.stderr));
    let output = Command::new(spark.home().join("bin/spark-pipelines"))
        .current_dir(&project)
        .env("SPARK_HOME", spark.home())
        .env("PYSPARK_PYTHON", spark.python())
        .env("SPARK_LOCAL_IP", "127.0.0.1")
        .args(["--conf", "spark.ui.enabled=false"])
        .args(["--conf", "spark.connect.grpc.binding.address=127.0.0.1", "run"])
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}\n{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
}

fn place_with_data() -> Place {
    let place = Place::new();
    std::fs::create_dir_all(place.path("data/orders")).unwrap();
    place.write("data/orders.json", ORDERS);
    place.write("data/orders/1.json", ORDERS);
    place.write("data/kinds.csv", KINDS);
    place
}

/// One after the other: `spark-pipelines` takes port 15002 and no other one (`DefaultChannelBuilder` of PySpark).
#[test]
fn row_1_4_real_spark_runs_pipelines_of_tables_and_of_streams_on_4() {
    if let Some(spark) = Spark::four() {
        tables(&spark);
        streams(&spark);
    }
}

fn tables(spark: &Spark) {
    let place = place_with_data();
    run(spark, &place, BATCH);
    let table = |name: &str| json_rows(&place.path("project/spark-warehouse").join(name));
    assert_eq!(
        table("kind_sums"),
        ["count=1 kind=\"b\" sum_amount=20 ", "count=2 kind=\"a\" sum_amount=40 title=\"First\" ",]
    );
    assert_eq!(table("large_ones"), ["id=3 title=\"First\" "]);
    assert_eq!(
        table("ranks"),
        [
            "amount=10 id=1 kind=\"a\" position=2 price=2.5 ",
            "amount=20 id=2 kind=\"b\" position=1 price=1.0 ",
            "amount=30 id=3 kind=\"a\" position=1 price=3.0 ",
        ]
    );
}

fn streams(spark: &Spark) {
    let place = place_with_data();
    run(spark, &place, STREAMING);
    assert_eq!(
        json_rows(&place.path("project/spark-warehouse/paid_orders")),
        [
            "amount=10 id=1 kind=\"a\" price=2.5 ",
            "amount=20 id=2 kind=\"b\" price=1.0 ",
            "amount=30 id=3 kind=\"a\" price=3.0 ",
        ]
    );
    assert_eq!(
        json_rows(&place.path("out/titles")),
        [
            "amount=10 id=1 kind=\"a\" price=2.5 title=\"First\" ",
            "amount=30 id=3 kind=\"a\" price=3.0 title=\"First\" ",
        ]
    );
}

#[test]
fn pipelines_go_into_their_own_folder_and_into_no_other() {
    let place = Place::new();
    let file = place.write("job.yaml", BATCH);
    let compile = |out: &str| {
        let out = place.path(out);
        place.ask(&[
            "compile",
            file.to_str().unwrap(),
            "--to",
            "pipelines",
            "--out",
            out.to_str().unwrap(),
        ])
    };
    for _ in 0..2 {
        let output = compile("project");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
    let written = std::fs::read_to_string(place.path("project/spark-pipeline.yml")).unwrap();
    let storage = format!("storage: \"file://{}/storage\"", place.path("project").display());
    assert!(written.contains(&storage), "{written}");
    std::fs::create_dir(place.path("taken")).unwrap();
    place.write("taken/spark-pipeline.yml", "name: mine\n");
    let refused = compile("taken");
    assert_eq!(refused.status.code(), Some(2));
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(said.contains("is not empty and has no pipeline of Tinderbox"), "{said}");
    assert_eq!(
        std::fs::read_to_string(place.path("taken/spark-pipeline.yml")).unwrap(),
        "name: mine\n"
    );
    let printed = place.ask(&["compile", file.to_str().unwrap(), "--to", "pipelines"]);
    let printed = String::from_utf8_lossy(&printed.stdout).into_owned();
    assert!(printed.starts_with("# ---- spark-pipeline.yml\n"), "{printed}");
    assert!(printed.contains("# ---- transformations/pipeline.py\n"), "{printed}");
    let json = place.ask_json(&["compile", file.to_str().unwrap(), "--to", "pipelines"]);
    assert_eq!(json["files"].as_array().map(Vec::len), Some(2));
    assert_eq!(json["launch_conf"]["spark.driver.memory"], "1g");
    let other = place.ask(&["compile", file.to_str().unwrap(), "--to", "sql", "--out", "x"]);
    assert_eq!(other.status.code(), Some(2));
}
