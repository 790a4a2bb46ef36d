"""What a user types to name a model: a path, a git revision of one, a catalogue name or a hub id."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from archdiff import catalogue
from archdiff.errors import UnresolvedReferenceError
from archdiff.text import is_file, is_hub_id, is_revision, printable

__all__ = ["Reference", "parse", "work_tree"]

_WEIGHTS = (".gguf", ".safetensors", ".bin", ".pt", ".pth")
"""How no config ends: behind the colon of `owner/name` they ask for a file of the hub's model."""


@dataclass(frozen=True, slots=True)
class Reference:
    """A model as the user named it.

    `target` is the path with `~` expanded or inside the revision, the catalogue's spelling of the name, or the hub id
    alone; `revision` is a branch, tag or commit of git (empty for the index), or that of a hub id that states one;
    `file` one GGUF file of the model, for a hub id that states it.
    """

    text: str
    kind: Literal["path", "revision", "catalogue", "hub"]
    target: str
    revision: str | None = None
    file: str | None = None


def parse(text: str) -> Reference:
    """Decide what `text` names: an existing path, a git revision `REV:PATH` inside a work tree, a catalogue name, or a
    hub id `owner/name[@revision][:file.gguf]`.

    The first of these that fits is it. Looks at the file system and the catalogue, never at the network.

    Raises:
        UnresolvedReferenceError: it is none of these.
    """
    if path := _existing(text):
        return Reference(text, "path", str(path))
    if (found := _in_git(text)) and work_tree() is not None:
        return found
    if name := catalogue.find(text):
        return Reference(text, "catalogue", name)
    named, colon, file = text.partition(":")
    hub_id, at, revision = named.partition("@")
    if is_hub_id(hub_id) and not _looks_like_path(text) and (is_revision(revision) or not at):
        if is_file(file) or not colon:
            return Reference(text, "hub", hub_id, revision or None, file or None)
        raise UnresolvedReferenceError(printable(text), "no GGUF file behind the colon", f"write {hub_id}:NAME.gguf")
    raise _unresolved(text)


def work_tree(start: Path | None = None) -> Path | None:
    """The directory at or above `start`, or the working directory, that holds `.git`; None outside a work tree.

    The file system alone decides, so that no program runs for a reference that is none of git's.
    """
    try:
        here = (start or Path()).resolve()
        return next((each for each in (here, *here.parents) if (each / ".git").exists()), None)
    except OSError:
        return None


def _existing(text: str) -> Path | None:
    if not text:
        return None
    try:
        path = Path(text).expanduser()
        path.stat()
    except (OSError, ValueError, RuntimeError):  # not there, a null byte, a ~user who does not exist
        return None
    return path


def _in_git(text: str) -> Reference | None:
    """The reference as a git revision, where it can be one: `REV:PATH`, or `:PATH` for what is staged.

    A drive letter, a web address and one GGUF file of a hub's model hold a colon too.
    """
    revision, colon, path = text.partition(":")
    if not (colon and text.isprintable()) or path.startswith(("/", "\\")) or revision.startswith("-"):
        return None
    if is_hub_id(revision.partition("@")[0]) and (not path or path.lower().endswith(_WEIGHTS)):
        return None
    if not revision and not path:
        return None
    return Reference(text, "revision", path, revision)


def _looks_like_path(text: str) -> bool:
    return text.startswith((".", "/", "~")) or text.endswith((".json", "/")) or "\\" in text


def _unresolved(text: str) -> UnresolvedReferenceError:
    subject = printable(text) or "the empty reference"
    if "://" in text:
        return UnresolvedReferenceError(
            subject, "a web address is not a model reference", "write the hub id, owner/name"
        )
    if _in_git(text):
        remedy = "run archdiff inside the repository, or name a file"
        return UnresolvedReferenceError(subject, "no such path, and no git work tree is here to hold REV:PATH", remedy)
    if _looks_like_path(text) or text.partition("@")[0].count("/") > 1:
        remedy = "check the spelling, or name a config.json or a directory with one"
        return UnresolvedReferenceError(subject, "no such file or directory", remedy)
    if "/" in text:
        remedy = "a hub id is owner/name, with @revision or :FILE.gguf behind it, in letters, digits, '.', '_' and '-'"
        return UnresolvedReferenceError(subject, "neither an existing path nor a valid hub id", remedy)
    return UnresolvedReferenceError(subject, "no such path or catalogue name", _suggestion(text))


def _suggestion(text: str) -> str:
    if close := catalogue.nearest(text):
        return f"did you mean {' or '.join(close)}? Or write a path, or a hub id as owner/name"
    return "write a path, a hub id as owner/name, or a name that `archdiff catalogue` lists"
