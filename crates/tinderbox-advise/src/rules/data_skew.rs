use crate::conf_text::{MIB, power_of_two_below, size_text};
use crate::facts::Facts;
use crate::plan::joins_in;
use crate::report::{Effect, Evidence, Finding, Quantity, Severity, ThresholdSource};
use crate::rules::{Gate, Rule};
use crate::skew::{
    BYTES_FLOOR, BYTES_OVER_MEAN, Cause, P99_OVER_MEDIAN, Skew, SkewTest, TIME_FLOOR,
    TIME_OVER_MEDIAN, skew_of,
};
use tinderbox_model::{Bytes, Millis, Patch, Stage};

/// One task of a stage has far more to do than the others, so the stage waits for it.
pub(crate) const RULE: Rule =
    Rule { id: "data-skew", title: "Data skew", page: "data-skew", gate: Gate::EachStage, check };

fn check(facts: &Facts<'_>) -> Vec<Finding> {
    let skewed = facts.whole_stages().filter_map(|stage| Some((stage, skew_of(stage)?)));
    skewed.map(|(stage, skew)| finding(facts, stage, skew)).collect()
}

fn finding(facts: &Facts<'_>, stage: &Stage, skew: Skew) -> Finding {
    let effect = effect(facts, stage);
    let (patches, why_none) = patches(facts, stage, skew);
    Finding {
        severity: Severity::of_stake(effect.stake()),
        title: title(stage, skew),
        evidence: evidence(stage, skew),
        explanation: explanation(stage, skew, why_none),
        remedies: remedies(skew),
        effect: Some(effect),
        patches,
        ..RULE.stage_finding(stage.id)
    }
}

fn title(stage: &Stage, skew: Skew) -> String {
    let (id, ratio) = (stage.id, skew.ratio());
    match skew.test {
        SkewTest::ShuffleRead => {
            format!("One task of stage {id} reads {ratio:.1} times the mean shuffle data")
        }
        SkewTest::Input => format!("One task of stage {id} reads {ratio:.1} times the mean input"),
        SkewTest::SlowestTask => {
            format!("One task of stage {id} runs {ratio:.1} times as long as the median")
        }
        SkewTest::SlowestPercent => {
            format!(
                "One task in a hundred of stage {id} runs {ratio:.1} times as long as the median"
            )
        }
    }
}

fn evidence(stage: &Stage, skew: Skew) -> Vec<Evidence> {
    use ThresholdSource::{Dataflint, Own, RapidsTools};
    let (metric, multiple, source) = match skew.test {
        SkewTest::ShuffleRead => ("shuffle read, largest / mean", BYTES_OVER_MEAN, RapidsTools),
        SkewTest::Input => ("input, largest / mean", BYTES_OVER_MEAN, RapidsTools),
        SkewTest::SlowestTask => ("executor run time, max / median", TIME_OVER_MEDIAN, Dataflint),
        SkewTest::SlowestPercent => ("executor run time, p99 / median", P99_OVER_MEDIAN, Own),
    };
    let ratio = Quantity::Ratio(skew.ratio());
    let mut evidence =
        vec![Evidence::new(metric, ratio).against(Quantity::Ratio(multiple), source)];
    evidence.push(match skew.test {
        SkewTest::ShuffleRead => Evidence::new("shuffle read, largest", bytes(skew.largest))
            .against(Quantity::Bytes(BYTES_FLOOR), source),
        SkewTest::Input => Evidence::new("input, largest", bytes(skew.largest))
            .against(Quantity::Bytes(BYTES_FLOOR), source),
        SkewTest::SlowestTask => Evidence::new("executor run time, max", millis(skew.largest))
            .against(Quantity::Millis(TIME_FLOOR), source),
        SkewTest::SlowestPercent => Evidence::new("executor run time, p99", millis(skew.largest))
            .against(Quantity::Millis(TIME_FLOOR), source),
    });
    if let Some(slowest) = stage.slowest_tasks.first() {
        let metrics = &slowest.metrics;
        let read = metrics.shuffle_read_bytes() + metrics.input_bytes;
        let records = metrics.shuffle_read_records.saturating_add(metrics.input_records);
        let name = format!("task {} on executor {}", slowest.id, slowest.executor);
        evidence.push(Evidence::new(
            format!("slowest task ({name})"),
            Quantity::Millis(slowest.duration),
        ));
        evidence.push(Evidence::new("slowest task, bytes read", Quantity::Bytes(read)));
        evidence.push(Evidence::new("slowest task, records read", Quantity::Count(records)));
        if let Some(share) = stage.duration().and_then(|wall| slowest.duration.share_of(wall)) {
            evidence.push(Evidence::new("slowest task / stage wall time", Quantity::Ratio(share)));
        }
    }
    evidence
}

fn explanation(stage: &Stage, skew: Skew, why_none: Option<&str>) -> String {
    let mut text =
        String::from("A stage ends with its slowest task, and the other cores wait for it. ");
    text.push_str(match skew.cause {
        Cause::Bytes => "The slowest tasks read more bytes than the others, so the data is distributed unevenly.",
        Cause::Records => {
            "The slowest tasks read no more bytes than the others but more records, so a few keys hold many small rows."
        }
        Cause::NotData => {
            "The slowest task read neither more bytes nor more records than the median one, so the data does not \
             explain it: look for a slow host or disk, or for work that grows faster than the data."
        }
    });
    let slowest = &stage.distributions.executor_run_time;
    if matches!(skew.test, SkewTest::ShuffleRead | SkewTest::Input)
        && slowest.max() < 2 * slowest.median().min(u64::MAX / 2)
    {
        text.push_str(
            " Its run time is below twice the median, so the uneven data costs little here.",
        );
    }
    if let Some(reason) = why_none {
        text.push(' ');
        text.push_str(reason);
    }
    text
}

fn remedies(skew: Skew) -> Vec<String> {
    let lines: &[&str] = match (skew.cause, skew.test) {
        (Cause::NotData, _) => &[
            "Compare the host of the slowest task with the others; exclude it when it is slow in other stages too.",
            "Set spark.speculation=true when the job writes nothing that must not be written twice.",
        ],
        (_, SkewTest::Input) => &[
            "Store the input in a format that can be split (Parquet or ORC with snappy or zstd; not gzip text).",
            "Rewrite it in files of similar size, or call repartition after the read.",
        ],
        _ => &[
            "Aggregate before the join or the groupBy, so that a frequent key crosses the shuffle once per task.",
            "Salt the frequent keys: add a random suffix on one side and repeat the rows of the other side for each suffix.",
            "Handle null and placeholder keys apart, or filter them out before the join.",
        ],
    };
    lines.iter().map(|&line| line.to_owned()).collect()
}

/// Wall time: at most what a perfect balance saves (stage wall time less task time / slots); at least half of what it saves to
/// spread over all slots the time for which the slowest task outlasted the second slowest. The half is our own figure: pieces are
/// never quite even.
fn effect(facts: &Facts<'_>, stage: &Stage) -> Effect {
    let run = stage.metrics.executor_run_time;
    let wall = stage.duration().unwrap_or_default();
    let slots = facts.slots.unwrap_or(1).min(u64::from(stage.num_tasks)).max(1);
    let balanced =
        Millis(run.0 / slots).max(Millis(stage.distributions.executor_run_time.median()));
    let lone = match stage.slowest_tasks.as_slice() {
        [first, second, ..] => first.duration - second.duration,
        _ => Millis::ZERO,
    };
    Effect {
        formula: String::from(
            "high: stage wall time - max(task time / slots, median task); \
             low: (slowest task - second slowest task) x (1 - 1 / slots) / 2",
        ),
        task_time: None,
        wall_time: facts.wall_stake(Millis((lone.0 - lone.0 / slots) / 2), wall - balanced),
        core_time: None,
    }
}

const ADAPTIVE: &str = "spark.sql.adaptive.enabled";
const SKEW_JOIN: &str = "spark.sql.adaptive.skewJoin.enabled";
const SKEW_FACTOR: &str = "spark.sql.adaptive.skewJoin.skewedPartitionFactor";
const SKEW_THRESHOLD: &str = "spark.sql.adaptive.skewJoin.skewedPartitionThresholdInBytes";

/// Settings under which adaptive execution would split the large partition, or why there are none. It splits a partition of a
/// join that is larger than both the threshold and the factor times the median partition
/// (`org.apache.spark.sql.execution.adaptive.OptimizeSkewedJoin`).
fn patches(facts: &Facts<'_>, stage: &Stage, skew: Skew) -> (Vec<Patch>, Option<&'static str>) {
    let read = &stage.distributions.shuffle_read_bytes;
    if skew.cause != Cause::Bytes || read.max() == 0 || skew.test == SkewTest::Input {
        return (Vec::new(), None);
    }
    let joins = joins_in(facts, stage);
    if joins.is_empty() {
        let why =
            "Adaptive execution splits large partitions of joins only, and this stage has none.";
        return (Vec::new(), Some(why));
    }
    if joins.iter().all(|join| join.description.contains("FullOuter")) {
        return (Vec::new(), Some("Adaptive execution does not split full outer joins."));
    }
    let mut patches = Vec::new();
    if !facts.adaptive() {
        patches.push(configuration(ADAPTIVE, "true"));
    }
    if !facts.flag(SKEW_JOIN) {
        patches.push(configuration(SKEW_JOIN, "true"));
    }
    let largest = Bytes(read.max());
    if facts.size(SKEW_THRESHOLD).is_none_or(|threshold| largest <= threshold) {
        let half = power_of_two_below(Bytes(largest.0 / 2));
        patches.push(configuration(SKEW_THRESHOLD, size_text(half.max(Bytes(MIB)))));
    }
    let multiple = largest.as_f64() / Bytes(read.median().max(1)).as_f64();
    if facts.number(SKEW_FACTOR).is_none_or(|factor| multiple <= factor) {
        // Half the multiple seen, in steps of a half; above 1, because at 1 every partition would count as skewed.
        let factor = multiple.floor() / 2.0;
        patches.push(configuration(SKEW_FACTOR, format!("{:.1}", factor.max(1.5))));
    }
    let why_none = patches.is_empty().then_some(
        "Adaptive execution was set to split a partition of this size and did not: the join does not stand directly \
         on its shuffles, or the split would have needed one more shuffle.",
    );
    (patches, why_none)
}

fn configuration(key: &str, value: impl Into<String>) -> Patch {
    Patch::Configuration { key: key.to_owned(), value: value.into() }
}

fn bytes(value: u64) -> Quantity {
    Quantity::Bytes(Bytes(value))
}

fn millis(value: u64) -> Quantity {
    Quantity::Millis(Millis(value))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analyze;
    use crate::fixture::{TestTask, application, make_partial, make_sql, node, plan, set, task};
    use tinderbox_model::{Application, PlanGraph};

    fn findings(app: &Application) -> Vec<Finding> {
        check(&Facts::new(app))
    }

    /// Nineteen tasks of 40 MiB and 1 s, and this one.
    fn with(last: TestTask) -> Application {
        let mut tasks = vec![task(1_000).shuffle_read(40); 19];
        tasks.push(last);
        application(60_000, vec![(4, tasks)])
    }

    fn join_plan() -> PlanGraph {
        plan(vec![node(1, "SortMergeJoin [a#1], [b#2], Inner", &[], &[4])], &[])
    }

    fn patch_texts(finding: &Finding) -> Vec<String> {
        finding.patches.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn skewed_stage_is_reported_once() {
        let app = with(task(30_000).shuffle_read(900));
        let found = findings(&app);
        assert_eq!(found.len(), 1);
        let finding = &found[0];
        assert_eq!(finding.id.as_str(), "data-skew/stage-4");
        assert_eq!(finding.severity, Severity::Critical, "it holds the stage for half of the run");
        assert_eq!(finding.title, "One task of stage 4 reads 10.8 times the mean shuffle data");
        let wall = finding.effect.as_ref().and_then(|e| e.wall_time).expect("known");
        assert_eq!(wall.low_ms, Millis(29_000 * 3 / 4 / 2), "29 s alone, spread over four slots");
        assert_eq!(
            wall.high_ms,
            Millis(34_000 - 49_000 / 4),
            "placed greedily the stage takes 34 s"
        );
    }

    #[test]
    fn bytes_below_three_times_the_mean_are_no_skew() {
        // Mean of 19 x 40 and x is (760 + x) / 20; x = 3 * mean at 134.1.
        assert!(findings(&with(task(1_000).shuffle_read(134))).is_empty());
        assert_eq!(findings(&with(task(1_000).shuffle_read(135))).len(), 1);
    }

    #[test]
    fn small_partitions_are_no_skew() {
        let of = |largest| {
            let mut tasks = vec![task(1_000).input(1); 19];
            tasks.push(task(1_000).input(largest));
            application(60_000, vec![(4, tasks)])
        };
        assert!(findings(&of(100)).is_empty(), "100 MiB is not above 100 MiB");
        assert_eq!(findings(&of(101)).len(), 1);
    }

    #[test]
    fn long_tasks_are_skew_from_ten_medians_and_five_seconds() {
        let of = |median, slowest| {
            let mut tasks = vec![task(median); 9];
            tasks.push(task(slowest));
            application(60_000, vec![(4, tasks)])
        };
        assert!(findings(&of(1_000, 10_000)).is_empty());
        assert!(findings(&of(100, 5_000)).is_empty());
        let found = findings(&of(1_000, 10_001));
        assert_eq!(found.len(), 1);
        assert!(found[0].explanation.contains("neither more bytes nor more records"));
        assert!(found[0].patches.is_empty(), "no setting splits what is not data");
    }

    #[test]
    fn one_slow_task_in_a_hundred_is_skew_from_five_medians() {
        let of = |slow| {
            let mut tasks = vec![task(1_000); 198];
            tasks.extend([task(slow), task(slow)]);
            application(600_000, vec![(4, tasks)])
        };
        assert!(findings(&of(5_000)).is_empty());
        assert_eq!(findings(&of(5_001)).len(), 1);
    }

    #[test]
    fn threshold_of_a_skewed_join_is_lowered_below_its_largest_partition() {
        let mut app = with(task(30_000).shuffle_read(240));
        make_sql(&mut app, join_plan());
        let found = findings(&app);
        assert_eq!(
            patch_texts(&found[0]),
            ["spark.sql.adaptive.skewJoin.skewedPartitionThresholdInBytes=64MB"],
            "240 MiB are six medians but below the default 256 MB"
        );
    }

    #[test]
    fn factor_of_a_skewed_join_is_lowered_below_what_was_seen() {
        let mut app = with(task(30_000).shuffle_read(280));
        set(&mut app, "spark.sql.adaptive.skewJoin.skewedPartitionFactor", "10.0");
        make_sql(&mut app, join_plan());
        let found = findings(&app);
        assert_eq!(
            patch_texts(&found[0]),
            ["spark.sql.adaptive.skewJoin.skewedPartitionFactor=3.5"],
            "280 MiB are seven medians"
        );
    }

    #[test]
    fn adaptive_execution_is_switched_on_for_a_skewed_join() {
        let mut app = with(task(30_000).shuffle_read(900));
        set(&mut app, "spark.sql.adaptive.enabled", "false");
        make_sql(&mut app, join_plan());
        let found = findings(&app);
        assert_eq!(patch_texts(&found[0]), ["spark.sql.adaptive.enabled=true"]);
    }

    #[test]
    fn skewed_aggregation_gets_no_join_setting() {
        let mut app = with(task(30_000).shuffle_read(900));
        make_sql(&mut app, plan(vec![node(1, "HashAggregate", &[], &[4])], &[]));
        let found = findings(&app);
        assert!(found[0].patches.is_empty());
        assert!(found[0].remedies.iter().any(|line| line.starts_with("Salt")));
    }

    #[test]
    fn stage_with_missing_tasks_is_not_judged() {
        let mut app = with(task(30_000).shuffle_read(900));
        make_partial(&mut app);
        assert_eq!(analyze(&app).findings.len(), 1, "this stage is whole, others lost tasks");
        app.stages[0].num_tasks += 3;
        assert!(analyze(&app).findings.is_empty());
    }
}
