//! Plans of Spark as graphs in our words. Whole event logs are tested with the binary.

use std::collections::BTreeMap;
use tinderbox_model::{
    AccumulatorId, PlanEdge, PlanGraph, PlanNode, PlanNodeId, SqlMetric, SqlMetricKind,
};
use tinderbox_spec::{Choice, JobGraph, observed_graph};

/// A plan from lines of `rows name | description`, indented below what they feed. A reused exchange repeats a line.
fn plan(text: &str) -> PlanGraph {
    let mut plan = PlanGraph::default();
    let mut above: Vec<(usize, i64)> = Vec::new();
    let mut known: BTreeMap<String, i64> = BTreeMap::new();
    for (at, line) in text.lines().filter(|line| !line.trim().is_empty()).enumerate() {
        let indent = line.len() - line.trim_start().len();
        let (name, description) = line.trim().split_once(" | ").unwrap_or((line.trim(), ""));
        let (rows, name) = match name.split_once(' ') {
            Some((rows, name)) if rows.parse::<u64>().is_ok() => (rows.parse().ok(), name),
            _ => (None, name),
        };
        let id = i64::try_from(at).expect("few lines");
        while above.last().is_some_and(|(column, _)| *column >= indent) {
            above.pop();
        }
        let reused = name.strip_prefix("same as ").map(|name| known[name]);
        if let Some((_, parent)) = above.last() {
            let from = PlanNodeId(reused.unwrap_or(id));
            plan.edges.push(PlanEdge { from, to: PlanNodeId(*parent) });
        }
        if reused.is_some() {
            continue;
        }
        known.insert(name.to_owned(), id);
        above.push((indent, id));
        let metric = |value| SqlMetric {
            name: "number of output rows".to_owned(),
            kind: SqlMetricKind::Sum,
            accumulator: AccumulatorId(id),
            value: Some(value),
            spread: None,
        };
        let description = if description.is_empty() { name } else { description };
        plan.nodes.push(PlanNode {
            id: PlanNodeId(id),
            name: name.to_owned(),
            description: description.to_owned(),
            codegen_stage: None,
            metrics: rows.map(metric).into_iter().collect(),
            stages: Vec::new(),
        });
    }
    plan
}

fn shown(text: &str) -> String {
    let graph = observed_graph("a query", &plan(text));
    assert!(graph.is_read_only);
    let mut seen: Vec<&str> = Vec::new();
    let mut lines = String::new();
    for node in &graph.nodes {
        assert!(node.inputs.iter().all(|input| seen.contains(&input.as_str())), "{}", node.id);
        seen.push(&node.id);
        let rows = node.rows.map(|rows| format!(" {rows} rows")).unwrap_or_default();
        let parameters = serde_json::Value::Object(node.parameters.clone());
        lines.push_str(&format!(
            "{} [{}] <- {} {:?}{rows}\n  {parameters}\n",
            node.id,
            node.component,
            node.inputs.join(", "),
            node.operators,
        ));
    }
    lines
}

#[test]
fn row_1_4_aggregates_joins_and_what_spark_adds_become_few_nodes() {
    let text = "
AdaptiveSparkPlan | AdaptiveSparkPlan isFinalPlan=true
  5 HashAggregate | HashAggregate(keys=[region#9L], functions=[sum(amount#3L), count(1)])
    AQEShuffleRead | AQEShuffleRead coalesced
      Exchange | Exchange hashpartitioning(region#9L, 6), ENSURE_REQUIREMENTS, [plan_id=105]
        20 HashAggregate | HashAggregate(keys=[region#9L], functions=[partial_sum(amount#3L), partial_count(1)])
          Project | Project [amount#3L, region#9L]
            4000 BroadcastHashJoin | BroadcastHashJoin [customer#2L], [customer#8L], LeftOuter, BuildRight, false
              Project | Project [CASE WHEN ((id#0L % 4) = 0) THEN (id#0L % 40) ELSE 7 END AS customer#2L, (id#0L % 100) AS amount#3L]
                4000 Filter | Filter (isnotnull(id#0L) AND (id#0L > 3))
                  ColumnarToRow
                    4100 Scan parquet  | FileScan parquet [id#0L,k#110] Batched: true, DataFilters: [], Format: Parquet, Location: InMemoryFileIndex(1 paths)[file:/data/orders], PartitionFilters: [], PushedFilters: [IsNotNull(id), GreaterThan(id,3)], ReadSchema: struct<id:bigint>
              BroadcastExchange | BroadcastExchange HashedRelationBroadcastMode(List(input[0, bigint, false]),false), [plan_id=60]
                Project | Project [id#6L AS customer#8L, (id#6L % 5) AS region#9L]
                  Scan csv  | FileScan csv [id#6L] Batched: false, DataFilters: [], Format: CSV, Location: InMemoryFileIndex(1 paths)[file:/data/customers.csv], PartitionFilters: [], PushedFilters: [], ReadSchema: struct<id:bigint>
WholeStageCodegen (1)
";
    insta::assert_snapshot!(shown(text), @r#"
    source_1 [file] <-  [10] 4100 rows
      {"columns":["id","k"],"format":"parquet","path":"file:/data/orders","pushed_filters":["IsNotNull(id)","GreaterThan(id,3)"]}
    filter_1 [filter] <- source_1 [8, 9] 4000 rows
      {"condition":"isnotnull(id) AND (id > 3)"}
    select_1 [select] <- filter_1 [7]
      {"columns":["CASE WHEN ((id % 4) = 0) THEN (id % 40) ELSE 7 END AS customer","(id % 100) AS amount"]}
    source_2 [file] <-  [13]
      {"columns":["id"],"format":"csv","path":"file:/data/customers.csv"}
    select_2 [select] <- source_2 [12]
      {"columns":["id AS customer","(id % 5) AS region"]}
    join_1 [join] <- select_1, select_2 [6, 11] 4000 rows
      {"broadcast":"right","how":"left","on":["customer"]}
    aggregate_1 [aggregate] <- join_1 [0, 1, 2, 3, 4, 5] 5 rows
      {"aggregations":["sum(amount)","count(1)"],"group_by":["region"]}
    "#);
}

#[test]
fn sorts_windows_limits_and_writes() {
    let text = r#"
Execute InsertIntoHadoopFsRelationCommand | Execute InsertIntoHadoopFsRelationCommand file:/data/out, false, [k#104L], Parquet, [__partition_columns=["k"], path=/data/out], Overwrite, [id, k]
  WriteFiles
    Sort | Sort [k#104L ASC NULLS FIRST], false, 0
      10 TakeOrderedAndProject | TakeOrderedAndProject(limit=10, orderBy=[position#5 ASC NULLS FIRST,id#1 DESC NULLS LAST], output=[id#1,k#104])
        30 Window | Window [row_number() windowspecdefinition(k#104L, id#1 DESC NULLS LAST, specifiedwindowframe(RowFrame, unboundedpreceding$(), currentrow$())) AS position#5], [k#104L], [id#1 DESC NULLS LAST]
          Sort | Sort [k#104L ASC NULLS FIRST, id#1 DESC NULLS LAST], false, 0
            Exchange | Exchange hashpartitioning(k#104L, 6), ENSURE_REQUIREMENTS, [plan_id=1]
              Generate | Generate explode(items#7), [id#1, k#104L], false, [item#8]
                SortMergeJoin | SortMergeJoin [a#1, b#2], [a#3, c#4], Inner, (x#5 > y#6)
                  Sort | Sort [a#1 ASC NULLS FIRST], false, 0
                    Exchange | Exchange hashpartitioning(a#1, 6), ENSURE_REQUIREMENTS, [plan_id=2]
                      Exchange | Exchange hashpartitioning(k#104L, 3), REPARTITION_BY_NUM, [plan_id=3]
                        Scan parquet spark_catalog.default.orders | FileScan parquet spark_catalog.default.orders[a#1,b#2] Batched: true, Format: Parquet, Location: InMemoryFileIndex(1 paths)[file:/w/orders], PushedFilters: []
                  Sort | Sort [a#3 ASC NULLS FIRST], false, 0
                    GlobalLimit | GlobalLimit 5, 0
                      Exchange | Exchange SinglePartition, ENSURE_REQUIREMENTS, [plan_id=4]
                        LocalLimit | LocalLimit 5
                          Sort | Sort [a#3 ASC NULLS FIRST], true, 0
                            Exchange | Exchange rangepartitioning(a#3 ASC NULLS FIRST, 6), ENSURE_REQUIREMENTS, [plan_id=5]
                              Range | Range (0, 40, step=1, splits=2)
"#;
    insta::assert_snapshot!(shown(text), @r#"
    source_1 [table] <-  [12]
      {"columns":["a","b"],"format":"parquet","table":"spark_catalog.default.orders"}
    repartition_1 [repartition] <- source_1 [11]
      {"by":["k"],"partitions":3}
    source_2 [other] <-  [19]
      {"operator":"Range"}
    sort_1 [sort] <- source_2 [17, 18]
      {"by":["a ASC NULLS FIRST"]}
    limit_1 [limit] <- sort_1 [14, 15, 16]
      {"rows":5}
    join_1 [join] <- repartition_1, limit_1 [8, 9, 10, 13]
      {"condition":"x > y","how":"inner","on":["a","b = c"]}
    explode_1 [explode] <- join_1 [7]
      {"column":"items"}
    window_1 [window] <- explode_1 [4, 5, 6] 30 rows
      {"functions":{"position":"row_number()"},"order_by":["id DESC NULLS LAST"],"partition_by":["k"]}
    sort_2 [sort] <- window_1 [3]
      {"by":["position ASC NULLS FIRST","id DESC NULLS LAST"]}
    limit_2 [limit] <- sort_2 [3] 10 rows
      {"rows":10}
    sink_1 [file] <- limit_2 [0, 1, 2]
      {"format":"parquet","mode":"overwrite","partition_by":["k"],"path":"file:/data/out"}
    "#);
}

#[test]
fn subqueries_reuse_and_distinct_rows() {
    let text = "
Union
  Filter | Filter (cast(total#51L as double) > Subquery subquery#57, [id=#250])
    HashAggregate a | HashAggregate(keys=[region#41L], functions=[sum(amount#35L)])
      Exchange one | Exchange hashpartitioning(region#41L, 6), ENSURE_REQUIREMENTS, [plan_id=588]
        HashAggregate b | HashAggregate(keys=[region#41L], functions=[partial_sum(amount#35L)])
          LocalTableScan | LocalTableScan [region#41L, amount#35L]
    Subquery | Subquery subquery#57, [id=#250]
      same as HashAggregate a
  HashAggregate | HashAggregate(keys=[region#1, kind#2], functions=[])
    Exchange | Exchange hashpartitioning(region#1, kind#2, 6), ENSURE_REQUIREMENTS, [plan_id=7]
      HashAggregate | HashAggregate(keys=[region#1, kind#2], functions=[])
        BatchEvalPython | BatchEvalPython [score(a#1)#9], [pythonUDF0#10]
          BroadcastNestedLoopJoin | BroadcastNestedLoopJoin BuildLeft, Cross
            Scan JDBCRelation(public.orders) [numPartitions=1] | Scan JDBCRelation(public.orders) [numPartitions=1] [id#0] PushedFilters: [], ReadSchema: struct<id:int>
            MysteriousExec | MysteriousExec [x#1], whatever
";
    insta::assert_snapshot!(shown(&text.replace("HashAggregate a ", "HashAggregate ").replace("HashAggregate b ", "HashAggregate ").replace("Exchange one ", "Exchange ").replace("same as HashAggregate a", "same as LocalTableScan")), @r#"
    source_1 [other] <-  [5]
      {"columns":["region","amount"],"operator":"LocalTableScan"}
    aggregate_1 [aggregate] <- source_1 [2, 3, 4]
      {"aggregations":["sum(amount)"],"group_by":["region"]}
    filter_1 [filter] <- aggregate_1, source_1 [1, 6]
      {"condition":"cast(total as double) > Subquery subquery"}
    source_2 [jdbc] <-  [13]
      {"columns":["id"],"table":"public.orders"}
    other_1 [other] <-  [14]
      {"operator":"MysteriousExec"}
    join_1 [join] <- source_2, other_1 [12]
      {"broadcast":"left","how":"cross"}
    udf_1 [udf] <- join_1 [11]
      {"calls":["score(a)"]}
    deduplicate_1 [deduplicate] <- udf_1 [8, 9, 10]
      {"columns":["region","kind"]}
    union_1 [union] <- filter_1, deduplicate_1 [0]
      {}
    "#);
}

#[test]
fn odd_plans_give_a_graph_too() {
    assert_eq!(shown(""), "");
    let long: String =
        (0..400).map(|n| format!("{}Filter | Filter (a#1 > {n})\n", " ".repeat(n))).collect();
    assert_eq!(observed_graph("long", &plan(&long)).nodes.len(), 400);
    let mut ring = plan("A\n  B\n    C\n");
    ring.edges.push(PlanEdge { from: PlanNodeId(0), to: PlanNodeId(2) });
    observed_graph("ring", &ring);
    for text in [
        "Filter | ",
        "Project | Project [",
        "Sort",
        "Window | Window [a",
        "Generate",
        "HashAggregate | HashAggregate(keys=[",
        "Scan",
        "Execute",
        "Execute InsertIntoHadoopFsRelationCommand",
        "TakeOrderedAndProject | (limit=x",
    ] {
        assert!(!observed_graph("odd", &plan(text)).nodes.is_empty(), "{text}");
    }
}

#[test]
fn row_1_4_documents_have_graphs_of_the_same_shape() {
    let text = include_str!("../../../../examples/customer-analytics.yaml");
    let graph =
        JobGraph::of_document("job.yaml", text, &Choice::default()).expect("it loads").to_json();
    assert_eq!(graph["read_only"], false);
    let node = &graph["nodes"][3];
    assert_eq!(node["type"], "join", "{graph}");
    assert_eq!(node["inputs"], serde_json::json!(["purchases", "adults"]), "{graph}");
    let keys = |value: &serde_json::Value| {
        value.as_object().expect("an object").keys().cloned().collect::<Vec<_>>()
    };
    let observed = observed_graph("a", &plan("Range | Range (0, 4)")).to_json();
    assert_eq!(keys(&graph), keys(&observed));
    assert_eq!(keys(node), keys(&observed["nodes"][0]));
}
