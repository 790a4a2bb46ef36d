"""From a model to its roots: every declared base, found where it can be, and why not where it cannot."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from archdiff import catalogue
from archdiff import reference as references
from archdiff.evidence.lineage import local
from archdiff.evidence.lineage.conflicts import disagreements, size_conflict, too_late
from archdiff.evidence.lineage.known import LOADED_FROM, Declared, Known, of_entry
from archdiff.evidence.lineage.relations import LENDS_NOTHING, keeps_tensors
from archdiff.evidence.lineage.search import Reach, find, of_hub
from archdiff.sources import snapshot
from archdiff.text import printable

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from archdiff.sources import Source

__all__ = ["DEEPEST", "MOST", "Chain", "Step", "follow", "follow_graph", "follow_source"]

DEEPEST = 16
"""Declarations in a row that are followed; a published chain has rarely more than four."""

MOST = 64
"""Models of one chain that are looked up."""


@dataclass(frozen=True, slots=True)
class Step:
    """One declaration: a model names another as what it was made from.

    Args:
        model: that declares it, by hub id or name.
        base: that it names.
        relation: how the one comes from the other.
        declared_in: every place where it stands.
        found: where the base was found; empty where it was not.
    """

    model: str
    base: str
    relation: str
    declared_in: tuple[str, ...]
    found: str


@dataclass(frozen=True, slots=True)
class Chain:
    """What a model declares of where it comes from, followed as far as it could be.

    Args:
        model: that was asked about.
        steps: nearest first.
        models: every model that was found, the one that was asked about first.
        roots: those of them that declare no base that weights would come from.
        contradictions: sentences.
        not_followed: sentences that say why.
    """

    model: Known
    steps: tuple[Step, ...]
    models: tuple[Known, ...]
    roots: tuple[str, ...]
    contradictions: tuple[str, ...]
    not_followed: tuple[str, ...]

    def ancestors(self, title: str) -> tuple[str, ...]:
        """Every model that weights of a model come from by what is declared, nearest first, in lower case."""
        found: dict[str, None] = {title.lower(): None}
        waiting = deque(found)
        while waiting:
            model = waiting.popleft()
            lending = (step for step in self.steps if step.model.lower() == model and step.relation != LENDS_NOTHING)
            fresh = [base for step in lending if (base := step.base.lower()) not in found]
            found |= dict.fromkeys(fresh)
            waiting += fresh
        return tuple(found)[1:]


def follow(text: str, reach: Reach = "hub") -> Chain:
    """Follow what a model declares to its roots; the model is read, and none is built.

    Args:
        text: a reference: a path, a name of the catalogue or a hub id.
        reach: how far to look for the bases.

    Raises:
        UnresolvedReferenceError: it names nothing that is there.
        SourceError: what it names cannot be read.
        SnapshotError: it is a saved graph that is damaged.
    """
    parsed = references.parse(text)
    path = Path(parsed.target) if parsed.kind == "path" else None
    home = path if path is None or path.is_dir() else path.parent
    return _walk(_known(parsed, reach), home, reach)


def _known(parsed: references.Reference, reach: Reach) -> Known:
    """What the model that a reference names declares."""
    if parsed.kind == "catalogue":
        return of_entry(catalogue.load(parsed.target))
    if parsed.kind == "hub":
        return of_hub(parsed, ask=reach == "hub")
    if parsed.kind == "revision":
        from archdiff.sources import revision  # only where one is named: it starts programs

        return local.of_source(revision.load(parsed))
    path = Path(parsed.target)
    if snapshot.is_snapshot(path):
        from archdiff.graph.opening import open_snapshot

        graph = open_snapshot(snapshot.load(path, parsed))
        return _of_graph(graph.name, graph.source)
    return local.of_directory(path, parsed.text) if path.is_dir() else local.of_file(path, parsed.text)


def follow_graph(name: str, source: Mapping[str, Any], reach: Reach = "near") -> Chain:
    """Follow what a saved graph states of where its model comes from.

    Args:
        name: of the model.
        source: as `ModelGraph.source`.
        reach: how far to look for the bases.
    """
    return _walk(_of_graph(name, source), None, reach)


def follow_source(source: Source, reach: Reach = "near") -> Chain:
    """Follow what a model that was resolved declares in its card and its config; the two are not read again.

    Args:
        source: of the model.
        reach: how far to look for the bases.
    """
    return _walk(local.of_source(source), None, reach)


def _of_graph(name: str, source: Mapping[str, Any]) -> Known:
    licence = source.get("licence")
    return Known(
        name=name,
        found="saved graph",
        hub_id=source.get("hub_id"),
        declared=tuple(
            Declared(printable(str(item["base"]), 120), printable(str(item["relation"]), 40), "saved graph")
            for item in source.get("lineage") or ()
        ),
        licences=(("saved graph", printable(str(licence), 80)),) if licence else (),
        released=source.get("released"),
    )


@dataclass(slots=True)
class _Walk:
    """What has been found so far; models by their hub id in lower case, or by name."""

    home: Path | None
    reach: Reach
    models: dict[str, Known] = field(default_factory=dict)
    steps: list[Step] = field(default_factory=list)
    said: list[str] = field(default_factory=list)
    open: list[str] = field(default_factory=list)
    looked_up: dict[str, Known | str] = field(default_factory=dict)

    def look_up(self, base: str) -> Known | str:
        key = base.lower()
        if key not in self.looked_up:
            full = len(self.looked_up) >= MOST
            self.looked_up[key] = f"{MOST} models were looked up already" if full else find(base, self.home, self.reach)
        return self.looked_up[key]


def _walk(first: Known, home: Path | None, reach: Reach) -> Chain:
    walk = _Walk(home, reach)
    walk.models[first.title.lower()] = first
    waiting: deque[tuple[Known, tuple[str, ...]]] = deque([(first, (first.title.lower(),))])
    while waiting:
        known, path = waiting.popleft()
        for declared, places in _merged(known):
            base = _take(walk, known, declared, places, path)
            if base is not None:
                waiting.append((base, (*path, declared.base.lower())))
        if known.saved_from and known.saved_from.rstrip("/").rpartition("/")[2].lower() != known.name.lower():
            walk.open.append(
                f"{known.title}: its config was saved from the path {known.saved_from}, of another machine"
            )
    return _chain(walk, first)


def _take(
    walk: _Walk, known: Known, declared: Declared, places: tuple[str, ...], path: tuple[str, ...]
) -> Known | None:
    """Note one declaration; return its base where it is to be followed further."""
    key = declared.base.lower()
    shown = printable(declared.base, 120)
    lends = declared.relation != LENDS_NOTHING
    base = walk.look_up(declared.base) if key not in walk.models else walk.models[key]
    found = base.found if isinstance(base, Known) else ""
    walk.steps.append(
        Step(known.title, base.title if isinstance(base, Known) else shown, declared.relation, places, found)
    )
    if lends and key in path:
        walk.said.append(f"{known.title} declares {shown} as its base, which declares it in turn")
        return None
    if isinstance(base, str):
        walk.open.append(f"{shown}: {base}")
        return None
    walk.said += _between(known, base, declared)
    is_new = key not in walk.models
    if not lends or not is_new:
        return None
    walk.models[key] = base
    if len(path) >= DEEPEST:
        walk.open.append(f"{base.title}: {DEEPEST} declarations in a row were followed, and no more are")
        return None
    return base


def _between(known: Known, base: Known, declared: Declared) -> Iterator[str]:
    if keeps_tensors(declared.relation) and (said := size_conflict(known, base, declared.relation)):
        yield said
    if declared.relation not in (LENDS_NOTHING, LOADED_FROM) and (said := too_late(known, base)):
        yield said


def _merged(known: Known) -> Iterator[tuple[Declared, tuple[str, ...]]]:
    """Each base once, with every place that names it, and the relation of the first."""
    by_base: dict[str, list[Declared]] = {}
    for declared in known.declared:
        by_base.setdefault(declared.base.lower(), []).append(declared)
    for same in by_base.values():
        stated = [item for item in same if item.relation not in (LOADED_FROM, "unstated")] or same
        yield stated[0], tuple(dict.fromkeys(item.where for item in same))


def _chain(walk: _Walk, first: Known) -> Chain:
    lending = {step.model for step in walk.steps if step.relation != LENDS_NOTHING}
    chain = Chain(
        model=first,
        steps=tuple(walk.steps),
        models=tuple(walk.models.values()),
        roots=tuple(known.title for known in walk.models.values() if known.title not in lending),
        contradictions=(),
        not_followed=tuple(dict.fromkeys(walk.open)),
    )
    told = [said for known in chain.models for said in disagreements(known, chain.ancestors)]
    return replace(chain, contradictions=tuple(dict.fromkeys([*walk.said, *told])))
