"""Declared lineage in a report: from a model to its root, with licences; a table of them is no legal advice."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

__all__ = ["NO_ADVICE", "LicenceEntry", "LineageEntry", "LineageStep"]

NO_ADVICE = "This is a table of well-known licences, no legal advice; have a person read both licences."
"""Stands wherever licences are compared."""


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class LineageStep(_Model):
    """One declaration: a model names another as what it was made from."""

    model: str
    base: str
    relation: str = Field(description="`finetune`, `quantized`, `adapter`, `merge`, `continued`, …")
    declared_in: str = Field(description="`model card`, `config`, `adapter config`, `GGUF metadata`, `catalogue`, …")


class LicenceEntry(_Model):
    """The licence of one model of the chain, and what it asks for."""

    model: str
    declared: str
    spdx: str | None = Field(description="SPDX identifier; None where it has none")
    conditions: tuple[str, ...] = Field(description="`attribution`, `naming`, `field-of-use`, `share-alike`, …")
    source: str = Field(description="where the text of the licence is published")


class LineageEntry(_Model):
    """What a model declares about where it comes from, followed to the root."""

    model: str
    chain: tuple[LineageStep, ...] = Field(description="from the model to its roots; several where it is a merge")
    roots: tuple[str, ...]
    licences: tuple[LicenceEntry, ...]
    contradictions: tuple[str, ...] = Field(description="between declarations, or with structure or weights")
    not_followed: tuple[str, ...] = Field(description="what a step could not be followed to, and why")
    limits: tuple[str, ...] = (NO_ADVICE,)
