"""The compatibility test: Spark's History Servers and ours over the same logs, one version after the other.

    python3 compat/run.py [--logs DIR] [--report DIR] [--shape 3.5|4.x]... [--part-of N] [--retained-tasks N]

`scripts/compat.sh` sets the environment. Without --logs the corpus is made where it is missing and kept under
TINDERBOX_CACHE; TINDERBOX_EXTRA_EVENT_LOGS names a directory with more logs. With --part-of N only one log in N is
compared, another part every day; TINDERBOX_COMPAT_SEED, a number, says which.
"""

import argparse
import glob
import hashlib
import io
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.request
import zipfile
from dataclasses import dataclass
from urllib.parse import quote

import deliberate
import history_server
from client import Client

HERE = os.path.dirname(os.path.abspath(__file__))
ENVIRONMENTS = {"3.5": "TINDERBOX_SPARK_3_5", "4.x": "TINDERBOX_SPARK_4"}
# What the logs depend on.
MAKERS = ("make_logs.py", "spark_process.py", "derived_logs.py", "applications.py", "*_workloads.py")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--logs", help="use this directory instead of the corpus")
    parser.add_argument("--report", help="folder for the differences; TINDERBOX_CACHE/compat/report when left out")
    parser.add_argument("--shape", action="append", choices=tuple(ENVIRONMENTS), help="only this; may be repeated")
    parser.add_argument("--part-of", type=int, default=1, metavar="N", help="compare one log in N")
    parser.add_argument("--retained-tasks", type=int, metavar="N", help="both servers keep N tasks of a stage")
    arguments = parser.parse_args()
    part = Part(arguments.part_of, int(os.environ.get("TINDERBOX_COMPAT_SEED") or time.time() // 86_400))
    kept = os.path.join(os.environ["TINDERBOX_CACHE"], "compat")
    report = arguments.report or os.path.join(kept, "report")
    logs = arguments.logs or corpus(kept)
    binary = os.environ["TINDERBOX_BIN"]
    extra = os.environ.get("TINDERBOX_EXTRA_EVENT_LOGS")
    passed = failed = 0
    if extra:
        print(f"=== the logs in {extra} with ours alone", flush=True)
        passed, failed = check([os.path.join(HERE, "alone.py"), extra])
    for shape in arguments.shape or ENVIRONMENTS:
        with tempfile.TemporaryDirectory(prefix="tinderbox-compat-") as folder:
            directory = together(folder, part, logs, extra)
            good, bad = compare(
                shape, directory, folder, binary, os.path.join(report, shape), arguments.retained_tasks
            )
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


@dataclass(frozen=True)
class Part:
    """One log in `of`. Which one moves on with the seed: after `of` of them each log was in a part once."""

    of: int
    seed: int

    def choose(self, names):
        if self.of > 1:
            print(f"one log in {self.of}: TINDERBOX_COMPAT_SEED={self.seed}", flush=True)
        return [name for number, name in enumerate(sorted(names)) if (number + self.seed) % self.of == 0]


def together(folder, part, *sources):
    """One directory with all logs of the part, with their times of modification."""
    target = os.path.join(folder, "logs")
    os.makedirs(target)
    for source in filter(None, sources):
        for name in part.choose(name for name in os.listdir(source) if not name.startswith(".")):
            path = os.path.join(source, name)
            reason = deliberate.unread_by_spark(path)
            if reason:
                print(f"left out: {name}: {reason}", flush=True)
            elif os.path.isdir(path):
                shutil.copytree(path, os.path.join(target, name))
            else:
                shutil.copy2(path, os.path.join(target, name))
    return target


def compare(shape, directory, folder, binary, report, retained):
    """Both servers up, compared, both ended. Returns checks passed and failed."""
    started = time.monotonic()
    entries = len(os.listdir(directory))
    print(f"\n=== {shape}: {entries} entries in the log directory", flush=True)
    options = {"spark.ui.retainedTasks": str(retained)} if retained else {}
    with history_server.spark(os.environ[ENVIRONMENTS[shape]], directory, folder, options) as theirs:
        # No figure says that Spark has scanned everything; a list that stays the same for three scans does.
        listed = theirs.wait_for(1, quiet_seconds=7)
        with history_server.tinderbox(binary, directory, shape, folder, retained) as ours:
            ours.wait_for(listed, quiet_seconds=3)
            excused, unexcused = take_away(ours, ours.attempts() - theirs.attempts(), directory, folder)
        shutil.rmtree(os.path.join(folder, "data"))
        with history_server.tinderbox(binary, directory, shape, folder, retained) as ours:
            ours.wait_for(listed)
            print(f"both list {listed} attempts after {time.monotonic() - started:.0f} s", flush=True)
            command = [os.path.join(HERE, "compare.py"), "--theirs", theirs.url, "--ours", ours.url]
            passed, failed = check([*command, "--shape", shape, "--report", report])
    failed += unexcused + (excused > deliberate.UNLISTED_LIMIT)
    print(f"{shape} took {time.monotonic() - started:.0f} s", flush=True)
    return passed, failed


def take_away(ours, unlisted, directory, folder):
    """Moves the logs away that Spark does not list: every list would be longer on one side. They are excused where ours
    says that the log is broken. Returns how many are excused and how many are not."""
    excused = unexcused = 0
    for application, attempt in sorted(unlisted, key=str):
        base = f"/applications/{quote(application, safe='')}" + (f"/{quote(attempt, safe='')}" if attempt else "")
        with zipfile.ZipFile(io.BytesIO(Client(ours.url).get(f"{base}/logs").body)) as archive:
            name = archive.namelist()[0].split("/")[0]
        shutil.move(os.path.join(directory, name), folder)
        reasons = broken(ours.url, application)
        if reasons:
            print(f"left out: {name}: {deliberate.UNLISTED}: {'; '.join(reasons)}", flush=True)
            excused += 1
        else:
            print(f"below the limit: {name}: ours lists it, Spark does not", flush=True)
            unexcused += 1
    return excused, unexcused


def broken(url, application):
    """What ours says about a log that is not whole."""
    def get(path):
        with urllib.request.urlopen(f"{url}/api/jobs{path}", timeout=60) as answer:
            return json.load(answer)

    known = get("?limit=500")["jobs"]
    ids = [job["job_id"] for job in known if job["application_id"] == application and job["partial"]]
    return [reason for job in ids for reason in get(f"/{job}")["partial_reasons"]]


def check(command):
    """Runs a script that says `N passed, N failed` in its last line, which is left out here. Returns both."""
    result = subprocess.run([sys.executable, *command], stdout=subprocess.PIPE, text=True)
    lines = result.stdout.splitlines()
    print("\n".join(lines[:-1]), flush=True)
    words = lines[-1].split() if lines else []
    if len(words) != 4 or words[1] != "passed,":
        print(f"{os.path.basename(command[0])} did not end properly")
        return 0, 1
    return int(words[0]), int(words[2])


if __name__ == "__main__":
    sys.exit(main())
