//! Plans of Spark as graphs in our words. Whole event logs are tested with the binary.

use std::collections::BTreeMap;
use tinderbox_model::{
    AccumulatorId, PlanEdge, PlanGraph, PlanNode, PlanNodeId, SqlMetric, SqlMetricKind,
};
use tinderbox_spec::observed_graph;

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
    let graph = observed_graph("a query", &plan(text), "");
    let mut seen: Vec<&str> = Vec::new();
    let mut lines = String::new();
    for node in &graph.nodes {
        let mut read = node.inputs.iter().chain(&node.subqueries);
        assert!(read.all(|input| seen.contains(&input.as_str())), "{}", node.id);
        seen.push(&node.id);
        let rows = node.rows.map(|rows| format!(" {rows} rows")).unwrap_or_default();
        let parameters = serde_json::Value::Object(node.parameters.clone());
        let subqueries = node.subqueries.iter().map(|id| format!(" ({id})")).collect::<String>();
        lines.push_str(&format!(
            "{} [{}] <- {}{subqueries} {:?}{rows}\n  {parameters}\n",
            node.id,
            node.component,
            node.inputs.join(", "),
            node.operators,
        ));
    }
    lines
}

#[test]
fn aggregates_joins_and_what_spark_adds_become_few_nodes() {
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
      10 TakeOrderedAndProject | TakeOrderedAndProject(limit=10, offset=2, orderBy=[position#5 ASC NULLS FIRST,id#1 DESC NULLS LAST], output=[id#1,k#104])
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
                    GlobalLimit | GlobalLimit 7, 2
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
      {}
    sort_1 [sort] <- source_2 [17, 18]
      {"by":["a ASC NULLS FIRST"]}
    limit_1 [limit] <- sort_1 [14, 15, 16]
      {"offset":2,"rows":5}
    join_1 [join] <- repartition_1, limit_1 [8, 9, 10, 13]
      {"condition":"x > y","how":"inner","on":["a","b = c"]}
    explode_1 [explode] <- join_1 [7]
      {"as":["item"],"column":"items"}
    window_1 [window] <- explode_1 [4, 5, 6] 30 rows
      {"functions":{"position":"row_number()"},"order_by":["id DESC NULLS LAST"],"partition_by":["k"]}
    sort_2 [sort] <- window_1 [3]
      {"by":["position ASC NULLS FIRST","id DESC NULLS LAST"]}
    limit_2 [limit] <- sort_2 [3] 10 rows
      {"offset":2,"rows":8}
    sink_1 [file] <- limit_2 [0, 1, 2]
      {"format":"parquet","mode":"overwrite","partition_by":["k"],"path":"file:/data/out"}
    "#);
}

#[test]
fn subqueries_reuse_and_distinct_rows() {
    let text = "
Union
  Filter | Filter (cast(total#51L as double) > Subquery subquery#57, [id=#250])
    HashAggregate | HashAggregate(keys=[region#41L], functions=[sum(amount#35L)])
      Exchange | Exchange hashpartitioning(region#41L, 6), ENSURE_REQUIREMENTS, [plan_id=588]
        HashAggregate | HashAggregate(keys=[region#41L], functions=[partial_sum(amount#35L)])
          LocalTableScan | LocalTableScan [region#41L, amount#35L]
    Subquery | Subquery subquery#57, [id=#250]
      same as LocalTableScan
  HashAggregate | HashAggregate(keys=[region#1, kind#2], functions=[])
    Exchange | Exchange hashpartitioning(region#1, kind#2, 6), ENSURE_REQUIREMENTS, [plan_id=7]
      HashAggregate | HashAggregate(keys=[region#1, kind#2], functions=[])
        BatchEvalPython | BatchEvalPython [score(a#1)#9], [pythonUDF0#10]
          BroadcastNestedLoopJoin | BroadcastNestedLoopJoin BuildLeft, Cross
            Scan JDBCRelation(public.orders) [numPartitions=1] | Scan JDBCRelation(public.orders) [numPartitions=1] [id#0] PushedFilters: [], ReadSchema: struct<id:int>
            MysteriousExec | MysteriousExec [x#1], whatever
";
    insta::assert_snapshot!(shown(text), @r#"
    source_1 [other] <-  [5]
      {"columns":["region","amount"]}
    aggregate_1 [aggregate] <- source_1 [2, 3, 4]
      {"aggregations":["sum(amount)"],"group_by":["region"]}
    filter_1 [filter] <- aggregate_1 (source_1) [1, 6]
      {"condition":"cast(total as double) > Subquery subquery"}
    source_2 [jdbc] <-  [13]
      {"columns":["id"],"table":"public.orders"}
    other_1 [other] <-  [14]
      {}
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
fn both_sides_of_a_join_may_read_one_node() {
    // What is read twice without anything between is one edge of the plan.
    let text = "
Union
  SortMergeJoin | SortMergeJoin [a#1], [a#3], Inner
    Sort | Sort [a#1 ASC NULLS FIRST], false, 0
      Exchange | Exchange hashpartitioning(a#1, 6), ENSURE_REQUIREMENTS, [plan_id=2]
        Range | Range (0, 40)
    Sort | Sort [a#3 ASC NULLS FIRST], false, 0
      same as Exchange
  ShuffledHashJoin | ShuffledHashJoin [a#1], [a#3], LeftSemi, BuildRight
    same as Exchange
";
    insta::assert_snapshot!(shown(text), @r#"
    source_1 [other] <-  [4]
      {}
    join_1 [join] <- source_1, source_1 [1, 2, 3, 5]
      {"how":"inner","on":["a"]}
    join_2 [join] <- source_1, source_1 [3, 7]
      {"how":"left_semi","on":["a"]}
    union_1 [union] <- join_1, join_2 [0]
      {}
    "#);
}

#[test]
fn conditions_of_joins() {
    let joins = [
        ("SortMergeJoin", "[a#1, b#2], [a#3, c#4], FullOuter, NOT (x#5 = y#6)"),
        ("BroadcastHashJoin", "[a#1], [b#2], LeftAnti, BuildRight, true"),
        ("BroadcastHashJoin", "[a#1], [b#2], RightOuter, BuildLeft, (x#3 < y#4), false, false"),
        ("ShuffledHashJoin", "[coalesce(a#1, 0)], [b#2], ExistenceJoin(exists#9), BuildRight"),
        ("BroadcastNestedLoopJoin", "BuildRight, Inner, ((x#3 < y#4) AND isnotnull(x#3))"),
        ("CartesianProduct", "(x#3 > y#4)"),
        ("CartesianProduct", ""),
        (
            "StreamingSymmetricHashJoin",
            "[a#1], [b#2], Inner, condition = [ leftOnly = null, rightOnly = null ], state info [ checkpoint = file:/x ]",
        ),
    ];
    let labels: Vec<String> =
        joins.iter().map(|(name, rest)| label(name, &format!("{name} {rest}"))).collect();
    insta::assert_snapshot!(labels.join("\n"), @r"
    full on a, b = c, NOT (x = y)
    left_anti on a = b
    right on a = b, x < y
    existence on coalesce(a, 0) = b
    inner on (x < y) AND isnotnull(x)
    cross on x > y
    cross
    inner on a = b
    ");
}

/// The label of a plan of one operator.
fn label(name: &str, description: &str) -> String {
    let graph = observed_graph("one", &plan(&format!("{name} | {description}")), "");
    let [node] = graph.nodes.as_slice() else { panic!("{name}: {graph:?}") };
    assert_eq!(node.operator, name.trim());
    node.label.clone()
}

#[test]
fn sources_by_path_and_table() {
    let file = "Batched: true, DataFilters: [(a#1 < 5)], Format: Parquet, Location:";
    let behind = "PartitionFilters: [], PushedFilters: [LessThan(a,5)], ReadSchema: struct<a:int>";
    let text = format!(
        "
Union
  Scan parquet | FileScan parquet [a#1] {file} InMemoryFileIndex(2 paths)[hdfs://nn:8020/one, hdfs://nn:8020/two], {behind}
  Scan parquet | FileScan parquet [a#1] {file} InMemoryFileIndex(1 paths)[s3a://bucket/a/path/that/is/too/l..., {behind}
  Scan parquet | FileScan parquet [a#1] {file} PreparedDeltaFileIndex(1 paths)[abfss://c@account.dfs.core.windows.net/t], {behind}
  Scan parquet spark_catalog.default.t | FileScan parquet spark_catalog.default.t[a#1] {file} CatalogFileIndex(1 paths)[file:/w/t], {behind}
  Scan hive default.h | Scan hive default.h [a#1], HiveTableRelation [`default`.`h`, org.apache.hadoop.hive.serde2.lazy.LazySimpleSerDe]
  BatchScan local.db.t | BatchScan local.db.t[a#1] local.db.t (branch=null) [filters=a < 5, groupedBy=] RuntimeFilters: []
  BatchScan csv file:/in/c | BatchScan csv file:/in/c[a#1] CSVScan DataFilters: [], Format: csv, Location: InMemoryFileIndex(1 paths)[file:/in/c], PartitionFilters: [], ReadSchema: struct<a:string>
  Scan JDBCRelation((SELECT a FROM t WHERE b IN (1, 2)) q) [numPartitions=4] | Scan JDBCRelation((SELECT a FROM t WHERE b IN (1, 2)) q) [numPartitions=4] [a#1] PushedFilters: [], ReadSchema: struct<a:int>
  Scan ExistingRDD | Scan ExistingRDD[a#1,b#2L]
  Scan | Scan[obj#1]
"
    );
    insta::assert_snapshot!(shown(&text), @r#"
    source_1 [hdfs] <-  [1]
      {"columns":["a"],"format":"parquet","paths":["hdfs://nn:8020/one","hdfs://nn:8020/two"],"pushed_filters":["LessThan(a,5)"]}
    source_2 [s3] <-  [2]
      {"columns":["a"],"format":"parquet","path":"s3a://bucket/a/path/that/is/too/l...","pushed_filters":["LessThan(a,5)"]}
    source_3 [delta] <-  [3]
      {"columns":["a"],"path":"abfss://c@account.dfs.core.windows.net/t","pushed_filters":["LessThan(a,5)"]}
    source_4 [table] <-  [4]
      {"columns":["a"],"format":"parquet","pushed_filters":["LessThan(a,5)"],"table":"spark_catalog.default.t"}
    source_5 [table] <-  [5]
      {"columns":["a"],"table":"default.h"}
    source_6 [table] <-  [6]
      {"columns":["a"],"table":"local.db.t"}
    source_7 [file] <-  [7]
      {"columns":["a"],"format":"csv","path":"file:/in/c"}
    source_8 [jdbc] <-  [8]
      {"columns":["a"],"table":"(SELECT a FROM t WHERE b IN (1, 2)) q"}
    source_9 [other] <-  [9]
      {"columns":["a","b"]}
    source_10 [other] <-  [10]
      {"columns":["obj"]}
    union_1 [union] <- source_1, source_2, source_3, source_4, source_5, source_6, source_7, source_8, source_9, source_10 [0]
      {}
    "#);
}

#[test]
fn sinks_by_path_and_table() {
    let writes = [
        "Execute InsertIntoHadoopFsRelationCommand | Execute InsertIntoHadoopFsRelationCommand s3a://out/a, false, Parquet, Map(path -> s3a://out/a), ErrorIfExists, [name, addresses]",
        "Execute InsertIntoHadoopFsRelationCommand | Execute InsertIntoHadoopFsRelationCommand file:/w/t, Map(dt -> 1), false, [dt#3, b#4], 8 buckets, bucket columns: [a], CSV, [serialization.format=1], Append, `spark_catalog`.`default`.`t`, org.apache.hadoop.hive.ql.io.X, CatalogFileIndex(file:/w/t), [a, dt]",
        "Execute CreateDataSourceTableAsSelectCommand | Execute CreateDataSourceTableAsSelectCommand `default`.`final_results`, Overwrite, [col1, sum_col2]",
        "Execute InsertIntoHiveTable | Execute InsertIntoHiveTable `default`.`h`, org.apache.hadoop.hive.serde2.lazy.LazySimpleSerDe, true, false, [a]",
        "Execute SaveIntoDataSourceCommand | Execute SaveIntoDataSourceCommand org.apache.spark.sql.execution.datasources.jdbc.JdbcRelationProvider@1f2e, Map(url -> *********(redacted), dbtable -> public.totals, password -> hunter2), Append",
        "Execute SaveIntoDataSourceCommand | Execute SaveIntoDataSourceCommand org.apache.spark.sql.kafka010.KafkaSourceProvider@1f2e, [kafka.bootstrap.servers=b:9092, topic=orders], ErrorIfExists",
        "Execute SaveIntoDataSourceCommand | Execute SaveIntoDataSourceCommand org.apache.spark.sql.delta.sources.DeltaDataSource@1f2e, Map(path -> s3a://u:hunter2@b/t), Overwrite",
        "Execute SaveIntoDataSourceCommand | Execute SaveIntoDataSourceCommand com.example.Sink@1f2e, Map(host -> h, password -> hunter2), Overwrite",
        "AppendData local.db.t | AppendData local.db.t IcebergWrite(format=PARQUET)",
        "AppendData | AppendData org.apache.spark.sql.execution.datasources.v2.DataSourceV2Strategy$$Lambda/0x00@7, IcebergWrite(table=local.db.t, format=PARQUET)",
        "WriteToDataSourceV2 | WriteToDataSourceV2 MicroBatchWrite[epoch: 0, writer: X], org.apache.spark.sql.execution.datasources.v2.DataSourceV2Strategy$$Lambda$5/0x7f@4",
        "Execute CreateDataSourceTableAsSelectCommand | Execute CreateDataSourceTableAsSelectCommand",
    ];
    let graphs: String =
        writes.iter().map(|write| shown(&format!("{write}\n  Range | Range (0, 4)\n"))).collect();
    assert!(!graphs.contains("hunter2"), "{graphs}");
    let sinks: Vec<&str> = graphs
        .split("sink_1")
        .skip(1)
        .map(|sink| sink.split("source_1 [other] <-  [").next().unwrap_or(sink))
        .collect();
    insta::assert_snapshot!(sinks.concat(), @r#"
    [s3] <- source_1 [0]
     {"format":"parquet","mode":"error","path":"s3a://out/a"}
    [table] <- source_1 [0]
     {"format":"csv","mode":"append","partition_by":["dt","b"],"path":"file:/w/t","table":"spark_catalog.default.t"}
    [table] <- source_1 [0]
     {"mode":"overwrite","table":"default.final_results"}
    [table] <- source_1 [0]
     {"table":"default.h"}
    [jdbc] <- source_1 [0]
     {"mode":"append","table":"public.totals"}
    [kafka] <- source_1 [0]
     {"mode":"error","topic":"orders"}
    [delta] <- source_1 [0]
     {"mode":"overwrite","path":"s3a://u:*********(redacted)@b/t"}
    [other] <- source_1 [0]
     {"mode":"overwrite"}
    [table] <- source_1 [0]
     {"table":"local.db.t"}
    [table] <- source_1 [0]
     {"table":"local.db.t"}
    [other] <- source_1 [0]
     {}
    [other] <- source_1 [0]
     {}
    "#);
}

#[test]
fn commands_have_their_arguments_from_the_printed_plan() {
    let of = |command: &str, printed: &str| {
        let graph = observed_graph("save", &plan(&format!("Execute {command}")), printed);
        assert!(!graph.to_json().to_string().contains("hunter2"), "{graph:?}");
        format!("{} {:?}", graph.nodes[0].component, graph.nodes[0].label)
    };
    let printed = "== Physical Plan ==
Execute SaveIntoDataSourceCommand (1)
   +- SaveIntoDataSourceCommand (2)
         +- Range (3)


(1) Execute SaveIntoDataSourceCommand
Output: []

(2) SaveIntoDataSourceCommand
Arguments: org.apache.spark.sql.execution.datasources.jdbc.JdbcRelationProvider@2e, [url=*********(redacted), dbtable=totals, password=hunter2], Overwrite

(3) Range
Arguments: 0, 1000, 1, 2, [id#0L], false
";
    assert_eq!(of("SaveIntoDataSourceCommand", printed), "jdbc \"totals\"");
    let table =
        "(2) CreateDataSourceTableAsSelectCommand\nArguments: `c`.`d`.`t`, Overwrite, [id]\n";
    assert_eq!(of("CreateDataSourceTableAsSelectCommand", table), "table \"c.d.t\"");
    for cut in ["", "(2) SaveIntoDataSourceCommand", "(2) SaveIntoDataSourceCommand\nArguments"] {
        let label = of("SaveIntoDataSourceCommand", cut);
        assert_eq!(label, "other \"SaveIntoDataSourceCommand\"", "{cut}");
    }
}

#[test]
fn nothing_that_is_secret_is_repeated() {
    let text = "
Filter | Filter (url#1 = https://u:hunter2@h/x?api_key=hunter2&a=b)
  Scan JDBCRelation(t) [numPartitions=1] | Scan JDBCRelation(t) [numPartitions=1] [a#1] PushedFilters: [EqualTo(a,password=hunter2)]
    Mystery | Mystery Map(password -> hunter2)
";
    let graph = observed_graph("save at s3a://key:hunter2@bucket/out", &plan(text), "").to_json();
    assert!(!graph.to_string().contains("hunter2"), "{graph}");
    assert!(graph.to_string().contains("api_key=*********(redacted)&a=b"), "{graph}");
}

#[test]
fn what_the_user_sorted_stays() {
    let write = "Execute InsertIntoHadoopFsRelationCommand | Execute InsertIntoHadoopFsRelationCommand file:/o, false, [k#1], Parquet, [path=/o], Append, [a]\n  WriteFiles\n";
    let of = |sort: &str| {
        let range = "      Range | Range (0, 4)\n";
        let graph = observed_graph(
            "a",
            &plan(&format!("{write}    Sort | Sort [{sort}], false, 0\n{range}")),
            "",
        );
        graph.nodes.iter().map(|node| node.component.clone()).collect::<Vec<_>>()
    };
    assert_eq!(of("k#1 ASC NULLS FIRST, a#2 ASC NULLS FIRST"), ["other", "file"]);
    assert_eq!(of("empty2null(k#1) ASC NULLS FIRST"), ["other", "file"]);
    assert_eq!(of("pmod(hash(a#2, 42), 8) ASC NULLS FIRST"), ["other", "file"]);
    assert_eq!(of("pmod(collation_aware_hash(a#2, 42), 8) ASC NULLS FIRST"), ["other", "file"]);
    assert_eq!(of("a#2 ASC NULLS FIRST"), ["other", "sort", "file"]);
}

#[test]
fn pruning_by_another_table_is_no_input_of_a_source() {
    let text = "
AdaptiveSparkPlan | AdaptiveSparkPlan isFinalPlan=false
  BroadcastHashJoin | BroadcastHashJoin [day#1], [day#2], Inner, BuildRight, false
    Scan parquet | FileScan parquet [day#1] Format: Parquet, Location: InMemoryFileIndex(1 paths)[file:/facts], PartitionFilters: [dynamicpruningexpression(day#1 IN dynamicpruning#7)]
      SubqueryBroadcast | SubqueryBroadcast dynamicpruning#7, 0, [day#2]
        BroadcastExchange | BroadcastExchange HashedRelationBroadcastMode(List(input[0, int, false]))
          90 Filter | Filter (isnotnull(day#2) AND (name#3 = x))
            AdaptiveSparkPlan | AdaptiveSparkPlan isFinalPlan=true
              Scan parquet days | FileScan parquet [day#2,name#3] Format: Parquet, Location: InMemoryFileIndex(1 paths)[file:/days]
    same as BroadcastExchange
";
    insta::assert_snapshot!(shown(text), @r#"
    source_1 [table] <-  [7]
      {"columns":["day","name"],"format":"parquet","table":"days"}
    filter_1 [filter] <- source_1 [5, 6] 90 rows
      {"condition":"isnotnull(day) AND (name = x)"}
    source_2 [file] <-  (filter_1) [2, 3, 4]
      {"columns":["day"],"format":"parquet","path":"file:/facts"}
    join_1 [join] <- source_2, filter_1 [0, 1, 4]
      {"broadcast":"right","how":"inner","on":["day"]}
    "#);
    assert!(!observed_graph("a", &plan(text), "").is_final);
    assert!(
        observed_graph("a", &plan(&text.replace("isFinalPlan=false", "isFinalPlan=true")), "")
            .is_final
    );
}

#[test]
fn state_and_counting_of_distinct_values_are_part_of_their_aggregate() {
    let text = "
WriteToDataSourceV2 | WriteToDataSourceV2 org.apache.spark.sql.execution.streaming.sources.MicroBatchWrite@1
  4 HashAggregate | HashAggregate(keys=[word#1], functions=[count(1), count(distinct user#2)])
    StateStoreSave | StateStoreSave [word#1], state info [ checkpoint = file:/c ], Complete, 0, 0, 2
      HashAggregate | HashAggregate(keys=[word#1], functions=[merge_count(1), partial_count(distinct user#2)])
        StateStoreRestore | StateStoreRestore [word#1], state info [ checkpoint = file:/c ], 2
          HashAggregate | HashAggregate(keys=[word#1, user#2], functions=[merge_count(1)])
            Exchange | Exchange hashpartitioning(word#1, 200), ENSURE_REQUIREMENTS, [plan_id=1]
              HashAggregate | HashAggregate(keys=[word#1, user#2], functions=[partial_count(1)])
                EventTimeWatermark | EventTimeWatermark 6df52187-7ed1, at#3: timestamp, 10 minutes
                  Exchange | Exchange RoundRobinPartitioning(8), REPARTITION_BY_NUM, [plan_id=0]
                    HashAggregate | HashAggregate(keys=[word#1, user#2, at#3], functions=[max(n#4)])
                      HashAggregate | HashAggregate(keys=[word#1, user#2, at#3], functions=[partial_max(n#4)])
                        MicroBatchScan | MicroBatchScan[word#1, user#2, at#3] class org.apache.spark.sql.execution.streaming.sources.RateStreamProvider
";
    insta::assert_snapshot!(shown(text), @r#"
    source_1 [other] <-  [12]
      {"columns":["word","user","at"]}
    aggregate_1 [aggregate] <- source_1 [10, 11]
      {"aggregations":["max(n)"],"group_by":["word","user","at"]}
    repartition_1 [repartition] <- aggregate_1 [9]
      {"partitions":8}
    watermark_1 [watermark] <- repartition_1 [8]
      {"column":"at","delay":"10 minutes"}
    aggregate_2 [aggregate] <- watermark_1 [1, 2, 3, 4, 5, 6, 7] 4 rows
      {"aggregations":["count(1)","count(distinct user)"],"group_by":["word"]}
    sink_1 [other] <- aggregate_2 [0]
      {}
    "#);
}

#[test]
fn distinct_rows_of_the_user_stay_and_those_of_counts_do_not() {
    let components = |text: &str| {
        let graph = observed_graph("a", &plan(text), "");
        graph.nodes.iter().map(|node| node.component.clone()).collect::<Vec<_>>()
    };
    let of_user = "
HashAggregate | HashAggregate(keys=[k#1], functions=[sum(n#2)])
  Exchange | Exchange hashpartitioning(k#1, 6), ENSURE_REQUIREMENTS, [plan_id=2]
    HashAggregate | HashAggregate(keys=[k#1], functions=[partial_sum(n#2)])
      HashAggregate | HashAggregate(keys=[k#1, n#2], functions=[])
        Exchange | Exchange hashpartitioning(k#1, n#2, 6), ENSURE_REQUIREMENTS, [plan_id=1]
          HashAggregate | HashAggregate(keys=[k#1, n#2], functions=[])
            Range | Range (0, 4)
";
    assert_eq!(components(of_user), ["other", "deduplicate", "aggregate"]);
    let of_counts = "
HashAggregate | HashAggregate(keys=[], functions=[count(n#2) FILTER (WHERE (gid#9 = 1)), count(m#3) FILTER (WHERE (gid#9 = 2))])
  Exchange | Exchange SinglePartition, ENSURE_REQUIREMENTS, [plan_id=2]
    HashAggregate | HashAggregate(keys=[], functions=[partial_count(n#2) FILTER (WHERE (gid#9 = 1)), partial_count(m#3) FILTER (WHERE (gid#9 = 2))])
      HashAggregate | HashAggregate(keys=[n#2, m#3, gid#9], functions=[sum(id#7)])
        Exchange | Exchange hashpartitioning(n#2, m#3, gid#9, 6), ENSURE_REQUIREMENTS, [plan_id=1]
          HashAggregate | HashAggregate(keys=[n#2, m#3, gid#9], functions=[partial_sum(id#7)])
            Expand | Expand [[n#5, null, 1], [null, m#6, 2]], [n#2, m#3, gid#9]
              Range | Range (0, 4)
";
    assert_eq!(components(of_counts), ["other", "other", "aggregate"]);
}

#[test]
fn odd_plans_give_a_graph_too() {
    assert_eq!(shown(""), "");
    let long: String =
        (0..400).map(|n| format!("{}Filter | Filter (a#1 > {n})\n", " ".repeat(n))).collect();
    assert_eq!(observed_graph("long", &plan(&long), "").nodes.len(), 400);
    let mut ring = plan("A\n  B\n    C\n");
    ring.edges.push(PlanEdge { from: PlanNodeId(0), to: PlanNodeId(2) });
    assert_eq!(observed_graph("ring", &ring, "").nodes.len(), 3);
    let mut loose = plan("A\n  B\n");
    loose.edges.push(PlanEdge { from: PlanNodeId(77), to: PlanNodeId(0) });
    assert_eq!(observed_graph("loose", &loose, "").nodes[1].inputs, ["other_1"]);
    let whole = [
        ("Filter", "Filter (isnotnull(name#12) AND (name#12 = Ä[é(, [id=#250]))"),
        (
            "Scan parquet",
            "FileScan parquet [ä#1,b#2L] Format: Parquet, Location: InMemoryFileIndex(2 paths)[file:/ä, s3a://k:p@b], PushedFilters: [In(ä, [1,2])]",
        ),
        (
            "Execute InsertIntoHadoopFsRelationCommand",
            "Execute InsertIntoHadoopFsRelationCommand file:/ö, Map(k -> 1), false, [k#1], 4 buckets, Parquet, [path=/ö], Append, `c`.`t`, [k]",
        ),
        (
            "BroadcastHashJoin",
            "BroadcastHashJoin [ä#1, b#2], [c#3, d#4], ExistenceJoin(e#5), BuildRight, (ä#1 < d#4), false",
        ),
        (
            "Window",
            "Window [rank(ä#1) windowspecdefinition(k#2, x$()) AS r#5], [k#2], [ä#1 DESC NULLS LAST]",
        ),
        (
            "TakeOrderedAndProject",
            "TakeOrderedAndProject(limit=7, offset=2, orderBy=[ä#1 ASC], output=[ä#1])",
        ),
        ("Generate", "Generate explode(ä#7), [id#1], false, [é#8]"),
        ("EventTimeWatermark", "EventTimeWatermark 6d-f5, ä#3-T60000ms: timestamp, 10 minutes"),
        (
            "HashAggregate",
            "HashAggregate(keys=[ä#1, gid#2], functions=[partial_sum(b#3) FILTER (WHERE (gid#2 = 1))])",
        ),
    ];
    for (name, description) in whole {
        for end in (0..description.len()).filter(|end| description.is_char_boundary(*end)) {
            let text = format!("{name} | {}", &description[..end]);
            assert!(!observed_graph("cut", &plan(&text), description).nodes.is_empty(), "{text}");
        }
    }
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
        assert!(!observed_graph("odd", &plan(text), "").nodes.is_empty(), "{text}");
    }
}
