from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from archdiff.rule import rule
from archdiff_rules._report import changed, root_of_width

if TYPE_CHECKING:
    from collections.abc import Iterator

    from archdiff.rule import Comparison, Finding


@rule(impact="breaking", group="Embeddings and heads")
def hidden_size_changed(comparison: Comparison) -> Iterator[Finding]:
    """The residual stream has another width.

    Why it matters:
        Nearly every tensor has this axis, so nearly every tensor is reshaped. This is the root cause, and
        it is reported once: the reshapes that follow from it are grouped here instead of being findings of
        their own.

    Example:
        gpt-oss-120b → Solar Open 100B: 2,880 → 4,096.

    What to do:
        No weight carries over as it is. Inheritance would take a procedure (slicing, growing, projecting)
        that its author can name. The differences that are listed
        beside this one were made on top of it.
    """
    for finding in changed(comparison, {"hidden_size": "hidden size"}):
        yield dataclasses.replace(finding, explains=(*finding.explains, *(root_of_width(comparison) or ())))
