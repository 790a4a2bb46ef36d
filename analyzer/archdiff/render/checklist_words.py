"""Words that every picture of a checklist uses."""

from __future__ import annotations

import shlex
from types import MappingProxyType
from typing import TYPE_CHECKING

from archdiff.text import printable

if TYPE_CHECKING:
    from archdiff.report.checklist import Checklist, ItemStatus, ReviewItem

__all__ = ["MEANING", "ORDER", "counts", "no_claims", "sections", "signature_line"]

ORDER: tuple[ItemStatus, ...] = ("refuted", "open", "signed", "proved", "not-applicable")
"""The worst first."""

MEANING: MappingProxyType[ItemStatus, str] = MappingProxyType(
    {
        "proved": "the model, or evidence, shows it",
        "signed": "a person settled it",
        "refuted": "the model, or evidence, shows otherwise",
        "open": "waits for evidence or a signature",
        "not-applicable": "does not concern this model",
    }
)


def sections(checklist: Checklist) -> dict[str, list[ReviewItem]]:
    """The items by heading, in their order."""
    found: dict[str, list[ReviewItem]] = {}
    for item in checklist.items:
        found.setdefault(item.section, []).append(item)
    return found


def counts(checklist: Checklist) -> list[tuple[ItemStatus, int]]:
    """How many items have each status, the worst first; those that there are."""
    return [(status, checklist.counts[status]) for status in ORDER if checklist.counts.get(status)]


def signature_line(item: ReviewItem) -> str:
    """Where a person signs, on an item that waits for it; empty on others."""
    waits = item.needs_signature and item.signature is None and item.status in ("open", "not-applicable")
    return "signature: ____________________  date: ____________" if waits else ""


def no_claims(checklist: Checklist) -> str:
    """What stands where no claims file was given: how one comes about."""
    again = shlex.join(["archdiff", "review", printable(checklist.model.model.reference), "--init"])
    return f"none given; `{again}` writes a file to begin with"
