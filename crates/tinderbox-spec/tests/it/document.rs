use crate::{check_spec, job_with, loaded};
use insta::assert_snapshot;
use std::collections::BTreeMap;
use tinderbox_model::{Bytes, Millis};
use tinderbox_spec::{
    Choice, JobStatus, JobType, NodeKind, Operation, ScheduleType, compile_pyspark, components,
    load,
};

const SEED: &str = include_str!("../fixtures/seed-customer-analytics.yaml");

#[test]
fn row_12_7_seed_yaml_loads() {
    let loaded = loaded(SEED);
    let spec = &loaded.spec;
    assert_eq!(spec.name(), "customer-analytics");
    assert_eq!(spec.job_type(), JobType::Batch);
    assert_eq!(spec.cluster().version.as_ref().map(ToString::to_string).as_deref(), Some("3.2.0"));
    assert_eq!(spec.cluster().executor.instances, Some(20));
    assert_eq!(spec.cluster().executor.cores, Some(4));
    assert_eq!(spec.cluster().executor.memory, Some(Bytes(16 << 30)));
    let ids: Vec<&str> = spec.nodes().iter().map(|node| node.id.as_str()).collect();
    assert_eq!(ids, ["source_1", "filter_1", "join_1", "sink_1"]);
    let schedule = spec.schedule().expect("has a schedule");
    assert_eq!(
        (schedule.schedule_type, schedule.expression.as_str()),
        (ScheduleType::Cron, "0 2 * * *")
    );
}

#[test]
fn row_12_7_seed_join_with_a_table_that_is_no_source_is_reported() {
    assert_snapshot!(check_spec(SEED), @r#"
    job.yaml:18:14: warning[spec::catalog-table]: this join reads the catalog table `purchases`: no node has this id
       |
    18 |       table: "purchases"
       |              ^^^^^^^^^^^
       = field: pipeline.transformations[1].table
       = hint: if it is not in the catalog, add a source with `id: purchases`

    job.yaml:11:13: warning[spec::package]: `source_1` needs Hadoop's S3A, and for Spark 3.2.0 no package is known
       |
    11 |     - type: s3
       |             ^^
       = field: pipeline.sources[0]
       = hint: add it to `configuration.dependencies` in the version that fits: for Spark 3.5 that is org.apache.hadoop:hadoop-aws

    job.yaml:21:13: warning[spec::package]: `sink_1` needs Delta Lake, and for Spark 3.2.0 no package is known
       |
    21 |     - type: delta
       |             ^^^^^
       = field: pipeline.sinks[0]
       = hint: add it to `configuration.dependencies` in the version that fits: for Spark 3.5 that is io.delta:delta-spark_2.12
    "#);
}

#[test]
fn rows_8_1_to_8_12_interface_of_the_seed_loads_as_json() {
    let loaded = loaded(include_str!("../fixtures/seed-spark-job.json"));
    let spec = &loaded.spec;
    assert_eq!((spec.id(), spec.name()), (Some("job-17"), "daily"), "8.1");
    assert_eq!(spec.job_type(), JobType::Batch, "8.2");
    assert_eq!(spec.status(), Some(JobStatus::Completed), "8.3");
    assert!(spec.cluster().version.as_ref().is_some_and(|version| version.at_least(3, 5)), "8.4");
    assert_eq!(spec.cluster().driver.cores, Some(2), "8.5");
    assert_eq!(spec.cluster().driver.memory, Some(Bytes(4 << 30)), "8.5");
    assert_eq!(spec.cluster().executor.instances, Some(10), "8.6");
    let dynamic = spec.cluster().dynamic_allocation.expect("8.7");
    assert!(dynamic.enabled, "8.7");
    assert_eq!((dynamic.min_executors, dynamic.max_executors), (Some(2), Some(20)), "8.7");
    let kinds: Vec<NodeKind> = spec.nodes().iter().map(|node| node.kind()).collect();
    assert_eq!(
        kinds,
        [NodeKind::Source, NodeKind::Transformation, NodeKind::Transformation, NodeKind::Sink],
        "8.8"
    );
    assert_eq!(spec.conf()["spark.sql.shuffle.partitions"], "64", "8.9");
    assert_eq!(spec.dependencies(), ["org.postgresql:postgresql:42.7.4"], "8.9");
    assert_eq!(spec.checkpoint_location(), Some("checkpoints/daily"), "8.9");
    assert_eq!(
        spec.schedule().map(|schedule| schedule.schedule_type),
        Some(ScheduleType::Event),
        "8.10"
    );
    assert_eq!(spec.sla(), Some(Millis(90 * 60_000)), "8.11");
    let total = &spec.nodes()[2];
    assert_eq!(total.inputs[0].as_str(), "t1", "8.12: read by its output's name");
    assert!(
        matches!(total.operation, Operation::Aggregate(_)),
        "8.12: `operation` names the component"
    );
    compile_pyspark(spec);
}

#[test]
fn words_that_older_yaml_takes_for_booleans_stay_words() {
    let text = job_with(
        r"
    - {type: map, columns: {on: yes, off: no, version: 1.10, y: n}}
    - type: join
      table: t
      on: on
",
    );
    let loaded = loaded(&text);
    let Operation::Map { columns } = &loaded.spec.nodes()[1].operation else { panic!("a map") };
    let pairs: Vec<(&str, &str)> = columns.iter().map(|(k, v)| (k.as_str(), v.as_str())).collect();
    assert_eq!(pairs, [("on", "yes"), ("off", "no"), ("version", "1.10"), ("y", "n")]);
    let source = compile_pyspark(&loaded.spec).source;
    assert!(source.contains(r#"on="on""#), "{source}");
}

#[test]
fn parameters_are_put_in_and_overridden() {
    let text = "name: job\nparameters:\n  day: 2026-01-01\n  cores: 2\n  limit:\ncluster:\n  executor:\n    cores: \"${param:cores}\"\npipeline:\n  sources:\n    - {type: parquet, path: \"in/${param:day}/${param:day}\"}\n  sinks:\n    - {type: parquet, path: out}\n";
    let default = loaded(text).spec;
    assert_eq!(default.cluster().executor.cores, Some(2));
    assert_eq!(default.parameters()["day"], "2026-01-01");
    let overrides = BTreeMap::from([
        ("day".to_owned(), "today".to_owned()),
        ("cores".to_owned(), "8".to_owned()),
    ]);
    let spec = load("job.yaml", text, &Choice { parameters: overrides, ..Choice::default() })
        .expect("loads")
        .spec;
    assert_eq!(spec.cluster().executor.cores, Some(8));
    assert!(compile_pyspark(&spec).source.contains("in/today/today"));
}

#[test]
fn an_override_for_a_parameter_that_does_not_exist_names_the_nearest() {
    let text = "name: job\nparameters: {minimum_age: 18}\npipeline:\n  sources: [{type: parquet, path: in}]\n";
    let overrides = BTreeMap::from([("minmum_age".to_owned(), "1".to_owned())]);
    let found = load("job.yaml", text, &Choice { parameters: overrides, ..Choice::default() })
        .expect_err("unknown parameter");
    assert_snapshot!(crate::rendered(&found, text), @r"
    job.yaml:2:1: error[spec::unknown-parameter]: a value was given for `minmum_age`, but the job declares no such parameter
      |
    2 | parameters: {minimum_age: 18}
      | ^^^^^^^^^^
      = field: parameters
      = hint: did you mean `minimum_age`?
    ");
}

#[test]
fn local_inputs_are_the_files_to_look_for() {
    let text = "name: job\npipeline:\n  sources:\n    - {id: a, type: file, format: parquet, path: data/a}\n    - {id: b, type: file, format: csv, path: 'file:///data/b.csv', options: {header: true}}\n    - {id: c, type: file, format: csv, path: 'data/2026-*/part.csv', options: {header: true}}\n    - {id: d, type: file, format: csv, path: '*.csv', options: {header: true}}\n    - {id: e, type: s3, format: csv, path: 'data/e', options: {header: true}}\n    - {id: f, type: file, format: csv, path: 's3a://data/f', options: {header: true}}\n  sinks:\n    - {type: parquet, path: out}\n";
    let paths: Vec<(String, String)> = loaded(text)
        .spec
        .local_inputs()
        .into_iter()
        .map(|input| (input.node.to_string(), input.path))
        .collect();
    let expected = [("a", "data/a"), ("b", "/data/b.csv"), ("c", "data"), ("d", ".")];
    assert_eq!(paths, expected.map(|(node, path)| (node.to_owned(), path.to_owned())));
}

#[test]
fn nodes_come_after_their_inputs_whatever_the_order_of_the_document() {
    let text = job_with(
        r"
    - {id: last, type: filter, input: middle, condition: a}
    - {id: middle, type: filter, input: first, condition: b}
    - {id: first, type: filter, input: customers, condition: c}
",
    )
    .replace("path: out", "path: out, input: last");
    let ids: Vec<String> =
        loaded(&text).spec.nodes().iter().map(|node| node.id.to_string()).collect();
    assert_eq!(ids, ["customers", "first", "middle", "last", "sink_1"]);
}

#[test]
fn generated_ids_leave_written_ones_alone() {
    let text = job_with(
        r"
    - {id: filter_2, type: filter, condition: a}
    - {type: filter, condition: b}
    - {type: filter, condition: c}
",
    );
    let ids: Vec<String> =
        loaded(&text).spec.nodes().iter().map(|node| node.id.to_string()).collect();
    assert_eq!(ids, ["customers", "filter_2", "filter_3", "filter_4", "sink_1"]);
}

#[test]
fn every_example_of_the_registry_is_sound() {
    for component in components() {
        let mut example = component.example.to_owned();
        if let Some((before, rest)) = component.example.split_once("input: [") {
            let (_, behind) = rest.split_once(']').expect("a list");
            example = format!("{before}input: [a, b]{behind}");
        }
        let list = component.kind.list_key();
        let a = "    - {id: a, type: parquet, path: a}\n    - {id: b, type: parquet, path: b}\n";
        let streams = ["rate", "rate_micro_batch", "socket", "memory", "kinesis"];
        let kind = if streams.contains(&component.name) { "streaming" } else { "batch" };
        let a = if kind == "streaming" {
            a.replace("path:", "schema: 'x INT', path:")
        } else {
            a.to_owned()
        };
        let text = if list == "sources" {
            format!("name: job\ntype: {kind}\npipeline:\n  sources:\n{a}    - {example}\n")
        } else {
            format!(
                "name: job\ntype: {kind}\npipeline:\n  sources:\n{a}  {list}:\n    - {example}\n"
            )
        };
        let spec = loaded(&text).spec;
        assert!(compile_pyspark(&spec).source.contains("def "), "{text}");
    }
}

#[test]
fn windows_line_ends_and_a_byte_order_mark_change_nothing() {
    let text = format!("\u{feff}{}", SEED.replace('\n', "\r\n"));
    let spec = loaded(&text).spec;
    let source = compile_pyspark(&spec).source;
    assert_eq!(source, compile_pyspark(&loaded(SEED).spec).source);
    assert!(!source.contains('\r'));
}

#[test]
fn a_new_document_is_sound_whatever_its_name() {
    for name in ["daily", "it's", "a: b # c", "\u{7}x\ny", "größe"] {
        let loaded = loaded(&tinderbox_spec::new_document(name));
        assert_eq!(loaded.warnings, [], "{name}");
        assert!(compile_pyspark(&loaded.spec).source.contains("def main"), "{name}");
    }
    assert_eq!(loaded(&tinderbox_spec::new_document("it's")).spec.name(), "it's");
}
