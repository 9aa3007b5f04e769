//! The server is killed with SIGKILL at every step of runs on every engine. Afterwards each run has happened once: none
//! is forgotten, none was submitted twice, and whatever is `lost` for a while says why.
//!
//! Drivers are fake but for Sail's, so that hundreds of kills fit into minutes; the server, its store and its files are real.
//!
//! | variable | |
//! |---|---|
//! | `TINDERBOX_KILLS` | kills for each engine; 10 when it is not set |
//! | `TINDERBOX_KILLS_SEED` | repeats the kills of an earlier test, which says its seed |

mod local;
mod master;
mod moments;
mod pods;
mod proxy;
mod resource_manager;
mod wire;

use crate::place::{Place, Server, free_address, get_json, over_http, wait_for};
pub use master::Master;
pub use moments::Trap;
use moments::{Dice, Moment, appears};
use pods::Pods;
use resource_manager::ResourceManager;
use serde_json::{Value, json};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

/// How long a moment is waited for; what does not come is a kill at no special moment.
const COMES: Duration = Duration::from_secs(5);
/// What the last runs may take after the last kill: rests between attempts, and the time after which a master that knows
/// of no driver is believed.
const SETTLES: Duration = Duration::from_secs(120);

/// Where the runs go.
enum Engine {
    Local(local::FakeSpark),
    Standalone(Master),
    Yarn(local::FakeSpark, ResourceManager),
    Kubernetes(Pods),
    /// A real Sail for each run, each of which adds a file to a folder of its own.
    Sail,
}

impl Engine {
    fn moments(&self) -> Vec<Moment> {
        let files =
            |names: &[&'static str]| names.iter().copied().map(Moment::File).collect::<Vec<_>>();
        let asked = [Moment::Requested, Moment::CancelRequested, Moment::Sometime];
        let own = match self {
            Self::Local(_) => files(&[
                "launched",
                "spark.properties",
                "pid",
                "driver.log",
                "eventlog",
                "exit_code",
            ]),
            Self::Sail => files(&["launched", "pid", "driver.log", "exit_code"]),
            Self::Standalone(_) => {
                let mut moments = files(&["launched", "driver"]);
                moments.push(Moment::Dropped("create"));
                moments.extend(questions(&["create", "status", "kill", "page"]));
                moments
            }
            Self::Kubernetes(_) => {
                let mut moments = files(&["launched"]);
                moments.push(Moment::Dropped("POST"));
                moments.extend(questions(&["POST", "PATCH", "GET", "DELETE"]));
                moments
            }
            Self::Yarn(..) => {
                let mut moments = files(&["launched", "pid", "submission.log", "application"]);
                moments.extend(questions(&["submit", "search", "status", "kill"]));
                moments
            }
        };
        asked.into_iter().chain(own).collect()
    }

    fn name(&self) -> &'static str {
        match self {
            Self::Local(_) => "local",
            Self::Standalone(_) | Self::Yarn(..) | Self::Kubernetes(_) => "fake",
            Self::Sail => "sail",
        }
    }
}

/// A server that is killed and started again, always at one address with one data directory.
struct Killed {
    place: Place,
    engine: Engine,
    trap: Trap,
    address: SocketAddr,
    server: Option<Server>,
    program: PathBuf,
    /// The keys of runs.
    keys: RefCell<BTreeMap<String, String>>,
}

#[test]
fn kills_on_this_machine_lose_no_run_and_submit_none_twice() {
    let place = Place::new();
    let spark = local::FakeSpark::make(&place);
    Killed::new(place, Engine::Local(spark), Trap::default()).test();
}

#[test]
fn kills_with_a_standalone_cluster_lose_no_run_and_submit_none_twice() {
    let trap = Trap::default();
    let master = Master::start(trap.clone());
    let profile = format!(
        "name: fake\nengine: standalone\nstandalone: {{master: 'spark://127.0.0.1:1', rest: '{0}', web: '{0}'}}\n\
         cluster: {{version: '3.5'}}\n",
        master.url
    );
    let mut killed = Killed::new(Place::new(), Engine::Standalone(master), trap);
    killed.apply(&profile);
    killed.test();
}

#[test]
fn kills_with_yarn_lose_no_run_and_submit_none_twice() {
    let (trap, place) = (Trap::default(), Place::new());
    let manager = ResourceManager::start(trap.clone());
    let spark = local::FakeSpark::with_submit(&place, &manager.submit());
    std::fs::create_dir(place.path("conf")).unwrap();
    let profile = format!(
        "name: fake\nengine: yarn\nyarn: {{resourceManager: '{}', confDir: '{}'}}\n\
         cluster: {{version: '3.5'}}\n",
        manager.url,
        place.path("conf").display()
    );
    let mut killed = Killed::new(place, Engine::Yarn(spark, manager), trap);
    killed.apply(&profile);
    killed.test();
}

#[test]
fn kills_with_kubernetes_lose_no_run_and_submit_none_twice() {
    let (trap, place) = (Trap::default(), Place::new());
    let pods = Pods::start(&place);
    let server = proxy::before(&pods.cluster.url(), trap.clone());
    let kubeconfig = place.write(
        "kubeconfig",
        &format!(
            "apiVersion: v1\nkind: Config\ncurrent-context: lab\n\
             clusters: [{{name: lab, cluster: {{server: '{server}'}}}}]\n\
             users: [{{name: me, user: {{}}}}]\ncontexts: [{{name: lab, context: {{cluster: lab, user: me}}}}]\n"
        ),
    );
    let profile = format!(
        "name: fake\nengine: kubernetes\nkubernetes: {{kubeconfig: '{}', namespace: jobs, image: 'spark:test'}}\n\
         cluster: {{version: '3.5'}}\n",
        kubeconfig.display()
    );
    let mut killed = Killed::new(place, Engine::Kubernetes(pods), trap);
    killed.apply(&profile);
    killed.test();
    let Engine::Kubernetes(pods) = &killed.engine else { unreachable!() };
    assert_eq!(pods.left(), 0, "pods are left on the cluster");
}

#[test]
fn kills_with_sail_lose_no_run_and_submit_none_twice() {
    if std::env::var_os("TINDERBOX_SAIL").is_none() {
        assert!(
            std::env::var_os("TINDERBOX_REQUIRE_ALL").is_none(),
            "TINDERBOX_SAIL names no Sail"
        );
        println!("not run: TINDERBOX_SAIL names no environment with Sail");
        return;
    }
    let place = Place::new();
    place.write("rows.csv", "1\n");
    Killed::new(place, Engine::Sail, Trap::default()).test();
}

impl Killed {
    fn new(place: Place, engine: Engine, trap: Trap) -> Self {
        let program = match engine {
            Engine::Kubernetes(_) => PathBuf::from("local:///opt/works.py"),
            _ => place.write("works.py", "print('works')\n"),
        };
        Self {
            place,
            engine,
            trap,
            address: free_address(),
            server: None,
            program,
            keys: RefCell::default(),
        }
    }

    fn start(&mut self) {
        let mut command = self.place.tinderbox();
        if let Engine::Local(spark) | Engine::Yarn(spark, _) = &self.engine {
            spark.be_the_only_one(&mut command);
        }
        command.args(["serve", "--listen", &self.address.to_string()]);
        self.server = Some(Server::of(command));
    }

    /// Starts, and stores a profile.
    fn apply(&mut self, profile: &str) {
        self.start();
        let file = self.place.write("fake.yaml", profile);
        let applied = self.place.ask(&["cluster", "apply", file.to_str().unwrap()]);
        assert!(applied.status.success(), "{}", String::from_utf8_lossy(&applied.stderr));
    }

    fn kill(&mut self) {
        // Dropped is killed.
        self.server = None;
    }

    fn test(&mut self) {
        let kills = number("TINDERBOX_KILLS").unwrap_or(10);
        let seed = number("TINDERBOX_KILLS_SEED").unwrap_or_else(|| {
            let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
            now.unwrap().as_secs()
        });
        println!("TINDERBOX_KILLS_SEED={seed}");
        let mut dice = Dice(seed | 1);
        let moments = self.engine.moments();
        let first = usize::try_from(dice.below(moments.len() as u64)).unwrap();
        let mut seen: BTreeMap<String, u32> = BTreeMap::new();
        let mut runs = Vec::new();
        if self.server.is_none() {
            self.start();
        }
        for kill in 0..kills {
            let moment = &moments[(first + usize::try_from(kill).unwrap()) % moments.len()];
            let key = format!("kill-{seed}-{kill}");
            // Others are on their way at the same time.
            let others: Vec<_> = (0..dice.below(3)).map(|other| format!("{key}-{other}")).collect();
            for other in &others {
                self.submit(other);
            }
            let came = self.kill_at(moment, &key, &mut dice);
            *seen
                .entry(format!("{moment:?}{}", if came { "" } else { " (did not come)" }))
                .or_default() += 1;
            self.start();
            // A new server may die as well, while it looks what the old one has left.
            if dice.below(4) == 0 {
                std::thread::sleep(Duration::from_millis(dice.below(60)));
                self.kill();
                self.start();
                *seen.entry("Start".to_owned()).or_default() += 1;
            }
            // Whoever got no answer asks again, with the same key.
            runs.push((
                self.submit(&key).expect("an answer"),
                *moment == Moment::CancelRequested || is_kill(moment),
            ));
            runs.extend(others.iter().map(|key| (self.submit(key).expect("an answer"), false)));
        }
        println!("{seen:#?}");
        self.judge(&runs);
    }

    /// Whether the moment came before the kill.
    fn kill_at(&mut self, moment: &Moment, key: &str, dice: &mut Dice) -> bool {
        self.trap.set(moment);
        let submitted = self.submit(key);
        let came = match (moment, submitted) {
            (Moment::Requested, _) => {
                std::thread::sleep(Duration::from_micros(dice.below(40_000)));
                true
            }
            (Moment::Sometime, _) => {
                std::thread::sleep(Duration::from_micros(dice.below(1_500_000)));
                true
            }
            (Moment::CancelRequested, Some(run)) => {
                self.wait_for_work(&run);
                self.cancel(&run);
                std::thread::sleep(Duration::from_micros(dice.below(40_000)));
                true
            }
            (Moment::File(name), Some(run)) => {
                let came = appears(&self.place.attempt(&run).join(name), COMES);
                std::thread::sleep(Duration::from_micros(dice.below(3) * dice.below(5_000)));
                came
            }
            (moment, Some(run)) => {
                if is_kill(moment) {
                    self.wait_for_work(&run);
                    let url = self.url();
                    std::thread::spawn(move || {
                        ask(&url, &format!("/api/jobs/{run}/cancel"), &json!({}))
                    });
                }
                self.trap.wait(COMES)
            }
            (_, None) => panic!("the server does not answer"),
        };
        self.kill();
        self.trap.release();
        came
    }

    fn submit(&self, key: &str) -> Option<String> {
        let base = self.place.dir.path();
        let (path, body) = match &self.engine {
            Engine::Sail => {
                let spec = format!(
                    "name: adds\npipeline:\n  sources: [{{id: rows, type: csv, path: rows.csv, schema: 'a INT'}}]\n  \
                     sinks: [{{type: csv, path: 'out/{key}', mode: append}}]\n"
                );
                let body = json!({"spec": spec, "spec_name": "adds.yaml", "base_directory": base});
                ("/api/jobs", body)
            }
            _ => ("/api/runs", json!({"file": self.program, "base_directory": base})),
        };
        let mut body = body;
        body["engine"] = self.engine.name().into();
        body["idempotency_key"] = key.into();
        let answer = ask(&self.url(), path, &body)?;
        let run = answer["job"]["job_id"].as_str().unwrap_or_else(|| panic!("{answer}")).to_owned();
        self.keys.borrow_mut().insert(run.clone(), key.to_owned());
        Some(run)
    }

    /// How often each run was started, by what started it.
    fn started(&self) -> BTreeMap<String, usize> {
        let mut counted = BTreeMap::new();
        let mut count = |run: String| *counted.entry(run).or_default() += 1;
        match &self.engine {
            Engine::Local(spark) => spark.started().into_iter().for_each(count),
            Engine::Kubernetes(pods) => pods.started().into_iter().for_each(count),
            Engine::Yarn(_, manager) => manager.started().into_iter().for_each(count),
            Engine::Standalone(master) => {
                master.started().into_iter().for_each(|(run, _)| count(run));
            }
            Engine::Sail => {
                for (run, key) in &*self.keys.borrow() {
                    let files =
                        std::fs::read_dir(self.place.path("out").join(key)).into_iter().flatten();
                    let names = files.map(|file| file.unwrap().file_name().into_string().unwrap());
                    names.filter(|name| name.ends_with(".csv")).for_each(|_| count(run.clone()));
                }
            }
        }
        counted
    }

    fn wait_for_work(&self, run: &str) {
        wait_for("the start", Duration::from_secs(60), || {
            // Another run may have come to the moment already, and is held up there.
            if self.trap.is_sprung() {
                return Some(());
            }
            let state = self.job(run)["state"].clone();
            (!["queued", "submitting"].iter().any(|early| state == *early)).then_some(())
        });
    }

    fn cancel(&self, run: &str) {
        ask(&self.url(), &format!("/api/jobs/{run}/cancel"), &json!({}));
    }

    fn job(&self, run: &str) -> Value {
        get_json(&format!("{}/api/jobs/{run}", self.url())).expect("a job")["job"].clone()
    }

    fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// All runs have ended, each has happened once, and no other driver was ever started.
    fn judge(&self, runs: &[(String, bool)]) {
        let mut lost = 0;
        for (run, may_be_cancelled) in runs {
            let job = wait_for("the end of all runs", SETTLES, || {
                let job = self.job(run);
                let state = job["state"].as_str().unwrap().to_owned();
                if state == "lost" {
                    lost += 1;
                    assert!(
                        job["error"].as_str().is_some_and(|why| why.len() > 20),
                        "unexplained: {job}"
                    );
                }
                ["succeeded", "failed", "cancelled", "timed_out"]
                    .contains(&state.as_str())
                    .then_some(job)
            });
            let is_as_wanted =
                job["state"] == "succeeded" || (*may_be_cancelled && job["state"] == "cancelled");
            assert!(is_as_wanted, "{job}");
        }
        println!("seen as lost and found again: {lost} times");
        let started = self.started();
        for (run, times) in &started {
            assert_eq!(*times, 1, "{run} was submitted {times} times");
            assert!(
                runs.iter().any(|(known, _)| known == run),
                "{run} is nobody's: {}",
                self.job(run)
            );
        }
        for (run, may_be_cancelled) in runs {
            let was_started = started.contains_key(run);
            assert!(was_started || *may_be_cancelled, "{run} never happened and says that it has");
        }
        let listed = get_json(&format!("{}/api/jobs?limit=1", self.url())).unwrap();
        assert_eq!(
            listed["pagination"]["total"],
            runs.len(),
            "a request was taken twice, or forgotten"
        );
    }
}

fn questions(kinds: &[&'static str]) -> Vec<Moment> {
    let of =
        |kind: &&'static str| [Moment::Asked(kind), Moment::Done(kind), Moment::Answered(kind)];
    kinds.iter().flat_map(of).collect()
}

/// Whether a moment belongs to the end that somebody asks for.
fn is_kill(moment: &Moment) -> bool {
    let kind = match moment {
        Moment::Asked(kind) | Moment::Done(kind) | Moment::Answered(kind) => *kind,
        _ => return false,
    };
    kind == "kill" || kind == "DELETE"
}

fn number(variable: &str) -> Option<u64> {
    std::env::var(variable).ok().map(|text| text.parse().expect(variable))
}

/// POST; `None` when there is no answer.
fn ask(url: &str, path: &str, body: &Value) -> Option<Value> {
    over_http(async |http| {
        let sent = http.post(format!("{url}{path}")).timeout(Duration::from_secs(20));
        let sent = sent.header("content-type", "application/json");
        let answer = sent.body(body.to_string()).send().await.ok()?;
        serde_json::from_slice(&answer.bytes().await.ok()?).ok()
    })
}
