//! Runs that wait: for their turn on a profile, and for room on a cluster.

use crate::kills::{Master, Trap};
use crate::place::{Place, Server, free_address, wait_for};
use serde_json::Value;
use std::time::Duration;

const ENDS: Duration = Duration::from_secs(60);

/// A server with a profile of the master, and a program to run.
fn place(master: &Master, more: &str) -> (Place, Server) {
    let place = Place::new();
    let server = Server::start(&place, free_address());
    let profile = format!(
        "name: fake\nengine: standalone\nstandalone: {{master: 'spark://127.0.0.1:1', rest: '{0}', web: '{0}'}}\n\
         cluster: {{version: '3.5'}}\n{more}\n",
        master.url
    );
    let file = place.write("fake.yaml", &profile);
    let applied = place.ask(&["cluster", "apply", file.to_str().unwrap()]);
    assert!(applied.status.success(), "{}", String::from_utf8_lossy(&applied.stderr));
    place.write("works.py", "print('works')\n");
    (place, server)
}

fn submit(place: &Place) -> String {
    let program = place.path("works.py");
    // What follows the program is the program's.
    let output = place.ask(&[
        "submit",
        "--engine",
        "fake",
        "--detach",
        "--format",
        "json",
        program.to_str().unwrap(),
    ]);
    let submitted: Value = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&output.stderr)));
    submitted["job"]["job_id"].as_str().unwrap_or_else(|| panic!("{submitted}")).to_owned()
}

fn end(server: &Server, run: &str) -> Value {
    wait_for("the end of the run", ENDS, || {
        let job = server.get(&format!("/api/jobs/{run}"))["job"].clone();
        let is_over =
            !["queued", "submitting", "starting", "running"].iter().any(|s| job["state"] == *s);
        is_over.then_some(job)
    })
}

#[test]
fn rows_2_3_and_2_5_a_full_profile_lets_its_runs_wait() {
    let master = Master::start(Trap::default());
    let (place, server) = place(&master, "limits: {runs: 1}");
    let runs: Vec<_> = (0..3).map(|_| submit(&place)).collect();
    for run in &runs {
        let job = end(&server, run);
        assert_eq!(job["state"], "succeeded", "{job}");
    }
    assert_eq!((master.states().len(), master.most()), (3, 1));
}

#[test]
fn row_9_15_a_driver_that_is_never_started_is_taken_back() {
    let master = Master::with_room(Trap::default(), false);
    let (place, server) = place(&master, "startTimeout: 1s");
    let job = end(&server, &submit(&place));
    assert_eq!(job["state"], "failed", "{job}");
    let why = job["error"].as_str().unwrap();
    assert!(why.contains("did not start it within 1 s: no worker"), "{why}");
    assert!(why.contains("hint: ") && why.contains("startTimeout"), "{why}");
    assert_eq!(master.states(), ["KILLED"], "nothing is left on the cluster");
}
