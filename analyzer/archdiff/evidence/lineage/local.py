"""What a directory or a file declares: model card, config, adapter config, GGUF metadata. No weights are read."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from archdiff.errors import SourceError
from archdiff.evidence.lineage.known import Declared, Known, declared_by_config, sizes
from archdiff.evidence.lineage.relations import entry_of
from archdiff.sources import card, gguf_config
from archdiff.sources.gguf import read_gguf
from archdiff.sources.json_text import read_object
from archdiff.text import is_hub_id, printable

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from archdiff.sources import Source
    from archdiff.sources.gguf import Value

__all__ = ["ADAPTER", "CONFIG", "of_directory", "of_file", "of_source"]

CONFIG = "config.json"
ADAPTER = "adapter_config.json"

_GGUF = ".gguf"
_WEIGHTS = ".safetensors"
_MOST_BASES = 64
_CACHED = re.compile(r".*/models--([^/]+)--([^/]+)/snapshots/[0-9a-f]{40}", re.DOTALL)
_ON_HUB = re.compile(r"https://(?:www\.)?huggingface\.co/([^/\s]+/[^/\s?#]+)/?")


def of_directory(path: Path, subject: str, *, hub_id: str | None = None, found: str = "directory") -> Known:
    """What the files of a directory declare of the model in it.

    Args:
        path: of the directory.
        subject: what to call it in an error.
        hub_id: of the model, where it is known; one in the hub's cache tells by its path.
        found: how the directory was found.

    Raises:
        SourceError: it holds no config, adapter, weights or GGUF file, or one of them cannot be read.
    """
    own = hub_id or _cached(path)
    config = read_object(path / CONFIG, subject) if (path / CONFIG).exists() else None
    adapter = read_object(path / ADAPTER, subject) if (path / ADAPTER).exists() else None
    files = [] if config is not None or adapter is not None else sorted(path.glob(f"*{_GGUF}"))
    if config is None and adapter is None and not files and next(path.glob(f"*{_WEIGHTS}"), None) is None:
        remedy = "name a directory with config.json, adapter_config.json or a GGUF file"
        raise SourceError(printable(subject), "the directory holds no model", remedy)
    metadata = read_gguf(files[0], subject).metadata if len(_models(files)) == 1 else {}
    told = card.read_beside(path / CONFIG, config or {})
    name = own or printable(path.absolute().resolve(strict=False).name)
    return _known(name, found, own, told, config or {}, adapter or {}, metadata)


def of_file(path: Path, subject: str) -> Known:
    """What one file declares: a config or a GGUF file; a safetensors file declares nothing.

    Raises:
        SourceError: it cannot be read as what it claims to be.
    """
    name = printable(path.name)
    if path.suffix == _GGUF:
        return _known(name, "file", None, card.NOTHING, {}, {}, read_gguf(path, subject).metadata)
    if path.suffix == _WEIGHTS:
        return Known(name, "file")
    own = _cached(path.parent) if path.name == CONFIG else None
    title = path.absolute().parent.name if path.name == CONFIG else path.name
    return _known(own or printable(title), "file", own, card.NOTHING, read_object(path, subject), {}, {})


def of_source(source: Source) -> Known:
    """What a model that was resolved declares in its card and its config."""
    if source.kind == "adapter":
        declared = tuple(Declared(item.base, item.relation, "adapter config") for item in source.lineage)
        licences = (("model card", source.licence),) if source.licence else ()
        return Known(source.name, source.kind, source.hub_id, declared, licences)
    told = card.Card(source.licence, source.lineage)
    return _known(source.name, source.kind, source.hub_id, told, source.config, {}, {})


def _known(
    name: str,
    found: str,
    own: str | None,
    told: card.Card,
    config: Mapping[str, object],
    adapter: Mapping[str, object],
    metadata: Mapping[str, Value],
) -> Known:
    entry = entry_of(own) if own else None
    by_config = list(declared_by_config(config, own))
    declared = [
        *(Declared(item.base, item.relation, "model card") for item in told.lineage),
        *_of_adapter(adapter),
        *_of_metadata(metadata),
        *(Declared(item.base, item.relation, "catalogue") for item in (entry.lineage if entry else ())),
        *(item for item in by_config if isinstance(item, Declared)),
    ]
    return Known(
        name=name,
        found=found,
        hub_id=own,
        declared=tuple(declared),
        licences=tuple(_licences(told.licence, metadata, entry.licence if entry else None)),
        sizes=sizes(config),
        released=entry.released if entry else None,
        saved_from=next((item for item in by_config if isinstance(item, str)), ""),
    )


def _of_adapter(adapter: Mapping[str, object]) -> Iterator[Declared]:
    base = adapter.get("base_model_name_or_path")
    if isinstance(base, str) and base.strip():
        yield Declared(printable(base, 120), "adapter", "adapter config")


def _of_metadata(metadata: Mapping[str, Value]) -> Iterator[Declared]:
    """`general.base_model.{n}`, which llama.cpp copies from a card's `base_model`; the relation is not stated."""
    count = metadata.get("general.base_model.count")
    for number in range(min(count, _MOST_BASES) if type(count) is int else 0):
        stated = {part: metadata.get(f"general.base_model.{number}.{part}") for part in _PARTS}
        if base := _base(stated):
            yield Declared(base, "unstated", "GGUF metadata")


_PARTS = ("repo_url", "organization", "name")


def _base(stated: Mapping[str, Value | None]) -> str:
    """The hub id that the address names, or organization and name, as far as they are stated."""
    address = stated["repo_url"]
    if isinstance(address, str) and (match := _ON_HUB.fullmatch(address)) and is_hub_id(match[1]):
        return match[1]
    told = [part for key in _PARTS[1:] if isinstance(part := stated[key], str) and part.strip()]
    named = "/".join(part.strip().replace(" ", "-") for part in told)
    return named if is_hub_id(named) else printable(named or (address if isinstance(address, str) else ""), 120)


def _licences(
    of_card: str | None, metadata: Mapping[str, Value], of_catalogue: str | None
) -> Iterator[tuple[str, str]]:
    if of_card:
        yield "model card", of_card
    stated = metadata.get("general.license")
    if stated == "other":
        stated = metadata.get("general.license.name", stated)
    if isinstance(stated, str) and stated.strip():
        yield "GGUF metadata", printable(stated, 80)
    if of_catalogue:
        yield "catalogue", of_catalogue


def _models(files: list[Path]) -> list[tuple[str, ...]]:
    return gguf_config.choices(file.name for file in files)


def _cached(directory: Path) -> str | None:
    """The hub id of a folder of the hub's cache."""
    match = _CACHED.fullmatch(directory.absolute().as_posix())
    named = f"{match[1]}/{match[2]}" if match else ""
    return named if is_hub_id(named) else None
