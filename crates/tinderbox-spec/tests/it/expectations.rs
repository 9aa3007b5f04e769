use crate::compile::check_golden;
use crate::loaded;
use tinderbox_spec::{OnFail, Quarantine, compile_pyspark};

const EXPECTATIONS: &str = include_str!("../fixtures/expectations.yaml");

fn program(text: &str) -> String {
    compile_pyspark(&loaded(text).spec).source
}

#[test]
fn row_1_19_every_expectation_compiles() {
    check_golden("expectations.py", &program(EXPECTATIONS));
}

#[test]
fn programs_have_the_parts_of_the_class_that_they_use() {
    let plain = program(
        "name: a\npipeline:\n  sources: [{type: parquet, path: in}]\n  sinks: [{type: parquet, path: out}]\n",
    );
    assert!(!plain.contains("Expectations") && !plain.contains("import json"), "{plain}");
    let counted = program(
        "name: a\npipeline:\n  sources: [{type: parquet, path: in, expectations: [{row_count: {min: 1}}]}]\n  sinks: [{type: parquet, path: out}]\n",
    );
    assert!(counted.contains("def row_count(") && counted.contains("def judge("), "{counted}");
    for absent in
        ["def rows_where(", "def measure(", "def unique(", "def quarantine(", "#: ", "Column,"]
    {
        assert!(!counted.contains(absent), "{absent}: {counted}");
    }
}

#[test]
fn row_14_5_a_quarantine_of_the_document_has_a_folder_for_each_node() {
    let spec = loaded(EXPECTATIONS).spec;
    let orders = spec.nodes().iter().find(|node| node.id.as_str() == "orders").expect("is there");
    let path = "out/wrong/orders".to_owned();
    assert_eq!(
        orders.expectations[1].on_fail,
        OnFail::Quarantine(Quarantine { format: "json", path })
    );
    assert_eq!(orders.expectations[0].name, "not_null_id_customer");
    assert_eq!(orders.expectations[4].name, "pattern_address_zip");
}
