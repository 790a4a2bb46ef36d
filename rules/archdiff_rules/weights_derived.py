from __future__ import annotations

from typing import TYPE_CHECKING

from archdiff.rule import rule
from archdiff_rules._weights import power, share, strength, verdict_finding, with_verdict

if TYPE_CHECKING:
    from collections.abc import Iterator

    from archdiff.rule import Comparison, Finding


@rule(impact="cosmetic", group="Weights")
def weights_derived(comparison: Comparison) -> Iterator[Finding]:
    """The weights of a component depend on those of the other model: they descend from one training.

    Why it matters:
        Two trainings that know nothing of each other give units in an order that has nothing in common. Here
        the order agrees, in at least two exact tests with p below 1e-12 each, controls in order (Zhu et al.,
        2025). That is descent: fine-tuning, continued training, a merged adapter, a quantised release.
        Licence, attribution and known weaknesses of the parent pass on. The tests cannot tell which of the two
        came first, nor a parent from a sibling.

    Example:
        INTELLECT-3 is fine-tuned from GLM-4.5-Air: norm weights correlate at 1.00 after subtracting the mean.
        Solar Open 100B against the same model has raw cosines of 0.99, too, and correlations near 0.

    What to do:
        Compare with the lineage that the model card declares. If it declares none, ask; the release dates say
        more of the direction than the weights. The labels say what kind of descent the difference looks like.
    """
    for component in with_verdict(comparison, "derived"):
        kind = f" ({', '.join(component.labels)})" if component.labels else ""
        said = f"the weights depend on each other{kind}"
        yield verdict_finding(component, said, strength(component), power(component), share(component))
