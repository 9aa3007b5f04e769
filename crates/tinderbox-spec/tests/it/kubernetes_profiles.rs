//! Profiles of Kubernetes.

use crate::rendered;
use insta::assert_snapshot;
use std::collections::BTreeMap;
use tinderbox_spec::{
    ClusterProfile, PodPlacement, ProfileEngine, Queue, Toleration, load_profile,
};

const POOL: &str = r#"
name: pool
engine: kubernetes
kubernetes:
  kubeconfig: /etc/tinderbox/kubeconfig
  context: prod
  namespace: jobs
  image: registry.example/spark:3.5.8
  serviceAccount: spark
  imagePullSecrets: [registry]
  driverTemplate: |
    spec: {securityContext: {runAsUser: 185}}
  nodeSelector: {pool: steady}
  priorityClass: high
  executors:
    nodeSelector: {pool: spot}
    tolerations: [{key: spot, operator: Exists, effect: NoSchedule}]
  queue: {scheduler: yunikorn, name: root.data}
cluster: {version: "3.5", executor: {instances: 2}}
properties: {spark.dynamicAllocation.shuffleTracking.enabled: true}
"#;

fn wrong(text: &str) -> String {
    rendered(&load_profile("pool.yaml", text).expect_err("it is wrong"), text)
}

fn profile(text: &str) -> ClusterProfile {
    match load_profile("pool.yaml", text) {
        Ok((profile, _)) => profile,
        Err(found) => panic!("{}", rendered(&found, text)),
    }
}

#[test]
fn rows_9_5_and_9_6_a_profile_says_where_pods_go_and_what_they_are() {
    let pool = profile(POOL);
    assert_eq!(pool.engine_name(), "kubernetes");
    let ProfileEngine::Kubernetes(kubernetes) = &pool.engine else { panic!("{pool:?}") };
    assert_eq!(kubernetes.kubeconfig.as_deref(), Some("/etc/tinderbox/kubeconfig"));
    assert_eq!(kubernetes.context.as_deref(), Some("prod"));
    assert_eq!(
        (kubernetes.namespace.as_str(), kubernetes.image.as_str()),
        ("jobs", "registry.example/spark:3.5.8")
    );
    assert_eq!(kubernetes.service_account.as_deref(), Some("spark"));
    assert_eq!(kubernetes.image_pull_secrets, ["registry"]);
    assert_eq!(
        kubernetes.driver_template.as_deref(),
        Some("spec: {securityContext: {runAsUser: 185}}\n")
    );
    let selector = |pool: &str| BTreeMap::from([("pool".to_owned(), pool.to_owned())]);
    let driver = PodPlacement {
        node_selector: selector("steady"),
        priority_class: Some("high".to_owned()),
        ..PodPlacement::default()
    };
    assert_eq!(kubernetes.driver, driver);
    let spot = Toleration {
        key: Some("spot".to_owned()),
        operator: Some("Exists".to_owned()),
        value: None,
        effect: Some("NoSchedule".to_owned()),
    };
    assert_eq!(
        (&kubernetes.executors.node_selector, &kubernetes.executors.tolerations),
        (&selector("spot"), &vec![spot])
    );
    assert_eq!(
        kubernetes.queue,
        Some(Queue { scheduler: "yunikorn", name: "root.data".to_owned() })
    );
}

#[test]
fn row_9_5_queues_are_labels_for_yunikorn_and_annotations_for_volcano() {
    let given = |text: &str| {
        let mut conf = profile(text).launch_conf(&BTreeMap::new());
        conf.retain(|key, _| key.starts_with("spark.kubernetes."));
        conf.into_iter().map(|(key, value)| format!("{key}={value}")).collect::<Vec<_>>().join("\n")
    };
    assert_snapshot!(given(POOL), @r"
    spark.kubernetes.driver.label.queue=root.data
    spark.kubernetes.executor.label.queue=root.data
    spark.kubernetes.scheduler.name=yunikorn
    ");
    assert_snapshot!(given(&POOL.replace("yunikorn", "volcano")), @r"
    spark.kubernetes.driver.annotation.scheduling.volcano.sh/queue-name=root.data
    spark.kubernetes.executor.annotation.scheduling.volcano.sh/queue-name=root.data
    spark.kubernetes.scheduler.name=volcano
    ");
}

#[test]
fn row_9_5_a_server_in_a_pod_needs_no_kubeconfig() {
    let text = "name: here\nengine: kubernetes\nkubernetes: {inCluster: true, image: spark}\ncluster: {version: \"4.0\"}\n";
    let ProfileEngine::Kubernetes(kubernetes) = profile(text).engine else { panic!("an engine") };
    assert_eq!((kubernetes.kubeconfig, kubernetes.namespace.as_str()), (None, "default"));
}

#[test]
fn row_9_5_wrong_sections_are_told_with_what_to_write() {
    assert_snapshot!(wrong("name: a\nengine: kubernetes\n"), @r"
    pool.yaml:1:1: error[spec::missing-field]: `kubernetes` is missing
      |
    1 | name: a
      | ^^^^^^^
      = field: kubernetes
      = hint: write `kubernetes:` with `kubeconfig: /PATH` and `image: REGISTRY/spark:TAG`
    ");
    assert_snapshot!(wrong("name: a\nengine: kubernetes\nkubernetes: {}\n"), @r"
    pool.yaml:3:13: error[spec::missing-field]: `kubeconfig` is missing
      |
    3 | kubernetes: {}
      |             ^^
      = field: kubernetes.kubeconfig
      = hint: write `kubeconfig: /PATH`, or `inCluster: true` for the service account of the server's own pod

    pool.yaml:3:13: error[spec::missing-field]: `image` is missing
      |
    3 | kubernetes: {}
      |             ^^
      = field: kubernetes.image
      = hint: write `image: REGISTRY/spark:TAG`, the image of driver and executors
    ");
    let text = "name: a\nengine: kubernetes\ncluster: {version: \"3.5\"}\nkubernetes:\n  kubeconfig: conf\n  inCluster: true\n  \
        namespace: Jobs\n  image: spark\n  tolerations: {key: spot}\n  executors: {tolerations: [{effect: Never}], nodes: 3}\n  \
        queue: {scheduler: slurm}\n";
    assert_snapshot!(wrong(text), @r"
    pool.yaml:5:15: error[spec::wrong-value]: `kubeconfig` and `inCluster` are two ways to the cluster
      |
    5 |   kubeconfig: conf
      |               ^^^^
      = field: kubernetes.kubeconfig
      = hint: leave one of them out

    pool.yaml:7:14: error[spec::wrong-value]: `Jobs` is no name of a namespace
      |
    7 |   namespace: Jobs
      |              ^^^^
      = field: kubernetes.namespace
      = hint: small letters, digits and `-` between them, at most 63

    pool.yaml:9:16: error[spec::wrong-type]: `tolerations` must be a list of tolerations, not a block of keys
      |
    9 |   tolerations: {key: spot}
      |                ^^^^^^^^^^^
      = field: kubernetes.tolerations

    pool.yaml:10:38: error[spec::wrong-value]: `Never` is not a value of `effect`
       |
    10 |   executors: {tolerations: [{effect: Never}], nodes: 3}
       |                                      ^^^^^
       = field: kubernetes.executors.tolerations[0].effect
       = hint: one of: NoSchedule, PreferNoSchedule, NoExecute

    pool.yaml:10:47: error[spec::unknown-key]: `kubernetes.executors` has no field `nodes`
       |
    10 |   executors: {tolerations: [{effect: Never}], nodes: 3}
       |                                               ^^^^^
       = field: kubernetes.executors.nodes
       = hint: did you mean `nodeSelector`?

    pool.yaml:11:10: error[spec::missing-field]: `name` is missing
       |
    11 |   queue: {scheduler: slurm}
       |          ^^^^^^^^^^^^^^^^^^
       = field: kubernetes.queue.name
       = hint: write `name:` and the queue

    pool.yaml:11:22: error[spec::wrong-value]: `slurm` is not a value of `scheduler`
       |
    11 |   queue: {scheduler: slurm}
       |                      ^^^^^
       = field: kubernetes.queue.scheduler
       = hint: one of: yunikorn, volcano
    ");
}
