use crate::conf_text::{as_f64, round_up};
use crate::facts::Facts;
use crate::partition_knob::PartitionKnob;
use crate::report::{Effect, Evidence, Finding, Quantity, Severity, ThresholdSource};
use crate::rules::{Gate, Rule};
use tinderbox_model::{Millis, Stage};

/// A long stage has fewer tasks than there are cores.
pub(crate) const RULE: Rule = Rule {
    id: "few-partitions",
    title: "Too few partitions for the cores",
    page: "few-partitions",
    gate: Gate::EachStage,
    check,
};

/// A stage is long from this wall time on. Own figure (o): shorter ones gain less than a restart costs.
const LONG_STAGE: Millis = Millis(10_000);
/// And from this share of the application's wall time on. Own figure (o).
const LONG_SHARE: f64 = 0.1;
/// Share of the cores' time that must be idle while it runs. Own figure (o): seven tasks on eight cores are no problem.
const IDLE_SHARE: f64 = 0.25;
/// Tasks per core to aim at: Spark's tuning guide, "Level of Parallelism", recommends 2 to 3.
const TASKS_PER_CORE: u64 = 2;

fn check(facts: &Facts<'_>) -> Vec<Finding> {
    facts.whole_stages().filter_map(|stage| finding(facts, stage)).collect()
}

fn finding(facts: &Facts<'_>, stage: &Stage) -> Option<Finding> {
    let (slots, app_wall, wall) = (facts.slots?, facts.wall_time?, stage.duration()?);
    let tasks = u64::from(stage.num_tasks);
    let long_share = wall.share_of(app_wall)?;
    if tasks >= slots || wall < LONG_STAGE || long_share < LONG_SHARE {
        return None;
    }
    let capacity = as_f64(slots) * wall.as_f64();
    let idle = 1.0 - busy_during(facts, stage) / capacity;
    if idle <= IDLE_SHARE {
        return None;
    }
    let balanced = Millis(stage.metrics.executor_run_time.0 / slots);
    let high = wall - balanced;
    let effect = Effect {
        formula: String::from(
            "high: stage wall time - task time / slots; low: none, because one key or one file may not be divisible",
        ),
        task_time: None,
        wall_time: facts.wall_stake(Millis::ZERO, high),
        core_time: None,
    };
    let factor = as_f64(slots.saturating_mul(TASKS_PER_CORE)) / as_f64(tasks);
    Some(Finding {
        severity: Severity::of_stake(effect.stake()).max(Severity::Warning),
        title: format!("Stage {} has {tasks} tasks for {slots} cores", stage.id),
        evidence: vec![
            Evidence::new("tasks", Quantity::Count(tasks))
                .against(Quantity::Count(slots), ThresholdSource::Own),
            Evidence::new("stage wall time", Quantity::Millis(wall))
                .against(Quantity::Millis(LONG_STAGE), ThresholdSource::Own),
            Evidence::new("stage / application wall time", Quantity::Ratio(long_share))
                .against(Quantity::Ratio(LONG_SHARE), ThresholdSource::Own),
            Evidence::new(
                "idle share of the cores meanwhile",
                Quantity::Ratio(idle.clamp(0.0, 1.0)),
            )
            .against(Quantity::Ratio(IDLE_SHARE), ThresholdSource::Own),
        ],
        explanation: format!(
            "Each task uses one core, so {} cores had nothing to do for {wall}.",
            slots - tasks
        ),
        remedies: vec![
            String::from(
                "Call repartition before the expensive step, or raise the number where the program sets it.",
            ),
            String::from(
                "Replace a global sort, a window without PARTITION BY or coalesce(1) where they force one task.",
            ),
            String::from("Store large inputs in a format that can be split."),
        ],
        patches: PartitionKnob::of(facts, stage).more_partitions(stage, factor.max(2.0)),
        effect: Some(effect),
        ..RULE.stage_finding(stage.id)
    })
}

/// Task time spent while `stage` ran, by it and by stages beside it. A stage's task time counts in proportion to the overlap.
fn busy_during(facts: &Facts<'_>, stage: &Stage) -> f64 {
    let (Some(start), Some(end)) = (stage.submission_time, stage.completion_time) else {
        return 0.0;
    };
    let share = |other: &Stage| {
        let from = other.submission_time?.max(start);
        let to = other.completion_time?.min(end);
        to.since(from).share_of(other.duration()?)
    };
    let stages = &facts.application.stages;
    let busy = |s: &Stage| share(s).unwrap_or(0.0) * s.metrics.executor_run_time.as_f64();
    as_f64(round_up(stages.iter().map(busy).sum()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::{application, make_sql, plan, set, stage, task};
    use tinderbox_model::Application;

    fn findings(app: &Application) -> Vec<Finding> {
        check(&Facts::new(app))
    }

    /// Tasks of 20 s on four cores.
    fn app_of(tasks: usize) -> Application {
        let mut app = application(60_000, vec![(1, vec![task(20_000).shuffle_read(64); tasks])]);
        make_sql(&mut app, plan(vec![], &[]));
        app
    }

    #[test]
    fn long_stage_with_fewer_tasks_than_cores_is_reported() {
        let found = findings(&app_of(2));
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].title, "Stage 1 has 2 tasks for 4 cores");
        let wall = found[0].effect.as_ref().and_then(|e| e.wall_time).expect("known");
        assert_eq!((wall.low_ms, wall.high_ms), (Millis(0), Millis(10_000)));
        assert_eq!(findings(&app_of(3)).len(), 0, "one idle core of four is a quarter");
        assert_eq!(findings(&app_of(4)).len(), 0);
    }

    #[test]
    fn short_stages_are_not_reported() {
        let of = |wall, run| application(wall, vec![(1, vec![task(run)])]);
        assert!(findings(&of(20_000, 9_999)).is_empty());
        assert_eq!(findings(&of(20_000, 10_000)).len(), 1);
        assert!(findings(&of(200_000, 19_999)).is_empty(), "below a tenth of the run");
    }

    #[test]
    fn cores_that_other_stages_use_are_not_idle() {
        let mut app = app_of(1);
        app.stages.push(stage(2, &[task(20_000), task(20_000), task(20_000)]));
        assert!(findings(&app).is_empty());
    }

    #[test]
    fn advice_makes_more_tasks() {
        let mut app = app_of(2);
        let patch = |app: &Application| findings(app)[0].patches[0].to_string();
        assert_eq!(patch(&app), "spark.sql.adaptive.advisoryPartitionSizeInBytes=16MB");
        set(&mut app, "spark.sql.adaptive.enabled", "false");
        set(&mut app, "spark.sql.shuffle.partitions", "2");
        assert_eq!(patch(&app), "spark.sql.shuffle.partitions=8");
    }

    #[test]
    fn running_stage_is_not_judged() {
        let mut app = app_of(2);
        app.stages[0].completion_time = None;
        assert!(findings(&app).is_empty());
    }
}
