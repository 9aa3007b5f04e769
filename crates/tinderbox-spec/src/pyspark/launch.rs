//! Which properties the program sets and which must be known before it starts.

use crate::configuration::Dependency;
use crate::packages;
use crate::spec::Spec;
use std::collections::BTreeMap;
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
        let list = all.entry(kind.property().to_owned()).or_default();
        if !list.split(',').any(|known| known == dependency) {
            if !list.is_empty() {
                list.push(',');
            }
            list.push_str(dependency);
        }
    }
    all.extend(packages::properties(spec));
    let (at_launch, in_program) = all.into_iter().partition(|(key, _)| is_at_launch(key));
    Properties { in_program, at_launch }
}

/// Whether a property must be known before the program starts.
pub(crate) fn is_at_launch(key: &str) -> bool {
    conf_key(key).is_some_and(|known| known.at_launch)
        || AT_LAUNCH.iter().any(|family| key.starts_with(family))
}
