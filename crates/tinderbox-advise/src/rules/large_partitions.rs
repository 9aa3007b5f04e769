use crate::conf_text::{GIB, MIB, as_f64};
use crate::facts::Facts;
use crate::partition_knob::PartitionKnob;
use crate::report::{Effect, Evidence, Finding, Quantity, Severity, Subject, ThresholdSource};
use crate::rules::{DATA_SKEW, Gate, Rule};
use crate::skew::skew_of;
use tinderbox_model::{Bytes, Distribution, Millis, Stage};

/// The tasks of a stage work on more bytes than a task should.
pub(crate) const RULE: Rule = Rule {
    id: "large-partitions",
    title: "Partitions too large",
    page: "large-partitions",
    gate: Gate::EachStage,
    check,
};

/// Any task above this is huge (DF).
const HUGE: Bytes = Bytes(5 * GIB);
/// A median above this is large: the lower end of the range in row 5 of the tuning table. Own figure (o), not calibrated.
const LARGE: Bytes = Bytes(512 * MIB);
/// A median above this is a warning by itself: the upper end of the same range (o).
const WARNING: Bytes = Bytes(GIB);
/// The size to aim at: the advisory size that RT advises, and DF's ideal file size.
const TARGET: Bytes = Bytes(128 * MIB);

fn check(facts: &Facts<'_>) -> Vec<Finding> {
    facts.whole_stages().filter_map(|stage| finding(facts, stage)).collect()
}

fn finding(facts: &Facts<'_>, stage: &Stage) -> Option<Finding> {
    let spread = &stage.distributions;
    let measures: [(&str, &Distribution); 3] = [
        ("shuffle read", &spread.shuffle_read_bytes),
        ("input", &spread.input_bytes),
        ("output", &spread.output_bytes),
    ];
    let (what, sizes) = measures.into_iter().max_by_key(|(_, sizes)| sizes.max())?;
    let (median, largest) = (Bytes(sizes.median()), Bytes(sizes.max()));
    if median <= LARGE && largest <= HUGE {
        return None;
    }
    let is_skewed = skew_of(stage).is_some();
    let lost = stage.metrics.jvm_gc_time + spill_time(stage);
    let high = lost.min(stage.metrics.executor_run_time);
    let effect = Effect {
        formula: String::from(
            "high: GC time + disk bytes spilled, written and read at 100 MiB/s; low: none",
        ),
        task_time: facts.task_stake(Millis::ZERO, high),
        wall_time: facts
            .wall_stake(Millis::ZERO, facts.as_wall(high, &[stage]).unwrap_or_default()),
        core_time: None,
    };
    let by_size =
        if median > WARNING || largest > HUGE { Severity::Warning } else { Severity::Info };
    let size = median.max(Bytes(if is_skewed { 0 } else { largest.0 }));
    let factor = as_f64(size.0) / TARGET.as_f64();
    Some(Finding {
        severity: Severity::of_stake(effect.stake()).min(by_size),
        title: format!("Tasks of stage {} work on up to {largest} of {what}", stage.id),
        evidence: vec![
            Evidence::new(format!("{what}, median task"), Quantity::Bytes(median))
                .against(Quantity::Bytes(LARGE), ThresholdSource::Own),
            Evidence::new(format!("{what}, largest task"), Quantity::Bytes(largest))
                .against(Quantity::Bytes(HUGE), ThresholdSource::Dataflint),
            Evidence::new("tasks", Quantity::Count(u64::from(stage.num_tasks))),
        ],
        explanation: String::from(
            "Large partitions need much memory at a time, spill, and are lost whole when a task fails. About 128 MB are usual.",
        ),
        remedies: vec![
            String::from("Raise the number in repartition where the program sets it."),
            String::from(
                "Store large inputs in a format that can be split, with row groups of about 128 MB.",
            ),
        ],
        effect: Some(effect),
        patches: PartitionKnob::of(facts, stage).more_partitions(stage, factor.clamp(2.0, 1e6)),
        defers_to: is_skewed
            .then(|| DATA_SKEW.finding_id(&Subject::Stage(stage.id)))
            .into_iter()
            .collect(),
        ..RULE.stage_finding(stage.id)
    })
}

fn spill_time(stage: &Stage) -> Millis {
    let moved = stage.metrics.disk_bytes_spilled.0.saturating_mul(2);
    Millis(moved.saturating_mul(1_000) / (100 * MIB))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::{application, make_sql, plan, set, task};
    use tinderbox_model::Application;

    fn findings(app: &Application) -> Vec<Finding> {
        check(&Facts::new(app))
    }

    fn app_of(mib: u64) -> Application {
        let tasks = vec![task(20_000).shuffle_read(mib).gc(1_000); 8];
        let mut app = application(60_000, vec![(1, tasks)]);
        set(&mut app, "spark.sql.shuffle.partitions", "8");
        make_sql(&mut app, plan(vec![], &[]));
        app
    }

    #[test]
    fn median_above_half_a_gibibyte_is_reported() {
        assert!(findings(&app_of(512)).is_empty());
        let found = findings(&app_of(513));
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].severity, Severity::Warning, "a twentieth of the task time is GC");
    }

    #[test]
    fn one_huge_task_is_reported_and_defers_to_the_skew() {
        let mut tasks = vec![task(1_000).input(100); 9];
        tasks.push(task(50_000).input(5 * 1024));
        assert!(findings(&application(60_000, vec![(1, tasks.clone())])).is_empty());
        tasks.push(task(50_000).input(5 * 1024 + 1));
        let found = findings(&application(60_000, vec![(1, tasks)]));
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].defers_to[0].as_str(), "data-skew/stage-1");
    }

    #[test]
    fn advice_makes_more_partitions_of_the_target_size() {
        let found = findings(&app_of(1024));
        assert_eq!(found[0].patches[0].to_string(), "spark.sql.shuffle.partitions=64");
    }

    #[test]
    fn stage_with_missing_tasks_is_not_judged() {
        let mut app = app_of(1024);
        app.stages[0].num_tasks += 1;
        assert!(findings(&app).is_empty());
    }
}
