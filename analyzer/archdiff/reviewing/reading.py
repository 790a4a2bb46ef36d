"""Read the two files of a review: what is claimed, and what was signed."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from archdiff.errors import SourceError
from archdiff.review.claims import LARGEST, Claims
from archdiff.review.claims import parse as parse_claims
from archdiff.sources.json_text import read_text
from archdiff.text import printable

if TYPE_CHECKING:
    from archdiff.review.signing import SignOff

__all__ = ["read_claims", "read_sign_off"]


def read_claims(path: str) -> Claims:
    """Read a claims file.

    Raises:
        SourceError: it cannot be read, or is not in the format.
    """
    return parse_claims(_read(path, "a claims file"), path)


def read_sign_off(path: str) -> SignOff:
    """Read a sign-off file.

    Raises:
        SourceError: it cannot be read, or is not in the format.
    """
    from archdiff.review.signing import parse

    return parse(_read(path, "a sign-off file"), path)


def _read(path: str, what: str) -> str:
    shown = printable(path) or "the empty path"
    try:
        return read_text(Path(path).expanduser(), shown, LARGEST)
    except SourceError as error:
        cause = (
            error.cause if "larger" not in error.cause else f"larger than {LARGEST // 1024} KiB, which {what} is not"
        )
        raise SourceError(shown, cause, f"name {what}; `archdiff review --help` says how it comes about") from error
    except (ValueError, RuntimeError) as error:  # a null byte, a ~user who does not exist
        raise SourceError(shown, "is no path", f"name {what}") from error
