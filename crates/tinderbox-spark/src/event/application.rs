use super::Text;
use serde::Deserialize;
use std::collections::BTreeMap;

#[derive(Deserialize)]
pub(crate) struct LogStart<'a> {
    #[serde(rename = "Spark Version", borrow)]
    pub(crate) spark_version: Text<'a>,
}

#[derive(Deserialize)]
pub(crate) struct ApplicationStart<'a> {
    #[serde(rename = "App Name", borrow, default)]
    pub(crate) name: Text<'a>,
    #[serde(rename = "App ID", borrow)]
    pub(crate) id: Option<Text<'a>>,
    #[serde(rename = "App Attempt ID", borrow)]
    pub(crate) attempt_id: Option<Text<'a>>,
    #[serde(rename = "Timestamp")]
    pub(crate) time: i64,
    #[serde(rename = "User", borrow, default)]
    pub(crate) user: Text<'a>,
}

#[derive(Deserialize)]
pub(crate) struct ApplicationEnd {
    #[serde(rename = "Timestamp")]
    pub(crate) time: i64,
    /// From Spark 4.0 on.
    #[serde(rename = "ExitCode")]
    pub(crate) exit_code: Option<i64>,
}

/// Hadoop and system properties, metrics properties and the classpath are not read.
#[derive(Deserialize)]
pub(crate) struct EnvironmentUpdate<'a> {
    #[serde(rename = "JVM Information", borrow, default)]
    pub(crate) runtime: BTreeMap<Text<'a>, Text<'a>>,
    #[serde(rename = "Spark Properties", borrow, default)]
    pub(crate) spark_properties: BTreeMap<Text<'a>, Text<'a>>,
}
