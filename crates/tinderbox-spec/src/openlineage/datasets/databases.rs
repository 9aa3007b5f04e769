//! Names of tables, topics and streams of connectors, from their options.

use super::{Dataset, without_user};
use crate::lineage::names;

/// A connector's data; none where it only makes or shows rows.
pub(super) fn of_connector(format: &str, options: &[(String, String)]) -> Vec<Dataset> {
    let option = |name: &str| {
        let found = options.iter().find(|(key, _)| key.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str())
    };
    match format {
        "jdbc" => of_jdbc(option("url").unwrap_or_default(), &tables(&option)),
        "mongodb" => of_mongodb(&option).into_iter().collect(),
        "snowflake" => {
            let url = option("sfURL").unwrap_or_default();
            let host = url.split_once("://").map_or(url, |(_, rest)| rest);
            let account = host.split(['/', ':']).next().unwrap_or_default();
            let account = account.strip_suffix(".snowflakecomputing.com").unwrap_or(account);
            let before = [option("sfDatabase"), option("sfSchema")];
            named(&format!("snowflake://{account}"), &before, &tables(&option))
        }
        "bigquery" => {
            let project = [option("parentProject"), option("dataset")];
            let tables = tables(&option);
            // The connector also takes `project:dataset.table`.
            let tables: Vec<Vec<String>> = tables
                .into_iter()
                .map(|path| {
                    path.iter().flat_map(|part| part.split(':').map(str::to_owned)).collect()
                })
                .collect();
            named("bigquery", &project, &tables)
        }
        "kafka" => of_kafka(&option),
        "aws-kinesis" => {
            let url = option("kinesis.endpointUrl").unwrap_or_default();
            let host = url.split_once("://").map_or(url, |(_, rest)| rest).trim_end_matches('/');
            let stream = option("kinesis.streamName").unwrap_or_default();
            vec![Dataset::new(format!("kinesis://{host}"), stream)]
        }
        _ => Vec::new(),
    }
}

/// The tables that the options name: one, or those of a query.
fn tables<'o>(option: &impl Fn(&str) -> Option<&'o str>) -> Vec<Vec<String>> {
    let written = option("dbtable").or_else(|| option("table"));
    match (written, option("query")) {
        (Some(table), _) if !table.trim_start().starts_with('(') => vec![split(table)],
        (Some(query), _) | (None, Some(query)) => names::tables(query),
        (None, None) => Vec::new(),
    }
}

/// `a."b.c".d` at its dots, without quotes.
fn split(table: &str) -> Vec<String> {
    let mut parts = vec![String::new()];
    let mut is_quoted = false;
    for c in table.trim().chars() {
        match c {
            '"' | '`' => is_quoted = !is_quoted,
            '[' | ']' => is_quoted = c == '[',
            '.' if !is_quoted => parts.push(String::new()),
            c => {
                if let Some(last) = parts.last_mut() {
                    last.push(c);
                }
            }
        }
    }
    parts
}

/// Each table with the parts that its own name lacks put before it.
fn named(namespace: &str, before: &[Option<&str>], tables: &[Vec<String>]) -> Vec<Dataset> {
    let of = |path: &Vec<String>| {
        let lacking = (before.len() + 1).saturating_sub(path.len());
        let given = before.iter().take(lacking).filter_map(|part| part.map(str::to_owned));
        let parts: Vec<String> = given.chain(path.iter().cloned()).collect();
        Dataset::new(namespace, parts.join("."))
    };
    tables.iter().map(of).collect()
}

/// A URL of JDBC in parts.
struct Url<'u> {
    /// `host:port`.
    server: String,
    database: Option<&'u str>,
}

fn of_jdbc(url: &str, tables: &[Vec<String>]) -> Vec<Dataset> {
    let Some((kind, rest)) = url.strip_prefix("jdbc:").and_then(|rest| rest.split_once(':')) else {
        return Vec::new();
    };
    match kind {
        "postgresql" => {
            let url = plain(rest, "5432");
            named(&format!("postgres://{}", url.server), &[url.database, Some("public")], tables)
        }
        "mysql" | "mariadb" => {
            let url = plain(rest, "3306");
            named(&format!("mysql://{}", url.server), &[url.database], tables)
        }
        "redshift" => {
            let url = plain(rest, "5439");
            let (host, port) = url.server.rsplit_once(':').unwrap_or((&url.server, "5439"));
            let server = match host.split('.').collect::<Vec<_>>().as_slice() {
                [cluster, _, region, "redshift", ..] => format!("{cluster}.{region}:{port}"),
                _ => format!("{host}:{port}"),
            };
            named(&format!("redshift://{server}"), &[url.database, Some("public")], tables)
        }
        "oracle" => {
            // `thin:@//host:port/service`, `thin:user/password@host:port:sid`.
            let place = rest.split_once('@').map_or(rest, |(_, place)| place);
            let place = place.trim_start_matches('/');
            let place = place.split('?').next().unwrap_or_default();
            let (server, service) = match place.split_once('/') {
                Some((server, service)) => (server, service),
                None => place.rsplit_once(':').unwrap_or((place, "")),
            };
            let server = with_port(server, "1521");
            named(&format!("oracle://{server}"), &[Some(service), None], tables)
        }
        "sqlserver" => {
            let mut parts = rest.trim_start_matches('/').split(';');
            let server = with_port(parts.next().unwrap_or_default(), "1433");
            let database = parts.find_map(|part| {
                let (key, value) = part.split_once('=')?;
                let is_name = ["databasename", "database"].contains(&&*key.to_lowercase());
                is_name.then_some(value)
            });
            named(&format!("sqlserver://{server}"), &[database, Some("dbo")], tables)
        }
        kind => {
            let url = plain(rest, "");
            named(&format!("{kind}://{}", url.server), &[url.database], tables)
        }
    }
}

/// `//host:port/database?…`, `//host/database;…`, `database`.
fn plain<'u>(rest: &'u str, port: &str) -> Url<'u> {
    let rest = rest.split(['?', ';']).next().unwrap_or_default();
    let (server, database) = match rest.strip_prefix("//") {
        Some(rest) => rest.split_once('/').unwrap_or((rest, "")),
        None => ("localhost", rest.trim_start_matches('/')),
    };
    // The first of several servers.
    let server = without_user(server).split(',').next().unwrap_or_default();
    Url {
        server: with_port(server, port),
        database: Some(database).filter(|name| !name.is_empty()),
    }
}

fn with_port(server: &str, port: &str) -> String {
    let is_given = server.rsplit_once(':').is_some_and(|(_, port)| {
        !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit())
    });
    match (server, port) {
        ("", port) => with_port("localhost", port),
        (server, "") => server.to_owned(),
        // A secret may hold all of it.
        (server, _) if is_given || server.ends_with('}') => server.to_owned(),
        (server, port) => format!("{server}:{port}"),
    }
}

fn of_mongodb<'o>(option: &impl Fn(&str) -> Option<&'o str>) -> Option<Dataset> {
    let uri = option("connection.uri").unwrap_or_default();
    let rest = uri.split_once("://").map_or(uri, |(_, rest)| rest);
    let rest = rest.split('?').next().unwrap_or_default();
    let (authority, below) = rest.split_once('/').unwrap_or((rest, ""));
    let server = without_user(authority).split(',').next().unwrap_or_default();
    let database =
        option("database").unwrap_or_else(|| below.split('.').next().unwrap_or_default());
    let collection = option("collection")?;
    Some(Dataset::new(
        format!("mongodb://{}", with_port(server, "27017")),
        format!("{database}.{collection}"),
    ))
}

fn of_kafka<'o>(option: &impl Fn(&str) -> Option<&'o str>) -> Vec<Dataset> {
    let servers = option("kafka.bootstrap.servers").unwrap_or_default();
    let server = servers.split(',').next().unwrap_or_default().trim();
    let namespace = format!("kafka://{server}");
    let of = |topic: &str| Dataset::new(namespace.clone(), topic.trim());
    if let Some(topics) = option("subscribe") {
        return topics.split(',').map(of).collect();
    }
    if let Some(assigned) = option("assign") {
        let topics: serde_json::Map<String, serde_json::Value> =
            serde_json::from_str(assigned).unwrap_or_default();
        return topics.keys().map(|topic| of(topic)).collect();
    }
    option("topic").or_else(|| option("subscribePattern")).map(of).into_iter().collect()
}
