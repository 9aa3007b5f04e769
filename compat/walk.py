"""What is asked: every endpoint with its parameters, for each application and attempt.

The ids come from the reference's own answers. Small applications are asked for everything; of the large ones a few
stages stand for all.
"""

import json
from dataclasses import dataclass
from urllib.parse import quote

# Tasks of an application up to which its stages are asked for with all their tasks.
FEW_TASKS = 3000
STAGES_WITH_TASKS = 3
STAGES = 8
JOBS = 6
EXECUTIONS = 6


@dataclass(frozen=True)
class Request:
    """`endpoint` is the path with its ids replaced; `is_text` asks for the same bytes as well."""

    endpoint: str
    path: str
    is_text: bool = False


def of_server():
    """Requests that belong to no application."""
    yield Request("version", "/version")
    for query in (
        "",
        "?status=completed",
        "?status=running",
        "?status=completed&status=running",
        "?limit=3",
        "?limit=0",
        "?minDate=2020-01-01",
        "?maxDate=2020-01-01",
        "?minDate=2017-01-01&maxDate=2022-06-30T12:00:00.000GMT",
        "?minEndDate=2020-01-01",
        "?maxEndDate=2020-01-01&status=completed",
        "?minDate=zzz",
        "?maxEndDate=2020-13-45",
        "?status=nonsense",
        "?limit=many",
    ):
        yield Request("applications", "/applications" + query)
    yield Request("applications/{app} (error)", "/applications/nope")
    for path in ("jobs", "stages", "executors", "environment", "sql", "logs", "storage/rdd", "1/jobs"):
        yield Request("applications/{app}/… (error)", f"/applications/nope/{path}")
    yield Request("unknown path (error)", "/nonsense")
    yield Request("unknown path (error)", "/applications/nope/nonsense")


def of_application(base, identifier, client, is_4x, is_rich):
    """All requests of one attempt. `base` is `/applications/{id}` or `/applications/{id}/{attempt}`."""
    yield Request("applications/{app}", f"/applications/{quote(identifier, safe='')}", is_text=True)
    yield Request("applications/{app}/{attempt}", base)
    yield from jobs(base, client, is_rich)
    yield from stages(base, client, is_rich)
    yield from executors(base, client, is_4x, is_rich)
    yield from storage(base, client)
    yield Request("environment", f"{base}/environment", is_text=is_rich)
    yield Request("logs", f"{base}/logs")
    yield from sql(base, client, is_4x, is_rich)
    yield from streaming(base, is_rich)
    yield from connect(base, client, is_4x)


def jobs(base, client, is_rich):
    yield Request("jobs", f"{base}/jobs", is_text=True)
    for query in ("status=succeeded", "status=failed", "status=running&status=unknown", "status=failed&status=succeeded"):
        yield Request("jobs?status", f"{base}/jobs?{query}")
    known = read(client, f"{base}/jobs")
    unusual = [job for job in known if job["status"] != "SUCCEEDED" or job["numFailedTasks"]]
    for job in chosen(unusual, known, JOBS):
        yield Request("jobs/{id}", f"{base}/jobs/{job['jobId']}")
    yield Request("jobs (error)", f"{base}/jobs/999999")
    if is_rich:
        yield Request("jobs (error)", f"{base}/jobs/abc")
        yield Request("jobs (error)", f"{base}/jobs?status=nonsense")


def stages(base, client, is_rich):
    root = f"{base}/stages"
    yield Request("stages", root, is_text=is_rich)
    known = read(client, root)
    tasks = sum(stage["numTasks"] for stage in known)
    for query in ("status=complete", "status=failed", "status=active&status=pending", "status=skipped"):
        yield Request("stages?status", f"{root}?{query}")
    yield Request("stages?withSummaries", f"{root}?withSummaries=true")
    yield Request("stages?withSummaries", f"{root}?withSummaries=true&quantiles=0.1,0.33,1.0&status=complete")
    if tasks <= FEW_TASKS:
        yield Request("stages?details", f"{root}?details=true")
        yield Request("stages?details", f"{root}?details=true&taskStatus=failed&taskStatus=killed")
    unusual = [s for s in known if s["status"] != "COMPLETE" or s["attemptId"] or s["numFailedTasks"]]
    unusual += [s for s in known if s["numKilledTasks"] or s["diskBytesSpilled"]]
    selected = chosen(unusual, known, STAGES)
    for number, stage in enumerate(selected):
        yield from stage_attempt(root, stage, number, is_rich)
    yield Request("stages (error)", f"{root}/999999")
    yield Request("stages (error)", f"{root}/999999/0/taskSummary")
    if known:
        some = known[0]["stageId"]
        yield Request("stages (error)", f"{root}/{some}/77")
        yield Request("stages (error)", f"{root}/{some}/77/taskList")
        if is_rich:
            yield Request("stages (error)", f"{root}/{some}/0/taskSummary?quantiles=0.5,much")
            yield Request("stages (error)", f"{root}?withSummaries=true&quantiles=nonsense")
            yield Request("stages (error)", f"{root}/{some}?taskStatus=nonsense")
            yield Request("stages (error)", f"{root}/{some}/0/taskList?sortBy=nonsense")
            yield Request("stages (error)", f"{root}/{some}/0/taskList?offset=x")


def stage_attempt(root, stage, number, is_rich):
    stage_id, attempt = stage["stageId"], stage["attemptId"]
    one, exact = f"{root}/{stage_id}", f"{root}/{stage_id}/{attempt}"
    is_small = stage["numTasks"] <= 200
    if is_small:
        yield Request("stages/{id}", one)
        yield Request("stages/{id}/{attempt}", exact)
    yield Request("stages/{id}/{attempt}?details=false", f"{exact}?details=false&withSummaries=true")
    yield Request("stages/{id}/{attempt}/taskSummary", f"{exact}/taskSummary")
    # Beside the steps of 0.05 by more than Spark rounds: what it keeps of a step it answers for its neighbors, too.
    yield Request("stages/{id}/{attempt}/taskSummary", f"{exact}/taskSummary?quantiles=0,0.007,0.5,0.993,1")
    yield Request("stages/{id}/{attempt}/taskList", f"{exact}/taskList")
    if number >= STAGES_WITH_TASKS:
        return
    if is_small:
        yield Request("stages/{id}", f"{one}?details=false&withSummaries=true&quantiles=0.25,0.75")
        yield Request("stages/{id}/{attempt}", f"{exact}?taskStatus=success")
    for order in ("ID", "runtime", "%2Bruntime", "-runtime", "INCREASING_RUNTIME", "DECREASING_RUNTIME"):
        yield Request("stages/{id}/{attempt}/taskList?sortBy", f"{exact}/taskList?sortBy={order}&length=7")
    yield Request("stages/{id}/{attempt}/taskList?offset", f"{exact}/taskList?offset=2&length=3")
    yield Request("stages/{id}/{attempt}/taskList?offset", f"{exact}/taskList?offset=100000&length=3")
    for status in ("success", "failed&status=killed", "running"):
        yield Request("stages/{id}/{attempt}/taskList?status", f"{exact}/taskList?status={status}&length=50")
    yield from task_table(exact, is_rich and number == 0)


def task_table(exact, with_all):
    def table(column, direction, search="", start=0, length=10):
        return Request(
            "stages/{id}/{attempt}/taskTable",
            f"{exact}/taskTable?draw=1&numTasks=20&start={start}&length={length}&search%5Bvalue%5D={search}"
            f"&search%5Bregex%5D=false&columnNameToSort={column}&order%5B0%5D%5Bcolumn%5D=0"
            f"&order%5B0%5D%5Bdir%5D={direction}",
        )

    yield table("Index", "asc")
    yield table("Duration", "desc")
    yield table("ID", "asc", search="driver")
    if with_all:
        for column in ("ID", "Attempt", "Status", "Locality Level", "Executor ID", "Host", "Launch Time", "GC Time"):
            yield table(quote(column), "desc")
        yield table("Errors", "asc")
        yield table("Index", "asc", start=1, length=2)
        yield table("Index", "asc", search="SUCC")
        yield table("Index", "asc", search="no%20such%20text")
        yield table("Nonsense", "asc")


def executors(base, client, is_4x, is_rich):
    yield Request("executors", f"{base}/executors", is_text=is_rich)
    yield Request("allexecutors", f"{base}/allexecutors", is_text=is_rich)
    yield Request("executors/{id}/threads (error)", f"{base}/executors/driver/threads")
    yield Request("allmiscellaneousprocess", f"{base}/allmiscellaneousprocess")
    if is_rich:
        yield Request("executors/{id}/threads (error)", f"{base}/executors/nobody/threads")
        yield Request("executors/{id}/threads (error)", f"{base}/threads?taskId=1&executorId=driver")
        yield Request("executors/{id}/threads (error)", f"{base}/threads")


def storage(base, client):
    yield Request("storage/rdd", f"{base}/storage/rdd", is_text=True)
    for rdd in read(client, f"{base}/storage/rdd")[:8]:
        yield Request("storage/rdd/{id}", f"{base}/storage/rdd/{rdd['id']}")
    yield Request("storage/rdd (error)", f"{base}/storage/rdd/999999")


def sql(base, client, is_4x, is_rich):
    root = f"{base}/sql"
    yield Request("sql", root)
    known = read(client, f"{root}?details=false&planDescription=false&length=100000")
    yield Request("sql?details=false", f"{root}?details=false&planDescription=false&length=100000")
    if known:
        yield Request("sql?offset", f"{root}?offset=2&length=3&planDescription=false")
        yield Request("sql?offset", f"{root}?offset=100000&length=3")
        yield Request("sql?offset", f"{root}?length=-1&details=false")
        yield Request("sql?details=false", f"{root}?details=false&length=5")
        yield Request("sql?offset", f"{root}?offset=-1&length=2&details=false")
    for execution in chosen([e for e in known if e["status"] != "COMPLETED"], known, EXECUTIONS):
        yield Request("sql/{id}", f"{root}/{execution['id']}")
    if known:
        yield Request("sql/{id}?details=false", f"{root}/{known[-1]['id']}?details=false&planDescription=false")
        yield Request("sql/{id}?details=false", f"{root}/{known[-1]['id']}?planDescription=false")
    yield Request("sql (error)", f"{root}/999999")
    yield from sql_table(root, bool(known) and is_rich)


def sql_table(root, with_all):
    yield Request("sql/sqlTable", f"{root}/sqlTable")
    if not with_all:
        return
    for column in ("id", "description", "submissionTime", "duration", "status"):
        for direction in ("asc", "desc"):
            yield Request(
                "sql/sqlTable",
                f"{root}/sqlTable?draw=2&start=0&length=5&search%5Bvalue%5D=&order%5B0%5D%5Bcolumn%5D=0"
                f"&order%5B0%5D%5Bdir%5D={direction}&columns%5B0%5D%5Bname%5D={column}",
            )
    yield Request("sql/sqlTable", f"{root}/sqlTable?draw=3&start=1&length=2&search%5Bvalue%5D=count")
    yield Request("sql/sqlTable", f"{root}/sqlTable?groupSubExecution=false&length=-1")
    yield Request("sql/sqlTable", f"{root}/sqlTable?status=failed&groupSubExecution=nonsense")


def streaming(base, is_rich):
    yield Request("streaming (error)", f"{base}/streaming/statistics")
    if is_rich:
        for path in ("receivers", "receivers/0", "batches", "batches/1", "batches/1/operations", "batches/1/operations/0"):
            yield Request("streaming (error)", f"{base}/streaming/{path}")


def connect(base, client, is_4x):
    for kind in ("sessions", "operations"):
        yield Request(f"connect/{kind}", f"{base}/connect/{kind}")
    if not is_4x:
        return
    for kind in ("sessions", "operations"):
        yield Request(f"connect/{kind}", f"{base}/connect/{kind}?offset=1&length=1")
    for session in read(client, f"{base}/connect/sessions")[:4]:
        one = f"{base}/connect/sessions/{session['sessionId']}"
        yield Request("connect/sessions/{id}", f"{one}?userId={quote(session['userId'])}")
        yield Request("connect/sessions/{id}", one)
    for operation in read(client, f"{base}/connect/operations")[:8]:
        tag = quote(operation["jobTag"], safe="")
        yield Request("connect/operations/detail", f"{base}/connect/operations/detail?jobTag={tag}")
    yield Request("connect (error)", f"{base}/connect/operations/detail?jobTag=nonsense")
    yield Request("connect (error)", f"{base}/connect/operations/detail")


def chosen(unusual, known, limit):
    """The unusual ones first, then from both ends; each once."""
    order = unusual[:limit] + known[: limit // 2] + known[-(limit // 2):] + known
    selected = []
    for item in order:
        if item not in selected and len(selected) < limit:
            selected.append(item)
    return selected


def read(client, path):
    """The reference's list, or nothing where it has none."""
    answer = client.get(path)
    if answer.status != 200:
        return []
    value = json.loads(answer.body)
    return value if isinstance(value, list) else []
