use crate::conf_text::{GIB, MIB, as_f64, power_of_two_below, round_up, size_text};
use crate::facts::Facts;
use crate::plan::has_fixed_partitions;
use tinderbox_model::{Bytes, Patch, Stage};

/// The setting that decides how many tasks a stage has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PartitionKnob {
    /// `spark.sql.shuffle.partitions`, the value in force. Adaptive execution does not merge partitions here.
    ShufflePartitions(u64),
    /// Adaptive execution merged partitions up to
    /// `spark.sql.adaptive.advisoryPartitionSizeInBytes`, the value in force.
    AdvisorySize(Bytes),
    /// `spark.sql.files.maxPartitionBytes`, the value in force.
    InputSplit(Bytes),
    /// None: no SQL stage, `repartition(n)` in the program, or an input that cannot be split.
    Fixed,
}

/// Splits up to this much above the setting still count as made by it: Spark pads by `openCostInBytes` and ends at row
/// groups. Own figure (o).
const SPLIT_TOLERANCE: f64 = 1.5;
/// Adaptive execution makes no partitions below this (`coalescePartitions.minPartitionSize`), and smaller input splits cost
/// more than they bring.
const SMALLEST: Bytes = Bytes(MIB);
/// Input splits are not raised above this; RT caps at 4 GB, we stay where one task still fits a usual heap.
const LARGEST_SPLIT: Bytes = Bytes(GIB);

const SHUFFLE_PARTITIONS: &str = "spark.sql.shuffle.partitions";
const ADVISORY_SIZE: &str = "spark.sql.adaptive.advisoryPartitionSizeInBytes";
const COALESCE: &str = "spark.sql.adaptive.coalescePartitions.enabled";
const PARALLELISM_FIRST: &str = "spark.sql.adaptive.coalescePartitions.parallelismFirst";
const INPUT_SPLIT: &str = "spark.sql.files.maxPartitionBytes";

impl PartitionKnob {
    /// The setting behind the tasks of `stage`.
    pub(crate) fn of(facts: &Facts<'_>, stage: &Stage) -> Self {
        if stage.sql_execution.is_none() || has_fixed_partitions(facts, stage) {
            return Self::Fixed;
        }
        let spread = &stage.distributions;
        if spread.shuffle_read_bytes.max() > 0 {
            let partitions = facts.integer(SHUFFLE_PARTITIONS).unwrap_or(200);
            let is_merged =
                facts.adaptive() && facts.flag(COALESCE) && u64::from(stage.num_tasks) < partitions;
            return match facts.size(ADVISORY_SIZE) {
                Some(size) if is_merged => Self::AdvisorySize(size),
                _ => Self::ShufflePartitions(partitions),
            };
        }
        match facts.size(INPUT_SPLIT) {
            Some(size) if spread.input_bytes.max() > 0 && is_split(stage, size) => {
                Self::InputSplit(size)
            }
            _ => Self::Fixed,
        }
    }

    /// Patches that make the tasks of `stage` smaller and more, by about `factor` (above 1).
    pub(crate) fn more_partitions(self, stage: &Stage, factor: f64) -> Vec<Patch> {
        let spread = &stage.distributions;
        match self {
            Self::ShufflePartitions(now) => {
                let tasks = now.max(u64::from(stage.num_tasks));
                vec![set(SHUFFLE_PARTITIONS, round_up(as_f64(tasks) * factor).to_string())]
            }
            Self::AdvisorySize(now) => {
                let size = Bytes(round_up(spread.shuffle_read_bytes.mean())).min(now);
                smaller(ADVISORY_SIZE, now, size, factor)
            }
            Self::InputSplit(now) => {
                smaller(INPUT_SPLIT, now, Bytes(spread.input_bytes.max()).min(now), factor)
            }
            Self::Fixed => Vec::new(),
        }
    }

    /// Patches that make the tasks of `stage` larger and fewer, by about `factor` (above 1). Where adaptive execution is on it
    /// is left to merge partitions; the number of shuffle partitions is lowered only without it.
    pub(crate) fn fewer_partitions(
        self,
        facts: &Facts<'_>,
        stage: &Stage,
        factor: f64,
    ) -> Vec<Patch> {
        match self {
            Self::ShufflePartitions(_) if facts.adaptive() && !facts.flag(COALESCE) => {
                vec![set(COALESCE, "true")]
            }
            Self::ShufflePartitions(_) | Self::AdvisorySize(_)
                if facts.adaptive() && facts.flag(PARALLELISM_FIRST) =>
            {
                vec![set(PARALLELISM_FIRST, "false")]
            }
            Self::AdvisorySize(now) => larger(ADVISORY_SIZE, now, factor, Bytes(GIB / 4)),
            Self::ShufflePartitions(now) => {
                let floor = facts.slots.unwrap_or(1);
                let wanted = round_up(f64::from(stage.num_tasks) / factor).max(floor);
                if wanted < now {
                    vec![set(SHUFFLE_PARTITIONS, wanted.to_string())]
                } else {
                    Vec::new()
                }
            }
            Self::InputSplit(now) => larger(INPUT_SPLIT, now, factor, LARGEST_SPLIT),
            Self::Fixed => Vec::new(),
        }
    }
}

/// Whether the largest input of a task keeps to the split size: if not, the file cannot be split.
fn is_split(stage: &Stage, split: Bytes) -> bool {
    as_f64(stage.distributions.input_bytes.max()) <= split.as_f64() * SPLIT_TOLERANCE
}

fn smaller(key: &str, now: Bytes, size: Bytes, factor: f64) -> Vec<Patch> {
    let wanted = power_of_two_below(Bytes(round_up(size.as_f64() / factor))).max(SMALLEST);
    if wanted < now { vec![set(key, size_text(wanted))] } else { Vec::new() }
}

fn larger(key: &str, now: Bytes, factor: f64, cap: Bytes) -> Vec<Patch> {
    let wanted = power_of_two_below(Bytes(round_up(now.as_f64() * factor))).min(cap);
    if wanted > now { vec![set(key, size_text(wanted))] } else { Vec::new() }
}

fn set(key: &str, value: impl Into<String>) -> Patch {
    Patch::Configuration { key: key.to_owned(), value: value.into() }
}
