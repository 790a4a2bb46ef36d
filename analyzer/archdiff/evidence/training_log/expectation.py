"""What is known before a log is read: the vocabulary, the model, the objective, the names of values."""

from __future__ import annotations

import dataclasses
from typing import Literal

__all__ = ["Columns", "Expectation", "ModelFacts", "Objective", "Reference"]

Objective = Literal["causal", "classification", "other"]
"""What the loss is of: the next token, a label, or something for which the vocabulary says nothing."""


@dataclasses.dataclass(frozen=True, slots=True)
class Reference:
    """A loss that is known beforehand.

    Args:
        name: `ln V`, `untrained model`.
        loss: in nats for each token.
        source: the formula, or how it was measured.
    """

    name: str
    loss: float
    source: str


@dataclasses.dataclass(frozen=True)
class Columns:
    """Where the values stand in the log; None to find them.

    Args:
        loss: name of the training loss.
        step: name of the step.
        pattern: regular expression for a line of a text log, with the groups `step` and `loss`.
    """

    loss: str | None = None
    step: str | None = None
    pattern: str | None = None


@dataclasses.dataclass(frozen=True)
class ModelFacts:
    """What the model says of its training.

    Args:
        name: of the model.
        class_name: in transformers.
        task: what its head predicts: `language-model`, `sequence-classifier`, `masked-language-model`, …; `none`
            where its class has no head.
        labels: of a classifier.
        vocabulary: rows of the embedding.
        parameters: all of them.
        active: that take part in computing one token; None where it cannot be told.
        untrained: the loss of this architecture before training; None where it cannot be told.
        not_checked: why something of this is missing.
    """

    name: str
    class_name: str
    task: str
    labels: int | None
    vocabulary: int | None
    parameters: int
    active: int | None
    untrained: Reference | None
    not_checked: tuple[str, ...] = ()


@dataclasses.dataclass(frozen=True)
class Expectation:
    """What a log is held against.

    Args:
        vocabulary: tokens that the model chooses from.
        model: whose log it is said to be.
        objective: as the user states it; None to tell it from model and log, or to ask.
        columns: where the values stand.
        tokens_per_step: tokens of all sequences of one step, where the log does not say.
    """

    vocabulary: int | None = None
    model: ModelFacts | None = None
    objective: Objective | None = None
    columns: Columns = Columns()
    tokens_per_step: int | None = None

    @property
    def tokens(self) -> int | None:
        """The vocabulary that was stated, else the model's."""
        return self.vocabulary or (self.model.vocabulary if self.model else None)
