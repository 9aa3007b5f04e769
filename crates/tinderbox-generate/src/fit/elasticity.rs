//! How the duration follows input, cores and skew: least squares on logarithms with a prior.

use super::robust::{median, spread};

/// Standard deviation of the prior of an exponent, around the built-in value. A choice: it lets data decide as soon as it
/// says more than half of this.
const PRIOR: f64 = 0.25;
/// Huber's constant: residuals beyond so many standard deviations count less.
const HUBER: f64 = 1.345;
const ROUNDS: usize = 30;

/// What explains the logarithm of the duration: those of input, cores and skew.
pub(super) type Row = [f64; 3];

pub(super) struct Elasticity {
    pub(super) by: Row,
    /// Whether the data said more than the prior.
    pub(super) is_learned: [bool; 3],
    /// What is left of each run, around a median of 0.
    pub(super) residuals: Vec<f64>,
    /// Their spread.
    pub(super) spread: f64,
}

#[allow(clippy::needless_range_loop)]
pub(super) fn elasticity(rows: &[Row], times: &[f64], built_in: Row, usual: f64) -> Elasticity {
    let mut weights = vec![1.0; rows.len()];
    let mut found = Elasticity {
        by: built_in,
        is_learned: [false; 3],
        residuals: vec![0.0; rows.len()],
        spread: usual.max(0.01),
    };
    if rows.is_empty() {
        return found;
    }
    for _ in 0..ROUNDS {
        let all: f64 = weights.iter().sum();
        let mean = |get: &dyn Fn(usize) -> f64| {
            weights.iter().enumerate().map(|(i, weight)| weight * get(i)).sum::<f64>() / all
        };
        let middle: Row = std::array::from_fn(|column| mean(&|i| rows[i][column]));
        let middle_time = mean(&|i| times[i]);
        let precision = 1.0 / (found.spread * found.spread);
        let prior = 1.0 / (PRIOR * PRIOR);
        let mut matrix = [[0.0; 3]; 3];
        let mut right: Row = std::array::from_fn(|column| built_in[column] * prior);
        for (i, row) in rows.iter().enumerate() {
            for a in 0..3 {
                let along = weights[i] * precision * (row[a] - middle[a]);
                right[a] += along * (times[i] - middle_time);
                for b in 0..3 {
                    matrix[a][b] += along * (row[b] - middle[b]);
                }
            }
        }
        for (column, line) in matrix.iter_mut().enumerate() {
            line[column] += prior;
        }
        let inverse = inverse(matrix);
        found.by = std::array::from_fn(|a| (0..3).map(|b| inverse[a][b] * right[b]).sum());
        found.is_learned = std::array::from_fn(|a| inverse[a][a].sqrt() < PRIOR / 2.0);
        let explained = |row: &Row| (0..3).map(|a| found.by[a] * row[a]).sum::<f64>();
        let left: Vec<_> =
            rows.iter().zip(times).map(|(row, time)| time - explained(row)).collect();
        let center = median(&left);
        found.residuals = left.iter().map(|value| value - center).collect();
        found.spread = spread(&found.residuals).max(0.01);
        for (weight, residual) in weights.iter_mut().zip(&found.residuals) {
            *weight = (HUBER * found.spread / residual.abs().max(1e-12)).min(1.0);
        }
    }
    found
}

/// By Gauss and Jordan; the matrix is positive definite, so no pivot is 0.
#[allow(clippy::needless_range_loop)]
fn inverse(mut matrix: [[f64; 3]; 3]) -> [[f64; 3]; 3] {
    let mut inverse = [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]];
    for pivot in 0..3 {
        let scale = matrix[pivot][pivot];
        for column in 0..3 {
            matrix[pivot][column] /= scale;
            inverse[pivot][column] /= scale;
        }
        for line in (0..3).filter(|line| *line != pivot) {
            let factor = matrix[line][pivot];
            for column in 0..3 {
                matrix[line][column] -= factor * matrix[pivot][column];
                inverse[line][column] -= factor * inverse[pivot][column];
            }
        }
    }
    inverse
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exponents_are_found_beside_wild_runs_and_kept_without_variation() {
        // Input from 1 to 20 and cores from 1 to 4 in turn; every tenth run takes a hundred times as long.
        let rows: Vec<Row> = (0..200)
            .map(|i| [f64::from(i % 20 + 1).ln(), f64::from(i % 4 + 1).ln(), 0.0])
            .collect();
        let times: Vec<_> = (0..200)
            .map(|i| {
                let row = rows[i];
                let noise = if i % 2 == 0 { 0.05 } else { -0.05 };
                let wild = if i % 10 == 7 { 100.0_f64.ln() } else { 0.0 };
                3.0 + 0.8 * row[0] - 0.4 * row[1] + noise + wild
            })
            .collect();
        let found = elasticity(&rows, &times, [0.5, -0.2, 0.3], 0.2);
        assert!((found.by[0] - 0.8).abs() < 0.05, "{:?}", found.by);
        assert!((found.by[1] + 0.4).abs() < 0.1, "{:?}", found.by);
        assert_eq!(found.is_learned, [true, true, false]);
        assert!((found.by[2] - 0.3).abs() < 1e-9);
    }
}
