"""What Markdown documents say of models: key figures, notes, and what was not checked."""

from __future__ import annotations

from typing import TYPE_CHECKING

from archdiff.render.keyfigures import rows
from archdiff.render.markdown_fit import Section
from archdiff.render.markdown_text import NOTHING, bold, code, prose, row, rule, told

if TYPE_CHECKING:
    from collections.abc import Iterable

    from archdiff.report.schema import ModelEntry

__all__ = ["figures", "notes", "unchecked"]


def figures(*models: ModelEntry) -> Section:
    """The key figures, a column for each model; what differs is bold."""
    head = (row(("", *(code(model.name, 60) for model in models))), rule((False, *(True for _ in models))))
    lines = []
    for cells in zip(*map(rows, models), strict=True):
        values = [value for _, value in cells]
        if any(value != NOTHING for value in values):
            shown = bold if len(set(values)) > 1 else prose
            lines.append(row((prose(cells[0][0]), *(shown(value) for value in values))))
    return Section("Key figures", tuple(lines), head, 70, folded=len(models) > 1)


def notes(models: Iterable[ModelEntry]) -> Section:
    """What the sources of the models note."""
    lines = tuple(f"- {code(model.name)}: {told(note)}" for model in models for note in model.notes)
    return Section(f"Notes ({len(lines):,})", lines, rank=45, folded=True)


def unchecked(not_checked: tuple[str, ...]) -> Section:
    """What was left out, and why."""
    lines = tuple(f"- {told(left_out)}" for left_out in not_checked)
    return Section(f"Not checked ({len(lines):,})", lines, rank=85, folded=True)
