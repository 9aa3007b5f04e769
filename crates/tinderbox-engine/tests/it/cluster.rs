//! A real standalone cluster on loopback: one master and two workers, for as long as a test needs them.

use crate::bench::wait_until;
use crate::free_port::free_address;
use std::fs;
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;
use tempfile::TempDir;
use tinderbox_engine::{Host, LocalSpark, StandaloneAddress};

const STARTS: Duration = Duration::from_secs(180);

pub(crate) struct Cluster {
    processes: Vec<Child>,
    pub(crate) address: StandaloneAddress,
    pub(crate) home: PathBuf,
    folder: TempDir,
}

impl Cluster {
    pub(crate) fn start(spark: &LocalSpark, host: &Host) -> Self {
        let home = spark.installed().expect("an installation").0.home.clone();
        let folder = tempfile::tempdir().expect("a folder");
        let [master, rest, web] = [(); 3].map(|()| free_address().port());
        let mut cluster = Self {
            processes: Vec::new(),
            address: StandaloneAddress {
                master: format!("spark://127.0.0.1:{master}"),
                rest: format!("http://127.0.0.1:{rest}"),
                web: format!("http://127.0.0.1:{web}"),
            },
            home,
            folder,
        };
        let options = format!(
            "-Dspark.master.rest.enabled=true -Dspark.master.rest.host=127.0.0.1 -Dspark.master.rest.port={rest}"
        );
        let mut command = cluster.class("org.apache.spark.deploy.master.Master", host, "master");
        command.args(["--host", "127.0.0.1", "--port", &master.to_string()]);
        command.args(["--webui-port", &web.to_string()]).env("SPARK_MASTER_OPTS", options);
        cluster.processes.push(command.spawn().expect("a master"));
        for port in [web, rest] {
            let at = SocketAddr::from(([127, 0, 0, 1], port));
            wait_until("the master listens", STARTS, || TcpStream::connect(at).is_ok());
        }
        for name in ["worker-1", "worker-2"] {
            let work = cluster.path(name);
            let mut command = cluster.class("org.apache.spark.deploy.worker.Worker", host, name);
            command.args(["--host", "127.0.0.1", "--webui-port", "0"]);
            command.args(["--cores", "2", "--memory", "2g", "--work-dir"]).arg(work);
            command.arg(&cluster.address.master);
            cluster.processes.push(command.spawn().expect("a worker"));
        }
        cluster
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Writes a file that every worker can read.
    pub(crate) fn write(&self, name: &str, text: &str) -> String {
        let path = self.path(name);
        fs::write(&path, text).expect("a file");
        path.display().to_string()
    }

    /// A jar of one Java class with this source.
    pub(crate) fn jar(&self, class: &str, source: &str) -> String {
        let source = self.write(&format!("{class}.java"), source);
        let classes = self.path("classes");
        let jars = self.home.join("jars/*").display().to_string();
        run(Command::new("javac").args(["-cp", &jars, "-d"]).arg(&classes).arg(source));
        let jar = self.path(&format!("{class}.jar"));
        run(Command::new("jar").arg("cf").arg(&jar).arg("-C").arg(&classes).arg("."));
        jar.display().to_string()
    }

    /// What the driver wrote, of the worker that had it.
    pub(crate) fn driver_output(&self, driver: &str, name: &str) -> String {
        let files =
            ["worker-1", "worker-2"].map(|worker| self.path(worker).join(driver).join(name));
        files.iter().find_map(|file| fs::read_to_string(file).ok()).unwrap_or_default()
    }

    fn class(&self, class: &str, host: &Host, name: &str) -> Command {
        let log = fs::File::create(self.path(&format!("{name}.log"))).expect("a log");
        let mut command = Command::new(self.home.join("bin/spark-class"));
        command.arg(class).env("SPARK_LOCAL_IP", "127.0.0.1").env("SPARK_HOME", &self.home);
        command.env("PYSPARK_PYTHON", python(&self.home)).stdin(Stdio::null());
        command.envs(host.variables.get("JAVA_HOME").map(|home| ("JAVA_HOME", home)));
        command.stdout(log.try_clone().expect("a log")).stderr(log);
        command
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        // Workers end their drivers and executors when they are asked to end, not when they are killed.
        for process in self.processes.iter_mut().rev() {
            let pid = process.id().to_string();
            let _ = Command::new("kill").args(["-TERM", &pid]).status();
            let _ = process.wait();
        }
    }
}

/// The Python of the environment that the Spark is in.
fn python(home: &Path) -> PathBuf {
    let found = home.ancestors().map(|folder| folder.join("bin/python"));
    found.into_iter().find(|python| python.exists()).unwrap_or_else(|| PathBuf::from("python3"))
}

fn run(command: &mut Command) {
    let output = command.output().expect("a JDK");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}
