use crate::diagnostic::{Report, Span};
use crate::fields::{self, Fields, wrong_type};
use crate::openlineage::{self, OpenLineage};
use crate::parameters::has_secret;
use crate::pyspark::is_at_launch;
use crate::tree::Spanned;
use std::collections::BTreeMap;
use tinderbox_model::{Bytes, ConfType, Millis, conf_key, parse_bytes, parse_duration};

/// The `configuration` section.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Configuration {
    pub(crate) spark_conf: BTreeMap<String, String>,
    pub(crate) dependencies: Vec<String>,
    pub(crate) checkpoint_location: Option<String>,
    pub(crate) open_lineage: Option<OpenLineage>,
}

/// What a line of `dependencies` is, and the Spark property that takes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Dependency {
    MavenPackage,
    Jar,
    PythonFile,
}

impl Dependency {
    /// `group:artifact:version`, or a path by its ending.
    pub(crate) fn of(text: &str) -> Option<Self> {
        let is_part = |part: &str| {
            !part.is_empty()
                && part.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-'))
        };
        if text.ends_with(".jar") {
            Some(Self::Jar)
        } else if [".py", ".zip", ".egg", ".whl"].iter().any(|ending| text.ends_with(ending)) {
            Some(Self::PythonFile)
        } else {
            let is_package = text.split(':').count() == 3 && text.split(':').all(is_part);
            is_package.then_some(Self::MavenPackage)
        }
    }

    pub(crate) fn property(self) -> &'static str {
        match self {
            Self::MavenPackage => "spark.jars.packages",
            Self::Jar => "spark.jars",
            Self::PythonFile => "spark.submit.pyFiles",
        }
    }
}

impl Configuration {
    pub(crate) fn read(mut fields: Fields<'_>, report: &mut Report<'_>) -> Self {
        let spark_conf = match fields.entry("sparkConf") {
            Some(entry) => Fields::of(&entry.value, &fields.path_of("sparkConf"), report)
                .map(|fields| spark_conf(&fields, report))
                .unwrap_or_default(),
            None => BTreeMap::new(),
        };
        let path = fields.path_of("dependencies");
        let dependencies = fields.texts("dependencies", report).unwrap_or_default();
        for dependency in &dependencies {
            if has_secret(dependency) {
                report_secret_at_launch("dependencies", dependency.span, &path, report);
                continue;
            }
            if Dependency::of(dependency).is_none() {
                let message = format!("`{}` is not a dependency", dependency.text);
                report.error("spec::dependency", dependency.span, &path, message).hint =
                    Some("`group:artifact:version` of Maven, or a path ending in .jar, .py, .zip, .egg or .whl".to_owned());
            }
        }
        let checkpoint_location = fields.text("checkpointLocation", report).map(|text| text.text);
        let open_lineage = fields
            .block("openLineage", report)
            .and_then(|fields| openlineage::read(fields, report));
        fields.finish(report);
        let dependencies = dependencies.into_iter().map(|text| text.text).collect();
        Self { spark_conf, dependencies, checkpoint_location, open_lineage }
    }
}

fn spark_conf(fields: &Fields<'_>, report: &mut Report<'_>) -> BTreeMap<String, String> {
    let mut conf = BTreeMap::new();
    for entry in fields.entries() {
        let path = fields.path_of(&entry.key);
        if entry.value.as_map().is_some() {
            wrong_type(&entry.value, &path, "a value", report).hint = Some(
                "write the whole key in one line, for example `spark.sql.shuffle.partitions: 200`"
                    .to_owned(),
            );
            continue;
        }
        let Some(value) = fields::text(&entry.value, &path, report) else { continue };
        if !entry.key.starts_with("spark.") {
            let message =
                format!("`{}` is not a Spark property: they all begin with `spark.`", entry.key);
            report.error("spec::spark-property", entry.key_span, &path, message).hint =
                Some(format!("did you mean `spark.{}`?", entry.key));
        }
        if entry.key == "spark.app.name" {
            let message = "the application's name is the job's `name`; this property is left out";
            report.warning("spec::said-twice", entry.key_span, &path, message);
            continue;
        }
        if has_secret(&value) && is_at_launch(&entry.key) {
            report_secret_at_launch(&entry.key, value.span, &path, report);
        }
        check_value(&entry.key, &value, &path, report);
        crate::secrets::check(&entry.key, &value, value.span, &path, report);
        conf.insert(entry.key.clone(), value.text);
    }
    conf
}

/// A secret is looked up by the program; before it starts, the secret would stand on a command line.
fn report_secret_at_launch(name: &str, span: Span, path: &str, report: &mut Report<'_>) {
    let message =
        format!("`{name}` is needed before the program starts, so it cannot hold a secret");
    report.error("spec::secret-at-launch", span, path, message).hint = Some(
        "secrets can stand in options, `spark.sql.*` and `spark.hadoop.*` properties".to_owned(),
    );
}

fn check_value(key: &str, value: &Spanned, path: &str, report: &mut Report<'_>) {
    let Some(known) = conf_key(key) else { return };
    if has_secret(value) {
        return;
    }
    let text = value.trim();
    // Spark writes "off" and "unlimited" as negative numbers, which are numbers to it.
    let is_number = text.parse::<f64>().is_ok();
    let (sound, wanted) = match known.kind {
        ConfType::Boolean => {
            (matches!(&*text.to_lowercase(), "true" | "false"), "`true` or `false`")
        }
        ConfType::Integer => (text.parse::<i64>().is_ok(), "a whole number"),
        ConfType::Double => (is_number, "a number"),
        ConfType::Bytes | ConfType::MemoryMiB => (
            text.parse::<i64>().is_ok() || parse_bytes(text, Bytes(1)).is_some(),
            "a size such as `64m` or `1g`",
        ),
        ConfType::DurationMs | ConfType::DurationSeconds => (
            text.parse::<i64>().is_ok() || parse_duration(text, Millis(1)).is_some(),
            "a duration such as `30s` or `5min`",
        ),
        ConfType::Text => (true, "a text"),
    };
    if !sound {
        let message = format!("`{key}` takes {wanted}, not `{}`", value.text);
        report.error("spec::wrong-value", value.span, path, message);
    }
}
