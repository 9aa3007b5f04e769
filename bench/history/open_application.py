"""From the start of a process to the complete answer of `/applications/{id}/stages`, Spark's server and ours.

Both read the same log from the page cache. Ours begins with an empty data directory, Spark's with an empty store in
memory. Every value of the two answers is compared.
"""

import pathlib
import shutil

from leaves import Difference
from logs import large, warm
from servers import Server, parse, spark_history_server, spark_version, tinderbox
from setting import Setting, size_of


def measure(setting: Setting, size: str) -> dict:
    log = large(setting.logs, size)
    result: dict = {"log_bytes": log.stat().st_size, "theirs": [], "ours": []}
    difference = Difference()
    with setting.place() as place:
        logs = place / "logs"
        logs.mkdir()
        (logs / log.name).symlink_to(log)
        for number in range(setting.rounds):
            warm(log)
            their_stages = theirs(setting, logs, place, log.name, result)
            warm(log)
            our_stages = ours(setting, logs, place, log.name, result)
            difference.compare(their_stages, our_stages, "stages")
            show = {side: result[side][-1]["wall_s"] for side in ("theirs", "ours")}
            print(f"round {number + 1} of {setting.rounds}: theirs {show['theirs']:.2f} s, ours {show['ours']:.2f} s")
    result["tasks"] = sum(stage["numCompleteTasks"] for stage in their_stages)
    return result | difference.report()


def theirs(setting: Setting, logs: pathlib.Path, place: pathlib.Path, application: str, result: dict) -> list:
    with spark_history_server(setting.spark_home, logs, place) as server:
        measured, stages = first_answer(server, application)
        measured["all_s"] = everything(server, application, stages)
        server.settle()
        measured["whole"] = server.usage()
        result["spark"] = spark_version(server)
    result["theirs"].append(measured)
    return stages


def ours(setting: Setting, logs: pathlib.Path, place: pathlib.Path, application: str, result: dict) -> list:
    shutil.rmtree(place / "data", ignore_errors=True)
    with tinderbox(setting.binary, logs, place) as server:
        measured, stages = first_answer(server, application)
        everything(server, application, stages)
        jobs = parse(server.wait("/api/jobs?limit=1", lambda status, body: status == 200 and bool(parse(body)["jobs"])))
        server.wait(f"/api/jobs/{jobs['jobs'][0]['job_id']}/timeline")
        measured["all_s"] = server.age()
        server.settle()
        measured["whole"] = server.usage()
    measured["stored_bytes"] = size_of(place / "data")
    result["ours"].append(measured)
    return stages


def first_answer(server: Server, application: str) -> tuple[dict, list]:
    def complete(status: int, body: bytes) -> bool:
        return status == 200 and body.rstrip().endswith(b"]")

    body = server.wait(f"/api/v1/applications/{application}/stages", complete)
    return server.usage(), parse(body)


def everything(server: Server, application: str, stages: list) -> float:
    """When the task table, its summary and SQL have answered, too."""
    big = max(stages, key=lambda stage: stage["numTasks"])
    base = f"/api/v1/applications/{application}"
    stage = f"{base}/stages/{big['stageId']}/{big['attemptId']}"
    server.wait(f"{stage}/taskList?length=20&sortBy=-runtime")
    server.wait(f"{stage}/taskSummary")
    server.wait(f"{base}/sql?length=20")
    return server.age()
