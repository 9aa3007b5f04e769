//! The fast path for task events: nearly all lines of a large log.
//!
//! `JsonProtocol` writes the fields of an event in one fixed order and without spaces. This reader expects just that,
//! field after field, so that it compares bytes instead of looking names up, and skips what is not used. Whatever it
//! does not expect, including every escape in a text and every number beyond 18 digits, makes it give up; then the line
//! is read by serde, which is the definition of what a line means. A test holds the two equal.

use super::task::{
    EndedTaskInfo, ExecutorPeaks, SqlUpdates, TaskEnd, TaskInfo, TaskStart, UserAccumulable,
};
use super::{ExecutorMetrics, Text};
use tinderbox_model::{
    AccumulatorId, Bytes, ExecutorMetric, Millis, Nanos, PeakMemory, TaskMetrics,
};

/// A `SparkListenerTaskStart` in Spark's own form.
pub(crate) fn task_start(line: &[u8]) -> Option<TaskStart<'_>> {
    let mut scan = Scan { line, at: 0 };
    scan.expect(br#"{"Event":"SparkListenerTaskStart","Stage ID":"#)?;
    let stage = scan.number()?;
    scan.expect(br#","Stage Attempt ID":"#)?;
    let stage_attempt = u32::try_from(scan.number()?).ok()?;
    scan.expect(br#","Task Info":{"#)?;
    let info = scan.task_info()?;
    // The rest of the task's info is its end, which a start may carry too and which does not count.
    scan.expect(br#","Getting Result Time":"#)?;
    (line.ends_with(b"]}}")).then_some(TaskStart { stage, stage_attempt, info })
}

/// A `SparkListenerTaskEnd` of a task that succeeded, in Spark's own form.
pub(crate) fn task_end(line: &[u8]) -> Option<TaskEnd<'_>> {
    let mut scan = Scan { line, at: 0 };
    scan.expect(br#"{"Event":"SparkListenerTaskEnd","Stage ID":"#)?;
    let stage = scan.number()?;
    scan.expect(br#","Stage Attempt ID":"#)?;
    let stage_attempt = u32::try_from(scan.number()?).ok()?;
    scan.expect(br#","Task Type":"#)?;
    scan.skip_text()?;
    scan.expect(br#","Task End Reason":{"Reason":"Success"},"Task Info":{"#)?;
    let info = scan.task_info()?;
    scan.expect(br#","Getting Result Time":"#)?;
    let getting_result_time = scan.number()?;
    scan.expect(br#","Finish Time":"#)?;
    let finish_time = scan.number()?;
    scan.expect(br#","Failed":"#)?;
    let failed = scan.boolean()?;
    scan.expect(br#","Killed":"#)?;
    let killed = scan.boolean()?;
    scan.expect(br#","Accumulables":["#)?;
    let sql_updates = scan.accumulables()?;
    scan.expect(b"}")?;
    let executor_metrics = scan.executor_metrics()?;
    scan.expect(br#","Task Metrics":{"#)?;
    let metrics = scan.task_metrics()?;
    scan.expect(b"}}")?;
    let info = EndedTaskInfo {
        id: info.id,
        index: info.index,
        attempt: info.attempt,
        partition: info.partition,
        launch_time: info.launch_time,
        executor: info.executor,
        host: info.host,
        locality: info.locality,
        speculative: info.speculative,
        getting_result_time,
        finish_time,
        failed,
        killed,
        sql_updates,
    };
    let reason = None;
    let metrics = Some(metrics);
    (scan.at == line.len()).then_some(TaskEnd {
        stage,
        stage_attempt,
        reason,
        info,
        executor_metrics,
        metrics,
    })
}

/// What executors that were not sampled report.
const ZERO_PEAKS: &[u8; 511] = br#","Task Executor Metrics":{"JVMHeapMemory":0,"JVMOffHeapMemory":0,"OnHeapExecutionMemory":0,"OffHeapExecutionMemory":0,"OnHeapStorageMemory":0,"OffHeapStorageMemory":0,"OnHeapUnifiedMemory":0,"OffHeapUnifiedMemory":0,"DirectPoolMemory":0,"MappedPoolMemory":0,"ProcessTreeJVMVMemory":0,"ProcessTreeJVMRSSMemory":0,"ProcessTreePythonVMemory":0,"ProcessTreePythonRSSMemory":0,"ProcessTreeOtherVMemory":0,"ProcessTreeOtherRSSMemory":0,"MinorGCCount":0,"MinorGCTime":0,"MajorGCCount":0,"MajorGCTime":0,"TotalGCTime":0"#;

/// Push-based shuffle is hardly ever on.
const ZERO_PUSH: &[u8; 310] = br#","Push Based Shuffle":{"Corrupt Merged Block Chunks":0,"Merged Fetch Fallback Count":0,"Merged Remote Blocks Fetched":0,"Merged Local Blocks Fetched":0,"Merged Remote Chunks Fetched":0,"Merged Local Chunks Fetched":0,"Merged Remote Bytes Read":0,"Merged Local Bytes Read":0,"Merged Remote Requests Duration":0}"#;

struct Scan<'a> {
    line: &'a [u8],
    at: usize,
}

impl<'a> Scan<'a> {
    fn rest(&self) -> &'a [u8] {
        // `at` never passes the end: it moves by what was found.
        self.line.get(self.at..).unwrap_or(&[])
    }

    /// The length is known when this is compiled, so that short texts are compared without a call.
    #[inline]
    fn skip<const N: usize>(&mut self, text: &[u8; N]) -> bool {
        let is_there = self.rest().first_chunk::<N>() == Some(text);
        if is_there {
            self.at += N;
        }
        is_there
    }

    #[inline]
    fn expect<const N: usize>(&mut self, text: &[u8; N]) -> Option<()> {
        self.skip(text).then_some(())
    }

    /// A whole number of at most 18 digits.
    #[inline]
    fn number(&mut self) -> Option<i64> {
        // Most of them.
        if let [b'0', b',' | b'}' | b'"', ..] = self.rest() {
            self.at += 1;
            return Some(0);
        }
        self.other_number()
    }

    fn other_number(&mut self) -> Option<i64> {
        let negative = self.skip(b"-");
        let digits = self.rest();
        let mut value = 0_i64;
        let mut length = 0;
        // Times and sizes are long.
        if let Some(first) = digits.first_chunk().and_then(eight_digits) {
            (value, length) = (first, 8);
        }
        for &byte in &digits[length..] {
            let digit = byte.wrapping_sub(b'0');
            if digit > 9 {
                break;
            }
            length += 1;
            if length > 18 {
                return None;
            }
            value = value * 10 + i64::from(digit);
        }
        // JSON has no other numbers that begin with a zero; a fraction or exponent is not for this path.
        let ended = !matches!(digits.get(length), Some(b'.' | b'e' | b'E') | None);
        let leading_zero = digits.first() == Some(&b'0');
        let valid = if leading_zero { length == 1 && !negative } else { length > 0 };
        self.at += length;
        (valid && ended).then_some(if negative { -value } else { value })
    }

    #[inline]
    fn field<const N: usize>(&mut self, name: &[u8; N]) -> Option<i64> {
        self.expect(name)?;
        self.number()
    }

    fn boolean(&mut self) -> Option<bool> {
        if self.skip(b"false") {
            return Some(false);
        }
        self.expect(b"true").map(|()| true)
    }

    /// The bytes of a text without escapes.
    fn raw_text(&mut self) -> Option<&'a [u8]> {
        self.expect(b"\"")?;
        let rest = self.rest();
        // Nearly all texts are too short for a search with wide registers to be faster.
        let end = rest.iter().position(|&byte| byte == b'"' || byte == b'\\' || byte < 0x20)?;
        if rest[end] != b'"' {
            return None;
        }
        self.at += end + 1;
        Some(&rest[..end])
    }

    fn text(&mut self) -> Option<&'a str> {
        std::str::from_utf8(self.raw_text()?).ok()
    }

    fn skip_text(&mut self) -> Option<()> {
        self.raw_text().map(|_| ())
    }

    /// Up to and with `Speculative`.
    fn task_info(&mut self) -> Option<TaskInfo<'a>> {
        let id = self.field(br#""Task ID":"#)?;
        let index = self.field(br#","Index":"#)?;
        let attempt = self.field(br#","Attempt":"#)?;
        let partition = if self.skip(br#","Partition ID":"#) { self.number()? } else { -1 };
        let launch_time = self.field(br#","Launch Time":"#)?;
        self.expect(br#","Executor ID":"#)?;
        let executor = Text::from(self.text()?);
        self.expect(br#","Host":"#)?;
        let host = Text::from(self.text()?);
        self.expect(br#","Locality":"#)?;
        let locality = Text::from(self.text()?);
        self.expect(br#","Speculative":"#)?;
        let speculative = self.boolean()?;
        Some(TaskInfo {
            id,
            index,
            attempt,
            partition,
            launch_time,
            executor,
            host,
            locality,
            speculative,
        })
    }

    /// Items of the list and its end.
    fn accumulables(&mut self) -> Option<SqlUpdates> {
        if self.skip(b"]") {
            return Some(SqlUpdates::default());
        }
        let mut sql = Vec::with_capacity(16);
        let mut users = Vec::new();
        loop {
            let id = self.field(br#"{"ID":"#)?;
            let name = if self.skip(br#","Name":"#) { Some(self.raw_text()?) } else { None };
            let update = if self.skip(br#","Update":"#) { Some(self.value()?) } else { None };
            let value = if self.skip(br#","Value":"#) { Some(self.value()?) } else { None };
            let internal = self.skip(br#","Internal":true"#);
            if !internal {
                self.expect(br#","Internal":false"#)?;
            }
            self.expect(br#","Count Failed Values":"#)?;
            self.boolean()?;
            let metadata =
                if self.skip(br#","Metadata":"#) { Some(self.raw_text()?) } else { None };
            self.expect(b"}")?;
            if metadata == Some(b"sql") {
                if let Some(number) = update.and_then(parse) {
                    sql.push((AccumulatorId(id), number));
                }
            } else if !internal {
                users.push(UserAccumulable {
                    id,
                    name: owned(name)?,
                    update: owned(update)?,
                    value: owned(value)?,
                });
            }
            if self.skip(b"]") {
                return Some(SqlUpdates { sql, users });
            }
            self.expect(b",")?;
        }
    }

    /// The digits of a number or the content of a text.
    fn value(&mut self) -> Option<&'a [u8]> {
        if self.rest().first() == Some(&b'"') {
            return self.raw_text();
        }
        let from = self.at;
        self.number()?;
        self.line.get(from..self.at)
    }

    fn executor_metrics(&mut self) -> Option<ExecutorPeaks> {
        if self.skip(ZERO_PEAKS) {
            self.skip(br#","ConcurrentGCCount":0,"ConcurrentGCTime":0"#);
            self.expect(b"}")?;
            return Some(ExecutorPeaks::Zero);
        }
        if !self.skip(br#","Task Executor Metrics":{"#) {
            return Some(ExecutorPeaks::Absent);
        }
        let mut peaks = PeakMemory::of(|_| 0);
        for (at, metric) in ExecutorMetric::ALL.into_iter().enumerate() {
            if at > 0 && !self.skip(b",") {
                break;
            }
            self.expect(b"\"")?;
            self.at +=
                self.rest().strip_prefix(metric.name().as_bytes()).map(|_| metric.name().len())?;
            self.expect(b"\":")?;
            peaks.set(metric, self.number()?);
        }
        self.expect(b"}")?;
        Some(ExecutorPeaks::Some(Box::new(ExecutorMetrics(peaks))))
    }

    /// Fields and the end of the metrics.
    fn task_metrics(&mut self) -> Option<TaskMetrics> {
        let millis = Millis::from_signed;
        let nanos = Nanos::from_signed;
        let bytes = Bytes::from_signed;
        let count = |value: i64| u64::try_from(value).unwrap_or(0);
        let mut to = TaskMetrics {
            executor_deserialize_time: millis(self.field(br#""Executor Deserialize Time":"#)?),
            executor_deserialize_cpu_time: nanos(
                self.field(br#","Executor Deserialize CPU Time":"#)?,
            ),
            executor_run_time: millis(self.field(br#","Executor Run Time":"#)?),
            executor_cpu_time: nanos(self.field(br#","Executor CPU Time":"#)?),
            ..TaskMetrics::default()
        };
        if self.skip(br#","Peak Execution Memory":"#) {
            to.peak_execution_memory = bytes(self.number()?);
        }
        if self.skip(br#","Peak On Heap Execution Memory":"#) {
            to.peak_on_heap_execution_memory = bytes(self.number()?);
        }
        if self.skip(br#","Peak Off Heap Execution Memory":"#) {
            to.peak_off_heap_execution_memory = bytes(self.number()?);
        }
        to.result_size = bytes(self.field(br#","Result Size":"#)?);
        to.jvm_gc_time = millis(self.field(br#","JVM GC Time":"#)?);
        to.result_serialization_time = millis(self.field(br#","Result Serialization Time":"#)?);
        to.memory_bytes_spilled = bytes(self.field(br#","Memory Bytes Spilled":"#)?);
        to.disk_bytes_spilled = bytes(self.field(br#","Disk Bytes Spilled":"#)?);

        self.expect(br#","Shuffle Read Metrics":{"#)?;
        to.shuffle_remote_blocks_fetched = count(self.field(br#""Remote Blocks Fetched":"#)?);
        to.shuffle_local_blocks_fetched = count(self.field(br#","Local Blocks Fetched":"#)?);
        to.shuffle_fetch_wait_time = millis(self.field(br#","Fetch Wait Time":"#)?);
        to.shuffle_remote_bytes_read = bytes(self.field(br#","Remote Bytes Read":"#)?);
        to.shuffle_remote_bytes_read_to_disk =
            bytes(self.field(br#","Remote Bytes Read To Disk":"#)?);
        to.shuffle_local_bytes_read = bytes(self.field(br#","Local Bytes Read":"#)?);
        to.shuffle_read_records = count(self.field(br#","Total Records Read":"#)?);
        if self.skip(br#","Remote Requests Duration":"#) {
            to.shuffle_remote_requests_duration = millis(self.number()?);
            if !self.skip(ZERO_PUSH) && self.rest().first() != Some(&b'}') {
                self.push_metrics(&mut to)?;
            }
        }
        self.expect(br#"},"Shuffle Write Metrics":{"#)?;
        to.shuffle_write_bytes = bytes(self.field(br#""Shuffle Bytes Written":"#)?);
        to.shuffle_write_time = nanos(self.field(br#","Shuffle Write Time":"#)?);
        to.shuffle_write_records = count(self.field(br#","Shuffle Records Written":"#)?);
        self.expect(br#"},"Input Metrics":{"#)?;
        to.input_bytes = bytes(self.field(br#""Bytes Read":"#)?);
        to.input_records = count(self.field(br#","Records Read":"#)?);
        self.expect(br#"},"Output Metrics":{"#)?;
        to.output_bytes = bytes(self.field(br#""Bytes Written":"#)?);
        to.output_records = count(self.field(br#","Records Written":"#)?);
        self.expect(br#"},"Updated Blocks":[]"#)?;
        Some(to)
    }

    fn push_metrics(&mut self, to: &mut TaskMetrics) -> Option<()> {
        let count = |value: i64| u64::try_from(value).unwrap_or(0);
        self.expect(br#","Push Based Shuffle":{"#)?;
        to.shuffle_corrupt_merged_block_chunks =
            count(self.field(br#""Corrupt Merged Block Chunks":"#)?);
        to.shuffle_merged_fetch_fallback_count =
            count(self.field(br#","Merged Fetch Fallback Count":"#)?);
        to.shuffle_merged_remote_blocks_fetched =
            count(self.field(br#","Merged Remote Blocks Fetched":"#)?);
        to.shuffle_merged_local_blocks_fetched =
            count(self.field(br#","Merged Local Blocks Fetched":"#)?);
        to.shuffle_merged_remote_chunks_fetched =
            count(self.field(br#","Merged Remote Chunks Fetched":"#)?);
        to.shuffle_merged_local_chunks_fetched =
            count(self.field(br#","Merged Local Chunks Fetched":"#)?);
        to.shuffle_merged_remote_bytes_read =
            Bytes::from_signed(self.field(br#","Merged Remote Bytes Read":"#)?);
        to.shuffle_merged_local_bytes_read =
            Bytes::from_signed(self.field(br#","Merged Local Bytes Read":"#)?);
        to.shuffle_merged_remote_requests_duration =
            Millis::from_signed(self.field(br#","Merged Remote Requests Duration":"#)?);
        self.expect(b"}")
    }
}

/// The value of eight digits, all at once: neighbors are put together to numbers of two, four and eight digits.
fn eight_digits(text: &[u8; 8]) -> Option<i64> {
    const HIGH: u64 = 0xf0f0_f0f0_f0f0_f0f0;
    let text = u64::from_le_bytes(*text);
    // Digits are 0x30 to 0x39, and six more does not carry out of the low half.
    let is_digits = (text & HIGH) == 0x3030_3030_3030_3030
        && (text.wrapping_add(0x0606_0606_0606_0606) & HIGH) == 0x3030_3030_3030_3030;
    let ones = text & 0x0f0f_0f0f_0f0f_0f0f;
    let twos = (ones.wrapping_mul(10) + (ones >> 8)) & 0x00ff_00ff_00ff_00ff;
    let fours = (twos.wrapping_mul(100) + (twos >> 16)) & 0x0000_ffff_0000_ffff;
    let eights = (fours.wrapping_mul(10_000).wrapping_add(fours >> 32)) & 0xffff_ffff;
    is_digits.then_some(eights.cast_signed())
}

fn parse(digits: &[u8]) -> Option<i64> {
    std::str::from_utf8(digits).ok()?.parse().ok()
}

/// `None` within when there is no text, `None` without when it is no UTF-8.
fn owned(text: Option<&[u8]>) -> Option<Option<String>> {
    match text {
        None => Some(None),
        Some(bytes) => std::str::from_utf8(bytes).ok().map(|text| Some(text.to_owned())),
    }
}

#[cfg(test)]
mod tests;
