"""Graphs that were built before, by content: a graph that is found is there without importing torch.

The key names everything that a graph is made of: the config, the shipped tensors, and the code that reads them
(archdiff, transformers, torch and what else has a part in building a class). Two sources with one config share an
entry; what each tells of itself is not kept.

`ARCHDIFF_CACHE` names another folder, or is `off`; `ARCHDIFF_CACHE_LIMIT` is the most MiB that graphs may take.
"""

from __future__ import annotations

import functools
import hashlib
import json
import os
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING

from archdiff.errors import UsageError
from archdiff.graph.packed import pack, unpack
from archdiff.graph.schema import SCHEMA_VERSION
from archdiff.graph.store import Store, note
from archdiff.text import printable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from archdiff.graph.schema import ModelGraph
    from archdiff.sources import Source

__all__ = ["OFF", "VARIABLE", "key", "state_of", "store", "through_cache"]

VARIABLE = "ARCHDIFF_CACHE"
OFF = "off"

_LIMIT = "ARCHDIFF_CACHE_LIMIT"
_DEFAULT_LIMIT = 512
_BUILDERS = (
    "archdiff", "transformers", "torch", "accelerate", "kernels", "flash-linear-attention", "causal-conv1d",
    "mamba-ssm",
)  # fmt: skip
"""Distributions that have a part in building a class and tracing it."""

_SPOILT = (AttributeError, LookupError, TypeError, ValueError, RecursionError)
"""What a damaged entry may raise while it is read."""


def through_cache(source: Source, build: Callable[[Source], ModelGraph]) -> ModelGraph:
    """The graph of a source: kept from an earlier time, or built now and kept.

    Raises:
        UsageError: `ARCHDIFF_CACHE_LIMIT` is no number.
        ArchdiffError: as `build`.
    """
    kept = store()
    if kept is None:
        return build(source)
    name = key(source)
    content = kept.read(name)
    graph = _unpacked(content, source) if content is not None else None
    if graph is None:
        graph = build(source)
        try:
            kept.write(name, pack(graph, source))
        except _SPOILT as error:
            note(f"the graph of {printable(source.name)} cannot be kept ({type(error).__name__}: {error})")
    return graph


def _unpacked(content: bytes, source: Source) -> ModelGraph | None:
    try:
        return unpack(content, source)
    except _SPOILT as error:
        note(f"the cached graph of {printable(source.name)} cannot be read ({type(error).__name__}: {error})")
        return None


def store(folder: str = "graphs") -> Store | None:
    """Where graphs, or other results, are kept; None where they are not.

    Args:
        folder: name of the folder that holds them.

    Raises:
        UsageError: `ARCHDIFF_CACHE_LIMIT` is no number.
    """
    named = os.environ.get(VARIABLE, "")
    if named == OFF:
        return None
    try:
        base = Path(named).expanduser().absolute() if named else _platform() / "archdiff"
    except (OSError, RuntimeError):  # there is no home
        return None
    return Store(base / folder, _limit() * 2**20)


def _limit() -> int:
    text = os.environ.get(_LIMIT, "") or str(_DEFAULT_LIMIT)
    if not (text.isascii() and text.isdecimal() and len(text) < 10):
        cause = f"{printable(repr(text), 40)} is no number of MiB"
        raise UsageError(_LIMIT, cause, f"write a whole number, or set {VARIABLE}={OFF}")
    return int(text)


def _platform() -> Path:
    """The folder for what programs may lose."""
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches"
    named = Path(os.environ.get("XDG_CACHE_HOME", ""))
    return named if named.is_absolute() else Path.home() / ".cache"


def key(source: Source) -> str:
    """40 hexadecimal digits; the order of the config's keys counts, as it may show in the graph."""
    found = hashlib.blake2b(digest_size=20)
    parts = (SCHEMA_VERSION, _code(), source.kind == "weights", source.shipped is None)
    for part in (json.dumps(parts), json.dumps(source.config), *map(repr, source.shipped or ())):
        found.update(f"{part}\n".encode("utf-8", "backslashreplace"))
    return found.hexdigest()


@functools.cache
def _code() -> tuple[str, ...]:
    """Versions of all that builds a graph, and the state of archdiff's own files, which may be a checkout."""
    return (sys.version, *map(_version, _BUILDERS), *state_of(Path(__file__).parent))


def _version(name: str) -> str:
    try:
        return f"{name} {version(name)}"
    except PackageNotFoundError:
        return f"no {name}"


def state_of(folder: Path) -> Iterator[str]:
    """A line for each file of code below a folder, which is another one after it was edited."""
    try:
        for path in sorted(folder.rglob("*")):
            if path.suffix in (".py", ".toml"):
                found = path.stat()
                yield f"{path.relative_to(folder).as_posix()} {found.st_size} {found.st_mtime_ns}"
    except OSError as error:
        yield f"{type(error).__name__}"
