//! `tinderbox generate --live`: applications that are played to a server are runs like those that are collected.

use crate::place::{Place, Server, bare, free_address, wait_for};
use serde_json::Value;
use std::collections::BTreeMap;
use std::process::{Command, Output};
use std::time::Duration;

const SAME: [&str; 7] =
    ["--jobs", "12", "--seed", "5", "--tasks-per-job", "20-60", "--scenario=skew=0.3,oom=0.3"];

fn generate(place: &Place, arguments: &[&str]) -> Output {
    let mut command = bare();
    command.current_dir(place.dir.path()).arg("generate").args(arguments);
    command.output().unwrap()
}

fn said(output: &Output) -> String {
    let [data, notes] = [&output.stdout, &output.stderr].map(|text| String::from_utf8_lossy(text));
    format!("{data}{notes}")
}

/// The runs of a server by application; ids and times of their own apart.
fn runs(server: &Server) -> BTreeMap<String, Value> {
    let page = server.get("/api/jobs?limit=100");
    let of_run = |run: &Value| {
        let mut figures = run.clone();
        let all = figures.as_object_mut().unwrap();
        for own in [
            "job_id",
            "created_time",
            "start_time",
            "end_time",
            "engine",
            "worst_severity",
            "num_findings",
        ] {
            all.remove(own);
        }
        (run["application_id"].as_str().unwrap().to_owned(), figures)
    };
    page["jobs"].as_array().unwrap().iter().map(of_run).collect()
}

/// The runs when all that end have ended.
fn ended(server: &Server, expected: &BTreeMap<String, Value>) -> BTreeMap<String, Value> {
    let is_open = |run: &&Value| run["state"] == "running";
    // An application that never says that it has ended: collected it is lost, played it is still open.
    let open = expected.values().filter(|run| run["state"] == "lost").count();
    wait_for("all played applications are stored", Duration::from_secs(60), || {
        let runs = runs(server);
        (runs.len() == expected.len() && runs.values().filter(is_open).count() == open)
            .then_some(runs)
    })
}

fn assert_same(played: &BTreeMap<String, Value>, collected: &BTreeMap<String, Value>) {
    for (id, run) in collected {
        if run["state"] == "lost" {
            assert_eq!(played[id]["num_tasks"], run["num_tasks"], "{id}");
        } else {
            assert_eq!(&played[id], run, "{id}");
        }
    }
}

#[test]
fn played_applications_are_runs_like_those_that_are_collected() {
    let place = Place::new();
    let made = generate(&place, &[&SAME[..], &["--out", "set", "--event-logs"]].concat());
    assert!(made.status.success(), "{}", said(&made));
    let logs = place.path("set/event-logs");
    place.ask_json(&["collect", "--event-log-dir", logs.to_str().unwrap()]);
    let collected = runs(&Server::start(&place, free_address()));
    assert_eq!(collected.len(), 12);
    assert!(collected.values().any(|run| run["state"] == "failed"), "{collected:?}");

    let generated = Place::new();
    let server = Server::start(&generated, free_address());
    let fast = ["--live", &server.url, "--speed", "100000", "--at-once", "5"];
    let played = generate(&place, &[&SAME[..], &fast].concat());
    assert!(said(&played).starts_with("12 applications, "), "{}", said(&played));
    assert!(played.status.success());
    assert_same(&ended(&server, &collected), &collected);

    // The same logs, as recorded ones; also twice, since each play is an application of its own.
    let recorded = Place::new();
    let server = Server::start(&recorded, free_address());
    let replay = ["--live", &server.url, "--speed", "1e9", "--replay", "set/event-logs"];
    let played = generate(&place, &replay);
    assert!(played.status.success(), "{}", said(&played));
    assert_same(&ended(&server, &collected), &collected);
    assert!(generate(&place, &replay).status.success());
    wait_for("they are there twice", Duration::from_secs(60), || {
        (server.get("/api/jobs")["pagination"]["total"] == 24).then_some(())
    });
}

#[test]
fn one_that_is_played_in_its_own_time_begins_now() {
    let place = Place::new();
    let server = Server::start(&place, free_address());
    let mut player: Command = bare();
    player.args(["generate", "--jobs", "1", "--live", &server.url]);
    let mut player = player.spawn().unwrap();
    let run = wait_for("it is running", Duration::from_secs(60), || {
        let page = server.get("/api/jobs");
        let run = page["jobs"].get(0)?.clone();
        (run["state"] == "running").then_some(run)
    });
    // Since it began now, so far it has taken less than this test.
    let duration = run["duration_ms"].as_u64().unwrap();
    assert!(duration < 60_000, "{run}");
    player.kill().unwrap();
    player.wait().unwrap();
}

#[test]
fn what_cannot_be_played_is_said() {
    let place = Place::new();
    let nobody = format!("http://{}", free_address());
    let server = Server::start(&place, free_address());
    let url = server.url.as_str();
    for (arguments, expected) in [
        (&["--live", nobody.as_str()][..], "no answer from"),
        (&["--live", url, "--out", "set"], "cannot be used with"),
        (&["--live", url, "--speed", "0"], "ten times faster"),
        (&["--live", url, "--at-once", "0"], "1..=500"),
        (&["--speed", "2", "--out", "set"], "cannot be used with"),
        (&["--live", url, "--replay", "nowhere"], "nowhere"),
        (&["--live", url, "--replay", "logs", "--jobs", "3"], "cannot be used with"),
        (&[], "--out"),
    ] {
        let output = generate(&place, arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {}", said(&output));
        assert!(said(&output).contains(expected), "{arguments:?}: {}", said(&output));
    }
    // A file that is no event log is named, and what is one is played all the same.
    std::fs::create_dir(place.path("logs")).unwrap();
    std::fs::write(place.path("logs/local-1"), b"\x28\xb5\x2f\xfdnothing of the kind").unwrap();
    let output = generate(&place, &["--live", url, "--replay", "logs"]);
    assert_eq!(output.status.code(), Some(1), "{}", said(&output));
    assert!(said(&output).contains("local-1"), "{}", said(&output));
}
