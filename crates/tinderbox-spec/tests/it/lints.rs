//! Best practices, each rule under the row of the document that asked for it.

use crate::{loaded, rendered};
use insta::assert_snapshot;
use tinderbox_spec::lint;

fn lints(text: &str) -> String {
    rendered(&lint(&loaded(text).spec), text)
}

fn codes(text: &str) -> Vec<&'static str> {
    lint(&loaded(text).spec).iter().map(|lint| lint.code).collect()
}

fn with(top: &str, transformations: &[&str], sink: &str) -> String {
    let nodes: String = transformations.iter().map(|node| format!("    - {node}\n")).collect();
    format!(
        "name: job\n{top}pipeline:\n  sources: [{{id: a, type: parquet, path: a}}, {{id: b, type: parquet, path: b}}]\n  transformations:\n    - {{id: first, type: filter, input: a, condition: x > 1}}\n{nodes}  sinks:\n    - {sink}\n"
    )
}

const SINK: &str = "{type: parquet, path: out}";

#[test]
fn sound_jobs_are_left_alone() {
    let example = include_str!("../../../../examples/customer-analytics.yaml");
    assert_eq!(codes(example), Vec::<&str>::new());
    assert_eq!(codes(&with("", &[], SINK)), Vec::<&str>::new());
    assert_eq!(
        codes(&with("", &["{type: limit, rows: 5}", "{type: coalesce, partitions: 1}"], SINK)),
        Vec::<&str>::new()
    );
    assert_eq!(codes(&tinderbox_spec::new_document("x")), Vec::<&str>::new());
}

#[test]
fn row_11_1_partition_deliberately() {
    let sink = "{type: parquet, path: out, partition_by: [a, b, c, d]}";
    assert_snapshot!(lints(&with("", &["{id: one, type: repartition, partitions: 1}"], sink)), @r"
    job.yaml:6:12: warning[lint::partitioning]: `one` leaves one partition: one task does the rest alone
      |
    6 |     - {id: one, type: repartition, partitions: 1}
      |            ^^^
      = field: pipeline.transformations[1]
      = hint: leave it out, or keep as many partitions as there are cores

    job.yaml:8:14: warning[lint::partitioning]: 4 columns become folders: that makes very many small files
      |
    8 |     - {type: parquet, path: out, partition_by: [a, b, c, d]}
      |              ^^^^^^^
      = field: pipeline.sinks[0]
      = hint: partition by what queries filter by, mostly a date
    ");
}

#[test]
fn row_11_2_cache_reused_data() {
    let twice = [
        "{id: sums, type: aggregate, group_by: k, aggregations: {n: count(*)}}",
        "{id: low, type: filter, input: sums, condition: n < 5}",
        "{id: both, type: union, input: [low, sums]}",
    ];
    assert_snapshot!(lints(&with("", &twice, SINK)), @r"
    job.yaml:6:12: warning[lint::computed-again]: `sums` is computed anew for each of its 2 readers
      |
    6 |     - {id: sums, type: aggregate, group_by: k, aggregations: {n: count(*)}}
      |            ^^^^
      = field: pipeline.transformations[1]
      = hint: let them read a node `{type: cache}` behind it
    ");
    let cached = [
        "{id: sums, type: aggregate, group_by: k, aggregations: {n: count(*)}}",
        "{id: kept, type: cache}",
        "{id: low, type: filter, input: kept, condition: n < 5}",
        "{id: both, type: union, input: [low, kept]}",
    ];
    assert_eq!(codes(&with("", &cached, SINK)), Vec::<&str>::new());
    let cheap = [
        "{id: low, type: filter, input: first, condition: n < 5}",
        "{id: both, type: union, input: [low, first]}",
    ];
    assert_eq!(codes(&with("", &cheap, SINK)), Vec::<&str>::new());
}

#[test]
fn row_11_3_few_shuffles() {
    let nodes = [
        "{id: spread, type: repartition, by: k}",
        "{id: sorted, type: sort, by: x}",
        "{id: sums, type: aggregate, group_by: k, aggregations: {n: count(*)}}",
    ];
    assert_snapshot!(lints(&with("", &nodes, SINK)), @r"
    job.yaml:6:12: warning[lint::shuffles]: `spread` moves all rows, and `sorted` moves them again
      |
    6 |     - {id: spread, type: repartition, by: k}
      |            ^^^^^^
      = field: pipeline.transformations[1]
      = hint: leave it out: Spark distributes the rows as the next node needs them

    job.yaml:7:12: warning[lint::shuffles]: the order that `sorted` makes is lost in `sums`
      |
    7 |     - {id: sorted, type: sort, by: x}
      |            ^^^^^^
      = field: pipeline.transformations[2]
      = hint: leave it out, or sort behind that node
    ");
}

#[test]
fn row_11_4_dataframe_api() {
    let nodes = [
        "{id: called, type: sql, query: \"SELECT reflect('java.util.UUID', 'randomUUID') FROM {input}\"}",
    ];
    assert_snapshot!(lints(&with("", &nodes, SINK)), @r#"
    job.yaml:6:12: warning[lint::opaque]: `called` uses reflect(: Spark cannot optimize it, and calls it for each row
      |
    6 |     - {id: called, type: sql, query: "SELECT reflect('java.util.UUID', 'randomUUID') FROM {input}"}
      |            ^^^^^^
      = field: pipeline.transformations[1]
      = hint: use Spark's own functions where there are some
    "#);
}

#[test]
fn row_11_5_failure_handling() {
    let top = "schedule: {type: cron, expression: 0 2 * * *}\nmonitoring: {sla: 30}\n";
    assert_snapshot!(lints(&with(top, &[], "{type: parquet, path: out, mode: append}")), @r"
    job.yaml:9:14: warning[lint::append-again]: `sink_1` appends: a run that is repeated after a failure may write its rows twice
      |
    9 |     - {type: parquet, path: out, mode: append}
      |              ^^^^^^^
      = field: pipeline.sinks[0]
      = hint: overwrite the part that the run makes, for example a folder of its date
    ");
    assert_eq!(
        codes(&with("", &[], "{type: parquet, path: out, mode: append}")),
        Vec::<&str>::new()
    );
}

#[test]
fn rows_11_6_and_11_9_executor_size_and_spill() {
    let top = "cluster: {executor: {instances: 2, cores: 8, memory: 4g}}\nconfiguration: {sparkConf: {spark.memory.fraction: 0.2}}\n";
    assert_snapshot!(lints(&with(top, &[], SINK)), @r"
    job.yaml:2:1: warning[lint::executor-size]: 8 cores an executor: so many tasks share one heap and its garbage collection
      |
    2 | cluster: {executor: {instances: 2, cores: 8, memory: 4g}}
      | ^^^^^^^
      = field: cluster
      = hint: more executors with four or five cores each

    job.yaml:2:1: warning[lint::spill]: 512 MiB of heap for each core: sorts and joins will spill
      |
    2 | cluster: {executor: {instances: 2, cores: 8, memory: 4g}}
      | ^^^^^^^
      = field: cluster
      = hint: at least 1 GiB for each core, better 2 to 4

    job.yaml:3:1: warning[lint::spill]: `spark.memory.fraction` is 0.2: little room for sorts and joins, which spill then
      |
    3 | configuration: {sparkConf: {spark.memory.fraction: 0.2}}
      | ^^^^^^^^^^^^^
      = field: configuration
      = hint: leave it at Spark's own 0.6
    ");
    let top = "cluster: {executor: {instances: 2, cores: 4, memory: 36g}}\n";
    assert_eq!(codes(&with(top, &[], SINK)), ["lint::executor-size"]);
    for memory in ["31g", "64g"] {
        let top = format!("cluster: {{executor: {{instances: 2, cores: 4, memory: {memory}}}}}\n");
        assert_eq!(codes(&with(&top, &[], SINK)), Vec::<&str>::new());
    }
}

#[test]
fn row_11_7_broadcast_small_tables() {
    let join = |how: &str, side: &str| {
        let node = format!(
            "{{id: j, type: join, input: [first, b], on: k, how: {how}, broadcast: {side}}}"
        );
        codes(&with("", &[&node], SINK)).len()
    };
    for (how, left, right) in [
        ("inner", 0, 0),
        ("left", 1, 0),
        ("right", 0, 1),
        ("full", 1, 1),
        ("left_semi", 1, 0),
        ("anti", 1, 0),
    ] {
        assert_eq!((join(how, "left"), join(how, "right")), (left, right), "{how}");
    }
    let node = "{id: j, type: join, input: [first, b], on: k, how: left, broadcast: left}";
    assert_snapshot!(lints(&with("", &[node], SINK)), @r"
    job.yaml:6:12: warning[lint::broadcast]: Spark does not broadcast the left side of a left join
      |
    6 |     - {id: j, type: join, input: [first, b], on: k, how: left, broadcast: left}
      |            ^
      = field: pipeline.transformations[1]
      = hint: `broadcast: right`, if that side is the small one
    ");
}

#[test]
fn row_11_8_partition_counts() {
    let top = "cluster: {executor: {instances: 10, cores: 4, memory: 8g}}\nconfiguration: {sparkConf: {spark.sql.shuffle.partitions: 20}}\n";
    assert_snapshot!(lints(&with(top, &["{id: spread, type: repartition, partitions: 8}"], SINK)), @r"
    job.yaml:3:1: warning[lint::few-partitions]: `spark.sql.shuffle.partitions` is 20: of 40 cores some have nothing to do after each shuffle
      |
    3 | configuration: {sparkConf: {spark.sql.shuffle.partitions: 20}}
      | ^^^^^^^^^^^^^
      = field: configuration
      = hint: two to four times as many partitions as cores

    job.yaml:8:12: warning[lint::few-partitions]: `spread` makes 8 partitions for 40 cores
      |
    8 |     - {id: spread, type: repartition, partitions: 8}
      |            ^^^^^^
      = field: pipeline.transformations[1]
      = hint: two to four times as many partitions as cores
    ");
}

#[test]
fn row_11_10_columnar_formats() {
    let text = "name: job\npipeline:\n  sources: [{id: a, type: csv, path: a, options: {header: true, inferSchema: true}}, {id: b, type: json, path: b}, {id: c, type: json, path: c, schema: x INT}]\n  transformations: [{type: union, input: [a, b, c], allow_missing: true}]\n  sinks: [{type: csv, path: out, options: {header: true}}]\n";
    assert_snapshot!(lints(text), @r"
    job.yaml:3:18: warning[lint::guessed-types]: Spark reads `a` once more, to guess its types
      |
    3 |   sources: [{id: a, type: csv, path: a, options: {header: true, inferSchema: true}}, {id: b, type: json, path: b}, {id: c, type: json, path: c, schema: x INT}]
      |                  ^
      = field: pipeline.sources[0]
      = hint: say them: `schema: id BIGINT, name STRING`; they are also the same every day then

    job.yaml:3:91: warning[lint::guessed-types]: Spark reads `b` once more, to guess its types
      |
    3 |   sources: [{id: a, type: csv, path: a, options: {header: true, inferSchema: true}}, {id: b, type: json, path: b}, {id: c, type: json, path: c, schema: x INT}]
      |                                                                                           ^
      = field: pipeline.sources[1]
      = hint: say them: `schema: id BIGINT, name STRING`; they are also the same every day then

    job.yaml:5:18: warning[lint::row-format]: csv holds no types and no statistics: who reads it reads all of it
      |
    5 |   sinks: [{type: csv, path: out, options: {header: true}}]
      |                  ^^^
      = field: pipeline.sinks[0]
      = hint: write parquet, unless people or other programs read the files
    ");
}

#[test]
fn row_11_11_spot_where_tolerant() {
    let top = "configuration: {sparkConf: {spark.kubernetes.node.selector.cloud.google.com/gke-spot: true}}\n";
    assert_snapshot!(lints(&with(top, &[], SINK)), @r"
    job.yaml:2:1: warning[lint::spot]: the driver runs on a node that may be taken away: then the whole run is lost
      |
    2 | configuration: {sparkConf: {spark.kubernetes.node.selector.cloud.google.com/gke-spot: true}}
      | ^^^^^^^^^^^^^
      = field: configuration
      = hint: select such nodes for executors only: spark.kubernetes.executor.node.selector.…

    job.yaml:2:1: warning[lint::spot]: executors on nodes that may be taken away lose their shuffle files with them
      |
    2 | configuration: {sparkConf: {spark.kubernetes.node.selector.cloud.google.com/gke-spot: true}}
      | ^^^^^^^^^^^^^
      = field: configuration
      = hint: spark.decommission.enabled and spark.storage.decommission.enabled move them in time
    ");
    let top = "configuration: {sparkConf: {spark.kubernetes.executor.node.selector.pool: spot, spark.decommission.enabled: true}}\n";
    assert_eq!(codes(&with(top, &[], SINK)), Vec::<&str>::new());
}

#[test]
fn row_11_12_auto_scale() {
    let top = "cluster: {dynamicAllocation: {enabled: true}}\n";
    assert_snapshot!(lints(&with(top, &[], SINK)), @r"
    job.yaml:2:1: warning[lint::auto-scale]: dynamic allocation without `maxExecutors` takes whatever there is
      |
    2 | cluster: {dynamicAllocation: {enabled: true}}
      | ^^^^^^^
      = field: cluster
      = hint: set `dynamicAllocation.maxExecutors`
    ");
    let top = "cluster: {executor: {instances: 40}}\n";
    assert_eq!(codes(&with(top, &[], SINK)), ["lint::auto-scale"]);
    let top = "cluster: {dynamicAllocation: {enabled: true, maxExecutors: 40}}\n";
    assert_eq!(codes(&with(top, &[], SINK)), Vec::<&str>::new());
}

#[test]
fn row_11_13_compression() {
    let top = "configuration: {sparkConf: {spark.shuffle.compress: false}}\n";
    let sink = "{type: parquet, path: out, options: {compression: none}}";
    assert_snapshot!(lints(&with(top, &[], sink)), @r"
    job.yaml:2:1: warning[lint::compression]: `spark.shuffle.compress` is off: more bytes go through disks and network
      |
    2 | configuration: {sparkConf: {spark.shuffle.compress: false}}
      | ^^^^^^^^^^^^^
      = field: configuration
      = hint: leave it out: it is on by itself

    job.yaml:8:14: warning[lint::compression]: `sink_1` writes without compression
      |
    8 |     - {type: parquet, path: out, options: {compression: none}}
      |              ^^^^^^^
      = field: pipeline.sinks[0]
      = hint: leave the option out: Spark's own choice costs little time and saves much room
    ");
}

#[test]
fn rows_11_14_and_11_15_off_peak_schedule_and_watch() {
    let top = "schedule: {type: cron, expression: 30 9 * * *}\n";
    assert_snapshot!(lints(&with(top, &[], SINK)), @r"
    job.yaml:2:1: warning[lint::peak-hours]: it starts when people use the cluster themselves
      |
    2 | schedule: {type: cron, expression: 30 9 * * *}
      | ^^^^^^^^
      = field: schedule
      = hint: a time at night, if its result is not needed at once

    job.yaml:2:1: warning[lint::unwatched]: nobody is told when a scheduled run takes too long
      |
    2 | schedule: {type: cron, expression: 30 9 * * *}
      | ^^^^^^^^
      = field: schedule
      = hint: set `monitoring.sla`, in minutes
    ");
    let top = "schedule: {type: event, expression: orders}\nmonitoring: {sla: 10}\n";
    assert_eq!(codes(&with(top, &[], SINK)), Vec::<&str>::new());
}
