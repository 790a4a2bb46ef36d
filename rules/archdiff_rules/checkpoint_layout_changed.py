from __future__ import annotations

from typing import TYPE_CHECKING

from archdiff.rule import Finding, rule, show
from archdiff_rules._changes import lowest, together
from archdiff_rules._names import layouts, regrouped, transposed

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from archdiff.rule import Change, Comparison, Place


@rule(impact="breaking", group="Storage, naming, lineage")
def checkpoint_layout_changed(comparison: Comparison) -> Iterator[Finding]:
    """The same projections are stored fused or apart, or with their axes in another order.

    Why it matters:
        One matrix that yields queries, keys and values computes the same as three, and is faster to launch.
        The numbers are the same in another arrangement, so a checkpoint can be converted without loss: by
        concatenating rows, in the order that the class expects. The order is a convention: some classes keep
        all queries first, others interleave by group of heads.

    Example:
        Llama has `q_proj`, `k_proj`, `v_proj`, `gate_proj` and `up_proj`; Phi-3 has `qkv_proj` and
        `gate_up_proj`. Falcon and GPT-NeoX fuse query, key and value interleaved by head. Qwen3-Next has
        `in_proj_qkvz` and `in_proj_ba` where Qwen3.5 has four projections.

    What to do:
        Convert by concatenating or splitting rows, and compare outputs on a short text to be sure of the
        order. Before concluding from unequal names or shapes that models differ, compare the parts row by
        row.
    """
    for layout in layouts(comparison):
        apart, fused = f"{show(layout.parts)} apart", f"{show(layout.parts)} fused in one tensor"
        old, new = (fused, apart) if layout.splits else (apart, fused)
        yield Finding(
            message=f"{old} → {new}",
            old=together(layout.old),
            new=together(layout.new),
            facts={f"layout of {layout.fused}": ("fused", "apart") if layout.splits else ("apart", "fused")},
            explains=layout.changes,
            parameters=sum(change.parameters for change in layout.changes),
            confidence=lowest(layout.changes),
        )
    yield from map(_other_groups, regrouped(comparison))
    orders, settings = transposed(comparison)
    if orders:
        told = sorted({f"`{change.subject}` of {change.role}" for change in orders})
        yield Finding(
            message=f"stored with axes in another order: {show(tuple(told))}",
            old=together(change.old for change in orders),
            new=together(change.new for change in orders),
            facts={"order of axes": (tuple(c.before for c in orders), tuple(c.after for c in orders))},
            explains=(*orders, *settings),
            confidence=lowest(orders),
        )


def _other_groups(changes: tuple[Change, ...]) -> Finding:
    """What a recurrent mixer reads through, in other tensors."""
    old, new = _names(change.old for change in changes), _names(change.new for change in changes)
    return Finding(
        message=f"projections that a recurrent mixer reads through: {show(old)} → {show(new)}",
        old=together(change.old for change in changes),
        new=together(change.new for change in changes),
        facts={"projections": (old, new)},
        explains=changes,
        parameters=sum(change.parameters for change in changes),
        confidence=lowest(changes),
    )


def _names(places: Iterable[Place | None]) -> tuple[str, ...]:
    """The last part of every path, once each."""
    return tuple(sorted({place.path.rpartition(".")[2] for place in places if place is not None}))
