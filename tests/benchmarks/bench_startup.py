"""The commands that must answer at once: help, listings, usage errors."""

from __future__ import annotations

from statistics import median

from tests.benchmarks.measure import ARCHDIFF, Row, interleaved

COMMANDS = {
    "archdiff --help": 0,
    "archdiff rules": 0,
    "archdiff schema": 0,
    "archdiff no-such-command": 2,
    "archdiff diff gpt-oss-120b solar-open-100b --format no-such-format": 2,
}


def row(line: str, expected: int, rounds: int) -> Row:
    """The median wall time of one command line that must end with the ``expected`` exit code."""
    taken = interleaved([[ARCHDIFF, *line.split()[1:]]], rounds, expected)
    return Row(f"`{line}`", f"{median(one.seconds for (one,) in taken):.3f} s", "≤ 0.25 s", f"median of {rounds}")


def rows(rounds: int) -> list[Row]:
    """One line for each command."""
    return [row(line, expected, rounds) for line, expected in COMMANDS.items()]
