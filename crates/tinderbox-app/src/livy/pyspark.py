"""Runs the statements of a Livy session of kind pyspark: one JSON object a line in, one out.

A statement has `number` and `code`; `spark` is a session on the Spark Connect server of SPARK_REMOTE. The answer has `text` (what was
printed, and the value of an expression at the end), or `ename`, `evalue` and `traceback`. `{"interrupt": NUMBER}` ends that statement,
also one that has not begun; it does nothing to one that has ended. There is one answer to each statement.
"""

import ast
import contextlib
import io
import json
import os
import queue
import signal
import threading
import traceback

# Statements come from there and answers go there; programs have neither: they find nothing to read, and what they print by other
# ways than sys.stdout is no answer.
asked = os.fdopen(os.dup(0), encoding="utf-8")
answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
with open(os.devnull) as nothing:
    os.dup2(nothing.fileno(), 0)
os.dup2(2, 1)

MOST = 4 << 20


class Statements:
    """Those that wait, and the one that runs. Interrupts are read by a thread: a signal alone would not say which statement it means."""

    def __init__(self) -> None:
        self.waiting = queue.SimpleQueue()
        self.lock = threading.Lock()
        self.begun = -1
        self.interrupted = -1
        self.is_running = False

    def read(self) -> None:
        for line in asked:
            message = json.loads(line)
            if "interrupt" not in message:
                self.waiting.put(message)
                continue
            with self.lock:
                self.interrupted = message["interrupt"]
                if self.begun == self.interrupted:
                    # A real signal, which also ends waiting in system calls.
                    signal.pthread_kill(threading.main_thread().ident, signal.SIGINT)
        os._exit(0)

    def on_signal(self, *_) -> None:
        # In the main thread, as `run`: a signal that comes when the statement has ended does nothing.
        if self.is_running:
            raise KeyboardInterrupt

    def run(self, message: dict, names: dict) -> dict:
        printed = io.StringIO()
        try:
            with contextlib.redirect_stdout(printed):
                try:
                    self.is_running = True
                    with self.lock:
                        self.begun = message["number"]
                        is_interrupted = self.interrupted == self.begun
                    if is_interrupted:
                        raise KeyboardInterrupt
                    evaluate(message["code"], names)
                finally:
                    self.is_running = False
        except BaseException as error:  # a statement may end with sys.exit or by an interrupt
            self.is_running = False
            lines = traceback.format_exception(type(error), error, error.__traceback__)
            return {"ename": type(error).__name__, "evalue": str(error)[:MOST], "traceback": lines[-50:]}
        return {"text": printed.getvalue()[:MOST].rstrip("\n")}


def evaluate(code: str, names: dict) -> None:
    tree = ast.parse(code)
    last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
    exec(compile(tree, "<statement>", "exec"), names)
    if last is not None:
        value = eval(compile(ast.Expression(last.value), "<statement>", "eval"), names)
        if value is not None:
            print(repr(value))


def say(value: dict) -> None:
    answers.write(json.dumps(value) + "\n")
    answers.flush()


def main() -> None:
    from pyspark.sql import SparkSession

    names = {"__name__": "__main__"}
    names["spark"] = SparkSession.builder.remote(os.environ["SPARK_REMOTE"]).getOrCreate()
    names["spark"].sql("SELECT 1").collect()
    statements = Statements()
    signal.signal(signal.SIGINT, statements.on_signal)
    threading.Thread(target=statements.read, daemon=True).start()
    say({"text": "ready"})
    while True:
        say(statements.run(statements.waiting.get(), names))


main()
