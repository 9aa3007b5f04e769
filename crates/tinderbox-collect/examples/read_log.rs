//! Reads one log and prints how long that took: `cargo run --release -p tinderbox-collect --example read_log LOG`.

use std::path::Path;
use std::time::Instant;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let path = std::env::args().nth(1).ok_or("give a log")?;
    let started = Instant::now();
    let mut tasks = 0_u64;
    let application = tinderbox_collect::read(&Path::new(&path).into(), &mut |_| tasks += 1)?;
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let peak = status.lines().find(|line| line.starts_with("VmHWM")).unwrap_or("").to_owned();
    eprintln!(
        "{tasks} tasks, {} stages, {:?}, {peak}",
        application.stages.len(),
        started.elapsed()
    );
    Ok(())
}
