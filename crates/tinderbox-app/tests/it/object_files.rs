//! Files of a data set in an object store: what holds in a folder holds there.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use tinderbox_app::sources::{Access, AccessOptions, Location, Remote};
use tinderbox_app::{FileStore, ObjectFiles, conformance};

/// moto's server, an S3 for tests. Ended when dropped.
struct Moto {
    child: Child,
    port: u16,
    access: Access,
}

impl Moto {
    /// `None` when the environment of `TINDERBOX_MOTO` is missing, which is a failure under `TINDERBOX_REQUIRE_ALL`.
    fn start() -> Option<Self> {
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
        let setting = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let access = Access::new(AccessOptions {
            settings: vec![
                setting("AWS_ENDPOINT", &format!("http://127.0.0.1:{port}")),
                setting("AWS_ALLOW_HTTP", "true"),
                setting("AWS_ACCESS_KEY_ID", "test-key"),
                setting("AWS_SECRET_ACCESS_KEY", "test-secret"),
                setting("AWS_REGION", "us-east-1"),
            ],
            ..AccessOptions::default()
        });
        let moto = Self { child, port, access };
        let begun = Instant::now();
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(begun.elapsed() < Duration::from_secs(60), "moto comes up at port {port}");
            std::thread::sleep(Duration::from_millis(100));
        }
        Some(moto)
    }

    fn remote(&self, url: &str) -> Remote {
        match Location::parse(url, &self.access).unwrap() {
            Location::Remote(remote) => remote,
            Location::Local(path) => panic!("{}", path.display()),
        }
    }

    /// Asks for a path; `None` unless the answer is 200.
    fn ask(&self, method: &str, path: &str) -> Option<Vec<u8>> {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        let path = path.replace(' ', "%20");
        let head = format!(
            "{method} {path} HTTP/1.1\r\nHost: 127.0.0.1:{}\r\nConnection: close\r\n\
             Authorization: AWS4-HMAC-SHA256 Credential=test-key/20260101/us-east-1/s3/aws4_request\r\n\
             Content-Length: 0\r\n\r\n",
            self.port,
        );
        stream.write_all(head.as_bytes()).unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).unwrap();
        let end = answer.windows(4).position(|four| four == b"\r\n\r\n").unwrap();
        answer.starts_with(b"HTTP/1.1 200").then(|| answer.split_off(end + 4))
    }
}

impl Drop for Moto {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn an_object_store_is_a_store_of_files() {
    let Some(moto) = Moto::start() else { return };
    let store = ObjectFiles::new(moto.remote("s3://sets/a/set"));
    let error = store.is_empty().unwrap_err().to_string();
    assert!(error.contains("sets"), "a bucket that is not there is named: {error}");
    moto.ask("PUT", "/sets").unwrap();
    conformance(&store, |name| moto.ask("GET", &format!("/sets/a/set/{name}")));
}
