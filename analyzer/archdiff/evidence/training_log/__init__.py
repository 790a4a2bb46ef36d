"""Training logs: whether a run began with a model that knew nothing, and whether its log can be believed so far."""

from __future__ import annotations

import dataclasses
import math
from typing import TYPE_CHECKING

from archdiff.evidence.training_log.compute import Compute, compute
from archdiff.evidence.training_log.expectation import Columns, Expectation, ModelFacts, Objective, Reference
from archdiff.evidence.training_log.judge import Judgement, Verdict, judge
from archdiff.evidence.training_log.names import choose
from archdiff.evidence.training_log.objective import Told, tell
from archdiff.evidence.training_log.reading import Kind, Log, open_log
from archdiff.evidence.training_log.summary import Summary, summarise
from archdiff.evidence.training_log.words import limits

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = [
    "Columns",
    "Compute",
    "Expectation",
    "Judgement",
    "Kind",
    "Log",
    "ModelFacts",
    "Objective",
    "Reference",
    "Summary",
    "Told",
    "TrainingLog",
    "Verdict",
    "examine",
    "open_log",
]


@dataclasses.dataclass(frozen=True)
class TrainingLog:
    """What a training log says.

    Args:
        name: as the user named it.
        kind: how it is written.
        digest: SHA-256 of the bytes that were read: `sha256:…`.
        summary: what it holds.
        objective: what its loss is of.
        expectation: what it was held against.
        references: losses that are known beforehand.
        compute: tokens and floating-point operations.
        judgement: the verdict and its reasons.
        limits: what a log cannot prove, as it applies here.
        not_checked: what was left out, and why.
    """

    name: str
    kind: Kind
    digest: str
    summary: Summary
    objective: Told
    expectation: Expectation
    references: tuple[Reference, ...]
    compute: Compute
    judgement: Judgement
    limits: tuple[str, ...]
    not_checked: tuple[str, ...]

    @property
    def verdict(self) -> Verdict:
        """What the log is consistent with."""
        return self.judgement.verdict


def examine(path: str | Log, expectation: Expectation) -> TrainingLog:
    """Read a training log once, as a stream, and judge how it begins.

    Args:
        path: of the log or of the directory of a run, or the log as `open_log` found it.
        expectation: what it is held against.

    Raises:
        UnresolvedReferenceError: there is nothing.
        SourceError: it is no log, is damaged, holds several runs or no loss, or its steps run backwards.
        UsageError: a package that reads it is not installed, or the pattern is none.
    """
    columns = expectation.columns
    log = open_log(path, columns.pattern) if isinstance(path, str) else path
    names, records = choose(log.records(), log.subject, columns.loss, columns.step)
    summary = summarise(records, names, log.subject)
    told = tell(expectation, names)
    uniform, untrained = _references(expectation, told)
    judgement = judge(summary, told, expectation, uniform, untrained)
    return TrainingLog(
        name=log.name,
        kind=log.kind,
        digest=log.digest(),
        summary=summary,
        objective=told,
        expectation=expectation,
        references=tuple(each for each in (uniform, untrained, _labels(expectation, told)) if each is not None),
        compute=compute(summary, expectation),
        judgement=judgement,
        limits=limits(judgement.verdict),
        not_checked=tuple(_left_out(summary, expectation)),
    )


def _references(expectation: Expectation, told: Told) -> tuple[Reference | None, Reference | None]:
    """ln V and the loss of the untrained model, where they apply."""
    tokens = expectation.tokens
    if tokens is None or told.kind in ("classification", "other"):
        return None, None
    uniform = Reference("ln V", math.log(tokens), f"all of {tokens:,} tokens equally likely")
    return uniform, expectation.model.untrained if expectation.model is not None else None


def _labels(expectation: Expectation, told: Told) -> Reference | None:
    labels = expectation.model.labels if expectation.model is not None else None
    if told.kind != "classification" or not labels or labels < 2:
        return None
    return Reference("ln labels", math.log(labels), f"all of {labels:,} labels equally likely")


def _left_out(summary: Summary, expectation: Expectation) -> Iterator[str]:
    yield from summary.notes
    if expectation.model is None:
        yield "the loss of the untrained model and the compute: no model is named (--model)"
    else:
        yield from expectation.model.not_checked
        stated, own = expectation.vocabulary, expectation.model.vocabulary
        if stated and own and stated != own:
            yield f"--vocab-size {stated:,} was used for ln V; the model has {own:,}"
    if summary.is_counted:
        yield "gaps and restarts: the log carries no steps (--step-column)"
    if summary.learning_rate is None:
        yield "the learning rate: it is not in the log"
    if summary.autocorrelation is None:
        yield "smoothing: too few losses to tell"
    if summary.seconds is None:
        yield "the clock: no times in the log"
