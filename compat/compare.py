"""Compares every value that two History Servers answer over the same logs.

    python3 compat/compare.py --theirs URL --ours URL --shape 3.5|4.x [--report DIR] [--save DIR] [--only ID...]

Exit code 1 unless 99.9 % of all leaves are equal and 99 % on each endpoint and each application. The last line is
`N passed, N failed`.
"""

import argparse
import json
import os
import re
import sys
from urllib.parse import quote

import walk
from client import Client
from leaves import DIFFERS, EQUAL, Leaf, compare_answers
from report import Report

SERVER = "(server)"
# Applications, with jobs and SQL, that are asked in all variants, wrong ones included.
RICH = 3


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--theirs", required=True, help="Spark's History Server, without /api/v1")
    parser.add_argument("--ours", required=True)
    parser.add_argument("--shape", default="3.5", choices=("3.5", "4.x"))
    parser.add_argument("--report", default=".", help="folder for differences.jsonl and summary.txt")
    parser.add_argument("--save", help="keep the reference's answers in this folder")
    parser.add_argument("--only", nargs="*", default=[], metavar="ID", help="only these applications")
    arguments = parser.parse_args()
    os.makedirs(arguments.report, exist_ok=True)
    with open(os.path.join(arguments.report, "differences.jsonl"), "w") as differences:
        report = Report(differences)
        run(arguments, report)
    with open(os.path.join(arguments.report, "summary.txt"), "w") as summary:
        report.print_summary(summary)
        report.print_counts(summary)
    report.print_counts(sys.stdout)
    passed, failed = report.checks()
    for name in failed:
        print(f"below the limit: {name}")
    print(f"{len(passed)} passed, {len(failed)} failed")
    return 1 if failed else 0


def run(arguments, report):
    theirs, ours = Client(arguments.theirs), Client(arguments.ours)
    for request in walk.of_server():
        if not arguments.only:
            compare(request, SERVER, theirs, ours, report, arguments.save)
    known = json.loads(theirs.get("/applications").body)
    rich = 0
    for application, base, runs in attempts(known):
        if arguments.only and application["id"] not in arguments.only:
            continue
        is_opened = theirs.get(f"{base}/environment").status != 500
        is_rich = rich < RICH and bool(walk.read(theirs, f"{base}/jobs")) and bool(walk.read(theirs, f"{base}/sql"))
        rich += is_rich
        requests = walk.of_application(base, application["id"], theirs, arguments.shape == "4.x", is_rich)
        for request in requests:
            if is_opened or request.path in (base, f"{base}/logs"):
                compare(request, application["id"], theirs, ours, report, arguments.save, runs)
            else:
                unopened(request, application["id"], ours, report)


def attempts(applications):
    """Application, base path and whether it runs. The path without an attempt finds the newest, or nothing: it is asked
    as well."""
    for application in applications:
        all_attempts = application["attempts"]
        named = {attempt["attemptId"]: attempt for attempt in all_attempts if "attemptId" in attempt}
        base = f"/applications/{quote(application['id'], safe='')}"
        yield application, base, not all_attempts[0]["completed"]
        for name, attempt in named.items():
            yield application, f"{base}/{quote(name, safe='')}", not attempt["completed"]


def compare(request, application, theirs, ours, report, save, runs=False):
    left, right = theirs.get(request.path), ours.get(request.path)
    report.seconds["theirs"] += left.seconds
    report.seconds["ours"] += right.seconds
    if save:
        keep(save, application, request, left)
    leaves, orders = compare_answers(left, right)
    report.add(application, request, leaves, orders, runs)
    if request.is_text and all(leaf.verdict == EQUAL for leaf in leaves) and not orders:
        same = Leaf("text", EQUAL) if left.body == right.body else Leaf("text", DIFFERS, *first_difference(left, right))
        report.add(application, walk.Request("text of an answer", request.path), [same], [])


def unopened(request, application, ours, report):
    """Nothing to compare with, but it must be an answer: 503 is that of thread dumps without a running driver."""
    answer = ours.get(request.path)
    if answer.status < 500 or answer.status == 503:
        report.unopened[application] += 1
    else:
        report.add(application, request, [Leaf("status", DIFFERS, "an answer", answer.status)], [])


def first_difference(left, right):
    """The surroundings of the first byte that differs, from both sides."""
    pairs = enumerate(zip(left.body, right.body))
    at = next((i for i, (a, b) in pairs if a != b), min(len(left.body), len(right.body)))
    around = slice(max(0, at - 30), at + 60)
    return tuple(side.body[around].decode("utf-8", "replace") for side in (left, right))


def keep(folder, application, request, answer):
    name = re.sub(r"^/applications/[^/?]+", "", request.path) if application != SERVER else request.path
    name = re.sub(r"[^A-Za-z0-9=.,-]+", "_", name).strip("_") or "application"
    suffix = "json" if "json" in answer.content_type else "zip" if answer.body[:2] == b"PK" else "txt"
    path = os.path.join(folder, application if application != SERVER else "server")
    os.makedirs(path, exist_ok=True)
    with open(os.path.join(path, f"{name[:150]}.{suffix}"), "wb") as file:
        file.write(answer.body)
    with open(os.path.join(path, "index.tsv"), "a") as index:
        index.write(f"{answer.status}\t{answer.content_type}\t{request.path}\t{name[:150]}.{suffix}\n")


if __name__ == "__main__":
    sys.exit(main())
