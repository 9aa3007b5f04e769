"""Spark for the tests that compare: a Connect server where it has one, and a place where compiled programs run one
after another in one session.

Reads one command as JSON from each line of its input and answers with one line of JSON after the mark. Ends with its
input."""

import itertools
import json
import os
import sys

import pyarrow
from pyspark.sql import DataFrame, DataFrameWriter, SparkSession
from pyspark.sql.pandas.types import to_arrow_schema

MARK = "\x1eanswer "


def start(settings):
    builder = SparkSession.builder.master("local[2]")
    for key, value in settings.items():
        builder = builder.config(key, value)
    return builder.getOrCreate()


def described(spark, wanted):
    names = [row[0] for row in spark.sql("SHOW ALL FUNCTIONS").collect()]
    texts = {}
    for name in names:
        if wanted is not None and name not in wanted:
            continue
        rows = spark.sql(f"DESCRIBE FUNCTION EXTENDED `{name}`").collect()
        texts[name] = "\n".join(row[0] for row in rows)
    return texts


def write_arrow(rows, path):
    if hasattr(rows, "toArrow"):
        table = rows.toArrow()
        batches, schema = table.to_batches(), table.schema
    else:
        batches = rows._collect_as_arrow()
        schema = batches[0].schema if batches else to_arrow_schema(rows.schema)
    with pyarrow.ipc.new_stream(path, schema) as stream:
        for batch in batches:
            stream.write_batch(batch)


def write_files(spark, command):
    rows = spark.sql(command["sql"]).coalesce(1)
    rows.write.format(command["format"]).options(**command["options"]).save(command["path"])


def run_program(text, path):
    """Runs a program whose sink gives its rows to us instead of writing them."""
    save = DataFrameWriter.save
    DataFrameWriter.save = lambda writer, *_, **__: write_arrow(writer._df, path)
    try:
        space = {"__name__": "job"}
        exec(compile(text, "job.py", "exec"), space)
        space["main"]()
    finally:
        DataFrameWriter.save = save


def tried(action):
    try:
        return {"done": action()}
    except Exception as problem:
        return {"failed": str(problem)[:2000]}


def main():
    spark = start(json.loads(sys.argv[1]))
    # Programs stop their session at the end.
    SparkSession.stop = lambda self: None
    answers = sys.stdout
    sys.stdout = sys.stderr
    for line in itertools.chain(['{"do": "hello"}'], iter(sys.stdin.readline, "")):
        command = json.loads(line)
        match command["do"]:
            case "hello":
                answer = {"done": spark.version}
            case "functions":
                answer = tried(lambda: [row[0] for row in spark.sql("SHOW ALL FUNCTIONS").collect()])
            case "describe":
                answer = tried(lambda: described(spark, command["names"]))
            case "write":
                answer = tried(lambda: write_files(spark, command))
            case "run":
                answer = tried(lambda: run_program(command["text"], command["path"]))
        answers.write(MARK + json.dumps(answer) + "\n")
        answers.flush()


main()
# Python would wait for Spark, which waits for Python.
os._exit(0)
