//! Jobs that run on several numbers of executors and tell how they scale: the request of `POST /submit-job`, the PySpark
//! program that does its tasks and measures them, and what the times say.
//!
//! * [`JobRequest::parse`] reads a request and names everything that is wrong with it at once.
//! * [`program`] is the program, one text for all requests; [`JobRequest::arguments`] are its arguments.
//! * [`Measurement`] is what the program wrote. [`Scaling`] has speedup, efficiency, spread, the fits of Amdahl's law and of the
//!   Universal Scalability Law, and the size that is advised, each with what keeps it from being sure.
//! * [`answer`], [`result_files`] and [`chart`] show it.
//!
//! Invariants: no IO, no clock, no environment; the same input gives the same bytes. A figure that cannot be had is missing and
//! not invented: there is no NaN in anything that leaves this crate.

mod answer;
mod chart;
mod fit;
mod measurement;
mod parameters;
mod request;
mod scaling;
mod task;

pub use answer::{Places, answer, oversubscription, performance_csv, result_files};
pub use chart::chart;
pub use fit::{Amdahl, Certainty, Fit, Usl};
pub use measurement::{BadMeasurement, Measurement};
pub use request::{FieldError, JobKind, JobRequest, asks_async, body_hash};
pub use scaling::{Advice, Point, Scaling, Spread};
pub use task::Task;

/// The program as a text of its own, with its arguments in it: so it is the same on every engine, and what was run stays readable.
pub fn program_with(arguments: &[String]) -> String {
    // A list of texts in JSON is the same list in Python.
    let arguments = serde_json::Value::from(arguments.to_vec()).to_string();
    match program().rsplit_once("sys.argv[1:]") {
        Some((before, behind)) => format!("{before}{arguments}{behind}"),
        None => program().to_owned(),
    }
}

/// The arguments with which the program measures another PySpark program, of which it throws away what is written.
pub fn arguments_of_program(
    source: &str,
    result: &str,
    nodes: u32,
    (repeats, warm_up): (u32, u32),
) -> Vec<String> {
    vec![
        format!("--program={source}"),
        format!("--result={result}"),
        format!("--executors={nodes}"),
        format!("--warm-up={warm_up}"),
        format!("--repeats={repeats}"),
    ]
}

/// The PySpark program that does the tasks and measures them, for Spark 3.5 and later; its descriptive tasks also run on Sail.
pub fn program() -> &'static str {
    include_str!("../python/submit_job.py")
}
