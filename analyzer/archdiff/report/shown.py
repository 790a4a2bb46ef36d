"""Which findings a report shows, and which it sets aside: known from a baseline, or covered by a suppression."""

from __future__ import annotations

import dataclasses
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from archdiff.errors import UsageError
from archdiff.report.schema import SetAside
from archdiff.report.values import clean

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from archdiff.report.schema import Confidence, ConfigurationEntry, FindingEntry, ModelEntry, PlaceEntry

__all__ = ["ALL", "CONFIDENCES", "Shown", "Sorted", "Suppression", "sort_out"]

CONFIDENCES: tuple[Confidence, ...] = ("high", "medium", "low")
"""The surest first."""

_WHOLE = "model"
"""What `where` calls the model as a whole, whose path is empty."""


@dataclasses.dataclass(frozen=True, slots=True)
class Suppression:
    """Findings that are known, and accepted for a reason.

    Args:
        rules: ids of the rules that it is about.
        reason: why the findings are accepted.
        where: pattern of the place in OLD or in NEW (`model.layers.*.mlp`; `model` for the whole), or of the role
            that all its changes have (`norm`, `lm-head`); `*` also stands for dots.
        old: pattern of OLD's name, reference or hub id; with other models the suppression says nothing.
        new: the same of NEW.
        expires: ISO date of the last day; None where it has none.
        subject: where it stands, for errors.
    """

    rules: frozenset[str]
    reason: str
    where: str = "*"
    old: str = "*"
    new: str = "*"
    expires: str | None = None
    subject: str = "suppression"

    def speaks_of(self, old: ModelEntry, new: ModelEntry) -> bool:
        """Whether it is about these two models."""
        return _is_called(old, self.old) and _is_called(new, self.new)

    def covers(self, finding: FindingEntry, roles: Mapping[str, str]) -> bool:
        """Whether a finding is accepted.

        Args:
            finding: of any rule.
            roles: of what changed, by the change's id.
        """
        return finding.rule in self.rules and (
            any(fnmatchcase(place, self.where) for place in _places(finding.old, finding.new))
            or _have_role([roles[change] for change in finding.changes if change in roles], self.where)
        )


@dataclasses.dataclass(frozen=True)
class Shown:
    """Which findings a report shows.

    Args:
        rules: ids of the rules whose findings it shows; None for all.
        known: fingerprints of findings that it sets aside, because a baseline holds them.
        confidence: the least that a finding needs.
        suppressions: what is accepted, and set aside.
        is_strict: whether a suppression that covers nothing is an error.
        configuration: what the report states of all this.
    """

    rules: frozenset[str] | None = None
    known: frozenset[str] = frozenset()
    confidence: Confidence = "low"
    suppressions: tuple[Suppression, ...] = ()
    is_strict: bool = True
    configuration: ConfigurationEntry | None = None


ALL = Shown()
"""Every finding."""


@dataclasses.dataclass(frozen=True, slots=True)
class Sorted:
    """What became of the findings of a comparison.

    Args:
        findings: those that the report shows, and that count.
        set_aside: those that are there and do not count.
        left_out: how many were left out, by why.
    """

    findings: tuple[FindingEntry, ...]
    set_aside: tuple[SetAside, ...]
    left_out: Mapping[str, int]


def sort_out(
    everything: Sequence[FindingEntry],
    shown: Shown,
    models: tuple[ModelEntry, ModelEntry],
    roles: Mapping[str, str],
    silent: frozenset[str] = frozenset(),
) -> Sorted:
    """Decide of every finding whether it counts.

    Args:
        everything: what the rules found.
        shown: what is wanted.
        models: OLD and NEW.
        roles: of what changed, by the change's id.
        silent: ids of rules that could not notice anything, as those of weights where none were read.

    Raises:
        UsageError: a suppression covers nothing.
    """
    spoken = [each for each in shown.suppressions if each.speaks_of(*models)]
    if shown.is_strict:
        _check_use(spoken, everything, roles, silent)
    selected = [entry for entry in everything if shown.rules is None or entry.rule in shown.rules]
    counted = CONFIDENCES[: CONFIDENCES.index(shown.confidence) + 1]
    sure = [entry for entry in selected if entry.confidence in counted]
    aside = {id(entry): found for entry in sure if (found := _aside(entry, shown.known, spoken, roles)) is not None}
    unsure = f"of less than {shown.confidence} confidence"
    return Sorted(
        tuple(entry for entry in sure if id(entry) not in aside),
        tuple(aside.values()),
        {"not selected": len(everything) - len(selected), unsure: len(selected) - len(sure)},
    )


def _check_use(
    spoken: Iterable[Suppression], everything: Sequence[FindingEntry], roles: Mapping[str, str], silent: frozenset[str]
) -> None:
    for each in spoken:
        if not each.rules <= silent and not any(each.covers(entry, roles) for entry in everything):
            remedy = "delete it, or say with `old` and `new` which models it is about"
            raise UsageError(each.subject, "covers no finding of this comparison", remedy)


def _aside(
    entry: FindingEntry, known: frozenset[str], spoken: Iterable[Suppression], roles: Mapping[str, str]
) -> SetAside | None:
    for each in spoken:
        if each.covers(entry, roles):
            return SetAside(finding=entry, cause="suppression", reason=clean(each.reason), expires=each.expires)
    if entry.fingerprint in known:
        return SetAside(finding=entry, cause="baseline", reason="", expires=None)
    return None


def _is_called(model: ModelEntry, pattern: str) -> bool:
    return any(fnmatchcase(name, pattern) for name in (model.name, model.reference, model.hub_id or model.name))


def _places(*places: PlaceEntry | None) -> tuple[str, ...]:
    return tuple(place.path or _WHOLE for place in places if place is not None)


def _have_role(roles: Sequence[str], pattern: str) -> bool:
    return bool(roles) and all(fnmatchcase(role, pattern) for role in roles)
