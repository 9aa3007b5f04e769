//! Learned models as a file of models, with comments.

use super::{Fit, FittedType};
use crate::model::{Failure, JobType, Operator, OperatorKind};
use std::fmt::Display;

pub(super) fn text(fit: &Fit) -> String {
    let report = &fit.report;
    let mut text = format!(
        "# Learned by `tinderbox generate fit` from {} runs{}. Give it back with --models.\n\
         #\n\
         # What a job type does not say is as built in (`tinderbox generate models` prints it), and so are the memory of\n\
         # operators, which cannot be seen, and the kind of those whose name is built in.\n\
         version: 1\n\njob_types:\n",
        report.runs,
        match report.runs_left_out {
            0 => String::new(),
            left_out => format!("; {left_out} more were too few of their kind"),
        },
    );
    for (job_type, fitted) in fit.models.job_types.iter().zip(&report.types) {
        text.push_str(&of_type(job_type, fitted));
    }
    if report.failures == 0 {
        text.push_str("\n# No run failed: `failures` are those that are built in.\n");
        return text;
    }
    text.push_str(&format!(
        "\n# From {} failures. Whether trying again may help is a guess for messages that are not built in.\nfailures:\n",
        report.failures
    ));
    for failure in &fit.models.failures {
        text.push_str(&of_failure(failure));
    }
    text
}

/// Fields of a section that are not as built in.
struct Fields<'f> {
    kept: &'f [&'static str],
    section: &'static str,
    written: Vec<String>,
}

impl Fields<'_> {
    fn add(&mut self, name: &str, value: impl Display) {
        let path = if self.section.is_empty() {
            name.to_owned()
        } else {
            format!("{}.{name}", self.section)
        };
        if !self.kept.contains(&path.as_str()) {
            self.written.push(format!("{name}: {value}"));
        }
    }

    /// As a map on one line; nothing where all are as built in.
    fn line(self) -> String {
        if self.written.is_empty() {
            return String::new();
        }
        format!("    {}: {{{}}}\n", self.section, self.written.join(", "))
    }

    fn lines(self) -> String {
        self.written.iter().map(|field| format!("    {field}\n")).collect()
    }
}

fn of_type(job_type: &JobType, fitted: &FittedType) -> String {
    let fields = |section| Fields { kept: &fitted.kept, section, written: Vec::new() };
    let mut text = format!("  {}:\n", job_type.name);
    text.push_str(&format!(
        "    # {} runs of {} recurring jobs, {} failed.\n",
        fitted.runs, fitted.recurring_jobs, fitted.failures
    ));
    for note in &fitted.notes {
        text.push_str(&format!("    # {note}\n"));
    }
    if !fitted.kept.is_empty() {
        text.push_str(&format!("    # Not learned, as built in: {}.\n", fitted.kept.join(", ")));
    }
    let names: Vec<_> = job_type.operators.iter().map(|operator| quoted(&operator.name)).collect();
    text.push_str(&format!("    operators: [{}]\n    figures:\n", names.join(", ")));
    for operator in &job_type.operators {
        text.push_str(&of_operator(operator));
    }

    let mut of = fields("");
    of.add("share", job_type.share);
    of.add("pipelines", job_type.pipelines);
    of.add("mean_seconds", job_type.mean_seconds);
    of.add("failure_rate", job_type.failure_rate);
    of.add("users", words(&job_type.users));
    of.add("spark_versions", words(&job_type.spark_versions));
    let (low, high) = job_type.output_ratio;
    of.add("output_ratio", list(&[low, high]));
    of.add("skew", job_type.skew);
    text.push_str(&of.lines());

    let mut of = fields("schedule");
    of.add("hours", list(&job_type.schedule.hours));
    of.add("weekdays", list(&job_type.schedule.weekdays));
    of.add("on_quarter", job_type.schedule.on_quarter);
    text.push_str(&of.line());

    let mut of = fields("cluster");
    of.add("executors", list(&job_type.cluster.executors));
    of.add("cores", list(&job_type.cluster.cores));
    of.add("memory_mb", list(&job_type.cluster.memory_mb));
    text.push_str(&of.line());

    let input = &job_type.input;
    let mut of = fields("input");
    of.add("mean_mb", input.mean_mb);
    of.add("spread_of_pipelines", input.spread_of_pipelines);
    of.add("spread", input.spread);
    of.add("growth_per_day", input.growth_per_day);
    of.add("record_bytes", input.record_bytes);
    text.push_str(&of.line());

    let duration = &job_type.duration;
    let mut of = fields("duration");
    of.add("spread", duration.spread);
    of.add("tail_share", duration.tail_share);
    of.add("tail_exponent", duration.tail_exponent);
    of.add("tail_most", duration.tail_most);
    of.add("by_input", duration.by_input);
    of.add("by_cores", duration.by_cores);
    of.add("by_skew", duration.by_skew);
    of.add("least_seconds", duration.least_seconds);
    text.push_str(&of.line());

    let mut of = fields("retries");
    of.add("share", job_type.retries.share);
    of.add("most", job_type.retries.most);
    of.add("delay_seconds", job_type.retries.delay_seconds);
    text.push_str(&of.line());
    text
}

fn of_operator(operator: &Operator) -> String {
    format!(
        "      {}: {{weight: {}, kind: {}, rows: {}, shuffle: {}, memory: {}}}\n",
        quoted(&operator.name),
        operator.weight,
        kind(operator.kind),
        operator.rows,
        operator.shuffle,
        operator.memory,
    )
}

fn of_failure(failure: &Failure) -> String {
    let mut text = format!("  - message: {}\n", quoted(&failure.message));
    text.push_str(&format!("    share: {}\n", failure.share));
    if !failure.kinds.is_empty() {
        let kinds: Vec<_> = failure.kinds.iter().map(|of| kind(*of)).collect();
        text.push_str(&format!("    kinds: [{}]\n", kinds.join(", ")));
    }
    text.push_str(&format!("    task_attempts: {}\n", failure.task_attempts));
    text.push_str(&format!("    recoverable: {}\n", failure.is_recoverable));
    if failure.is_out_of_memory {
        text.push_str("    out_of_memory: true\n");
    }
    if let Some(trace) = &failure.stack_trace {
        text.push_str(&format!("    stack_trace: {}\n", quoted(trace)));
    }
    text
}

fn kind(kind: OperatorKind) -> &'static str {
    match kind {
        OperatorKind::Read => "read",
        OperatorKind::Shuffle => "shuffle",
        OperatorKind::Compute => "compute",
        OperatorKind::Write => "write",
    }
}

fn words(shares: &[(String, f64)]) -> String {
    let words: Vec<_> =
        shares.iter().map(|(word, share)| format!("{}: {share}", quoted(word))).collect();
    format!("{{{}}}", words.join(", "))
}

fn list(values: &[impl Display]) -> String {
    let values: Vec<_> = values.iter().map(ToString::to_string).collect();
    format!("[{}]", values.join(", "))
}

/// In double quotes, which know every character (YAML 1.2, section 5.7).
fn quoted(text: &str) -> String {
    let mut quoted = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => quoted.extend(['\\', c]),
            '\n' => quoted.push_str("\\n"),
            '\t' => quoted.push_str("\\t"),
            c if c.is_control() || ('\u{80}'..='\u{ffff}').contains(&c) => {
                quoted.push_str(&format!("\\u{:04x}", u32::from(c)));
            }
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}
