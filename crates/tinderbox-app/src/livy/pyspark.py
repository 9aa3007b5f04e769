"""Runs the statements of a Livy session of kind pyspark: one JSON object a line in, one out.

A statement has `code`; `spark` is a session on the Spark Connect server of SPARK_REMOTE. The answer has `text` (what was printed, and
the value of an expression at the end), or `ename`, `evalue` and `traceback`.
"""

import ast
import contextlib
import io
import json
import os
import sys
import traceback

# Only answers go there; what programs print by other ways than sys.stdout goes to the log.
answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
os.dup2(2, 1)

MOST = 4 << 20


def run(code: str, names: dict) -> None:
    tree = ast.parse(code)
    last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
    exec(compile(tree, "<statement>", "exec"), names)
    if last is not None:
        value = eval(compile(ast.Expression(last.value), "<statement>", "eval"), names)
        if value is not None:
            print(repr(value))


def answer(code: str, names: dict) -> dict:
    printed = io.StringIO()
    try:
        with contextlib.redirect_stdout(printed):
            run(code, names)
    except BaseException as error:  # a statement may end with sys.exit or by an interrupt
        lines = traceback.format_exception(type(error), error, error.__traceback__)
        return {"ename": type(error).__name__, "evalue": str(error)[:MOST], "traceback": lines[-50:]}
    return {"text": printed.getvalue()[:MOST].rstrip("\n")}


def say(value: dict) -> None:
    answers.write(json.dumps(value) + "\n")
    answers.flush()


def main() -> None:
    from pyspark.sql import SparkSession

    names = {"__name__": "__main__"}
    names["spark"] = SparkSession.builder.remote(os.environ["SPARK_REMOTE"]).getOrCreate()
    names["spark"].sql("SELECT 1").collect()
    say({"text": "ready"})
    while True:
        try:
            line = sys.stdin.readline()
        except KeyboardInterrupt:  # it came when no statement ran any more
            continue
        if not line:
            return
        say(answer(json.loads(line)["code"], names))


main()
