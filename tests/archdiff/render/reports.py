"""Reports for the formats that other programs read: of every impact, with findings set aside, and hostile ones."""

from __future__ import annotations

from hypothesis import strategies as st

from archdiff.compare.changes import Place
from archdiff.report.schema import ConfigurationEntry, SetAside
from archdiff.report.values import clean
from tests.archdiff.making import a_rule, change, finding, graph, layer, report

HOSTILE = (
    "\x1b[2J<script>alert(1)</script>\r\n::error::x ##[add-mask]y %0A {0} [a](https://b.example) www.c.example "
    "@someone #12 GH-7 o/r#3 `code` | *b* _i_ ~~s~~ $x$ &amp; ]]> \u202e\ufffe\x00\ud800 :smile: </details>"
)
"""Markup, commands and links of every format that a name could try."""

IMPACTS = ("breaking", "behavioral", "cosmetic")


def every_impact():
    """A finding of each impact, of rules with a manual, and one rule that is silent."""
    located = [
        (a_rule("heads-changed", "breaking"), finding("heads: 4 → 8", layers=(0, 1), facts={"heads": (4, 8)})),
        (a_rule("scale-changed", "behavioral", "Norms"), finding("scale: 1 → 2", confidence="medium")),
        (a_rule("name-changed", "cosmetic", "Storage"), finding("name: a → b", layers=())),
        (a_rule("part-removed", "breaking"), finding("a part is gone", new=None)),
    ]
    made = report(*located, changes=[change(1)])
    return made.model_copy(update={"rules": (*made.rules, made.rules[0].model_copy(update={"id": "silent"}))})


def with_set_aside(*causes, reason="as agreed", expires=None):
    """The same, with the first finding of `every_impact` set aside for each of the causes."""
    made = every_impact()
    aside = [
        SetAside(
            finding=made.findings[position],
            cause=cause,
            reason=reason if cause == "suppression" else "",
            expires=expires,
        )
        for position, cause in enumerate(causes)
    ]
    return made.model_copy(update={"findings": made.findings[len(causes) :], "set_aside": tuple(aside)})


def configured(made, **values):
    """A report to which a configuration applied."""
    stated = {"file": None, "select": (), "ignore": (), "min_confidence": "low", "fail_on": None, "baseline": None}
    entry = ConfigurationEntry.model_construct(**{**stated, "suppressions": 0, **values})
    return made.model_copy(update={"configuration": entry})


def with_lines(made, old, new):
    """A report whose first finding explains a change of `heads` and one of `rope.base`, at these lines."""
    entries = [
        {"id": f"{number:020x}", "kind": "config-changed", "subject": subject}
        for number, subject in enumerate(("heads", "rope.base"))
    ]
    first = made.findings[0].model_copy(update={"changes": tuple(entry["id"] for entry in entries)})
    changes = tuple(made.changes[0].model_copy(update=entry) for entry in entries)
    sides = {side: getattr(made, side).model_copy(update={"lines": its}) for side, its in (("old", old), ("new", new))}
    return made.model_copy(update={"findings": (first, *made.findings[1:]), "changes": changes, **sides})


def many(number, impact="breaking", message="heads: 4 → 8"):
    """As many findings of one rule, at one layer each."""
    rule = a_rule("heads-changed", impact)
    return report(*((rule, finding(f"{message} ({layer})", layers=(layer,))) for layer in range(number)))


def of_kinds(made, old="file", new="file", references=("a/old.json", "new.json")):
    """A report whose models came from elsewhere."""
    sides = zip(("old", "new"), (old, new), references, strict=True)
    return made.model_copy(
        update={
            side: getattr(made, side).model_copy(update={"kind": kind, "reference": clean(reference)})
            for side, kind, reference in sides
        }
    )


def named(text):
    """A report in which everything that a file can name is called `text`."""
    old, new = (graph(text, layer(0), {"dtype": text}, notes=[text], not_checked=[text]) for _ in range(2))
    place = Place(text or "x", (0,))
    located = [
        (a_rule(f"rule-{impact}", impact, text), finding(text, old=place, new=place, facts={text: (text, [text])}))
        for impact in IMPACTS
    ]
    made = report(*located, changes=[change(1)], old=old, new=new)
    aside = [
        SetAside(finding=each, cause=cause, reason=made.old.name, expires=None)
        for each, cause in zip(made.findings, ("baseline", "suppression"), strict=False)
    ]
    return made.model_copy(update={"set_aside": tuple(aside)})


any_text = st.one_of(
    st.just(HOSTILE),
    st.text(st.characters(codec=None), max_size=30),
    st.text("@#[]()<>!`|*_~$&\\:/.{}%\"' \n\rw-aA1", max_size=40),
)
"""Names: any characters, and more often those that formats give a meaning."""
