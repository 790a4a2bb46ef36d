"""The memory that a model of 10^12 parameters takes to build."""

from __future__ import annotations

from tests.benchmarks.measure import ARCHDIFF, Row, run

COMMAND = ["show", "kimi-k2", "--format", "json"]


def rows() -> list[Row]:
    """Peak resident memory of the whole process, interpreter and libraries included."""
    peak = run([ARCHDIFF, *COMMAND]).peak_mb
    return [Row(f"`archdiff {' '.join(COMMAND)}`, peak memory", f"{peak:.0f} MB", "≤ 600 MB", "one run")]
