//! A real YARN on loopback: one ResourceManager and one NodeManager of Hadoop 3.3, with this machine's files as their file
//! system.

use crate::place::{Spark, free_address, get_json, java, wait_for};
use std::fs;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;
use tempfile::TempDir;

const STARTS: Duration = Duration::from_secs(180);

const CLASSES: [&str; 2] = ["resourcemanager.ResourceManager", "nodemanager.NodeManager"];

/// Ended, the node first, when it is dropped.
pub struct YarnServers {
    processes: Vec<Child>,
    /// The ResourceManager's page.
    pub manager: String,
    /// `HADOOP_CONF_DIR`.
    pub conf: PathBuf,
    folder: TempDir,
}

impl YarnServers {
    /// `None` when its jars are missing and that is allowed. `_turn` says that nobody else uses Spark meanwhile.
    pub fn start(_turn: &Spark) -> Option<Self> {
        let connectors = std::env::var_os("TINDERBOX_CONNECTORS").map(PathBuf::from);
        let jars = connectors.map(|folder| folder.join("yarn/jars")).filter(|jars| jars.is_dir());
        let Some(jars) = jars else {
            let required = std::env::var_os("TINDERBOX_REQUIRE_ALL").is_some();
            assert!(!required, "there is no YARN; scripts/setup.sh test installs it");
            println!("not run: there is no YARN");
            return None;
        };
        let folder = tempfile::tempdir().unwrap();
        let conf = folder.path().join("conf");
        for name in ["conf", "local", "logs", "tmp"] {
            fs::create_dir(folder.path().join(name)).unwrap();
        }
        let web = free_address();
        let mut servers =
            Self { processes: Vec::new(), manager: format!("http://{web}"), conf, folder };
        servers.configure(&web.to_string());
        let class_path = format!("{}:{}/*", servers.conf.display(), jars.display());
        for (class, heap) in CLASSES.into_iter().zip(["256m", "192m"]) {
            let log = servers.folder.path().join(format!("{class}.log"));
            let log = fs::File::create(log).unwrap();
            let mut command = Command::new(java());
            // Its injector opens classes of Java itself.
            command.arg("--add-opens=java.base/java.lang=ALL-UNNAMED");
            command.arg(format!("-Xmx{heap}")).args(["-cp", &class_path]);
            command.arg(format!("org.apache.hadoop.yarn.server.{class}"));
            command.stdin(Stdio::null()).stdout(log.try_clone().unwrap()).stderr(log);
            servers.processes.push(command.spawn().unwrap());
        }
        wait_for("YARN with a node", STARTS, || {
            for (process, class) in servers.processes.iter_mut().zip(CLASSES) {
                let Some(status) = process.try_wait().unwrap() else { continue };
                let log = servers.folder.path().join(format!("{class}.log"));
                panic!("{class} ended ({status}):\n{}", fs::read_to_string(log).unwrap());
            }
            let nodes = get_json(&format!("{}/ws/v1/cluster/nodes", servers.manager))?;
            (nodes["nodes"]["node"][0]["state"] == "RUNNING").then_some(())
        });
        Some(servers)
    }

    /// Applications that have not ended.
    pub fn active(&self) -> Vec<String> {
        let states = "NEW,NEW_SAVING,SUBMITTED,ACCEPTED,RUNNING";
        let apps = get_json(&format!("{}/ws/v1/cluster/apps?states={states}", self.manager));
        let apps = apps.expect("YARN answers")["apps"]["app"].as_array().cloned();
        let ids = apps.unwrap_or_default();
        ids.iter().map(|one| one["id"].as_str().unwrap().to_owned()).collect()
    }

    /// All applications of a tag: an attempt that was brought here twice has two.
    pub fn tagged(&self, tag: &str) -> usize {
        let url = format!("{}/ws/v1/cluster/apps?applicationTags={tag}", self.manager);
        let apps = get_json(&url).expect("YARN answers")["apps"]["app"].as_array().cloned();
        apps.unwrap_or_default().len()
    }

    fn configure(&self, web: &str) {
        let path = |name: &str| self.folder.path().join(name).display().to_string();
        let manager =
            |port: &str| (format!("yarn.resourcemanager.{port}"), free_address().to_string());
        let mut site = vec![
            manager("address"),
            manager("scheduler.address"),
            manager("resource-tracker.address"),
            manager("admin.address"),
        ];
        let fixed = [
            ("yarn.resourcemanager.hostname", "127.0.0.1".to_owned()),
            ("yarn.resourcemanager.bind-host", "127.0.0.1".to_owned()),
            ("yarn.resourcemanager.webapp.address", web.to_owned()),
            ("yarn.nodemanager.hostname", "127.0.0.1".to_owned()),
            ("yarn.nodemanager.bind-host", "127.0.0.1".to_owned()),
            ("yarn.nodemanager.address", "127.0.0.1:0".to_owned()),
            ("yarn.nodemanager.localizer.address", free_address().to_string()),
            ("yarn.nodemanager.collector-service.address", free_address().to_string()),
            ("yarn.nodemanager.webapp.address", free_address().to_string()),
            ("yarn.nodemanager.local-dirs", path("local")),
            ("yarn.nodemanager.log-dirs", path("logs")),
            // Otherwise one folder of the machine for all of a user's.
            ("yarn.node-attribute.fs-store.root-dir", format!("file://{}", path("attributes"))),
            // Room for some drivers at once, more than the machine has.
            ("yarn.nodemanager.resource.memory-mb", "12288".to_owned()),
            ("yarn.nodemanager.resource.cpu-vcores", "16".to_owned()),
            ("yarn.nodemanager.vmem-check-enabled", "false".to_owned()),
            ("yarn.nodemanager.pmem-check-enabled", "false".to_owned()),
            (
                "yarn.nodemanager.disk-health-checker.max-disk-utilization-per-disk-percentage",
                "100".to_owned(),
            ),
            ("yarn.scheduler.minimum-allocation-mb", "128".to_owned()),
        ];
        site.extend(fixed.into_iter().map(|(key, value)| (key.to_owned(), value)));
        let pair = |key: &str, value: String| (key.to_owned(), value);
        let core =
            [pair("fs.defaultFS", "file:///".to_owned()), pair("hadoop.tmp.dir", path("tmp"))];
        let queue = |key: &str| format!("yarn.scheduler.capacity.{key}");
        let scheduler = [
            (queue("root.queues"), "default".to_owned()),
            (queue("root.default.capacity"), "100".to_owned()),
            // Nothing but drivers, if it must be.
            (queue("maximum-am-resource-percent"), "0.9".to_owned()),
        ];
        let xml = |name: &str, pairs: &[(String, String)]| {
            let properties: String = pairs
                .iter()
                .map(|(key, value)| {
                    format!("<property><name>{key}</name><value>{value}</value></property>\n")
                })
                .collect();
            let text = format!("<configuration>\n{properties}</configuration>\n");
            fs::write(self.conf.join(name), text).unwrap();
        };
        xml("yarn-site.xml", &site);
        xml("core-site.xml", &core);
        xml("capacity-scheduler.xml", &scheduler);
        let log = "log4j.rootLogger=WARN,console\nlog4j.appender.console=org.apache.log4j.ConsoleAppender\n\
                   log4j.appender.console.layout=org.apache.log4j.SimpleLayout\n";
        fs::write(self.conf.join("log4j.properties"), log).unwrap();
    }
}

impl Drop for YarnServers {
    fn drop(&mut self) {
        // A NodeManager that is asked to end ends its containers.
        for process in self.processes.iter_mut().rev() {
            let _ = Command::new("kill").args(["-TERM", &process.id().to_string()]).status();
            let _ = process.wait();
        }
    }
}
