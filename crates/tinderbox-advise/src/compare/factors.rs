use serde::{Deserialize, Serialize};

/// A difference of wall time, divided into three causes that add up to it.
///
/// The wall time of a stage is written as `data x task time per byte x wall time per task time`, and the difference is
/// divided by the logarithmic mean Divisia index (LMDI-I; B. W. Ang, Energy Policy 32 (2004) 1131-1139), which leaves no
/// remainder and gives the same with the sides exchanged, but for the sign.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct Factors {
    /// The whole difference, later less earlier.
    pub total_ms: f64,
    /// Because more or fewer bytes were read (storage and shuffle).
    pub data_ms: f64,
    /// Because a byte took more or less task time: code, plan, spill, garbage collection, machines. Of stages that read
    /// nothing, because the tasks took more or less time.
    pub work_ms: f64,
    /// Because the same task time took more or less wall time: cores, skew, waiting, stages at the same time.
    pub concurrency_ms: f64,
}

/// What a stage took, on one side.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Measured {
    pub(super) wall_ms: f64,
    pub(super) task_ms: f64,
    pub(super) bytes: f64,
}

impl Factors {
    pub(super) fn between(before: Measured, after: Measured) -> Self {
        let total_ms = after.wall_ms - before.wall_ms;
        let is_known = |side: Measured| side.wall_ms > 0.0 && side.task_ms > 0.0;
        if !is_known(before) || !is_known(after) {
            return Self { total_ms, concurrency_ms: total_ms, ..Self::default() };
        }
        let weight = logarithmic_mean(before.wall_ms, after.wall_ms);
        let has_data = before.bytes > 0.0 && after.bytes > 0.0;
        let data_ratio = if has_data { after.bytes / before.bytes } else { 1.0 };
        let data_ms = weight * data_ratio.ln();
        let work_ms = weight * (after.task_ms / before.task_ms / data_ratio).ln();
        Self { total_ms, data_ms, work_ms, concurrency_ms: total_ms - data_ms - work_ms }
    }
}

/// `(a - b) / (ln a - ln b)`, of equal numbers the number. Both are positive.
fn logarithmic_mean(a: f64, b: f64) -> f64 {
    let difference = a.ln() - b.ln();
    if difference.abs() < 1e-9 { a } else { (a - b) / difference }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn side(wall_ms: f64, task_ms: f64, bytes: f64) -> Measured {
        Measured { wall_ms, task_ms, bytes }
    }

    fn rounded(factors: Factors) -> [f64; 4] {
        let Factors { total_ms, data_ms, work_ms, concurrency_ms } = factors;
        [total_ms, data_ms, work_ms, concurrency_ms].map(|ms| ms.round() + 0.0)
    }

    #[test]
    fn one_cause_alone_explains_everything() {
        let before = side(100.0, 400.0, 10.0);
        let of = |after| rounded(Factors::between(before, after));
        assert_eq!(of(side(200.0, 800.0, 20.0)), [100.0, 100.0, 0.0, 0.0], "twice the data");
        assert_eq!(of(side(300.0, 1_200.0, 10.0)), [200.0, 0.0, 200.0, 0.0], "slower code");
        assert_eq!(of(side(50.0, 400.0, 10.0)), [-50.0, 0.0, 0.0, -50.0], "twice the cores");
        assert_eq!(of(before), [0.0; 4]);
    }

    #[test]
    fn several_causes_add_up_and_change_sign_with_the_sides() {
        let (before, after) = (side(100.0, 400.0, 10.0), side(130.0, 900.0, 35.0));
        let there = Factors::between(before, after);
        let back = Factors::between(after, before);
        let sum = there.data_ms + there.work_ms + there.concurrency_ms;
        assert!((sum - 30.0).abs() < 1e-9);
        assert!((there.data_ms + back.data_ms).abs() < 1e-9);
        assert!(there.data_ms > 0.0 && there.work_ms < 0.0 && there.concurrency_ms < 0.0);
    }

    #[test]
    fn what_cannot_be_divided_is_not() {
        let none = side(0.0, 0.0, 0.0);
        assert_eq!(rounded(Factors::between(none, side(9.0, 9.0, 9.0))), [9.0, 0.0, 0.0, 9.0]);
        let unread = Factors::between(side(10.0, 10.0, 0.0), side(20.0, 20.0, 5.0));
        assert_eq!(rounded(unread), [10.0, 0.0, 10.0, 0.0]);
    }
}
