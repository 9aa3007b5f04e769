use crate::diagnostic::Report;
use crate::fields::Fields;
use std::collections::BTreeMap;
use tinderbox_model::{Bytes, SparkVersion, parse_bytes};

/// What a job asks of the cluster. What is left out is the engine's or Spark's default.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Cluster {
    /// The cluster profile that the job runs on when nobody says otherwise.
    pub profile: Option<String>,
    /// The Spark version that the job was made for.
    pub version: Option<SparkVersion>,
    /// The driver.
    pub driver: DriverSize,
    /// The executors.
    pub executor: ExecutorSize,
    /// Executors that come and go.
    pub dynamic_allocation: Option<DynamicAllocation>,
}

/// Size of the driver.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct DriverSize {
    /// Cores.
    pub cores: Option<u32>,
    /// Heap.
    pub memory: Option<Bytes>,
}

/// Number and size of executors.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ExecutorSize {
    /// How many.
    pub instances: Option<u32>,
    /// Cores of each.
    pub cores: Option<u32>,
    /// Heap of each.
    pub memory: Option<Bytes>,
}

/// `spark.dynamicAllocation`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DynamicAllocation {
    /// Whether it is on.
    pub enabled: bool,
    /// Lower bound.
    pub min_executors: Option<u32>,
    /// Upper bound.
    pub max_executors: Option<u32>,
}

/// Fields of `cluster` and the Spark property that each one is.
pub(crate) const CLUSTER_PROPERTIES: &[(&str, &str)] = &[
    ("driver.cores", "spark.driver.cores"),
    ("driver.memory", "spark.driver.memory"),
    ("dynamicAllocation.enabled", "spark.dynamicAllocation.enabled"),
    ("dynamicAllocation.maxExecutors", "spark.dynamicAllocation.maxExecutors"),
    ("dynamicAllocation.minExecutors", "spark.dynamicAllocation.minExecutors"),
    ("executor.cores", "spark.executor.cores"),
    ("executor.instances", "spark.executor.instances"),
    ("executor.memory", "spark.executor.memory"),
];

/// Spark refuses a heap below 1.5 times its reserved 300 MB.
/// Source: `org.apache.spark.memory.UnifiedMemoryManager.getMaxMemory`.
const LEAST_MEMORY: Bytes = Bytes(450 << 20);

impl Cluster {
    pub(crate) fn read(mut fields: Fields<'_>, report: &mut Report<'_>) -> Self {
        let profile = fields.text("profile", report).map(|text| text.text);
        let version = fields.text("version", report).and_then(|text| {
            let version = SparkVersion::parse(&text);
            if version.is_none() {
                let message = format!("`{}` is not a Spark version", text.text);
                report
                    .error("spec::wrong-value", text.span, &fields.path_of("version"), message)
                    .hint = Some("for example `version: \"3.5\"`".to_owned());
            }
            version
        });
        let driver = fields.block("driver", report).map(|mut fields| {
            let driver = DriverSize {
                cores: fields.count("cores", report),
                memory: memory(&mut fields, report),
            };
            fields.finish(report);
            driver
        });
        let executor = fields.block("executor", report).map(|mut fields| {
            let executor = ExecutorSize {
                instances: fields.count("instances", report),
                cores: fields.count("cores", report),
                memory: memory(&mut fields, report),
            };
            fields.finish(report);
            executor
        });
        let dynamic_allocation = fields
            .block("dynamicAllocation", report)
            .map(|fields| DynamicAllocation::read(fields, report));
        fields.finish(report);
        Self {
            profile,
            version,
            driver: driver.unwrap_or_default(),
            executor: executor.unwrap_or_default(),
            dynamic_allocation,
        }
    }

    /// The Spark properties that these fields are. Memory is written in whole `g`, `m` or `k`, because `spark-submit`
    /// hands the driver's text to the JVM as it is, and a JVM knows no `gb`.
    pub(crate) fn properties(&self) -> BTreeMap<&'static str, String> {
        let number = |number: u32| number.to_string();
        let mut properties = BTreeMap::new();
        let mut set = |key, value: Option<String>| {
            if let Some(value) = value {
                properties.insert(key, value);
            }
        };
        set("spark.driver.cores", self.driver.cores.map(number));
        set("spark.driver.memory", self.driver.memory.map(memory_text));
        set("spark.executor.cores", self.executor.cores.map(number));
        set("spark.executor.instances", self.executor.instances.map(number));
        set("spark.executor.memory", self.executor.memory.map(memory_text));
        if let Some(dynamic) = &self.dynamic_allocation {
            set("spark.dynamicAllocation.enabled", Some(dynamic.enabled.to_string()));
            set("spark.dynamicAllocation.maxExecutors", dynamic.max_executors.map(number));
            set("spark.dynamicAllocation.minExecutors", dynamic.min_executors.map(number));
        }
        properties
    }
}

impl DynamicAllocation {
    fn read(mut fields: Fields<'_>, report: &mut Report<'_>) -> Self {
        let allocation = Self {
            enabled: fields.boolean("enabled", report).unwrap_or(false),
            min_executors: fields.whole_number("minExecutors", 0, report),
            max_executors: fields.count("maxExecutors", report),
        };
        if let (Some(least), Some(most)) = (allocation.min_executors, allocation.max_executors)
            && least > most
        {
            let message = format!("`minExecutors` ({least}) is more than `maxExecutors` ({most})");
            report.error("spec::wrong-value", fields.span, &fields.path, message);
        }
        fields.finish(report);
        allocation
    }
}

/// A heap size; a bare number is MiB, as in Spark.
fn memory(fields: &mut Fields<'_>, report: &mut Report<'_>) -> Option<Bytes> {
    let text = fields.text("memory", report)?;
    let path = fields.path_of("memory");
    let Some(memory) = parse_bytes(&text, Bytes(1 << 20)) else {
        let message = format!("`{}` is not a memory size", text.text);
        report.error("spec::memory", text.span, &path, message).hint =
            Some("a whole number and a unit, for example `16g` or `512m`".to_owned());
        return None;
    };
    if memory < LEAST_MEMORY {
        let message = format!("`{}` is too little: Spark does not start below 450 MiB", text.text);
        report.error("spec::memory", text.span, &path, message).hint =
            Some("for example `1g`".to_owned());
    }
    Some(memory)
}

fn memory_text(memory: Bytes) -> String {
    let (g, m) = (1 << 30, 1 << 20);
    if memory.0.is_multiple_of(g) {
        format!("{}g", memory.0 / g)
    } else if memory.0.is_multiple_of(m) {
        format!("{}m", memory.0 / m)
    } else {
        format!("{}k", memory.0.div_ceil(1 << 10))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_written_as_a_jvm_reads_it() {
        assert_eq!(memory_text(Bytes(16 << 30)), "16g");
        assert_eq!(memory_text(Bytes(1536 << 20)), "1536m");
        assert_eq!(memory_text(Bytes((1 << 30) + 1)), "1048577k");
    }
}
