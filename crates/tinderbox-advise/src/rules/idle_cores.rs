use crate::conf_text::{as_f64, round_up};
use crate::facts::Facts;
use crate::report::{Effect, Evidence, Finding, Quantity, Severity, Subject, ThresholdSource};
use crate::rules::{Gate, Rule};
use tinderbox_model::{Millis, Patch};

/// Executors hold more cores than their tasks use.
pub(crate) const RULE: Rule = Rule {
    id: "idle-cores",
    title: "Idle cores",
    page: "idle-cores",
    gate: Gate::WholeApplication,
    check,
};

/// Idle share of the core time from which it is reported (DF).
const IDLE: f64 = 0.5;
/// Shorter applications are mostly start-up, during which cores are idle by nature. Own figure (o).
const WALL_FLOOR: Millis = Millis(60_000);
/// How busy the remaining executors may become: room for uneven stages. Own figure (o).
const TARGET_BUSY: f64 = 0.7;
/// A stage that fills all slots for this share of the run needs them all for a time: then executors should come and go, not
/// be fewer. Own figure (o).
const BURST_SHARE: f64 = 0.1;

fn check(facts: &Facts<'_>) -> Vec<Finding> {
    finding(facts).into_iter().collect()
}

fn finding(facts: &Facts<'_>) -> Option<Finding> {
    let wall = facts.wall_time.filter(|wall| *wall >= WALL_FLOOR)?;
    let held = core_time(facts)?;
    let idle = 1.0 - facts.task_time.share_of(held)?;
    if idle <= IDLE {
        return None;
    }
    let unused = held - facts.task_time;
    let (patches, how) = patches(facts, 1.0 - idle);
    Some(Finding {
        // Nobody pays for the idle cores of a JVM that is one machine's own.
        severity: if facts.is_local { Severity::Info } else { Severity::Warning },
        title: format!("{:.0} % of the executors' core time is idle", idle * 100.0),
        evidence: vec![
            Evidence::new("idle share of the core time", Quantity::Ratio(idle))
                .against(Quantity::Ratio(IDLE), ThresholdSource::Dataflint),
            Evidence::new("core time held (lifetime x cores)", Quantity::Millis(held)),
            Evidence::new("executor run time", Quantity::Millis(facts.task_time)),
            Evidence::new("application wall time", Quantity::Millis(wall))
                .against(Quantity::Millis(WALL_FLOOR), ThresholdSource::Own),
        ],
        explanation: format!(
            "Cores were held for {held} and worked for {}. {how}",
            facts.task_time
        ),
        remedies: vec![
            String::from(
                "Look for gaps without running stages: work in the driver, collect in loops, slow listing of files.",
            ),
            String::from(
                "Run independent jobs of the application at the same time, from several threads.",
            ),
            String::from(
                "See the findings on few partitions and skew: they leave cores idle within a stage.",
            ),
        ],
        effect: Some(Effect {
            formula: String::from(
                "high: idle core time; low: what is idle above a busy share of 70 %: core time - run time / 0.7",
            ),
            task_time: None,
            wall_time: None,
            core_time: Some(crate::report::Stake::new(
                held - Millis(round_up(facts.task_time.as_f64() / TARGET_BUSY)),
                unused,
                held,
            )),
        }),
        patches,
        ..RULE.finding(Subject::Application)
    })
}

/// Sum of lifetime times cores over all executors, in milliseconds of one core. In local mode the driver is the executor.
fn core_time(facts: &Facts<'_>) -> Option<Millis> {
    let app = facts.application;
    let (start, end) = (app.start_time?, app.end_time.or(app.last_event_time)?);
    let held = |executor: &tinderbox_model::Executor| {
        let added = executor.add_time.unwrap_or(start).max(start);
        let lifetime = executor.remove_time.unwrap_or(end).min(end).since(added);
        Millis(lifetime.0.saturating_mul(u64::from(executor.total_cores)))
    };
    let held: Millis = app.executors.iter().map(held).sum();
    (!held.is_zero()).then_some(held)
}

fn patches(facts: &Facts<'_>, busy: f64) -> (Vec<Patch>, &'static str) {
    const DYNAMIC: &str = "spark.dynamicAllocation.enabled";
    const TRACKING: &str = "spark.dynamicAllocation.shuffleTracking.enabled";
    if facts.is_local {
        return (
            Vec::new(),
            "In local mode the cores are the driver's own, so nothing is saved by fewer.",
        );
    }
    let Some(executors) = peak_executors(facts) else {
        return (Vec::new(), "The number of executors is not known.");
    };
    // One step at a time: a stage that is short now may need the others.
    let wanted = round_up(as_f64(executors) * busy / TARGET_BUSY).max(executors.div_ceil(2));
    if wanted >= executors {
        return (Vec::new(), "There is one executor only; fewer cores for it save as much.");
    }
    if facts.flag(DYNAMIC) {
        let value = wanted.to_string();
        let key = String::from("spark.dynamicAllocation.maxExecutors");
        let how =
            "Dynamic allocation is on and still holds too many; a lower maximum fits the work.";
        return (vec![Patch::Configuration { key, value }], how);
    }
    if has_burst(facts) {
        let on =
            |key: &str| Patch::Configuration { key: key.to_owned(), value: String::from("true") };
        let how =
            "A stage fills all cores for a while, so executors should come and go with the work.";
        return (vec![on(DYNAMIC), on(TRACKING)], how);
    }
    let field = String::from("executor.instances");
    let how = "No stage fills all cores for long, so fewer executors do the same work.";
    (vec![Patch::Resource { field, value: wanted.to_string() }], how)
}

/// Executors that were there at one time, by the cores of the largest.
fn peak_executors(facts: &Facts<'_>) -> Option<u64> {
    let cores = facts.application.executors.iter().map(|e| u64::from(e.total_cores)).max()?;
    let cpus_per_task = facts.integer("spark.task.cpus").unwrap_or(1).max(1);
    facts.slots?.saturating_mul(cpus_per_task).checked_div(cores)
}

fn has_burst(facts: &Facts<'_>) -> bool {
    let (Some(slots), Some(wall)) = (facts.slots, facts.wall_time) else { return false };
    facts.application.stages.iter().any(|stage| {
        u64::from(stage.num_tasks) >= slots
            && stage.duration().and_then(|d| d.share_of(wall)).is_some_and(|s| s >= BURST_SHARE)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analyze;
    use crate::fixture::{application, executor, make_local, make_partial, set, task};
    use tinderbox_model::{Application, TimestampMs};

    fn findings(app: &Application) -> Vec<Finding> {
        check(&Facts::new(app))
    }

    /// Four executors of four cores for 100 s: 1,600 s of core time; two tasks share this run time.
    fn app_of(run: u64) -> Application {
        let mut app = application(100_000, vec![(0, vec![task(run / 2); 2])]);
        app.executors = (1..=4).map(|n| executor(&n.to_string(), 4, 0)).collect();
        app
    }

    #[test]
    fn more_than_half_idle_is_reported() {
        assert!(findings(&app_of(800_000)).is_empty());
        let found = findings(&app_of(799_998));
        assert_eq!(found.len(), 1);
        let core = found[0].effect.as_ref().and_then(|e| e.core_time).expect("known");
        assert_eq!(core.high_ms, Millis(800_002));
    }

    #[test]
    fn removed_executors_hold_no_cores() {
        let mut app = app_of(400_000);
        assert_eq!(findings(&app).len(), 1);
        for executor in &mut app.executors[1..] {
            executor.remove_time = Some(TimestampMs(30_000));
        }
        assert!(findings(&app).is_empty(), "760 s held, 400 s used");
    }

    #[test]
    fn short_applications_are_not_reported() {
        let of = |wall| application(wall, vec![(0, vec![task(100)])]);
        assert!(findings(&of(59_999)).is_empty());
        assert_eq!(findings(&of(60_000)).len(), 1);
    }

    #[test]
    fn advice_is_fewer_executors() {
        let mut app = app_of(400_000);
        assert_eq!(findings(&app)[0].patches[0].to_string(), "cluster.executor.instances=2");
        set(&mut app, "spark.dynamicAllocation.enabled", "true");
        assert_eq!(
            findings(&app)[0].patches[0].to_string(),
            "spark.dynamicAllocation.maxExecutors=2"
        );
    }

    #[test]
    fn executors_are_at_most_halved_and_replaced_ones_do_not_count() {
        let mut app = app_of(1_000);
        assert_eq!(findings(&app)[0].patches[0].to_string(), "cluster.executor.instances=2");
        for replaced in &mut app.executors[2..] {
            replaced.remove_time = Some(TimestampMs(50_000));
        }
        app.executors.extend([executor("5", 4, 50_000), executor("6", 4, 50_000)]);
        assert_eq!(findings(&app)[0].patches[0].to_string(), "cluster.executor.instances=2");
    }

    #[test]
    fn bursts_get_dynamic_allocation() {
        let mut app = application(100_000, vec![(0, vec![task(10_000); 16])]);
        app.executors = (1..=4).map(|n| executor(&n.to_string(), 4, 0)).collect();
        let found = findings(&app);
        assert_eq!(found[0].patches[0].to_string(), "spark.dynamicAllocation.enabled=true");
    }

    #[test]
    fn local_mode_has_the_drivers_cores_and_no_patch() {
        let mut app = application(100_000, vec![(0, vec![task(1_000)])]);
        make_local(&mut app);
        let found = findings(&app);
        assert_eq!(found[0].severity, Severity::Info);
        assert!(found[0].patches.is_empty());
    }

    #[test]
    fn partial_application_is_not_judged() {
        let mut app = app_of(1_000);
        make_partial(&mut app);
        assert!(analyze(&app).findings.is_empty(), "lost tasks look like idle cores");
    }
}
