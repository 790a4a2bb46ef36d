"""Run the workers, so that a family that hangs or dies costs itself only."""

from __future__ import annotations

import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

from tests.oracle.table import Row

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

__all__ = ["measured"]

_ROOT = Path(__file__).resolve().parents[2]


def measured(families: Mapping[str, Sequence[str]], *, jobs: int = 1, each: int = 1, seconds: int = 180) -> list[Row]:
    """Rows of every family.

    Args:
        families: fields to mutate, by family; none for all.
        jobs: processes that run at the same time.
        each: valid mutations of a field.
        seconds: for one family.
    """
    shares = [list(families)[start::jobs] for start in range(jobs)]
    with ThreadPoolExecutor(jobs) as pool:
        found = pool.map(lambda share: list(_share(share, families, each, seconds)), shares)
        return sorted(row for rows in found for row in rows)


def _share(names: Sequence[str], families: Mapping[str, Sequence[str]], each: int, seconds: int) -> Iterator[Row]:
    """Rows of some families; the worker is started again behind a family that ends it."""
    waiting = list(names)
    while waiting:
        items = [f"{name}:{','.join(families[name])}" for name in waiting]
        command = [sys.executable, "-m", "tests.oracle.worker", "--each", str(each), "--seconds", str(seconds), *items]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, cwd=_ROOT) as run:
            for line in filter(lambda line: line.startswith("{"), run.stdout or ()):
                row = json.loads(line)
                if row["executed"] != "done":
                    yield _row(waiting[0], row)
                if row["executed"] in ("done", "failed"):
                    waiting.pop(0)
        if waiting:
            yield Row(waiting.pop(0), "", "", "failed", rules=f"the process ended with exit code {run.returncode}")


def _row(family: str, row: Mapping[str, object]) -> Row:
    rules = row.get("rules") or row.get("why") or ()
    text = rules if isinstance(rules, str) else ",".join(map(str, rules if isinstance(rules, list) else ()))
    said = [str(row.get(key, "")) for key in ("field", "label", "executed", "findings", "changes")]
    return Row(family, *said, rules=text)
