"""Rule packs: found through entry points, checked in full, and run. A fault in one is an error."""

from __future__ import annotations

import dataclasses
import difflib
import importlib
import pkgutil
import re
from fnmatch import fnmatchcase
from importlib.metadata import EntryPoint, entry_points
from typing import TYPE_CHECKING

from archdiff.errors import PackError, RuleError, UsageError
from archdiff.rule import Finding, Rule
from archdiff.text import printable

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from types import ModuleType

    from archdiff.compare.changes import Impact
    from archdiff.compare.comparison import Comparison

__all__ = [
    "AREA",
    "GROUP",
    "GROUPS",
    "SECTIONS",
    "area",
    "choose",
    "find",
    "impact_of",
    "in_order",
    "load_rules",
    "matching",
    "run",
]

GROUP = "archdiff.packs"
"""The entry point group: each entry names a package whose modules are rules."""

SECTIONS = ("Why it matters", "Example", "What to do")
"""The sections that a rule's manual must have, in this order of reading."""

GROUPS = (
    "Depth and layer pattern",
    "Mixture of experts",
    "Attention",
    "Positions",
    "Norms and residual stream",
    "Feed-forward",
    "State-space and convolution mixers",
    "Embeddings and heads",
    "Modalities",
    "Storage, naming, lineage",
    "Weights",
)
"""The groups of the built-in rules, in the order in which they are listed."""

AREA = "area:"
"""What stands before a pattern of areas: `area:attention`."""

_IMPACTS: tuple[Impact, ...] = ("breaking", "behavioral", "cosmetic")  # the worst first; see compare.changes
_INSTALL = "install archdiff again, or correct the pack's entry point"
_CORRECT = "correct the pack, or uninstall it"


def load_rules() -> tuple[Rule, ...]:
    """Load every rule of every installed pack, sorted by id.

    Raises:
        PackError: there is no pack, one does not load, or its rules break the contract of `archdiff.rule`.
    """
    entries = sorted(entry_points(group=GROUP), key=lambda entry: (entry.name, entry.value))
    if not entries:
        raise PackError("rule packs", "none is installed, so nothing would be checked", "install archdiff again")
    rules = sorted((rule for entry in entries for rule in _load_pack(entry)), key=lambda rule: rule.id)
    _check_together(rules)
    return tuple(rules)


def _load_pack(entry: EntryPoint) -> list[Rule]:
    package = _import(entry.value, entry.name)
    if not hasattr(package, "__path__"):
        raise PackError(_pack(entry.name), f"{entry.value} is a module, not a package of rules", _INSTALL)
    names = sorted(info.name for info in pkgutil.iter_modules(package.__path__) if not info.name.startswith("_"))
    if not names:
        raise PackError(_pack(entry.name), f"{entry.value} holds no rules", _INSTALL)
    return [_rule_of(_import(f"{entry.value}.{name}", entry.name), name, entry.name) for name in names]


def _import(name: str, pack: str) -> ModuleType:
    try:
        return importlib.import_module(name)
    except (Exception, SystemExit) as error:
        cause = f"{name} does not import ({_what(error)})"
        raise PackError(_pack(pack), cause, _CORRECT) from error


def _rule_of(module: ModuleType, name: str, pack: str) -> Rule:
    """The one rule that a module holds, under its pack's name."""
    found = list({id(value): value for value in vars(module).values() if isinstance(value, Rule)}.values())
    if len(found) != 1:
        raise PackError(_pack(pack), f"{module.__name__} holds {len(found)} rules, not one", _CORRECT)
    rule = dataclasses.replace(found[0], pack=pack)
    if rule.id != name.replace("_", "-"):
        raise PackError(_pack(pack), f"{module.__name__} holds a rule with the id {rule.id}", _CORRECT)
    if fault := _fault(rule):
        raise PackError(f"rule {rule.id} of pack {pack}", fault, _CORRECT)
    return rule


def _fault(rule: Rule) -> str:
    """What breaks the contract in a rule's declaration; empty if nothing does."""
    if rule.impact not in _IMPACTS:
        return f"declares the impact {rule.impact!r}"
    if not rule.manual.summary.strip():
        return "has no docstring, which is its manual"
    missing = [section for section in SECTIONS if not rule.manual.sections.get(section)]
    return f"has a docstring without the section {missing[0]!r}" if missing else ""


def _check_together(rules: Sequence[Rule]) -> None:
    """Check what only all rules together show: ids stated twice, mirrors that do not exist."""
    owners: dict[str, str] = {}
    for rule in rules:
        if rule.id in owners:
            cause = f"is in pack {owners[rule.id]} and in pack {rule.pack}"
            raise PackError(f"rule {rule.id}", cause, "uninstall one of the two packs")
        owners[rule.id] = rule.pack
    for rule in rules:
        if rule.mirror not in owners:
            cause = f"names {rule.mirror!r} as its mirror, which is no rule"
            raise PackError(f"rule {rule.id} of pack {rule.pack}", cause, _CORRECT)


def find(rules: Sequence[Rule], rule_id: str) -> Rule:
    """Return the rule with this id.

    Raises:
        UsageError: there is none; the message suggests the nearest.
    """
    found = next((rule for rule in rules if rule.id == rule_id), None)
    if found is None:
        raise _no_such_rule(rules, rule_id)
    return found


def choose(rules: Sequence[Rule], select: Iterable[str] = (), ignore: Iterable[str] = ()) -> frozenset[str]:
    """Return the ids that the patterns leave: what `select` names, or all, less what `ignore` names.

    Args:
        rules: those that are loaded.
        select: ids, areas as `area:attention`, or patterns of either with `*` and `?`; none selects all.
        ignore: the same, taken away from what is selected.

    Raises:
        UsageError: a pattern fits no rule, or nothing is left.
    """
    selected = matching(rules, select) or frozenset(rule.id for rule in rules)
    chosen = selected - matching(rules, ignore)
    if not chosen:
        raise UsageError("rules", "the patterns leave none", "select more or ignore fewer")
    return chosen


def matching(rules: Sequence[Rule], patterns: Iterable[str]) -> frozenset[str]:
    """Return the ids of the rules that ids, areas or patterns of either name.

    Raises:
        UsageError: a pattern fits no rule; the message suggests the nearest.
    """
    found: set[str] = set()
    for pattern in patterns:
        fits = {rule.id for rule in rules if fnmatchcase(_name(rule, pattern), pattern)}
        if not fits:
            raise _no_such_rule(rules, pattern)
        found |= fits
    return frozenset(found)


def area(group: str) -> str:
    """A group of rules as it is selected: `Mixture of experts` is `mixture-of-experts`."""
    return re.sub(r"[^a-z0-9]+", "-", group.lower()).strip("-")


def _name(rule: Rule, pattern: str) -> str:
    """What of a rule a pattern is about: its area, or its id."""
    return f"{AREA}{area(rule.group)}" if pattern.startswith(AREA) else rule.id


def _no_such_rule(rules: Sequence[Rule], text: str) -> UsageError:
    close = difflib.get_close_matches(text[:100], [_name(rule, text) for rule in rules], n=1, cutoff=0.5)
    remedy = f"did you mean {close[0]}?" if close else "run: archdiff rules"
    return UsageError(printable(text, 80) or "the empty rule id", "no such rule", remedy)


def in_order(groups: Iterable[str]) -> tuple[str, ...]:
    """The groups, each once: those of the built-in rules in their order, then others by name."""
    found = set(groups)
    return (*(group for group in GROUPS if group in found), *sorted(found.difference(GROUPS)))


def run(rules: Sequence[Rule], comparison: Comparison) -> tuple[tuple[Rule, Finding], ...]:
    """Run the rules, and after them those that read what the others left unexplained.

    Raises:
        RuleError: a rule raised, or yielded something that is not a finding.
    """
    first = [pair for rule in rules if not rule.last for pair in _findings(rule, comparison)]
    left = comparison.after(change.id for _, finding in first for change in finding.explains)
    return (*first, *(pair for rule in rules if rule.last for pair in _findings(rule, left)))


def _findings(rule: Rule, comparison: Comparison) -> Iterator[tuple[Rule, Finding]]:
    subject = f"rule {rule.id} of pack {rule.pack or 'unknown'}"
    remedy = "report it to the pack's authors with what --debug prints"
    try:
        found = list(rule.check(comparison))
    except (Exception, SystemExit) as error:
        raise RuleError(subject, f"failed ({_what(error)})", remedy) from error
    for finding in found:
        if not isinstance(finding, Finding):
            raise RuleError(subject, f"yielded {type(finding).__name__}, not a finding", remedy)
        if finding.old is None and finding.new is None:
            raise RuleError(subject, "yielded a finding that stands in neither model", remedy)
        yield rule, finding


def impact_of(rule: Rule, finding: Finding) -> Impact:
    """The finding's own impact, else the worst of what it explains, else the rule's usual one."""
    if finding.impact is not None or not finding.explains:
        return finding.impact or rule.impact
    found = {change.impact for change in finding.explains}
    return next(impact for impact in _IMPACTS if impact in found)


def _pack(name: str) -> str:
    return f"rule pack {printable(name, 80)}"


def _what(error: BaseException) -> str:
    return f"{type(error).__name__}: {printable(str(error), 160)}"
