"""The table of verdicts: one row a pair, how it is read and written, and what it comes to."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING

from tests.benchmarks.provenance.truth import STRANGERS, truth

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from archdiff.weights.evidence import Judgement

PATH = Path(__file__).with_name("verdicts.tsv")
JUDGED = "language-model"
FLOOR = 0.08
"""Row cosine that the exact tests must be able to see before silence says anything."""

ACCUSING = ("identical", "derived", "transformed")


@dataclasses.dataclass(frozen=True, order=True)
class Row:
    """What was said of a pair.

    Args:
        size: of the members.
        relation: that holds.
        pair: which.
        expected: verdicts that find it.
        verdict: on the language model.
        labels: sub-labels on it.
        log10_p: of each exact family, as `family=value`.
        power: least row cosine that the exact tests would have seen; empty where none was told.
        others: verdicts on the other components, as `component=verdict`.
        outcome: `found`, `open` (inconclusive, which the power excuses), `missed`, `accused`, `clear`, or the error.
        named: whether a label that fits was given: `yes`, `no`, `-` where none is asked for.
    """

    size: str
    relation: str
    pair: str
    expected: str
    verdict: str
    labels: str
    log10_p: str
    power: str
    others: str
    outcome: str
    named: str


def row(size: str, relation: str, pair: str, judgements: Iterable[Judgement]) -> Row:
    """The row of a pair."""
    by_component = {each.component: each for each in judgements}
    judged, known = by_component.get(JUDGED), truth(relation)
    others = {name: each.verdict for name, each in by_component.items() if name != JUDGED}
    verdict = judged.verdict if judged else "none"
    fits = set(known.labels) & set(judged.labels if judged else ())
    return Row(
        size,
        relation,
        pair,
        "|".join(known.verdicts),
        verdict,
        ",".join(judged.labels) if judged else "",
        _figures(judged.log10_p) if judged else "",
        f"{judged.power:.3f}" if judged and judged.power is not None else "",
        ",".join(f"{name}={found}" for name, found in sorted(others.items())),
        outcome(relation, verdict, others.values(), judged.power if judged else None),
        ("yes" if fits else "no") if known.labels else "-",
    )


def outcome(relation: str, verdict: str, others: Iterable[str], power: float | None) -> str:
    """What a verdict is worth, given what is true."""
    known = truth(relation)
    if known.descent == "stranger":
        return "accused" if {verdict, *others} & set(ACCUSING) else "clear" if verdict in STRANGERS else "missed"
    if verdict in known.verdicts:
        return "found"
    return "open" if verdict == "inconclusive" and (power is None or power > FLOOR) else "missed"


def failed(size: str, relation: str, pair: str, error: Exception) -> Row:
    """The row of a pair that archdiff could not compare."""
    said = " ".join(f"{type(error).__name__}: {error}".split())
    return Row(size, relation, pair, "|".join(truth(relation).verdicts), "none", "", "", "", "", said, "-")


def summary(rows: Iterable[Row]) -> str:
    """Counts by size: what was found, what was not, who was accused; then every miss, one line each."""
    rows = sorted(rows)
    names = ("size", "descended", "found", "open", "missed", "label fits", "strangers", "accused", "called independent")
    sizes = sorted({each.size for each in rows})
    counts = [_counts(size, [each for each in rows if each.size == size]) for size in sizes]
    faults = [each for each in rows if each.outcome not in {"found", "clear"}]
    lines = (_line(*names), _line(*["---"] * len(names)), *counts, "", *map(_fault, faults))
    return "\n".join(lines)


def read() -> list[Row]:
    """The table as it is kept; empty without one."""
    if not PATH.is_file():
        return []
    lines = [line for line in PATH.read_text(encoding="utf-8").splitlines() if not line.startswith("#")]
    return [Row(*line.split("\t")) for line in lines[1:]]


def write(rows: Iterable[Row], versions: str) -> None:
    """Keep the table."""
    names = "\t".join(field.name for field in dataclasses.fields(Row))
    lines = ["\t".join(dataclasses.astuple(each)) for each in sorted(rows)]
    PATH.write_text("\n".join((f"# {versions}", names, *lines, "")), encoding="utf-8")


def _counts(size: str, rows: list[Row]) -> str:
    kin = [each for each in rows if truth(each.relation).descent in {"same", "descends"}]
    strangers = [each for each in rows if truth(each.relation).descent == "stranger"]
    asked = [each for each in kin if each.named != "-" and each.outcome == "found"]
    counts = (
        len(kin),
        *(sum(each.outcome == wanted for each in kin) for wanted in ("found", "open")),
        sum(each.outcome not in {"found", "open"} for each in kin),
        f"{sum(each.named == 'yes' for each in asked)} of {len(asked)}",
        len(strangers),
        sum(each.outcome == "accused" for each in strangers),
        sum(each.verdict == "independent" for each in strangers),
    )
    return _line(size, *counts)


def _line(*cells: object) -> str:
    return "| " + " | ".join(map(str, cells)) + " |"


def _fault(each: Row) -> str:
    figures = f"p {each.log10_p or 'none'}, power {each.power or 'none'}, {each.others or 'nothing else'}"
    return f"{each.size} {each.relation} ({each.pair}): {each.outcome}: {each.verdict}; {figures}"


def _figures(values: Mapping[str, float]) -> str:
    return ",".join(f"{name}={value:.1f}" for name, value in values.items())
