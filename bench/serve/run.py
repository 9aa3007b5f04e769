"""Measures the list of jobs over a data set, ours and a FastAPI + pandas server, both in the same run.

    python run.py JOBS --binary TINDERBOX --requests PROGRAM --peer PYTHON --sets DIR --results DIR

Makes the set with `tinderbox generate` where the folder has none of this size. `scripts/bench.sh serve` sets the
arguments. Times of single answers are those of one connection that asks one question after the other, requests a second
those of several connections, which leave no server idle (the example `requests` of tinderbox-api).
"""

import argparse
import datetime
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "history"))

from machine import describe
from queries import Question, questions, searches
from servers import Server, free_port

HERE = pathlib.Path(__file__).parent
ROUNDS = 5
CONNECTIONS = 4
LOAD_S = 20


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("jobs", type=int)
    for name in ("--binary", "--requests", "--peer"):
        options.add_argument(name, required=True)
    for name in ("--sets", "--results"):
        options.add_argument(name, type=pathlib.Path, required=True)
    options = options.parse_args()
    part = f"serve-{options.jobs // 1_000_000}m" if options.jobs >= 1_000_000 else f"serve-{options.jobs}"
    machine, began = describe(part), time.monotonic()
    folder = data_set(options)
    options.results.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=options.sets) as place:
        result = {"jobs": options.jobs, **measure(options, folder, pathlib.Path(place))}
    machine["seconds"] = round(time.monotonic() - began)
    lines = [json.dumps(line) + "\n" for line in (machine, result)]
    (options.results / f"{part}.jsonl").write_text("".join(lines), encoding="utf-8")


def data_set(options: argparse.Namespace) -> pathlib.Path:
    options.sets.mkdir(parents=True, exist_ok=True)
    folder = options.sets.resolve() / f"jobs-{options.jobs}"
    if not folder.exists():
        unfinished = folder.with_suffix(".unfinished")
        shutil.rmtree(unfinished, ignore_errors=True)
        command = [options.binary, "generate", "--jobs", str(options.jobs), "--seed", "1", "--out", str(unfinished)]
        subprocess.run(command, check=True)
        unfinished.rename(folder)
    return folder


def measure(options: argparse.Namespace, folder: pathlib.Path, place: pathlib.Path) -> dict:
    port = free_port()
    command = [options.binary, "serve", "--data-dir", str(place / "data"), "--listen", f"127.0.0.1:{port}"]
    command += ["--parquet", str(folder)]
    result = {}
    with Server(command, port, dict(os.environ), place / "tinderbox.log") as server:
        server.wait("/api/jobs?limit=1", lambda status, body: status == 200 and total(body) == options.jobs)
        result["ready"] = server.usage()
        asked, searched = asks(server)
        paths = [our_path(server, question) for question in asked]
        found = [our_path(server, question) for question in searched]
        result["totals"] = [total(get(server, path)) for path in paths]
        result["ours"] = {
            "list": timed(server, paths * ROUNDS),
            "load": load(options, server, paths),
            # Each text once only: an answer that is kept is not a search.
            "search": timed(server, found[::3]),
            "search_again": timed(server, found * ROUNDS),
            "stats": timed(server, ["/api/stats"] * 50),
            "peak_mb": server.peak_mb(),
        }
        result["index_bytes"] = sum(f.stat().st_size for f in (place / "data" / "job-sets").rglob("*") if f.is_file())
    file = next(folder.rglob("spark_jobs.parquet"))
    port = free_port()
    command = [options.peer, "-m", "uvicorn", "pandas_server:app", "--app-dir", str(HERE)]
    command += ["--host", "127.0.0.1", "--port", str(port), "--no-access-log"]
    environment = dict(os.environ, TINDERBOX_BENCH_JOBS=str(file))
    with Server(command, port, environment, place / "pandas.log") as server:
        server.wait("/api/jobs?limit=1", lambda status, body: status == 200 and total(body) == options.jobs)
        result["peer_ready"] = server.usage()
        paths = [
            question.path(limit=50, offset=round(count * question.depth))
            for question, count in zip(asked, result["totals"])
        ]
        theirs = [total(get(server, path)) for path in paths]
        if theirs != result["totals"]:
            wrong = [path for path, a, b in zip(paths, theirs, result["totals"]) if a != b]
            raise SystemExit(f"the servers count differently, for example {wrong[0]}")
        result["peer"] = {
            "list": timed(server, paths),
            "load": load(options, server, paths),
            "search": timed(server, [question.path(limit=50) for question in searched[::3]]),
            "stats": timed(server, ["/api/stats"] * 10),
            "peak_mb": server.peak_mb(),
        }
    del result["totals"]
    return result


def asks(server: Server) -> tuple[list[Question], list[Question]]:
    types = sorted(json.loads(get(server, "/api/job-types"))["job_types"])
    ends = [
        json.loads(get(server, f"/api/jobs?limit=1&sort_by={key}"))["jobs"][0]["start_time"]
        for key in ("-start_time", "start_time&sort_order=asc")
    ]
    last, first = (datetime.datetime.fromisoformat(end.removesuffix("Z")) for end in ends)
    return questions(first, last, types), searches(types)


def our_path(server: Server, question: Question) -> str:
    """Deep pages are reached by the cursor of the row before, as a reader of the list comes there."""
    ascending = {"limit": 50, "sort_order": "asc"}
    if question.depth == 0:
        return question.path(**ascending)
    before = round(total(get(server, question.path(limit=1, sort_order="asc"))) * question.depth) - 1
    if before < 0:
        return question.path(**ascending)
    page = json.loads(get(server, question.path(limit=1, sort_order="asc", offset=before)))
    cursor = page["next_cursor"]
    return question.path(cursor=cursor, **ascending) if cursor else question.path(**ascending)


def get(server: Server, path: str) -> bytes:
    status, body = server.get(path)
    if status != 200:
        raise SystemExit(f"{path} was answered with {status}: {body[:500]!r}")
    return body


def total(body: bytes) -> int:
    return json.loads(body)["pagination"]["total"]


def load(options: argparse.Namespace, server: Server, paths: list[str]) -> dict[str, float]:
    """Requests a second over several connections; each path is asked at least once."""
    command = [options.requests, f"http://127.0.0.1:{server.port}", str(CONNECTIONS), str(LOAD_S)]
    cpu = server.cpu_s()
    run = subprocess.run(command, input="\n".join(paths), capture_output=True, text=True, check=True)
    answer = json.loads(run.stdout)
    if answer["count"] < len(paths):
        # A mean over some of the questions would not be that of all.
        command[-1] = str(LOAD_S * 1.2 * len(paths) / answer["count"])
        cpu = server.cpu_s()
        run = subprocess.run(command, input="\n".join(paths), capture_output=True, text=True, check=True)
        answer = json.loads(run.stdout)
    cpu_ms = (server.cpu_s() - cpu) * 1000 / answer["count"]
    return {**answer, "per_s": answer["count"] / answer["seconds"], "cpu_ms": cpu_ms}


def timed(server: Server, paths: Iterable[str]) -> dict[str, float]:
    """Times of the answers in ms, and CPU of the server for each."""
    times, slowest = [], (0.0, "")
    cpu, began = server.cpu_s(), time.perf_counter()
    for path in paths:
        asked = time.perf_counter()
        get(server, path)
        took = (time.perf_counter() - asked) * 1000
        times.append(took)
        slowest = max(slowest, (took, path))
    seconds = time.perf_counter() - began
    times.sort()
    at = lambda share: times[min(len(times) - 1, int(len(times) * share))]
    return {
        "count": len(times),
        "per_s": len(times) / seconds,
        "cpu_ms": (server.cpu_s() - cpu) * 1000 / len(times),
        "p50_ms": at(0.5),
        "p99_ms": at(0.99),
        "max_ms": times[-1],
        "slowest": slowest[1][:200],
    }


if __name__ == "__main__":
    main()
