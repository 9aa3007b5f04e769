//! The program on Spark 3.5 and 4 and on Sail: every task, against figures computed by hand.

use serde_json::{Value, json};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;
use tinderbox_scale::{BadMeasurement, JobRequest, Measurement, Task};

const CSV: &str = "a,b,größe,timestamp\n1,2.5,x,2026-11-20 10:00:00\n-2,,ü,2026-11-20 11:30:00\n3,NaN,,nonsense\n4,1.0,x,\n";

/// Jobs of one session; the paths of data sets are below one folder.
pub struct Jobs {
    folder: TempDir,
    lines: Vec<Vec<String>>,
    /// How each ended: its exit code, or what it raised.
    pub answers: Vec<Value>,
    /// Of the environment of the process.
    pub variables: Vec<(String, String)>,
}

impl Jobs {
    pub fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let write =
            |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
        write("table.csv", CSV);
        write("header.csv", "a,b\n");
        write("nothing.csv", "");
        write("rows.json", "{\"x\": 1, \"y\": {\"z\": [1, 2]}}\n{\"x\": null}\n{\"x\": 3}\n");
        write("broken.json", "no\njson\n");
        write("lines.txt", "one\n\nthree, four\none\n");
        write(
            "baskets.csv",
            "items\n\"milk, bread\"\n\"milk,bread,butter\"\nmilk\n\"bread|milk\"\n",
        );
        // y = 2 × u − 3 × v + 1, with rows in which something is missing.
        let line = |at: i32| {
            let (u, v) = (at % 17, (at * 7) % 23);
            format!("{u},{v},n{at},{}\n", 2 * u - 3 * v + 1)
        };
        let rows: String = (0..200).map(line).collect();
        write("line.csv", &format!("u,v,name,y\n{rows}1,,x,3\n,2,x,3\n5,5,x,\n"));
        // Three groups far from each other.
        let group = |at: u32| {
            let offset = f64::from(at % 5) / 10.0;
            let (x, y) = [(0.0, 0.0), (100.0, 0.0), (0.0, 100.0)][(at % 3) as usize];
            format!("{},{}\n", x + offset, y - offset)
        };
        write("groups.csv", &format!("x,y\n{}", (0..90).map(group).collect::<String>()));
        Self { folder, lines: Vec::new(), answers: Vec::new(), variables: Vec::new() }
    }

    /// Adds a job; its result is asked for by the number that this answers.
    fn add(&mut self, data: &str, tasks: &[&str], rest: &[String]) -> usize {
        let format = match data.rsplit('.').next().unwrap() {
            "txt" => "text",
            ending => ending,
        };
        let path = self.path(data).display().to_string();
        self.add_at(&path, format, tasks, rest)
    }

    /// The same for a data set anywhere.
    pub fn add_at(
        &mut self,
        address: &str,
        format: &str,
        tasks: &[&str],
        rest: &[String],
    ) -> usize {
        let mut line = vec![
            format!("--input={address}"),
            format!("--format={format}"),
            format!("--tasks={}", tasks.join(",")),
            format!("--result={}", self.result_file(self.lines.len()).display()),
            "--warm-up=0".to_owned(),
            "--repeats=1".to_owned(),
        ];
        line.extend(rest.iter().cloned());
        self.lines.push(line);
        self.lines.len() - 1
    }

    fn with(&mut self, data: &str, task: &str, parameters: &Value) -> usize {
        self.add(data, &[task], &[format!("--parameters={}", json!({task: parameters}))])
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn result_file(&self, at: usize) -> PathBuf {
        self.folder.path().join(format!("result-{at}.json"))
    }

    pub fn run(&mut self, python: &Path, on: &On<'_>) {
        let file = self.path("jobs.jsonl");
        let mut out = std::fs::File::create(&file).unwrap();
        for line in &self.lines {
            writeln!(out, "{}", json!(line)).unwrap();
        }
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let mut command = Command::new(python);
        command
            .arg(root.join("tests/it/submit_job.py"))
            .arg(root.join("python"))
            .args([&file, self.folder.path()])
            .current_dir(self.folder.path())
            .env("SPARK_LOCAL_IP", "127.0.0.1")
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .envs(self.variables.clone())
            .env_remove("SPARK_HOME");
        match on {
            On::Master(master) => command.env(
                "PYSPARK_SUBMIT_ARGS",
                format!("--master {master} --conf spark.ui.enabled=false --conf spark.executor.memory=512m pyspark-shell"),
            ),
            On::Connect(address) => command.env("SPARK_REMOTE", address),
        };
        let output = command.output().unwrap();
        let text = String::from_utf8_lossy(&output.stdout);
        let answers = text.lines().filter_map(|line| line.strip_prefix("ANSWER "));
        self.answers = answers.map(|line| serde_json::from_str(line).unwrap()).collect();
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(self.answers.len(), self.lines.len(), "{said}");
    }

    fn measured(&self, at: usize) -> Measurement {
        let answer = &self.answers[at];
        assert_eq!(answer["code"], 0, "{:?}: {answer}", self.lines[at]);
        Measurement::parse(&std::fs::read(self.result_file(at)).unwrap()).unwrap()
    }

    pub fn result(&self, at: usize) -> Value {
        serde_json::from_str(&self.measured(at).results).unwrap()
    }

    /// The kind and the message of a job that has no results.
    pub fn failure(&self, at: usize) -> (String, String) {
        assert_eq!(self.answers[at]["code"], 3, "{:?}: {}", self.lines[at], self.answers[at]);
        let written = std::fs::read(self.result_file(at)).unwrap();
        match Measurement::parse(&written).unwrap_err() {
            BadMeasurement::Failed { kind, message } => (kind, message),
            BadMeasurement::Unreadable { reason } => panic!("{reason}"),
        }
    }
}

/// Where jobs run.
pub enum On<'a> {
    /// A Spark of this process.
    Master(&'a str),
    /// A server of Spark Connect.
    Connect(&'a str),
}

/// The descriptive tasks, which all engines do.
struct Described {
    types: usize,
    csv: usize,
    json: usize,
    text: usize,
    failures: Vec<(usize, &'static str, &'static str)>,
}

const DESCRIPTIVE: [&str; 6] =
    ["row_count", "column_count", "data_types", "min_max_mean", "null_percentage", "unique_counts"];

impl Described {
    fn add(jobs: &mut Jobs, missing: &'static str) -> Self {
        let repeats = ["--warm-up=1".to_owned(), "--repeats=2".to_owned()];
        Self {
            types: jobs.add("types.parquet", &DESCRIPTIVE, &repeats),
            csv: jobs.add("table.csv", &DESCRIPTIVE, &[]),
            json: jobs.add("rows.json", &["row_count", "null_percentage", "min_max_mean"], &[]),
            text: jobs.add(
                "lines.txt",
                &["row_count", "data_types", "unique_counts", "min_max_mean"],
                &[],
            ),
            failures: vec![
                (jobs.add("empty.parquet", &["row_count"], &[]), "empty_dataset", "no rows"),
                (jobs.add("header.csv", &["row_count"], &[]), "empty_dataset", "no rows"),
                (jobs.add("nowhere.csv", &["row_count"], &[]), missing, "nowhere.csv"),
            ],
        }
    }

    /// `int` is the type that the engine gives to whole numbers of a CSV file.
    fn check(&self, jobs: &Jobs, int: &str) {
        let measured = jobs.measured(self.types);
        assert_eq!(measured.seconds.len(), 2, "without the one to warm up");
        assert!(measured.seconds.iter().all(|time| *time > 0.0));
        assert_eq!(measured.seconds_of_tasks.len(), DESCRIPTIVE.len());
        let result = jobs.result(self.types);
        assert_eq!(
            result["data_types"],
            json!({
                "tiny": "tinyint", "small": "smallint", "whole": "int", "big": "bigint", "single": "float", "double": "double",
                "exact": "decimal(38,10)", "round": "decimal(5,0)", "größe.x": "string", "flag": "boolean", "day": "date",
                "list": "array<string>", "pairs": "map<string,int>", "nested": "struct<m:map<string,int>>"
            })
        );
        // Every numeric type, NULL and NaN left out; the whole text, because JSON readers round decimals.
        let figures = r#""min_max_mean": {"tiny": {"min": -3, "max": 5, "mean": 2.0}, "small": {"min": -3, "max": 5, "mean": 2.0}, "whole": {"min": -3, "max": 5, "mean": 2.0}, "big": {"min": -9007199254740993, "max": 9007199254740993, "mean": 0.5}, "single": {"min": -1.5, "max": 2.5, "mean": 0.5}, "double": {"min": -1.5, "max": 2.5, "mean": 0.5}, "exact": {"min": -1.0000000000, "max": 12345.0000000001, "mean": 4114.83333333336667}, "round": {"min": -1, "max": 12345, "mean": 4115.0000}}"#;
        assert!(measured.results.contains(figures), "{}", measured.results);
        assert_eq!((&result["row_count"], &result["column_count"]), (&json!(4), &json!(14)));
        assert_eq!(
            result["null_percentage"],
            json!({
                "tiny": 25.0, "small": 25.0, "whole": 25.0, "big": 0.0, "single": 50.0, "double": 50.0, "exact": 25.0, "round": 25.0,
                "größe.x": 0.0, "flag": 0.0, "day": 25.0, "list": 0.0, "pairs": 0.0, "nested": 0.0
            })
        );
        assert_eq!(
            result["unique_counts"],
            json!({
                "tiny": 3, "small": 3, "whole": 3, "big": 3, "single": 2, "double": 2, "exact": 3, "round": 3, "größe.x": 3, "flag": 2,
                "day": 2, "list": 3, "pairs": 4, "nested": 4
            })
        );
        assert_eq!(
            jobs.result(self.csv),
            json!({
                "row_count": 4, "column_count": 4,
                "data_types": {"a": int, "b": "double", "größe": "string", "timestamp": "string"},
                "min_max_mean": {"a": {"min": -2, "max": 4, "mean": 1.5}, "b": {"min": 1.0, "max": 2.5, "mean": 1.75}},
                "null_percentage": {"a": 0.0, "b": 50.0, "größe": 25.0, "timestamp": 25.0},
                "unique_counts": {"a": 4, "b": 2, "größe": 2, "timestamp": 3}
            })
        );
        let result = jobs.result(self.json);
        assert_eq!(result["null_percentage"], json!({"x": 33.33, "y": 66.67}));
        assert_eq!(result["min_max_mean"], json!({"x": {"min": 1, "max": 3, "mean": 2.0}}));
        assert_eq!(
            jobs.result(self.text),
            json!({"row_count": 4, "data_types": {"value": "string"}, "unique_counts": {"value": 3}, "min_max_mean": {}})
        );
        for (at, kind, word) in &self.failures {
            let (found, message) = jobs.failure(*at);
            assert!(
                found == *kind && message.contains(word),
                "{:?}: {found}: {message}",
                jobs.lines[*at]
            );
        }
    }
}

pub fn environment(variable: &str) -> Option<PathBuf> {
    let found = std::env::var(variable).ok().map(PathBuf::from).filter(|path| path.is_dir());
    if found.is_none() {
        assert!(std::env::var("TINDERBOX_REQUIRE_ALL").is_err(), "{variable} names no environment");
        println!("not run: {variable} names no environment");
    }
    found
}

fn on_spark(variable: &str) {
    let Some(environment) = environment(variable) else { return };
    let mut jobs = Jobs::new();
    let described = Described::add(&mut jobs, "missing_dataset");
    let nothing = jobs.add("nothing.csv", &["row_count"], &[]);
    let broken = jobs.add("broken.json", &["row_count"], &[]);
    let models = jobs.path("models").display().to_string();
    let models = [format!("--models={models}")];
    let line = jobs.add("line.csv", &["regression", "kmeans"], &models);
    let again = jobs.add("line.csv", &["regression"], &models);
    let groups = jobs.with("groups.csv", "kmeans", &json!({"k": 3}));
    let two = jobs.with("groups.csv", "kmeans", &json!({"k": 2, "columns": ["x"], "seed": 7}));
    let chosen = jobs.with(
        "line.csv",
        "regression",
        &json!({"label": "u", "features": ["v"], "test_share": 0.5}),
    );
    let baskets =
        jobs.with("baskets.csv", "fpgrowth", &json!({"min_support": 0.3, "min_confidence": 0.9}));
    let bars = jobs.with(
        "baskets.csv",
        "fpgrowth",
        &json!({"separator": "|", "limit": 2, "min_support": 0.2}),
    );
    let arrays = jobs.add("baskets.parquet", &["fpgrowth"], &[]);
    let days = jobs.add("table.csv", &["timeseries"], &[]);
    let weeks = jobs.with("types.parquet", "timeseries", &json!({"column": "day", "unit": "week"}));
    let wrong = [
        (
            jobs.with("line.csv", "regression", &json!({"label": "name"})),
            "no numeric column `name`; there are: u, v, y",
        ),
        (jobs.with("line.csv", "kmeans", &json!({"columns": ["w"]})), "no numeric column `w`"),
        (jobs.with("groups.csv", "kmeans", &json!({"k": 91})), "has 90 rows"),
        (
            jobs.with("line.csv", "timeseries", &json!({})),
            "no column `timestamp`; there are: u, v, name, y",
        ),
        (jobs.with("types.parquet", "fpgrowth", &json!({"column": "day"})), "is date"),
        (jobs.add("lines.txt", &["kmeans"], &[]), "needs numeric columns"),
    ];
    jobs.run(&environment.join("bin/python"), &On::Master("local[2]"));

    described.check(&jobs, "int");
    assert_eq!(jobs.failure(nothing).0, "empty_dataset");
    assert_eq!(jobs.failure(broken).0, "unreadable_dataset");
    for (at, words) in wrong {
        let (kind, message) = jobs.failure(at);
        assert!(kind == "parameter" && message.contains(words), "{kind}: {message}");
    }
    check_regression(&jobs.result(line)["regression"]);
    assert!(
        jobs.path("models/regression/metadata").is_dir()
            && jobs.path("models/kmeans/data").is_dir()
    );
    let (kind, message) = jobs.failure(again);
    assert!(
        kind == "models" && message.contains("already exists"),
        "nothing is overwritten: {message}"
    );
    let half = &jobs.result(chosen)["regression"];
    assert_eq!(half["label"], "u");
    assert!(half["rows"]["test"].as_u64().unwrap() > 50, "{half}");
    check_groups(&jobs.result(groups)["kmeans"]);
    let two = &jobs.result(two)["kmeans"];
    let sizes: Vec<&Value> =
        two["clusters"].as_array().unwrap().iter().map(|one| &one["size"]).collect();
    assert_eq!(sizes, [&json!(60), &json!(30)]);
    assert_eq!(
        jobs.result(baskets)["fpgrowth"],
        json!({
            "column": "items", "baskets": 4,
            "item_sets": [
                {"items": ["milk"], "count": 3}, {"items": ["bread"], "count": 2}, {"items": ["bread", "milk"], "count": 2}
            ],
            "rules": [{"if": ["bread"], "then": ["milk"], "confidence": 1.0, "lift": 4.0 / 3.0, "support": 0.5}],
            "left_out": {"item_sets": 0, "rules": 0}
        })
    );
    let bars = &jobs.result(bars)["fpgrowth"];
    assert_eq!((bars["item_sets"].as_array().unwrap().len(), &bars["baskets"]), (2, &json!(4)));
    let arrays = &jobs.result(arrays)["fpgrowth"];
    assert_eq!(
        (&arrays["baskets"], &arrays["item_sets"][0]),
        (&json!(2), &json!({"items": ["a"], "count": 2}))
    );
    check_times(&jobs.result(days)["timeseries"], &jobs.result(weeks)["timeseries"]);
}

fn check_regression(told: &Value) {
    let near = |value: &Value, wanted: f64| (value.as_f64().unwrap() - wanted).abs() < 1e-6;
    assert!(
        near(&told["coefficients"]["u"], 2.0) && near(&told["coefficients"]["v"], -3.0),
        "{told}"
    );
    assert!(near(&told["intercept"], 1.0) && told["label"] == "y", "{told}");
    for part in ["train", "test"] {
        assert!(near(&told[part]["r2"], 1.0) && near(&told[part]["rmse"], 0.0), "{told}");
    }
    let rows = &told["rows"];
    let (train, test) = (rows["train"].as_u64().unwrap(), rows["test"].as_u64().unwrap());
    assert_eq!((train + test, &rows["left_out"]), (200, &json!(3)));
    assert!((20..=60).contains(&test), "a fifth of 200: {test}");
}

fn check_groups(told: &Value) {
    assert!(told["silhouette"].as_f64().unwrap() > 0.99, "{told}");
    // The mean of 0, 0.1, 0.2, 0.3 and 0.4 beside the corners, in the order of the centers.
    for (cluster, (x, y)) in
        told["clusters"].as_array().unwrap().iter().zip([(0.2, -0.2), (0.2, 99.8), (100.2, -0.2)])
    {
        assert_eq!(cluster["size"], 30);
        let (found_x, found_y) =
            (cluster["center"]["x"].as_f64().unwrap(), cluster["center"]["y"].as_f64().unwrap());
        assert!((found_x - x).abs() < 1e-9 && (found_y - y).abs() < 1e-9, "{told}");
    }
    // 90 points, each with a square of twice the variance 0.02.
    assert!((told["cost"].as_f64().unwrap() - 90.0 * 0.04).abs() < 1e-6, "{told}");
}

fn check_times(days: &Value, weeks: &Value) {
    let counts = json!([{"period": "2026-11-20", "count": 2}]);
    assert_eq!(
        *days,
        json!({"column": "timestamp", "unit": "day", "counts": counts, "left_out": 2})
    );
    let counts = json!([{"period": "2026-11-16", "count": 3}]);
    assert_eq!(*weeks, json!({"column": "day", "unit": "week", "counts": counts, "left_out": 1}));
}

#[test]
fn real_spark_3_5_does_every_task() {
    on_spark("TINDERBOX_SPARK_3_5");
}

#[test]
fn real_spark_4_does_every_task() {
    on_spark("TINDERBOX_SPARK_4");
}

/// Two executors in processes of their own.
#[test]
fn real_spark_waits_for_executors_and_says_how_many_there_are() {
    let Some(environment) = environment("TINDERBOX_SPARK_4") else { return };
    let mut jobs = Jobs::new();
    let two = jobs.add("groups.csv", &["row_count", "kmeans"], &["--executors=2".to_owned()]);
    let wanted = ["--executors=3".to_owned(), "--executor-wait=1".to_owned()];
    let three = jobs.add("groups.csv", &["row_count"], &wanted);
    jobs.run(&environment.join("bin/python"), &On::Master("local-cluster[2,1,512]"));
    assert_eq!(jobs.measured(two).executors, Some(2));
    assert_eq!(jobs.result(two)["row_count"], 90);
    check_groups(&jobs.result(two)["kmeans"]);
    let (kind, message) = jobs.failure(three);
    assert!(kind == "executors" && message.contains("2 of 3 executors"), "{kind}: {message}");
}

#[test]
fn sail_does_the_descriptive_tasks_as_real_spark_does() {
    let (Some(client), Some(server)) =
        (environment("TINDERBOX_SPARK_4"), environment("TINDERBOX_SAIL"))
    else {
        return;
    };
    let mut jobs = Jobs::new();
    // It reads a file that is not there as one without rows.
    let described = Described::add(&mut jobs, "empty_dataset");
    let learning = jobs.add("line.csv", &["kmeans"], &[]);
    let sail = Sail::start(&server, jobs.folder.path());
    jobs.run(&client.join("bin/python"), &On::Connect(&sail.address));
    // Sail takes whole numbers of CSV files for 64 bits wide.
    described.check(&jobs, "bigint");
    let (kind, message) = jobs.failure(learning);
    assert!(kind == "unsupported" && message.contains("kmeans"), "{message}");
}

/// A server that ends with the test.
struct Sail {
    process: Child,
    address: String,
}

impl Sail {
    fn start(environment: &Path, folder: &Path) -> Self {
        let port = crate::free_port::free_address().port();
        let process = Command::new(environment.join("bin/sail"))
            .args(["spark", "server", "--ip", "127.0.0.1", "--port", &port.to_string()])
            .current_dir(folder)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let sail = Self { process, address: format!("sc://127.0.0.1:{port}") };
        let limit = Instant::now() + Duration::from_secs(120);
        while std::net::TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(Instant::now() < limit, "Sail does not listen");
            std::thread::sleep(Duration::from_millis(50));
        }
        sail
    }
}

impl Drop for Sail {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

#[test]
fn the_program_knows_the_tasks_and_arguments_of_requests() {
    let program = tinderbox_scale::program();
    for task in Task::ALL {
        assert!(program.contains(&format!("def {}(", task.name())), "{}", task.name());
    }
    let body = r#"{"job_id": "j", "s3_path": "u/a.csv", "job_config": {"type": "ml", "tasks": ["kmeans"], "save_models": true}, "node_list": [1]}"#;
    let request = JobRequest::parse(body.as_bytes()).unwrap();
    for argument in request.arguments("i", "r", "m", 1) {
        let option = argument.split('=').next().unwrap();
        assert!(program.contains(&format!("add_argument(\"{option}\"")), "{option}");
    }
}
