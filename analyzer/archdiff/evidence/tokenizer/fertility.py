"""Fertility: how many tokens a tokenizer needs for the texts of a fixed multilingual sample."""

from __future__ import annotations

import dataclasses
import json
import os
import subprocess
import sys
import tomllib
from functools import lru_cache
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

from archdiff.evidence.tokenizer import encoding
from archdiff.text import printable

if TYPE_CHECKING:
    from archdiff.evidence.tokenizer.tokenizer import Tokenizer

__all__ = ["Counted", "Fertility", "Text", "count", "fertility", "sample"]

_SECONDS = 60
_EXTRA = "pip install 'archdiff[tokenizers]'"


@dataclasses.dataclass(frozen=True, slots=True)
class Text:
    """A text of the sample.

    Args:
        name: of its language.
        text: to split.
        words: how many spaces and line ends part; None where they part none.
    """

    name: str
    text: str
    words: int | None

    @property
    def characters(self) -> int:
        """Unicode code points."""
        return len(self.text)


@dataclasses.dataclass(frozen=True, slots=True)
class Fertility:
    """What both tokenizers need for a text.

    Args:
        text: of the sample.
        old: tokens of OLD; None where it could not be counted.
        new: tokens of NEW; None where it could not be counted.
    """

    text: Text
    old: int | None
    new: int | None


@dataclasses.dataclass(frozen=True, slots=True)
class Counted:
    """Tokens for each text of the sample, and what a reader must know of them.

    Args:
        tokens: for each text; None where they could not be counted.
        note: why not, or what was assumed; empty where there is nothing to say.
    """

    tokens: tuple[int | None, ...]
    note: str = ""


@lru_cache(maxsize=1)
def sample() -> tuple[Text, ...]:
    """The texts, in the order of the file."""
    stated = tomllib.loads(files("archdiff.evidence.tokenizer").joinpath("sample.toml").read_text("utf-8"))
    texts = ((row["name"], row["text"].strip("\n"), row["words"]) for row in stated["text"])
    return tuple(Text(name, text, len(text.split()) if words else None) for name, text, words in texts)


def fertility(
    old: tuple[Tokenizer, Path], new: tuple[Tokenizer, Path]
) -> tuple[tuple[Fertility, ...], tuple[str, ...]]:
    """Count the tokens of the sample by both, each in a process of its own.

    Args:
        old: the tokenizer of OLD, and its file.
        new: the tokenizer of NEW, and its file.

    Returns:
        what each needs, text by text, empty where neither could be counted; and what was not counted, or assumed.
    """
    sides = count(*old, new[0].parts.get("pattern")), count(*new, old[0].parts.get("pattern"))
    notes = tuple(f"{side}: {each.note}" for side, each in zip(("OLD", "NEW"), sides, strict=True) if each.note)
    rows = zip(sample(), sides[0].tokens, sides[1].tokens, strict=True)
    found = tuple(Fertility(*row) for row in rows)
    return (found if any(each.old is not None or each.new is not None for each in found) else ()), notes


def count(tokenizer: Tokenizer, path: Path, other: str | None = None) -> Counted:
    """Count the tokens of the sample by the library that the file belongs to.

    Args:
        tokenizer: as it was read.
        path: of its file.
        other: the pattern of the tokenizer that it is compared with, for a file that states none.
    """
    pattern = tokenizer.parts.get("pattern", other)
    request = json.dumps({"texts": [each.text for each in sample()], "pattern": pattern}).encode()
    command = [sys.executable, "-P", str(Path(encoding.__file__)), tokenizer.kind, str(path.absolute())]
    environment = {**os.environ, "TOKENIZERS_PARALLELISM": "false"}
    try:
        done = subprocess.run(
            command, input=request, capture_output=True, check=True, timeout=_SECONDS, env=environment
        )
        answer = json.loads(done.stdout)
    except subprocess.TimeoutExpired:
        return _uncounted(f"its library took longer than {_SECONDS} seconds")
    except subprocess.CalledProcessError as error:
        return _uncounted(f"its library refused the file ({_last_line(error)})")
    except (OSError, ValueError) as error:
        return _uncounted(f"its library could not be run ({printable(str(error), 80)})")
    if "missing" in answer:
        return _uncounted(_install(tokenizer, str(answer["missing"])))
    assumed = f"fertility: a tiktoken file holds no pattern; {'the other side' if other else 'cl100k_base'}'s was taken"
    return Counted(tuple(answer["counts"]), assumed if tokenizer.kind == "tiktoken" else "")


def _install(tokenizer: Tokenizer, package: str) -> str:
    remedy = _EXTRA if tokenizer.kind == "sentencepiece" else f"pip install {package}"
    return f"the package {printable(package, 40)} is not installed; {remedy}"


def _uncounted(why: str) -> Counted:
    return Counted((None,) * len(sample()), f"fertility: {why}")


def _last_line(error: subprocess.CalledProcessError) -> str:
    lines = error.stderr.decode("utf-8", "replace").strip().splitlines()
    return printable(lines[-1], 120) if lines else f"exit status {error.returncode}"
