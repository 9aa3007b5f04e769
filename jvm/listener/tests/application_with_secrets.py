"""A small Spark application that hands the listener every common kind of event, and secrets.

Arguments: the number of tasks, the secret, and a file to create when those tasks are done. Tasks run
in the JVM only, so that the CPU time of the process is the driver's.
"""

import sys
from pathlib import Path

from pyspark.sql import SparkSession

tasks, secret, tasks_done = int(sys.argv[1]), sys.argv[2], Path(sys.argv[3])
spark = SparkSession.builder.appName("listener check").getOrCreate()
sc = spark.sparkContext

sc.setLocalProperty("my.api.token", secret)
sc.setLocalProperty("my.note", f"the password is {secret}")
assert spark.range(0, tasks, 1, tasks).count() == tasks
tasks_done.touch()

sc.setJobDescription(f"load with password={secret}")
spark.conf.set("spark.sql.my.token", secret)
left = spark.range(0, 1000, 1, 4).withColumnRenamed("id", "k").cache()
right = spark.range(0, 1000, 1, 4).selectExpr("id % 10 as k", "id as v")
assert left.join(right, "k").groupBy("k").count().count() == 10
left.unpersist(blocking=True)
spark.sql("select sum(id) as total from range(100)").collect()

spark.stop()
