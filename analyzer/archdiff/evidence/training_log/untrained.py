"""The loss of a tiny model before training, measured: built with new weights from a fixed seed and run once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch

from archdiff.errors import ArchdiffError
from archdiff.evidence.training_log.expectation import Reference
from archdiff.graph.build import instantiate, quiet

if TYPE_CHECKING:
    from archdiff.graph.schema import ModelGraph

__all__ = ["measured"]

_SEED = 0
_SEQUENCES, _LENGTH = 4, 64


def measured(graph: ModelGraph, vocabulary: int) -> Reference | None:
    """The mean cross-entropy over random tokens, every target as likely; None where the class cannot be run so.

    Args:
        graph: of a model that is small enough to be built for real.
        vocabulary: rows of its embedding.
    """
    with quiet(), torch.random.fork_rng(devices=[]):
        torch.manual_seed(_SEED)
        try:
            loss = _loss(graph, vocabulary)
        except (ArchdiffError, RuntimeError, ValueError, TypeError, AttributeError, IndexError, KeyError):
            return None
    source = f"built with new weights (seed {_SEED}) and run on {_SEQUENCES} × {_LENGTH} random tokens"
    return Reference("untrained model", round(loss, 6), source)


def _loss(graph: ModelGraph, vocabulary: int) -> float:
    """Over all targets of each position: log Σ exp(logit) less the mean logit."""
    model = _built(graph)
    length = min(_LENGTH, _context(graph))
    tokens = torch.randint(vocabulary, (_SEQUENCES, length))
    with torch.no_grad():
        logits = model(input_ids=tokens).logits.double()
    return float((torch.logsumexp(logits, -1) - logits.mean(-1)).mean())


def _built(graph: ModelGraph) -> Any:
    """The class that the graph was built of, on the CPU, in 32 bits."""
    stated = {"model_type": graph.model_type, "architectures": [graph.class_name]}
    built = instantiate({**_plain(graph.attributes["config"]), **stated}, graph.name)
    model_class: Any = type(built.model)
    return model_class._from_config(built.config, attn_implementation="eager", dtype=torch.float32).eval()


def _plain(value: Any) -> Any:
    """The frozen config as transformers takes it."""
    if hasattr(value, "items"):
        return {key: _plain(item) for key, item in value.items()}
    return [_plain(item) for item in value] if isinstance(value, tuple) else value


def _context(graph: ModelGraph) -> int:
    stated = graph.nodes[""].facts.get("context_length")
    return stated if isinstance(stated, int) and stated > 0 else _LENGTH
