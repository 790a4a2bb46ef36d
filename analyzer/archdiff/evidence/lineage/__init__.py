"""What models declare of where they come from, followed to the root, and where the declarations disagree."""

from __future__ import annotations

from archdiff.evidence.lineage.follow import Chain, Step, follow, follow_graph, follow_source
from archdiff.evidence.lineage.known import Declared, Known
from archdiff.evidence.lineage.relations import ancestors, keeps_tensors, keeps_weights
from archdiff.evidence.lineage.search import Reach

__all__ = [
    "Chain",
    "Declared",
    "Known",
    "Reach",
    "Step",
    "ancestors",
    "follow",
    "follow_graph",
    "follow_source",
    "keeps_tensors",
    "keeps_weights",
]
