//! Results in a real S3 that checks signatures, also over connections that break.

use std::collections::VecDeque;
use std::io::{BufRead, BufReader, ErrorKind, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread;
use tinderbox_collect::{Access, AccessOptions, Created, Error, Location, Remote};
use tinderbox_model::{Bytes, ErrorClass};

/// moto with users and signatures. It ends when its standard input does, that is with the test.
struct SignedS3 {
    python: PathBuf,
    child: Child,
    port: u16,
    id: String,
    secret: String,
}

impl SignedS3 {
    fn start() -> Option<Self> {
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
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/s3_with_signatures.py");
        let mut child = Command::new(&python)
            .arg(script)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let told = lines.find_map(|line| {
            serde_json::from_str::<serde_json::Value>(&line.unwrap())
                .ok()
                .filter(|told| told.is_object())
        });
        let told = told.unwrap_or_else(|| panic!("the server does not say where it is"));
        let text = |key: &str| told[key].as_str().unwrap().to_owned();
        let port = u16::try_from(told["port"].as_u64().unwrap()).unwrap();
        Some(Self { python, child, port, id: text("id"), secret: text("secret") })
    }

    /// The keys of objects of which there are parts only, as another client sees them.
    fn unfinished(&self) -> String {
        let program = "import boto3, sys\n\
            client = boto3.client('s3', endpoint_url=sys.argv[1], region_name='us-east-1')\n\
            found = client.list_multipart_uploads(Bucket='results').get('Uploads', [])\n\
            print(' '.join(one['Key'] for one in found), end='')";
        let output = Command::new(&self.python)
            .args(["-c", program, &format!("http://127.0.0.1:{}", self.port)])
            .env("AWS_ACCESS_KEY_ID", &self.id)
            .env("AWS_SECRET_ACCESS_KEY", &self.secret)
            .env("NO_PROXY", "127.0.0.1")
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }

    fn at(&self, url: &str) -> Remote {
        remote(url, self.port, &self.id, &self.secret)
    }
}

impl Drop for SignedS3 {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn remote(url: &str, port: u16, id: &str, secret: &str) -> Remote {
    let setting = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    let access = Access::new(AccessOptions {
        settings: vec![
            setting("AWS_ENDPOINT_URL", &format!("http://127.0.0.1:{port}")),
            setting("AWS_ACCESS_KEY_ID", id),
            setting("AWS_SECRET_ACCESS_KEY", secret),
            setting("AWS_REGION", "us-east-1"),
        ],
        ..AccessOptions::default()
    });
    match Location::parse(url, &access).unwrap() {
        Location::Remote(remote) => remote,
        Location::Local(path) => panic!("{}", path.display()),
    }
}

const MOST: Bytes = Bytes(64 << 20);

fn large() -> Vec<u8> {
    (0..20_000_000_u32).map(|n| u8::try_from((n ^ (n >> 9)) & 0xff).unwrap()).collect()
}

#[test]
fn results_are_written_once_and_never_replaced() {
    let Some(s3) = SignedS3::start() else { return };
    // moto makes another signature of lists of names beyond ASCII, so what is not there is looked for without.
    assert!(!s3.at("s3://results/user/result").is_there().unwrap());
    let result = s3.at("s3://results/ü ser/result/job_001/output/1_nodes.json");
    assert!(matches!(result.content(MOST).unwrap_err(), Error::Missing { .. }));
    assert_eq!(result.create(b"{\"row_count\": 4}").unwrap(), Created::New);
    assert_eq!(result.create(b"{\"row_count\": 4}").unwrap(), Created::Same);
    for other in [&b"{\"row_count\": 5}"[..], b"", b"longer than what is there"] {
        let error = result.create(other).unwrap_err();
        assert!(
            matches!(&error, Error::Exists { place } if place.ends_with("1_nodes.json")),
            "{error:?}"
        );
        assert!(
            error.hint().contains("nothing is overwritten") && error.class() == ErrorClass::USER
        );
    }
    assert_eq!(result.content(MOST).unwrap(), b"{\"row_count\": 4}");
    let error = result.content(Bytes(3)).unwrap_err();
    assert!(
        matches!(&error, Error::Unreadable { source, .. } if source.kind() == ErrorKind::FileTooLarge)
    );
    assert!(result.is_there().unwrap());
    s3.at("s3://results/user/result/x").create(b"x").unwrap();
    for there in ["s3://results/user", "s3://results/user/result", "s3://results/user/result/x"] {
        assert!(s3.at(there).is_there().unwrap(), "{there}");
    }
    let odd = s3.at("s3://results").with_key("100% ~#\"ü/result/x y.json").unwrap();
    assert_eq!(odd.create(b"odd").unwrap(), Created::New);
    let same = s3.at("s3://results/100%25%20~%23%22%C3%BC/result/x%20y.json");
    assert_eq!(same.content(MOST).unwrap(), b"odd", "the key is the very text");
    for key in ["a//b", "a/../b", "./a", "a\nb"] {
        assert!(matches!(odd.with_key(key).unwrap_err(), Error::Key { .. }), "{key}");
    }
    let empty = s3.at("s3://results/empty");
    assert_eq!(empty.create(b"").unwrap(), Created::New);
    assert_eq!(empty.content(MOST).unwrap(), b"");

    let bytes = large();
    let whole = s3.at("s3://results/large");
    assert_eq!(whole.create(&bytes).unwrap(), Created::New);
    assert_eq!(whole.create(&bytes).unwrap(), Created::Same);
    assert!(whole.content(MOST).unwrap() == bytes);
    let parts = s3.at("s3://results/parts");
    let mut upload = parts.upload();
    upload.write_all(&bytes).unwrap();
    assert_eq!(upload.keep().unwrap(), Bytes(20_000_000));
    assert!(parts.content(MOST).unwrap() == bytes, "sent in two parts");
}

#[test]
fn of_writers_at_the_same_time_one_wins() {
    let Some(s3) = SignedS3::start() else { return };
    let s3 = &s3;
    let results: Vec<(u8, Result<Created, Error>)> = thread::scope(|scope| {
        let writers: Vec<_> = (0..6_u8)
            .map(|n| scope.spawn(move || (n, s3.at("s3://results/one").create(&[n; 50_000]))))
            .collect();
        writers.into_iter().map(|writer| writer.join().unwrap()).collect()
    });
    let winners: Vec<u8> = results
        .iter()
        .filter(|(_, result)| matches!(result, Ok(Created::New)))
        .map(|(n, _)| *n)
        .collect();
    assert_eq!(winners.len(), 1, "{results:?}");
    assert_eq!(s3.at("s3://results/one").content(MOST).unwrap(), vec![winners[0]; 50_000]);
    let others = results.iter().filter(|(n, _)| *n != winners[0]);
    others
        .for_each(|(_, result)| assert!(matches!(result, Err(Error::Exists { .. })), "{result:?}"));
}

#[test]
fn wrong_credentials_and_buckets_are_classified() {
    let Some(s3) = SignedS3::start() else { return };
    let key = "s3://results/refused";
    for (id, secret) in [(s3.id.as_str(), "a-wrong-secret"), ("AKIAUNKNOWN", s3.secret.as_str())] {
        let place = remote(key, s3.port, id, secret);
        let error = place.create(b"x").unwrap_err();
        let Error::Unwritable { source, .. } = &error else { panic!("{error:?}") };
        assert_eq!(source.kind(), ErrorKind::PermissionDenied, "{source}");
        assert_eq!(error.class(), ErrorClass::USER);
        assert!(error.hint().contains("credentials"), "{}", error.hint());
        assert!(!format!("{error:?}").contains(secret), "{error:?}");
        let error = place.is_there().unwrap_err();
        assert!(
            matches!(&error, Error::Unreadable { source, .. } if source.kind() == ErrorKind::PermissionDenied),
            "{error:?}"
        );
    }
    assert!(!s3.at(key).is_there().unwrap());
    let nowhere = s3.at("s3://no-such-bucket/key");
    assert!(matches!(nowhere.create(b"x").unwrap_err(), Error::Missing { .. }));
    assert!(matches!(nowhere.is_there().unwrap_err(), Error::Missing { .. }));
}

#[test]
fn connections_that_break_are_made_again_or_told() {
    let Some(s3) = SignedS3::start() else { return };
    let proxy = CuttingProxy::start(s3.port);
    let at = |key: &str| remote(&format!("s3://results/{key}"), proxy.port, &s3.id, &s3.secret);
    let bytes = vec![7_u8; 1_000_000];
    proxy.cut([Cut::Request(64_000), Cut::Request(0)]);
    assert_eq!(at("request").create(&bytes).unwrap(), Created::New);
    // The store has it, and nobody is told: the second try finds its own object.
    proxy.cut([Cut::Answer(0)]);
    assert_eq!(at("answer").create(&bytes).unwrap(), Created::Same);
    // Between them somebody else cannot have replaced it.
    assert!(matches!(at("answer").create(b"other").unwrap_err(), Error::Exists { .. }));
    assert!(s3.at("s3://results/request").content(MOST).unwrap() == bytes);
    // What is read goes on where it broke.
    proxy.cut([Cut::Answer(300_000), Cut::Answer(0), Cut::Answer(200_000)]);
    assert!(at("request").content(MOST).unwrap() == bytes);
    proxy.cut(std::iter::repeat_n(Cut::Request(1_000), 1_000));
    let error = at("never").create(&bytes).unwrap_err();
    assert!(matches!(error, Error::Unwritable { .. }), "{error:?}");
    assert_eq!(error.class(), ErrorClass::EXTERNAL);
    assert!(error.hint().contains("try again"));
    assert!(!s3.at("s3://results/never").is_there().unwrap());
}

#[test]
fn large_objects_are_there_as_a_whole_or_not_at_all() {
    let Some(s3) = SignedS3::start() else { return };
    let proxy = CuttingProxy::start(s3.port);
    let at = |key: &str| remote(&format!("s3://results/{key}"), proxy.port, &s3.id, &s3.secret);
    let bytes: Vec<u8> = [large(), large()].concat();
    let send = |place: &Remote| {
        let mut upload = place.upload();
        upload.write_all(&bytes)?;
        upload.keep()
    };
    // Each part on its way is cut once, in the middle of it or before its answer.
    proxy.cut([Cut::Request(9_000_000), Cut::Answer(0), Cut::Request(64_000)]);
    assert_eq!(send(&at("cut")).unwrap(), Bytes(40_000_000));
    assert!(s3.at("s3://results/cut").content(MOST).unwrap() == bytes, "sent in three parts");

    let mut upload = at("given-up").upload();
    upload.write_all(&bytes).unwrap();
    upload.flush().unwrap();
    drop(upload);
    assert!(!s3.at("s3://results/given-up").is_there().unwrap());
    let refused = remote("s3://results/refused", s3.port, &s3.id, "a-wrong-secret");
    let error = send(&refused).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::PermissionDenied, "{error}");
    assert!(!s3.at("s3://results/refused").is_there().unwrap());
    assert_eq!(
        s3.unfinished(),
        "",
        "stores keep, and bill, parts of objects that are not completed"
    );
}

/// How a connection ends.
#[derive(Debug, Clone, Copy)]
enum Cut {
    /// After so many bytes of what the client sends.
    Request(usize),
    /// After so many bytes of the server's answer.
    Answer(usize),
}

/// Passes connections on, and breaks the next ones as it is told.
struct CuttingProxy {
    port: u16,
    cuts: Arc<Mutex<VecDeque<Cut>>>,
}

impl CuttingProxy {
    fn start(server: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let cuts: Arc<Mutex<VecDeque<Cut>>> = Arc::default();
        let told = Arc::clone(&cuts);
        // Ends with the process.
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let cut = told.lock().unwrap().pop_front();
                thread::spawn(move || pass(&client, server, cut));
            }
        });
        Self { port, cuts }
    }

    fn cut(&self, cuts: impl IntoIterator<Item = Cut>) {
        *self.cuts.lock().unwrap() = cuts.into_iter().collect();
    }
}

fn pass(client: &TcpStream, server: u16, cut: Option<Cut>) {
    let Ok(server) = TcpStream::connect(("127.0.0.1", server)) else { return };
    let end = || {
        let _ = client.shutdown(Shutdown::Both);
        let _ = server.shutdown(Shutdown::Both);
    };
    thread::scope(|scope| {
        scope.spawn(|| {
            let most = match cut {
                Some(Cut::Answer(bytes)) => bytes,
                _ => usize::MAX,
            };
            copy(&server, client, most);
            end();
        });
        let most = match cut {
            Some(Cut::Request(bytes)) => bytes,
            _ => usize::MAX,
        };
        copy(client, &server, most);
        end();
    });
}

/// Until one side ends, or so many bytes have passed and there are more.
fn copy(mut from: &TcpStream, mut to: &TcpStream, most: usize) {
    let mut left = most;
    let mut buffer = [0; 8_192];
    while let Ok(read) = from.read(&mut buffer) {
        let passed = read.min(left);
        left -= passed;
        if read == 0 || to.write_all(&buffer[..passed]).is_err() || passed < read {
            break;
        }
    }
}
