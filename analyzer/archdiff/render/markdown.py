"""A document as Markdown that fits a pull-request comment: the worst in view, the rest folded."""

from __future__ import annotations

from typing import TYPE_CHECKING

from archdiff.render import WeightsView
from archdiff.render.markdown_fit import LIMIT
from archdiff.report.checklist import Checklist
from archdiff.report.lineage import LineageEntry
from archdiff.report.portrait import Portrait
from archdiff.report.schema import Report
from archdiff.report.tokenizer import TokenizerEntry
from archdiff.report.training_log import TrainingLogEntry

if TYPE_CHECKING:
    from archdiff.render import Document
    from archdiff.report.code import CodeEntry

__all__ = ["text"]


def text(document: Document, limit: int = LIMIT) -> str:
    """A document as Markdown.

    Args:
        document: of any kind.
        limit: bytes of UTF-8; the least telling lines are left out until it fits, and the document says so. A
            checklist is a file to be kept, not a comment, and stays whole.
    """
    if isinstance(document, Report):
        from archdiff.render import markdown_report

        return markdown_report.text(document, limit)
    if isinstance(document, WeightsView):
        from archdiff.render import markdown_weights

        return markdown_weights.text(document.report, limit)
    if isinstance(document, Portrait):
        from archdiff.render import markdown_portrait

        return markdown_portrait.text(document, limit)
    if isinstance(document, Checklist):
        from archdiff.render import checklist_markdown

        return checklist_markdown.text(document)
    return _evidence(document, limit)


def _evidence(document: TrainingLogEntry | TokenizerEntry | LineageEntry | CodeEntry, limit: int) -> str:
    from archdiff.render import markdown_evidence

    if isinstance(document, TrainingLogEntry):
        return markdown_evidence.training_log(document, limit)
    if isinstance(document, TokenizerEntry):
        return markdown_evidence.tokenizer(document, limit)
    if isinstance(document, LineageEntry):
        return markdown_evidence.lineage(document, limit)
    return markdown_evidence.code_lineage(document, limit)
