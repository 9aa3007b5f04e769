//! A data directory, a fake Spark, folders for specs, and waiting for a state.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use tempfile::TempDir;
use tinderbox_app::model::RunState;
use tinderbox_app::{App, Config, RunView, SparkPlaces, Submission};

/// Long enough for a busy machine; nothing waits that long when all is well.
pub(crate) const LIMIT: Duration = Duration::from_secs(30);

pub(crate) const SPEC: &str = "name: orders
pipeline:
  sources:
    - {id: orders, type: file, format: csv, path: orders.csv}
  sinks:
    - {type: file, format: parquet, path: out}
";

/// What it does is decided by files in the folder of the spec, which is its working directory.
const SUBMIT: &str = r#"#!/bin/bash
echo "$TINDERBOX_INGEST_TOKEN" >token
echo launched >>launches
if [ -e stubborn ]; then
  trap '' TERM
  echo started
  while true; do sleep 0.2; done
fi
if [ -e slow ]; then
  echo started
  while [ ! -e go ]; do sleep 0.05; done
fi
if [ -e bad ]; then
  echo 'ValueError: no customers' >&2
  exit 3
fi
"#;
const JAVA: &str = "#!/bin/sh\necho 'openjdk version \"17.0.15\" 2025-04-15' >&2\n";

pub(crate) struct Bench {
    folder: TempDir,
}

impl Bench {
    pub(crate) fn new() -> Self {
        let bench = Self { folder: tempfile::tempdir().unwrap() };
        let jar = bench.path("spark/jars/spark-core_2.12-3.5.8.jar");
        fs::create_dir_all(jar.parent().unwrap()).unwrap();
        fs::write(jar, "").unwrap();
        bench.executable("spark/bin/spark-submit", SUBMIT);
        bench.executable("java/bin/java", JAVA);
        bench.executable("bin/python3", "#!/bin/sh\n");
        bench
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn executable(&self, name: &str, text: &str) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    }

    /// A folder for a spec with its source, and files that tell the fake Spark what to do.
    pub(crate) fn folder(&self, name: &str, behavior: &[&str]) -> PathBuf {
        let folder = self.path(name);
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join("orders.csv"), "amount\n1\n").unwrap();
        for file in behavior {
            fs::write(folder.join(file), "").unwrap();
        }
        folder
    }

    pub(crate) fn data_dir(&self) -> PathBuf {
        self.path("home")
    }

    /// The environment in which only the fakes are found.
    pub(crate) fn variables(&self) -> Vec<(String, String)> {
        let text = |name: &str| self.path(name).display().to_string();
        [
            ("PATH", format!("{}:/usr/bin:/bin", text("bin"))),
            ("HOME", text("")),
            ("SPARK_HOME", text("spark")),
            ("JAVA_HOME", text("java")),
            ("TINDERBOX_CACHE", text("cache")),
        ]
        .map(|(name, value)| (name.to_owned(), value))
        .to_vec()
    }

    pub(crate) async fn open(&self) -> App {
        App::open(Config {
            data_dir: self.data_dir(),
            url: "http://127.0.0.1:9".to_owned(),
            listener_jar: Some(b"not a real jar"),
            spark: SparkPlaces::from_variables(self.variables()),
            access: Default::default(),
        })
        .await
        .unwrap()
    }
}

pub(crate) fn submission(folder: &Path) -> Submission {
    Submission {
        spec: SPEC.to_owned(),
        spec_name: "orders.yaml".to_owned(),
        base_directory: folder.to_owned(),
        ..Submission::default()
    }
}

pub(crate) async fn submit(app: &App, folder: &Path) -> String {
    app.submit(submission(folder)).await.unwrap().run.id.to_string()
}

/// The run once it is in this state; panics when it ends in another one.
pub(crate) async fn wait_for(app: &App, run: &str, state: RunState) -> RunView {
    let view = wait_until(app, run, |view| view.state == state || view.state.is_final()).await;
    assert_eq!(view.state, state, "{view:?}");
    view
}

pub(crate) async fn wait_until(app: &App, run: &str, holds: impl Fn(&RunView) -> bool) -> RunView {
    let start = Instant::now();
    loop {
        let view = app.run(run).await.unwrap();
        if holds(&view) {
            return view;
        }
        assert!(start.elapsed() < LIMIT, "waited in vain: {view:?}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Until the fake Spark has said so.
pub(crate) async fn wait_for_start(app: &App, run: &str) {
    let start = Instant::now();
    while !app
        .log(run, &tinderbox_app::LogOf::Driver, 0, 1_000)
        .await
        .unwrap()
        .text
        .contains("started")
    {
        assert!(start.elapsed() < LIMIT, "Spark did not start");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

pub(crate) fn launches(folder: &Path) -> usize {
    fs::read_to_string(folder.join("launches")).map_or(0, |text| text.lines().count())
}
