//! Parameters as JAX-RS reads them.

use super::answer::Refusal;
use tinderbox_app::model::TimestampMs;
use tinderbox_app::rest::{Filter, parse_date, parse_java_double};

/// The parameters of a query, in their order.
#[derive(Clone)]
pub struct Parameters(Vec<(String, String)>);

impl Parameters {
    /// Of the part behind the question mark.
    pub fn of(query: &str) -> Self {
        Self(form_urlencoded::parse(query.as_bytes()).into_owned().collect())
    }

    /// The first one with this name.
    pub fn first(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// A Java int; the default when it is absent or blank.
    pub fn int(&self, name: &str, default: i32) -> Result<i32, Refusal> {
        match self.first(name).filter(|text| !text.trim().is_empty()) {
            Some(text) => text.parse().map_err(|_| Refusal::Unknown),
            None => Ok(default),
        }
    }

    /// Everything but `true` is false.
    pub fn boolean(&self, name: &str, default: bool) -> bool {
        match self.first(name).filter(|text| !text.trim().is_empty()) {
            Some(text) => text.eq_ignore_ascii_case("true"),
            None => default,
        }
    }

    /// All values of a repeatable parameter, as words of an enum, case ignored.
    pub fn words<T: Copy>(&self, name: &str, words: &[(&str, T)]) -> Result<Filter<T>, Refusal> {
        let mut filter = Filter::All;
        for (_, value) in self.0.iter().filter(|(key, _)| key == name) {
            let mut values = if let Filter::Of(values) = filter { values } else { Vec::new() };
            if !value.is_empty() {
                let word = words.iter().find(|(word, _)| word.eq_ignore_ascii_case(value));
                values.push(word.ok_or(Refusal::Unknown)?.1);
            }
            filter = Filter::Of(values);
        }
        Ok(filter)
    }

    /// A date.
    pub fn date(&self, name: &str, default: TimestampMs) -> Result<TimestampMs, Refusal> {
        match self.first(name) {
            Some(text) => parse_date(text).ok_or_else(|| Refusal::bad_date(text)),
            None => Ok(default),
        }
    }

    /// Sorted quantiles: numbers with commas between.
    pub fn quantiles(&self, default: &[f64]) -> Result<Vec<f64>, Refusal> {
        let Some(text) = self.first("quantiles") else { return Ok(default.to_vec()) };
        let parts: Vec<&str> = text.split(',').collect();
        // Java's `split` leaves empty parts at the end out, but not the only one.
        let end = parts.iter().rposition(|part| !part.is_empty()).map_or(0, |last| last + 1);
        let end = if text.is_empty() { 1 } else { end };
        if end > MOST_QUANTILES {
            return Err(Refusal::bad_request(&format!(
                "Bad value for parameter \"quantiles\".  Expected at most {MOST_QUANTILES} numbers, got {end}"
            )));
        }
        let mut quantiles = parts[..end]
            .iter()
            .map(|part| {
                parse_java_double(part).ok_or_else(|| {
                    Refusal::bad_request(&format!(
                        "Bad value for parameter \"quantiles\".  Expected a double, got \"{part}\""
                    ))
                })
            })
            .collect::<Result<Vec<_>, _>>()?;
        quantiles.sort_by(f64::total_cmp);
        Ok(quantiles)
    }
}

/// Spark has no limit; of each stage 38 figures are held at every quantile.
const MOST_QUANTILES: usize = 1_000;

/// A segment of a path with its percent signs resolved.
pub fn decode_path(segment: &str) -> String {
    let mut bytes = Vec::with_capacity(segment.len());
    let mut rest = segment.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let hex = after.get(..2).filter(|_| *first == b'%');
        let value = hex
            .and_then(|hex| std::str::from_utf8(hex).ok())
            .and_then(|hex| u8::from_str_radix(hex, 16).ok());
        match value {
            Some(value) => {
                bytes.push(value);
                rest = &after[2..];
            }
            None => {
                bytes.push(*first);
                rest = after;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn quantiles(query: &str) -> Option<Vec<f64>> {
        Parameters::of(query).quantiles(&[0.5]).ok()
    }

    #[test]
    fn quantiles_are_read_as_java_splits_and_reads_them() {
        assert_eq!(quantiles(""), Some(vec![0.5]));
        assert_eq!(quantiles("quantiles=0.9,%200.1d,,"), Some(vec![0.1, 0.9]));
        assert_eq!(quantiles("quantiles=,"), Some(vec![]));
        assert_eq!(quantiles("quantiles="), None);
        assert_eq!(quantiles("quantiles=0.5,,1"), None);
        assert_eq!(quantiles("quantiles=inf"), None);
        assert_eq!(quantiles("quantiles=Infinity,-1"), Some(vec![-1.0, f64::INFINITY]));
    }

    #[test]
    fn numbers_and_flags_have_defaults_where_java_has_them() {
        let parameters = Parameters::of("a=&b=7&c=x&d=TRUE&e=yes");
        assert_eq!(parameters.int("a", 3).ok(), Some(3));
        assert_eq!(parameters.int("b", 3).ok(), Some(7));
        assert!(parameters.int("c", 3).is_err());
        assert!(parameters.boolean("d", false) && !parameters.boolean("e", true));
        assert!(parameters.boolean("a", true));
    }

    #[test]
    fn paths_are_decoded() {
        assert_eq!(decode_path("a%2Fb%20c%"), "a/b c%");
    }
}
