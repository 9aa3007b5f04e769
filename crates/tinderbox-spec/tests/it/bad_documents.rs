use crate::check_spec;
use insta::assert_snapshot;

#[test]
fn wrong_types_of_the_cluster() {
    let text = "name: job\ncluster:\n  version: latest\n  driver: 2g\n  executor: {instances: many, cores: \"4\", memory: 16gb?}\n  dynamicAllocation: {enabled: yes, minExecutors: 5, maxExecutors: 2}\npipeline:\n  sources: [{type: parquet, path: in}]\n  sinks: [{type: parquet, path: out}]\n".to_owned();
    assert_snapshot!(check_spec(&text), @r#"
    job.yaml:3:12: error[spec::wrong-value]: `latest` is not a Spark version
      |
    3 |   version: latest
      |            ^^^^^^
      = field: cluster.version
      = hint: for example `version: "3.5"`

    job.yaml:4:11: error[spec::wrong-type]: `driver` must be a block of keys, not `2g`
      |
    4 |   driver: 2g
      |           ^^
      = field: cluster.driver

    job.yaml:5:25: error[spec::wrong-type]: `instances` must be a whole number from 1, not `many`
      |
    5 |   executor: {instances: many, cores: "4", memory: 16gb?}
      |                         ^^^^
      = field: cluster.executor.instances

    job.yaml:5:38: error[spec::wrong-type]: `cores` must be a whole number from 1, not the text "4"
      |
    5 |   executor: {instances: many, cores: "4", memory: 16gb?}
      |                                      ^^^
      = field: cluster.executor.cores
      = hint: write 4 without quotes

    job.yaml:5:51: error[spec::memory]: `16gb?` is not a memory size
      |
    5 |   executor: {instances: many, cores: "4", memory: 16gb?}
      |                                                   ^^^^^
      = field: cluster.executor.memory
      = hint: a whole number and a unit, for example `16g` or `512m`

    job.yaml:6:22: error[spec::wrong-value]: `minExecutors` (5) is more than `maxExecutors` (2)
      |
    6 |   dynamicAllocation: {enabled: yes, minExecutors: 5, maxExecutors: 2}
      |                      ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
      = field: cluster.dynamicAllocation

    job.yaml:6:32: error[spec::wrong-type]: `enabled` must be `true` or `false`, not `yes`
      |
    6 |   dynamicAllocation: {enabled: yes, minExecutors: 5, maxExecutors: 2}
      |                                ^^^
      = field: cluster.dynamicAllocation.enabled
    "#);
}

#[test]
fn memory_below_what_spark_needs() {
    let text = "name: job\ncluster: {driver: {memory: 256m}, executor: {memory: 1.5g, instances: 0}}\npipeline:\n  sources: [{type: parquet, path: in}]\n  sinks: [{type: parquet, path: out}]\n".to_owned();
    assert_snapshot!(check_spec(&text), @r"
    job.yaml:2:28: error[spec::memory]: `256m` is too little: Spark does not start below 450 MiB
      |
    2 | cluster: {driver: {memory: 256m}, executor: {memory: 1.5g, instances: 0}}
      |                            ^^^^
      = field: cluster.driver.memory
      = hint: for example `1g`

    job.yaml:2:54: error[spec::memory]: `1.5g` is not a memory size
      |
    2 | cluster: {driver: {memory: 256m}, executor: {memory: 1.5g, instances: 0}}
      |                                                      ^^^^
      = field: cluster.executor.memory
      = hint: a whole number and a unit, for example `16g` or `512m`

    job.yaml:2:71: error[spec::wrong-type]: `instances` must be a whole number from 1, not `0`
      |
    2 | cluster: {driver: {memory: 256m}, executor: {memory: 1.5g, instances: 0}}
      |                                                                       ^
      = field: cluster.executor.instances
    ");
}

#[test]
fn no_pipeline_and_no_name() {
    let text = "type: batch\n".to_owned();
    assert_snapshot!(check_spec(&text), @r"
    job.yaml:1:1: error[spec::missing-field]: the job has no `name`
      |
    1 | type: batch
      | ^
      = field: name
      = hint: add `name: customer-analytics` or the like

    job.yaml:1:1: error[spec::empty-pipeline]: the pipeline has no nodes
      |
    1 | type: batch
      | ^
      = field: pipeline
      = hint: add at least one source and one sink under `pipeline:`
    ");
}

#[test]
fn wrong_job_type_and_status() {
    let text = "name: job\ntype: batched\nstatus: done\nversion: 2\npipeline:\n  sources: [{type: parquet, path: in}]\n  sinks: [{type: parquet, path: out}]\n".to_owned();
    assert_snapshot!(check_spec(&text), @r"
    job.yaml:2:7: error[spec::wrong-value]: `batched` is not a value of `type`
      |
    2 | type: batched
      |       ^^^^^^^
      = field: type
      = hint: did you mean `batch`?

    job.yaml:3:9: error[spec::wrong-value]: `done` is not a value of `status`
      |
    3 | status: done
      |         ^^^^
      = field: status
      = hint: one of: draft, running, completed, failed

    job.yaml:4:10: error[spec::format-version]: this job is written in format version 2; known is 1
      |
    4 | version: 2
      |          ^
      = field: version
      = hint: use a newer Tinderbox; Spark's version belongs to `cluster.version`
    ");
}

#[test]
fn duplicate_keys() {
    let text = "name: job\nname: other\npipeline:\n  sources:\n    - type: parquet\n      path: a\n      path: b\n".to_owned();
    assert_snapshot!(check_spec(&text), @r"
    job.yaml:2:1: error[spec::duplicate-key]: the key `name` stands here twice, first in line 1
      |
    2 | name: other
      | ^^^^
      = field: name
      = hint: keep one of the two

    job.yaml:7:7: error[spec::duplicate-key]: the key `path` stands here twice, first in line 6
      |
    7 |       path: b
      |       ^^^^
      = field: pipeline.sources[0].path
      = hint: keep one of the two
    ");
}

#[test]
fn tabs() {
    let text = "name: job\npipeline:\n\tsources: []\n".to_owned();
    assert_snapshot!(check_spec(&text), @r"
    job.yaml:3:2: error[spec::syntax]: a tab stands where YAML wants spaces
      |
    3 | 	sources: []
      | 	^
      = hint: indent with spaces only
    ");
}

#[test]
fn broken_yaml() {
    let text = "name: job\npipeline:\n  sources: [a, b\n".to_owned();
    assert_snapshot!(check_spec(&text), @r"
    job.yaml:3:12: error[spec::syntax]: this is not YAML: unclosed bracket '['
      |
    3 |   sources: [a, b
      |            ^
      = hint: check the indentation and the quotes of this line and the one before
    ");
}

#[test]
fn colon_in_a_plain_text() {
    let text = "name: my: job\n".to_owned();
    assert_snapshot!(check_spec(&text), @r"
    job.yaml:1:9: error[spec::syntax]: a `:` stands where no key can be
      |
    1 | name: my: job
      |         ^
      = hint: check the indentation, and quote a text that contains `: `
    ");
}

#[test]
fn quote_that_is_not_closed() {
    let text = "name: \"job\npipeline: {}\n".to_owned();
    assert_snapshot!(check_spec(&text), @r"
    job.yaml:2:1: error[spec::syntax]: this is not YAML: invalid indentation in multiline quoted scalar
      |
    2 | pipeline: {}
      | ^
      = hint: check the indentation and the quotes of this line and the one before
    ");
}

#[test]
fn anchors_aliases_and_tags() {
    let text =
        "name: &n job\ndescription: *n\ntype: *unknown\nid: !!str 1\npipeline: {}\n".to_owned();
    assert_snapshot!(check_spec(&text), @r"
    job.yaml:1:10: error[spec::alias]: a job has no YAML anchors (`&`) and aliases (`*`)
      |
    1 | name: &n job
      |          ^^^
      = field: name
      = hint: write the value out, declare it under `parameters:`, or quote a text that begins with `*` or `&`

    job.yaml:2:14: error[spec::alias]: a job has no YAML anchors (`&`) and aliases (`*`)
      |
    2 | description: *n
      |              ^^
      = field: description
      = hint: write the value out, declare it under `parameters:`, or quote a text that begins with `*` or `&`

    job.yaml:3:7: error[spec::alias]: a job has no YAML anchors (`&`) and aliases (`*`)
      |
    3 | type: *unknown
      |       ^^^^^^^^
      = field: type
      = hint: write the value out, declare it under `parameters:`, or quote a text that begins with `*` or `&`

    job.yaml:4:11: error[spec::tag]: a job has no YAML tags (`!`)
      |
    4 | id: !!str 1
      |           ^
      = field: id
      = hint: remove the tag, or quote a text that begins with `!`
    ");
}

#[test]
fn several_documents() {
    let text = "name: a\n---\nname: b\n".to_owned();
    assert_snapshot!(check_spec(&text), @r"
    job.yaml:3:1: error[spec::several-documents]: a second YAML document begins here
      |
    3 | name: b
      | ^
      = hint: one file holds one job: remove the `---` or split the file
    ");
}

#[test]
fn empty_document() {
    let text = "# nothing\n".to_owned();
    assert_snapshot!(check_spec(&text), @r"
    job.yaml:1:1: error[spec::empty]: the document is empty
      |
    1 | # nothing
      | ^
      = hint: begin with `name:` and `pipeline:`
    ");
}

#[test]
fn list_as_a_document() {
    let text = "- name: job\n".to_owned();
    assert_snapshot!(check_spec(&text), @r"
    job.yaml:1:1: error[spec::wrong-type]: a job is a block of keys, not a list
      |
    1 | - name: job
      | ^
      = hint: begin with `name:` and `pipeline:`
    ");
}

#[test]
fn text_as_a_document() {
    let text = "job\n".to_owned();
    assert_snapshot!(check_spec(&text), @r"
    job.yaml:1:1: error[spec::wrong-type]: a job is a block of keys, not a text
      |
    1 | job
      | ^
      = hint: begin with `name:` and `pipeline:`
    ");
}

#[test]
fn key_that_is_a_list() {
    let text = "name: job\n[a, b]: c\n".to_owned();
    assert_snapshot!(check_spec(&text), @r"
    job.yaml:2:1: error[spec::key]: a key must be a word, not a list or a block
      |
    2 | [a, b]: c
      | ^^^^^^
    ");
}

#[test]
fn nesting_without_end() {
    let text = format!("name: {}", "[".repeat(200));
    assert_snapshot!(check_spec(&text), @r"
    job.yaml:1:71: error[spec::syntax]: the document is nested deeper than 64 levels
      |
    1 | name: [[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[
      |                                                                       ^
      = hint: a job needs no more than six levels
    ");
}

#[test]
fn unknown_and_empty_parameters() {
    let text = "name: job\nparameters: {day: null, data: in}\npipeline:\n  sources:\n    - {type: parquet, path: '${param:dta}/${param:day}'}\n  sinks:\n    - {type: parquet, path: '${params:data}/${secret:a b}'}\n".to_owned();
    assert_snapshot!(check_spec(&text), @r"
    job.yaml:5:29: error[spec::unknown-parameter]: there is no parameter `dta`
      |
    5 |     - {type: parquet, path: '${param:dta}/${param:day}'}
      |                             ^^^^^^^^^^^^^^^^^^^^^^^^^^^
      = field: pipeline.sources[0].path
      = hint: did you mean `${param:data}`?

    job.yaml:5:29: error[spec::parameter-value]: the parameter `day` has no value
      |
    5 |     - {type: parquet, path: '${param:dta}/${param:day}'}
      |                             ^^^^^^^^^^^^^^^^^^^^^^^^^^^
      = field: pipeline.sources[0].path
      = hint: give it a default under `parameters:`, or run with `--set day=…`

    job.yaml:7:29: error[spec::reference]: `${params:data}` is not a reference
      |
    7 |     - {type: parquet, path: '${params:data}/${secret:a b}'}
      |                             ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
      = field: pipeline.sinks[0].path
      = hint: did you mean `${param:data}`?

    job.yaml:7:29: error[spec::secret-name]: `a b` cannot be a secret's name
      |
    7 |     - {type: parquet, path: '${params:data}/${secret:a b}'}
      |                             ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
      = field: pipeline.sinks[0].path
      = hint: letters, digits and `_`, as in `${secret:DB_PASSWORD}`
    ");
}

#[test]
fn spark_properties() {
    let text = "name: job\nconfiguration:\n  sparkConf:\n    sql.shuffle.partitions: 8\n    spark.sql.shuffle.partitions: many\n    spark.sql.adaptive.enabled: on\n    spark.sql.autoBroadcastJoinThreshold: -1\n    spark.locality.wait: soon\n    spark:\n      sql: 1\n    spark.app.name: other\n  dependencies: [postgresql]\npipeline:\n  sources: [{type: parquet, path: in}]\n  sinks: [{type: parquet, path: out}]\n".to_owned();
    assert_snapshot!(check_spec(&text), @r"
    job.yaml:4:5: error[spec::spark-property]: `sql.shuffle.partitions` is not a Spark property: they all begin with `spark.`
      |
    4 |     sql.shuffle.partitions: 8
      |     ^^^^^^^^^^^^^^^^^^^^^^
      = field: configuration.sparkConf.sql.shuffle.partitions
      = hint: did you mean `spark.sql.shuffle.partitions`?

    job.yaml:5:35: error[spec::wrong-value]: `spark.sql.shuffle.partitions` takes a whole number, not `many`
      |
    5 |     spark.sql.shuffle.partitions: many
      |                                   ^^^^
      = field: configuration.sparkConf.spark.sql.shuffle.partitions

    job.yaml:6:33: error[spec::wrong-value]: `spark.sql.adaptive.enabled` takes `true` or `false`, not `on`
      |
    6 |     spark.sql.adaptive.enabled: on
      |                                 ^^
      = field: configuration.sparkConf.spark.sql.adaptive.enabled

    job.yaml:8:26: error[spec::wrong-value]: `spark.locality.wait` takes a duration such as `30s` or `5min`, not `soon`
      |
    8 |     spark.locality.wait: soon
      |                          ^^^^
      = field: configuration.sparkConf.spark.locality.wait

    job.yaml:10:7: error[spec::wrong-type]: `spark` must be a value, not a block of keys
       |
    10 |       sql: 1
       |       ^^^^^^
       = field: configuration.sparkConf.spark
       = hint: write the whole key in one line, for example `spark.sql.shuffle.partitions: 200`

    job.yaml:11:5: warning[spec::said-twice]: the application's name is the job's `name`; this property is left out
       |
    11 |     spark.app.name: other
       |     ^^^^^^^^^^^^^^
       = field: configuration.sparkConf.spark.app.name

    job.yaml:12:18: error[spec::dependency]: `postgresql` is not a dependency
       |
    12 |   dependencies: [postgresql]
       |                  ^^^^^^^^^^
       = field: configuration.dependencies
       = hint: `group:artifact:version` of Maven, or a path ending in .jar, .py, .zip, .egg or .whl
    ");
}

#[test]
fn properties_said_twice_are_a_warning() {
    let text = "name: job\ncluster: {executor: {memory: 2g}}\nconfiguration:\n  sparkConf:\n    spark.executor.memory: 4g\npipeline:\n  sources: [{type: parquet, path: in}]\n  sinks: [{type: parquet, path: out}]\n".to_owned();
    assert_snapshot!(check_spec(&text), @r"
    job.yaml:5:5: warning[spec::said-twice]: `spark.executor.memory` (4g) overrides `cluster.executor.memory` (2g)
      |
    5 |     spark.executor.memory: 4g
      |     ^^^^^^^^^^^^^^^^^^^^^
      = field: configuration.sparkConf.spark.executor.memory
      = hint: keep one of the two
    ");
}

#[test]
fn secret_in_a_launch_property() {
    let text = "name: job\nconfiguration:\n  sparkConf:\n    spark.driver.extraJavaOptions: -Dkey=${secret:KEY}\npipeline:\n  sources: [{type: parquet, path: in}]\n  sinks: [{type: parquet, path: out}]\n".to_owned();
    assert_snapshot!(check_spec(&text), @r"
    job.yaml:4:36: error[spec::secret-at-launch]: `spark.driver.extraJavaOptions` is needed before the program starts, so it cannot hold a secret
      |
    4 |     spark.driver.extraJavaOptions: -Dkey=${secret:KEY}
      |                                    ^^^^^^^^^^^^^^^^^^^
      = field: configuration.sparkConf.spark.driver.extraJavaOptions
      = hint: secrets can stand in options, `spark.sql.*` and `spark.hadoop.*` properties
    ");
}

#[test]
fn schedule_and_monitoring() {
    let text = "name: job\nschedule: {type: cron, expression: 0 2 * *}\nmonitoring: {sla: 1h, alerts: [{to: me}], slo: 1}\npipeline:\n  sources: [{type: parquet, path: in}]\n  sinks: [{type: parquet, path: out}]\n".to_owned();
    assert_snapshot!(check_spec(&text), @r"
    job.yaml:2:36: error[spec::cron]: a cron expression has 5 parts, this one 4
      |
    2 | schedule: {type: cron, expression: 0 2 * *}
      |                                    ^^^^^^^
      = field: schedule.expression
      = hint: minute, hour, day of month, month, day of week: `0 2 * * *` is every night at two

    job.yaml:3:19: error[spec::wrong-type]: `sla` must be a whole number from 1, not `1h`
      |
    3 | monitoring: {sla: 1h, alerts: [{to: me}], slo: 1}
      |                   ^^
      = field: monitoring.sla

    job.yaml:3:23: warning[spec::not-supported-yet]: alerts are kept in the document, but this version sends none
      |
    3 | monitoring: {sla: 1h, alerts: [{to: me}], slo: 1}
      |                       ^^^^^^
      = field: monitoring.alerts

    job.yaml:3:43: error[spec::unknown-key]: `monitoring` has no field `slo`
      |
    3 | monitoring: {sla: 1h, alerts: [{to: me}], slo: 1}
      |                                           ^^^
      = field: monitoring.slo
      = hint: did you mean `sla`?
    ");
}

#[test]
fn half_a_schedule() {
    let text = "name: job\nschedule: {type: cronn}\npipeline:\n  sources: [{type: parquet, path: in}]\n  sinks: [{type: parquet, path: out}]\n".to_owned();
    assert_snapshot!(check_spec(&text), @r"
    job.yaml:2:11: error[spec::missing-field]: the schedule has no `expression`
      |
    2 | schedule: {type: cronn}
      |           ^^^^^^^^^^^^^
      = field: schedule.expression

    job.yaml:2:18: error[spec::wrong-value]: `cronn` is not a value of `type`
      |
    2 | schedule: {type: cronn}
      |                  ^^^^^
      = field: schedule.type
      = hint: did you mean `cron`?
    ");
}
