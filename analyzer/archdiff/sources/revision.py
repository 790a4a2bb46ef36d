"""A model's config as a git revision holds it: `HEAD~1:models/x/config.json`, or `:config.json` for what is staged."""

from __future__ import annotations

import difflib
import posixpath
import re
from typing import TYPE_CHECKING

from archdiff.errors import SourceError, UnresolvedReferenceError
from archdiff.reference import work_tree
from archdiff.sources import card, git
from archdiff.sources.json_text import LARGEST, parse_object
from archdiff.sources.quantized import BESIDE, with_declaration
from archdiff.sources.source import Origin, Source, make
from archdiff.text import printable

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from archdiff.reference import Reference
    from archdiff.sources.git import Object

__all__ = ["has_commit", "load", "object_id"]

_CONFIG = "config.json"
_LINK = b"version https://git-lfs"
_UNREAD = "shipped tensors were not read: of a git revision the config alone is"


def has_commit(revision: str) -> bool:
    """Whether the repository has a commit under a name.

    Raises:
        SourceError: git does not answer.
    """
    name = f"{revision}^{{commit}}"
    return name.isprintable() and git.look_up([name], revision)[0] is not None


def object_id(revision: str, path: str) -> str | None:
    """What a revision, or the index where it is empty, holds under a path: equal for equal content, None for nothing.

    Raises:
        SourceError: git does not answer.
    """
    name = f"{revision}:{path}"
    found = git.look_up([name], name)[0] if name.isprintable() else None
    return found.id if found is not None else None


def load(reference: Reference) -> Source:
    """Read the config file, or the directory with one, that a git revision holds.

    Nothing but the config, the model card and the declaration of how weights are stored is read.

    Raises:
        UnresolvedReferenceError: the repository has no such revision, or the revision no such path.
        SourceError: git does not answer, or what is there is no config.
        ConfigError: the config's values are out of bounds.
    """
    found, commit, tree = _found(reference)
    if found is None:
        raise _missing(reference, tree)
    if found.kind == "blob":
        config = parse_object(_text(found, reference.text), reference.text)
        name = _name(reference, is_directory=False)
        return make(reference.text, "revision", name, config, Origin(revision=commit))
    if found.kind == "tree":
        return _directory(reference, commit)
    raise _fault(reference.text, f"is a {printable(found.kind, 20)}, not a file or directory of this repository")


def _found(reference: Reference) -> tuple[Object | None, str | None, Object | None]:
    """What the path names, the commit, and the tree that the path is looked up in; the index is no tree."""
    if not reference.revision:
        return git.look_up([reference.text], reference.text)[0], None, None
    names = (reference.text, f"{reference.revision}^{{commit}}", f"{reference.revision}^{{tree}}")
    found, commit, tree = git.look_up(names, reference.text)
    return found, commit.id if commit is not None else None, tree


def _directory(reference: Reference, commit: str | None) -> Source:
    folder = reference.text.rstrip("/")
    between = "" if folder.endswith(":") else "/"
    names = [f"{folder}{between}{name}" for name in (_CONFIG, BESIDE, card.NAME)]
    file, beside, readme = git.look_up(names, reference.text)
    if file is None:
        raise _fault(reference.text, f"the directory holds no {_CONFIG}")
    config = parse_object(_text(file, reference.text), reference.text)
    if beside is not None:
        config = with_declaration(config, parse_object(_text(beside, reference.text), reference.text))
    declared = _card(readme, config, reference.text)
    origin = Origin(None, commit, declared.licence, None, declared.lineage, (*declared.notes, _UNREAD))
    return make(reference.text, "revision", _name(reference, is_directory=True), config, origin)


def _card(readme: Object | None, config: dict[str, object], subject: str) -> card.Card:
    """What the model card declares; one that cannot be read declares nothing, as on disk."""
    try:
        text = _text(readme, subject) if readme is not None else ""
    except SourceError:
        return card.NOTHING
    return card.read(text, quantized=config.get("quantization_config") is not None)


def _text(found: Object, subject: str) -> str:
    if found.kind != "blob":
        raise _fault(subject, "holds a directory where a file belongs")
    if found.size > LARGEST:
        raise _fault(subject, f"larger than {LARGEST // 2**20} MiB, which no config is")
    data = git.content(found, subject)
    if data.startswith(_LINK):
        raise _fault(subject, "is kept by git-lfs, and the revision holds the pointer to it alone")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise _fault(subject, f"not UTF-8 text (byte {error.start})") from error


def _name(reference: Reference, *, is_directory: bool) -> str:
    """The file's name, or its directory's when the file is called as all others are, with the revision."""
    path = posixpath.normpath(reference.target)
    folder, file = (path, _CONFIG) if is_directory else posixpath.split(path)
    root = work_tree()
    held = posixpath.basename(folder) if folder not in ("", ".") else root.name if root is not None else ""
    return printable(f"{(held or _CONFIG) if file == _CONFIG else file}@{reference.revision or 'index'}")


def _missing(reference: Reference, tree: Object | None) -> UnresolvedReferenceError:
    subject = printable(reference.text)
    if reference.revision and tree is None:
        cause = f"the repository has no revision {printable(reference.revision, 80)}"
        return UnresolvedReferenceError(subject, cause, _another(reference.revision, reference.text))
    known = git.names_in(tree, reference.text) if tree is not None else ()
    cause = f"{'the revision' if reference.revision else 'the index'} holds no {printable(reference.target, 80)}"
    remedy = "write the path from the root of the repository, or ./ and the path from here"
    return UnresolvedReferenceError(subject, cause, _near(reference.target, known) or remedy)


def _another(revision: str, subject: str) -> str:
    """What to do about a revision that is not there; continuous integration clones without history."""
    root = work_tree()
    if root is not None and (root / ".git" / "shallow").exists():
        return "fetch it: the clone is shallow (git fetch --unshallow; fetch-depth: 0 in a workflow)"
    known = ("HEAD", *git.refs(subject))
    name = re.split(r"[~^@]", revision, maxsplit=1)[0]
    near = _near(name, known) if name not in known else ""
    return near or "write a branch, tag or commit before the colon"


def _near(text: str, known: Sequence[str]) -> str:
    """A question after the nearest of the names; those that end as the text does are asked for first."""
    tail = posixpath.basename(text)
    ending: Iterable[str] = (name for name in known if posixpath.basename(name) == tail and tail != _CONFIG)
    close = [*list(ending)[:1], *difflib.get_close_matches(text[:200], known[:5000], n=1)]
    return f"did you mean {printable(close[0], 80)}?" if close else ""


def _fault(subject: str, cause: str) -> SourceError:
    return SourceError(printable(subject), cause, "name a config.json, or a directory with one, of a revision")
