//! Writes a pack of plausible tasks and asks it questions: `cargo run --release --example pack -- [TASKS] [THREADS]`.
//! Half of the tasks are of one stage. Prints times, sizes and the peak of memory.
#![allow(clippy::print_stdout, clippy::unwrap_used, reason = "a measurement prints")]
#![allow(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "figures to read"
)]

use std::fs;
use std::time::Instant;
use tinderbox_model::{
    AttemptNumber, Bytes, ExecutorId, Millis, Nanos, RunId, SharedText, StageAttemptId, StageId,
    Task, TaskId, TaskMetrics, TaskStatus, TimestampMs,
};
use tinderbox_table::{
    Direction, PackMetric, PackOptions, PackQuery, PackSort, PackWriter, RowOwner, write_tasks,
};

fn main() {
    let mut arguments = std::env::args().skip(1).map(|text| text.parse::<u64>().unwrap());
    let count = arguments.next().unwrap_or(1_000_000);
    let threads = arguments.next().unwrap_or(1) as usize;
    let folder = tempfile::tempdir().unwrap();
    let names: Vec<(ExecutorId, SharedText)> = (0..200)
        .map(|n| (ExecutorId::new(n.to_string()), SharedText::new(format!("worker-{n}.cluster"))))
        .collect();
    let local = SharedText::new("PROCESS_LOCAL");
    println!("made nothing yet: peak {} MB", peak_memory());

    let options = PackOptions { threads, ..PackOptions::default() };
    let path = folder.path().join("tasks.pack");
    let mut writer = PackWriter::create(&path, options).unwrap();
    let (mut pushing, mut batch) = (0.0, Vec::new());
    for start in (0..count).step_by(1_000) {
        batch.clear();
        batch.extend((start..(start + 1_000).min(count)).map(|n| task(n, count, &names, &local)));
        let began = thread_cpu_ms();
        for task in &batch {
            writer.push(task).unwrap();
        }
        pushing += thread_cpu_ms() - began;
    }
    println!("push: {:.0} ns of CPU a task", pushing * 1e6 / count as f64);
    println!("  peak {} MB", peak_memory());
    let began = Instant::now();
    let snapshot = writer.snapshot(&[]).unwrap();
    println!("snapshot: {:.1} ms, {} tasks", ms(began), snapshot.num_tasks());
    drop(snapshot);
    let (began, cpu) = (Instant::now(), cpu_seconds());
    let pack = writer.finish().unwrap();
    println!("finish: {:.2} s of CPU, {:.0} ms", cpu_seconds() - cpu, ms(began));
    let size = fs::metadata(&path).unwrap().len();
    println!("size: {:.1} MB, {:.1} bytes a task", size as f64 / 1e6, size as f64 / count as f64);
    println!("  peak {} MB", peak_memory());

    let stage = StageAttemptId { stage: StageId(0), attempt: 0 };
    let noise = |n: u64| n.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 20;
    measure("quantiles of 41 metrics", 300, |n| {
        let quantiles = [0.001, 0.05, 0.25, 0.5, 0.75, 0.95, (noise(n) % 1_000) as f64 / 1_000.0];
        pack.quantiles_of(stage, &PackMetric::ALL, &quantiles).unwrap().unwrap();
    });
    let figure = PackSort::Metric;
    for (name, sort, statuses, of) in [
        ("page by id", PackSort::Id, vec![], Some(stage)),
        ("page by id of all stages", PackSort::Id, vec![], None),
        ("page of failed by id", PackSort::Id, vec![TaskStatus::Failed], Some(stage)),
        ("page by run time", figure(PackMetric::ExecutorRunTime), vec![], Some(stage)),
        (
            "page of successes by run time",
            figure(PackMetric::ExecutorRunTime),
            vec![TaskStatus::Success],
            Some(stage),
        ),
        ("page by CPU time", figure(PackMetric::ExecutorCpuTime), vec![], Some(stage)),
        ("page by scheduler delay", figure(PackMetric::SchedulerDelay), vec![], Some(stage)),
        ("page by host", PackSort::Host, vec![], Some(stage)),
        ("page by error", PackSort::Error, vec![], Some(stage)),
        ("page by CPU time of all stages", figure(PackMetric::ExecutorCpuTime), vec![], None),
    ] {
        measure(name, 100, |n| {
            let direction = [Direction::Ascending, Direction::Descending][n as usize % 2];
            let offset = if statuses == [TaskStatus::Failed] { n } else { noise(n) % (count / 2) };
            let statuses = statuses.clone();
            let query = PackQuery {
                stage: of,
                statuses,
                sort,
                direction,
                offset,
                limit: 100,
                newest: None,
            };
            assert!(!pack.page(&query).unwrap().tasks.is_empty());
        });
    }
    let (began, mut seen) = (cpu_seconds(), 0_u64);
    pack.for_each(|_| seen += 1).unwrap();
    println!("all {seen} tasks: {:.2} s of CPU", cpu_seconds() - began);
    let began = cpu_seconds();
    let owner = RowOwner { run: RunId::new("r"), attempt: AttemptNumber(1), application: None };
    let written = write_tasks(&folder.path().join("tasks.parquet"), &[(owner, &pack)]).unwrap();
    let (cpu, size) = (cpu_seconds() - began, written.num_bytes.as_f64() / 1e6);
    println!("Parquet table: {cpu:.2} s of CPU, {size:.1} MB");
    println!("  peak {} MB", peak_memory());
}

fn measure(name: &str, times: u64, mut ask: impl FnMut(u64)) {
    let mut took: Vec<f64> = (0..times)
        .map(|n| {
            let began = thread_cpu_ms();
            ask(n);
            thread_cpu_ms() - began
        })
        .collect();
    took.sort_unstable_by(f64::total_cmp);
    let at = |share: f64| took[((took.len() as f64 * share) as usize).min(took.len() - 1)];
    let mean = took.iter().sum::<f64>() / took.len() as f64;
    println!("{name}: CPU mean {mean:.2} ms, p99 {:.2} ms", at(0.99));
}

fn ms(since: Instant) -> f64 {
    since.elapsed().as_secs_f64() * 1e3
}

/// Of this thread. Unlike wall time it says the same on a busy machine.
fn thread_cpu_ms() -> f64 {
    let stat = fs::read_to_string("/proc/thread-self/schedstat").unwrap();
    stat.split(' ').next().unwrap().parse::<f64>().unwrap() / 1e6
}

/// Of this process and its ended threads, user and system. A tick is 10 ms on every Linux.
fn cpu_seconds() -> f64 {
    let stat = fs::read_to_string("/proc/self/stat").unwrap();
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap().split_whitespace().collect();
    (fields[11].parse::<f64>().unwrap() + fields[12].parse::<f64>().unwrap()) / 100.0
}

fn peak_memory() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() / 1_024
}

/// Task `n` in the order of their ends: half of them of stage 0, the others of stages of 5,000 tasks.
fn task(n: u64, count: u64, names: &[(ExecutorId, SharedText)], local: &SharedText) -> Task {
    // Mixed well, or compression finds the pattern.
    let noise = n.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let noise = (noise ^ noise >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let noise = (noise ^ noise >> 27).wrapping_mul(0x94d0_49bb_1331_11eb) >> 24;
    let run = 200 + noise % 3_000 + if noise.is_multiple_of(50) { noise % 60_000 } else { 0 };
    let launch = 1_760_000_000_000 + (n / 100 * 300 - run.min(n / 100 * 300)) as i64;
    let (executor, host) = &names[noise as usize % names.len()];
    let failed = n % 1_000 == 7;
    let stage = if n < count / 2 { 0 } else { 1 + (n - count / 2) / 5_000 };
    // Tasks end a little out of order.
    let id = (n / 128 * 128 + (n * 77) % 128) as i64;
    Task {
        id: TaskId(id),
        stage: StageAttemptId { stage: StageId(stage as i64), attempt: 0 },
        index: id,
        attempt: 0,
        partition: id,
        launch_time: TimestampMs(launch),
        finish_time: Some(TimestampMs(launch + 20 + run as i64)),
        getting_result_time: None,
        executor: executor.clone(),
        host: host.clone(),
        locality: local.clone(),
        speculative: false,
        status: if failed { TaskStatus::Failed } else { TaskStatus::Success },
        error_message: failed.then(|| {
            format!(
                "java.lang.RuntimeException: row {n} of task {id}\n{}",
                "\tat a.b.C.d\n".repeat(20)
            )
        }),
        accumulables: Vec::new(),
        metrics: Some(TaskMetrics {
            executor_deserialize_time: Millis(noise % 20),
            executor_deserialize_cpu_time: Nanos(noise % 20_000_000),
            executor_run_time: Millis(run),
            executor_cpu_time: Nanos(run * 900_000 + noise % 999_983),
            result_size: Bytes(4_000 + noise % 500),
            jvm_gc_time: Millis(noise % 97),
            result_serialization_time: Millis(noise % 3),
            peak_execution_memory: Bytes(noise % 10_000 * 65_536),
            input_bytes: Bytes((1 << 27) + noise % 1_000_000),
            input_records: 1_000_000 + noise % 10_000,
            shuffle_remote_blocks_fetched: noise % 200,
            shuffle_local_blocks_fetched: noise % 11,
            shuffle_fetch_wait_time: Millis(noise % 31),
            shuffle_remote_bytes_read: Bytes(noise % 50_000_000),
            shuffle_local_bytes_read: Bytes(noise % 3_000_000),
            shuffle_read_records: noise % 700_000,
            shuffle_remote_requests_duration: Millis(noise % 67),
            shuffle_write_bytes: Bytes(noise % 40_000_000),
            shuffle_write_time: Nanos(noise % 90_000_000),
            shuffle_write_records: noise % 600_000,
            ..TaskMetrics::default()
        }),
    }
}
