"""Reads a Python source that a model ships: bounded, from where it claims to be, as text and nothing else."""

from __future__ import annotations

import stat
from typing import TYPE_CHECKING

from archdiff.errors import SourceError
from archdiff.text import printable

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["LARGEST", "read"]

LARGEST = 2**20
"""Bytes of a source that is read; the largest modelling file of transformers has 196,000."""

_REMEDY = "name the modelling file itself"


def read(path: Path, subject: str, home: Path | None = None) -> str:
    """The text of a source.

    Args:
        path: of the file.
        subject: what to call it in an error.
        home: the directory that it must not lead out of, by a link; the hub's cache links to the blobs of a model.

    Raises:
        SourceError: it is not there, no regular file, too large, no UTF-8, or a link that leads elsewhere.
    """
    try:
        real = path.resolve(strict=True)
        status = real.stat()
        if home is not None and not any(real.is_relative_to(folder) for folder in _allowed(home)):
            raise _fault(subject, f"{path.name} is a link that leads out of the model's directory")
        if not stat.S_ISREG(status.st_mode):
            raise _fault(subject, f"{path.name} is no regular file")
        data = b""
        if status.st_size <= LARGEST:
            with real.open("rb") as file:
                data = file.read(LARGEST + 1)
    except (OSError, RuntimeError) as error:  # a loop of links is a RuntimeError before Python 3.13
        why = error.strerror if isinstance(error, OSError) and error.strerror else "a loop of links"
        raise _fault(subject, f"{path.name} cannot be read ({why})") from error
    if max(status.st_size, len(data)) > LARGEST:
        raise _fault(subject, f"{path.name} is larger than {LARGEST // 2**20} MiB, which no modelling file is")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise _fault(subject, f"{path.name} is not UTF-8 text (byte {error.start})") from None


def _allowed(home: Path) -> tuple[Path, ...]:
    own = home.resolve(strict=False)
    in_cache = own.parent.name == "snapshots" and own.parent.parent.name.startswith("models--")
    return (own, own.parent.parent / "blobs") if in_cache else (own,)


def _fault(subject: str, cause: str) -> SourceError:
    return SourceError(printable(subject), printable(cause), _REMEDY)
