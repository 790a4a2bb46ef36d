"""Where the tokenizer of a reference is: a file, a directory, the hub. A name of the catalogue means its hub id."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path
from typing import TYPE_CHECKING

from archdiff import reference as references
from archdiff.errors import UnresolvedReferenceError
from archdiff.evidence.tokenizer.reading import KNOWN
from archdiff.evidence.tokenizer.reading.beside import NAMES
from archdiff.evidence.tokenizer.reading.content import fault
from archdiff.text import printable

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from archdiff.reference import Reference

__all__ = ["Located", "choose", "locate"]

_ORDER = ("tokenizer.json", "tekken.json", "tokenizer.model")
_OTHERS = re.compile(
    r"[\w.+-]{1,200}\.tiktoken|tokenizer\.model\.v\w{1,20}|[\w.+-]{1,200}\.model(\.v\w{1,20})?", re.ASCII
)
_ORIGINAL = "original/tokenizer.model"
_NAMED = 4


@dataclasses.dataclass(frozen=True, slots=True)
class Located:
    """The files of a tokenizer on this machine.

    Args:
        name: what output calls it.
        path: of its file.
        beside: files that stand beside it, by name.
        notes: what a reader must know of how it was found.
    """

    name: str
    path: Path
    beside: Mapping[str, Path]
    notes: tuple[str, ...] = ()


def locate(text: str) -> Located:
    """Find the tokenizer that a reference names; from the hub its files alone are fetched.

    Args:
        text: a path to a file or a directory, a hub id, or a name of the catalogue.

    Raises:
        UnresolvedReferenceError: it names nothing that is there.
        SourceError: there is no tokenizer, or there are several.
    """
    parsed = references.parse(text)
    if parsed.kind == "path":
        return _local(Path(parsed.target), text)
    if parsed.kind == "revision":
        cause = "tokenizers are not read from git revisions"
        raise UnresolvedReferenceError(printable(text), cause, "check the revision out, and name a path")
    if parsed.file is not None:
        raise UnresolvedReferenceError(printable(text), "a GGUF file is no tokenizer file", f"name {KNOWN}")
    return _hub(parsed)


def choose(names: Iterable[str], subject: str) -> str | None:
    """The file of a tokenizer among the names of a model's files; None where there is none.

    Raises:
        SourceError: several could be it.
    """
    held = set(names)
    first = next((name for name in _ORDER if name in held), None)
    if first is not None:
        return first
    others = sorted(name for name in held if _OTHERS.fullmatch(name))
    if len(others) > 1:
        shown = ", ".join(printable(name, 60) for name in others[:_NAMED])
        raise fault(subject, f"{len(others)} files could be its tokenizer: {shown}", "name one of them")
    return others[0] if others else _ORIGINAL if _ORIGINAL in held else None


def _local(path: Path, text: str) -> Located:
    if path.is_dir():
        try:
            names = [each.name for each in path.iterdir()]
        except OSError as error:
            raise fault(text, f"cannot be read ({error.strerror})", "check its permissions") from error
        chosen = choose(names, text)
        if chosen is None:
            raise _none(text, "directory", names)
        return Located(_name(path / chosen), path / chosen, _beside(path))
    if path.name == "config.json":
        return _local(path.parent, text)
    named = path.name in _ORDER or path.suffix == ".tiktoken"
    return Located(_name(path), path, _beside(path.parent) if named else {})


def _beside(folder: Path) -> dict[str, Path]:
    return {name: folder / name for name in NAMES if (folder / name).is_file()}


def _name(path: Path) -> str:
    """The file's name, or its directory's where the file is called as all others are."""
    found = path.absolute().resolve(strict=False).parent.name if path.name in _ORDER else path.name
    return printable(found or path.name)


def _none(text: str, where: str, names: Iterable[str]) -> Exception:
    held = sorted(name for name in names if not name.startswith("."))
    shown = ", ".join(printable(name, 60) for name in held[:_NAMED]) or "nothing"
    more = f" and {len(held) - _NAMED:,} more files" if len(held) > _NAMED else ""
    return fault(text, f"the {where} holds no tokenizer, but {shown}{more}", f"name {KNOWN}")


def _hub(parsed: Reference) -> Located:
    if parsed.kind == "catalogue":
        from archdiff import catalogue

        hub_id = catalogue.load(parsed.target).hub_id
        parsed = dataclasses.replace(parsed, kind="hub", target=hub_id)
    try:
        from archdiff.evidence.tokenizer import hub

        found = hub.fetch(parsed, choose)
    except ValueError as error:
        cause = f"huggingface_hub does not accept its settings ({printable(str(error), 80)})"
        raise UnresolvedReferenceError(printable(parsed.text), cause, "correct the HF_ variables") from error
    if found is None:
        raise _none(parsed.text, "model", hub.names(parsed))
    return Located(parsed.target, found.path, found.beside, found.notes)
