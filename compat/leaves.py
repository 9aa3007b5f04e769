"""Every leaf of two answers, side by side."""

import io
import json
import zipfile
from dataclasses import dataclass
from typing import Any

import deliberate

EQUAL, DIFFERS, ABSENT, EXTRA = "equal", "differs", "absent", "extra"
# Fills the missing side of a difference.
NOTHING = "(nothing)"


@dataclass(frozen=True)
class Leaf:
    """One value of the answer. `path` is like `$.attempts[0].duration`."""

    path: str
    verdict: str
    theirs: Any = None
    ours: Any = None
    # Spark's object around a value that differs.
    inside: dict | None = None


def compare_answers(theirs, ours):
    """Yields all leaves: status, content type, then those of the body. Also the differences in key order."""
    leaves = [one("status", theirs.status, ours.status), one("content-type", theirs.content_type, ours.content_type)]
    orders = []
    kind = theirs.content_type.split(";")[0]
    if kind == "application/octet-stream" or theirs.body[:2] == b"PK":
        leaves += compare_zips(theirs.body, ours.body)
        return leaves, orders
    left, right = parsed(theirs.body), parsed(ours.body)
    if left is None or right is None:
        pages = [text(theirs.body), text(ours.body)]
        if kind == "text/html":
            pages = [deliberate.page_without_address(page) for page in pages]
        leaves.append(one("body", *pages))
    else:
        leaves += compare_values("$", left[0], right[0], orders)
    return leaves, orders


def parsed(body):
    """In a tuple, because `null` is a value; None where the body is no JSON."""
    try:
        return (json.loads(body),)
    except ValueError:
        return None


def text(body):
    return body.decode("utf-8", "replace")


def one(path, theirs, ours, inside=None):
    # 30 and 30.0, True and 1 are equal in Python, but not in an answer.
    if type(theirs) is type(ours) and theirs == ours:
        return Leaf(path, EQUAL)
    return Leaf(path, DIFFERS, theirs, ours, inside)


def compare_values(path, theirs, ours, orders):
    if isinstance(theirs, dict) and isinstance(ours, dict):
        common = [key for key in theirs if key in ours]
        if common != [key for key in ours if key in theirs]:
            orders.append(path)
        if not theirs and not ours:
            yield Leaf(path, EQUAL)
        for key, value in theirs.items():
            inner = f"{path}.{key}"
            if key not in ours:
                yield from every(inner, value, ABSENT)
            elif isinstance(value, (dict, list)) or isinstance(ours[key], (dict, list)):
                yield from compare_values(inner, value, ours[key], orders)
            else:
                yield one(inner, value, ours[key], theirs)
        for key, value in ours.items():
            if key not in theirs:
                yield from every(f"{path}.{key}", value, EXTRA)
    elif isinstance(theirs, list) and isinstance(ours, list):
        if not theirs and not ours:
            yield Leaf(path, EQUAL)
        for i, value in enumerate(theirs):
            if i < len(ours):
                yield from compare_values(f"{path}[{i}]", value, ours[i], orders)
            else:
                yield from every(f"{path}[{i}]", value, ABSENT)
        for i in range(len(theirs), len(ours)):
            yield from every(f"{path}[{i}]", ours[i], EXTRA)
    elif isinstance(theirs, (dict, list)):
        yield from every(path, theirs, ABSENT)
        if not isinstance(ours, (dict, list)):
            yield Leaf(path, EXTRA, NOTHING, ours)
    elif isinstance(ours, (dict, list)):
        yield Leaf(path, ABSENT, theirs, NOTHING)
        yield from every(path, ours, EXTRA)
    else:
        yield one(path, theirs, ours)


def every(path, value, verdict):
    """All leaves below a value that only one side has. An empty list or object is one leaf."""
    if isinstance(value, dict) and value:
        for key, inner in value.items():
            yield from every(f"{path}.{key}", inner, verdict)
    elif isinstance(value, list) and value:
        for i, inner in enumerate(value):
            yield from every(f"{path}[{i}]", inner, verdict)
    elif verdict == ABSENT:
        yield Leaf(path, ABSENT, value, NOTHING)
    else:
        yield Leaf(path, EXTRA, NOTHING, value)


def compare_zips(theirs, ours):
    """Entry by entry: the same names, the same decompressed bytes. Their order in the archive means nothing."""
    left, right = entries(theirs), entries(ours)
    for name in sorted(left.keys() | right.keys()):
        path = f"zip:{name}"
        if name not in right:
            yield Leaf(path, ABSENT, f"{len(left[name])} bytes", NOTHING)
        elif name not in left:
            yield Leaf(path, EXTRA, NOTHING, f"{len(right[name])} bytes")
        elif left[name] == right[name]:
            yield Leaf(path, EQUAL)
        else:
            yield Leaf(path, DIFFERS, f"{len(left[name])} bytes", f"{len(right[name])} bytes")
    if not left and not right:
        yield Leaf("zip", EQUAL)


def entries(body):
    try:
        with zipfile.ZipFile(io.BytesIO(body)) as archive:
            return {name: archive.read(name) for name in archive.namelist()}
    except zipfile.BadZipFile:
        return {}
