"""What the loss is of: told from the user, the model and the names in the log, never from the loss itself."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from archdiff.evidence.training_log.names import is_like, table
from archdiff.text import printable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from archdiff.evidence.training_log.expectation import Expectation, ModelFacts, Objective
    from archdiff.evidence.training_log.names import Names

__all__ = ["Told", "tell"]


@dataclasses.dataclass(frozen=True, slots=True)
class Told:
    """The objective, and why.

    Args:
        kind: None where nothing tells it.
        why: what told it; where nothing did, what points somewhere.
    """

    kind: Objective | None
    why: str


def tell(expectation: Expectation, names: Names) -> Told:
    """The objective of a log."""
    if expectation.objective is not None:
        return Told(expectation.objective, f"--objective {expectation.objective}")
    if other := _named("other", names.all):
        return Told("other", f"the log holds {printable(other, 60)}")
    if expectation.model is not None and expectation.model.task != "none":
        return _of_model(expectation.model)
    if causal := _named("causal", (names.loss, *names.all)):
        return Told("causal", f"the log holds {printable(causal, 60)}")
    label = _named("classification", names.all)
    return Told(None, f"the log holds {printable(label, 60)}, as classifiers' logs do" if label else "")


def _of_model(model: ModelFacts) -> Told:
    why = f"the model is a {printable(model.class_name, 60)}"
    if model.task == "language-model":
        return Told("causal", why)
    if model.task.endswith("classifier"):
        return Told("classification", f"{why} with {model.labels} labels" if model.labels else why)
    return Told("other", why)


def _named(kind: str, names: Sequence[str]) -> str:
    patterns = table()["objectives"][kind]
    return next((name for name in names if any(is_like(name, pattern) for pattern in patterns)), "")
