"""Workloads in which something goes wrong. Each takes a session and a folder of its own."""

import glob
import os

from pyspark import TaskContext

from rdd_workloads import wait_for_events


def retried_tasks(spark, _scratch):
    """Tasks that fail once or twice and then succeed, then a job that fails for good, then a good one."""
    context = spark.sparkContext

    def flaky(number):
        if TaskContext.get().attemptNumber() < number % 3:
            raise ValueError(f"try {TaskContext.get().attemptNumber()} of {number} fails\nwith a second line <é>")
        return number

    context.parallelize(range(6), 6).map(flaky).collect()
    expect_failure(lambda: context.parallelize(range(4), 4).map(lambda n: 1 // (n - 2)).collect())
    pairs = context.parallelize(range(20), 4).map(lambda n: (n % 3, n))
    expect_failure(lambda: pairs.reduceByKey(lambda a, b: a + b).map(lambda pair: pair[5]).collect())
    expect_failure(lambda: spark.sql("select raise_error('asked for ' || id) from range(3)").collect())
    expect_failure(lambda: context.parallelize(range(2), 2).map(lambda n: os._exit(3)).collect())
    context.parallelize(range(4), 2).count()


def lost_shuffle(spark, scratch):
    """Shuffle files that vanish between two jobs: a fetch failure, then the stage once more."""
    context = spark.sparkContext
    counts = context.parallelize(range(400), 4).map(lambda n: (n % 20, 1)).reduceByKey(lambda a, b: a + b)
    counts.collect()
    remove_shuffle_files(scratch)
    counts.collect()
    rows = spark.range(0, 1000, 1, 3).selectExpr("id % 10 as key").groupBy("key").count()
    rows.collect()
    wait_for_events(context)


def remove_shuffle_files(scratch):
    files = glob.glob(os.path.join(scratch, "local", "**", "shuffle_*_0_*"), recursive=True)
    if not files:
        raise FileNotFoundError("no shuffle files to remove")
    for file in files:
        if file.endswith((".data", ".index")):
            os.remove(file)


def failed_stages(spark, scratch):
    """The same shuffle lost again and again until Spark gives up: a job that fails by its fetch failures."""
    context = spark.sparkContext

    def remove_and_pass(rows):
        remove_shuffle_files(scratch)
        return rows

    counts = context.parallelize(range(40), 2).map(lambda n: (n % 5, n)).groupByKey(2)
    counts.count()
    expect_failure(lambda: counts.mapPartitions(remove_and_pass).map(lambda pair: pair[9]).collect())
    wait_for_events(context)


def expect_failure(action):
    try:
        action()
    except Exception:
        return
    raise AssertionError("this was meant to fail")
