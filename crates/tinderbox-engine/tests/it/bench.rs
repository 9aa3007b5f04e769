//! What the tests stand on: a folder, a fake Spark, and waiting for a condition.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use tempfile::TempDir;
use tinderbox_engine::{
    Host, Intent, Launch, Launched, LocalProcesses, LocalSpark, Program, Status,
};
use tinderbox_model::{AttemptNumber, Bytes, RunId};

/// A folder with a fake Spark and room for attempts. Its name has a space in it.
pub(crate) struct Bench {
    /// Removed at the end by the one who made it.
    _folder: Option<TempDir>,
    pub(crate) root: PathBuf,
}

impl Bench {
    /// `submit` is the shell text of the fake `spark-submit`. The fake Java only knows its version.
    pub(crate) fn with_submit(submit: &str) -> Self {
        let bench = Self::empty();
        let spark = bench.root.join("spark");
        fs::create_dir_all(spark.join("jars")).expect("a folder");
        fs::write(spark.join("jars/spark-core_2.12-3.5.8.jar"), "").expect("a jar");
        executable(&spark.join("bin/spark-submit"), submit);
        let java = "#!/bin/sh\necho 'openjdk version \"17.0.15\" 2025-04-15' >&2\n";
        executable(&bench.root.join("java/bin/java"), java);
        executable(&bench.root.join("bin/python3"), "#!/bin/sh\n");
        bench
    }

    pub(crate) fn empty() -> Self {
        let folder =
            tempfile::Builder::new().prefix("tinderbox engine ").tempdir().expect("a folder");
        let root = fs::canonicalize(folder.path()).expect("exists");
        Self { _folder: Some(folder), root }
    }

    /// One that another process has made.
    pub(crate) fn at(root: PathBuf) -> Self {
        Self { _folder: None, root }
    }

    /// A host whose only Spark is the fake.
    pub(crate) fn host(&self) -> Host {
        let path = format!("{}:/usr/bin:/bin", self.root.join("bin").display());
        let variables = [
            ("PATH", path),
            ("HOME", self.root.display().to_string()),
            ("SPARK_HOME", self.root.join("spark").display().to_string()),
            ("JAVA_HOME", self.root.join("java").display().to_string()),
            ("AWS_SECRET_ACCESS_KEY", "of the server".to_owned()),
        ];
        let variables = variables.into_iter().map(|(name, value)| (name.to_owned(), value));
        Host { variables: variables.collect(), cores: 2, memory: Bytes(8 << 30) }
    }

    pub(crate) fn intent(&self, run: &str) -> Intent {
        // The folder's name makes the marker unique among tests that run at the same time.
        let unique = self.root.file_name().expect("a name").to_string_lossy().replace(' ', "-");
        let run = RunId::new(format!("{unique}-{run}"));
        Intent::new(self.root.join("runs").join(run.as_str()).join("1"), &run, AttemptNumber(1))
    }

    pub(crate) fn launch(&self, intent: &Intent, program: &str) -> Launched<LocalProcesses> {
        let spark = LocalSpark::find(&self.host(), None).expect("the fake Spark");
        spark.launch(intent, &launch_of(program, &self.root, &BTreeMap::new())).expect("launched")
    }
}

pub(crate) fn launch_of<'a>(
    program: &'a str,
    working_directory: &'a Path,
    conf: &'a BTreeMap<String, String>,
) -> Launch<'a> {
    let environment = BTreeMap::new();
    Launch {
        program: Program::PySpark(program),
        working_directory,
        conf,
        master: None,
        cores: None,
        listener: None,
        environment,
        secrets: BTreeMap::new(),
    }
}

/// Processes that the marker tells, read here once more and not through the crate.
pub(crate) fn processes_of(intent: &Intent) -> Vec<i32> {
    let wanted = format!("TINDERBOX_ATTEMPT={}", intent.marker);
    let entries = fs::read_dir("/proc").expect("Linux").flatten();
    let pids = entries.filter_map(|entry| entry.file_name().to_str()?.parse::<i32>().ok());
    let carries = |pid: &i32| {
        fs::read(format!("/proc/{pid}/environ"))
            .is_ok_and(|text| text.split(|byte| *byte == 0).any(|entry| entry == wanted.as_bytes()))
    };
    pids.filter(carries).collect()
}

pub(crate) fn wait_for_end(identity: &LocalProcesses, limit: Duration) -> Status {
    let mut status = identity.status().expect("a status");
    wait_until("the run ends", limit, || {
        status = identity.status().expect("a status");
        status != Status::Running
    });
    status
}

pub(crate) fn wait_until(what: &str, limit: Duration, mut holds: impl FnMut() -> bool) {
    let end = Instant::now() + limit;
    while !holds() {
        assert!(Instant::now() < end, "waited {limit:?} in vain until {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

fn executable(path: &Path, text: &str) {
    fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
    fs::write(path, text).expect("a file");
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).expect("permissions");
}
