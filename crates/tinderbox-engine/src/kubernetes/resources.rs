//! Memory, cores and accelerators of the driver (`BasicDriverFeatureStep`, `KubernetesConf`).

use super::request::KubernetesRequest;
use crate::Error;
use serde_json::{Map, Value, json};
use tinderbox_model::{Bytes, parse_bytes};

const MIB: Bytes = Bytes(1 << 20);
/// `spark.driver.memory`, in MiB.
const DRIVER_MEMORY_MIB: u64 = 1024;
/// `spark.driver.minMemoryOverhead` of Spark 4, a constant in 3.5; in MiB.
const LEAST_OVERHEAD_MIB: u64 = 384;

/// Limits and requests of the driver's container.
pub(super) struct DriverResources {
    pub(super) limits: Map<String, Value>,
    pub(super) requests: Map<String, Value>,
    /// What driver and executors take where nothing else is said (`spark.kubernetes.memoryOverheadFactor`).
    pub(super) overhead_factor: f64,
}

pub(super) fn driver_resources(request: &KubernetesRequest) -> Result<DriverResources, Error> {
    // Programs that use memory besides the JVM's get more.
    let usual = if request.is_python() { 0.4 } else { 0.1 };
    let overhead_factor =
        factor(request, "spark.kubernetes.memoryOverheadFactor")?.unwrap_or(usual);
    let driver_factor =
        factor(request, "spark.driver.memoryOverheadFactor")?.unwrap_or(overhead_factor);
    let memory = mib(request, "spark.driver.memory")?.unwrap_or(DRIVER_MEMORY_MIB);
    let least = mib(request, "spark.driver.minMemoryOverhead")?.unwrap_or(LEAST_OVERHEAD_MIB);
    let overhead = mib(request, "spark.driver.memoryOverhead")?
        .unwrap_or_else(|| part(memory, driver_factor).max(least));
    let total = format!("{}Mi", memory.saturating_add(overhead));

    let cores = request.conf("spark.driver.cores").unwrap_or("1");
    let cores = request.conf("spark.kubernetes.driver.request.cores").unwrap_or(cores);
    let mut limits = Map::new();
    if let Some(limit) = request.conf("spark.kubernetes.driver.limit.cores") {
        limits.insert("cpu".to_owned(), json!(limit));
    }
    limits.insert("memory".to_owned(), json!(total));
    for (key, amount) in request.with_prefix("spark.driver.resource.") {
        let Some(name) = key.strip_suffix(".amount") else { continue };
        let vendor_key = format!("spark.driver.resource.{name}.vendor");
        let Some(vendor) = request.conf(&vendor_key) else {
            return Err(conf(
                &vendor_key,
                "",
                "set, as Kubernetes names devices by vendor, for example nvidia.com",
            ));
        };
        limits.insert(format!("{vendor}/{name}"), json!(amount));
    }
    let requests =
        Map::from_iter([("cpu".to_owned(), json!(cores)), ("memory".to_owned(), json!(total))]);
    Ok(DriverResources { limits, requests, overhead_factor })
}

/// The whole MiB in a part of them.
fn part(memory: u64, factor: f64) -> u64 {
    // Exact up to 2^53 MiB. `factor` is checked to be positive, and a part beyond u64 saturates.
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "rounding down is what Spark does"
    )]
    let part = (memory as f64 * factor) as u64;
    part
}

fn factor(request: &KubernetesRequest, key: &str) -> Result<Option<f64>, Error> {
    let Some(text) = request.conf(key) else { return Ok(None) };
    match text.trim().parse::<f64>() {
        Ok(factor) if factor > 0.0 && factor.is_finite() => Ok(Some(factor)),
        _ => Err(conf(key, text, "a positive number, for example 0.2")),
    }
}

fn mib(request: &KubernetesRequest, key: &str) -> Result<Option<u64>, Error> {
    let Some(text) = request.conf(key) else { return Ok(None) };
    match parse_bytes(text, MIB) {
        Some(bytes) => Ok(Some(bytes.0 / MIB.0)),
        None => Err(conf(key, text, "an amount of memory, for example 2g")),
    }
}

pub(super) fn conf(key: &str, value: &str, expected: &'static str) -> Error {
    Error::Conf { key: key.to_owned(), value: value.to_owned(), expected }
}
