"""The comparison of two tokenizers on a terminal."""

from __future__ import annotations

from archdiff.render import formats, render
from archdiff.render.screen import Screen
from archdiff.render.terminal import text as terminal
from archdiff.report.beside import with_tokenizer
from tests.archdiff.evidence.tokenizer.values import tokenizer, words
from tests.archdiff.making import report
from tests.archdiff.report.test_tokenizer import entry


def test_formats_of_tokenizers():
    assert {"terminal", "json"} <= set(formats("tokenizer"))
    assert render(entry(), "json").startswith('{\n  "schema_version": "1.0"')


def test_the_verdict_comes_first_and_what_it_rests_on_follows():
    lines = terminal(entry()).splitlines()
    assert lines[0] == "tiny (OLD) → tiny (NEW)"
    assert lines[2] == "Tokenizer  extended: NEW's tokenizer is OLD's with tokens added"
    assert "NEW holds every token of OLD" in lines[3]


def test_every_reason_limit_and_omission_is_told():
    found = entry()
    shown = " ".join(terminal(found).split())
    for told in (*found.reasons, *found.limits, *(f"not checked: {each}" for each in found.not_checked)):
        assert told in shown
    assert "controls: 3 of 3 passed" in shown


def test_sides_and_fertility_are_tables():
    rows = [line.split() for line in terminal(entry()).splitlines()]
    assert ["OLD", "tokenizer.json", "bpe", "1,257", "1,000", "<s>"] in rows
    assert ["English", "4", "16", "4", "6", "1.00", "1.50"] in rows
    assert ["Chinese", "–", "4", "8", "2", "2.00", "0.50"] in rows


def test_a_difference_is_shown_from_where_it_begins():
    long = "x" * 200
    found = entry(tokenizer(parts={"pattern": f"{long}NEW"}), parts={"pattern": f"{long}OLD"})
    shown = terminal(found)
    assert "OLD …xxxxxxxxxxxxxxxxxxxxOLD\n" in shown
    assert "NEW …xxxxxxxxxxxxxxxxxxxxNEW\n" in shown


def test_a_control_that_failed_is_named():
    shown = terminal(entry(tokenizer(words(300, 5000))))
    assert "controls: 0 of 3 passed; failed: same id, ids of NEW shuffled (–, limit 10)" in " ".join(shown.split())


def test_names_of_a_file_move_no_cursor():
    hostile = entry(tokenizer(special=("\x1b[2J<b>",), name="\x1b]0;x"), name="[bold]a")
    for screen in (Screen(60), Screen(200, colour=True)):
        shown = terminal(hostile, screen)
        assert "\x1b[2J" not in shown
        assert "\x1b]0" not in shown
    assert "[bold]a (OLD) → \\x1b]0;x (NEW)" in terminal(hostile)


def test_a_report_shows_tokenizers_as_a_section_of_its_own():
    plain = terminal(report())
    assert "not checked: tokenizer: not compared" in plain
    shown = terminal(with_tokenizer(report(), entry()))
    assert "Tokenizer  extended" in shown
    assert "not checked: tokenizer" not in shown
    assert shown.count("OLD: fertility: assumed") == 1
