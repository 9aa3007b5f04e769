use crate::event::Accumulable;
use tinderbox_model::{Bytes, Millis, Nanos, TaskMetrics};

/// Raises a sum to what Spark's own accumulator of the stage attempt holds. Needed only when task ends are missing.
pub(super) fn raise_metric(metrics: &mut TaskMetrics, accumulable: &Accumulable<'_>) {
    if let (Some(name), Some(value)) = (accumulable.name.as_deref(), accumulable.value()) {
        raise(metrics, name, value);
    }
}

/// What a running task has measured so far (`TaskMetrics.fromAccumulatorInfos`).
pub(super) fn so_far(updates: &[Accumulable<'_>]) -> TaskMetrics {
    let mut metrics = TaskMetrics::default();
    for accumulable in updates {
        if let (Some(name), Some(value)) = (accumulable.name.as_deref(), accumulable.update()) {
            raise(&mut metrics, name, value);
        }
    }
    metrics
}

/// Names: `InternalAccumulator`.
fn raise(metrics: &mut TaskMetrics, name: &str, value: i64) {
    let Some(name) = name.strip_prefix("internal.metrics.") else {
        return;
    };
    let value = u64::try_from(value).unwrap_or(0);
    let millis = |sum: &mut Millis| *sum = (*sum).max(Millis(value));
    let nanos = |sum: &mut Nanos| *sum = (*sum).max(Nanos(value));
    let bytes = |sum: &mut Bytes| *sum = (*sum).max(Bytes(value));
    let number = |sum: &mut u64| *sum = (*sum).max(value);
    match name {
        "executorDeserializeTime" => millis(&mut metrics.executor_deserialize_time),
        "executorDeserializeCpuTime" => nanos(&mut metrics.executor_deserialize_cpu_time),
        "executorRunTime" => millis(&mut metrics.executor_run_time),
        "executorCpuTime" => nanos(&mut metrics.executor_cpu_time),
        "resultSize" => bytes(&mut metrics.result_size),
        "jvmGCTime" => millis(&mut metrics.jvm_gc_time),
        "resultSerializationTime" => millis(&mut metrics.result_serialization_time),
        "memoryBytesSpilled" => bytes(&mut metrics.memory_bytes_spilled),
        "diskBytesSpilled" => bytes(&mut metrics.disk_bytes_spilled),
        "peakExecutionMemory" => bytes(&mut metrics.peak_execution_memory),
        "input.bytesRead" => bytes(&mut metrics.input_bytes),
        "input.recordsRead" => number(&mut metrics.input_records),
        "output.bytesWritten" => bytes(&mut metrics.output_bytes),
        "output.recordsWritten" => number(&mut metrics.output_records),
        "shuffle.read.remoteBlocksFetched" => number(&mut metrics.shuffle_remote_blocks_fetched),
        "shuffle.read.localBlocksFetched" => number(&mut metrics.shuffle_local_blocks_fetched),
        "shuffle.read.fetchWaitTime" => millis(&mut metrics.shuffle_fetch_wait_time),
        "shuffle.read.remoteBytesRead" => bytes(&mut metrics.shuffle_remote_bytes_read),
        "shuffle.read.remoteBytesReadToDisk" => {
            bytes(&mut metrics.shuffle_remote_bytes_read_to_disk);
        }
        "shuffle.read.localBytesRead" => bytes(&mut metrics.shuffle_local_bytes_read),
        "shuffle.read.recordsRead" => number(&mut metrics.shuffle_read_records),
        "shuffle.read.remoteReqsDuration" => millis(&mut metrics.shuffle_remote_requests_duration),
        "shuffle.push.read.corruptMergedBlockChunks" => {
            number(&mut metrics.shuffle_corrupt_merged_block_chunks);
        }
        "shuffle.push.read.mergedFetchFallbackCount" => {
            number(&mut metrics.shuffle_merged_fetch_fallback_count);
        }
        "shuffle.push.read.remoteMergedBlocksFetched" => {
            number(&mut metrics.shuffle_merged_remote_blocks_fetched);
        }
        "shuffle.push.read.localMergedBlocksFetched" => {
            number(&mut metrics.shuffle_merged_local_blocks_fetched);
        }
        "shuffle.push.read.remoteMergedChunksFetched" => {
            number(&mut metrics.shuffle_merged_remote_chunks_fetched);
        }
        "shuffle.push.read.localMergedChunksFetched" => {
            number(&mut metrics.shuffle_merged_local_chunks_fetched);
        }
        "shuffle.push.read.remoteMergedBytesRead" => {
            bytes(&mut metrics.shuffle_merged_remote_bytes_read);
        }
        "shuffle.push.read.localMergedBytesRead" => {
            bytes(&mut metrics.shuffle_merged_local_bytes_read);
        }
        "shuffle.push.read.remoteMergedReqsDuration" => {
            millis(&mut metrics.shuffle_merged_remote_requests_duration);
        }
        "shuffle.write.bytesWritten" => bytes(&mut metrics.shuffle_write_bytes),
        "shuffle.write.writeTime" => nanos(&mut metrics.shuffle_write_time),
        "shuffle.write.recordsWritten" => number(&mut metrics.shuffle_write_records),
        _ => {}
    }
}
