//! What the fuzz targets check, and where their first inputs come from.
//!
//! Both modules are also compiled into the tests of `tinderbox-spark`, which run the same checks on stable
//! Rust, bounded in time.

pub mod checks;
pub mod seeds;
