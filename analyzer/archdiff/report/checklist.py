"""The pre-publication review: each claim proved, refuted or open, with its evidence."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue

from archdiff.report.code import CodeEntry
from archdiff.report.lineage import LineageEntry
from archdiff.report.portrait import Portrait
from archdiff.report.schema import Report
from archdiff.report.tokenizer import TokenizerEntry
from archdiff.report.training_log import TrainingLogEntry

__all__ = ["Checklist", "ItemEvidence", "ItemField", "ItemStatus", "Nearest", "ReviewItem", "Signature"]

ItemStatus = Literal["proved", "signed", "refuted", "open", "not-applicable"]
"""`signed`: a person settled what no program can, and what the signature rests on has not changed since."""


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)


class ItemEvidence(_Model):
    """What an item rests on."""

    text: str
    where: str = Field(description="module, tensor, config key, finding or step: where to look")
    digest: str = Field(description="of what was read; a signature falls open when it changes")


class ItemField(_Model):
    """A field of a public disclosure standard that the item answers."""

    standard: str = Field(description="`MOF`, `SPDX 3.0 AI`, `CycloneDX 1.6`, `EU GPAI`, `model card`")
    field: str
    source: str


class Signature(_Model):
    """Who settled an item that no program can settle, and when."""

    name: str
    date: str = Field(description="ISO date")
    note: str
    rests_on: str = Field(description="digest of the item's claim and evidence when it was signed")


class ReviewItem(_Model):
    """A claim, or a question that a reviewer must meet."""

    id: str = Field(description="`parameters.total`, `origin.language-model`: stable")
    section: str = Field(description="heading it is listed under")
    title: str = Field(description="the claim in words")
    claimed: JsonValue = Field(description="as the claims file has it; None where nothing is claimed")
    found: JsonValue = Field(description="what the model says; None where only a person can tell")
    status: ItemStatus
    reason: str = Field(description="why it has this status, in one sentence")
    evidence: tuple[ItemEvidence, ...]
    command: str = Field(description="what would settle an open item; empty where none would")
    needs_signature: bool = Field(description="only a person can settle it")
    signature: Signature | None = Field(description="the one that holds")
    lapsed: Signature | None = Field(
        default=None, description="one that holds no more, because what it rested on has changed"
    )
    fields: tuple[ItemField, ...]
    digest: str = Field(description="of claim, finding and evidence: what a signature rests on")


class Nearest(_Model):
    """A public architecture that is near."""

    name: str
    distance: float = Field(description="0 for the same architecture; how it is measured stands in the documentation")
    same_architecture: bool
    sentence: str


class Checklist(_Model):
    """The review of one model; the same inputs give the same bytes."""

    schema_version: Literal["1.0"] = "1.0"
    archdiff: str = Field(description="version of archdiff")
    model: Portrait
    claims: str = Field(description="name of the claims file; empty where none was given")
    sign_off: str = Field(default="", description="name of the file with the signatures; empty where there is none")
    items: tuple[ReviewItem, ...]
    counts: dict[ItemStatus, int]
    nearest: tuple[Nearest, ...]
    parents: tuple[Report, ...] = Field(description="the comparison with each declared parent")
    training_log: TrainingLogEntry | None
    tokenizers: tuple[TokenizerEntry, ...]
    lineage: LineageEntry | None
    code: tuple[CodeEntry, ...]
    not_checked: tuple[str, ...]
