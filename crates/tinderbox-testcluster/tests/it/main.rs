//! The cluster from outside, over HTTP.

// Clippy's exceptions for tests (clippy.toml) hold for functions outside of `#[test]` only under `cfg(test)`.
#[cfg(test)]
mod client;
#[cfg(test)]
mod nodes;
#[cfg(test)]
mod objects;
#[cfg(test)]
mod pods;
#[cfg(test)]
mod real_spark;
#[cfg(test)]
mod watches;
