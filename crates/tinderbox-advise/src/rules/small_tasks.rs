use crate::conf_text::as_f64;
use crate::facts::Facts;
use crate::partition_knob::PartitionKnob;
use crate::report::{Effect, Evidence, Finding, Quantity, Severity, ThresholdSource};
use crate::rules::{Gate, Rule};
use tinderbox_model::{Millis, Stage};

/// A stage has so many short tasks that starting them costs more than it should.
pub(crate) const RULE: Rule = Rule {
    id: "small-tasks",
    title: "Too many small tasks",
    page: "small-tasks",
    gate: Gate::EachStage,
    check,
};

/// More tasks than this are many on any cluster (DF).
const MANY_TASKS: u64 = 5_000;
/// A median run time below this is short (DF).
const SHORT_TASK: Millis = Millis(500);
/// Scaled form: more tasks than this many per slot. Own figure (o): three times the 2 to 3 tasks per core of Spark's tuning guide
/// still leave room for balance.
const TASKS_PER_SLOT: u64 = 10;
/// Scaled form: share of scheduling and (de)serialization in the time of the tasks, row 38 of the tuning table (o).
const OVERHEAD_SHARE: f64 = 0.2;
/// Scaled form: wall time that the overhead costs at least, so that tiny stages stay silent. Own figure (o).
const OVERHEAD_FLOOR: Millis = Millis(2_000);
/// What both forms advise: a tenth of the tasks (DF).
const FEWER: f64 = 10.0;

fn check(facts: &Facts<'_>) -> Vec<Finding> {
    facts.whole_stages().filter_map(|stage| finding(facts, stage)).collect()
}

fn finding(facts: &Facts<'_>, stage: &Stage) -> Option<Finding> {
    let tasks = u64::from(stage.num_tasks);
    let median = Millis(stage.distributions.executor_run_time.median());
    if median >= SHORT_TASK {
        return None;
    }
    let slots = facts.slots.unwrap_or(1);
    let overhead = overhead(stage);
    let share = overhead.share_of(overhead + stage.metrics.executor_run_time).unwrap_or(0.0);
    let lost = Millis(overhead.0 / slots);
    let is_costly = tasks > slots.saturating_mul(TASKS_PER_SLOT)
        && share > OVERHEAD_SHARE
        && lost > OVERHEAD_FLOOR;
    if tasks <= MANY_TASKS && !is_costly {
        return None;
    }
    let count = Evidence::new("tasks", Quantity::Count(tasks));
    let overhead_share = Evidence::new("overhead / (overhead + run time)", Quantity::Ratio(share));
    let (count, overhead_share) = if is_costly {
        let bound = Quantity::Count(slots.saturating_mul(TASKS_PER_SLOT));
        let share = overhead_share.against(Quantity::Ratio(OVERHEAD_SHARE), ThresholdSource::Own);
        (count.against(bound, ThresholdSource::Own), share)
    } else {
        (count.against(Quantity::Count(MANY_TASKS), ThresholdSource::Dataflint), overhead_share)
    };
    // A tenth of the tasks keeps a tenth of the overhead; at worst half of it depends on the data and stays.
    let saved = Millis(overhead.0 - overhead.0 / 10);
    let effect = Effect {
        formula: String::from(
            "overhead = scheduler delay + deserialization + result serialization; high: nine tenths of it / slots; \
             low: half of that",
        ),
        task_time: None,
        wall_time: facts.wall_stake(Millis(saved.0 / slots / 2), Millis(saved.0 / slots)),
        core_time: None,
    };
    Some(Finding {
        severity: Severity::of_stake(effect.stake()).max(Severity::Warning),
        title: format!("Stage {} runs {tasks} tasks with a median of {median}", stage.id),
        evidence: vec![
            count,
            Evidence::new("executor run time, median", Quantity::Millis(median))
                .against(Quantity::Millis(SHORT_TASK), ThresholdSource::Dataflint),
            overhead_share,
            Evidence::new("overhead of all tasks", Quantity::Millis(overhead)),
        ],
        explanation: format!(
            "Each task must be scheduled, sent and unpacked before it works. Here that took {overhead} of the slots' time, \
             against {} of work.",
            stage.metrics.executor_run_time
        ),
        remedies: vec![
            String::from("Call coalesce before narrow steps, or lower the number in repartition."),
            String::from("Rewrite small input files into files of about 128 MB."),
        ],
        patches: PartitionKnob::of(facts, stage).fewer_partitions(
            facts,
            stage,
            shrink(tasks, slots),
        ),
        effect: Some(effect),
        ..RULE.stage_finding(stage.id)
    })
}

/// A tenth, but not so few that slots stay empty.
fn shrink(tasks: u64, slots: u64) -> f64 {
    (as_f64(tasks) / as_f64(slots.max(1))).clamp(1.0, FEWER)
}

fn overhead(stage: &Stage) -> Millis {
    Millis(stage.distributions.scheduler_delay.sum())
        + stage.metrics.executor_deserialize_time
        + stage.metrics.result_serialization_time
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::{application, make_sql, plan, set, task};
    use tinderbox_model::Application;

    fn findings(app: &Application) -> Vec<Finding> {
        check(&Facts::new(app))
    }

    fn stage_of(tasks: usize, run: u64, delay: u64) -> Application {
        let task = task(run).shuffle_read(1).delay(delay);
        let mut app = application(60_000, vec![(2, vec![task; tasks])]);
        make_sql(&mut app, plan(vec![], &[]));
        app
    }

    fn patches(app: &Application) -> Vec<String> {
        findings(app)[0].patches.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn more_than_five_thousand_short_tasks_are_reported() {
        assert!(findings(&stage_of(5_000, 499, 0)).is_empty());
        assert!(findings(&stage_of(5_001, 500, 0)).is_empty());
        assert_eq!(findings(&stage_of(5_001, 499, 0)).len(), 1);
    }

    #[test]
    fn costly_overhead_is_reported_from_ten_tasks_per_slot() {
        // 200 tasks on 4 slots: 100 ms of overhead each cost 5 s of wall time.
        assert_eq!(findings(&stage_of(200, 100, 100)).len(), 1);
        assert!(findings(&stage_of(200, 400, 100)).is_empty(), "a fifth is not above a fifth");
        assert!(findings(&stage_of(80, 100, 100)).is_empty(), "2 s are not above 2 s");
        assert!(findings(&stage_of(40, 100, 400)).is_empty(), "ten tasks per slot are not above");
    }

    #[test]
    fn advice_makes_fewer_tasks() {
        let mut app = stage_of(200, 100, 100);
        set(&mut app, "spark.sql.adaptive.enabled", "false");
        assert_eq!(patches(&app), ["spark.sql.shuffle.partitions=20"]);
    }

    #[test]
    fn fewer_tasks_are_left_to_adaptive_execution_where_it_is_on() {
        let app = stage_of(200, 100, 100);
        assert_eq!(patches(&app), ["spark.sql.adaptive.coalescePartitions.parallelismFirst=false"]);
    }

    #[test]
    fn small_input_splits_become_larger() {
        let task = task(100).input(1).delay(100);
        let mut app = application(60_000, vec![(2, vec![task; 200])]);
        make_sql(&mut app, plan(vec![], &[]));
        set(&mut app, "spark.sql.files.maxPartitionBytes", "1MB");
        assert_eq!(patches(&app), ["spark.sql.files.maxPartitionBytes=8MB"]);
    }

    #[test]
    fn stage_with_missing_tasks_is_not_judged() {
        let mut app = stage_of(200, 100, 100);
        app.stages[0].num_tasks += 1;
        assert!(findings(&app).is_empty());
    }
}
