//! Packages and properties that connectors need, by Spark's version.
//!
//! Every version stands in Maven Central; those of a Spark line fit all its patch releases.

use crate::diagnostic::{Diagnostic, Severity};
use crate::operation::{Data, Decode, Encode, EncodedValue, MessageValue, Operation};
use crate::spec::{Node, Spec};
use std::collections::BTreeMap;
use tinderbox_model::SparkVersion;

/// What a node needs beside Spark.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Connector {
    Avro,
    Xml,
    Delta,
    Iceberg,
    Kafka,
    S3,
    Azure,
    Gcs,
    Postgresql,
    Mysql,
    Oracle,
    SqlServer,
    Redshift,
    MongoDb,
    Snowflake,
    BigQuery,
    Kinesis,
}

/// Lines of Spark in the order of the columns below.
const LINES: [(u32, u32); 5] = [(3, 5), (4, 0), (4, 1), (4, 2), (4, 3)];

/// Coordinates without a version are not in Maven Central for that line.
const NOWHERE: &str = "";
/// Spark has it itself.
const BUILT_IN: &str = "-";

impl Connector {
    fn name(self) -> &'static str {
        match self {
            Self::Avro => "Avro",
            Self::Xml => "XML",
            Self::Delta => "Delta Lake",
            Self::Iceberg => "Iceberg",
            Self::Kafka => "Kafka's connector",
            Self::S3 => "Hadoop's S3A",
            Self::Azure => "Hadoop's ABFS",
            Self::Gcs => "the connector of Google Cloud Storage",
            Self::Postgresql => "PostgreSQL's driver",
            Self::Mysql => "MySQL's driver",
            Self::Oracle => "Oracle's driver",
            Self::SqlServer => "SQL Server's driver",
            Self::Redshift => "Redshift's driver",
            Self::MongoDb => "MongoDB's connector",
            Self::Snowflake => "Snowflake's connector",
            Self::BigQuery => "BigQuery's connector",
            Self::Kinesis => "the connector of Kinesis",
        }
    }

    /// Coordinates for Spark 3.5 (Scala 2.12), 4.0, 4.1, 4.2 and 4.3 (Scala 2.13).
    ///
    /// Sources: Delta Lake's and Iceberg's tables of releases; Hadoop's version is that of the line's `pom.xml`.
    /// On 4.3 those of 4.2 run where they stand below; Delta Lake's and Iceberg's fail there on classes that changed.
    fn coordinates(self) -> [&'static str; 5] {
        match self {
            Self::Avro => [
                "org.apache.spark:spark-avro_2.12:3.5.7",
                "org.apache.spark:spark-avro_2.13:4.0.2",
                "org.apache.spark:spark-avro_2.13:4.1.1",
                "org.apache.spark:spark-avro_2.13:4.2.0",
                "org.apache.spark:spark-avro_2.13:4.2.0",
            ],
            Self::Xml => {
                ["com.databricks:spark-xml_2.12:0.18.0", BUILT_IN, BUILT_IN, BUILT_IN, BUILT_IN]
            }
            Self::Delta => [
                "io.delta:delta-spark_2.12:3.3.2",
                "io.delta:delta-spark_2.13:4.0.1",
                "io.delta:delta-spark_4.1_2.13:4.4.0",
                "io.delta:delta-spark_4.2_2.13:4.4.0",
                NOWHERE,
            ],
            Self::Iceberg => [
                "org.apache.iceberg:iceberg-spark-runtime-3.5_2.12:1.11.0",
                "org.apache.iceberg:iceberg-spark-runtime-4.0_2.13:1.11.0",
                "org.apache.iceberg:iceberg-spark-runtime-4.1_2.13:1.12.0",
                NOWHERE,
                NOWHERE,
            ],
            Self::Kafka => [
                "org.apache.spark:spark-sql-kafka-0-10_2.12:3.5.7",
                "org.apache.spark:spark-sql-kafka-0-10_2.13:4.0.2",
                "org.apache.spark:spark-sql-kafka-0-10_2.13:4.1.3",
                "org.apache.spark:spark-sql-kafka-0-10_2.13:4.2.0",
                "org.apache.spark:spark-sql-kafka-0-10_2.13:4.2.0",
            ],
            Self::S3 => [
                "org.apache.hadoop:hadoop-aws:3.3.4",
                "org.apache.hadoop:hadoop-aws:3.4.1",
                "org.apache.hadoop:hadoop-aws:3.4.2",
                "org.apache.hadoop:hadoop-aws:3.5.0",
                "org.apache.hadoop:hadoop-aws:3.5.0",
            ],
            Self::Azure => [
                "org.apache.hadoop:hadoop-azure:3.3.4",
                "org.apache.hadoop:hadoop-azure:3.4.1",
                "org.apache.hadoop:hadoop-azure:3.4.2",
                "org.apache.hadoop:hadoop-azure:3.5.0",
                "org.apache.hadoop:hadoop-azure:3.5.0",
            ],
            Self::Gcs => [
                // Later versions lack parents and parts of theirs on Maven Central. Hadoop 3.5 has its own connector, and
                // settings that Google's cannot read.
                "com.google.cloud.bigdataoss:gcs-connector:hadoop3-2.2.26",
                "com.google.cloud.bigdataoss:gcs-connector:hadoop3-2.2.26",
                "com.google.cloud.bigdataoss:gcs-connector:hadoop3-2.2.26",
                "org.apache.hadoop:hadoop-gcp:3.5.0",
                "org.apache.hadoop:hadoop-gcp:3.5.0",
            ],
            Self::Postgresql => ["org.postgresql:postgresql:42.7.8"; 5],
            Self::Mysql => ["com.mysql:mysql-connector-j:9.5.0"; 5],
            Self::Oracle => ["com.oracle.database.jdbc:ojdbc11:23.9.0.25.07"; 5],
            Self::SqlServer => ["com.microsoft.sqlserver:mssql-jdbc:13.4.0.jre11"; 5],
            Self::Redshift => ["com.amazon.redshift:redshift-jdbc42:2.1.0.34"; 5],
            Self::MongoDb => [
                "org.mongodb.spark:mongo-spark-connector_2.12:10.5.0",
                "org.mongodb.spark:mongo-spark-connector_2.13:10.5.0",
                "org.mongodb.spark:mongo-spark-connector_2.13:10.5.0",
                "org.mongodb.spark:mongo-spark-connector_2.13:10.5.0",
                "org.mongodb.spark:mongo-spark-connector_2.13:10.5.0",
            ],
            Self::Snowflake => {
                ["net.snowflake:spark-snowflake_2.12:3.0.0", NOWHERE, NOWHERE, NOWHERE, NOWHERE]
            }
            Self::BigQuery => [
                "com.google.cloud.spark:spark-bigquery-with-dependencies_2.12:0.42.1",
                NOWHERE,
                NOWHERE,
                NOWHERE,
                NOWHERE,
            ],
            // The AWS labs publish theirs elsewhere.
            Self::Kinesis => [NOWHERE; 5],
        }
    }

    /// Properties without which it does not work.
    ///
    /// Sources: the quick starts of Delta Lake and Iceberg; Google's guide to its connector; Hadoop's guide to S3A for
    /// `s3:`, which only Amazon's own Spark knows without it.
    fn properties(self) -> &'static [(&'static str, &'static str)] {
        match self {
            Self::Delta => &[
                (
                    "spark.sql.catalog.spark_catalog",
                    "org.apache.spark.sql.delta.catalog.DeltaCatalog",
                ),
                (EXTENSIONS, "io.delta.sql.DeltaSparkSessionExtension"),
            ],
            Self::Iceberg => {
                &[(EXTENSIONS, "org.apache.iceberg.spark.extensions.IcebergSparkSessionExtensions")]
            }
            _ => &[],
        }
    }

    /// Beginning of the names of its artifacts in any version, which also jars have.
    fn artifact(self) -> &'static str {
        match self {
            Self::Avro => "spark-avro",
            Self::Xml => "spark-xml",
            Self::Delta => "delta-",
            Self::Iceberg => "iceberg-spark-runtime",
            Self::Kafka => "spark-sql-kafka",
            Self::S3 => "hadoop-aws",
            Self::Azure => "hadoop-azure",
            Self::Gcs => "gcs-connector",
            Self::Postgresql => "postgresql",
            Self::Mysql => "mysql-connector",
            Self::Oracle => "ojdbc",
            Self::SqlServer => "mssql-jdbc",
            Self::Redshift => "redshift-jdbc",
            Self::MongoDb => "mongo-spark-connector",
            Self::Snowflake => "spark-snowflake",
            Self::BigQuery => "bigquery",
            Self::Kinesis => "kinesis",
        }
    }
}

const EXTENSIONS: &str = "spark.sql.extensions";

/// Coordinates of the packages that a job needs and does not name itself, in a fixed order.
pub(crate) fn coordinates(spec: &Spec) -> Vec<&'static str> {
    let Fit::Line { at, .. } = line_of(spec.spark_version()) else {
        return Vec::new();
    };
    needed(spec)
        .into_keys()
        .filter(|connector| !is_given(spec, *connector))
        .map(|connector| connector.coordinates()[at])
        .filter(|coordinates| ![NOWHERE, BUILT_IN].contains(coordinates))
        .collect()
}

/// The coordinates with which Spark of a version reads and writes S3 through `s3a`; `None` where no package is known, or where
/// these properties name its artifact already.
pub fn s3_package(version: &SparkVersion, conf: &BTreeMap<String, String>) -> Option<&'static str> {
    let Fit::Line { at, .. } = line_of(Some(version)) else { return None };
    let lists = ["spark.jars.packages", "spark.jars", "spark.driver.extraClassPath"];
    let listed = lists.iter().filter_map(|key| conf.get(*key));
    let mut names = listed.flat_map(|list| list.split([',', ':', '/']));
    let is_named = names.any(|name| name.contains(Connector::S3.artifact()));
    (!is_named).then_some(Connector::S3.coordinates()[at])
}

/// Properties that the nodes of a job need; those that the job sets are not among them.
pub(crate) fn properties(spec: &Spec) -> BTreeMap<String, String> {
    let mut found: BTreeMap<String, String> = BTreeMap::new();
    let of_connectors = needed(spec)
        .into_keys()
        .flat_map(Connector::properties)
        .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()));
    let of_nodes = spec.nodes().iter().flat_map(settings).cloned();
    for (key, value) in of_connectors.chain(of_nodes) {
        match found.get_mut(&key) {
            Some(extensions) if key == EXTENSIONS => extensions.push_str(&format!(",{value}")),
            _ => {
                found.insert(key, value);
            }
        }
    }
    if let (true, Fit::Line { at, .. }) =
        (needed(spec).contains_key(&Connector::Gcs), line_of(spec.spark_version()))
    {
        found.extend(of_gcs(spec, at));
    }
    if spec.nodes().iter().filter_map(path).any(|path| path.starts_with("s3://")) {
        found.insert(
            "spark.hadoop.fs.s3.impl".to_owned(),
            "org.apache.hadoop.fs.s3a.S3AFileSystem".to_owned(),
        );
    }
    found.retain(|key, _| !spec.conf().contains_key(key));
    found
}

/// Spark 3.5 has a Guava that is too old for Google's connector, which brings its own; the artifact that holds it under
/// another name has no coordinates that Spark reads.
fn of_gcs(spec: &Spec, line: usize) -> Vec<(String, String)> {
    let class = match Connector::Gcs.coordinates()[line].split(':').nth(1) {
        Some("hadoop-gcp") if !is_given(spec, Connector::Gcs) => {
            "org.apache.hadoop.fs.gs.GoogleHadoopFileSystem"
        }
        _ => "com.google.cloud.hadoop.fs.gcs.GoogleHadoopFileSystem",
    };
    let mut properties = vec![("spark.hadoop.fs.gs.impl", class)];
    if line == 0 && !is_given(spec, Connector::Gcs) {
        properties.push(("spark.driver.userClassPathFirst", "true"));
        properties.push(("spark.executor.userClassPathFirst", "true"));
    }
    properties.into_iter().map(|(key, value)| (key.to_owned(), value.to_owned())).collect()
}

/// Two nodes that need one property with two values.
pub(crate) fn contradictions(spec: &Spec) -> Vec<Diagnostic> {
    let mut first: BTreeMap<&str, (&Node, &str)> = BTreeMap::new();
    let mut found = Vec::new();
    for node in spec.nodes() {
        for (key, value) in settings(node) {
            let (other, other_value) = *first.entry(key).or_insert((node, value));
            if other_value != value && !spec.conf().contains_key(key) {
                let message =
                    format!("`{}` and `{}` need `{key}` with two values", other.id, node.id);
                let mut error = node.place.diagnostic(
                    Severity::Error,
                    "spec::contradiction",
                    spec.file(),
                    message,
                );
                error.hint = Some(
                    "a session has one; give Iceberg's warehouses a `catalog` each, and S3's buckets their own properties, `spark.hadoop.fs.s3a.bucket.NAME.…`, in `sparkConf`"
                        .to_owned(),
                );
                found.push(error);
                break;
            }
        }
    }
    found
}

/// What the user should know of packages: a version that was assumed, and what Maven Central does not have.
pub(crate) fn notes(spec: &Spec) -> Vec<Diagnostic> {
    let mut notes = Vec::new();
    for (connector, node) in needed(spec) {
        if is_given(spec, connector) {
            continue;
        }
        let name = connector.name();
        let (message, hint) = match line_of(spec.spark_version()) {
            Fit::Old(version) => (
                format!("`{}` needs {name}, and for Spark {version} no package is known", node.id),
                {
                    let known = connector.coordinates()[0];
                    let artifact = known.rsplit_once(':').map_or("its artifact", |(name, _)| name);
                    format!(
                        "add it to `configuration.dependencies` in the version that fits: for Spark 3.5 that is {artifact}"
                    )
                },
            ),
            Fit::Line { at, assumed } => match (connector.coordinates()[at], assumed) {
                (NOWHERE, _) => {
                    let (major, minor) = LINES[at];
                    (
                        format!(
                            "`{}` needs {name}, which Maven Central does not have for Spark {major}.{minor}",
                            node.id
                        ),
                        "add its jar or another package to `configuration.dependencies`".to_owned(),
                    )
                }
                (BUILT_IN, _) | (_, None) => continue,
                (coordinates, Some(assumed)) => (
                    format!("`{}` needs {name}: {assumed}", node.id),
                    format!(
                        "{coordinates} is taken; set `cluster.version`, or name another one in `configuration.dependencies`"
                    ),
                ),
            },
        };
        let mut note =
            node.place.diagnostic(Severity::Warning, "spec::package", spec.file(), message);
        note.hint = Some(hint);
        notes.push(note);
    }
    notes.sort_by_key(|note| note.span.start);
    notes
}

/// How a version of Spark fits the table.
enum Fit {
    /// A column of it, and what was assumed.
    Line { at: usize, assumed: Option<String> },
    /// It is older than the table.
    Old(SparkVersion),
}

fn line_of(version: Option<&SparkVersion>) -> Fit {
    let Some(version) = version else {
        let assumed = "without `cluster.version` Spark 3.5 is assumed".to_owned();
        return Fit::Line { at: 0, assumed: Some(assumed) };
    };
    // `4` means whatever Spark 4 is there.
    let is_whole = !version.to_string().contains('.');
    let at = LINES.iter().rposition(|(major, minor)| {
        if is_whole { version.major >= *major } else { version.at_least(*major, *minor) }
    });
    let Some(at) = at else { return Fit::Old(version.clone()) };
    let (major, minor) = LINES[at];
    let assumed = if is_whole && version.major == major {
        Some(format!("Spark {version} is taken as {major}.{minor}"))
    } else if (version.major, version.minor) == (major, minor) {
        None
    } else {
        Some(format!("of Spark {version} nothing newer than {major}.{minor} is known here"))
    };
    Fit::Line { at, assumed }
}

/// Whether the user has named the artifact, in any version, as a package or jar.
fn is_given(spec: &Spec, connector: Connector) -> bool {
    let artifact = connector.artifact();
    let lists = ["spark.jars.packages", "spark.jars", "spark.driver.extraClassPath"];
    let listed = lists.iter().filter_map(|key| spec.conf().get(*key));
    let listed = listed.flat_map(|list| list.split([',', ':', '/']));
    let given = spec.dependencies().iter().flat_map(|text| text.split([':', '/']));
    listed.chain(given).any(|part| match connector {
        Connector::BigQuery | Connector::Kinesis => part.contains(artifact),
        _ => part.trim().starts_with(artifact),
    })
}

/// The connectors of a job, each with the first node that needs it.
fn needed(spec: &Spec) -> BTreeMap<Connector, &Node> {
    let mut needed = BTreeMap::new();
    for node in spec.nodes() {
        for connector in of_node(node) {
            needed.entry(connector).or_insert(node);
        }
    }
    needed
}

fn of_node(node: &Node) -> Vec<Connector> {
    let mut found = Vec::new();
    let (format, options) = match &node.operation {
        Operation::Read(read) => {
            if let Some(Decode::Messages(messages)) = &read.decode
                && matches!(messages.value, MessageValue::Avro { .. })
            {
                found.push(Connector::Avro);
            }
            (format_of(&read.data), &read.options)
        }
        Operation::Write(write) => {
            if let Some(Encode { value: EncodedValue::Avro, .. }) = &write.encode {
                found.push(Connector::Avro);
            }
            (write.table_format.or_else(|| format_of(&write.data)), &write.options)
        }
        _ => return found,
    };
    let option = |name: &str| {
        let found = options.iter().find(|(key, _)| key == name);
        found.map(|(_, value)| value.as_str()).unwrap_or_default()
    };
    found.extend(match format {
        Some("avro") => Some(Connector::Avro),
        Some("xml") => Some(Connector::Xml),
        Some("delta") => Some(Connector::Delta),
        Some("iceberg") => Some(Connector::Iceberg),
        Some("kafka") => Some(Connector::Kafka),
        Some("mongodb") => Some(Connector::MongoDb),
        Some("snowflake") => Some(Connector::Snowflake),
        Some("bigquery") => Some(Connector::BigQuery),
        Some("aws-kinesis") => Some(Connector::Kinesis),
        Some("jdbc") => {
            match crate::operation::build_database::database_of_driver(option("driver")) {
                Some("postgresql") => Some(Connector::Postgresql),
                Some("mysql") => Some(Connector::Mysql),
                Some("oracle") => Some(Connector::Oracle),
                Some("sqlserver") => Some(Connector::SqlServer),
                Some("redshift") => Some(Connector::Redshift),
                _ => None,
            }
        }
        _ if node.component.name == "iceberg" => Some(Connector::Iceberg),
        _ => None,
    });
    let warehouse =
        settings(node).iter().find(|(key, _)| key.ends_with(".warehouse")).map(|(_, path)| path);
    for path in path(node).into_iter().chain(warehouse.map(String::as_str)) {
        found.extend(match path.split_once(':').map(|(scheme, _)| scheme) {
            Some("s3" | "s3a") => Some(Connector::S3),
            Some("abfs" | "abfss" | "wasb" | "wasbs") => Some(Connector::Azure),
            Some("gs") => Some(Connector::Gcs),
            _ => None,
        });
    }
    found
}

fn format_of(data: &Data) -> Option<&'static str> {
    match data {
        Data::Files { format, .. } | Data::Connector { format } => Some(format),
        Data::Table(_) => None,
    }
}

fn path(node: &Node) -> Option<&str> {
    let data = match &node.operation {
        Operation::Read(read) => &read.data,
        Operation::Write(write) => &write.data,
        _ => return None,
    };
    match data {
        Data::Files { path, .. } => Some(path),
        _ => None,
    }
}

fn settings(node: &Node) -> &[(String, String)] {
    match &node.operation {
        Operation::Read(read) => &read.settings,
        Operation::Write(write) => &write.settings,
        _ => &[],
    }
}
