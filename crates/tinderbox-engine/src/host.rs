use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use tinderbox_model::Bytes;

/// This machine as a run may see it: variables, processors, memory. Taken at the edge, passed down.
#[derive(Debug, Clone)]
pub struct Host {
    /// The environment of this process. Runs get only a few of these (see [`crate::Launch`]).
    pub variables: BTreeMap<String, String>,
    /// Processors that this process may use.
    pub cores: u32,
    /// Memory of the machine, or of the container when that is less. Zero when it cannot be told.
    pub memory: Bytes,
}

impl Host {
    /// Measures this machine. `variables` are normally those of `std::env::vars`.
    pub fn measure(variables: impl IntoIterator<Item = (String, String)>) -> Self {
        let cores = std::thread::available_parallelism()
            .map_or(1, |cores| u32::try_from(cores.get()).unwrap_or(u32::MAX));
        Self { variables: variables.into_iter().collect(), cores, memory: memory() }
    }

    /// The same machine with one Spark, a Spark folder or a Python environment with PySpark, and no other.
    #[must_use]
    pub fn with_only_spark(&self, home: &Path) -> Self {
        let mut host = self.clone();
        host.variables.remove("SPARK_HOME");
        host.variables.insert("TINDERBOX_SPARK_HOMES".to_owned(), home.display().to_string());
        let others = |folder: &PathBuf| !folder.join("spark-submit").exists();
        let path: Vec<String> =
            self.path_folders().filter(others).map(|folder| folder.display().to_string()).collect();
        host.variables.insert("PATH".to_owned(), path.join(":"));
        host
    }

    /// A variable that is set and not empty.
    pub(crate) fn variable(&self, name: &str) -> Option<&str> {
        self.variables.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }

    /// The folders of `PATH`.
    pub(crate) fn path_folders(&self) -> impl Iterator<Item = PathBuf> {
        self.variable("PATH")
            .unwrap_or(DEFAULT_PATH)
            .split(':')
            .filter(|folder| folder.starts_with('/'))
            .map(PathBuf::from)
    }

    /// The first executable file called `name` on the `PATH`.
    pub(crate) fn on_path(&self, name: &str) -> Option<PathBuf> {
        self.path_folders().map(|folder| folder.join(name)).find(|file| is_executable(file))
    }
}

/// What a shell uses when `PATH` is not set (POSIX leaves it open; this is Debian's).
pub(crate) const DEFAULT_PATH: &str = "/usr/local/bin:/usr/bin:/bin";

pub(crate) fn is_executable(file: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    fs::metadata(file).is_ok_and(|data| data.is_file() && data.permissions().mode() & 0o111 != 0)
}

/// The least of the machine's memory (`MemTotal` of proc(5)) and the limits of control groups 2 and 1
/// as a container sees them.
fn memory() -> Bytes {
    let machine = fs::read_to_string("/proc/meminfo").ok().and_then(|text| mem_total(&text));
    let limits = ["/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"];
    let limited =
        limits.iter().filter_map(|file| fs::read_to_string(file).ok()?.trim().parse().ok());
    machine.into_iter().chain(limited.map(Bytes)).min().unwrap_or(Bytes::ZERO)
}

fn mem_total(meminfo: &str) -> Option<Bytes> {
    let line = meminfo.lines().find_map(|line| line.strip_prefix("MemTotal:"))?;
    let kib: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(Bytes(kib * 1024))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_read_from_meminfo() {
        let meminfo = "MemTotal:       24672368 kB\nMemFree:        22000000 kB\n";
        assert_eq!(mem_total(meminfo), Some(Bytes(24_672_368 * 1024)));
        assert_eq!(mem_total("MemFree: 1 kB\n"), None);
    }

    #[test]
    fn programs_are_found_in_the_order_of_the_path() {
        let host = Host {
            variables: BTreeMap::from([(
                "PATH".to_owned(),
                "relative:/nowhere:/usr/bin:/bin".to_owned(),
            )]),
            cores: 1,
            memory: Bytes::ZERO,
        };
        assert_eq!(host.on_path("env"), Some(PathBuf::from("/usr/bin/env")));
        assert_eq!(host.on_path("no-such-program"), None);
    }
}
