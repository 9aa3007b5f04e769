use crate::conf_text::as_f64;
use crate::facts::Facts;
use crate::report::{Effect, Evidence, Finding, Quantity, Severity, Subject, ThresholdSource};
use crate::rules::{DATA_SKEW, Gate, Rule};
use crate::skew::skew_of;
use tinderbox_model::{Bytes, ExecutorMetric, Millis, Stage};

/// Tasks spend much of their time in garbage collection.
pub(crate) const RULE: Rule = Rule {
    id: "gc-pressure",
    title: "Garbage collection",
    page: "gc-pressure",
    gate: Gate::WholeApplication,
    check,
};

/// GC time / run time from which it is reported (DE, "low").
const INFO: f64 = 0.08;
/// From which it is a warning (DE, "moderate"; its "severe" at .15 stays one).
const WARNING: f64 = 0.10;
/// From which it is critical (DE, "critical").
const CRITICAL: f64 = 0.20;
/// What a healthy application has: DE calls memory ample below this share.
const HEALTHY: f64 = 0.05;
/// Less task time than this says nothing: class loading and the first collections of a young heap dominate.
/// Own figure (o): the demo of 20 s task time shows 5 to 8 % without being short of memory.
const TASK_TIME_FLOOR: Millis = Millis(60_000);
/// Below this share of the heap at its peak, more heap is no cure. Own figure (o), below DF's 70 % for memory too large.
const HEAP_USED: f64 = 0.5;

fn check(facts: &Facts<'_>) -> Vec<Finding> {
    let stages = &facts.application.stages;
    let gc: Millis = stages.iter().map(|stage| stage.metrics.jvm_gc_time).sum();
    let Some(share) = gc.share_of(facts.task_time) else { return Vec::new() };
    if facts.task_time < TASK_TIME_FLOOR || share < INFO {
        return Vec::new();
    }
    let severity = match share {
        share if share >= CRITICAL => Severity::Critical,
        share if share >= WARNING => Severity::Warning,
        _ => Severity::Info,
    };
    let bound = match severity {
        Severity::Critical => CRITICAL,
        Severity::Warning => WARNING,
        Severity::Info => INFO,
    };
    let healthy = Millis(facts.task_time.0 / 20);
    let skewed = skewed_majority(stages, gc);
    let has_spare_heap = heap_share(facts).is_some_and(|share| share < HEAP_USED);
    let patches = if has_spare_heap { None } else { facts.more_heap() };
    let mut explanation = format!(
        "While the JVM collects garbage its tasks stand still: {gc} of {} run time. A healthy application stays below {:.0} %.",
        facts.task_time,
        HEALTHY * 100.0
    );
    if has_spare_heap {
        explanation.push_str(
            " The heap was less than half full at its peak, so the cause is the number of short-lived objects and not its size.",
        );
    }
    if skewed.is_some() {
        explanation.push_str(" Most of it falls into a skewed stage, so cure the skew first.");
    }
    let mut evidence = vec![
        Evidence::new("JVM GC time / executor run time", Quantity::Ratio(share))
            .against(Quantity::Ratio(bound), ThresholdSource::DrElephant),
        Evidence::new("JVM GC time", Quantity::Millis(gc)),
        Evidence::new("executor run time", Quantity::Millis(facts.task_time))
            .against(Quantity::Millis(TASK_TIME_FLOOR), ThresholdSource::Own),
    ];
    if let Some(share) = heap_share(facts) {
        let used = Evidence::new("peak JVM heap / heap", Quantity::Ratio(share));
        evidence.push(used.against(Quantity::Ratio(HEAP_USED), ThresholdSource::Own));
    }
    vec![Finding {
        severity,
        title: format!("{:.0} % of the run time is garbage collection", share * 100.0),
        evidence,
        explanation,
        remedies: vec![
            String::from(
                "Use built-in functions and DataFrames in place of RDDs and row-at-a-time UDFs: fewer objects.",
            ),
            String::from(
                "Cache serialized (MEMORY_ONLY_SER or MEMORY_AND_DISK_SER), or not at all what is read once.",
            ),
            String::from("Run fewer tasks per executor at a time, so that each has more heap."),
        ],
        effect: Some(Effect {
            formula: String::from(
                "high: GC time - 5 % of run time (Dr. Elephant's bound for ample memory); low: half of that",
            ),
            task_time: facts.task_stake(Millis((gc - healthy).0 / 2), gc - healthy),
            wall_time: None,
            core_time: None,
        }),
        patches: patches.into_iter().collect(),
        defers_to: skewed
            .map(|stage| DATA_SKEW.finding_id(&Subject::Stage(stage.id)))
            .into_iter()
            .collect(),
        ..RULE.finding(Subject::Application)
    }]
}

/// The skewed stage that holds at least half of the GC time.
fn skewed_majority(stages: &[Stage], gc: Millis) -> Option<&Stage> {
    let holds_half = |stage: &&Stage| stage.metrics.jvm_gc_time.0 >= gc.0.div_ceil(2);
    stages.iter().filter(holds_half).find(|stage| skew_of(stage).is_some())
}

/// The largest peak of an executor's heap as a share of the heap that was set; `None` where Spark reported no peaks.
fn heap_share(facts: &Facts<'_>) -> Option<f64> {
    let peak = facts
        .application
        .executors
        .iter()
        .map(|e| e.peak_memory.bytes(ExecutorMetric::JvmHeap))
        .max();
    let peak = peak.filter(|peak| *peak > Bytes::ZERO)?;
    let heap = facts.task_heap().1.filter(|heap| !heap.is_zero())?;
    Some((as_f64(peak.0) / as_f64(heap.0)).min(1.0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analyze;
    use crate::fixture::{application, make_local, make_partial, set, task};
    use tinderbox_model::Application;

    fn findings(app: &Application) -> Vec<Finding> {
        check(&Facts::new(app))
    }

    /// 100 tasks of 1 s with so much GC each.
    fn app_of(gc: u64) -> Application {
        application(60_000, vec![(0, vec![task(1_000).gc(gc); 100])])
    }

    #[test]
    fn severity_follows_the_share_of_gc() {
        assert!(findings(&app_of(79)).is_empty());
        let severity = |gc| findings(&app_of(gc))[0].severity;
        assert_eq!(severity(80), Severity::Info);
        assert_eq!(severity(100), Severity::Warning);
        assert_eq!(severity(199), Severity::Warning);
        assert_eq!(severity(200), Severity::Critical);
    }

    #[test]
    fn short_applications_are_not_reported() {
        let of = |tasks| application(60_000, vec![(0, vec![task(1_000).gc(500); tasks])]);
        assert!(findings(&of(59)).is_empty());
        assert_eq!(findings(&of(60)).len(), 1);
    }

    #[test]
    fn advice_is_more_memory_and_the_drivers_in_local_mode() {
        let mut app = app_of(200);
        set(&mut app, "spark.executor.memory", "2g");
        assert_eq!(findings(&app)[0].patches[0].to_string(), "cluster.executor.memory=3g");
        make_local(&mut app);
        assert_eq!(findings(&app)[0].patches[0].to_string(), "cluster.driver.memory=1536m");
    }

    #[test]
    fn half_empty_heap_gets_no_more_memory() {
        let mut app = app_of(200);
        set(&mut app, "spark.executor.memory", "2g");
        app.executors[0].peak_memory.set(ExecutorMetric::JvmHeap, 1 << 30);
        assert_eq!(findings(&app)[0].patches.len(), 1, "half is not below half");
        app.executors[0].peak_memory.set(ExecutorMetric::JvmHeap, (1 << 30) - 1);
        assert!(findings(&app)[0].patches.is_empty());
    }

    #[test]
    fn gc_of_a_skewed_stage_defers_to_the_skew() {
        let mut tasks = vec![task(1_000).shuffle_read(40); 39];
        tasks.push(task(60_000).shuffle_read(900).gc(30_000));
        let report = analyze(&application(90_000, vec![(7, tasks)]));
        assert!(report.advice.is_empty(), "skew before memory");
        assert_eq!(report.withheld[0].finding.as_str(), "gc-pressure/application");
        assert_eq!(report.withheld[0].in_favor_of.as_str(), "data-skew/stage-7");
    }

    #[test]
    fn partial_application_is_not_judged() {
        let mut app = app_of(200);
        make_partial(&mut app);
        let report = analyze(&app);
        assert!(report.findings.is_empty());
        let partial = report.partial.expect("marked");
        assert!(partial.silent_rules.iter().any(|id| id == "gc-pressure"));
    }
}
