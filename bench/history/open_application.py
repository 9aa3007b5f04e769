"""From the start of a process to the complete answer of `/applications/{id}/stages`, Spark's server and ours.

    python open_application.py --binary TINDERBOX --spark-home DIR --log FILE --out RESULTS

Both read the same log from the page cache. Ours begins with an empty data directory. Every value of the two answers is
compared. Appends one line of JSON to RESULTS.
"""

import argparse
import json
import pathlib
import random
import shutil
import tempfile
import time

from servers import parse, spark_history_server, tinderbox

REQUESTS = 200


def main():
    options = argparse.ArgumentParser(description=__doc__)
    for name in ("--binary", "--spark-home", "--log", "--out"):
        options.add_argument(name, required=True)
    options.add_argument("--rounds", type=int, default=1, help="rounds of ours; the first is reported, all are listed")
    options = options.parse_args()
    log = pathlib.Path(options.log).resolve()
    place = pathlib.Path(tempfile.mkdtemp(prefix="tinderbox-bench-"))
    logs = place / "logs"
    logs.mkdir()
    (logs / log.name).symlink_to(log)
    try:
        result = {"log_bytes": log.stat().st_size, "application": log.name}
        warm(log)
        with spark_history_server(options.spark_home, logs, place) as theirs:
            result["theirs"], their_stages = first_answer(theirs, log.name)
            result["theirs"]["latency"] = latencies(theirs, log.name, their_stages, requests=10)
        for _ in range(options.rounds):
            shutil.rmtree(place / "data", ignore_errors=True)
            warm(log)
            with tinderbox(options.binary, logs, place) as ours:
                measured, our_stages = first_answer(ours, log.name)
                measured["all_s"] = everything(ours, log.name, our_stages)
                settle(ours)
                measured["peak_mb"], measured["ingest_cpu_s"] = ours.peak_mb(), ours.cpu_s()
                measured["stored_bytes"] = size_of(place / "data")
                measured["latency"] = latencies(ours, log.name, our_stages, requests=REQUESTS)
            result.setdefault("rounds", []).append(measured)
        result["ours"] = result["rounds"][0]
        result["tasks"] = sum(stage["numCompleteTasks"] for stage in their_stages)
        result["different"] = differences(their_stages, our_stages)
    finally:
        shutil.rmtree(place, ignore_errors=True)
    with open(options.out, "a", encoding="utf-8") as out:
        out.write(json.dumps(result) + "\n")
    print(json.dumps(result, indent=1))
    if result["different"]:
        raise SystemExit(f"{result['different']} values of the stages differ")


def warm(path):
    """Reads the file once, so that it is in the page cache."""
    with open(path, "rb", buffering=0) as file:
        while file.read(1 << 24):
            pass


def first_answer(server, application):
    def complete(status, body):
        return status == 200 and body.rstrip().endswith(b"]")

    body = server.wait(f"/api/v1/applications/{application}/stages", complete)
    wall = server.age()
    return {"wall_s": wall, "cpu_s": server.cpu_s(), "peak_mb": server.peak_mb()}, parse(body)


def everything(server, application, stages):
    """When the task table, SQL and the timeline answer too."""
    big = max(stages, key=lambda stage: stage["numTasks"])
    base = f"/api/v1/applications/{application}"
    stage = f"{base}/stages/{big['stageId']}/{big['attemptId']}"
    server.wait(f"{stage}/taskList?length=20")
    server.wait(f"{stage}/taskSummary")
    server.wait(f"{base}/sql?length=20")
    jobs = parse(server.wait("/api/jobs?limit=1", lambda status, body: status == 200 and parse(body)["jobs"]))
    server.wait(f"/api/jobs/{jobs['jobs'][0]['job_id']}/timeline")
    return server.age()


def settle(server):
    """Waits until the process has been idle for a second: the end of ingest."""
    before = server.cpu_s()
    while True:
        time.sleep(1)
        now = server.cpu_s()
        if now - before < 0.05:
            return
        before = now


def latencies(server, application, stages, requests):
    """Milliseconds of warm requests: median and 99th percentile of each kind."""
    big = max(stages, key=lambda stage: stage["numTasks"])
    base = f"/api/v1/applications/{application}"
    stage = f"{base}/stages/{big['stageId']}/{big['attemptId']}"
    dice = random.Random(1)
    kinds = {
        "taskSummary, other quantiles each time": lambda: (
            f"{stage}/taskSummary?quantiles=" + ",".join(f"{q:.4f}" for q in sorted(dice.random() for _ in range(5)))
        ),
        "taskList by id": lambda: f"{stage}/taskList?length=100&offset={dice.randrange(big['numTasks'])}",
        "taskList by run time": lambda: (
            f"{stage}/taskList?length=100&sortBy=-runtime&offset={dice.randrange(big['numTasks'])}"
        ),
        "stages with summaries": lambda: f"{base}/stages?withSummaries=true",
        "one stage without tasks": lambda: f"{stage}?details=false",
    }
    found = {}
    for name, path in kinds.items():
        server.get(path())
        times = []
        for _ in range(requests):
            began = time.perf_counter()
            status, _ = server.get(path())
            times.append((time.perf_counter() - began) * 1_000)
            if status != 200:
                raise SystemExit(f"{name}: status {status}")
        times.sort()
        found[name] = {"median_ms": times[len(times) // 2], "p99_ms": times[int(len(times) * 0.99)]}
    return found


def size_of(folder):
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())


def differences(theirs, ours):
    """Values that differ, those that only one side has included."""
    if isinstance(theirs, dict) and isinstance(ours, dict):
        return sum(differences(theirs.get(key), ours.get(key)) for key in theirs.keys() | ours.keys())
    if isinstance(theirs, list) and isinstance(ours, list) and len(theirs) == len(ours):
        return sum(differences(*pair) for pair in zip(theirs, ours))
    return int(theirs != ours or type(theirs) is not type(ours))


if __name__ == "__main__":
    main()
