//! Servers for a test, each on a free port of this machine and ended when dropped.
//!
//! What is not installed makes a test say that it did not run, and fail under `TINDERBOX_REQUIRE_ALL`.

use crate::place::{free_address, java, wait_for};
use std::collections::HashSet;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tempfile::TempDir;

const LIMIT: Duration = Duration::from_secs(60);

/// A child process with its folder.
struct Running {
    child: Child,
    _folder: Arc<TempDir>,
}

impl Running {
    fn new(command: &mut Command, folder: &Arc<TempDir>) -> Self {
        let log = std::fs::File::create(folder.path().join("log")).unwrap();
        let child = command
            .stdin(Stdio::null())
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .spawn()
            .unwrap_or_else(|error| panic!("{command:?}: {error}"));
        Self { child, _folder: folder.clone() }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // PostgreSQL and MariaDB end their own children when asked so.
        let _ = Command::new("kill").arg(self.child.id().to_string()).status();
        for _ in 0..50 {
            if self.child.try_wait().is_ok_and(|status| status.is_some()) {
                return;
            }
            std::thread::sleep(Duration::from_millis(100));
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn missing<T>(what: &str) -> Option<T> {
    let required = std::env::var_os("TINDERBOX_REQUIRE_ALL").is_some();
    assert!(!required, "there is no {what}; scripts/setup.sh test installs it");
    println!("not run: there is no {what}");
    None
}

fn folder() -> Arc<TempDir> {
    Arc::new(tempfile::tempdir().unwrap())
}

fn free_port() -> u16 {
    free_address().port()
}

fn wait_for_port(what: &str, port: u16) {
    wait_for(what, LIMIT, || TcpStream::connect(("127.0.0.1", port)).ok());
}

/// A program of the path, of Debian's folders for servers, or of PostgreSQL's own.
fn program(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut folders: Vec<PathBuf> = std::env::split_paths(&path).collect();
    folders.push("/usr/sbin".into());
    if let Ok(versions) = std::fs::read_dir("/usr/lib/postgresql") {
        folders.splice(0..0, versions.flatten().map(|version| version.path().join("bin")));
    }
    folders.into_iter().map(|folder| folder.join(name)).find(|path| path.is_file())
}

/// Jars of a server below `TINDERBOX_CONNECTORS`.
fn jars(name: &str) -> Option<PathBuf> {
    let folder = std::env::var_os("TINDERBOX_CONNECTORS").map(PathBuf::from)?;
    Some(folder.join(name).join("jars")).filter(|jars| jars.is_dir())
}

/// The jars of a Spark.
fn spark_jars(variable: &str) -> Option<PathBuf> {
    let venv = std::env::var_os(variable).map(PathBuf::from)?;
    let pythons = std::fs::read_dir(venv.join("lib")).ok()?.flatten();
    pythons
        .map(|python| python.path().join("site-packages/pyspark/jars"))
        .find(|jars| jars.is_dir())
}

fn run(command: &mut Command) {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    assert!(
        output.status.success(),
        "{command:?}: {}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
}

fn is_root() -> bool {
    Command::new("id").arg("-u").output().is_ok_and(|output| output.stdout == b"0\n")
}

/// PostgreSQL, which asks for no password and refuses to run as root.
pub struct PostgreSql {
    pub port: u16,
    _running: Running,
}

impl PostgreSql {
    pub fn start() -> Option<Self> {
        let (Some(initdb), Some(postgres)) = (program("initdb"), program("postgres")) else {
            return missing("PostgreSQL");
        };
        let folder = folder();
        let as_user = |program: &Path| {
            if is_root() {
                let mut command = Command::new("setpriv");
                command.args(["--reuid=postgres", "--regid=postgres", "--clear-groups"]);
                command.arg(program);
                command
            } else {
                Command::new(program)
            }
        };
        if is_root() {
            run(Command::new("chown").arg("postgres").arg(folder.path()));
        }
        let data = folder.path().join("data");
        run(as_user(&initdb).args(["-A", "trust", "-U", "postgres", "-D"]).arg(&data));
        let port = free_port();
        let mut server = as_user(&postgres);
        server.arg("-D").arg(&data).args(["-h", "127.0.0.1", "-p", &port.to_string()]);
        server.args(["-c", "fsync=off", "-k"]).arg(folder.path());
        let running = Running::new(&mut server, &folder);
        wait_for_port("PostgreSQL", port);
        Some(Self { port, _running: running })
    }
}

/// MariaDB with a database `sales` and a user `etl` without a password.
pub struct MariaDb {
    pub port: u16,
    _running: Running,
}

impl MariaDb {
    pub fn start() -> Option<Self> {
        let (Some(install), Some(mariadbd)) = (program("mariadb-install-db"), program("mariadbd"))
        else {
            return missing("MariaDB");
        };
        let folder = folder();
        let path = |name: &str| folder.path().join(name).display().to_string();
        let user = if is_root() { vec!["--user=root"] } else { Vec::new() };
        let data = format!("--datadir={}", path("data"));
        run(Command::new(install).arg("--no-defaults").args(&user).arg(&data));
        let begin = "CREATE DATABASE sales CHARACTER SET utf8mb4;\nCREATE USER etl@'%';\nGRANT ALL ON sales.* TO etl@'%';\nDROP USER IF EXISTS ''@localhost;\nFLUSH PRIVILEGES;\n";
        std::fs::write(path("begin.sql"), begin).unwrap();
        let port = free_port();
        let mut server = Command::new(mariadbd);
        server.arg("--no-defaults").args(&user).arg(&data).args([
            format!("--port={port}"),
            "--bind-address=127.0.0.1".to_owned(),
            format!("--socket={}", path("socket")),
            format!("--pid-file={}", path("pid")),
            format!("--init-file={}", path("begin.sql")),
            "--skip-name-resolve".to_owned(),
        ]);
        let running = Running::new(&mut server, &folder);
        wait_for_port("MariaDB", port);
        Some(Self { port, _running: running })
    }
}

/// A broker of Kafka that is its own controller.
pub struct Kafka {
    pub port: u16,
    _running: Running,
}

impl Kafka {
    /// Scala comes from Spark 4, whose client for Maven leaves it out.
    pub fn start() -> Option<Self> {
        let (Some(jars), Some(spark)) = (jars("kafka"), spark_jars("TINDERBOX_SPARK_4")) else {
            return missing("Kafka");
        };
        let class_path = format!("{}/*:{}/*", jars.display(), spark.display());
        let folder = folder();
        let (port, controller) = (free_port(), free_port());
        let file = folder.path().join("server.properties");
        std::fs::write(
            &file,
            format!(
                "process.roles=broker,controller\nnode.id=1\ncontroller.quorum.voters=1@127.0.0.1:{controller}\nlisteners=PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller}\nadvertised.listeners=PLAINTEXT://127.0.0.1:{port}\ncontroller.listener.names=CONTROLLER\nlog.dirs={}\noffsets.topic.replication.factor=1\nnum.partitions=2\n",
                folder.path().join("data").display()
            ),
        )
        .unwrap();
        let main_of = |class: &str| {
            let mut command = Command::new(java());
            command.args(["-Xmx384m", "-cp", &class_path, class]);
            command
        };
        run(main_of("kafka.tools.StorageTool")
            .args(["format", "-t", "MkU3OEVBNTcwNTJENDM2Qg", "-c"])
            .arg(&file));
        let running = Running::new(main_of("kafka.Kafka").arg(&file), &folder);
        wait_for_port("Kafka", port);
        Some(Self { port, _running: running })
    }
}

/// moto's server with one bucket.
pub struct S3 {
    pub port: u16,
    _running: Running,
}

impl S3 {
    pub fn start(bucket: &str) -> Option<Self> {
        let home = std::env::var_os("TINDERBOX_MOTO").map(PathBuf::from);
        let server = home.map(|home| home.join("bin/moto_server")).filter(|path| path.exists());
        let Some(server) = server else { return missing("moto server (TINDERBOX_MOTO)") };
        let (folder, port) = (folder(), free_port());
        let mut command = Command::new(server);
        command.args(["-H", "127.0.0.1", "-p", &port.to_string()]);
        let running = Running::new(&mut command, &folder);
        wait_for_port("moto", port);
        let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
        write!(stream, "PUT /{bucket} HTTP/1.1\r\nHost: s3.amazonaws.com\r\nx-amz-acl: public-read-write\r\nContent-Length: 0\r\nConnection: close\r\n\r\n").unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
        Some(Self { port, _running: running })
    }
}

/// Azurite, which speaks Azure's blob storage. Hadoop's connector knows the emulator on this port only.
pub struct Azurite {
    _running: Running,
}

impl Azurite {
    pub fn start() -> Option<Self> {
        let folder_of_jars = std::env::var_os("TINDERBOX_CONNECTORS").map(PathBuf::from);
        let server = folder_of_jars.map(|root| root.join("azurite/node_modules/.bin/azurite-blob"));
        let Some(server) = server.filter(|path| path.exists()) else { return missing("Azurite") };
        assert!(TcpStream::connect(("127.0.0.1", 10_000)).is_err(), "port 10000 is in use");
        let folder = folder();
        let mut command = Command::new(server);
        command.args(["--silent", "--inMemoryPersistence", "--skipApiVersionCheck"]);
        // It reports its use to its makers otherwise.
        command.args(["--disableTelemetry", "--blobHost", "127.0.0.1", "--blobPort", "10000"]);
        let running = Running::new(&mut command, &folder);
        wait_for_port("Azurite", 10_000);
        Some(Self { _running: running })
    }
}

/// A server that speaks Google's cloud storage, with one bucket.
pub struct Gcs {
    pub port: u16,
    _running: Running,
}

impl Gcs {
    pub fn start(bucket: &str) -> Option<Self> {
        let home = std::env::var_os("TINDERBOX_MOTO").map(PathBuf::from);
        let Some(home) = home.filter(|home| home.join("bin/gcp-storage-emulator").exists()) else {
            return missing("storage emulator of GCS (TINDERBOX_MOTO)");
        };
        let program = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/sources/gcs.py");
        let (folder, port) = (folder(), free_port());
        let mut command = Command::new(home.join("bin/python"));
        command.arg(program).args([&port.to_string(), bucket]);
        let running = Running::new(&mut command, &folder);
        wait_for_port("the storage emulator", port);
        Some(Self { port, _running: running })
    }

    /// Puts an object into a bucket.
    pub fn put(&self, bucket: &str, name: &str, content: &str) {
        let path = format!("/upload/storage/v1/b/{bucket}/o?uploadType=media&name={name}");
        let answer = self.ask("POST", &path, content);
        assert!(answer.starts_with("HTTP/1.0 200"), "{answer}");
    }

    /// The names of the objects of a bucket that begin so.
    pub fn list(&self, bucket: &str, prefix: &str) -> Vec<String> {
        let answer = self.ask("GET", &format!("/storage/v1/b/{bucket}/o?prefix={prefix}"), "");
        let body = answer.split("\r\n\r\n").nth(1).unwrap();
        let found: serde_json::Value = serde_json::from_str(body).unwrap();
        let items = found["items"].as_array().into_iter().flatten();
        items.map(|item| item["name"].as_str().unwrap().to_owned()).collect()
    }

    fn ask(&self, method: &str, path: &str, content: &str) -> String {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        let length = content.len();
        write!(stream, "{method} {path} HTTP/1.0\r\nHost: localhost\r\nContent-Type: text/csv\r\nContent-Length: {length}\r\n\r\n{content}").unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    }
}

/// A name node and a data node.
pub struct Hdfs {
    pub port: u16,
    _name_node: Running,
    _data_node: Running,
}

impl Hdfs {
    /// The servers' classes are those of Hadoop's minicluster, the rest comes with Spark 3.5, whose Hadoop is the same.
    pub fn start() -> Option<Self> {
        let spark = std::env::var_os("TINDERBOX_SPARK_3_5").map(PathBuf::from);
        let spark = spark.and_then(|venv| std::fs::read_dir(venv.join("lib")).ok());
        let spark = spark.into_iter().flatten().flatten();
        let spark = spark.map(|python| python.path().join("site-packages/pyspark/jars"));
        let (Some(jars), Some(spark)) =
            (jars("hdfs"), spark.into_iter().find(|jars| jars.is_dir()))
        else {
            return missing("HDFS");
        };
        let class_path: Vec<String> = std::fs::read_dir(jars)
            .unwrap()
            .flatten()
            .map(|jar| jar.path().display().to_string())
            .filter(|jar| jar.contains("minicluster") || jar.contains("junit"))
            .chain([format!("{}/*", spark.display())])
            .collect();
        let class_path = class_path.join(":");
        let (port, http) = (free_port(), free_port());
        let names = folder();
        let setting = |key: &str, value: &str| format!("-D{key}={value}");
        let main_of = |class: &str, folder: &TempDir| {
            let mut command = Command::new(java());
            command.args(["-Xmx256m", "-cp", &class_path, class]);
            let path = |name: &str| folder.path().join(name).display().to_string();
            command.args([
                setting("fs.defaultFS", &format!("hdfs://127.0.0.1:{port}")),
                setting("dfs.namenode.name.dir", &path("names")),
                setting("dfs.namenode.http-address", &format!("127.0.0.1:{http}")),
                setting("dfs.namenode.safemode.threshold-pct", "0"),
                setting("dfs.datanode.data.dir", &path("data")),
                setting("dfs.datanode.address", "127.0.0.1:0"),
                setting("dfs.datanode.http.address", "127.0.0.1:0"),
                setting("dfs.datanode.ipc.address", "127.0.0.1:0"),
                setting("dfs.replication", "1"),
                setting("dfs.permissions.enabled", "false"),
                setting("hadoop.tmp.dir", &path("tmp")),
            ]);
            command
        };
        let name_node = "org.apache.hadoop.hdfs.server.namenode.NameNode";
        run(main_of(name_node, &names).arg("-format"));
        let name_node = Running::new(&mut main_of(name_node, &names), &names);
        wait_for_port("the name node", port);
        let blocks = folder();
        let data_node = "org.apache.hadoop.hdfs.server.datanode.DataNode";
        let data_node = Running::new(&mut main_of(data_node, &blocks), &blocks);
        wait_for("the data node", LIMIT, || {
            let url = format!(
                "http://127.0.0.1:{http}/jmx?qry=Hadoop:service=NameNode,name=FSNamesystemState"
            );
            let state = crate::place::get_json(&url)?;
            (state["beans"][0]["NumLiveDataNodes"] == 1).then_some(())
        });
        Some(Self { port, _name_node: name_node, _data_node: data_node })
    }
}

/// An HTTP interface with five records in pages, which fails once at each page but the first.
pub struct Pages {
    pub port: u16,
}

impl Pages {
    pub fn start() -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let failed: Arc<Mutex<HashSet<String>>> = Arc::default();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let failed = failed.clone();
                std::thread::spawn(move || answer(stream, port, &failed));
            }
        });
        Self { port }
    }
}

fn answer(mut stream: TcpStream, port: u16, failed: &Mutex<HashSet<String>>) {
    let mut lines = BufReader::new(stream.try_clone().unwrap()).lines();
    let request = lines.next().unwrap().unwrap();
    let headers: Vec<String> =
        lines.map_while(Result::ok).take_while(|line| !line.is_empty()).collect();
    let url = request.split(' ').nth(1).unwrap().to_owned();
    let (path, query) = url.split_once('?').unwrap_or((&url, ""));
    let parameter = |name: &str| -> Option<usize> {
        let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
        pairs.into_iter().find(|(key, _)| *key == name).and_then(|(_, value)| value.parse().ok())
    };
    let first = match path {
        "/page" => (parameter("page").unwrap() - 1) * 2,
        "/offset" => parameter("offset").unwrap(),
        _ => parameter("cursor").unwrap_or(0),
    };
    let has_header = headers.iter().any(|line| line.eq_ignore_ascii_case("X-Version: 1"));
    let fails = first > 0 && failed.lock().unwrap().insert(url.clone());
    let records: Vec<String> =
        (first..(first + 2).min(5)).map(|id| format!("{{\"id\": {id}}}")).collect();
    let records = format!("[{}]", records.join(", "));
    let next = first + 2;
    let (status, body, link) = match path {
        _ if !has_header => ("400 Bad Request", "{}".to_owned(), String::new()),
        _ if fails => ("503 Service Unavailable", "{}".to_owned(), String::new()),
        "/link" if next < 5 => {
            let link =
                format!("Link: <http://127.0.0.1:{port}/link?cursor={next}>; rel=\"next\"\r\n");
            ("200 OK", records, link)
        }
        "/link" => ("200 OK", records, String::new()),
        _ => {
            let next = if next < 5 { next.to_string() } else { "null".to_owned() };
            let body =
                format!("{{\"data\": {{\"items\": {records}}}, \"meta\": {{\"next\": {next}}}}}");
            ("200 OK", body, String::new())
        }
    };
    let _ = write!(
        stream,
        "HTTP/1.1 {status}\r\n{link}Content-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    );
}
