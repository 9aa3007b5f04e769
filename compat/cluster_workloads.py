"""Workloads on two executors of `local-cluster`. Each takes a session and a folder of its own."""

import os
import signal
import time

from rdd_workloads import wait_for_events, wait_until


def measured(spark, _scratch):
    """Executor metrics and those of the process tree, a barrier stage, a profile of resources, speculation."""
    from pyspark.resource import ResourceProfileBuilder, TaskResourceRequests

    context = spark.sparkContext
    spark.range(0, 20000, 1, 4).selectExpr("id % 10 as key", "id").groupBy("key").sum("id").collect()
    kept = context.parallelize(range(1000), 4).map(lambda n: "x" * n).cache()
    kept.count()
    context.parallelize(range(2), 2).barrier().mapPartitions(lambda rows: [sum(rows)]).collect()
    profile = ResourceProfileBuilder().require(TaskResourceRequests().cpus(1)).build
    context.parallelize(range(4), 2).withResources(profile).map(lambda n: n + 1).collect()

    def one_is_slow(number):
        from pyspark import TaskContext

        slow = number == 0 and TaskContext.get().attemptNumber() == 0
        time.sleep(6 if slow else 0.3)
        return number

    context.parallelize(range(6), 6).map(one_is_slow).collect()
    time.sleep(1)
    wait_for_events(context)


def killed_executor(spark, scratch):
    """An executor that is killed from within in the middle of a reduce stage, and one that Spark takes away."""
    context = spark.sparkContext
    marker = os.path.join(scratch, "killed")

    def kill_first(number):
        if executor_number() == "0" and not os.path.exists(marker):
            open(marker, "w").close()
            os.kill(executor_process(), signal.SIGKILL)
        time.sleep(0.3)
        return number

    counts = context.parallelize(range(200), 4).map(lambda n: (n % 10, n)).reduceByKey(lambda a, b: a + b, 4)
    counts.collect()
    counts.map(kill_first).collect()
    backend = context._jsc.sc()
    wait_until(lambda: len(alive_executors(backend)) >= 2, 120)
    backend.killExecutor(alive_executors(backend)[0])
    context.parallelize(range(4), 4).map(lambda n: time.sleep(0.5)).collect()
    wait_for_events(context)


def dynamic_allocation(spark, _scratch):
    """Executors that come with the work and go with it, one of them with a cached block."""
    context = spark.sparkContext
    work = context.parallelize(range(4), 4).map(lambda n: time.sleep(0.8) or n)
    work.count()
    wait_until(lambda: not alive_executors(context._jsc.sc()), 120)
    work.count()
    wait_for_events(context)


def excluded_executor(spark, _scratch):
    """An executor on which everything fails is excluded, first for a stage, then for the application."""
    context = spark.sparkContext

    def fails_on_first(number):
        time.sleep(0.2)
        if executor_number() == "0":
            raise ValueError("executor 0 is broken")
        return number

    for _ in range(2):
        context.parallelize(range(4), 4).map(fails_on_first).collect()
    context.parallelize(range(4), 2).count()
    wait_for_events(context)


def decommissioned(spark, _scratch):
    """An executor that is decommissioned and moves its blocks away."""
    context = spark.sparkContext
    kept = context.parallelize(range(2000), 4).map(lambda n: "y" * (n % 30)).cache()
    kept.map(lambda text: (len(text), 1)).reduceByKey(lambda a, b: a + b).collect()
    jvm = context._jvm
    reason = jvm.org.apache.spark.scheduler.ExecutorDecommissionInfo("asked to", getattr(jvm.scala, "Option").empty())
    backend = context._jsc.sc().schedulerBackend()
    executor = alive_executors(context._jsc.sc())[0]
    backend.decommissionExecutor(executor, reason, True, False)
    wait_until(lambda: executor not in alive_executors(context._jsc.sc()), 120)
    kept.count()
    wait_for_events(context)


def alive_executors(scala_context):
    ids = scala_context.getExecutorIds()
    return sorted(ids.apply(i) for i in range(ids.size()))


def executor_number():
    """Executors of `local-cluster` work in a folder named after their id."""
    return os.path.basename(os.getcwd())


def executor_process():
    """The JVM above this Python worker and its daemon."""
    with open(f"/proc/{os.getppid()}/stat") as stat:
        return int(stat.read().rsplit(")", 1)[1].split()[1])
