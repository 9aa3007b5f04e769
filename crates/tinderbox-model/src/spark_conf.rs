//! The configuration keys that Tinderbox reads or advises on: type, unit and default by version.
//! Source of defaults: Spark's configuration guide and `org.apache.spark.sql.internal.SQLConf` of 3.5.8 and 4.3.0.

use crate::{Bytes, Millis, SparkVersion};

/// What is known of one configuration key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ConfKey {
    /// Spark's key.
    pub key: &'static str,
    /// Type and unit of its value.
    pub kind: ConfType,
    /// Default in Spark 3.x; `None` when Spark has none.
    default_3: Option<&'static str>,
    /// Default from Spark 4.0 on, where it differs.
    default_4: Option<&'static str>,
    /// Whether it takes effect only when the JVM or the context starts, not on a running session.
    pub at_launch: bool,
}

impl ConfKey {
    /// Spark's default for `version`; for 3.x when the version is not known.
    pub fn default_in(&self, version: Option<&SparkVersion>) -> Option<&'static str> {
        match version {
            Some(version) if version.at_least(4, 0) => self.default_4.or(self.default_3),
            _ => self.default_3,
        }
    }
}

/// Type and unit of a configuration value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ConfType {
    /// `true` or `false`.
    Boolean,
    /// A whole number.
    Integer,
    /// A number with a fraction.
    Double,
    /// Bytes; a bare number means bytes.
    Bytes,
    /// Bytes; a bare number means MiB (memory settings of JVMs).
    MemoryMiB,
    /// A duration; a bare number means milliseconds.
    DurationMs,
    /// A duration; a bare number means seconds.
    DurationSeconds,
    /// Any text.
    Text,
}

const fn sql(key: &'static str, kind: ConfType, default: &'static str) -> ConfKey {
    ConfKey { key, kind, default_3: Some(default), default_4: None, at_launch: false }
}

const fn launch(key: &'static str, kind: ConfType, default: Option<&'static str>) -> ConfKey {
    ConfKey { key, kind, default_3: default, default_4: None, at_launch: true }
}

use ConfType::{
    Boolean, Bytes as ByteSize, Double, DurationMs, DurationSeconds, Integer, MemoryMiB, Text,
};

static KEYS: &[ConfKey] = &[
    sql("spark.sql.adaptive.enabled", Boolean, "true"),
    sql("spark.sql.adaptive.advisoryPartitionSizeInBytes", ByteSize, "64MB"),
    sql("spark.sql.adaptive.autoBroadcastJoinThreshold", ByteSize, "10MB"),
    sql("spark.sql.adaptive.coalescePartitions.enabled", Boolean, "true"),
    sql("spark.sql.adaptive.coalescePartitions.minPartitionSize", ByteSize, "1MB"),
    sql("spark.sql.adaptive.coalescePartitions.parallelismFirst", Boolean, "true"),
    sql("spark.sql.adaptive.skewJoin.enabled", Boolean, "true"),
    sql("spark.sql.adaptive.skewJoin.skewedPartitionFactor", Double, "5.0"),
    sql("spark.sql.adaptive.skewJoin.skewedPartitionThresholdInBytes", ByteSize, "256MB"),
    sql("spark.sql.autoBroadcastJoinThreshold", ByteSize, "10MB"),
    sql("spark.sql.broadcastTimeout", DurationSeconds, "300"),
    sql("spark.sql.files.maxPartitionBytes", ByteSize, "128MB"),
    sql("spark.sql.files.openCostInBytes", ByteSize, "4MB"),
    sql("spark.sql.shuffle.partitions", Integer, "200"),
    launch("spark.app.name", Text, None),
    launch("spark.default.parallelism", Integer, None),
    launch("spark.driver.cores", Integer, Some("1")),
    launch("spark.driver.extraClassPath", Text, None),
    launch("spark.driver.extraJavaOptions", Text, None),
    launch("spark.driver.extraLibraryPath", Text, None),
    launch("spark.driver.maxResultSize", ByteSize, Some("1g")),
    launch("spark.driver.memory", MemoryMiB, Some("1g")),
    launch("spark.driver.memoryOverhead", MemoryMiB, None),
    launch("spark.dynamicAllocation.enabled", Boolean, Some("false")),
    launch("spark.dynamicAllocation.executorIdleTimeout", DurationSeconds, Some("60s")),
    launch("spark.dynamicAllocation.maxExecutors", Integer, None),
    launch("spark.dynamicAllocation.minExecutors", Integer, Some("0")),
    ConfKey {
        key: "spark.eventLog.compress",
        kind: Boolean,
        default_3: Some("false"),
        default_4: Some("true"),
        at_launch: true,
    },
    ConfKey {
        key: "spark.eventLog.rolling.enabled",
        kind: Boolean,
        default_3: Some("false"),
        default_4: Some("true"),
        at_launch: true,
    },
    launch("spark.executor.cores", Integer, None),
    launch("spark.executor.instances", Integer, None),
    launch("spark.executor.memory", MemoryMiB, Some("1g")),
    launch("spark.executor.memoryOverhead", MemoryMiB, None),
    launch("spark.extraListeners", Text, None),
    launch("spark.jars", Text, None),
    launch("spark.jars.packages", Text, None),
    launch("spark.locality.wait", DurationMs, Some("3s")),
    launch("spark.master", Text, None),
    launch("spark.memory.fraction", Double, Some("0.6")),
    launch("spark.memory.storageFraction", Double, Some("0.5")),
    launch("spark.serializer", Text, Some("org.apache.spark.serializer.JavaSerializer")),
    launch("spark.speculation", Boolean, Some("false")),
    launch("spark.submit.pyFiles", Text, None),
    launch("spark.task.cpus", Integer, Some("1")),
    launch("spark.task.maxFailures", Integer, Some("4")),
];

/// What is known of `key`; `None` for keys that Tinderbox neither reads nor advises on.
pub fn conf_key(key: &str) -> Option<&'static ConfKey> {
    KEYS.iter().find(|known| known.key == key)
}

/// Reads Spark's byte texts: `10MB`, `100m`, `1g`, `512k`, `1024`, `64b`. `-1` and other negative values are `None`
/// (Spark: switched off). A bare number is in `unit_of_bare_number`, one byte or one MiB.
/// Source: `org.apache.spark.network.util.JavaUtils.byteStringAs`.
pub fn parse_bytes(text: &str, unit_of_bare_number: Bytes) -> Option<Bytes> {
    let text = text.trim().to_ascii_lowercase();
    let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let number: u64 = text[..digits].parse().ok()?;
    let unit = match text[digits..].trim() {
        "" => unit_of_bare_number.0,
        "b" => 1,
        "k" | "kb" => 1 << 10,
        "m" | "mb" => 1 << 20,
        "g" | "gb" => 1 << 30,
        "t" | "tb" => 1 << 40,
        "p" | "pb" => 1 << 50,
        _ => return None,
    };
    number.checked_mul(unit).map(Bytes)
}

/// Reads Spark's duration texts: `60s`, `3min`, `100ms`, `1h`, `2d`. A bare number is in `unit_of_bare_number`.
/// Source: `org.apache.spark.network.util.JavaUtils.timeStringAs`.
pub fn parse_duration(text: &str, unit_of_bare_number: Millis) -> Option<Millis> {
    let text = text.trim().to_ascii_lowercase();
    let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let number: u64 = text[..digits].parse().ok()?;
    let unit = match text[digits..].trim() {
        "" => unit_of_bare_number.0,
        "us" => return Some(Millis(number / 1_000)),
        "ms" => 1,
        "s" => 1_000,
        "m" | "min" => 60_000,
        "h" => 3_600_000,
        "d" => 86_400_000,
        _ => return None,
    };
    number.checked_mul(unit).map(Millis)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn byte_texts_are_sparks() {
        let byte = Bytes(1);
        assert_eq!(parse_bytes("10MB", byte), Some(Bytes(10 << 20)));
        assert_eq!(parse_bytes("100m", byte), Some(Bytes(100 << 20)));
        assert_eq!(parse_bytes("1024", byte), Some(Bytes(1024)));
        assert_eq!(parse_bytes("512", Bytes(1 << 20)), Some(Bytes(512 << 20)));
        assert_eq!(parse_bytes("-1", byte), None);
        assert_eq!(parse_bytes("10 parsecs", byte), None);
        assert_eq!(parse_bytes("99999999999999p", byte), None, "no overflow");
    }

    #[test]
    fn duration_texts_are_sparks() {
        assert_eq!(parse_duration("3min", Millis(1)), Some(Millis(180_000)));
        assert_eq!(parse_duration("300", Millis(1_000)), Some(Millis(300_000)));
        assert_eq!(parse_duration("soon", Millis(1)), None);
    }

    #[test]
    fn defaults_follow_the_version() {
        let rolling = conf_key("spark.eventLog.rolling.enabled").expect("known");
        assert_eq!(rolling.default_in(SparkVersion::parse("3.5.8").as_ref()), Some("false"));
        assert_eq!(rolling.default_in(SparkVersion::parse("4.3.0").as_ref()), Some("true"));
        assert_eq!(rolling.default_in(None), Some("false"));
    }

    #[test]
    fn keys_are_unique() {
        for (at, known) in KEYS.iter().enumerate() {
            assert!(KEYS[at + 1..].iter().all(|other| other.key != known.key), "{}", known.key);
        }
    }
}
