"""Reads a comparison (JSON) from stdin; exit code 0 when wall time or task time fell by at least 25 %."""

import json
import sys

NEEDED = 0.25

changes = {row["title"]: row["change"] for row in json.load(sys.stdin)["rows"]}
gains = {name: -changes[name] for name in ("wall time", "task time") if changes.get(name) is not None}
name, gain = max(gains.items(), key=lambda item: item[1])
verdict = "shorter, as promised" if gain >= NEEDED else f"less than the promised {NEEDED:.0%}"
print(f"the second run's {name} is {gain:.0%} {verdict}" if gain >= 0 else f"the second run's {name} grew by {-gain:.0%}")
sys.exit(0 if gain >= NEEDED else 1)
