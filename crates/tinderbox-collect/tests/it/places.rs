//! Places for event logs: the conformance suite puts the same files into each.

use crate::fake_http::{Answer, FakeHttp, Request};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use tempfile::TempDir;
use tinderbox_collect::{Access, AccessOptions, Location};

/// Where files can be put and read as event logs.
pub trait Put {
    /// Writes or replaces a file; parts of its name have slashes between.
    fn put(&self, name: &str, bytes: &[u8]);
    /// Removes a file.
    fn remove(&self, name: &str);
    /// The location of a name; of the root when it is empty.
    fn at(&self, name: &str) -> Location;
}

/// A directory on this machine.
pub struct Directory(pub TempDir);

impl Directory {
    pub fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    pub fn path(&self, name: &str) -> PathBuf {
        if name.is_empty() { self.0.path().to_owned() } else { self.0.path().join(name) }
    }
}

impl Put for Directory {
    fn put(&self, name: &str, bytes: &[u8]) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }

    fn remove(&self, name: &str) {
        fs::remove_file(self.path(name)).unwrap();
    }

    fn at(&self, name: &str) -> Location {
        Location::Local(self.path(name))
    }
}

/// Access to a server on this machine that speaks S3.
pub fn s3_access(endpoint: &str) -> Access {
    let setting = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    Access::new(AccessOptions {
        settings: vec![
            setting("AWS_ENDPOINT_URL", endpoint),
            setting("AWS_ACCESS_KEY_ID", "test-key"),
            setting("AWS_SECRET_ACCESS_KEY", "test-secret"),
            setting("AWS_REGION", "us-east-1"),
        ],
        ..AccessOptions::default()
    })
}

/// moto's server: Amazon's S3 as far as its own tests compare the two. Ended when dropped.
pub struct Moto {
    child: Child,
    endpoint: String,
    bucket: String,
    http: Plain,
    access: Access,
}

impl Moto {
    /// `None` when the environment of `TINDERBOX_MOTO` is missing, which is a failure under `TINDERBOX_REQUIRE_ALL`.
    pub fn start() -> Option<Self> {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let home = std::env::var_os("TINDERBOX_MOTO").map(PathBuf::from);
        let Some(server) = home.map(|home| home.join("bin/moto_server")).filter(|s| s.exists())
        else {
            assert!(
                std::env::var_os("TINDERBOX_REQUIRE_ALL").is_none(),
                "TINDERBOX_MOTO names no environment with moto; scripts/setup.sh test makes one"
            );
            println!("not run: there is no moto server (TINDERBOX_MOTO)");
            return None;
        };
        let port = crate::free_port::free_address().port();
        let child = Command::new(server)
            .args(["-H", "127.0.0.1", "-p", &port.to_string()])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let endpoint = format!("http://127.0.0.1:{port}");
        let http = Plain { address: format!("127.0.0.1:{port}") };
        let moto =
            Self { child, access: s3_access(&endpoint), endpoint, bucket: "logs".to_owned(), http };
        let begun = Instant::now();
        while !moto.http.answers() {
            assert!(
                begun.elapsed() < Duration::from_secs(60),
                "moto comes up at {}",
                moto.endpoint
            );
            std::thread::sleep(Duration::from_millis(100));
        }
        assert!(moto.http.send("PUT", "/logs", b"").starts_with("HTTP/1.1 200"));
        Some(moto)
    }

    pub fn location(&self, url: &str) -> Location {
        Location::parse(url, &self.access).unwrap()
    }
}

impl Put for Moto {
    fn put(&self, name: &str, bytes: &[u8]) {
        let answer = self.http.send("PUT", &format!("/{}/events/{name}", self.bucket), bytes);
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    }

    fn remove(&self, name: &str) {
        self.http.send("DELETE", &format!("/{}/events/{name}", self.bucket), b"");
    }

    fn at(&self, name: &str) -> Location {
        self.location(&format!("s3://{}/events/{name}", self.bucket))
    }
}

impl Drop for Moto {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// HTTP as far as a test needs it to put files.
struct Plain {
    address: String,
}

impl Plain {
    fn answers(&self) -> bool {
        std::net::TcpStream::connect(&self.address).is_ok()
    }

    fn send(&self, method: &str, path: &str, body: &[u8]) -> String {
        use std::io::{Read, Write};
        let mut stream = std::net::TcpStream::connect(&self.address).unwrap();
        let head = format!(
            "{method} {path} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n\
             Authorization: AWS4-HMAC-SHA256 Credential=test-key/20260101/us-east-1/s3/aws4_request\r\n\
             Content-Length: {}\r\n\r\n",
            self.address,
            body.len()
        );
        stream.write_all(head.as_bytes()).unwrap();
        stream.write_all(body).unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).unwrap();
        String::from_utf8_lossy(&answer).into_owned()
    }
}

/// An object of [`FakeS3`].
pub type Objects = Arc<Mutex<BTreeMap<String, Vec<u8>>>>;

/// As much of S3 as is read here, with faults on demand: before an answer is sent, `fault` may replace it.
pub struct FakeS3 {
    pub server: FakeHttp,
    pub objects: Objects,
}

impl FakeS3 {
    pub fn start(fault: impl Fn(u32, &Request, Answer) -> Answer + Send + Sync + 'static) -> Self {
        let objects = Objects::default();
        let (stored, requests) = (objects.clone(), AtomicU32::new(0));
        let server = FakeHttp::start(move |request| {
            let number = requests.fetch_add(1, Ordering::Relaxed);
            let answer = answer_of(request, &stored.lock().unwrap());
            fault(number, request, answer)
        });
        Self { server, objects }
    }

    pub fn put(&self, name: &str, bytes: &[u8]) {
        self.objects.lock().unwrap().insert(name.to_owned(), bytes.to_vec());
    }

    pub fn at(&self, name: &str) -> Location {
        Location::parse(&format!("s3://logs/{name}"), &s3_access(&self.server.url())).unwrap()
    }
}

fn answer_of(request: &Request, objects: &BTreeMap<String, Vec<u8>>) -> Answer {
    let (path, query) = request.target.split_once('?').unwrap_or((&request.target, ""));
    if query.contains("list-type=2") {
        let value = |name: &str| {
            let found = query.split('&').find_map(|pair| pair.strip_prefix(&format!("{name}=")));
            found.unwrap_or_default().replace("%2F", "/")
        };
        return Answer::ok(listing(objects, &value("prefix"), &value("delimiter")));
    }
    let Some(bytes) = objects.get(path.trim_start_matches("/logs/")) else {
        return Answer::status(404, "<Error><Code>NoSuchKey</Code></Error>");
    };
    let e_tag = e_tag(bytes);
    if request.header("if-match").is_some_and(|wanted| wanted != e_tag) {
        return Answer::status(412, "<Error><Code>PreconditionFailed</Code></Error>");
    }
    let header = |name: &str, value: String| (name.to_owned(), value);
    let mut headers = vec![
        header("ETag", e_tag),
        header("Last-Modified", "Fri, 20 Nov 2026 18:58:31 GMT".to_owned()),
    ];
    let Some(range) = request.header("range").and_then(|range| range.strip_prefix("bytes=")) else {
        return Answer { headers, ..Answer::ok(bytes.clone()) };
    };
    let (from, to) = range.split_once('-').unwrap();
    let (from, to): (usize, usize) = (from.parse().unwrap(), to.parse().unwrap());
    let to = to.min(bytes.len() - 1);
    headers.push(header("Content-Range", format!("bytes {from}-{to}/{}", bytes.len())));
    Answer { status: 206, headers, ..Answer::ok(&bytes[from..=to]) }
}

fn e_tag(bytes: &[u8]) -> String {
    let sum =
        bytes.iter().fold(7u64, |sum, byte| sum.wrapping_mul(31).wrapping_add((*byte).into()));
    format!("\"{sum:x}\"")
}

fn listing(objects: &BTreeMap<String, Vec<u8>>, prefix: &str, delimiter: &str) -> String {
    let mut contents = String::new();
    let mut prefixes = std::collections::BTreeSet::new();
    for (key, bytes) in objects.iter().filter(|(key, _)| key.starts_with(prefix)) {
        match key[prefix.len()..].split_once('/') {
            Some((below, _)) if !delimiter.is_empty() => {
                prefixes.insert(format!("{prefix}{below}/"));
            }
            _ => contents.push_str(&format!(
                "<Contents><Key>{key}</Key><LastModified>2026-11-20T18:58:31.250Z</LastModified>\
                 <ETag>{}</ETag><Size>{}</Size></Contents>",
                e_tag(bytes).replace('"', "&quot;"),
                bytes.len()
            )),
        }
    }
    for prefix in prefixes {
        contents.push_str(&format!("<CommonPrefixes><Prefix>{prefix}</Prefix></CommonPrefixes>"));
    }
    format!("<ListBucketResult><IsTruncated>false</IsTruncated>{contents}</ListBucketResult>")
}

/// Whether rights of files bind this process.
pub fn is_bound_by_rights(path: &Path) -> bool {
    fs::read_dir(path).is_err()
}
