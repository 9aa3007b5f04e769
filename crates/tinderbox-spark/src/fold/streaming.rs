use super::Fold;
use crate::event::{
    StateOperator, StreamingIdle, StreamingProgress, StreamingStarted, StreamingTerminated,
};
use serde_json::Value;
use std::collections::BTreeMap;
use tinderbox_model::{Millis, StreamingBatch, StreamingQuery, StreamingSource, TimestampMs};

impl Fold {
    pub(super) fn streaming_started(&mut self, event: StreamingStarted) {
        let time = instant(&event.timestamp);
        self.see_instant(time);
        let query = self.streaming_query(&event.id, &event.run);
        query.name = event.name;
        query.start_time = time;
    }

    pub(super) fn streaming_progress(&mut self, progress: StreamingProgress) {
        let time = instant(&progress.timestamp);
        self.see_instant(time);
        let query = self.streaming_query(&progress.id, &progress.run);
        if query.name.is_none() {
            query.name.clone_from(&progress.name);
        }
        query.last_progress_time = query.last_progress_time.max(time);
        query.num_batches += 1;
        if query.batches.len() >= StreamingQuery::BATCH_LIMIT {
            query.batches.drain(..StreamingQuery::BATCH_LIMIT / 10);
        }
        query.batches.push(batch(progress, time));
    }

    pub(super) fn streaming_idle(&mut self, event: &StreamingIdle) {
        let time = instant(&event.timestamp);
        self.see_instant(time);
        if let Some(query) = self.head.streaming.iter_mut().find(|q| q.run_id == event.run) {
            query.last_progress_time = query.last_progress_time.max(time);
        }
    }

    pub(super) fn streaming_terminated(&mut self, event: StreamingTerminated) {
        let query = self.streaming_query(&event.id, &event.run);
        query.terminated = true;
        query.exception = event.exception;
    }

    fn streaming_query(&mut self, id: &str, run: &str) -> &mut StreamingQuery {
        let queries = &mut self.head.streaming;
        let at = match queries.iter().rposition(|query| query.run_id == run) {
            Some(at) => at,
            None => {
                queries.push(StreamingQuery {
                    id: id.to_owned(),
                    run_id: run.to_owned(),
                    name: None,
                    start_time: None,
                    last_progress_time: None,
                    terminated: false,
                    exception: None,
                    num_batches: 0,
                    batches: Vec::new(),
                });
                queries.len() - 1
            }
        };
        &mut queries[at]
    }

    fn see_instant(&mut self, time: Option<TimestampMs>) {
        self.see(time.map_or(0, |time| time.0));
    }
}

fn batch(progress: StreamingProgress, time: Option<TimestampMs>) -> StreamingBatch {
    let phases = progress.phases.0.into_iter();
    let phases = phases.map(|(name, ms)| (name, Millis::from_signed(ms))).collect();
    let duration = progress.duration.map(Millis::from_signed);
    let of_trigger = |phases: &BTreeMap<String, Millis>| {
        phases.get("triggerExecution").copied().unwrap_or_default()
    };
    let watermark = progress.event_time.0.iter().find(|(name, _)| name == "watermark");
    let sum = |value: &dyn Fn(&StateOperator) -> i64| {
        progress.state.iter().map(|operator| count(value(operator))).fold(0, u64::saturating_add)
    };
    let sources = progress.sources;
    StreamingBatch {
        id: progress.batch,
        time,
        duration: duration.unwrap_or_else(|| of_trigger(&phases)),
        input_rows: sources.iter().map(|source| count(source.rows)).fold(0, u64::saturating_add),
        input_rows_per_second: rate(sources.iter().map(|source| &source.input_rate)),
        processed_rows_per_second: rate(sources.iter().map(|source| &source.processed_rate)),
        watermark: watermark.and_then(|(_, text)| instant(text)),
        state_rows: sum(&|operator| operator.rows),
        state_bytes: sum(&|operator| operator.memory),
        late_rows_dropped: sum(&|operator| operator.late_rows),
        phases,
        sources: sources
            .into_iter()
            .map(|source| StreamingSource {
                description: source.description,
                input_rows: count(source.rows),
                end_offset: json_text(source.end_offset),
                latest_offset: json_text(source.latest_offset),
            })
            .collect(),
        output_rows: progress.sink.as_ref().and_then(|sink| u64::try_from(sink.rows?).ok()),
        sink: progress.sink.map(|sink| sink.description).unwrap_or_default(),
    }
}

/// Spark writes -1 where it does not know.
fn count(value: i64) -> u64 {
    u64::try_from(value).unwrap_or(0)
}

/// The sum over sources, as `StreamingQueryProgress` gives it; `None` where no source has a number.
fn rate<'v>(rates: impl Iterator<Item = &'v Value>) -> Option<f64> {
    rates.filter_map(Value::as_f64).reduce(|sum, rate| sum + rate)
}

/// Offsets are JSON in a text, or, from other writers, JSON itself.
fn json_text(value: Value) -> Option<String> {
    match value {
        Value::Null => None,
        Value::String(text) => Some(text),
        other => Some(other.to_string()),
    }
}

/// `2026-01-31T12:00:00.123Z`, always in UTC with milliseconds (`DateTimeFormatter` of `ProgressReporter`).
fn instant(text: &str) -> Option<TimestampMs> {
    let (date, time) = text.strip_suffix('Z')?.split_once('T')?;
    let mut date = date.splitn(3, '-').map(|part| part.parse::<i64>().ok());
    let (year, month, day) = (date.next()??, date.next()??, date.next()??);
    let (time, millis) = time.split_once('.').unwrap_or((time, "0"));
    let mut time = time.splitn(3, ':').map(|part| part.parse::<i64>().ok());
    let (hour, minute, second) = (time.next()??, time.next()??, time.next()??);
    let millis: u16 = format!("{millis:0<3}").get(..3)?.parse().ok()?;
    let in_range = (0..=9_999).contains(&year)
        && (1..=12).contains(&month)
        && (1..=31).contains(&day)
        && (0..24).contains(&hour)
        && (0..60).contains(&minute)
        && (0..=60).contains(&second);
    // Before the arithmetic, which would overflow.
    if !in_range {
        return None;
    }
    let days = days_from_civil(year, month, day);
    let seconds = ((days * 24 + hour) * 60 + minute) * 60 + second;
    Some(TimestampMs(seconds * 1_000 + i64::from(millis)))
}

/// Days since 1970-01-01 in the Gregorian calendar; years begin in March here, so that the leap day is their last.
fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    365 * year + year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400) + day_of_year
        - 719_468
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instants_are_read() {
        for (text, expected) in [
            ("1970-01-01T00:00:00.000Z", Some(0)),
            ("2026-11-25T04:03:42.017Z", Some(1_795_579_422_017)),
            ("2024-02-29T23:59:59Z", Some(1_709_251_199_000)),
            ("2024-02-29 23:59:59", None),
            ("9223372036854775807-01-01T00:00:00.000Z", None),
            ("2024-02-29T9223372036854775807:59:59Z", None),
            ("2024-02-29T23:59:59.-99Z", None),
            ("", None),
        ] {
            assert_eq!(instant(text).map(|time| time.0), expected, "{text}");
        }
    }
}
