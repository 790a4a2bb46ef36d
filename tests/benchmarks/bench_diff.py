"""A cold ``archdiff diff`` of two 100 B models against the least that a cold diff must do."""

from __future__ import annotations

import sys
from pathlib import Path
from statistics import median

from tests.benchmarks.measure import ARCHDIFF, Row, interleaved

OLD, NEW = "openai__gpt-oss-120b.json", "upstage__Solar-Open-100B.json"
WHAT, BUDGET = "`archdiff diff` of two 100 B models, cold, over the floor program", "≤ 1.15"


def floor_program(named: str) -> Path:
    """The floor program: the path itself, or ``floor.py`` in the folder that it names."""
    path = Path(named)
    return path / "floor.py" if path.is_dir() else path


def rows(floor: str | None, corpus: str | None, rounds: int) -> list[Row]:
    """The median ratio of interleaved runs on the same two config files; a reason where it cannot be had."""
    if not floor or not corpus:
        missing = "ARCHDIFF_BENCH or --floor" if not floor else "ARCHDIFF_CORPUS"
        return [Row(WHAT, f"skipped: {missing} is not set", BUDGET, "")]
    configs = [str(Path(corpus) / name) for name in (OLD, NEW)]
    ours = [ARCHDIFF, "diff", *configs]
    pairs = interleaved([ours, [sys.executable, str(floor_program(floor)), *configs]], rounds)
    ratio = median(first.seconds / second.seconds for first, second in pairs)
    times = [median(one.seconds for one in column) for column in zip(*pairs, strict=True)]
    how = f"{times[0]:.2f} s over {times[1]:.2f} s, {rounds} interleaved rounds"
    return [Row(WHAT, f"{ratio:.2f}", BUDGET, how)]
