"""Items of a checklist: what they rest on, and a digest of it."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

from archdiff.report.checklist import ItemEvidence, ReviewItem
from archdiff.report.values import clean, plain
from archdiff.review.claims import Origin
from archdiff.review.standards import fields_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pydantic import JsonValue

    from archdiff.report.checklist import ItemStatus

__all__ = ["digest_of", "evidence", "item", "stated"]


def digest_of(*parts: object) -> str:
    """`sha256:` and the digest of values that JSON can carry; the same in any two runs."""
    text = json.dumps([plain(part) for part in parts], sort_keys=True, separators=(",", ":"))
    return f"sha256:{hashlib.sha256(text.encode('ascii')).hexdigest()}"


def evidence(text: str, where: str, digest: str) -> ItemEvidence:
    """What an item rests on.

    Args:
        text: what was seen.
        where: config key, module, finding or step.
        digest: of what was read.
    """
    return ItemEvidence(text=clean(text), where=clean(where), digest=digest)


def stated(claimed: object) -> JsonValue:
    """A claim as JSON has it."""
    return claimed.text if isinstance(claimed, Origin) else plain(claimed)


def item(
    identity: str,
    heading: str,
    title: str,
    verdict: tuple[ItemStatus, str],
    rests_on: Sequence[ItemEvidence] = (),
    **more: Any,
) -> ReviewItem:
    """An item that nobody has signed.

    Args:
        identity: its id.
        heading: that it is listed under.
        title: the claim in words.
        verdict: the status, and why, in one sentence.
        rests_on: what it rests on.
        more: `claimed`, `found`, `command` and `needs_signature`, where they say something.
    """
    status, reason = verdict
    claimed, found = stated(more.get("claimed")), plain(more.get("found"))
    return ReviewItem(
        id=identity,
        section=heading,
        title=clean(title),
        claimed=claimed,
        found=found,
        status=status,
        reason=clean(reason),
        evidence=tuple(rests_on),
        command=clean(more.get("command", "")),
        needs_signature=more.get("needs_signature", False),
        signature=None,
        fields=fields_of(identity),
        digest=digest_of(identity, claimed, found, [each.digest for each in rests_on]),
    )
