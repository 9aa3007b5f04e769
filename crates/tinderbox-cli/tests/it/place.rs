//! A data directory, a spec with its data, and the binary.

pub use crate::free_port::free_address;
use reqwest::Client;
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::LazyLock;
use std::time::{Duration, Instant};
use tokio::runtime::{self, Runtime};
use tokio::sync::{Semaphore, SemaphorePermit};

/// A PySpark environment, of which a test takes one: two tests have one at a time, for a Spark that starts waits as much as it
/// works; more would take each other's cores and time.
pub struct Spark {
    pub venv: PathBuf,
    _turn: SemaphorePermit<'static>,
}

static TURNS: Semaphore = Semaphore::const_new(2);

impl Spark {
    /// Spark 3.5; `None` when it is missing and that is allowed.
    pub fn three() -> Option<Self> {
        Self::named("TINDERBOX_SPARK_3_5")
    }

    /// Spark 4.x; `None` when it is missing and that is allowed.
    pub fn four() -> Option<Self> {
        Self::named("TINDERBOX_SPARK_4")
    }

    fn named(variable: &str) -> Option<Self> {
        let venv = std::env::var_os(variable).map(PathBuf::from).filter(|path| path.exists());
        let required = std::env::var_os("TINDERBOX_REQUIRE_ALL").is_some();
        assert!(
            venv.is_some() || !required,
            "{variable} names no environment; run scripts/setup.sh test"
        );
        if venv.is_none() {
            println!("not run: {variable} names no environment");
        }
        let venv = venv?;
        loop {
            if let Ok(turn) = TURNS.try_acquire() {
                return Some(Self { venv, _turn: turn });
            }
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    pub fn python(&self) -> PathBuf {
        self.venv.join("bin/python")
    }

    /// `SPARK_HOME` inside the environment.
    pub fn home(&self) -> PathBuf {
        let lib = std::fs::read_dir(self.venv.join("lib")).unwrap();
        lib.map(|entry| entry.unwrap().path().join("site-packages/pyspark"))
            .find(|path| path.join("jars").exists())
            .expect("the environment holds PySpark")
    }
}

/// A data directory with a spec beside it.
pub struct Place {
    pub dir: tempfile::TempDir,
}

impl Place {
    pub fn new() -> Self {
        Self { dir: tempfile::tempdir().unwrap() }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub fn home(&self) -> PathBuf {
        self.path("home")
    }

    pub fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.path(name);
        std::fs::write(&path, text).unwrap();
        path
    }

    /// The example's data in small.
    pub fn make_data(&self, spark: &Spark, purchases: u32, customers: u32) {
        let script = repository().join("examples/customer_analytics_data.py");
        let status = Command::new(spark.python())
            .arg(script)
            .arg("--out")
            .arg(self.path("data/customer-analytics"))
            .args(["--purchases", &purchases.to_string(), "--customers", &customers.to_string()])
            .stderr(Stdio::null())
            .status()
            .unwrap();
        assert!(status.success(), "the data was made");
    }

    /// The example's spec, asking for this Spark version.
    pub fn example(&self, version: &str) -> PathBuf {
        let text =
            std::fs::read_to_string(repository().join("examples/customer-analytics.yaml")).unwrap();
        let other = text.replace("version: \"3.5\"", &format!("version: \"{version}\""));
        assert!(version == "3.5" || other != text, "the example names its version as 3.5");
        self.write("customer-analytics.yaml", &other)
    }

    /// The binary with this data directory.
    pub fn tinderbox(&self) -> Command {
        let mut command = bare();
        command.env("TINDERBOX_DATA_DIR", self.home());
        command
    }

    /// Runs the binary to its end.
    pub fn ask(&self, arguments: &[&str]) -> Output {
        self.tinderbox().args(arguments).output().unwrap()
    }

    /// Runs the binary to its end and reads its JSON.
    pub fn ask_json(&self, arguments: &[&str]) -> serde_json::Value {
        let output = self.ask(&[arguments, &["--format", "json"]].concat());
        serde_json::from_slice(&output.stdout).unwrap_or_else(|error| {
            panic!("{arguments:?}: {error}\n{}", String::from_utf8_lossy(&output.stderr))
        })
    }

    /// The log of the run's only executor, which must have one.
    pub fn executor_log(&self, run: &str, executor: &str) -> String {
        let listed = self.ask_json(&["logs", run, "--executors"]);
        assert_eq!(listed["executors"][0]["executor_id"], executor, "{listed}");
        let output = self.ask(&["logs", run, "--executor", executor]);
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    /// The run has succeeded; where it has not, what it logged is told.
    #[track_caller]
    pub fn has_succeeded(&self, job: &serde_json::Value) {
        if job["state"] == "succeeded" {
            return;
        }
        let run = job["job_id"].as_str().unwrap_or_default();
        let told = [&["logs", run][..], &["logs", run, "--executor", "1"]].map(|which| {
            let output = self.ask(which);
            let (out, err) = (output.stdout, output.stderr);
            format!("{}{}", String::from_utf8_lossy(&out), String::from_utf8_lossy(&err))
        });
        panic!("{job}\n--- driver\n{}\n--- executor 1\n{}", told[0], told[1]);
    }

    pub fn attempt(&self, run: &str) -> PathBuf {
        self.home().join("runs").join(run).join("attempt-1")
    }
}

/// One of so many parts, another one after four days, in which scripts/test.sh has had each Spark; all of it where both are tested.
pub fn part_of_today<T>(all: Vec<T>, parts: u64) -> Vec<T> {
    if std::env::var("TINDERBOX_SPARKS").is_ok_and(|which| which == "both") {
        return all;
    }
    let day = std::time::UNIX_EPOCH.elapsed().unwrap().as_secs() / 86_400;
    let turn = std::env::var("TINDERBOX_SEED").map_or(day / 4, |seed| seed.parse().unwrap());
    println!("part {} of {parts} (TINDERBOX_SEED={turn})", turn % parts);
    let numbered = (0..).zip(all).filter(|(at, _)| at % parts == turn % parts);
    numbered.map(|(_, one)| one).collect()
}

/// The binary, with nothing of Tinderbox in its environment but where the Sparks are.
pub fn bare() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tinderbox"));
    for name in ["TINDERBOX_DATA_DIR", "TINDERBOX_URL", "TINDERBOX_TOKEN"] {
        command.env_remove(name);
    }
    let homes = ["TINDERBOX_SPARK_3_5", "TINDERBOX_SPARK_4"]
        .into_iter()
        .filter_map(|name| std::env::var(name).ok())
        .collect::<Vec<_>>();
    command.env("TINDERBOX_SPARK_HOMES", homes.join(":"));
    command
}

pub fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

/// A server of the binary; it is killed when dropped.
pub struct Server {
    pub child: Child,
    pub url: String,
}

impl Server {
    pub fn start(place: &Place, address: SocketAddr) -> Self {
        Self::start_with(place, address, &[])
    }

    pub fn start_with(place: &Place, address: SocketAddr, more: &[&str]) -> Self {
        let mut command = place.tinderbox();
        command.args(["serve", "--listen", &address.to_string()]).args(more);
        Self::of(command)
    }

    /// Starts this command, which is to be a server.
    pub fn of(mut command: Command) -> Self {
        let mut child = command.stderr(Stdio::piped()).spawn().unwrap();
        let stderr = BufReader::new(child.stderr.take().unwrap());
        let mut lines = stderr.lines();
        let mut seen = String::new();
        let url = loop {
            let line = lines.next().unwrap_or_else(|| panic!("no server: {seen}")).unwrap();
            if let Some(rest) = line.split("Tinderbox is at ").nth(1) {
                break rest.split(' ').next().unwrap().to_owned();
            }
            seen.push_str(&line);
        };
        // Somebody must read the rest, or the server would block on a full pipe.
        std::thread::spawn(move || lines.for_each(drop));
        Self { child, url }
    }

    pub fn get(&self, path: &str) -> serde_json::Value {
        get_json(&format!("{}{path}", self.url)).unwrap_or_else(|| panic!("GET {path}"))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The Java that was chosen for tests, else that of the path.
pub fn java() -> PathBuf {
    let home = std::env::var_os("JAVA_HOME").map(PathBuf::from);
    home.map_or_else(|| "java".into(), |home| home.join("bin/java"))
}

/// GET as JSON; `None` unless the answer is 200 and JSON.
pub fn get_json(url: &str) -> Option<serde_json::Value> {
    serde_json::from_str(&get_text(url)?).ok()
}

/// GET; `None` unless the answer is 200.
pub fn get_text(url: &str) -> Option<String> {
    over_http(async |http| {
        let answer = http.get(url).timeout(Duration::from_secs(60)).send().await.ok()?;
        if answer.status().is_success() { answer.text().await.ok() } else { None }
    })
}

/// What becomes of requests, all of one client: each client reads this machine's certificates before it asks anything.
pub fn over_http<T>(ask: impl AsyncFnOnce(&Client) -> T) -> T {
    static HTTP: LazyLock<(Runtime, Client)> = LazyLock::new(|| {
        // The provider may be there from an earlier call.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let mut runtime = runtime::Builder::new_multi_thread();
        runtime.worker_threads(1).enable_all();
        // A server that was killed may still stand at the other end of a connection that was kept.
        let client = Client::builder().pool_max_idle_per_host(0);
        (runtime.build().unwrap(), client.build().unwrap())
    });
    let (runtime, client) = &*HTTP;
    runtime.block_on(ask(client))
}

/// Asks until there is an answer; panics after `limit`.
pub fn wait_for<T>(what: &str, limit: Duration, mut ask: impl FnMut() -> Option<T>) -> T {
    let start = Instant::now();
    loop {
        if let Some(answer) = ask() {
            return answer;
        }
        assert!(start.elapsed() < limit, "{what} did not happen within {limit:?}");
        std::thread::sleep(Duration::from_millis(100));
    }
}
