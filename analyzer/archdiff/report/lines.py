"""The lines of configs at which two models differ, where the configs are files of the user."""

from __future__ import annotations

from typing import TYPE_CHECKING

from archdiff.report.values import clean

if TYPE_CHECKING:
    from archdiff.report.schema import ModelEntry, Report

__all__ = ["CONFIG_KINDS", "with_lines"]

CONFIG_KINDS = frozenset({"config-changed", "attribute-changed"})
"""Kinds of changes of which the subject begins with a key of the config."""


def with_lines(report: Report) -> Report:
    """The report with the lines of the keys that differ; nothing of configs that have been changed or moved since."""
    keys = {change.subject.partition(".")[0] for change in report.changes if change.kind in CONFIG_KINDS}
    if not keys:
        return report
    return report.model_copy(update={"old": _lined(report.old, keys), "new": _lined(report.new, keys)})


def _lined(entry: ModelEntry, keys: set[str]) -> ModelEntry:
    from archdiff.sources.lines import key_lines

    stated = key_lines(entry.reference, entry.kind, entry.digest).items()
    return entry.model_copy(update={"lines": {clean(key): line for key, line in stated if clean(key) in keys}})
