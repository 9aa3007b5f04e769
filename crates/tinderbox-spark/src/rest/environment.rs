//! `…/environment`.

use super::java_double::Double;
use super::{Shape, View};
use serde::{Serialize, Serializer};
use std::collections::BTreeMap;
use tinderbox_model::{ExecutorResourceRequest, ResourceProfile};

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct EnvironmentInfo<'a> {
    runtime: Runtime<'a>,
    spark_properties: Entries<'a>,
    hadoop_properties: Entries<'a>,
    system_properties: Entries<'a>,
    metrics_properties: Entries<'a>,
    classpath_entries: Classpath<'a>,
    resource_profiles: Vec<ProfileInfo<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Runtime<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    java_version: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    java_home: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    scala_version: Option<&'a str>,
}

/// Arrays of key and value, redacted by the default of `spark.redaction.regex`, which a History Server applies once
/// more to what was logged: where key or value has one of these words. 4.3 has one more.
struct Entries<'a>(&'a BTreeMap<String, String>, Shape);

const SECRETS: [&str; 6] = ["secret", "password", "token", "accesskey", "access.key", "credential"];
const REDACTED: &str = "*********(redacted)";

impl Entries<'_> {
    fn is_secret(&self, text: &str) -> bool {
        let lower = text.to_ascii_lowercase();
        let known = if self.1 == Shape::V4 { &SECRETS[..] } else { &SECRETS[..5] };
        known.iter().any(|word| lower.contains(word))
    }
}

impl Serialize for Entries<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.iter().map(|(key, value)| {
            let is_secret = self.is_secret(key) || self.is_secret(value);
            (key, if is_secret { REDACTED } else { value })
        }))
    }
}

/// Not redacted.
struct Classpath<'a>(&'a BTreeMap<String, String>);

impl Serialize for Classpath<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0)
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ProfileInfo<'a> {
    id: i64,
    executor_resources: Named<'a, ExecutorResourceRequest>,
    task_resources: Named<'a, (String, f64)>,
}

/// Resources as an object keyed by their names.
struct Named<'a, T>(&'a [T]);

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ExecutorRequest<'a> {
    resource_name: &'a str,
    amount: i64,
    discovery_script: &'a str,
    vendor: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct TaskRequest<'a> {
    resource_name: &'a str,
    amount: Double,
}

impl Serialize for Named<'_, ExecutorResourceRequest> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|one| {
            let request = ExecutorRequest {
                resource_name: &one.name,
                amount: one.amount,
                discovery_script: &one.discovery_script,
                vendor: &one.vendor,
            };
            (&one.name, request)
        }))
    }
}

impl Serialize for Named<'_, (String, f64)> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(name, amount)| {
            (name, TaskRequest { resource_name: name, amount: Double(*amount) })
        }))
    }
}

impl<'a> From<&'a ResourceProfile> for ProfileInfo<'a> {
    fn from(profile: &'a ResourceProfile) -> Self {
        Self {
            id: profile.id,
            executor_resources: Named(&profile.executor),
            task_resources: Named(&profile.task),
        }
    }
}

/// Versions, properties sorted by key, and resource profiles by id.
pub fn environment(view: View<'_>) -> impl Serialize + '_ {
    let environment = &view.application.environment;
    let runtime = |key: &str| environment.runtime.get(key).map(String::as_str);
    let mut profiles: Vec<_> = view.application.resource_profiles.iter().collect();
    profiles.sort_by_key(|profile| profile.id);
    EnvironmentInfo {
        runtime: Runtime {
            java_version: runtime("Java Version"),
            java_home: runtime("Java Home"),
            scala_version: runtime("Scala Version"),
        },
        spark_properties: Entries(&environment.spark_properties, view.shape),
        hadoop_properties: Entries(&environment.hadoop_properties, view.shape),
        system_properties: Entries(&environment.system_properties, view.shape),
        metrics_properties: Entries(&environment.metrics_properties, view.shape),
        classpath_entries: Classpath(&environment.classpath),
        resource_profiles: profiles.into_iter().map(ProfileInfo::from).collect(),
    }
}
