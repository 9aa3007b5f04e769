//! Whole data sets: the same bytes, one story in all tables, and the distributions that the models say.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stdout)]

mod arguments;
mod data_set;
mod determinism;
mod fit;
mod logs;
mod models;
mod pyarrow;
mod scenarios;
mod statistics;
mod story;
