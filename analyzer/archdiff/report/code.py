"""Code lineage in a report: how alike the modelling code of two models is, which says nothing about their weights."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

__all__ = ["NOT_WEIGHTS", "ClassMatch", "CodeEntry", "CodeSide"]

NOT_WEIGHTS = "Shared code says nothing about weights: architectures are reimplemented and reused freely."
"""Stands in every report of code."""


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class CodeSide(_Model):
    """The modelling code of one model, parsed and never imported."""

    name: str
    origin: str = Field(description="`shipped with transformers`, `ships with the model`")
    digest: str = Field(description="SHA-256 of the source: `sha256:…`")
    classes: int
    copyright: tuple[str, ...] = Field(description="copyright lines found, as they stand")
    inherits: tuple[str, ...] = Field(description="families that transformers' modular file declares it is made from")


class ClassMatch(_Model):
    """A class of NEW and the one of OLD that is most like it."""

    new: str
    old: str
    similarity: float = Field(description="share of equal nodes of the normalised trees, from 0 to 1")


class CodeEntry(_Model):
    """What comparing the code of two models says."""

    old: CodeSide
    new: CodeSide
    similarity: float = Field(description="of the whole files, names normalised, from 0 to 1")
    expected: float | None = Field(description="the same between unrelated families of transformers: the control")
    matches: tuple[ClassMatch, ...] = Field(description="the most alike first")
    reasons: tuple[str, ...]
    limits: tuple[str, ...] = (NOT_WEIGHTS,)
