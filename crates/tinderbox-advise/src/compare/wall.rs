//! Wall time, divided among the stages that ran in it without remainder.

use crate::conf_text::as_f64;
use std::collections::BTreeMap;
use tinderbox_model::{Application, StageId, TimestampMs};

/// Every instant of an application belongs to the stages that ran then, in equal parts, or to none.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Wall {
    /// From start to end in milliseconds: the sum of all that follows.
    pub(super) total_ms: f64,
    /// By stage, its attempts together.
    pub(super) stages_ms: BTreeMap<StageId, f64>,
    /// Before the first stage.
    pub(super) start_up_ms: f64,
    /// While no stage ran, between the first and the last one.
    pub(super) between_ms: f64,
    /// After the last stage; everything when there was none.
    pub(super) shut_down_ms: f64,
}

impl Wall {
    /// `None` when start or end is not known.
    pub(super) fn of(app: &Application) -> Option<Self> {
        let (start, end) = (app.start_time?, app.end_time?);
        let length = |from: TimestampMs, to: TimestampMs| as_f64(to.since(from).0);
        let within = |time: TimestampMs| time.max(start).min(end);
        let mut spans = Vec::new();
        for stage in &app.stages {
            let Some(from) = stage.submission_time else { continue };
            let (from, to) = (within(from), within(stage.completion_time.unwrap_or(end)));
            if from < to {
                spans.push((stage.id.stage, from, to));
            }
        }
        let mut wall = Self { total_ms: length(start, end.max(start)), ..Self::default() };
        let Some(first) = spans.iter().map(|(_, from, _)| *from).min() else {
            wall.shut_down_ms = wall.total_ms;
            return Some(wall);
        };
        let last = spans.iter().map(|(_, _, to)| *to).max().unwrap_or(end);
        (wall.start_up_ms, wall.shut_down_ms) = (length(start, first), length(last, end));
        let mut borders: BTreeMap<TimestampMs, i32> = BTreeMap::new();
        for (_, from, to) in &spans {
            *borders.entry(*from).or_default() += 1;
            *borders.entry(*to).or_default() -= 1;
        }
        // What one stage that runs all the time has got up to each border.
        let mut shares: BTreeMap<TimestampMs, f64> = BTreeMap::new();
        let (mut share, mut running, mut at) = (0.0, 0, first);
        for (border, change) in borders {
            let time = length(at, border);
            if running > 0 {
                share += time / f64::from(running);
            } else {
                wall.between_ms += time;
            }
            shares.insert(border, share);
            running += change;
            at = border;
        }
        let share_at = |time: &TimestampMs| shares.get(time).copied().unwrap_or_default();
        for (stage, from, to) in &spans {
            *wall.stages_ms.entry(*stage).or_default() += share_at(to) - share_at(from);
        }
        Some(wall)
    }

    pub(super) fn of_stage(&self, stage: StageId) -> f64 {
        self.stages_ms.get(&stage).copied().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::{application, task};

    #[test]
    fn every_instant_belongs_to_the_stages_that_ran_then() {
        let mut app = application(100, vec![(0, vec![task(1)]), (1, vec![task(1)])]);
        let mut place = |at: usize, from, to| {
            app.stages[at].submission_time = Some(TimestampMs(from));
            app.stages[at].completion_time = Some(TimestampMs(to));
        };
        place(0, 10, 50);
        place(1, 30, 60);
        let wall = Wall::of(&app).unwrap();
        assert_eq!((wall.of_stage(StageId(0)), wall.of_stage(StageId(1))), (30.0, 20.0));
        assert_eq!((wall.start_up_ms, wall.between_ms, wall.shut_down_ms), (10.0, 0.0, 40.0));
        app.stages[1].submission_time = Some(TimestampMs(55));
        let wall = Wall::of(&app).unwrap();
        assert_eq!((wall.between_ms, wall.of_stage(StageId(1))), (5.0, 5.0));
        app.end_time = None;
        assert_eq!(Wall::of(&app), None);
    }
}
