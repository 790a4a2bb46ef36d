"""How one model comes from another: each relation is a function of the parent."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from tests.benchmarks.provenance import disguises, reshaped
from tests.benchmarks.provenance.member import initialised
from tests.benchmarks.provenance.members import RATES, STEPS
from tests.benchmarks.provenance.rounding import METHODS, quantised, released
from tests.benchmarks.provenance.training import Tuning, trained

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tests.benchmarks.provenance.member import Member

EVERY = ("llama", "gpt2", "qwen2_moe")
DENSE = ("llama", "gpt2")
RMS = ("llama", "qwen2_moe")
ROUTED = ("qwen2_moe",)
LLAMA = ("llama",)
OTHER_TEXT = "manual"
EMBEDDINGS = ("*embed_tokens.weight", "*wte.weight", "*wpe.weight", "*lm_head.weight")


@dataclasses.dataclass(frozen=True)
class Relation:
    """A way to make a model of another.

    Args:
        name: what it is called; combinations join their parts with `+`.
        derive: from the parent and the size of the bench.
        kinds: of parents it works for.
    """

    name: str
    derive: Callable[[Member, str], Member]
    kinds: tuple[str, ...] = EVERY


def fine_tuned(parent: Member, size: str, order: int = 101) -> Member:
    """On other text."""
    return _tuned(parent, size, OTHER_TEXT, order)


def continued(parent: Member, size: str) -> Member:
    """More steps on the same text, at the full rate again."""
    return _tuned(parent, size, "code", 102, rate=1.0)


def adapter_merged(parent: Member, size: str) -> Member:
    """A trained adapter of rank 8 on projections, merged."""
    return _tuned(parent, size, OTHER_TEXT, 103, rate=1.0, rank=8)


def frozen_embeddings(parent: Member, size: str) -> Member:
    """Embeddings and head as they were."""
    return _tuned(parent, size, OTHER_TEXT, 104, frozen=EMBEDDINGS)


def frozen_layers(parent: Member, size: str) -> Member:
    """Embeddings and the first layer as they were."""
    return _tuned(parent, size, OTHER_TEXT, 105, frozen=(*EMBEDDINGS, "*.layers.0.*", "*.h.0.*"))


def embeddings_retrained(parent: Member, size: str) -> Member:
    """New embeddings trained under a frozen body, then everything."""
    fresh = initialised(parent.kind, parent.settings, seed=106)
    outside = {name: each for name, each in fresh.state.items() if name.endswith(_plain(EMBEDDINGS))}
    body = tuple(name for name in parent.state if name not in outside)
    warm = _tuned(parent.having({**parent.state, **outside}), size, "code", 106, rate=1.0, frozen=body)
    return _tuned(warm, size, "code", 107)


def sibling_merged(parent: Member, size: str) -> Member:
    """0.6 of one fine-tune and 0.4 of another."""
    return reshaped.merged((fine_tuned(parent, size), continued(parent, size)), (0.6, 0.4))


def disguised(parent: Member, size: str) -> Member:
    """Units, heads and residual stream relabelled, turned and rescaled, all at once."""
    relabelled = disguises.head_permuted(disguises.unit_permuted(parent))
    return disguises.rescaled(disguises.rotated(relabelled))


def steps(*parts: Callable[[Member, str], Member]) -> Callable[[Member, str], Member]:
    """One derivation after the other."""

    def derive(parent: Member, size: str) -> Member:
        for part in parts:
            parent = released(part(parent, size))
        return parent

    return derive


def _tuned(parent: Member, size: str, text: str, order: int, *, rate: float = 0.3, **choices: object) -> Member:
    tuning = Tuning(text, STEPS[size] // 4, order, rate * RATES[size], **choices)
    return trained(parent, tuning)


def _plain(patterns: Sequence[str]) -> tuple[str, ...]:
    return tuple(pattern.removeprefix("*") for pattern in patterns)


def _of(function: Callable[..., Member], *arguments: object, **choices: object) -> Callable[[Member, str], Member]:
    """A derivation that does not depend on the bench's size."""
    return lambda parent, _: function(parent, *arguments, **choices)


def _middle_dropped(parent: Member) -> Member:
    dropped = parent.layers // 2
    return reshaped.with_layers(parent, [number for number in range(parent.layers) if number != dropped])


def _resized(parent: Member, size: str) -> Member:
    return fine_tuned(reshaped.resized(parent), size)


PERMUTED = _of(disguises.unit_permuted)
ROTATED = _of(disguises.rotated)
PRUNED = _of(reshaped.pruned_units, by="importance")
UPCYCLED = _of(reshaped.upcycled)

RELATIONS = (
    Relation("identical", lambda parent, _: parent),
    Relation("fine-tuned", fine_tuned),
    Relation("continued", continued),
    Relation("adapter-merged", adapter_merged, RMS),
    Relation("frozen-embeddings", frozen_embeddings),
    Relation("frozen-layers", frozen_layers),
    Relation("embeddings-retrained", embeddings_retrained),
    Relation("vocabulary-resized", _resized, RMS),
    Relation("merged", sibling_merged, LLAMA),
    *(Relation(f"quantised-{method}", _of(quantised, method), EVERY) for method in METHODS),
    Relation("unit-permuted", PERMUTED),
    Relation("head-permuted", _of(disguises.head_permuted)),
    Relation("expert-permuted", _of(disguises.expert_permuted), ROUTED),
    Relation("residual-permuted", _of(disguises.residual_permuted)),
    Relation("signed-permuted", _of(disguises.signed_permuted), RMS),
    Relation("rotated", ROTATED, RMS),
    Relation("rescaled", _of(disguises.rescaled), RMS),
    Relation("disguised", disguised, RMS),
    Relation("pruned-width", _of(reshaped.pruned_units), DENSE),
    Relation("pruned-importance", PRUNED, DENSE),
    Relation("pruned-ranked", _of(reshaped.pruned_units, by="rank"), DENSE),
    Relation("pruned-residual", _of(reshaped.pruned_residual), LLAMA),
    Relation("pruned-depth", _of(_middle_dropped)),
    Relation("depth-scaled", _of(reshaped.depth_scaled)),
    Relation("up-cycled", UPCYCLED, LLAMA),
    Relation("shared-from-dense", _of(reshaped.shared_from_dense), LLAMA),
    Relation("unit-permuted+fine-tuned", steps(PERMUTED, fine_tuned)),
    Relation("disguised+fine-tuned", steps(disguised, fine_tuned), RMS),
    Relation("rotated+quantised-int4", steps(ROTATED, _of(quantised, "int4")), RMS),
    Relation("fine-tuned+quantised-fp8", steps(fine_tuned, _of(quantised, "fp8"))),
    Relation("pruned-importance+continued", steps(PRUNED, continued), DENSE),
    Relation("pruned-depth+continued", steps(_of(_middle_dropped), continued)),
    Relation("depth-scaled+continued", steps(_of(reshaped.depth_scaled), continued), DENSE),
    Relation("up-cycled+continued", steps(UPCYCLED, continued), LLAMA),
    Relation("shared-from-dense+continued", steps(_of(reshaped.shared_from_dense), continued), LLAMA),
    Relation("unit-permuted+up-cycled", steps(PERMUTED, UPCYCLED), LLAMA),
)
"""Every relation in which NEW comes from OLD."""

AT_LENGTH = frozenset({
    "continued", "frozen-embeddings", "embeddings-retrained", "vocabulary-resized", "merged",
    "fine-tuned+quantised-fp8", "disguised+fine-tuned", "pruned-depth+continued", "depth-scaled+continued",
    "shared-from-dense+continued",
})  # fmt: skip
"""Those that train a model once more and are left out where that takes minutes each."""
