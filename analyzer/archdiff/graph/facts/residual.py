"""Facts of norms and of how the branches of a layer join the residual stream."""

from __future__ import annotations

from collections.abc import Iterator

from archdiff.graph.facts.reading import Reading, weight
from archdiff.graph.schema import Node, Operator, Value

__all__ = ["read"]

Facts = Iterator[tuple[str, Value]]

_MIXERS = ("attention", "linear-attention", "state-space", "convolution-mixer")
_FEED_FORWARD = ("dense-mlp", "mixture-of-experts")
_BRANCHES = (*_MIXERS, *_FEED_FORWARD)


def read(layer: Reading) -> Facts:
    """Facts of the norms and the residual stream of a layer."""
    norms = [n for n in layer.all("norm") if not _inside_branch(layer, n)] or list(layer.all("norm"))
    if norms:
        yield from _norm(layer, norms[0])
    if layer.traced:
        yield "norm.placement", _placement(layer)
        yield "residual.wiring", _wiring(layer)
    yield "residual.scale", _scale(layer)


def _inside_branch(layer: Reading, node: Node) -> bool:
    return any(node.id.startswith(f"{branch.id}.") for branch in layer.all(*_BRANCHES))


def _norm(layer: Reading, node: Node) -> Facts:
    operators = layer.own(node)
    names = {operator.name for operator in operators}
    centred = bool(names & {"native_layer_norm", "layer_norm", "var", "var_mean", "sub"})
    by_class = "rms" if "RMS" in node.class_name or "T5LayerNorm" in node.class_name else "layer"
    yield "norm.kind", ("layer" if centred else "rms") if operators else by_class
    yield "norm.bias", weight(node, "bias") is not None
    yield (
        "norm.zero_centred",
        any(o.name == "add" and o.arguments[:1] in (("1",), ("1.0",)) for o in operators),
    )
    stated = next((node.attributes[k] for k in ("variance_epsilon", "eps", "epsilon") if k in node.attributes), None)
    yield (
        "norm.epsilon",
        stated if isinstance(stated, float) else _run(operators) or layer.stated(*_EPSILONS),
    )


_EPSILONS = ("rms_norm_eps", "layer_norm_eps", "norm_eps")


def _run(operators: tuple[Operator, ...]) -> float | None:
    """The epsilon that a norm without a setting passes to its operator."""
    return next((float(o.arguments[-1]) for o in operators if o.name == "native_layer_norm"), None)


class _Paths:
    """The data flow inside one layer, between its norms, branches and joining operators."""

    def __init__(self, layer: Reading) -> None:
        self.layer, prefix = layer, f"{layer.root}"
        self.branches = layer.all(*_BRANCHES)
        if not any(branch.role in _FEED_FORWARD for branch in self.branches):
            self.branches += layer.all("up", "gate-up", "down")
        edges = [
            (self.lift(a), self.lift(b))
            for a, b in layer.graph.flows
            if self.within(a, prefix) and self.within(b, prefix)
        ]
        self.next: dict[str, set[str]] = {}
        for a, b in edges:
            if a != b:
                self.next.setdefault(a, set()).add(b)

    @staticmethod
    def within(node: str, prefix: str) -> bool:
        return node.startswith((f"{prefix}.", f"{prefix}#"))

    def lift(self, node: str) -> str:
        """The outermost branch that holds the node, else the node."""
        return next((b.id for b in self.branches if self.within(node, b.id) or node == b.id), node)

    def reaches(self, start: str, end: str) -> bool:
        seen, waiting = {start}, [start]
        while waiting:
            for following in self.next.get(waiting.pop(), ()):
                if following == end:
                    return True
                if following not in seen:
                    seen.add(following)
                    waiting.append(following)
        return False


def _placement(layer: Reading) -> str | None:
    paths = _Paths(layer)
    norms = {n.id for n in layer.all("norm") if not _inside_branch(layer, n)}
    branches = {b.id for b in paths.branches}
    sums = {key for keys in paths.next.values() for key in keys if "#add" in key}
    # What leads a branch only is in front of it; what also goes on to the next sum is the residual stream itself.
    leading = {norm for norm in norms if paths.next.get(norm, set()) & branches and not paths.next[norm] & sums}
    before = bool(leading)
    # A branch may add the residual itself, as BLOOM's do: the norm behind it then leads the next branch.
    after = any(paths.next.get(branch, set()) & (norms - leading) for branch in branches)
    after_sum = any(paths.next.get(key, set()) & norms for key in sums) and not before
    if before and after:
        return "before-and-after-branch"
    return "before" if before else "after-branch" if after else "after-residual" if after_sum else None


def _wiring(layer: Reading) -> str | None:
    paths = _Paths(layer)
    mixers = [b.id for b in paths.branches if b.role in _MIXERS]
    others = [b.id for b in paths.branches if b.role not in _MIXERS]
    if not mixers or not others:
        return None
    return "sequential" if paths.reaches(mixers[0], others[-1]) else "parallel"


def _scale(layer: Reading) -> Value:
    value = layer.setting("residual_multiplier", "residual_scale")
    return value if isinstance(value, float) and value != 1.0 else None
