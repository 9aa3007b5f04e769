//! The yardstick of `make bench`: how long one thread takes to read a plain event log, split it into lines and parse the
//! metrics of every task's end with serde into a struct, skipping everything else and keeping nothing.
//!
//! `cargo run --release -p tinderbox-spark --example typed_scan -- LOG` prints seconds as JSON.

use serde::Deserialize;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::time::Instant;

#[derive(Deserialize)]
struct TaskEnd {
    #[serde(rename = "Stage ID")]
    stage: u32,
    #[serde(rename = "Task Info")]
    info: Info,
    #[serde(rename = "Task Metrics")]
    metrics: Option<Metrics>,
}

#[derive(Deserialize)]
struct Info {
    #[serde(rename = "Task ID")]
    id: u64,
    #[serde(rename = "Launch Time")]
    launch: u64,
    #[serde(rename = "Finish Time")]
    finish: u64,
}

#[derive(Deserialize)]
struct Metrics {
    #[serde(rename = "Executor Run Time")]
    run: u64,
    #[serde(rename = "Executor CPU Time")]
    cpu: u64,
    #[serde(rename = "JVM GC Time")]
    gc: u64,
    #[serde(rename = "Result Size")]
    result: u64,
    #[serde(rename = "Memory Bytes Spilled")]
    memory_spilled: u64,
    #[serde(rename = "Disk Bytes Spilled")]
    disk_spilled: u64,
    #[serde(rename = "Shuffle Read Metrics")]
    read: ShuffleRead,
    #[serde(rename = "Shuffle Write Metrics")]
    write: ShuffleWrite,
    #[serde(rename = "Input Metrics")]
    input: Input,
}

#[derive(Deserialize)]
struct ShuffleRead {
    #[serde(rename = "Remote Bytes Read")]
    remote: u64,
    #[serde(rename = "Local Bytes Read")]
    local: u64,
    #[serde(rename = "Total Records Read")]
    records: u64,
}

#[derive(Deserialize)]
struct ShuffleWrite {
    #[serde(rename = "Shuffle Bytes Written")]
    bytes: u64,
    #[serde(rename = "Shuffle Write Time")]
    time: u64,
}

#[derive(Deserialize)]
struct Input {
    #[serde(rename = "Bytes Read")]
    bytes: u64,
    #[serde(rename = "Records Read")]
    records: u64,
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let path = std::env::args().nth(1).ok_or("give a log")?;
    let started = Instant::now();
    let mut reader = BufReader::with_capacity(1 << 20, File::open(path)?);
    let (mut line, mut bytes, mut tasks, mut sum) = (Vec::new(), 0_u64, 0_u64, 0_u64);
    while reader.read_until(b'\n', &mut line)? > 0 {
        bytes += line.len() as u64;
        if line.starts_with(br#"{"Event":"SparkListenerTaskEnd""#) {
            let event: TaskEnd = serde_json::from_slice(&line)?;
            tasks += 1;
            // Everything is used, so that nothing is left out by the compiler.
            sum = sum
                .wrapping_add(u64::from(event.stage) ^ event.info.id)
                .wrapping_add(event.info.finish.wrapping_sub(event.info.launch));
            if let Some(m) = event.metrics {
                let parts = [
                    m.run,
                    m.cpu,
                    m.gc,
                    m.result,
                    m.memory_spilled,
                    m.disk_spilled,
                    m.read.remote,
                    m.read.local,
                    m.read.records,
                    m.write.bytes,
                    m.write.time,
                    m.input.bytes,
                    m.input.records,
                ];
                sum = parts.into_iter().fold(sum, u64::wrapping_add);
            }
        }
        line.clear();
    }
    let seconds = started.elapsed().as_secs_f64();
    #[allow(clippy::print_stdout)]
    {
        println!(
            r#"{{"bytes": {bytes}, "tasks": {tasks}, "seconds": {seconds:.3}, "sum": {sum}}}"#
        );
    }
    Ok(())
}
