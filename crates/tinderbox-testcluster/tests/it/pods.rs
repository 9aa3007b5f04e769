//! Pods as processes.

use crate::client::{Client, PODS, config_map, plain, script, state};
use serde_json::{Value, json};
use std::process::Command;
use std::time::{Duration, Instant};
use tinderbox_testcluster::{Image, TestCluster};

fn path(name: &str) -> String {
    format!("{PODS}/{name}")
}

fn lives(group: i32) -> bool {
    let output = Command::new("ps").args(["-eo", "pgid=,stat="]).output().expect("ps");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    text.lines().any(|line| {
        let mut words = line.split_whitespace();
        words.next() == Some(&group.to_string())
            && words.next().is_some_and(|stat| !stat.starts_with('Z'))
    })
}

fn wait_until_dead(groups: &[i32]) {
    let end = Instant::now() + Duration::from_secs(120);
    while groups.iter().any(|group| lives(*group)) {
        assert!(Instant::now() < end, "{groups:?} live on");
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[tokio::test]
async fn pods_run_and_end_with_their_exit_codes() {
    let client = Client::plain();
    client.create(PODS, script("good", "echo out; echo err >&2; sleep 0.1")).await;
    client.create(PODS, script("bad", "exit 3")).await;
    let mut nothing = script("nothing", "");
    nothing["spec"]["containers"][0]["command"] = json!(["/no/such/program"]);
    client.create(PODS, nothing).await;

    let good = client.ended("good").await;
    assert_eq!(good["status"]["phase"], "Succeeded");
    let ended = &state(&good)["terminated"];
    assert_eq!((&ended["exitCode"], &ended["reason"]), (&json!(0), &json!("Completed")));
    assert!(ended["startedAt"].is_string() && ended["finishedAt"].is_string());
    let log = client.text(&format!("{}/log", path("good"))).await;
    let mut lines: Vec<&str> = log.lines().collect();
    lines.sort_unstable();
    assert_eq!(lines, ["err", "out"]);

    let bad = client.ended("bad").await;
    assert_eq!(bad["status"]["phase"], "Failed");
    assert_eq!(state(&bad)["terminated"]["exitCode"], 3);
    let nothing = client.ended("nothing").await;
    let ended = &state(&nothing)["terminated"];
    assert_eq!((&ended["exitCode"], &ended["reason"]), (&json!(128), &json!("StartError")));
    client.nothing_runs().await;
}

#[tokio::test]
async fn logs_are_followed_and_cut() {
    let client = Client::plain();
    let text =
        "for i in 1 2 3; do echo line $i; done; while [ ! -f go ]; do sleep 0.02; done; echo last";
    client.create(PODS, script("one", text)).await;
    client.pod_until("one", |pod| state(pod)["running"].is_object()).await;
    let mut follower = client.stream(&format!("{}/log?follow=true&tailLines=0", path("one"))).await;
    let log = path("one") + "/log";
    loop {
        if client.text(&log).await.ends_with("line 3\n") {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert_eq!(client.text(&format!("{log}?tailLines=1")).await, "line 3\n");
    let stamped = client.text(&format!("{log}?timestamps=true&limitBytes=10")).await;
    assert!(stamped.starts_with("20") && stamped.len() == 10, "{stamped}");
    assert_eq!(client.get(&format!("{log}?container=other")).await.0, 400);
    assert_eq!(client.get(&format!("{}/log", path("none"))).await.0, 404);
    client.send("DELETE", &path("one"), json!({"gracePeriodSeconds": 1})).await;
    let mut rest = Vec::new();
    while let Some(chunk) = follower.chunk().await.expect("the log") {
        rest.extend_from_slice(&chunk);
    }
    let rest = String::from_utf8(rest).expect("text");
    assert!("line 1\nline 2\nline 3\n".ends_with(&rest), "{rest}");
    assert!(client.cluster.log("default", "one").ends_with("line 3\n"), "kept after the pod");
}

#[tokio::test]
async fn deleted_pods_are_asked_to_end_and_then_killed() {
    let client = Client::plain();
    client
        .create(
            PODS,
            script(
                "polite",
                "trap 'echo asked; exit 0' TERM; echo up; while :; do sleep 0.02; done",
            ),
        )
        .await;
    client.create(PODS, script("deaf", "trap '' TERM; echo up; sleep 600 & wait; sleep 600")).await;
    let up = |name: &'static str| {
        let client = &client;
        async move {
            client.pod_until(name, |_| client.cluster.log("default", name).contains("up")).await
        }
    };
    up("polite").await;
    up("deaf").await;
    let groups = client.cluster.process_groups();
    assert_eq!(groups.len(), 2);
    let (code, pod) = client.send("DELETE", &path("polite"), Value::Null).await;
    assert_eq!((code, &pod["metadata"]["deletionGracePeriodSeconds"]), (200, &json!(30)));
    client.gone("polite").await;
    assert!(client.cluster.log("default", "polite").contains("asked"));
    client.send("DELETE", &path("deaf"), json!({"gracePeriodSeconds": 1})).await;
    client.gone("deaf").await;
    wait_until_dead(&groups);

    // Without any grace it is gone at once, and its name is free.
    client.create(PODS, script("deaf", "trap '' TERM; echo up; sleep 600")).await;
    let first = up("deaf").await;
    let groups = client.cluster.process_groups();
    client.send("DELETE", &path("deaf"), json!({"gracePeriodSeconds": 0})).await;
    assert_eq!(client.get(&path("deaf")).await.0, 404);
    client.create(PODS, script("deaf", "echo second")).await;
    let second = client.ended("deaf").await;
    assert_ne!(first["metadata"]["uid"], second["metadata"]["uid"]);
    assert_eq!(client.cluster.log("default", "deaf"), "second\n");
    wait_until_dead(&groups);
}

#[tokio::test]
async fn finalizers_hold_a_pod_that_has_ended() {
    let client = Client::plain();
    let mut pod = script("held", "sleep 600");
    pod["metadata"]["finalizers"] = json!(["example.org/hold"]);
    client.create(PODS, pod).await;
    client.pod_until("held", |pod| state(pod)["running"].is_object()).await;
    client.send("DELETE", &path("held"), json!({"gracePeriodSeconds": 1})).await;
    client.nothing_runs().await;
    let ended = |pod: &Value| pod["metadata"]["deletionGracePeriodSeconds"] == 0;
    let pod = client.pod_until("held", ended).await;
    assert_eq!(state(&pod)["terminated"]["exitCode"], 143);
    let patch = json!({"metadata": {"finalizers": null}});
    let kind = "application/merge-patch+json";
    assert_eq!(client.send_as("PATCH", &path("held"), kind, patch).await.0, 200);
    assert_eq!(client.get(&path("held")).await.0, 404);
}

#[tokio::test]
async fn pods_wait_for_what_they_mount() {
    let client = Client::plain();
    let mut pod =
        script("one", "cat /etc/conf/a.txt; echo $PASSWORD; echo in $CONF > /out/x; ls /out");
    let container = &mut pod["spec"]["containers"][0];
    container["volumeMounts"] = json!([
        {"name": "conf", "mountPath": "/etc/conf"}, {"name": "out", "mountPath": "/out"},
    ]);
    container["env"] = json!([
        {"name": "CONF", "value": "/etc/conf/a.txt"},
        {"name": "PASSWORD", "valueFrom": {"secretKeyRef": {"name": "login", "key": "password"}}},
    ]);
    pod["spec"]["volumes"] =
        json!([{"name": "conf", "configMap": {"name": "conf"}}, {"name": "out", "emptyDir": {}}]);
    client.create(PODS, pod).await;
    let pod =
        client.pod_until("one", |pod| state(pod)["waiting"]["reason"] == "ContainerCreating").await;
    assert_eq!(pod["status"]["phase"], "Pending");
    let failed = |event: &Value| event["reason"] == "FailedMount";
    let end = Instant::now() + Duration::from_secs(120);
    let message = loop {
        let events = client.cluster.list("events", "default");
        if let Some(event) = events.into_iter().find(failed) {
            break event["message"].as_str().unwrap_or_default().to_owned();
        }
        assert!(Instant::now() < end, "no event");
        tokio::time::sleep(Duration::from_millis(10)).await;
    };
    assert_eq!(
        message,
        "MountVolume.SetUp failed for volume \"conf\" : configmap \"conf\" not found"
    );

    let maps = "/api/v1/namespaces/default/configmaps";
    client.create(maps, config_map("conf", &json!({"a.txt": "reads /out\n"}))).await;
    let reason = "CreateContainerConfigError";
    client.pod_until("one", |pod| state(pod)["waiting"]["reason"] == reason).await;
    let secret = json!({"metadata": {"name": "login"}, "stringData": {"password": "p w"}});
    client.create("/api/v1/namespaces/default/secrets", secret).await;
    assert_eq!(client.ended("one").await["status"]["phase"], "Succeeded");
    let log = client.cluster.log("default", "one");
    let lines: Vec<&str> = log.lines().collect();
    assert!(lines[0].starts_with("reads /") && lines[0].ends_with("/volumes/out"), "{log}");
    assert_eq!(lines[1..], ["p w", "x"]);
}

#[tokio::test]
async fn an_image_that_does_not_exist_is_waited_for() {
    let client = Client::plain();
    let mut pod = script("one", "true");
    pod["spec"]["containers"][0]["image"] = json!("plain:2");
    client.create(PODS, pod).await;
    let pod =
        client.pod_until("one", |pod| state(pod)["waiting"]["reason"] == "ImagePullBackOff").await;
    assert_eq!(state(&pod)["waiting"]["message"], "Back-off pulling image \"plain:2\"");
    let (code, refused) = client.get(&format!("{}/log", path("one"))).await;
    assert_eq!(code, 400);
    let message = "container \"main\" in pod \"one\" is trying and failing to pull image";
    assert_eq!(refused["message"], message);
    client.send("DELETE", &path("one"), Value::Null).await;
    client.gone("one").await;
}

#[tokio::test]
async fn pods_meet_with_all_kinds_of_ends() {
    let client = Client::plain();
    let runs = |pod: &Value| state(pod)["running"].is_object();
    for name in ["memory", "evicted", "evicted-by-api"] {
        client.create(PODS, script(name, "sleep 600")).await;
        client.pod_until(name, runs).await;
    }
    let mut late = script("late", "echo before; sleep 600");
    late["spec"]["activeDeadlineSeconds"] = json!(1);
    late["spec"]["containers"][0]["terminationMessagePolicy"] = json!("FallbackToLogsOnError");
    client.create(PODS, late).await;

    assert!(client.cluster.run_out_of_memory("default", "memory", "main"));
    let pod = client.ended("memory").await;
    let ended = &state(&pod)["terminated"];
    assert_eq!((&ended["exitCode"], &ended["reason"]), (&json!(137), &json!("OOMKilled")));

    assert!(client.cluster.evict("default", "evicted", "The node was low on resource: memory."));
    let pod = client.ended("evicted").await;
    assert_eq!(pod["status"]["reason"], "Evicted");
    assert_eq!(pod["status"]["message"], "The node was low on resource: memory.");

    let eviction = json!({
        "apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": "evicted-by-api"},
        "deleteOptions": {"gracePeriodSeconds": 1},
    });
    let (code, _) =
        client.send("POST", &format!("{}/eviction", path("evicted-by-api")), eviction).await;
    assert_eq!(code, 201);
    client.gone("evicted-by-api").await;

    let pod = client.ended("late").await;
    assert_eq!(
        (&pod["status"]["phase"], &pod["status"]["reason"]),
        (&json!("Failed"), &json!("DeadlineExceeded"))
    );
    assert_eq!(state(&pod)["terminated"]["message"], "before\n");
    assert!(!client.cluster.run_out_of_memory("default", "nobody", "main"));
}

#[tokio::test]
async fn containers_come_in_their_order_and_again() {
    let client = Client::plain();
    let mut pod = script("one", "cat /shared/ready");
    let mount = json!([{"name": "shared", "mountPath": "/shared"}]);
    pod["spec"]["containers"][0]["volumeMounts"] = mount.clone();
    pod["spec"]["initContainers"] = json!([{
        "name": "first", "image": "plain:1", "volumeMounts": mount,
        "command": ["sh", "-c"], "args": ["echo made by $(WHO) > /shared/ready"],
        "env": [{"name": "WHO", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}}],
    }]);
    pod["spec"]["volumes"] = json!([{"name": "shared", "emptyDir": {}}]);
    client.create(PODS, pod).await;
    assert_eq!(client.ended("one").await["status"]["phase"], "Succeeded");
    assert_eq!(client.text(&format!("{}/log?container=main", path("one"))).await, "made by one\n");
    assert_eq!(client.get(&format!("{}/log", path("one"))).await.0, 400);

    let mut failing = script("failing", "true");
    failing["spec"]["initContainers"] =
        json!([{"name": "first", "image": "plain:1", "command": ["sh", "-c", "exit 7"]}]);
    client.create(PODS, failing).await;
    let failing = client.ended("failing").await;
    assert_eq!(failing["status"]["initContainerStatuses"][0]["state"]["terminated"]["exitCode"], 7);

    let mut again = script("again", "test -f done && exit 0; touch done; exit 1");
    again["spec"]["restartPolicy"] = json!("OnFailure");
    client.create(PODS, again).await;
    let again = client.ended("again").await;
    let status = &again["status"]["containerStatuses"][0];
    assert_eq!(
        (&again["status"]["phase"], &status["restartCount"]),
        (&json!("Succeeded"), &json!(1))
    );
    assert_eq!(status["lastState"]["terminated"]["exitCode"], 1);
}

#[tokio::test]
async fn nothing_is_left_when_the_cluster_ends() {
    let client = Client::plain();
    client.create(PODS, script("one", "sleep 600 & sleep 600 & wait")).await;
    client.pod_until("one", |pod| state(pod)["running"].is_object()).await;
    let groups = client.cluster.process_groups();
    assert_eq!(groups.len(), 1);
    drop(client);
    wait_until_dead(&groups);
}

/// The process that is killed is this test's own program, started a second time for this test only.
#[test]
fn nothing_is_left_when_the_test_is_killed() {
    if std::env::var_os("TESTCLUSTER_IS_KILLED").is_some() {
        let mut config = plain();
        config.images.insert("plain:1".to_owned(), Image::plain());
        let cluster = TestCluster::start(config).expect("a cluster");
        cluster.create("default", script("one", "sleep 600")).expect("made");
        while cluster.process_groups().is_empty() {
            std::thread::sleep(Duration::from_millis(10));
        }
        println!("\ngroup {}", cluster.process_groups()[0]);
        std::thread::sleep(Duration::from_secs(60));
        return;
    }
    let program = std::env::current_exe().expect("this program");
    let mut child = Command::new(program)
        .args(["--exact", "pods::nothing_is_left_when_the_test_is_killed", "--nocapture"])
        .env("TESTCLUSTER_IS_KILLED", "1")
        .stdout(std::process::Stdio::piped())
        .spawn()
        .expect("started");
    let output = std::io::BufReader::new(child.stdout.take().expect("its output"));
    let mut lines = std::io::BufRead::lines(output).map_while(Result::ok);
    let group = lines.find_map(|line| line.strip_prefix("group ")?.parse().ok()).expect("a group");
    assert!(lives(group));
    child.kill().expect("killed");
    child.wait().expect("ended");
    wait_until_dead(&[group]);
}
