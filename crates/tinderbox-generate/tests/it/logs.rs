//! Event logs tell what the tables tell: folded by the reader of real logs, each figure is the same.

use crate::data_set::{order_of, plan};
use tinderbox_generate::{Job, JobStatus, Order, Plan, Stage, StageStatus, write_log};
use tinderbox_model::{
    Application, JobStatus as SparkStatus, PlanNode, StageStatus as SparkStage, Task, TaskStatus,
};
use tinderbox_spark::Fold;

fn folded(plan: &Plan, job: &Job) -> (Application, Vec<Task>) {
    let mut bytes = Vec::new();
    let written = write_log(plan, job, &mut bytes).unwrap();
    assert_eq!(written, bytes.len() as u64);
    let mut fold = Fold::new();
    let mut tasks = Vec::new();
    for line in bytes.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
        fold.line(line, &mut |task| tasks.push(task));
    }
    let complete = fold.completeness();
    assert_eq!(complete.bad_lines + complete.contradictions, 0, "{complete:?}");
    assert!(complete.unknown_events.is_empty(), "{complete:?}");
    (fold.finish(), tasks)
}

fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap()
}

fn check_stage(job: &Job, stage: &Stage, found: &tinderbox_model::Stage) {
    let metrics = &found.metrics;
    let counts = (found.tasks.complete, found.tasks.failed, found.tasks.killed);
    let expected = (stage.num_completed_tasks, stage.num_failed_tasks, stage.num_killed_tasks);
    assert_eq!((counts.0.into(), counts.1.into(), counts.2.into()), expected, "{stage:?}");
    assert_eq!(i64::from(found.num_tasks), stage.num_tasks);
    for (name, found, expected) in [
        ("run", metrics.executor_run_time.0, stage.run_ms),
        ("cpu", metrics.executor_cpu_time.0, stage.cpu_ms * 1_000_000),
        ("gc", metrics.jvm_gc_time.0, stage.gc_ms),
        ("input", metrics.input_bytes.0, stage.input_bytes),
        ("output", metrics.output_bytes.0, stage.output_bytes),
        ("shuffle read", metrics.shuffle_read_bytes().0, stage.shuffle_read_bytes),
        ("shuffle write", metrics.shuffle_write_bytes.0, stage.shuffle_write_bytes),
        ("records read", metrics.shuffle_read_records, stage.shuffle_read_records),
        ("records written", metrics.shuffle_write_records, stage.shuffle_write_records),
        ("memory spill", metrics.memory_bytes_spilled.0, stage.memory_spill_bytes),
        ("disk spill", metrics.disk_bytes_spilled.0, stage.disk_spill_bytes),
    ] {
        assert_eq!(signed(found), expected, "{name} of {stage:?}");
    }
    let submitted = found.submission_time.unwrap().0;
    assert_eq!(submitted, job.start_ms + stage.start_ms);
    if stage.status != StageStatus::Running {
        assert_eq!(found.completion_time.unwrap().0 - submitted, stage.duration_ms);
    }
    let status = match stage.status {
        StageStatus::Completed => SparkStage::Complete,
        StageStatus::Failed => SparkStage::Failed,
        _ => SparkStage::Active,
    };
    assert_eq!(found.status, status);
}

#[test]
fn folded_logs_have_the_figures_of_the_tables() {
    let scenarios =
        ["skew", "oom", "executor-loss", "speculation", "dynamic-allocation", "streaming-lag"];
    let seen = check(Order { days: 1, ..order_of(600, &scenarios) });
    assert!(seen.iter().all(|count| *count > 0), "{seen:?}");
}

#[test]
fn so_have_those_with_few_and_with_many_tasks() {
    let scenarios =
        ["oom", "executor-loss=0.3", "slow-driver", "speculation", "dynamic-allocation"];
    for (seed, tasks) in [(1, (1, 1)), (2, (2, 12)), (3, (900, 1_500))] {
        let order = order_of(250, &scenarios);
        check(Order { days: 1, seed, tasks_per_job: Some(tasks), ..order });
    }
}

#[test]
fn copies_of_slow_tasks_run_beside_them_and_are_killed_when_they_complete() {
    let plan = plan(Order { days: 1, ..order_of(60, &["speculation=1"]) });
    let (mut copies, mut real) = (0, 0);
    plan.for_each_job(0, |job| {
        let (_, tasks) = folded(&plan, job);
        let ran_well = |task: &Task| {
            let stages = job.stages.iter().filter(|stage| stage.status.has_run());
            let stage = stages.clone().nth(usize::try_from(task.stage.stage.0).unwrap()).unwrap();
            stage.status == StageStatus::Completed
        };
        for copy in tasks.iter().filter(|task| task.status == TaskStatus::Killed && ran_well(task))
        {
            assert!(copy.speculative, "{copy:?}");
            let original = tasks.iter().find(|task| {
                (task.stage, task.index, task.attempt) == (copy.stage, copy.index, copy.attempt - 1)
            });
            let original = original.unwrap();
            assert_eq!(original.status, TaskStatus::Success);
            assert!(!original.speculative);
            assert_eq!(original.finish_time, copy.finish_time);
            assert!(original.launch_time < copy.launch_time, "{original:?} {copy:?}");
            copies += 1;
            if Some(copy.launch_time) < copy.finish_time {
                assert_ne!(original.executor, copy.executor);
                real += 1;
            }
        }
    });
    assert!(copies > 100 && real * 4 > copies * 3, "{real} of {copies}");
}

/// Answers how many jobs of each status there were.
fn check(order: Order) -> [u32; 3] {
    let plan = plan(order);
    let mut seen = [0; 3];
    for block in 0..plan.num_blocks() {
        plan.for_each_job(block, |job| {
            seen[job.status as usize] += 1;
            let (application, tasks) = folded(&plan, job);
            let ran: Vec<_> = job.stages.iter().filter(|stage| stage.status.has_run()).collect();
            for (stage, found) in ran.iter().zip(&application.stages) {
                check_stage(job, stage, found);
            }
            assert_eq!(application.start_time.unwrap().0, job.start_ms);
            assert_eq!(application.end_time.map(|time| time.0), job.end_ms());
            let status = match job.status {
                JobStatus::Completed => SparkStatus::Succeeded,
                JobStatus::Failed => SparkStatus::Failed,
                JobStatus::Running => SparkStatus::Running,
            };
            assert_eq!(application.jobs[0].status, status);
            check_tasks(job, &tasks);
            check_executors(job, &application, &tasks);
            check_sql(&plan, job, &application);
            check_batches(job, &application);
        });
    }
    seen
}

/// No core has two tasks at a time, and all executors have some.
fn check_tasks(job: &Job, tasks: &[Task]) {
    let mut executors: Vec<_> = tasks.iter().map(|task| task.executor.clone()).collect();
    executors.sort();
    executors.dedup();
    if job.status != JobStatus::Running {
        let all = signed(executors.len() as u64);
        assert!(all >= job.num_executors, "{all} of {}", job.num_executors);
    }
    for executor in &executors {
        let mut changes = Vec::new();
        for task in tasks.iter().filter(|task| task.executor == *executor) {
            let Some(finish) = task.finish_time else { continue };
            assert!(task.launch_time <= finish);
            changes.push((task.launch_time.0, 1));
            changes.push((finish.0, -1));
        }
        // Ends before starts at the same time.
        changes.sort_unstable();
        let mut active = 0_i64;
        for (_, change) in changes {
            active += change;
            assert!(active <= job.cores, "{active} tasks on {} cores", job.cores);
        }
    }
}

/// At no time are there more than the job has, and nobody works before he came or after he went.
fn check_executors(job: &Job, application: &Application, tasks: &[Task]) {
    let mut changes = Vec::new();
    let mut lost = 0;
    for executor in application.executors.iter().filter(|e| e.id.to_string() != "driver") {
        let added = executor.add_time.unwrap().0;
        changes.push((added, 1));
        if let Some(removed) = executor.remove_time {
            changes.push((removed.0, -1));
            let reason = executor.remove_reason.as_deref().unwrap();
            lost += i64::from(reason.contains("exited with code 137"));
        }
        for task in tasks.iter().filter(|task| task.executor == executor.id) {
            assert!(task.launch_time.0 >= added);
            let removed = executor.remove_time.map_or(i64::MAX, |time| time.0);
            assert!(task.finish_time.is_none_or(|time| time.0 <= removed));
        }
    }
    changes.sort_unstable();
    let (mut active, mut most) = (0, 0);
    for (_, change) in changes {
        active += change;
        most = most.max(active);
    }
    if job.status == JobStatus::Completed {
        assert_eq!(most, job.num_executors);
        assert_eq!(lost > 0, job.num_lost_executors > 0);
    }
}

/// One execution whose nodes are the operators.
fn check_sql(plan: &Plan, job: &Job, application: &Application) {
    let [execution] = application.sql.as_slice() else { panic!("one execution") };
    assert_eq!(execution.submission_time.0, job.start_ms);
    assert_eq!(execution.completion_time.map(|time| time.0), job.end_ms());
    assert_eq!(execution.plan.nodes.len(), job.stages.len());
    for (index, stage) in job.stages.iter().enumerate() {
        let has_figures =
            |node: &&PlanNode| node.metrics[0].accumulator.0 == signed(index as u64 * 5);
        let node = execution.plan.nodes.iter().find(has_figures).unwrap();
        let name = &plan.models().job_types[job.job_type].operators[index].name;
        assert_eq!(node.name, *name);
        let stages: Vec<_> = node.stages.iter().map(|id| id.0).collect();
        let has_tasks = stage.num_completed_tasks > 0;
        assert_eq!(stages, if has_tasks { vec![index as i64] } else { vec![] }, "{stage:?}");
        let is_complete = stage.status == StageStatus::Completed;
        let is_last = index + 1 == job.stages.len();
        for (name, expected) in [
            (
                "number of output rows",
                if is_last { stage.records } else { stage.shuffle_write_records },
            ),
            ("shuffle bytes written", stage.shuffle_write_bytes),
            ("spill size", stage.memory_spill_bytes),
            ("peak memory", stage.peak_memory_bytes),
            ("duration", stage.run_ms),
        ] {
            let found = node.metric(name).map(signed);
            assert_eq!(found.filter(|_| is_complete), is_complete.then_some(expected), "{name}");
        }
    }
}

/// Batches read what the first operator reads.
fn check_batches(job: &Job, application: &Application) {
    let rows = |query: &tinderbox_model::StreamingQuery| {
        query.batches.iter().map(|batch| signed(batch.input_rows)).sum::<i64>()
    };
    match application.streaming.as_slice() {
        [] => assert_eq!(job.num_batches, 0),
        [query] => {
            if job.status == JobStatus::Completed {
                assert_eq!(signed(query.num_batches), job.num_batches);
                assert_eq!(rows(query), job.stages[0].records);
            }
            assert_eq!(query.terminated, job.status != JobStatus::Running);
        }
        more => panic!("{more:?}"),
    }
}
