"""What a run of the oracle found: one row a mutation, kept in the repository, and the confusion matrix."""

from __future__ import annotations

import dataclasses
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

__all__ = ["PATH", "Row", "disagreements", "matrix", "read", "summary", "write"]

PATH = Path(__file__).with_name("result.tsv")

_RANK = {"silent": 0, "cosmetic": 0, "behavioral": 1, "breaking": 2, "error": 3}
_EXECUTED = ("breaking", "behavioral", "cosmetic")
_SAID = ("breaking", "behavioral", "cosmetic", "silent", "error")


@dataclasses.dataclass(frozen=True, order=True)
class Row:
    """One mutation.

    Args:
        family: model type.
        field: the key that was mutated.
        label: what was done to it.
        executed: the impact that execution showed; `invalid` where NEW does not build or run, `failed` where the
            family could not be measured.
        findings: the worst impact of a finding; `silent` where there is none.
        changes: the worst impact of a change.
        rules: ids of the rules that found something of that impact, with commas; the error, where there is one.
    """

    family: str
    field: str
    label: str
    executed: str
    findings: str = ""
    changes: str = ""
    rules: str = ""

    @property
    def sign(self) -> int:
        """Below 0 where archdiff says less than execution (a false `cosmetic`), above where it says more."""
        return _RANK[self.findings] - _RANK[self.executed] if self.valid else 0

    @property
    def valid(self) -> bool:
        """Whether the mutation has an impact to compare."""
        return self.executed in _EXECUTED


_FIELDS = [field.name for field in dataclasses.fields(Row)]


def write(rows: Iterable[Row], version: str, path: Path = PATH) -> None:
    """Write the table, sorted, under the version of transformers that it was measured with."""
    lines = [f"# transformers {version}", "\t".join(_FIELDS)]
    lines += ["\t".join(" ".join(cell.split()) for cell in dataclasses.astuple(row)) for row in sorted(rows)]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def read(path: Path = PATH) -> tuple[Row, ...]:
    """The rows of a table."""
    lines = path.read_text(encoding="utf-8").splitlines()[2:]
    return tuple(Row(*line.split("\t")) for line in lines)


def disagreements(rows: Iterable[Row], *, under: bool) -> list[Row]:
    """Rows in which archdiff says less than execution, or more."""
    return sorted(row for row in rows if (row.sign < 0 if under else row.sign > 0))


def matrix(rows: Iterable[Row]) -> str:
    """The confusion matrix as a Markdown table: what execution showed, by what archdiff says."""
    counts = Counter((row.executed, row.findings) for row in rows if row.valid)
    lines = ["| execution | " + " | ".join(_SAID) + " |", "|---" * (len(_SAID) + 1) + "|"]
    for executed in _EXECUTED:
        cells = [str(counts[executed, said]) for said in _SAID]
        lines.append(f"| {executed} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def summary(rows: Iterable[Row]) -> str:
    """Totals, the matrix, the counts of each family and field that disagrees, and every disagreement by name."""
    rows = tuple(rows)
    valid = [row for row in rows if row.valid]
    under, over = disagreements(rows, under=True), disagreements(rows, under=False)
    invalid = sum(row.executed == "invalid" for row in rows)
    failed = sorted({row.family for row in rows if row.executed == "failed"})
    lines = [
        f"{len({row.family for row in valid})} families, {len(valid)} mutations, {invalid} more were invalid",
        f"right {len(valid) - len(under) - len(over)}, said too little {len(under)}, said too much {len(over)}",
        *([f"not measured: {', '.join(failed)}"] if failed else []),
        "", matrix(rows), "", *_counts("family", valid, lambda row: row.family),
        "", *_counts("field", valid, lambda row: row.field),
        "", "Said too little:", *map(_line, under), "", "Said too much:", *map(_line, over),
    ]  # fmt: skip
    return "\n".join(lines)


def _counts(name: str, rows: Iterable[Row], key: Callable[[Row], str]) -> Iterator[str]:
    groups: dict[str, list[Row]] = {}
    for row in rows:
        groups.setdefault(key(row), []).append(row)
    yield f"| {name} | mutations | breaking | behavioral | cosmetic | too little | too much |"
    yield "|---" * 7 + "|"
    for group, found in sorted(groups.items()):
        executed = Counter(row.executed for row in found)
        signs = Counter((row.sign > 0) - (row.sign < 0) for row in found)
        cells = [len(found), *(executed[impact] for impact in _EXECUTED), signs[-1], signs[1]]
        yield f"| {group} | " + " | ".join(map(str, cells)) + " |"


def _line(row: Row) -> str:
    return f"  {row.family} {row.field} ({row.label}): {row.executed}, archdiff {row.findings} [{row.rules}]"
