"""What reading and storing a whole log costs, beside a typed JSON scan of the same file that keeps nothing."""

import os
import resource
import shutil
import statistics
import subprocess
import time

from logs import large, warm
from setting import Setting, size_of


def measure(setting: Setting, size: str) -> dict:
    log = large(setting.logs, size)
    scans, ingests = [], []
    with setting.place() as place:
        data = place / "data"
        for number in range(setting.rounds):
            warm(log)
            scans.append(run([str(setting.examples / "typed_scan"), str(log)]))
            shutil.rmtree(data, ignore_errors=True)
            ingests.append(run([setting.binary, "collect", "--event-log-dir", str(log), "--data-dir", str(data)]))
            show = scans[-1]["cpu_s"], ingests[-1]["cpu_s"]
            print(f"round {number + 1} of {setting.rounds}: scan {show[0]:.2f} CPU s, ingest {show[1]:.2f} CPU s")
        stored = size_of(data)
    ratio = statistics.median(i["cpu_s"] for i in ingests) / statistics.median(s["cpu_s"] for s in scans)
    return {"log_bytes": log.stat().st_size, "scan": scans, "ingest": ingests, "ratio": ratio, "stored_bytes": stored}


def run(command: list[str]) -> dict[str, float]:
    """Wall and CPU seconds and the peak memory of one program."""
    began = time.monotonic()
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    wall = time.monotonic() - began
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"exit code {process.returncode}: {' '.join(command)}")
    return {"wall_s": wall, "cpu_s": cpu(usage), "peak_mb": usage.ru_maxrss * 1024 / 1e6}


def cpu(usage: resource.struct_rusage) -> float:
    return usage.ru_utime + usage.ru_stime
