//! The real binary as its users run it: bad input without Spark, and whole runs on real Spark 3.5 and 4.x.
//!
//! Tests on Spark take the environments named by `TINDERBOX_SPARK_3_5` and `TINDERBOX_SPARK_4`. Where one is
//! missing they fail when `TINDERBOX_REQUIRE_ALL` is set, as `make test` does, and otherwise say that they did not run.

// A test that panics has said what is wrong, and what it prints is for its reader.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stdout)]

mod advice;
mod bad_input;
mod bad_logs;
mod clusters;
mod collect;
mod connectors;
mod crash;
mod data_sets;
mod fit;
mod free_port;
mod generate;
mod generated;
mod history_server;
mod history_sql;
mod kills;
mod kubernetes;
mod learning;
mod lineage_events;
mod live;
mod livy;
mod local_image;
mod pipelines;
mod place;
mod preview;
mod quality;
mod sail_run;
mod session;
mod sources;
mod spark_application;
mod spark_run;
mod spec_commands;
mod spec_import;
mod sql;
mod standalone_cluster;
mod streaming;
mod streaming_rules;
mod submit_job;
mod transformation_cases;
mod transformations;
mod waiting;
mod watch;
mod yarn;
mod yarn_servers;
