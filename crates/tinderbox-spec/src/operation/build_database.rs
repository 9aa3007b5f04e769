//! Builders of databases and warehouses.

use super::build::Parameters;
use super::{Data, Operation, Read, Write};
use crate::diagnostic::Report;

/// A database that JDBC reaches: type of the node, beginning of its URLs, driver, port.
struct Database {
    name: &'static str,
    url: &'static str,
    driver: &'static str,
    port: &'static str,
}

/// Sources of classes and URLs: the guides of the drivers.
const DATABASES: &[Database] = &[
    Database {
        name: "postgresql",
        url: "jdbc:postgresql:",
        driver: "org.postgresql.Driver",
        port: "5432",
    },
    Database {
        name: "mysql",
        url: "jdbc:mysql:",
        driver: "com.mysql.cj.jdbc.Driver",
        port: "3306",
    },
    Database {
        name: "oracle",
        url: "jdbc:oracle:",
        driver: "oracle.jdbc.OracleDriver",
        port: "1521",
    },
    Database {
        name: "sqlserver",
        url: "jdbc:sqlserver:",
        driver: "com.microsoft.sqlserver.jdbc.SQLServerDriver",
        port: "1433",
    },
    Database {
        name: "redshift",
        url: "jdbc:redshift:",
        driver: "com.amazon.redshift.Driver",
        port: "5439",
    },
];

/// The database of a driver's class, for the table of packages.
pub(crate) fn database_of_driver(driver: &str) -> Option<&'static str> {
    DATABASES.iter().find(|database| database.driver == driver).map(|database| database.name)
}

pub(crate) fn read_jdbc(node: &Parameters<'_>, report: &mut Report<'_>) -> Option<Operation> {
    let connection = connection(node, report);
    let rows = table_or_query(node, report);
    let bounds = ["partition_column", "lower_bound", "upper_bound", "partitions"];
    let given = bounds.iter().filter(|name| node.spanned(name).is_some()).count();
    if given != 0 && given != bounds.len() {
        let message = "reading in partitions needs `partition_column`, `lower_bound`, `upper_bound` and `partitions`";
        report.error("spec::parameters", node.span, node.path, message).hint =
            Some("give all four, or none: then one task reads everything".to_owned());
        return None;
    }
    let mut options = connection?;
    match rows? {
        // Spark takes no partitions with `query`.
        ("query", query) if given > 0 => {
            options.push(("dbtable".to_owned(), format!("({query}) source_rows")));
        }
        (key, text) => options.push((key.to_owned(), text)),
    }
    named(
        node,
        &mut options,
        &[
            ("partition_column", "partitionColumn"),
            ("lower_bound", "lowerBound"),
            ("upper_bound", "upperBound"),
            ("partitions", "numPartitions"),
            ("fetch_size", "fetchsize"),
        ],
    );
    options.extend(node.pairs("options"));
    Some(Operation::Read(Read::of(Data::Connector { format: "jdbc" }, options)))
}

pub(crate) fn write_jdbc(node: &Parameters<'_>, report: &mut Report<'_>) -> Option<Operation> {
    let mut options = connection(node, report)?;
    named(
        node,
        &mut options,
        &[
            ("table", "dbtable"),
            ("batch_size", "batchsize"),
            ("isolation_level", "isolationLevel"),
            ("truncate", "truncate"),
            ("partitions", "numPartitions"),
        ],
    );
    options.extend(node.pairs("options"));
    Some(written(node, "jdbc", options))
}

pub(crate) fn read_mongodb(node: &Parameters<'_>, _: &mut Report<'_>) -> Option<Operation> {
    Some(Operation::Read(Read {
        schema: node.text("schema"),
        ..Read::of(Data::Connector { format: "mongodb" }, mongodb(node))
    }))
}

pub(crate) fn write_mongodb(node: &Parameters<'_>, _: &mut Report<'_>) -> Option<Operation> {
    Some(written(node, "mongodb", mongodb(node)))
}

pub(crate) fn read_snowflake(node: &Parameters<'_>, report: &mut Report<'_>) -> Option<Operation> {
    let mut options = snowflake(node);
    let (key, text) = table_or_query(node, report)?;
    options.push((key.to_owned(), text));
    options.extend(node.pairs("options"));
    Some(Operation::Read(Read::of(Data::Connector { format: "snowflake" }, options)))
}

pub(crate) fn write_snowflake(node: &Parameters<'_>, _: &mut Report<'_>) -> Option<Operation> {
    let mut options = snowflake(node);
    named(node, &mut options, &[("table", "dbtable")]);
    options.extend(node.pairs("options"));
    Some(written(node, "snowflake", options))
}

pub(crate) fn read_bigquery(node: &Parameters<'_>, report: &mut Report<'_>) -> Option<Operation> {
    let (key, text) = table_or_query(node, report)?;
    let key = if key == "dbtable" { "table" } else { key };
    let mut options = vec![(key.to_owned(), text)];
    if key == "query" {
        options.push(("viewsEnabled".to_owned(), "true".to_owned()));
    }
    bigquery(node, &mut options);
    Some(Operation::Read(Read::of(Data::Connector { format: "bigquery" }, options)))
}

pub(crate) fn write_bigquery(node: &Parameters<'_>, _: &mut Report<'_>) -> Option<Operation> {
    let mut options = Vec::new();
    named(node, &mut options, &[("table", "table")]);
    bigquery(node, &mut options);
    if node.spanned("temporary_bucket").is_none() {
        options.push(("writeMethod".to_owned(), "direct".to_owned()));
    }
    Some(written(node, "bigquery", options))
}

/// URL, driver, user and password.
fn connection(node: &Parameters<'_>, report: &mut Report<'_>) -> Option<Vec<(String, String)>> {
    let database = DATABASES.iter().find(|database| database.name == node.component.name);
    let url = match (node.spanned("url"), database) {
        (Some(url), _) => {
            let begin = database.map_or("jdbc:", |database| database.url);
            if !url.text.starts_with(begin) && !crate::parameters::has_secret(&url.text) {
                let message = format!("`{}` is no URL of this database", url.text);
                report.error("spec::jdbc-url", url.span, &node.path_of("url"), message).hint =
                    Some(format!("it begins with `{begin}`"));
                return None;
            }
            url.text.clone()
        }
        (None, Some(database)) => url_of_parts(node, database, report)?,
        (None, None) => return None, // `url` is required, which is said where parameters are read.
    };
    let driver = node.text("driver").or_else(|| {
        let by_url = DATABASES.iter().find(|database| url.starts_with(database.url));
        by_url.or(database).map(|database| database.driver.to_owned())
    });
    let mut options = vec![("url".to_owned(), url)];
    options.extend(driver.map(|driver| ("driver".to_owned(), driver)));
    named(node, &mut options, &[("user", "user"), ("password", "password")]);
    Some(options)
}

fn url_of_parts(
    node: &Parameters<'_>,
    database: &Database,
    report: &mut Report<'_>,
) -> Option<String> {
    let (Some(host), Some(name)) = (node.text("host"), node.text("database")) else {
        let message = format!("`{}` needs `host` and `database`, or `url`", database.name);
        report.error("spec::missing-parameter", node.span, node.path, message).hint =
            Some(format!("for example {}", node.component.example));
        return None;
    };
    let port = node.text("port").unwrap_or_else(|| database.port.to_owned());
    Some(match database.name {
        "oracle" => format!("jdbc:oracle:thin:@//{host}:{port}/{name}"),
        "sqlserver" => format!("jdbc:sqlserver://{host}:{port};databaseName={name}"),
        _ => format!("{}//{host}:{port}/{name}", database.url),
    })
}

fn table_or_query(
    node: &Parameters<'_>,
    report: &mut Report<'_>,
) -> Option<(&'static str, String)> {
    match (node.text("table"), node.text("query")) {
        (Some(table), None) => Some(("dbtable", table)),
        (None, Some(query)) => Some(("query", query)),
        (both, _) => {
            let message = if both.is_some() {
                "`table` and `query` name the rows in two ways"
            } else {
                "it needs `table` or `query`"
            };
            report.error("spec::parameters", node.span, node.path, message).hint =
                Some("give one of the two".to_owned());
            None
        }
    }
}

fn mongodb(node: &Parameters<'_>) -> Vec<(String, String)> {
    let mut options = Vec::new();
    named(
        node,
        &mut options,
        &[("uri", "connection.uri"), ("database", "database"), ("collection", "collection")],
    );
    options.extend(node.pairs("options"));
    options
}

fn snowflake(node: &Parameters<'_>) -> Vec<(String, String)> {
    let mut options = Vec::new();
    named(
        node,
        &mut options,
        &[
            ("url", "sfURL"),
            ("user", "sfUser"),
            ("password", "sfPassword"),
            ("private_key", "pem_private_key"),
            ("database", "sfDatabase"),
            ("schema", "sfSchema"),
            ("warehouse", "sfWarehouse"),
            ("role", "sfRole"),
        ],
    );
    options
}

fn bigquery(node: &Parameters<'_>, options: &mut Vec<(String, String)>) {
    named(
        node,
        options,
        &[
            ("project", "parentProject"),
            ("credentials", "credentials"),
            ("credentials_file", "credentialsFile"),
            ("materialization_dataset", "materializationDataset"),
            ("temporary_bucket", "temporaryGcsBucket"),
        ],
    );
    options.extend(node.pairs("options"));
}

fn written(
    node: &Parameters<'_>,
    format: &'static str,
    options: Vec<(String, String)>,
) -> Operation {
    let mut write = Write::of(Data::Connector { format }, options);
    write.mode = node.word("mode");
    Operation::Write(write)
}

/// Parameters that are options under another name.
pub(super) fn named(
    node: &Parameters<'_>,
    options: &mut Vec<(String, String)>,
    names: &[(&str, &str)],
) {
    let given =
        names.iter().filter_map(|(name, option)| Some(((*option).to_owned(), node.text(name)?)));
    options.extend(given);
}
