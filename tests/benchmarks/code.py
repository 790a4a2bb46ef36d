"""``python -m tests.benchmarks.code``: how alike the code of unrelated families is; writes the control table.

Families of transformers are unrelated where neither declares the other, nor both a common ancestor, in modular files
and `# Copied from` comments. Pairs are drawn with a fixed seed: the same version gives the same table.
"""

from __future__ import annotations

import argparse
import random
import sys
from functools import cache
from importlib.metadata import version
from itertools import combinations
from pathlib import Path

from archdiff.evidence.code import declared, shipped
from archdiff.evidence.code.similar import RUN, Match, best_matches, shared
from archdiff.evidence.code.tree import Labels, Tree, parse, plant

TABLE = Path(__file__).resolve().parents[2] / "analyzer/archdiff/evidence/code/control.toml"
SMALLEST = 500
"""Nodes of a file that is drawn; smaller ones only pass on another family's classes."""

CLASSES = (RUN, 50, 150, 500)
"""Least number of nodes of a class in each row of the table."""

HEAD = """# How alike the code of unrelated families of transformers is, names normalised.
# Written by `python -m tests.benchmarks.code --write`.
# Unrelated: neither declares the other nor both a common ancestor, in modular files and `# Copied from` comments.
"""


def ancestry() -> dict[str, frozenset[str]]:
    """Each family, and everything that it is declared to be made from, itself included."""
    parents = {family: set(parents_of(family)) for family in shipped.families()}

    @cache
    def line(family: str) -> frozenset[str]:
        found, waiting = {family}, [family]
        while waiting:
            fresh = parents.get(waiting.pop(), set()) - found
            found |= fresh
            waiting += fresh
        return frozenset(found)

    return {family: line(family) for family in parents}


def parents_of(family: str) -> dict[str, int]:
    """Families that a family is declared to be made from."""
    file = shipped.file_of_type(family)
    modular = shipped.modular_of(file) if file is not None else None
    own = declared.inherited(parse(modular.read_text(encoding="utf-8"), family)) if modular is not None else {}
    return {**(declared.copied_from(file.read_text(encoding="utf-8")) if file is not None else {}), **own}


def quantile(values: list[float], share: float) -> float:
    """The value that a share of all values does not exceed."""
    ordered = sorted(values)
    return ordered[min(int(share * len(ordered)), len(ordered) - 1)]


def drawn(count: int, seed: int) -> tuple[list[str], list[tuple[str, str]]]:
    """The families, and pairs of unrelated ones."""
    lines = ancestry()
    families = [family for family in lines if file_size(family) >= SMALLEST]
    unrelated = [(a, b) for a, b in combinations(families, 2) if not lines[a] & lines[b]]
    return families, random.Random(seed).sample(unrelated, min(count, len(unrelated)))


@cache
def planted(family: str) -> Tree:
    """The normalised tree of a family; all share their labels."""
    file = shipped.file_of_type(family)
    return plant(parse(file.read_text(encoding="utf-8"), family), LABELS) if file is not None else Tree((), ())


LABELS = Labels()
QUANTILES = (("median", 0.5), ("high", 0.95), ("highest", 1.0))


def file_size(family: str) -> int:
    """Nodes of a family's modelling file."""
    return len(planted(family).nodes)


def class_rows(matches: list[Match]) -> list[tuple[int, int, float]]:
    """For each size of class: how many were matched, and what one of twenty exceeds."""
    rows = []
    for least, above in zip(CLASSES, (*CLASSES[1:], sys.maxsize), strict=True):
        found = [match.similarity for match in matches if least <= match.nodes < above]
        rows.append((least, len(found), quantile(found, 0.95)))
    return rows


def main() -> int:
    """Measure, and write the table."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.code", description=__doc__)
    parser.add_argument("--pairs", type=int, default=2000, help="pairs of whole files (default: 2000)")
    parser.add_argument("--classes", type=int, default=300, help="of these, pairs matched by class (default: 300)")
    parser.add_argument("--write", action="store_true", help="replace the table that is committed")
    chosen = parser.parse_args()
    families, pairs = drawn(chosen.pairs, seed=6)
    whole = [shared(planted(a), planted(b)).similarity for a, b in pairs]
    matches = [match for a, b in pairs[: chosen.classes] for match in best_matches(planted(a), planted(b))]
    lines = [
        HEAD,
        f'transformers = "{version("transformers")}"',
        f"families = {len(families)}",
        f"pairs = {len(pairs)}",
        *(
            f"{name} = {quantile(whole, share):.3f}"
            for name, share in (("median", 0.5), ("high", 0.95), ("highest", 1))
        ),
    ]
    for least, count, high in class_rows(matches):
        lines += ["", "[[class]]", f"nodes = {least}  # {count:,} classes", f"high = {high:.3f}"]
    text = "\n".join(lines) + "\n"
    sys.stdout.write(text)
    if chosen.write:
        TABLE.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
