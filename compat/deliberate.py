"""The differences that are meant, each with its reason. Nothing else is excused.

A rule applies to an endpoint and a path with `[*]` for every index, both as regular expressions that match the whole
text. Its leaves are counted and shown apart, neither as equal nor as different.
"""

import re
from dataclasses import dataclass


@dataclass(frozen=True)
class Deliberate:
    """`only_running` restricts it to objects whose status is RUNNING."""

    endpoint: str
    path: str
    reason: str
    only_running: bool = False


TABLE = [
    Deliberate(
        r"applications.*",
        r"\$.*\.(lastUpdated|lastUpdatedEpoch)",
        "lastUpdated: the time of that server's own scan, no fact of the application",
    ),
    Deliberate(
        r"sql.*",
        r"\$.*\.duration",
        "duration of a running SQL execution: both answer the time from its submission to the request",
        only_running=True,
    ),
]


def rule_for(endpoint, path, is_running):
    """The rule that covers a difference, or None."""
    for rule in TABLE:
        if rule.only_running and not is_running:
            continue
        if re.fullmatch(rule.endpoint, endpoint) and re.fullmatch(rule.path, path):
            return rule
    return None


def page_without_address(html):
    """Jetty's error page without what no other server can answer: its own address (4.x shows the whole URL with
    host and port) and the servlet's identity hash, which is another one in each process (3.5)."""
    html = re.sub(r"http://[^/<]+(/api/v1)", r"\1", html)
    return re.sub(r"(ServletContainer-)[0-9a-f]+", r"\1*", html)
