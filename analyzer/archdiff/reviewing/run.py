"""The review as a function: gather the model, its parents and the evidence that is asked for, then judge."""

from __future__ import annotations

from typing import TYPE_CHECKING

from archdiff.review.claims import NOTHING
from archdiff.review.judge import judge
from archdiff.reviewing.gathering import Wanted, gather
from archdiff.reviewing.reading import read_claims, read_sign_off

if TYPE_CHECKING:
    from collections.abc import Sequence

    from archdiff.report.checklist import Checklist

__all__ = ["review_model"]


def review_model(
    reference: str,
    *,
    claims: str = "",
    against: Sequence[str] = (),
    training_log: str = "",
    tokenizers: Sequence[str] = (),
    weights: str = "",
    sign_off: str = "",
) -> Checklist:
    """Review a model before it is published: each claim about it proved, refuted or open, with its evidence.

    Args:
        reference: of the model, as `archdiff.load` takes it.
        claims: path of the claims file; empty for none.
        against: references of models that it may be under another name.
        training_log: path of the log of its training run; empty for none.
        tokenizers: references of models whose tokenizers its own is compared with.
        weights: what of the weights is compared with each parent's: `all`, `shared`, `changed` or a pattern of
            module names; empty to read none.
        sign_off: path of the file with the signatures; empty for none.

    Raises:
        ArchdiffError: as `archdiff.load`; a file that cannot be read, or is not in its format.
    """
    wishes = None
    if weights:
        from archdiff.weights.session import Wishes

        wishes = Wishes(weights, 0, "auto")
    stated = read_claims(claims) if claims else NOTHING
    signatures = read_sign_off(sign_off) if sign_off else None
    wanted = Wanted(stated, tuple(against), training_log, tuple(tokenizers), wishes, signatures)
    return judge(gather(reference, wanted))
