"""Starts Spark's history server or ours over a log directory, and measures the process."""

import http.client
import json
import os
import pathlib
import socket
import subprocess
import time

TICKS = os.sysconf("SC_CLK_TCK")
# A million tasks take Spark's server about a minute; nothing here waits longer than this.
LIMIT_S = 400


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Server:
    """A process that answers `/api/v1` on a port, ended by `with`. Times are seconds since it was started."""

    def __init__(self, command, port, environment, log):
        self.port = port
        self.connection = None
        self.log = open(log, "w", encoding="utf-8")
        self.started = time.monotonic()
        self.process = subprocess.Popen(
            command, env=environment, stdin=subprocess.DEVNULL, stdout=self.log, stderr=subprocess.STDOUT
        )

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.log.close()

    def age(self):
        return time.monotonic() - self.started

    def cpu_s(self):
        """CPU seconds of the process, its ended children included."""
        fields = pathlib.Path(f"/proc/{self.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return sum(int(fields[i]) for i in (11, 12, 13, 14)) / TICKS

    def peak_mb(self):
        """VmHWM: the most memory that was resident, mapped pages included, in MB (1,000,000 bytes)."""
        for line in pathlib.Path(f"/proc/{self.process.pid}/status").read_text().splitlines():
            if line.startswith("VmHWM"):
                return int(line.split()[1]) * 1024 / 1e6
        return 0.0

    def get(self, path):
        """Status and body of one request; the connection is kept."""
        try:
            if self.connection is None:
                self.connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=LIMIT_S)
            self.connection.request("GET", path)
            answer = self.connection.getresponse()
            return answer.status, answer.read()
        except (OSError, http.client.HTTPException):
            self.connection = None
            return 0, b""

    def wait(self, path, until=lambda status, body: status == 200, pause=0.01):
        """Asks until the answer is right; gives its body."""
        while self.age() < LIMIT_S:
            if self.process.poll() is not None:
                raise SystemExit(f"the server ended with {self.process.returncode}; see {self.log.name}")
            status, body = self.get(path)
            if until(status, body):
                return body
            time.sleep(pause)
        raise SystemExit(f"no answer to {path} within {LIMIT_S} s; see {self.log.name}")


def spark_history_server(spark_home, logs, place, heap="4g"):
    """Spark's own, with its in-memory store."""
    port = free_port()
    conf = pathlib.Path(place) / "spark-history.conf"
    conf.write_text(
        f"spark.history.fs.logDirectory file://{logs}\n"
        f"spark.history.ui.port {port}\n"
        "spark.history.fs.update.interval 1s\n"
        "spark.ui.bindAddress 127.0.0.1\n"
    )
    environment = dict(os.environ, SPARK_HOME=spark_home, SPARK_DAEMON_MEMORY=heap, SPARK_LOCAL_IP="127.0.0.1")
    java_class = "org.apache.spark.deploy.history.HistoryServer"
    command = [f"{spark_home}/bin/spark-class", java_class, "--properties-file", str(conf)]
    return Server(command, port, environment, pathlib.Path(place) / "spark-history.log")


def tinderbox(binary, logs, place, data=None, more=()):
    """Ours, on an empty data directory unless one is given."""
    port = free_port()
    data = data or pathlib.Path(place) / "data"
    command = [binary, "serve", "--data-dir", str(data), "--listen", f"127.0.0.1:{port}"]
    command += ["--event-log-dir", str(logs), *more]
    return Server(command, port, dict(os.environ), pathlib.Path(place) / "tinderbox.log")


def parse(body):
    return json.loads(body)
