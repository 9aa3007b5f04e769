//! The table of operators.

use super::ids::Ids;
use super::mb;
use crate::job::{Job, StageStatus, float};
use crate::plan::Plan;
use tinderbox_table::{DataSetRows, DataSetTable, TextColumn};

pub(super) struct Operators {
    job: TextColumn,
    id: TextColumn,
    dependencies: TextColumn,
    name: Vec<i32>,
    status: Vec<i32>,
    start: Vec<Option<i64>>,
    end: Vec<Option<i64>>,
    floats: [Vec<f64>; 3],
    ints: [Vec<i64>; NUM_INTS],
}

/// Columns of whole numbers, in the order in which they are added.
const NUM_INTS: usize = 17;

impl Operators {
    pub(super) fn with_capacity(plan: &Plan, jobs: usize) -> Self {
        let types = &plan.models.job_types;
        let most = types.iter().map(|job_type| job_type.operators.len()).max().unwrap_or(1);
        let rows = jobs * most;
        Self {
            job: TextColumn::with_capacity(rows, rows * 18),
            id: TextColumn::with_capacity(rows, rows * 24),
            dependencies: TextColumn::with_capacity(rows, rows * 48),
            name: Vec::with_capacity(rows),
            status: Vec::with_capacity(rows),
            start: Vec::with_capacity(rows),
            end: Vec::with_capacity(rows),
            floats: std::array::from_fn(|_| Vec::with_capacity(rows)),
            ints: std::array::from_fn(|_| Vec::with_capacity(rows)),
        }
    }

    pub(super) fn add(&mut self, plan: &Plan, ids: &mut Ids, job: &Job) {
        let names = &plan.types[job.job_type].operators;
        for (index, stage) in job.stages.iter().enumerate() {
            self.job.push(ids.job());
            self.id.push(ids.operator(index));
            self.dependencies.push(ids.dependencies(index));
            self.name.push(names[index]);
            self.status.push(stage.status as i32);
            let has_begun = stage.status != StageStatus::Pending;
            let has_ended = has_begun && stage.status != StageStatus::Running;
            let start = job.start_ms + stage.start_ms;
            self.start.push(has_begun.then_some(start * 1000));
            self.end.push(has_ended.then_some((start + stage.duration_ms) * 1000));
            let is_complete = stage.status == StageStatus::Completed;
            let floats =
                [mb(stage.peak_memory_bytes), float(stage.cpu_ms), mb(stage.memory_spill_bytes)];
            for (column, value) in self.floats.iter_mut().zip(floats) {
                column.push(value);
            }
            let ints: [i64; NUM_INTS] = [
                i64::try_from(index).unwrap_or(0),
                job.stage_seconds(stage),
                if is_complete { stage.records } else { 0 },
                stage.shuffle_read_records,
                stage.shuffle_write_records,
                stage.duration_ms,
                stage.input_bytes,
                stage.output_bytes,
                stage.shuffle_read_bytes,
                stage.shuffle_write_bytes,
                stage.memory_spill_bytes,
                stage.disk_spill_bytes,
                stage.run_ms,
                stage.gc_ms,
                stage.num_tasks,
                stage.num_failed_tasks,
                stage.num_killed_tasks,
            ];
            for (column, value) in self.ints.iter_mut().zip(ints) {
                column.push(value);
            }
        }
    }

    pub(super) fn finish(self, plan: &Plan) -> DataSetRows {
        let operators = &plan.words.operators;
        let words = || operators.iter().map(String::as_str);
        let [memory, cpu, spill] = self.floats;
        let mut ints = self.ints.into_iter();
        let mut next = || ints.next().unwrap_or_default();
        let mut rows = DataSetRows::new(DataSetTable::Operators);
        rows.text(self.job)
            .text(self.id)
            .words(self.name.clone(), words())
            .words(self.name, words())
            .ints(next())
            .words(self.status, StageStatus::WORDS)
            .maybe_times(self.start)
            .maybe_times(self.end)
            .ints(next())
            .ints(next())
            .floats(memory)
            .floats(cpu)
            .floats(spill)
            .ints(next())
            .ints(next())
            .text(self.dependencies);
        for _ in 5..NUM_INTS {
            rows.ints(next());
        }
        rows
    }
}
