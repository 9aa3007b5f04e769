//! `tinderbox import` and `tinderbox serve --parquet`.

use crate::place::{Place, Server, free_address, repository};
use std::path::PathBuf;

fn fixture(name: &str) -> PathBuf {
    repository().join("crates/tinderbox-server/tests/fixtures").join(name)
}

fn said(output: &std::process::Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn an_import_counts_and_the_same_again_changes_nothing() {
    let place = Place::new();
    let folder = fixture("data-set");
    let folder = folder.to_str().unwrap();
    let first = place.ask_json(&["import", folder]);
    assert_eq!((&first["num_jobs"], &first["num_operators"]), (&40.into(), &120.into()));
    assert_eq!(first["unchanged"], false);
    let output = place.ask(&["import", folder]);
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && text.contains("40 jobs") && text.contains("unchanged"));
    let kept = place.home().join("job-sets");
    assert_eq!(std::fs::read_dir(kept).unwrap().count(), 1);
}

#[test]
fn what_cannot_be_imported_is_named_with_its_columns_and_leaves_nothing() {
    let place = Place::new();
    let output = place.ask(&["import", fixture("data-set-of-another-form").to_str().unwrap()]);
    let text = said(&output);
    assert_eq!(output.status.code(), Some(2), "{text}");
    for part in ["spark_jobs.parquet", "column gc_time_ms is missing", "column num_tasks is Utf8"] {
        assert!(text.contains(part), "{part}: {text}");
    }
    let kept = std::fs::read_dir(place.home().join("job-sets"));
    assert_eq!(kept.map_or(0, Iterator::count), 0, "nothing half-valid is left");
    let empty = place.path("empty");
    std::fs::create_dir(&empty).unwrap();
    let output = place.ask(&["import", empty.to_str().unwrap()]);
    assert!(!output.status.success() && said(&output).contains("spark_jobs.parquet"));
    let output = place.ask(&["import", place.path("nowhere").to_str().unwrap()]);
    assert!(!output.status.success() && said(&output).contains("nowhere"));
}

#[test]
fn a_served_folder_is_there_for_as_long_as_the_server() {
    let place = Place::new();
    let folder = fixture("data-set");
    let more = ["--parquet", folder.to_str().unwrap()];
    let server = Server::start_with(&place, free_address(), &more);
    assert_eq!(server.get("/api/jobs?limit=1")["pagination"]["total"], 40);
    drop(server);
    let server = Server::start(&place, free_address());
    assert_eq!(server.get("/api/jobs?limit=1")["pagination"]["total"], 0);
}

#[test]
fn a_server_over_a_folder_of_another_form_does_not_start() {
    let place = Place::new();
    let folder = fixture("data-set-of-another-form");
    let address = free_address().to_string();
    let output = place.ask(&["serve", "--listen", &address, "--parquet", folder.to_str().unwrap()]);
    assert!(!output.status.success());
    assert!(said(&output).contains("column gc_time_ms is missing"), "{}", said(&output));
}
