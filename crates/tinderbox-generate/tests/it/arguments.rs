//! What the arguments of a data set change.

use crate::data_set::{order, plan};
use std::collections::HashSet;
use tinderbox_generate::Order;

#[test]
fn data_sets_of_other_arguments_have_other_ids() {
    let first = |order: Order| plan(order).job_id(0);
    let mut ids = HashSet::new();
    for seed in 0..50 {
        ids.insert(first(Order { seed, ..order(100) }));
        ids.insert(first(Order { seed, days: 8, ..order(100) }));
        ids.insert(first(Order { seed, ..order(101) }));
        ids.insert(first(Order { seed, tasks_per_job: Some((1, 2)), ..order(100) }));
    }
    assert_eq!(ids.len(), 200);
}

#[test]
fn jobs_have_as_many_tasks_as_are_asked_for() {
    let plan = plan(Order { tasks_per_job: Some((700, 900)), ..order(2_000) });
    for block in 0..plan.num_blocks() {
        plan.for_each_job(block, |job| {
            let tasks: i64 = job.stages.iter().map(|stage| stage.num_tasks).sum();
            let is_whole = job.end_ms().is_some();
            assert!(tasks <= 900 && (tasks >= 700 || !is_whole), "{tasks}");
        });
    }
}
