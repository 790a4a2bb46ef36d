from __future__ import annotations

from typing import TYPE_CHECKING

from archdiff.rule import rule
from archdiff_rules._report import changed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from archdiff.rule import Comparison, Finding


@rule(impact="cosmetic", group="Positions")
def context_length_changed(comparison: Comparison) -> Iterator[Finding]:
    """The model declares another maximum number of positions.

    Why it matters:
        For rotary models it is a declaration, and often a wish: nothing is computed from it unless a scaling
        uses it (dynamic, long-rope and YaRN without an original length do). For learned positions it is the
        number of rows of a table, and weights no longer fit. Serving engines size their cache and reject
        longer requests by it.

    Example:
        Llama-3-8B → Llama-3.1-8B is 8,192 → 131,072, together with a scaling that makes it work.
        Solar Open 100B and gpt-oss-120b both declare 131,072 and get there by different scalings.

    What to do:
        Look for `rotary-scaling-changed` or `rotary-base-changed` beside it. A longer context without either,
        and without training that would explain it, deserves a test on long documents.
    """
    names = {"context_length": "declared maximum of positions"}
    return changed(comparison, names, words={"none": "not declared"})
