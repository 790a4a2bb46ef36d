"""The table of the zoo: one row a type, kept in the repository, and its totals."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["PATH", "Row", "Totals", "read", "totals", "write"]

PATH = Path(__file__).with_name("zoo.tsv")

CAUSAL = "AutoModelForCausalLM"


@dataclasses.dataclass(frozen=True, order=True)
class Row:
    """What became of one type.

    Args:
        model_type: transformers' name of it.
        kind: the auto class that it is built through.
        class_name: the class; empty where none was built.
        parameters: trained elements.
        nodes: of the graph.
        built: `yes`; else `transformers: …` where transformers cannot instantiate it either, or `archdiff: …`.
        traced: `yes`, or why not.
        ran: share of the parameters whose module the traced pass entered, in per mille, rounded down.
        roles: share of the parameters whose module has a role of at least medium confidence, in per mille,
            rounded down.
        silent: `yes` where two builds are equal and their comparison is empty; else what differs.
    """

    model_type: str
    kind: str
    class_name: str = ""
    parameters: int = 0
    nodes: int = 0
    built: str = ""
    traced: str = ""
    ran: int = 0
    roles: int = 0
    silent: str = ""

    def cells(self) -> list[str]:
        """The fields as text, on one line."""
        return [" ".join(str(value).split()) for value in dataclasses.astuple(self)]


_FIELDS = [field.name for field in dataclasses.fields(Row)]
_COUNTS = ("parameters", "nodes", "ran", "roles")


def write(rows: Iterable[Row], version: str, path: Path = PATH) -> None:
    """Write the table, sorted by type, under the version of transformers that it was measured with."""
    lines = [f"# transformers {version}", "\t".join(_FIELDS)]
    lines += ["\t".join(row.cells()) for row in sorted(rows)]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def read(path: Path = PATH) -> tuple[str, dict[str, Row]]:
    """Version of transformers, and the rows by type."""
    first, _, *lines = path.read_text(encoding="utf-8").splitlines()
    rows = [_row(line.split("\t")) for line in lines]
    return first.removeprefix("# transformers "), {row.model_type: row for row in rows}


def _row(cells: list[str]) -> Row:
    values = dict(zip(_FIELDS, cells, strict=True))
    return Row(**{key: int(value) if key in _COUNTS else value for key, value in values.items()})


@dataclasses.dataclass(frozen=True)
class Totals:
    """Sums over rows.

    Args:
        types: number of types.
        buildable: those that transformers can instantiate.
        built: those that archdiff builds.
        traced: those whose data flow was recorded.
        named: those that reach the share of parameters with a role.
        silent: those whose comparison with themselves is empty.
    """

    types: int
    buildable: int
    built: int
    traced: int
    named: int
    silent: int


def wanted_roles(row: Row) -> int:
    """The share of parameters with a role that the type must reach, in per mille."""
    return 990 if row.kind == CAUSAL else 950


def totals(rows: Iterable[Row]) -> Totals:
    """Count the rows."""
    rows = list(rows)
    built = [row for row in rows if row.built == "yes"]
    return Totals(
        types=len(rows),
        buildable=sum(not row.built.startswith("transformers") for row in rows),
        built=len(built),
        traced=sum(row.traced == "yes" for row in built),
        named=sum(row.roles >= wanted_roles(row) for row in built),
        silent=sum(row.silent == "yes" for row in built),
    )
