"""Documents as text and pictures: one module per format, each a pure function of the document."""

from __future__ import annotations

import dataclasses
from importlib import import_module
from importlib.util import find_spec
from pathlib import PurePath
from types import MappingProxyType
from typing import TYPE_CHECKING, Literal, TypeAlias, get_args

from archdiff.errors import RenderError, UsageError
from archdiff.text import printable

if TYPE_CHECKING:
    from archdiff.report.checklist import Checklist
    from archdiff.report.code import CodeEntry
    from archdiff.report.lineage import LineageEntry
    from archdiff.report.portrait import Portrait
    from archdiff.report.schema import Report
    from archdiff.report.tokenizer import TokenizerEntry
    from archdiff.report.training_log import TrainingLogEntry

__all__ = ["BINARY", "FORMATS", "Document", "Kind", "WeightsView", "check", "format_of", "formats", "kind_of", "render"]

Kind = Literal["report", "weights", "portrait", "checklist", "training-log", "tokenizer", "lineage", "code"]
"""What a document is: each command makes one kind."""

_ALL: frozenset[Kind] = frozenset(get_args(Kind))
_REPORT: frozenset[Kind] = frozenset({"report"})
_PICTURE: frozenset[Kind] = frozenset({"report", "portrait"})
_DESCRIBED: frozenset[Kind] = frozenset({"report", "weights", "portrait", "checklist"})


@dataclasses.dataclass(frozen=True, slots=True)
class _Format:
    """A format.

    Args:
        ending: how the name of a file in it ends.
        shows: kinds of documents that it can show.
        module: of `archdiff.render`, whose `text(document)` makes it; empty where Graphviz draws it.
        is_binary: no text.
        needs: packages that it needs and archdiff does not.
        extra: of archdiff, which brings them.
    """

    ending: str
    shows: frozenset[Kind]
    module: str = ""
    is_binary: bool = False
    needs: tuple[str, ...] = ()
    extra: str = ""


_TABLE = MappingProxyType(
    {
        "terminal": _Format(".txt", _ALL, "terminal"),
        "json": _Format(".json", _ALL, "json"),
        "html": _Format(".html", _ALL, "html"),
        "dot": _Format(".dot", _PICTURE),
        "svg": _Format(".svg", _PICTURE | {"weights", "training-log"}),
        "png": _Format(".png", _PICTURE, is_binary=True),
        "pdf": _Format(".pdf", _PICTURE, is_binary=True),
        "markdown": _Format(".md", _ALL, "markdown"),
        "sarif": _Format(".sarif", _REPORT, "sarif"),
        "github": _Format(".github.txt", _REPORT, "github"),
        "gitlab": _Format(".gitlab.json", _REPORT, "gitlab"),
        "junit": _Format(".junit.xml", _REPORT, "junit"),
        "cyclonedx": _Format(".cdx.json", _DESCRIBED, "bom.cyclonedx", needs=("cyclonedx",), extra="bom"),
        "spdx": _Format(".spdx.json", _DESCRIBED, "bom.spdx", needs=("cyclonedx", "spdx_python_model"), extra="bom"),
        "model-card": _Format(".card.md", _DESCRIBED, "bom.model_card"),
        "graphml": _Format(".graphml", _PICTURE, "graphs.graphml"),
        "model-explorer": _Format(".explorer.json", _PICTURE, "graphs.model_explorer"),
    }
)

_PICTURES: MappingProxyType[Kind, str] = MappingProxyType(
    {"weights": "weights_picture", "training-log": "training_log_picture"}
)
"""Modules whose `text(document)` draws an SVG without Graphviz."""

FORMATS = MappingProxyType({name: form.ending for name, form in _TABLE.items()})
"""Every format, and how the name of a file in it ends."""

BINARY = frozenset(name for name, form in _TABLE.items() if form.is_binary)
"""Formats that are no text."""


@dataclasses.dataclass(frozen=True, slots=True)
class WeightsView:
    """A report of which text and picture show the weights alone.

    Args:
        report: with weights; its JSON is the whole of it.
    """

    report: Report


Document: TypeAlias = (
    "Report | Portrait | WeightsView | Checklist | TrainingLogEntry | TokenizerEntry | LineageEntry | CodeEntry"
)

_KINDS: MappingProxyType[str, Kind] = MappingProxyType(
    {
        "Report": "report",
        "WeightsView": "weights",
        "Portrait": "portrait",
        "Checklist": "checklist",
        "TrainingLogEntry": "training-log",
        "TokenizerEntry": "tokenizer",
        "LineageEntry": "lineage",
        "CodeEntry": "code",
    }
)


def kind_of(document: Document) -> Kind:
    """What a document is."""
    return _KINDS[type(document).__name__]


def formats(kind: Kind) -> dict[str, str]:
    """The formats that show documents of a kind, and how the names of files in them end."""
    return {name: form.ending for name, form in _TABLE.items() if kind in form.shows}


def render(document: Document, name: str) -> str | bytes:
    """Return a document in a format: text, or bytes for a picture.

    Raises:
        UsageError: there is no such format.
        RenderError: the format does not show such a document, or cannot be produced here, as a picture without
            Graphviz.
    """
    form = _TABLE.get(name)
    if form is None:
        raise UsageError(f"format {printable(name, 40)}", "is not known", f"choose from {', '.join(FORMATS)}")
    kind = kind_of(document)
    check(name, kind)
    if module := form.module or _PICTURES.get(kind):
        content: str | bytes = import_module(f"archdiff.render.{module}").text(document)
        return content
    return _draw(document, name)


def check(name: str, kind: Kind) -> None:
    """Refuse a format that does not show documents of a kind, or whose packages are not installed.

    Raises:
        RenderError: it does not, or they are not.
    """
    if kind not in _TABLE[name].shows:
        shown = "weights" if kind == "weights" else f"a {kind.replace('-', ' ')}"
        endings = ", ".join(formats(kind).values())
        raise RenderError(f"format {name}", f"does not show {shown}", f"write a file that ends in one of {endings}")
    missing = [package for package in _TABLE[name].needs if find_spec(package) is None]
    if missing:
        cause = f"needs packages that are not installed ({', '.join(missing)})"
        raise RenderError(f"format {name}", cause, f"run: pip install 'archdiff[{_TABLE[name].extra}]'")


def _draw(document: Document, name: str) -> str | bytes:
    from archdiff.render import diagram
    from archdiff.report.portrait import Portrait
    from archdiff.report.schema import Report

    form = next((form for form in get_args(diagram.Format) if form == name), None)
    if isinstance(document, Report):
        return diagram.dot(document) if form is None else diagram.draw(document, form)
    if isinstance(document, Portrait):
        return diagram.dot_model(document.model) if form is None else diagram.draw_model(document.model, form)
    raise RenderError(f"format {name}", "does not show such a document", "write a file that ends in .json")


def format_of(path: str) -> str:
    """The format that a file's name ends with; of several endings the longest.

    Raises:
        UsageError: no format's files end so.
    """
    name = PurePath(path).name.lower()
    fitting = [known for known in FORMATS if name.endswith(FORMATS[known]) and name != FORMATS[known]]
    if not fitting:
        cause = "its ending names no format"
        raise UsageError(printable(path) or "the empty path", cause, f"use one of {', '.join(FORMATS.values())}")
    return max(fitting, key=lambda known: len(FORMATS[known]))
