//! A ResourceManager and a NodeManager that answer as tests want, and attempts on them with a fake `spark-submit`.

use crate::bench::Bench;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tinderbox_engine::{
    Cluster, Error, Identity, Intent, Launch, Launched, Listener, LocalSpark, Program, Target,
    YarnAddress, YarnCluster, YarnTarget,
};

pub(crate) const ID: &str = "application_1795741690220_0001";
pub(crate) const CONTAINER: &str = "container_1795741690220_0001_01_000001";

/// What a fake cluster knows and does.
#[derive(Default)]
pub(crate) struct Known {
    /// `state`, `finalStatus` and `diagnostics` of the one application, once there is one.
    pub(crate) application: Option<[String; 3]>,
    /// Whether it still answers for an id.
    pub(crate) has_forgotten: bool,
    /// The HTTP status of the answer to a request to end it; 0 does it.
    pub(crate) refuses: u16,
    /// The driver's logs.
    pub(crate) logs: BTreeMap<String, String>,
    /// Requests, as they came.
    pub(crate) asked: Vec<String>,
}

/// Answers until the process ends.
pub(crate) struct FakeYarn {
    pub(crate) url: String,
    known: Arc<Mutex<Known>>,
}

impl FakeYarn {
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a free port");
        let url = format!("http://{}", listener.local_addr().expect("bound"));
        let known: Arc<Mutex<Known>> = Arc::default();
        let (here, of_thread) = (url.clone(), known.clone());
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (here, known) = (here.clone(), of_thread.clone());
                std::thread::spawn(move || answer(&stream, &here, &known));
            }
        });
        Self { url, known }
    }

    pub(crate) fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn says(&self, state: &str, final_status: &str, diagnostics: &str) {
        self.known().application = Some([state, final_status, diagnostics].map(str::to_owned));
    }
}

fn answer(mut stream: &TcpStream, here: &str, known: &Mutex<Known>) {
    let mut reader = BufReader::new(stream.try_clone().expect("a stream"));
    loop {
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            match reader.read_line(&mut head) {
                Ok(0) | Err(_) => return,
                Ok(_) => {}
            }
        }
        let length = head.lines().find_map(|line| {
            line.to_ascii_lowercase().strip_prefix("content-length: ")?.parse::<usize>().ok()
        });
        let mut body = vec![0; length.unwrap_or(0)];
        if reader.read_exact(&mut body).is_err() {
            return;
        }
        let request = head.lines().next().unwrap_or_default().to_owned();
        let known = &mut *known.lock().unwrap_or_else(PoisonError::into_inner);
        known.asked.push(format!("{request} {}", String::from_utf8_lossy(&body)));
        let (status, kind, content) = answer_to(&request, here, known);
        let length = content.len();
        let answer = format!(
            "HTTP/1.1 {status} x\r\ncontent-type: {kind}\r\ncontent-length: {length}\r\n\r\n{content}"
        );
        if stream.write_all(answer.as_bytes()).is_err() {
            return;
        }
    }
}

fn answer_to(request: &str, here: &str, known: &mut Known) -> (u16, &'static str, String) {
    let json = |value: Value| (200, "application/json", value.to_string());
    let mut words = request.split(' ');
    let (method, target) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    if path == "/ws/v1/cluster/info" {
        return json(json!({"clusterInfo": {"hadoopVersion": "3.3.6"}}));
    }
    if path == "/ws/v1/cluster/apps" {
        let apps = match &known.application {
            Some(application) => json!({"app": [report(application, here)]}),
            None => Value::Null,
        };
        return json(json!({"apps": apps}));
    }
    if method == "PUT" {
        if known.refuses != 0 {
            let message = "The default static user cannot carry out this operation.";
            let error = json!({"RemoteException": {"message": message}});
            return (known.refuses, "application/json", error.to_string());
        }
        known.application = Some(["KILLED", "KILLED", "by a request"].map(str::to_owned));
        return json(json!({"state": "KILLED"}));
    }
    if path == format!("/ws/v1/cluster/apps/{ID}") {
        return match known.application.as_ref().filter(|_| !known.has_forgotten) {
            Some(application) => json(json!({"app": report(application, here)})),
            None => (404, "application/json", json!({"RemoteException": {}}).to_string()),
        };
    }
    let logs = [
        format!("/ws/v1/node/containerlogs/{CONTAINER}/"),
        format!("/history/containerlogs/{CONTAINER}/"),
    ];
    let name = logs.iter().find_map(|logs| path.strip_prefix(logs.as_str()));
    match name.and_then(|name| Some((name, known.logs.get(name)?))) {
        Some((name, log)) => {
            let most =
                query.split("size=-").nth(1).and_then(|rest| rest.split('&').next()?.parse().ok());
            let start = log.len().saturating_sub(most.unwrap_or(usize::MAX));
            let text = format!(
                "Container: {CONTAINER} on node-1:8041\nLogAggregationType: LOCAL\n===\nLogType:{name}\n\
                 LogLength:{}\nLogContents:\n{}\nEnd of LogType:{name}\n***\n",
                log.len(),
                &log[start..]
            );
            (200, "text/plain", text)
        }
        None => (404, "application/json", json!({"RemoteException": {}}).to_string()),
    }
}

fn report([state, final_status, diagnostics]: &[String; 3], here: &str) -> Value {
    json!({
        "id": ID,
        "state": state,
        "finalStatus": final_status,
        "diagnostics": diagnostics,
        "amContainerLogs": format!("{here}/node/containerlogs/{CONTAINER}/etl"),
        "queue": "default",
    })
}

/// A fake Spark with attempts on a fake cluster.
pub(crate) struct Lake {
    pub(crate) bench: Bench,
    pub(crate) yarn: FakeYarn,
    pub(crate) cluster: Cluster,
    pub(crate) target: YarnTarget,
}

impl Lake {
    /// `submit` is the text of the fake `spark-submit`.
    pub(crate) fn with_submit(submit: &str) -> Self {
        let yarn = FakeYarn::start();
        let bench = Bench::with_submit(submit);
        let address = YarnAddress {
            resource_managers: vec![yarn.url.clone()],
            user: Some("etl".to_owned()),
            logs: None,
        };
        Self {
            cluster: cluster_at(&address),
            target: YarnTarget {
                address,
                conf_dir: bench.root.join("conf"),
                python: None,
                event_logs: None,
                principal: None,
                keytab: None,
            },
            bench,
            yarn,
        }
    }

    pub(crate) fn intent(&self, run: &str) -> Intent {
        self.bench.intent(run).on(Target::Yarn(Box::new(self.target.clone())))
    }

    pub(crate) fn submit(&self, intent: &Intent) -> Result<Launched, Error> {
        let conf = BTreeMap::from([("spark.yarn.queue".to_owned(), "etl".to_owned())]);
        let launch = Launch {
            program: Program::PySpark("pass\n"),
            working_directory: Path::new("/"),
            conf: &conf,
            master: None,
            cores: None,
            listener: Some(Listener {
                jar: "/data/listener.jar".into(),
                url: "http://127.0.0.1:7878/ingest/live".to_owned(),
                token: "ingest-only".to_owned(),
            }),
            environment: BTreeMap::from([("HTTP_PROXY".to_owned(), "proxy".to_owned())]),
            secrets: BTreeMap::new(),
        };
        let spark = LocalSpark::find(&self.bench.host(), None).expect("the fake Spark");
        spark.submit(intent, &launch)
    }

    pub(crate) fn submitted(&self, run: &str) -> Identity {
        self.submit(&self.intent(run)).expect("submitted").identity
    }
}

pub(crate) fn cluster_at(address: &YarnAddress) -> Cluster {
    // Another test may have been first.
    let _ = rustls::crypto::ring::default_provider().install_default();
    Cluster::Yarn(YarnCluster::new(address.clone()).expect("a client"))
}
