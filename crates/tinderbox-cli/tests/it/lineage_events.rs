//! What runs on real Spark tell others, and what they keep for themselves.

use crate::place::{Place, Server, Spark, free_address, get_text, wait_for};
use serde_json::Value;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// Values that nobody may see. They look like nothing else in a log.
const SECRETS: [(&str, &str); 3] = [
    ("TINDERBOX_SECRET_OPTION", "wq71\"zebra/ñ-hush"),
    ("TINDERBOX_SECRET_SETTING", "kv55-zebra-hush"),
    ("TINDERBOX_SECRET_LINEAGE", "pt83-zebra-hush"),
];

/// A server that takes events; the first request is refused, as a server does that is just starting.
struct Receiver {
    address: SocketAddr,
    taken: Arc<Mutex<Vec<(String, Value)>>>,
}

impl Receiver {
    fn start() -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let address = listener.local_addr().unwrap();
        let taken: Arc<Mutex<Vec<(String, Value)>>> = Arc::default();
        let kept = Arc::clone(&taken);
        std::thread::spawn(move || {
            for (number, stream) in listener.incoming().enumerate() {
                take(stream.unwrap(), number > 0, &kept);
            }
        });
        Self { address, taken }
    }

    /// Head and event of each request of a job that was taken.
    fn of(&self, job: &str) -> Vec<(String, Value)> {
        let taken = self.taken.lock().unwrap();
        taken.iter().filter(|(_, event)| event["job"]["name"] == job).cloned().collect()
    }
}

fn take(mut stream: TcpStream, is_ready: bool, taken: &Mutex<Vec<(String, Value)>>) {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let (mut head, mut length) = (String::new(), 0);
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).unwrap();
        if let Some(value) = line.to_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().unwrap();
        }
        if line.trim().is_empty() {
            break;
        }
        head.push_str(&line);
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).unwrap();
    let answer = if is_ready { "201 Created" } else { "503 Service Unavailable" };
    if is_ready {
        taken.lock().unwrap().push((head, serde_json::from_slice(&body).unwrap()));
    }
    let answer = format!("HTTP/1.1 {answer}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
    stream.write_all(answer.as_bytes()).unwrap();
}

/// A job that calls a function of `leak.py` for each row, with secrets where they may stand.
fn job(name: &str, function: &str, lineage: &str) -> String {
    format!(
        "name: {name}
description: Tells and keeps.
cluster: {{version: \"3.5\", driver: {{memory: 600m}}}}
configuration:
  sparkConf: {{spark.hadoop.zebra.setting: '${{secret:SETTING}}', spark.eventLog.compress: true}}
  openLineage: {lineage}
pipeline:
  sources:
    - {{id: orders, type: csv, path: orders.csv, schema: 'id BIGINT, amount DOUBLE', options: {{header: true, zebra: '${{secret:OPTION}}'}}}}
  transformations:
    - {{id: paid, type: filter, condition: amount > 0}}
    - {{id: doubled, type: udf, file: leak.py, function: {function}, columns: {{twice: amount}}, returns: double}}
  sinks:
    - {{type: parquet, path: out/{name}, mode: overwrite}}
"
    )
}

const LEAK: &str = r#"
import os
import sys
import time


def tell(amount):
    print("told", os.environ["TINDERBOX_SECRET_OPTION"], os.environ["TINDERBOX_SECRET_SETTING"], file=sys.stderr)
    return amount * 2


def fail(amount):
    raise ValueError("no access with " + os.environ["TINDERBOX_SECRET_OPTION"])


def wait(amount):
    time.sleep(300)
"#;

/// Every event has what the schemas of OpenLineage 2-0-2 require; facets name theirs.
fn check_event(event: &Value, kind: &str, run_id: &Value) {
    assert_eq!(event["eventType"], kind, "{event}");
    assert_eq!(event["run"]["runId"], *run_id, "{event}");
    assert!(event["schemaURL"].as_str().unwrap().contains("/spec/2-0-2/"), "{event}");
    let time = event["eventTime"].as_str().unwrap();
    assert!(time.ends_with('Z') && time.contains('T'), "{event}");
    assert!(event["producer"].as_str().unwrap().starts_with("urn:tinderbox:"), "{event}");
    assert_eq!(event["job"]["namespace"], "shop");
    assert_eq!(event["inputs"][0]["namespace"], "file");
    assert!(event["inputs"][0]["name"].as_str().unwrap().ends_with("/orders.csv"));
    assert!(event["outputs"][0]["name"].as_str().unwrap().contains("/out/"), "{event}");
    let facets = ["run", "job"].map(|part| event[part]["facets"].as_object().unwrap().clone());
    for facet in facets.iter().flat_map(|facets| facets.values()) {
        assert!(facet["_producer"].is_string() && facet["_schemaURL"].is_string(), "{facet}");
    }
    let lineage = &event["outputs"][0]["facets"]["columnLineage"]["fields"]["twice"]["inputFields"];
    assert_eq!(
        (&lineage[0]["field"], &lineage[0]["name"]),
        (&"amount".into(), &event["inputs"][0]["name"])
    );
}

/// Files below a folder that hold one of the secrets.
fn leaking(folder: &Path) -> Vec<String> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap().flatten() {
        let path = entry.path();
        if path.is_dir() {
            found.extend(leaking(&path));
        } else if let Ok(bytes) = std::fs::read(&path) {
            let text = String::from_utf8_lossy(&bytes);
            if leaks(&text) {
                found.push(path.display().to_string());
            }
        }
    }
    found
}

fn leaks(text: &str) -> bool {
    SECRETS.iter().any(|(_, value)| text.contains(value))
        || text.contains("zebra-hush")
        || text.contains("wq71")
}

#[test]
fn row_6_11_and_secrets_runs_tell_others_and_hide_what_is_secret() {
    let Some(_spark) = Spark::three() else { return };
    let place = Place::new();
    place.write("orders.csv", "id,amount\n1,2.5\n2,-1\n3,4\n");
    place.write("leak.py", LEAK);
    let receiver = Receiver::start();
    let url = format!(
        "{{url: 'http://{}', namespace: shop, apiKey: '${{secret:LINEAGE}}'}}",
        receiver.address
    );
    let nowhere = format!("{{url: 'http://{}'}}", free_address());
    let good = place.write("good.yaml", &job("good", "tell", &url));
    let bad = place.write("bad.yaml", &job("bad", "fail", &url));
    let slow = place.write("slow.yaml", &job("slow", "wait", &url));
    let alone = place.write("alone.yaml", &job("alone", "tell", &nowhere));

    // Without the variables nothing is begun.
    let refused = place.ask(&["run", good.to_str().unwrap()]);
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert_eq!(refused.status.code(), Some(2), "{said}");
    assert!(
        SECRETS.iter().all(|(name, _)| said.contains(name)) && said.contains("hint: export"),
        "{said}"
    );
    assert_eq!(place.ask_json(&["jobs"])["pagination"]["total"], 0);

    let mut command = place.tinderbox();
    command.args(["serve", "--listen", &free_address().to_string()]).envs(SECRETS);
    let server = Server::of(command);
    let submit = |spec: &Path| {
        let answer = place.ask_json(&["run", spec.to_str().unwrap(), "--detach"]);
        answer["job"]["job_id"].as_str().unwrap_or_else(|| panic!("{answer}")).to_owned()
    };
    let state = |run: &str| {
        server.get(&format!("/api/jobs/{run}"))["job"]["state"].as_str().unwrap().to_owned()
    };
    let ended = |run: &str| {
        wait_for(run, Duration::from_secs(180), || {
            let state = state(run);
            ["succeeded", "failed", "cancelled"].contains(&state.as_str()).then_some(state)
        })
    };
    let slow_run = submit(&slow);
    wait_for("the start", Duration::from_secs(120), || {
        (!receiver.of("slow").is_empty()).then_some(())
    });
    place.ask(&["cancel", &slow_run]);
    let runs = [submit(&good), submit(&bad), submit(&alone)];
    let log = |run: &str| server.get(&format!("/api/jobs/{run}/logs")).to_string();
    assert_eq!(ended(&runs[0]), "succeeded", "{}", log(&runs[0]));
    assert_eq!(ended(&runs[1]), "failed", "{}", log(&runs[1]));
    assert_eq!(ended(&runs[2]), "succeeded", "nobody takes its events, and it does not matter");
    assert_eq!(ended(&slow_run), "cancelled");

    for (job, end) in [("good", "COMPLETE"), ("bad", "FAIL"), ("slow", "ABORT")] {
        let taken = receiver.of(job);
        let [(head, start), (_, last)] = taken.as_slice() else { panic!("{job}: {taken:?}") };
        check_event(start, "START", &start["run"]["runId"]);
        check_event(last, end, &start["run"]["runId"]);
        assert!(head.starts_with("POST /api/v1/lineage "), "{head}");
        assert!(head.to_lowercase().contains("authorization: bearer pt83-zebra-hush"), "{head}");
        let engine = &last["run"]["facets"]["processing_engine"];
        assert!(engine["version"].as_str().unwrap().starts_with("3.5"), "{engine}");
        assert!(!leaks(&last.to_string()) && !leaks(&start.to_string()), "{last}");
    }
    let failure = &receiver.of("bad")[1].1["run"]["facets"]["errorMessage"];
    assert!(failure["message"].as_str().unwrap().contains("PythonException"), "{failure}");
    let detail = server.get(&format!("/api/jobs/{}", runs[2]));
    assert!(
        detail["notes"].to_string().contains("OpenLineage: the event START could not"),
        "{detail}"
    );

    // The secrets were there for the program, and are nowhere else.
    let driver_log = std::fs::read_to_string(place.attempt(&runs[0]).join("driver.log")).unwrap();
    assert!(driver_log.contains("told *********(redacted) *********(redacted)"), "{driver_log}");
    assert_eq!(leaking(place.dir.path()), Vec::<String>::new());
    for run in runs.iter().chain([&slow_run]) {
        let name = place.attempt(run).join("eventlog");
        let logs: Vec<_> =
            std::fs::read_dir(name).unwrap().map(|entry| entry.unwrap().path()).collect();
        let text = std::fs::read_to_string(&logs[0]).unwrap();
        assert!(
            text.contains("spark.hadoop.zebra.setting"),
            "the property is there, its value is not"
        );
        for part in ["", "/errors", "/logs", "/stages", "/spec", "/report", "/sql"] {
            let answer =
                get_text(&format!("{}/api/jobs/{run}{part}", server.url)).unwrap_or_default();
            assert!(!leaks(&answer), "{part}: {answer}");
        }
    }
}
