"""What a model's graph says of its training, above all the loss before the first step.

At the start the logits are independent of the target; for rows of the output matrix with standard deviation σ and
hidden states of unit root mean square over d coordinates they have the variance d·σ², and the expected cross-entropy
is ln V + ½·Var(logit) (the mean of a log-normal; exact for large V).
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from archdiff.evidence.training_log.expectation import ModelFacts, Reference

if TYPE_CHECKING:
    from collections.abc import Mapping

    from archdiff.graph.schema import ModelGraph, Value

__all__ = ["LARGEST", "facts_of", "from_formula"]

LARGEST = 50_000_000
"""Parameters up to which the untrained model is run."""


def facts_of(graph: ModelGraph, active: int | None) -> ModelFacts:
    """Read the graph; a tiny model is built with new weights and run once.

    Args:
        graph: of the model.
        active: parameters that take part in computing one token.
    """
    facts = graph.nodes[""].facts
    task = str(facts.get("task_head") or "none")
    vocabulary = _count(facts.get("vocabulary"))
    untrained: Reference | None = None
    lacking: tuple[str, ...] = ()
    if task == "language-model" and vocabulary:
        untrained, lacking = _untrained(graph, vocabulary)
    return ModelFacts(
        name=graph.name,
        class_name=graph.class_name,
        task=task,
        labels=_labels(graph) if task.endswith("classifier") else None,
        vocabulary=vocabulary,
        parameters=graph.parameters,
        active=active,
        untrained=untrained,
        not_checked=lacking,
    )


def _untrained(graph: ModelGraph, vocabulary: int) -> tuple[Reference | None, tuple[str, ...]]:
    if graph.parameters <= LARGEST:
        from archdiff.evidence.training_log.untrained import measured

        found = measured(graph, vocabulary)
        if found is not None:
            return found, ()
    return from_formula(graph, vocabulary)


def from_formula(graph: ModelGraph, vocabulary: int) -> tuple[Reference | None, tuple[str, ...]]:
    """The loss before training by ln V + ½·d·σ²; None, and the reason, where the formula does not hold."""
    facts = graph.nodes[""].facts
    sigma, hidden = _sigma(graph.attributes["config"]), _count(facts.get("hidden_size"))
    why = ""
    if sigma is None or hidden is None:
        why = "the config states no initializer_range"
    elif not facts.get("norm.final"):
        why = "there is no last norm, so the size of the hidden states is not known"
    elif facts.get("logit.scale") is not None or facts.get("logit.bias"):
        why = "its logits are scaled or shifted"
    if why or sigma is None or hidden is None:
        return None, (f"loss of the untrained model: {why}",)
    variance = hidden * sigma**2
    source = f"ln V + ½·d·σ² with d = {hidden:,} and σ = initializer_range = {sigma:g}"
    return Reference("untrained model", math.log(vocabulary) + variance / 2, source), ()


def _sigma(config: Mapping[str, Value]) -> float | None:
    stated = _anywhere(config, "initializer_range")
    is_number = isinstance(stated, int | float) and not isinstance(stated, bool)
    return float(stated) if is_number and isinstance(stated, int | float) and 0 < stated < 1 else None


def _anywhere(config: Mapping[str, Value], key: str) -> object:
    """The config's value, else that of the text model inside."""
    inner: object = config.get("text_config")
    return config.get(key) or (inner.get(key) if hasattr(inner, "get") else None)


def _labels(graph: ModelGraph) -> int | None:
    """Rows of the last matrix of the head; a single one is no choice between labels."""
    heads = (node for node in graph.nodes.values() if node.role == "task-head")
    rows = [tensor.shape[0] for node in heads for tensor in node.tensors if len(tensor.shape) == 2]
    return rows[-1] if rows and rows[-1] > 1 else None


def _count(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else None
