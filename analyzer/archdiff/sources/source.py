"""A model's config and what is known about where it comes from."""

from __future__ import annotations

import copy
import hashlib
import json
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Literal, TypeAlias

from archdiff.catalogue import Lineage
from archdiff.sources.facts import facts
from archdiff.sources.limits import check

if TYPE_CHECKING:
    from collections.abc import Mapping

    from archdiff.sources.headers import Shipped

__all__ = ["Kind", "Lineage", "Origin", "Source", "bare", "digest", "make"]

Kind: TypeAlias = Literal["file", "directory", "revision", "catalogue", "hub", "weights", "gguf", "adapter"]


@dataclass(frozen=True, slots=True)
class Source:
    """A model reference, resolved.

    `reference` is what the user typed; `name` what output calls the model; `config` a private copy of the
    published config (copy it before a change), empty for bare weights; `digest` the SHA-256 of its canonical
    JSON, or of the names, shapes and types of the weights; `revision` the
    commit, where known; `released` an ISO date; `lineage` what the publisher declares; `notes` facts that a
    report must repeat; `shipped` the tensors of the checkpoint, sorted by name, None where no header was read.
    """

    reference: str
    kind: Kind
    name: str
    config: Mapping[str, object] = field(hash=False)
    digest: str
    hub_id: str | None = None
    revision: str | None = None
    licence: str | None = None
    released: str | None = None
    lineage: tuple[Lineage, ...] = ()
    notes: tuple[str, ...] = ()
    shipped: tuple[Shipped, ...] | None = None


@dataclass(frozen=True, slots=True)
class Origin:
    """What is known of a model besides its config; the fields are those of `Source`."""

    hub_id: str | None = None
    revision: str | None = None
    licence: str | None = None
    released: str | None = None
    lineage: tuple[Lineage, ...] = ()
    notes: tuple[str, ...] = ()
    shipped: tuple[Shipped, ...] | None = None


def make(reference: str, kind: Kind, name: str, config: Mapping[str, object], origin: Origin) -> Source:
    """Check `config` and return the source, with its own copy of it, its digest and the facts it states.

    Raises:
        ConfigError: a value of the config is out of bounds.
    """
    check(config, reference)
    own = copy.deepcopy(dict(config))
    notes = tuple(dict.fromkeys((*origin.notes, *facts(own))))
    return Source(
        reference=reference,
        kind=kind,
        name=name,
        config=own,
        digest=digest(own),
        hub_id=origin.hub_id,
        revision=origin.revision,
        licence=origin.licence,
        released=origin.released,
        lineage=origin.lineage,
        notes=notes,
        shipped=origin.shipped,
    )


def bare(reference: str, name: str, origin: Origin) -> Source:
    """Return the source of weights without a config.

    Args:
        reference: what the user typed.
        name: what output calls the model.
        origin: `shipped` is known.
    """
    shipped = origin.shipped or ()
    own = {tensor.name: [tensor.dtype, *tensor.shape] for tensor in shipped}
    values = {field.name: getattr(origin, field.name) for field in fields(origin)}
    return Source(reference=reference, kind="weights", name=name, config={}, digest=digest(own), **values)


def digest(config: Mapping[str, object]) -> str:
    """Return `sha256:` and the hexadecimal digest of `config` as JSON with sorted keys and no spaces."""
    text = json.dumps(config, sort_keys=True, separators=(",", ":"))
    return f"sha256:{hashlib.sha256(text.encode('ascii')).hexdigest()}"
