#!/usr/bin/env python3
"""Runs a real Spark application with the listener and checks what a sink receives.

    real_spark.py --spark-home HOME --jar JAR [--sink KIND] [--listener on|off] [--tasks N]

Sinks: `fast` answers at once; `slow` takes 200 ms per batch; `flaky` refuses, cuts and loses
answers; `late` is busy until the tasks are done, with a small queue; `unwanted` answers 410;
`dead` refuses connections; `killed` answers twice, then cuts the connection and refuses every further one; `stuck`
accepts and never reads. In every mode the job has to succeed.
The last line printed is one JSON object with the wall time and the CPU time of the process.
Needs nothing beyond Python's standard library.
"""

import argparse
import http.server
import json
import os
import resource
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
SCHEMA = HERE.parents[2] / "schemas" / "live.schema.json"
SECRET = "hunter2-f3a9c1"
INGEST_TOKEN = "ingest-77c0de"
RECEIVING = ("fast", "slow", "flaky", "late")
SHEDDABLE = {
    "SparkListenerTaskStart",
    "SparkListenerTaskEnd",
    "SparkListenerTaskGettingResult",
    "SparkListenerSpeculativeTaskSubmitted",
    "SparkListenerExecutorMetricsUpdate",
    "SparkListenerBlockUpdated",
}
# Sent live but not logged by default, and the other way round.
ONLY_LIVE = {"SparkListenerExecutorMetricsUpdate", "SparkListenerBlockUpdated"}
ONLY_LOGGED = {"SparkListenerStageExecutorMetrics"}


def main():
    arguments = parse_arguments()
    work = Path(tempfile.mkdtemp(prefix="tinderbox-listener-"))
    sink = None if arguments.listener == "off" else Sink(arguments.sink, work / "tasks-done")
    try:
        code, output, wall, cpu = submit(arguments, sink, work)
        if code != 0:
            sys.exit(f"the application ended with {code}:\n{output[-6000:]}")
        result = {
            "spark": spark_version(arguments.spark_home),
            "listener": arguments.listener,
            "sink": arguments.sink if sink else None,
            "tasks": arguments.tasks,
            "wall_s": round(wall, 2),
            "cpu_s": round(cpu, 2),
        }
        if sink and arguments.sink in RECEIVING:
            result.update(check_received(sink, arguments, work, output))
        elif sink:
            result["connections"] = sink.connections
        print(json.dumps(result))
    finally:
        if sink:
            sink.close()
        shutil.rmtree(work)


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--spark-home", required=True)
    parser.add_argument("--jar", required=True)
    parser.add_argument("--sink", default="fast", choices=[*RECEIVING, "unwanted", "dead", "killed", "stuck"])
    parser.add_argument("--listener", default="on", choices=["on", "off"])
    parser.add_argument("--tasks", type=int, default=300)
    return parser.parse_args()


def submit(arguments, sink, work):
    """Exit code, output, wall seconds and CPU seconds of one spark-submit."""
    conf = {
        "spark.ui.enabled": "false",
        "spark.sql.shuffle.partitions": "4",
        "spark.local.dir": str(work / "local"),
        "spark.my.password": SECRET,
        "spark.x.secret.key": SECRET,
        "spark.executorEnv.AWS_SECRET_ACCESS_KEY": SECRET,
        # In every mode, so that their CPU times compare.
        "spark.eventLog.enabled": "true",
        "spark.eventLog.dir": (work / "events").as_uri(),
        "spark.eventLog.compress": "false",
        "spark.eventLog.rolling.enabled": "false",
    }
    (work / "events").mkdir()
    if sink:
        conf |= {
            "spark.jars": str(Path(arguments.jar).resolve()),
            "spark.driver.extraClassPath": str(Path(arguments.jar).resolve()),
            "spark.extraListeners": "dev.tinderbox.listener.TinderboxListener",
            "spark.tinderbox.live.url": f"http://127.0.0.1:{sink.port}/ingest/live",
            "spark.tinderbox.run": "run-1",
            "spark.tinderbox.attempt": "2",
        }
    if sink and arguments.sink == "late":
        conf["spark.tinderbox.live.queueBytes"] = "512k"
    command = [str(Path(arguments.spark_home) / "bin" / "spark-submit"), "--master", "local[2]"]
    for key, value in conf.items():
        command += ["--conf", f"{key}={value}"]
    command += [str(HERE / "application_with_secrets.py"), str(arguments.tasks), SECRET, str(work / "tasks-done")]
    environment = {
        **os.environ,
        "SPARK_HOME": arguments.spark_home,
        "SPARK_LOCAL_IP": "127.0.0.1",
        "PYSPARK_PYTHON": sys.executable,
        "TINDERBOX_INGEST_TOKEN": INGEST_TOKEN,
    }
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    start = time.monotonic()
    done = subprocess.run(
        command, env=environment, cwd=work, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=600
    )
    wall = time.monotonic() - start
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return done.returncode, done.stdout, wall, cpu


def check_received(sink, arguments, work, output):
    batches = [sink.accepted[seq] for seq in sorted(sink.accepted)]
    assert batches, f"nothing arrived:\n{output[-3000:]}"
    sent = b"".join(batches)
    assert SECRET.encode() not in sent, "a secret was sent"
    assert INGEST_TOKEN.encode() not in sent, "the ingest token was sent in a body"
    assert b"*********(redacted)" in sent, "nothing was redacted"
    assert sink.authorizations == {f"Bearer {INGEST_TOKEN}"}, sink.authorizations

    events, dropped = [], {}
    for seq, body in enumerate(batches):
        lines = body.decode().splitlines()
        envelope = json.loads(lines[0])
        check_envelope(envelope)
        expected = {"seq": seq, "first_event": len(events), "events": len(lines) - 1, "run": "run-1", "attempt": 2}
        assert expected.items() <= envelope.items(), (expected, envelope)
        assert envelope.get("final", False) == (seq == len(batches) - 1), envelope
        assert all(count >= dropped.get(kind, 0) for kind, count in envelope["dropped"].items())
        dropped = envelope["dropped"]
        events += [json.loads(line) for line in lines[1:]]
    assert {json.loads(body.split(b"\n")[0])["session"] for body in batches} == {sink.session}

    names = [short_name(event) for event in events]
    assert names[0] == "SparkListenerLogStart" and names[-1] == "SparkListenerApplicationEnd"
    assert names.count("SparkListenerApplicationStart") == 1
    assert set(dropped) <= SHEDDABLE, dropped
    logged = logged_events(work / "events")
    compared = SHEDDABLE if dropped else ONLY_LIVE
    live = by_poster(event for event in events if short_name(event) not in compared)
    log = by_poster(event for event in logged if short_name(event) not in compared | ONLY_LOGGED)
    assert live.keys() == log.keys(), (live.keys(), log.keys())
    for poster in live:
        difference = first_difference(live[poster], log[poster])
        assert difference is None, f"live and logged events of {poster} differ: {difference}"
    task_ends = names.count("SparkListenerTaskEnd") + dropped.get("SparkListenerTaskEnd", 0)
    in_log = sum(short_name(event) == "SparkListenerTaskEnd" for event in logged)
    completed = sum(
        event["Stage Info"]["Number of Tasks"] for event in events if short_name(event) == "SparkListenerStageCompleted"
    )
    assert task_ends == in_log == completed >= arguments.tasks, (task_ends, in_log, completed)
    if arguments.sink == "late":
        assert dropped, "the small queue was meant to shed"
    else:
        assert not dropped, dropped
    environment = next(event for event in events if short_name(event) == "SparkListenerEnvironmentUpdate")
    assert environment["Hadoop Properties"] == {} and environment["Classpath Entries"] == {}
    return {
        "batches": len(batches),
        "repeats": sink.repeats,
        "events": len(events),
        "bytes": len(sent),
        "task_ends": task_ends,
        "dropped": dropped,
        "environment_bytes": len(json.dumps(environment)),
        "kinds": len(set(names)),
    }


def check_envelope(envelope):
    """The parts of JSON Schema that the contract uses, so that it cannot drift from the sender."""
    schema = json.loads(SCHEMA.read_text())
    types = {"string": str, "integer": int, "boolean": bool, "object": dict}
    assert set(schema["required"]) <= set(envelope), envelope
    for name, value in envelope.items():
        assert name in schema["properties"], f"{name} is not in {SCHEMA.name}"
        rule = schema["properties"][name]
        assert rule.get("const", value) == value, (name, value)
        assert "type" not in rule or type(value) is types[rule["type"]], (name, value)
        assert "minimum" not in rule or value >= rule["minimum"], (name, value)


def short_name(event):
    return event["Event"].rsplit(".", 1)[-1].rsplit("$", 1)[-1]


def identity(event):
    """What tells one event from another and does not depend on when it was written."""
    info = event.get("Stage Info") or {}
    task = (event.get("Task Info") or {}).get("Task ID")
    return (short_name(event), event.get("Job ID"), event.get("Stage ID", info.get("Stage ID")), task,
            event.get("executionId"), event.get("RDD ID"))


def by_poster(events):
    """The events of each thread that posts them, in its order.

    LiveListenerBus.post puts an event into one queue after the other, so two threads that post at
    the same time can come in another order into the queue of the listeners than into that of the
    event log. Broadcasts are forgotten by the thread that cleans contexts, RDDs also by the thread
    of the application: these have no order at all.
    """
    posters = {}
    for event in events:
        name = short_name(event)
        if name == "SparkListenerUnpersistRDD":
            poster = "any"
        elif name.startswith(("SparkListenerJob", "SparkListenerStage", "SparkListenerTask", "SparkListenerSpec")):
            poster = "scheduler"
        elif "executionId" in event:
            poster = f"SQL execution {event['executionId']}"
        else:
            poster = "other"
        posters.setdefault(poster, []).append(identity(event))
    if "any" in posters:
        posters["any"].sort()
    return posters


def first_difference(left, right):
    for index in range(max(len(left), len(right))):
        pair = (left[index : index + 1], right[index : index + 1])
        if pair[0] != pair[1]:
            return index, pair
    return None


def logged_events(folder):
    """The event log up to the end of the application; Spark may log a few events after it."""
    [log] = folder.iterdir()
    events = [json.loads(line) for line in log.read_text().splitlines()]
    last = max(i for i, event in enumerate(events) if event["Event"] == "SparkListenerApplicationEnd")
    return events[: last + 1]


def spark_version(home):
    [core] = (Path(home) / "jars").glob("spark-core_*.jar")
    return core.stem.rsplit("-", 1)[-1]


class Sink:
    """A receiver that behaves as its kind says and keeps the accepted bodies by sequence number."""

    def __init__(self, kind, tasks_done):
        self.kind = kind
        self.tasks_done = tasks_done
        self.accepted = {}
        self.authorizations = set()
        self.session = None
        self.repeats = 0
        self.connections = 0
        self._requests = 0
        self._held = []
        self._lock = threading.Lock()
        self._server = None
        self._listener = None
        if kind in ("dead", "stuck"):
            self._listener = socket.create_server(("127.0.0.1", 0))
            self.port = self._listener.getsockname()[1]
            if kind == "dead":
                self._listener.close()
            else:
                threading.Thread(target=self._hold_connections, daemon=True).start()
        else:
            self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler_of(self))
            self.port = self._server.server_address[1]
            threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self):
        if self._server:
            self._end_server()
        elif self.kind == "stuck":
            self._listener.close()
            for connection in self._held:
                connection.close()

    def answer(self, authorization, body):
        """The status of the answer; None means that the connection is cut without one."""
        with self._lock:
            self._requests += 1
            self.authorizations.add(authorization)
            if self.kind == "unwanted":
                return 410
            if self.kind == "killed" and self._requests > 2:
                if self._requests == 3:
                    threading.Thread(target=self._end_server, daemon=True).start()
                return None
            if self.kind == "late" and not self.tasks_done.exists():
                return 503
            if self.kind == "flaky" and self._requests % 3 == 1:
                return 503
            if self.kind == "slow":
                time.sleep(0.2)
            envelope = json.loads(body.split(b"\n", 1)[0])
            self.session = self.session or envelope["session"]
            if envelope["seq"] in self.accepted:
                assert self.accepted[envelope["seq"]] == body, "a repeated batch changed"
                self.repeats += 1
            self.accepted[envelope["seq"]] = body
            if self.kind == "flaky" and self._requests % 3 == 2:
                return None
            return 204

    def _end_server(self):
        self._server.shutdown()
        self._server.server_close()

    def _hold_connections(self):
        while True:
            try:
                self._held.append(self._listener.accept()[0])
                self.connections += 1
            except OSError:
                return


def handler_of(sink):
    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def setup(self):
            sink.connections += 1
            super().setup()

        def do_POST(self):
            assert self.path == "/ingest/live" and self.headers["Content-Type"] == "application/x-ndjson"
            body = self.rfile.read(int(self.headers["Content-Length"]))
            status = sink.answer(self.headers["Authorization"], body)
            if status is None:
                self.close_connection = True
                return
            self.send_response(status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_):
            pass

    return Handler


if __name__ == "__main__":
    main()
