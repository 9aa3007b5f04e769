//! Builders of small applications for tests.

use tinderbox_model::{
    AccumulatorId, Application, Bytes, Distribution, Executor, ExecutorId, JobId, Millis, PlanEdge,
    PlanGraph, PlanNode, PlanNodeId, SparkVersion, SqlExecution, SqlExecutionId, SqlMetric,
    SqlMetricKind, SqlStatus, Stage, StageAttemptId, StageId, StageStatus, TaskBrief, TaskId,
    TaskMetrics, TimestampMs,
};

/// One mebibyte.
pub(crate) const MIB: u64 = 1 << 20;

/// A task of a test.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct TestTask {
    pub(crate) metrics: TaskMetrics,
    pub(crate) delay: Millis,
}

/// A task that runs so many milliseconds.
pub(crate) fn task(run_ms: u64) -> TestTask {
    let metrics = TaskMetrics { executor_run_time: Millis(run_ms), ..TaskMetrics::default() };
    TestTask { metrics, delay: Millis::ZERO }
}

impl TestTask {
    pub(crate) fn shuffle_read(mut self, mib: u64) -> Self {
        self.metrics.shuffle_local_bytes_read = Bytes(mib * MIB);
        self.metrics.shuffle_read_records = mib * 10_000;
        self
    }

    pub(crate) fn input(mut self, mib: u64) -> Self {
        self.metrics.input_bytes = Bytes(mib * MIB);
        self.metrics.input_records = mib * 10_000;
        self
    }

    pub(crate) fn gc(mut self, ms: u64) -> Self {
        self.metrics.jvm_gc_time = Millis(ms);
        self
    }

    /// Spills so much to disk and three times as much in memory, with as much execution memory.
    pub(crate) fn spill(mut self, mib: u64) -> Self {
        self.metrics.disk_bytes_spilled = Bytes(mib * MIB);
        self.metrics.memory_bytes_spilled = Bytes(3 * mib * MIB);
        self.metrics.peak_execution_memory = Bytes(3 * mib * MIB);
        self
    }

    pub(crate) fn delay(mut self, ms: u64) -> Self {
        self.delay = Millis(ms);
        self
    }
}

/// An ended application of Spark 3.5.8 on YARN that starts at 0 with one executor of four cores. Stages follow each
/// other, each as long as its tasks need on four cores.
pub(crate) fn application(wall_ms: i64, stages: Vec<(i64, Vec<TestTask>)>) -> Application {
    let mut app = Application {
        start_time: Some(TimestampMs(0)),
        end_time: Some(TimestampMs(wall_ms)),
        last_event_time: Some(TimestampMs(wall_ms)),
        spark_version: SparkVersion::parse("3.5.8"),
        executors: vec![executor("1", 4, 0)],
        stages: stages.into_iter().map(|(id, tasks)| stage(id, &tasks)).collect(),
        ..Application::default()
    };
    app.completeness.ended = true;
    set(&mut app, "spark.master", "yarn");
    app
}

/// An executor that stays to the end.
pub(crate) fn executor(id: &str, cores: u32, added: i64) -> Executor {
    Executor {
        host_port: String::from("host:1"),
        total_cores: cores,
        add_time: Some(TimestampMs(added)),
        ..Executor::new(ExecutorId::new(id))
    }
}

/// A stage all of whose tasks ended well, run on four cores by greedy placement.
pub(crate) fn stage(id: i64, tasks: &[TestTask]) -> Stage {
    let mut stage = Stage::new(StageAttemptId { stage: StageId(id), attempt: 0 });
    stage.status = StageStatus::Complete;
    stage.num_tasks = u32::try_from(tasks.len()).expect("few tasks");
    stage.tasks.complete = stage.num_tasks;
    let mut slots = [0_u64; 4];
    let spread = &mut stage.distributions;
    for (index, task) in (0..).zip(tasks) {
        let m = &task.metrics;
        let duration = m.executor_run_time + m.executor_deserialize_time + task.delay;
        *slots.iter_mut().min().expect("four") += duration.0;
        stage.metrics += m;
        let values: [(&mut Distribution, u64); 13] = [
            (&mut spread.duration, duration.0),
            (&mut spread.executor_run_time, m.executor_run_time.0),
            (&mut spread.jvm_gc_time, m.jvm_gc_time.0),
            (&mut spread.scheduler_delay, task.delay.0),
            (&mut spread.input_bytes, m.input_bytes.0),
            (&mut spread.input_records, m.input_records),
            (&mut spread.output_bytes, m.output_bytes.0),
            (&mut spread.shuffle_read_bytes, m.shuffle_read_bytes().0),
            (&mut spread.shuffle_read_records, m.shuffle_read_records),
            (&mut spread.shuffle_write_bytes, m.shuffle_write_bytes.0),
            (&mut spread.disk_bytes_spilled, m.disk_bytes_spilled.0),
            (&mut spread.memory_bytes_spilled, m.memory_bytes_spilled.0),
            (&mut spread.peak_execution_memory, m.peak_execution_memory.0),
        ];
        for (distribution, value) in values {
            distribution.add(value);
        }
        stage.slowest_tasks.push(TaskBrief {
            id: TaskId(index),
            index,
            executor: ExecutorId::new("1"),
            duration,
            metrics: *m,
        });
    }
    stage.slowest_tasks.sort_by_key(|task| std::cmp::Reverse(task.duration));
    stage.slowest_tasks.truncate(Stage::SLOWEST_LIMIT);
    let wall = slots.iter().max().copied().unwrap_or(0);
    stage.submission_time = Some(TimestampMs(0));
    stage.completion_time = Some(TimestampMs(i64::try_from(wall).expect("short")));
    stage
}

/// Sets a Spark property.
pub(crate) fn set(app: &mut Application, key: &str, value: &str) {
    app.environment.spark_properties.insert(key.to_owned(), value.to_owned());
}

/// Makes the application one JVM with four cores.
pub(crate) fn make_local(app: &mut Application) {
    set(app, "spark.master", "local[4]");
    app.executors = vec![executor("driver", 4, 0)];
}

/// Makes the application one whose log lost the ends of some tasks.
pub(crate) fn make_partial(app: &mut Application) {
    app.completeness.lost_task_ends = 3;
}

/// Makes every stage one that SQL execution 0 caused, with this plan.
pub(crate) fn make_sql(app: &mut Application, plan: PlanGraph) {
    let id = SqlExecutionId(0);
    for stage in &mut app.stages {
        stage.sql_execution = Some(id);
    }
    app.sql = vec![SqlExecution {
        description: String::from("save at job.py:1"),
        plan,
        completion_time: app.end_time,
        status: SqlStatus::Completed,
        jobs: vec![JobId(0)],
        stages: app.stages.iter().map(|stage| stage.id.stage).collect(),
        ..SqlExecution::new(id)
    }];
}

/// An operator of a plan with its metrics and the stages that ran it.
pub(crate) fn node(
    id: i64,
    text: &str,
    metrics: &[(&str, SqlMetricKind, u64)],
    stages: &[i64],
) -> PlanNode {
    let metric = |&(name, kind, value): &(&str, SqlMetricKind, u64)| SqlMetric {
        name: name.to_owned(),
        kind,
        accumulator: AccumulatorId(0),
        value: Some(value),
        spread: None,
    };
    PlanNode {
        id: PlanNodeId(id),
        name: text.split(" [").next().unwrap_or(text).to_owned(),
        description: text.to_owned(),
        codegen_stage: None,
        metrics: metrics.iter().map(metric).collect(),
        stages: stages.iter().copied().map(StageId).collect(),
    }
}

/// A plan of nodes and (producer, consumer) pairs.
pub(crate) fn plan(nodes: Vec<PlanNode>, edges: &[(i64, i64)]) -> PlanGraph {
    let edge = |&(from, to): &(i64, i64)| PlanEdge { from: PlanNodeId(from), to: PlanNodeId(to) };
    PlanGraph { nodes, edges: edges.iter().map(edge).collect() }
}
