"""Compares two answers value by value."""

SHOWN = 20


class Difference:
    """Counts the values of answers and those that differ, including those that only one side has."""

    def __init__(self) -> None:
        self.values = 0
        self.different = 0
        self.shown: list[str] = []

    def compare(self, theirs, ours, path: str) -> None:
        if isinstance(theirs, dict) and isinstance(ours, dict):
            for key in sorted(theirs.keys() | ours.keys()):
                if key in theirs and key in ours:
                    self.compare(theirs[key], ours[key], f"{path}/{key}")
                else:
                    self.differs(f"{path}/{key}: only {'theirs' if key in theirs else 'ours'} has it")
        elif isinstance(theirs, list) and isinstance(ours, list):
            for index, pair in enumerate(zip(theirs, ours)):
                self.compare(*pair, f"{path}/{index}")
            for index in range(min(len(theirs), len(ours)), max(len(theirs), len(ours))):
                self.differs(f"{path}/{index}: theirs has {len(theirs)} items, ours {len(ours)}")
        elif theirs != ours or type(theirs) is not type(ours):
            self.differs(f"{path}: theirs {str(theirs)[:80]}, ours {str(ours)[:80]}")
        else:
            self.values += 1

    def differs(self, what: str) -> None:
        self.values += 1
        self.different += 1
        if len(self.shown) < SHOWN:
            self.shown.append(what)

    def report(self) -> dict:
        return {"values": self.values, "different": self.different, "differences": self.shown}
