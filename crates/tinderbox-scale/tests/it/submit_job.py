"""Does many jobs in one session: each line of the file that is named holds the arguments of one. Prints an answer a line.

With `make` instead of a file it writes data sets of Spark's own types into a folder first.
"""

import contextlib
import io
import json
import sys

sys.path.insert(0, sys.argv[1])
import submit_job  # noqa: E402


def make(folder: str) -> None:
    from pyspark.sql import SparkSession

    spark = SparkSession.builder.getOrCreate()
    spark.conf.set("spark.sql.session.timeZone", "UTC")
    columns = """
        CAST(b AS TINYINT) AS tiny, CAST(b AS SMALLINT) AS small, CAST(b AS INT) AS whole, CAST(big AS BIGINT) AS big,
        CAST(f AS FLOAT) AS single, CAST(f AS DOUBLE) AS double, CAST(d AS DECIMAL(38, 10)) AS exact, CAST(d AS DECIMAL(5, 0)) AS round,
        t AS `größe.x`, t = 'a' AS flag, CAST(day AS DATE) AS day, array(t) AS list, map(t, b) AS pairs, named_struct('m', map(t, b)) AS nested
    """
    rows = """
        SELECT * FROM VALUES
            (-3, 9007199254740993, '-1.5', '12345.0000000001', 'a', '2026-11-20'),
            (5, -9007199254740993, 'NaN', '-1', 'ü', '2026-11-20'),
            (NULL, 1, '2.5', NULL, 'a', '2026-11-21'),
            (4, 1, NULL, '0.5', '', NULL)
        AS rows(b, big, f, d, t, day)
    """
    spark.sql(f"SELECT {columns} FROM ({rows})").coalesce(1).write.parquet(f"{folder}/types.parquet")
    spark.sql(f"SELECT {columns} FROM ({rows}) WHERE big > 1e18").coalesce(1).write.parquet(f"{folder}/empty.parquet")
    spark.sql("SELECT array('a', 'b', 'a', NULL) AS items UNION ALL SELECT array('a') UNION ALL SELECT NULL").coalesce(1).write.parquet(
        f"{folder}/baskets.parquet"
    )


if len(sys.argv) > 3:
    make(sys.argv[3])
with open(sys.argv[2], encoding="utf-8") as lines:
    for line in lines:
        said = io.StringIO()
        with contextlib.redirect_stderr(said):
            try:
                code = submit_job.main(json.loads(line))
            except SystemExit as end:
                code = end.code
            except Exception as error:
                code = f"raised {type(error).__name__}: {str(error).splitlines()[0]}"
        print("ANSWER " + json.dumps({"code": code, "said": said.getvalue()}), flush=True)
