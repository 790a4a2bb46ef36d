"""What a graph states of where its config came from, apart from what it states of the model."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from archdiff.sources import Source

__all__ = ["origin", "source_attributes"]


def origin(source: Source) -> dict[str, Any]:
    """The attributes of a graph that two sources of one config do not share; their notes stand before all others."""
    return {"name": source.name, "reference": source.reference, "source": source_attributes(source)}


def source_attributes(source: Source) -> dict[str, Any]:
    """Where the model comes from."""
    names = source.config.get("architectures")
    return {
        "kind": source.kind,
        "digest": source.digest,
        "hub_id": source.hub_id,
        "revision": source.revision,
        "licence": source.licence,
        "released": source.released,
        "lineage": [{"base": item.base, "relation": item.relation} for item in source.lineage],
        "architectures": [str(name) for name in names] if isinstance(names, list | tuple) else [],
        "remote_code": bool(source.config.get("auto_map")),
    }
