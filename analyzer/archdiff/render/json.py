"""The report as JSON: the same report gives the same bytes."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pydantic import BaseModel

__all__ = ["text"]


def text(document: BaseModel) -> str:
    """The document, indented by two, keys in the order of the schema, with a final newline."""
    return json.dumps(document.model_dump(mode="json"), indent=2, ensure_ascii=False, allow_nan=False) + "\n"
