//! `tinderbox preview --watch`: one Sail for as long as a document is written.

use crate::history_sql::{child_of, has_sail, wait_for};
use crate::place::Place;
use serde_json::{Value, json};
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, sync_channel};
use std::time::Duration;

const JOB: &str = "name: paid
pipeline:
  sources:
    - {id: orders, type: csv, path: orders.csv, schema: 'id INT, amount INT'}
  transformations:
    - {id: paid, type: filter, condition: amount > 1}
  sinks:
    - {id: out, type: file, format: parquet, path: out}
";

/// A preview that goes on; killed when the test ends early.
struct Watch {
    child: Child,
    rows: Receiver<String>,
    notes: Receiver<String>,
}

impl Watch {
    fn start(place: &Place) -> Self {
        let mut command = place.tinderbox();
        command.args(["preview", "job.yaml", "--node", "paid", "--watch", "--format", "json"]);
        command.current_dir(place.path("")).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let rows = lines(child.stdout.take().unwrap());
        let notes = lines(child.stderr.take().unwrap());
        Self { child, rows, notes }
    }

    /// The next array of rows.
    fn rows(&self) -> Value {
        let mut text = String::new();
        loop {
            text += &self.rows.recv_timeout(Duration::from_secs(30)).expect("more rows");
            if let Ok(rows) = serde_json::from_str(&text) {
                return rows;
            }
        }
    }

    /// The next notes until one of them holds this.
    fn note(&self, wanted: &str) {
        let mut seen = Vec::new();
        loop {
            let Ok(note) = self.notes.recv_timeout(Duration::from_secs(30)) else {
                panic!("no `{wanted}` in {seen:#?}");
            };
            if note.contains(wanted) {
                return;
            }
            seen.push(note);
        }
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn lines(from: impl std::io::Read + Send + 'static) -> Receiver<String> {
    let (send, receive) = sync_channel(1000);
    std::thread::spawn(move || {
        for line in BufReader::new(from).lines().map_while(Result::ok) {
            if send.send(line).is_err() {
                return;
            }
        }
    });
    receive
}

fn kill(signal: &str, process: u32) {
    assert!(Command::new("kill").args([signal, &process.to_string()]).status().unwrap().success());
}

#[test]
fn rows_are_shown_again_when_the_document_or_its_data_changes_and_sail_is_started_again() {
    if !has_sail() {
        return;
    }
    let place = Place::new();
    place.write("job.yaml", JOB);
    place.write("orders.csv", "1,5\n2,1\n3,7\n");
    let mut watch = Watch::start(&place);
    assert_eq!(watch.rows(), json!([{"id": 1, "amount": 5}, {"id": 3, "amount": 7}]));
    let sail = wait_for(|| child_of(watch.child.id()));

    place.write("job.yaml", &JOB.replace("> 1", "> 5"));
    assert_eq!(watch.rows(), json!([{"id": 3, "amount": 7}]));
    place.write("job.yaml", &format!("# Paid orders.\n{}", JOB.replace("> 1", "> 5")));
    watch.note("nothing changed here");
    place.write("job.yaml", &JOB.replace("type: filter", "type: filer"));
    watch.note("did you mean `filter`?");
    place.write("orders.csv", "4,8\n");
    place.write("job.yaml", JOB);
    assert_eq!(watch.rows(), json!([{"id": 4, "amount": 8}]));
    assert_eq!(child_of(watch.child.id()), Some(sail), "one Sail answers them all");

    kill("-KILL", sail);
    wait_for(|| (!Path::new(&format!("/proc/{sail}/exe")).exists()).then_some(()));
    place.write("job.yaml", &JOB.replace("> 1", "> 9"));
    assert_eq!(watch.rows(), json!([]));
    let sail = wait_for(|| child_of(watch.child.id()));

    kill("-INT", watch.child.id());
    assert_eq!(watch.child.wait().unwrap().code(), Some(0));
    wait_for(|| (!Path::new(&format!("/proc/{sail}/exe")).exists()).then_some(()));
}
