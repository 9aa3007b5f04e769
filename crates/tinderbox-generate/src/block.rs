//! Jobs in blocks: a block can be drawn without any other, and a retry follows its job in the same block.

use crate::draw::draw;
use crate::job::{Job, JobStatus};
use crate::plan::Plan;

/// Jobs of a block.
pub const BLOCK_JOBS: u64 = 2_048;

impl Plan {
    /// Number of blocks.
    pub fn num_blocks(&self) -> u64 {
        self.order.jobs.div_ceil(BLOCK_JOBS)
    }

    /// Draws the jobs of a block, in order, and shows each.
    pub fn for_each_job(&self, block: u64, mut show: impl FnMut(&Job)) {
        let first = block * BLOCK_JOBS;
        let mut job = Job {
            index: 0,
            job_type: 0,
            pipeline: 0,
            retry_of: None,
            attempt: 1,
            status: JobStatus::Completed,
            scenario: None,
            start_ms: 0,
            duration_ms: 0,
            num_executors: 0,
            cores: 0,
            memory_mb: 0,
            num_lost_executors: 0,
            num_batches: 0,
            lag_ms: 0,
            struck_stage: 0,
            failure: None,
            stages: Vec::new(),
        };
        let mut retry = None;
        for index in first..(first + BLOCK_JOBS).min(self.order.jobs) {
            retry = draw(self, index, retry, &mut job);
            show(&job);
        }
    }
}
