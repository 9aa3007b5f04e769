"""Runs one SQL query of two stages on Spark and leaves its plain event log in a directory.

python template.py DIRECTORY
"""

import sys

from pyspark.sql import SparkSession

spark = (
    SparkSession.builder.master("local[2]")
    .appName("history benchmark")
    .config("spark.eventLog.enabled", "true")
    .config("spark.eventLog.compress", "false")
    .config("spark.eventLog.rolling.enabled", "false")
    .config("spark.eventLog.dir", "file://" + sys.argv[1])
    .config("spark.sql.shuffle.partitions", "8")
    .config("spark.sql.adaptive.enabled", "false")
    .config("spark.ui.enabled", "false")
    .getOrCreate()
)
frame = spark.range(0, 100000, 1, 8).selectExpr("id % 1000 AS k", "id AS v")
frame.groupBy("k").sum("v").write.format("noop").mode("overwrite").save()
spark.stop()
