//! The JSON Schema takes what `load` takes.

use serde_json::{Value, json};
use tinderbox_spec::{components, json_schema};

const DOCUMENTS: &[(&str, &str)] = &[
    ("the example", include_str!("../../../../examples/customer-analytics.yaml")),
    ("all nodes", include_str!("../fixtures/all-nodes.yaml")),
    ("expectations", include_str!("../fixtures/expectations.yaml")),
    ("cleansing", include_str!("../fixtures/cleansing.yaml")),
    ("learning", include_str!("../fixtures/learning.yaml")),
    ("all transformations", include_str!("../fixtures/all-transformations.yaml")),
    ("all sources", include_str!("../fixtures/all-sources.yaml")),
    ("the seed's", include_str!("../fixtures/seed-customer-analytics.yaml")),
    ("the seed's in JSON", include_str!("../fixtures/seed-spark-job.json")),
];

fn validator() -> jsonschema::Validator {
    let schema: Value = serde_json::from_str(&json_schema()).expect("is JSON");
    jsonschema::draft202012::meta::validate(&schema).expect("is a schema");
    jsonschema::validator_for(&schema).expect("is a schema")
}

fn value(yaml: &str) -> Value {
    serde_saphyr::from_str(yaml).expect("is YAML")
}

#[test]
fn sound_documents_are_valid() {
    let validator = validator();
    for (name, text) in DOCUMENTS {
        let errors: Vec<String> = validator
            .iter_errors(&value(text))
            .map(|error| format!("{}: {error}", error.instance_path()))
            .collect();
        assert!(errors.is_empty(), "{name}: {errors:#?}");
    }
}

#[test]
fn every_example_of_the_registry_is_valid_and_nothing_required_may_miss() {
    let validator = validator();
    for component in components() {
        let node = value(component.example);
        let document =
            |node: &Value| json!({"name": "job", "pipeline": {component.kind.list_key(): [node]}});
        assert!(validator.is_valid(&document(&node)), "{}", component.example);
        for parameter in component.parameters.iter().filter(|parameter| parameter.required) {
            let mut without = node.clone();
            without.as_object_mut().expect("is a node").remove(parameter.name);
            assert!(
                !validator.is_valid(&document(&without)),
                "{} without {}",
                component.name,
                parameter.name
            );
        }
    }
}

#[test]
fn what_is_wrong_is_refused() {
    let validator = validator();
    let node = |text: &str| format!("name: j\npipeline: {{transformations: [{text}]}}");
    for text in [
        "pipeline: {}".to_owned(),
        "name: j".to_owned(),
        "name: j\npipeline: {}\nnmae: k".to_owned(),
        "name: j\npipeline: {}\ntype: stream".to_owned(),
        "name: j\npipeline: {}\ncluster: {executor: {cores: 0}}".to_owned(),
        "name: j\npipeline: {sources: {}}".to_owned(),
        node("{type: filtre, condition: a}"),
        node("{type: limit, rows: ten}"),
        node("{type: limit, rows: -1}"),
        node("{type: sample, share: 2}"),
        node("{type: join, input: [a, b], how: sideways}"),
        node("{type: explode, column: a, outer: 1}"),
    ] {
        assert!(!validator.is_valid(&value(&text)), "{text}");
    }
    let reference = node("{type: limit, rows: '${param:rows}'}");
    assert!(validator.is_valid(&value(&reference)));
}
