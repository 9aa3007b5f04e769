use crate::conf_text::{GIB, MIB, round_up, size_text};
use crate::facts::Facts;
use crate::plan::{ShuffleJoin, Side, shuffle_joins};
use crate::report::{Effect, Evidence, Finding, Quantity, Severity, Subject, ThresholdSource};
use crate::rules::{Gate, Rule};
use tinderbox_model::{Bytes, Millis, Nanos, Patch, PlanNode, SqlMetricKind, SqlStatus};

/// A join shuffles both sides although one is small enough to be sent to every executor.
pub(crate) const RULE: Rule = Rule {
    id: "broadcast-candidate",
    title: "Join that could broadcast",
    page: "broadcast-candidate",
    gate: Gate::EachStage,
    check,
};

/// The small side may be this large at any size of the other. DF stops at 10 MB, or 100 MB against more than 10 GB. Own figure (o),
/// from one measured case (see the rule's page), in which 22 MB of Parquet gained a third of the task time; not calibrated.
const SMALL_SIDE: Bytes = Bytes(128 * MIB);
/// The small side may be this large when the other is [`VERY_LARGE`] (DF), and never larger: from here on DF warns of the broadcast.
const LARGEST_SIDE: Bytes = Bytes(GIB);
/// See [`LARGEST_SIDE`] (DF).
const VERY_LARGE: Bytes = Bytes(300 * GIB);
/// The other side must be this many times larger, else little shuffle is saved. Own figure (o); Spark asks for 3 before it builds
/// a hash table of a shuffled side (`JoinSelectionHelper.muchSmaller`).
const LARGER: f64 = 2.0;
/// Share of the smaller of driver and executor heap that the rows may take: the driver collects them and builds the table, whose
/// pages double as they grow, and every executor keeps it. Own figure (o).
const HEAP_PARTS: u64 = 8;
/// Room for growth between runs. Own figure (o).
const HEADROOM: f64 = 1.25;

const THRESHOLD: &str = "spark.sql.autoBroadcastJoinThreshold";

fn check(facts: &Facts<'_>) -> Vec<Finding> {
    let executions = facts.application.sql.iter().filter(|sql| sql.status == SqlStatus::Completed);
    executions.flat_map(shuffle_joins).filter_map(|join| finding(facts, &join)).collect()
}

/// The side to broadcast, with the sizes that decide.
struct Candidate<'j, 'a> {
    small: &'j Side<'a>,
    /// Rows shuffled on the small side.
    rows: Bytes,
    /// Rows shuffled on the other side.
    other: Bytes,
    /// Spark's estimate before the run: the files of a plain scan. `None` when it cannot be told.
    estimate: Option<Bytes>,
    /// What both estimates must stay below.
    limit: Bytes,
}

impl Candidate<'_, '_> {
    /// The larger of both estimates.
    fn size(&self) -> Bytes {
        self.rows.max(self.estimate.unwrap_or_default())
    }
}

fn finding(facts: &Facts<'_>, join: &ShuffleJoin<'_>) -> Option<Finding> {
    let is_partial = facts.application.completeness.is_partial();
    if is_partial && !is_fully_seen(facts, join) {
        return None;
    }
    let candidate = candidate(facts, join, 0).or_else(|| candidate(facts, join, 1))?;
    let (patches, how) = patches(facts, &candidate);
    let effect = effect(facts, join, &candidate);
    let place = match join.node.stages.as_slice() {
        [] => format!("SQL execution {}", join.execution.id),
        [stage, ..] => format!("stage {stage}"),
    };
    let subject = Subject::Operator { execution: join.execution.id, node: join.node.id };
    Some(Finding {
        // A chance and not a fault: at most a warning.
        severity: Severity::of_stake(effect.stake()).max(Severity::Warning),
        title: format!(
            "The join in {place} shuffles both sides, and one holds only {}",
            candidate.rows
        ),
        stages: join.node.stages.clone(),
        evidence: evidence(facts, join, &candidate),
        explanation: format!(
            "{} sends the rows of both sides over the network and sorts or hashes them. The smaller side fits into memory, so it \
             can be sent to every executor once, and the larger side stays where it is. {how}",
            join.node.name
        ),
        remedies: vec![
            String::from(
                "Mark the small side in the program: broadcast(df), or /*+ BROADCAST(t) */ in SQL.",
            ),
            String::from(
                "Filter and select before the join, so that the small side becomes smaller still.",
            ),
        ],
        effect: Some(effect),
        patches,
        ..RULE.finding(subject)
    })
}

/// Side `at` (0 left, 1 right) as the one to broadcast.
fn candidate<'j, 'a>(
    facts: &Facts<'_>,
    join: &'j ShuffleJoin<'a>,
    at: usize,
) -> Option<Candidate<'j, 'a>> {
    let (small, other) = (&join.sides[at], &join.sides[1 - at]);
    let (rows, other) = (small.data_size()?, other.data_size()?);
    if !join.kind.can_build(at) || other.as_f64() < LARGER * rows.as_f64() || rows.is_zero() {
        return None;
    }
    let ladder = if other > VERY_LARGE { LARGEST_SIDE } else { SMALL_SIDE };
    let limit = ladder.min(heap_limit(facts)?);
    // Above several inputs Spark multiplies their sizes, so the files say nothing about its estimate.
    let estimate = small.scanned.filter(|_| !small.is_composed);
    let candidate = Candidate { small, rows, other, estimate, limit };
    (candidate.size() <= limit).then_some(candidate)
}

fn heap_limit(facts: &Facts<'_>) -> Option<Bytes> {
    let driver = facts.memory("spark.driver.memory")?;
    let heap =
        if facts.is_local { driver } else { driver.min(facts.memory("spark.executor.memory")?) };
    Some(Bytes(heap.0 / HEAP_PARTS))
}

/// Whether all tasks that fed the join were seen: a side looks small when the ends of its tasks are missing.
fn is_fully_seen(facts: &Facts<'_>, join: &ShuffleJoin<'_>) -> bool {
    let mut nodes = join.sides.iter().flat_map(|side| &side.exchanges);
    nodes.all(|node| facts.are_whole(&node.stages))
}

fn evidence(
    facts: &Facts<'_>,
    join: &ShuffleJoin<'_>,
    candidate: &Candidate<'_, '_>,
) -> Vec<Evidence> {
    let ladder = if candidate.other > VERY_LARGE { LARGEST_SIDE } else { SMALL_SIDE };
    let source = if ladder == LARGEST_SIDE && candidate.limit == ladder {
        ThresholdSource::Dataflint
    } else {
        ThresholdSource::Own
    };
    let limit = Quantity::Bytes(candidate.limit);
    let multiple = candidate.other.share_of(candidate.rows).unwrap_or(0.0);
    let mut evidence = vec![
        Evidence::new("data size of the smaller side", Quantity::Bytes(candidate.rows))
            .against(limit.clone(), source),
        Evidence::new("data size of the larger side", Quantity::Bytes(candidate.other)),
        Evidence::new("larger side / smaller side", Quantity::Ratio(multiple))
            .against(Quantity::Ratio(LARGER), ThresholdSource::Own),
    ];
    if let Some(estimate) = candidate.estimate {
        let files = Evidence::new("size of files read, smaller side", Quantity::Bytes(estimate));
        evidence.insert(1, files.against(limit, source));
    }
    if let Some(rows) = candidate.small.exchanges[0].metric("shuffle records written") {
        evidence.push(Evidence::new("rows of the smaller side", Quantity::Count(rows)));
    }
    let in_force = facts.conf(THRESHOLD).unwrap_or("unknown").to_owned();
    evidence.push(Evidence::new(THRESHOLD, Quantity::Text(in_force)));
    evidence.push(Evidence::new("operator", Quantity::Text(join.node.description.clone())));
    evidence
}

fn patches(facts: &Facts<'_>, candidate: &Candidate<'_, '_>) -> (Vec<Patch>, String) {
    let in_force = facts.size(THRESHOLD);
    if in_force.is_some_and(|threshold| threshold >= candidate.size()) {
        let how = "The threshold in force already allows it, so size is not what kept Spark from it: a hint is needed.";
        return (Vec::new(), how.to_owned());
    }
    if candidate.estimate.is_none() && !facts.adaptive() {
        let how = "Spark cannot estimate this side before the run and adaptive execution is off, so only a hint helps.";
        return (Vec::new(), how.to_owned());
    }
    let threshold = next_threshold(candidate.size(), candidate.limit);
    let value = size_text(threshold);
    let mut how = format!(
        "Spark compares its estimate before the run (the size of the files) and adaptive execution the size of the shuffled rows \
         with {THRESHOLD}; {value} is above both."
    );
    if facts.conf(THRESHOLD).is_some_and(|value| value.trim().starts_with('-')) {
        how.push_str(
            " Broadcasting was switched off on purpose: find out why before you apply it.",
        );
    }
    (vec![Patch::Configuration { key: THRESHOLD.to_owned(), value }], how)
}

/// The lowest step (powers of two and one and a half times these, from 16 MiB) that leaves headroom, cut at `limit`. As low as
/// possible, because the setting lets other joins broadcast too.
fn next_threshold(size: Bytes, limit: Bytes) -> Bytes {
    let wanted = round_up(size.as_f64() * HEADROOM);
    let steps = (4..11).flat_map(|power| [MIB << power, (MIB << power) / 2 * 3]);
    let step = steps.into_iter().find(|step| *step >= wanted).unwrap_or(limit.0);
    Bytes(step).min(limit)
}

/// Task time: at least the sorting, the shuffle's writing and the waiting for it; at most the stages that hold the join and the
/// shuffle's writing. Where only adaptive execution can decide, the shuffle has been written by then, and only the sort is sure.
fn effect(facts: &Facts<'_>, join: &ShuffleJoin<'_>, candidate: &Candidate<'_, '_>) -> Effect {
    let stages = facts.attempts_of(&join.node.stages);
    let join_time: Millis = stages.iter().map(|stage| stage.metrics.executor_run_time).sum();
    let sides = || join.sides.iter();
    let sorts: Millis = sides().flat_map(|side| &side.sorts).map(|n| time(n, "sort time")).sum();
    let exchanges = || sides().flat_map(|side| &side.exchanges);
    let writes: Millis = exchanges().map(|node| time(node, "shuffle write time")).sum();
    let waits: Millis = exchanges().map(|node| time(node, "fetch wait time")).sum();
    let low = if candidate.estimate.is_some() { sorts + writes + waits } else { sorts };
    let high = join_time + writes;
    let wall = |time| facts.as_wall(time, &stages).unwrap_or_default();
    Effect {
        formula: String::from(
            "low: sort time + shuffle write time + fetch wait time of the join's inputs (sort time alone when Spark can \
             decide only at run time); high: run time of the stages that hold the join + shuffle write time; \
             wall time at those stages' parallelism",
        ),
        task_time: facts.task_stake(low, high),
        wall_time: facts.wall_stake(wall(low), wall(high)),
        core_time: None,
    }
}

/// A time metric of an operator; 0 when it was not reported.
fn time(node: &PlanNode, name: &str) -> Millis {
    let metric = node.metrics.iter().find(|metric| metric.name == name);
    let value = metric.and_then(|metric| Some((metric.kind, metric.value?)));
    match value {
        Some((SqlMetricKind::NsTiming, nanos)) => Nanos(nanos).to_millis(),
        Some((SqlMetricKind::Timing, millis)) => Millis(millis),
        _ => Millis::ZERO,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analyze;
    use crate::fixture::{application, make_local, make_partial, make_sql, node, plan, set, task};
    use SqlMetricKind::{NsTiming, Size, Sum, Timing};
    use tinderbox_model::{Application, PlanGraph};

    /// The inputs of a join in a test.
    #[derive(Clone, Copy)]
    struct Case {
        join: &'static str,
        large_rows: u64,
        small_rows: u64,
        small_files: u64,
    }

    /// Measured on Spark 3.5.8, local[2], adaptive execution on: 6 M purchases, 35 % of one customer, joined with 1 M customers
    /// and aggregated. Spark reports these numbers.
    const MEASURED: Case = Case {
        join: "SortMergeJoin [customer_id#1L], [customer_id#8L], Inner",
        large_rows: 192_000_000,
        small_rows: 56_000_000,
        small_files: 17_141_807,
    };

    fn graph(case: Case) -> PlanGraph {
        let size = |bytes| ("data size", Size, bytes);
        plan(
            vec![
                node(7, case.join, &[("number of output rows", Sum, 6_000_000)], &[6]),
                node(
                    8,
                    "Sort [customer_id#1L ASC NULLS FIRST]",
                    &[("sort time", Timing, 97)],
                    &[6],
                ),
                node(9, "AQEShuffleRead", &[], &[6]),
                node(
                    10,
                    "Exchange",
                    &[size(case.large_rows), ("shuffle write time", NsTiming, 325_042_137)],
                    &[2, 6],
                ),
                node(11, "Filter", &[], &[2]),
                node(12, "Scan parquet", &[("size of files read", Size, 106_928_074)], &[2]),
                node(
                    13,
                    "Sort [customer_id#8L ASC NULLS FIRST]",
                    &[("sort time", Timing, 14)],
                    &[6],
                ),
                node(14, "AQEShuffleRead", &[], &[6]),
                node(
                    15,
                    "Exchange",
                    &[
                        size(case.small_rows),
                        ("shuffle write time", NsTiming, 165_614_591),
                        ("shuffle records written", Sum, 1_000_000),
                    ],
                    &[3, 6],
                ),
                node(16, "Filter", &[], &[3]),
                node(17, "Scan parquet", &[("size of files read", Size, case.small_files)], &[3]),
            ],
            &[
                (8, 7),
                (9, 8),
                (10, 9),
                (11, 10),
                (12, 11),
                (13, 7),
                (14, 13),
                (15, 14),
                (16, 15),
                (17, 16),
            ],
        )
    }

    fn app_of(case: Case) -> Application {
        let mut app = application(
            10_063,
            vec![
                (2, vec![task(1_636), task(1_799)]),
                (3, vec![task(686), task(635)]),
                (6, vec![task(3_127), task(3_203)]),
                (10, vec![task(146)]),
            ],
        );
        make_local(&mut app);
        make_sql(&mut app, graph(case));
        app
    }

    fn findings(app: &Application) -> Vec<Finding> {
        check(&Facts::new(app))
    }

    #[test]
    fn measured_case_is_reported_with_a_threshold_above_both_estimates() {
        let mut found = findings(&app_of(MEASURED));
        assert_eq!((found.len(), found[0].evidence.len()), (1, 7));
        found[0].evidence.truncate(3);
        let text = serde_json::to_string_pretty(&found[0]).expect("serializes");
        insta::assert_snapshot!(text, @r#"
        {
          "id": "broadcast-candidate/sql-0/node-7",
          "rule": "broadcast-candidate",
          "severity": "warning",
          "title": "The join in stage 6 shuffles both sides, and one holds only 53.4 MiB",
          "subject": {
            "kind": "operator",
            "execution": 0,
            "node": 7
          },
          "stages": [
            6
          ],
          "evidence": [
            {
              "metric": "data size of the smaller side",
              "value": {
                "unit": "bytes",
                "value": 56000000
              },
              "threshold": {
                "value": {
                  "unit": "bytes",
                  "value": 134217728
                },
                "source": "own"
              }
            },
            {
              "metric": "size of files read, smaller side",
              "value": {
                "unit": "bytes",
                "value": 17141807
              },
              "threshold": {
                "value": {
                  "unit": "bytes",
                  "value": 134217728
                },
                "source": "own"
              }
            },
            {
              "metric": "data size of the larger side",
              "value": {
                "unit": "bytes",
                "value": 192000000
              },
              "threshold": null
            }
          ],
          "explanation": "SortMergeJoin sends the rows of both sides over the network and sorts or hashes them. The smaller side fits into memory, so it can be sent to every executor once, and the larger side stays where it is. Spark compares its estimate before the run (the size of the files) and adaptive execution the size of the shuffled rows with spark.sql.autoBroadcastJoinThreshold; 96MB is above both.",
          "remedies": [
            "Mark the small side in the program: broadcast(df), or /*+ BROADCAST(t) */ in SQL.",
            "Filter and select before the join, so that the small side becomes smaller still."
          ],
          "effect": {
            "formula": "low: sort time + shuffle write time + fetch wait time of the join's inputs (sort time alone when Spark can decide only at run time); high: run time of the stages that hold the join + shuffle write time; wall time at those stages' parallelism",
            "task_time": {
              "low_ms": 601,
              "high_ms": 6820,
              "low_ratio": 0.05350783475783476,
              "high_ratio": 0.6071937321937322
            },
            "wall_time": {
              "low_ms": 305,
              "high_ms": 3203,
              "low_ratio": 0.030309052966312235,
              "high_ratio": 0.3182947431183544
            },
            "core_time": null
          },
          "patches": [
            {
              "kind": "configuration",
              "key": "spark.sql.autoBroadcastJoinThreshold",
              "value": "96MB"
            }
          ],
          "defers_to": [],
          "page": "broadcast-candidate"
        }
        "#);
    }

    #[test]
    fn broadcast_join_is_no_candidate() {
        let join = "BroadcastHashJoin [customer_id#1L], [customer_id#8L], Inner, BuildRight, false";
        assert!(findings(&app_of(Case { join, ..MEASURED })).is_empty());
    }

    #[test]
    fn small_side_must_fit_into_an_eighth_of_the_heap() {
        let of = |mib: u64| app_of(Case { small_rows: mib * MIB, large_rows: GIB, ..MEASURED });
        assert_eq!(findings(&of(128)).len(), 1, "an eighth of the default heap");
        assert!(findings(&of(129)).is_empty());
        let mut small_heap = of(65);
        set(&mut small_heap, "spark.driver.memory", "512m");
        assert!(findings(&small_heap).is_empty());
        let mut large_heap = of(129);
        set(&mut large_heap, "spark.driver.memory", "16g");
        assert!(findings(&large_heap).is_empty(), "the ladder ends at 128 MiB");
        let mut very_large =
            app_of(Case { small_rows: GIB, large_rows: VERY_LARGE.0 + 1, ..MEASURED });
        set(&mut very_large, "spark.driver.memory", "16g");
        assert_eq!(findings(&very_large).len(), 1);
    }

    #[test]
    fn executor_heap_counts_on_a_cluster() {
        let mut app = app_of(MEASURED);
        set(&mut app, "spark.master", "yarn");
        set(&mut app, "spark.driver.memory", "4g");
        assert_eq!(findings(&app).len(), 1);
        set(&mut app, "spark.executor.memory", "400m");
        assert!(findings(&app).is_empty());
    }

    #[test]
    fn files_larger_than_their_rows_count_too() {
        let case = Case { small_files: 129 * MIB, ..MEASURED };
        assert!(findings(&app_of(case)).is_empty(), "text files are larger than their rows");
    }

    #[test]
    fn other_side_must_be_twice_as_large() {
        let of = |large_rows| app_of(Case { large_rows, ..MEASURED });
        assert_eq!(findings(&of(112_000_000)).len(), 1);
        assert!(findings(&of(111_999_999)).is_empty());
    }

    #[test]
    fn outer_joins_keep_the_side_whose_rows_all_survive() {
        let of = |join| findings(&app_of(Case { join, ..MEASURED })).len();
        assert_eq!(of("SortMergeJoin [a#1L], [b#8L], LeftOuter"), 1, "the small right side");
        assert_eq!(of("SortMergeJoin [a#1L], [b#8L], LeftAnti"), 1);
        assert_eq!(of("SortMergeJoin [a#1L], [b#8L], RightOuter"), 0);
        assert_eq!(of("SortMergeJoin [a#1L], [b#8L], FullOuter"), 0);
        assert_eq!(of("ShuffledHashJoin [a#1L], [b#8L], Inner, BuildRight"), 1);
    }

    #[test]
    fn advice_raises_the_threshold_and_never_lowers_it() {
        let mut app = app_of(MEASURED);
        set(&mut app, THRESHOLD, "50MB");
        assert_eq!(
            findings(&app)[0].patches[0].to_string(),
            "spark.sql.autoBroadcastJoinThreshold=96MB"
        );
        set(&mut app, THRESHOLD, "1g");
        let found = findings(&app);
        assert!(found[0].patches.is_empty());
        assert!(found[0].explanation.contains("a hint is needed"));
    }

    #[test]
    fn threshold_that_was_switched_off_is_named() {
        let mut app = app_of(MEASURED);
        set(&mut app, THRESHOLD, "-1");
        let found = findings(&app);
        assert_eq!(found[0].patches.len(), 1);
        assert!(found[0].explanation.contains("switched off on purpose"));
    }

    #[test]
    fn side_of_several_inputs_needs_adaptive_execution() {
        let mut app = app_of(MEASURED);
        let mut graph = graph(MEASURED);
        graph.nodes.push(node(18, "Scan parquet", &[("size of files read", Size, 1)], &[3]));
        graph.edges.push(tinderbox_model::PlanEdge {
            from: tinderbox_model::PlanNodeId(18),
            to: tinderbox_model::PlanNodeId(16),
        });
        make_sql(&mut app, graph);
        let low = |app: &Application| {
            findings(app)[0].effect.as_ref().and_then(|e| e.task_time).expect("known").low_ms
        };
        assert_eq!(findings(&app)[0].patches.len(), 1);
        assert_eq!(low(&app), Millis(111), "the sorts alone");
        assert_eq!(low(&app_of(MEASURED)), Millis(111 + 325 + 165));
        set(&mut app, "spark.sql.adaptive.enabled", "false");
        assert!(findings(&app)[0].patches.is_empty());
    }

    #[test]
    fn steps_leave_headroom_up_to_the_limit() {
        let next = |mib, limit| next_threshold(Bytes(mib * MIB), Bytes(limit * MIB)).0 / MIB;
        assert_eq!(next(11, 128), 16);
        assert_eq!(next(13, 128), 24);
        assert_eq!(next(51, 128), 64);
        assert_eq!(next(52, 128), 96);
        assert_eq!(next(120, 128), 128);
        assert_eq!(next(900, 1024), 1024);
    }

    #[test]
    fn sides_with_missing_tasks_are_not_judged() {
        let mut app = app_of(MEASURED);
        make_partial(&mut app);
        assert_eq!(findings(&app).len(), 1, "the join's own stages are whole");
        app.stages[1].num_tasks += 1;
        assert!(findings(&app).is_empty(), "the small side may be larger than it looks");
    }

    #[test]
    fn running_query_has_no_final_plan() {
        let mut app = app_of(MEASURED);
        app.sql[0].status = SqlStatus::Running;
        assert!(findings(&app).is_empty());
    }

    #[test]
    fn spill_and_skew_of_the_join_yield_to_the_broadcast() {
        let mut app = app_of(MEASURED);
        let skewed = |ms, mib| task(ms).shuffle_read(mib).spill(mib / 2);
        let mut tasks = vec![skewed(1_000, 40); 19];
        tasks.push(skewed(30_000, 200));
        app.stages[2] = crate::fixture::stage(6, &tasks);
        make_sql(&mut app, graph(MEASURED));
        let report = analyze(&app);
        let advised: Vec<String> = report.advice.iter().map(|a| a.patch.to_string()).collect();
        assert_eq!(advised, ["spark.sql.autoBroadcastJoinThreshold=96MB"]);
        let withheld: Vec<&str> = report.withheld.iter().map(|w| w.finding.as_str()).collect();
        assert_eq!(withheld, ["data-skew/stage-6", "data-skew/stage-6", "spill/stage-6"]);
        let favored = "broadcast-candidate/sql-0/node-7";
        assert!(report.withheld.iter().all(|w| w.in_favor_of.as_str() == favored));
    }
}
