"""Makes the event logs of the corpus with real Spark, both versions at the same time.

    python3 compat/make_logs.py DIR [--only NAME...]

The environments with PySpark are TINDERBOX_SPARK_3_5 and TINDERBOX_SPARK_4. Each version is one process that
makes its applications one after the other; then `derived_logs.py` adds the logs that need a second step. DIR is
ready when it contains `.complete`.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time

import derived_logs

HERE = os.path.dirname(os.path.abspath(__file__))
ENVIRONMENTS = {"3.5": "TINDERBOX_SPARK_3_5", "4": "TINDERBOX_SPARK_4"}
LIMIT_SECONDS = 2400
# Nothing here runs long enough for the second compiler, which takes half of the time of a JVM's first seconds.
QUICK_START = "-XX:TieredStopAtLevel=1"


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("directory")
    parser.add_argument("--only", nargs="*", default=[], metavar="NAME", help="only these applications")
    arguments = parser.parse_args()
    started = time.monotonic()
    directory = os.path.abspath(arguments.directory)
    if os.path.exists(directory):
        shutil.rmtree(directory)
    os.makedirs(directory)
    with tempfile.TemporaryDirectory(prefix="tinderbox-compat-") as scratch:
        processes = {v: start(v, directory, os.path.join(scratch, v), arguments.only) for v in ENVIRONMENTS}
        copier = derived_logs.RunningCopier(directory)
        while any(process.poll() is None for process in processes.values()):
            if time.monotonic() - started > LIMIT_SECONDS:
                for process in processes.values():
                    process.kill()
                raise SystemExit(f"making the logs took more than {LIMIT_SECONDS} s")
            copier.look()
            time.sleep(0.1)
        failed = [version for version, process in processes.items() if process.returncode]
        derived_logs.derive(directory, scratch, copier)
    if failed:
        raise SystemExit(f"some applications of Spark {' and '.join(failed)} failed; see above")
    open(os.path.join(directory, ".complete"), "w").close()
    logs = [name for name in os.listdir(directory) if not name.startswith(".")]
    print(f"{len(logs)} logs in {directory}, made in {time.monotonic() - started:.0f} s")


def start(version, directory, scratch, only):
    """The process of one version. Its output is ours."""
    os.makedirs(scratch)
    environment = os.environ[ENVIRONMENTS[version]]
    python = os.path.join(environment, "bin", "python")
    variables = {
        **os.environ,
        "PYTHONPATH": HERE,
        "PYSPARK_PYTHON": python,
        "PYSPARK_DRIVER_PYTHON": python,
        "PYSPARK_SUBMIT_ARGS": f"--driver-memory 1g --driver-java-options {QUICK_START} pyspark-shell",
        "SPARK_LOCAL_IP": "127.0.0.1",
        # Dates in file names and messages do not depend on where this runs.
        "TZ": "UTC",
    }
    # An environment of its own: the caller's Spark must not be mixed in.
    for name in ("SPARK_HOME", "SPARK_CONF_DIR", "HADOOP_CONF_DIR"):
        variables.pop(name, None)
    command = [python, os.path.join(HERE, "spark_process.py"), version, directory, scratch, *only]
    with open(os.path.join(directory, f".spark-{version}.log"), "w") as errors:
        return subprocess.Popen(command, env=variables, cwd=scratch, stderr=errors)


if __name__ == "__main__":
    sys.exit(main())
