"""The manual of every rule as a page of Markdown, and an index."""

from __future__ import annotations

from typing import TYPE_CHECKING

from archdiff.packs import AREA, area, in_order

if TYPE_CHECKING:
    from collections.abc import Sequence

    from archdiff.rule import Rule

__all__ = ["INDEX", "pages"]

INDEX = "README.md"
"""The name of the index, which code hosts show for a folder."""

_MARK = "<!-- Written by `archdiff rules --pages`: change the rule's docstring instead. -->"


def pages(rules: Sequence[Rule]) -> dict[str, str]:
    """A page for each rule and the index, by the name of the file."""
    known = frozenset(rule.id for rule in rules)
    made = {f"{rule.id}.md": _page(rule, known) for rule in rules}
    return {**dict(sorted(made.items())), INDEX: _index(rules)}


def _page(rule: Rule, known: frozenset[str]) -> str:
    mirror = f"[`{rule.mirror}`]({rule.mirror}.md)" if rule.mirror != rule.id else "the same rule"
    lines = [
        f"# {rule.id}",
        _MARK,
        _escaped(rule.manual.summary),
        "\n".join(
            [
                "| | |",
                "|---|---|",
                f"| usual impact | {rule.impact} |",
                f"| area | [{_escaped(rule.group)}]({INDEX}#{area(rule.group)}), `{AREA}{area(rule.group)}` |",
                f"| with OLD and NEW swapped | {mirror} |",
                f"| pack | {_escaped(rule.pack)} |",
            ]
        ),
    ]
    for heading, text in rule.manual.sections.items():
        lines += [f"## {_escaped(heading)}", _prose(text, known - {rule.id})]
    lines += ["## Accept it", _accept(rule)]
    return "\n\n".join(lines) + "\n"


def _accept(rule: Rule) -> str:
    """How a finding of the rule is accepted where it is meant to be."""
    return "\n".join(
        [
            "In `archdiff.toml`:",
            "",
            "```toml",
            "[[suppress]]",
            f'rule = "{rule.id}"',
            'reason = "…"  # required; `where`, `old`, `new` and `expires` narrow it',
            "```",
        ]
    )


def _index(rules: Sequence[Rule]) -> str:
    lines = ["# Rules", _MARK, f"{len(rules)} rules, by area; `archdiff rule ID` prints a page of these."]
    for group in in_order(rule.group for rule in rules):
        table = ["| rule | usual impact | notices |", "|---|---|---|"]
        table += [
            f"| [`{rule.id}`]({rule.id}.md) | {rule.impact} | {_escaped(rule.manual.summary)} |"
            for rule in sorted(rules, key=lambda rule: rule.id)
            if rule.group == group
        ]
        lines += [f"## {_escaped(group)}", f"`{AREA}{area(group)}`", "\n".join(table)]
    return "\n\n".join(lines) + "\n"


def _prose(text: str, known: frozenset[str]) -> str:
    """Prose as it stands, and what is indented as code, as a docstring means it."""
    return "\n".join(line if line.startswith("    ") else _escaped(line, known) for line in text.splitlines())


def _escaped(text: str, known: frozenset[str] = frozenset()) -> str:
    """Text of a docstring, with what Markdown would take for a tag or a cell written out.

    Spans of code stay as they are; one that is the id of a known rule leads to its page.
    """
    parts = text.split("`")
    for at, part in enumerate(parts):
        if at % 2 and at < len(parts) - 1:
            parts[at] = f"[`{part}`]({part}.md)" if part in known else f"`{part}`"
        else:
            mark = "\\`" if at % 2 else ""  # one that opens no span
            plain = part.replace("&", "&amp;").replace("<", "&lt;")
            parts[at] = mark + plain.replace("*", "\\*").replace("_", "\\_").replace("|", "\\|")
    return "".join(parts)
