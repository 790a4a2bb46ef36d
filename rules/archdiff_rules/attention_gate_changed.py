from __future__ import annotations

from typing import TYPE_CHECKING

from archdiff.rule import Finding, rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from archdiff.rule import Comparison


@rule(impact="breaking", group="Attention")
def attention_gate_changed(comparison: Comparison) -> Iterator[Finding]:
    """A learned gate on the output of attention was added or removed.

    Why it matters:
        A gate multiplies what attention returns by a sigmoid of the layer's input before the output
        projection. A head can so stay silent without an attention sink, and activations stay smaller. It adds
        a projection, often fused with the query projection, whose rows then double.

    Example:
        Qwen3-30B-A3B → Qwen3-Next-80B-A3B: the full-attention layers gain a gate, and `q_proj` yields query
        and gate.

    What to do:
        Do not read a doubled query projection as twice as many heads. OLD's query rows may have been kept in
        NEW's: have the weights compared. Engines without the gate give wrong outputs where the fused
        projection loads.
    """
    for difference in comparison.differences("attention.gate"):
        old, new = ("a learned gate" if value else "no gate" for value in (difference.old, difference.new))
        yield Finding.of(difference, f"attention output: {old} → {new}")
