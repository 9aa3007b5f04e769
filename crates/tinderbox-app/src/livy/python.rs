//! The process of a session of kind `pyspark`: users' code runs there and nowhere else.

use crate::{Error, blocking};
use serde::{Deserialize, Serialize};
use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;
use tempfile::TempDir;
use tinderbox_engine::{Host, SparkInstalls};
use tinderbox_model::SparkVersion;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};

const PROGRAM: &str = include_str!("pyspark.py");
/// How long Python may take to begin: importing PySpark takes some seconds on a busy machine.
const STARTS: Duration = Duration::from_secs(120);
/// How long a statement may take to end after its interrupt, before its process is ended.
const ENDS: Duration = Duration::from_secs(10);
/// The longest answer; the program cuts before.
const ANSWER_BYTES: u64 = 32 << 20;

/// Python with a session on a server. Its process ends with this.
#[derive(Debug)]
pub(super) struct Python {
    /// Ended when it is dropped.
    _child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
    /// What has come of an answer: waiting for the rest may be given up and begun again.
    line: Vec<u8>,
    /// Statements that were sent.
    sent: u64,
    /// Its working directory and home.
    _folder: TempDir,
}

/// What a statement gives.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(default)]
pub(super) struct Said {
    pub(super) text: Option<String>,
    pub(super) ename: Option<String>,
    pub(super) evalue: Option<String>,
    pub(super) traceback: Vec<String>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Asked<'a> {
    Statement { number: u64, code: &'a str },
    Interrupt { interrupt: u64 },
}

impl Python {
    /// Starts it with the PySpark of a Spark 4 on this machine. `remote` may hold a token: it goes into the environment.
    pub(super) async fn start(host: Host, remote: &str) -> Result<Self, String> {
        let python = interpreter(host).await.map_err(|error| super::session::told(&error))?;
        let begin = || -> std::io::Result<(TempDir, Child)> {
            let folder = tempfile::Builder::new().prefix("livy-").tempdir()?;
            // Ends with this process, however that ends.
            let child = Command::new("setpriv")
                .args(["--pdeathsig", "KILL", "--"])
                .arg(&python)
                .args(["-I", "-u", "-c", PROGRAM])
                .env_clear()
                .env("PATH", "/usr/local/bin:/usr/bin:/bin")
                .env("LANG", "C.UTF-8")
                .env("HOME", folder.path())
                .env("TMPDIR", folder.path())
                .env("SPARK_REMOTE", remote)
                .current_dir(folder.path())
                .stdin(Stdio::piped())
                .stdout(Stdio::piped())
                .stderr(Stdio::null())
                .kill_on_drop(true)
                .spawn()?;
            Ok((folder, child))
        };
        let (folder, mut child) =
            begin().map_err(|error| format!("cannot start {}: {error}", python.display()))?;
        let (Some(input), Some(output)) = (child.stdin.take(), child.stdout.take()) else {
            return Err("Python has no streams".to_owned());
        };
        let output = BufReader::new(output);
        let mut started =
            Self { _child: child, input, output, line: Vec::new(), sent: 0, _folder: folder };
        let ready = tokio::time::timeout(STARTS, started.answer()).await;
        match ready {
            Ok(Ok(_)) => Ok(started),
            Ok(Err(problem)) => Err(format!(
                "{problem}; {} needs the client of Spark Connect: pip install 'pyspark[connect]'",
                python.display()
            )),
            Err(_) => Err(format!("Python did not begin within {} s", STARTS.as_secs())),
        }
    }

    /// Sends a statement, which has one answer; one at a time.
    pub(super) async fn send(&mut self, code: &str) -> Result<(), String> {
        self.sent += 1;
        self.write(&Asked::Statement { number: self.sent, code }).await
    }

    /// Interrupts the statement that was sent last and waits for its end; false when it did not come, and the session cannot go on.
    pub(super) async fn interrupt(&mut self) -> bool {
        self.write(&Asked::Interrupt { interrupt: self.sent }).await.is_ok()
            && matches!(tokio::time::timeout(ENDS, self.answer()).await, Ok(Ok(_)))
    }

    /// The answer to the statement that was sent last. Who gives up waiting may wait again.
    pub(super) async fn answer(&mut self) -> Result<Said, String> {
        let mut limited = (&mut self.output).take(ANSWER_BYTES - self.line.len() as u64);
        let read = limited.read_until(b'\n', &mut self.line).await;
        read.map_err(|error| format!("Python is gone: {error}"))?;
        let line = std::mem::take(&mut self.line);
        if line.is_empty() {
            return Err("Python has ended".to_owned());
        }
        serde_json::from_slice(&line)
            .map_err(|error| format!("Python answers something else: {error}"))
    }

    async fn write(&mut self, asked: &Asked<'_>) -> Result<(), String> {
        // Texts and numbers always serialize.
        let line = serde_json::to_string(asked).unwrap_or_default();
        let gone = |error: std::io::Error| format!("Python is gone: {error}");
        self.input.write_all(format!("{line}\n").as_bytes()).await.map_err(gone)?;
        self.input.flush().await.map_err(gone)
    }
}

/// The Python of a Spark 4, whose client speaks to Sail and to servers of 3.5 and 4.
async fn interpreter(host: Host) -> Result<PathBuf, Error> {
    blocking(move || {
        let installs = SparkInstalls::discover(&host);
        let wanted = SparkVersion::parse("4");
        let (spark, _) = installs.select(wanted.as_ref()).map_err(Error::Engine)?;
        let none = || Error::Engine(tinderbox_engine::Error::NoPython { home: spark.home.clone() });
        spark.python.clone().ok_or_else(none)
    })
    .await
}
