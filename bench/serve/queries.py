"""The questions of the benchmark of lists: the same ones for every server, from a fixed seed."""

import dataclasses
import datetime
import random
import urllib.parse

# The columns of the table of jobs that a list is sorted by.
KEYS = [
    "job_id",
    "job_name",
    "job_type",
    "status",
    "start_time",
    "end_time",
    "duration_seconds",
    "num_stages",
    "num_tasks",
    "num_executors",
    "input_size_mb",
    "output_size_mb",
    "memory_per_executor_mb",
    "total_memory_mb",
    "cpu_cores_per_executor",
    "shuffle_read_mb",
    "shuffle_write_mb",
    "gc_time_ms",
    "user",
    "attempt",
]
SEVERAL = ["job_type,-duration_seconds", "-status,job_name,-input_size_mb", "user,-num_tasks"]


@dataclasses.dataclass(frozen=True)
class Question:
    """A page of the list. `depth` is the share of the matching jobs before it."""

    parameters: tuple[tuple[str, str], ...]
    depth: float

    def path(self, **more: object) -> str:
        return "/api/jobs?" + urllib.parse.urlencode([*self.parameters, *more.items()])


def questions(first: datetime.datetime, last: datetime.datetime, types: list[str]) -> list[Question]:
    """Every key both ways, and several keys, each with several mixes of filters, on first and deep pages."""
    dice = random.Random(4)
    found = []
    for key in [*KEYS, *(f"-{key}" for key in KEYS), *SEVERAL]:
        for depth in (0.0, 0.5):
            filters = {}
            if dice.random() < 0.5:
                filters["status"] = dice.choice(["COMPLETED", "FAILED", "RUNNING"])
            if dice.random() < 0.5:
                filters["job_type"] = dice.choice(types)
            if dice.random() < 0.5:
                since = first + (last - first) * dice.random()
                until = since + (last - first) * dice.choice([0.01, 0.15, 0.5])
                filters |= {"since": iso(since), "until": iso(until)}
            found.append(Question((("sort_by", key), *filters.items()), depth))
    return found


def searches(types: list[str]) -> list[Question]:
    """Texts that many, few and no jobs have, with and without other filters."""
    texts = ["0123", "42", "job_", "7777", types[0].lower(), f"{types[-1]}_01", "not there", "99_"]
    filters = [(), (("status", "FAILED"),), (("sort_by", "-duration_seconds"),)]
    return [Question((("search", text), *more), 0.0) for text in texts for more in filters]


def iso(time: datetime.datetime) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ")
