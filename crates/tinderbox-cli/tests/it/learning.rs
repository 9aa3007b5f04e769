//! Models on real Spark: trained, measured, saved, loaded by another job.

use crate::place::{Place, Spark};
use crate::quality::rows;
use std::collections::BTreeMap;

const LEARNING: &str = include_str!("../../../tinderbox-spec/tests/fixtures/learning.yaml");

fn metrics(place: &Place, node: &str) -> BTreeMap<String, f64> {
    rows(place, &format!("out/{node}"))
        .iter()
        .map(|row| (row["metric"].as_str().unwrap().to_owned(), row["value"].as_f64().unwrap()))
        .collect()
}

fn run(place: &Place, name: &str, version: &str, text: &str) {
    let head = format!("cluster: {{version: \"{version}\"}}\n");
    let file = place.write(name, &format!("{head}{text}"));
    let output = place.ask(&["run", file.to_str().unwrap()]);
    let log = || String::from_utf8_lossy(&place.ask(&["logs", "latest"]).stdout).into_owned();
    assert!(output.status.success(), "{}\n{}", String::from_utf8_lossy(&output.stderr), log());
}

fn check(version: &str) {
    let place = Place::new();
    run(&place, "learning.yaml", version, LEARNING);
    // The price is a sum of multiples of rooms and size, with nothing left over.
    assert!(metrics(&place, "linear")["rmse"] < 1e-9);
    assert!(metrics(&place, "checked")["mae"] < 1e-9);
    for (node, names) in [
        ("villas", &["accuracy", "f1", "precision", "recall", "auc", "pr_auc"][..]),
        ("tree", &["accuracy", "f1"]),
        ("logistic", &["accuracy", "f1"]),
    ] {
        let found = metrics(&place, node);
        assert_eq!(found.len(), names.len(), "{node}: {found:?}");
        assert!(names.iter().all(|name| (found[*name] - 1.0).abs() < 1e-9), "{node}: {found:?}");
    }
    assert!(metrics(&place, "boosted")["r2"] > 0.95);
    let silhouette = metrics(&place, "groups")["silhouette"];
    assert!(silhouette > 0.3 && silhouette < 1.0, "{silhouette}");
    // Users that were not learned are left out, or this were no number.
    assert!(metrics(&place, "recommender")["rmse"].is_finite());
    let rules = rows(&place, "out/rules");
    assert_eq!(rules.len(), 1, "{rules:?}");
    assert_eq!(
        (&rules[0]["antecedent"][0], &rules[0]["consequent"][0]),
        (&"b".into(), &"a".into())
    );
    let texts = rows(&place, "out/texts");
    assert_eq!(texts[0]["kept"], serde_json::json!(["red", "fox", "dog"]));
    assert_eq!(texts[0]["pairs"], serde_json::json!(["red fox", "fox dog"]));

    // 3 * rooms + 2 * size + 1, from the saved model, which has its features from the raw columns.
    let later = "name: later\npipeline:\n  transformations: [{id: houses, type: sql, query: 'SELECT 2.0D AS rooms, 3.0D AS size'}, {type: predict, model: models/price}]\n  sinks: [{type: json, path: out/later}]\n";
    run(&place, "later.yaml", version, later);
    let price = rows(&place, "out/later")[0]["prediction"].as_f64().unwrap();
    assert!((price - 13.0).abs() < 1e-9, "{price}");
}

#[test]
fn rows_1_16_to_1_18_real_spark_learns_on_3_5() {
    if let Some(_alone) = Spark::three() {
        check("3.5");
    }
}

#[test]
fn rows_1_16_to_1_18_real_spark_learns_on_4() {
    if let Some(_alone) = Spark::four() {
        check("4");
    }
}
