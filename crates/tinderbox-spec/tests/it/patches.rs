use crate::{check_spec, loaded};
use insta::assert_snapshot;
use tinderbox_model::{NodeId, Patch};
use tinderbox_spec::{Operation, apply_patches, compile_pyspark};

const EXAMPLE: &str = include_str!("../../../../examples/customer-analytics.yaml");
const SEED: &str = include_str!("../fixtures/seed-customer-analytics.yaml");
const SEED_JSON: &str = include_str!("../fixtures/seed-spark-job.json");

fn conf(key: &str, value: &str) -> Patch {
    Patch::Configuration { key: key.to_owned(), value: value.to_owned() }
}

fn resource(field: &str, value: &str) -> Patch {
    Patch::Resource { field: field.to_owned(), value: value.to_owned() }
}

fn node(node: &str, parameter: &str, value: &str) -> Patch {
    Patch::NodeParameter {
        node: NodeId::new(node),
        parameter: parameter.to_owned(),
        value: value.to_owned(),
    }
}

/// Applies, checks that a second time changes nothing, and shows only the lines that differ.
fn check_patch(text: &str, patches: &[Patch]) -> String {
    let patched = apply_patches(text, patches).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(
        apply_patches(&patched, patches).expect("applies again"),
        patched,
        "a second time changes nothing"
    );
    let old: Vec<&str> = text.lines().collect();
    let new: Vec<&str> = patched.lines().collect();
    let removed = old.iter().filter(|line| !new.contains(line)).map(|line| format!("-{line}"));
    let added = new.iter().filter(|line| !old.contains(line)).map(|line| format!("+{line}"));
    removed.chain(added).collect::<Vec<_>>().join("\n")
}

#[test]
fn sections_that_are_missing_are_added_and_comments_stay() {
    let patches = [
        conf("spark.sql.shuffle.partitions", "64"),
        conf("spark.sql.adaptive.skewJoin.skewedPartitionThresholdInBytes", "16MB"),
    ];
    assert_snapshot!(check_patch(EXAMPLE, &patches), @r"
    +configuration:
    +  sparkConf:
    +    spark.sql.shuffle.partitions: 64
    +    spark.sql.adaptive.skewJoin.skewedPartitionThresholdInBytes: 16MB
    ");
    let patched = apply_patches(EXAMPLE, &patches).expect("applies");
    for comment in EXAMPLE.lines().filter(|line| line.contains('#')) {
        assert!(patched.contains(comment), "{comment}");
    }
    assert_eq!(loaded(&patched).spec.conf()["spark.sql.shuffle.partitions"], "64");
    assert_eq!(check_spec(&patched), "nothing to say");
}

#[test]
fn resources_are_changed_and_added_below_cluster() {
    let patches = [
        resource("executor.memory", "4g"),
        resource("executor.instances", "3"),
        resource("driver.cores", "2"),
        resource("dynamicAllocation.enabled", "true"),
    ];
    assert_snapshot!(check_patch(EXAMPLE, &patches), @r#"
    -    instances: 1
    -    memory: "2g"
    +    instances: 3
    +    memory: "4g"
    +  dynamicAllocation:
    +    enabled: true
    "#);
}

#[test]
fn node_parameters_are_changed_and_added_at_their_node() {
    let patches = [
        node("adult_purchases", "broadcast", "right"),
        node("adults", "condition", "age >= 21 -- or so: it depends"),
        node("sink_1", "partition_by", "[segment, product]"),
        node("segment_products", "group_by", "[product]"),
    ];
    assert_snapshot!(check_patch(EXAMPLE, &patches), @r#"
    -      condition: age >= ${param:minimum_age}
    -      group_by: [segment, product]
    +      condition: "age >= 21 -- or so: it depends"
    +      broadcast: right
    +      group_by: [product]
    +      partition_by: [segment, product]
    "#);
}

#[test]
fn nodes_without_an_id_are_found_by_the_one_they_get() {
    assert_snapshot!(check_patch(SEED, &[node("join_1", "how", "left"), node("filter_1", "condition", "it's > \"x\"")]), @r#"
    -      condition: "age >= 18"
    +      condition: "it's > \"x\""
    +      how: left
    "#);
}

#[test]
fn json_stays_json() {
    let patches = [
        conf("spark.sql.shuffle.partitions", "8"),
        conf("spark.sql.adaptive.enabled", "true"),
        resource("executor.cores", "2"),
        node("t1", "condition", "status = \"x\""),
        node("sink_1", "mode", "overwrite"),
    ];
    assert_snapshot!(check_patch(SEED_JSON, &patches), @r#"
    -    "executor": { "instances": 10, "cores": 4, "memory": "8g" },
    -        "parameters": { "condition": "status = 'active'" },
    -    "sinks": [{ "type": "parquet", "path": "s3a://data/aggregated", "input": ["totals"] }]
    -    "sparkConf": { "spark.sql.shuffle.partitions": "64" },
    +    "executor": { "instances": 10, "cores": 2, "memory": "8g" },
    +        "parameters": { "condition": "status = \"x\"" },
    +    "sinks": [{ "type": "parquet", "path": "s3a://data/aggregated", "input": ["totals"], "mode": "overwrite" }]
    +    "sparkConf": { "spark.sql.shuffle.partitions": "8", "spark.sql.adaptive.enabled": true },
    "#);
}

#[test]
fn a_fact_keeps_one_home() {
    let in_cluster = check_patch(SEED, &[conf("spark.executor.memory", "8g")]);
    assert_snapshot!(in_cluster, @r#"
    -    memory: "16g"
    +    memory: "8g"
    "#);
    let twice = format!("{SEED}configuration:\n  sparkConf:\n    spark.executor.memory: 20g\n");
    let in_both = check_patch(&twice, &[resource("executor.memory", "8g")]);
    assert_snapshot!(in_both, @r#"
    -    memory: "16g"
    -    spark.executor.memory: 20g
    +    memory: "8g"
    +    spark.executor.memory: 8g
    "#);
    let spec =
        loaded(&apply_patches(&twice, &[resource("executor.memory", "8g")]).expect("applies")).spec;
    assert_eq!(compile_pyspark(&spec).launch_conf["spark.executor.memory"], "8g");
}

#[test]
fn every_way_of_writing_an_empty_section_can_be_filled() {
    let pipeline = "pipeline:\n  sources: [{type: parquet, path: in}]\n  sinks: [{type: parquet, path: out}]\n";
    for section in [
        "",
        "configuration:\n",
        "configuration: # later\n",
        "configuration: ~\n",
        "configuration: {}\n",
        "configuration:\n  sparkConf:\n",
        "configuration:\n  sparkConf: {} # none\n",
        "configuration:\n  sparkConf: null\n  dependencies: []\n",
        "configuration: {dependencies: []}\n",
        "configuration: {sparkConf: {spark.a: 1}}\n",
        "configuration: {sparkConf: {spark.a: 1,},}\n",
        "configuration:\n    sparkConf:\n        spark.a: \"1\" # one\n\n        # two\n",
        "configuration:\n  sparkConf:\n    spark.a: |\n      text\n\n",
        "configuration:\n  sparkConf:\n    spark.b: # nothing yet\n",
        "configuration:\n  sparkConf:\n    spark.b: old\n",
        "configuration:\n  sparkConf:\n    spark.b: 'old'\n",
        "configuration:\n  sparkConf:\n    spark.b: >\n      old\n      text\n    spark.c: 1\n",
    ] {
        for text in [
            format!("name: job\n{section}{pipeline}"),
            format!("name: job\n{pipeline}{section}"),
            format!("name: job\n{pipeline}{section}").trim_end().to_owned(),
            format!("---\nname: job\n{pipeline}{section}...\n"),
            format!("name: job\n{section}{pipeline}").replace('\n', "\r\n"),
        ] {
            let patches = [conf("spark.b", "new value: #1")];
            let patched =
                apply_patches(&text, &patches).unwrap_or_else(|error| panic!("{error}\n{text}"));
            assert_eq!(loaded(&patched).spec.conf()["spark.b"], "new value: #1", "{patched}");
            assert_eq!(apply_patches(&patched, &patches).expect("applies again"), patched);
        }
    }
}

#[test]
fn patches_that_fit_nothing_say_what_is_near() {
    let refused =
        |patch: Patch| apply_patches(EXAMPLE, &[patch]).expect_err("does not fit").to_string();
    assert_snapshot!(refused(resource("executor.memry", "1g")), @"cannot apply `cluster.executor.memry=1g`: `cluster` has no field `executor.memry`; did you mean `executor.memory`?");
    assert_snapshot!(refused(node("adult", "condition", "x")), @"cannot apply `adult.condition=x`: there is no node `adult`; did you mean `adults`?");
    assert_snapshot!(refused(node("adults", "conditions", "x")), @"cannot apply `adults.conditions=x`: `filter` has no parameter `conditions`; did you mean `condition`?");
    assert_snapshot!(refused(node("segment_products", "group_by", "[a, b")), @"cannot apply `segment_products.group_by=[a, b`: `[a, b` is not a list or block in YAML");
    let no_document =
        apply_patches("- a", &[conf("spark.a", "1")]).expect_err("no job").to_string();
    assert_snapshot!(no_document, @"the job cannot be read: job:1:1: error[spec::wrong-type]: a job is a block of keys, not a list");
    let no_block = apply_patches("configuration: 1", &[conf("spark.a", "1")])
        .expect_err("no block")
        .to_string();
    assert_snapshot!(no_block, @"cannot apply `spark.a=1`: `sparkConf` cannot be added: what should hold it is not a block of keys");
}

#[test]
fn parameters_of_the_document_are_replaced_by_the_patch() {
    let text = "name: job\nparameters: {n: 2}\ncluster: {executor: {instances: \"${param:n}\"}}\npipeline:\n  sources: [{type: parquet, path: in}]\n  sinks: [{type: parquet, path: out}]\n";
    let patched = apply_patches(text, &[resource("executor.instances", "5")]).expect("applies");
    assert_eq!(loaded(&patched).spec.cluster().executor.instances, Some(5));
}

#[test]
fn patched_node_parameters_reach_the_operation() {
    let patched =
        apply_patches(EXAMPLE, &[node("adult_purchases", "broadcast", "right")]).expect("applies");
    let spec = loaded(&patched).spec;
    let join =
        spec.nodes().iter().find(|node| node.id.as_str() == "adult_purchases").expect("is there");
    let Operation::Join(join) = &join.operation else { panic!("a join") };
    assert_eq!(join.broadcast, Some(tinderbox_spec::Side::Right));
    let source = compile_pyspark(&spec).source;
    assert!(source.contains("F.broadcast(adults)"), "{source}");
}
