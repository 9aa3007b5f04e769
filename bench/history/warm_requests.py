"""Requests to an application of a million tasks that is already open, Spark's server and ours.

Ours is asked many times, Spark's a few: it takes seconds for some. What Spark's was asked, ours was asked as well, and
the answers are compared.
"""

import random
import time
from collections.abc import Callable

from leaves import Difference
from logs import large, warm
from open_application import first_answer
from servers import Server, parse, spark_history_server, spark_version, tinderbox
from setting import Setting

OURS = 200
THEIRS = 3
PAGE = 100
SORTS = ("ID", "runtime", "-runtime", "INCREASING_RUNTIME", "DECREASING_RUNTIME")

Kinds = dict[str, Callable[[], str]]


def measure(setting: Setting, size: str) -> dict:
    log = large(setting.logs, size)
    warm(log)
    difference = Difference()
    with setting.place() as place:
        logs = place / "logs"
        logs.mkdir()
        (logs / log.name).symlink_to(log)
        with spark_history_server(setting.spark_home, logs, place) as server:
            version = spark_version(server)
            theirs, answers = times(server, log.name, THEIRS)
        with tinderbox(setting.binary, logs, place) as server:
            ours, own = times(server, log.name, OURS)
    for path, body in answers.items():
        difference.compare(parse(body), parse(own[path]), path.split("/stages", 1)[1])
    requests = {"theirs": theirs, "ours": ours}
    return {"spark": version, "requests_each": {"theirs": THEIRS, "ours": OURS}, **requests} | difference.report()


def times(server: Server, application: str, requests: int) -> tuple[dict, dict[str, bytes]]:
    """Milliseconds of each kind, and the answers to the first requests of each."""
    _, stages = first_answer(server, application)
    server.settle()
    found, answers = {}, {}
    for name, path in kinds(application, stages).items():
        server.get(path())
        measured = []
        for number in range(requests):
            asked = path()
            began = time.perf_counter()
            status, body = server.get(asked)
            measured.append((time.perf_counter() - began) * 1_000)
            if status != 200:
                raise SystemExit(f"{asked}: status {status}")
            if number < THEIRS:
                answers[asked] = body
        measured.sort()
        found[name] = {
            "median_ms": measured[len(measured) // 2],
            "p99_ms": measured[min(len(measured) - 1, int(len(measured) * 0.99))],
            "most_ms": measured[-1],
            "bytes": len(body),
        }
        print(f"  {name}: median {found[name]['median_ms']:.1f} ms, most {measured[-1]:.1f} ms", flush=True)
    return found, answers


def kinds(application: str, stages: list) -> Kinds:
    """What is asked. Each kind has dice of its own, so that both servers get the same requests in the same order."""
    base = f"/api/v1/applications/{application}"
    big = max(stages, key=lambda stage: stage["numTasks"])

    def stage(of: dict) -> str:
        return f"{base}/stages/{of['stageId']}/{of['attemptId']}"

    def some_quantiles(dice: random.Random, count: int) -> str:
        return "quantiles=" + ",".join(f"{q:.4f}" for q in sorted(dice.random() for _ in range(count)))

    def page(dice: random.Random, sort: str) -> str:
        last = max(0, big["numTasks"] - PAGE)
        offset = dice.choice((0, last // 2, last, dice.randrange(last + 1)))
        return f"{stage(big)}/taskList?length={PAGE}&offset={offset}&sortBy={sort}"

    def any_stage(dice: random.Random, what: str) -> str:
        return f"{stage(dice.choice(stages))}/{what}"

    found: dict[str, Callable[[random.Random], str]] = {
        "taskSummary, 5 quantiles of Spark": lambda dice: f"{stage(big)}/taskSummary",
        "taskSummary, 5 others each time": lambda dice: f"{stage(big)}/taskSummary?{some_quantiles(dice, 5)}",
        "taskSummary, 21 others each time": lambda dice: f"{stage(big)}/taskSummary?{some_quantiles(dice, 21)}",
        "taskSummary of any stage": lambda dice: any_stage(dice, f"taskSummary?{some_quantiles(dice, 5)}"),
        **{f"taskList by {sort}": lambda dice, sort=sort: page(dice, sort) for sort in SORTS},
        "taskList of any stage": lambda dice: any_stage(dice, f"taskList?length={PAGE}&sortBy=-runtime"),
        "stages?withSummaries=true": lambda dice: f"{base}/stages?withSummaries=true",
        "the same, other quantiles each time": lambda dice: (
            f"{base}/stages?withSummaries=true&{some_quantiles(dice, 5)}"
        ),
        "one stage, details=false": lambda dice: f"{stage(dice.choice(stages))}?details=false",
    }
    return {name: bound(make, random.Random(name)) for name, make in found.items()}


def bound(make: Callable[[random.Random], str], dice: random.Random) -> Callable[[], str]:
    return lambda: make(dice)
