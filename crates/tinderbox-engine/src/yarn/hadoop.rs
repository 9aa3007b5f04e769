//! Hadoop's own commands, of the Hadoop that every Spark has among its jars: for what no REST interface does, and for
//! clusters that want a proof of Kerberos.

use super::YarnTarget;
use crate::Error;
use crate::host::DEFAULT_PATH;
use serde::{Deserialize, Serialize};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;
use tokio::process::Command;

/// How long one may take: it starts a JVM and asks a cluster, whose clients try again for a while.
const LIMIT: Duration = Duration::from_secs(120);
const FILE: &str = "hadoop.json";

/// What Hadoop's commands are started with. Noted in the attempt's folder before its `spark-submit` is started.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Hadoop {
    /// The Spark whose jars are used.
    pub(super) spark_home: PathBuf,
    pub(super) java: PathBuf,
}

impl Hadoop {
    pub(super) fn write(&self, folder: &Path) -> Result<(), Error> {
        let path = folder.join(FILE);
        let json = serde_json::to_vec(self).unwrap_or_default();
        fs::write(&path, json).map_err(|source| Error::Write { path, source })
    }

    pub(super) fn read(folder: &Path) -> Result<Self, Error> {
        let path = folder.join(FILE);
        let failed = |source| Error::Read { path: path.clone(), source };
        let text = fs::read(&path).map_err(failed)?;
        serde_json::from_slice(&text).map_err(|error| failed(error.into()))
    }

    /// Ends an application.
    pub(super) async fn kill(&self, target: &YarnTarget, application: &str) -> Result<(), Error> {
        let arguments = ["application", "-kill", application];
        self.run(target, "org.apache.hadoop.yarn.client.cli.ApplicationCLI", &arguments).await
    }

    /// Copies files of a file system into a folder here.
    pub(super) async fn fetch(
        &self,
        target: &YarnTarget,
        from: &str,
        folder: &Path,
    ) -> Result<(), Error> {
        let folder = folder.display().to_string();
        self.run(target, "org.apache.hadoop.fs.FsShell", &["-get", "-f", from, &folder]).await
    }

    async fn run(&self, target: &YarnTarget, class: &str, words: &[&str]) -> Result<(), Error> {
        let mut command = Command::new(&self.java);
        command
            .arg("-cp")
            .arg(format!("{}:{}/jars/*", target.conf_dir.display(), self.spark_home.display()))
            .arg(class)
            .args(words)
            .env_clear()
            .env("PATH", DEFAULT_PATH)
            .env("HADOOP_CONF_DIR", &target.conf_dir)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        if let Some(user) = target.address.user.as_ref().filter(|_| target.principal.is_none()) {
            command.env("HADOOP_USER_NAME", user);
        }
        if let (Some(principal), Some(keytab)) = (&target.principal, &target.keytab) {
            // `UserGroupInformation.LoginParams.getDefaults`.
            command.env("KRB5PRINCIPAL", principal).env("KRB5KEYTAB", keytab);
        }
        let server = target.address.resource_managers.join(", ");
        let said = match tokio::time::timeout(LIMIT, command.output()).await {
            Err(_) => format!("{class} has not ended within {} s", LIMIT.as_secs()),
            Ok(Err(source)) => return Err(Error::Start { program: "java", source }),
            Ok(Ok(output)) if output.status.success() => return Ok(()),
            Ok(Ok(output)) => {
                let error = String::from_utf8_lossy(&output.stderr);
                let text = String::from_utf8_lossy(&output.stdout);
                last_line(&error).or_else(|| last_line(&text)).unwrap_or_default()
            }
        };
        Err(Error::Refused { server, problem: said })
    }
}

/// The last line that is neither of a trace nor of a log.
fn last_line(text: &str) -> Option<String> {
    let said = text.lines().rev().map(str::trim_end);
    let mut said = said.filter(|line| {
        !line.is_empty() && !line.starts_with(['\t', ' ']) && !line.contains(" INFO ")
    });
    said.next().map(|line| line.chars().take(400).collect())
}
