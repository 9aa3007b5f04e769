//! A picture of times and speedups for terminals.

use crate::scaling::Scaling;
use std::fmt::Write as _;

/// Bars of the speedup, with a mark where it would be if no node were wasted. `width` are the columns of the terminal; below 60 it is
/// drawn for 60. Ends with a line feed.
pub fn chart(scaling: &Scaling, width: u32) -> String {
    const BEFORE: u32 = 44;
    let bars = width.clamp(60, 160) - BEFORE;
    let mut points: Vec<_> = scaling.points.iter().collect();
    points.sort_by_key(|point| point.nodes);
    let smallest = points.first().map_or(1, |point| point.nodes.max(1));
    let ideal = |nodes: u32| f64::from(nodes) / f64::from(smallest);
    let speedups = points.iter().filter_map(|point| point.speedup);
    let most = points.iter().map(|point| ideal(point.nodes)).chain(speedups).fold(1.0, f64::max);
    let mut text = String::from(" nodes      median      spread  speedup   eff.\n");
    for point in points {
        let (median, spread) = match point.spread {
            Some(spread) => (seconds(spread.median), format!("±{}", seconds(spread.mad))),
            None => ("-".to_owned(), "-".to_owned()),
        };
        let figure =
            |value: Option<f64>| value.map_or("-".to_owned(), |value| format!("{value:.2}"));
        let share = |value: f64| value / most * f64::from(bars);
        let reached = point.speedup.map_or(0.0, share);
        let mark = share(ideal(point.nodes));
        let bar: String = (0..bars)
            .map(|at| {
                let (from, to) = (f64::from(at), f64::from(at) + 1.0);
                if to <= reached + 0.5 {
                    '█'
                } else if from < mark && mark <= to {
                    '|'
                } else {
                    ' '
                }
            })
            .collect();
        let line = format!(
            "{:>6} {median:>11} {spread:>11} {:>8} {:>6}  {bar}",
            point.nodes,
            figure(point.speedup),
            figure(point.efficiency)
        );
        let _ = writeln!(text, "{}", line.trim_end());
    }
    if let Some(law) = scaling.fit.amdahl {
        let _ =
            writeln!(text, "Amdahl: {:.1} % of the work does not spread", law.serial_share * 100.0);
    }
    if let Some(law) = scaling.fit.usl {
        let _ = writeln!(text, "USL: σ {:.4}, κ {:.6}", law.sigma, law.kappa);
    }
    if let Some(advice) = &scaling.advice {
        let _ = writeln!(text, "advised: {} ({})", advice.nodes, advice.reason);
    }
    for note in &scaling.notes {
        let _ = writeln!(text, "note: {note}");
    }
    text
}

fn seconds(value: f64) -> String {
    if value >= 100.0 { format!("{value:.0} s") } else { format!("{value:.2} s") }
}
