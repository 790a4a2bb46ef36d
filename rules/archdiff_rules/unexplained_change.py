from __future__ import annotations

from typing import TYPE_CHECKING

from archdiff.rule import rule
from archdiff_rules._changes import as_one, grouped

if TYPE_CHECKING:
    from collections.abc import Iterator

    from archdiff.rule import Comparison, Finding


@rule(impact="cosmetic", group="Storage, naming, lineage", last=True)
def unexplained_change(comparison: Comparison) -> Iterator[Finding]:
    """Something differs that no other rule accounts for.

    Why it matters:
        Rules know what people have thought of; the comparison sees every operator, tensor and setting. What
        remains is reported here, so that “nothing reported” means the same computation. The impact is that of
        the change itself: a `breaking` one changes tensors, a `behavioral` one what is computed, a `cosmetic`
        one neither, as far as was traced.

    Example:
        A new family with a factor that has no rule yet shows as an operator of one module: `mul(0.5)` added.
        A config key that no module reads shows as a config value.

    What to do:
        Read the place and both values; with the class's source at hand it is usually clear in a minute. If it
        is a known idea, ask for a rule, or write one: its carriers belong in the vocabulary of facts. If it
        is noise, suppress it with its reason.
    """
    return map(as_one, grouped(comparison.unexplained))
