"""Counts, the file of differences, and the summary that a person reads."""

import json
import re
from collections import Counter, defaultdict

import deliberate
from leaves import EQUAL

OVERALL, EACH = 0.999, 0.99
EXAMPLES = 3
SHOWN = 160


def general(path):
    """A path with its positions replaced, and the keys that are ids."""
    path = re.sub(r"\[\d+\]", "[*]", path)
    path = re.sub(r"\.(tasks|executorSummary)\.[^.\[]+", r".\1.*", path)
    return re.sub(r"(zip:).*", r"\1*", path)


class Report:
    """Fed with the leaves of one request after the other."""

    def __init__(self, differences):
        self.differences = differences
        self.total = Counter()
        self.endpoints = defaultdict(Counter)
        self.applications = defaultdict(Counter)
        self.groups = defaultdict(list)
        self.sizes = Counter()
        self.meant = Counter()
        # Applications that Spark cannot open, with the answers of ours.
        self.unopened = Counter()
        self.orders = Counter()
        self.requests = 0
        self.seconds = Counter()

    def add(self, application, request, leaves, orders, runs=False):
        """`runs`: the application has not ended."""
        self.requests += 1
        for path in orders:
            self.orders[request.endpoint, general(path)] += 1
        for leaf in leaves:
            verdict = leaf.verdict
            if verdict != EQUAL:
                rule = deliberate.rule_for(request.endpoint, general(leaf.path), leaf, runs)
                if rule:
                    self.meant[rule.reason] += 1
                    continue
                self.keep(application, request, leaf)
            for counter in (self.total, self.endpoints[request.endpoint], self.applications[application]):
                counter[verdict] += 1

    def keep(self, application, request, leaf):
        line = {
            "application": application,
            "endpoint": request.endpoint,
            "request": request.path,
            "path": leaf.path,
            "verdict": leaf.verdict,
            "theirs": leaf.theirs,
            "ours": leaf.ours,
        }
        self.differences.write(json.dumps(line, ensure_ascii=False) + "\n")
        key = request.endpoint, general(leaf.path), leaf.verdict
        self.sizes[key] += 1
        if len(self.groups[key]) < EXAMPLES:
            self.groups[key].append(line)

    def print_summary(self, out):
        for (endpoint, path, verdict), count in self.sizes.most_common():
            print(f"{count:7d}  {verdict:7s}  {endpoint}  {path}", file=out)
            for line in self.groups[endpoint, path, verdict]:
                print(f"           {line['request']}  {line['path']}", file=out)
                print(f"             theirs {short(line['theirs'])}", file=out)
                print(f"             ours   {short(line['ours'])}", file=out)
        print("\nkey order (not counted):", file=out)
        for (endpoint, path), count in self.orders.most_common(20):
            print(f"{count:7d}  {endpoint}  {path}", file=out)

    def print_counts(self, out):
        for title, table in (("application", self.applications), ("endpoint", self.endpoints)):
            print(f"\n{title:58s} {'equal':>8s} {'differs':>8s} {'absent':>8s} {'extra':>8s} {'share':>9s}", file=out)
            for name, counter in sorted(table.items()):
                print(f"{name[:58]:58s} {row(counter)}{' <' if share(counter) < EACH else ''}", file=out)
        print(f"\n{'all':58s} {row(self.total)}", file=out)
        print(f"{self.requests} requests", file=out)
        for name, count in self.unopened.items():
            print(f"{count} answers of {name} cannot be compared: {deliberate.UNOPENED}", file=out)
        for reason, count in self.meant.items():
            print(f"{count} leaves differ deliberately: {reason}", file=out)
        print(f"objects with another key order: {sum(self.orders.values())} (not counted)", file=out)
        for side, seconds in self.seconds.items():
            print(f"{side} answered in {seconds:.1f} s", file=out)

    def checks(self):
        """Names of the checks that passed and of those that failed."""
        results = [("all", share(self.total) >= OVERALL)]
        few = len(self.unopened) <= deliberate.UNOPENED_LIMIT
        results.append((f"applications that Spark cannot open ({len(self.unopened)})", few))
        for table in (self.endpoints, self.applications):
            results += [(name, share(counter) >= EACH) for name, counter in table.items()]
        return [n for n, good in results if good], [n for n, good in results if not good]


def share(counter):
    total = sum(counter.values())
    return counter[EQUAL] / total if total else 1.0


def row(counter):
    numbers = " ".join(f"{counter[verdict]:8d}" for verdict in (EQUAL, "differs", "absent", "extra"))
    return f"{numbers} {share(counter) * 100:8.3f}%"


def short(value):
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= SHOWN else text[:SHOWN] + "…"
