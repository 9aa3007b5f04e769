use crate::{job_with, loaded};
use std::collections::BTreeMap;
use std::path::Path;
use tinderbox_spec::{Choice, Compiled, compile_pyspark, load};

const EXAMPLE: &str = include_str!("../../../../examples/customer-analytics.yaml");
const ALL_NODES: &str = include_str!("../fixtures/all-nodes.yaml");
const ALL_STREAMS: &str = include_str!("../fixtures/all-streams.yaml");
const ALL_TRANSFORMATIONS: &str = include_str!("../fixtures/all-transformations.yaml");

fn compiled(text: &str) -> Compiled {
    compile_pyspark(&loaded(text).spec)
}

/// Compares with a committed program; `TINDERBOX_UPDATE=1` writes it.
pub(crate) fn check_golden(name: &str, source: &str) {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(name);
    if std::env::var_os("TINDERBOX_UPDATE").is_some() {
        std::fs::write(&file, source).expect("writes the golden file");
    }
    let golden = std::fs::read_to_string(&file).expect("the golden file is there");
    assert_eq!(golden, source, "{name}: if this is meant, run again with TINDERBOX_UPDATE=1");
}

#[test]
fn row_1_4_example_compiles_to_the_program_people_read() {
    check_golden("customer_analytics.py", &compiled(EXAMPLE).source);
}

#[test]
fn example_has_nothing_to_complain_about() {
    assert_eq!(loaded(EXAMPLE).warnings, []);
    assert_eq!(compiled(EXAMPLE).warnings, []);
}

#[test]
fn rows_1_11_to_1_15_every_node_type_compiles() {
    check_golden("all_nodes.py", &compiled(ALL_NODES).source);
    check_golden("all_transformations.py", &compiled(ALL_TRANSFORMATIONS).source);
}

#[test]
fn rows_3_3_and_4_6_to_4_10_every_stream_compiles() {
    check_golden("all_streams.py", &compiled(ALL_STREAMS).source);
}

/// One that is broken over lines is not `Window.` but `Window` at an end.
#[test]
fn window_of_any_length_is_imported() {
    for columns in
        ["[a]", "[customer_number_of_the_order, product_name_of_the_order, region_of_the_order]"]
    {
        let text = format!(
            "name: w\npipeline:\n  transformations:\n    - {{id: t, type: sql, query: SELECT 1 AS a}}\n    - {{id: w, type: window, partition_by: {columns}, order_by: [a desc nulls last, b, c, d], functions: {{n: row_number()}}}}\n  sinks:\n    - {{type: json, path: out}}\n"
        );
        let source = compiled(&text).source;
        assert!(
            source.contains("from pyspark.sql import DataFrame, SparkSession, Window\n"),
            "{source}"
        );
    }
}

#[test]
fn same_document_gives_the_same_bytes() {
    assert_eq!(compiled(ALL_NODES), compiled(ALL_NODES));
}

#[test]
fn node_lines_point_at_the_functions() {
    let compiled = compiled(ALL_NODES);
    let lines: Vec<&str> = compiled.source.lines().collect();
    assert_eq!(compiled.node_lines.len(), loaded(ALL_NODES).spec.nodes().len());
    for node in &compiled.node_lines {
        let statement = lines[node.first_line - 1..node.last_line].join("\n");
        let variable = node.node.as_str().replace('-', "_");
        let is_sink = variable.starts_with("sink_");
        assert!(statement.starts_with(&format!("def {variable}(")), "{}: {statement}", node.node);
        assert_eq!(statement.contains(".write"), is_sink, "{statement}");
        assert_eq!(lines[node.first_line - 2], "", "a blank line before {}", node.node);
        assert_eq!(lines[node.last_line], "", "a blank line after {}", node.node);
    }
}

#[test]
fn rows_2_7_to_2_10_properties_go_where_they_take_effect_and_nowhere_twice() {
    let text = "name: job\ncluster:\n  driver: {cores: 2, memory: 2048}\n  executor: {instances: 3, cores: 4, memory: 1536mb}\n  dynamicAllocation: {enabled: true, minExecutors: 0, maxExecutors: 9}\nconfiguration:\n  sparkConf:\n    spark.sql.shuffle.partitions: 8\n    spark.driver.maxResultSize: 2g\n    spark.executor.memory: 3g\n    spark.hadoop.fs.s3a.secret.key: ${secret:S3_KEY}\n    spark.jars.packages: a:b:1\n  dependencies: [a:b:1, io.x:y_2.12:2.0, libs/z.jar, lib.py]\npipeline:\n  sources: [{type: parquet, path: in}]\n  sinks: [{type: parquet, path: out}]\n";
    let compiled = compiled(text);
    let expected = [
        ("spark.driver.cores", "2"),
        ("spark.driver.maxResultSize", "2g"),
        ("spark.driver.memory", "2g"),
        ("spark.dynamicAllocation.enabled", "true"),
        ("spark.dynamicAllocation.maxExecutors", "9"),
        ("spark.dynamicAllocation.minExecutors", "0"),
        ("spark.executor.cores", "4"),
        ("spark.executor.instances", "3"),
        ("spark.executor.memory", "3g"),
        ("spark.jars", "libs/z.jar"),
        ("spark.jars.packages", "a:b:1,io.x:y_2.12:2.0"),
        ("spark.submit.pyFiles", "lib.py"),
    ];
    let expected: BTreeMap<String, String> =
        expected.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
    assert_eq!(compiled.launch_conf, expected);
    let configs: Vec<&str> =
        compiled.source.lines().filter(|line| line.contains(".config(")).map(str::trim).collect();
    assert_eq!(
        configs,
        [
            r#".config("spark.hadoop.fs.s3a.secret.key", os.environ["TINDERBOX_SECRET_S3_KEY"])"#,
            r#".config("spark.sql.shuffle.partitions", "8")"#,
        ]
    );
    assert!(compiled.source.contains("\nimport os\n"), "{}", compiled.source);
}

#[test]
fn imports_are_only_those_that_are_used() {
    // What stands in a text or a comment is not used.
    let plain = compiled(
        "name: F.x Window.y\npipeline:\n  sources: [{type: parquet, path: 'F.in/os.environ[x]'}]\n  sinks: [{type: parquet, path: Window.out}]\n",
    );
    assert!(!plain.source.contains("functions as F"), "{}", plain.source);
    assert!(
        !plain.source.contains(", Window") && !plain.source.contains("import os"),
        "{}",
        plain.source
    );
}

#[test]
fn ids_that_python_keeps_for_itself_get_another_variable() {
    let text = job_with(
        "    - {id: class, type: filter, condition: a}\n    - {id: F, type: filter, condition: b}\n    - {id: spark, type: filter, condition: c}",
    );
    let source = compiled(&text).source;
    for line in [
        "def class_2(customers: DataFrame) -> DataFrame:\n    return customers.filter(\"a\")",
        "def F_2(class_2: DataFrame) -> DataFrame:\n    return class_2.filter(\"b\")",
        "def spark_2(F_2: DataFrame) -> DataFrame:\n    return F_2.filter(\"c\")",
        "    spark_2_df = spark_2(F_2_df)\n",
    ] {
        assert!(source.contains(line), "{source}");
    }
}

#[test]
fn functions_and_data_frames_never_share_a_name() {
    let text = job_with(
        "    - {id: a, type: filter, condition: x}\n    - {id: a_df, type: filter, condition: y}\n    - {id: main, type: union, input: [a, a]}",
    );
    let source = compiled(&text).source;
    for line in [
        "    a_df_2 = a(customers_df)\n",
        "    a_df_df = a_df(a_df_2)\n",
        "def main_2(a: DataFrame) -> DataFrame:\n    return a.unionByName(a)\n",
        "    main_2_df = main_2(a_df_2)\n",
        "    sink_1(main_2_df)\n",
    ] {
        assert!(source.contains(line), "{line}: {source}");
    }
}

#[test]
fn nothing_in_a_document_escapes_from_its_literal_or_comment() {
    let hostile = "\\n\\\"\\\"\\\"\\nimport os\\rimport os\\u2028import os\\\\";
    let text = format!(
        "name: \"{hostile}\"\ndescription: \"{hostile}\"\npipeline:\n  sources: [{{id: a, type: parquet, path: \"{hostile}\"}}]\n  transformations:\n    - {{type: sql, description: \"{hostile}\", query: \"{hostile}\"}}\n  sinks: [{{type: parquet, path: \"{hostile}\", options: {{\"{hostile}\": \"{hostile}\"}}}}]\n"
    );
    let source = compiled(&text).source;
    let program: Vec<&str> =
        source.lines().filter(|line| !line.trim_start().starts_with('#')).collect();
    let program = program.join("\n");
    let parts: Vec<&str> = program.split("\"\"\"").collect();
    let [before, _query, after] = parts.as_slice() else {
        panic!("one text in triple quotes: {source}")
    };
    for line in before.lines().chain(after.lines()) {
        assert!(!line.trim_start().starts_with("import os"), "{source}");
    }
    assert!(!source.contains(['\r', '\u{2028}']), "{source}");
}

#[test]
fn overrides_change_the_program() {
    let overrides = BTreeMap::from([
        ("minimum_age".to_owned(), "65".to_owned()),
        ("data".to_owned(), "/data".to_owned()),
    ]);
    let spec = load(
        "customer-analytics.yaml",
        EXAMPLE,
        &Choice { parameters: overrides, ..Choice::default() },
    )
    .expect("loads")
    .spec;
    let paths: Vec<String> = spec.local_inputs().into_iter().map(|input| input.path).collect();
    assert_eq!(paths, ["/data/customers", "/data/purchases"]);
    assert!(compile_pyspark(&spec).source.contains("age >= 65"));
}
