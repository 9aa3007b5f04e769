use crate::{SqlMetric, SqlMetricKind};

/// What a metric of an operator is about, whatever Spark calls it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum MetricRole {
    /// Rows that the operator gives on, or wrote.
    OutputRows,
    /// Rows that it reads from a source, a shuffle or another operator.
    InputRows,
    /// Bytes that it gives on, or wrote.
    OutputBytes,
    /// Bytes that it reads.
    InputBytes,
    /// Time in it. Times of tasks are added up; of a block of generated code it is the time of all its operators.
    Time,
    /// Bytes that it spilled.
    Spill,
    /// Peak of its memory in bytes, added up over tasks.
    Memory,
}

impl MetricRole {
    /// The role of a metric; `None` for counts of files, blocks and the like.
    pub fn of(metric: &SqlMetric) -> Option<Self> {
        let (_, role) = ROLES.iter().find(|(name, _)| *name == metric.name)?;
        Some(*role)
    }
}

impl SqlMetric {
    /// Its value in bytes, rows or milliseconds, whichever its role has. `None` when nothing was reported.
    pub fn role_value(&self) -> Option<u64> {
        match self.kind {
            SqlMetricKind::NsTiming => self.value.map(|value| value / 1_000_000),
            _ => self.value,
        }
    }
}

/// Spark's names by role, from the `metrics` of the operators in `org.apache.spark.sql.execution` (3.5.8 and 4.2.0:
/// `DataSourceScanExec`, `SortExec`, `HashAggregateExec`, `ShuffleExchangeExec`, `BroadcastExchangeExec`,
/// `WholeStageCodegenExec`, `PythonSQLMetrics`, `BasicWriteJobStatsTracker`, `statefulOperators`) and from
/// `SQLShuffleReadMetricsReporter` and `SQLShuffleWriteMetricsReporter`. Parts of a time that is listed itself are left
/// out, so that nothing counts twice.
const ROLES: [(&str, MetricRole); 38] = [
    ("number of output rows", MetricRole::OutputRows),
    ("shuffle records written", MetricRole::OutputRows),
    ("number of copied rows", MetricRole::OutputRows),
    ("number of updated rows", MetricRole::OutputRows),
    ("number of input rows", MetricRole::InputRows),
    ("records read", MetricRole::InputRows),
    ("shuffle bytes written", MetricRole::OutputBytes),
    ("written output", MetricRole::OutputBytes),
    ("data size", MetricRole::OutputBytes),
    ("data size of build side", MetricRole::OutputBytes),
    ("data sent to Python workers", MetricRole::OutputBytes),
    ("size of files read", MetricRole::InputBytes),
    ("partition data size", MetricRole::InputBytes),
    ("local bytes read", MetricRole::InputBytes),
    ("remote bytes read", MetricRole::InputBytes),
    ("data returned from Python workers", MetricRole::InputBytes),
    ("duration", MetricRole::Time),
    ("scan time", MetricRole::Time),
    ("metadata time", MetricRole::Time),
    ("sort time", MetricRole::Time),
    ("time in aggregation build", MetricRole::Time),
    ("time to build hash map", MetricRole::Time),
    ("time to build", MetricRole::Time),
    ("time to collect", MetricRole::Time),
    ("time to broadcast", MetricRole::Time),
    ("shuffle write time", MetricRole::Time),
    ("fetch wait time", MetricRole::Time),
    ("task commit time", MetricRole::Time),
    ("job commit time", MetricRole::Time),
    ("dynamic partition pruning time", MetricRole::Time),
    ("time to start Python workers", MetricRole::Time),
    ("time to initialize Python workers", MetricRole::Time),
    ("time to run Python workers", MetricRole::Time),
    ("time to update", MetricRole::Time),
    ("time to commit changes", MetricRole::Time),
    ("spill size", MetricRole::Spill),
    ("peak memory", MetricRole::Memory),
    ("memory used by state", MetricRole::Memory),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::AccumulatorId;

    #[test]
    fn times_are_told_in_milliseconds() {
        let mut metric = SqlMetric {
            name: "shuffle write time".to_owned(),
            kind: SqlMetricKind::NsTiming,
            accumulator: AccumulatorId(1),
            value: Some(7_900_000),
            spread: None,
        };
        assert_eq!(MetricRole::of(&metric), Some(MetricRole::Time));
        assert_eq!(metric.role_value(), Some(7));
        metric.name = "number of files read".to_owned();
        assert_eq!(MetricRole::of(&metric), None);
    }

    #[test]
    fn a_name_has_one_role() {
        for (at, (name, _)) in ROLES.iter().enumerate() {
            assert!(ROLES[at + 1..].iter().all(|(other, _)| other != name), "{name}");
        }
    }
}
