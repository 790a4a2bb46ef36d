"""Two tokenizers in a report: everything that was found, in JSON that is the same every time."""

from __future__ import annotations

import json

from archdiff.evidence.tokenizer.compare import compare
from archdiff.evidence.tokenizer.fertility import Fertility, Text
from archdiff.report.beside import with_tokenizer
from archdiff.report.schema import Report
from archdiff.report.tokenizer import TokenizerEntry, tokenizer_entry
from tests.archdiff.evidence.tokenizer.values import tokenizer, words
from tests.archdiff.making import report

FERTILITY = (
    Fertility(Text("English", "four words of it", 4), 4, 6),
    Fertility(Text("Chinese", "四个汉字", None), 8, 2),
)


def entry(new=None, fertility=FERTILITY, **values):
    new = tokenizer(words(1200), special=("<s>", "<x>")) if new is None else new
    return tokenizer_entry(compare(tokenizer(**values), new, fertility, ("OLD: fertility: assumed",)))


def test_an_entry_holds_what_the_comparison_found():
    found = entry()
    assert (found.verdict, found.old.size, found.new.special) == ("extended", 1257, ("<s>", "<x>"))
    assert (found.figures["common"], found.figures["shared"], found.figures["in_order"]) == (1000, 1, 1)
    assert (found.figures["same_id"], found.figures["id_shift"]) == (0, 1)
    assert [each.part for each in found.differences] == ["special tokens of one alone"]
    assert all(control.passed for control in found.controls)
    assert "OLD: fertility: assumed" in found.not_checked


def test_fertility_is_told_for_words_and_for_characters():
    found = entry()
    assert (found.figures["fertility_old"], found.figures["fertility_new"]) == (1, 1.5)
    assert (found.figures["fertility_old_characters"], found.figures["fertility_new_characters"]) == (12 / 20, 8 / 20)
    assert [(each.text, each.words, each.characters, each.old, each.new) for each in found.fertility] == [
        ("English", 4, 16, 4, 6),
        ("Chinese", None, 4, 8, 2),
    ]


def test_fertility_of_a_side_that_was_not_counted_is_none():
    found = entry(fertility=(Fertility(Text("English", "a b", 2), None, 4),))
    assert (found.figures["fertility_old"], found.figures["fertility_new"]) == (None, 2)
    assert entry(fertility=()).figures["fertility_new"] is None


def test_an_entry_is_the_same_every_time_and_reads_back():
    text = json.dumps(entry().model_dump(mode="json"), allow_nan=False)
    assert text == json.dumps(entry().model_dump(mode="json"))
    assert TokenizerEntry.model_validate_json(text) == entry()


def test_lone_surrogates_of_a_file_become_text():
    found = entry(tokenizer(special=("\ud800",)), name="\ud800")
    assert (found.old.name, found.new.special) == ("\\ud800", ("\\ud800",))
    found.model_dump_json().encode()


def test_nothing_in_common_leaves_figures_empty():
    figures = entry(tokenizer(words(300, 5000))).figures
    assert (figures["same_id"], figures["in_order"], figures["merge_rank_correlation"]) == (None, None, None)


def test_a_report_with_tokenizers_says_so():
    plain = report()
    assert "tokenizer: not compared" in plain.not_checked
    found = with_tokenizer(plain, entry())
    assert found.tokenizer == entry()
    assert "tokenizer: not compared" not in found.not_checked
    assert "tokenizer: OLD: fertility: assumed" in found.not_checked
    assert [text for text in plain.not_checked if not text.startswith("tokenizer")] == [
        text for text in found.not_checked if not text.startswith("tokenizer")
    ]
    assert Report.model_validate_json(found.model_dump_json()) == found
