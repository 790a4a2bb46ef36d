"""What stands beside the file of a tokenizer: the chat template, and special tokens that the file itself lacks."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from archdiff.evidence.tokenizer.reading.content import checked_ids, fault, parse_json, read_bytes
from archdiff.evidence.tokenizer.tokenizer import UNSTATED, Special

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from archdiff.evidence.tokenizer.tokenizer import Tokenizer

__all__ = ["CONFIG", "NAMES", "TEMPLATE", "with_beside"]

CONFIG = "tokenizer_config.json"
TEMPLATE = "chat_template.jinja"
NAMES = (CONFIG, TEMPLATE)
"""Files that stand beside a tokenizer."""

_LARGEST = 16 * 2**20
_AGAIN = "fetch the file again, as the publisher saved it"


def with_beside(tokenizer: Tokenizer, files: Mapping[str, Path], subject: str) -> Tokenizer:
    """The tokenizer with its chat template, and with the special tokens that its config adds to those of the file.

    Args:
        tokenizer: as its file states it.
        files: those of `NAMES` that are there, by name.
        subject: what errors call them.

    Raises:
        SourceError: a file cannot be read, or breaks its format.
    """
    config: dict[str, object] = {}
    if CONFIG in files:
        config = parse_json(read_bytes(files[CONFIG], f"{subject} ({CONFIG})", _LARGEST), f"{subject} ({CONFIG})")
    template = _template(config.get("chat_template"))
    if TEMPLATE in files:
        template = _text(files[TEMPLATE], f"{subject} ({TEMPLATE})")
    added = _special(config.get("added_tokens_decoder"), f"{subject} ({CONFIG})")
    special = _united(tokenizer, added)
    notes = tuple(note for note in tokenizer.notes if not (special and note.startswith(UNSTATED)))
    return dataclasses.replace(tokenizer, chat_template=template, special=special, notes=notes)


def _united(tokenizer: Tokenizer, added: tuple[Special, ...]) -> tuple[Special, ...]:
    """Special tokens of the file, and those added whose id and text are not taken."""
    ids = {*tokenizer.tokens.values(), *tokenizer.alphabet.values(), *(each.id for each in tokenizer.special)}
    texts = {each.text for each in tokenizer.special}
    more = (each for each in added if each.id not in ids and each.text not in texts)
    return tuple(sorted((*tokenizer.special, *more), key=lambda each: each.id))


def _text(path: Path, subject: str) -> str:
    try:
        return read_bytes(path, subject, _LARGEST).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise fault(subject, f"not UTF-8 text (byte {error.start})", _AGAIN) from error


def _template(stated: object) -> str | None:
    """One template, or several under their names."""
    if isinstance(stated, str):
        return stated
    if not isinstance(stated, list):
        return None
    rows = [row for row in stated if isinstance(row, dict)]
    return "\n".join(f"{{# {row.get('name')} #}}\n{row.get('template')}" for row in rows) or None


def _special(stated: object, subject: str) -> tuple[Special, ...]:
    if not isinstance(stated, dict):
        return ()
    rows = [(key, row.get("content")) for key, row in stated.items() if isinstance(row, dict)]
    pairs = [(text, int(key) if key.isdecimal() and len(key) < 12 else key) for key, text in rows if text is not None]
    ids = checked_ids(((text, number) for text, number in pairs if isinstance(text, str)), subject)
    return tuple(Special(number, text) for text, number in ids.items())
