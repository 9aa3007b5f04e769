"""Starts History Servers, Spark's and ours, and waits until they have listed everything."""

import json
import os
import signal
import socket
import subprocess
import time

from client import Client

LIMIT_SECONDS = 480


class Server:
    """A server process with its URL. Ends with the `with` block, by its own process id."""

    def __init__(self, command, environment, url, log):
        self.url = url
        self.log = log
        with open(log, "w") as output:
            self.process = subprocess.Popen(
                command, env=environment, stdout=output, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL
            )

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()

    def attempts(self):
        """Id and attempt id of all that is listed, or None while nobody answers."""
        try:
            listed = json.loads(Client(self.url, timeout=60).get("/applications").body)
            return {(a["id"], attempt.get("attemptId")) for a in listed for attempt in a["attempts"]}
        except (OSError, ValueError, KeyError):
            return None

    def wait_for(self, enough, quiet_seconds=0):
        """Until `enough` attempts are listed; with `quiet_seconds`, until their number has not changed for so long."""
        deadline = time.monotonic() + LIMIT_SECONDS
        last, since = None, time.monotonic()
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                raise SystemExit(f"{self.url} ended with code {self.process.returncode}; its output is in {self.log}")
            now = self.attempts()
            now = None if now is None else len(now)
            if now != last:
                last, since = now, time.monotonic()
            if now is not None and now >= enough and time.monotonic() - since >= quiet_seconds:
                return now
            time.sleep(0.3)
        with open(self.log, errors="replace") as output:
            said = output.read()[-4_000:]
        raise SystemExit(f"{self.url} lists {last} of {enough} attempts after {LIMIT_SECONDS} s, and said:\n{said}")


def spark(environment, log_dir, folder, more_options=None):
    """Spark's own, from an environment with PySpark, everything in memory and at its defaults."""
    port = free_port()
    home = next(
        os.path.join(environment, "lib", name, "site-packages", "pyspark")
        for name in os.listdir(os.path.join(environment, "lib"))
        if name.startswith("python3.")
    )
    options = {
        # As ours gets it: 4.x shows it as it was configured.
        "spark.history.fs.logDirectory": os.path.abspath(log_dir),
        "spark.history.ui.port": str(port),
        "spark.history.fs.update.interval": "2s",
        "spark.history.fs.numReplayThreads": "2",
        # Nothing may be evicted and loaded again while it is compared.
        "spark.history.retainedApplications": "200",
        **(more_options or {}),
    }
    java = os.path.join(os.environ["JAVA_HOME"], "bin", "java") if "JAVA_HOME" in os.environ else "java"
    # Java 17 closes what Hadoop, Kryo and Jackson open; spark-class would add the same.
    opens = [f"--add-opens=java.base/{package}=ALL-UNNAMED" for package in OPENED]
    command = [java, "-Xmx2g", "-XX:+IgnoreUnrecognizedVMOptions", *opens]
    command += [f"-D{key}={value}" for key, value in options.items()]
    command += ["-cp", os.path.join(home, "jars", "*"), "org.apache.spark.deploy.history.HistoryServer"]
    variables = {**os.environ, "SPARK_HOME": home, "SPARK_LOCAL_IP": "127.0.0.1"}
    return Server(command, variables, f"http://127.0.0.1:{port}", os.path.join(folder, "spark.log"))


OPENED = (
    "java.lang",
    "java.lang.invoke",
    "java.lang.reflect",
    "java.io",
    "java.net",
    "java.nio",
    "java.util",
    "java.util.concurrent",
    "sun.nio.ch",
    "sun.security.action",
)


def tinderbox(binary, log_dir, shape, folder, retained_tasks=None):
    """Ours, with an empty data directory."""
    port = free_port()
    command = [binary, "serve", "--data-dir", os.path.join(folder, "data"), "--listen", f"127.0.0.1:{port}"]
    command += ["--event-log-dir", os.path.abspath(log_dir), "--history-api", shape]
    command += ["--retained-tasks", str(retained_tasks)] if retained_tasks else []
    return Server(command, dict(os.environ), f"http://127.0.0.1:{port}", os.path.join(folder, "tinderbox.log"))


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
