//! A real Spark: one process that serves Spark Connect where it can, and runs compiled programs.

use crate::free_port::free_address;
use crate::table::{Outcome, Table};
use arrow_ipc::reader::StreamReader;
use serde_json::{Map, Value, json};
use std::fs::File;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, sync_channel};
use std::time::Duration;

const MARK: &str = "\u{1e}answer ";
/// Longest time for a start or one command on a busy machine.
const ANSWERS: Duration = Duration::from_secs(240);

pub struct Spark {
    child: Child,
    input: ChildStdin,
    answers: Receiver<String>,
    folder: tempfile::TempDir,
    runs: usize,
    /// As it says.
    pub version: String,
    /// Where it serves Spark Connect; Spark 3.5 needs a package for that, which the set-up fetches.
    pub url: Option<String>,
}

impl Spark {
    /// `None` where it is not installed and that is allowed.
    pub fn start(variable: &str) -> Option<Self> {
        Self::start_with(variable, &[])
    }

    /// The same with more properties.
    pub fn start_with(variable: &str, properties: &[(&str, &str)]) -> Option<Self> {
        let environment =
            std::env::var_os(variable).map(PathBuf::from).filter(|path| path.exists());
        let required = std::env::var_os("TINDERBOX_REQUIRE_ALL").is_some();
        assert!(environment.is_some() || !required, "{variable} names no environment");
        let Some(environment) = environment else {
            println!("not run: {variable} names no environment");
            return None;
        };
        let folder = tempfile::tempdir().unwrap();
        let mut settings = Map::new();
        let mut set = |key: &str, value: &str| settings.insert(key.to_owned(), json!(value));
        set("spark.ui.enabled", "false");
        set("spark.driver.host", "127.0.0.1");
        set("spark.driver.bindAddress", "127.0.0.1");
        set("spark.sql.session.timeZone", "UTC");
        set("spark.sql.shuffle.partitions", "2");
        set("spark.sql.warehouse.dir", &folder.path().join("warehouse").to_string_lossy());
        let jars = connect_jars(variable);
        let has_server = has_connect(&environment) || !jars.is_empty();
        if !jars.is_empty() {
            set("spark.jars", &jars);
        }
        let port = has_server.then(|| free_address().port());
        if let Some(port) = port {
            set("spark.plugins", "org.apache.spark.sql.connect.SparkConnectPlugin");
            set("spark.connect.grpc.binding.address", "127.0.0.1");
            set("spark.connect.grpc.binding.port", &port.to_string());
        }
        for (key, value) in properties {
            set(key, value);
        }
        let driver = folder.path().join("driver.py");
        std::fs::write(&driver, include_str!("driver.py")).unwrap();
        let log = File::create(folder.path().join("log")).unwrap();
        let mut child = Command::new(environment.join("bin/python"))
            .arg(driver)
            .arg(Value::Object(settings).to_string())
            .env("TZ", "UTC")
            .env_remove("SPARK_HOME")
            .current_dir(folder.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()
            .unwrap();
        let input = child.stdin.take().unwrap();
        let output = BufReader::new(child.stdout.take().unwrap());
        let (said, answers) = sync_channel(1);
        std::thread::spawn(move || {
            for line in output.lines().map_while(Result::ok) {
                if let Some(answer) = line.strip_prefix(MARK) {
                    let _ = said.send(answer.to_owned());
                }
            }
        });
        let url = port.map(|port| format!("sc://127.0.0.1:{port}"));
        let version = String::new();
        let mut spark = Self { child, input, answers, folder, runs: 0, version, url };
        spark.version = spark.answer().unwrap().as_str().unwrap().to_owned();
        Some(spark)
    }

    /// The names of its functions.
    pub fn functions(&mut self) -> Vec<String> {
        serde_json::from_value(self.ask(&json!({"do": "functions"})).unwrap()).unwrap()
    }

    /// What it says about each of its functions, or those of these names.
    pub fn describe(&mut self, names: Option<&[String]>) -> Vec<(String, String)> {
        let texts = self.ask(&json!({"do": "describe", "names": names})).unwrap();
        let texts = texts.as_object().unwrap().iter();
        texts.map(|(name, text)| (name.clone(), text.as_str().unwrap().to_owned())).collect()
    }

    /// Writes the rows of a query as files.
    pub fn write(&mut self, sql: &str, format: &str, options: &Value, path: &Path) {
        let command =
            json!({"do": "write", "sql": sql, "format": format, "options": options, "path": path});
        self.ask(&command).unwrap();
    }

    /// The rows that the one sink of a compiled program was given.
    pub fn run(&mut self, program: &str) -> Outcome {
        self.runs += 1;
        let path = self.folder.path().join(format!("rows-{}.arrow", self.runs));
        if let Err(problem) = self.ask(&json!({"do": "run", "text": program, "path": path})) {
            return Outcome::Failed(problem);
        }
        let reader = StreamReader::try_new(File::open(path).unwrap(), None).unwrap();
        let schema = reader.schema();
        let batches: Vec<_> = reader.map(Result::unwrap).collect();
        Outcome::Rows(Table::of(&batches, schema.fields()))
    }

    fn ask(&mut self, command: &Value) -> Result<Value, String> {
        writeln!(self.input, "{command}").unwrap();
        self.answer()
    }

    fn answer(&self) -> Result<Value, String> {
        let Ok(answer) = self.answers.recv_timeout(ANSWERS) else {
            let log = std::fs::read_to_string(self.folder.path().join("log")).unwrap_or_default();
            let tail = log.lines().rev().take(30).collect::<Vec<_>>();
            panic!(
                "Spark did not answer:\n{}",
                tail.into_iter().rev().collect::<Vec<_>>().join("\n")
            );
        };
        let answer: Value = serde_json::from_str(&answer).unwrap();
        match answer.get("failed").and_then(Value::as_str) {
            Some(problem) => Err(problem.to_owned()),
            None => Ok(answer["done"].clone()),
        }
    }
}

impl Drop for Spark {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let log = std::fs::read_to_string(self.folder.path().join("log")).unwrap_or_default();
            let lines: Vec<&str> = log.lines().collect();
            println!(
                "the end of Spark's log:\n{}",
                lines[lines.len().saturating_sub(30)..].join("\n")
            );
        }
        // Its JVM ends with it: py4j's gateway closes when its input does.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn has_connect(environment: &Path) -> bool {
    let libraries = std::fs::read_dir(environment.join("lib")).into_iter().flatten().flatten();
    let jars = libraries.map(|library| library.path().join("site-packages/pyspark/jars"));
    let mut files = jars.flat_map(std::fs::read_dir).flatten().flatten();
    files.any(|file| file.file_name().to_string_lossy().starts_with("spark-connect_"))
}

/// The package that makes Spark 3.5 a server, with what it needs; nothing where Spark has it, or where it was not fetched.
fn connect_jars(variable: &str) -> String {
    let folder = std::env::var_os("TINDERBOX_CONNECTORS").map(PathBuf::from);
    let folder = folder.filter(|_| variable == "TINDERBOX_SPARK_3_5");
    let jars = folder.map(|folder| std::fs::read_dir(folder.join("connect-3.5/jars")));
    let files = jars.into_iter().flatten().flatten().flatten();
    let mut files: Vec<String> = files.map(|file| file.path().display().to_string()).collect();
    files.sort();
    files.join(",")
}
