//! Laws of scaling, fitted to times.
//!
//! Both laws are sums of known functions of the number of nodes with coefficients that cannot be negative, so the best fit is found
//! exactly: of all choices of coefficients that are zero, the best one whose others are not negative. What is made small is the sum of
//! the squares of relative errors, because a second more means little at one node and much at thirty-two.

/// Amdahl's law: T(n) = T(1) × (s + (1 − s) / n).
///
/// Source: G. M. Amdahl, "Validity of the single processor approach to achieving large scale computing capabilities", AFIPS 1967.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Amdahl {
    /// The share s of the work that does not get faster with more nodes, from 0 to 1.
    pub serial_share: f64,
    /// T(1) in seconds, as the law has it.
    pub time_of_one: f64,
    /// How sure it is.
    pub certainty: Certainty,
}

/// The Universal Scalability Law: X(n) = λ × n / (1 + σ × (n − 1) + κ × n × (n − 1)), with X = 1 / T.
///
/// Source: N. J. Gunther, "Guerrilla Capacity Planning", Springer 2007, chapters 4 to 6.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Usl {
    /// λ: jobs a second on one node.
    pub lambda: f64,
    /// σ: contention, what waits in line.
    pub sigma: f64,
    /// κ: coherency, what nodes must tell each other.
    pub kappa: f64,
    /// How sure it is.
    pub certainty: Certainty,
}

/// How far a fit can be trusted.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Certainty {
    /// As many numbers of nodes as the law has parameters: it passes through all points whatever they are.
    Exact,
    /// More numbers of nodes than parameters.
    Fitted {
        /// The largest relative error of a time, as a share: 0.1 is ten percent.
        largest_error: f64,
    },
}

/// What could be fitted. A law with fewer points than parameters is missing.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Fit {
    /// From two numbers of nodes on.
    pub amdahl: Option<Amdahl>,
    /// From three on.
    pub usl: Option<Usl>,
}

/// Where searches for a peak end; nobody has so many nodes.
const MOST_NODES: u32 = 100_000;

impl Fit {
    /// Fits both laws to numbers of nodes, each once, and their times in seconds, all above 0.
    pub(crate) fn of(points: &[(u32, f64)]) -> Self {
        Self { amdahl: amdahl(points), usl: usl(points) }
    }
}

impl Amdahl {
    /// The time on so many nodes in seconds.
    pub fn time(&self, nodes: u32) -> f64 {
        self.time_of_one * (self.serial_share + (1.0 - self.serial_share) / f64::from(nodes))
    }
}

impl Usl {
    /// The time on so many nodes in seconds.
    pub fn time(&self, nodes: u32) -> f64 {
        let n = f64::from(nodes);
        (1.0 + self.sigma * (n - 1.0) + self.kappa * n * (n - 1.0)) / (self.lambda * n)
    }

    /// The number of nodes from which on more make it slower: √((1 − σ) / κ), as a whole number. `None` where the law has no such
    /// number, or one that nobody reaches.
    pub fn peak(&self) -> Option<u32> {
        (1..MOST_NODES).find(|nodes| self.time(nodes + 1) > self.time(*nodes))
    }
}

fn amdahl(points: &[(u32, f64)]) -> Option<Amdahl> {
    let rows = points.iter().map(|(nodes, time)| (vec![1.0, 1.0 / f64::from(*nodes)], *time));
    let [serial, parallel] = fitted(&rows.collect::<Vec<_>>())?.try_into().ok()?;
    let time_of_one = serial + parallel;
    let law =
        Amdahl { serial_share: serial / time_of_one, time_of_one, certainty: Certainty::Exact };
    let certainty = certainty(points, 2, |nodes| law.time(nodes))?;
    law.serial_share.is_finite().then_some(Amdahl { certainty, ..law })
}

/// n × T(n) = 1/λ + σ/λ × (n − 1) + κ/λ × n (n − 1), whose relative errors are those of T(n).
fn usl(points: &[(u32, f64)]) -> Option<Usl> {
    let rows = points.iter().map(|(nodes, time)| {
        let n = f64::from(*nodes);
        (vec![1.0, n - 1.0, n * (n - 1.0)], n * time)
    });
    let [one, contention, coherency] = fitted(&rows.collect::<Vec<_>>())?.try_into().ok()?;
    if one <= 0.0 {
        return None;
    }
    let law = Usl {
        lambda: 1.0 / one,
        sigma: contention / one,
        kappa: coherency / one,
        certainty: Certainty::Exact,
    };
    let certainty = certainty(points, 3, |nodes| law.time(nodes))?;
    (law.lambda.is_finite() && law.sigma.is_finite() && law.kappa.is_finite())
        .then_some(Usl { certainty, ..law })
}

fn certainty(
    points: &[(u32, f64)],
    parameters: usize,
    time: impl Fn(u32) -> f64,
) -> Option<Certainty> {
    if points.len() < parameters {
        return None;
    }
    let errors = points.iter().map(|(nodes, measured)| (time(*nodes) / measured - 1.0).abs());
    let largest_error = errors.fold(0.0, f64::max);
    Some(if points.len() == parameters && largest_error < 1e-6 {
        Certainty::Exact
    } else {
        Certainty::Fitted { largest_error }
    })
}

/// The coefficients, none of them negative, whose sums of row times coefficients are nearest to the values.
fn fitted(rows: &[(Vec<f64>, f64)]) -> Option<Vec<f64>> {
    let width = rows.first()?.0.len();
    if rows.len() < width {
        return None;
    }
    let mut best: Option<(f64, Vec<f64>)> = None;
    // Each bit says whether a coefficient may be other than zero.
    for chosen in 1_u32..1 << width {
        let used: Vec<usize> = (0..width).filter(|at| chosen & (1 << at) != 0).collect();
        let Some(solution) = least_squares(rows, &used) else { continue };
        if solution.iter().any(|coefficient| *coefficient < 0.0) {
            continue;
        }
        let mut whole = vec![0.0; width];
        for (at, coefficient) in used.iter().zip(&solution) {
            whole[*at] = *coefficient;
        }
        let error: f64 =
            rows.iter().map(|(row, value)| (dot(row, &whole) / value - 1.0).powi(2)).sum();
        // Of two that are as good the one with fewer coefficients, which came first or has more zeros.
        let is_better = best.as_ref().is_none_or(|(least, other)| {
            let zeros = |all: &[f64]| all.iter().filter(|one| **one == 0.0).count();
            let is_equal = (error - least).abs() <= 1e-18;
            if is_equal { zeros(&whole) > zeros(other) } else { error < *least }
        });
        if is_better && error.is_finite() {
            best = Some((error, whole));
        }
    }
    best.map(|(_, coefficients)| coefficients)
}

fn dot(left: &[f64], right: &[f64]) -> f64 {
    left.iter().zip(right).map(|(left, right)| left * right).sum()
}

/// Least squares of relative errors by Householder's reflections, with columns scaled to the same length. `None` where columns
/// depend on each other.
fn least_squares(rows: &[(Vec<f64>, f64)], used: &[usize]) -> Option<Vec<f64>> {
    let mut matrix: Vec<Vec<f64>> =
        rows.iter().map(|(row, value)| used.iter().map(|at| row[*at] / value).collect()).collect();
    let mut right = vec![1.0; rows.len()];
    let width = used.len();
    let length = |matrix: &[Vec<f64>], column: usize, from: usize| -> f64 {
        matrix[from..].iter().map(|row| row[column] * row[column]).sum::<f64>().sqrt()
    };
    let scales: Vec<f64> = (0..width).map(|column| length(&matrix, column, 0)).collect();
    if scales.iter().any(|scale| *scale <= 0.0 || !scale.is_finite()) {
        return None;
    }
    for row in &mut matrix {
        for (entry, scale) in row.iter_mut().zip(&scales) {
            *entry /= scale;
        }
    }
    for column in 0..width {
        let norm = length(&matrix, column, column);
        if norm < 1e-12 {
            return None;
        }
        let head = if matrix[column][column] > 0.0 { -norm } else { norm };
        let mut mirror: Vec<f64> = matrix[column..].iter().map(|row| row[column]).collect();
        mirror[0] -= head;
        let square: f64 = mirror.iter().map(|entry| entry * entry).sum();
        for other in column..width {
            let product: f64 =
                matrix[column..].iter().zip(&mirror).map(|(row, entry)| row[other] * entry).sum();
            for (row, entry) in matrix[column..].iter_mut().zip(&mirror) {
                row[other] -= 2.0 * product / square * entry;
            }
        }
        let product: f64 =
            right[column..].iter().zip(&mirror).map(|(value, entry)| value * entry).sum();
        for (value, entry) in right[column..].iter_mut().zip(&mirror) {
            *value -= 2.0 * product / square * entry;
        }
    }
    let mut solution = vec![0.0; width];
    for at in (0..width).rev() {
        let known = dot(&matrix[at][at + 1..], &solution[at + 1..]);
        solution[at] = (right[at] - known) / matrix[at][at];
    }
    Some(solution.iter().zip(&scales).map(|(entry, scale)| entry / scale).collect())
}
