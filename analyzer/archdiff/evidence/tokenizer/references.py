"""Compare the tokenizers of two references: find, read, compare, and count what both need for the sample."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from archdiff.evidence.tokenizer.compare import compare
from archdiff.evidence.tokenizer.fertility import fertility
from archdiff.evidence.tokenizer.find import locate
from archdiff.evidence.tokenizer.reading import read
from archdiff.evidence.tokenizer.reading.beside import with_beside

if TYPE_CHECKING:
    from pathlib import Path

    from archdiff.evidence.tokenizer.compare import TokenizerComparison
    from archdiff.evidence.tokenizer.tokenizer import Tokenizer

__all__ = ["compare_references", "open_reference"]


def compare_references(old: str, new: str) -> TokenizerComparison:
    """Compare the tokenizers that two references name.

    Args:
        old: a path to a file of a tokenizer or a directory with one, a hub id, or a name of the catalogue.
        new: the same.

    Raises:
        UnresolvedReferenceError: one names nothing that is there.
        SourceError: there is no tokenizer, or its file breaks its format.
    """
    sides = open_reference(old), open_reference(new)
    found, uncounted = fertility(*sides)
    return compare(sides[0][0], sides[1][0], found, uncounted)


def open_reference(text: str) -> tuple[Tokenizer, Path]:
    """The tokenizer that a reference names, with what stands beside its file; and the file.

    Raises:
        ArchdiffError: as `compare_references`.
    """
    located = locate(text)
    tokenizer = with_beside(read(located.path, text, located.name), located.beside, text)
    return dataclasses.replace(tokenizer, notes=(*located.notes, *tokenizer.notes)), located.path
