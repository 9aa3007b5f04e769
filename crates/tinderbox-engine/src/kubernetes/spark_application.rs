//! `SparkApplication` and `ScheduledSparkApplication` of the kubeflow operator (`sparkoperator.k8s.io/v1beta2`), read
//! and written. Every field that is read is taken out of the manifest; what is left at the end is named.

use super::KubernetesError;
use super::pod_fields::{Role, role};
use super::request::{KubernetesApplication, KubernetesRequest, SecretValue};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use tinderbox_model::SparkVersion;

/// A manifest, read.
#[derive(Debug, Clone)]
pub struct SparkApplication {
    /// `metadata.name`.
    pub name: String,
    /// What it runs.
    pub request: KubernetesRequest,
    /// When, for a `ScheduledSparkApplication`.
    pub schedule: Option<ApplicationSchedule>,
    /// `restartPolicy.onFailureRetries`, or none for `Never`. `Always` is named in `left_out`.
    pub retries: Option<u32>,
    /// `timeToLiveSeconds`: how long the ended driver's pod stays.
    pub time_to_live_s: Option<u64>,
    /// Fields that could not be carried over, with their values, and why where it is not plain.
    pub left_out: Vec<String>,
}

/// When a `ScheduledSparkApplication` runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApplicationSchedule {
    /// A cron line, or `@every 5m`.
    pub cron: String,
    /// The time zone of the line.
    pub time_zone: Option<String>,
    /// `Allow`, `Forbid` or `Replace`.
    pub concurrency: String,
    /// Whether it is switched off.
    pub is_suspended: bool,
}

impl SparkApplication {
    /// Reads a manifest. `usual` is the Spark of a manifest that names none.
    ///
    /// # Errors
    /// [`KubernetesError::Yaml`] when it is no such manifest, or has no program.
    pub fn read(text: &str, usual: &SparkVersion) -> Result<Self, KubernetesError> {
        let failed =
            |problem: String| KubernetesError::Yaml { what: "the manifest".to_owned(), problem };
        let all: Value = serde_saphyr::from_str(text).map_err(|error| failed(error.to_string()))?;
        let mut all = Fields::new(all, "");
        let kind = all.text("kind").unwrap_or_default();
        if all
            .text("apiVersion")
            .is_none_or(|version| !version.starts_with("sparkoperator.k8s.io/"))
        {
            return Err(failed("its apiVersion is not sparkoperator.k8s.io/v1beta2".to_owned()));
        }
        let mut metadata = all.inner("metadata");
        let name =
            metadata.text("name").ok_or_else(|| failed("metadata.name is missing".to_owned()))?;
        let namespace = metadata.text("namespace").unwrap_or_else(|| "default".to_owned());
        let mut spec = all.inner("spec");
        let mut left_out = Vec::new();
        let schedule = match kind.as_str() {
            "SparkApplication" => None,
            "ScheduledSparkApplication" => {
                let mut outer = std::mem::replace(&mut spec, Fields::new(Value::Null, ""));
                spec = outer.inner("template");
                let cron = outer
                    .text("schedule")
                    .ok_or_else(|| failed("spec.schedule is missing".to_owned()))?;
                let schedule = ApplicationSchedule {
                    cron,
                    time_zone: outer.text("timeZone"),
                    concurrency: outer
                        .text("concurrencyPolicy")
                        .unwrap_or_else(|| "Allow".to_owned()),
                    is_suspended: outer.take("suspend") == Some(json!(true)),
                };
                outer.rest(&mut left_out);
                Some(schedule)
            }
            other => return Err(failed(format!("it is a {other}, not a SparkApplication"))),
        };
        let file = spec.text("mainApplicationFile");
        let file = file.ok_or_else(|| failed("spec.mainApplicationFile is missing".to_owned()))?;
        let main_class = spec.text("mainClass");
        let application = match (spec.text("type").as_deref(), main_class) {
            (Some("Python"), _) => KubernetesApplication::Python { file },
            (Some("Scala" | "Java"), Some(main_class)) => {
                KubernetesApplication::Jar { file, main_class }
            }
            (Some("Scala" | "Java"), None) => {
                return Err(failed("spec.mainClass is missing".to_owned()));
            }
            (other, _) => {
                return Err(failed(format!(
                    "spec.type is {}; Java, Scala and Python can be run",
                    other.unwrap_or("missing")
                )));
            }
        };
        let version = spec.text("sparkVersion").and_then(|text| SparkVersion::parse(&text));
        let image = spec.text("image").unwrap_or_default();
        let version = version.unwrap_or_else(|| usual.clone());
        let mut request = KubernetesRequest::new(namespace, image, version, application);
        request.conf.insert("spark.app.name".to_owned(), name.clone());
        request.proxy_user = spec.text("proxyUser");
        request.arguments = spec.texts("arguments");
        common(&mut spec, &mut request, &mut left_out);
        let volumes = spec.list("volumes");
        for which in [Role::Driver, Role::Executor] {
            role(&mut spec, which, &volumes, &mut request, &mut left_out);
        }
        let (retries, time_to_live_s) = life(&mut spec, &mut left_out);
        for fields in [all, metadata, spec] {
            fields.rest(&mut left_out);
        }
        left_out.sort();
        Ok(Self { name, request, schedule, retries, time_to_live_s, left_out })
    }

    /// The manifest. Values of secrets are not written: `left_out` of the answer names them.
    pub fn write(&self) -> (Value, Vec<String>) {
        let request = &self.request;
        let mut conf = request.conf.clone();
        let mut left_out = Vec::new();
        let (kind, file, main_class) = match &request.application {
            KubernetesApplication::Python { file } => ("Python", file, None),
            KubernetesApplication::Jar { file, main_class } => ("Scala", file, Some(main_class)),
        };
        for (name, value) in &request.secrets {
            match value {
                SecretValue::Reference { secret, key } => {
                    for role in ["driver", "executor"] {
                        conf.insert(
                            format!("spark.kubernetes.{role}.secretKeyRef.{name}"),
                            format!("{secret}:{key}"),
                        );
                    }
                }
                SecretValue::Value(_) => left_out.push(format!("the value of the secret {name}")),
            }
        }
        let both = [("label", &request.labels), ("annotation", &request.annotations)];
        for (what, entries) in both {
            for (key, value) in entries {
                for role in ["driver", "executor"] {
                    let key = format!("spark.kubernetes.{role}.{what}.{key}");
                    conf.entry(key).or_insert_with(|| value.clone());
                }
            }
        }
        for (key, value) in &request.environment {
            for prefix in ["spark.kubernetes.driverEnv", "spark.executorEnv"] {
                conf.entry(format!("{prefix}.{key}")).or_insert_with(|| value.clone());
            }
        }
        for (what, files) in
            [("spark_files", &request.spark_files), ("hadoop_files", &request.hadoop_files)]
        {
            left_out.extend(files.keys().map(|file| format!("{what}: {file}")));
        }
        let mut spec = json!({
            "type": kind, "mode": "cluster", "mainApplicationFile": file, "arguments": request.arguments,
            "sparkVersion": request.spark_version.text, "sparkConf": conf,
            "restartPolicy": {"type": "Never"}, "driver": {}, "executor": {},
        });
        if !request.image.is_empty() {
            spec["image"] = json!(request.image);
        }
        let roles = [
            ("driver", &request.driver_template, &request.driver_placement),
            ("executor", &request.executor_template, &request.executor_placement),
        ];
        for (role, template, placement) in roles {
            if let Some(text) = template {
                match serde_saphyr::from_str::<Value>(text) {
                    Ok(template) => spec[role]["template"] = template,
                    Err(error) => left_out.push(format!("{role} template: {error}")),
                }
            }
            if !placement.node_selector.is_empty() {
                spec[role]["nodeSelector"] = json!(placement.node_selector);
            }
            if !placement.tolerations.is_empty() {
                spec[role]["tolerations"] = json!(placement.tolerations);
            }
            if let Some(class) = &placement.priority_class {
                spec[role]["priorityClassName"] = json!(class);
            }
        }
        let given = [
            ("mainClass", main_class.map(|class| json!(class))),
            ("proxyUser", request.proxy_user.as_ref().map(|user| json!(user))),
            ("timeToLiveSeconds", self.time_to_live_s.map(|seconds| json!(seconds))),
            (
                "restartPolicy",
                self.retries
                    .map(|retries| json!({"type": "OnFailure", "onFailureRetries": retries})),
            ),
        ];
        for (key, value) in given {
            if let Some(value) = value {
                spec[key] = value;
            }
        }
        let mut kind = "SparkApplication";
        if let Some(schedule) = &self.schedule {
            kind = "ScheduledSparkApplication";
            spec = json!({
                "schedule": schedule.cron, "concurrencyPolicy": schedule.concurrency,
                "suspend": schedule.is_suspended, "template": spec,
            });
            if let Some(zone) = &schedule.time_zone {
                spec["timeZone"] = json!(zone);
            }
        }
        let metadata = json!({"name": self.name, "namespace": request.namespace});
        (
            json!({"apiVersion": "sparkoperator.k8s.io/v1beta2", "kind": kind, "metadata": metadata, "spec": spec}),
            left_out,
        )
    }
}

/// What driver and executors share.
fn common(spec: &mut Fields, request: &mut KubernetesRequest, left_out: &mut Vec<String>) {
    match spec.text("mode").as_deref() {
        None | Some("cluster") => {}
        Some(mode) => left_out.push(format!("spec.mode: {mode} (runs in cluster mode)")),
    }
    let mut conf: BTreeMap<String, String> = spec.entries("sparkConf");
    conf.extend(
        spec.entries("hadoopConf")
            .into_iter()
            .map(|(key, value)| (format!("spark.hadoop.{key}"), value)),
    );
    let selector = spec.entries("nodeSelector").into_iter();
    conf.extend(
        selector.map(|(key, value)| (format!("spark.kubernetes.node.selector.{key}"), value)),
    );
    let texts = [
        ("imagePullPolicy", "spark.kubernetes.container.image.pullPolicy"),
        ("hadoopConfigMap", "spark.kubernetes.hadoop.configMapName"),
        ("memoryOverheadFactor", "spark.kubernetes.memoryOverheadFactor"),
        ("batchScheduler", "spark.kubernetes.scheduler.name"),
    ];
    spec.move_to(&texts, &mut conf);
    let secrets = spec.texts("imagePullSecrets");
    if !secrets.is_empty() {
        conf.insert("spark.kubernetes.container.image.pullSecrets".to_owned(), secrets.join(","));
    }
    let mut deps = spec.inner("deps");
    let lists = [
        ("jars", "spark.jars"),
        ("files", "spark.files"),
        ("pyFiles", "spark.submit.pyFiles"),
        ("archives", "spark.archives"),
        ("packages", "spark.jars.packages"),
        ("excludePackages", "spark.jars.excludes"),
        ("repositories", "spark.jars.repositories"),
    ];
    for (field, key) in lists {
        let listed = deps.texts(field);
        if !listed.is_empty() {
            conf.insert(key.to_owned(), listed.join(","));
        }
    }
    deps.rest(left_out);
    let mut allocation = spec.inner("dynamicAllocation");
    let keys = [
        ("enabled", "spark.dynamicAllocation.enabled"),
        ("initialExecutors", "spark.dynamicAllocation.initialExecutors"),
        ("minExecutors", "spark.dynamicAllocation.minExecutors"),
        ("maxExecutors", "spark.dynamicAllocation.maxExecutors"),
        ("shuffleTrackingEnabled", "spark.dynamicAllocation.shuffleTracking.enabled"),
        ("shuffleTrackingTimeout", "spark.dynamicAllocation.shuffleTracking.timeout"),
    ];
    allocation.move_to(&keys, &mut conf);
    if conf.get("spark.dynamicAllocation.enabled").is_some_and(|value| value == "true") {
        // On Kubernetes there is no other way, and the operator sets it too.
        let tracking = conf.entry("spark.dynamicAllocation.shuffleTracking.enabled".to_owned());
        tracking.or_insert_with(|| "true".to_owned());
    }
    allocation.rest(left_out);
    let mut options = spec.inner("batchSchedulerOptions");
    if let Some(queue) = options.text("queue") {
        let is_volcano =
            conf.get("spark.kubernetes.scheduler.name").is_some_and(|name| name == "volcano");
        // Volcano reads the queue of a pod without a group from an annotation, YuniKorn from a label.
        let key =
            if is_volcano { "annotation.scheduling.volcano.sh/queue-name" } else { "label.queue" };
        for role in ["driver", "executor"] {
            conf.insert(format!("spark.kubernetes.{role}.{key}"), queue.clone());
        }
    }
    if let Some(class) = options.text("priorityClassName") {
        request.driver_placement.priority_class = Some(class.clone());
        request.executor_placement.priority_class = Some(class);
    }
    options.rest(left_out);
    if spec.text("pythonVersion").is_some_and(|version| !version.starts_with('3')) {
        left_out.push("spec.pythonVersion (only 3 is left)".to_owned());
    }
    request.conf.extend(conf);
}

/// Retries and time to live.
fn life(spec: &mut Fields, left_out: &mut Vec<String>) -> (Option<u32>, Option<u64>) {
    let mut policy = spec.inner("restartPolicy");
    let retries =
        policy.take("onFailureRetries").and_then(|value| u32::try_from(value.as_u64()?).ok());
    let retries = match policy.text("type").as_deref() {
        None | Some("Never") => None,
        Some("OnFailure") => Some(retries.unwrap_or(0)),
        Some(other) => {
            left_out.push(format!("spec.restartPolicy.type: {other}"));
            retries
        }
    };
    policy.rest(left_out);
    (retries, spec.take("timeToLiveSeconds").and_then(|value| value.as_u64()))
}

/// The fields of an object that have not been read yet.
pub(super) struct Fields {
    left: Map<String, Value>,
    path: String,
}

impl Fields {
    pub(super) fn new(value: Value, path: &str) -> Self {
        let left = match value {
            Value::Object(fields) => fields,
            Value::Null => Map::new(),
            other => Map::from_iter([(String::new(), other)]),
        };
        Self { left, path: path.to_owned() }
    }

    pub(super) fn take(&mut self, key: &str) -> Option<Value> {
        self.left.remove(key).filter(|value| !value.is_null())
    }

    pub(super) fn object(&mut self, key: &str) -> Option<Value> {
        self.left.get(key)?.is_object().then(|| self.left.remove(key)).flatten()
    }

    pub(super) fn inner(&mut self, key: &str) -> Self {
        let path =
            if self.path.is_empty() { key.to_owned() } else { format!("{}.{key}", self.path) };
        Self::new(self.left.remove(key).unwrap_or_default(), &path)
    }

    /// A text, number or truth value. Another value stays.
    pub(super) fn text(&mut self, key: &str) -> Option<String> {
        let text = match self.left.get(key)? {
            Value::String(text) => text.clone(),
            Value::Number(number) => number.to_string(),
            Value::Bool(truth) => truth.to_string(),
            _ => return None,
        };
        self.left.remove(key);
        Some(text)
    }

    pub(super) fn list(&mut self, key: &str) -> Vec<Value> {
        match self.left.get(key) {
            Some(Value::Array(items)) => {
                let items = items.clone();
                self.left.remove(key);
                items
            }
            _ => Vec::new(),
        }
    }

    fn texts(&mut self, key: &str) -> Vec<String> {
        let plain = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        self.list(key).iter().map(plain).collect()
    }

    /// An object of texts.
    pub(super) fn entries(&mut self, key: &str) -> BTreeMap<String, String> {
        let mut inner = self.inner(key);
        let keys: Vec<String> = inner.left.keys().cloned().collect();
        let entries =
            keys.into_iter().filter_map(|key| inner.text(&key).map(|value| (key, value))).collect();
        if !inner.left.is_empty() {
            self.left.insert(key.to_owned(), Value::Object(inner.left));
        }
        entries
    }

    pub(super) fn move_to(&mut self, keys: &[(&str, &str)], conf: &mut BTreeMap<String, String>) {
        for (field, key) in keys {
            if let Some(value) = self.text(field) {
                conf.insert((*key).to_owned(), value);
            }
        }
    }

    /// Names what nobody has read.
    pub(super) fn rest(self, left_out: &mut Vec<String>) {
        for (key, value) in self.left {
            if !value.is_null() && key != "status" {
                let dot = if self.path.is_empty() || key.is_empty() { "" } else { "." };
                left_out.push(format!("{}{dot}{key}: {value}", self.path));
            }
        }
    }
}
