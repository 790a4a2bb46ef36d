"""A tokenizer as a value: what tokens it has, under which ids and in which order it learned them."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Literal, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["UNSTATED", "Kind", "Model", "Special", "Tokenizer"]

UNSTATED = "special tokens: "
"""How the note begins that says why a file holds no special tokens."""

Kind: TypeAlias = Literal["tokenizer.json", "sentencepiece", "tiktoken", "tekken"]
Model: TypeAlias = Literal["bpe", "unigram", "wordpiece", "word-level"]


@dataclasses.dataclass(frozen=True, slots=True)
class Special:
    """A token that no text is split into unless it is written out: a control token, or one that was added by hand.

    Args:
        id: of the token.
        text: as the file states it.
    """

    id: int
    text: str


@dataclasses.dataclass(frozen=True, slots=True)
class Tokenizer:
    """A tokenizer in the one form in which those of every kind compare.

    Tokens are bytes as they stand in text: the byte-level alphabet and byte tokens (`<0x0A>`) are undone, `▁` is
    a space, a WordPiece token that begins a word begins with a space.

    Args:
        name: what output calls it.
        kind: of file.
        model: how it splits text.
        digest: SHA-256 of the file, `sha256:…`.
        tokens: ordinary tokens, the id of each, ascending by id; without special and single-byte tokens.
        alphabet: the id of each byte that is a token of its own.
        special: special and added tokens, ascending by id.
        order: learned tokens in the order in which they were learned: results of merges by rank, pieces by score,
            else by id.
        merges: number of merges; None where the model has none.
        details: SHA-256 of what `order` leaves out: the pairs of the merges, or the scores; empty where there is
            nothing.
        parts: canonical text of the rules around the model, by name: `normaliser`, `pre-tokeniser`, `pattern`,
            `decoder`; empty text for one that the file says is none.
        chat_template: how messages are written; None where none was found.
        notes: what of the file was not read, or is not as it should be.
    """

    name: str
    kind: Kind
    model: Model
    digest: str
    tokens: Mapping[bytes, int]
    alphabet: Mapping[int, int]
    special: tuple[Special, ...]
    order: tuple[bytes, ...]
    merges: int | None = None
    details: str = ""
    parts: Mapping[str, str] = dataclasses.field(default_factory=dict)
    chat_template: str | None = None
    notes: tuple[str, ...] = ()

    @property
    def size(self) -> int:
        """Tokens of every sort."""
        return len(self.tokens) + len(self.alphabet) + len(self.special)

    @property
    def states_special(self) -> bool:
        """Whether the file says which special tokens there are; without them, ids may begin anywhere."""
        return bool(self.special) or not any(note.startswith(UNSTATED) for note in self.notes)
