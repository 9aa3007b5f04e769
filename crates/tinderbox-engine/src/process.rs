//! Processes as `/proc` shows them. Source of the formats: proc(5).

use nix::errno::Errno;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use std::fs;

/// The variable by which every process of an attempt is recognized. Children inherit it, also those
/// that leave the process group, as the workers of PySpark do.
pub(crate) const MARKER: &str = "TINDERBOX_ATTEMPT";

/// One process. A process id alone may be given to another process once its owner has ended; together with
/// the start time it is unique until the machine restarts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Process {
    pub(crate) pid: i32,
    /// Clock ticks from the start of the machine to the start of the process.
    pub(crate) started_ticks: u64,
}

impl Process {
    /// All living processes that carry `marker`. Processes of other users cannot be read and never belong.
    pub(crate) fn marked(marker: &str) -> Vec<Self> {
        let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
        let pids = entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
        pids.filter_map(|pid| Self::with_marker(pid, marker)).collect()
    }

    /// The process `pid` if it lives and carries `marker`. A zombie has no environment and does not count as living.
    pub(crate) fn with_marker(pid: i32, marker: &str) -> Option<Self> {
        let environment = fs::read(format!("/proc/{pid}/environ")).ok()?;
        let wanted = format!("{MARKER}={marker}");
        let carries = environment.split(|byte| *byte == 0).any(|entry| entry == wanted.as_bytes());
        if !carries {
            return None;
        }
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        Some(Self { pid, started_ticks: started_ticks(&stat)? })
    }

    /// Sends a signal. A process that is gone already is no error; one that may not be signaled stays and
    /// is reported by whoever waits for its end.
    pub(crate) fn signal(self, signal: Signal) {
        let sent = kill(Pid::from_raw(self.pid), signal);
        if let Err(error) = sent
            && error != Errno::ESRCH
        {
            tracing::warn!(pid = self.pid, %signal, %error, "cannot signal a process");
        }
    }
}

/// Field 22 of `/proc/<pid>/stat`. The name in field 2 may hold spaces and parentheses.
fn started_ticks(stat: &str) -> Option<u64> {
    let (_, after_name) = stat.rsplit_once(')')?;
    after_name.split_whitespace().nth(19)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn start_time_is_read_behind_any_name() {
        let stat = "4242 (a) b (c)) S 1 4242 4242 0 -1 4194560 120 0 0 0 0 0 0 0 20 0 1 0 987654 2560000 90";
        assert_eq!(started_ticks(stat), Some(987_654));
        assert_eq!(started_ticks("4242 (cut off) S 1"), None);
    }

    #[test]
    fn process_without_the_marker_is_not_ours() {
        let own = i32::try_from(std::process::id()).expect("a process id");
        assert_eq!(Process::with_marker(own, "a-run/1"), None);
        assert_eq!(Process::marked("a-run/1"), Vec::new());
    }
}
