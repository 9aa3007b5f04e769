//! YARN's ResourceManager without nodes: its applications work for a while and end. They come from a `spark-submit` of a few
//! lines of shell, which tells it a tag as Hadoop's client does.

use super::moments::Trap;
use super::wire::{self, Request};
use serde_json::{Value, json};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// How long applications work.
const WORKS: Duration = Duration::from_millis(400);

pub struct ResourceManager {
    pub url: String,
    applications: Arc<Mutex<Vec<Application>>>,
}

struct Application {
    tag: String,
    started: Instant,
    is_killed: bool,
}

impl ResourceManager {
    pub fn start(trap: Trap) -> Self {
        let (listener, url) = wire::listen();
        let applications: Arc<Mutex<Vec<Application>>> = Arc::default();
        let known = applications.clone();
        wire::serve(listener, trap, kind_of, move |kind, request| {
            Some(answer(kind, request, &mut known.lock().unwrap()))
        });
        Self { url, applications }
    }

    /// Runs of all applications that were ever brought here.
    pub fn started(&self) -> Vec<String> {
        let applications = self.applications.lock().unwrap();
        let run_of = |application: &Application| {
            let attempt = application.tag.strip_prefix("tinderbox-").unwrap();
            attempt.rsplit_once('-').unwrap().0.to_owned()
        };
        applications.iter().map(run_of).collect()
    }

    /// Brings an application here, in shell.
    pub fn submit(&self) -> String {
        let place = self.url.trim_start_matches("http://").replace(':', "/");
        format!(
            "#!/bin/bash\nset -e\n\
             while [ \"$1\" != --properties-file ]; do shift; done\n\
             tag=$(sed -n 's/^spark\\.yarn\\.tags[ =:]*//p' \"$2\")\n\
             exec 3<>/dev/tcp/{place}\n\
             printf 'POST /submit/%s HTTP/1.1\\r\\nContent-Length: 0\\r\\n\\r\\n' \"$tag\" >&3\n\
             head -n1 <&3\n"
        )
    }
}

fn kind_of(request: &Request) -> &'static str {
    match (request.method.as_str(), request.path.as_str()) {
        ("POST", _) => "submit",
        ("PUT", _) => "kill",
        (_, path) if path.contains("applicationTags=") => "search",
        _ => "status",
    }
}

fn answer(kind: &str, request: &Request, known: &mut Vec<Application>) -> (u16, String) {
    let path = request.path.split('?').next().unwrap();
    let last = path.rsplit('/').next().unwrap();
    let number =
        |name: &str| name.rsplit('_').next().and_then(|number| number.parse::<usize>().ok());
    match kind {
        "submit" => {
            known.push(Application {
                tag: last.to_owned(),
                started: Instant::now(),
                is_killed: false,
            });
            (200, String::new())
        }
        "kill" => {
            let id = path.trim_end_matches("/state").rsplit('/').next().unwrap();
            let application = &mut known[number(id).unwrap()];
            application.is_killed |= application.started.elapsed() < WORKS;
            (202, json!({"state": "KILLED"}).to_string())
        }
        "search" => {
            let (_, rest) = request.path.split_once("applicationTags=").unwrap();
            let tag = rest.split('&').next().unwrap();
            listed(known.iter().enumerate().filter(|(_, one)| one.tag == tag))
        }
        _ if path.ends_with("/info") => {
            (200, json!({"clusterInfo": {"hadoopVersion": "3.3.4"}}).to_string())
        }
        _ if path.ends_with("/apps") => {
            let running =
                known.iter().enumerate().filter(|(_, one)| one.report(0)["state"] == "RUNNING");
            listed(running)
        }
        _ => match number(last).and_then(|number| Some((number, known.get(number)?))) {
            Some((number, one)) => (200, json!({"app": one.report(number)}).to_string()),
            None => (404, json!({"RemoteException": {"message": "unknown"}}).to_string()),
        },
    }
}

fn listed<'a>(found: impl Iterator<Item = (usize, &'a Application)>) -> (u16, String) {
    let reports: Vec<_> = found.map(|(number, one)| one.report(number)).collect();
    (200, json!({"apps": {"app": reports}}).to_string())
}

impl Application {
    fn report(&self, number: usize) -> Value {
        let (state, end) = match (self.is_killed, self.started.elapsed() < WORKS) {
            (true, _) => ("KILLED", "KILLED"),
            (false, true) => ("RUNNING", "UNDEFINED"),
            (false, false) => ("FINISHED", "SUCCEEDED"),
        };
        json!({
            "id": format!("application_1700000000000_{number:04}"),
            "state": state,
            "finalStatus": end,
            "diagnostics": "",
        })
    }
}
