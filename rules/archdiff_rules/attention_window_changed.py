from __future__ import annotations

from typing import TYPE_CHECKING

from archdiff.rule import Finding, rule, show
from archdiff_rules._changes import computing

if TYPE_CHECKING:
    from collections.abc import Iterator

    from archdiff.rule import Comparison, Value


@rule(impact="behavioral", group="Attention")
def attention_window_changed(comparison: Comparison) -> Iterator[Finding]:
    """Attention sees another number of past tokens, or other layers have a sliding window.

    Why it matters:
        A layer with a window of 128 tokens caches 128 of them, whatever the context; a full layer caches all.
        Models alternate both to make long contexts cheap. Weights load either way and nothing fails: a
        full-attention model run with a window loses what lies outside it, and one trained with a window meets
        distances that it has never seen.

    Example:
        gpt-oss-120b → Solar Open 100B: window of 128 tokens → full attention in layers 0, 2, …, 34.
        Mistral-7B-v0.1 has a window of 4,096 tokens, v0.3 has none.

    What to do:
        A window as long as the declared context leaves nothing out and is reported as cosmetic.
        Compare long inputs, beyond the smaller window: on short ones the two compute the same. Check that the
        serving engine honours windows per layer, and size the cache by the number of full layers.
    """
    longest = tuple(side.get("context_length") for side in comparison.facts)
    for difference in comparison.differences("attention.window"):
        windows = (difference.old, difference.new)
        old, new = ("full attention" if w is None else f"window of {show(w)} tokens" for w in windows)
        reach = {_reach(window, length) for window, length in zip(windows, longest, strict=True)}
        finding = Finding.of(difference, f"{old} → {new}")
        yield finding if reach == {None} else computing(finding)


def _reach(window: Value, longest: Value) -> Value:
    """The window, or None where it holds every position that the model declares."""
    inside = isinstance(window, int) and isinstance(longest, int) and window >= longest
    return None if inside else window
