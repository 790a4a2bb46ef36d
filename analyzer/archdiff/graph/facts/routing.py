"""Facts of the router of a mixture of experts, from its recorded operators; settings stand in where none were."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property

from archdiff.graph.facts.reading import Reading, weight
from archdiff.graph.schema import Node, Operator, Value

__all__ = ["read"]

Facts = Iterator[tuple[str, Value]]

_SCORES = ("softmax", "sigmoid", "softplus")
_CHOICES = ("topk", "argmax")
_TOTALS = frozenset({"sum", "logsumexp", "linalg_vector_norm"})
_CORRECTIONS = frozenset({"e_score_correction_bias", "expert_bias", "correction_bias", "balancing_biases"})
_TOP_K = ("top_k", "num_experts_per_tok", "experts_per_token", "num_experts_per_token", "moe_topk", "top_k_experts")
_SCALING = ("routed_scaling_factor", "router_scaling_factor", "route_scale", "moe_routed_scaling_factor",
            "moe_router_scaling_factor")  # fmt: skip


def read(mixture: Reading) -> Facts:
    """Facts of the router.

    Args:
        mixture: what holds the router and the experts.
    """
    router = mixture.find("router")
    program = _program(mixture, router)
    yield "experts.per_token", program.kept or mixture.count(*_TOP_K) or program.choices or None
    scoring, order = _scoring(mixture, program)
    yield "router.scoring", scoring
    if order is not None:
        yield "router.scoring_order", order
    yield "router.bias", _biases(mixture, router)
    yield "router.normalization", _normalised(mixture, program, scoring, order)
    scaling = mixture.setting(*_SCALING)
    yield "router.scaling", scaling if isinstance(scaling, int | float) and scaling != 1 else None
    groups, kept = mixture.count("num_group", "n_group"), mixture.count("topk_group")
    yield "router.groups", (groups, kept) if groups and kept and kept < groups else None


class _Program:
    """The operators of one module, and what each of them was computed from."""

    def __init__(self, part: Reading, module: Node) -> None:
        self.part, self.module = part, module
        self.operators: Sequence[Operator] = part.own(module)

    @cached_property
    def choice(self) -> int | None:
        """Number of the operator that chooses experts; the first ones of group-limited routing choose groups."""
        found = [n for n, o in enumerate(self.operators) if o.name in _CHOICES and o.shapes]
        return found[-1] if found else None

    @property
    def kept(self) -> int | None:
        """Experts that a top-k keeps for a token."""
        found = self.operators[self.choice] if self.choice is not None else None
        return found.shapes[0][-1] if found is not None and found.name == "topk" else None

    @property
    def choices(self) -> int:
        """How often the best expert is chosen, where that is done one by one."""
        return sum(o.name == "argmax" for o in self.operators)

    def names_before(self, *inputs: str) -> frozenset[str]:
        """Names of the operators that any of the inputs was computed from, those inside parts of the module too."""
        names: set[str] = set()
        seen: set[str] = set()
        waiting = list(inputs)
        while waiting:
            source = waiting.pop()
            if source in seen or source[:1] in "@>":
                continue
            seen.add(source)
            if source.startswith("#"):
                operator = self.operators[int(source[1:])]
                names.add(operator.name)
                waiting += operator.inputs
            else:
                names.update(self._inside(source))
                waiting += self._called_with(source)
        return frozenset(names)

    def _inside(self, child: str) -> Iterator[str]:
        below = self.part.below(self.part.graph.nodes[f"{self.module.id}.{child}"])
        return (operator.name for operator in below.operators())

    def _called_with(self, child: str) -> Iterator[str]:
        """What the module computed before the part ran: whatever it then did not use elsewhere."""
        first = next((n for n, o in enumerate(self.operators) if child in o.inputs), 0)
        return (f"#{n}" for n in range(first))

    def every_name(self) -> frozenset[str]:
        """Names of the operators of the module and its parts."""
        return frozenset(operator.name for operator in self.part.below(self.module).operators())


def _program(mixture: Reading, router: Node | None) -> _Program:
    """The operators that choose experts: the router's, or those of the mixture around one that only projects."""
    around = mixture.graph.nodes[mixture.root]
    found = [_Program(mixture, node) for node in (router, around) if node is not None]
    return next((program for program in found if program.choice is not None), found[0])


def _scoring(mixture: Reading, program: _Program) -> tuple[str | None, str | None]:
    """The score function, and whether it runs before or after the choice; the latter None where it is unknown."""
    names = program.every_name() if program.operators else frozenset[str]()
    if program.choice is None and "masked_fill" in names:
        return "sparsemixer", None
    if program.choice is None:
        return _score(names) or _stated(mixture), None
    before = _score(program.names_before(*program.operators[program.choice].inputs))
    if before is not None:
        return before, "before top-k"
    after = _score(names)
    return (after, "after top-k") if after is not None else (_stated(mixture), None)


def _score(names: frozenset[str]) -> str | None:
    found = next((name for name in _SCORES if name in names), None)
    return "sqrtsoftplus" if found == "softplus" and "sqrt" in names else found


def _stated(mixture: Reading) -> str | None:
    stated = mixture.setting("scoring_func", "score_func", "expert_selection_fn")
    return stated if isinstance(stated, str) else None


def _normalised(mixture: Reading, program: _Program, scoring: str | None, order: str | None) -> bool | None:
    """Whether the weights of the chosen experts sum to one: divided by their sum, or a softmax over them alone.

    None where neither operators nor settings tell.
    """
    if scoring == "softmax" and order == "after top-k":
        return True
    if not program.operators:
        stated = mixture.setting("norm_topk_prob", "route_norm")
        return stated if isinstance(stated, bool) else None
    pairs = [(o.name, o.inputs[1]) for o in program.operators if o.name in ("div", "sub") and len(o.inputs) == 2]
    totals = {name: program.names_before(total) & _TOTALS for name, total in pairs}
    return bool(totals.get("div")) or "logsumexp" in totals.get("sub", ())


def _biases(mixture: Reading, router: Node | None) -> tuple[str, ...]:
    around = mixture.graph.nodes[mixture.root]
    parts = mixture.below(router).modules if router is not None else ()
    projection = any(weight(node, "bias") is not None for node in parts if node.role == "router")
    correction = any(t.name in _CORRECTIONS for node in (*parts, around) for t in node.tensors)
    found = (("projection", projection), ("score-correction", correction))
    return tuple(name for name, there in found if there)
