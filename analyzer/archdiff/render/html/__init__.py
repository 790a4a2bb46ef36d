"""One web page that holds all of a document: it opens from a file, asks for nothing, and works without a server."""

from __future__ import annotations

from typing import TYPE_CHECKING

from archdiff.errors import RenderError
from archdiff.render import WeightsView, json
from archdiff.render.html.page import Stock, page
from archdiff.report.checklist import Checklist
from archdiff.report.code import CodeEntry
from archdiff.report.lineage import LineageEntry
from archdiff.report.portrait import Portrait
from archdiff.report.schema import Report
from archdiff.report.tokenizer import TokenizerEntry
from archdiff.report.training_log import TrainingLogEntry
from archdiff.text import printable

if TYPE_CHECKING:
    from collections.abc import Iterable

    from archdiff.render import Document
    from archdiff.render.html.markup import Content

__all__ = ["text"]


def text(document: Document) -> str:
    """The page of a document, in UTF-8, with the document's JSON in it.

    Raises:
        RenderError: there is no page for such a document.
    """
    stock = Stock()
    title, content = _made(document, stock)
    name = "".join(c if c.isascii() and (c.isalnum() or c in "-.") else "_" for c in title.replace(" → ", "_"))[:80]
    return page(f"{printable(title)} · archdiff", list(content), stock, json.text(document), f"{name}.json")


def _made(document: Document, stock: Stock) -> tuple[str, Iterable[Content]]:
    """Title and sections; the modules are read where they are needed."""
    from archdiff.render.html import alone, beside, checklist, comparison

    if isinstance(document, Report):
        return f"{document.old.name} → {document.new.name}", comparison.comparison(document, stock)
    if isinstance(document, WeightsView):
        report = document.report
        return f"{report.old.name} → {report.new.name}", comparison.weights_alone(report, stock)
    if isinstance(document, Portrait):
        return document.model.name, alone.portrait(document, stock)
    if isinstance(document, Checklist):
        return f"Review of {document.model.model.name}", checklist.checklist(document, stock)
    if isinstance(document, TrainingLogEntry):
        return document.name, alone.one("Training log", document.name, beside.training_log(document), document)
    if isinstance(document, TokenizerEntry):
        title = f"{document.old.name} → {document.new.name}"
        return title, alone.one("Tokenizers", title, beside.tokenizer(document), document)
    if isinstance(document, LineageEntry):
        return document.model, alone.one("Declared lineage", document.model, beside.lineage(document))
    if isinstance(document, CodeEntry):
        title = f"{document.old.name} → {document.new.name}"
        return title, alone.one("Code", title, beside.code(document))
    raise RenderError("format html", "does not show such a document", "write a file that ends in .json")
