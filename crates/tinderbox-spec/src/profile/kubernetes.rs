//! The section `kubernetes` of a profile.

use super::read::missing;
use crate::diagnostic::Report;
use crate::fields::Fields;
use crate::tree::{Spanned, Tree};
use std::collections::BTreeMap;

/// A namespace of a Kubernetes cluster with what pods get there.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct KubernetesProfile {
    /// A kubeconfig on the machine of the server. `None` is the service account of the pod that the server runs in.
    pub kubeconfig: Option<String>,
    /// A context in it; its current one when `None`.
    pub context: Option<String>,
    /// The namespace of drivers and executors.
    pub namespace: String,
    /// Their image.
    pub image: String,
    /// The drivers' service account.
    pub service_account: Option<String>,
    /// Secrets for registries with log-in.
    pub image_pull_secrets: Vec<String>,
    /// A pod in YAML that drivers are made from.
    pub driver_template: Option<String>,
    /// A pod in YAML that executors are made from.
    pub executor_template: Option<String>,
    /// Where drivers may run.
    pub driver: PodPlacement,
    /// Where executors may run.
    pub executors: PodPlacement,
    /// The queue of a scheduler of its own.
    pub queue: Option<Queue>,
}

/// Which nodes pods may be put on, and with which priority.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PodPlacement {
    /// Labels that a node must have.
    pub node_selector: BTreeMap<String, String>,
    /// Taints that do not keep them away.
    pub tolerations: Vec<Toleration>,
    /// `priorityClassName`.
    pub priority_class: Option<String>,
}

/// A `Toleration` of Kubernetes: its fields by their names, all of them texts.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Toleration {
    /// The taint's key; without, all taints.
    pub key: Option<String>,
    /// `Equal` or `Exists`.
    pub operator: Option<String>,
    /// The taint's value.
    pub value: Option<String>,
    /// `NoSchedule`, `PreferNoSchedule` or `NoExecute`; without, all effects.
    pub effect: Option<String>,
}

/// A queue of a batch scheduler.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Queue {
    /// `yunikorn` or `volcano`.
    pub scheduler: &'static str,
    /// The queue.
    pub name: String,
}

impl KubernetesProfile {
    /// What the queue is to Spark. Sources: YuniKorn's "Run Spark jobs" and Volcano's `queueName` annotation of pods.
    pub(super) fn properties(&self) -> Vec<(String, String)> {
        let Some(Queue { scheduler, name }) = &self.queue else { return Vec::new() };
        let mut properties =
            vec![("spark.kubernetes.scheduler.name".to_owned(), (*scheduler).to_owned())];
        for pods in ["driver", "executor"] {
            let key = match *scheduler {
                "yunikorn" => format!("spark.kubernetes.{pods}.label.queue"),
                _ => format!("spark.kubernetes.{pods}.annotation.scheduling.volcano.sh/queue-name"),
            };
            properties.push((key, name.clone()));
        }
        properties
    }
}

pub(super) fn read(mut fields: Fields<'_>, report: &mut Report<'_>) -> Option<KubernetesProfile> {
    let text = |fields: &mut Fields<'_>, key, report: &mut Report<'_>| {
        fields.text(key, report).map(|text| text.text)
    };
    let kubeconfig = fields.text("kubeconfig", report);
    let context = fields.text("context", report);
    let in_cluster = fields.boolean("inCluster", report).unwrap_or(false);
    let is_access = match (&kubeconfig, in_cluster) {
        (Some(file), false) => is_file(file, &fields, report),
        (None, true) => {
            if let Some(context) = &context {
                let message = "a context is one of a kubeconfig";
                let path = fields.path_of("context");
                report.error("spec::wrong-value", context.span, &path, message).hint =
                    Some("leave out `inCluster` and write `kubeconfig: /PATH`".to_owned());
            }
            context.is_none()
        }
        (Some(file), true) => {
            let message = "`kubeconfig` and `inCluster` are two ways to the cluster";
            let path = fields.path_of("kubeconfig");
            report.error("spec::wrong-value", file.span, &path, message).hint =
                Some("leave one of them out".to_owned());
            false
        }
        (None, false) => {
            let hint = "write `kubeconfig: /PATH`, or `inCluster: true` for the service account of the server's own pod";
            missing(&fields, "kubeconfig", hint, report);
            false
        }
    };
    let namespace = match fields.text("namespace", report) {
        None => "default".to_owned(),
        Some(name) => {
            if !is_label(&name) {
                let message = format!("`{}` is no name of a namespace", name.text);
                let path = fields.path_of("namespace");
                report.error("spec::wrong-value", name.span, &path, message).hint =
                    Some("small letters, digits and `-` between them, at most 63".to_owned());
            }
            name.text
        }
    };
    let image = text(&mut fields, "image", report);
    if fields.entry("image").is_none() {
        let hint = "write `image: REGISTRY/spark:TAG`, the image of driver and executors";
        missing(&fields, "image", hint, report);
    }
    let service_account = text(&mut fields, "serviceAccount", report);
    let pull = fields.texts("imagePullSecrets", report).unwrap_or_default();
    let driver_template = text(&mut fields, "driverTemplate", report);
    let executor_template = text(&mut fields, "executorTemplate", report);
    let driver = placement(&mut fields, report);
    let executors = fields.block("executors", report).map(|mut block| {
        let placement = placement(&mut block, report);
        block.finish(report);
        placement
    });
    let queue = fields.block("queue", report).and_then(|block| read_queue(block, report));
    fields.finish(report);
    is_access.then_some(())?;
    Some(KubernetesProfile {
        kubeconfig: kubeconfig.map(|text| text.text),
        context: context.map(|text| text.text),
        namespace,
        image: image?,
        service_account,
        image_pull_secrets: pull.into_iter().map(|name| name.text).collect(),
        driver_template,
        executor_template,
        executors: executors.unwrap_or_default(),
        driver,
        queue,
    })
}

fn is_file(file: &Spanned, fields: &Fields<'_>, report: &mut Report<'_>) -> bool {
    let is_absolute = file.starts_with('/');
    if !is_absolute {
        let message = format!("`{}` is no absolute path", file.text);
        let path = fields.path_of("kubeconfig");
        report.error("spec::wrong-value", file.span, &path, message).hint = Some(
            "a file that the server can read, for example `/etc/tinderbox/kubeconfig`".to_owned(),
        );
    }
    is_absolute
}

/// A label of DNS (RFC 1123).
fn is_label(name: &str) -> bool {
    let inner = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    !name.is_empty()
        && name.len() <= 63
        && name.bytes().all(inner)
        && !name.starts_with('-')
        && !name.ends_with('-')
}

fn placement(fields: &mut Fields<'_>, report: &mut Report<'_>) -> PodPlacement {
    let mut node_selector = BTreeMap::new();
    if let Some(block) = fields.block("nodeSelector", report) {
        for entry in block.entries() {
            let path = block.path_of(&entry.key);
            if let Some(value) = crate::fields::text(&entry.value, &path, report) {
                node_selector.insert(entry.key.clone(), value.text);
            }
        }
    }
    let mut tolerations = Vec::new();
    let path = fields.path_of("tolerations");
    let listed = fields.entry("tolerations").map(|entry| &entry.value);
    if let Some(tree) = listed
        && tree.as_list().is_none()
    {
        crate::fields::wrong_type(tree, &path, "a list of tolerations", report);
    }
    let listed = listed.and_then(Tree::as_list).unwrap_or_default();
    for (at, tree) in listed.iter().enumerate() {
        let Some(mut one) = Fields::of(tree, &format!("{path}[{at}]"), report) else { continue };
        let key = one.text("key", report).map(|text| text.text);
        let operator = one.choice("operator", &["Equal", "Exists"], report);
        let value = one.text("value", report).map(|text| text.text);
        let effects = ["NoSchedule", "PreferNoSchedule", "NoExecute"];
        let effect = one.choice("effect", &effects, report);
        one.finish(report);
        let owned = |text: &str| text.to_owned();
        let (operator, effect) = (operator.map(owned), effect.map(owned));
        tolerations.push(Toleration { key, operator, value, effect });
    }
    let priority_class = fields.text("priorityClass", report).map(|text| text.text);
    PodPlacement { node_selector, tolerations, priority_class }
}

fn read_queue(mut fields: Fields<'_>, report: &mut Report<'_>) -> Option<Queue> {
    let schedulers = ["yunikorn", "volcano"];
    let scheduler = fields.choice("scheduler", &schedulers, report);
    if fields.entry("scheduler").is_none() {
        let hint = "write `scheduler: yunikorn` or `scheduler: volcano`";
        missing(&fields, "scheduler", hint, report);
    }
    let name = fields.text("name", report);
    if fields.entry("name").is_none() {
        missing(&fields, "name", "write `name:` and the queue", report);
    }
    fields.finish(report);
    Some(Queue { scheduler: scheduler?, name: name?.text })
}
