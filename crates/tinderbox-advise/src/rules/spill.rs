use crate::conf_text::{GIB, MIB, as_f64};
use crate::facts::Facts;
use crate::partition_knob::PartitionKnob;
use crate::report::{Effect, Evidence, Finding, Quantity, Severity, Subject, ThresholdSource};
use crate::rules::{DATA_SKEW, Gate, Rule};
use crate::skew::skew_of;
use tinderbox_model::{Bytes, Millis, Patch, Stage};

/// Tasks of a stage had too little execution memory and wrote to disk.
pub(crate) const RULE: Rule =
    Rule { id: "spill", title: "Spill to disk", page: "spill", gate: Gate::EachStage, check };

/// Share of the bytes that the stage read from which spill is a warning. Own figure (o): any spill is reported, and
/// below a tenth it stays within what the UDAO traces show as noise between equal runs.
const WARNING_SHARE: f64 = 0.1;
/// Share from which it is critical: everything that was read went to disk once more. Own figure (o).
const CRITICAL_SHARE: f64 = 1.0;
/// Share of the spill that one task must hold so that skew is its cause. Own figure (o).
const CONCENTRATED: f64 = 0.5;
/// Disk speeds behind the effect, bytes per second: a busy shared disk and a local NVMe drive. Own figures (o).
const SLOW_DISK: u64 = 100 * MIB;
const FAST_DISK: u64 = GIB;
/// Partitions below this cannot be the reason for spill, so more partitions do not cure it. Own figure (o).
const SMALL_PARTITION: Bytes = Bytes(4 * MIB);

fn check(facts: &Facts<'_>) -> Vec<Finding> {
    facts
        .whole_stages()
        .filter(|stage| !stage.metrics.disk_bytes_spilled.is_zero())
        .map(|stage| finding(facts, stage))
        .collect()
}

fn finding(facts: &Facts<'_>, stage: &Stage) -> Finding {
    let spilled = stage.metrics.disk_bytes_spilled;
    let read = stage.metrics.shuffle_read_bytes() + stage.metrics.input_bytes;
    // A stage that reads nothing and spills works on generated or cached rows: its spill is all there is.
    let share = spilled.share_of(read).unwrap_or(1.0);
    let is_skewed = is_of_skewed_tasks(stage);
    let (patches, how) = patches(facts, stage);
    let mut explanation = String::from(
        "Sorts, joins and aggregations of this stage did not fit into the execution memory of their tasks, so rows were \
         written to disk and read back.",
    );
    explanation.push(' ');
    explanation.push_str(if is_skewed {
        "The spilling tasks are the skewed ones: with balanced data the memory may be enough, so cure the skew first."
    } else {
        how
    });
    let effect = effect(facts, stage);
    let by_share = match share {
        share if share >= CRITICAL_SHARE => Severity::Critical,
        share if share >= WARNING_SHARE => Severity::Warning,
        _ => Severity::Info,
    };
    Finding {
        // The less urgent of both: much spill in a stage that hardly counts is no emergency.
        severity: by_share.max(Severity::of_stake(effect.stake())),
        title: format!("Stage {} spilled {spilled} to disk", stage.id),
        evidence: evidence(stage, read, share),
        explanation,
        remedies: vec![
            String::from("Select fewer columns before the shuffle; narrow rows need less memory."),
            String::from("Give each task more memory: more heap, or fewer cores per executor."),
        ],
        effect: Some(effect),
        patches,
        defers_to: is_skewed
            .then(|| DATA_SKEW.finding_id(&Subject::Stage(stage.id)))
            .into_iter()
            .collect(),
        ..RULE.stage_finding(stage.id)
    }
}

fn evidence(stage: &Stage, read: Bytes, share: f64) -> Vec<Evidence> {
    let spread = &stage.distributions;
    let mut evidence = vec![
        Evidence::new("disk bytes spilled", Quantity::Bytes(stage.metrics.disk_bytes_spilled))
            .against(Quantity::Bytes(Bytes::ZERO), ThresholdSource::Own),
        Evidence::new("memory bytes spilled", Quantity::Bytes(stage.metrics.memory_bytes_spilled)),
        Evidence::new("disk bytes spilled, largest task", bytes(spread.disk_bytes_spilled.max())),
        Evidence::new(
            "peak execution memory, largest task",
            bytes(spread.peak_execution_memory.max()),
        ),
    ];
    if !read.is_zero() {
        let ratio = Evidence::new("disk bytes spilled / bytes read", Quantity::Ratio(share));
        let bound = if share >= CRITICAL_SHARE { CRITICAL_SHARE } else { WARNING_SHARE };
        evidence.insert(1, ratio.against(Quantity::Ratio(bound), ThresholdSource::Own));
    }
    evidence
}

/// Task time: what it takes to write the spilled bytes and to read them again, on a fast and on a slow disk.
fn effect(facts: &Facts<'_>, stage: &Stage) -> Effect {
    let moved = stage.metrics.disk_bytes_spilled.0.saturating_mul(2);
    let at = |bytes_per_second: u64| {
        Millis(moved.saturating_mul(1_000) / bytes_per_second).min(stage.metrics.executor_run_time)
    };
    let (low, high) = (at(FAST_DISK), at(SLOW_DISK));
    let wall = |time| facts.as_wall(time, &[stage]).unwrap_or_default();
    Effect {
        formula: String::from(
            "disk bytes spilled, written and read once: low at 1 GiB/s, high at 100 MiB/s, not above the stage's task time; \
             wall time at the stage's parallelism",
        ),
        task_time: facts.task_stake(low, high),
        wall_time: facts.wall_stake(wall(low), wall(high)),
        core_time: None,
    }
}

/// Whether the stage is skewed and its spill is that of the skewed tasks: one task holds half of it, or most tasks spill nothing.
fn is_of_skewed_tasks(stage: &Stage) -> bool {
    let spill = &stage.distributions.disk_bytes_spilled;
    let is_concentrated =
        as_f64(spill.max()) >= CONCENTRATED * as_f64(spill.sum()) || spill.median() == 0;
    is_concentrated && skew_of(stage).is_some()
}

/// Smaller partitions where a setting makes them, else more heap.
fn patches(facts: &Facts<'_>, stage: &Stage) -> (Vec<Patch>, &'static str) {
    let spread = &stage.distributions;
    let partition = Bytes(spread.shuffle_read_bytes.max().max(spread.input_bytes.max()));
    if partition > SMALL_PARTITION {
        let patches = PartitionKnob::of(facts, stage).more_partitions(stage, shrink_factor(stage));
        if !patches.is_empty() {
            return (patches, "Smaller partitions need less memory at a time.");
        }
    }
    let patches: Vec<_> = facts.more_heap().into_iter().collect();
    let how = if patches.is_empty() {
        "No setting is known that makes its partitions smaller, and the memory in force is not known."
    } else {
        "No setting makes its partitions smaller, so the tasks need more memory."
    };
    (patches, how)
}

/// By how much partitions must shrink to fit: (peak execution memory + memory bytes spilled) / peak execution memory of the
/// largest task, from 2 (the factor of spark-rapids-tools for spilling stages) to 16. Own figure (o).
fn shrink_factor(stage: &Stage) -> f64 {
    let spread = &stage.distributions;
    let held = as_f64(spread.peak_execution_memory.max().max(1));
    let needed = held + as_f64(spread.memory_bytes_spilled.max());
    (needed / held).ceil().clamp(2.0, 16.0)
}

fn bytes(value: u64) -> Quantity {
    Quantity::Bytes(Bytes(value))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analyze;
    use crate::fixture::{application, make_local, make_sql, plan, set, task};
    use tinderbox_model::Application;

    fn findings(app: &Application) -> Vec<Finding> {
        check(&Facts::new(app))
    }

    fn spilling(tasks: usize, read: u64, spill: u64) -> Application {
        let task = task(4_000).shuffle_read(read).spill(spill);
        let mut app = application(60_000, vec![(3, vec![task; tasks])]);
        make_sql(&mut app, plan(vec![], &[]));
        app
    }

    fn only_patch(app: &Application) -> String {
        let found = findings(app);
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].patches.len(), 1);
        found[0].patches[0].to_string()
    }

    #[test]
    fn any_spill_is_reported_and_its_share_is_the_severity() {
        assert!(findings(&spilling(8, 100, 0)).is_empty());
        let severity = |spill| findings(&spilling(8, 100, spill))[0].severity;
        assert_eq!(severity(9), Severity::Info);
        assert_eq!(severity(10), Severity::Warning);
        assert_eq!(severity(100), Severity::Critical);
    }

    #[test]
    fn spill_that_costs_little_is_no_emergency() {
        let mut app = spilling(8, 100, 100);
        app.stages.push(crate::fixture::stage(4, &vec![task(100_000); 8]));
        app.end_time = Some(tinderbox_model::TimestampMs(210_000));
        assert_eq!(findings(&app)[0].severity, Severity::Info, "16 of 832 s at most");
    }

    #[test]
    fn partitions_merged_by_adaptive_execution_become_smaller() {
        assert_eq!(
            only_patch(&spilling(8, 60, 20)),
            "spark.sql.adaptive.advisoryPartitionSizeInBytes=16MB",
            "60 MiB in two halves, rounded down to a power of two"
        );
    }

    #[test]
    fn shuffle_partitions_grow_without_adaptive_execution() {
        let mut app = spilling(8, 60, 20);
        set(&mut app, "spark.sql.adaptive.enabled", "false");
        set(&mut app, "spark.sql.shuffle.partitions", "8");
        assert_eq!(only_patch(&app), "spark.sql.shuffle.partitions=16");
    }

    #[test]
    fn input_splits_become_smaller_when_the_map_side_spills() {
        let task = task(4_000).input(120).spill(20);
        let mut app = application(60_000, vec![(3, vec![task; 8])]);
        make_sql(&mut app, plan(vec![], &[]));
        assert_eq!(only_patch(&app), "spark.sql.files.maxPartitionBytes=32MB");
    }

    #[test]
    fn stages_without_a_knob_get_more_memory() {
        let mut app = spilling(8, 60, 20);
        app.stages[0].sql_execution = None;
        set(&mut app, "spark.executor.memory", "2g");
        assert_eq!(only_patch(&app), "cluster.executor.memory=3g");
        make_local(&mut app);
        assert_eq!(
            only_patch(&app),
            "cluster.driver.memory=1536m",
            "local tasks run in the driver"
        );
    }

    #[test]
    fn spill_of_skewed_tasks_defers_to_the_skew() {
        let mut tasks = vec![task(1_000).shuffle_read(40); 19];
        tasks.push(task(30_000).shuffle_read(900).spill(500));
        let mut app = application(60_000, vec![(3, tasks)]);
        make_sql(&mut app, plan(vec![], &[]));
        let report = analyze(&app);
        let spill = report.findings.iter().find(|f| f.rule == "spill").expect("found");
        assert_eq!(spill.defers_to[0].as_str(), "data-skew/stage-3");
        assert!(report.advice.is_empty(), "skew before memory");
        assert_eq!(report.withheld.len(), 1);
        assert_eq!(report.withheld[0].in_favor_of.as_str(), "data-skew/stage-3");
    }

    #[test]
    fn stage_with_missing_tasks_is_not_judged() {
        let mut app = spilling(8, 60, 20);
        app.stages[0].num_tasks += 1;
        assert!(findings(&app).is_empty());
    }
}
