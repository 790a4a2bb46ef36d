"""How each status looks: never by colour alone."""

from __future__ import annotations

import dataclasses
from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from archdiff.report.schema import Status

__all__ = ["LOOKS", "Look", "cluster_style", "node_style"]


@dataclasses.dataclass(frozen=True)
class Look:
    """The signs of one status: mark in the text, outline and fill; fills differ in lightness, too.

    Args:
        mark: prefix of the name.
        meaning: what the legend says.
        line: colour of outline and mark.
        fill: of boxes.
        area: of containers.
        style: of the outline.
        width: of the outline in points.
        outlines: how many there are, one inside the other.
    """

    mark: str
    meaning: str
    line: str
    fill: str
    area: str
    style: str = "solid"
    width: float = 1.0
    outlines: int = 1


LOOKS: Mapping[Status, Look] = MappingProxyType({
    "unchanged": Look("", "unchanged", "#8c8c8c", "#f4f4f4", "#fbfbfb"),
    "changed": Look("~", "changed: old → new in bold", "#a86500", "#ffe2a3", "#fff9ec", width=1.4),
    "added": Look("+", "added", "#14692f", "#a9dbb0", "#eef8ef", width=1.4, outlines=2),
    "removed": Look("−", "removed", "#a81c13", "#fbd0ca", "#fef3f1", style="dashed", width=1.6),
})  # fmt: skip


def node_style(status: Status) -> dict[str, str]:
    """Attributes of a box."""
    look = LOOKS[status]
    return {
        "shape": "box",
        "style": f"filled,rounded,{look.style}",
        "fillcolor": look.fill,
        "color": look.line,
        "penwidth": f"{look.width:g}",
        "peripheries": str(look.outlines),
    }


def cluster_style(status: Status) -> dict[str, str]:
    """Attributes of a container."""
    look = LOOKS[status]
    return {
        "style": f"filled,rounded,{look.style}",
        "fillcolor": look.area,
        "color": look.line,
        "penwidth": f"{look.width:g}",
        "peripheries": str(look.outlines),
    }
