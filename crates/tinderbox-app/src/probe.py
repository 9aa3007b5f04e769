"""Asks driver and executors of a cluster who they are, and lets them compute something that is known."""

import json
import platform
import socket

from pyspark.sql import SparkSession


def place(_):
    import platform
    import socket

    yield socket.gethostname(), platform.python_version()


spark = SparkSession.builder.appName("Tinderbox probe").getOrCreate()
context = spark.sparkContext
executors = sorted(set(context.parallelize(range(8), 4).mapPartitions(place).collect()))
total = spark.range(0, 1000, 1, 4).selectExpr("sum(id) AS total").first()["total"]
found = {
    "spark": spark.version,
    "application": context.applicationId,
    "driver": {"host": socket.gethostname(), "python": platform.python_version()},
    "executors": [{"host": host, "python": python} for host, python in executors],
    "computed": total == 499500,
}
print("TINDERBOX_PROBE " + json.dumps(found), flush=True)
spark.stop()
