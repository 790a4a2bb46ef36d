"""Run programs and take their time and memory; the table that results are written in."""

from __future__ import annotations

import os
import subprocess
import sysconfig
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

ARCHDIFF = str(Path(sysconfig.get_path("scripts")) / "archdiff")


class BenchmarkError(Exception):
    """A measured program that did not do its work: a figure for it would mean nothing."""


@dataclass(frozen=True)
class Run:
    """One run of a program: wall and processor time in seconds, peak resident memory in MB (10^6 bytes)."""

    seconds: float
    processor: float
    peak_mb: float


@dataclass(frozen=True)
class Row:
    """One line of the result table."""

    what: str
    result: str
    budget: str
    how: str


def run(command: list[str], expected: int = 0, **environment: str) -> Run:
    """Run a command offline with an empty cache of its own, as a first-time user would.

    Args:
        command: the program and its arguments.
        expected: the exit code that it must end with.
        environment: variables to set besides, as those of a cache that was filled.

    Raises:
        BenchmarkError: the command ended with another exit code than ``expected``.
    """
    with tempfile.TemporaryDirectory() as cache, tempfile.TemporaryFile() as errors:
        own = {"HF_HUB_OFFLINE": "1", "XDG_CACHE_HOME": cache, "ARCHDIFF_CACHE": cache}
        env = {**os.environ, **own, **environment}
        start = time.perf_counter()
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=errors, env=env)
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - start
        process.returncode = os.waitstatus_to_exitcode(status)
        errors.seek(0)
        last = errors.read().decode(errors="replace").strip().rpartition("\n")[2]
    if process.returncode != expected:
        raise BenchmarkError(f"`{' '.join(command)}` ended with {process.returncode}: {last}")
    return Run(seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024 / 1e6)


def interleaved(commands: list[list[str]], rounds: int, expected: int = 0) -> list[tuple[Run, ...]]:
    """Runs of commands in turn, A B A B, one tuple a round, after one of each that warms the file cache."""
    taken = [tuple(run(command, expected) for command in commands) for _ in range(rounds + 1)]
    return taken[1:]


def markdown(rows: list[Row]) -> str:
    """The rows as a Markdown table."""
    cells = [("what", "result", "budget", "how"), ("---",) * 4]
    cells += [(row.what, row.result, row.budget, row.how) for row in rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in cells)
