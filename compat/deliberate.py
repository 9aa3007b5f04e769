"""The differences that are meant, each with its reason. Nothing else is excused.

A rule applies to an endpoint and a path with `[*]` for every index, both as regular expressions that match the whole
text, and to the object that the value stands in. Times that run until they are asked for may differ by as much as the
test takes, and no more. Its leaves are counted and shown apart, neither as equal nor as different.
"""

import glob
import os
import re
from collections.abc import Callable
from dataclasses import dataclass

# Both servers read their logs within the first minutes of the test.
AS_LONG_AS_THE_TEST_MS = 900_000
# One request after the other.
NEXT_REQUEST_MS = 30_000


def always(_object, _runs):
    return True


def is_incomplete(of, _runs):
    return of.get("completed") is False


def is_running(of, _runs):
    return of.get("status") == "RUNNING"


def has_running_queries(of, _runs):
    return of.get("runningQueries", 0) > 0


def is_open_session(of, _runs):
    return of.get("finishTimestamp") == 0


def is_driver_of_running(of, runs):
    return runs and of.get("id") == "driver"


@dataclass(frozen=True)
class Deliberate:
    """`when` gets Spark's object around the value, and whether the application runs."""

    endpoint: str
    path: str
    reason: str
    when: Callable = always
    within_ms: int | None = None


TABLE = [
    Deliberate(
        r"applications.*",
        r"\$.*\.(lastUpdated|lastUpdatedEpoch)",
        "lastUpdated of an attempt that has not ended: the time of that server's own scan",
        when=is_incomplete,
    ),
    Deliberate(
        r"sql.*",
        r"\$.*\.duration",
        "duration of a running SQL execution: both answer the time from its submission to the request",
        when=is_running,
        within_ms=NEXT_REQUEST_MS,
    ),
    Deliberate(
        r"sql/sqlTable",
        r"\$\.summary\.averageDuration",
        "averageDuration over SQL executions of which some run: both count those up to the request",
        when=has_running_queries,
        within_ms=NEXT_REQUEST_MS,
    ),
    Deliberate(
        r"stages.*",
        r"\$.*\.duration",
        "duration of a running task: both answer the time from its launch until that server read the log",
        when=is_running,
        within_ms=AS_LONG_AS_THE_TEST_MS,
    ),
    Deliberate(
        r"(all)?executors",
        r"\$\[\*\]\.totalDuration",
        "totalDuration of the driver of a running application: both answer the time from its start to the request",
        when=is_driver_of_running,
        within_ms=NEXT_REQUEST_MS,
    ),
    Deliberate(
        r"connect/sessions.*",
        r"\$.*\.totalTime",
        "totalTime of a Connect session that is open: both answer the time from its start to the request",
        when=is_open_session,
        within_ms=NEXT_REQUEST_MS,
    ),
]

UNOPENED = (
    "Spark answers 500 to everything of a finished log whose last record is cut; ours answers what can be read"
)
# One of the corpus is such a log. If there were more, something else would be wrong.
UNOPENED_LIMIT = 2


UNLISTED = "Spark does not list a log with a line that it cannot read in its middle; ours reads the rest and says so"
# There is none in the corpus, one in the logs that other people share.
UNLISTED_LIMIT = 2


def rule_for(endpoint, path, leaf, runs):
    """The rule that covers a difference, or None. `path` is the leaf's with `[*]` for its indexes."""
    for rule in TABLE:
        if not re.fullmatch(rule.endpoint, endpoint) or not re.fullmatch(rule.path, path):
            continue
        if rule.when(leaf.inside or {}, runs) and is_within(rule.within_ms, leaf):
            return rule
    return None


def is_within(limit, leaf):
    if limit is None:
        return True
    both = leaf.theirs, leaf.ours
    return all(type(value) is int for value in both) and abs(leaf.theirs - leaf.ours) <= limit


def unread_by_spark(path):
    """Why Spark does not list a log that ours reads, or None. It cannot be in the same directory: every list would be
    longer on one side."""
    for part in glob.glob(os.path.join(path, "events_*.compact")):
        with open(part, "rb") as log:
            if "." not in os.path.basename(part).removesuffix(".compact") and log.read(1) not in (b"{", b""):
                return "a compacted part that Spark 4 compressed and named like a plain one, so that it cannot read it"
    return None


def page_without_address(html):
    """Jetty's error page without what no other server can answer: its own address (4.x shows the whole URL with
    host and port) and the servlet's identity hash, which is another one in each process (3.5)."""
    html = re.sub(r"http://[^/<]+(/api/v1)", r"\1", html)
    return re.sub(r"(ServletContainer-)[0-9a-f]+", r"\1*", html)
