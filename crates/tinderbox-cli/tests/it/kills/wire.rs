//! HTTP of servers that tell a trap of every question.

use super::moments::{Moment, Trap};
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;

pub struct Request {
    pub method: String,
    pub path: String,
    pub body: Vec<u8>,
}

pub fn listen() -> (TcpListener, String) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    (listener, url)
}

/// Answers as long as the process lives; without an answer the connection is closed.
pub fn serve(
    listener: TcpListener,
    trap: Trap,
    kind_of: fn(&Request) -> &'static str,
    answer: impl Fn(&str, &Request) -> Option<(u16, String)> + Send + Sync + 'static,
) {
    let answer = Arc::new(answer);
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let (trap, answer) = (trap.clone(), answer.clone());
            std::thread::spawn(move || converse(stream, &trap, kind_of, &*answer));
        }
    });
}

/// Answers one connection until its other side is gone.
fn converse(
    stream: TcpStream,
    trap: &Trap,
    kind_of: fn(&Request) -> &'static str,
    answer: &(impl Fn(&str, &Request) -> Option<(u16, String)> + ?Sized),
) -> Option<()> {
    let mut reader = BufReader::new(stream.try_clone().ok()?);
    let mut writer = stream;
    loop {
        let request = read(&mut reader)?;
        let kind = kind_of(&request);
        trap.reached(&Moment::Asked(kind));
        if trap.reached(&Moment::Dropped(kind)) {
            return None;
        }
        let (status, body) = answer(kind, &request)?;
        trap.reached(&Moment::Done(kind));
        let head = format!("HTTP/1.1 {status} Said\r\nContent-Length: {}\r\n\r\n", body.len());
        writer.write_all(head.as_bytes()).ok()?;
        writer.write_all(body.as_bytes()).ok()?;
        trap.reached(&Moment::Answered(kind));
    }
}

fn read(reader: &mut BufReader<TcpStream>) -> Option<Request> {
    let mut first = String::new();
    reader.read_line(&mut first).ok().filter(|read| *read > 0)?;
    let mut length = 0;
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        if let Some(value) = line.to_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().unwrap();
        }
        if line.trim().is_empty() {
            break;
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    let mut words = first.split(' ').map(str::to_owned);
    Some(Request { method: words.next()?, path: words.next()?, body })
}
