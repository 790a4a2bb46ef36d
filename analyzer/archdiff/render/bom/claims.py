"""What a publisher claims of a model and no program can tell, by the items of a review."""

from __future__ import annotations

from typing import TYPE_CHECKING

from archdiff.render.bom.facts import spelled

if TYPE_CHECKING:
    from collections.abc import Iterator

    from archdiff.render.bom.subject import Subject

__all__ = ["claimed"]


def claimed(subject: Subject, *keys: str) -> tuple[str, ...]:
    """Claims of these items, in words; those that were refuted are left out.

    Args:
        subject: with the items of a review.
        keys: ids of items, or the part before the dot for all of a section: `training`, `data.sources`.
    """
    return tuple(_said(subject, keys))


def _said(subject: Subject, keys: tuple[str, ...]) -> Iterator[str]:
    for item in subject.items:
        is_asked = item.id in keys or item.id.partition(".")[0] in keys
        if is_asked and item.claimed not in (None, "") and item.status in ("proved", "open"):
            settled = "proved" if item.status == "proved" else "claimed by the publisher, not proved"
            signed = f", signed by {item.signature.name}" if item.signature is not None else ""
            yield spelled(f"{item.title} ({settled}{signed})")
