"""``python -m tests.zoo``: build every model type of the installed transformers and write the table."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

import transformers

from tests.zoo.census import kinds, without_class
from tests.zoo.run import measured
from tests.zoo.table import CAUSAL, PATH, Row, read, totals, wanted_roles, write

if TYPE_CHECKING:
    from collections.abc import Iterable


def summary(rows: Iterable[Row]) -> str:
    """A Markdown table of the totals."""
    rows = list(rows)
    groups = {
        "causal language models": [row for row in rows if row.kind == CAUSAL],
        "all others": [row for row in rows if row.kind != CAUSAL],
        "together": rows,
    }
    lines = ["| | types | buildable | built | traced | roles | silent |", "|---|---|---|---|---|---|---|"]
    for name, group in groups.items():
        t = totals(group)
        lines.append(f"| {name} | {t.types} | {t.buildable} | {t.built} | {t.traced} | {t.named} | {t.silent} |")
    return "\n".join(lines)


def faults(rows: Iterable[Row]) -> Iterable[str]:
    """What falls short, one line each."""
    for row in sorted(rows):
        if row.built != "yes":
            yield f"{row.model_type}: not built: {row.built}"
        elif row.traced != "yes":
            yield f"{row.model_type}: not traced: {row.traced}"
        if row.built == "yes" and row.roles < wanted_roles(row):
            yield f"{row.model_type}: roles {row.roles / 10:.1f} %"
        if row.built == "yes" and row.silent != "yes":
            yield f"{row.model_type}: not silent: {row.silent}"


def main() -> int:
    """Measure what was asked for; the table is written when that is everything."""
    parser = argparse.ArgumentParser(prog="python -m tests.zoo", description=__doc__)
    parser.add_argument("types", nargs="*", metavar="TYPE", help="default: all")
    parser.add_argument("--jobs", type=int, default=2, help="processes (default: 2)")
    parser.add_argument("--slow", type=int, default=0, metavar="N", help="print the N slowest types")
    parser.add_argument("--keep", action="store_true", help="leave the table as it is")
    chosen = parser.parse_args()
    every = kinds()
    wanted = {name: every[name] for name in chosen.types} or every
    found = measured(wanted, chosen.jobs)
    rows = [row for row, _ in found]
    if not chosen.keep:
        known = read()[1] if chosen.types else {}
        write({**known, **{row.model_type: row for row in rows}}.values(), transformers.__version__)
        sys.stdout.write(f"{PATH.name} written; {len(without_class())} types have no model class\n\n")
    sys.stdout.write("\n".join((*faults(rows), "", summary(rows), "")))
    for row, seconds in sorted(found, key=lambda item: -item[1])[: chosen.slow]:
        sys.stdout.write(f"{seconds:7.2f} s  {row.model_type}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
