//! A standalone master with one worker that runs nothing: its drivers work for a while and end. It says what it is asked,
//! so that somebody can be killed at that moment.

use super::moments::Trap;
use super::wire::{self, Request};
use serde_json::{Value, json};
use std::fs;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// How long drivers work.
const WORKS: Duration = Duration::from_millis(400);

#[derive(Clone)]
pub struct Master {
    pub url: String,
    inside: Arc<Inside>,
}

struct Inside {
    url: String,
    has_room: bool,
    trap: Trap,
    drivers: Mutex<Vec<Driver>>,
}

#[derive(Clone)]
struct Driver {
    run: String,
    attempt: String,
    properties: Value,
    log: PathBuf,
    started: Instant,
    has_room: bool,
    is_killed: bool,
    /// Drivers that ran when it was asked for.
    beside: usize,
}

/// What a question is about.
fn kind_of(request: &Request) -> &'static str {
    match request.path.split('/').nth(3) {
        Some("create") => "create",
        Some("kill") => "kill",
        Some("status") => "status",
        _ => "page",
    }
}

impl Driver {
    fn state(&self) -> &'static str {
        match (self.is_killed, self.has_room, self.started.elapsed() < WORKS) {
            (true, ..) => "KILLED",
            (false, false, _) => "SUBMITTED",
            (false, true, true) => "RUNNING",
            (false, true, false) => "FINISHED",
        }
    }
}

impl Master {
    pub fn start(trap: Trap) -> Self {
        Self::with_room(trap, true)
    }

    /// Without room its drivers wait until they are killed.
    pub fn with_room(trap: Trap, has_room: bool) -> Self {
        let (listener, url) = wire::listen();
        let inside =
            Arc::new(Inside { url: url.clone(), has_room, trap, drivers: Mutex::default() });
        let serving = inside.clone();
        wire::serve(listener, inside.trap.clone(), kind_of, move |kind, request| {
            Some((200, serving.answer(kind, &request.path, &request.body)))
        });
        Self { url, inside }
    }

    /// The states of all drivers, in the order in which they were asked for.
    pub fn states(&self) -> Vec<&'static str> {
        self.inside.drivers.lock().unwrap().iter().map(Driver::state).collect()
    }

    /// The most drivers that ran at a time.
    pub fn most(&self) -> usize {
        let drivers = self.inside.drivers.lock().unwrap();
        drivers.iter().map(|driver| driver.beside + 1).max().unwrap_or(0)
    }

    /// Runs and attempts of all drivers that it was ever asked for.
    pub fn started(&self) -> Vec<(String, String)> {
        let drivers = self.inside.drivers.lock().unwrap();
        drivers.iter().map(|driver| (driver.run.clone(), driver.attempt.clone())).collect()
    }
}

impl Inside {
    fn answer(&self, kind: &str, path: &str, body: &[u8]) -> String {
        let mut drivers = self.drivers.lock().unwrap();
        let number = path.rsplit('-').next().and_then(|number| number.parse::<usize>().ok());
        match kind {
            "create" => {
                let name = name(drivers.len());
                let beside = drivers.iter().filter(|driver| driver.state() == "RUNNING").count();
                let request = serde_json::from_slice(body).unwrap();
                drivers.push(Driver { beside, has_room: self.has_room, ..driver(&request) });
                json!({"success": true, "submissionId": name}).to_string()
            }
            "status" => match number.and_then(|number| drivers.get(number)) {
                Some(driver) => {
                    driver.tell_end();
                    json!({"success": true, "driverState": driver.state(), "workerHostPort": "127.0.0.1:1"}).to_string()
                }
                None => json!({"success": false}).to_string(),
            },
            "kill" => {
                let driver = number.and_then(|number| drivers.get_mut(number)).unwrap();
                driver.is_killed |= driver.state() != "FINISHED";
                json!({"success": driver.is_killed}).to_string()
            }
            _ if path.starts_with("/json") => page(&self.url, &drivers),
            _ => log(path, &drivers),
        }
    }
}

impl Driver {
    /// What Spark would have written by now.
    fn tell_end(&self) {
        let mut text = fs::read_to_string(&self.log).unwrap();
        let has_ended = self.state() == "FINISHED" || self.state() == "KILLED";
        if has_ended && !text.contains("ApplicationEnd") {
            text.push_str(
                "{\"Event\":\"SparkListenerApplicationEnd\",\"Timestamp\":1700000001000}\n",
            );
            fs::write(&self.log, text).unwrap();
        }
    }
}

fn driver(request: &Value) -> Driver {
    let properties = request["sparkProperties"].clone();
    let text = |name: &str| properties[name].as_str().unwrap().to_owned();
    let folder = PathBuf::from(text("spark.eventLog.dir").trim_start_matches("file:"));
    fs::create_dir_all(&folder).unwrap();
    let log = folder.join("app-20231114221320-0001");
    fs::write(
        &log,
        "{\"Event\":\"SparkListenerLogStart\",\"Spark Version\":\"3.5.8\"}\n\
         {\"Event\":\"SparkListenerApplicationStart\",\"App Name\":\"works\",\"App ID\":\"app-20231114221320-0001\",\
          \"Timestamp\":1700000000000,\"User\":\"somebody\"}\n",
    )
    .unwrap();
    Driver {
        run: text("spark.tinderbox.run"),
        attempt: text("spark.tinderbox.attempt"),
        log,
        properties,
        started: Instant::now(),
        has_room: true,
        is_killed: false,
        beside: 0,
    }
}

fn name(number: usize) -> String {
    format!("driver-20231114221320-{number}")
}

/// `JsonProtocol.writeMasterState`.
fn page(url: &str, drivers: &[Driver]) -> String {
    let shown: Vec<_> = drivers
        .iter()
        .enumerate()
        .map(|(number, driver)| {
            let since = std::time::SystemTime::now() - driver.started.elapsed();
            let since = since.duration_since(std::time::UNIX_EPOCH).unwrap().as_millis();
            json!({"id": name(number), "state": driver.state(), "worker": "worker-1", "starttime": since.to_string()})
        })
        .collect();
    let (active, completed): (Vec<_>, Vec<_>) = shown
        .into_iter()
        .partition(|driver| driver["state"] == "RUNNING" || driver["state"] == "SUBMITTED");
    json!({
        "status": "ALIVE",
        "workers": [{"id": "worker-1", "host": "127.0.0.1", "port": 1, "webuiaddress": url, "cores": 8, "coresused": 0,
                     "memory": 8192, "state": "ALIVE"}],
        "activedrivers": active,
        "completeddrivers": completed,
    })
    .to_string()
}

/// `WorkerPage.renderLog`; the first line of a log is the command (`DriverRunner`).
fn log(path: &str, drivers: &[Driver]) -> String {
    let (_, query) = path.split_once('?').unwrap();
    let of = |key: &str| {
        let pair = query.split('&').find_map(|pair| pair.strip_prefix(&format!("{key}=")));
        pair.unwrap().to_owned()
    };
    let number: usize = of("driverId").rsplit('-').next().unwrap().parse().unwrap();
    let text = if of("logType") == "stderr" {
        let properties = drivers[number].properties.as_object().unwrap();
        let options: Vec<_> = properties
            .iter()
            .map(|(key, value)| format!("\"-D{key}={}\"", value.as_str().unwrap()))
            .collect();
        format!("Launch Command: \"java\" {}\n", options.join(" "))
    } else {
        String::new()
    };
    let from = of("offset").parse::<usize>().unwrap().min(text.len());
    format!(
        "==== Bytes {from}-{} of {} of /spark/log ====\n{}",
        text.len(),
        text.len(),
        &text[from..]
    )
}
