"""Starts Spark's History Server or ours over a log directory, and measures the process."""

import contextlib
import http.client
import json
import os
import pathlib
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterable

TICKS = os.sysconf("SC_CLK_TCK")
# A million tasks take Spark's server about a minute; nothing here waits longer than this.
LIMIT_S = 900


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Server:
    """A process that answers `/api/v1` on a port, ended by `with`. Times are seconds since it was started."""

    def __init__(self, command: list[str], port: int, environment: dict[str, str], log: pathlib.Path):
        self.port = port
        self.connection: http.client.HTTPConnection | None = None
        self.log = open(log, "w", encoding="utf-8")
        self.started = time.monotonic()
        # Spark's start script has a child before it becomes the server: all of the group is ended.
        self.process = subprocess.Popen(
            command,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=self.log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )

    def __enter__(self) -> "Server":
        return self

    def __exit__(self, *_) -> None:
        self.send(signal.SIGTERM)
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            pass
        self.send(signal.SIGKILL)
        self.process.wait()
        self.log.close()

    def send(self, number: signal.Signals) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, number)

    def age(self) -> float:
        return time.monotonic() - self.started

    def cpu_s(self) -> float:
        """CPU seconds of the process, its ended children included."""
        fields = pathlib.Path(f"/proc/{self.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return sum(int(fields[i]) for i in (11, 12, 13, 14)) / TICKS

    def peak_mb(self) -> float:
        """VmHWM: the most memory that was resident, mapped pages included, in MB (1,000,000 bytes)."""
        for line in pathlib.Path(f"/proc/{self.process.pid}/status").read_text().splitlines():
            if line.startswith("VmHWM"):
                return int(line.split()[1]) * 1024 / 1e6
        return 0.0

    def usage(self) -> dict[str, float]:
        return {"wall_s": self.age(), "cpu_s": self.cpu_s(), "peak_mb": self.peak_mb()}

    def get(self, path: str) -> tuple[int, bytes]:
        """Status and body of one request; the connection is kept. Status 0 when there is no answer."""
        # Servers close a connection that was idle for some seconds, which shows when it is used again.
        is_kept = self.connection is not None
        try:
            if self.connection is None:
                self.connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=LIMIT_S)
            self.connection.request("GET", path)
            answer = self.connection.getresponse()
            return answer.status, answer.read()
        except (OSError, http.client.HTTPException):
            self.connection = None
            return self.get(path) if is_kept else (0, b"")

    def wait(
        self,
        path: str,
        until: Callable[[int, bytes], bool] = lambda status, body: status == 200,
        pause: float = 0.01,
    ) -> bytes:
        """Asks until the answer is right; gives its body."""
        while self.age() < LIMIT_S:
            if self.process.poll() is not None:
                raise SystemExit(f"the server ended with {self.process.returncode}:\n{self.last_words()}")
            status, body = self.get(path)
            if until(status, body):
                return body
            time.sleep(pause)
        raise SystemExit(f"no answer to {path} within {LIMIT_S} s:\n{self.last_words()}")

    def settle(self) -> None:
        """Waits until the process has been idle for two seconds: the end of ingest."""
        before, idle = self.cpu_s(), 0
        while idle < 2:
            time.sleep(1)
            now = self.cpu_s()
            idle = idle + 1 if now - before < 0.05 else 0
            before = now

    def last_words(self) -> str:
        return pathlib.Path(self.log.name).read_text(encoding="utf-8", errors="replace")[-3000:]


def spark_history_server(
    spark_home: str, logs: pathlib.Path, place: pathlib.Path, store: pathlib.Path | None = None
) -> Server:
    """Spark's own, with 4 GB of heap; its store is in memory unless a folder is given."""
    port = free_port()
    conf = place / "spark-history.conf"
    lines = [
        f"spark.history.fs.logDirectory file://{logs}",
        f"spark.history.ui.port {port}",
        "spark.history.fs.update.interval 1s",
        "spark.ui.bindAddress 127.0.0.1",
    ]
    if store:
        store.mkdir(exist_ok=True)
        lines.append(f"spark.history.store.path {store}")
    conf.write_text("\n".join(lines) + "\n")
    environment = dict(os.environ, SPARK_HOME=spark_home, SPARK_DAEMON_MEMORY="4g", SPARK_LOCAL_IP="127.0.0.1")
    java_class = "org.apache.spark.deploy.history.HistoryServer"
    command = [f"{spark_home}/bin/spark-class", java_class, "--properties-file", str(conf)]
    return Server(command, port, environment, place / "spark-history.log")


def tinderbox(binary: str, logs: pathlib.Path, place: pathlib.Path, more: Iterable[str] = ()) -> Server:
    """Ours; its data directory, `data` in `place`, is empty unless it was used before."""
    port = free_port()
    command = [binary, "serve", "--data-dir", str(place / "data"), "--listen", f"127.0.0.1:{port}"]
    command += ["--event-log-dir", str(logs), *more]
    return Server(command, port, dict(os.environ), place / "tinderbox.log")


def parse(body: bytes):
    return json.loads(body)


def spark_version(server: Server) -> str:
    # Spark's server answers every path with its page until the REST is there.
    return parse(server.wait("/api/v1/version", lambda status, body: status == 200 and body.startswith(b"{")))["spark"]
