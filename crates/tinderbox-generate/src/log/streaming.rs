//! Batches of a streaming job as progress events: together they read the records of the first operator.

use super::application::Log;
use crate::job::{JobStatus, Stage, float};
use crate::random::mix;
use std::io::{self, Write};

const EVENT: &str = "{\"Event\":\"org.apache.spark.sql.streaming.StreamingQueryListener$Query";

/// A source adds what it has every so often.
const INTERVAL_MS: i64 = 10_000;

impl<W: Write> Log<'_, W> {
    pub(super) fn streaming_start(&mut self) -> io::Result<()> {
        if self.job.num_batches == 0 {
            return Ok(());
        }
        let start = self.job.start_ms;
        self.lines.push(EVENT).push("StartedEvent\",");
        self.query();
        self.lines.push(",\"timestamp\":\"").push(&iso(start)).push("\"");
        if self.is_four {
            self.lines.push(",\"jobTags\":[]");
        }
        self.lines.push("}").end()
    }

    /// Id, run and name.
    fn query(&mut self) {
        let name = format!("{}_query", self.name());
        let (id, run) = (uuid(mix(self.job.index) ^ 1), uuid(mix(self.job.index) ^ 2));
        self.lines.push("\"id\":\"").push(&id).push("\",\"runId\":\"").push(&run);
        self.lines.push("\",\"name\":").quoted(&name);
    }

    /// The batches that have ended when a stage has.
    pub(super) fn batches(&mut self, stage: &Stage) -> io::Result<()> {
        let all = self.job.num_batches;
        let so_far = stage.start_ms + stage.duration_ms;
        while self.num_batches < all {
            let number = self.num_batches;
            let at = |batch: i64| self.job.duration_ms * batch / all;
            let (begin, end) = (at(number), at(number + 1));
            if end > so_far {
                break;
            }
            self.batch(number, begin, end - begin)?;
            self.num_batches += 1;
        }
        Ok(())
    }

    fn batch(&mut self, number: i64, begin: i64, took: i64) -> io::Result<()> {
        let all = self.job.num_batches;
        let part = |figure: i64| figure / all + i64::from(number < figure % all);
        let rows = part(self.job.stages.first().map_or(0, |stage| stage.records));
        let last = self.job.stages.last();
        let written = part(last.map_or(0, |stage| stage.records));
        let rate = |rows: i64, ms: i64| format!("{:?}", float(rows * 1000) / float(ms.max(1)));
        let time = iso(self.job.start_ms + begin);
        let (planning, commit) = (took / 50, took / 25);
        self.lines.push(EVENT).push("ProgressEvent\",\"progress\":{");
        self.query();
        self.lines
            .push(",\"timestamp\":\"")
            .push(&time)
            .push("\",\"batchId\":")
            .int(number)
            .push(",\"batchDuration\":")
            .int(took)
            .push(",\"durationMs\":{\"triggerExecution\":")
            .int(took)
            .push(",\"queryPlanning\":")
            .int(planning)
            .push(",\"walCommit\":")
            .int(commit)
            .push(",\"addBatch\":")
            .int(took - planning - commit)
            .push("},\"eventTime\":{},\"stateOperators\":[],\"sources\":[{\"description\":\"KafkaV2[Subscribe[events]]\",\"startOffset\":\"")
            .int(number)
            .push("\",\"endOffset\":\"")
            .int(number + 1)
            .push("\",\"latestOffset\":\"")
            .int(number + 1)
            .push("\",\"numInputRows\":")
            .int(rows)
            .push(",\"inputRowsPerSecond\":")
            .push(&rate(rows, INTERVAL_MS))
            .push(",\"processedRowsPerSecond\":")
            .push(&rate(rows, took))
            .push(",\"metrics\":{}}],\"sink\":{\"description\":\"ForeachBatchSink\",\"numOutputRows\":")
            .int(written)
            .push(",\"metrics\":{}},\"observedMetrics\":{}}}")
            .end()
    }

    pub(super) fn streaming_end(&mut self) -> io::Result<()> {
        if self.job.num_batches == 0 {
            return Ok(());
        }
        let failed = self.job.failed_stage().filter(|_| self.job.status == JobStatus::Failed);
        let message = failed.map(|index| self.failure_reason(index, &self.job.stages[index]));
        self.lines.push(EVENT).push("TerminatedEvent\",");
        self.query();
        self.lines.push(",\"exception\":");
        match message {
            Some(message) => self.lines.quoted(&message),
            None => self.lines.push("null"),
        };
        self.lines.push(",\"errorClassOnException\":null}").end()
    }
}

/// Milliseconds since 1970 as `2026-01-01T00:00:00.000Z`, in the proleptic Gregorian calendar.
fn iso(at_ms: i64) -> String {
    let (days, of_day) = (at_ms.div_euclid(86_400_000), at_ms.rem_euclid(86_400_000));
    // Years begin in March here, so that the day that leap years add is their last.
    let since = days + 719_468;
    let (era, day_of_era) = (since.div_euclid(146_097), since.rem_euclid(146_097));
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    let year = era * 400 + year_of_era + i64::from(month <= 2);
    let (seconds, ms) = (of_day / 1000, of_day % 1000);
    let (hour, minute, second) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{ms:03}Z")
}

/// In the form of a random UUID.
fn uuid(bits: u64) -> String {
    let (high, low) = (mix(bits), mix(bits ^ 0x5555));
    format!(
        "{:08x}-{:04x}-4{:03x}-8{:03x}-{:012x}",
        high >> 32,
        high >> 16 & 0xffff,
        high & 0xfff,
        low >> 52,
        low & 0xffff_ffff_ffff
    )
}

#[cfg(test)]
mod tests {
    use super::iso;

    #[test]
    fn times_are_those_of_the_calendar() {
        assert_eq!(iso(0), "1970-01-01T00:00:00.000Z");
        assert_eq!(iso(951_782_399_999), "2000-02-28T23:59:59.999Z");
        assert_eq!(iso(951_782_400_000), "2000-02-29T00:00:00.000Z");
        assert_eq!(iso(1_767_225_600_000), "2026-01-01T00:00:00.000Z");
        assert_eq!(iso(4_107_542_400_001), "2100-03-01T00:00:00.001Z");
    }
}
