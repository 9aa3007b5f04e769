//! What an attempt sends to Kubernetes.

use super::driver_pod::{PROGRAM_DIR, PROGRAM_URL};
use super::{KubernetesApplication, KubernetesRequest, KubernetesTarget, SecretValue};
use crate::properties::{self, Watched};
use crate::{Error, Intent, Launch, Program};
use std::collections::BTreeMap;
use std::path::{Component, Path};
use tinderbox_model::SparkVersion;

/// Whether Spark deletes pods of executors that have ended (`org.apache.spark.deploy.k8s.Config`), with the end of their logs.
pub(super) const DELETES_EXECUTORS: &str = "spark.kubernetes.executor.deleteOnTermination";
const JOB: &str = "job.py";
const PY_FILES: &str = "spark.submit.pyFiles";
const LISTENER_JAR: &str = "tinderbox-listener.jar";

/// The request, and what people should know of the run.
pub(super) fn request(
    target: &KubernetesTarget,
    intent: &Intent,
    launch: &Launch<'_>,
    server: &str,
) -> Result<(KubernetesRequest, Vec<String>), Error> {
    let mut notes = Vec::new();
    let mut program = BTreeMap::new();
    let listener = launch.listener.as_ref().filter(|listener| {
        // Pods reach this machine's loopback only where they are processes of it.
        !is_loopback(&listener.url) || is_loopback(server)
    });
    if let Some(listener) = listener {
        let jar = std::fs::read(&listener.jar)
            .map_err(|source| Error::Read { path: listener.jar.clone(), source })?;
        program.insert(LISTENER_JAR.to_owned(), jar);
    }
    let (application, arguments) = match launch.program {
        Program::PySpark(text) => {
            program.insert(JOB.to_owned(), text.as_bytes().to_vec());
            let file = format!("local://{PROGRAM_DIR}/{JOB}");
            (KubernetesApplication::Python { file }, Vec::new())
        }
        Program::File { file, main_class, arguments } => {
            (application(file, main_class)?, arguments.to_vec())
        }
    };
    let mut conf = conf(target, intent, launch, listener.is_some())?;
    if let Some(files) = conf.get_mut(PY_FILES) {
        *files = sent_python(files, launch.working_directory, &mut program)?;
    }
    if conf.get("spark.eventLog.enabled").is_some_and(|value| value == "false") {
        notes.push(match listener {
            Some(_) => "the run has no event log: what is known of its inside comes from live events only; \
                        set spark.eventLog.dir to an address that pods and the server can reach"
                .to_owned(),
            None => "the run has no event log and its pods cannot reach this server: nothing is known of its inside; \
                     set spark.eventLog.dir to an address that pods and the server can reach"
                .to_owned(),
        });
    }
    // The environment may have credentials of storage, and that of a pod is legible for everybody who may see it.
    let given = launch.environment.iter().chain(&launch.secrets);
    let mut secrets: BTreeMap<String, SecretValue> =
        given.map(|(name, value)| (name.clone(), SecretValue::Value(value.clone()))).collect();
    if let Some(listener) = listener {
        let token = SecretValue::Value(listener.token.clone());
        secrets.insert("TINDERBOX_INGEST_TOKEN".to_owned(), token);
    }
    let mut environment =
        BTreeMap::from([(crate::process::MARKER.to_owned(), intent.marker.clone())]);
    if matches!(launch.program, Program::PySpark(_)) {
        let place = crate::expectations::IN_LOG.to_owned();
        environment.insert("TINDERBOX_EXPECTATIONS".to_owned(), place);
    }
    let version = SparkVersion::parse(&target.spark_version).ok_or_else(|| Error::Conf {
        key: "cluster.version".to_owned(),
        value: target.spark_version.clone(),
        expected: "a version of Spark, for example 3.5",
    })?;
    let image = conf.get("spark.kubernetes.container.image").unwrap_or(&target.image).clone();
    let request = KubernetesRequest {
        arguments,
        environment,
        secrets,
        driver_template: target.driver_template.clone(),
        executor_template: target.executor_template.clone(),
        driver_placement: target.driver_placement.clone(),
        executor_placement: target.executor_placement.clone(),
        program,
        conf,
        ..KubernetesRequest::new(&target.namespace, image, version, application)
    };
    Ok((request, notes))
}

/// Takes the Python files of the job's folder with the program; others are left for the request to judge.
fn sent_python(
    files: &str,
    folder: &Path,
    program: &mut BTreeMap<String, Vec<u8>>,
) -> Result<String, Error> {
    let mut sent = Vec::new();
    for file in files.split(',').map(str::trim).filter(|file| !file.is_empty()) {
        let is_inside =
            Path::new(file).components().all(|part| matches!(part, Component::Normal(_)));
        if file.contains(':') || !is_inside {
            sent.push(file.to_owned());
            continue;
        }
        let path = folder.join(file);
        let name = file.rsplit('/').next().unwrap_or(file).to_owned();
        if program.contains_key(&name) {
            let expected =
                "a list of Python files with different names, which Spark puts into one folder";
            let (key, value) = (PY_FILES.to_owned(), files.to_owned());
            return Err(Error::Conf { key, value, expected });
        }
        let bytes = std::fs::read(&path).map_err(|source| Error::Read { path, source })?;
        sent.push(format!("{PROGRAM_URL}{name}"));
        program.insert(name, bytes);
    }
    Ok(sent.join(","))
}

fn application(file: &str, main_class: Option<&str>) -> Result<KubernetesApplication, Error> {
    let named = file.to_owned();
    if file.ends_with(".py") {
        return Ok(KubernetesApplication::Python { file: named });
    }
    let class = main_class.ok_or_else(|| Error::NoMainClass { file: named.clone() })?;
    Ok(KubernetesApplication::Jar { file: named, main_class: class.to_owned() })
}

fn conf(
    target: &KubernetesTarget,
    intent: &Intent,
    launch: &Launch<'_>,
    has_listener: bool,
) -> Result<BTreeMap<String, String>, Error> {
    let mut conf = launch.conf.clone();
    for key in
        ["spark.kubernetes.driver.podTemplateFile", "spark.kubernetes.executor.podTemplateFile"]
    {
        if let Some(value) = conf.get(key) {
            let expected = "read here: the texts of pod templates belong into the profile, as `driverTemplate` and `executorTemplate`";
            return Err(Error::Conf { key: key.to_owned(), value: value.clone(), expected });
        }
    }
    conf.entry(DELETES_EXECUTORS.to_owned()).or_insert_with(|| "false".to_owned());
    let event_log = conf.get("spark.eventLog.dir").cloned();
    let jar = format!("{PROGRAM_DIR}/{LISTENER_JAR}");
    let url = launch.listener.as_ref().map(|listener| listener.url.as_str());
    properties::watch(
        &mut conf,
        &Watched {
            marker: &intent.marker,
            event_log: event_log.as_deref().unwrap_or_default(),
            listener: url.filter(|_| has_listener).map(|url| (jar.as_str(), url)),
            // Only event logs of our own are looked through for secrets.
            has_secrets: false,
        },
    );
    if event_log.is_none() {
        conf.remove("spark.eventLog.dir");
        conf.insert("spark.eventLog.enabled".to_owned(), "false".to_owned());
    }
    let mut usual = |key: &str, value: String| {
        conf.entry(key.to_owned()).or_insert(value);
    };
    if let Some(account) = &target.service_account {
        usual("spark.kubernetes.authenticate.driver.serviceAccountName", account.clone());
    }
    if !target.image_pull_secrets.is_empty() {
        let names = target.image_pull_secrets.join(",");
        usual("spark.kubernetes.container.image.pullSecrets", names);
    }
    Ok(conf)
}

/// Whether only one machine reaches an address.
fn is_loopback(url: &str) -> bool {
    let url = reqwest::Url::parse(url).ok();
    let host = url.as_ref().and_then(|url| url.host_str()).unwrap_or_default();
    host == "localhost" || host == "[::1]" || host.starts_with("127.")
}
