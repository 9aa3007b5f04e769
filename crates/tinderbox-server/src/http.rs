//! One file per resource.

pub mod advice;
pub mod clusters;
pub mod data_sets;
pub mod events;
pub mod fleet;
pub mod ingest;
pub mod inside;
pub mod jobs;
pub mod livy;
pub mod operations;
pub mod runs;
pub mod scale;
pub mod server_info;
pub mod streaming;
pub mod timeline_cells;
