use std::collections::BTreeMap;
use tinderbox_model::{Bytes, parse_bytes};

/// What no job of a profile may go beyond. `None` is no limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Limits {
    /// Runs at a time; further ones wait in the queue.
    pub runs: Option<u32>,
    /// Executors at a time.
    pub executors: Option<u32>,
    /// Cores of all executors together.
    pub cores: Option<u32>,
    /// Memory of all executors together, heap and what Spark asks for beside it.
    pub memory: Option<Bytes>,
}

/// Spark's own when nothing is said: one core on YARN and Kubernetes (`spark.executor.cores`), 1 GiB
/// (`spark.executor.memory`), and beside the heap a tenth of it, at least 384 MiB (`spark.executor.memoryOverhead`).
const CORES: u64 = 1;
const MEMORY: Bytes = Bytes(1 << 30);
const LEAST_OVERHEAD: u64 = 384 << 20;
const MIB: Bytes = Bytes(1 << 20);

impl Limits {
    /// What is wrong with a configuration at launch, a sentence for each limit that it goes beyond. Where the number of
    /// executors is not bounded by the configuration, a limit on them is one that it breaks.
    pub fn broken_by(&self, conf: &BTreeMap<String, String>) -> Vec<String> {
        let number = |key: &str| conf.get(key).and_then(|value| value.trim().parse::<u64>().ok());
        let cores = number("spark.executor.cores").unwrap_or(CORES);
        let is_dynamic =
            conf.get("spark.dynamicAllocation.enabled").is_some_and(|value| value == "true");
        let executors = if is_dynamic {
            number("spark.dynamicAllocation.maxExecutors")
        } else {
            let by_cores = number("spark.cores.max").map(|most| most / cores.max(1));
            number("spark.executor.instances").or(by_cores)
        };
        let mut broken = Vec::new();
        let Some(executors) = executors else {
            if (Self { runs: None, ..*self }) != Self::default() {
                broken.push(
                    "the profile limits executors, and nothing says how many the job takes at most: set executor.instances, \
                     or dynamicAllocation.maxExecutors"
                        .to_owned(),
                );
            }
            return broken;
        };
        if let Some(most) = self.executors
            && executors > u64::from(most)
        {
            broken.push(format!(
                "{executors} executors are more than the {most} that the profile allows"
            ));
        }
        if let Some(most) = self.cores
            && executors.saturating_mul(cores) > u64::from(most)
        {
            broken.push(format!(
                "{executors} executors × {cores} cores are more than the {most} cores that the profile allows"
            ));
        }
        let size = |key: &str| conf.get(key).and_then(|value| parse_bytes(value, MIB));
        let heap = size("spark.executor.memory").unwrap_or(MEMORY);
        let beside = size("spark.executor.memoryOverhead")
            .unwrap_or(Bytes((heap.0 / 10).max(LEAST_OVERHEAD)));
        let each = Bytes(heap.0.saturating_add(beside.0));
        if let Some(most) = self.memory
            && executors.saturating_mul(each.0) > most.0
        {
            broken.push(format!(
                "{executors} executors × {each} (heap and overhead) are more than the {most} that the profile allows"
            ));
        }
        broken
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn broken(limits: Limits, conf: &[(&str, &str)]) -> Vec<String> {
        let conf =
            conf.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
        limits.broken_by(&conf)
    }

    #[test]
    fn row_2_3_limits_count_what_a_job_takes_at_most() {
        let limits =
            Limits { runs: None, executors: Some(4), cores: Some(8), memory: Some(Bytes(8 << 30)) };
        let fits = [("spark.executor.instances", "4"), ("spark.executor.cores", "2")];
        assert_eq!(broken(limits, &fits), Vec::<String>::new());
        let much = [
            ("spark.dynamicAllocation.enabled", "true"),
            ("spark.dynamicAllocation.maxExecutors", "5"),
            ("spark.executor.instances", "1"),
            ("spark.executor.cores", "2"),
            ("spark.executor.memory", "2g"),
        ];
        let all = broken(limits, &much);
        assert_eq!(all.len(), 3, "{all:?}");
        assert!(all[0].starts_with("5 executors are more than the 4"), "{all:?}");
        let open = [("spark.dynamicAllocation.enabled", "true")];
        assert!(broken(limits, &open)[0].contains("nothing says how many"));
        assert_eq!(broken(Limits::default(), &open), Vec::<String>::new());
        let in_turn = Limits { runs: Some(2), ..Limits::default() };
        assert_eq!(broken(in_turn, &open), Vec::<String>::new(), "runs wait and are not refused");
    }
}
