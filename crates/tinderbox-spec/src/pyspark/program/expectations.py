class ExpectationFailed(Exception):
    """The rows are not as expected, and the job must not write them."""


class Expectations:
    """Counts the rows of a node that are not as expected, and records the counts."""

    observed: list = []

    def __init__(self, node: str, rows: DataFrame) -> None:
        self.node = node
        self.rows = rows
        self.checks: list = []
        self.measures = [F.count(F.lit(1)).alias("rows")]
        self.wrong_rows: list = []

    def add(self, name: str, kind: str, on_fail: str, failed, tolerated: float = 0) -> None:
        """`failed` is a count, or takes the counts of the pass and gives one."""
        self.checks.append((name, kind, on_fail, failed, tolerated))

    #: measure
    def measure(
        self, name: str, kind: str, on_fail: str, failed: Column, tolerated: float = 0
    ) -> None:
        key = f"check_{len(self.checks)}"
        self.measures.append(failed.alias(key))
        self.add(name, kind, on_fail, lambda counts: counts[key], tolerated)

    #: rows_where
    def rows_where(
        self, name: str, kind: str, on_fail: str, wrong: Column, tolerated: float = 0
    ) -> None:
        """A row for which `wrong` is null passes."""
        self.wrong_rows.append((name, on_fail, wrong))
        self.measure(name, kind, on_fail, F.count_if(wrong), tolerated)

    #: row_count
    def row_count(self, name: str, on_fail: str, least: int, most: float) -> None:
        def failed(counts: dict) -> int:
            return 0 if least <= counts["rows"] <= most else 1

        self.add(name, "row_count", on_fail, failed)

    #: unique
    def unique(self, name: str, on_fail: str, columns: list, tolerated: float = 0) -> None:
        """Counts all rows that share their values; one with a null among them shares nothing."""
        keys = [F.col(column).alias(f"key_{at}") for at, column in enumerate(columns)]
        groups = self.rows.select(keys).dropna()
        groups = groups.groupBy(*groups.columns).agg(F.count(F.lit(1)).alias("rows"))
        shared = groups.filter("rows > 1").agg(F.sum("rows")).first()[0]
        self.add(name, "unique", on_fail, shared or 0, tolerated)

    #: references
    def references(
        self,
        name: str,
        on_fail: str,
        columns: list,
        other: DataFrame,
        to: list,
        tolerated: float = 0,
    ) -> None:
        """A row with a null among the columns refers to nothing and passes."""
        ours = [F.col(column).alias(f"key_{at}") for at, column in enumerate(columns)]
        theirs = [F.col(column).alias(f"key_{at}") for at, column in enumerate(to)]
        rows = self.rows.select(ours).dropna()
        lost = rows.join(other.select(theirs), on=rows.columns, how="left_anti")
        self.add(name, "references", on_fail, lost.count(), tolerated)

    #: quarantine
    def quarantine(self, file_format: str, path: str) -> None:
        """Adds the wrong rows to those in `path`, with the names of what they failed."""
        names = [F.when(wrong, F.lit(name)) for name, _, wrong in self.wrong_rows]
        wrong = [wrong for _, on_fail, wrong in self.wrong_rows if on_fail == "quarantine"]
        rows = self.rows.withColumn("failed_expectations", F.concat_ws(", ", *names))
        rows = rows.filter(F.greatest(F.lit(False), *wrong))
        rows.write.format(file_format).mode("append").save(path)

    #: always
    def apply(self) -> None:
        """Counts in a pass of its own where the job may have to stop, else while it writes."""
        if any(on_fail == "fail" for _, _, on_fail, _, _ in self.checks):
            self.judge(self.rows.agg(*self.measures).first().asDict())
        else:
            observation = Observation()
            self.rows = self.rows.observe(observation, *self.measures)
            Expectations.observed.append((self, observation))

    #: without_wrong_rows
    def without_wrong_rows(self) -> DataFrame:
        rows = self.rows
        for _, on_fail, wrong in self.wrong_rows:
            if on_fail in ("drop", "quarantine"):
                rows = rows.filter(~F.coalesce(wrong, F.lit(False)))
        return rows

    #: always
    def judge(self, counts: dict) -> None:
        """Records each result; raises where the job has to stop."""
        problems = []
        for name, kind, on_fail, failed, tolerated in self.checks:
            rows, count = counts["rows"], failed(counts) if callable(failed) else failed
            status = "passed"
            if count > tolerated * rows:
                words = {"warn": "warned", "drop": "dropped", "quarantine": "quarantined"}
                status = words.get(on_fail, "failed")
            is_of_rows = kind not in ("freshness", "row_count", "query")
            result = {
                "node": self.node,
                "name": name,
                "kind": kind,
                "on_fail": on_fail,
                "rows": rows,
                "failed": count,
                "passed": rows - count if is_of_rows else None,
                "status": status,
            }
            record_expectation(result)
            if status == "failed":
                problems.append(f"{name} ({kind}): {count} wrong, {rows} rows")
        if problems:
            Expectations.finish(seconds=5)
            raise ExpectationFailed(f"{self.node}: {'; '.join(problems)}")

    @classmethod
    def finish(cls, seconds: int = 30) -> None:
        """Records what was counted while the job wrote.

        Spark tells it a moment later, and never where it read none of the rows.
        """

        def read(observation: Observation, counts: dict) -> None:
            counts.update(observation.get)

        for checks, observation in cls.observed:
            counts: dict = {}
            reader = threading.Thread(target=read, args=(observation, counts), daemon=True)
            reader.start()
            reader.join(timeout=seconds)
            if counts:
                checks.judge(counts)
            else:
                print(f"expectations of {checks.node}: Spark counted no rows")


def record_expectation(result: dict) -> None:
    """One JSON object a line in the file that Tinderbox names, or in the log; else for people."""
    path = os.environ.get("TINDERBOX_EXPECTATIONS")
    if path == "log":
        print("tinderbox-expectation " + json.dumps(result), flush=True)
    elif path:
        with open(path, "a", encoding="utf-8") as file:
            file.write(json.dumps(result) + "\n")
    else:
        print("expectation {node}.{name}: {status}, {failed} wrong, {rows} rows".format(**result))
