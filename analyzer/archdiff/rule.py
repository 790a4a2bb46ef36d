"""Everything that the author of a rule needs, and nothing else.

A rule is a module with one decorated function. The module's name is the rule's id, the function's docstring its
manual: a first line that says what it notices, then `Why it matters`, `Example` and `What to do`.

    from collections.abc import Iterator

    from archdiff.rule import Comparison, Finding, rule


    @rule(impact="behavioral", group="Mixture of experts")
    def experts_per_token_changed(comparison: Comparison) -> Iterator[Finding]:
        \"\"\"Each token is sent to another number of routed experts.

        Why it matters:
            …
        \"\"\"
        for difference in comparison.differences("experts.per_token"):
            yield Finding.of(difference, f"experts per token: {difference.old} → {difference.new}")
"""

from __future__ import annotations

import dataclasses
import inspect
from types import MappingProxyType
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from archdiff.compare.changes import Change, Impact, Place
    from archdiff.compare.comparison import Comparison, Difference, StackAlignment
    from archdiff.compare.provenance import Provenance
    from archdiff.compare.vocabularies import Tokenizers
    from archdiff.evidence.licences import Licence
    from archdiff.graph.schema import Confidence, ModelGraph, Value

__all__ = [
    "Change",
    "Comparison",
    "Difference",
    "Finding",
    "Impact",
    "Licence",
    "Manual",
    "ModelGraph",
    "Place",
    "Provenance",
    "Rule",
    "StackAlignment",
    "Tokenizers",
    "Value",
    "ancestors",
    "count",
    "grants_more",
    "keeps_weights",
    "licence",
    "rule",
    "show",
]

Check: TypeAlias = "Callable[[Comparison], Iterable[Finding]]"


@dataclasses.dataclass(frozen=True)
class Finding:
    """What a rule noticed.

    Args:
        message: one sentence with both values; where it stands is added by the renderers.
        old: where in OLD; None for what is new.
        new: where in NEW; None for what is gone.
        facts: value in OLD and in NEW by name, for programs that read the report.
        explains: the changes that this finding accounts for; the rest goes to `unexplained-change`.
        parameters: trained elements added minus removed.
        confidence: of the matches behind it.
        impact: where it is not the worst of the changes that are explained.
    """

    message: str
    old: Place | None
    new: Place | None
    facts: Mapping[str, tuple[Value, Value]] = dataclasses.field(default_factory=lambda: MappingProxyType({}))
    explains: tuple[Change, ...] = ()
    parameters: int = 0
    confidence: Confidence = "high"
    impact: Impact | None = None

    @classmethod
    def of(cls, difference: Difference, message: str, impact: Impact | None = None) -> Finding:
        """A finding that reports one difference as it stands."""
        return cls(
            message=message,
            old=difference.old_place,
            new=difference.new_place,
            facts=difference.facts,
            explains=difference.explains,
            parameters=difference.parameters,
            confidence=difference.confidence,
            impact=impact,
        )


@dataclasses.dataclass(frozen=True)
class Manual:
    """The parts of a rule's docstring.

    Args:
        summary: the first line.
        sections: text by heading (`Why it matters`, `Example`, `What to do`), in order.
    """

    summary: str
    sections: Mapping[str, str]


@dataclasses.dataclass(frozen=True)
class Rule:
    """A rule as a pack provides it.

    Args:
        id: the module's name with dashes.
        impact: the usual impact; a finding has that of the changes behind it.
        group: the heading it is listed under.
        check: the decorated function.
        manual: from its docstring.
        mirror: id of the rule that notices the same when OLD and NEW are swapped.
        last: whether it runs after all others and reads `Comparison.unexplained`.
        pack: name of the pack it came from; set when it is loaded.
    """

    id: str
    impact: Impact
    group: str
    check: Check
    manual: Manual
    mirror: str
    last: bool = False
    pack: str = ""


def rule(*, impact: Impact, group: str, mirror: str | None = None, last: bool = False) -> Callable[[Check], Rule]:
    """Declare a rule.

    Args:
        impact: the usual one.
        group: the heading it is listed under.
        mirror: id of the rule that fires when OLD and NEW are swapped; the rule itself unless given.
        last: run it after all others, so that `comparison.unexplained` holds what they left.
    """

    def declare(check: Check) -> Rule:
        rule_id = check.__module__.rpartition(".")[2].replace("_", "-")
        return Rule(rule_id, impact, group, check, _manual(inspect.getdoc(check) or ""), mirror or rule_id, last)

    return declare


def _manual(text: str) -> Manual:
    """Split a docstring at its headings: unindented lines that end with a colon."""
    lines = text.splitlines() or [""]
    sections: dict[str, list[str]] = {}
    heading = None
    for line in lines[1:]:
        if line.endswith(":") and not line.startswith(" "):
            heading = line[:-1]
            sections[heading] = []
        elif heading is not None:
            sections[heading].append(line)
    joined = {key: inspect.cleandoc("\n".join(value)).strip() for key, value in sections.items()}
    return Manual(lines[0], MappingProxyType(joined))


def count(number: int) -> str:
    """A count with thousands separated: `196,608`."""
    return f"{number:,}"


def show(value: Value) -> str:
    """A fact's value as a reader wants it: `none`, `yes`, `196,608`, `query, key and value`."""
    if value is None or value == ():
        return "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return count(value)
    if isinstance(value, float):
        return count(int(value)) if value.is_integer() and abs(value) < 1e15 else f"{value:g}"
    if isinstance(value, tuple):
        texts = [show(item) for item in value]
        return texts[0] if len(texts) == 1 else f"{', '.join(texts[:-1])} and {texts[-1]}"
    return value


def ancestors(hub_id: str) -> frozenset[str] | None:
    """Hub ids in lower case of every model that a model is declared to be made from; None if not all are catalogued."""
    from archdiff.evidence import lineage

    return lineage.ancestors(hub_id)


def keeps_weights(relation: str) -> bool:
    """Whether the weights of a model in this declared relation must depend on those of its base."""
    from archdiff.evidence import lineage

    return lineage.keeps_weights(relation)


def licence(name: object) -> Licence | None:
    """What is known of a licence by any spelling of its name; None where the table has no such licence."""
    from archdiff.evidence.licences import find

    return find(name)


def grants_more(derived: Licence, base: Licence) -> bool:
    """Whether the licence of a derived model grants what that of its base forbids or conditions."""
    from archdiff.evidence.licences import conflicts

    return conflicts(base, derived)


def __getattr__(name: str) -> object:
    """Types that rules name are imported when first asked for, so that listing rules stays fast."""
    homes = {
        "Change": "archdiff.compare.changes",
        "Impact": "archdiff.compare.changes",
        "Place": "archdiff.compare.changes",
        "Comparison": "archdiff.compare.comparison",
        "Difference": "archdiff.compare.comparison",
        "StackAlignment": "archdiff.compare.comparison",
        "Licence": "archdiff.evidence.licences",
        "Provenance": "archdiff.compare.provenance",
        "Tokenizers": "archdiff.compare.vocabularies",
        "ModelGraph": "archdiff.graph.schema",
        "Value": "archdiff.graph.schema",
    }
    if name not in homes:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    import importlib  # only when a type is looked up at run time

    return getattr(importlib.import_module(homes[name]), name)
