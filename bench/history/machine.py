"""On what a benchmark ran: printed as one line of JSON, the first of every file in bench/results.

    python machine.py PART
"""

import datetime
import json
import os
import pathlib
import subprocess
import sys
import time

# What a benchmark itself writes does not make the sources differ from the commit.
OWN = [":!bench/results", ":!docs/benchmarks.md"]


def describe(part: str) -> dict:
    changed = git("status", "--short", "--", *OWN)
    return {
        "part": part,
        "date": datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "commit": git("rev-parse", "--short=10", "HEAD") + (" with changes" if changed else ""),
        "cores": os.cpu_count(),
        "cpu": processor(),
        "memory_gib": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30),
        "busy_before": round(busy(3.0), 2),
    }


def git(*arguments: str) -> str:
    return subprocess.run(["git", *arguments], check=True, capture_output=True, text=True).stdout.strip()


def processor() -> str:
    for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return os.uname().machine


def busy(seconds: float) -> float:
    """The part of all CPUs that was in use for so long: what other programs take from a benchmark."""
    before = cpu_times()
    time.sleep(seconds)
    passed = [now - then for now, then in zip(cpu_times(), before)]
    return 1 - (passed[3] + passed[4]) / max(1, sum(passed))


def cpu_times() -> list[int]:
    return [int(field) for field in pathlib.Path("/proc/stat").read_text().splitlines()[0].split()[1:9]]


if __name__ == "__main__":
    print(json.dumps(describe(sys.argv[1])))
