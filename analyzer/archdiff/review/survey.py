"""Write the table of facts of the catalogue's architectures: `python -m archdiff.review.survey`.

Building every graph of the catalogue takes minutes, and a review must not: the table is written when the catalogue
changes, and a test tells when it was forgotten.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from archdiff import catalogue
from archdiff.report import figures
from archdiff.report.values import plain
from archdiff.review.distance import facts_of
from archdiff.review.nearest import TABLE

if TYPE_CHECKING:
    from collections.abc import Iterable

    from archdiff.graph.schema import ModelGraph

__all__ = ["main", "row", "survey"]


def row(graph: ModelGraph) -> dict[str, object]:
    """What the table holds of one architecture."""
    stated, varying = figures.facts(graph)
    facts = facts_of(
        {name: plain(value) for name, value in stated.items()},
        {name: [plain(value) for value in values] for name, values in varying.items()},
    )
    entry = catalogue.load(graph.name)
    return {
        "title": entry.display_name,
        "hub_id": entry.hub_id,
        "digest": graph.source["digest"],
        "facts": {name: list(values) for name, values in facts.items()},
    }


def survey(names: Iterable[str]) -> dict[str, dict[str, object]]:
    """The rows of these names of the catalogue; their graphs are built, or taken from the cache."""
    from archdiff.graph import build_graph
    from archdiff.graph.cache import through_cache
    from archdiff.sources import Source, resolve

    sources = (resolve(name) for name in names)
    return {each.name: row(through_cache(each, build_graph)) for each in sources if isinstance(each, Source)}


def main() -> None:
    """Write the table beside this module, one line for each architecture."""
    lines = [f"{json.dumps(name)}: {json.dumps(each)}" for name, each in survey(catalogue.names()).items()]
    Path(__file__).with_name(TABLE).write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")


if __name__ == "__main__":
    main()
