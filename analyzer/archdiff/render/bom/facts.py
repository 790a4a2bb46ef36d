"""The architecture in the words of model cards: family, task, inputs, outputs, hyperparameters."""

from __future__ import annotations

import json
from types import MappingProxyType
from typing import TYPE_CHECKING

from archdiff.render.bom.identity import shown
from archdiff.report.phrases import is_stated

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from pydantic import JsonValue

    from archdiff.render.bom.subject import Subject
    from archdiff.report.schema import ModelEntry

__all__ = [
    "family",
    "hyperparameters",
    "inputs",
    "is_mixture",
    "limitations",
    "modalities",
    "outputs",
    "spelled",
    "task",
]

_TASKS: Mapping[str, str] = MappingProxyType({
    "language-model": "text-generation",
    "masked-language-model": "fill-mask",
    "sequence-classifier": "text-classification",
    "token-classifier": "token-classification",
    "question-answering": "question-answering",
    "none": "feature-extraction",
})  # fmt: skip
"""Pipeline tags of the hub (https://huggingface.co/tasks) by what the model's head computes."""

_SEEING: Mapping[tuple[str, ...], str] = MappingProxyType({
    ("vision",): "image-text-to-text",
    ("audio",): "audio-text-to-text",
    ("vision", "audio"): "any-to-any",
})  # fmt: skip
"""The same for language models with towers."""

_INPUTS: Mapping[str, str] = MappingProxyType({"vision": "image", "audio": "audio"})
_FIGURES = ("model_type", "class_name", "parameters", "active_parameters", "layers")


def task(model: ModelEntry) -> str | None:
    """The hub's tag of what the model computes; None where its head does not say."""
    head = str(model.facts.get("task_head"))
    seen = modalities(model)
    return _SEEING.get(seen) if head == "language-model" and seen else _TASKS.get(head)


def modalities(model: ModelEntry) -> tuple[str, ...]:
    """What it has towers for, besides text: `vision`, `audio`."""
    named = model.facts.get("modalities")
    return tuple(each for each in _INPUTS if each in named) if isinstance(named, list) else ()


def family(model: ModelEntry) -> str | None:
    """The family by what mixes positions; None where no layer says it."""
    values = (model.facts.get("mixer.kind"), *model.varying.get("mixer.kind", ()))
    kinds = dict.fromkeys(kind for value in values if isinstance(value, str) for kind in value.split(" and "))
    if not kinds:
        return None
    if set(kinds) == {"attention"}:
        return "mixture-of-experts transformer" if is_mixture(model) else "transformer"
    mixed = " and ".join(kinds)
    name = f"hybrid of {mixed}" if len(kinds) > 1 else f"{mixed} model"
    return f"{name} with mixture of experts" if is_mixture(model) else name


def is_mixture(model: ModelEntry) -> bool:
    """Whether any layer routes tokens to experts."""
    return any(
        is_stated(value) for value in (model.facts.get("experts.count"), *model.varying.get("experts.count", ()))
    )


def inputs(model: ModelEntry) -> tuple[str, ...]:
    """Formats of what goes in."""
    return (f"text: {_tokens(model)}", *(_INPUTS[each] for each in modalities(model)))


def outputs(model: ModelEntry) -> tuple[str, ...]:
    """Formats of what comes out."""
    head, width = model.facts.get("task_head"), model.facts.get("hidden_size")
    if head in ("language-model", "masked-language-model"):
        return (f"text: scores of {_tokens(model)}",)
    if head == "none":
        return (f"hidden states of width {width:,}" if isinstance(width, int) else "hidden states",)
    return ("scores of classes",) if head in ("sequence-classifier", "token-classifier") else ()


def limitations(model: ModelEntry) -> tuple[str, ...]:
    """What the architecture cannot do, as far as a config says so."""
    context, window = model.facts.get("context_length"), model.facts.get("attention.window")
    found = [f"The context is {context:,} tokens."] if isinstance(context, int) and context else []
    if isinstance(window, int) and window:
        found.append(f"No layer attends further back than {window:,} tokens.")
    return tuple(found)


def _tokens(model: ModelEntry) -> str:
    size = model.facts.get("vocabulary")
    return f"token ids of a vocabulary of {size:,}" if isinstance(size, int) and size else "token ids"


def hyperparameters(subject: Subject) -> Iterator[tuple[str, str]]:
    """Name and value of all that the architecture states; what it has not is left out."""
    model = subject.model
    for name in _FIGURES:
        if is_stated(value := getattr(model, name)):
            yield name, spelled(value)
    if subject.cache is not None:
        yield "key_value_cache.bytes_per_token", spelled(subject.cache.bytes_per_token)
    for name, value in model.facts.items():
        if name != "layers" and is_stated(value):
            yield shown(name), spelled(value)
    for name, values in model.varying.items():
        yield shown(name), f"varies by layer: {', '.join(map(spelled, values))}"


def spelled(value: JsonValue) -> str:
    """A value as text: numbers in digits, lists as JSON."""
    if isinstance(value, str):
        return shown(value)
    return "none" if value is None else shown(json.dumps(value, ensure_ascii=False))
