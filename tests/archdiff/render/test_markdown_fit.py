"""A document keeps the limit: the least telling lines go first, and what went is said."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archdiff.render.markdown_fit import LIMIT, Section, fitted

FIRST, LAST = "### first\n", "_last_\n"


def section(title, number, rank, width=40, **values):
    return Section(title, tuple(f"- {title} {place} {'x' * width}" for place in range(number)), rank=rank, **values)


def lines_of(title, text):
    return re.findall(rf"^- {title} (\d+) x*$", text, re.MULTILINE)


def test_what_fits_is_whole_and_in_order():
    text = fitted(FIRST, [section("a", 2, 1), section("b", 1, 2, folded=True)], LAST)
    assert text == (
        "### first\n\n"
        f"#### a\n\n- a 0 {'x' * 40}\n- a 1 {'x' * 40}\n\n"
        f"<details><summary>b</summary>\n\n- b 0 {'x' * 40}\n\n</details>\n\n"
        "_last_\n"
    )


def test_a_section_without_lines_is_not_there():
    assert fitted(FIRST, [section("a", 0, 1), section("b", 0, 1, folded=True)], LAST) == "### first\n\n_last_\n"


def test_a_section_without_title_has_no_heading():
    assert fitted(FIRST, [Section("", ("- x",))], "") == "### first\n\n- x\n"


def test_the_least_telling_go_first_and_from_the_end():
    made = [section("high", 5, 90), section("low", 20, 10), section("middle", 20, 50)]
    text = fitted(FIRST, made, LAST, 2000)
    assert len(text.encode()) <= 2000
    assert len(lines_of("high", text)) == 5
    assert len(lines_of("middle", text)) == 20
    kept = lines_of("low", text)
    assert kept == [str(place) for place in range(len(kept))]
    assert 0 < len(kept) < 20
    assert f"{20 - len(kept)} of 20 lines of “low”" in text
    assert "--output report.json" in text
    assert "“middle”" not in text


def test_the_head_of_a_table_goes_with_its_last_row():
    made = [section("a", 3, 90, 10), section("b", 3, 10, 200, head=("| head |", "|---|"))]
    assert "| head |" in fitted(FIRST, made, LAST)
    text = fitted(FIRST, made, LAST, 400)
    assert len(lines_of("a", text)) == 3
    assert "head" not in text
    assert "3 of 3 lines of “b”" in text


def test_no_line_more_than_needed_goes():
    made = [section("a", 30, 10)]
    text = fitted(FIRST, made, LAST, 1200)
    kept = len(lines_of("a", text))
    one_more = fitted(FIRST, [Section("a", made[0].rows[: kept + 1], rank=10)], LAST)
    note = text[text.index("**Left out") : text.index("_last_")]
    assert len(one_more.encode()) + len(note.encode()) > 1200


@given(
    st.lists(st.tuples(st.integers(0, 60), st.integers(0, 5), st.booleans(), st.integers(0, 300)), max_size=5),
    st.integers(700, 6000),
)
def test_the_limit_is_kept_whatever_there_is(made, limit):
    sections = [
        section(f"s{place}", number, rank, width, folded=folded)
        for place, (number, rank, folded, width) in enumerate(made)
    ]
    text = fitted(FIRST, sections, LAST, limit)
    assert len(text.encode("utf-8")) <= limit
    assert text.startswith("### first")
    assert text.endswith("_last_\n")
    for place, (number, _, _, _) in enumerate(made):
        left = number - len(lines_of(f"s{place}", text))
        assert (f"{left} of {number} lines of “s{place}”" in text) == (left > 0)
    assert text.count("<details>") == text.count("</details>")


def test_bytes_are_counted_and_not_characters():
    wide = Section("w", tuple("→" * 100 for _ in range(50)), rank=1)
    assert len(fitted(FIRST, [wide], LAST, 3000).encode("utf-8")) <= 3000


@pytest.mark.parametrize("character", ["x", "→", "😀"])
def test_the_usual_limit_is_that_of_a_comment_however_it_is_counted(character):
    text = fitted(FIRST, [Section("a", (character * 50,) * 5000)], LAST)
    assert len(text.encode("utf-8")) <= LIMIT < 65_536
    assert len(text.encode("utf-16-le")) // 2 <= 65_536
