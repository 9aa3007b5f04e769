//! Estimates that a few extreme values do not move.

/// As a float.
#[allow(clippy::cast_precision_loss)]
pub(super) fn count_of(count: usize) -> f64 {
    count as f64
}

/// The value below which so many thousandths of the values lie; 0 for none.
pub(super) fn quantile(values: &[f64], thousandths: usize) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let place = (sorted.len().saturating_sub(1) * thousandths + 500) / 1000;
    sorted.get(place).copied().unwrap_or(0.0)
}

pub(super) fn median(values: &[f64]) -> f64 {
    quantile(values, 500)
}

pub(super) fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / count_of(values.len().max(1))
}

/// The standard deviation of a normal distribution with this median absolute deviation (factor 1 / 0.6745).
pub(super) fn spread(values: &[f64]) -> f64 {
    let middle = median(values);
    let distances: Vec<_> = values.iter().map(|value| (value - middle).abs()).collect();
    1.4826 * median(&distances)
}

/// The standard deviation.
pub(super) fn deviation(values: &[f64]) -> f64 {
    if values.len() < 2 {
        return 0.0;
    }
    let middle = mean(values);
    let squares: f64 = values.iter().map(|value| (value - middle) * (value - middle)).sum();
    (squares / count_of(values.len() - 1)).sqrt()
}

/// Four significant digits, so that files can be read.
pub(super) fn rounded(value: f64) -> f64 {
    format!("{value:.3e}").parse().unwrap_or(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_wild_value_moves_nothing() {
        let values = [1.0, 2.0, 3.0, 4.0, 1e9];
        assert_eq!(median(&values), 3.0);
        assert!((spread(&values) - 1.4826).abs() < 1e-9);
        assert_eq!(quantile(&[], 500), 0.0);
    }

    #[test]
    fn rounded_numbers_are_short() {
        assert_eq!(rounded(12_345.678), 12_350.0);
        assert_eq!(rounded(0.000_123_456), 0.000_123_5);
        assert_eq!(rounded(0.0), 0.0);
    }
}
