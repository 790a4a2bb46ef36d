"""A checklist on the terminal and in Markdown: everything is told, and hostile names do nothing."""

from __future__ import annotations

import pytest

from archdiff.render import render
from archdiff.render.checklist_words import ORDER, counts, sections, signature_line
from archdiff.render.screen import Screen
from archdiff.render.terminal import text as terminal
from archdiff.report.checklist import Nearest, Signature
from archdiff.review.judge import judge
from tests.archdiff.review.making import log, material, parent

HOSTILE = "<img src=x onerror=alert(1)> | `a` @team #1 [x](http://evil) \x1b[31m\u202e\nnext"
CLAIMS = """
[origin]
language-model = "from scratch"
[architecture]
layers = 4
routed_experts = 4
[data]
summary = "a page"
[release]
security = "not applicable"
"""


@pytest.fixture(scope="module")
def checklist():
    """A review with an item of every status but one."""
    suspects = (parent("inconclusive", "owner/other", "--against", ""),)
    made = judge(material(CLAIMS, parents=suspects, training_log=log("from-scratch"), not_checked=("the hub",)))
    near = Nearest(name="known", distance=0, same_architecture=True, sentence="The architecture is that of Known.")
    return made.model_copy(update={"nearest": (near,)})


def hostile(checklist):
    """The same with a hostile text wherever a file or a user can put one."""
    items = tuple(
        item.model_copy(
            update={
                "title": HOSTILE,
                "reason": HOSTILE,
                "command": HOSTILE,
                "evidence": tuple(e.model_copy(update={"text": HOSTILE, "where": HOSTILE}) for e in item.evidence),
            }
        )
        for item in checklist.items
    )
    near = tuple(each.model_copy(update={"name": HOSTILE, "sentence": HOSTILE}) for each in checklist.nearest)
    model = checklist.model.model.model_copy(update={"name": HOSTILE, "reference": HOSTILE})
    portrait = checklist.model.model_copy(update={"model": model})
    update = {"items": items, "nearest": near, "model": portrait, "claims": HOSTILE, "sign_off": HOSTILE}
    return checklist.model_copy(update={**update, "not_checked": (HOSTILE,)})


@pytest.mark.parametrize("form", ["terminal", "markdown"])
def test_everything_is_told(checklist, form):
    told = " ".join(render(checklist, form).split())
    for item in checklist.items:
        assert item.id in told
        assert f"{item.reason.split()[0]} {item.reason.split()[1]}" in told
    assert "the hub" in told
    assert "known" in told
    for heading in sections(checklist):
        assert heading in told


def test_check_boxes_are_ticked_where_nothing_is_left_to_do(checklist):
    lines = [line for line in render(checklist, "markdown").splitlines() if line.startswith("- [")]
    assert len(lines) == len(checklist.items)
    for line, item in zip(lines, checklist.items, strict=True):
        assert line.startswith("- [x]") == (item.status in ("proved", "signed", "not-applicable"))
        assert f"({item.status}, `{item.id}`)" in line


def test_a_command_and_a_signature_line_stand_where_they_are_wanted(checklist):
    text = terminal(checklist, Screen(width=400))
    for item in checklist.items:
        if item.command:
            assert f"$ {item.command}" in text
    waiting = [item for item in checklist.items if signature_line(item)]
    assert waiting
    assert all(item.needs_signature for item in waiting)
    assert "signature: ____" in text


def test_a_signed_item_shows_who_signed(checklist):
    signature = Signature(name="Ada", date="2026-11-22", note="", rests_on="sha256:00")
    first = checklist.items[-1].model_copy(
        update={"status": "signed", "signature": signature, "reason": "Signed by Ada."}
    )
    assert not signature_line(first)
    text = render(checklist.model_copy(update={"items": (first,)}), "terminal")
    assert "✎ " in text
    assert "Signed by Ada." in text


def test_counts_stand_worst_first(checklist):
    told = [status for status, _ in counts(checklist)]
    assert told == [status for status in ORDER if status in told]
    assert told[0] == "refuted"
    assert terminal(checklist).splitlines()[0].startswith("Review of new   ✗ 1 refuted  ○ ")


def test_standards_are_listed_with_their_source(checklist):
    text = render(checklist, "markdown")
    assert "<details><summary>SPDX 3.0 AI</summary>" in text
    assert "Source: <https://spdx.github.io/spdx-spec/v3.0.1/model/AI/AI/>" in text
    assert "| ai&#95;hyperparameter |" in text or "| ai_hyperparameter |" in text


def test_hostile_names_do_nothing_in_markdown(checklist):
    text = render(hostile(checklist), "markdown")
    assert "<img" not in text
    assert "\x1b" not in text
    assert "](http" not in text
    assert "@team" not in text
    assert len([line for line in text.splitlines() if line.startswith("- [")]) == len(checklist.items)
    rows = [line for line in text.splitlines() if line.startswith("| 0.000")]
    assert [row.count("|") for row in rows] == [4]


def test_hostile_names_do_nothing_on_a_terminal(checklist):
    text = terminal(hostile(checklist), Screen(width=100, colour=False))
    assert "\x1b" not in text
    assert "\u202e" not in text
    assert all(line.isprintable() for line in text.splitlines())


@pytest.mark.parametrize("width", [40, 80, 200])
def test_it_fits_the_terminal(checklist, width):
    assert max(map(len, terminal(checklist, Screen(width=width)).splitlines())) <= width


def test_without_claims_it_says_how_a_file_comes_about():
    text = terminal(judge(material().__class__(material().subject)))
    assert "claims: none given; `archdiff review new.json --init`" in text


@pytest.mark.parametrize("form", ["terminal", "markdown", "json", "html"])
def test_the_same_checklist_gives_the_same_bytes(checklist, form):
    assert render(checklist, form) == render(checklist, form)
