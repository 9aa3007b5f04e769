"""The compatibility test: Spark's History Servers and ours over the same logs, one version after the other.

    python3 compat/run.py [--logs DIR] [--report DIR] [--shape 3.5|4.x]...

`scripts/compat.sh` sets the environment. Without --logs the corpus is made where it is missing and kept under
TINDERBOX_CACHE; TINDERBOX_EXTRA_EVENT_LOGS names a directory with more logs.
"""

import argparse
import glob
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import time

import deliberate
import history_server

HERE = os.path.dirname(os.path.abspath(__file__))
ENVIRONMENTS = {"3.5": "TINDERBOX_SPARK_3_5", "4.x": "TINDERBOX_SPARK_4"}
# What the logs depend on.
MAKERS = ("make_logs.py", "spark_process.py", "derived_logs.py", "applications.py", "*_workloads.py")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--logs", help="use this directory instead of the corpus")
    parser.add_argument("--report", help="folder for the differences; TINDERBOX_CACHE/compat/report when left out")
    parser.add_argument("--shape", action="append", choices=tuple(ENVIRONMENTS), help="only this; may be repeated")
    arguments = parser.parse_args()
    kept = os.path.join(os.environ["TINDERBOX_CACHE"], "compat")
    report = arguments.report or os.path.join(kept, "report")
    logs = arguments.logs or corpus(kept)
    binary = os.environ["TINDERBOX_BIN"]
    passed = failed = 0
    for shape in arguments.shape or ENVIRONMENTS:
        with tempfile.TemporaryDirectory(prefix="tinderbox-compat-") as folder:
            directory = together(folder, logs, os.environ.get("TINDERBOX_EXTRA_EVENT_LOGS"))
            good, bad = compare(shape, directory, folder, binary, os.path.join(report, shape))
            passed, failed = passed + good, failed + bad
    print(f"every difference is in {report}")
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


def corpus(kept):
    """The cached corpus; made when what makes it has changed. Older ones are removed."""
    digest = hashlib.sha256()
    for pattern in MAKERS:
        for path in sorted(glob.glob(os.path.join(HERE, pattern))):
            with open(path, "rb") as source:
                digest.update(source.read())
    for variable in ENVIRONMENTS.values():
        packages = glob.glob(os.path.join(os.environ[variable], "lib", "*", "site-packages", "pyspark-*.dist-info"))
        digest.update(" ".join(os.path.basename(path) for path in packages).encode())
    directory = os.path.join(kept, digest.hexdigest()[:16])
    if not os.path.exists(os.path.join(directory, ".complete")):
        for old in glob.glob(os.path.join(kept, "?" * 16)):
            shutil.rmtree(old)
        print("making the event logs with real Spark (usually 4 minutes)", flush=True)
        subprocess.run([sys.executable, os.path.join(HERE, "make_logs.py"), directory], check=True)
    return directory


def together(folder, *sources):
    """One directory with all logs, with their times of modification."""
    target = os.path.join(folder, "logs")
    os.makedirs(target)
    for source in filter(None, sources):
        for name in os.listdir(source):
            if name.startswith("."):
                continue
            path = os.path.join(source, name)
            reason = deliberate.unread_by_spark(path)
            if reason:
                print(f"left out: {name}: {reason}", flush=True)
            elif os.path.isdir(path):
                shutil.copytree(path, os.path.join(target, name))
            else:
                shutil.copy2(path, os.path.join(target, name))
    return target


def compare(shape, directory, folder, binary, report):
    """Both servers up, compared, both ended. Returns checks passed and failed."""
    started = time.monotonic()
    entries = len(os.listdir(directory))
    print(f"\n=== {shape}: {entries} entries in the log directory", flush=True)
    with history_server.spark(os.environ[ENVIRONMENTS[shape]], directory, folder) as theirs:
        with history_server.tinderbox(binary, directory, shape, folder) as ours:
            # No figure says that Spark has scanned everything; a list that stays the same for three scans does.
            listed = theirs.wait_for(1, quiet_seconds=7)
            ours.wait_for(listed)
            print(f"both list {listed} attempts after {time.monotonic() - started:.0f} s", flush=True)
            command = [sys.executable, os.path.join(HERE, "compare.py"), "--theirs", theirs.url, "--ours", ours.url]
            command += ["--shape", shape, "--report", report]
            result = subprocess.run(command, stdout=subprocess.PIPE, text=True)
    lines = result.stdout.splitlines()
    print("\n".join(lines[:-1]))
    print(f"{shape} took {time.monotonic() - started:.0f} s", flush=True)
    words = lines[-1].split() if lines else []
    if len(words) != 4 or words[1] != "passed,":
        print("the comparison did not end properly")
        return 0, 1
    return int(words[0]), int(words[2])


if __name__ == "__main__":
    sys.exit(main())
