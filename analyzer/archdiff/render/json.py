"""The report as JSON: the same report gives the same bytes."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from archdiff.render import WeightsView

if TYPE_CHECKING:
    from archdiff.render import Document

__all__ = ["text"]


def text(document: Document) -> str:
    """The document, indented by two, keys in the order of the schema, with a final newline."""
    document = document.report if isinstance(document, WeightsView) else document
    return json.dumps(document.model_dump(mode="json"), indent=2, ensure_ascii=False, allow_nan=False) + "\n"
