//! The server is killed with SIGKILL while Spark works; a new one finds the run again.

use crate::place::{Place, Server, Spark, free_address, wait_for};
use std::time::Duration;

#[test]
fn real_spark_a_run_is_found_again_after_the_server_was_killed() {
    let Some(spark) = Spark::three() else { return };
    let place = Place::new();
    place.make_data(&spark, 3_000_000, 1_000_000);
    let spec = place.example("3.5");
    let address = free_address();

    let mut server = Server::start(&place, address);
    let submitted = place.ask_json(&["run", spec.to_str().unwrap(), "--detach"]);
    let run = submitted["job"]["job_id"].as_str().unwrap().to_owned();
    let path = format!("/api/jobs/{run}");
    wait_for("a running state", Duration::from_secs(90), || {
        (server.get(&path)["job"]["state"] == "running").then_some(())
    });
    server.child.kill().unwrap();
    server.child.wait().unwrap();

    let server = Server::start(&place, address);
    let job = wait_for("the end of the run", Duration::from_secs(120), || {
        let job = server.get(&path)["job"].clone();
        is_over(&job).then_some(job)
    });
    assert_eq!(job["state"], "succeeded", "{job}");
    assert_eq!(job["partial"], false, "the event log has everything: {job}");
    assert!(job["num_tasks"].as_u64().unwrap() > 0);
    let detail = server.get(&path);
    assert_eq!(detail["attempts"].as_array().unwrap().len(), 1, "nothing was submitted twice");
    let logs = std::fs::read_dir(place.attempt(&run).join("eventlog")).unwrap().count();
    assert_eq!(logs, 1, "one application ran");
}

#[test]
fn real_spark_a_run_that_ended_while_no_server_was_there_gets_its_state() {
    let Some(spark) = Spark::three() else { return };
    let place = Place::new();
    place.make_data(&spark, 10_000, 1_000);
    let spec = place.example("3.5");
    let mut server = Server::start(&place, free_address());
    let submitted = place.ask_json(&["run", spec.to_str().unwrap(), "--detach"]);
    let run = submitted["job"]["job_id"].as_str().unwrap().to_owned();
    wait_for("a running state", Duration::from_secs(90), || {
        (server.get(&format!("/api/jobs/{run}"))["job"]["state"] == "running").then_some(())
    });
    server.child.kill().unwrap();
    server.child.wait().unwrap();
    wait_for("the end of Spark", Duration::from_secs(90), || {
        place.attempt(&run).join("exit_code").exists().then_some(())
    });
    let server = Server::start(&place, free_address());
    let job = wait_for("the end of the run", Duration::from_secs(30), || {
        let job = server.get(&format!("/api/jobs/{run}"))["job"].clone();
        is_over(&job).then_some(job)
    });
    assert_eq!((&job["state"], &job["exit_code"]), (&"succeeded".into(), &0.into()), "{job}");
}

/// The state is the last thing that is written at the end of a run; its figures and times come with its event log, before.
fn is_over(job: &serde_json::Value) -> bool {
    !["queued", "submitting", "starting", "running"].iter().any(|state| job["state"] == *state)
}
