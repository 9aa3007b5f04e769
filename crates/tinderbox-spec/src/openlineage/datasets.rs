//! Names of what nodes read and write.
//! Source: OpenLineage's page "Naming Conventions"; for what it does not name (MongoDB, Kinesis, HTTP, SQL Server) the same
//! form, the server as namespace.

mod databases;

use crate::expectation::OnFail;
use crate::operation::{Data, JoinRight, Operation};
use crate::spec::{Node, Spec};
use std::collections::BTreeMap;
use tinderbox_model::NodeId;

/// The name of data, unique in the world.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Dataset {
    /// The place.
    pub(super) namespace: String,
    /// The data in it.
    pub(super) name: String,
}

/// What the nodes of a spec read and write.
pub(super) struct Datasets {
    /// Of a source, most often one.
    pub(super) read: BTreeMap<NodeId, Vec<Dataset>>,
    /// Of a sink.
    pub(super) written: BTreeMap<NodeId, Vec<Dataset>>,
    /// Tables that joins read beside their inputs.
    pub(super) joined: Vec<Dataset>,
    /// Where expectations put wrong rows.
    pub(super) quarantined: Vec<Dataset>,
}

/// What a name depends on beside its node.
struct Names<'a> {
    spec: &'a Spec,
    base_directory: &'a str,
    /// Of tables of which nobody says where they lie.
    namespace: &'a str,
}

impl Dataset {
    fn new(namespace: impl Into<String>, name: impl Into<String>) -> Self {
        Self { namespace: namespace.into(), name: name.into() }
    }
}

pub(super) fn of(spec: &Spec, base_directory: &str, namespace: &str) -> Datasets {
    let names = Names { spec, base_directory, namespace };
    let mut found = Datasets {
        read: BTreeMap::new(),
        written: BTreeMap::new(),
        joined: Vec::new(),
        quarantined: Vec::new(),
    };
    for node in spec.nodes() {
        match &node.operation {
            Operation::Read(read) => {
                let datasets = names.of_data(node, &read.data, &read.options, &read.settings);
                found.read.insert(node.id.clone(), datasets);
            }
            Operation::ReadHttp(read) => {
                found.read.insert(node.id.clone(), vec![of_http(&read.url)]);
            }
            Operation::Write(write) => {
                let datasets = names.of_data(node, &write.data, &write.options, &write.settings);
                found.written.insert(node.id.clone(), datasets);
            }
            Operation::Join(join) => {
                if let JoinRight::CatalogTable(table) = &join.right {
                    found.joined.push(names.of_table(table, &[]));
                }
            }
            _ => {}
        }
        for expectation in &node.expectations {
            if let OnFail::Quarantine(place) = &expectation.on_fail {
                found.quarantined.push(names.of_path(&place.path, ""));
            }
        }
    }
    found
}

impl Names<'_> {
    fn of_data(
        &self,
        node: &Node,
        data: &Data,
        options: &[(String, String)],
        settings: &[(String, String)],
    ) -> Vec<Dataset> {
        match data {
            Data::Files { path, .. } => vec![self.of_path(path, node.component.name)],
            Data::Table(table) => vec![self.of_table(table, settings)],
            Data::Connector { format } => databases::of_connector(format, options),
        }
    }

    /// Files lie where their path says; relative ones below the document's folder. `kind` is the type of the node.
    fn of_path(&self, path: &str, kind: &str) -> Dataset {
        let path = before_pattern(path);
        let Some((scheme, rest)) = path.split_once(':').filter(|(scheme, _)| is_scheme(scheme))
        else {
            return match (kind, self.conf("spark.hadoop.fs.defaultFS")) {
                ("hdfs", Some(root)) => {
                    self.of_path(&format!("{}{path}", root.trim_end_matches('/')), kind)
                }
                ("hdfs", None) => Dataset::new("hdfs", path),
                _ => Dataset::new("file", absolute(self.base_directory, path)),
            };
        };
        let (authority, below) = match rest.strip_prefix("//") {
            Some(rest) => rest.split_at(rest.find('/').unwrap_or(rest.len())),
            None => ("", rest),
        };
        let key = below.trim_matches('/');
        match scheme.to_ascii_lowercase().as_str() {
            "file" if authority.is_empty() => {
                Dataset::new("file", absolute(self.base_directory, below))
            }
            "s3" | "s3a" | "s3n" => Dataset::new(format!("s3://{authority}"), key),
            "gs" => Dataset::new(format!("gs://{authority}"), key),
            // With and without TLS are one place; `authority` is container and account.
            "abfs" | "abfss" => Dataset::new(format!("abfss://{authority}"), key),
            "wasb" | "wasbs" => Dataset::new(format!("wasbs://{authority}"), key),
            scheme => {
                let host = without_user(authority);
                Dataset::new(format!("{scheme}://{host}"), below.trim_end_matches('/'))
            }
        }
    }

    /// A table lies where its catalog has its warehouse, or in the catalog's metastore; where nobody says so, in the
    /// job's namespace.
    fn of_table(&self, table: &str, settings: &[(String, String)]) -> Dataset {
        let setting = |key: &str| {
            let own =
                settings.iter().find(|(name, _)| name == key).map(|(_, value)| value.as_str());
            own.or_else(|| self.conf(key))
        };
        let parts: Vec<&str> = table.split('.').map(|part| part.trim_matches('`')).collect();
        if let [catalog, below @ ..] = parts.as_slice()
            && below.len() > 1
        {
            let key = format!("spark.sql.catalog.{catalog}");
            if let Some(warehouse) = setting(&format!("{key}.warehouse")) {
                let path = format!("{}/{}", warehouse.trim_end_matches('/'), below.join("/"));
                return self.of_path(&path, "");
            }
            if let Some(metastore) = setting(&format!("{key}.uri")).and_then(of_metastore) {
                return Dataset::new(metastore, below.join("."));
            }
        }
        let in_session: &[&str] = match parts.as_slice() {
            ["spark_catalog", below @ ..] => below,
            all => all,
        };
        let full = match in_session {
            [table] => format!("default.{table}"),
            all => all.join("."),
        };
        if let Some(metastore) = setting("spark.hadoop.hive.metastore.uris").and_then(of_metastore)
        {
            return Dataset::new(metastore, full);
        }
        match (in_session, setting("spark.sql.warehouse.dir")) {
            ([table], Some(warehouse)) | (["default", table], Some(warehouse)) => {
                self.of_path(&format!("{}/{table}", warehouse.trim_end_matches('/')), "")
            }
            ([database, table], Some(warehouse)) => self
                .of_path(&format!("{}/{database}.db/{table}", warehouse.trim_end_matches('/')), ""),
            _ => Dataset::new(self.namespace, full),
        }
    }

    fn conf(&self, key: &str) -> Option<&str> {
        self.spec.conf().get(key).map(String::as_str)
    }
}

fn of_http(url: &str) -> Dataset {
    let (scheme, rest) = url.split_once("://").unwrap_or(("https", url));
    let rest = rest.split(['?', '#']).next().unwrap_or_default();
    let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    Dataset::new(format!("{scheme}://{}", without_user(authority)), path.trim_end_matches('/'))
}

/// `thrift://host:port` of Hive's metastore, the first of a list.
fn of_metastore(uris: &str) -> Option<String> {
    let first = uris.split(',').next()?.trim();
    Some(format!("hive://{}", first.strip_prefix("thrift://")?.trim_end_matches('/')))
}

/// The path, or of a pattern the folder before it.
fn before_pattern(path: &str) -> &str {
    // `${secret:…}` is a name, no pattern.
    let at = path.char_indices().find(|(at, c)| match c {
        '*' | '?' | '[' => true,
        '{' => !path[..*at].ends_with('$'),
        _ => false,
    });
    match at {
        Some((at, _)) => path[..at].rsplit_once('/').map_or(".", |(folder, _)| folder),
        None => path,
    }
}

/// Letters and digits before the `:`; a letter alone is a drive of Windows.
fn is_scheme(text: &str) -> bool {
    text.len() > 1
        && text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.'))
}

fn without_user(authority: &str) -> &str {
    authority.rsplit_once('@').map_or(authority, |(_, host)| host)
}

/// An absolute path without `.`, `..` and doubled slashes.
fn absolute(base: &str, path: &str) -> String {
    let whole = if path.starts_with('/') { path.to_owned() } else { format!("{base}/{path}") };
    let mut parts: Vec<&str> = Vec::new();
    for part in whole.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    format!("/{}", parts.join("/"))
}
