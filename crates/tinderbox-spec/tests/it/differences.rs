//! Two documents compared by what they say.

use crate::rendered;
use tinderbox_spec::{Choice, Difference, FieldDifference, differences};

const EXAMPLE: &str = include_str!("../../../../examples/customer-analytics.yaml");

fn compared(old: &str, new: &str) -> Vec<Difference> {
    differences(("old.yaml", old, &Choice::default()), ("new.yaml", new, &Choice::default()))
        .unwrap_or_else(|found| panic!("{}", rendered(&found, new)))
}

fn field(path: &str, old: Option<&str>, new: Option<&str>) -> FieldDifference {
    let (old, new) = (old.map(str::to_owned), new.map(str::to_owned));
    FieldDifference { path: path.to_owned(), old, new }
}

#[test]
fn how_a_document_is_written_does_not_count() {
    let plain = "name: j\npipeline:\n  sources: [{id: a, type: parquet, path: in}]\n  transformations:\n    - {id: f, type: filter, condition: x > 1}\n    - {id: s, type: select, columns: [x]}\n  sinks: [{id: o, type: parquet, path: out}]\n";
    let other = "# A comment\npipeline:\n  sinks:\n    - path: \"out\"\n      id: o\n      input: s\n      type: parquet\n      mode: null\n  sources: [{path: in, type: parquet, id: a}]\n  transformations:\n    - {id: f, type: filter, input: [a], parameters: {condition: 'x > 1'}}\n    - {id: s, type: transformation, operation: select, input: f, columns: x}\nname: 'j'\n";
    assert_eq!(compared(plain, other), []);
    assert_eq!(compared(EXAMPLE, EXAMPLE), []);
}

#[test]
fn changed_fields_and_nodes_are_told() {
    let other = EXAMPLE
        .replace("minimum_age: 18", "minimum_age: 21")
        .replace("memory: \"2g\"", "memory: 4g\n    instances: 1")
        .replace("    instances: 1\n    cores: 2\n", "    cores: 2\n")
        .replace("how: inner", "how: left")
        .replace("quantity: sum", "units: sum")
        .replace(
            "    - id: segment_products",
            "    - {id: some, type: limit, rows: 5}\n    - id: segment_products",
        );
    let found = compared(EXAMPLE, &other);
    let expected = [
        Difference::Field(field("cluster.executor.memory", Some("2g"), Some("4g"))),
        Difference::Field(field("parameters.minimum_age", Some("18"), Some("21"))),
        Difference::NodeChanged {
            node: "adult_purchases".to_owned(),
            fields: vec![field("how", Some("inner"), Some("left"))],
        },
        Difference::NodeAdded {
            node: "some".to_owned(),
            kind: tinderbox_spec::NodeKind::Transformation,
            type_word: "limit".to_owned(),
        },
        Difference::NodeChanged {
            node: "segment_products".to_owned(),
            fields: vec![
                field("aggregations.quantity", Some("sum"), None),
                field("aggregations.units", None, Some("sum")),
                field("input", Some("adult_purchases"), Some("some")),
            ],
        },
    ];
    assert_eq!(found, expected);
    let back = compared(&other, EXAMPLE);
    assert!(matches!(back.last(), Some(Difference::NodeRemoved { node, .. }) if node == "some"));
}

#[test]
fn a_document_with_errors_cannot_be_compared() {
    let errors = differences(
        ("a.yaml", EXAMPLE, &Choice::default()),
        ("b.yaml", "name: x", &Choice::default()),
    )
    .expect_err("is wrong");
    assert_eq!(errors[0].file, "b.yaml");
}
