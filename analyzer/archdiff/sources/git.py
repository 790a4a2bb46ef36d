"""Reads objects of the git repository around the working directory, through the `git` program and nothing else.

What a user types goes to git on its standard input, never into an argument, so no text can be an option. No hook,
pager, filter, editor or remote is reached: `cat-file` without filters reads objects that are there.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING

from archdiff.errors import SourceError
from archdiff.text import printable

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["Object", "content", "look_up", "names_in", "refs"]

_SECONDS = 30
_LONGEST_LIST = 2**20
_OPTIONS = (
    "--no-pager",
    "--no-optional-locks",
    "-c",
    "core.fsmonitor=false",
    "-c",
    f"core.hooksPath={os.devnull}",
    "-c",
    "protocol.allow=never",
)
_ENVIRONMENT = {
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_NO_LAZY_FETCH": "1",
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_TERMINAL_PROMPT": "0",
    "LC_ALL": "C",
}


@dataclass(frozen=True, slots=True)
class Object:
    """An object of the repository.

    Args:
        id: hexadecimal.
        kind: blob, tree, commit or tag.
        size: of its content in bytes.
    """

    id: str
    kind: str
    size: int


def look_up(names: Sequence[str], subject: str) -> tuple[Object | None, ...]:
    """The objects that names such as `HEAD~1:config.json` or `main^{tree}` stand for; None for what is not there.

    Args:
        names: without line breaks.
        subject: what the user typed, for errors.

    Raises:
        SourceError: there is no git, no repository, or git refuses it.
    """
    lines = _git(("cat-file", "--batch-check"), subject, "".join(f"{name}\n" for name in names)).decode(
        errors="replace"
    )
    found = [_object(line) for line in lines.splitlines()]
    return (*found, *(None for _ in names[len(found) :]))


def content(found: Object, subject: str) -> bytes:
    """The content of an object, of which the size is known already.

    Raises:
        SourceError: as `look_up`.
    """
    return _git(("cat-file", "blob", found.id), subject)


def names_in(tree: Object, subject: str) -> tuple[str, ...]:
    """Paths of the files below a tree; of a large one, those in its first mebibyte of listing."""
    listed = _git(("ls-tree", "-r", "-z", "--full-tree", "--name-only", tree.id), subject)[:_LONGEST_LIST]
    return tuple(name.decode(errors="replace") for name in listed.split(b"\0") if name)


def refs(subject: str) -> tuple[str, ...]:
    """Short names of the newest thousand branches and tags."""
    asked = ("for-each-ref", "--format=%(refname:short)", "--sort=-creatordate", "--count=1000")
    return tuple(_git(asked, subject).decode(errors="replace").split())


def _object(line: str) -> Object | None:
    fields = line.rsplit(" ", 2)
    return Object(fields[0], fields[1], int(fields[2])) if len(fields) == 3 and fields[2].isdecimal() else None


def _git(arguments: Sequence[str], subject: str, typed: str = "") -> bytes:
    program = shutil.which("git")
    if program is None:
        raise _fault(subject, "git is not installed, so no revision can be read", "install git, or name a file")
    try:
        done = subprocess.run(
            [program, *_OPTIONS, *arguments],
            input=typed.encode("utf-8", "surrogateescape"),
            capture_output=True,
            check=False,
            timeout=_SECONDS,
            env={**os.environ, **_ENVIRONMENT},
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise _fault(subject, f"git does not answer ({type(error).__name__})", "name a file") from error
    if done.returncode:
        said = next(iter(done.stderr.decode(errors="replace").strip().splitlines()), "no word on why")
        raise _fault(subject, f"git refuses ({printable(said.removeprefix('fatal: '), 120)})", "name a file")
    return done.stdout


def _fault(subject: str, cause: str, remedy: str) -> SourceError:
    return SourceError(printable(subject), cause, remedy)
