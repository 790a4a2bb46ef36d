"""Reports as text and pictures: one module per format, each a pure function of the report."""

from __future__ import annotations

import dataclasses
from pathlib import PurePath
from types import MappingProxyType
from typing import TYPE_CHECKING, get_args

from archdiff.errors import RenderError, UsageError
from archdiff.text import printable

if TYPE_CHECKING:
    from archdiff.report.portrait import Portrait
    from archdiff.report.schema import Report

__all__ = ["BINARY", "FORMATS", "WeightsView", "format_of", "render"]

FORMATS = MappingProxyType(
    {"terminal": ".txt", "json": ".json", "dot": ".dot", "svg": ".svg", "png": ".png", "pdf": ".pdf"}
)
"""Every format, and how the name of a file in it ends."""

BINARY = frozenset({"png", "pdf"})
"""Formats that are no text."""


@dataclasses.dataclass(frozen=True, slots=True)
class WeightsView:
    """A report of which text and picture show the weights alone.

    Args:
        report: with weights; its JSON is the whole of it.
    """

    report: Report


def render(document: Report | Portrait | WeightsView, name: str) -> str | bytes:
    """Return a report, or the portrait of one model, in a format: text, or bytes for a picture.

    Raises:
        UsageError: there is no such format.
        RenderError: the format cannot be produced here, as a picture without Graphviz.
    """
    if isinstance(document, WeightsView):
        return _weights(document, name)
    if name == "terminal":
        from archdiff.render import terminal

        return terminal.text(document)
    if name == "json":
        from archdiff.render import json

        return json.text(document)
    if name in FORMATS:
        return _draw(document, name)
    raise UsageError(f"format {printable(name, 40)}", "is not known", f"choose from {', '.join(FORMATS)}")


def _weights(view: WeightsView, name: str) -> str | bytes:
    if name == "terminal":
        from archdiff.render import terminal

        return terminal.text(view)
    if name == "svg":
        from archdiff.render.weights_picture import svg

        return svg(view.report)
    if name in ("dot", "png", "pdf"):
        raise RenderError(f"format {name}", "does not show weights", "write a file that ends in .svg")
    return render(view.report, name)


def _draw(document: Report | Portrait, name: str) -> str | bytes:
    from archdiff.render import diagram
    from archdiff.report.schema import Report

    form = next((form for form in get_args(diagram.Format) if form == name), None)
    if isinstance(document, Report):
        return diagram.dot(document) if form is None else diagram.draw(document, form)
    return diagram.dot_model(document.model) if form is None else diagram.draw_model(document.model, form)


def format_of(path: str) -> str:
    """The format that a file's name ends with.

    Raises:
        UsageError: no format's files end so.
    """
    ending = PurePath(path).suffix.lower()
    found = next((name for name, known in FORMATS.items() if known == ending), None)
    if found is None:
        cause = "its ending names no format"
        raise UsageError(printable(path) or "the empty path", cause, f"use one of {', '.join(FORMATS.values())}")
    return found
