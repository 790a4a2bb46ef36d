"""A stand-in for an instance of a class, made from a graph: transformers' loader asks no more of a model."""

from __future__ import annotations

import sys
from types import MappingProxyType, SimpleNamespace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from archdiff.graph.schema import ModelGraph

__all__ = ["Settings", "StandIn"]


class Settings:
    """A normalised config whose values are attributes, as conversions read them."""

    def __init__(self, values: Mapping[str, Any]) -> None:
        self.values = values

    def __getattr__(self, name: str) -> Any:
        try:
            value = self.values[name]
        except KeyError:
            raise AttributeError(name) from None
        return Settings(value) if hasattr(value, "items") else value

    def get_text_config(self) -> Settings:
        """The config of the language model."""
        from archdiff.graph.settings import scope_of

        return Settings(scope_of(self.values))


class StandIn:
    """What transformers' loader asks of a model, without the model.

    Args:
        graph: of a class that transformers ships.
        built: shape of each tensor of its state dict, by the class's own name.

    Raises:
        LookupError: transformers ships no class of that name.
    """

    def __init__(self, graph: ModelGraph, built: Mapping[str, tuple[int, ...]]) -> None:
        self.built = MappingProxyType(dict(built))
        self.config = Settings(graph.config)
        self.modules = dict(_models(graph))
        self.root: Any = self.modules[""]
        self.base_model_prefix: str = self.root.base_model_prefix

    def named_modules(self) -> Iterator[tuple[str, Any]]:
        """The model and the models inside it."""
        yield from self.modules.items()

    def get_parameter(self, name: str) -> Any:
        """Something with the parameter's shape.

        Raises:
            KeyError: the model has no such parameter.
        """
        return SimpleNamespace(shape=self.built[name])


def _models(graph: ModelGraph) -> Iterator[tuple[str, Any]]:
    """Instances, without tensors and settings, of the classes that are models of their own; the whole first."""
    import transformers
    from transformers import PreTrainedModel

    places: list[Any] = [transformers]
    known: dict[str, Any] = {}
    for key, node in graph.nodes.items():
        if node.class_name not in known:
            found = next((c for place in places if (c := getattr(place, node.class_name, None)) is not None), None)
            known[node.class_name] = found if _is_model(found, PreTrainedModel) else None
            if known[node.class_name] is not None:
                places.append(sys.modules[known[node.class_name].__module__])
        model_class = known[node.class_name]
        if model_class is not None:
            yield key, _instance(model_class)
        elif not key:
            raise LookupError(graph.class_name)


def _is_model(found: Any, base: type) -> bool:
    return isinstance(found, type) and issubclass(found, base)


def _instance(model_class: Any) -> Any:
    made = model_class.__new__(model_class)
    settings = getattr(model_class, "config_class", None)
    made.__dict__["config"] = SimpleNamespace(model_type=getattr(settings, "model_type", ""))
    return made
