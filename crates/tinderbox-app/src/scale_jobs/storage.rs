//! Object stores as Spark knows them: settings as properties, credentials in the environment alone.

use crate::App;
use std::collections::BTreeMap;

/// What may be read with them, so they go into the environment of runs and nowhere else.
const CREDENTIALS: [&str; 3] = ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"];
/// Those among them that nobody may see.
const HIDDEN: [&str; 2] = ["AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"];

impl App {
    /// The credentials of this process for runs that use object stores. Spark takes them out of its environment
    /// (`SparkHadoopUtil.appendS3CredentialsFromEnvironment`) and hands them to its executors.
    pub(crate) fn storage_environment(&self) -> BTreeMap<String, String> {
        let value = |name: &str| Some((name.to_owned(), self.variable(name)?.to_owned()));
        CREDENTIALS.into_iter().filter_map(value).collect()
    }

    /// Settings that are no secrets, by the names of their variables: what reads them itself needs them.
    pub(super) fn storage_settings(&self) -> BTreeMap<String, String> {
        let variables = self.inner.host.variables.iter();
        let settings =
            variables.filter(|(name, value)| name.starts_with("AWS_") && !value.is_empty());
        settings
            .filter(|(name, _)| !CREDENTIALS.contains(&name.as_str()))
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect()
    }

    /// The same as secrets, so that no log has them.
    pub(crate) fn storage_secrets(&self) -> BTreeMap<String, String> {
        let secret = |name: &str| {
            Some((tinderbox_spec::secret_variable(name), self.variable(name)?.to_owned()))
        };
        HIDDEN.into_iter().filter_map(secret).collect()
    }

    /// Properties of `s3a` that say the same as the `AWS_*` variables of this process, and a limit to its patience.
    pub(super) fn storage_conf(&self) -> BTreeMap<String, String> {
        let mut conf = BTreeMap::new();
        let mut set = |key: &str, value: &str| {
            conf.insert(format!("spark.hadoop.fs.s3a.{key}"), value.to_owned());
        };
        // With Hadoop's own numbers a credential that is refused, or a bucket that is not there, takes minutes to be told.
        set("attempts.maximum", "3");
        set("retry.limit", "3");
        let region =
            ["AWS_REGION", "AWS_DEFAULT_REGION"].iter().find_map(|name| self.variable(name));
        let endpoint = ["AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL", "AWS_ENDPOINT"];
        let endpoint = endpoint.iter().find_map(|name| self.variable(name));
        if let Some(endpoint) = endpoint {
            set("endpoint", endpoint);
            let is_virtual = self.variable("AWS_VIRTUAL_HOSTED_STYLE_REQUEST") == Some("true");
            set("path.style.access", if is_virtual { "false" } else { "true" });
            set(
                "connection.ssl.enabled",
                if endpoint.starts_with("http://") { "false" } else { "true" },
            );
        }
        // Without a region the client looks for one in places that only machines of Amazon's have.
        if let Some(region) = region.or(endpoint.map(|_| "us-east-1")) {
            set("endpoint.region", region);
        }
        conf
    }

    /// A variable of the environment of this process that is not empty.
    fn variable(&self, name: &str) -> Option<&str> {
        let value = self.inner.host.variables.get(name)?;
        Some(value.as_str()).filter(|value| !value.is_empty())
    }
}
