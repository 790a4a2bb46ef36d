"""From a comparison and what the rules found to the report: the same inputs give the same report."""

from __future__ import annotations

from importlib.metadata import version
from typing import TYPE_CHECKING

from archdiff.compare.changes import IMPACTS, highest
from archdiff.packs import in_order
from archdiff.report.entries import aligned, change_entry, finding_entry, model_entry
from archdiff.report.schema import Report, RuleEntry
from archdiff.report.shown import ALL, Shown, sort_out
from archdiff.report.summary import summarize
from archdiff.report.values import clean
from archdiff.report.weights import CANNOT_TELL, weights_entry

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Sequence

    from archdiff.compare.comparison import Comparison
    from archdiff.report.schema import Block, ChangeEntry, FindingEntry, Impact
    from archdiff.rule import Finding, Rule
    from archdiff.weights.evidence import Evidence

__all__ = ["ALL", "Shown", "assemble"]

_NO_WEIGHTS = "weights: not compared (structure only)"
_OF_WEIGHTS = "Weights"
_NEVER = (
    "tokenizer: not compared",
    "training data and logs: not compared",
)


def assemble(
    comparison: Comparison,
    located: Sequence[tuple[Rule, Finding]],
    rules: Sequence[Rule],
    blocks: tuple[Sequence[Block], Sequence[Block]] = ((), ()),
    shown: Shown = ALL,
    evidence: Evidence | None = None,
) -> Report:
    """Put together the report of a comparison.

    Args:
        comparison: of OLD and NEW.
        located: every finding with the rule that noticed it.
        rules: those that ran.
        blocks: the folded graphs of OLD and NEW.
        shown: which findings it shows; impact and explanations rest on all of them.
        evidence: of the weights; None where they were not compared.

    Raises:
        UsageError: a suppression covers nothing.
    """
    everything = _findings(located)
    old, new = model_entry(comparison.old, blocks[0]), model_entry(comparison.new, blocks[1])
    roles = {change.id: change.role for change in comparison.changes}
    found = sort_out(everything, shown, (old, new), roles, _silent(rules, evidence))
    return Report(
        archdiff=version("archdiff"),
        transformers=str(comparison.new.attributes.get("transformers") or version("transformers")),
        old=old,
        new=new,
        summary=summarize(old, new, found.findings, _worst(comparison, everything), len(comparison.changes)),
        findings=found.findings,
        changes=_changes(comparison, everything),
        alignment=tuple(aligned(stack) for stack in comparison.alignment),
        set_aside=found.set_aside,
        configuration=shown.configuration,
        weights=weights_entry(evidence) if evidence is not None else None,
        rules=_rules(rules, {rule.id for rule, _ in located}),
        not_checked=(
            *_unchecked(comparison, evidence),
            *(text for why, number in found.left_out.items() for text in _left_out(why, number)),
        ),
    )


def _silent(rules: Iterable[Rule], evidence: Evidence | None) -> frozenset[str]:
    """Ids of the rules that had nothing to look at."""
    return frozenset(rule.id for rule in rules if rule.group == _OF_WEIGHTS and evidence is None)


def _rules(rules: Iterable[Rule], speaking: Collection[str]) -> tuple[RuleEntry, ...]:
    """By id; the manual of those that noticed something, so that a reader of the report has it at hand."""
    return tuple(
        RuleEntry(
            id=rule.id,
            pack=rule.pack,
            impact=rule.impact,
            group=clean(rule.group),
            summary=clean(rule.manual.summary),
            manual={clean(k): clean(v) for k, v in rule.manual.sections.items()} if rule.id in speaking else {},
        )
        for rule in sorted(rules, key=lambda rule: rule.id)
    )


def _findings(located: Sequence[tuple[Rule, Finding]]) -> tuple[FindingEntry, ...]:
    """By impact, then by group, rule and place."""
    order = {group: position for position, group in enumerate(in_order(rule.group for rule, _ in located))}
    entries = [(order[rule.group], finding_entry(rule, finding)) for rule, finding in located]
    return tuple(entry for _, entry in sorted(entries, key=lambda pair: _key(*pair)))


def _key(group: int, entry: FindingEntry) -> tuple[object, ...]:
    place = entry.new or entry.old
    stands = (place.layers, place.path) if place is not None else ((), "")
    return (IMPACTS.index(entry.impact), group, entry.rule, stands, entry.message, entry.fingerprint)


def _changes(comparison: Comparison, findings: Iterable[FindingEntry]) -> tuple[ChangeEntry, ...]:
    explained: dict[str, set[str]] = {}
    for finding in findings:
        for change in finding.changes:
            explained.setdefault(change, set()).add(finding.rule)
    return tuple(change_entry(change, sorted(explained.get(change.id, ()))) for change in comparison.changes)


def _worst(comparison: Comparison, findings: Sequence[FindingEntry]) -> Impact | None:
    """Of everything that differs; None where nothing does. What has no effect of its own does not count.

    Nor does what is said of weights: two models may have other weights and no difference in architecture.
    """
    impacts = [change.impact for change in comparison.changes if not change.inert]
    impacts.extend(finding.impact for finding in findings if finding.changes or finding.impact != "cosmetic")
    return highest(impacts) if impacts or comparison.changes else None


def _unchecked(comparison: Comparison, evidence: Evidence | None) -> tuple[str, ...]:
    stated = [f"{graph.name}: {text}" for graph in (comparison.old, comparison.new) for text in graph.not_checked]
    weights = [_NO_WEIGHTS] if evidence is None else list(_unread(evidence))
    return tuple(clean(text) for text in dict.fromkeys((*stated, *weights, *_NEVER)))


def _unread(evidence: Evidence) -> Iterator[str]:
    """What of the weights was not compared, and what comparing them cannot tell."""
    for text in evidence.not_checked:
        yield f"weights: {text}"
    if evidence.read != evidence.total:
        shares = (f"{read:,} of {total:,}" for read, total in zip(evidence.read, evidence.total, strict=True))
        yield f"weights: {' bytes of OLD and '.join(shares)} of NEW were read"
    yield f"weights: {CANNOT_TELL[:1].lower()}{CANNOT_TELL[1:].rstrip('.')}"


def _left_out(why: str, number: int) -> tuple[str, ...]:
    return (f"{number:,} {'finding' if number == 1 else 'findings'}: {why}",) if number else ()
