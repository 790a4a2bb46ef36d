"""Documents as Markdown: everything that the terminal says, folded, within a comment, and safe."""

from __future__ import annotations

from typing import get_args

import pytest
from hypothesis import given, settings

from archdiff.render import Kind, WeightsView, formats, markdown, render
from archdiff.render.markdown_fit import LIMIT
from archdiff.report.assemble import assemble
from archdiff.report.portrait import portray
from tests.archdiff.making import a_rule, change, comparison, finding, graph, layer, report
from tests.archdiff.render.markdown_reading import APART, assert_inert, blocks, shown, table
from tests.archdiff.render.reports import HOSTILE, any_text, every_impact, many, named, with_set_aside
from tests.archdiff.weights import making

FACTS = {"hidden_size": 4096, "vocabulary": 1000, "layers": 1}


def section(text, title):
    """What stands under a heading or in a fold, up to the next."""
    start = text.index(title)
    ends = [place for mark in ("\n####", "\n<details>", "\n</details>") if (place := text.find(mark, start)) >= 0]
    return text[start : min(ends, default=len(text))]


def test_it_begins_with_the_models_the_counts_and_the_sentences():
    made = every_impact()
    text = markdown.text(made)
    assert text.startswith("### Architecture diff: `old` → `new`\n\n**2 breaking, 1 behavioral, 1 cosmetic**\n\n- ")
    for sentence in made.summary.sentences:
        assert f"- {sentence}\n" in text


def test_what_breaks_is_in_view_and_the_rest_is_folded():
    text = markdown.text(every_impact())
    assert "#### ✗ Breaking (2): weights of OLD do not fit NEW\n" in text
    for title in ("≠ Behavioral (1): ", "· Cosmetic (1): ", "Key figures", "Not checked (3)"):
        assert f"<details><summary>{title}" in text


def test_a_finding_is_a_row():
    located = (a_rule("heads-changed"), finding("heads: 4 → 8", layers=(0, 1, 2), parameters=-1_200_000_000))
    rows = table(section(markdown.text(report(located, changes=[change(1)])), "#### ✗ Breaking"))
    assert rows == [
        ["rule", "where", "what differs", "parameters"],
        ["heads-changed", "layers 0–2", "heads: 4 → 8", "−1.20 B"],
    ]
    text = markdown.text(report((a_rule("x", "behavioral"), finding("scale", confidence="low", parameters=5))))
    assert table(section(text, "<details><summary>≠"))[1] == ["x", "layer 0", "scale (low confidence)", "+5"]


def test_a_column_of_parameters_is_there_where_any_finding_has_some():
    assert table(section(markdown.text(many(2)), "#### ✗ Breaking"))[0] == ["rule", "where", "what differs"]
    located = ((a_rule(f"r{count}"), finding(parameters=count)) for count in (0, 7))
    rows = table(section(markdown.text(report(*located)), "#### ✗ Breaking"))
    assert [cells[3] for cells in rows] == ["parameters", "", "+7"]


def test_figures_that_differ_are_bold():
    old = graph("old", layer(0), FACTS)
    new = graph("new", [*layer(0), *layer(1)], {**FACTS, "vocabulary": 2000, "layers": 2})
    text = section(markdown.text(report(old=old, new=new)), "<details><summary>Key figures")
    assert "| vocabulary | **1,000** | **2,000** |" in text
    assert "| hidden size | 4,096 | 4,096 |" in text
    assert "routed experts" not in text


def test_what_is_set_aside_says_why():
    text = markdown.text(with_set_aside("baseline", "suppression", expires="2027-01-31"))
    told = section(text, "<details><summary>Known or suppressed, not counted (2)")
    assert "- `heads-changed`, layers 0–1: heads: 4 → 8: in the baseline" in told
    assert "a part is gone: suppressed (as agreed; until 2027-01-31)" in told


def test_what_to_do_stands_once_for_each_rule():
    made = many(3)
    rules = tuple(rule.model_copy(update={"manual": {"What to do": "Look at\n`x`."}}) for rule in made.rules[:1])
    text = markdown.text(made.model_copy(update={"rules": rules}))
    assert section(text, "<details><summary>What to do").count("- `heads-changed`: Look at `x`.") == 1


def test_notes_and_what_was_not_checked_are_told():
    made = report(old=graph("old", layer(0), notes=["a note"], not_checked=["a gap"]))
    text = markdown.text(made)
    assert "- `old`: a note" in section(text, "<details><summary>Notes (1)")
    for left_out in made.not_checked:
        assert f"- {left_out}" in section(text, "<details><summary>Not checked (4)")


def test_no_finding_is_said():
    text = markdown.text(report())
    assert "**no findings**" in text
    assert "No difference in architecture was found." in text
    assert "Breaking" not in text


def test_every_message_of_the_report_is_in_it():
    made = with_set_aside("baseline")
    text = markdown.text(made)
    for each in (*made.findings, *(aside.finding for aside in made.set_aside)):
        assert each.message in shown(text).replace(APART, "")
        assert f"`{each.rule}`" in text


@pytest.mark.parametrize("number", [5, 200, 1200])
def test_a_comment_holds_it_and_the_worst_stay(number):
    made = many(number)
    cosmetic = many(number, "cosmetic", "one name became another").findings
    worst = made.findings[:5]
    text = markdown.text(made.model_copy(update={"findings": (*worst, *cosmetic)}))
    assert len(text.encode("utf-8")) <= LIMIT
    for each in worst:
        assert each.message in text
    assert ("Left out, because a comment holds no more" in text) == (number > 1000)
    assert text.rstrip().endswith("`archdiff rule ID`._")


def test_a_smaller_limit_can_be_asked_for():
    text = markdown.text(many(100), 4000)
    assert len(text.encode("utf-8")) <= 4000
    assert "of 100 lines of “✗ Breaking (100)" in text


@given(any_text)
@settings(max_examples=40)
def test_no_name_does_anything(text):
    assert_inert(markdown.text(named(text)))
    assert_inert(markdown.text(portray(graph(text, layer(0), {"dtype": text}, notes=[text], not_checked=[text]))))


def test_a_hostile_report_of_any_length_keeps_the_limit():
    made = named("".join(HOSTILE.split()) * 20)
    text = markdown.text(made.model_copy(update={"findings": made.findings * 60}))
    assert len(text.encode("utf-8")) <= LIMIT
    assert_inert(text)


def test_weights_say_verdict_grounds_and_limits():
    found = making.evidence(
        making.judged(labels=("fine-tuned",), reasons=("first reason",), controls=(making.PASSED, making.FAILED)),
        tests=(making.a_test(), making.a_test(1), making.a_test(2, log10_p=None, abstained="too few rows")),
        elements=(making.compared(), making.compared(1)),
        maps=(making.mapped((0, 1)),),
    )
    made = assemble(comparison(change(1)), [], [], evidence=found)
    for document in (made, WeightsView(made)):
        text = markdown.text(document)
        assert "| language model | **derived** (fine-tuned) | −312 hidden units | 0.04 | 1 of 2 |" in text
        assert "- language model: first reason" in text
        assert "layer map: layers 0–1 in place" in text
        assert "control failed: trend of row norm in OLD (9.1, limit 3)" in text
        assert "- 1 test: too few rows" in text
        assert "raw cosine (expected)" in section(text, "<details><summary>Weights: tensors")
        assert "cannot tell which came first" in shown(text) or "- one seed" in text


def test_weights_that_were_not_compared():
    assert "Weights were not compared." in markdown.text(WeightsView(report()))
    assert "#### Weights" not in markdown.text(report())


def test_hostile_weights_do_nothing():
    made = assemble(comparison(change(1)), [], [], evidence=making.hostile())
    for document in (made, WeightsView(made)):
        assert_inert(markdown.text(document))


def test_a_portrait_tells_figures_cache_roles_and_modules():
    facts = {"attention.key_value_heads": 2, "attention.head_dimension": 8, "attention.window": 128}
    made = portray(graph("mine", layer(0, facts), FACTS))
    text = markdown.text(made)
    assert text.startswith("### `mine`\n\n`Tiny` (`tiny`)\n\n- key-value cache: 64 bytes for each token, 1 layers")
    assert "0 beyond the window of 128 tokens" in text
    assert "| attention | 10 | 100.0 % |" in text
    assert "| hidden size | 4,096 |" in text
    assert len(text.encode("utf-8")) < LIMIT


def test_it_is_registered_for_what_it_shows():
    for kind in get_args(Kind):
        assert formats(kind)["markdown"] == ".md"
    assert render(report(), "markdown") == markdown.text(report())


def test_the_same_report_gives_the_same_text():
    assert markdown.text(every_impact()) == markdown.text(every_impact())


def test_every_fold_is_closed_and_lists_are_lists():
    kinds = [token.type for token in blocks(markdown.text(with_set_aside("baseline")))]
    assert kinds.count("html_block") == 2 * markdown.text(with_set_aside("baseline")).count("<details>")
    assert "code_block" not in kinds
