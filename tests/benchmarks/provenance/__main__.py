"""``python -m tests.benchmarks.provenance``: train models, derive others, write what archdiff says of each pair."""

from __future__ import annotations

import argparse
import os
import platform
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import torch
import transformers

from tests.benchmarks.provenance.members import SIZES
from tests.benchmarks.provenance.pairs import pairs
from tests.benchmarks.provenance.run import compared, stored
from tests.benchmarks.provenance.table import Row, read, summary, write

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from tests.benchmarks.provenance.pairs import Pair

VERSIONS = f"Python {platform.python_version()}, torch {torch.__version__}, transformers {transformers.__version__}"


def main() -> int:
    """Compare what was asked for; rows of other pairs in the table stay as they are."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.provenance", description=__doc__)
    parser.add_argument("--size", choices=SIZES, default="small")
    parser.add_argument("--only", action="append", metavar="RELATION", help="repeatable; default: all")
    parser.add_argument("--kind", action="append", metavar="KIND", help="pairs whose name has this in it; repeatable")
    parser.add_argument("--list", action="store_true", help="print the pairs and train nothing")
    parser.add_argument("--write-to", type=Path, metavar="DIR", help="write the checkpoints there and compare nothing")
    parser.add_argument("--keep", action="store_true", help="leave the table as it is")
    chosen = parser.parse_args()
    transformers.utils.logging.disable_progress_bar()
    # What an earlier run of other code kept says nothing of this one.
    os.environ["ARCHDIFF_CACHE"] = "off"
    wanted = list(_wanted(chosen.size, chosen.only, chosen.kind))
    if chosen.list or chosen.write_to:
        for pair in wanted:
            names = stored(pair, _folder(chosen.write_to, pair)) if chosen.write_to else ()
            _say("\t".join((pair.relation, pair.name, *map(str, names))))
        return 0
    rows = list(_compared(wanted, chosen.size))
    if not chosen.keep:
        known = {_identity(each): each for each in (*read(), *rows)}
        write(known.values(), VERSIONS)
    _say("\n" + summary(rows))
    return 0


def _wanted(size: str, only: list[str] | None, kinds: list[str] | None) -> Iterator[Pair]:
    for pair in pairs(size):
        named = only is None or pair.relation in only
        if named and (kinds is None or any(kind in pair.name for kind in kinds)):
            yield pair


def _compared(wanted: Iterable[Pair], size: str) -> Iterator[Row]:
    for pair in wanted:
        start = time.perf_counter()
        found = compared(pair, size)
        seconds = time.perf_counter() - start
        _say(f"{seconds:6.1f} s  {found.outcome:8} {pair.relation} ({pair.name}): {found.verdict} {found.labels}")
        yield found


def _identity(each: Row) -> tuple[str, str, str]:
    return each.size, each.relation, each.pair


def _folder(root: Path, pair: Pair) -> Path:
    return root / pair.relation / pair.name.replace(" ", "-")


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
