use crate::conf_text::{MIB, memory_text, round_up};
use crate::report::Stake;
use std::collections::BTreeMap;
use tinderbox_model::{
    Application, Bytes, Millis, Patch, SqlExecution, SqlExecutionId, Stage, StageId, StageStatus,
    TimestampMs, parse_bytes,
};

/// What every rule needs to know of an application, computed once.
pub(crate) struct Facts<'a> {
    /// The application.
    pub(crate) application: &'a Application,
    /// Sum of executor run time over all stage attempts.
    pub(crate) task_time: Millis,
    /// From start to end; `None` when either is not known.
    pub(crate) wall_time: Option<Millis>,
    /// Tasks that could run at once when most executors were there; `None` when no executor was seen.
    pub(crate) slots: Option<u64>,
    /// Whether driver and executor are one JVM (`local`, `local[n]`): its memory is the driver's.
    pub(crate) is_local: bool,
    executions: BTreeMap<SqlExecutionId, &'a SqlExecution>,
}

impl<'a> Facts<'a> {
    pub(crate) fn new(application: &'a Application) -> Self {
        let mut facts = Self {
            application,
            task_time: application.stages.iter().map(|s| s.metrics.executor_run_time).sum(),
            wall_time: application.duration().filter(|wall| !wall.is_zero()),
            slots: None,
            is_local: false,
            executions: application.sql.iter().map(|sql| (sql.id, sql)).collect(),
        };
        facts.is_local = facts.conf("spark.master").is_some_and(is_local_master);
        facts.slots = facts.count_slots();
        facts
    }

    /// The value in force for `key`: what was set, else Spark's default.
    ///
    /// Settings changed in a running session (`spark.conf.set`) are not in the event log's environment.
    pub(crate) fn conf(&self, key: &str) -> Option<&'a str> {
        self.application.environment.conf(key, self.application.spark_version.as_ref())
    }

    /// A switch.
    pub(crate) fn flag(&self, key: &str) -> bool {
        self.conf(key).is_some_and(|value| value.trim().eq_ignore_ascii_case("true"))
    }

    /// A whole number.
    pub(crate) fn integer(&self, key: &str) -> Option<u64> {
        self.conf(key)?.trim().parse().ok()
    }

    /// A number with a fraction.
    pub(crate) fn number(&self, key: &str) -> Option<f64> {
        self.conf(key)?.trim().parse().ok().filter(|value: &f64| value.is_finite())
    }

    /// A size; a bare number means bytes. `None` for negative values, by which Spark switches things off.
    pub(crate) fn size(&self, key: &str) -> Option<Bytes> {
        parse_bytes(self.conf(key)?, Bytes(1))
    }

    /// A JVM memory; a bare number means mebibytes.
    pub(crate) fn memory(&self, key: &str) -> Option<Bytes> {
        parse_bytes(self.conf(key)?, Bytes(MIB))
    }

    /// Whether adaptive execution was on. It became the default in Spark 3.2 (SPARK-33679).
    pub(crate) fn adaptive(&self) -> bool {
        const KEY: &str = "spark.sql.adaptive.enabled";
        let was_set = self.application.environment.spark_properties.contains_key(KEY);
        let version = self.application.spark_version.as_ref();
        self.flag(KEY) && (was_set || version.is_none_or(|v| v.at_least(3, 2)))
    }

    /// Stage attempts of which every planned task was seen to end well: their sums and quantiles are true even
    /// when the application is partial.
    pub(crate) fn whole_stages(&self) -> impl Iterator<Item = &'a Stage> {
        self.application.stages.iter().filter(|stage| is_whole(stage))
    }

    /// Whether `stages` can be trusted: all are whole, and there is at least one.
    pub(crate) fn are_whole(&self, stages: &[StageId]) -> bool {
        !stages.is_empty()
            && stages.iter().all(|&id| {
                self.application.stages.iter().any(|stage| stage.id.stage == id && is_whole(stage))
            })
    }

    /// The attempts of the stages with these ids.
    pub(crate) fn attempts_of(&self, ids: &[StageId]) -> Vec<&'a Stage> {
        self.application.stages.iter().filter(|stage| ids.contains(&stage.id.stage)).collect()
    }

    /// The SQL execution that caused a stage.
    pub(crate) fn execution_of(&self, stage: &Stage) -> Option<&'a SqlExecution> {
        self.executions.get(&stage.sql_execution?).copied()
    }

    /// A share of all task time.
    pub(crate) fn task_stake(&self, low: Millis, high: Millis) -> Option<Stake> {
        (!self.task_time.is_zero()).then(|| Stake::new(low, high, self.task_time))
    }

    /// A share of the wall time.
    pub(crate) fn wall_stake(&self, low: Millis, high: Millis) -> Option<Stake> {
        Some(Stake::new(low, high, self.wall_time?))
    }

    /// What saving `task_time` in `stages` saves in wall time, at the parallelism that these stages had:
    /// `task time * wall time of the stages / task time of the stages`.
    pub(crate) fn as_wall(&self, task_time: Millis, stages: &[&Stage]) -> Option<Millis> {
        let wall: Millis = stages.iter().filter_map(|stage| stage.duration()).sum();
        let run: Millis = stages.iter().map(|stage| stage.metrics.executor_run_time).sum();
        Some(Millis(round_up(task_time.as_f64() * wall.share_of(run)?)).min(wall))
    }

    /// The field under `cluster` and the size of the heap in which tasks run: the driver's in local mode.
    pub(crate) fn task_heap(&self) -> (&'static str, Option<Bytes>) {
        if self.is_local {
            ("driver.memory", self.memory("spark.driver.memory"))
        } else {
            ("executor.memory", self.memory("spark.executor.memory"))
        }
    }

    /// Half as much heap again, rounded up to 512 MiB. The factor is that of gridatek/spark-optimizer for spilling
    /// applications (1.5); Spark's REST gives no better one.
    pub(crate) fn more_heap(&self) -> Option<Patch> {
        const STEP: u64 = 512 * MIB;
        let (field, heap) = self.task_heap();
        let wanted = heap.filter(|heap| !heap.is_zero())?.0.checked_mul(3)?.div_ceil(2);
        let rounded = wanted.div_ceil(STEP).checked_mul(STEP)?;
        Some(Patch::Resource { field: field.to_owned(), value: memory_text(Bytes(rounded)) })
    }

    fn count_slots(&self) -> Option<u64> {
        let cpus_per_task = self.integer("spark.task.cpus").unwrap_or(1).max(1);
        let cores = self.peak_cores().or_else(|| {
            let master = self.conf("spark.master").filter(|_| self.is_local)?;
            master.strip_prefix("local[")?.split([',', ']']).next()?.parse().ok()
        })?;
        Some((cores / cpus_per_task).max(1))
    }

    /// The largest number of cores that were registered at one time.
    fn peak_cores(&self) -> Option<u64> {
        let mut changes: Vec<(TimestampMs, bool, u64)> = Vec::new();
        for executor in self.application.executors.iter().filter(|e| e.total_cores > 0) {
            let cores = u64::from(executor.total_cores);
            changes.push((executor.add_time.unwrap_or(TimestampMs(i64::MIN)), true, cores));
            if let Some(removed) = executor.remove_time {
                changes.push((removed, false, cores));
            }
        }
        // `false` sorts first: a replaced executor does not count twice.
        changes.sort_unstable();
        let (mut now, mut peak) = (0_u64, 0_u64);
        for (_, added, cores) in changes {
            now = if added { now.saturating_add(cores) } else { now.saturating_sub(cores) };
            peak = peak.max(now);
        }
        (peak > 0).then_some(peak)
    }
}

/// Whether every planned task of a stage attempt was seen to end well.
pub(crate) fn is_whole(stage: &Stage) -> bool {
    stage.status == StageStatus::Complete
        && stage.num_tasks > 0
        && stage.tasks.complete >= stage.num_tasks
        && stage.distributions.executor_run_time.count() >= u64::from(stage.num_tasks)
}

fn is_local_master(master: &str) -> bool {
    master == "local" || master.starts_with("local[")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::{application, executor, set, task};

    #[test]
    fn slots_are_the_cores_registered_at_one_time() {
        let mut app = application(100_000, vec![]);
        set(&mut app, "spark.master", "yarn");
        app.executors = vec![executor("1", 4, 0), executor("2", 4, 10), executor("3", 4, 50)];
        app.executors[0].remove_time = Some(TimestampMs(50));
        assert_eq!(Facts::new(&app).slots, Some(8), "the third replaces the first");
        set(&mut app, "spark.task.cpus", "2");
        assert_eq!(Facts::new(&app).slots, Some(4));
    }

    #[test]
    fn local_master_tells_its_cores_when_no_executor_was_seen() {
        let mut app = application(100_000, vec![]);
        app.executors.clear();
        set(&mut app, "spark.master", "local[3, 2]");
        assert_eq!(Facts::new(&app).slots, Some(3));
        set(&mut app, "spark.master", "local-cluster[2,1,1024]");
        assert!(!Facts::new(&app).is_local, "local-cluster has executors of its own");
    }

    #[test]
    fn adaptive_execution_is_on_by_default_from_3_2() {
        let mut app = application(100_000, vec![]);
        app.spark_version = tinderbox_model::SparkVersion::parse("3.1.2");
        assert!(!Facts::new(&app).adaptive());
        set(&mut app, "spark.sql.adaptive.enabled", "true");
        assert!(Facts::new(&app).adaptive());
        app.environment.spark_properties.clear();
        app.spark_version = tinderbox_model::SparkVersion::parse("3.5.8");
        assert!(Facts::new(&app).adaptive());
    }

    #[test]
    fn more_heap_is_more_and_the_drivers_in_local_mode() {
        let mut app = application(100_000, vec![(0, vec![task(1_000)])]);
        set(&mut app, "spark.master", "local[2]");
        let patch = Facts::new(&app).more_heap().expect("the default is known");
        assert_eq!(patch.to_string(), "cluster.driver.memory=1536m");
        set(&mut app, "spark.master", "yarn");
        set(&mut app, "spark.executor.memory", "4g");
        let patch = Facts::new(&app).more_heap().expect("it was set");
        assert_eq!(patch.to_string(), "cluster.executor.memory=6g");
    }
}
