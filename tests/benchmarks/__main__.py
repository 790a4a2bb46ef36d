"""``python -m tests.benchmarks``: run the benchmarks and print one Markdown table."""

from __future__ import annotations

import argparse
import os
import sys
from typing import TYPE_CHECKING

from tests.benchmarks import bench_cached, bench_diff, bench_growth, bench_memory, bench_startup, bench_weights
from tests.benchmarks.measure import BenchmarkError, Row, markdown

if TYPE_CHECKING:
    from collections.abc import Callable

NAMES = ("diff", "cached", "startup", "memory", "growth", "weights")


def arguments() -> argparse.Namespace:
    """What to run, how often, and against which floor program."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"default: all of {', '.join(NAMES)}")
    parser.add_argument("--floor", default=os.environ.get("ARCHDIFF_BENCH"), help="floor program or its folder")
    parser.add_argument("--rounds", type=int, default=5, help="runs of each command (default: 5)")
    chosen = parser.parse_args()
    if unknown := set(chosen.names) - set(NAMES):
        parser.error(f"no such benchmark: {', '.join(sorted(unknown))}; choose from {', '.join(NAMES)}")
    return chosen


def attempt(name: str, bench: Callable[[], list[Row]]) -> list[Row]:
    """The rows of one benchmark, or one row that says why there are none."""
    try:
        return bench()
    except BenchmarkError as error:
        return [Row(name, f"failed: {error}", "", "")]


def main() -> int:
    """Run what was asked for; 1 where a benchmark could not be taken."""
    chosen = arguments()
    benches: dict[str, Callable[[], list[Row]]] = {
        "diff": lambda: bench_diff.rows(chosen.floor, os.environ.get("ARCHDIFF_CORPUS"), chosen.rounds),
        "cached": lambda: bench_cached.rows(chosen.rounds),
        "startup": lambda: bench_startup.rows(chosen.rounds),
        "memory": bench_memory.rows,
        "growth": lambda: bench_growth.rows(chosen.rounds),
        "weights": lambda: bench_weights.rows(chosen.floor, chosen.rounds),
    }
    table = [row for name in chosen.names or NAMES for row in attempt(name, benches[name])]
    sys.stdout.write(markdown(table) + "\n")
    return int(any(row.result.startswith("failed") for row in table))


if __name__ == "__main__":
    sys.exit(main())
