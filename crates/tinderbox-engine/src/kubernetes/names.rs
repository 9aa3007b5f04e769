//! Names of the objects of an attempt. They follow from the attempt's id alone, so that whoever looks finds them.

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use tinderbox_model::{AttemptNumber, RunId};

/// Of names of pods and services (DNS-1123 labels) and of values of labels.
pub(super) const LONGEST_NAME: usize = 63;
/// Leaves room for the service's suffix, `-driver-svc`. Names of config maps may be longer.
const LONGEST_STEM: usize = 50;

/// What is known of an attempt before it is submitted. Store it first, then submit: with it the driver is found again
/// after any crash.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KubernetesIntent {
    /// The namespace of the driver pod.
    pub namespace: String,
    /// The driver pod's name.
    pub pod: String,
    /// `<run>/<attempt>`, which the pod carries as the annotation `tinderbox/marker`.
    pub marker: String,
    /// When it was first submitted, in milliseconds since 1970: Spark's `spark.app.submitTime`.
    pub submitted_ms: u64,
    run: String,
    attempt: String,
}

impl KubernetesIntent {
    /// The intent to run `attempt` of `run`.
    pub fn new(
        namespace: impl Into<String>,
        run: &RunId,
        attempt: AttemptNumber,
        submitted_ms: u64,
    ) -> Self {
        let marker = format!("{run}/{attempt}");
        Self {
            namespace: namespace.into(),
            pod: format!("{}-driver", stem(&marker)),
            run: label_value(run.as_str()),
            attempt: attempt.to_string(),
            marker,
            submitted_ms,
        }
    }

    /// The labels of all pods of the attempt.
    pub(super) fn labels(&self) -> [(String, String); 2] {
        [
            ("tinderbox/run".to_owned(), self.run.clone()),
            ("tinderbox/attempt".to_owned(), self.attempt.clone()),
        ]
    }
}

/// Names of the objects of one application.
#[derive(Debug, Clone)]
pub(super) struct Names {
    pub(super) pod: String,
    pub(super) service: String,
    pub(super) conf_map: String,
    pub(super) template_map: String,
    pub(super) hadoop_map: String,
    pub(super) program_map: String,
    pub(super) policy: String,
    pub(super) claims: String,
    pub(super) secret: String,
    /// `spark.app.id`.
    pub(super) app_id: String,
    /// Of the folder for shuffle files.
    pub(super) uuid: String,
}

impl Names {
    pub(super) fn of(intent: &KubernetesIntent) -> Self {
        let stem = stem(&intent.marker);
        let id = digest(&intent.marker);
        let parts = [&id[..8], &id[8..12], &id[12..16], &id[16..20], &id[20..32]];
        Self {
            pod: format!("{stem}-driver"),
            service: format!("{stem}-driver-svc"),
            conf_map: format!("{stem}-driver-conf-map"),
            template_map: format!("{stem}-driver-podspec-conf-map"),
            hadoop_map: format!("{stem}-hadoop-config"),
            program_map: format!("{stem}-driver-program"),
            policy: format!("{stem}-policy"),
            claims: format!("{stem}-driver-pvc-"),
            secret: format!("{stem}-environment"),
            app_id: format!("spark-{id}"),
            uuid: parts.join("-"),
        }
    }
}

/// `tb-<run>-<attempt>` where that is a name already, else a shortened form with a digest.
fn stem(marker: &str) -> String {
    let plain = format!("tb-{}", marker.replace('/', "-"));
    let is_name = plain.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
    // Two markers must not meet: `a-1/2` and `a/1-2` cannot, the part behind the last hyphen is the attempt.
    if is_name && plain.len() <= LONGEST_STEM && !plain.ends_with('-') {
        return plain;
    }
    let legible = hyphenated(marker);
    let legible = legible.get(..28).unwrap_or(&legible).trim_matches('-');
    format!("tb-{legible}-{}", &digest(marker)[..16])
}

fn digest(text: &str) -> String {
    Sha256::digest(text.as_bytes()).iter().take(16).map(|byte| format!("{byte:02x}")).collect()
}

/// A run's id as the value of a label: itself where that is allowed.
fn label_value(text: &str) -> String {
    let allowed = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.');
    let ends = [text.bytes().next(), text.bytes().last()];
    let good_ends = ends.iter().all(|b| b.is_some_and(|b| b.is_ascii_alphanumeric()));
    match text.bytes().all(allowed) && good_ends && text.len() <= LONGEST_NAME {
        true => text.to_owned(),
        false => digest(text),
    }
}

/// Lower case, with one hyphen for everything else between letters and digits.
fn hyphenated(text: &str) -> String {
    let mut name = String::new();
    for c in text.trim().chars().flat_map(char::to_lowercase) {
        if c.is_ascii_lowercase() || c.is_ascii_digit() {
            name.push(c);
        } else if !name.ends_with('-') {
            name.push('-');
        }
    }
    name
}

/// The label `spark-app-name` (`KubernetesConf.getAppNameLabel`).
pub(super) fn app_name_label(app_name: &str) -> String {
    let name = hyphenated(app_name);
    let cut = name.get(..LONGEST_NAME).unwrap_or(&name);
    cut.trim_matches('-').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn row_9_5_names_are_stable_short_and_different() {
        let intent = |run: &str| KubernetesIntent::new("jobs", &run.into(), AttemptNumber(2), 0);
        let usual = intent("0198c5a4-7d1c-7a3e-9d37-1f0a2b3c4d5e");
        let runs = [
            "run",
            "Run",
            "rün",
            "",
            &"x".repeat(300),
            "a/b",
            "0198c5a4-7d1c-7a3e-9d37-1f0a2b3c4d5e",
        ];
        let mut pods: Vec<String> = runs.iter().map(|run| intent(run).pod).collect();
        for pod in &pods {
            let names_part =
                pod.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
            assert!(names_part && pod.len() <= LONGEST_NAME, "{pod}");
        }
        assert_eq!(pods[0], "tb-run-2-driver");
        assert_eq!(usual.pod, pods[6]);
        pods.sort();
        pods.dedup();
        assert_eq!(pods.len(), runs.len());
        assert!(Names::of(&intent(&"x".repeat(300))).service.len() <= LONGEST_NAME);
        assert_eq!(intent("").labels()[0].1.len(), 32);
    }
}
