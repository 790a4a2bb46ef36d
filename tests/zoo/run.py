"""Run the workers: each takes a share of the types, and is started again behind a type that ends it."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

from tests.zoo.table import Row

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

__all__ = ["measured"]

_ROOT = Path(__file__).resolve().parents[2]


def measured(kinds: dict[str, str], jobs: int) -> list[tuple[Row, float]]:
    """Row and seconds of every type.

    Args:
        kinds: auto class by type.
        jobs: processes that run at the same time.
    """
    shares = [list(kinds)[start::jobs] for start in range(jobs)]
    with ThreadPoolExecutor(jobs) as pool:
        return [item for share in pool.map(lambda types: list(_share(types, kinds)), shares) for item in share]


def _share(types: Sequence[str], kinds: dict[str, str]) -> Iterator[tuple[Row, float]]:
    waiting = list(types)
    while waiting:
        command = [sys.executable, "-m", "tests.zoo.worker", *waiting]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, cwd=_ROOT) as run:
            for line in run.stdout or ():
                if '"row"' in line:
                    found = json.loads(line)
                    waiting.pop(0)
                    yield Row(**found["row"]), found["seconds"]
        if waiting:
            ended = waiting.pop(0)
            yield Row(ended, kinds[ended], built=f"archdiff: the process ended ({_why(run.returncode)})"), 0.0


def _why(code: int) -> str:
    return signal.Signals(-code).name if code < 0 else f"exit code {code}"
