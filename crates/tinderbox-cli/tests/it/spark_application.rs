//! Manifests of the kubeflow operator as specs, and back.

use crate::place::Place;
use std::fs;
use std::process::Output;

const MANIFEST: &str = r#"apiVersion: sparkoperator.k8s.io/v1beta2
kind: ScheduledSparkApplication
metadata: {name: nightly, namespace: jobs}
spec:
  schedule: "30 2 * * *"
  timeZone: Europe/Vienna
  concurrencyPolicy: Forbid
  successfulRunHistoryLimit: 3
  template:
    type: Python
    mode: cluster
    image: registry.example.org/spark:4.0.1
    mainApplicationFile: local:///opt/app/nightly.py
    arguments: ["--date", "2026-11-20"]
    sparkVersion: 4.0.1
    sparkConf: {spark.sql.shuffle.partitions: "8"}
    deps: {pyFiles: ["local:///opt/app/shared.zip"], packages: ["org.postgresql:postgresql:42.7.4"]}
    restartPolicy: {type: OnFailure, onFailureRetries: 3}
    timeToLiveSeconds: 600
    driver: {cores: 1, memory: 2g, serviceAccount: spark, podName: pinned}
    executor: {instances: 2, cores: 4, memory: 8g, tolerations: [{key: spot, operator: Exists}]}
    monitoring: {exposeDriverMetrics: true}
"#;

/// In the order and with the quotes of `tinderbox spec fmt`.
const SPEC: &str = r#"version: 1
name: nightly
type: batch
"#;

const RUNS: [&str; 9] = [
    "expression: \"30 2 * * *\"",
    "file: local:///opt/app/nightly.py",
    "- local:///opt/app/shared.zip",
    "- org.postgresql:postgresql:42.7.4",
    "- \"2026-11-20\"",
    "instances: 2",
    "memory: 8g",
    "spark.kubernetes.container.image: registry.example.org/spark:4.0.1",
    "spark.kubernetes.authenticate.driver.serviceAccountName: spark",
];

const LEFT_OUT: [&str; 8] = [
    "spec.successfulRunHistoryLimit: 3",
    "spec.timeZone: Europe/Vienna",
    "spec.concurrencyPolicy: Forbid",
    "spec.driver.podName",
    "spec.template.monitoring",
    "--retries 3",
    "spec.timeToLiveSeconds: 600",
    "spark.kubernetes.executor.podTemplateFile",
];

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn succeeded(output: &Output) -> (String, String) {
    let (out, err) = (text(&output.stdout), text(&output.stderr));
    assert!(output.status.success(), "{out}\n{err}");
    (out, err)
}

#[test]
fn row_9_3_a_manifest_becomes_a_spec_and_a_spec_a_manifest() {
    let place = Place::new();
    let manifest = place.write("nightly.yaml", MANIFEST);
    let (spec, notes) = succeeded(&place.ask(&["spec", "import", manifest.to_str().unwrap()]));
    assert!(spec.starts_with(SPEC), "{spec}");
    for part in RUNS {
        assert!(spec.contains(part), "{part}: {spec}");
    }
    for part in LEFT_OUT {
        assert!(notes.contains(part), "{part}: {notes}");
    }
    assert_eq!(notes.lines().count(), LEFT_OUT.len(), "{notes}");

    let file = place.write("spec.yaml", &spec);
    let file = file.to_str().unwrap();
    succeeded(&place.ask(&["check", file]));
    let (back, notes) = succeeded(&place.ask(&["compile", file, "--to", "spark-application"]));
    assert_eq!(notes, "", "nothing is left out");
    assert!(back.contains("kind: ScheduledSparkApplication"), "{back}");
    // What the manifest says is read as the same spec again.
    let again = place.write("again.yaml", &back);
    let (again, notes) = succeeded(&place.ask(&["spec", "import", again.to_str().unwrap()]));
    assert_eq!(again, spec);
    assert_eq!(notes, "");
    let json = place.ask_json(&["compile", file, "--to", "spark-application"]);
    assert_eq!(json["text"], back);
}

#[test]
fn row_9_3_what_cannot_be_a_manifest_says_what_to_do() {
    let place = Place::new();
    let class =
        "name: a\ncluster: {version: \"4.0\"}\napplication: {file: a.jar, main_class: a.B}\n";
    let file = place.write("class.yaml", class);
    let (made, notes) =
        succeeded(&place.ask(&["compile", file.to_str().unwrap(), "--to", "spark-application"]));
    assert!(made.contains("mainClass: a.B"), "{made}");
    for part in ["no image", "a.jar is a file of this machine"] {
        assert!(notes.contains(part), "{part}: {notes}");
    }
    let refused = [
        (class.replace(", main_class: a.B", ""), "main_class: org.example.Main"),
        (class.replace("cluster: {version: \"4.0\"}\n", ""), "cluster: {version"),
        (fs::read_to_string(place.example("4.0")).unwrap(), "a SparkApplication runs a program"),
    ];
    for (spec, part) in refused {
        let file = place.write("refused.yaml", &spec);
        let output = place.ask(&["compile", file.to_str().unwrap(), "--to", "spark-application"]);
        let said = text(&output.stderr);
        assert!(!output.status.success() && said.contains(part), "{part}: {said}");
    }
    let broken = MANIFEST.replace("mainApplicationFile", "applicationFile");
    let file = place.write("broken.yaml", &broken);
    let output = place.ask(&["spec", "import", file.to_str().unwrap()]);
    let said = text(&output.stderr);
    assert!(!output.status.success() && said.contains("spec.mainApplicationFile"), "{said}");
    // What runs nowhere is printed all the same, with what is to be corrected.
    let small = MANIFEST.replace("memory: 2g", "memory: 100m");
    let file = place.write("small.yaml", &small);
    let output = place.ask(&["spec", "import", file.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stdout).contains("memory: 100m"));
    assert!(text(&output.stderr).contains("450 MiB"));
}
