"""Does the tasks of a job on a data set, several times, and writes the results and how long each repeat took as JSON.

Runs on Spark 3.5 and later; the descriptive tasks need only DataFrames and run through Spark Connect too. A repeat reads the data
set anew and does all tasks, so the time of reading counts; what comes before (the session, waiting for executors, a look at the
data set) and the repeats to warm up do not. Results are numbers, texts and null: NaN and infinities are no values here.

Exit codes: 0 when the results are written, 3 when there are none and the file says why under `error`.
"""

import argparse
import json
import math
import os
import sys
import time
from decimal import ROUND_HALF_UP, Context, Decimal
from fractions import Fraction

from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F
from pyspark.sql.types import (
    ArrayType,
    DataType,
    DateType,
    DecimalType,
    DoubleType,
    FloatType,
    MapType,
    NumericType,
    StringType,
    StructType,
    TimestampNTZType,
    TimestampType,
)

FAILED = 3
FORMATS = ("csv", "json", "text", "parquet")


class JobError(Exception):
    """Why there are no results: a kind for programs and a message for people."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind = kind


# --- Descriptive tasks ---------------------------------------------------------------------------


def row_count(data: DataFrame, _: dict) -> int:
    return data.count()


def column_count(data: DataFrame, _: dict) -> int:
    return len(data.columns)


def data_types(data: DataFrame, _: dict) -> dict:
    return {field.name: field.dataType.simpleString() for field in data.schema.fields}


def min_max_mean(data: DataFrame, _: dict) -> dict:
    """Of every numeric column; without its NaN, which would be the largest number.

    The mean of whole numbers and decimals is made of their exact sum: adding doubles gives what the order of the rows gives.
    """
    names = numeric_columns(data)
    if not names:
        return {}
    outputs = []
    for at, name in enumerate(names):
        values, kind = value_or_null(data, name), data.schema[name].dataType
        outputs += [F.min(values).alias(f"min_{at}"), F.max(values).alias(f"max_{at}"), F.count(values).alias(f"count_{at}")]
        if isinstance(kind, (FloatType, DoubleType)):
            outputs.append(F.sum(values.cast("double")).alias(f"sum_{at}"))
        else:
            exact = values if isinstance(kind, DecimalType) else values.cast("decimal(38, 0)")
            outputs.append(F.sum(exact).alias(f"sum_{at}"))
    row = data.agg(*outputs).first()
    return {
        name: {
            "min": row[f"min_{at}"],
            "max": row[f"max_{at}"],
            "mean": mean(row[f"sum_{at}"], row[f"count_{at}"], data.schema[name].dataType),
        }
        for at, name in enumerate(names)
    }


def mean(total, count: int, kind: DataType):
    if total is None or count == 0:
        return None
    if isinstance(kind, DecimalType):
        # As many digits as Spark's avg() gives.
        digits = Decimal(1).scaleb(-(kind.scale + 4))
        return Context(prec=80, rounding=ROUND_HALF_UP).divide(total, Decimal(count)).quantize(digits, ROUND_HALF_UP, Context(prec=80))
    return float(Fraction(total) / count) if isinstance(total, Decimal) else total / count


def null_percentage(data: DataFrame, _: dict) -> dict:
    """Of every column the share of NULL and NaN, with two decimals."""
    present = [F.count(value_or_null(data, name)).alias(f"present_{at}") for at, name in enumerate(data.columns)]
    row = data.agg(F.count(F.lit(1)).alias("rows"), *present).first()
    rows = row["rows"]
    return {name: round(100 * (rows - row[f"present_{at}"]) / rows, 2) for at, name in enumerate(data.columns)}


def unique_counts(data: DataFrame, _: dict) -> dict:
    """Of every column the number of different values, NULL and NaN apart."""
    counts = []
    for at, field in enumerate(data.schema.fields):
        values = value_or_null(data, field.name)
        if holds_map(field.dataType):
            # Maps cannot be compared; the same one may be written in several orders of its keys.
            values = F.to_json(values)
        counts.append(F.countDistinct(values).alias(f"different_{at}"))
    row = data.agg(*counts).first()
    return {name: row[f"different_{at}"] for at, name in enumerate(data.columns)}


# --- Machine learning ----------------------------------------------------------------------------


def regression(data: DataFrame, parameters: dict) -> tuple:
    """Linear regression of the last numeric column, unless `label` names another, on the other numeric ones."""
    from pyspark.ml.feature import VectorAssembler
    from pyspark.ml.regression import LinearRegression

    numeric = numeric_columns(data)
    if not numeric:
        raise JobError("parameter", "regression needs numeric columns, and the data set has none")
    label = known_column(data, parameters.get("label", numeric[-1]), numeric)
    features = [known_column(data, name, numeric) for name in parameters.get("features", [n for n in numeric if n != label])]
    if label in features or not features:
        raise JobError("parameter", f"regression needs numeric columns beside the label `{label}`")
    rows = complete_rows(data, [*features, label])
    # By the values of a row and not by its place, which is another one on another number of executors.
    seed = int(parameters.get("seed", 42))
    share = float(parameters.get("test_share", 0.2))
    draw = F.pmod(F.xxhash64(F.lit(seed), *[quoted(name) for name in rows.columns]), F.lit(10_000))
    rows = rows.withColumn("__draw", draw)
    assembler = VectorAssembler(inputCols=[f"c{at}" for at in range(len(features))], outputCol="__features")
    vectors = assembler.transform(rows).select("__features", F.col(f"c{len(features)}").alias("__label"), "__draw")
    training = vectors.where(F.col("__draw") >= int(share * 10_000)).drop("__draw")
    held_out = vectors.where(F.col("__draw") < int(share * 10_000)).drop("__draw")
    train_rows, test_rows = training.count(), held_out.count()
    if train_rows == 0:
        raise JobError("parameter", f"no row has numbers in all of {', '.join([*features, label])}")
    model = LinearRegression(
        featuresCol="__features", labelCol="__label", regParam=float(parameters.get("regularization", 0.0))
    ).fit(training)
    result = {
        "label": label,
        "intercept": model.intercept,
        "coefficients": dict(zip(features, [float(value) for value in model.coefficients])),
        "rows": {"train": train_rows, "test": test_rows, "left_out": data.count() - train_rows - test_rows},
        "train": metrics_of_regression(model.evaluate(training)),
        "test": metrics_of_regression(model.evaluate(held_out)) if test_rows else None,
    }
    return result, model


def metrics_of_regression(summary) -> dict:
    return {"r2": summary.r2, "rmse": summary.rootMeanSquaredError, "mae": summary.meanAbsoluteError}


def kmeans(data: DataFrame, parameters: dict) -> tuple:
    """K-means of all numeric columns, unless `columns` names some. Clusters are in the order of their centers."""
    from pyspark.ml.clustering import KMeans
    from pyspark.ml.evaluation import ClusteringEvaluator
    from pyspark.ml.feature import VectorAssembler

    numeric = numeric_columns(data)
    names = [known_column(data, name, numeric) for name in parameters.get("columns", numeric)]
    if not names:
        raise JobError("parameter", "kmeans needs numeric columns, and the data set has none")
    rows = complete_rows(data, names)
    assembler = VectorAssembler(inputCols=rows.columns, outputCol="features")
    vectors = assembler.transform(rows).select("features")
    used = vectors.count()
    k = int(parameters.get("k", 3))
    if used < k:
        raise JobError("parameter", f"kmeans has {used} rows with numbers in all of {', '.join(names)}, and k is {k}")
    estimator = KMeans(k=k, seed=int(parameters.get("seed", 1)), maxIter=int(parameters.get("max_iterations", 20)))
    model = estimator.fit(vectors)
    predicted = model.transform(vectors)
    sizes = {row["prediction"]: row["count"] for row in predicted.groupBy("prediction").count().collect()}
    clusters = [
        {"center": dict(zip(names, [float(value) for value in center])), "size": sizes.get(at, 0)}
        for at, center in enumerate(model.clusterCenters())
    ]
    clusters.sort(key=lambda cluster: list(cluster["center"].values()))
    result = {
        "k": k,
        "clusters": clusters,
        "silhouette": ClusteringEvaluator().evaluate(predicted) if len(sizes) > 1 else None,
        "cost": model.summary.trainingCost,
        "rows": {"train": used, "left_out": data.count() - used},
    }
    return result, model


def fpgrowth(data: DataFrame, parameters: dict) -> tuple:
    """Frequent sets of the items of a column of arrays, or of texts with a separator, and the rules that follow."""
    from pyspark.ml.fpm import FPGrowth

    default = "items" if "items" in data.columns else data.columns[-1] if len(data.columns) == 1 else "items"
    name = known_column(data, parameters.get("column", default))
    kind = data.schema[name].dataType
    items = quoted(name)
    if isinstance(kind, StringType):
        separator = parameters.get("separator", ",")
        items = F.split(items, "\\Q" + separator.replace("\\E", "\\E\\\\E\\Q") + "\\E")
        items = F.filter(F.transform(items, lambda item: F.trim(item)), lambda item: item != "")
    elif isinstance(kind, ArrayType):
        items = F.filter(items, lambda item: item.isNotNull())
        items = F.transform(items, lambda item: item.cast("string"))
    else:
        message = f"fpgrowth needs a column of arrays or texts; `{name}` is {kind.simpleString()}"
        raise JobError("parameter", message)
    baskets = data.select(F.array_distinct(items).alias("items")).where(F.size("items") > 0)
    model = FPGrowth(
        itemsCol="items",
        minSupport=float(parameters.get("min_support", 0.5)),
        minConfidence=float(parameters.get("min_confidence", 0.6)),
    ).fit(baskets)
    limit = int(parameters.get("limit", 1_000))
    number = baskets.count()
    sets = [{"items": sorted(row["items"]), "count": row["freq"]} for row in model.freqItemsets.collect()]
    sets.sort(key=lambda one: (-one["count"], len(one["items"]), one["items"]))
    rules = [
        {
            "if": sorted(row["antecedent"]),
            "then": sorted(row["consequent"]),
            "confidence": row["confidence"],
            "lift": row["lift"],
            "support": row["support"],
        }
        for row in model.associationRules.collect()
    ]
    rules.sort(key=lambda rule: (-rule["confidence"], -rule["support"], rule["if"], rule["then"]))
    result = {
        "column": name,
        "baskets": number,
        "item_sets": sets[:limit],
        "rules": rules[:limit],
        "left_out": {"item_sets": max(0, len(sets) - limit), "rules": max(0, len(rules) - limit)},
    }
    return result, model


PERIODS = {"hour": "yyyy-MM-dd'T'HH:00", "day": "yyyy-MM-dd", "week": "yyyy-MM-dd", "month": "yyyy-MM"}


def timeseries(data: DataFrame, parameters: dict) -> dict:
    """Rows by day, or by another unit, in UTC. Of a week its Monday is named."""
    name = known_column(data, parameters.get("column", "timestamp"))
    kind = data.schema[name].dataType
    if isinstance(kind, StringType):
        moment = F.try_to_timestamp(quoted(name))
    elif isinstance(kind, (DateType, TimestampType, TimestampNTZType, NumericType)):
        # Numbers are seconds since 1970.
        moment = quoted(name).cast("timestamp")
    else:
        message = f"timeseries needs a column of times; `{name}` is {kind.simpleString()}"
        raise JobError("parameter", message)
    unit = parameters.get("unit", "day")
    period = F.date_format(F.date_trunc(unit, moment), PERIODS[unit])
    counted = data.groupBy(period.alias("period")).count().collect()
    counts = sorted((row["period"], row["count"]) for row in counted if row["period"] is not None)
    return {
        "column": name,
        "unit": unit,
        "counts": [{"period": period, "count": count} for period, count in counts],
        "left_out": sum(row["count"] for row in counted if row["period"] is None),
    }


DESCRIPTIVE = {
    task.__name__: task for task in (row_count, column_count, data_types, min_max_mean, null_percentage, unique_counts)
}
LEARNING = {task.__name__: task for task in (regression, kmeans, fpgrowth, timeseries)}
TASKS = {**DESCRIPTIVE, **LEARNING}
# What is no DataFrame alone.
WITH_MODEL = ("regression", "kmeans", "fpgrowth")


# --- Columns -------------------------------------------------------------------------------------


def quoted(name: str) -> Column:
    """A column by its whole name, whatever stands in it."""
    return F.col("`" + name.replace("`", "``") + "`")


def numeric_columns(data: DataFrame) -> list:
    return [field.name for field in data.schema.fields if isinstance(field.dataType, NumericType)]


def value_or_null(data: DataFrame, name: str) -> Column:
    column = quoted(name)
    if isinstance(data.schema[name].dataType, (FloatType, DoubleType)):
        return F.when(~F.isnan(column), column)
    return column


def holds_map(kind: DataType) -> bool:
    if isinstance(kind, ArrayType):
        return holds_map(kind.elementType)
    if isinstance(kind, StructType):
        return any(holds_map(field.dataType) for field in kind.fields)
    return isinstance(kind, MapType)


def known_column(data: DataFrame, name: str, among: list = None) -> str:
    known = data.columns if among is None else among
    if name in known:
        return name
    noun = "column" if among is None else "numeric column"
    raise JobError("parameter", f"there is no {noun} `{name}`; there are: {', '.join(known) or 'none'}")


def complete_rows(data: DataFrame, names: list) -> DataFrame:
    """The columns as doubles named c0, c1, …, of the rows in which all are finite numbers."""
    rows = data.select(*[quoted(name).cast("double").alias(f"c{at}") for at, name in enumerate(names)])
    for name in rows.columns:
        column = F.col(name)
        rows = rows.where(column.isNotNull() & ~F.isnan(column) & (F.abs(column) < F.lit(math.inf)))
    return rows


# --- One job -------------------------------------------------------------------------------------


def read(spark: SparkSession, address: str, format_name: str) -> DataFrame:
    reader = spark.read.format(format_name)
    if format_name == "csv":
        reader = reader.option("header", "true").option("inferSchema", "true")
    return reader.load(address)


# What S3 and its client say of credentials that are not taken.
REFUSALS = ("AccessDenied", "Access Denied", "Forbidden", "InvalidAccessKeyId", "SignatureDoesNotMatch", "NoAuthWithAWSException")


def checked(spark: SparkSession, options: argparse.Namespace, is_connect: bool) -> None:
    """Reads a row, so that a data set that is not there or empty is told before anything is measured."""
    address = options.input
    try:
        data = read(spark, address, options.format)
        # Spark refuses to look at the column for wrong lines alone.
        is_readable = data.columns != ["_corrupt_record"]
        is_empty = not data.columns or (is_readable and not data.limit(1).count())
    except Exception as error:
        message = first_line(error)
        if "S3AFileSystem" in message or "No FileSystem for scheme" in message:
            raise JobError("no_file_system", f"Spark cannot read {address}: {message}") from error
        if any(word in message for word in REFUSALS):
            raise JobError("refused_dataset", f"the object store refuses {address}: {message}") from error
        if any(word in message for word in ("PATH_NOT_FOUND", "does not exist", "No such file", "NoSuchKey", "NoSuchBucket")):
            raise JobError("missing_dataset", f"there is no data set at {address}") from error
        if "UNABLE_TO_INFER_SCHEMA" in message:
            raise JobError("empty_dataset", f"the data set at {address} holds no {options.format} file with a schema") from error
        raise JobError("unreadable_dataset", f"the data set at {address} cannot be read: {message}") from error
    if not is_readable:
        raise JobError("unreadable_dataset", f"no line of {address} is a JSON object")
    if is_empty:
        # Sail reads a path that is not there as one without rows.
        message = "is not there or has no rows" if is_connect else "has no rows"
        raise JobError("empty_dataset", f"the data set at {address} {message}")


def version_of(spark: SparkSession) -> str:
    try:
        return spark.version
    except Exception:
        # Servers that are no Spark may have none.
        return None


def wait_for_executors(spark: SparkSession, wanted: int, limit: float) -> int:
    """How many there are: with fewer than asked for the times would be of something else."""
    context = spark.sparkContext
    # Where driver and executor are one, there is nobody to wait for.
    if wanted == 0 or context.master == "local" or context.master.startswith("local["):
        return None
    end = time.monotonic() + limit
    while True:
        # One is the driver.
        number = len(context._jsc.sc().statusTracker().getExecutorInfos()) - 1
        if number >= wanted:
            return number
        if time.monotonic() > end:
            raise JobError("executors", f"{number} of {wanted} executors came within {limit:.0f} seconds")
        time.sleep(0.1)


def run_program(spark: SparkSession, source: str) -> None:
    """A program from its beginning to its end, in the session that there is."""
    spark.catalog.clearCache()
    exec(compile(source, "job.py", "exec"), {"__name__": "__main__", "__file__": os.path.abspath(sys.argv[0])})


def without_writing() -> None:
    """From now on what is written is computed and thrown away, so that a program can be repeated; sessions go on when they are stopped."""
    from pyspark.ml.util import JavaMLWriter
    from pyspark.sql import DataFrameWriter

    write_out = DataFrameWriter.save

    def compute(self, *_, **__):
        write_out(self._df.write.format("noop").mode("overwrite"))

    for name in ("save", "saveAsTable", "insertInto", "csv", "json", "orc", "parquet", "text", "jdbc"):
        setattr(DataFrameWriter, name, compute)
    JavaMLWriter.save = lambda *_: None
    SparkSession.stop = lambda _: None


def repeated(spark: SparkSession, options: argparse.Namespace) -> tuple:
    """The results of the last repeat, its models, and the times of all."""
    results, models, repeats = {}, {}, []
    for at in range(options.warm_up + options.repeats):
        times = {}
        begun = time.perf_counter()
        data = run_program(spark, options.program) if options.program else read(spark, options.input, options.format)
        for name in options.tasks:
            task_begun = time.perf_counter()
            result = TASKS[name](data, options.parameters.get(name, {}))
            if name in WITH_MODEL:
                result, models[name] = result
            results[name] = result
            times[name] = time.perf_counter() - task_begun
        seconds = time.perf_counter() - begun
        repeats.append({"seconds": seconds, "tasks": times, "warm_up": at < options.warm_up})
    return results, models, repeats


def job(options: argparse.Namespace) -> dict:
    spark = SparkSession.builder.getOrCreate()
    is_connect = type(spark).__module__.startswith("pyspark.sql.connect")
    if is_connect:
        refused = [name for name in options.tasks if name in WITH_MODEL]
        if refused:
            raise JobError("unsupported", f"{', '.join(refused)} cannot run through Spark Connect")
    spark.conf.set("spark.sql.session.timeZone", "UTC")
    executors = None if is_connect else wait_for_executors(spark, options.executors, options.executor_wait)
    if options.program:
        without_writing()
    else:
        checked(spark, options, is_connect)
    results, models, repeats = repeated(spark, options)
    if options.models:
        for name, model in models.items():
            address = f"{options.models.rstrip('/')}/{name}"
            try:
                # Without overwrite(): what is there stays.
                model.write().save(address)
            except Exception as error:
                raise JobError("models", f"the model of {name} cannot be saved to {address}: {first_line(error)}") from error
    return {"spark_version": version_of(spark), "executors": executors, "results": results, "repeats": repeats}


# --- Outside -------------------------------------------------------------------------------------


def to_json(value) -> str:
    """JSON; decimals with all their digits, and null for what is no number."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{json.dumps(str(key), ensure_ascii=False)}: {to_json(item)}" for key, item in value.items()) + "}"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(to_json(item) for item in value) + "]"
    if isinstance(value, Decimal):
        return format(value, "f") if value.is_finite() else "null"
    if isinstance(value, float) and not math.isfinite(value):
        return "null"
    return json.dumps(value, ensure_ascii=False)


def write(address: str, text: str) -> None:
    """As a whole, and never over something that is there."""
    if "://" not in address:
        part = f"{address}.part"
        with open(part, "w", encoding="utf-8") as file:
            file.write(text)
        os.link(part, address)
        os.unlink(part)
        return
    spark = SparkSession.builder.getOrCreate()
    path = spark._jvm.org.apache.hadoop.fs.Path(address)
    stream = path.getFileSystem(spark._jsc.hadoopConfiguration()).create(path, False)
    stream.write(bytearray(text, "utf-8"))
    stream.close()


def first_line(error: Exception) -> str:
    lines = [line for line in str(error).splitlines() if line.strip()]
    # Py4J's own line says only that something failed.
    if lines and lines[0].startswith("An error occurred while calling") and len(lines) > 1:
        lines = lines[1:]
    return lines[0].strip(" :\t") if lines else type(error).__name__


def whole(least: int):
    def read_number(text: str) -> int:
        number = int(text)
        if number < least:
            raise argparse.ArgumentTypeError(f"must be at least {least}")
        return number

    return read_number


def options_of(arguments: list) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="submit_job.py", description=__doc__.splitlines()[0])
    parser.add_argument("--input", help="address of the data set")
    parser.add_argument("--format", choices=FORMATS)
    parser.add_argument("--tasks", default=[], type=lambda text: text.split(","), help="names with commas")
    parser.add_argument("--program", help="source of a PySpark program that is measured instead of tasks; what it writes is thrown away")
    parser.add_argument("--parameters", type=json.loads, default={}, help="JSON: {task: {parameter: value}}")
    parser.add_argument("--result", required=True, help="where the JSON is written: a path, or an address of Hadoop's")
    parser.add_argument("--executors", type=whole(0), default=0, help="wait for so many")
    parser.add_argument("--executor-wait", type=float, default=600.0, help="seconds")
    parser.add_argument("--warm-up", type=whole(0), default=1)
    parser.add_argument("--repeats", type=whole(1), default=3)
    parser.add_argument("--models", help="address below which models are saved")
    options = parser.parse_args(arguments)
    if bool(options.program) == bool(options.tasks) or (options.tasks and not (options.input and options.format)):
        parser.error("give --input, --format and --tasks, or --program")
    unknown = [name for name in options.tasks if name not in TASKS]
    if unknown:
        parser.error(f"unknown tasks: {', '.join(unknown)}; there are {', '.join(TASKS)}")
    return options


def main(arguments: list) -> int:
    options = options_of(arguments)
    try:
        written = job(options)
    except JobError as error:
        written = {"error": {"kind": error.kind, "message": str(error)}}
    except Exception as error:
        written = {"error": {"kind": "failed", "message": first_line(error)}}
        write(options.result, to_json(written) + "\n")
        raise
    write(options.result, to_json(written) + "\n")
    if "error" in written:
        print(f"error: {written['error']['message']}", file=sys.stderr)
        return FAILED
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
