"""Untrusted text in Markdown: shown as it is, and it does nothing."""

from __future__ import annotations

import re

import pytest
from hypothesis import example, given

from archdiff.render.markdown_text import bold, code, prose, row, rule, told
from archdiff.text import printable
from tests.archdiff.render.markdown_reading import APART, assert_inert, blocks, inline, shown, table, texts
from tests.archdiff.render.reports import HOSTILE, any_text

TRICKS = [
    "@someone",
    "owner/repo#12 and #7, GH-9",
    "!12 ~label %milestone $snippet &3 ^x",
    "https://evil.example/a www.evil.example a@b.example mailto:a xmpp:b ftp://c",
    "[a](b) ![c](d) [e]: f [^1] <g@h.example>",
    "<img src=x onerror=y> </details> <!-- -->",
    "`a` ``b`` *c* **d** _e_ __f__ ~~g~~ $h$ \\* &lt; &amp;#64;x",
    "a | b \\| c \\\\| d",
    "deadbeef1 0123abc",
    ":smile: :+1:",
    "- a",
    "+ b",
    "--- ",
    "===",
    "1. c",
    "12) d",
    "# e #",
    "> f",
    "    g",
    "\tg",
    "| h |",
    "[ ] task",
    "```",
    "- ",
    "-",
    "1.",
]


def whole(text):
    """What a reader must see of a text: all of it, spaces as HTML shows them."""
    return re.sub(r" +", " ", printable(text, 1000)).strip() or "–"


def seen(source):
    return re.sub(r" +", " ", shown(source))


@given(any_text)
@example("- a")
def test_prose_is_shown_and_does_nothing(text):
    for line in (prose(text), f"- {prose(text)}", f"### x {prose(text)}"):
        assert_inert(line)
        assert not any(token.type in {"em_open", "strong_open"} for token in inline(line))
    assert seen(prose(text)) == whole(text).replace(APART, "")
    kinds = [token.type for token in blocks(f"- {prose(text)}")]
    assert kinds.count("list_item_open") == 1
    assert "heading_open" not in kinds


@pytest.mark.parametrize("text", [*TRICKS, HOSTILE])
def test_every_trick_is_text(text):
    for made in (prose, code, told):
        for line in (made(text), f"- {made(text)}", f"x\n\n{made(text)}"):
            assert_inert(line)
            assert [token.type for token in blocks(line)].count("list_item_open") == line.startswith("- ")
    assert seen(prose(text)) == whole(text)


@given(any_text, any_text)
@example("x\\", "y")
@example("`", "|")
def test_a_cell_stays_a_cell(first, second):
    made = (prose(first), code(second), told(first), bold(second))
    source = "\n".join([row("abcd"), rule([False, True, False, False]), row(made)])
    assert_inert(source)
    (head, cells) = table(source)
    assert head == list("abcd")
    assert len(cells) == 4
    assert re.sub(r" +", " ", cells[0]).strip() == whole(first).replace(APART, "")


@given(any_text)
def test_code_is_shown_whole_and_does_nothing(text):
    assert_inert(code(text))
    assert seen(code(text)).strip() == whole(printable(text, 200)).replace(APART, "")


def test_names_are_code_spans_and_others_prose():
    assert code("model.layers.*.mlp_x") == "`model.layers.*.mlp_x`"
    assert code("@someone") == "`@someone`"
    assert code("a`b") == "a&#96;b"
    assert code("a\\") == "a&#92;", "before the end of a cell it could be read as an escape"
    assert code("") == code(" ") == prose("") == told("") == "–"


def test_a_sentence_keeps_the_names_that_it_marks():
    assert told("renamed: `a.*.b` → `c`") == "renamed: `a.*.b` → `c`"
    assert told("`a`") == "`a`"
    assert texts(told("an odd ` mark"))[1] == []
    assert texts(told("empty `` marks"))[1] == []
    assert seen(told("3 * `x` and `z`")) == "3 * x and z"
    assert texts(told("what no span can hold: `x|y` and `z`"))[1] == []


def test_plain_text_stays_readable_in_the_source():
    for text in ("36 → 48 layers: 12 added", "116.8 B (5.71 B active)", "num_hidden_layers", "0.1.0", "a & b"[:1]):
        assert prose(text) == text


def test_a_long_text_keeps_its_ends():
    assert len(prose("x" * 5000)) == 1000
    assert len(prose("x" * 5000, 20)) == 20


def test_bold():
    kinds = [token.type for token in inline(bold("*a*")) if token.content or token.type != "text"]
    assert (kinds[0], kinds[-1]) == ("strong_open", "strong_close")
    assert shown(bold("*a*")) == "*a*"
