//! The engine from outside: with a fake `spark-submit` for everything about processes, and with real Sparks.

// Clippy's exceptions for tests (clippy.toml) hold for functions outside of `#[test]` only under `cfg(test)`.
#[cfg(test)]
mod attempt;
#[cfg(test)]
mod bench;
#[cfg(test)]
mod cluster;
#[cfg(test)]
mod crash;
#[cfg(test)]
mod fabric8_mock;
#[cfg(test)]
#[path = "../../../tinderbox-cli/tests/it/free_port.rs"]
mod free_port;
#[cfg(test)]
mod kubernetes;
#[cfg(test)]
mod kubernetes_attempt;
#[cfg(test)]
mod kubernetes_client;
#[cfg(test)]
mod real_spark;
#[cfg(test)]
mod spark_application;
#[cfg(test)]
mod standalone;
#[cfg(test)]
mod standalone_attempt;
#[cfg(test)]
mod yarn;
#[cfg(test)]
mod yarn_bench;
