//! `POST /submit-job` and `tinderbox scale`: the real binary with a real S3. One job on real Spark from end to end; what is about
//! the job alone is tried with a Spark that is only played.

mod lab;

use crate::place::{Spark, bare, wait_for};
use crate::standalone_cluster::StandaloneServers;
use lab::{BUCKET, CuttingProxy, Lab, call};
use serde_json::{Value, json};
use std::fs;
use std::path::Path;
use std::time::Duration;

const LIMIT: Duration = Duration::from_secs(180);
const DATA: &str = "user123/datasets/sales.csv";

fn body(job_id: &str, nodes: &[u32]) -> String {
    json!({
        "job_id": job_id,
        "s3_path": DATA,
        "job_config": {"type": "descriptive", "tasks": ["row_count", "column_count"]},
        "node_list": nodes,
    })
    .to_string()
}

#[test]
fn the_answer_is_the_documented_one_and_the_files_are_beside_it() {
    let Some(lab) = Lab::start("signed") else { return };
    lab.s3.put(DATA, "a\n1\n");
    let server = lab.serve();
    let (status, answer) = call(&server, "POST", "/submit-job", &body("job_001", &[1, 2, 64]));
    assert_eq!(status, 200, "{answer}");
    assert_eq!(answer["status"], "SUCCESS");
    let data = &answer["data"];
    assert_eq!(data["job_id"], "job_001");
    assert_eq!(data["result_path"], "user123/result/job_001/output");
    let metrics = json!([
        {"nodes": 1, "time_sec": 8.0, "speedup": 1.0, "efficiency": 1.0},
        {"nodes": 2, "time_sec": 4.0, "speedup": 2.0, "efficiency": 1.0},
        {"nodes": 64, "time_sec": 0.13, "speedup": 64.0, "efficiency": 1.0},
    ]);
    assert_eq!(data["performance_metrics"], metrics);
    let folder = "s3://results/user123/result/job_001/output";
    assert_eq!(data["performance_metrics_s3"], format!("{folder}/performance.csv"));
    assert_eq!(data["outputs"]["2_nodes"], format!("{folder}/2_nodes.json"));
    assert_eq!(data["cluster"]["name"], "local");
    let said = data["cluster"]["oversubscribed"].as_str().unwrap();
    assert!(said.contains("64 executors share"), "{said}");
    let csv = lab.s3.text("user123/result/job_001/output/performance.csv");
    assert_eq!(
        csv,
        "nodes,time_sec,speedup,efficiency\n1,8.0,1.0,1.0\n2,4.0,2.0,1.0\n64,0.13,64.0,1.0\n"
    );
    let one: Value =
        serde_json::from_str(&lab.s3.text("user123/result/job_001/output/2_nodes.json")).unwrap();
    assert_eq!(one, json!({"row_count": 2, "column_count": 2}));
    assert_eq!(
        lab.launches(),
        ["1", "2", "64"],
        "one after the other, in the order of the request"
    );

    // The same said otherwise is the same job.
    let reordered = format!(
        r#"{{"node_list": [1, 2, 64], "job_config": {{"tasks": ["row_count", "column_count"], "type": "descriptive"}}, "s3_path": "{DATA}", "job_id": "job_001"}}"#
    );
    assert_eq!(call(&server, "POST", "/submit-job", &reordered), (200, answer.clone()));
    assert_eq!(call(&server, "GET", "/submit-job/user123/job_001", ""), (200, answer));
    let (status, refused) = call(&server, "POST", "/submit-job", &body("job_001", &[1]));
    assert_eq!((status, &refused["code"]), (409, &json!("job-exists")), "{refused}");
    assert!(refused["hint"].as_str().unwrap().contains("another `job_id`"));
    assert_eq!(lab.launches().len(), 3, "nothing ran again");
    no_file_has(&lab.place.home(), &lab.s3.secret);
}

/// Whether Spark is started by numbers alone is not enough: credentials must not be in files either.
fn no_file_has(folder: &Path, secret: &str) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            no_file_has(&path, secret);
        } else if path.is_file() {
            let bytes = fs::read(&path).unwrap();
            let has = bytes.windows(secret.len()).any(|window| window == secret.as_bytes());
            assert!(!has, "{} has the secret", path.display());
        }
    }
}

#[test]
fn a_job_in_the_background_is_followed_and_cancelled() {
    let Some(lab) = Lab::start("signed") else { return };
    lab.s3.put(DATA, "a\n1\n");
    fs::write(lab.control("hold"), "").unwrap();
    let server = lab.serve();
    let (status, told) = call(&server, "POST", "/submit-job?async=true", &body("slow", &[2, 1]));
    assert_eq!(status, 202, "{told}");
    let href = told["data"]["href"].as_str().unwrap().to_owned();
    assert_eq!(href, "/submit-job/user123/slow");
    let run = wait_for("a run of the job", LIMIT, || {
        let (status, told) = call(&server, "GET", &href, "");
        assert_eq!(status, 202, "{told}");
        assert_eq!(told["data"]["runs"][1], json!({"nodes": 1, "state": "waiting"}));
        let is_started = lab.launches() == ["2"] && told["status"] == "RUNNING";
        is_started.then(|| told["data"]["runs"][0]["run_id"].as_str().unwrap().to_owned())
    });
    // A second one of this machine waits for its turn.
    let (_, second) = call(&server, "POST", "/submit-job?async=true", &body("second", &[1]));
    assert_eq!(second["status"], "QUEUED");
    let (status, told) = call(&server, "DELETE", &href, "");
    assert_eq!(status, 202, "{told}");
    wait_for("the end of the job", LIMIT, || {
        let (status, told) = call(&server, "GET", &href, "");
        (status == 200 && told["status"] == "CANCELLED").then_some(())
    });
    assert_eq!(server.get(&format!("/api/jobs/{run}"))["job"]["state"], "cancelled");
    assert!(!lab.s3.object("user123/result/slow").is_there().unwrap(), "nothing is written");
    let (status, told) = call(&server, "DELETE", &href, "");
    assert_eq!((status, &told["code"]), (409, &json!("job-ended")), "{told}");
    let (status, told) = call(&server, "POST", "/submit-job", &body("slow", &[2, 1]));
    assert_eq!((status, &told["code"]), (409, &json!("job-cancelled")), "{told}");
    fs::remove_file(lab.control("hold")).unwrap();
    let (status, told) = call(&server, "POST", "/submit-job", &body("second", &[1]));
    assert_eq!(status, 200, "{told}");
    assert_eq!(lab.launches(), ["2", "1"]);
}

#[test]
fn a_server_that_is_killed_goes_on_where_it_was_and_runs_nothing_twice() {
    let Some(lab) = Lab::start("signed") else { return };
    lab.s3.put(DATA, "a\n1\n");
    let mut server = lab.serve();
    for round in 0..3 {
        fs::write(lab.control("hold"), "").unwrap();
        fs::write(lab.control("launches"), "").unwrap();
        let body = body(&format!("job-{round}"), &[1, 2]);
        assert_eq!(call(&server, "POST", "/submit-job?async=true", &body).0, 202);
        // At once, when its first run works, and when its second one does.
        if round > 0 {
            wait_for("the first run", LIMIT, || (lab.launches() == ["1"]).then_some(()));
        }
        if round > 1 {
            fs::remove_file(lab.control("hold")).unwrap();
            wait_for("the second run", LIMIT, || (lab.launches() == ["1", "2"]).then_some(()));
        }
        server.child.kill().unwrap();
        server.child.wait().unwrap();
        let _ = fs::remove_file(lab.control("hold"));
        server = lab.serve();
        let (status, answer) = call(&server, "POST", "/submit-job", &body);
        assert_eq!(status, 200, "round {round}: {answer}");
        assert_eq!(answer["data"]["performance_metrics"][1]["speedup"], 2.0);
        assert_eq!(lab.launches(), ["1", "2"], "round {round}");
    }
}

#[test]
fn results_are_written_over_connections_that_break_and_over_nothing_that_is_there() {
    let Some(lab) = Lab::start("signed") else { return };
    lab.s3.put(DATA, "a\n1\n");
    let proxy = CuttingProxy::start(lab.s3.port);
    let hold = lab.control("hold");
    fs::write(&hold, "").unwrap();
    let server = lab.serve_with(|command| {
        command.env("AWS_ENDPOINT_URL", format!("http://127.0.0.1:{}", proxy.port));
    });
    let begin = |job: &str| {
        let (status, told) = call(&server, "POST", "/submit-job?async=true", &body(job, &[1]));
        assert_eq!(status, 202, "{told}");
    };
    begin("cut");
    wait_for("the run", LIMIT, || (lab.launches() == ["1"]).then_some(()));
    proxy.cut(2, 200);
    fs::remove_file(&hold).unwrap();
    let (status, answer) = call(&server, "POST", "/submit-job", &body("cut", &[1]));
    assert_eq!(status, 200, "{answer}");
    assert_eq!(proxy.left(), 0, "connections were broken");
    assert!(lab.s3.text("user123/result/cut/output/performance.csv").starts_with("nodes,"));

    // Somebody else writes there while the job runs.
    fs::write(&hold, "").unwrap();
    begin("theirs");
    lab.s3.put("user123/result/theirs/output/1_nodes.json", "{}");
    fs::remove_file(&hold).unwrap();
    let (status, told) = call(&server, "POST", "/submit-job", &body("theirs", &[1]));
    assert_eq!((status, &told["code"]), (422, &json!("results-exist")), "{told}");
    assert_eq!(lab.s3.text("user123/result/theirs/output/1_nodes.json"), "{}");
    // And before it is asked for.
    lab.s3.put("user123/result/before/output/1_nodes.json", "{}");
    let (status, told) = call(&server, "POST", "/submit-job", &body("before", &[1]));
    assert_eq!((status, &told["code"]), (409, &json!("results-exist")), "{told}");
}

#[test]
fn bad_requests_are_answered_clearly_and_leave_nothing() {
    let Some(lab) = Lab::start("signed") else { return };
    lab.s3.put("user123/datasets/empty.csv", "");
    lab.s3.put(DATA, "a\n1\n");
    let server = lab.serve();
    let sound: Value = serde_json::from_str(&body("job", &[1])).unwrap();
    let changed = |pointer: &str, value: Value| {
        let mut changed = sound.clone();
        *changed.pointer_mut(pointer).unwrap() = value;
        changed.to_string()
    };
    let mut on_cluster = sound.clone();
    on_cluster["job_config"]["cluster"] = json!("nowhere");
    let cases = [
        ("{".to_owned(), 422, "bad-job", "body"),
        (changed("/node_list", json!([])), 422, "bad-job", "node_list"),
        (changed("/node_list", json!([1, 0])), 422, "bad-job", "node_list[1]"),
        (changed("/job_config/tasks/0", json!("row_cont")), 422, "bad-job", "row_cont"),
        (changed("/s3_path", json!("user123/../other/x.csv")), 422, "bad-job", "`..`"),
        (changed("/s3_path", json!("user123/%2e%2e/x.csv")), 422, "bad-job", "%2e%2e"),
        (changed("/job_id", json!("../x")), 422, "bad-job", "job_id"),
        (on_cluster.to_string(), 422, "no-such-engine", "nowhere"),
        (changed("/s3_path", json!("user123/none.csv")), 422, "missing-dataset", "none.csv"),
        (
            changed("/s3_path", json!("user123/datasets/empty.csv")),
            422,
            "empty-dataset",
            "empty.csv",
        ),
    ];
    for (body, status, code, word) in cases {
        let (found, told) = call(&server, "POST", "/submit-job", &body);
        assert_eq!((found, &told["code"]), (status, &json!(code)), "{body}: {told}");
        assert!(told["detail"].as_str().unwrap().contains(word), "{word}: {told}");
        assert!(told["hint"].as_str().is_some(), "{told}");
    }
    let (status, told) = call(&server, "POST", "/submit-job?async=maybe", &sound.to_string());
    assert_eq!((status, &told["code"]), (400, &json!("bad-parameter")), "{told}");
    let (status, told) = call(&server, "GET", "/submit-job/user123/none", "");
    assert_eq!((status, &told["code"]), (404, &json!("no-such-job")), "{told}");
    assert_eq!(server.get("/api/jobs")["pagination"]["total"], 0, "no run was recorded");
    // The id is free as long as nothing was recorded.
    assert_eq!(call(&server, "POST", "/submit-job", &sound.to_string()).0, 200);
    drop(server);

    for (name, value, word) in [
        ("AWS_SECRET_ACCESS_KEY", "a-wrong-secret", "credentials"),
        ("AWS_ACCESS_KEY_ID", "AKIAUNKNOWN", "credentials"),
    ] {
        let server = lab.serve_with(|command| {
            command.env(name, value);
        });
        let (status, told) = call(&server, "POST", "/submit-job", &body("refused", &[1]));
        assert_eq!((status, &told["code"]), (422, &json!("object-store")), "{told}");
        assert!(told["hint"].as_str().unwrap().contains(word), "{told}");
        assert!(!told.to_string().contains("a-wrong-secret"), "{told}");
    }
    let server = lab.serve_with(|command| {
        command.env("AWS_ENDPOINT_URL", format!("http://{}", crate::place::free_address()));
    });
    let (status, told) = call(&server, "POST", "/submit-job", &body("away", &[1]));
    assert_eq!((status, &told["code"]), (503, &json!("object-store")), "{told}");
    drop(server);
    let server = lab.serve_with(|command| {
        command.args(["--s3-bucket", "no-such-bucket", "--submit-cluster", "local"]);
    });
    let (status, told) = call(&server, "POST", "/submit-job", &body("nowhere", &[1]));
    assert_eq!((status, &told["code"]), (422, &json!("object-store")), "{told}");
    assert!(told["detail"].as_str().unwrap().contains("no-such-bucket"), "{told}");
    drop(server);
    let profile = "name: small\nengine: local\nlimits: {executors: 2}\n";
    let file = lab.place.write("small.yaml", profile);
    let applied = lab.command().args(["cluster", "apply"]).arg(file).output().unwrap();
    assert!(applied.status.success(), "{}", String::from_utf8_lossy(&applied.stderr));
    let server = lab.serve_with(|command| {
        command.args(["--submit-cluster", "small"]);
    });
    let (status, told) = call(&server, "POST", "/submit-job", &body("large", &[1, 3]));
    assert_eq!((status, &told["code"]), (422, &json!("beyond-limits")), "{told}");
    drop(server);
    let mut command = lab.command();
    command.args(["serve", "--listen", "127.0.0.1:0", "--submit-cluster", "nowhere"]);
    let output = command.output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.contains("no engine called nowhere"), "{said}");
}

#[test]
fn what_the_program_says_of_its_failure_is_the_answer_each_time() {
    let Some(lab) = Lab::start("signed") else { return };
    lab.s3.put(DATA, "a\n1\n");
    let server = lab.serve();
    for (kind, code, hint) in [
        ("empty_dataset", "empty-dataset", "write rows"),
        ("no_file_system", "no-file-system", "hadoop-aws"),
        ("refused_dataset", "refused-dataset", "AWS_ACCESS_KEY_ID"),
        ("executors", "executors", "fewer nodes"),
        ("failed", "job-failed", "log of the run"),
    ] {
        let error = json!({"kind": kind, "message": format!("because of {kind}")});
        fs::write(lab.control("error"), error.to_string()).unwrap();
        let body = body(code, &[2, 1]);
        let (status, told) = call(&server, "POST", "/submit-job", &body);
        assert_eq!((status, &told["code"]), (422, &json!(code)), "{told}");
        let detail = told["detail"].as_str().unwrap();
        assert!(detail.contains(&format!("because of {kind}")), "{told}");
        assert!(detail.contains("on 2 executors"), "{told}");
        assert!(told["hint"].as_str().unwrap().contains(hint), "{told}");
        let (status, state) = call(&server, "GET", &format!("/submit-job/user123/{code}"), "");
        assert_eq!((status, &state["status"]), (200, &json!("FAILED")), "{state}");
        assert_eq!(state["error"]["code"], kind);
        fs::remove_file(lab.control("error")).unwrap();
        assert_eq!(call(&server, "POST", "/submit-job", &body).0, 422, "the first answer stands");
        assert!(!lab.s3.object(&format!("user123/result/{code}")).is_there().unwrap());
    }
    assert_eq!(lab.launches().len(), 5, "no other number of executors was tried");
}

#[test]
fn scale_draws_a_chart_of_a_request_on_a_file() {
    let Some(lab) = Lab::start("signed") else { return };
    lab.place.write("sales.csv", "a\n1\n");
    let request = json!({
        "path": "sales.csv",
        "job_config": {"type": "descriptive", "tasks": ["row_count"]},
    });
    let file = lab.place.write("sales.json", &request.to_string()).display().to_string();
    let ask = |arguments: &[&str]| {
        let output = lab.command().arg("scale").args(arguments).output().unwrap();
        let [said, told] =
            [&output.stdout, &output.stderr].map(|text| String::from_utf8_lossy(text).into_owned());
        (output.status.code(), said, told)
    };
    let (code, said, told) = ask(&[&file, "--nodes", "1,2,4,8"]);
    assert_eq!(code, Some(0), "{told}");
    for part in [
        "    8      1.00 s",
        "8.00   1.00",
        "warning: oversubscribed",
        "Amdahl: 0.0 %",
        "results (1 nodes): {\"row_count\":1}",
    ] {
        assert!(said.contains(part), "{part}: {said}");
    }
    let (code, said, _) = ask(&[&file, "--nodes", "2", "--repeats", "2", "--format", "json"]);
    let answer: Value = serde_json::from_str(&said).unwrap();
    assert_eq!((code, &answer["data"]["runs"][0]["seconds"]), (Some(0), &json!([4.0, 4.0])));
    fs::write(lab.control("error"), r#"{"kind": "empty_dataset", "message": "it is empty"}"#)
        .unwrap();
    let (code, said, told) = ask(&[&file, "--nodes", "1"]);
    assert_eq!((code, said.as_str()), (Some(1), ""), "{told}");
    assert!(told.contains("it is empty") && told.contains("write rows"), "{told}");
    let (code, _, told) = ask(&[&file]);
    assert_eq!(code, Some(2), "{told}");
    assert!(told.contains("node_list: is missing"), "{told}");
    let away = lab.place.write("away.json", &request.to_string().replace("sales.csv", "no.csv"));
    let (code, _, told) = ask(&[away.to_str().unwrap(), "--nodes", "1"]);
    assert!(code == Some(1) && told.contains("no data set at"), "{told}");
}

/// What Spark 3.5 lacks to read S3, as a class path.
fn s3_jars() -> String {
    let folder = std::env::var("TINDERBOX_CONNECTORS").unwrap() + "/spark-3.5/jars";
    let jars = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let jars = jars.map(|path| path.display().to_string());
    let jars: Vec<_> = jars
        .filter(|path| {
            ["hadoop-aws", "aws-java-sdk", "wildfly"].iter().any(|part| path.contains(part))
        })
        .collect();
    assert_eq!(jars.len(), 3, "{jars:?}");
    jars.join(":")
}

/// Whole, on Spark 3.5: executors are processes, and the server is killed while the first run works.
#[test]
fn real_spark_measures_a_data_set_of_s3_though_the_server_is_killed() {
    let Some(spark) = Spark::three() else { return };
    let Some(lab) = Lab::start("open") else { return };
    let rows: String =
        (0..300).map(|at| format!("{at},{}.5,{}\n", at * 2, ["x", ""][at % 2])).collect();
    lab.s3.put(DATA, &format!("id,amount,city\n{rows}"));
    let jars = s3_jars();
    let profile = format!(
        "name: here\nengine: local\nlocal: {{home: {}}}\ncluster: {{version: \"3.5\"}}\nproperties:\n  spark.driver.extraClassPath: {jars}\n  spark.executor.extraClassPath: {jars}\n",
        spark.venv.display()
    );
    let file = lab.place.write("here.yaml", &profile);
    let applied = lab.command().args(["cluster", "apply"]).arg(file).output().unwrap();
    assert!(applied.status.success(), "{}", String::from_utf8_lossy(&applied.stderr));
    let java = std::env::var_os("JAVA_HOME");
    let serve = || {
        lab.serve_with(|command| {
            command.args(["--submit-cluster", "here"]);
            match &java {
                Some(java) => command.env("JAVA_HOME", java),
                None => command.env_remove("JAVA_HOME"),
            };
        })
    };
    let mut server = serve();
    let request = json!({
        "job_id": "job_001",
        "s3_path": DATA,
        "job_config": {
            "type": "descriptive", "tasks": ["row_count", "min_max_mean", "null_percentage"], "repeats": 2, "warm_up": 1,
        },
        "node_list": [1, 2],
    })
    .to_string();
    let (status, told) = call(&server, "POST", "/submit-job?async=true", &request);
    assert_eq!(status, 202, "{told}");
    wait_for("the first run", Duration::from_secs(300), || {
        let (_, told) = call(&server, "GET", "/submit-job/user123/job_001", "");
        (told["data"]["runs"][0]["state"] == "running").then_some(())
    });
    server.child.kill().unwrap();
    server.child.wait().unwrap();
    let server = serve();
    let (status, answer) = call(&server, "POST", "/submit-job", &request);
    assert_eq!(status, 200, "{answer}");
    let data = &answer["data"];
    assert_eq!(data["cluster"]["name"], "here");
    for (at, nodes) in [(0, 1), (1, 2)] {
        let run = &data["runs"][at];
        assert_eq!((&run["nodes"], &run["executors"]), (&json!(nodes), &json!(nodes)));
        assert_eq!(run["seconds"].as_array().unwrap().len(), 2, "without the one to warm up");
        let detail = server.get(&format!("/api/jobs/{}", run["run_id"].as_str().unwrap()));
        assert_eq!(detail["job"]["state"], "succeeded");
        assert_eq!(detail["attempts"].as_array().unwrap().len(), 1);
        let results = lab.s3.text(&format!("user123/result/job_001/output/{nodes}_nodes.json"));
        let results: Value = serde_json::from_str(&results).unwrap();
        assert_eq!(results["row_count"], 300);
        // (0 + … + 299) × 2 / 300 + 0.5
        assert_eq!(
            results["min_max_mean"]["amount"],
            json!({"min": 0.5, "max": 598.5, "mean": 299.5})
        );
        assert_eq!(results["null_percentage"]["city"], 50.0);
    }
    assert_eq!(server.get("/api/jobs")["pagination"]["total"], 2, "nothing ran twice");
    let csv = lab.s3.text("user123/result/job_001/output/performance.csv");
    assert_eq!(csv.lines().count(), 3, "{csv}");
    no_file_has(&lab.place.home(), &lab.s3.secret);
    assert!(
        data["performance_metrics_s3"].as_str().unwrap().starts_with(&format!("s3://{BUCKET}/"))
    );
}

/// With its driver on a worker, of which this machine sees nothing but what is in the bucket.
#[test]
fn real_spark_on_a_standalone_cluster_leaves_what_it_measured_in_the_bucket() {
    let Some(spark) = Spark::three() else { return };
    let Some(lab) = Lab::start("open") else { return };
    let servers = StandaloneServers::start(&spark);
    lab.s3.put(DATA, "a\n1\n3\n");
    let (jars, python) = (s3_jars(), servers.python.display());
    let profile = format!(
        "name: lab\nengine: standalone\nstandalone: {{master: '{}', rest: '{}', web: '{}', python: {python}}}\n\
         cluster: {{version: \"3.5\", driver: {{memory: 600m}}, executor: {{memory: 600m}}}}\n\
         properties: {{spark.driver.extraClassPath: '{jars}', spark.executor.extraClassPath: '{jars}'}}\n",
        servers.master, servers.rest, servers.web
    );
    let file = lab.place.write("lab.yaml", &profile);
    let applied = lab.command().args(["cluster", "apply"]).arg(file).output().unwrap();
    assert!(applied.status.success(), "{}", String::from_utf8_lossy(&applied.stderr));
    let server = lab.serve();
    let mut request: Value = serde_json::from_str(&body("away", &[2])).unwrap();
    request["job_config"]["cluster"] = json!("lab");
    request["job_config"]["repeats"] = json!(1);
    let (status, answer) = call(&server, "POST", "/submit-job", &request.to_string());
    assert_eq!(status, 200, "{answer}");
    assert_eq!(answer["data"]["runs"][0]["executors"], 2, "{answer}");
    let results: Value =
        serde_json::from_str(&lab.s3.text("user123/result/away/output/2_nodes.json")).unwrap();
    assert_eq!(results, json!({"row_count": 2, "column_count": 1}));
    assert!(lab.s3.object("user123/result/away/measured/2_nodes.json").is_there().unwrap());
    assert_eq!(servers.active_drivers(), Vec::<String>::new(), "nothing is left on the cluster");
    let spec = lab.place.write(
        "sales.json",
        r#"{"path": "sales.json", "job_config": {"type": "descriptive", "tasks": ["row_count"]}}"#,
    );
    let mut command = lab.command();
    command.args(["scale", spec.to_str().unwrap(), "--nodes", "1", "--engine", "lab"]);
    let output = command.output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("drivers of lab are on the cluster"), "{said}");
}

/// On Sail, through PySpark's Connect client: without Java.
#[test]
fn sail_measures_a_data_set_of_s3_and_trains_no_models() {
    let Some(spark) = Spark::four() else { return };
    let Some(lab) = Lab::start("signed") else { return };
    let Some(sail) = std::env::var_os("TINDERBOX_SAIL").filter(|sail| Path::new(sail).exists())
    else {
        assert!(
            std::env::var_os("TINDERBOX_REQUIRE_ALL").is_none(),
            "TINDERBOX_SAIL names no Sail"
        );
        println!("not run: there is no Sail (TINDERBOX_SAIL)");
        return;
    };
    lab.s3.put(DATA, "id,amount\n1,2.5\n2,\n3,0.5\n4,\n");
    let server = lab.serve_with(|command| {
        command.env("TINDERBOX_SAIL", &sail).env("TINDERBOX_SPARK_HOMES", &spark.venv);
        command.env("AWS_ALLOW_HTTP", "true").env("JAVA_HOME", lab.place.path("no-java"));
        command.args(["--submit-cluster", "sail"]);
    });
    let mut request: Value = serde_json::from_str(&body("on-sail", &[1, 2])).unwrap();
    request["job_config"]["tasks"] = json!(["row_count", "null_percentage"]);
    let (status, answer) = call(&server, "POST", "/submit-job", &request.to_string());
    assert_eq!(status, 200, "{answer}");
    let data = &answer["data"];
    assert_eq!(data["cluster"]["name"], "sail");
    assert!(data["cluster"]["executors"].as_str().unwrap().contains("one Sail"), "{data}");
    assert_eq!(data["runs"][1]["seconds"].as_array().unwrap().len(), 3);
    let results = lab.s3.text("user123/result/on-sail/output/2_nodes.json");
    let results: Value = serde_json::from_str(&results).unwrap();
    let nulls = json!({"id": 0.0, "amount": 50.0});
    assert_eq!(results, json!({"row_count": 4, "null_percentage": nulls}));
    no_file_has(&lab.place.home(), &lab.s3.secret);
    request["job_id"] = json!("models");
    request["job_config"]["type"] = json!("ml");
    request["job_config"]["tasks"] = json!(["kmeans"]);
    let (status, told) = call(&server, "POST", "/submit-job", &request.to_string());
    assert_eq!((status, &told["code"]), (422, &json!("bad-job")), "{told}");
    assert!(told["detail"].as_str().unwrap().contains("cannot train models: kmeans"), "{told}");
}

/// A batch job of one's own: it is repeated, and what it writes is thrown away.
#[test]
fn real_spark_scale_measures_a_batch_job_and_leaves_its_sinks_alone() {
    let Some(spark) = Spark::three() else { return };
    let place = crate::place::Place::new();
    place.write("people.csv", "name,country\nAnn,FR\nBob,DE\nCas,FR\n");
    let job = place.write(
        "job.yaml",
        "name: by-country\ncluster: {version: \"3.5\", executor: {instances: 7, cores: 3, memory: 3g}}\npipeline:\n  sources:\n    - {id: people, type: csv, path: people.csv, options: {header: true}}\n  transformations:\n    - {id: counted, type: aggregate, input: people, group_by: [country], aggregations: {n: count(*)}}\n  sinks:\n    - {type: parquet, path: out, input: counted, mode: error}\n",
    );
    let mut command = bare();
    command.env("TINDERBOX_DATA_DIR", place.home()).env("TINDERBOX_SPARK_HOMES", &spark.venv);
    command.arg("scale").arg(&job);
    command.args(["--nodes", "2", "--repeats", "2", "--warm-up", "1", "--format", "json"]);
    let output = command.output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    let answer: Value = serde_json::from_slice(&output.stdout).unwrap();
    let run = &answer["data"]["runs"][0];
    assert_eq!((&run["executors"], &run["nodes"]), (&json!(2), &json!(2)), "{answer}");
    assert_eq!(run["seconds"].as_array().unwrap().len(), 2, "{answer}");
    assert!(!place.path("out").exists(), "sinks are left alone");
}
