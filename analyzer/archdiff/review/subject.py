"""The model under review: what it shows of each claim, and where."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from archdiff.compare.changes import ranges
from archdiff.compare.differences import vocabulary
from archdiff.report.values import clean, plain

if TYPE_CHECKING:
    from collections.abc import Iterator

    from archdiff.graph.schema import ModelGraph, Value
    from archdiff.report.portrait import Portrait
    from archdiff.report.schema import Block, Part
    from archdiff.review.table import Spec

__all__ = ["Found", "Subject"]

_TOWERS = ("vision", "visual", "audio")
_NESTED = ("text_config", "llm_config", "language_config", "thinker_config")


@dataclass(frozen=True, slots=True)
class Found:
    """A value that the model shows.

    Args:
        value: of the figure or fact.
        layers: numbers of the layers that have it; empty for the whole model.
        where: config key, module and layers.
    """

    value: Value
    layers: tuple[int, ...]
    where: str


@dataclass(frozen=True)
class Subject:
    """The model under review.

    Args:
        graph: of the model.
        portrait: of the model.
        config: as it is published; that of the graph where only a saved graph is at hand.
        reference: what commands call it.
    """

    graph: ModelGraph
    portrait: Portrait
    config: Mapping[str, object]
    reference: str

    @cached_property
    def stack(self) -> str:
        """The stack of layers that claims are about: the one with most parameters outside towers."""
        sizes = {
            name: sum(map(self.graph.subtree_parameters, layers[:1])) * len(layers)
            for name, layers in self.graph.stacks.items()
        }
        text = {name: size for name, size in sizes.items() if not any(tower in name for tower in _TOWERS)}
        return max(text or sizes, key=lambda name: (sizes[name], name), default="")

    @cached_property
    def layers(self) -> tuple[Mapping[str, Value], ...]:
        """Facts of each layer of that stack."""
        return tuple(self.graph.nodes[layer].facts for layer in self.graph.stacks.get(self.stack, ()))

    @property
    def is_known(self) -> bool:
        """Whether a config says what the model is; bare weights have none."""
        return bool(self.graph.class_name)

    def find(self, spec: Spec) -> tuple[Found, ...]:
        """The distinct values that the model shows, in the order of the layers; none where it shows none.

        A fact that no layer states has the value `spec.absent`, where the table has one.
        """
        if spec.finds.startswith("@"):
            return self._figure(spec)
        own = self.graph.nodes[""].facts
        if spec.finds in own:
            value = own[spec.finds]
            return (Found(spec.absent if value is None else value, (), self._where(spec, ())),)
        return tuple(self._in_layers(spec))

    def _figure(self, spec: Spec) -> tuple[Found, ...]:
        model = self.portrait.model
        if spec.finds == "@layers":
            every = tuple(range(len(self.layers)))
            return (Found(model.layers, every, self._where(spec, every)),)
        if spec.finds == "@dense_layers":
            dense = tuple(i for i, facts in enumerate(self.layers) if facts.get("feed_forward.kind") == "dense")
            return (Found(len(dense), dense, self._where(spec, dense or tuple(range(len(self.layers))))),)
        value = model.parameters if spec.finds == "@parameters" else model.active_parameters
        return (Found(value, (), f"all {len(self.graph.nodes):,} nodes of the graph"),) if value is not None else ()

    def _in_layers(self, spec: Spec) -> Iterator[Found]:
        """A value that holds where the model has the part; where it has it nowhere, what absence stands for."""
        stated: dict[Value, list[int]] = {}
        for number, facts in enumerate(self.layers):
            value = facts.get(spec.finds)
            if value is not None or spec.finds == "attention.window":
                stated.setdefault(spec.absent if value is None else value, []).append(number)
        if not stated and spec.absent is not None:
            yield Found(spec.absent, (), self._where(spec, ()))
        for value, layers in stated.items():
            yield Found(value, tuple(layers), self._where(spec, tuple(layers)))

    def _where(self, spec: Spec, layers: tuple[int, ...]) -> str:
        """`config.json num_attention_heads; model.layers.*.self_attn, layers 0–47`."""
        key, told = self._key(spec), []
        if key:
            told.append(f"config.json {key}")
        if layers:
            spans = ", ".join(f"{a}" if a == b else f"{a}–{b}" for a, b in ranges(layers))
            told.append(f"{self._module(spec)}, {'layer' if len(layers) == 1 else 'layers'} {spans}")
        return clean("; ".join(told)) or "the whole model"

    def _key(self, spec: Spec) -> str:
        """The config key that decides it, as the config is written."""
        wanted = spec.config or tuple(vocabulary().get(spec.finds, {}).get("config", ()))
        scopes = [("", self.config)]
        for name in _NESTED:
            inner = self.config.get(name)
            if isinstance(inner, Mapping):
                scopes.insert(0, (f"{name}.", inner))
        return next((f"{prefix}{key}" for prefix, scope in scopes for key in wanted if key in scope), "")

    def _module(self, spec: Spec) -> str:
        """The module that shows it, `*` for the number of the layer; the stack where no module alone does."""
        for block in self.portrait.model.blocks:
            if block.stack == self.stack:
                for part in _parts(block):
                    if spec.finds in part.facts and part.id.startswith(f"{block.id}."):
                        return f"{self.stack}.*{part.id.removeprefix(block.id)}"
        return self.stack

    def shown(self, spec: Spec) -> object:
        """What the model shows as JSON: one value, or a list of those of different layers."""
        values = [plain(found.value) for found in self.find(spec)]
        return values[0] if len(values) == 1 else values or None


def _parts(block: Block) -> Iterator[Part]:
    waiting = list(block.parts)
    while waiting:
        part = waiting.pop(0)
        yield part
        waiting[:0] = part.parts
