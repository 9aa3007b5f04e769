//! Where pods are put, and what happens to them there.

use crate::client::{Client, PODS, plain, script, state};
use serde_json::{Value, json};
use tinderbox_testcluster::{Config, Node};

fn two_pools() -> Config {
    let nodes = vec![
        Node::new("steady").label("pool", "on-demand").allocatable("cpu", "2"),
        Node::new("spot")
            .label("pool", "spot")
            .taint("spot", "true", "NoSchedule")
            .allocatable("cpu", "2"),
    ];
    Config { nodes, ..plain() }
}

fn tolerant(name: &str, text: &str) -> Value {
    let mut pod = script(name, text);
    pod["spec"]["nodeSelector"] = json!({"pool": "spot"});
    pod["spec"]["tolerations"] =
        json!([{"key": "spot", "operator": "Exists", "effect": "NoSchedule"}]);
    pod
}

fn runs(pod: &Value) -> bool {
    state(pod)["running"].is_object()
}

fn unscheduled(pod: &Value) -> Option<&str> {
    let conditions = pod["status"]["conditions"].as_array()?;
    let found =
        conditions.iter().find(|one| one["type"] == "PodScheduled" && one["status"] == "False")?;
    assert_eq!(found["reason"], "Unschedulable");
    found["message"].as_str()
}

#[tokio::test]
async fn selectors_taints_and_room_decide() {
    let client = Client::start(two_pools());
    client.create(PODS, script("anywhere", "sleep 600")).await;
    assert_eq!(client.pod_until("anywhere", runs).await["spec"]["nodeName"], "steady");
    client.create(PODS, tolerant("cheap", "sleep 600")).await;
    assert_eq!(client.pod_until("cheap", runs).await["spec"]["nodeName"], "spot");

    let mut picky = script("picky", "true");
    picky["spec"]["nodeSelector"] = json!({"pool": "spot"});
    client.create(PODS, picky).await;
    let pod = client.pod_until("picky", |pod| unscheduled(pod).is_some()).await;
    let why = "0/2 nodes are available: 1 node(s) didn't match Pod's node affinity/selector, \
               1 node(s) had untolerated taint {spot: true}.";
    assert_eq!(unscheduled(&pod), Some(why));
    assert_eq!(pod["status"]["phase"], "Pending");

    let mut large = script("large", "true");
    large["spec"]["containers"][0]["resources"] = json!({"requests": {"cpu": "1500m"}});
    let mut larger = large.clone();
    larger["metadata"]["name"] = json!("larger");
    large["spec"]["containers"][0]["command"] = json!(["sleep", "600"]);
    client.create(PODS, large).await;
    client.pod_until("large", runs).await;
    client.create(PODS, larger).await;
    let pod = client.pod_until("larger", |pod| unscheduled(pod).is_some()).await;
    assert!(unscheduled(&pod).is_some_and(|why| why.contains("1 Insufficient cpu")), "{pod}");
    // It runs as soon as there is room.
    client.send("DELETE", &format!("{PODS}/large"), json!({"gracePeriodSeconds": 0})).await;
    assert_eq!(client.ended("larger").await["status"]["phase"], "Succeeded");

    let mut other = script("other-scheduler", "true");
    other["spec"]["schedulerName"] = json!("yunikorn");
    client.create(PODS, other).await;
    let mut claims = script("claims", "true");
    claims["spec"]["volumes"] =
        json!([{"name": "data", "persistentVolumeClaim": {"claimName": "data"}}]);
    client.create(PODS, claims).await;
    let pod = client.pod_until("claims", |pod| unscheduled(pod).is_some()).await;
    assert_eq!(unscheduled(&pod), Some("persistentvolumeclaim \"data\" not found"));
    // The one before it was looked at earlier, and left alone.
    let other = client.cluster.get("pods", "default", "other-scheduler").expect("there");
    assert_eq!((unscheduled(&other), &other["spec"]["nodeName"]), (None, &Value::Null));
}

#[tokio::test]
async fn spot_nodes_are_taken_away() {
    let client = Client::start(two_pools());
    client
        .create(
            PODS,
            tolerant("cheap", "trap 'echo asked; exit 143' TERM; while :; do sleep 0.02; done"),
        )
        .await;
    client.pod_until("cheap", runs).await;
    client.cluster.shut_down_node("spot");
    let pod = client.ended("cheap").await;
    assert_eq!(
        (&pod["status"]["phase"], &pod["status"]["reason"]),
        (&json!("Failed"), &json!("Terminated"))
    );
    client.create(PODS, tolerant("next", "true")).await;
    client.pod_until("next", |pod| unscheduled(pod).is_some()).await;
}

#[tokio::test]
async fn nobody_confirms_the_end_of_a_pod_whose_node_is_lost() {
    let client = Client::start(two_pools());
    client.create(PODS, script("one", "sleep 600")).await;
    client.pod_until("one", runs).await;
    client.cluster.lose_node("steady");
    let pod = client.pod_until("one", |pod| pod["metadata"]["deletionTimestamp"].is_string()).await;
    assert_eq!(
        (&pod["status"]["phase"], &pod["status"]["reason"]),
        (&json!("Running"), &json!("NodeLost"))
    );
    client.cluster.remove_node("steady");
    client.gone("one").await;
    client.nothing_runs().await;
}
