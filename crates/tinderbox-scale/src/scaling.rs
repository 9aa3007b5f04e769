//! What times on several numbers of nodes say.

use crate::fit::{Certainty, Fit};
use serde_json::{Map, Value, json};

/// The whole result.
#[derive(Debug, Clone, PartialEq)]
pub struct Scaling {
    /// In the order in which they were given.
    pub points: Vec<Point>,
    /// The laws, as far as the points suffice.
    pub fit: Fit,
    /// `None` when there is nothing to compare.
    pub advice: Option<Advice>,
    /// What keeps the figures from being sure, a sentence each, in the order of weight.
    pub notes: Vec<String>,
}

/// One number of nodes.
#[derive(Debug, Clone, PartialEq)]
pub struct Point {
    /// How many.
    pub nodes: u32,
    /// Seconds of each measured repeat.
    pub times: Vec<f64>,
    /// `None` without a single time.
    pub spread: Option<Spread>,
    /// t(smallest) / t(n) of the medians.
    pub speedup: Option<f64>,
    /// Speedup × smallest / n: 1 means that no node is wasted in comparison with the smallest number.
    pub efficiency: Option<f64>,
}

/// How repeats differ, in seconds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Spread {
    /// The time that counts.
    pub median: f64,
    /// The fastest.
    pub least: f64,
    /// The slowest.
    pub most: f64,
    /// Median of the distances from the median; one outlier does not move it.
    pub mad: f64,
}

/// The number of nodes to take.
#[derive(Debug, Clone, PartialEq)]
pub struct Advice {
    /// Between the smallest and the largest that was measured.
    pub nodes: u32,
    /// Where a node is still worth its cost, and why it is this number.
    pub reason: String,
    /// The number from which on more nodes make it slower, where the law tells one. May lie beyond what was measured.
    pub peak: Option<u32>,
    /// What to expect of the advised number in seconds: measured, or by the law.
    pub seconds: f64,
}

/// Larger relative errors of a fit make its advice doubtful. A guess: times of repeats on one machine differ by some percent.
const LARGE_ERROR: f64 = 0.15;

impl Scaling {
    /// Numbers of nodes with the seconds of their repeats. Times that are none (negative, not finite) are left out and noted; of a
    /// number that stands twice the times are put together.
    pub fn of(measured: &[(u32, Vec<f64>)]) -> Self {
        let mut points: Vec<Point> = Vec::new();
        let mut left_out = 0;
        for (nodes, times) in measured {
            let sound = times.iter().copied().filter(|time| time.is_finite() && *time >= 0.0);
            let sound: Vec<f64> = sound.collect();
            left_out += times.len() - sound.len();
            match points.iter_mut().find(|point| point.nodes == *nodes) {
                Some(point) => point.times.extend(sound),
                None => points.push(Point::of(*nodes, sound)),
            }
        }
        for point in &mut points {
            point.spread = Spread::of(&point.times);
        }
        let usable = usable(&points);
        if let Some((smallest, base)) = usable.first().copied() {
            for point in &mut points {
                let time = point.spread.map(|spread| spread.median).filter(|time| *time > 0.0);
                let n = f64::from(point.nodes);
                point.speedup = time.map(|time| base / time);
                point.efficiency = point.speedup.map(|speedup| speedup * f64::from(smallest) / n);
            }
        }
        let fit = Fit::of(&usable);
        let advice = advice(&usable, &fit);
        let notes = notes(&points, &usable, &fit, left_out);
        Self { points, fit, advice, notes }
    }

    /// As the documented answer shows them, in the order of the points: `nodes`, `time_sec` (the median), `speedup`, `efficiency`, two
    /// decimals each; `null` for what cannot be had.
    pub fn performance_metrics(&self) -> Vec<Value> {
        let metrics = self.points.iter().map(|point| {
            json!({
                "nodes": point.nodes,
                "time_sec": point.spread.and_then(|spread| rounded(spread.median)),
                "speedup": point.speedup.and_then(rounded),
                "efficiency": point.efficiency.and_then(rounded),
            })
        });
        metrics.collect()
    }

    /// Spread, fits, advice and notes.
    pub fn to_json(&self) -> Value {
        let spread = self.points.iter().map(|point| {
            let of = point.spread;
            json!({
                "nodes": point.nodes,
                "repeats": point.times.len(),
                "median_sec": of.map(|of| of.median),
                "min_sec": of.map(|of| of.least),
                "max_sec": of.map(|of| of.most),
                "mad_sec": of.map(|of| of.mad),
            })
        });
        let amdahl = self.fit.amdahl.map(|law| {
            let mut shown = json!({
                "serial_share": law.serial_share,
                "time_of_one_sec": law.time_of_one,
            });
            show_certainty(law.certainty, &mut shown);
            shown
        });
        let usl = self.fit.usl.map(|law| {
            let mut shown = json!({
                "lambda": law.lambda,
                "sigma": law.sigma,
                "kappa": law.kappa,
                "peak_nodes": law.peak(),
            });
            show_certainty(law.certainty, &mut shown);
            shown
        });
        let advice = self.advice.as_ref().map(|advice| {
            json!({
                "nodes": advice.nodes,
                "expected_sec": advice.seconds,
                "peak_nodes": advice.peak,
                "reason": advice.reason,
            })
        });
        let shown = [
            ("spread", Value::Array(spread.collect())),
            ("amdahl", amdahl.unwrap_or_default()),
            ("usl", usl.unwrap_or_default()),
            ("advice", advice.unwrap_or_default()),
            ("notes", json!(self.notes)),
        ];
        let shown = shown.into_iter().map(|(key, value)| (key.to_owned(), value));
        Value::Object(shown.collect::<Map<String, Value>>())
    }
}

impl Point {
    fn of(nodes: u32, times: Vec<f64>) -> Self {
        Self { nodes, times, spread: None, speedup: None, efficiency: None }
    }
}

impl Spread {
    fn of(times: &[f64]) -> Option<Self> {
        let median_of = |mut values: Vec<f64>| {
            values.sort_by(f64::total_cmp);
            let upper = *values.get(values.len() / 2)?;
            let lower = *values.get((values.len() - 1) / 2)?;
            Some(lower + (upper - lower) / 2.0)
        };
        let median = median_of(times.to_vec())?;
        let mad = median_of(times.iter().map(|time| (time - median).abs()).collect())?;
        let least = times.iter().copied().fold(f64::INFINITY, f64::min);
        let most = times.iter().copied().fold(0.0, f64::max);
        Some(Self { median, least, most, mad })
    }
}

/// Two decimals, as the documented answer has them; `None` for what JSON has no number for.
pub(crate) fn rounded(value: f64) -> Option<f64> {
    let rounded = (value * 100.0).round() / 100.0;
    rounded.is_finite().then_some(rounded)
}

/// The medians above 0, by number of nodes.
fn usable(points: &[Point]) -> Vec<(u32, f64)> {
    let median = |point: &Point| Some((point.nodes, point.spread?.median));
    let mut usable: Vec<(u32, f64)> = points
        .iter()
        .filter_map(median)
        .filter(|(nodes, time)| *nodes > 0 && *time > 0.0)
        .collect();
    usable.sort_by_key(|(nodes, _)| *nodes);
    usable
}

/// The knee: where the ratio of efficiency to time is largest, beyond which nodes cost more than they bring.
///
/// Source: D. L. Eager, J. Zahorjan, E. D. Lazowska, "Speedup versus efficiency in parallel systems", IEEE Transactions on
/// Computers 38 (3), 1989. It is where speedup² / n is largest.
fn advice(usable: &[(u32, f64)], fit: &Fit) -> Option<Advice> {
    let (smallest, largest) = (usable.first()?.0, usable.last()?.0);
    if smallest == largest {
        return None;
    }
    let measured = |nodes: u32| usable.iter().find(|(n, _)| *n == nodes).map(|(_, time)| *time);
    let law = fit.usl.filter(|law| match law.certainty {
        Certainty::Exact => true,
        Certainty::Fitted { largest_error } => largest_error <= LARGE_ERROR,
    });
    let worth = |nodes: u32, time: f64| 1.0 / (time * time * f64::from(nodes));
    let candidates: Vec<(u32, f64)> = match law {
        Some(law) => (smallest..=largest).map(|nodes| (nodes, law.time(nodes))).collect(),
        None => usable.to_vec(),
    };
    // Of two that are worth the same the smaller one.
    let (nodes, expected) = candidates.into_iter().reduce(|best, next| {
        if worth(next.0, next.1) > worth(best.0, best.1) * (1.0 + 1e-9) { next } else { best }
    })?;
    let peak = law.and_then(|law| law.peak());
    let by =
        if law.is_some() { "by the fitted law" } else { "among the numbers that were measured" };
    let mut reason = format!("efficiency for its time is best at {nodes} {by}");
    if nodes == largest {
        reason.push_str("; it is the largest that was measured, so more may be better");
    } else if nodes == smallest {
        reason.push_str("; more nodes bring less than they cost");
    }
    match peak {
        Some(peak) if peak > largest => {
            reason.push_str(&format!(
                "; beyond what was measured the law expects no gain from {peak} on"
            ));
        }
        Some(peak) => reason.push_str(&format!("; from {peak} on more nodes make it slower")),
        None => {}
    }
    Some(Advice { nodes, reason, peak, seconds: measured(nodes).unwrap_or(expected) })
}

fn notes(points: &[Point], usable: &[(u32, f64)], fit: &Fit, left_out: usize) -> Vec<String> {
    let mut notes = Vec::new();
    match usable.len() {
        0 => notes.push("there is no time above 0, so nothing can be said".to_owned()),
        1 => notes.push("one number of nodes was measured: nothing to compare, no fit, no advice".to_owned()),
        2 => notes.push(
            "two numbers of nodes: Amdahl's law passes through any two points, and the Universal Scalability Law needs three".to_owned(),
        ),
        3 => notes.push(
            "three numbers of nodes: the Universal Scalability Law passes through most three points; measure more to see whether it holds".to_owned(),
        ),
        _ => {}
    }
    if usable.len() > 2 && fit.usl.is_none() {
        notes.push("the Universal Scalability Law does not fit these times: the best fit leaves nothing for one node".to_owned());
    }
    if let Some(Certainty::Fitted { largest_error }) = fit.usl.map(|law| law.certainty)
        && largest_error > LARGE_ERROR
    {
        notes.push(format!(
            "the Universal Scalability Law misses a time by {:.0} %, so the advice is only among what was measured",
            largest_error * 100.0
        ));
    }
    let slower = usable.windows(2).all(|pair| pair[1].1 >= pair[0].1);
    if usable.len() > 1 && slower {
        notes.push(
            "more nodes were never faster: the work is too small, or does not spread".to_owned(),
        );
    }
    let noise = points.iter().filter_map(|point| {
        let spread = point.spread.filter(|spread| spread.median > 0.0)?;
        Some(spread.mad / spread.median)
    });
    let noise = noise.fold(0.0, f64::max);
    let least = usable.iter().map(|(_, time)| *time).fold(f64::INFINITY, f64::min);
    let most = usable.iter().map(|(_, time)| *time).fold(0.0, f64::max);
    if usable.len() > 1 && noise > 0.0 && most / least - 1.0 <= 2.0 * noise {
        notes.push("the times differ no more than their repeats do".to_owned());
    }
    if points.iter().any(|point| point.times.len() == 1) {
        notes.push("one repeat: the spread is not known".to_owned());
    }
    if left_out > 0 {
        notes.push(format!("{left_out} times were no times and are left out"));
    }
    notes
}

fn show_certainty(certainty: Certainty, shown: &mut Value) {
    shown["largest_error"] = match certainty {
        Certainty::Exact => Value::Null,
        Certainty::Fitted { largest_error } => json!(largest_error),
    };
    shown["is_overdetermined"] = json!(matches!(certainty, Certainty::Fitted { .. }));
}
