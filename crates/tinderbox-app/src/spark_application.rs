//! `SparkApplication` and `ScheduledSparkApplication` of the kubeflow operator as documents with an `application`, and back.

mod yaml;

use crate::Error;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use tinderbox_engine::{
    ApplicationSchedule, KubernetesApplication, KubernetesRequest, SparkApplication,
};
use tinderbox_model::SparkVersion;
use tinderbox_spec::{ApplicationLanguage, Choice, Diagnostic, ScheduleType, Spec};

/// A text made from another one, and what could not be carried over.
#[derive(Debug, Clone)]
pub struct Translated {
    /// YAML.
    pub text: String,
    /// Fields with their values, and why where it is not plain.
    pub left_out: Vec<String>,
    /// What `tinderbox check` finds in a document that was made: to be corrected before it runs.
    pub problems: Vec<Diagnostic>,
}

const IMAGE: &str = "spark.kubernetes.container.image";
const NAMESPACE: &str = "spark.kubernetes.namespace";

/// Where these properties stand in a document.
const SIZES: [(&str, &[&str]); 8] = [
    ("spark.driver.cores", &["driver", "cores"]),
    ("spark.driver.memory", &["driver", "memory"]),
    ("spark.executor.instances", &["executor", "instances"]),
    ("spark.executor.cores", &["executor", "cores"]),
    ("spark.executor.memory", &["executor", "memory"]),
    ("spark.dynamicAllocation.enabled", &["dynamicAllocation", "enabled"]),
    ("spark.dynamicAllocation.minExecutors", &["dynamicAllocation", "minExecutors"]),
    ("spark.dynamicAllocation.maxExecutors", &["dynamicAllocation", "maxExecutors"]),
];

/// Whether this is a manifest of the operator, well written or not.
pub fn is_spark_application(text: &str) -> bool {
    text.contains("sparkoperator.k8s.io/")
}

/// The document that does what a manifest does.
///
/// # Errors
/// [`Error::Engine`] when it is no such manifest, or has no program.
pub fn import_spark_application(text: &str) -> Result<Translated, Error> {
    // Stands for the Spark of a manifest that names none, so that none is made up.
    let none = SparkVersion { major: 0, minor: 0, text: String::new() };
    let read = SparkApplication::read(text, &none)
        .map_err(|error| Error::Engine(tinderbox_engine::Error::from(error)))?;
    let request = read.request;
    let mut left_out = read.left_out;
    let mut conf = request.conf;
    let name = conf.remove("spark.app.name").unwrap_or(read.name);

    let mut application = Map::new();
    let is_python = match request.application {
        KubernetesApplication::Python { file } => {
            application.insert("file".to_owned(), json!(file));
            true
        }
        KubernetesApplication::Jar { file, main_class } => {
            application.insert("file".to_owned(), json!(file));
            application.insert("main_class".to_owned(), json!(main_class));
            false
        }
    };
    if !request.arguments.is_empty() {
        application.insert("args".to_owned(), json!(request.arguments));
    }
    let lists = [
        ("files", "spark.files"),
        ("py_files", "spark.submit.pyFiles"),
        ("jars", "spark.jars"),
        ("packages", "spark.jars.packages"),
    ];
    // A jar has no `py_files`.
    for (field, key) in lists.into_iter().filter(|(field, _)| is_python || *field != "py_files") {
        if let Some(listed) = conf.remove(key) {
            let items: Vec<&str> = listed.split(',').collect();
            application.insert(field.to_owned(), json!(items));
        }
    }

    let mut cluster = json!({});
    if request.spark_version != none {
        cluster["version"] = json!(request.spark_version.text);
    }
    for (key, place) in SIZES {
        if let Some(value) = conf.remove(key) {
            cluster[place[0]][place[1]] = plain(&value);
        }
    }
    if !request.image.is_empty() {
        conf.insert(IMAGE.to_owned(), request.image);
    }
    if request.namespace != "default" {
        conf.insert(NAMESPACE.to_owned(), request.namespace);
    }

    let mut document =
        json!({"version": 1, "name": name, "type": "batch", "application": application});
    if cluster != json!({}) {
        document["cluster"] = cluster;
    }
    if !conf.is_empty() {
        document["configuration"]["sparkConf"] = json!(conf);
    }
    if let Some(schedule) = read.schedule {
        document["schedule"] = json!({"type": "cron", "expression": schedule.cron});
        left_out.extend(of_schedule(&schedule));
    }
    let others = [
        ("spec.proxyUser", request.proxy_user),
        (
            "spec.restartPolicy.onFailureRetries",
            read.retries
                .map(|count| format!("{count} (give `--retries {count}` to `tinderbox run`)")),
        ),
        ("spec.timeToLiveSeconds", read.time_to_live_s.map(|seconds| seconds.to_string())),
        ("spec.batchSchedulerOptions.priorityClassName", request.driver_placement.priority_class),
        ("spec.driver", request.driver_template.map(|pod| template_note("driver", &pod))),
        ("spec.executor", request.executor_template.map(|pod| template_note("executor", &pod))),
    ];
    let others = others.into_iter().filter_map(|(field, value)| Some((field, value?)));
    left_out.extend(others.map(|(field, value)| format!("{field}: {value}")));
    left_out.sort();

    let text = yaml::of(&document);
    // Sections in their order; what is laid out by others' rules stays as it is.
    let text = tinderbox_spec::format_document(&text).unwrap_or(text);
    let problems =
        tinderbox_spec::load("document", &text, &Choice::default()).err().unwrap_or_default();
    Ok(Translated { text, left_out, problems })
}

/// The manifest that runs a document's application under the operator.
///
/// # Errors
/// [`Error::NotForOperator`] when it has no application, or not what a manifest must have.
pub fn export_spark_application(spec: &Spec) -> Result<Translated, Error> {
    let refused = |problem: &str, hint: &str| Error::NotForOperator {
        problem: problem.to_owned(),
        hint: hint.to_owned(),
    };
    let application = spec.application().ok_or_else(|| {
        let hint = "compile it to PySpark (`tinderbox compile SPEC`), put the program into an image, and name it as the \
                    `application` of another document";
        refused("the job is a pipeline; a SparkApplication runs a program", hint)
    })?;
    let version = spec.cluster().version.clone().ok_or_else(|| {
        let hint = "add the Spark of the image: `cluster: {version: \"4.0.0\"}`";
        refused("the job does not say for which Spark it is", hint)
    })?;
    let file = application.file.clone();
    let program = match (application.language, &application.main_class) {
        (ApplicationLanguage::Python, _) => KubernetesApplication::Python { file },
        (ApplicationLanguage::Jvm, Some(class)) => {
            KubernetesApplication::Jar { file, main_class: class.clone() }
        }
        (ApplicationLanguage::Jvm, None) => {
            let hint = "add `main_class: org.example.Main` to `application`: the operator does not look into the jar";
            return Err(refused("the application has no main class", hint));
        }
    };
    let mut left_out = Vec::new();
    let mut conf: BTreeMap<String, String> = tinderbox_spec::application_conf(spec);
    let namespace = conf.remove(NAMESPACE).unwrap_or_else(|| "default".to_owned());
    let image = conf.remove(IMAGE).unwrap_or_default();
    if image.is_empty() {
        left_out.push(format!("no image: name it as `{IMAGE}` in `configuration.sparkConf`"));
    }
    for input in spec.local_inputs() {
        left_out.push(format!(
            "{} is a file of this machine: put it into the image and name it local:///PATH",
            input.path
        ));
    }
    let mut request = KubernetesRequest::new(namespace, image, version, program);
    request.conf = conf;
    request.arguments.clone_from(&application.args);
    let schedule = spec.schedule().and_then(|schedule| match schedule.schedule_type {
        ScheduleType::Cron => Some(ApplicationSchedule {
            cron: schedule.expression.clone(),
            time_zone: None,
            concurrency: "Allow".to_owned(),
            is_suspended: false,
        }),
        ScheduleType::Event => {
            left_out
                .push(format!("schedule: {} (the operator knows no events)", schedule.expression));
            None
        }
    });
    let name = object_name(spec.name());
    let manifest = SparkApplication {
        name,
        request,
        schedule,
        retries: None,
        time_to_live_s: None,
        left_out: Vec::new(),
    };
    let (value, lost) = manifest.write();
    left_out.extend(lost);
    Ok(Translated { text: yaml::of(&value), left_out, problems: Vec::new() })
}

/// Numbers and truth values as such.
fn plain(text: &str) -> Value {
    match text.parse::<u32>() {
        Ok(number) => json!(number),
        Err(_) if text == "true" || text == "false" => json!(text == "true"),
        Err(_) => json!(text),
    }
}

fn template_note(role: &str, pod: &str) -> String {
    format!("write this to a file and name it as spark.kubernetes.{role}.podTemplateFile: {pod}")
}

/// What a document's schedule has no words for.
fn of_schedule(schedule: &ApplicationSchedule) -> Vec<String> {
    let mut left_out = Vec::new();
    if let Some(zone) = &schedule.time_zone {
        left_out.push(format!("spec.timeZone: {zone}"));
    }
    if schedule.concurrency != "Allow" {
        left_out.push(format!("spec.concurrencyPolicy: {}", schedule.concurrency));
    }
    if schedule.is_suspended {
        left_out.push("spec.suspend: true".to_owned());
    }
    left_out
}

/// A job's name as Kubernetes' names are (RFC 1123): small letters, digits and hyphens, at most 63.
fn object_name(name: &str) -> String {
    let letter = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' };
    let mut made: String = name.chars().map(letter).take(63).collect();
    made.truncate(made.trim_end_matches('-').len());
    let made = made.trim_start_matches('-');
    if made.is_empty() { "job".to_owned() } else { made.to_owned() }
}
