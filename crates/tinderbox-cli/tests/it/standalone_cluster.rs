//! A real standalone cluster on loopback: one master and two workers.

use crate::place::{Spark, free_address, get_json, wait_for};
use std::fs;
use std::net::TcpStream;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;
use tempfile::TempDir;

const STARTS: Duration = Duration::from_secs(180);

/// Ended, workers first, when it is dropped.
pub struct StandaloneServers {
    processes: Vec<Child>,
    pub master: String,
    pub rest: String,
    pub web: String,
    pub python: PathBuf,
    home: PathBuf,
    folder: TempDir,
}

impl StandaloneServers {
    pub fn start(spark: &Spark) -> Self {
        let [master, rest, web] = [free_address(), free_address(), free_address()];
        let mut servers = Self {
            processes: Vec::new(),
            master: format!("spark://{master}"),
            rest: format!("http://{rest}"),
            web: format!("http://{web}"),
            python: spark.python(),
            home: spark.home(),
            folder: tempfile::tempdir().unwrap(),
        };
        let options = format!(
            "-Dspark.master.rest.enabled=true -Dspark.master.rest.host=127.0.0.1 -Dspark.master.rest.port={}",
            rest.port()
        );
        let mut command = servers.class("master.Master", "master");
        command.args(["--host", "127.0.0.1", "--port", &master.port().to_string()]);
        command.args(["--webui-port", &web.port().to_string()]).env("SPARK_MASTER_OPTS", options);
        servers.processes.push(command.spawn().unwrap());
        for at in [web, rest] {
            wait_for("the master", STARTS, || TcpStream::connect(at).ok());
        }
        for name in ["worker-1", "worker-2"] {
            let mut command = servers.class("worker.Worker", name);
            command.args(["--host", "127.0.0.1", "--webui-port", "0"]);
            command.args(["--cores", "2", "--memory", "2g", "--work-dir"]);
            command.arg(servers.folder.path().join(name)).arg(&servers.master);
            servers.processes.push(command.spawn().unwrap());
        }
        wait_for("two workers", STARTS, || {
            let workers = servers.page()["workers"].as_array().cloned().unwrap_or_default();
            (workers.iter().filter(|worker| worker["state"] == "ALIVE").count() == 2).then_some(())
        });
        servers
    }

    /// Ids of drivers that wait or run.
    pub fn active_drivers(&self) -> Vec<String> {
        let drivers = self.page()["activedrivers"].as_array().cloned().unwrap_or_default();
        drivers.iter().map(|driver| driver["id"].as_str().unwrap().to_owned()).collect()
    }

    fn page(&self) -> serde_json::Value {
        get_json(&format!("{}/json/", self.web)).unwrap_or_default()
    }

    fn class(&self, class: &str, name: &str) -> Command {
        let log = fs::File::create(self.folder.path().join(format!("{name}.log"))).unwrap();
        let mut command = Command::new(self.home.join("bin/spark-class"));
        command.arg(format!("org.apache.spark.deploy.{class}"));
        command.env("SPARK_LOCAL_IP", "127.0.0.1").env("SPARK_HOME", &self.home);
        command.stdin(Stdio::null()).stdout(log.try_clone().unwrap()).stderr(log);
        command
    }
}

impl Drop for StandaloneServers {
    fn drop(&mut self) {
        // Workers end their drivers and executors when they are asked to end, not when they are killed.
        for process in self.processes.iter_mut().rev() {
            let _ = Command::new("kill").args(["-TERM", &process.id().to_string()]).status();
            let _ = process.wait();
        }
    }
}
