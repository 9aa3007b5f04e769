//! A data set in a temporary folder, read back from JSON lines.

use serde_json::Value;
use std::collections::HashMap;
use std::num::NonZeroUsize;
use std::path::Path;
use tempfile::TempDir;
use tinderbox_generate::{
    DataSetFormat, LocalFiles, Models, Order, Output, Plan, Scenario, Written, write,
};

pub fn order(jobs: u64) -> Order {
    Order {
        jobs,
        seed: 7,
        end: Order::DEFAULT_END,
        days: Order::DEFAULT_DAYS,
        scenarios: Vec::new(),
        tasks_per_job: None,
    }
}

pub fn order_of(jobs: u64, scenarios: &[&str]) -> Order {
    let scenarios = scenarios.iter().map(|text| Scenario::parse(text).unwrap());
    Order { scenarios: scenarios.collect(), ..order(jobs) }
}

pub fn plan(order: Order) -> Plan {
    Plan::new(Models::built_in().unwrap(), order).unwrap()
}

pub fn write_to(folder: &Path, plan: &Plan, format: DataSetFormat, threads: usize) -> Written {
    let threads = NonZeroUsize::new(threads).unwrap();
    let store = LocalFiles::new(folder);
    let output = Output { store: &store, format, threads, event_logs: None, force: false };
    write(plan, &output, |_| true).unwrap()
}

/// Rows as JSON.
pub struct DataSet {
    pub jobs: Vec<Value>,
    pub errors: Vec<Value>,
    pub summary: Value,
    operators: HashMap<String, Vec<Value>>,
    _folder: TempDir,
}

impl DataSet {
    pub fn new(order: Order) -> Self {
        let folder = tempfile::tempdir().unwrap();
        write_to(folder.path(), &plan(order), DataSetFormat::JsonLines, 2);
        let read = |name: &str| -> Vec<Value> {
            let text = std::fs::read_to_string(folder.path().join(name)).unwrap();
            text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
        };
        let mut operators: HashMap<String, Vec<Value>> = HashMap::new();
        for row in read("operators/spark_operators.jsonl") {
            operators.entry(text(&row, "job_id").to_owned()).or_default().push(row);
        }
        Self {
            jobs: read("jobs/spark_jobs.jsonl"),
            errors: read("errors/spark_errors.jsonl"),
            summary: read("summary_stats.jsonl").remove(0),
            operators,
            _folder: folder,
        }
    }

    pub fn operators_of(&self, job: &Value) -> &[Value] {
        &self.operators[text(job, "job_id")]
    }

    pub fn num_operators(&self) -> usize {
        self.operators.values().map(Vec::len).sum()
    }
}

pub fn text<'v>(row: &'v Value, column: &str) -> &'v str {
    row[column].as_str().unwrap_or_else(|| panic!("{column} of {row}"))
}

pub fn int(row: &Value, column: &str) -> i64 {
    row[column].as_i64().unwrap_or_else(|| panic!("{column} of {row}"))
}

pub fn sum(rows: &[Value], column: &str) -> i64 {
    rows.iter().map(|row| int(row, column)).sum()
}
