//! A stage's tasks: when each runs on which core, and its part of the stage's figures.

use crate::job::{Job, Stage, StageStatus, float, scaled};
use crate::random::mix;
use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// How an attempt ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Outcome {
    Completed,
    Failed,
    Killed,
    /// It has not ended.
    Running,
}

/// One attempt of a task.
#[derive(Debug, Clone, Copy)]
pub(super) struct Attempt {
    pub(super) id: i64,
    pub(super) index: usize,
    pub(super) number: i64,
    pub(super) executor: i64,
    pub(super) launch_ms: i64,
    pub(super) finish_ms: i64,
    pub(super) outcome: Outcome,
    /// Whether it is a copy of one that runs elsewhere.
    pub(super) is_speculative: bool,
}

/// What happens next in a stage.
#[derive(Debug, Clone, Copy)]
pub(super) enum Event {
    Start(Attempt),
    End(Attempt),
    /// Executors are lost, at this time; their attempts have ended.
    Lost(i64),
}

/// A core, and what it has done so far.
struct Slot {
    /// Its executor is lost after its first attempt.
    is_dying: bool,
    /// Before its first task: attempts that are lost.
    lost: i64,
    /// How long each of them takes.
    lost_ms: i64,
    /// The next task that completes.
    next: usize,
    /// Sum of the weights of its tasks, of those that are done, and the time of all.
    weight: f64,
    done: f64,
    work_ms: i64,
    /// When its first task begins; copies that run before a task put it off.
    begin_ms: i64,
    /// Time that is left for copies of other cores' tasks.
    idle_ms: i64,
    /// Whether the task that it runs has a copy.
    has_copy: bool,
    /// After its last task: attempts that end with the stage.
    last: i64,
    last_outcome: Outcome,
    last_index: usize,
    last_number: i64,
    at_ms: i64,
}

/// The tasks of a stage.
pub(super) struct Tasks<'a> {
    stage: &'a Stage,
    /// Weights of completed tasks, each the sum up to and with its task; the first is 0.
    sums: Vec<f64>,
    slots: Vec<Slot>,
    end_ms: i64,
    next_id: i64,
    /// Copies that are still to run, each killed when its task completes.
    copies: i64,
    /// Tasks that have not completed and have no copy; never fewer than `copies`.
    uncopied: i64,
}

impl<'a> Tasks<'a> {
    /// With the number of executors that are lost in the stage: the last ones.
    pub(super) fn new((job, lost): (&Job, i64), stage: &'a Stage, first_id: i64) -> Self {
        let count = usize::try_from(stage.num_completed_tasks).unwrap_or(0);
        let weight = |index: usize| {
            let random = mix(job.index ^ mix(stage.start_ms.unsigned_abs() ^ index as u64));
            let share = 0.7 + 0.6 * float(i64::try_from(random >> 40).unwrap_or(0)) / 16_777_216.0;
            if index == 0 { share * stage.skew } else { share }
        };
        let mut sums = Vec::with_capacity(count + 1);
        let mut sum = 0.0;
        sums.push(sum);
        for index in 0..count {
            sum += weight(index);
            sums.push(sum);
        }
        let begin_ms = job.start_ms + stage.start_ms + stage.driver_ms;
        let end_ms = job.start_ms + stage.start_ms + stage.duration_ms;
        let cores = (stage.num_executors * job.cores).min(stage.num_tasks).max(1);
        let cores = usize::try_from(cores).unwrap_or(1);
        let mut tasks = Self {
            stage,
            sums,
            slots: Vec::with_capacity(cores),
            end_ms,
            next_id: first_id,
            copies: 0,
            uncopied: stage.num_completed_tasks,
        };
        for slot in 0..cores {
            let weights = (slot..count).step_by(cores).map(|index| tasks.weight(index));
            let weight = weights.sum();
            let executor = tasks.executor(slot);
            tasks.slots.push(Slot {
                is_dying: executor > stage.num_executors - lost,
                lost: 0,
                lost_ms: 0,
                next: slot,
                weight,
                done: 0.0,
                work_ms: 0,
                begin_ms,
                idle_ms: 0,
                has_copy: false,
                last: 0,
                last_outcome: Outcome::Running,
                last_index: 0,
                last_number: 0,
                at_ms: begin_ms,
            });
        }
        match stage.status {
            StageStatus::Completed => tasks.whole(end_ms - begin_ms),
            _ => tasks.part(count),
        }
        tasks
    }

    fn weight(&self, index: usize) -> f64 {
        self.sums[index + 1] - self.sums[index]
    }

    /// A stage that ended well: its first core is busy all the time, the others share the rest of the work. Attempts that
    /// were lost take half of the time that these are idle, copies as much as they find.
    fn whole(&mut self, busy_ms: i64) {
        let cores = self.slots.len();
        let others = i64::try_from(cores).unwrap_or(1) - 1;
        let rest = self.stage.run_ms - busy_ms;
        for (index, slot) in self.slots.iter_mut().enumerate() {
            slot.work_ms = if index == 0 {
                if others == 0 { self.stage.run_ms } else { busy_ms }
            } else {
                part(rest, index - 1, others)
            };
        }
        if self.slots.iter().any(|slot| slot.is_dying) {
            self.die(busy_ms);
            return;
        }
        self.copies = self.stage.num_killed_tasks.min(self.uncopied);
        if self.copies > 0 {
            for slot in &mut self.slots {
                slot.idle_ms = (busy_ms - slot.work_ms).max(0);
            }
        }
        for number in 0..self.stage.num_failed_tasks {
            let place =
                if others == 0 { 0 } else { 1 + usize::try_from(number % others).unwrap_or(0) };
            self.slots[place].lost += 1;
        }
        for slot in self.slots.iter_mut().filter(|slot| slot.lost > 0) {
            slot.lost_ms = ((busy_ms - slot.work_ms) / 2 / slot.lost).max(0);
            slot.begin_ms += slot.lost * slot.lost_ms;
            slot.idle_ms -= slot.lost * slot.lost_ms;
        }
    }

    /// Each core of an executor that is lost has one attempt, which ends with it.
    fn die(&mut self, busy_ms: i64) {
        let dying = || self.slots.iter().filter(|slot| slot.is_dying);
        let idle_ms = dying().map(|slot| busy_ms - slot.work_ms).min().unwrap_or(0);
        for slot in self.slots.iter_mut().filter(|slot| slot.is_dying) {
            slot.lost = 1;
            slot.lost_ms = (idle_ms / 2).max(0);
            slot.begin_ms += slot.lost_ms;
        }
    }

    /// A core's executor, from 1.
    fn executor(&self, slot: usize) -> i64 {
        1 + i64::try_from(slot).unwrap_or(0) % self.stage.num_executors.max(1)
    }

    /// A stage that failed or goes on: what has completed is shared by all cores; then come attempts that end with it.
    fn part(&mut self, count: usize) {
        let used = i64::try_from(self.slots.len().min(count)).unwrap_or(0);
        for (index, slot) in self.slots.iter_mut().enumerate().take(count) {
            slot.work_ms = part(self.stage.run_ms, index, used);
        }
        let mut next = count;
        let is_failed = self.stage.status == StageStatus::Failed;
        let mut killed = self.stage.num_killed_tasks;
        let tasks = usize::try_from(self.stage.num_tasks).unwrap_or(0);
        let cores = self.slots.len();
        // Cores that have done nothing are given tasks first.
        for position in 0..cores {
            if next >= tasks {
                break;
            }
            let slot = &mut self.slots[(count + position) % cores];
            if is_failed && position == 0 && self.stage.num_failed_tasks > 0 {
                slot.last = self.stage.num_failed_tasks;
                slot.last_outcome = Outcome::Failed;
            } else if is_failed && killed > 0 {
                slot.last = 1;
                slot.last_outcome = Outcome::Killed;
                killed -= 1;
            } else if is_failed {
                continue;
            } else {
                slot.last = 1;
            }
            slot.last_index = next;
            next += 1;
        }
    }

    /// The part of a figure that a completed task has: parts of all tasks add up to it.
    pub(super) fn share(&self, figure: i64, index: usize) -> i64 {
        let all = self.sums[self.sums.len() - 1];
        let up_to = |index: usize| {
            if index + 1 == self.sums.len() {
                figure
            } else {
                share_of(figure, self.sums[index] / all)
            }
        };
        up_to(index + 1) - up_to(index)
    }

    /// Shows all starts and ends in the order of time. Answers the next task id.
    pub(super) fn for_each<E>(
        mut self,
        mut show: impl FnMut(&Self, Event) -> Result<(), E>,
    ) -> Result<i64, E> {
        let mut ends = BinaryHeap::new();
        let mut running: Vec<Option<Attempt>> = vec![None; self.slots.len()];
        for (slot, running) in running.iter_mut().enumerate() {
            if let Some(attempt) = self.start(slot) {
                show(&self, Event::Start(attempt))?;
                ends.push(Reverse((attempt.finish_ms, false, slot)));
                *running = Some(attempt);
            }
        }
        // Cores of executors that are lost wait until all of them have ended.
        let mut dying = self.slots.iter().filter(|slot| slot.is_dying).count();
        let (mut free, mut held) = (Vec::new(), Vec::new());
        while let Some(Reverse((_, _, slot))) = ends.pop() {
            let Some(attempt) = running[slot].take() else { continue };
            if attempt.outcome == Outcome::Running {
                continue;
            }
            let copy = self.last_copy(slot, &attempt);
            if let Some(copy) = copy {
                show(&self, Event::Start(copy))?;
            }
            show(&self, Event::End(attempt))?;
            if let Some(copy) = copy {
                show(&self, Event::End(copy))?;
            }
            free.push(slot);
            if self.slots[slot].is_dying {
                self.slots[slot].is_dying = false;
                dying -= 1;
                if dying > 0 {
                    held.push(slot);
                    free.pop();
                } else {
                    free.append(&mut held);
                    show(&self, Event::Lost(attempt.finish_ms))?;
                }
            }
            for slot in free.drain(..) {
                let next = self.copy(slot, &running).or_else(|| self.start(slot));
                if let Some(attempt) = next {
                    show(&self, Event::Start(attempt))?;
                    // A task completes before its copy is killed.
                    ends.push(Reverse((attempt.finish_ms, attempt.is_speculative, slot)));
                    running[slot] = Some(attempt);
                }
            }
        }
        Ok(self.next_id)
    }

    /// A copy, on this core, of a task of another executor: of those that still run for no longer than this core is to be
    /// idle, the one that runs longest.
    fn copy(&mut self, number: usize, running: &[Option<Attempt>]) -> Option<Attempt> {
        if self.copies == 0 {
            return None;
        }
        let executor = self.executor(number);
        let Slot { at_ms: now, idle_ms, .. } = self.slots[number];
        let (place, task) = running
            .iter()
            .enumerate()
            .filter_map(|(place, attempt)| Some((place, (*attempt)?)))
            .filter(|(place, task)| {
                task.outcome == Outcome::Completed
                    && task.executor != executor
                    && task.launch_ms < now
                    && (1..=idle_ms).contains(&(task.finish_ms - now))
                    && !self.slots[*place].has_copy
            })
            .max_by_key(|(_, task)| task.finish_ms)?;
        self.slots[place].has_copy = true;
        let slot = &mut self.slots[number];
        let ms = task.finish_ms - now;
        slot.begin_ms += ms;
        slot.idle_ms -= ms;
        slot.at_ms = task.finish_ms;
        Some(self.copy_of(&task, executor, now))
    }

    /// A copy that is killed at once, of a task that completes, where there would be too few otherwise.
    fn last_copy(&mut self, number: usize, task: &Attempt) -> Option<Attempt> {
        if task.outcome != Outcome::Completed || self.slots[number].has_copy {
            return None;
        }
        if self.copies < self.uncopied || self.copies == 0 {
            self.uncopied -= 1;
            return None;
        }
        let executor = 1 + task.executor % self.stage.num_executors.max(1);
        Some(self.copy_of(task, executor, task.finish_ms))
    }

    fn copy_of(&mut self, task: &Attempt, executor: i64, launch_ms: i64) -> Attempt {
        self.copies -= 1;
        self.uncopied -= 1;
        self.next_id += 1;
        Attempt {
            id: self.next_id - 1,
            number: task.number + 1,
            executor,
            launch_ms,
            outcome: Outcome::Killed,
            is_speculative: true,
            ..*task
        }
    }

    /// The next attempt on this core.
    fn start(&mut self, number: usize) -> Option<Attempt> {
        let cores = self.slots.len();
        let count = self.sums.len() - 1;
        let executor = self.executor(number);
        let end_ms = self.end_ms;
        let next_weight = {
            let next = self.slots[number].next;
            (next < count).then(|| self.weight(next))
        };
        let slot = &mut self.slots[number];
        let launch_ms = slot.at_ms;
        let (index, attempt, finish_ms, outcome) = if slot.lost > 0 && slot.done == 0.0 {
            slot.lost -= 1;
            slot.last_number += 1;
            (number, slot.last_number - 1, launch_ms + slot.lost_ms, Outcome::Failed)
        } else if let Some(weight) = next_weight {
            let index = slot.next;
            let attempt = if index == number { slot.last_number } else { 0 };
            slot.next += cores;
            slot.done += weight;
            let is_last = slot.next >= count;
            let done_ms = if is_last {
                slot.work_ms
            } else {
                share_of(slot.work_ms, slot.done / slot.weight)
            };
            (index, attempt, slot.begin_ms + done_ms, Outcome::Completed)
        } else if slot.last > 0 {
            let failed = self.stage.num_failed_tasks;
            let attempt = if slot.last_outcome == Outcome::Failed { failed - slot.last } else { 0 };
            let finish_ms = launch_ms + (end_ms - launch_ms) / slot.last;
            slot.last -= 1;
            (slot.last_index, attempt, finish_ms, slot.last_outcome)
        } else {
            return None;
        };
        slot.at_ms = finish_ms;
        slot.has_copy = false;
        let id = self.next_id;
        self.next_id += 1;
        let number = attempt;
        let is_speculative = false;
        Some(Attempt { id, index, number, executor, launch_ms, finish_ms, outcome, is_speculative })
    }
}

/// The `index`-th of `count` nearly equal parts.
fn part(figure: i64, index: usize, count: i64) -> i64 {
    let extra = i64::from(i64::try_from(index).unwrap_or(0) < figure % count);
    figure / count + extra
}

/// A share below 1 of a figure; more for a greater share, never more than all.
fn share_of(figure: i64, share: f64) -> i64 {
    scaled(figure, share).min(figure)
}
