//! A server of the binary with a real S3 on loopback, and a Spark that is only played where a test is about the job alone.

use crate::place::{Place, Server, bare, free_address, over_http};
use serde_json::Value;
use std::collections::VecDeque;
use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;
use tinderbox_collect::{Access, AccessOptions, Location, Remote};
use tinderbox_model::Bytes;

/// The bucket that the S3 server has.
pub const BUCKET: &str = "results";

/// moto, which ends with its standard input, that is with the test.
pub struct S3 {
    child: Child,
    pub port: u16,
    pub id: String,
    pub secret: String,
}

impl S3 {
    /// `signed` checks signatures; with `open` everybody may do everything, for the SDK of Hadoop 3.3 signs in a way that moto
    /// does not follow.
    pub fn start(access: &str) -> Option<Self> {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let home = std::env::var_os("TINDERBOX_MOTO").map(PathBuf::from);
        let Some(python) = home.map(|home| home.join("bin/python")).filter(|path| path.exists())
        else {
            assert!(
                std::env::var_os("TINDERBOX_REQUIRE_ALL").is_none(),
                "TINDERBOX_MOTO names no environment with moto"
            );
            println!("not run: there is no moto server (TINDERBOX_MOTO)");
            return None;
        };
        let script = "../tinderbox-collect/tests/it/s3_with_signatures.py";
        let mut child = Command::new(python)
            .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join(script))
            .arg(access)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let told = lines
            .find_map(|line| {
                serde_json::from_str::<Value>(&line.unwrap()).ok().filter(Value::is_object)
            })
            .expect("the S3 server says where it is");
        let text = |key: &str| told[key].as_str().unwrap().to_owned();
        let port = u16::try_from(told["port"].as_u64().unwrap()).unwrap();
        Some(Self { child, port, id: text("id"), secret: text("secret") })
    }

    pub fn object(&self, key: &str) -> Remote {
        let setting = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let access = Access::new(AccessOptions {
            settings: vec![
                setting("AWS_ENDPOINT_URL", &format!("http://127.0.0.1:{}", self.port)),
                setting("AWS_ACCESS_KEY_ID", &self.id),
                setting("AWS_SECRET_ACCESS_KEY", &self.secret),
                setting("AWS_REGION", "us-east-1"),
            ],
            ..AccessOptions::default()
        });
        match Location::parse(&format!("s3://{BUCKET}"), &access).unwrap() {
            Location::Remote(remote) => remote.with_key(key).unwrap(),
            Location::Local(path) => panic!("{}", path.display()),
        }
    }

    pub fn put(&self, key: &str, text: &str) {
        self.object(key).create(text.as_bytes()).unwrap();
    }

    pub fn text(&self, key: &str) -> String {
        String::from_utf8(self.object(key).content(Bytes(1 << 20)).unwrap()).unwrap()
    }
}

impl Drop for S3 {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Plays Spark: notes that it was started, waits while there is a file `hold`, and writes what the program would: 8 s divided by
/// the number of executors, or what the file `error` says.
const DRIVER: &str = r#"import json, os, pathlib, re, sys, time

control = pathlib.Path(sys.argv[1])
source = pathlib.Path(sys.argv[2]).read_text()
arguments = json.loads(re.search(r"main\((\[.*\])\)\)\s*$", source).group(1))
options = dict(argument[2:].split("=", 1) for argument in arguments)
nodes = int(options["executors"])
with open(control / "launches", "a") as file:
    file.write(f"{nodes}\n")
if not os.environ.get("AWS_SECRET_ACCESS_KEY") and options["input"].startswith("s3a:"):
    sys.exit("no credentials in the environment")
print("started", flush=True)
while (control / "hold").exists():
    time.sleep(0.02)
written = {
    "spark_version": "3.5.8",
    "executors": nodes,
    "results": {task: nodes for task in options["tasks"].split(",")},
    "repeats": [{"seconds": 8 / nodes, "tasks": {}, "warm_up": False}] * int(options["repeats"]),
}
error = control / "error"
if error.exists():
    written = {"error": json.loads(error.read_text())}
with open(options["result"], "x") as file:
    json.dump(written, file)
sys.exit(3 if error.exists() else 0)
"#;

/// Everything that a test of a job needs.
pub struct Lab {
    pub place: Place,
    pub s3: S3,
    pub address: SocketAddr,
}

impl Lab {
    pub fn start(access: &str) -> Option<Self> {
        let lab = Self { place: Place::new(), s3: S3::start(access)?, address: free_address() };
        let executable = |name: &str, text: &str| {
            let path = lab.place.path(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(&path, text).unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        };
        executable("spark/jars/spark-core_2.12-3.5.8.jar", "");
        executable("control/driver.py", DRIVER);
        let control = lab.place.path("control").display().to_string();
        let submit = format!(
            "#!/bin/bash\nfor job; do :; done\nexec python3 '{control}/driver.py' '{control}' \"$job\"\n"
        );
        executable("spark/bin/spark-submit", &submit);
        executable(
            "java/bin/java",
            "#!/bin/sh\necho 'openjdk version \"17.0.15\" 2025-04-15' >&2\n",
        );
        Some(lab)
    }

    /// Tells the played Spark what to do.
    pub fn control(&self, file: &str) -> PathBuf {
        self.place.path("control").join(file)
    }

    /// How often Spark was started, by number of executors.
    pub fn launches(&self) -> Vec<String> {
        let text = fs::read_to_string(self.control("launches")).unwrap_or_default();
        text.lines().map(str::to_owned).collect()
    }

    /// The binary with the played Spark and the credentials of the S3.
    pub fn command(&self) -> Command {
        let mut command = bare();
        command
            .env("TINDERBOX_DATA_DIR", self.place.home())
            .env("TINDERBOX_SPARK_HOMES", self.place.path("spark"))
            .env("TINDERBOX_CACHE", self.place.path("cache"))
            .env("JAVA_HOME", self.place.path("java"))
            .env("AWS_ENDPOINT_URL", format!("http://127.0.0.1:{}", self.s3.port))
            .env("AWS_ACCESS_KEY_ID", &self.s3.id)
            .env("AWS_SECRET_ACCESS_KEY", &self.s3.secret)
            .env("AWS_REGION", "us-east-1")
            .env_remove("SPARK_HOME");
        command
    }

    pub fn serve(&self) -> Server {
        self.serve_with(|_| {})
    }

    pub fn serve_with(&self, change: impl FnOnce(&mut Command)) -> Server {
        let mut command = self.command();
        command.args(["serve", "--listen", &self.address.to_string()]);
        change(&mut command);
        if !command.get_args().any(|argument| argument == "--s3-bucket") {
            command.args(["--s3-bucket", BUCKET]);
        }
        Server::of(command)
    }
}

/// Sends a request; answers its status and its body.
pub fn call(server: &Server, method: &str, path: &str, body: &str) -> (u16, Value) {
    over_http(async |http| {
        let method = reqwest::Method::from_bytes(method.as_bytes()).unwrap();
        let request = http.request(method, format!("{}{path}", server.url));
        let request = request.timeout(Duration::from_secs(600));
        let answer = request.body(body.to_owned()).send().await.unwrap();
        let status = answer.status().as_u16();
        let text = answer.text().await.unwrap();
        (status, serde_json::from_str(&text).unwrap_or(Value::String(text)))
    })
}

/// Passes connections on to a server, and breaks as many of the next ones as it is told when they have sent `after` bytes.
pub struct CuttingProxy {
    pub port: u16,
    cuts: Arc<Mutex<VecDeque<usize>>>,
}

impl CuttingProxy {
    pub fn start(server: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let cuts: Arc<Mutex<VecDeque<usize>>> = Arc::default();
        let told = Arc::clone(&cuts);
        // Ends with the process.
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let after = told.lock().unwrap().pop_front().unwrap_or(usize::MAX);
                thread::spawn(move || pass(&client, server, after));
            }
        });
        Self { port, cuts }
    }

    pub fn cut(&self, times: usize, after: usize) {
        *self.cuts.lock().unwrap() = std::iter::repeat_n(after, times).collect();
    }

    /// Those that are still to be broken.
    pub fn left(&self) -> usize {
        self.cuts.lock().unwrap().len()
    }
}

fn pass(client: &TcpStream, server: u16, mut left: usize) {
    let Ok(server) = TcpStream::connect(("127.0.0.1", server)) else { return };
    let end = || {
        let _ = client.shutdown(Shutdown::Both);
        let _ = server.shutdown(Shutdown::Both);
    };
    thread::scope(|scope| {
        scope.spawn(|| {
            let _ = std::io::copy(&mut &server, &mut &*client);
            end();
        });
        let (mut from, mut to) = (client, &server);
        let mut buffer = [0; 4_096];
        while let Ok(read) = from.read(&mut buffer) {
            let passed = read.min(left);
            left -= passed;
            if read == 0 || to.write_all(&buffer[..passed]).is_err() || left == 0 {
                break;
            }
        }
        end();
    });
}
