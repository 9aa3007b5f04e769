//! Sail as a child process: one Python environment, one process, one temporary folder.

mod install;

use crate::Error;
use std::collections::VecDeque;
use std::fs::{self, File};
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;
use tempfile::TempDir;
use tinderbox_model::Bytes;
use tokio::sync::oneshot;

/// The version of the Python package `pysail` that is installed and started: what Sail computes is only compared
/// with Spark for this one.
pub const SAIL_VERSION: &str = "0.7.2";

/// How long Sail may take to say where it listens. It takes 0.1 s on an idle machine.
const STARTS: Duration = Duration::from_secs(30);
/// How much of Sail's log is kept for an error.
const TAIL_LINES: usize = 8;
/// Longest line of Sail's log that is read.
const LINE_BYTES: u64 = 16 << 10;
/// What Sail needs besides the memory of queries, as the kernel counts it for `RLIMIT_DATA`: measured 1.1 GB when
/// idle, of which 45 MB are resident. The rest is reserved by thread stacks and by the allocator.
const OVERHEAD: Bytes = Bytes(3 << 30);

/// Where Sail is installed: a Python environment of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SailEnvironment {
    folder: PathBuf,
    variables: Vec<(String, String)>,
}

impl SailEnvironment {
    /// The environment in `folder`, which need not exist. A relative path counts from here on, not from where Sail works.
    pub fn at(folder: impl Into<PathBuf>) -> Self {
        let folder = folder.into();
        let folder = std::path::absolute(&folder).unwrap_or(folder);
        Self { folder, variables: Vec::new() }
    }

    /// The same with a variable that Sail's process has in its environment, to be known by.
    #[must_use]
    pub fn with_variable(mut self, name: &str, value: &str) -> Self {
        self.variables.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Whether it holds the pinned version. Starts nothing.
    pub fn is_ready(&self) -> bool {
        self.python().exists() && self.has_package()
    }

    fn python(&self) -> PathBuf {
        self.folder.join("bin/python")
    }

    fn has_package(&self) -> bool {
        let libraries = fs::read_dir(self.folder.join("lib")).into_iter().flatten().flatten();
        let package = format!("site-packages/pysail-{SAIL_VERSION}.dist-info/RECORD");
        libraries.into_iter().any(|library| library.path().join(&package).exists())
    }
}

/// Locked in a working directory for as long as whoever started its Sail lives.
const OWNER: &str = ".owner";

/// Removes working directories whose owners were killed.
fn sweep(temporary: &Path) {
    for entry in fs::read_dir(temporary).into_iter().flatten().flatten() {
        if !entry.file_name().to_string_lossy().starts_with("sail-") {
            continue;
        }
        let owner = File::open(entry.path().join(OWNER));
        // One that is locked is in use, one without is being made.
        if owner.is_ok_and(|owner| owner.try_lock().is_ok()) {
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}

/// What a Sail may use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SailLimits {
    /// Memory of all queries together. Sail spills beyond it; 3 GiB more end the process.
    pub memory: Bytes,
    /// Disk for what is spilled.
    pub temporary: Bytes,
}

/// A running Sail. It ends when this is dropped, and when the process that started it ends however it does.
#[derive(Debug)]
pub struct Sail {
    url: String,
    child: Arc<Mutex<Option<Child>>>,
    keeper: Option<JoinHandle<()>>,
}

impl Sail {
    /// Starts Sail on a free loopback port. `temporary` is an existing folder; a folder in it, empty and of its own,
    /// is Sail's working directory and is removed with it.
    ///
    /// # Errors
    /// [`Error::NoSail`], [`Error::NoProgram`], [`Error::Temporary`], [`Error::NotStarted`].
    pub async fn start(
        environment: &SailEnvironment,
        temporary: &Path,
        limits: SailLimits,
    ) -> Result<Self, Error> {
        if !environment.is_ready() {
            return Err(Error::NoSail { folder: environment.folder.clone() });
        }
        let work = tempfile::Builder::new().prefix("sail-").tempdir_in(temporary);
        let failed = |source| Error::Temporary { folder: temporary.to_owned(), source };
        let work = work.map_err(failed)?;
        let owner = File::create(work.path().join(OWNER)).map_err(failed)?;
        owner.try_lock().map_err(|error| failed(error.into()))?;
        sweep(temporary);
        let command = command(environment, work.path(), limits);
        let child = Arc::new(Mutex::new(None));
        let (said, address) = oneshot::channel();
        let kept = Arc::clone(&child);
        let keeper = std::thread::Builder::new()
            .name("sail".to_owned())
            .spawn(move || keep(command, (work, owner), &kept, said))
            .map_err(|source| Error::NoProgram { program: "a thread".to_owned(), source })?;
        // From here on dropping ends the process.
        let mut sail = Self { url: String::new(), child, keeper: Some(keeper) };
        match tokio::time::timeout(STARTS, address).await {
            Ok(Ok(said)) => sail.url = format!("sc://{}", said?),
            Ok(Err(_)) => return Err(Error::NotStarted { tail: "its thread ended".to_owned() }),
            Err(_) => {
                let tail = format!("it said nothing for {} s", STARTS.as_secs());
                return Err(Error::NotStarted { tail });
            }
        }
        Ok(sail)
    }

    /// Where it listens: `sc://127.0.0.1:PORT`.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Whether it still runs.
    pub fn is_alive(&self) -> bool {
        lock(&self.child).is_some()
    }
}

impl Drop for Sail {
    fn drop(&mut self) {
        if let Some(child) = lock(&self.child).as_mut() {
            // Fails only when it has ended already.
            let _ = child.kill();
        }
        if let Some(keeper) = self.keeper.take() {
            // Killed processes end within milliseconds; the temporary folder is gone then.
            let _ = keeper.join();
        }
    }
}

/// `setpriv --pdeathsig` ends Sail with the thread that started it, so that thread lives as long as Sail does.
/// `python -I` reads neither environment nor working directory for modules.
fn command(environment: &SailEnvironment, work: &Path, limits: SailLimits) -> Command {
    let mut command = Command::new("setpriv");
    command.args(["--pdeathsig", "KILL", "--", "prlimit"]);
    command.arg(format!("--data={}", limits.memory.0.saturating_add(OVERHEAD.0)));
    command.arg("--core=0").arg("--").arg(environment.python());
    command.args(["-I", "-m", "pysail", "spark", "server", "--ip", "127.0.0.1", "--port", "0"]);
    command.env_clear();
    command.envs([
        ("PATH", "/usr/sbin:/usr/bin:/sbin:/bin"),
        ("LANG", "C.UTF-8"),
        ("RUST_LOG", "warn,sail_cli=info"),
        ("SAIL_RUNTIME__MEMORY_POOL__TYPE", "fair"),
    ]);
    command.envs(environment.variables.iter().cloned());
    command.env("HOME", work).env("TMPDIR", work);
    command.env("SAIL_RUNTIME__MEMORY_POOL__FAIR__MAX_SIZE", limits.memory.0.to_string());
    command.env("SAIL_RUNTIME__TEMPORARY_FILES__MAX_SIZE", limits.temporary.0.to_string());
    command.current_dir(work);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
    command
}

/// Starts Sail, reads its log to the end, and waits for it.
fn keep(
    mut command: Command,
    work: (TempDir, File),
    child: &Mutex<Option<Child>>,
    said: oneshot::Sender<Result<String, Error>>,
) {
    let mut started = match command.spawn() {
        Ok(started) => started,
        Err(source) => {
            let _ = said.send(Err(Error::NoProgram { program: "setpriv".to_owned(), source }));
            return;
        }
    };
    let log = started.stderr.take();
    *lock(child) = Some(started);
    let mut said = Some(said);
    let mut tail = VecDeque::new();
    if let Some(log) = log {
        read_lines(log, |line| {
            if let Some(address) = address_in(line)
                && let Some(said) = said.take()
                && said.send(Ok(address.to_owned())).is_err()
                && let Some(child) = lock(child).as_mut()
            {
                // Nobody waits any more.
                let _ = child.kill();
            }
            tracing::debug!(target: "tinderbox::sail", "{line}");
            if tail.len() == TAIL_LINES {
                tail.pop_front();
            }
            tail.push_back(line.to_owned());
        });
    }
    // The log ends with the process; until it is reaped nobody may take it for alive.
    if let Some(mut ended) = lock(child).take() {
        let _ = ended.kill();
        let status = ended.wait();
        if let Some(said) = said {
            let status = status.map_or_else(|error| error.to_string(), |status| status.to_string());
            tail.push_back(status);
            let tail = Vec::from(tail).join("; ");
            let _ = said.send(Err(Error::NotStarted { tail }));
        }
    }
    drop(work);
}

fn read_lines(log: impl Read, mut each: impl FnMut(&str)) {
    let mut log = BufReader::new(log);
    let mut line = Vec::new();
    loop {
        line.clear();
        match log.by_ref().take(LINE_BYTES).read_until(b'\n', &mut line) {
            Ok(0) | Err(_) => return,
            Ok(_) => each(String::from_utf8_lossy(&line).trim_end()),
        }
    }
}

/// Sail's log line is `[TIME INFO sail_cli::spark::server] Starting the Spark Connect server on 127.0.0.1:PORT...`.
/// The socket is bound before it is written.
fn address_in(line: &str) -> Option<&str> {
    let (_, rest) = line.split_once("Spark Connect server on ")?;
    let address = rest.trim_end_matches('.');
    address.parse::<std::net::SocketAddr>().is_ok().then_some(address)
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn address_is_read_from_the_log_line_and_from_no_other() {
        let line = "[2026-11-25T04:15:47Z INFO sail_cli::spark::server] Starting the Spark Connect server on 127.0.0.1:37945...";
        assert_eq!(address_in(line), Some("127.0.0.1:37945"));
        assert_eq!(address_in("Starting the Spark Connect server on localhost"), None);
        assert_eq!(address_in("Shutting down"), None);
    }

    #[test]
    fn environment_without_the_pinned_version_is_not_ready() {
        let dir = tempfile::tempdir().unwrap();
        let environment = SailEnvironment::at(dir.path());
        assert!(!environment.is_ready());
        fs::create_dir_all(dir.path().join("bin")).unwrap();
        fs::write(dir.path().join("bin/python"), "").unwrap();
        let packages = dir.path().join("lib/python3.11/site-packages");
        fs::create_dir_all(packages.join("pysail-0.0.1.dist-info")).unwrap();
        fs::write(packages.join("pysail-0.0.1.dist-info/RECORD"), "").unwrap();
        assert!(!environment.is_ready());
        let wanted = packages.join(format!("pysail-{SAIL_VERSION}.dist-info"));
        fs::create_dir_all(&wanted).unwrap();
        fs::write(wanted.join("RECORD"), "").unwrap();
        assert!(environment.is_ready());
    }

    #[test]
    fn working_directories_of_killed_owners_are_removed() {
        let folder = tempfile::tempdir().unwrap();
        let made = ["sail-left", "sail-used", "sail-new", "other"].map(|name| {
            let path = folder.path().join(name);
            fs::create_dir(&path).unwrap();
            path
        });
        let owners: Vec<File> =
            [0, 1, 3].map(|at: usize| File::create(made[at].join(OWNER)).unwrap()).into();
        owners[1].lock().unwrap();
        sweep(folder.path());
        assert_eq!(made.map(|path| path.exists()), [false, true, true, true]);
    }

    #[tokio::test]
    async fn missing_sail_is_an_error_that_says_how_to_install_it() {
        let dir = tempfile::tempdir().unwrap();
        let limits = SailLimits { memory: Bytes(1 << 30), temporary: Bytes(1 << 30) };
        let environment = SailEnvironment::at(dir.path().join("sail"));
        let error = Sail::start(&environment, dir.path(), limits).await.unwrap_err();
        assert!(matches!(error, Error::NoSail { .. }), "{error}");
        assert_eq!(error.hint().as_deref(), Some("tinderbox engine install sail"));
    }
}
