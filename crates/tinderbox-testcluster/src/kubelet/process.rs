//! Processes of containers, each a group of its own, none of which outlives the cluster.

use super::ContainerLog;
use crate::shared::lock;
use nix::sys::signal::{Signal, kill, killpg};
use nix::unistd::Pid;
use std::collections::BTreeSet;
use std::io::{self, Write as _};
use std::os::fd::OwnedFd;
use std::os::unix::process::{CommandExt as _, ExitStatusExt as _};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::io::AsyncReadExt as _;
use tokio::net::unix::pipe;

/// How long the rest of a log may take to come once the process has ended.
const LOG_ENDS: Duration = Duration::from_secs(2);

/// Keeps the groups that it reads, and kills them and removes their folder when its input ends: that is, when the test's
/// process has ended, in whatever way.
const REAPER: &str = r#"
groups=' '
while read -r sign group; do
  case $sign in
    +) groups="$groups$group " ;;
    -) groups="${groups%% $group *} ${groups#* $group }" ;;
  esac
done
for group in $groups; do kill -KILL "-$group" 2>/dev/null; done
rm -rf "$1"
"#;

#[derive(Debug)]
pub(super) struct ProcessGroups {
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    running: BTreeSet<i32>,
    closed: bool,
    reaper: Child,
    orders: Option<ChildStdin>,
}

impl ProcessGroups {
    pub(super) fn start(folder: &Path) -> io::Result<Self> {
        let mut reaper = Command::new("/bin/sh")
            .args(["-c", REAPER, "reaper"])
            .arg(folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .process_group(0)
            .spawn()?;
        let orders = reaper.stdin.take();
        let state = State { running: BTreeSet::new(), closed: false, reaper, orders };
        Ok(Self { state: Mutex::new(state) })
    }

    pub(super) fn all(&self) -> Vec<i32> {
        lock(&self.state).running.iter().copied().collect()
    }

    pub(super) fn kill_all(&self) {
        let mut state = lock(&self.state);
        state.closed = true;
        for group in std::mem::take(&mut state.running) {
            kill_group(group);
        }
        state.orders = None;
    }

    fn add(&self, group: i32) {
        let mut state = lock(&self.state);
        if state.closed {
            kill_group(group);
            return;
        }
        state.running.insert(group);
        state.order('+', group);
    }

    fn remove(&self, group: i32) {
        let mut state = lock(&self.state);
        state.running.remove(&group);
        state.order('-', group);
    }
}

impl Drop for ProcessGroups {
    fn drop(&mut self) {
        self.kill_all();
        // Its input has ended, so it ends.
        let _ = lock(&self.state).reaper.wait();
    }
}

impl State {
    fn order(&mut self, sign: char, group: i32) {
        if let Some(orders) = &mut self.orders {
            // A reaper that was killed is not worth a test's failure.
            let _ = writeln!(orders, "{sign} {group}");
        }
    }
}

pub(super) fn kill_group(group: i32) {
    // It may have ended by itself.
    let _ = killpg(Pid::from_raw(group), Signal::SIGKILL);
}

/// Asks the first process of a group to end, which is what Kubernetes does.
pub(super) fn ask_to_end(group: i32) {
    let _ = kill(Pid::from_raw(group), Signal::SIGTERM);
}

/// A process that was started. Its number is its group's, too.
#[derive(Debug)]
pub(super) struct Process {
    pub(super) group: i32,
    child: tokio::process::Child,
    log: Arc<ContainerLog>,
    output: pipe::Receiver,
}

/// Starts a process whose output goes into a log.
pub(super) fn start(
    mut command: Command,
    log: Arc<ContainerLog>,
    groups: &ProcessGroups,
) -> io::Result<Process> {
    let (output, input) = io::pipe()?;
    command.stdin(Stdio::null()).stdout(input.try_clone()?).stderr(input).process_group(0);
    let mut command = tokio::process::Command::from(command);
    let child = command.kill_on_drop(true).spawn()?;
    // The command holds our copies of the pipe's end.
    drop(command);
    let id = child.id().and_then(|id| i32::try_from(id).ok());
    let group = id.ok_or_else(|| io::Error::other("the process has no number"))?;
    groups.add(group);
    let output = pipe::Receiver::from_owned_fd(OwnedFd::from(output))?;
    Ok(Process { group, child, log, output })
}

impl Process {
    /// The exit code as a shell gives it: 128 and the signal when there was one. What the process leaves behind in its
    /// group is killed, as it would be with its container.
    pub(super) async fn ended(mut self, groups: &ProcessGroups) -> i32 {
        let mut buffer = vec![0; 64 << 10];
        let mut open = true;
        let status = loop {
            tokio::select! {
                status = self.child.wait() => break status,
                read = self.output.read(&mut buffer), if open => match read {
                    Ok(0) | Err(_) => open = false,
                    Ok(count) => self.log.append(&buffer[..count]),
                },
            }
        };
        kill_group(self.group);
        groups.remove(self.group);
        let rest = async {
            while let Ok(count) = self.output.read(&mut buffer).await {
                if count == 0 {
                    break;
                }
                self.log.append(&buffer[..count]);
            }
        };
        // A process that left the group may still hold the pipe.
        let _ = tokio::time::timeout(LOG_ENDS, rest).await;
        self.log.close();
        status.map_or(255, |status| {
            status.code().or_else(|| status.signal().map(|signal| 128 + signal)).unwrap_or(255)
        })
    }
}
