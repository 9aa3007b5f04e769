//! What a document says differently in its environments.

use crate::{check_spec, rendered};
use insta::assert_snapshot;
use std::collections::BTreeMap;
use tinderbox_spec::{Choice, compile_pyspark, load};

const JOB: &str = "\
name: job
parameters: {root: data, day: 2026-01-01}
environments:
  dev:
    parameters: {root: data/dev}
  prod:
    parameters:
      root: s3a://warehouse
    cluster: {executor: {instances: 20, memory: 16g}}
    configuration:
      sparkConf: {spark.sql.shuffle.partitions: 2000}
    monitoring: {sla: 90}
cluster: {executor: {instances: 1, cores: 2}}
configuration:
  sparkConf: {spark.sql.shuffle.partitions: 8, spark.sql.ansi.enabled: true}
pipeline:
  sources: [{type: parquet, path: '${param:root}/${param:day}'}]
  sinks: [{type: parquet, path: out}]
";

fn chosen(environment: &str) -> Choice {
    Choice { environment: Some(environment.to_owned()), ..Choice::default() }
}

#[test]
fn values_of_the_environment_lie_over_those_of_the_document() {
    let spec = load("job.yaml", JOB, &chosen("prod")).expect("loads").spec;
    let executor = &spec.cluster().executor;
    assert_eq!((executor.instances, executor.cores), (Some(20), Some(2)));
    assert_eq!(spec.conf()["spark.sql.shuffle.partitions"], "2000");
    assert_eq!(spec.conf()["spark.sql.ansi.enabled"], "true");
    assert_eq!(spec.sla().map(|sla| sla.0), Some(90 * 60_000));
    let source = compile_pyspark(&spec).source;
    assert!(source.contains("s3a://warehouse/2026-01-01"), "{source}");

    let plain = load("job.yaml", JOB, &Choice::default()).expect("loads").spec;
    assert_eq!(plain.parameters()["root"], "data");
    assert_eq!(plain.conf()["spark.sql.shuffle.partitions"], "8");
}

#[test]
fn a_parameter_of_the_caller_wins_over_the_environment() {
    let parameters = BTreeMap::from([("root".to_owned(), "here".to_owned())]);
    let choice = Choice { parameters, ..chosen("prod") };
    let spec = load("job.yaml", JOB, &choice).expect("loads").spec;
    assert_eq!(spec.parameters()["root"], "here");
    assert_eq!(spec.cluster().executor.instances, Some(20));
}

#[test]
fn an_environment_that_is_not_there_names_the_nearest() {
    let found = load("job.yaml", JOB, &chosen("prd")).expect_err("no such environment");
    assert_snapshot!(rendered(&found, JOB), @r"
    job.yaml:3:1: error[spec::environment]: there is no environment `prd`
      |
    3 | environments:
      | ^^^^^^^^^^^^
      = field: environments
      = hint: did you mean `prod`?
    ");
}

#[test]
fn a_document_without_environments_says_how_to_declare_one() {
    let text = "name: job\npipeline: {sources: [{type: parquet, path: in}]}\n";
    let found = load("job.yaml", text, &chosen("prod")).expect_err("no environment");
    assert_snapshot!(rendered(&found, text), @r"
    job.yaml:1:1: error[spec::environment]: there is no environment `prod`
      |
    1 | name: job
      | ^
      = field: environments
      = hint: declare it: `environments: {prod: {parameters: …}}`, or leave `--env` out
    ");
}

#[test]
fn mistakes_in_environments_are_found_whichever_is_chosen() {
    let text = "\
name: job
parameters: {root: data}
environments:
  dev: {paramters: {root: x}, parameters: {rot: y}}
  test: [a]
  prod:
    cluster: {executor: {instances: many}}
    pipeline: {sources: []}
    configuration: {sparkConf: {spark.sql.shuffle.partitions: '${param:partitions}'}}
pipeline:
  sources: [{type: parquet, path: '${param:root}'}]
  sinks: [{type: parquet, path: out}]
";
    assert_snapshot!(check_spec(text), @r"
    job.yaml:4:9: error[spec::unknown-key]: `environments.dev` has no field `paramters`
      |
    4 |   dev: {paramters: {root: x}, parameters: {rot: y}}
      |         ^^^^^^^^^
      = field: environments.dev.paramters
      = hint: did you mean `parameters`?

    job.yaml:4:44: error[spec::unknown-parameter]: the job declares no parameter `rot`
      |
    4 |   dev: {paramters: {root: x}, parameters: {rot: y}}
      |                                            ^^^
      = field: environments.dev.parameters.rot
      = hint: did you mean `root`?

    job.yaml:5:9: error[spec::wrong-type]: `test` must be a block of keys, not a list
      |
    5 |   test: [a]
      |         ^^^
      = field: environments.test

    job.yaml:7:37: error[spec::wrong-type]: `instances` must be a whole number from 1, not `many`
      |
    7 |     cluster: {executor: {instances: many}}
      |                                     ^^^^
      = field: environments.prod.cluster.executor.instances

    job.yaml:8:5: error[spec::unknown-key]: `environments.prod` has no field `pipeline`
      |
    8 |     pipeline: {sources: []}
      |     ^^^^^^^^
      = field: environments.prod.pipeline
      = hint: one of: parameters, cluster, configuration, schedule, monitoring

    job.yaml:9:63: error[spec::unknown-parameter]: there is no parameter `partitions`
      |
    9 |     configuration: {sparkConf: {spark.sql.shuffle.partitions: '${param:partitions}'}}
      |                                                               ^^^^^^^^^^^^^^^^^^^^^
      = field: environments.prod.configuration.sparkConf.spark.sql.shuffle.partitions
      = hint: declare it: `parameters: {partitions: …}`

    job.yaml:9:63: error[spec::wrong-value]: `spark.sql.shuffle.partitions` takes a whole number, not ``
      |
    9 |     configuration: {sparkConf: {spark.sql.shuffle.partitions: '${param:partitions}'}}
      |                                                               ^^^^^^^^^^^^^^^^^^^^^
      = field: environments.prod.configuration.sparkConf.spark.sql.shuffle.partitions
    ");
}
