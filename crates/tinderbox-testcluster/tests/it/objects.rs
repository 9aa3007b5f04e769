//! Objects: made, read, changed, refused, deleted.

use crate::client::{Client, PODS, config_map, plain, script};
use serde_json::{Value, json};
use std::time::Duration;
use tinderbox_testcluster::{Config, Trouble};

const MAPS: &str = "/api/v1/namespaces/default/configmaps";

fn names(list: &Value) -> Vec<&str> {
    let items = list["items"].as_array().expect("a list");
    items.iter().map(|item| item["metadata"]["name"].as_str().expect("a name")).collect()
}

#[tokio::test]
async fn objects_are_made_read_replaced_and_deleted() {
    let client = Client::plain();
    let made = client.create(MAPS, config_map("one", &json!({"a": "1"}))).await;
    for field in ["uid", "creationTimestamp", "resourceVersion"] {
        assert!(made["metadata"][field].is_string(), "{field}");
    }
    let (code, refused) = client.send("POST", MAPS, config_map("one", &json!({}))).await;
    assert_eq!((code, &refused["reason"]), (409, &json!("AlreadyExists")));
    assert_eq!(refused["message"], "configmaps \"one\" already exists");

    let path = format!("{MAPS}/one");
    let mut changed = made.clone();
    changed["data"]["a"] = json!("2");
    let (code, after) = client.send("PUT", &path, changed.clone()).await;
    assert_eq!((code, &after["data"]["a"]), (200, &json!("2")));
    // The second writer has an old version.
    let (code, refused) = client.send("PUT", &path, changed).await;
    assert_eq!((code, &refused["reason"]), (409, &json!("Conflict")));

    let stale = json!({"preconditions": {"uid": "other"}});
    assert_eq!(client.send("DELETE", &path, stale).await.0, 409);
    let (code, status) = client.send("DELETE", &path, Value::Null).await;
    assert_eq!((code, &status["status"]), (200, &json!("Success")));
    let (code, missing) = client.get(&path).await;
    assert_eq!((code, &missing["reason"]), (404, &json!("NotFound")));
    assert_eq!(missing["message"], "configmaps \"one\" not found");
    assert_eq!(missing["details"], json!({"name": "one", "group": "", "kind": "configmaps"}));
}

#[tokio::test]
async fn lists_are_selected_and_paged() {
    let client = Client::plain();
    for (name, role) in [("a", "driver"), ("b", "executor"), ("c", "executor")] {
        let mut map = config_map(name, &json!({}));
        map["metadata"]["labels"] = json!({"role": role});
        client.create(MAPS, map).await;
    }
    let list = async |query: &str| client.get(&format!("{MAPS}?{query}")).await.1;
    assert_eq!(names(&list("labelSelector=role%3Dexecutor").await), ["b", "c"]);
    assert_eq!(names(&list("labelSelector=role%20notin%20(executor)").await), ["a"]);
    assert_eq!(names(&list("fieldSelector=metadata.name%3Db").await), ["b"]);
    let first = list("limit=2").await;
    assert_eq!(names(&first), ["a", "b"]);
    let token = first["metadata"]["continue"].as_str().expect("more");
    let second = list(&format!("limit=2&continue={token}")).await;
    assert_eq!(names(&second), ["c"]);
    assert_eq!(second["metadata"].get("continue"), None);
    assert_eq!(client.get(&format!("{MAPS}?labelSelector=a%20b")).await.0, 400);

    let query = "?labelSelector=role%3Dexecutor";
    let (code, deleted) = client.send("DELETE", &format!("{MAPS}{query}"), Value::Null).await;
    assert_eq!((code, names(&deleted)), (200, vec!["b", "c"]));
    assert_eq!(names(&list("").await), ["a"]);
    assert_eq!(list("").await["kind"], "ConfigMapList");
}

#[tokio::test]
async fn server_side_apply_makes_and_then_changes() {
    let client = Client::plain();
    let path = format!("{MAPS}/one?fieldManager=fabric8&force=true");
    let apply = "application/apply-patch+yaml";
    let (code, made) =
        client.send_as("PATCH", &path, apply, config_map("one", &json!({"a": "1"}))).await;
    assert_eq!((code, &made["data"]), (201, &json!({"a": "1"})));
    let (code, after) =
        client.send_as("PATCH", &path, apply, config_map("one", &json!({"b": "2"}))).await;
    assert_eq!((code, &after["data"]), (200, &json!({"a": "1", "b": "2"})));
    assert_eq!(after["metadata"]["uid"], made["metadata"]["uid"]);

    let merge = "application/merge-patch+json";
    let patch = json!({"data": {"a": null}, "immutable": true});
    let (_, after) = client.send_as("PATCH", &path, merge, patch).await;
    assert_eq!(after["data"], json!({"b": "2"}));
    let (code, refused) = client.send_as("PATCH", &path, merge, json!({"data": {"b": "3"}})).await;
    assert_eq!((code, &refused["reason"]), (422, &json!("Invalid")));

    let nothing = format!("{MAPS}/none");
    assert_eq!(client.send_as("PATCH", &nothing, merge, json!({})).await.0, 404);
    assert_eq!(client.send_as("PATCH", &path, "text/plain", json!({})).await.0, 415);
    let tried = format!("{MAPS}?dryRun=All");
    client.create(&tried, config_map("tried", &json!({}))).await;
    assert_eq!(client.get(&format!("{MAPS}/tried")).await.0, 404);
}

#[tokio::test]
async fn what_kubernetes_refuses_is_refused() {
    let client = Client::plain();
    let refused = async |body: Value| {
        let (code, refused) = client.send("POST", PODS, body).await;
        (code, refused["message"].as_str().unwrap_or_default().to_owned())
    };
    let (code, message) = refused(script("Größe", "true")).await;
    assert_eq!(code, 422);
    assert!(
        message.starts_with("Pod \"Größe\" is invalid: metadata.name: Invalid value"),
        "{message}"
    );
    assert!(message.contains("a lowercase RFC 1123 subdomain must consist of"), "{message}");

    let mut pod = script("one", "true");
    pod["metadata"]["labels"] = json!({"spark-app-name": "x".repeat(64)});
    let (code, message) = refused(pod).await;
    assert_eq!(code, 422);
    assert!(message.contains("must be no more than 63 characters"), "{message}");

    let mut pod = script("one", "true");
    pod["spec"]["containers"][0]["volumeMounts"] = json!([{"name": "no", "mountPath": "/no"}]);
    let (code, message) = refused(pod).await;
    assert_eq!(code, 422);
    assert!(
        message.ends_with("spec.containers[0].volumeMounts[0].name: Not found: \"no\""),
        "{message}"
    );

    let mut pod = script("one", "true");
    pod["spec"]["containers"][0]["resources"] =
        json!({"requests": {"memory": "2Gi"}, "limits": {"memory": "1Gi"}});
    let (code, message) = refused(pod).await;
    assert_eq!(code, 422);
    assert!(message.contains("must be less than or equal to memory limit of 1Gi"), "{message}");

    let mut pod = script("one", "true");
    pod["spec"]["serviceAccountName"] = json!("spark");
    let (code, message) = refused(pod).await;
    assert_eq!(code, 403);
    assert!(message.ends_with("serviceaccount \"spark\" not found"), "{message}");

    let mut pod = script("one", "true");
    pod["spec"]["priorityClassName"] = json!("high");
    assert_eq!(
        refused(pod).await,
        (403, "pods \"one\" is forbidden: no PriorityClass with name high was found".to_owned())
    );

    let elsewhere = "/api/v1/namespaces/nowhere/pods";
    let (code, answer) = client.send("POST", elsewhere, script("one", "true")).await;
    assert_eq!((code, &answer["message"]), (404, &json!("namespaces \"nowhere\" not found")));
    assert_eq!(client.send("POST", PODS, config_map("one", &json!({}))).await.0, 400);
    let large = config_map("large", &json!({"a": "x".repeat(1_100_000)}));
    assert_eq!(client.send("POST", MAPS, large).await.0, 422);
    let larger = config_map("larger", &json!({"a": "x".repeat(4_000_000)}));
    assert_eq!(client.send("POST", MAPS, larger).await.0, 413);
    assert_eq!(client.get("/apis/apps/v1/deployments").await.0, 404);
    assert_eq!(client.send("PUT", PODS, json!({})).await.0, 405);
}

#[tokio::test]
async fn quotas_are_kept() {
    let client = Client::start(Config { nodes: Vec::new(), ..plain() });
    let quotas = "/api/v1/namespaces/default/resourcequotas";
    let hard = json!({"pods": "2", "requests.memory": "3Gi"});
    let quota = json!({"metadata": {"name": "team"}, "spec": {"hard": hard}});
    client.create(quotas, quota).await;
    let asking = |name: &str, memory: &str| {
        let mut pod = script(name, "true");
        pod["spec"]["containers"][0]["resources"] = json!({"requests": {"memory": memory}});
        pod
    };
    let (code, refused) = client.send("POST", PODS, script("no-request", "true")).await;
    assert_eq!(code, 403);
    let message =
        "pods \"no-request\" is forbidden: failed quota: team: must specify requests.memory";
    assert_eq!(refused["message"], message);
    client.create(PODS, asking("first", "2Gi")).await;
    let (code, refused) = client.send("POST", PODS, asking("large", "1536Mi")).await;
    assert_eq!((code, &refused["reason"]), (403, &json!("Forbidden")));
    let message = "pods \"large\" is forbidden: exceeded quota: team, requested: requests.memory=1536Mi, \
                   used: requests.memory=2Gi, limited: requests.memory=3Gi";
    assert_eq!(refused["message"], message);
    client.create(PODS, asking("second", "1Gi")).await;
    let (_, refused) = client.send("POST", PODS, asking("third", "0")).await;
    let message = "pods \"third\" is forbidden: exceeded quota: team, requested: pods=1, used: pods=2, limited: pods=2";
    assert_eq!(refused["message"], message);
    let (_, quota) = client.get(&format!("{quotas}/team")).await;
    assert_eq!(quota["status"]["used"], json!({"pods": "2", "requests.memory": "3Gi"}));
}

#[tokio::test]
async fn what_is_owned_goes_with_its_owner() {
    let client = Client::plain();
    let owner = client.create(MAPS, config_map("owner", &json!({}))).await;
    let owned = |name: &str, uid: &Value| {
        let mut map = config_map(name, &json!({}));
        map["metadata"]["ownerReferences"] = json!([
            {"apiVersion": "v1", "kind": "ConfigMap", "name": "owner", "uid": uid, "controller": true}
        ]);
        map
    };
    let uid = &owner["metadata"]["uid"];
    client.create(MAPS, owned("first", uid)).await;
    client.send("DELETE", &format!("{MAPS}/owner"), Value::Null).await;
    // Also what is made when its owner is already gone.
    client.create(MAPS, owned("second", uid)).await;
    for _ in 0..3000 {
        if client.cluster.list("configmaps", "default").is_empty() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert_eq!(client.cluster.list("configmaps", "default"), Vec::<Value>::new());

    let owner = client.create(MAPS, config_map("owner", &json!({}))).await;
    client.create(MAPS, owned("kept", &owner["metadata"]["uid"])).await;
    let orphan = json!({"propagationPolicy": "Orphan"});
    client.send("DELETE", &format!("{MAPS}/owner"), orphan).await;
    let kept = client.cluster.get("configmaps", "default", "kept").expect("an orphan");
    assert_eq!(kept["metadata"]["ownerReferences"], json!([]));
}

#[tokio::test]
async fn namespaces_end_with_what_is_in_them() {
    let client = Client::plain();
    let jobs = json!({"metadata": {"name": "jobs"}});
    client.create("/api/v1/namespaces", jobs).await;
    client.create("/api/v1/namespaces/jobs/configmaps", config_map("one", &json!({}))).await;
    let (code, ending) = client.send("DELETE", "/api/v1/namespaces/jobs", Value::Null).await;
    assert_eq!((code, &ending["status"]["phase"]), (200, &json!("Terminating")));
    for _ in 0..3000 {
        if client.cluster.get("namespaces", "", "jobs").is_none() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert_eq!(client.get("/api/v1/namespaces/jobs").await.0, 404);
    assert_eq!(client.cluster.list("configmaps", "jobs"), Vec::<Value>::new());
}

#[tokio::test]
async fn only_who_has_the_token_is_served() {
    let client = Client::start(Config { token: Some("secret".to_owned()), ..plain() });
    assert_eq!(client.get(PODS).await.0, 200);
    let http = reqwest::Client::builder().no_proxy().build().expect("a client");
    let url = client.cluster.url() + PODS;
    let answer = http.get(url).bearer_auth("other").send().await.expect("an answer");
    assert_eq!(answer.status(), 401);
    let refused: Value = answer.json().await.expect("JSON");
    assert_eq!(refused["reason"], "Unauthorized");
}

#[tokio::test]
async fn requests_are_recorded_and_can_meet_with_trouble() {
    let client = Client::plain();
    let full = Trouble::Refused(503, "etcd is full".to_owned());
    client.cluster.trouble("POST", "/configmaps", 1, full);
    let (code, refused) = client.send("POST", MAPS, config_map("one", &json!({}))).await;
    assert_eq!((code, &refused["message"]), (503, &json!("etcd is full")));
    assert_eq!(client.cluster.list("configmaps", "default").len(), 0);

    let body = config_map("one", &json!({"a": "1"}));
    for (trouble, carried_out) in [(Trouble::Cut, 0), (Trouble::AnswerLost, 1)] {
        client.cluster.trouble("POST", "/configmaps", 1, trouble);
        let http = reqwest::Client::builder().no_proxy().build().expect("a client");
        let request = http.post(client.cluster.url() + MAPS).body(body.to_string());
        let answer = request.header("content-type", "application/json").send().await;
        let lost = match answer {
            Ok(answer) => answer.bytes().await.is_err(),
            Err(_) => true,
        };
        assert!(lost, "the answer came");
        assert_eq!(client.cluster.list("configmaps", "default").len(), carried_out);
    }

    let recorded = client.cluster.requests();
    let last = recorded.last().expect("a request");
    assert_eq!((last.method.as_str(), last.path.as_str()), ("POST", MAPS));
    assert_eq!(last.json(), body);
}

#[tokio::test]
async fn clients_find_out_what_there_is() {
    let client = Client::plain();
    let (_, version) = client.get("/version").await;
    assert!(version["gitVersion"].as_str().is_some_and(|text| text.starts_with("v1.")));
    assert_eq!(client.get("/api").await.1["versions"], json!(["v1"]));
    let (_, groups) = client.get("/apis").await;
    for group in groups["groups"].as_array().expect("groups") {
        let path =
            format!("/apis/{}", group["preferredVersion"]["groupVersion"].as_str().expect("text"));
        let (code, resources) = client.get(&path).await;
        assert_eq!((code, &resources["kind"]), (200, &json!("APIResourceList")), "{path}");
    }
    let (_, core) = client.get("/api/v1").await;
    let resources = core["resources"].as_array().expect("resources");
    assert!(resources.iter().any(|one| one["name"] == "pods/eviction"), "{core}");
}
