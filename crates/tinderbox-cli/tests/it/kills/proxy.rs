//! Stands before a server and tells a trap of every request, by its method.

use super::moments::{Moment, Trap};
use std::io::{Read as _, Write as _};
use std::net::{Shutdown, TcpStream};
use std::sync::{Arc, Mutex};

const METHODS: [&str; 5] = ["GET", "POST", "PATCH", "PUT", "DELETE"];

/// Forwards to `server`, `http://HOST:PORT`, as long as the process lives; answers its own address. Requests of one
/// connection follow each other (HTTP/1.1), so that an answer belongs to the last one.
pub fn before(server: &str, trap: Trap) -> String {
    let (listener, url) = super::wire::listen();
    let server = server.trim_start_matches("http://").trim_end_matches('/').to_owned();
    std::thread::spawn(move || {
        for client in listener.incoming().flatten() {
            let Ok(upstream) = TcpStream::connect(&server) else { continue };
            let kind = Arc::new(Mutex::new("GET"));
            let back = (upstream.try_clone().unwrap(), client.try_clone().unwrap());
            let (asking, answering) = ((kind.clone(), trap.clone()), (kind, trap.clone()));
            std::thread::spawn(move || ask(client, upstream, &asking.0, &asking.1));
            std::thread::spawn(move || answer(back.0, back.1, &answering.0, &answering.1));
        }
    });
    url
}

fn ask(mut client: TcpStream, mut upstream: TcpStream, kind: &Mutex<&'static str>, trap: &Trap) {
    let mut bytes = vec![0; 1 << 16];
    while let Ok(read @ 1..) = client.read(&mut bytes) {
        let begins = |method: &&&str| bytes[..read].starts_with(format!("{method} /").as_bytes());
        if let Some(method) = METHODS.iter().find(begins) {
            *kind.lock().unwrap() = method;
            trap.reached(&Moment::Asked(method));
            if trap.reached(&Moment::Dropped(method)) {
                break;
            }
        }
        if upstream.write_all(&bytes[..read]).is_err() {
            break;
        }
    }
    let _ = upstream.shutdown(Shutdown::Both);
}

fn answer(mut upstream: TcpStream, mut client: TcpStream, kind: &Mutex<&'static str>, trap: &Trap) {
    let mut bytes = vec![0; 1 << 16];
    while let Ok(read @ 1..) = upstream.read(&mut bytes) {
        let kind = *kind.lock().unwrap();
        trap.reached(&Moment::Done(kind));
        if client.write_all(&bytes[..read]).is_err() {
            break;
        }
        trap.reached(&Moment::Answered(kind));
    }
    let _ = client.shutdown(Shutdown::Both);
}
