"""The peer of previews: the same nodes in a warm local Spark session, through PySpark: spark_preview.py FOLDER NAME...

Prints one line of JSON with the times of each file of orders.
"""

import json
import pathlib
import statistics
import sys
import time

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

ROUNDS = 10


def main() -> None:
    folder = pathlib.Path(sys.argv[1]).absolute()
    builder = SparkSession.builder.master("local[2]").appName("preview").config("spark.ui.enabled", "false")
    builder = builder.config("spark.driver.memory", "4g").config("spark.sql.shuffle.partitions", "2")
    spark = builder.config("spark.driver.bindAddress", "127.0.0.1").getOrCreate()
    answer = {}
    for name in sys.argv[2:]:
        # Warm: classes are loaded and code is compiled.
        for _ in range(3):
            rows = totals(spark, folder, name).head(50)
        times = []
        for _ in range(ROUNDS):
            began = time.monotonic()
            rows = totals(spark, folder, name).head(50)
            times.append((time.monotonic() - began) * 1e3)
        answer[name] = {
            "warm": {"count": ROUNDS, "p50_ms": statistics.median(times), "max_ms": max(times)},
            "rows": sorted([list(row) for row in rows]),
        }
    spark.stop()
    print(json.dumps(answer))


def totals(spark: SparkSession, folder: pathlib.Path, name: str) -> DataFrame:
    orders = spark.read.parquet(str(folder / f"{name}.parquet"))
    customers = spark.read.parquet(str(folder / "customers.parquet"))
    paid = orders.filter("status = 'paid' AND amount > 10")
    known = paid.join(customers, "customer_id")
    return known.groupBy("region").agg(F.count(F.lit(1)).alias("orders"), F.max("amount").alias("most"))


if __name__ == "__main__":
    main()
