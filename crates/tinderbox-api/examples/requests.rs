//! Asks a server as many questions at a time as there are connections, and prints how long the answers took: what
//! `scripts/bench.sh serve` measures both servers with.
//!
//!     requests URL CONNECTIONS SECONDS < PATHS        one path a line, asked in turn until the time is over

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a program for measurements")]

use std::io::BufRead;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [url, connections, seconds] = arguments.as_slice() else {
        panic!("give URL, CONNECTIONS and SECONDS, and paths on the standard input");
    };
    let (connections, seconds): (usize, f64) =
        (connections.parse().unwrap(), seconds.parse().unwrap());
    let paths: Vec<String> =
        std::io::stdin().lock().lines().map(|path| format!("{url}{}", path.unwrap())).collect();
    assert!(!paths.is_empty(), "there is no path on the standard input");
    let (paths, next) = (Arc::new(paths), Arc::new(AtomicUsize::new(0)));
    let begin = Instant::now();
    let end = begin + Duration::from_secs_f64(seconds);
    let askers: Vec<_> = (0..connections)
        .map(|_| tokio::spawn(ask(Arc::clone(&paths), Arc::clone(&next), end)))
        .collect();
    let mut times: Vec<f64> = Vec::new();
    for asker in askers {
        times.extend(asker.await.unwrap());
    }
    let took = begin.elapsed().as_secs_f64();
    times.sort_by(f64::total_cmp);
    let at = |share: usize| times[(times.len() * share / 100).min(times.len() - 1)];
    println!(
        "{{\"connections\": {connections}, \"count\": {}, \"seconds\": {took}, \"p50_ms\": {}, \"p99_ms\": {}, \"max_ms\": {}}}",
        times.len(),
        at(50),
        at(99),
        at(100),
    );
}

/// Asks over one connection; answers the times in ms. A question that was asked in time is answered.
async fn ask(paths: Arc<Vec<String>>, next: Arc<AtomicUsize>, end: Instant) -> Vec<f64> {
    let client = reqwest::Client::builder().pool_max_idle_per_host(1).build().unwrap();
    let mut times = Vec::new();
    while Instant::now() < end {
        let path = &paths[next.fetch_add(1, Ordering::Relaxed) % paths.len()];
        let asked = Instant::now();
        let answer = client.get(path).send().await.unwrap();
        let status = answer.status();
        let body = answer.bytes().await.unwrap();
        assert!(status.is_success(), "{path}: {status}: {}", String::from_utf8_lossy(&body));
        times.push(asked.elapsed().as_secs_f64() * 1000.0);
    }
    times
}
