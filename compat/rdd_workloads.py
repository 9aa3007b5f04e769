"""RDD workloads on one machine. Each takes a session and a folder of its own."""

import threading
import time

from pyspark import InheritableThread, StorageLevel


def nothing(_spark, _scratch):
    """No job at all."""


def storage(spark, _scratch):
    """One RDD in every storage level, some unpersisted, some named."""
    context = spark.sparkContext
    levels = [
        StorageLevel.MEMORY_ONLY,
        StorageLevel.MEMORY_AND_DISK,
        StorageLevel.DISK_ONLY,
        StorageLevel.MEMORY_AND_DISK_2,
        StorageLevel(True, True, False, True, 1),
    ]
    kept = []
    for number, level in enumerate(levels):
        rdd = context.parallelize(range(2000), 3).map(lambda n: "x" * (n % 50)).persist(level)
        if number != 1:
            rdd.setName(f"kept in {level}")
        rdd.count()
        kept.append(rdd)
    kept[0].unpersist(blocking=True)
    jvm_rows = spark.range(0, 5000, 1, 3)._jdf.queryExecution().toRdd()
    jvm_rows.setName("rows of the JVM")
    jvm_rows.cache().count()
    half = context.parallelize(range(100), 4).persist(StorageLevel.MEMORY_ONLY)
    half.take(1)
    shared = context.broadcast(list(range(20000)))
    context.parallelize(range(10), 2).map(lambda n: shared.value[n]).collect()
    shared.unpersist()
    kept[2].unpersist(blocking=True)
    wait_for_events(context)


def cached_tables(spark, scratch):
    """DataFrames cached, evicted and dropped, with block updates in the log."""
    spark.sparkContext.setCheckpointDir(f"{scratch}/checkpoints")
    first = spark.range(0, 20000, 1, 4).selectExpr("id", "id % 9 as key", "repeat('y', 20) as text").cache()
    first.count()
    second = first.groupBy("key").count().persist(StorageLevel.DISK_ONLY)
    second.collect()
    second.unpersist(blocking=True)
    spark.range(100).createOrReplaceTempView("small")
    spark.sql("cache table small_cache as select id, id + 1 as next from small")
    spark.sql("select sum(next) from small_cache").collect()
    spark.sql("uncache table small_cache")
    rdd = spark.sparkContext.parallelize(range(50), 2)
    rdd.checkpoint()
    rdd.count()
    wait_for_events(spark.sparkContext)


def groups(spark, _scratch):
    """Job groups, tags, descriptions, scheduler pools, shuffles that are skipped when used again."""
    context = spark.sparkContext
    context.setJobGroup("first group", "what the first group does")
    seen = context.accumulator(0)
    context.parallelize(range(10), 2).foreach(lambda n: seen.add(n))
    context.setLocalProperty("spark.scheduler.pool", "production")
    pairs = context.parallelize(range(200), 4).map(lambda n: (n % 7, n)).reduceByKey(lambda a, b: a + b)
    pairs.count()
    pairs.collect()
    context.setLocalProperty("spark.scheduler.pool", None)
    context.setJobGroup("a/second group?&", "<b>markup</b> and \"quotes\" in a description")
    pairs.sortByKey().collect()
    context.setLocalProperty("spark.jobGroup.id", None)
    context.setJobDescription(None)
    context.addJobTag("tag-b")
    context.addJobTag("tag-a")
    joined = pairs.join(pairs.mapValues(str)).cogroup(context.parallelize([(1, 2)], 1))
    joined.count()
    context.clearJobTags()
    context.parallelize([], 0 + 1).count()
    context.emptyRDD().count()
    context.parallelize(range(1000), 10).take(700)
    context.runJob(context.parallelize(range(10), 5), lambda part: [sum(part)], partitions=[1, 3])


def accumulators(spark, _scratch):
    """A named accumulator, and the processes of a cluster manager, which no local master has."""
    context = spark.sparkContext
    # PySpark registers its own without a name, which no answer shows. Nothing has used it yet, and its server
    # talks to one JVM accumulator only: this one takes its place.
    context._javaAccumulator = python_accumulator(context)
    context._jsc.sc().register(context._javaAccumulator, "bytes of Python's accumulators")
    seen = context.accumulator(0)
    context.parallelize(range(60), 3).foreach(lambda n: seen.add(n))
    scheduler = context._jvm.org.apache.spark.scheduler
    addresses = context._jvm.PythonUtils.toScalaMap({"stdout": "http://node-1/stdout", "stderr": "http://node-1/stderr"})
    for number in (1, 2):
        details = scheduler.MiscellaneousProcessDetails(f"node-{number}:4040", number, addresses)
        event = scheduler.SparkListenerMiscellaneousProcessAdded(1700000000000 + number, f"process {number}", details)
        context._jsc.sc().listenerBus().post(event)
    wait_for_events(context)


def python_accumulator(context):
    """A second accumulator of the class that PySpark uses, connected to the same server in this process."""
    address = context._accumulatorServer.server_address
    if isinstance(address, str):
        return context._jvm.PythonAccumulatorV2(address)
    return context._jvm.PythonAccumulatorV2(*address, context._gateway.gateway_parameters.auth_token)


def cancellation(spark, _scratch):
    """A group and a tag that are cancelled while they run, and a job that is cancelled by its number."""
    context = spark.sparkContext

    def slow(group):
        context.setJobGroup(group, "too slow", interruptOnCancel=True)
        context.addJobTag(f"tag of {group}")
        try:
            context.parallelize(range(6), 6).map(sleep_long).count()
        except Exception:
            pass

    for number, group in enumerate(["one", "two", "three"]):
        thread = InheritableThread(target=slow, args=(group,))
        thread.start()
        wait_until(lambda: context.statusTracker().getActiveStageIds(), 20)
        time.sleep(0.4)
        if number == 0:
            context.cancelJobGroup(group)
        elif number == 1:
            context.cancelJobsWithTag(f"tag of {group}")
        else:
            context.cancelAllJobs()
        thread.join(20)
    context.parallelize(range(4), 2).count()
    wait_for_events(context)


def sleep_long(number):
    time.sleep(30)
    return number


def dstreams(spark, _scratch):
    """A DStream of queued RDDs."""
    from pyspark.streaming import StreamingContext

    streaming = StreamingContext(spark.sparkContext, 0.5)
    batches = [spark.sparkContext.parallelize(range(n * 10), 2) for n in range(1, 4)]
    streaming.queueStream(batches).map(lambda n: (n % 3, 1)).reduceByKey(lambda a, b: a + b).pprint(1)
    streaming.start()
    time.sleep(2.2)
    streaming.stop(stopSparkContext=False, stopGraceFully=False)


def padded_jobs(spark, _scratch):
    """Enough text for several parts of a rolling log: each job carries a megabyte in a property nobody shows."""
    context = spark.sparkContext
    for number in range(14):
        context.setLocalProperty("padding", f"{number} " + "text that fills a part " * 45000)
        context.setJobDescription(f"job {number}")
        # The JVM's own tasks are quicker than Python's.
        context._jsc.parallelize([1, 2, 3, number], 2).count()
    context.setLocalProperty("padding", None)
    context._jsc.parallelize([1, 2], 1).cache().count()
    wait_for_events(context)


def wait_until(condition, seconds):
    """Waits for a condition, with a limit."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(f"not true within {seconds} s")
        time.sleep(0.05)


def wait_for_events(context):
    """Until all listeners have seen everything, so that the log is the same each time."""
    context._jsc.sc().listenerBus().waitUntilEmpty()


def in_thread(function, *arguments):
    """Starts a thread that does not keep the process alive."""
    thread = threading.Thread(target=function, args=arguments, daemon=True)
    thread.start()
    return thread
