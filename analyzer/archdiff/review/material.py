"""Everything that a review judges; gathered elsewhere, so that judging reads no file and asks nobody."""

from __future__ import annotations

import shlex
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from archdiff.review.claims import Claims
from archdiff.review.nearest import known
from archdiff.text import printable

if TYPE_CHECKING:
    from archdiff.report.code import CodeEntry
    from archdiff.report.lineage import LineageEntry
    from archdiff.report.schema import Report
    from archdiff.report.tokenizer import TokenizerEntry
    from archdiff.report.training_log import TrainingLogEntry
    from archdiff.review.signing import SignOff
    from archdiff.review.subject import Subject

__all__ = ["Material", "Parent"]


@dataclass(frozen=True, slots=True)
class Parent:
    """A model that NEW is compared with.

    Args:
        reference: as it was declared or typed.
        relation: how NEW is said to come from it; empty where nothing is said.
        declared_in: `model card`, `claims file` or `--against`.
        report: the comparison; None where it could not be made.
        cause: why it could not be made; empty where it was.
    """

    reference: str
    relation: str
    declared_in: str
    report: Report | None = None
    cause: str = ""

    @property
    def is_declared(self) -> bool:
        """Whether the publisher names it as a parent, rather than the reviewer as a suspect."""
        return self.declared_in != "--against"


@dataclass(frozen=True, slots=True)
class Material:
    """Everything that a review judges.

    Args:
        subject: the model.
        claims: of its publisher.
        parents: models that it is compared with, declared ones first.
        training_log: of the run; None where none was given.
        tokenizers: each comparison of NEW's tokenizer with another's, by that model's reference.
        lineage: what the model declares, followed to its root; None where it was not.
        code: comparisons of modelling code, by the reference of the other model.
        sign_off: signatures of earlier reviews; None where there is no such file.
        not_checked: what could not be gathered, and why.
    """

    subject: Subject
    claims: Claims = field(default_factory=Claims)
    parents: tuple[Parent, ...] = ()
    training_log: TrainingLogEntry | None = None
    tokenizers: tuple[tuple[str, TokenizerEntry], ...] = ()
    lineage: LineageEntry | None = None
    code: tuple[tuple[str, CodeEntry], ...] = ()
    sign_off: SignOff | None = None
    not_checked: tuple[str, ...] = ()

    def command(self, *words: str) -> str:
        """A command line with NEW as its last word, quoted for a shell; models of the catalogue by their hub ids."""
        named = [known()[word].hub_id if word in known() else printable(word, 400) for word in words]
        return shlex.join(["archdiff", *named, self.weights_reference])

    @property
    def weights_reference(self) -> str:
        """What names the model where its weights are wanted: the hub id of a catalogue entry, which has none."""
        model = self.subject.portrait.model
        return (model.kind == "catalogue" and model.hub_id) or printable(self.subject.reference, 400)

    @property
    def lineage_name(self) -> str:
        """What the lineage calls the model itself."""
        return self.lineage.model if self.lineage is not None else ""

    def review(self, *words: str) -> str:
        """The command that runs this review again, with more words."""
        given = ["archdiff", "review", printable(self.subject.reference, 400)]
        given += ["--claims", self.claims.name] if self.claims.name else []
        return shlex.join([*given, *words])
