//! The objects of an application, as `spark-submit --deploy-mode cluster` sends them (`KubernetesDriverBuilder` and the
//! feature steps of Spark 3.5.8 and 4.3.0). Pure: the same request gives the same objects.

use super::KubernetesError;
use super::expand::{expanded, placed};
use super::names::{Names, app_name_label};
use super::properties::properties_file;
use super::request::{KubernetesApplication, KubernetesRequest, SecretValue};
use super::resources::driver_resources;
use super::template::{driver_template, executor_template};
use super::volumes::driver_volumes;
use crate::Error;
use k8s_openapi::ByteString;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

const CONF_DIR: &str = "/opt/spark/conf";
const TEMPLATE_DIR: &str = "/opt/spark/pod-template";
const TEMPLATE_FILE: &str = "pod-spec-template.yml";
/// Where the driver finds the files of [`KubernetesRequest::program`].
pub(super) const PROGRAM_DIR: &str = "/opt/tinderbox";
/// The same as an address: executors get such files from the driver, as they get all `file:` ones.
pub(super) const PROGRAM_URL: &str = "file:///opt/tinderbox/";
const HADOOP_DIR: &str = "/opt/hadoop/conf";
/// Of all files of a config map together (`MaxSecretSize` of Kubernetes' validation).
const MOST_BYTES: usize = 1 << 20;
const POLICY_STEP: &str = "org.apache.spark.deploy.k8s.features.NetworkPolicyFeatureStep";

/// All objects of an application: the pod, and what belongs to it in the order in which it is sent.
#[derive(Debug, Clone)]
pub(super) struct DriverObjects {
    pub(super) pod: Value,
    /// Without owner references, which need the pod's uid.
    pub(super) owned: Vec<Value>,
}

/// What the request does not say.
#[derive(Debug, Clone)]
pub(super) struct Submission<'a> {
    /// The API server, `https://HOST:PORT`.
    pub(super) server: &'a str,
    pub(super) submitted_ms: u64,
}

impl DriverObjects {
    pub(super) fn of(
        request: &KubernetesRequest,
        names: &Names,
        submission: &Submission<'_>,
    ) -> Result<Self, Error> {
        request.check()?;
        let request = &expanded(request, names);
        let resources = driver_resources(request)?;
        let volumes = driver_volumes(request, names)?;
        let mut draft = Draft { request, names, mounts: Vec::new(), volumes: Vec::new() };
        let mut owned = vec![draft.service()];
        if request.spark_version.at_least(4, 2) && !draft.excludes(POLICY_STEP) {
            owned.push(draft.network_policy());
        }
        owned.extend(draft.secret());
        owned.extend(volumes.claims);
        draft.secret_volumes();
        draft.volumes.extend(volumes.volumes);
        draft.mounts.extend(volumes.mounts);
        owned.extend(draft.hadoop());
        owned.extend(draft.program()?);
        let executor_template = executor_template(request)?;
        owned.extend(executor_template.as_deref().map(|text| draft.template_map(text)));

        let factor = resources.overhead_factor.to_string();
        let properties = draft.properties(submission, &factor, executor_template.is_some());
        owned.push(draft.conf_map(&properties));

        let mut pod = draft.pod(driver_template(request)?);
        let container = driver_container(&mut pod);
        merge_object(container, "resources", "limits", resources.limits);
        merge_object(container, "resources", "requests", resources.requests);
        draft.fill_container(container, &volumes.local_dirs);
        append(&mut pod["spec"], "volumes", draft.volumes);
        Ok(Self { pod, owned })
    }
}

struct Draft<'a> {
    request: &'a KubernetesRequest,
    names: &'a Names,
    volumes: Vec<Value>,
    mounts: Vec<Value>,
}

impl Draft<'_> {
    /// The pod apart from what stands in its container, whose place is the last.
    fn pod(&self, template: Value) -> Value {
        let request = self.request;
        let mut pod = template;
        pod["apiVersion"] = json!("v1");
        pod["kind"] = json!("Pod");
        let metadata = &mut pod["metadata"];
        metadata["name"] = json!(self.names.pod);
        // An empty `namespace` of the template must not send the pod elsewhere.
        if request.namespace != "default" || metadata.get("namespace").is_some() {
            metadata["namespace"] = json!(request.namespace);
        }
        for (key, value) in self.labels() {
            metadata["labels"][key] = json!(value);
        }
        for (key, value) in request.with_prefix("spark.kubernetes.driver.annotation.") {
            let value = value.replace("{{APP_ID}}", &self.names.app_id);
            metadata["annotations"][key] = json!(value);
        }
        let spec = &mut pod["spec"];
        spec["restartPolicy"] = json!("Never");
        for prefix in ["spark.kubernetes.node.selector.", "spark.kubernetes.driver.node.selector."]
        {
            for (key, value) in request.with_prefix(prefix) {
                spec["nodeSelector"][key] = json!(value);
            }
        }
        let scheduler = request.conf("spark.kubernetes.driver.scheduler.name");
        if let Some(name) = scheduler.or_else(|| request.conf("spark.kubernetes.scheduler.name")) {
            spec["schedulerName"] = json!(name);
        }
        let account = "spark.kubernetes.authenticate.driver.serviceAccountName";
        let account = request
            .conf(account)
            .or_else(|| request.conf("spark.kubernetes.authenticate.serviceAccountName"));
        if let Some(account) = account {
            spec["serviceAccount"] = json!(account);
            spec["serviceAccountName"] = json!(account);
        }
        let pull = request.conf("spark.kubernetes.container.image.pullSecrets").unwrap_or_default();
        let pull = pull.split(',').map(str::trim).filter(|name| !name.is_empty());
        append(spec, "imagePullSecrets", pull.map(|name| json!({"name": name})).collect());
        placed(spec, &request.driver_placement);
        pod
    }

    fn fill_container(&self, container: &mut Value, local_dirs: &str) {
        let request = self.request;
        let image =
            request.conf("spark.kubernetes.driver.container.image").unwrap_or(&request.image);
        let policy = request.conf("spark.kubernetes.container.image.pullPolicy");
        container["image"] = json!(image);
        container["imagePullPolicy"] = json!(policy.unwrap_or("IfNotPresent"));
        let mut ports = Vec::new();
        for (name, port) in self.ports() {
            ports.push(json!({"containerPort": port, "name": name, "protocol": "TCP"}));
        }
        append(container, "ports", ports);
        if request.spark_version.at_least(4, 3) {
            let key = "spark.kubernetes.driver.securityContext.allowPrivilegeEscalation";
            let all = "spark.kubernetes.securityContext.allowPrivilegeEscalation";
            let allowed = request.conf(key).or_else(|| request.conf(all)) == Some("true");
            container["securityContext"]["allowPrivilegeEscalation"] = json!(allowed);
        }
        append(container, "env", self.environment(local_dirs));
        append(container, "volumeMounts", self.mounts.clone());
        let (main_class, file) = match &request.application {
            KubernetesApplication::Python { file } => {
                ("org.apache.spark.deploy.PythonRunner", file)
            }
            KubernetesApplication::Jar { file, main_class } => (main_class.as_str(), file),
        };
        let mut args = vec!["driver"];
        if let Some(user) = &request.proxy_user {
            args.extend(["--proxy-user", user]);
        }
        let properties = format!("{CONF_DIR}/spark.properties");
        args.extend(["--properties-file", &properties, "--class", main_class, file]);
        args.extend(request.arguments.iter().map(String::as_str));
        container["args"] = json!(args);
    }

    fn environment(&self, local_dirs: &str) -> Vec<Value> {
        let request = self.request;
        let value = |name: &str, value: &str| json!({"name": name, "value": value});
        let mut all = vec![
            value("SPARK_USER", &request.user),
            value("SPARK_APPLICATION_ID", &self.names.app_id),
        ];
        let given = request.with_prefix("spark.kubernetes.driverEnv.");
        all.extend(given.filter(|(name, _)| *name != "SPARK_LOCAL_DIRS").map(|(n, v)| value(n, v)));
        let address = json!({"fieldRef": {"apiVersion": "v1", "fieldPath": "status.podIP"}});
        all.push(json!({"name": "SPARK_DRIVER_BIND_ADDRESS", "valueFrom": address}));
        for (name, place) in request.with_prefix("spark.kubernetes.driver.secretKeyRef.") {
            let (secret, key) = place.split_once(':').unwrap_or((place, ""));
            let place = json!({"secretKeyRef": {"key": key, "name": secret}});
            all.push(json!({"name": name, "valueFrom": place}));
        }
        if request.is_python() {
            let of_driver = request.conf("spark.pyspark.driver.python");
            let of_all = request.conf("spark.pyspark.python");
            all.extend(of_all.map(|python| value("PYSPARK_PYTHON", python)));
            all.extend(of_driver.or(of_all).map(|python| value("PYSPARK_DRIVER_PYTHON", python)));
        }
        if self.hadoop_map().is_some() {
            all.push(value("HADOOP_CONF_DIR", HADOOP_DIR));
        }
        all.push(value("SPARK_LOCAL_DIRS", local_dirs));
        all.push(value("SPARK_CONF_DIR", CONF_DIR));
        all
    }

    /// The labels by which the driver and its service find each other.
    fn labels(&self) -> BTreeMap<String, String> {
        let given = self.request.with_prefix("spark.kubernetes.driver.label.");
        let mut labels: BTreeMap<String, String> =
            given.map(|(key, value)| (key.to_owned(), value.to_owned())).collect();
        let ours = [
            ("spark-version", self.request.spark_version.text.clone()),
            ("spark-app-selector", self.names.app_id.clone()),
            ("spark-app-name", app_name_label(self.request.app_name())),
            ("spark-role", "driver".to_owned()),
        ];
        labels.extend(ours.map(|(key, value)| (key.to_owned(), value)));
        labels
    }

    fn ports(&self) -> Vec<(&'static str, u32)> {
        let port = |key: &str, usual: u32| {
            self.request.conf(key).and_then(|text| text.trim().parse().ok()).unwrap_or(usual)
        };
        let mut ports = vec![
            ("driver-rpc-port", port("spark.driver.port", 7078)),
            ("blockmanager", self.block_manager_port(port("spark.blockManager.port", 7079))),
            ("spark-ui", port("spark.ui.port", 4040)),
        ];
        if self.request.spark_version.at_least(4, 1) {
            ports.push(("spark-connect", port("spark.connect.grpc.binding.port", 15002)));
        }
        ports
    }

    fn block_manager_port(&self, of_all: u32) -> u32 {
        let given = self.request.conf("spark.driver.blockManager.port");
        given.and_then(|text| text.trim().parse().ok()).unwrap_or(of_all)
    }

    fn service(&self) -> Value {
        let request = self.request;
        let ports: Vec<Value> = self
            .ports()
            .into_iter()
            .map(|(name, port)| {
                let mut one = json!({"name": name, "port": port, "targetPort": port});
                if name == "spark-connect" {
                    one["appProtocol"] = json!("grpc");
                }
                one
            })
            .collect();
        let policy = request.conf("spark.kubernetes.driver.service.ipFamilyPolicy");
        let families = request.conf("spark.kubernetes.driver.service.ipFamilies").unwrap_or("IPv4");
        let families: Vec<&str> = families.split(',').map(str::trim).collect();
        let mut spec = json!({
            "clusterIP": "None",
            "ipFamilies": families,
            "ipFamilyPolicy": policy.unwrap_or("SingleStack"),
            "ports": ports,
            "selector": self.labels(),
        });
        if request.spark_version.at_least(4, 0) {
            spec["publishNotReadyAddresses"] = json!(false);
        }
        let mut metadata = json!({"name": self.names.service, "labels": self.selector()});
        for (key, value) in request.with_prefix("spark.kubernetes.driver.service.label.") {
            metadata["labels"][key] = json!(value);
        }
        for (key, value) in request.with_prefix("spark.kubernetes.driver.service.annotation.") {
            metadata["annotations"][key] = json!(value);
        }
        json!({"apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": spec})
    }

    fn selector(&self) -> Value {
        json!({"spark-app-selector": self.names.app_id})
    }

    /// Executors may be reached by the application's own pods only.
    fn network_policy(&self) -> Value {
        let mut executors = self.selector();
        executors["spark-role"] = json!("executor");
        json!({
            "apiVersion": "networking.k8s.io/v1",
            "kind": "NetworkPolicy",
            "metadata": {
                "name": self.names.policy,
                "namespace": self.request.namespace,
                "labels": self.selector(),
            },
            "spec": {
                "ingress": [{"from": [{"podSelector": {"matchLabels": self.selector()}}]}],
                "podSelector": {"matchLabels": executors},
            },
        })
    }

    fn excludes(&self, step: &str) -> bool {
        let excluded = self.request.conf("spark.kubernetes.driver.pod.excludedFeatureSteps");
        excluded.unwrap_or_default().split(',').any(|one| one.trim() == step)
    }

    /// The secret with the values that were given here.
    fn secret(&self) -> Option<Value> {
        let mut values = Map::new();
        for (name, value) in &self.request.secrets {
            if let SecretValue::Value(value) = value {
                values.insert(name.clone(), json!(value));
            }
        }
        let metadata = json!({"name": self.names.secret, "labels": self.selector()});
        let secret = json!({"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "type": "Opaque", "stringData": values});
        (!values.is_empty()).then_some(secret)
    }

    fn secret_volumes(&mut self) {
        for (secret, path) in self.request.with_prefix("spark.kubernetes.driver.secrets.") {
            let name = format!("{secret}-volume");
            self.volumes.push(json!({"name": name, "secret": {"secretName": secret}}));
            self.mounts.push(json!({"mountPath": path, "name": name}));
        }
    }

    /// The config map that is mounted as Hadoop's configuration.
    fn hadoop_map(&self) -> Option<&str> {
        let given = self.request.conf("spark.kubernetes.hadoop.configMapName");
        given.or_else(|| (!self.request.hadoop_files.is_empty()).then_some(&self.names.hadoop_map))
    }

    fn hadoop(&mut self) -> Option<Value> {
        let map = self.hadoop_map()?.to_owned();
        let files = &self.request.hadoop_files;
        let is_ours = map == self.names.hadoop_map;
        let mut source = json!({"name": map});
        if is_ours {
            let items = files.keys().map(|file| json!({"key": file, "path": file}));
            source["items"] = items.collect();
        }
        self.volumes.push(json!({"configMap": source, "name": "hadoop-properties"}));
        self.mounts.push(json!({"mountPath": HADOOP_DIR, "name": "hadoop-properties"}));
        is_ours.then(|| config_map(&map, &json!(files)))
    }

    /// The config map with the files that the driver is to find in [`PROGRAM_DIR`].
    fn program(&mut self) -> Result<Option<Value>, KubernetesError> {
        let files = &self.request.program;
        if files.is_empty() {
            return Ok(None);
        }
        let bytes: usize = files.values().map(Vec::len).sum();
        if bytes > MOST_BYTES {
            return Err(KubernetesError::LargeProgram { bytes });
        }
        let name = &self.names.program_map;
        self.volumes.push(json!({"configMap": {"name": name}, "name": "tinderbox-program"}));
        self.mounts
            .push(json!({"mountPath": PROGRAM_DIR, "name": "tinderbox-program", "readOnly": true}));
        let coded: BTreeMap<&String, ByteString> =
            files.iter().map(|(file, bytes)| (file, ByteString(bytes.clone()))).collect();
        let metadata = json!({"name": name, "labels": self.selector()});
        Ok(Some(json!({
            "apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "binaryData": coded, "immutable": true,
        })))
    }

    fn template_map(&mut self, text: &str) -> Value {
        let name = &self.names.template_map;
        let items = json!([{"key": "podspec-configmap-key", "path": TEMPLATE_FILE}]);
        self.volumes.push(
            json!({"configMap": {"items": items, "name": name}, "name": "pod-template-volume"}),
        );
        self.mounts.push(json!({"mountPath": TEMPLATE_DIR, "name": "pod-template-volume"}));
        config_map(name, &json!({"podspec-configmap-key": text}))
    }

    fn conf_map(&mut self, properties: &BTreeMap<String, String>) -> Value {
        let name = &self.names.conf_map;
        let mut data: BTreeMap<&str, &str> = self
            .request
            .spark_files
            .iter()
            .map(|(file, text)| (file.as_str(), text.as_str()))
            .collect();
        let properties = properties_file(name, properties);
        data.insert("spark.properties", &properties);
        let items: Vec<Value> =
            data.keys().map(|file| json!({"key": file, "mode": 0o644, "path": file})).collect();
        self.volumes.push(json!({"configMap": {"items": items, "name": name}, "name": "spark-conf-volume-driver"}));
        self.mounts.push(json!({"mountPath": CONF_DIR, "name": "spark-conf-volume-driver"}));
        data.insert("spark.kubernetes.namespace", &self.request.namespace);
        let mut map = config_map(name, &json!(data));
        map["metadata"]["namespace"] = json!(self.request.namespace);
        map
    }

    fn properties(
        &self,
        submission: &Submission<'_>,
        factor: &str,
        has_template: bool,
    ) -> BTreeMap<String, String> {
        let request = self.request;
        let mut all = request.conf.clone();
        // Of the submitter's own way to the API server, not the driver's.
        all.retain(|key, _| !key.starts_with("spark.kubernetes.authenticate.submission."));
        if let KubernetesApplication::Jar { file, .. } = &request.application {
            let jars = all.entry("spark.jars".to_owned()).or_default();
            let listed = jars.split(',').any(|jar| jar == file);
            if !listed {
                let comma = if jars.is_empty() { "" } else { "," };
                jars.push_str(&format!("{comma}{file}"));
            }
        }
        let ports = self.ports();
        let port =
            |index: usize| ports.get(index).map(|(_, port)| port.to_string()).unwrap_or_default();
        let host = format!("{}.{}.svc", self.names.service, request.namespace);
        let mut set = |key: &str, value: &str| all.insert(key.to_owned(), value.to_owned());
        set("spark.app.id", &self.names.app_id);
        set("spark.app.name", request.app_name());
        set("spark.app.submitTime", &submission.submitted_ms.to_string());
        set("spark.driver.host", &host);
        set("spark.driver.port", &port(0));
        set("spark.driver.blockManager.port", &port(1));
        set("spark.kubernetes.driver.pod.name", &self.names.pod);
        set("spark.kubernetes.memoryOverheadFactor", factor);
        let kind = if request.is_python() { "python" } else { "java" };
        set("spark.kubernetes.resource.type", kind);
        set("spark.kubernetes.submitInDriver", "true");
        set("spark.master", &format!("k8s://{}", submission.server));
        set("spark.submit.deployMode", "cluster");
        if let Some(map) = self.hadoop_map() {
            set("spark.kubernetes.executor.hadoopConfigMapName", map);
        }
        if has_template {
            let file = format!("{TEMPLATE_DIR}/{TEMPLATE_FILE}");
            set("spark.kubernetes.executor.podTemplateFile", &file);
        }
        all.entry("spark.submit.pyFiles".to_owned()).or_default();
        all
    }
}

fn config_map(name: &str, data: &Value) -> Value {
    json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": data, "immutable": true})
}

/// The last container, see [`driver_template`].
fn driver_container(pod: &mut Value) -> &mut Value {
    let containers = pod["spec"]["containers"].as_array_mut();
    #[expect(clippy::expect_used, reason = "the template was made with a container in it")]
    containers.and_then(|all| all.last_mut()).expect("a container")
}

fn merge_object(value: &mut Value, outer: &str, inner: &str, fields: Map<String, Value>) {
    for (key, field) in fields {
        value[outer][inner][key] = field;
    }
}

/// Adds to a list, which is made where it is missing and there is something to add.
pub(super) fn append(value: &mut Value, key: &str, mut items: Vec<Value>) {
    match value.get_mut(key).and_then(Value::as_array_mut) {
        Some(list) => list.append(&mut items),
        None if items.is_empty() => {}
        None => value[key] = Value::Array(items),
    }
}
