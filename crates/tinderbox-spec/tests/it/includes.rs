//! Sections that several documents share.

use crate::rendered;
use std::collections::BTreeMap;
use tinderbox_spec::{
    Choice, Difference, compile_pyspark, component_files, differences, lint, load,
};

const JOB: &str = "\
name: job
include: [common.yaml, team.yaml]
parameters: {day: today}
cluster: {executor: {cores: 2}}
components: [{component: own, transformations: [{type: filter, condition: a > 1}]}]
pipeline:
  sources: [{type: parquet, path: 'in/${param:day}/${param:region}'}]
  transformations: [{type: top, by: a}, {type: own}]
  sinks: [{type: parquet, path: out}]
";

fn choice(files: &[(&str, &str)]) -> Choice {
    let files = files.iter().map(|(file, text)| ((*file).to_owned(), (*text).to_owned()));
    Choice { files: files.collect(), ..Choice::default() }
}

const COMMON: (&str, &str) = (
    "common.yaml",
    "\
# Shared by all.
parameters: {day: never, region: north}
cluster: {version: '3.5', executor: {cores: 4, memory: 4g}}
configuration: {sparkConf: {spark.sql.shuffle.partitions: 8}}
components: [parts/top.yaml]
environments: {prod: {parameters: {region: all}}}
",
);
const TEAM: (&str, &str) = (
    "team.yaml",
    "include: deeper.yaml\nconfiguration: {sparkConf: {spark.sql.shuffle.partitions: 16}}\nmonitoring: {sla: 30}\n",
);
const DEEPER: (&str, &str) = ("deeper.yaml", "schedule: {type: cron, expression: '0 2 * * *'}\n");
const TOP: (&str, &str) = (
    "parts/top.yaml",
    "component: top\nparameters: {by: , rows: 3}\ntransformations: [{type: sort, by: '${param:by} desc'}, {type: limit, rows: '${param:rows}'}]\n",
);

#[test]
fn row_1_2_included_sections_lie_under_the_document() {
    assert_eq!(component_files(JOB), ["common.yaml", "team.yaml"]);
    assert_eq!(component_files(COMMON.1), ["parts/top.yaml"]);
    assert_eq!(component_files(TEAM.1), ["deeper.yaml"]);
    let mut choice = choice(&[COMMON, TEAM, DEEPER, TOP]);
    let spec = load("job.yaml", JOB, &choice)
        .unwrap_or_else(|found| panic!("{}", rendered(&found, JOB)))
        .spec;
    let source = compile_pyspark(&spec).source;
    assert!(source.contains("\"in/today/north\""), "{source}");
    assert!(source.contains(".config(\"spark.sql.shuffle.partitions\", \"16\")"), "{source}");
    assert!(source.contains(".orderBy(F.col(\"a\").desc())"), "{source}");
    let launch = compile_pyspark(&spec).launch_conf;
    assert_eq!(launch.get("spark.executor.cores").map(String::as_str), Some("2"));
    assert_eq!(launch.get("spark.executor.memory").map(String::as_str), Some("4g"));
    assert_eq!(spec.schedule().map(|schedule| schedule.expression.as_str()), Some("0 2 * * *"));
    assert_eq!(spec.sla().map(|sla| sla.0), Some(30 * 60_000));
    choice.environment = Some("prod".to_owned());
    let spec = load("job.yaml", JOB, &choice).expect("loads").spec;
    let source = compile_pyspark(&spec).source;
    assert!(source.contains("\"in/today/all\""), "{source}");
}

#[test]
fn mistakes_in_included_files_are_said_with_their_file_and_line() {
    let common = "\
# Shared.
parameters: {region: north}
cluster:
  executor: {cores: many, memory: 1t}
pipeline: {}
environments: {prod: {cluster: {executor: {cores: 0}}}}
configuration: {sparkConf: {spark.sql.shuffle.partitions: lots}}
";
    let team = "monitoring: {sla: 30\nschedule: x\n";
    let choice = choice(&[("common.yaml", common), ("team.yaml", team), TOP]);
    let found = load("job.yaml", JOB, &choice).expect_err("it has errors");
    insta::assert_snapshot!(rendered(&found, JOB), @r"
    team.yaml:2:9: error[spec::syntax]: this is not YAML: while parsing a flow mapping, did not find expected ',' or '}'
      |
    2 | schedule: x
      |         ^
      = hint: check the indentation and the quotes of this line and the one before

    common.yaml:5:1: error[spec::unknown-key]: an included file has no section `pipeline`
      |
    5 | pipeline: {}
      | ^^^^^^^^
      = field: pipeline
      = hint: one of: include, parameters, environments, cluster, components, udfs, quarantine, configuration, schedule, monitoring
    ");
    let choice = self::choice(&[
        ("common.yaml", &common.replace("pipeline: {}\n", "components: [parts/top.yaml]\n")),
        ("team.yaml", ""),
        TOP,
    ]);
    let found = load("job.yaml", JOB, &choice).expect_err("it has errors");
    insta::assert_snapshot!(rendered(&found, JOB), @r"
    common.yaml:6:51: error[spec::wrong-type]: `cores` must be a whole number from 1, not `0`
      |
    6 | environments: {prod: {cluster: {executor: {cores: 0}}}}
      |                                                   ^
      = field: environments.prod.cluster.executor.cores

    common.yaml:7:59: error[spec::wrong-value]: `spark.sql.shuffle.partitions` takes a whole number, not `lots`
      |
    7 | configuration: {sparkConf: {spark.sql.shuffle.partitions: lots}}
      |                                                           ^^^^
      = field: configuration.sparkConf.spark.sql.shuffle.partitions
    ");
}

#[test]
fn warnings_of_included_sections_name_their_file_too() {
    let common = "# Shared.\ncluster:\n  executor: {cores: 16, memory: 40g, instances: 2}\ncomponents: [parts/top.yaml]\nparameters: {region: n}\n";
    let choice = choice(&[("common.yaml", common), ("team.yaml", "\n"), TOP]);
    let spec = load("job.yaml", &JOB.replace("cluster: {executor: {cores: 2}}\n", ""), &choice)
        .expect("loads")
        .spec;
    let sizes: Vec<String> = lint(&spec)
        .iter()
        .filter(|found| found.code == "lint::executor-size")
        .map(|found| found.render(""))
        .collect();
    insta::assert_snapshot!(sizes.join("\n"), @r"
    common.yaml:2:1: warning[lint::executor-size]: 16 cores an executor: so many tasks share one heap and its garbage collection
      |
    2 | cluster:
      | ^^^^^^^
      = field: cluster
      = hint: more executors with four or five cores each
    common.yaml:2:1: warning[lint::executor-size]: from 32 GiB of heap on, pointers take twice the room: a little more holds less
      |
    2 | cluster:
      | ^^^^^^^
      = field: cluster
      = hint: stay at 31g, or go well beyond
    ");
}

#[test]
fn loops_missing_files_and_depth_are_named() {
    let text = "name: job\ninclude: [a.yaml, none.yaml, {x: 1}, deep0.yaml]\npipeline:\n  sources: [{type: parquet, path: in}]\n  sinks: [{type: parquet, path: out}]\n";
    let mut files: BTreeMap<String, String> = (0..12)
        .map(|n| (format!("deep{n}.yaml"), format!("include: deep{}.yaml\n", n + 1)))
        .collect();
    files.insert("a.yaml".to_owned(), "include: b.yaml\n".to_owned());
    files.insert("b.yaml".to_owned(), "# back\ninclude: [a.yaml]\n".to_owned());
    let choice = Choice { files, ..Choice::default() };
    let found = load("job.yaml", text, &choice).expect_err("it has errors");
    insta::assert_snapshot!(rendered(&found, text), @r"
    deep7.yaml:1:10: error[spec::include]: files include files, deeper than 8: `deep8.yaml`
      |
    1 | include: deep8.yaml
      |          ^^^^^^^^^^
      = field: include[0]
      = hint: include it in the document itself

    b.yaml:2:11: error[spec::include]: these files include each other: a.yaml → b.yaml → a.yaml
      |
    2 | include: [a.yaml]
      |           ^^^^^^
      = field: include[0]
      = hint: remove one of the includes

    job.yaml:2:19: error[spec::include-file]: the file `none.yaml` that is included is not there
      |
    2 | include: [a.yaml, none.yaml, {x: 1}, deep0.yaml]
      |                   ^^^^^^^^^
      = field: include[1]
      = hint: a relative path starts at the document's folder

    job.yaml:2:30: error[spec::wrong-type]: `include[2]` must be the path of a file, not a block of keys
      |
    2 | include: [a.yaml, none.yaml, {x: 1}, deep0.yaml]
      |                              ^^^^^^
      = field: include[2]
    ");
}

#[test]
fn files_that_multiply_are_stopped() {
    let text = "name: job\ninclude: a0\npipeline: {sources: [{type: parquet, path: in}]}\n";
    let files = (0..7).map(|n| {
        (format!("a{n}"), format!("include: [{}]\n", vec![format!("a{}", n + 1); 9].join(", ")))
    });
    let choice = Choice {
        files: files.chain([("a7".to_owned(), String::new())]).collect(),
        ..Choice::default()
    };
    let found = load("job.yaml", text, &choice).expect_err("it is too much");
    let said = found.iter().filter(|found| found.message == "more than 256 files are included");
    assert_eq!(said.count(), 1);
}

#[test]
fn differences_are_those_of_the_whole() {
    let old = choice(&[COMMON, TEAM, DEEPER, TOP]);
    let other = COMMON.1.replace("region: north", "region: south");
    let new = choice(&[("common.yaml", &other), TEAM, DEEPER, TOP]);
    let found = differences(("job.yaml", JOB, &old), ("job.yaml", JOB, &new)).expect("both load");
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(
        matches!(&found[0], Difference::Field(field) if field.path == "parameters.region"),
        "{found:?}"
    );
}
