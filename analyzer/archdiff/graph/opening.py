"""A saved graph as it was, under the reference that it is read by; imports neither torch nor transformers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from archdiff.errors import SnapshotError
from archdiff.graph.schema import ModelGraph
from archdiff.text import printable

if TYPE_CHECKING:
    from archdiff.sources import Snapshot

__all__ = ["open_snapshot"]


def open_snapshot(snapshot: Snapshot) -> ModelGraph:
    """Read a snapshot; its source is a snapshot with the file's digest, and keeps what was known of the model.

    Raises:
        SnapshotError: it is damaged, or of another schema version.
    """
    try:
        network = ModelGraph.from_json(snapshot.document).network
    except SnapshotError as error:
        raise SnapshotError(printable(snapshot.reference), error.cause, error.remedy) from error
    model = network.graph
    was = model["source"]
    origin = f"{printable(str(was['kind']))}, {printable(str(was['digest']))}"
    told = f"read from a snapshot of {printable(str(model['reference']))} ({origin})"
    network.graph = {
        **model,
        "reference": snapshot.reference,
        "notes": model["notes"] if was["kind"] == snapshot.kind else [*model["notes"], told],
        "source": {**was, "kind": snapshot.kind, "digest": snapshot.digest},
    }
    return ModelGraph(network)
