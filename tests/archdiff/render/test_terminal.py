"""What a person reads: complete, within the width, and safe whatever a file put into it."""

from __future__ import annotations

import re

import pytest

from archdiff.render import terminal
from archdiff.render.screen import Screen
from archdiff.report.portrait import portray
from tests.archdiff.making import a_rule, change, finding, graph, layer, report

ESCAPE = "\x1b"
HOSTILE = f"{ESCAPE}[2J[bold red]x[/bold red]<script>alert(1)</script>\r\n:smile:\u202e\x07"
FACTS = {"hidden_size": 4096, "vocabulary": 1000, "layers": 1}


def shown(made, **screen):
    return terminal.text(made, Screen(**screen))


def test_it_names_the_models_the_findings_and_what_was_not_checked():
    text = shown(
        report(
            (a_rule("heads-changed"), finding("heads: 4 → 8", layers=(0, 1, 2), parameters=1_200_000_000)),
            (a_rule("scale-changed", "behavioral"), finding("scale: 1 → 2", confidence="medium")),
            changes=[change(1)],
        )
    )
    assert text.startswith("old (OLD) → new (NEW)   ✗ 1 breaking  ≠ 1 behavioral\n")
    assert "Breaking (1): weights of OLD do not fit NEW" in text
    assert "✗ heads-changed  layers 0–2  +1.20 B\n    heads: 4 → 8" in text
    assert "≠ scale-changed  layer 0  medium confidence\n    scale: 1 → 2" in text
    assert "not checked: weights: not compared (structure only)" in text
    assert "1 changes" not in text
    assert "1 change, 2 rules run (packs: tests)" in text


def test_figures_that_differ_are_marked():
    old = graph("old", layer(0, {"attention.query_heads": 4}), FACTS)
    new = graph("new", [*layer(0), *layer(1)], {**FACTS, "vocabulary": 2000, "layers": 2})
    rows = {line.split("  ")[0]: line for line in shown(report(old=old, new=new)).splitlines()}
    assert rows["vocabulary"].split() == ["vocabulary", "1,000", "2,000", "≠"]
    assert rows["hidden size"].split() == ["hidden", "size", "4,096", "4,096"]
    assert rows["query heads"].split() == ["query", "heads", "4", "–", "≠"]
    assert "routed experts" not in rows, "a row without any value"


def test_values_that_vary_from_layer_to_layer_stand_side_by_side():
    layers = [*layer(0, {"attention.window": 128}), *layer(1, {"attention.window": None})]
    assert "128 / –" in shown(report(old=graph("old", layers)))


def test_no_finding_is_said():
    assert "no findings" in shown(report())
    assert "No difference in architecture was found." in shown(report())


@pytest.mark.parametrize("width", [20, 40, 80, 200])
def test_lines_keep_within_the_width(width):
    text = shown(report(finding("a word " * 60, layers=tuple(range(0, 90, 3))), changes=[change(1)]), width=width)
    assert max(map(len, text.splitlines())) <= max(width, 40)


def test_hostile_text_moves_no_cursor_and_is_no_markup():
    old = graph(HOSTILE, layer(0), {"dtype": HOSTILE}, notes=[HOSTILE], not_checked=[HOSTILE])
    text = shown(report((a_rule(), finding(HOSTILE)), old=old, changes=[change(1)]), width=500)
    assert not set(text) & {ESCAPE, "\r", "\x07", "\u202e"}
    assert text.count("[bold red]x[/bold red]") >= 4
    assert ":smile:" in text
    assert "\\x1b[2J" in text


def test_colour_is_used_where_it_is_wanted_and_symbols_say_the_same(monkeypatch):
    monkeypatch.setenv("FORCE_COLOR", "1")
    made = report(finding(), changes=[change(1)])
    plain, coloured = shown(made), shown(made, colour=True)
    assert ESCAPE not in plain
    assert ESCAPE in coloured
    stripped = re.sub(r"\x1b\[[0-9;]*m", "", coloured)
    assert [line.rstrip() for line in stripped.splitlines()] == plain.splitlines()


def test_the_environment_changes_nothing(monkeypatch):
    made = report(finding(), changes=[change(1)])
    before = shown(made), shown(made, colour=True)
    for name, value in {"COLUMNS": "30", "NO_COLOR": "1", "TERM": "dumb", "FORCE_COLOR": "1"}.items():
        monkeypatch.setenv(name, value)
    assert (shown(made), shown(made, colour=True)) == before


def test_a_portrait_tells_figures_cache_and_roles():
    facts = {"attention.key_value_heads": 2, "attention.head_dimension": 8, "attention.window": 128}
    text = shown(portray(graph("mine", layer(0, facts), FACTS)))
    assert text.startswith("mine   Tiny (tiny)\n")
    assert "key-value cache: 64 bytes for each token, 1 layers, bfloat16; 0 beyond the window of 128" in text
    assert "attention  10  100.0 %" in text


def test_a_hostile_portrait_moves_no_cursor():
    text = shown(portray(graph(HOSTILE, layer(0), notes=[HOSTILE])), width=300)
    assert ESCAPE not in text
    assert "[bold red]" in text
