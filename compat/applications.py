"""The applications of the corpus: name, what they do, and the settings that matter for the log's form."""

from dataclasses import dataclass, field
from typing import Callable

import cluster_workloads as cluster
import connect_workloads as connect
import failing_workloads as failing
import rdd_workloads as rdd
import sql_workloads as sql

BOTH = ("3.5", "4")
CLUSTER = {
    "spark.master": "local-cluster[2,1,1024]",
    "spark.executor.memory": "512m",
    "spark.executor.cores": "1",
    # Executors that start soon: no second compiler, no threads for garbage collection.
    "spark.executor.extraJavaOptions": "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC",
    "spark.task.reaper.enabled": "true",
    "spark.shuffle.io.maxRetries": "1",
    "spark.shuffle.io.retryWait": "200ms",
}
PLAIN = {"spark.eventLog.compress": "false", "spark.eventLog.rolling.enabled": "false"}


def compressed(codec):
    return {
        "spark.eventLog.compress": "true",
        "spark.eventLog.compression.codec": codec,
        "spark.eventLog.rolling.enabled": "false",
    }


@dataclass(frozen=True)
class Application:
    """`title` is the application's own name where it differs; `versions` are the Sparks that make it."""

    name: str
    workload: Callable
    settings: dict = field(default_factory=dict)
    versions: tuple = BOTH
    title: str = ""


APPLICATIONS = [
    Application("adaptive", sql.adaptive, compressed("zstd")),
    Application(
        "spill",
        sql.spill,
        {
            **compressed("lz4"),
            "spark.shuffle.spill.numElementsForceSpillThreshold": "4000",
            "spark.sql.windowExec.buffer.spill.threshold": "4000",
            "spark.sql.windowExec.buffer.in.memory.threshold": "1000",
            "spark.sql.objectHashAggregate.sortBased.fallbackThreshold": "1000",
            "spark.memory.fraction": "0.05",
        },
    ),
    Application("long-plans", sql.long_plans, compressed("snappy")),
    Application("many-queries", sql.many_queries, {**compressed("zstd"), "spark.sql.debug.maxToStringFields": "5"}),
    Application("writes", sql.writes, compressed("lzf")),
    Application("python-functions", sql.python_functions, PLAIN),
    Application("structured-streaming", sql.structured_streaming, compressed("zstd")),
    Application(
        "redaction",
        sql.redaction,
        {
            **PLAIN,
            "spark.redaction.regex": "(?i)phrase|private|fs\\.s3a\\.user",
            "spark.redaction.string.regex": "AKIA[A-Z0-9]*|sesame",
            "spark.hadoop.fs.s3a.user": "nobody",
            "spark.my.private.thing": "hidden",
            "spark.my.password": "not hidden by this rule",
        },
    ),
    Application(
        "secrets",
        sql.secrets_by_default,
        {
            **PLAIN,
            "spark.hadoop.fs.s3a.access.key": "AKIAFAKEKEY0001",
            "spark.hadoop.fs.s3a.secret.key": "not a secret",
            "spark.my.PassWord": "opensesame",
            "spark.my.token.url": "https://user:pass@example.invalid/",
            "spark.my.harmless": "password=visible in a value",
            "spark.sql.redaction.string.regex": "hidden.*",
        },
    ),
    Application(
        "connect",
        connect.connect_server,
        {
            **compressed("zstd"),
            "spark.plugins": "org.apache.spark.sql.connect.SparkConnectPlugin",
            "spark.connect.grpc.binding.port": "0",
            "spark.connect.grpc.binding.address": "127.0.0.1",
        },
        versions=("4",),
    ),
    Application("no-jobs", rdd.nothing, PLAIN),
    Application(
        "unicode",
        rdd.groups,
        {**PLAIN, "spark.scheduler.mode": "FAIR"},
        title="ünï\u2603 \U0001f525 \"quoted\" \\back\\ <b>&amp;</b> /slash?x=1#y\ttab",
    ),
    Application("groups", rdd.groups, {**compressed("lz4"), "spark.scheduler.mode": "FAIR"}),
    Application("storage", rdd.storage, {**PLAIN, "spark.eventLog.logBlockUpdates.enabled": "true"}),
    Application("storage-unlogged", rdd.storage, compressed("snappy"), versions=("4",)),
    Application("cached-tables", rdd.cached_tables, {**compressed("zstd"), "spark.eventLog.logBlockUpdates.enabled": "true"}),
    Application("accumulators", rdd.accumulators, compressed("lzf")),
    Application("cancellation", rdd.cancellation, PLAIN),
    Application("dstreams", rdd.dstreams, compressed("lz4")),
    Application("retried-tasks", failing.retried_tasks, {**PLAIN, "spark.master": "local[2,3]"}),
    Application("lost-shuffle", failing.lost_shuffle, compressed("zstd")),
    Application(
        "failed-stages", failing.failed_stages, {**PLAIN, "spark.stage.maxConsecutiveAttempts": "2"}
    ),
    Application(
        "rolling",
        rdd.padded_jobs,
        {
            "spark.eventLog.compress": "true",
            "spark.eventLog.compression.codec": "zstd",
            "spark.eventLog.rolling.enabled": "true",
            "spark.eventLog.rolling.maxFileSize": "10m",
            "spark.eventLog.logBlockUpdates.enabled": "true",
        },
    ),
    Application(
        "compacted",
        rdd.padded_jobs,
        {
            "spark.eventLog.compress": "false",
            "spark.eventLog.rolling.enabled": "true",
            "spark.eventLog.rolling.maxFileSize": "10m",
        },
    ),
    Application(
        "rolling-plain",
        sql.many_queries,
        {"spark.eventLog.compress": "false", "spark.eventLog.rolling.enabled": "true"},
    ),
    Application(
        "measured",
        cluster.measured,
        {
            **CLUSTER,
            **compressed("zstd"),
            "spark.eventLog.logStageExecutorMetrics": "true",
            "spark.executor.processTreeMetrics.enabled": "true",
            "spark.executor.metrics.pollingInterval": "200ms",
            "spark.executor.heartbeatInterval": "1s",
            "spark.speculation": "true",
            "spark.speculation.interval": "200ms",
            "spark.speculation.multiplier": "2",
            "spark.speculation.quantile": "0.5",
        },
    ),
    Application("killed-executor", cluster.killed_executor, {**CLUSTER, **PLAIN}),
    Application(
        "dynamic-allocation",
        cluster.dynamic_allocation,
        {
            **CLUSTER,
            **compressed("lz4"),
            "spark.dynamicAllocation.enabled": "true",
            "spark.dynamicAllocation.shuffleTracking.enabled": "true",
            "spark.dynamicAllocation.minExecutors": "0",
            "spark.dynamicAllocation.initialExecutors": "1",
            "spark.dynamicAllocation.maxExecutors": "2",
            "spark.dynamicAllocation.executorIdleTimeout": "1s",
            "spark.dynamicAllocation.schedulerBacklogTimeout": "1s",
        },
    ),
    Application(
        "excluded-executor",
        cluster.excluded_executor,
        {
            **CLUSTER,
            **PLAIN,
            "spark.excludeOnFailure.enabled": "true",
            "spark.excludeOnFailure.task.maxTaskAttemptsPerExecutor": "1",
            "spark.excludeOnFailure.stage.maxFailedTasksPerExecutor": "1",
            "spark.excludeOnFailure.application.maxFailedTasksPerExecutor": "2",
            "spark.excludeOnFailure.timeout": "1h",
            "spark.task.maxFailures": "6",
        },
    ),
    Application(
        "decommissioned",
        cluster.decommissioned,
        {
            **CLUSTER,
            **compressed("zstd"),
            "spark.decommission.enabled": "true",
            "spark.storage.decommission.enabled": "true",
            "spark.storage.decommission.rddBlocks.enabled": "true",
            "spark.eventLog.logBlockUpdates.enabled": "true",
        },
        versions=("4",),
    ),
]
