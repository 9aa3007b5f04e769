//! Rules on cluster, properties, schedule and monitoring.

use super::Lints;
use crate::operation::Operation;
use crate::spec::ScheduleType;
use std::collections::BTreeMap;
use tinderbox_model::{Bytes, parse_bytes};

/// Of more tasks at a time in one JVM each waits for the others' garbage collections, and HDFS serves one client no faster.
/// A rule of thumb of the guides to Spark on YARN, not a limit of Spark.
const MOST_CORES: u32 = 5;
/// From here on a JVM's pointers take eight bytes instead of four.
/// Source: `-XX:+UseCompressedOops` of HotSpot.
const LONG_POINTERS: Bytes = Bytes(32 << 30);
const LEAST_PER_CORE: Bytes = Bytes(1 << 30);
/// Executors that are worth giving back.
const MANY_EXECUTORS: u32 = 20;
/// When people use a cluster themselves.
const WORKING_HOURS: std::ops::Range<u32> = 8..18;
/// Spark's own is 0.6 (`spark.memory.fraction`).
const LEAST_FRACTION: f64 = 0.4;

pub(super) fn check(lints: &mut Lints<'_>) {
    executors(lints);
    partitions(lints);
    properties(lints);
    spot(lints);
    scaling(lints);
    schedule(lints);
}

/// What holds: properties over the `cluster` section.
fn conf(lints: &Lints<'_>) -> BTreeMap<String, String> {
    let cluster = lints.spec.cluster().properties();
    let mut conf: BTreeMap<String, String> =
        cluster.into_iter().map(|(key, value)| (key.to_owned(), value)).collect();
    conf.extend(lints.spec.conf().clone());
    conf
}

fn number(conf: &BTreeMap<String, String>, key: &str) -> Option<u32> {
    conf.get(key)?.trim().parse().ok()
}

fn is_on(conf: &BTreeMap<String, String>, key: &str) -> bool {
    conf.get(key).is_some_and(|value| value.trim().eq_ignore_ascii_case("true"))
}

/// Rows 11.6 and 11.9.
fn executors(lints: &mut Lints<'_>) {
    let conf = conf(lints);
    let cores = number(&conf, "spark.executor.cores");
    let memory =
        conf.get("spark.executor.memory").and_then(|text| parse_bytes(text, Bytes(1 << 20)));
    if let Some(cores) = cores.filter(|cores| *cores > MOST_CORES) {
        let message = format!(
            "{cores} cores an executor: so many tasks share one heap and its garbage collection"
        );
        lints.at_section(
            "cluster",
            "lint::executor-size",
            message,
            "more executors with four or five cores each",
        );
    }
    if memory.is_some_and(|memory| memory >= LONG_POINTERS && memory.0 < 48 << 30) {
        let message =
            "from 32 GiB of heap on, pointers take twice the room: a little more holds less"
                .to_owned();
        lints.at_section(
            "cluster",
            "lint::executor-size",
            message,
            "stay at 31g, or go well beyond",
        );
    }
    if let (Some(memory), Some(cores)) = (memory, cores)
        && memory.0 / u64::from(cores.max(1)) < LEAST_PER_CORE.0
    {
        let message = format!(
            "{} MiB of heap for each core: sorts and joins will spill",
            (memory.0 / u64::from(cores.max(1))) >> 20
        );
        lints.at_section(
            "cluster",
            "lint::spill",
            message,
            "at least 1 GiB for each core, better 2 to 4",
        );
    }
}

/// Row 11.8.
fn partitions(lints: &mut Lints<'_>) {
    let conf = conf(lints);
    let executors = if is_on(&conf, "spark.dynamicAllocation.enabled") {
        number(&conf, "spark.dynamicAllocation.maxExecutors")
    } else {
        number(&conf, "spark.executor.instances")
    };
    let Some((executors, cores)) = executors.zip(number(&conf, "spark.executor.cores")) else {
        return;
    };
    let all = executors.saturating_mul(cores);
    let hint = "two to four times as many partitions as cores";
    let key = "spark.sql.shuffle.partitions";
    if let Some(count) = number(&conf, key).filter(|count| *count < all) {
        let message = format!(
            "`{key}` is {count}: of {all} cores some have nothing to do after each shuffle"
        );
        lints.at_section("configuration", "lint::few-partitions", message, hint);
    }
    for node in lints.spec.nodes() {
        if let Operation::Repartition { partitions: Some(count), .. } = &node.operation
            && (2..all).contains(count)
        {
            let message = format!("`{}` makes {count} partitions for {all} cores", node.id);
            lints.at_node(node, "lint::few-partitions", message, hint);
        }
    }
}

/// Rows 11.9 and 11.13.
fn properties(lints: &mut Lints<'_>) {
    let conf = conf(lints);
    let fraction =
        conf.get("spark.memory.fraction").and_then(|text| text.trim().parse::<f64>().ok());
    if let Some(fraction) = fraction.filter(|fraction| *fraction < LEAST_FRACTION) {
        let message = format!(
            "`spark.memory.fraction` is {fraction}: little room for sorts and joins, which spill then"
        );
        lints.at_section("configuration", "lint::spill", message, "leave it at Spark's own 0.6");
    }
    for key in
        ["spark.shuffle.compress", "spark.shuffle.spill.compress", "spark.broadcast.compress"]
    {
        if conf.get(key).is_some_and(|value| value.trim().eq_ignore_ascii_case("false")) {
            let message = format!("`{key}` is off: more bytes go through disks and network");
            lints.at_section(
                "configuration",
                "lint::compression",
                message,
                "leave it out: it is on by itself",
            );
        }
    }
}

/// Row 11.11.
fn spot(lints: &mut Lints<'_>) {
    let conf = conf(lints);
    let is_spot = |of: &str| {
        conf.iter().any(|(key, value)| {
            let names = format!("{key}={value}").to_lowercase();
            key.starts_with(of) && (names.contains("spot") || names.contains("preemptible"))
        })
    };
    let everywhere = is_spot("spark.kubernetes.node.selector.");
    if everywhere || is_spot("spark.kubernetes.driver.node.selector.") {
        let message =
            "the driver runs on a node that may be taken away: then the whole run is lost"
                .to_owned();
        let hint =
            "select such nodes for executors only: spark.kubernetes.executor.node.selector.…";
        lints.at_section("configuration", "lint::spot", message, hint);
    }
    if (everywhere || is_spot("spark.kubernetes.executor.node.selector."))
        && !is_on(&conf, "spark.decommission.enabled")
    {
        let message =
            "executors on nodes that may be taken away lose their shuffle files with them"
                .to_owned();
        let hint =
            "spark.decommission.enabled and spark.storage.decommission.enabled move them in time";
        lints.at_section("configuration", "lint::spot", message, hint);
    }
}

/// Row 11.12.
fn scaling(lints: &mut Lints<'_>) {
    let conf = conf(lints);
    if is_on(&conf, "spark.dynamicAllocation.enabled") {
        if !conf.contains_key("spark.dynamicAllocation.maxExecutors") {
            let message =
                "dynamic allocation without `maxExecutors` takes whatever there is".to_owned();
            lints.at_section(
                "cluster",
                "lint::auto-scale",
                message,
                "set `dynamicAllocation.maxExecutors`",
            );
        }
    } else if let Some(count) =
        number(&conf, "spark.executor.instances").filter(|n| *n >= MANY_EXECUTORS)
    {
        let message = format!("{count} executors are held also while few tasks run");
        lints.at_section(
            "cluster",
            "lint::auto-scale",
            message,
            "`dynamicAllocation: {enabled: true, maxExecutors: …}`",
        );
    }
}

/// Rows 11.14 and 11.15.
fn schedule(lints: &mut Lints<'_>) {
    let Some(schedule) = lints.spec.schedule() else { return };
    let mut parts = schedule.expression.split_whitespace();
    let hour = parts.nth(1).and_then(|hour| hour.parse::<u32>().ok());
    if schedule.schedule_type == ScheduleType::Cron
        && hour.is_some_and(|hour| WORKING_HOURS.contains(&hour))
    {
        let message = "it starts when people use the cluster themselves".to_owned();
        lints.at_section(
            "schedule",
            "lint::peak-hours",
            message,
            "a time at night, if its result is not needed at once",
        );
    }
    if lints.spec.sla().is_none() {
        let message = "nobody is told when a scheduled run takes too long".to_owned();
        lints.at_section(
            "schedule",
            "lint::unwatched",
            message,
            "set `monitoring.sla`, in minutes",
        );
    }
}
