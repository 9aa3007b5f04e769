//! Cluster profiles: what they give to jobs, and what is said about wrong ones.

use crate::rendered;
use insta::assert_snapshot;
use std::collections::BTreeMap;
use tinderbox_spec::{ClusterProfile, DeployMode, ProfileEngine, load_profile};

const LAB: &str = r#"
name: lab
description: Four machines in the cellar
environment: test
engine: standalone
standalone:
  master: spark://lab-1:7077
  deployMode: client
  token: ${secret:LAB_TOKEN}
  staging: /mnt/lab
cluster:
  version: "3.5"
  driver: {cores: 1, memory: 1g}
  executor: {instances: 3, cores: 2, memory: 4g}
properties:
  spark.sql.shuffle.partitions: 64
limits: {executors: 4, cores: 8, memory: 32g}
labels: {team: data}
"#;

fn profile(text: &str) -> ClusterProfile {
    match load_profile("lab.yaml", text) {
        Ok((profile, _)) => profile,
        Err(found) => panic!("{}", rendered(&found, text)),
    }
}

fn wrong(text: &str) -> String {
    rendered(&load_profile("lab.yaml", text).expect_err("it is wrong"), text)
}

fn conf(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
}

#[test]
fn rows_2_7_to_2_9_sizes_and_properties_are_those_of_the_job_over_those_of_the_profile() {
    let lab = profile(LAB);
    assert_eq!((lab.name.as_str(), lab.engine_name()), ("lab", "standalone"));
    let ProfileEngine::Standalone(standalone) = &lab.engine else { panic!("{lab:?}") };
    assert_eq!(
        (standalone.rest.as_str(), standalone.web.as_str()),
        ("http://lab-1:6066", "http://lab-1:8080")
    );
    assert_eq!(standalone.deploy_mode, DeployMode::Client);
    assert_eq!(standalone.token_secret.as_deref(), Some("LAB_TOKEN"));
    let job = conf(&[("spark.executor.instances", "2"), ("spark.sql.shuffle.partitions", "8")]);
    let given = lab.launch_conf(&job);
    let expected = conf(&[
        ("spark.cores.max", "4"),
        ("spark.driver.cores", "1"),
        ("spark.driver.memory", "1g"),
        ("spark.executor.cores", "2"),
        ("spark.executor.instances", "2"),
        ("spark.executor.memory", "4g"),
        ("spark.sql.shuffle.partitions", "8"),
    ]);
    assert_eq!(given, expected);
    assert_eq!(lab.limits.broken_by(&given), Vec::<String>::new());
}

#[test]
fn row_14_6_gpus_become_resources_of_executors_and_tasks() {
    let text = "name: gpus\nengine: local\ngpu: {executor: 2, task: 0.25, discoveryScript: /opt/gpus.sh, rapids: true}\n";
    let given = profile(text).launch_conf(&BTreeMap::new());
    let expected = conf(&[
        ("spark.executor.resource.gpu.amount", "2"),
        ("spark.executor.resource.gpu.discoveryScript", "/opt/gpus.sh"),
        ("spark.plugins", "com.nvidia.spark.SQLPlugin"),
        ("spark.rapids.sql.enabled", "true"),
        ("spark.task.resource.gpu.amount", "0.25"),
    ]);
    assert_eq!(given, expected);
}

#[test]
fn everything_that_is_wrong_with_a_profile_is_said_at_once() {
    let text = r#"
name: Lab 1
engine: standalone
standalone:
  master: lab-1:7077
  deployMode: both
  token: hunter2
  staging: shared
  mastr: x
cluster: {profile: other, executor: {memory: 100m}}
gpu: {task: 0.7}
properties: {shuffle.partitions: 3, spark.ssl.keyPassword: hunter2}
limits: {memory: lots}
"#;
    assert_snapshot!(wrong(text), @r"
    lab.yaml:2:7: error[spec::wrong-value]: `Lab 1` is no name of a cluster
      |
    2 | name: Lab 1
      |       ^^^^^
      = field: name
      = hint: small letters, digits and `-` between them, at most 63, for example `team-a`

    lab.yaml:5:11: error[spec::wrong-value]: `lab-1:7077` is no address of a master
      |
    5 |   master: lab-1:7077
      |           ^^^^^^^^^^
      = field: standalone.master
      = hint: for example `spark://HOST:7077`

    lab.yaml:6:15: error[spec::wrong-value]: `both` is not a value of `deployMode`
      |
    6 |   deployMode: both
      |               ^^^^
      = field: standalone.deployMode
      = hint: one of: cluster, client

    lab.yaml:7:10: error[spec::secret-in-clear]: `token` must be one `${secret:NAME}`: a profile holds no secrets
      |
    7 |   token: hunter2
      |          ^^^^^^^
      = field: standalone.token
      = hint: give the server the variable TINDERBOX_SECRET_NAME

    lab.yaml:8:12: error[spec::wrong-value]: `shared` is no absolute path
      |
    8 |   staging: shared
      |            ^^^^^^
      = field: standalone.staging
      = hint: a folder that the server and every worker see, for example `/mnt/tinderbox`

    lab.yaml:9:3: error[spec::unknown-key]: `standalone` has no field `mastr`
      |
    9 |   mastr: x
      |   ^^^^^
      = field: standalone.mastr
      = hint: did you mean `master`?

    lab.yaml:10:11: error[spec::wrong-value]: a profile cannot stand for another one
       |
    10 | cluster: {profile: other, executor: {memory: 100m}}
       |           ^^^^^^^
       = field: cluster.profile
       = hint: leave it out

    lab.yaml:10:46: error[spec::memory]: `100m` is too little: Spark does not start below 450 MiB
       |
    10 | cluster: {profile: other, executor: {memory: 100m}}
       |                                              ^^^^
       = field: cluster.executor.memory
       = hint: for example `1g`

    lab.yaml:11:13: error[spec::wrong-value]: `0.7` is no amount of GPUs for a task
       |
    11 | gpu: {task: 0.7}
       |             ^^^
       = field: gpu.task
       = hint: a whole number, or at most 0.5 for tasks that share one

    lab.yaml:12:14: error[spec::spark-property]: `shuffle.partitions` is not a Spark property: they all begin with `spark.`
       |
    12 | properties: {shuffle.partitions: 3, spark.ssl.keyPassword: hunter2}
       |              ^^^^^^^^^^^^^^^^^^
       = field: properties.shuffle.partitions
       = hint: did you mean `spark.shuffle.partitions`?

    lab.yaml:12:60: error[spec::secret-in-clear]: `spark.ssl.keyPassword` stands in clear: everybody who reads the document can use it
       |
    12 | properties: {shuffle.partitions: 3, spark.ssl.keyPassword: hunter2}
       |                                                            ^^^^^^^
       = field: properties.spark.ssl.keyPassword
       = hint: write `${secret:SPARK_SSL_KEYPASSWORD}`, and give the run the variable TINDERBOX_SECRET_SPARK_SSL_KEYPASSWORD

    lab.yaml:13:18: error[spec::memory]: `lots` is not a memory size
       |
    13 | limits: {memory: lots}
       |                  ^^^^
       = field: limits.memory
       = hint: a whole number and a unit, for example `64g`
    ");
}

#[test]
fn a_profile_says_what_it_is() {
    assert_snapshot!(wrong("description: nothing else\n"), @r"
    lab.yaml:1:1: error[spec::missing-field]: `name` is missing
      |
    1 | description: nothing else
      | ^^^^^^^^^^^^^^^^^^^^^^^^^
      = field: name
      = hint: write `name:` and what jobs call the cluster

    lab.yaml:1:1: error[spec::missing-field]: `engine` is missing
      |
    1 | description: nothing else
      | ^^^^^^^^^^^^^^^^^^^^^^^^^
      = field: engine
      = hint: write `engine:` and one of local, standalone, yarn, kubernetes, sail
    ");
    assert_snapshot!(wrong("name: local\nengine: standalone\n"), @r"
    lab.yaml:1:1: error[spec::missing-field]: `standalone` is missing
      |
    1 | name: local
      | ^^^^^^^^^^^
      = field: standalone
      = hint: write `standalone:` with `master: spark://HOST:7077`

    lab.yaml:1:7: error[spec::wrong-value]: `local` is the name of an engine
      |
    1 | name: local
      |       ^^^^^
      = field: name
      = hint: for example `local-1`
    ");
    assert_snapshot!(wrong("name: lab\nengine: mesos\n"), @r"
    lab.yaml:2:9: error[spec::wrong-value]: `mesos` is not a value of `engine`
      |
    2 | engine: mesos
      |         ^^^^^
      = field: engine
      = hint: one of: local, standalone, yarn, kubernetes, sail
    ");
}

#[test]
fn row_2_6_a_local_profile_takes_spark_out_of_an_image() {
    let text = "name: three\nengine: local\ncluster: {version: \"3.5\"}\n\
        local: {image: 'apache/spark:3.5.8', runtime: podman, home: /spark, mounts: [/data]}\n";
    let three = profile(text);
    let ProfileEngine::Local(local) = &three.engine else { panic!("{three:?}") };
    let container = local.container.as_ref().expect("a container");
    assert_eq!(
        (container.image.as_str(), container.runtime.as_str()),
        ("apache/spark:3.5.8", "podman")
    );
    assert_eq!(
        (container.mounts.as_slice(), local.home.as_deref()),
        (&["/data".to_owned()][..], Some("/spark"))
    );

    assert_snapshot!(wrong("name: x\nengine: local\nlocal: {image: spark, mounts: [data]}\n"), @r#"
    lab.yaml:1:1: error[spec::missing-field]: `cluster.version` is missing
      |
    1 | name: x
      | ^^^^^^^
      = field: cluster.version
      = hint: write `cluster: {version: "3.5"}` with the version of the Spark there

    lab.yaml:3:32: error[spec::wrong-value]: `data` is no absolute path
      |
    3 | local: {image: spark, mounts: [data]}
      |                                ^^^^
      = field: local.mounts
      = hint: write a folder of the server's machine, beginning with `/`
    "#);
    assert_snapshot!(wrong("name: x\nengine: local\nlocal: {runtime: podman}\n"), @r"
    lab.yaml:3:18: error[spec::wrong-value]: `runtime` is for containers, and there is no `image`
      |
    3 | local: {runtime: podman}
      |                  ^^^^^^
      = field: local.runtime
      = hint: write `image: REGISTRY/spark:TAG`, or leave it out
    ");
}
