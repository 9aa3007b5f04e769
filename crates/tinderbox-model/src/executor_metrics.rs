use crate::Bytes;
use serde::{Deserialize, Serialize};

macro_rules! executor_metrics {
    ($($(#[$doc:meta])* $variant:ident = $name:literal,)+) => {
        /// What Spark samples of an executor, in the order of `ExecutorMetricType`. Memory is in bytes, times are in
        /// milliseconds, counts are counts.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum ExecutorMetric {
            $($(#[$doc])* $variant,)+
        }

        impl ExecutorMetric {
            /// All of them, in Spark's order.
            pub const ALL: [Self; [$($name),+].len()] = [$(Self::$variant),+];

            /// Spark's name, as in events and in its REST.
            pub fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)+
                }
            }
        }
    };
}

executor_metrics! {
    /// Used heap.
    JvmHeap = "JVMHeapMemory",
    /// Used memory of the JVM beside the heap.
    JvmOffHeap = "JVMOffHeapMemory",
    /// Execution memory on the heap.
    OnHeapExecution = "OnHeapExecutionMemory",
    /// Execution memory off the heap.
    OffHeapExecution = "OffHeapExecutionMemory",
    /// Storage memory on the heap.
    OnHeapStorage = "OnHeapStorageMemory",
    /// Storage memory off the heap.
    OffHeapStorage = "OffHeapStorageMemory",
    /// Execution and storage on the heap.
    OnHeapUnified = "OnHeapUnifiedMemory",
    /// Execution and storage off the heap.
    OffHeapUnified = "OffHeapUnifiedMemory",
    /// Direct buffers.
    DirectPool = "DirectPoolMemory",
    /// Mapped buffers.
    MappedPool = "MappedPoolMemory",
    /// Virtual memory of the JVM; 0 unless process-tree metrics are on, as for the next five.
    ProcessTreeJvmV = "ProcessTreeJVMVMemory",
    /// Resident memory of the JVM.
    ProcessTreeJvmRss = "ProcessTreeJVMRSSMemory",
    /// Virtual memory of Python workers.
    ProcessTreePythonV = "ProcessTreePythonVMemory",
    /// Resident memory of Python workers.
    ProcessTreePythonRss = "ProcessTreePythonRSSMemory",
    /// Virtual memory of other children.
    ProcessTreeOtherV = "ProcessTreeOtherVMemory",
    /// Resident memory of other children.
    ProcessTreeOtherRss = "ProcessTreeOtherRSSMemory",
    /// Young collections.
    MinorGcCount = "MinorGCCount",
    /// Time of young collections.
    MinorGcTime = "MinorGCTime",
    /// Old collections.
    MajorGcCount = "MajorGCCount",
    /// Time of old collections.
    MajorGcTime = "MajorGCTime",
    /// Time of all collections.
    TotalGcTime = "TotalGCTime",
    /// Concurrent collections; from Spark 4.0 on.
    ConcurrentGcCount = "ConcurrentGCCount",
    /// Time of concurrent collections; from Spark 4.0 on.
    ConcurrentGcTime = "ConcurrentGCTime",
}

const COUNT: usize = ExecutorMetric::ALL.len();

/// Peaks of an executor's metrics (Spark: `ExecutorMetrics`). Either none or all of them were reported; a metric that
/// the version does not know counts as 0 then.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PeakMemory(Option<[i64; COUNT]>);

impl PeakMemory {
    /// Of what an event holds: a value for each metric, zeros where it has none.
    pub fn of(value: impl Fn(ExecutorMetric) -> i64) -> Self {
        Self(Some(ExecutorMetric::ALL.map(value)))
    }

    /// Whether anything was reported (Spark: `ExecutorMetrics.isSet`).
    pub fn is_set(&self) -> bool {
        self.0.is_some()
    }

    /// The peak as Spark's REST shows it; `None` when nothing was reported.
    pub fn get(&self, metric: ExecutorMetric) -> Option<i64> {
        self.0.map(|values| values[metric as usize])
    }

    /// A peak of memory; zero when nothing was reported.
    pub fn bytes(&self, metric: ExecutorMetric) -> Bytes {
        Bytes::from_signed(self.get(metric).unwrap_or(0))
    }

    /// Sets one peak, the others stay or become 0.
    pub fn set(&mut self, metric: ExecutorMetric, value: i64) {
        self.0.get_or_insert([0; COUNT])[metric as usize] = value;
    }

    /// Takes the larger of each value. Spark writes a heap of -1 where nothing was measured, for example by an executor
    /// that was lost.
    pub fn raise_to(&mut self, other: &Self) {
        let Some(other) = other.0 else { return };
        if self.0.is_none() && other[ExecutorMetric::JvmHeap as usize] < 0 {
            return;
        }
        let values = self.0.get_or_insert(other);
        for (value, other) in values.iter_mut().zip(other) {
            *value = (*value).max(other);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn peaks_take_the_larger_of_each() {
        let mut peaks = PeakMemory::default();
        assert_eq!((peaks.is_set(), peaks.get(ExecutorMetric::JvmHeap)), (false, None));
        peaks.raise_to(&PeakMemory::of(|metric| i64::from(metric == ExecutorMetric::JvmHeap) * 7));
        peaks.raise_to(&PeakMemory::of(|metric| {
            i64::from(metric == ExecutorMetric::TotalGcTime) * 9
        }));
        assert_eq!(peaks.bytes(ExecutorMetric::JvmHeap), Bytes(7));
        assert_eq!(peaks.get(ExecutorMetric::TotalGcTime), Some(9));
    }

    #[test]
    fn an_unmeasured_heap_sets_nothing() {
        let unmeasured = PeakMemory::of(|metric| -i64::from(metric == ExecutorMetric::JvmHeap));
        let mut peaks = PeakMemory::default();
        peaks.raise_to(&unmeasured);
        assert!(!peaks.is_set());
        peaks.raise_to(&PeakMemory::of(|_| 0));
        peaks.raise_to(&unmeasured);
        assert_eq!(peaks.get(ExecutorMetric::JvmHeap), Some(0));
    }
}
