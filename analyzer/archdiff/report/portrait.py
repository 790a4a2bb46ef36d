"""The portrait of one model: what `archdiff show` prints."""

from __future__ import annotations

import dataclasses
from importlib.metadata import version
from typing import TYPE_CHECKING, Literal

from pydantic import BaseModel, ConfigDict, Field

from archdiff.report import figures
from archdiff.report.entries import model_entry
from archdiff.report.schema import ModelEntry
from archdiff.report.values import clean

if TYPE_CHECKING:
    from collections.abc import Sequence

    from archdiff.graph.schema import ModelGraph
    from archdiff.report.schema import Block

__all__ = ["Portrait", "portray"]


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)


class RoleParameters(_Model):
    """Parameters of all modules of one role."""

    role: str
    parameters: int


class CacheEntry(_Model):
    """What attention keeps of each token."""

    bytes_per_token: int = Field(description="in bfloat16, over all layers, until a window is full")
    bytes_per_token_full: int = Field(description="of the layers that keep every token")
    window: int | None = Field(description="largest sliding window in tokens; None where all layers keep all")
    layers: int = Field(description="layers that keep keys and values, or a latent")


class Portrait(_Model):
    """One model; the same model gives the same bytes."""

    schema_version: Literal["1.0"] = "1.0"
    archdiff: str = Field(description="version of archdiff")
    transformers: str = Field(description="version of transformers that built the graph")
    model: ModelEntry
    roles: tuple[RoleParameters, ...] = Field(description="the largest first")
    cache: CacheEntry | None = Field(description="None for a model that keeps nothing of each token")
    not_checked: tuple[str, ...]


def portray(graph: ModelGraph, blocks: Sequence[Block] = ()) -> Portrait:
    """Describe one model.

    Args:
        graph: of the model.
        blocks: its folded graph.
    """
    kept = figures.cache(graph)
    return Portrait(
        archdiff=version("archdiff"),
        transformers=str(graph.attributes.get("transformers") or version("transformers")),
        model=model_entry(graph, blocks),
        roles=tuple(RoleParameters(role=r, parameters=n) for r, n in figures.by_role(graph).items()),
        cache=CacheEntry(**dataclasses.asdict(kept)) if kept is not None else None,
        not_checked=tuple(map(clean, graph.not_checked)),
    )
