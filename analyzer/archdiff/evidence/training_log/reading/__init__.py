"""Reads logs of every known kind as a stream of records, the file in bounded pieces."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from archdiff.evidence.training_log.reading import (
    json_lines,
    lines,
    parquet,
    table,
    tensorboard,
    trainer_state,
    wandb,
)
from archdiff.evidence.training_log.reading.files import LogFile, digest
from archdiff.evidence.training_log.reading.find import Kind, find
from archdiff.evidence.training_log.record import Record

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["Kind", "Log", "open_log"]


@dataclasses.dataclass(frozen=True)
class Log:
    """A log that was found and not read yet.

    Args:
        name: as the user named it.
        kind: how it is written.
        files: that hold it.
        pattern: of the user, for text.
        note: how it was found.
    """

    name: str
    kind: Kind
    files: tuple[LogFile, ...]
    pattern: str | None
    note: str

    @property
    def subject(self) -> str:
        """What errors call it."""
        return self.files[0].subject

    def digest(self) -> str:
        """SHA-256 of the bytes that `records` reads."""
        return digest(self.files)

    def records(self) -> Iterator[Record]:
        """Every record, in the order in which it was written.

        Raises:
            SourceError: the log is damaged.
            UsageError: a package that reads it is not installed, or the pattern is none.
        """
        if self.note:
            yield Record(note=self.note)
        if self.kind == "tensorboard":
            yield from tensorboard.read(self.files)
        elif self.kind == "text":
            yield from lines.read(self.files[0], self.pattern)
        else:
            yield from _READERS[self.kind](self.files[0])


_READERS: dict[Kind, Callable[[LogFile], Iterator[Record]]] = {
    "wandb": wandb.read,
    "trainer-state": trainer_state.read,
    "csv": table.read,
    "parquet": parquet.read,
    "json-lines": json_lines.read,
}


def open_log(path: str, pattern: str | None = None) -> Log:
    """Find a log and tell its kind.

    Args:
        path: of the log, or of the directory of a run.
        pattern: a regular expression with the groups `step` and `loss`; the log is text then.

    Raises:
        UnresolvedReferenceError: there is nothing.
        SourceError: it is no log, cannot be read, or there are several runs.
        UsageError: the pattern is none.
    """
    if pattern is not None:
        lines.compiled(pattern)
    found = find(path, as_text=pattern is not None)
    return Log(path, found.kind, found.files, pattern, found.note)
