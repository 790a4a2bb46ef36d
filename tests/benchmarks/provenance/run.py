"""Make the checkpoints of a pair and ask archdiff about them."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from tests.benchmarks.provenance.member import save
from tests.benchmarks.provenance.table import Row, failed, row

if TYPE_CHECKING:
    from collections.abc import Callable

    from archdiff.report.weights import JudgementEntry as Judgement
    from tests.benchmarks.provenance.pairs import Pair

    Judge = Callable[[str, str], tuple[Judgement, ...]]


def judged(old: str, new: str) -> tuple[Judgement, ...]:
    """What archdiff says of two checkpoints, by component."""
    import archdiff

    report = archdiff.weigh(old, new, cached=False)
    return report.weights.judgements if report.weights is not None else ()


def compared(pair: Pair, size: str, judge: Judge = judged) -> Row:
    """The row of a pair; its checkpoints are written to a folder that is gone afterwards.

    Whatever archdiff raises becomes the row's outcome: the other pairs go on.
    """
    with tempfile.TemporaryDirectory() as scratch:
        old, new = stored(pair, Path(scratch))
        try:
            return row(size, pair.relation, pair.name, judge(str(old), str(new)))
        except Exception as error:  # noqa: BLE001 - a bench reports what fails, whatever it is
            return failed(size, pair.relation, pair.name, error)


def stored(pair: Pair, folder: Path) -> tuple[Path, Path]:
    """The checkpoints of a pair, written into a folder, as a user would name them."""
    return save(pair.old(), folder / "old"), pair.store(pair.new(), folder / "new")
