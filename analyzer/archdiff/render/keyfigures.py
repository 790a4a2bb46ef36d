"""The key figures of models, side by side."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich import box
from rich.table import Table
from rich.text import Text

from archdiff.render.screen import safe
from archdiff.report.summary import amount

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pydantic import JsonValue

    from archdiff.report.schema import ModelEntry

__all__ = ["rows", "shown", "table"]

_FACTS = (
    ("hidden size", "hidden_size"),
    ("attention", "attention.kind"),
    ("query heads", "attention.query_heads"),
    ("key-value heads", "attention.key_value_heads"),
    ("head dimension", "attention.head_dimension"),
    ("window", "attention.window"),
    ("key-value rank", "latent.key_value_rank"),
    ("routed experts", "experts.count"),
    ("experts per token", "experts.per_token"),
    ("expert width", "experts.width"),
    ("shared experts", "shared_experts.count"),
    ("dense MLP width", "mlp.width"),
    ("vocabulary", "vocabulary"),
    ("context", "context_length"),
    ("stored as", "dtype"),
    ("quantised", "quantization.method"),
)
"""What a row is called, and the fact that stands in it."""

_NOTHING = "–"


def rows(model: ModelEntry) -> Iterator[tuple[str, str]]:
    """Name and value of every figure, in a fixed order."""
    active = model.active_parameters
    yield "parameters", amount(model.parameters)
    yield "active for one token", amount(active) if active is not None else "unknown"
    yield "layers", f"{model.layers:,}"
    for name, fact in _FACTS:
        if fact in model.varying:
            yield name, " / ".join(shown(value) for value in model.varying[fact][:4])
        else:
            yield name, shown(model.facts.get(fact))


def shown(value: JsonValue) -> str:
    """A fact's value for people."""
    if value is None or value == [] or value is False:
        return _NOTHING
    if value is True:
        return "yes"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, list):
        return ", ".join(shown(item) for item in value)
    return str(value)


def table(*models: ModelEntry) -> Table:
    """A column for each model; where two differ, the row is marked. Rows without any value are left out."""
    made = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 2, 0, 0), show_edge=False)
    made.add_column("")
    for model in models:
        made.add_column(safe(model.name, limit=40), justify="right", overflow="fold")
    made.add_column("")
    for cells in zip(*map(rows, models), strict=True):
        name, values = cells[0][0], [value for _, value in cells]
        if any(value != _NOTHING for value in values):
            differs = len(set(values)) > 1
            texts = [safe(value, "bold" if differs else "", 60) for value in values]
            made.add_row(Text(name, "" if differs else "dim"), *texts, Text("≠" if differs else "", "bold"))
    return made
