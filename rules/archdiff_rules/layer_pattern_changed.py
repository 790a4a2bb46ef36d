from __future__ import annotations

from typing import TYPE_CHECKING

from archdiff.rule import Finding, rule
from archdiff_rules._layers import layer_changes, place_of, stack_facts, term
from archdiff_rules._pattern import describe, grown, interleaved

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from archdiff.rule import Comparison, StackAlignment, Value


@rule(impact="breaking", group="Depth and layer pattern")
def layer_pattern_changed(comparison: Comparison) -> Iterator[Finding]:
    """Layers of different kinds follow each other in another order or proportion.

    Why it matters:
        The share of layers that see the whole text, and where they stand, decides how far a model reaches
        and how much key-value cache it needs. Where the kinds have the same tensors (full and sliding
        attention), weights load under the wrong pattern without a word.

    Example:
        gpt-oss-120b → Solar Open 100B: sliding and full attention in turn → full attention throughout.
        Gemma 2 alternates the two one to one, Gemma 3 has five sliding layers for each full one.

    What to do:
        Compare the list of layer types in the two configs, not only the window size. After layers were
        inserted or cut, check that the pattern still falls on the layers that were trained for it: a period
        that is counted from the first layer shifts.
    """
    for stack in comparison.alignment:
        before, after = stack_facts(comparison.old, stack.old), stack_facts(comparison.new, stack.new)
        if not before or not after:
            continue
        # Weights without a config state no window, and then it is not known which layers have one.
        windows = all("attention.window" in layer for layer in (*before, *after) if _attends(layer))
        old, new = ([_mixer(layer, windows=windows) for layer in side] for side in (before, after))
        if max(len(set(old)), len(set(new))) > 1 and not grown(old, new):
            yield _finding(comparison, stack, old, new, ("mixer.kind", "attention.window"))
        old, new = _feed_forwards(before), _feed_forwards(after)
        # One block of dense layers before the mixtures is the matter of dense-layers-added and -removed.
        both = len(set(old)) > 1 and len(set(new)) > 1
        if both and (interleaved(old) or interleaved(new)) and not grown(old, new):
            yield _finding(comparison, stack, old, new, ("feed_forward.kind",))


def _attends(layer: Mapping[str, Value]) -> bool:
    return layer.get("mixer.kind") == "attention"


def _mixer(layer: Mapping[str, Value], *, windows: bool) -> str:
    kind = term(layer.get("mixer.kind"))
    if kind != "attention" or not windows:
        return "feed-forward alone" if layer.get("mixer.kind") is None else kind
    return f"{'full' if layer.get('attention.window') is None else 'sliding'} attention"


def _feed_forwards(layers: Sequence[Mapping[str, Value]]) -> list[str]:
    return [term(layer.get("feed_forward.kind")) for layer in layers]


def _finding(
    comparison: Comparison,
    stack: StackAlignment,
    old: Sequence[str],
    new: Sequence[str],
    facts: Sequence[str],
) -> Finding:
    """The change of pattern; its parameters are counted by the rules that name what was exchanged."""
    differences = [difference for fact in facts for difference in comparison.differences(fact)]
    # Where mixers and feed-forwards take turns, a layer gains the other when every layer gets both.
    differences += [d for d in comparison.differences("feed_forward.kind") if None in (d.old, d.new)]
    carried = {change.id: change for difference in differences for change in difference.explains}
    if len(old) == len(new):
        carried |= {change.id: change for change in layer_changes(comparison, stack)}
    # A window stands in no operator's arguments, so the changes behind one may look cosmetic.
    breaking = any(change.impact == "breaking" for change in carried.values())
    return Finding(
        message=f"{describe(old)} → {describe(new)}",
        old=place_of(stack.old, range(len(old))),
        new=place_of(stack.new, range(len(new))),
        facts={"layer pattern": (tuple(old), tuple(new))},
        explains=tuple(carried.values()),
        impact=None if breaking else "behavioral",
    )
