"""`archdiff catalogue`: the models that ship with archdiff."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import click

from archdiff import catalogue
from archdiff.cli.listing import columns, print_json
from archdiff.cli.options import common, is_quiet, listing_format
from archdiff.cli.stdout import put
from archdiff.errors import UnresolvedReferenceError
from archdiff.text import printable

if TYPE_CHECKING:
    from archdiff.catalogue import Entry

__all__ = ["command"]


@click.command("catalogue")
@click.argument("name", required=False)
@listing_format
@common
def command(name: str | None, form: str) -> int:
    """List the models that ship with archdiff, or describe the one called NAME."""
    entries = catalogue.entries() if name is None else (_find(name),)
    if is_quiet():
        return 0
    if form == "json":
        found = [dataclasses.asdict(entry) for entry in entries]
        print_json(found if name is None else found[0])
    else:
        put((_listed(entries) if name is None else _described(entries[0])) + "\n")
    return 0


def _find(name: str) -> Entry:
    if catalogue.find(name) is None:
        close = catalogue.nearest(name)
        remedy = f"did you mean {' or '.join(close)}?" if close else "run: archdiff catalogue"
        raise UnresolvedReferenceError(printable(name) or "the empty name", "not in the catalogue", remedy)
    return catalogue.load(name)


def _parameters(entry: Entry) -> str:
    return f"{entry.parameters.instantiated:,}" if entry.parameters is not None else "unknown"


def _listed(entries: tuple[Entry, ...]) -> str:
    heading = ("name", "hub id", "parameters", "released", "licence")
    rows = [(e.name, e.hub_id, _parameters(e), e.released, e.licence) for e in entries]
    return columns([heading, *rows], right=frozenset({2}))


def _described(entry: Entry) -> str:
    rows = [
        ("name", entry.display_name),
        ("hub id", entry.hub_id),
        ("parameters", _parameters(entry)),
        ("released", entry.released),
        ("licence", entry.licence),
        ("source", entry.source),
    ]
    if entry.parameters is not None and entry.parameters.published:
        rows.append(("announced as", entry.parameters.published))
    rows += [("declared", f"{parent.relation} of {parent.base}") for parent in entry.lineage]
    rows += [("note", note) for note in entry.notes]
    config = [(key, _text(entry.config[key])) for key in sorted(entry.config)]
    return f"{columns(rows)}\n\nconfig\n" + "\n".join(f"  {line}" for line in columns(config).splitlines())


def _text(value: object) -> str:
    return printable(str(value), 160)
