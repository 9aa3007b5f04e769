//! Profiles of YARN.

use crate::rendered;
use insta::assert_snapshot;
use std::collections::BTreeMap;
use tinderbox_spec::{ClusterProfile, DeployMode, Kerberos, ProfileEngine, load_profile};

const LAKE: &str = r#"
name: lake
engine: yarn
yarn:
  resourceManager: [http://rm-1:8088, http://rm-2:8088/]
  confDir: /etc/hadoop/conf
  queue: etl
  home: /opt/spark-3.5
  python: ./environment/bin/python
  archives: [environment.tar.gz#environment, models.zip#models]
  staging: hdfs:///user/etl/staging
  eventLogs: hdfs:///spark-logs
  logs: http://history-1:19888/ws/v1/history
  nodeLabels: {driver: on-demand, executor: spot}
  kerberos: {principal: etl@EXAMPLE.COM, keytab: /etc/security/etl.keytab}
cluster:
  executor: {instances: 3, cores: 2, memory: 4g}
"#;

fn profile(text: &str) -> ClusterProfile {
    match load_profile("lake.yaml", text) {
        Ok((profile, _)) => profile,
        Err(found) => panic!("{}", rendered(&found, text)),
    }
}

fn wrong(text: &str) -> String {
    rendered(&load_profile("lake.yaml", text).expect_err("it is wrong"), text)
}

#[test]
fn rows_2_2_2_4_2_5_2_9_and_2_10_a_yarn_profile_becomes_properties_under_those_of_the_job() {
    let lake = profile(LAKE);
    assert_eq!(lake.engine_name(), "yarn");
    let ProfileEngine::Yarn(yarn) = &lake.engine else { panic!("{lake:?}") };
    assert_eq!(yarn.resource_managers, ["http://rm-1:8088", "http://rm-2:8088"]);
    assert_eq!(yarn.deploy_mode, DeployMode::Cluster);
    assert_eq!(yarn.event_logs.as_deref(), Some("hdfs:///spark-logs"));
    assert_eq!(yarn.logs.as_deref(), Some("http://history-1:19888/ws/v1/history"));
    let kerberos = Kerberos {
        principal: "etl@EXAMPLE.COM".to_owned(),
        keytab: "/etc/security/etl.keytab".to_owned(),
    };
    assert_eq!(yarn.kerberos, Some(kerberos));
    let job = BTreeMap::from([("spark.yarn.queue".to_owned(), "urgent".to_owned())]);
    let given: Vec<String> =
        lake.launch_conf(&job).iter().map(|(key, value)| format!("{key}={value}")).collect();
    assert_snapshot!(given.join("\n"), @"
    spark.executor.cores=2
    spark.executor.instances=3
    spark.executor.memory=4g
    spark.kerberos.keytab=/etc/security/etl.keytab
    spark.kerberos.principal=etl@EXAMPLE.COM
    spark.yarn.am.nodeLabelExpression=on-demand
    spark.yarn.dist.archives=environment.tar.gz#environment,models.zip#models
    spark.yarn.executor.nodeLabelExpression=spot
    spark.yarn.queue=urgent
    spark.yarn.stagingDir=hdfs:///user/etl/staging
    ");
}

#[test]
fn a_cluster_on_this_machine_and_drivers_here_need_no_folder_for_event_logs() {
    let here = "name: mini\nengine: yarn\nyarn: {resourceManager: 'http://127.0.0.1:8088', confDir: /etc/hadoop/conf}\n";
    let ProfileEngine::Yarn(yarn) = profile(here).engine else { panic!("yarn") };
    assert_eq!(yarn.event_logs, None);
    let client =
        here.replace("127.0.0.1", "rm-1").replace("confDir", "deployMode: client, confDir");
    let ProfileEngine::Yarn(yarn) = profile(&client).engine else { panic!("yarn") };
    assert_eq!(yarn.deploy_mode, DeployMode::Client);
}

#[test]
fn everything_that_is_wrong_with_a_yarn_profile_is_said_at_once() {
    let text = r#"
name: lake
engine: yarn
yarn:
  resourceManager: rm-1:8032
  confDir: conf
  deployMode: both
  queu: etl
  user: etl
  eventLogs: spark-logs
  logs: history-1
  nodeLabels: {executors: spot}
  kerberos: {principal: etl@EXAMPLE.COM, keytab: etl.keytab}
"#;
    assert_snapshot!(wrong(text), @r"
    lake.yaml:5:20: error[spec::wrong-value]: `rm-1:8032` is no address of a page
      |
    5 |   resourceManager: rm-1:8032
      |                    ^^^^^^^^^
      = field: yarn.resourceManager
      = hint: for example `http://HOST:8088`

    lake.yaml:6:12: error[spec::wrong-value]: `conf` is no absolute path
      |
    6 |   confDir: conf
      |            ^^^^
      = field: yarn.confDir
      = hint: for example `/etc/hadoop/conf`

    lake.yaml:7:15: error[spec::wrong-value]: `both` is not a value of `deployMode`
      |
    7 |   deployMode: both
      |               ^^^^
      = field: yarn.deployMode
      = hint: one of: cluster, client

    lake.yaml:8:3: error[spec::unknown-key]: `yarn` has no field `queu`
      |
    8 |   queu: etl
      |   ^^^^
      = field: yarn.queu
      = hint: did you mean `queue`?

    lake.yaml:10:14: error[spec::wrong-value]: `spark-logs` is neither an absolute path nor an address
       |
    10 |   eventLogs: spark-logs
       |              ^^^^^^^^^^
       = field: yarn.eventLogs
       = hint: for example `hdfs:///spark-logs`, or `/mnt/spark-logs`

    lake.yaml:11:9: error[spec::wrong-value]: `history-1` is no address of a page
       |
    11 |   logs: history-1
       |         ^^^^^^^^^
       = field: yarn.logs
       = hint: for example `http://HOST:19888/ws/v1/history`

    lake.yaml:12:16: error[spec::unknown-key]: `yarn.nodeLabels` has no field `executors`
       |
    12 |   nodeLabels: {executors: spot}
       |                ^^^^^^^^^
       = field: yarn.nodeLabels.executors
       = hint: did you mean `executor`?

    lake.yaml:13:50: error[spec::wrong-value]: `etl.keytab` is no absolute path
       |
    13 |   kerberos: {principal: etl@EXAMPLE.COM, keytab: etl.keytab}
       |                                                  ^^^^^^^^^^
       = field: yarn.kerberos.keytab
       = hint: for example `/etc/security/keytabs/etl.keytab`
    ");
    let both = LAKE.replace("queue: etl", "user: etl");
    assert_snapshot!(wrong(&both), @r"
    lake.yaml:7:9: error[spec::wrong-value]: `user` is for clusters without Kerberos: the principal says who asks
      |
    7 |   user: etl
      |         ^^^
      = field: yarn.user
      = hint: leave one of the two out
    ");
    assert_snapshot!(wrong("name: lake\nengine: yarn\n"), @r"
    lake.yaml:1:1: error[spec::missing-field]: `yarn` is missing
      |
    1 | name: lake
      | ^^^^^^^^^^
      = field: yarn
      = hint: write `yarn:` with `resourceManager: http://HOST:8088` and `confDir: /etc/hadoop/conf`
    ");
    assert_snapshot!(wrong("name: lake\nengine: yarn\nyarn: {resourceManager: 'http://rm-1:8088', kerberos: {}}\n"), @r"
    lake.yaml:3:7: error[spec::missing-field]: `confDir` is missing
      |
    3 | yarn: {resourceManager: 'http://rm-1:8088', kerberos: {}}
      |       ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
      = field: yarn.confDir
      = hint: write `confDir:` with the folder that has the cluster's `yarn-site.xml` and `core-site.xml`

    lake.yaml:3:7: error[spec::missing-field]: `eventLogs` is missing
      |
    3 | yarn: {resourceManager: 'http://rm-1:8088', kerberos: {}}
      |       ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
      = field: yarn.eventLogs
      = hint: a folder that is there, for example `eventLogs: hdfs:///spark-logs`, or a path that this machine and all nodes see

    lake.yaml:3:55: error[spec::missing-field]: `principal` is missing
      |
    3 | yarn: {resourceManager: 'http://rm-1:8088', kerberos: {}}
      |                                                       ^^
      = field: yarn.kerberos.principal
      = hint: a principal and the file of its key: `{principal: etl@EXAMPLE.COM, keytab: /etc/etl.keytab}`

    lake.yaml:3:55: error[spec::missing-field]: `keytab` is missing
      |
    3 | yarn: {resourceManager: 'http://rm-1:8088', kerberos: {}}
      |                                                       ^^
      = field: yarn.kerberos.keytab
      = hint: a principal and the file of its key: `{principal: etl@EXAMPLE.COM, keytab: /etc/etl.keytab}`
    ");
}
