"""`archdiff cache`: graphs and tests of weights that were kept, so that a second run need not do them again."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from archdiff.cli.listing import columns, print_json
from archdiff.cli.options import common, is_quiet, listing_format
from archdiff.cli.stdout import put
from archdiff.errors import SourceError
from archdiff.graph.cache import OFF, VARIABLE, store
from archdiff.text import printable

if TYPE_CHECKING:
    from pathlib import Path

    from archdiff.graph.store import Store

__all__ = ["command"]

_MIB = 2**20
_LONGEST = 4096


@click.command("cache")
@click.option("--clear", is_flag=True, help="Remove everything that is kept.")
@listing_format
@common
def command(clear: bool, form: str) -> int:
    """Show or clear what was kept: graphs, and finished tests of weights; where they are, how many, and how large.

    ARCHDIFF_CACHE names another folder, or is `off`; ARCHDIFF_CACHE_LIMIT is the most MiB that each of the two may
    take, 512 unless set.
    """
    kept, tests = store(), store("weights")
    removed = sum(_clear(each) for each in (kept, tests) if each is not None) if clear else 0
    if is_quiet():
        return 0
    sizes, others = ([entry.size for entry in each.entries()] if each is not None else [] for each in (kept, tests))
    place, limit = (_shown(kept.folder), kept.limit) if kept is not None else (None, 0)
    if form == "json":
        counted = {"graphs": len(sizes), "bytes": sum(sizes), "limit": limit, "removed": removed}
        counted |= {"tests": len(others), "test_bytes": sum(others)}
        print_json({"place": place, **counted})
    elif place is None:
        put(f"No graphs are kept: {VARIABLE} is {OFF}, or there is no home directory.\n")
    else:
        size = f"{sum(sizes) / _MIB:.2f} of {limit / _MIB:,.0f} MiB"
        rows = [("place", place), ("graphs", f"{len(sizes):,}"), ("size", size)]
        if others:
            rows.append(("tests", f"{len(others):,} of weights, {sum(others) / _MIB:.2f} MiB"))
        put(columns([*rows, ("removed", f"{removed:,}")] if clear else rows) + "\n")
    return 0


def _shown(folder: Path) -> str:
    return printable(str(folder), _LONGEST)


def _clear(kept: Store) -> int:
    try:
        return kept.clear()
    except OSError as error:
        cause = f"cannot be cleared ({printable(error.strerror or str(error), 80)})"
        raise SourceError(_shown(kept.folder), cause, "check its permissions") from error
