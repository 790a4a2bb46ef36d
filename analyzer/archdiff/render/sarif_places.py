"""Where a finding stands, as SARIF has it: a file where the model is one, and modules as logical locations."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote

from archdiff.render.findings import file_of, line_of
from archdiff.text import printable

if TYPE_CHECKING:
    from pydantic import JsonValue

    from archdiff.report.schema import FindingEntry, ModelEntry, PlaceEntry, Report

__all__ = ["artifacts", "locations"]

_LONGEST = 1000


def artifacts(report: Report) -> list[JsonValue]:
    """The configs that are files of the user, each once."""
    sides = {"OLD": file_of(report.old), "NEW": file_of(report.new)}
    files = dict.fromkeys(file for file in sides.values() if file is not None)
    return [
        {
            "location": {"uri": _uri(file)},
            "roles": ["analysisTarget"],
            "description": {"text": " and ".join(side for side, its in sides.items() if its == file)},
        }
        for file in files
    ]


def locations(finding: FindingEntry, report: Report) -> dict[str, JsonValue]:
    """Where it stands in NEW, or in OLD for what is gone; its place in OLD besides, where it has both."""
    lines = [line_of(finding, report, model) for model in (report.old, report.new)]
    old = _location(finding.old, report.old, lines[0], "OLD") if finding.old is not None else None
    new = _location(finding.new, report.new, lines[1], "NEW") if finding.new is not None else None
    first = new or old or _location(None, report.new, lines[1], "NEW")
    found: dict[str, JsonValue] = {"locations": [first]}
    if new is not None and old is not None:
        found["relatedLocations"] = [old]
    return found


def _location(place: PlaceEntry | None, model: ModelEntry, line: int | None, side: str) -> JsonValue:
    """A place in one model; the region is the first line where none is known, because GitHub asks for one."""
    location: dict[str, JsonValue] = {"logicalLocations": [_module(place, model)], "message": {"text": side}}
    if (file := file_of(model)) is not None:
        region: JsonValue = {"startLine": line or 1}
        location["physicalLocation"] = {"artifactLocation": {"uri": _uri(file)}, "region": region}
    return location


def _module(place: PlaceEntry | None, model: ModelEntry) -> JsonValue:
    """The folded module, or the model as a whole; the decorated name says which layers."""
    name = printable(model.name)
    if place is None or not place.path:
        layers = printable(place.text, _LONGEST) if place is not None and place.layers else name
        return {"name": name, "fullyQualifiedName": name, "decoratedName": layers, "kind": "module"}
    path = printable(place.path, _LONGEST)
    decorated = printable(place.text, _LONGEST)
    name = path.removesuffix(".*").rpartition(".")[2]
    return {"name": name, "fullyQualifiedName": path, "decoratedName": decorated, "kind": "module"}


def _uri(file: str) -> str:
    """A URI without characters outside ASCII (3.10.4): relative, or with the scheme `file` for an absolute path."""
    encoded = quote(file, safe="/")
    if file.startswith("/"):
        return f"file://{encoded}"
    return f"./{encoded}" if ":" in encoded.partition("/")[0] else encoded
