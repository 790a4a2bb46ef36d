"""Null calibration on trained weights: the p-values of unrelated members should be uniform.

``python -m tests.benchmarks.provenance.calibration`` trains the small members and writes the table.
"""

from __future__ import annotations

import collections
import dataclasses
import itertools
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from archdiff.weights.statistics.grouped import router_test, value_test
from archdiff.weights.statistics.order import order_test
from tests.benchmarks.provenance.axes import axes
from tests.benchmarks.provenance.disguises import heads
from tests.benchmarks.provenance.members import scratch
from tests.benchmarks.provenance.relations import EVERY
from tests.benchmarks.provenance.strangers import SEEDS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from archdiff.weights.statistics.outcome import Outcome
    from tests.benchmarks.provenance.member import Member

PATH = Path(__file__).with_name("nulls.tsv")
HEADER = ("family", "kind", "pairs", "abstained", "kolmogorov_smirnov_p", "below_0.05", "below_0.01", "least_log10_p")

FAMILIES = ("hidden-units", "value-channels", "routed-experts")
RECTANGULAR = "hidden-units, three quarters of NEW"


@dataclasses.dataclass(frozen=True)
class Part:
    """Rows of a member that a test compares.

    Args:
        family: of the test.
        what: which axis; only like is compared with like.
        rows: the matrix.
        heads: into which the rows are grouped.
    """

    family: str
    what: str
    rows: np.ndarray
    heads: int = 1


def parts(model: Member) -> Iterator[Part]:
    """Everything in a member that an exact test compares."""
    for name, tensor in model.state.items():
        kinds = axes(name)
        if kinds == ("expert", "residual"):
            yield Part("routed-experts", "router", tensor.numpy())
        elif kinds == ("expert", "routed+routed", "residual"):
            yield from (Part("hidden-units", "routed", gate.numpy()) for gate in tensor.chunk(2, dim=1)[0])
        elif kinds == ("value", "residual"):
            yield Part("value-channels", "value", tensor.numpy(), heads(model)[1])
        elif kinds == ("residual", "query+key+value"):
            yield Part("value-channels", "value", tensor.chunk(3, dim=1)[2].T.numpy(), heads(model)[1])
        elif name.endswith(("gate_proj.weight", "c_fc.weight")):
            rows = tensor.T if kinds == ("residual", "hidden") else tensor
            yield Part("hidden-units", "hidden", rows.numpy())


def outcomes(old: Member, new: Member, family: str, *, kept: float = 1.0) -> Iterator[Outcome]:
    """Every test of a family between two unrelated members, across layers and experts too.

    Args:
        old: one member.
        new: another.
        family: of tests.
        kept: share of NEW's hidden units that are compared, for rectangular pairs.
    """
    for number, (a, b) in enumerate(itertools.product(parts(old), parts(new))):
        if a.family == family and a.what == b.what:
            yield _test(a, b, kept, number)


def _test(a: Part, b: Part, kept: float, seed: int) -> Outcome:
    if a.family == "routed-experts":
        return router_test(a.rows, b.rows, seed=seed)
    if a.family == "value-channels":
        return value_test(a.rows, b.rows, a.heads, b.heads, seed=seed)
    count = int(kept * len(b.rows))
    rows = np.sort(np.random.default_rng(seed).choice(len(b.rows), count, replace=False))
    return order_test(a.rows, b.rows[rows], seed=seed)


def line(family: str, kind: str, found: Iterable[Outcome]) -> tuple[str, ...]:
    """A row of the table."""
    from scipy.stats import kstest

    found = list(found)
    logs = np.array([each.log10_p for each in found if each.log10_p is not None])
    values = 10.0**logs
    figures = (kstest(values, "uniform").pvalue, (values < 0.05).mean(), (values < 0.01).mean(), logs.min())
    return (family, kind, str(len(values)), str(len(found) - len(values)), *(f"{figure:.3f}" for figure in figures))


def main() -> int:
    """Write the table and print it."""
    lines = []
    for kind in EVERY:
        found = collections.defaultdict(list)
        for old, new in itertools.combinations(range(1, SEEDS["small"] + 1), 2):
            first, second = scratch(kind, "small", old), scratch(kind, "small", new)
            for family in FAMILIES:
                found[family] += outcomes(first, second, family)
            found[RECTANGULAR] += outcomes(first, second, "hidden-units", kept=0.75)
        lines += [line(family, kind, each) for family, each in sorted(found.items()) if each]
    text = "".join("\t".join(cells) + "\n" for cells in (HEADER, *lines))
    PATH.write_text(text, encoding="utf-8")
    sys.stdout.write(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
