"""Which files hold a log, and of what kind they are."""

from __future__ import annotations

import dataclasses
import os
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from archdiff.errors import SourceError, UnresolvedReferenceError
from archdiff.evidence.training_log.reading import table, tensorboard, trainer_state, wandb
from archdiff.evidence.training_log.reading.files import LogFile, open_file
from archdiff.evidence.training_log.reading.numbers import object_of
from archdiff.text import printable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

__all__ = ["Found", "Kind", "find"]

Kind = Literal["wandb", "tensorboard", "trainer-state", "csv", "parquet", "json-lines", "text"]

_DEEPEST, _MOST = 4, 5_000
"""Folders below the named one, and files in all, that are looked at."""

_SHOWN = 8


@dataclasses.dataclass(frozen=True)
class Found:
    """The log of one run.

    Args:
        kind: how it is written.
        files: one, or several of TensorBoard in the order of their names.
        note: which of several files was chosen, and why; empty where there was no choice.
    """

    kind: Kind
    files: tuple[LogFile, ...]
    note: str = ""


def find(text: str, *, as_text: bool = False) -> Found:
    """The log that a path names: a file, or the directory of a run.

    Args:
        text: the path as the user named it.
        as_text: whether a pattern is given, so that a file that might be a table is text.

    Raises:
        UnresolvedReferenceError: there is nothing.
        SourceError: it is no log, cannot be read, or there are several runs.
    """
    subject = printable(text)
    try:
        path = Path(text).expanduser()
        is_there, is_folder = path.exists(), path.is_dir()
    except (OSError, ValueError, RuntimeError) as error:
        raise UnresolvedReferenceError(subject, "is no path", "name a log, or the directory of a run") from error
    if not is_there:
        raise UnresolvedReferenceError(subject, "does not exist", "name a log, or the directory of a run")
    if is_folder:
        return _directory(path, subject)
    file = open_file(path, subject)
    return Found("text" if as_text else _kind(file), (file,))


def _kind(file: LogFile) -> Kind:
    head = file.head()
    if head.startswith(wandb.MAGIC):
        return "wandb"
    if head.startswith(b"PAR1"):
        return "parquet"
    if tensorboard.is_event_file(head) or ".tfevents." in file.path.name:
        return "tensorboard"
    if b"\0" in head:
        raise file.fault("is neither text nor a log of a known kind")
    return _kind_of_text(file, head)


def _kind_of_text(file: LogFile, head: bytes) -> Kind:
    if head.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] in (b"{", b"["):
        first = next(file.lines(), (0, b""))[1]
        values = object_of(first)
        if values is not None:
            return "trainer-state" if isinstance(values.get("log_history"), list) else "json-lines"
        if first in (b"{", b"[") or first.startswith((b"[{", b'{"')) or trainer_state.KEY in head:
            return "trainer-state"
    lines = [line.decode("utf-8", "replace") for _, (_, line) in zip(range(2), file.lines(), strict=False)]
    return "csv" if len(lines) == 2 and table.delimiter(lines[0], lines[1]) else "text"


def _directory(path: Path, subject: str) -> Found:
    """The log in a directory: the kinds are looked for in an order in which the first says most."""
    seen = _files(path)
    states = [each for each in seen if each.name == "trainer_state.json"]
    if states:
        return _state(path, states, subject)
    for kind, is_kind in _KINDS.items():
        if runs := _runs([each for each in seen if is_kind(each.name)], kind):
            if len(runs) > 1:
                raise _several(path, [run[0].parent if kind == "tensorboard" else run[0] for run in runs], subject)
            return Found(kind, tuple(_opened(path, each, subject) for each in runs[0]))
    texts = [each for each in seen if each.suffix.lower() in (".jsonl", ".csv", ".parquet", ".log", ".txt", ".out")]
    if len(texts) > 1:
        raise _several(path, texts, subject)
    if not texts:
        raise SourceError(subject, "is a directory without a log of a known kind", "name the log itself")
    file = _opened(path, texts[0], subject)
    return Found(_kind(file), (file,))


_KINDS: dict[Kind, Callable[[str], bool]] = {
    "wandb": lambda name: name.endswith(".wandb"),
    "tensorboard": lambda name: ".tfevents." in name,
}


def _runs(found: Sequence[Path], kind: Kind) -> list[list[Path]]:
    """Files by run: each `.wandb` file is one, all event files of a folder are one."""
    runs: dict[Path, list[Path]] = {}
    for each in found:
        runs.setdefault(each.parent if kind == "tensorboard" else each, []).append(each)
    return list(runs.values())


def _state(path: Path, states: Sequence[Path], subject: str) -> Found:
    """The state that the directory itself holds, else that of its last checkpoint: each holds the history before."""
    chosen = next((each for each in states if each.parent == path), None)
    note = ""
    if chosen is None:
        of_one_run = {each.parent.parent for each in states}
        if len(states) > 1 and (len(of_one_run) > 1 or any(_number(each.parent.name) < 0 for each in states)):
            raise _several(path, [each.parent for each in states], subject)
        chosen = max(states, key=lambda each: (_number(each.parent.name), each.parent.name))
        note = f"read {printable(chosen.parent.name, 60)}/trainer_state.json, which holds the history before it too"
    return Found("trainer-state", (_opened(path, chosen, subject),), note if len(states) > 1 else "")


def _number(name: str) -> int:
    """Of a folder `checkpoint-500`; -1 for any other."""
    tail = name.removeprefix("checkpoint-")
    return int(tail) if tail != name and tail.isascii() and tail.isdigit() and len(tail) < 19 else -1


def _opened(top: Path, path: Path, subject: str) -> LogFile:
    return open_file(path, printable(f"{subject.rstrip('/')}/{path.relative_to(top)}"))


def _several(top: Path, found: Sequence[Path], subject: str) -> SourceError:
    names = [printable(str(each.relative_to(top)), 80) for each in found[:_SHOWN]]
    more = f" and {len(found) - _SHOWN:,} more" if len(found) > _SHOWN else ""
    return SourceError(subject, f"holds several logs: {', '.join(names)}{more}", "name one of them")


def _files(top: Path) -> list[Path]:
    """Regular files below a directory, in the order of their names; links to folders are not followed."""
    return sorted(path for _, path in zip(range(_MOST), _walk(top), strict=False))


def _walk(top: Path) -> Iterator[Path]:
    for folder, folders, names in os.walk(top):
        here = Path(folder)
        folders[:] = sorted(folders) if len(here.relative_to(top).parts) < _DEEPEST else []
        yield from (here / name for name in sorted(names) if (here / name).is_file() and not (here / name).is_symlink())
