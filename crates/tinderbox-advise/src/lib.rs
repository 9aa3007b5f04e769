//! Findings and advice for one Spark application, and the comparison of two.
//!
//! [`analyze`] reads an [`Application`](tinderbox_model::Application) and writes a [`Report`]: findings with
//! their evidence, and advice as patches to a spec. [`compare`] puts two applications side by side, for the
//! proof that advice helped.
//!
//! Invariants:
//! - No IO, no clock, no randomness: the same application gives the same report.
//! - Nothing here fails or panics; where the data cannot carry a statement there is none. An application with
//!   lost events gives a report that is marked partial, in which no rate over all tasks is judged.
//! - Every finding names what it is about, the metric, its value, the threshold and the threshold's source.
//! - Every effect is an interval whose formula is named.
//! - The report is the one wire format that lives outside its surface: it is versioned ([`REPORT_VERSION`]), its
//!   JSON is snake_case, and times and sizes carry their unit in the name or beside the value.
//!
//! One file per rule under `rules/`, all of one shape: facts in, findings out.

mod advice;
mod analyze;
mod compare;
mod conf_text;
mod facts;
#[cfg(test)]
mod fixture;
mod partition_knob;
mod plan;
mod report;
mod rules;
mod skew;

pub use analyze::analyze;
pub use compare::{
    COMPARISON_VERSION, Compared, ComparedMetric, Comparison, ConfigurationDifference, Differences,
    Factors, OperatorDifference, OperatorSide, StageDifference, StageSide, TimeCause,
    TimeDifference, TimePart, compare,
};
pub use report::{
    Advice, Effect, Evidence, Finding, Partial, Quantity, REPORT_VERSION, Report, Severity, Stake,
    Subject, Threshold, ThresholdSource, Withheld,
};
pub use rules::{Gate, Rule, rules};
