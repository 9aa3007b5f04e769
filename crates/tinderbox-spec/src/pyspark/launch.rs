//! Which properties the program sets and which must be known before it starts.

use crate::configuration::Dependency;
use crate::operation::Operation;
use crate::packages;
use crate::parameters::has_secret;
use crate::spec::Spec;
use std::collections::{BTreeMap, BTreeSet};
use tinderbox_model::conf_key;

pub(super) struct Properties {
    pub(super) in_program: BTreeMap<String, String>,
    pub(super) at_launch: BTreeMap<String, String>,
}

/// Families of properties that the builder in the program sets too late: the JVM, the class path or the context's
/// listeners exist by then, or `spark-submit` itself reads them.
/// Source: `org.apache.spark.deploy.SparkSubmit` and Spark's configuration guide ("Spark Properties").
const AT_LAUNCH: &[&str] = &[
    "spark.archives",
    "spark.driver.",
    "spark.driverEnv.",
    "spark.dynamicAllocation.",
    "spark.eventLog.",
    "spark.executor.",
    "spark.executorEnv.",
    "spark.extraListeners",
    "spark.files",
    "spark.jars",
    "spark.kubernetes.",
    "spark.master",
    "spark.memory.",
    "spark.plugins",
    "spark.pyspark.",
    "spark.redaction.",
    "spark.submit.",
    "spark.ui.",
    "spark.yarn.",
];

/// The cluster section, then `sparkConf` over it, then dependencies, each where it takes effect.
pub(super) fn split(spec: &Spec) -> Properties {
    let mut all: BTreeMap<String, String> = spec
        .cluster()
        .properties()
        .into_iter()
        .map(|(key, value)| (key.to_owned(), value))
        .collect();
    all.extend(spec.conf().clone());
    let files: Vec<String> = spec.python_files().map(str::to_owned).collect();
    let packages = packages::coordinates(spec);
    let given = spec.dependencies().iter().chain(&files).map(String::as_str);
    for dependency in given.chain(packages) {
        let Some(kind) = Dependency::of(dependency) else { continue };
        add_item(&mut all, kind.property(), dependency);
    }
    for (property, items) in spec.application().iter().flat_map(|found| found.properties()) {
        for item in items {
            add_item(&mut all, property, item);
        }
    }
    all.extend(packages::properties(spec));
    hide_secrets(spec, &mut all);
    let (at_launch, in_program) = all.into_iter().partition(|(key, _)| is_at_launch(key));
    Properties { in_program, at_launch }
}

/// Adds to a property that holds a list with commas, once.
fn add_item(all: &mut BTreeMap<String, String>, property: &str, item: &str) {
    let list = all.entry(property.to_owned()).or_default();
    if !list.split(',').any(|known| known == item) {
        if !list.is_empty() {
            list.push(',');
        }
        list.push_str(item);
    }
}

/// The default of `spark.redaction.regex`. Source: `org.apache.spark.internal.config`, `SECRET_REDACTION_PATTERN`.
const REDACTION: &str = "(?i)secret|password|token|access[.]?key";

/// Spark shows the properties of a session and the options of sources and sinks in event logs and on its page, all but
/// those whose names it takes for secret ones. The names under which this job has secrets are added.
fn hide_secrets(spec: &Spec, all: &mut BTreeMap<String, String>) {
    let known = ["secret", "password", "token", "access.key", "accesskey"];
    let options = spec.nodes().iter().flat_map(|node| match &node.operation {
        Operation::Read(read) => [&read.options[..], &read.settings[..]].concat(),
        Operation::Write(write) => [&write.options[..], &write.settings[..]].concat(),
        _ => Vec::new(),
    });
    let names: BTreeSet<String> = options
        .chain(all.clone())
        .filter(|(_, value)| has_secret(value))
        .map(|(name, _)| name.to_ascii_lowercase())
        .filter(|name| !known.iter().any(|known| name.contains(known)))
        .collect();
    if names.is_empty() {
        return;
    }
    let escaped = |name: &String| {
        name.chars()
            .map(|c| match c {
                'a'..='z' | '0'..='9' | '_' | '-' => c.to_string(),
                '.' => "[.]".to_owned(),
                c => format!("\\{c}"),
            })
            .collect::<String>()
    };
    let names: Vec<String> = names.iter().map(escaped).collect();
    let pattern = all.entry("spark.redaction.regex".to_owned()).or_insert(REDACTION.to_owned());
    pattern.push_str(&format!("|(?i)^({})$", names.join("|")));
}

/// Whether a property must be known before the program starts.
pub(crate) fn is_at_launch(key: &str) -> bool {
    conf_key(key).is_some_and(|known| known.at_launch)
        || AT_LAUNCH.iter().any(|family| key.starts_with(family))
}
