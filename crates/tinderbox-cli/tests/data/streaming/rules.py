"""What Spark says to streaming plans that Tinderbox refuses: one JSON object, name to message, null where it ran."""

import json
import os
import sys
import tempfile

from pyspark.sql import DataFrame, SparkSession, Window
from pyspark.sql import functions as F

SCHEMA = "id BIGINT, kind STRING, at TIMESTAMP"


def main() -> None:
    spark = (
        SparkSession.builder.master("local[1]")
        .config("spark.ui.enabled", "false")
        .config("spark.sql.shuffle.partitions", "1")
        .getOrCreate()
    )
    spark.sparkContext.setLogLevel("OFF")
    folder = tempfile.mkdtemp()
    rows = os.path.join(folder, "in")
    os.makedirs(rows)
    with open(os.path.join(rows, "rows.json"), "w", encoding="utf-8") as out:
        out.write('{"id": 1, "kind": "a", "at": "2026-01-01T00:00:00Z"}\n')

    def stream() -> DataFrame:
        return spark.readStream.schema(SCHEMA).json(rows)

    def static() -> DataFrame:
        return spark.read.schema(SCHEMA).json(rows)

    def marked() -> DataFrame:
        return stream().withWatermark("at", "1 minute")

    counted = lambda frame: frame.groupBy("kind").count()
    windowed = lambda frame: frame.groupBy(F.window("at", "1 minute")).count()
    within_time = F.expr("l.id = r.id AND r.at BETWEEN l.at AND l.at + INTERVAL 1 MINUTE")
    sides = lambda left, right, how, on="id": left.alias("l").join(right.alias("r"), on, how)
    cases = {
        "append aggregate": ("append", lambda: counted(stream())),
        "append aggregate, watermark not grouped by": ("append", lambda: counted(marked())),
        "append window without watermark": ("append", lambda: windowed(stream())),
        "append window column": ("append", lambda: marked().withColumn("window", F.window("at", "1 minute")).groupBy("window").count()),
        "append session column": ("append", lambda: marked().withColumn("window", F.session_window("at", "1 minute")).groupBy("window", "kind").count()),
        "append session alone": ("append", lambda: marked().withColumn("window", F.session_window("at", "1 minute")).groupBy("window").count()),
        "update session": ("update", lambda: marked().withColumn("window", F.session_window("at", "1 minute")).groupBy("window", "kind").count()),
        "complete without aggregate": ("complete", lambda: stream()),
        "sort": ("append", lambda: stream().orderBy("id")),
        "sort within": ("append", lambda: stream().sortWithinPartitions("id")),
        "sort complete": ("complete", lambda: counted(stream()).orderBy("kind")),
        "sort update": ("update", lambda: counted(stream()).orderBy("kind")),
        "limit append": ("append", lambda: stream().limit(1)),
        "limit update": ("update", lambda: stream().limit(1)),
        "limit complete": ("complete", lambda: counted(stream()).limit(1)),
        "offset append": ("append", lambda: stream().offset(1)),
        "pivot": ("complete", lambda: stream().groupBy("id").pivot("kind", ["a"]).count()),
        "sample": ("append", lambda: stream().sample(fraction=0.5)),
        "window function": ("append", lambda: stream().withColumn("n", F.expr("row_number()").over(Window.partitionBy("kind").orderBy("id")))),
        "count distinct": ("complete", lambda: stream().groupBy("kind").agg(F.count_distinct("id"))),
        "intersect streams": ("append", lambda: stream().intersect(stream())),
        "intersect static": ("append", lambda: stream().intersect(static())),
        "except stream right": ("append", lambda: static().subtract(stream())),
        "except stream left": ("append", lambda: stream().subtract(static())),
        "union static": ("append", lambda: stream().unionByName(static())),
        "union streams": ("append", lambda: stream().unionByName(stream())),
        "cache": ("append", lambda: stream().cache()),
        "checkpoint local": ("append", lambda: stream().localCheckpoint()),
        "static left outer stream": ("append", lambda: static().join(stream(), "id", "left")),
        "stream right outer static": ("append", lambda: stream().join(static(), "id", "right")),
        "full static": ("append", lambda: stream().join(static(), "id", "full")),
        "static semi stream": ("append", lambda: static().join(stream(), "id", "left_semi")),
        "static anti stream": ("append", lambda: static().join(stream(), "id", "left_anti")),
        "stream anti static": ("append", lambda: stream().join(static(), "id", "left_anti")),
        "stream anti stream": ("append", lambda: sides(marked(), marked(), "left_anti", within_time)),
        "stream left static": ("append", lambda: stream().join(static(), "id", "left")),
        "inner streams update": ("update", lambda: stream().join(stream().select("id"), "id")),
        "cross streams": ("append", lambda: stream().crossJoin(stream())),
        "inner streams no equality": ("append", lambda: sides(stream(), stream(), "inner", F.expr("l.id < r.id"))),
        "left outer streams": ("append", lambda: sides(stream(), stream(), "left")),
        "left outer watermark, no bound": ("append", lambda: sides(marked(), marked(), "left")),
        "left outer bound": ("append", lambda: sides(marked(), marked(), "left", within_time)),
        "semi without": ("append", lambda: sides(stream(), stream(), "left_semi")),
        "left outer right marked only": ("append", lambda: sides(stream(), marked(), "left", within_time)),
        "left outer key watermark": ("append", lambda: marked().join(marked().select("at", "kind"), "at", "left")),
        "two aggregates append": ("append", lambda: marked().groupBy(F.window("at", "1 minute")).count().groupBy(F.window("window", "2 minutes")).count()),
        "two aggregates update": ("update", lambda: windowed(marked()).groupBy("count").count()),
        "two aggregates complete": ("complete", lambda: windowed(marked()).groupBy("count").count()),
        "two watermarks": ("append", lambda: marked().withColumn("other", F.col("at")).withWatermark("other", "2 minutes")),
        "dedup within": ("append", lambda: marked().dropDuplicatesWithinWatermark(["id"])),
        "dedup within, no watermark": ("append", lambda: stream().dropDuplicatesWithinWatermark(["id"])),
    }
    said = {}
    for at, (name, (mode, make)) in enumerate(cases.items()):
        writer = lambda frame: frame.writeStream.option("checkpointLocation", f"{folder}/c{at}")
        try:
            query = writer(make()).format("memory").queryName(f"q{at}").outputMode(mode)
            query.trigger(availableNow=True).start().awaitTermination(60)
            said[name] = None
        except Exception as error:  # Every refusal is an answer.
            said[name] = str(error)
    rate = spark.readStream.format("rate").load()
    others = {
        "file sink update": (counted(stream()), "json", {"outputMode": "update"}),
        "file sink complete": (counted(stream()), "json", {"outputMode": "complete"}),
        "continuous file source": (stream(), "console", {"continuous": "1 second"}),
        "continuous aggregate": (rate.groupBy("value").count(), "console", {"continuous": "1 second", "outputMode": "complete"}),
    }
    for at, (name, (frame, sink, how)) in enumerate(others.items()):
        try:
            writer = frame.writeStream.format(sink).outputMode(how.get("outputMode", "append"))
            if "continuous" in how:
                writer = writer.trigger(continuous=how["continuous"])
            writer.option("checkpointLocation", f"{folder}/d{at}").start(f"{folder}/o{at}").stop()
            said[name] = None
        except Exception as error:  # Every refusal is an answer.
            said[name] = str(error)
    try:
        spark.readStream.json(rows)
        said["no schema"] = None
    except Exception as error:  # Every refusal is an answer.
        said["no schema"] = str(error)
    with open(sys.argv[1], "w", encoding="utf-8") as out:
        json.dump(said, out)


main()
