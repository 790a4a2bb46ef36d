"""Files of tokenizers: one module per kind; every one of them is untrusted."""

from __future__ import annotations

from typing import TYPE_CHECKING

from archdiff.evidence.tokenizer.reading import huggingface, sentencepiece, tekken, tiktoken
from archdiff.evidence.tokenizer.reading.content import described, fault, is_object, parse_json, read_bytes

if TYPE_CHECKING:
    from pathlib import Path

    from archdiff.evidence.tokenizer.tokenizer import Tokenizer

__all__ = ["KNOWN", "read"]

KNOWN = "a tokenizer.json, a SentencePiece model, a tiktoken file or a tekken.json"


def read(path: Path, subject: str, name: str) -> Tokenizer:
    """Read a tokenizer; what kind it is says its content, not its name.

    Args:
        path: of the file.
        subject: what errors call it.
        name: what output calls the tokenizer.

    Raises:
        SourceError: the file cannot be read, is of no known kind, or breaks the format of its kind.
    """
    data = read_bytes(path, subject)
    if is_object(data):
        stated = parse_json(data, subject)
        if isinstance(stated.get("model"), dict):
            return huggingface.parse(stated, data, subject, name)
        if tekken.is_tekken(stated):
            return tekken.parse(stated, data, subject, name)
        raise fault(subject, "JSON that is no tokenizer", f"name {KNOWN}")
    if tiktoken.is_tiktoken(data):
        return tiktoken.parse(data, subject, name)
    if sentencepiece.is_model(data):
        return sentencepiece.parse(data, subject, name)
    raise fault(subject, f"a tokenizer of unknown kind ({described(data)})", f"name {KNOWN}")
