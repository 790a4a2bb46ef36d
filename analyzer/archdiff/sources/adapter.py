"""A LoRA adapter: what it touches and with which rank, on the config of its base model.

Names of tensors and keys of the config are those of peft (https://huggingface.co/docs/peft).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeAlias

from archdiff import catalogue
from archdiff.catalogue import Lineage
from archdiff.errors import ArchdiffError, SourceError
from archdiff.reference import Reference
from archdiff.sources.checkpoint import ADAPTER
from archdiff.sources.headers import Shipped, read_file
from archdiff.sources.json_text import read_object
from archdiff.sources.source import Origin, Source, digest
from archdiff.text import is_hub_id, printable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from pathlib import Path

__all__ = ["CONFIG", "Resolver", "is_adapter", "load", "source"]

Resolver: TypeAlias = "Callable[[Reference], Source]"
"""Finds the model that a reference names in the catalogue or on the hub, and no adapter."""

CONFIG = "adapter_config.json"
_MODEL = "config.json"

_FACTOR = re.compile(r"(?:base_model\.model\.)?(.+)\.lora_(?:embedding_)?([AB])(?:\.(?:default\.)?weight)?")
_LAYER = re.compile(r"(?:^|\.)(\d+)\.")
_OTHER = re.compile(r"lora_|\.ia3_")
_NAMED = 8


@dataclass(frozen=True, slots=True)
class _Pair:
    """The two factors of one module: A is (rank, columns), B is (rows, rank)."""

    module: str
    a: tuple[int, ...]
    b: tuple[int, ...]

    @property
    def rank(self) -> int:
        return self.b[-1]

    @property
    def parameters(self) -> int:
        return self.a[0] * self.a[1] + self.b[0] * self.b[1]


def is_adapter(directory: Path) -> bool:
    """Tell whether the directory holds an adapter, and no model of its own."""
    return (directory / CONFIG).is_file() and not (directory / _MODEL).exists()


def load(directory: Path, reference: Reference, resolve: Resolver) -> Source:
    """Return the source of the adapter in `directory`: its base model's config, with notes on what it touches.

    Args:
        directory: holds adapter_config.json, and adapter_model.safetensors where its weights are there.
        reference: what the user typed.
        resolve: finds the base model, in the catalogue or on the hub.

    Raises:
        ArchdiffError: it is no LoRA adapter, its base model is not named by a hub id or cannot be resolved, or
            its factors do not fit each other.
    """
    file = directory / ADAPTER
    config = read_object(directory / CONFIG, reference.text)
    shipped = read_file(file, reference.text) if file.is_file() else None
    name = printable(directory.absolute().resolve(strict=False).name)
    return source(config, shipped, reference, name, resolve, Origin())


def source(
    config: Mapping[str, object],
    shipped: Sequence[Shipped] | None,
    reference: Reference,
    name: str,
    resolve: Resolver,
    origin: Origin,
) -> Source:
    """Return the source of an adapter, whose config and shipped tensors are known; raises as `load`.

    Args:
        config: as adapter_config.json states it.
        shipped: its tensors; None where they were not read.
        reference: what the user typed.
        name: what output calls the adapter.
        resolve: finds the base model, in the catalogue or on the hub.
        origin: where the adapter comes from.
    """
    subject = reference.text
    if config.get("peft_type") != "LORA":
        kind = printable(repr(config.get("peft_type")), 40)
        raise _fault(subject, f"{CONFIG} states the peft_type {kind}, and LORA alone is read", "name the base model")
    base = _base(config, subject, resolve)
    pairs, whole = _pairs(shipped or (), subject)
    own = {tensor.name: [tensor.dtype, *tensor.shape] for tensor in shipped or ()}
    notes = _notes(config, base, pairs, whole, read=shipped is not None)
    return replace(
        base,
        reference=subject,
        kind="adapter",
        name=name,
        digest=digest({"base": base.digest, "adapter": dict(config), "tensors": own}),
        hub_id=origin.hub_id,
        revision=origin.revision,
        licence=origin.licence,
        released=None,
        lineage=(Lineage(base.hub_id or base.name, "adapter"),),
        notes=(*base.notes, *origin.notes, *notes),
        shipped=None,
    )


def _base(config: Mapping[str, object], subject: str, resolve: Resolver) -> Source:
    """The base model, which the adapter may name by a hub id alone: a path in it is that of another machine."""
    named = config.get("base_model_name_or_path")
    if not isinstance(named, str) or not is_hub_id(named):
        shown = printable(repr(named), 80)
        cause = f"{CONFIG} names the base model {shown}, which is no hub id"
        raise _fault(subject, cause, "name the base model itself, or write its hub id there")
    entry = next((entry.name for entry in catalogue.entries() if entry.hub_id.lower() == named.lower()), None)
    found = Reference(named, "catalogue", entry) if entry else Reference(named, "hub", named)
    try:
        return resolve(found)
    except ArchdiffError as error:
        cause = f"its base model {named}: {error.cause}"
        raise type(error)(printable(subject), cause, error.remedy) from error


def _pairs(shipped: Iterable[Shipped], subject: str) -> tuple[list[_Pair], list[Shipped]]:
    """The factors by module, and the tensors that are stored whole.

    Raises:
        SourceError: a factor stands alone, or the two do not multiply.
    """
    factors: dict[str, dict[str, Shipped]] = {}
    whole = []
    for tensor in shipped:
        if match := _FACTOR.fullmatch(tensor.name):
            factors.setdefault(match[1], {})[match[2]] = tensor
        elif not _OTHER.search(tensor.name):
            whole.append(tensor)
    pairs = []
    for module, found in sorted(factors.items()):
        shapes = [found[factor].shape if factor in found else () for factor in "AB"]
        if any(len(shape) != 2 for shape in shapes) or shapes[0][0] != shapes[1][1]:
            cause = (
                f"{ADAPTER}: the factors of {printable(repr(module), 80)} do not multiply ({shapes[0]}, {shapes[1]})"
            )
            raise _fault(subject, cause, "save the adapter again with peft")
        pairs.append(_Pair(module, *shapes))
    return pairs, whole


def _notes(
    config: Mapping[str, object], base: Source, pairs: list[_Pair], whole: list[Shipped], *, read: bool
) -> Iterable[str]:
    rank, alpha = (printable(str(config.get(key)), 20) for key in ("r", "lora_alpha"))
    yield f"LoRA adapter of rank {rank} (alpha {alpha}) on {base.hub_id or base.name}, whose graph this is"
    if not read:
        yield f"what the adapter touches was not read: there is no {ADAPTER} at hand, and pickles are never read"
        return
    added = sum(pair.parameters for pair in pairs)
    names = sorted({pair.module.rpartition(".")[2] for pair in pairs})
    yield f"the adapter adds {added:,} parameters to {_count(pairs, 'module')}: {_some(names)}{_layers(pairs)}"
    ranks = sorted({pair.rank for pair in pairs})
    if ranks and ranks != [config.get("r")]:
        yield f"its tensors have the rank {', '.join(map(str, ranks[:_NAMED]))}, and its config states {rank}"
    if whole:
        yield f"the adapter replaces {_count(whole, 'tensor')} whole: {_some([tensor.name for tensor in whole])}"


def _layers(pairs: Iterable[_Pair]) -> str:
    numbers = {int(match[1]) for pair in pairs if (match := _LAYER.search(pair.module)) and len(match[1]) < 6}
    return f", in {len(numbers)} layers from {min(numbers)} to {max(numbers)}" if numbers else ""


def _count(items: Sequence[object], noun: str) -> str:
    return f"{len(items):,} {noun}{'' if len(items) == 1 else 's'}"


def _some(names: list[str]) -> str:
    rest = f" and {len(names) - _NAMED:,} more" if len(names) > _NAMED else ""
    return ", ".join(printable(name, 80) for name in names[:_NAMED]) + rest


def _fault(subject: str, cause: str, remedy: str) -> SourceError:
    return SourceError(printable(subject), cause, remedy)
