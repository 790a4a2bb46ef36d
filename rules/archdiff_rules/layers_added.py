from __future__ import annotations

from typing import TYPE_CHECKING

from archdiff.rule import rule
from archdiff_rules._layers import depth_changes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from archdiff.rule import Comparison, Finding


@rule(impact="breaking", group="Depth and layer pattern", mirror="layers-removed")
def layers_added(comparison: Comparison) -> Iterator[Finding]:
    """The new model is deeper: its stack has layers that nothing in the old one corresponds to.

    Why it matters:
        Depth multiplies parameters, latency and the key-value cache, and the added layers need weights that
        OLD does not have: trained from the start, or copied from other layers and trained on. A loader that
        goes by layer number puts every layer after an inserted one in the wrong place, without an error.

    Example:
        gpt-oss-120b → Solar Open 100B: 36 → 48. SOLAR 10.7B is Mistral 7B grown from 32 to 48 layers by
        repetition: layers 0–23, then 8–31 once more. Among layers of one kind, structure cannot tell which
        are the new ones.

    What to do:
        Ask where the layers came from. Comparing the weights of each added layer with every layer of OLD
        finds copies, and shows which layer corresponds to which where structure leaves it open.
    """
    return depth_changes(comparison, grown=True)
