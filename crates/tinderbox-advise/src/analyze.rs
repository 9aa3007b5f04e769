use crate::advice::advise;
use crate::facts::Facts;
use crate::report::{Finding, Partial, REPORT_VERSION, Report};
use crate::rules::{Gate, rules};
use tinderbox_model::{Application, Completeness};

/// Findings kept per rule, those with the largest stakes: an application may have ten thousand stages with one problem.
const FINDINGS_PER_RULE: usize = 100;

/// Looks at an application with every rule. Works on running and damaged applications too; the report then says that it
/// is partial.
pub fn analyze(application: &Application) -> Report {
    let facts = Facts::new(application);
    let is_partial = application.completeness.is_partial();
    let mut findings = Vec::new();
    let mut omitted_findings = 0;
    let mut silent_rules = Vec::new();
    for rule in rules() {
        if is_partial && rule.gate == Gate::WholeApplication {
            silent_rules.push(rule.id.to_owned());
            continue;
        }
        let mut found = (rule.check)(&facts);
        sort(&mut found);
        omitted_findings += found.len().saturating_sub(FINDINGS_PER_RULE) as u64;
        found.truncate(FINDINGS_PER_RULE);
        findings.extend(found);
    }
    let (advice, withheld) = advise(&facts, &mut findings);
    sort(&mut findings);
    let reasons = reasons(&application.completeness);
    Report {
        version: REPORT_VERSION,
        application_id: application.id.clone(),
        partial: is_partial.then_some(Partial { reasons, silent_rules }),
        wall_time_ms: facts.wall_time,
        task_time_ms: facts.task_time,
        findings,
        omitted_findings,
        advice,
        withheld,
    }
}

/// Why an application is partial, one sentence each. Has a reason for every way in which
/// [`Completeness::is_partial`] answers yes.
pub(crate) fn reasons(completeness: &Completeness) -> Vec<String> {
    let mut reasons = Vec::new();
    if let Some(cause) = &completeness.truncated {
        reasons.push(format!("The log was cut short: {cause}."));
    } else if !completeness.ended {
        reasons.push(String::from(
            "The end of the application was not seen: it runs, or its log ends early.",
        ));
    }
    if completeness.lost_task_ends > 0 {
        reasons.push(format!("The ends of {} tasks are missing.", completeness.lost_task_ends));
    }
    if let Some(shed) = completeness.shed_events.get("SparkListenerTaskEnd") {
        reasons.push(format!("The listener shed {shed} ends of tasks."));
    }
    if completeness.bad_lines > 0 {
        reasons.push(format!("{} lines of the log could not be read.", completeness.bad_lines));
    }
    if completeness.contradictions > 0 {
        let count = completeness.contradictions;
        reasons.push(format!("{count} events of the log contradict earlier ones."));
    }
    if completeness.lost_job_ends > 0 {
        reasons.push(format!("The ends of {} jobs are missing.", completeness.lost_job_ends));
    }
    if let Some(what) = &completeness.approximate {
        reasons.push(format!("Some figures are not exact: {what}."));
    }
    reasons
}

/// By severity, then stake, then id.
fn sort(findings: &mut [Finding]) {
    findings.sort_by(|a, b| {
        a.severity
            .cmp(&b.severity)
            .then_with(|| b.stake().total_cmp(&a.stake()))
            .then_with(|| a.id.cmp(&b.id))
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compare;
    use crate::fixture::{application, make_partial, node, set, task};
    use proptest::prelude::*;
    use tinderbox_model::{
        Bytes, Distribution, ExecutorId, ExecutorMetric, FailureGroup, Millis, PlanEdge, PlanGraph,
        PlanNodeId, SqlExecution, SqlExecutionId, SqlMetricKind, SqlStatus, Stage, StageAttemptId,
        StageId, StageStatus, TaskBrief, TaskId, TaskMetrics, TimestampMs,
    };

    /// An endless row of numbers out of a few.
    #[derive(Debug)]
    struct Numbers {
        values: Vec<u64>,
        at: usize,
    }

    impl Numbers {
        fn next(&mut self) -> u64 {
            self.at += 1;
            self.values[self.at % self.values.len()]
        }

        fn below(&mut self, limit: u64) -> u64 {
            self.next() % limit
        }

        fn small(&mut self) -> u32 {
            u32::try_from(self.next() & u64::from(u32::MAX)).expect("masked")
        }

        fn time(&mut self) -> Option<TimestampMs> {
            let value = i64::from_ne_bytes(self.next().to_ne_bytes());
            (value % 7 != 0).then_some(TimestampMs(value))
        }

        fn text(&mut self) -> String {
            let texts = [
                "",
                "-1",
                "true",
                "1g",
                "local[0]",
                "local[18446744073709551615]",
                "1e999",
                "8388607t",
            ];
            texts[self.at % texts.len()].to_owned()
        }

        fn metrics(&mut self) -> TaskMetrics {
            TaskMetrics {
                executor_deserialize_time: Millis(self.next()),
                executor_run_time: Millis(self.next()),
                jvm_gc_time: Millis(self.next()),
                result_serialization_time: Millis(self.next()),
                memory_bytes_spilled: Bytes(self.next()),
                disk_bytes_spilled: Bytes(self.next()),
                peak_execution_memory: Bytes(self.next()),
                input_bytes: Bytes(self.next()),
                input_records: self.next(),
                shuffle_remote_bytes_read: Bytes(self.next()),
                shuffle_local_bytes_read: Bytes(self.next()),
                shuffle_read_records: self.next(),
                ..TaskMetrics::default()
            }
        }

        fn distribution(&mut self) -> Distribution {
            let mut distribution = Distribution::default();
            for _ in 0..self.below(20) {
                distribution.add(self.next());
            }
            distribution
        }

        fn stage(&mut self, id: i64) -> Stage {
            let mut stage = Stage::new(StageAttemptId { stage: StageId(id), attempt: 0 });
            let states = [StageStatus::Complete, StageStatus::Failed, StageStatus::Active];
            stage.status = states[usize::try_from(self.below(3)).expect("small")];
            stage.sql_execution = (self.below(2) == 0).then_some(SqlExecutionId(0));
            stage.num_tasks = self.small() % 16;
            stage.tasks.complete = self.small();
            stage.tasks.failed = self.small();
            stage.tasks.killed = self.small();
            stage.submission_time = self.time();
            stage.completion_time = self.time();
            stage.metrics = self.metrics();
            let spread = &mut stage.distributions;
            for distribution in [
                &mut spread.duration,
                &mut spread.executor_run_time,
                &mut spread.scheduler_delay,
                &mut spread.input_bytes,
                &mut spread.output_bytes,
                &mut spread.shuffle_read_bytes,
                &mut spread.shuffle_read_records,
                &mut spread.disk_bytes_spilled,
                &mut spread.memory_bytes_spilled,
                &mut spread.peak_execution_memory,
            ] {
                *distribution = self.distribution();
            }
            for _ in 0..self.below(3) {
                stage.slowest_tasks.push(TaskBrief {
                    id: TaskId(id),
                    index: -1,
                    executor: ExecutorId::new("1"),
                    duration: Millis(self.next()),
                    metrics: self.metrics(),
                });
                stage.failures.push(FailureGroup {
                    reason: self.text(),
                    message: String::from("OutOfMemoryError"),
                    sample: String::new(),
                    count: self.small(),
                    first_time: TimestampMs(i64::MIN),
                    tasks: Vec::new(),
                });
            }
            stage
        }

        /// A plan whose edges may lead in circles and into nothing.
        fn plan(&mut self) -> PlanGraph {
            let names = ["SortMergeJoin [a], [b], Inner", "Exchange", "Sort [a]", "Scan parquet"];
            let mut plan = PlanGraph::default();
            for id in 0..12 {
                let metrics = [
                    ("data size", SqlMetricKind::Size, self.next()),
                    ("size of files read", SqlMetricKind::Size, self.next()),
                    ("shuffle write time", SqlMetricKind::NsTiming, self.next()),
                    ("sort time", SqlMetricKind::Timing, self.next()),
                ];
                let name = names[usize::try_from(self.below(4)).expect("small")];
                plan.nodes.push(node(id, name, &metrics, &[id % 4]));
                for _ in 0..self.below(3) {
                    let to = PlanNodeId(i64::try_from(self.below(14)).expect("small"));
                    plan.edges.push(PlanEdge { from: PlanNodeId(id), to });
                }
            }
            plan
        }

        fn application(&mut self) -> Application {
            let mut app = application(0, vec![]);
            app.start_time = self.time();
            app.end_time = self.time();
            app.completeness.ended = self.below(2) == 0;
            for id in 0..i64::try_from(self.below(5)).expect("small") {
                let stage = self.stage(id);
                app.stages.push(stage);
            }
            let cores = if self.below(2) == 0 { 1 } else { self.small() };
            let mut executor = crate::fixture::executor("1", cores, 0);
            executor.add_time = self.time();
            executor.remove_time = self.time();
            let heap = i64::try_from(self.next()).unwrap_or(i64::MAX);
            executor.peak_memory.set(ExecutorMetric::JvmHeap, heap);
            app.executors = vec![executor; usize::try_from(self.below(4)).expect("small")];
            for key in [
                "spark.master",
                "spark.task.cpus",
                "spark.driver.memory",
                "spark.executor.memory",
                "spark.executor.memoryOverhead",
                "spark.sql.adaptive.enabled",
                "spark.sql.shuffle.partitions",
                "spark.sql.autoBroadcastJoinThreshold",
                "spark.sql.adaptive.skewJoin.skewedPartitionFactor",
            ] {
                let value = self.text();
                if self.below(2) == 0 {
                    set(&mut app, key, &value);
                }
            }
            app.sql.push(SqlExecution {
                plan: self.plan(),
                submission_time: TimestampMs(i64::MAX),
                status: SqlStatus::Completed,
                ..SqlExecution::new(SqlExecutionId(0))
            });
            app
        }
    }

    fn numbers() -> impl Strategy<Value = Numbers> {
        let number = prop_oneof![
            Just(0),
            Just(1),
            Just(u64::MAX),
            0..100_000_u64,
            any::<u64>(),
            (10_u32..50).prop_map(|bits| 1 << bits),
        ];
        // A prime number of values, so that the row does not repeat in step with the fields.
        prop::collection::vec(number, 251).prop_map(|values| Numbers { values, at: 0 })
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn any_application_gives_a_report_that_can_be_read_back(mut numbers in numbers()) {
            let (app, other) = (numbers.application(), numbers.application());
            let report = analyze(&app);
            for finding in &report.findings {
                prop_assert!((0.0..=1.0).contains(&finding.stake()), "{:?}", finding);
                prop_assert!(!finding.title.is_empty() && !finding.evidence.is_empty());
            }
            let text = serde_json::to_string(&report).expect("serializes");
            let back: Report = serde_json::from_str(&text).expect("an infinite ratio would be null");
            // Only names are compared: the reader of the tests may differ in the last digit of a ratio.
            let ids = |report: &Report| report.findings.iter().map(|f| f.id.clone()).collect::<Vec<_>>();
            prop_assert_eq!(ids(&back), ids(&report));
            prop_assert_eq!(back.withheld, report.withheld);
            let text = serde_json::to_string(&compare(&app, &other)).expect("serializes");
            serde_json::from_str::<crate::Comparison>(&text).expect("reads back");
        }
    }

    #[test]
    fn generated_applications_reach_every_rule() {
        use proptest::strategy::ValueTree;
        let mut runner = proptest::test_runner::TestRunner::deterministic();
        let mut reached = std::collections::BTreeSet::new();
        for _ in 0..2_000 {
            let mut numbers = numbers().new_tree(&mut runner).expect("generates").current();
            let report = analyze(&numbers.application());
            reached.extend(report.findings.into_iter().map(|finding| finding.rule));
        }
        let all: std::collections::BTreeSet<String> =
            rules().iter().map(|rule| rule.id.to_owned()).collect();
        assert_eq!(reached, all, "else the property above says nothing about a rule");
    }

    #[test]
    fn empty_application_gives_an_empty_partial_report() {
        let report = analyze(&Application::default());
        assert!(report.findings.is_empty() && report.advice.is_empty());
        let partial = report.partial.expect("nothing was seen");
        assert_eq!(partial.silent_rules, ["gc-pressure", "idle-cores"]);
    }

    #[test]
    fn healthy_application_gives_no_finding() {
        let report = analyze(&application(60_000, vec![(0, vec![task(14_000).input(100); 16])]));
        assert_eq!(report.findings, []);
        assert_eq!(report.partial, None);
    }

    #[test]
    fn every_kind_of_loss_has_its_reason() {
        let mut app = application(60_000, vec![]);
        assert!(reasons(&app.completeness).is_empty());
        make_partial(&mut app);
        app.completeness.bad_lines = 2;
        app.completeness.shed_events.insert(String::from("SparkListenerTaskEnd"), 7);
        app.completeness.truncated = Some(String::from("half a line at the end"));
        insta::assert_snapshot!(reasons(&app.completeness).join("\n"), @r"
        The log was cut short: half a line at the end.
        The ends of 3 tasks are missing.
        The listener shed 7 ends of tasks.
        2 lines of the log could not be read.
        ");
        app.completeness = Completeness::default();
        assert_eq!(reasons(&app.completeness).len(), 1, "a running application");
    }

    #[test]
    fn findings_of_a_rule_are_limited_to_the_largest_stakes() {
        let stage = |id, spill| (id, vec![task(1_000).shuffle_read(64).spill(spill); 4]);
        let app =
            application(60_000, (0..105).map(|id| stage(id, 1)).chain([stage(200, 6)]).collect());
        let report = analyze(&app);
        assert_eq!(report.findings.len(), FINDINGS_PER_RULE);
        assert_eq!(report.omitted_findings, 6);
        assert_eq!(report.findings[0].id.as_str(), "spill/stage-200");
    }
}
