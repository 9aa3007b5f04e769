//! Profiles of YARN.

use super::DeployMode;
use super::read::{deploy_mode as deploy_mode_of, missing};
use crate::diagnostic::Report;
use crate::fields::Fields;
use crate::tree::Spanned;
use std::collections::BTreeMap;

/// A YARN cluster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct YarnProfile {
    /// Addresses of ResourceManagers' pages, several where one stands by for another.
    pub resource_managers: Vec<String>,
    /// The folder with `yarn-site.xml` and `core-site.xml` (`HADOOP_CONF_DIR`).
    pub conf_dir: String,
    /// Where drivers run.
    pub deploy_mode: DeployMode,
    /// Who asks, where nobody proves who they are (`HADOOP_USER_NAME`).
    pub user: Option<String>,
    /// A Spark folder or a Python environment with PySpark, whose `spark-submit` asks.
    pub home: Option<String>,
    /// Python of driver and executors, as their containers see it.
    pub python: Option<String>,
    /// Where event logs go, a folder that is there: a path that this machine and all nodes see, or an address of the
    /// cluster's file system.
    pub event_logs: Option<String>,
    /// Web services of a server that has the logs of containers that have ended (`yarn.log.server.web-service.url`).
    pub logs: Option<String>,
    /// What proves who asks.
    pub kerberos: Option<Kerberos>,
    /// Spark's properties that say the rest: queue, node labels, archives, staging folder.
    pub properties: BTreeMap<String, String>,
}

/// A principal of Kerberos and the file that proves it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kerberos {
    /// `USER@REALM`.
    pub principal: String,
    /// The keytab on the machine of the server.
    pub keytab: String,
}

/// Texts of the block that become properties of Spark as they are, by key.
const PLAIN: [(&str, &str); 2] =
    [("queue", "spark.yarn.queue"), ("staging", "spark.yarn.stagingDir")];

impl YarnProfile {
    /// What it gives to every job.
    pub(super) fn launch_properties(&self) -> BTreeMap<String, String> {
        let mut properties = self.properties.clone();
        if let Some(Kerberos { principal, keytab }) = &self.kerberos {
            properties.insert("spark.kerberos.principal".to_owned(), principal.clone());
            properties.insert("spark.kerberos.keytab".to_owned(), keytab.clone());
        }
        properties
    }
}

pub(super) fn read_yarn(mut fields: Fields<'_>, report: &mut Report<'_>) -> Option<YarnProfile> {
    let resource_managers = addresses(&mut fields, "resourceManager", report);
    if fields.entry("resourceManager").is_none() {
        let hint = "write `resourceManager: http://HOST:8088`";
        missing(&fields, "resourceManager", hint, report);
    }
    let conf_dir = path(&mut fields, "confDir", "/etc/hadoop/conf", report);
    if fields.entry("confDir").is_none() {
        let hint = "write `confDir:` with the folder that has the cluster's `yarn-site.xml` and `core-site.xml`";
        missing(&fields, "confDir", hint, report);
    }
    let deploy_mode = deploy_mode_of(&mut fields, report);
    let mut properties = BTreeMap::new();
    for (key, property) in PLAIN {
        if let Some(text) = fields.text(key, report) {
            properties.insert(property.to_owned(), text.text);
        }
    }
    if let Some(archives) = fields.texts("archives", report) {
        let archives: Vec<String> = archives.into_iter().map(|archive| archive.text).collect();
        properties.insert("spark.yarn.dist.archives".to_owned(), archives.join(","));
    }
    if let Some(mut labels) = fields.block("nodeLabels", report) {
        for (key, property) in [("driver", "am"), ("executor", "executor")] {
            if let Some(label) = labels.text(key, report) {
                let property = format!("spark.yarn.{property}.nodeLabelExpression");
                properties.insert(property, label.text);
            }
        }
        labels.finish(report);
    }
    let kerberos = fields.block("kerberos", report).and_then(|block| read_kerberos(block, report));
    let user = fields.text("user", report);
    if let (Some(user), Some(_)) = (&user, &kerberos) {
        let message = "`user` is for clusters without Kerberos: the principal says who asks";
        let path = fields.path_of("user");
        report.error("spec::wrong-value", user.span, &path, message).hint =
            Some("leave one of the two out".to_owned());
    }
    let event_logs = event_logs(&mut fields, report);
    let logs = addresses(&mut fields, "logs", report);
    let home = fields.text("home", report).map(|text| text.text);
    let python = fields.text("python", report).map(|text| text.text);
    let is_elsewhere = resource_managers
        .as_ref()
        .is_some_and(|addresses| !addresses.iter().all(|address| is_here(address)));
    if deploy_mode == DeployMode::Cluster && event_logs.is_none() && is_elsewhere {
        let hint = "a folder that is there, for example `eventLogs: hdfs:///spark-logs`, or a path that this machine \
                    and all nodes see";
        missing(&fields, "eventLogs", hint, report);
    }
    fields.finish(report);
    Some(YarnProfile {
        resource_managers: resource_managers?,
        conf_dir: conf_dir?,
        deploy_mode,
        user: user.map(|user| user.text),
        home,
        python,
        event_logs,
        logs: logs.and_then(|logs| logs.into_iter().next()),
        kerberos,
        properties,
    })
}

fn read_kerberos(mut fields: Fields<'_>, report: &mut Report<'_>) -> Option<Kerberos> {
    let principal = fields.text("principal", report);
    let keytab = path(&mut fields, "keytab", "/etc/security/keytabs/etl.keytab", report);
    for key in ["principal", "keytab"] {
        if fields.entry(key).is_none() {
            let hint = "a principal and the file of its key: `{principal: etl@EXAMPLE.COM, keytab: /etc/etl.keytab}`";
            missing(&fields, key, hint, report);
        }
    }
    fields.finish(report);
    Some(Kerberos { principal: principal?.text, keytab: keytab? })
}

/// `http://HOST:PORT` with what may follow, one or several.
fn addresses(
    fields: &mut Fields<'_>,
    key: &'static str,
    report: &mut Report<'_>,
) -> Option<Vec<String>> {
    let texts = fields.texts(key, report)?;
    let mut addresses = Vec::new();
    for text in texts {
        let host = text.split_once("://").map_or("", |(_, rest)| rest);
        let is_web = text.starts_with("http://") || text.starts_with("https://");
        if !is_web || host.is_empty() || host.contains(char::is_whitespace) {
            let message = format!("`{}` is no address of a page", text.text);
            let example =
                if key == "logs" { "http://HOST:19888/ws/v1/history" } else { "http://HOST:8088" };
            report.error("spec::wrong-value", text.span, &fields.path_of(key), message).hint =
                Some(format!("for example `{example}`"));
            continue;
        }
        crate::secrets::check(key, &text, text.span, &fields.path_of(key), report);
        addresses.push(text.text.trim_end_matches('/').to_owned());
    }
    Some(addresses).filter(|addresses| !addresses.is_empty())
}

/// A path that begins at the root.
fn path(
    fields: &mut Fields<'_>,
    key: &'static str,
    example: &str,
    report: &mut Report<'_>,
) -> Option<String> {
    let text: Spanned = fields.text(key, report)?;
    if !text.starts_with('/') {
        let message = format!("`{}` is no absolute path", text.text);
        report.error("spec::wrong-value", text.span, &fields.path_of(key), message).hint =
            Some(format!("for example `{example}`"));
        return None;
    }
    Some(text.text)
}

fn event_logs(fields: &mut Fields<'_>, report: &mut Report<'_>) -> Option<String> {
    let text = fields.text("eventLogs", report)?;
    let is_address = text.split_once(":/").is_some_and(|(scheme, _)| {
        !scheme.is_empty() && scheme.bytes().all(|byte| byte.is_ascii_alphanumeric())
    });
    if !text.starts_with('/') && !is_address {
        let message = format!("`{}` is neither an absolute path nor an address", text.text);
        let path = fields.path_of("eventLogs");
        report.error("spec::wrong-value", text.span, &path, message).hint =
            Some("for example `hdfs:///spark-logs`, or `/mnt/spark-logs`".to_owned());
        return None;
    }
    Some(text.text.trim_end_matches('/').to_owned())
}

/// Whether an address is on this machine.
fn is_here(address: &str) -> bool {
    let host = address.split_once("://").map_or(address, |(_, rest)| rest);
    host.starts_with("127.") || host.starts_with("localhost") || host.starts_with("[::1]")
}
