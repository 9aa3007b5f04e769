//! One attempt of a run: its folder, and the processes that carry its marker.
//!
//! | file | written by | means |
//! |---|---|---|
//! | `launched` | launcher, exclusively, before anything is started | a launch was begun; there will be no second one |
//! | `pid` | supervisor, exclusively, before it starts Spark | process id and start time; `void`: it will never start |
//! | `exit_code` | supervisor, renamed into place | Spark ended with this code |
//! | `cancelled` | whoever cancels, before the first signal | the end was asked for |

use crate::cluster::{Identity, Target};
use crate::process::Process;
use crate::{AttemptLog, Error};
use nix::sys::signal::Signal;
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use tinderbox_model::{AttemptNumber, RunId};

/// What is known of an attempt before it is launched. Store it first, then launch: with it the attempt is
/// found again after any crash.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Intent {
    /// The attempt's own folder, absolute. Made by the launch.
    pub directory: PathBuf,
    /// What every process of the attempt carries as `TINDERBOX_ATTEMPT`: `<run>/<attempt>`.
    pub marker: String,
    /// Where it is to run.
    #[serde(default)]
    pub target: Target,
}

/// An attempt that was started on this machine.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LocalProcesses {
    /// What was stored before.
    pub intent: Intent,
    /// The supervisor's process id, which is also its process group and session.
    pub pid: i32,
    /// When the supervisor started, in clock ticks since the start of the machine (field 22 of proc(5)'s `stat`):
    /// tells it from a later process with the same id.
    pub started_ticks: u64,
}

/// What became of an attempt whose launch may have been cut short. `I` is what it is followed by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Trace<I = Identity> {
    /// No launch was begun. It may be launched.
    NotLaunched,
    /// A launch was begun and nothing was started, nor ever will be. Only a new attempt can run.
    NeverStarted,
    /// It was started.
    Started(I),
    /// The cluster may or may not have started it. Looking again may tell.
    Unknown {
        /// Why it cannot be told, a sentence for people.
        why: String,
    },
}

/// Where an attempt stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Status {
    /// The cluster has accepted it and its driver does not run yet.
    Waiting {
        /// What it waits for, where the cluster says it.
        reason: Option<String>,
    },
    /// Processes of it are alive.
    Running,
    /// Spark ended.
    Exited {
        /// The exit code of `spark-submit`; 128 + N when signal N ended it, as shells count.
        code: i32,
    },
    /// The driver ended, on a cluster that tells no exit code.
    Ended {
        /// How.
        outcome: Outcome,
        /// What the cluster says of it.
        message: Option<String>,
    },
    /// It is gone and nobody could record the exit code: the supervisor was killed, the machine was restarted, or the
    /// cluster has forgotten it.
    Vanished,
}

/// How a driver ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// With exit code 0.
    Succeeded,
    /// With another one, or it could not be started.
    Failed,
    /// On demand.
    Killed,
}

impl Status {
    /// Whether it stays so.
    pub fn is_final(&self) -> bool {
        !matches!(self, Self::Waiting { .. } | Self::Running)
    }
}

impl<I> Trace<I> {
    pub(crate) fn map<J>(self, name: impl FnOnce(I) -> J) -> Trace<J> {
        match self {
            Self::NotLaunched => Trace::NotLaunched,
            Self::NeverStarted => Trace::NeverStarted,
            Self::Started(identity) => Trace::Started(name(identity)),
            Self::Unknown { why } => Trace::Unknown { why },
        }
    }
}

/// How long a supervisor that is being started may take to write its process id.
const START_TIME_LIMIT: Duration = Duration::from_secs(10);
/// How long processes may take to disappear after SIGKILL: long, because a process in the kernel's hands
/// (a hanging disk) does not react. A guess.
const KILL_TIME_LIMIT: Duration = Duration::from_secs(10);
/// How long a supervisor may need to end after it has recorded the end. A guess.
const SUPERVISOR_ENDS: Duration = Duration::from_secs(2);
/// How often a wait looks.
const POLL: Duration = Duration::from_millis(50);
/// After what time a process that was signaled and stays is signaled again.
const SIGNAL_AGAIN: Duration = Duration::from_secs(1);
const VOID: &str = "void\n";

impl Intent {
    /// The intent to run `attempt` of `run` in `directory`, an absolute path that no other attempt uses.
    pub fn new(directory: impl Into<PathBuf>, run: &RunId, attempt: AttemptNumber) -> Self {
        let marker = format!("{run}/{attempt}");
        Self { directory: directory.into(), marker, target: Target::Local }
    }

    /// The same on another engine.
    #[must_use]
    pub fn on(self, target: Target) -> Self {
        Self { target, ..self }
    }

    /// The folder that the driver reads its program from and writes its event log to.
    pub fn shared_folder(&self) -> PathBuf {
        match &self.target {
            Target::Local | Target::Kubernetes(_) => self.directory.clone(),
            Target::Standalone(target) => target.shared_folder(self),
            Target::Yarn(target) => target.shared_folder(self),
        }
    }

    /// What became of it on this machine. When a launch was cut short before Spark was started, this makes sure that it
    /// stays so: a supervisor still on its way finds its place taken and ends.
    ///
    /// # Errors
    /// [`Error::Read`], [`Error::Write`], and [`Error::NotStarted`] when a supervisor lives and does not
    /// write its process id.
    pub fn find(&self) -> Result<Trace<LocalProcesses>, Error> {
        let launched = self.file("launched");
        match launched.try_exists() {
            Ok(true) => self.settle(),
            Ok(false) => Ok(Trace::NotLaunched),
            Err(source) => Err(Error::Read { path: launched, source }),
        }
    }

    /// Whether somebody asked for the end.
    pub fn was_cancelled(&self) -> bool {
        self.file("cancelled").exists()
    }

    /// The log of the driver, or as much of it as is here.
    pub fn driver_log(&self) -> AttemptLog {
        AttemptLog::of_driver(&self.directory)
    }

    /// Says that the end was asked for. The end matters more than the note: with a full disk the run still ends.
    pub(crate) fn note_cancelled(&self) {
        let note = self.file("cancelled");
        if let Err(error) = OpenOptions::new().create(true).append(true).open(&note) {
            tracing::warn!(file = %note.display(), %error, "cannot record that the run is cancelled");
        }
    }

    /// Makes the attempt's folder, for its owner only.
    pub(crate) fn make_folder(&self) -> Result<(), Error> {
        let folder = &self.directory;
        let made = fs::DirBuilder::new().recursive(true).mode(0o700).create(folder);
        made.map_err(|source| Error::Write { path: folder.clone(), source })
    }

    /// Takes the one launch of the attempt, or refuses.
    pub(crate) fn begin(&self) -> Result<(), Error> {
        let failed = |path: &Path| {
            let path = path.to_owned();
            move |source| Error::Write { path, source }
        };
        self.make_folder()?;
        let mark = self.file("launched");
        match write_new(&mark, "") {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                Err(Error::AlreadyLaunched { directory: self.directory.clone() })
            }
            written => written.map_err(failed(&mark)),
        }
    }

    /// Waits for a launched supervisor's process id.
    pub(crate) fn await_start(&self) -> Result<LocalProcesses, Error> {
        let limit = Instant::now() + START_TIME_LIMIT;
        while Instant::now() < limit {
            match self.read_pid()? {
                PidFile::Identity(identity) => return Ok(identity),
                PidFile::Void => break,
                PidFile::Missing | PidFile::Empty => {}
            }
            std::thread::sleep(Duration::from_millis(2));
        }
        match self.settle()? {
            Trace::Started(identity) => Ok(identity),
            _ => Err(self.not_started()),
        }
    }

    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.directory.join(name)
    }

    fn settle(&self) -> Result<Trace<LocalProcesses>, Error> {
        let limit = Instant::now() + START_TIME_LIMIT;
        loop {
            let before = self.read_pid()?;
            if let Some(trace) = before.settled() {
                return Ok(trace);
            }
            if Process::marked(&self.marker).is_empty() {
                let after = self.read_pid()?;
                if let Some(trace) = after.settled() {
                    return Ok(trace);
                }
                // Missing: a supervisor may be on its way, and whoever makes the file first decides.
                // Empty before and after, and nobody alive in between: it was killed while it wrote.
                let never = match (before, after) {
                    (_, PidFile::Missing) => self.claim_pid()?,
                    (before, _) => matches!(before, PidFile::Empty),
                };
                if never {
                    return Ok(Trace::NeverStarted);
                }
            }
            if Instant::now() >= limit {
                return Err(self.not_started());
            }
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// Takes the supervisor's place, so that it can never start. False when it was first.
    fn claim_pid(&self) -> Result<bool, Error> {
        let path = self.file("pid");
        match write_new(&path, VOID) {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(false),
            Err(source) => Err(Error::Write { path, source }),
        }
    }

    fn read_pid(&self) -> Result<PidFile, Error> {
        let path = self.file("pid");
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(PidFile::Missing),
            Err(source) => return Err(Error::Read { path, source }),
        };
        if text == VOID {
            return Ok(PidFile::Void);
        }
        let numbers = text.strip_suffix('\n').and_then(|line| line.split_once(' '));
        let parsed =
            numbers.and_then(|(pid, ticks)| Some((pid.parse().ok()?, ticks.parse().ok()?)));
        Ok(parsed.map_or(PidFile::Empty, |(pid, started_ticks)| {
            PidFile::Identity(LocalProcesses { intent: self.clone(), pid, started_ticks })
        }))
    }

    fn not_started(&self) -> Error {
        let tail = AttemptLog::of_driver(&self.directory).tail(1024).map(|page| page.text);
        Error::NotStarted {
            directory: self.directory.clone(),
            log_tail: tail.unwrap_or_default().trim().to_owned(),
        }
    }
}

/// `Empty` also stands for a file that is just being written.
enum PidFile {
    Missing,
    Empty,
    Void,
    Identity(LocalProcesses),
}

impl PidFile {
    fn settled(&self) -> Option<Trace<LocalProcesses>> {
        match self {
            Self::Missing | Self::Empty => None,
            Self::Void => Some(Trace::NeverStarted),
            Self::Identity(identity) => Some(Trace::Started(identity.clone())),
        }
    }
}

impl LocalProcesses {
    /// Where the attempt stands. When only the supervisor was killed, Spark goes on and so does `Running`.
    ///
    /// # Errors
    /// [`Error::Read`].
    pub fn status(&self) -> Result<Status, Error> {
        if let Some(code) = self.exit_code()? {
            return Ok(Status::Exited { code });
        }
        if self.supervisor().is_some() || !Process::marked(&self.intent.marker).is_empty() {
            return Ok(Status::Running);
        }
        // The supervisor may have recorded the code and ended between the two looks.
        Ok(self.exit_code()?.map_or(Status::Vanished, |code| Status::Exited { code }))
    }

    /// [`Status::Running`] when a short look says so; `None` when [`Self::status`] has to look closer.
    pub(crate) fn still_runs(&self) -> Option<Status> {
        let has_ended = self.intent.file("exit_code").exists();
        (!has_ended && self.supervisor().is_some()).then_some(Status::Running)
    }

    /// Ends the attempt and everything it started: SIGTERM, then SIGKILL to what is left after `grace`.
    /// Answers the final status, which is what happened and not what was asked for: a run that ended by itself
    /// in the meantime keeps its code. Afterwards no process of the attempt is left, and an exit code is
    /// recorded also when nobody else could. Calling it again, or from another process, is harmless.
    ///
    /// # Errors
    /// [`Error::StillRunning`] when a process survives SIGKILL, [`Error::Read`], [`Error::Write`].
    pub async fn cancel(&self, grace: Duration) -> Result<Status, Error> {
        if self.status()? != Status::Running && self.others().is_empty() {
            return self.status();
        }
        self.intent.note_cancelled();

        let term_ended = self.signal_until_gone(Signal::SIGTERM, grace).await?;
        if !term_ended && !self.signal_until_gone(Signal::SIGKILL, KILL_TIME_LIMIT).await? {
            let pids: Vec<i32> = self.others().iter().map(|process| process.pid).collect();
            if !pids.is_empty() {
                return Err(self.still_running(pids));
            }
            self.supervisor().into_iter().for_each(|process| process.signal(Signal::SIGKILL));
        }
        // It ends right after it has recorded the end.
        let limit = Instant::now() + SUPERVISOR_ENDS;
        while self.supervisor().is_some() && Instant::now() < limit {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        match self.status()? {
            Status::Exited { code } => Ok(Status::Exited { code }),
            _ => {
                let signal = if term_ended { Signal::SIGTERM } else { Signal::SIGKILL };
                self.record_exit_code(128 + signal as i32)
            }
        }
    }

    /// Frees what an ended attempt no longer needs: leftover processes, `tmp`, and Spark's local folders with
    /// shuffle files. The program, the log, the event log and the warehouse stay. May be called again.
    ///
    /// # Errors
    /// [`Error::StillRunning`] while it runs, [`Error::Write`].
    pub fn clean_up(&self) -> Result<(), Error> {
        if self.status()? == Status::Running {
            return Err(self.still_running(vec![self.pid]));
        }
        self.others().into_iter().for_each(|process| process.signal(Signal::SIGKILL));
        for name in ["tmp", "local"] {
            let path = self.intent.file(name);
            match fs::remove_dir_all(&path) {
                Ok(()) => {}
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(source) => return Err(Error::Write { path, source }),
            }
        }
        Ok(())
    }

    /// Signals every process but the supervisor, also those that appear meanwhile, until the supervisor has
    /// recorded the end or is gone too. False when `limit` has passed before. Who stays is signaled again: a shell's
    /// child that has not yet begun to run still has the shell's handlers and loses the signal.
    async fn signal_until_gone(&self, signal: Signal, limit: Duration) -> Result<bool, Error> {
        let end = Instant::now() + limit;
        let mut signaled: HashMap<Process, Instant> = HashMap::new();
        loop {
            let others = self.others();
            if others.is_empty() && self.status()? != Status::Running {
                return Ok(true);
            }
            for process in others {
                if signaled.get(&process).is_none_or(|at| at.elapsed() >= SIGNAL_AGAIN) {
                    process.signal(signal);
                    signaled.insert(process, Instant::now());
                }
            }
            if Instant::now() >= end {
                return Ok(false);
            }
            tokio::time::sleep(POLL.min(end.saturating_duration_since(Instant::now()))).await;
        }
    }

    fn supervisor(&self) -> Option<Process> {
        Process::with_marker(self.pid, &self.intent.marker)
            .filter(|process| process.started_ticks == self.started_ticks)
    }

    /// All processes of the attempt except the supervisor, which must live to record the exit code.
    fn others(&self) -> Vec<Process> {
        let mut processes = Process::marked(&self.intent.marker);
        processes.retain(|p| (p.pid, p.started_ticks) != (self.pid, self.started_ticks));
        processes
    }

    fn exit_code(&self) -> Result<Option<i32>, Error> {
        let path = self.intent.file("exit_code");
        match fs::read_to_string(&path) {
            Ok(text) => text.trim().parse().map(Some).map_err(|error| Error::Read {
                path,
                source: io::Error::new(io::ErrorKind::InvalidData, error),
            }),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(source) => Err(Error::Read { path, source }),
        }
    }

    /// Only called when no supervisor lives that could do it.
    fn record_exit_code(&self, code: i32) -> Result<Status, Error> {
        let written = self.intent.file("exit_code.cancel");
        let place = self.intent.file("exit_code");
        let failed = |path: &Path| {
            let path = path.to_owned();
            move |source| Error::Write { path, source }
        };
        fs::write(&written, format!("{code}\n")).map_err(failed(&written))?;
        fs::rename(&written, &place).map_err(failed(&place))?;
        Ok(Status::Exited { code })
    }

    fn still_running(&self, pids: Vec<i32>) -> Error {
        Error::StillRunning { directory: self.intent.directory.clone(), pids }
    }
}

/// Writes a file that must not be there yet, readable by its owner only.
pub(crate) fn write_new(path: &Path, text: &str) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all(text.as_bytes())
}
