"""A program of its own that splits texts with a tokenizer's own library, and prints how many tokens each one has.

    python encoding.py KIND PATH < request.json

The request is `{"texts": […], "pattern": …}`; the answer `{"counts": […]}` or `{"missing": …}` for a package that is
not installed. The libraries are Rust and C++, and their input is an untrusted file: what makes one of them abort,
loop or eat memory ends this process and nothing else. It imports nothing of archdiff.
"""

from __future__ import annotations

import base64
import json
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

__all__ = ["CL100K", "counts", "main"]

_MEMORY = 8 * 2**30
_SECONDS = 20
CL100K = (
    r"'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}++|\p{N}{1,3}+| ?[^\s\p{L}\p{N}]++[\r\n]*+"
    r"|\s++$|\s*[\r\n]|\s+(?!\S)|\s"
)
"""The pattern of OpenAI's cl100k_base, for tiktoken files, which state none."""


def main() -> None:
    """Answer the request on standard input."""
    _bound()
    request = json.loads(sys.stdin.buffer.read())
    try:
        answer: dict[str, object] = {"counts": counts(sys.argv[1], Path(sys.argv[2]), **request)}
    except ImportError as error:
        answer = {"missing": error.name or str(error)}
    sys.stdout.write(json.dumps(answer))


def counts(kind: str, path: Path, texts: list[str], pattern: str | None = None) -> list[int]:
    """How many tokens each text has, special ones left out.

    Args:
        kind: of the file: `tokenizer.json`, `sentencepiece`, `tiktoken` or `tekken`.
        path: of the file.
        texts: to split.
        pattern: by which the pre-tokeniser splits, where the file states it elsewhere or not at all.

    Raises:
        ImportError: the library is not installed.
    """
    if kind == "tokenizer.json":
        return _by_tokenizers(path, texts)
    if kind == "sentencepiece":
        return _by_sentencepiece(path, texts)
    return _by_tiktoken(_ranks(kind, path), pattern or CL100K, texts)


def _by_tokenizers(path: Path, texts: list[str]) -> list[int]:
    from tokenizers import Tokenizer

    found = Tokenizer.from_file(str(path))
    found.no_truncation()
    found.no_padding()
    return [len(found.encode(text, add_special_tokens=False).ids) for text in texts]


def _by_sentencepiece(path: Path, texts: list[str]) -> list[int]:
    from sentencepiece import SentencePieceProcessor

    found = SentencePieceProcessor(model_proto=path.read_bytes())
    return [len(found.encode(text)) for text in texts]


def _by_tiktoken(ranks: dict[bytes, int], pattern: str, texts: list[str]) -> list[int]:
    from tiktoken import Encoding

    found = Encoding("file", pat_str=pattern, mergeable_ranks=ranks, special_tokens={})
    return [len(found.encode_ordinary(text)) for text in texts]


def _ranks(kind: str, path: Path) -> dict[bytes, int]:
    if kind == "tekken":
        stated = json.loads(path.read_bytes())
        size = stated["config"]["default_vocab_size"] - stated["config"]["default_num_special_tokens"]
        return {base64.b64decode(row["token_bytes"]): row["rank"] for row in stated["vocab"][:size]}
    rows = (line.split() for line in path.read_bytes().splitlines() if line.strip())
    return {base64.b64decode(token): int(rank) for token, rank in rows}


def _bound() -> None:
    """Memory and time that this process may take, where the system can bound them."""
    with suppress(ImportError, ValueError, OSError):
        resource: Any = __import__("resource")
        resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
        resource.setrlimit(resource.RLIMIT_CPU, (_SECONDS, _SECONDS))


if __name__ == "__main__":
    main()
