"""Weight evidence in the report: complete, rounded, with a form in JSON whatever was measured."""

from __future__ import annotations

import dataclasses
import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from archdiff.render import json as as_json
from archdiff.report.assemble import assemble
from archdiff.report.schema import Report
from archdiff.report.values import rounded
from archdiff.report.weights import CANNOT_TELL, WeightsEntry, weights_entry
from tests.archdiff.making import a_rule, comparison, finding
from tests.archdiff.weights.making import a_test, compared, every_kind, evidence, hostile, judged, mapped

TOLD_NEVER = f"a{CANNOT_TELL[1:].rstrip('.')}"


def reported(found=None, located=(), **values):
    return assemble(comparison(**values), located, [rule for rule, _ in located], evidence=found)


def names(value):
    return {field.name for field in dataclasses.fields(value)}


@pytest.mark.parametrize(
    ("made", "entry"),
    [
        (judged(), lambda entry: entry.judgements[0]),
        (a_test(), lambda entry: entry.tests[0]),
        (compared(), lambda entry: entry.elements[0]),
        (mapped((0,)), lambda entry: entry.maps[0]),
        (evidence(), lambda entry: entry),
    ],
    ids=["judgement", "test", "elements", "map", "evidence"],
)
def test_an_entry_has_every_field_of_what_it_copies(made, entry):
    known = entry(weights_entry(every_kind())).model_fields_set
    assert names(made) - {"size"} <= known
    assert ("bytes" in known) is ("size" in names(made))


def test_every_pair_test_and_map_is_kept_in_its_order():
    made, entry = every_kind(), weights_entry(every_kind())
    assert [test.new for test in entry.tests] == [test.new for test in made.tests]
    assert [pair.new for pair in entry.elements] == [pair.new for pair in made.elements]
    assert [(j.component, j.verdict) for j in entry.judgements] == [(j.component, j.verdict) for j in made.judgements]
    assert entry.maps[0].map == (0, 1, 1, 2, None)
    assert entry.maps[0].scores[1] == (0.25, 80.0, 0.25, 0.25, 0.25)
    assert entry.elements[0].relative == 0.75
    assert (entry.read, entry.total, entry.cannot_tell) == ((10, 20), (1000, 1000), CANNOT_TELL)


def test_what_was_not_a_number_is_null():
    entry = weights_entry(every_kind())
    assert entry.elements[-1].pearson is None
    assert entry.elements[-1].relative is None
    assert entry.tests[-1].figures == {"cosine": 1e308, "rank": None}
    assert entry.tests[-2].log10_p is None


def plainly(value):
    """A value of the evidence as the report has it."""
    if isinstance(value, float):
        return rounded(value)
    if isinstance(value, tuple):
        return tuple(map(plainly, value))
    return {name: plainly(each) for name, each in value.items()} if isinstance(value, dict) else value


@pytest.mark.parametrize(
    ("made", "copied"),
    [
        (judged(labels=("a",), frozen=("b",), limits=("c",), controls=()), evidence),
        (a_test(abstained="d", figures={"e": 1 / 3}, size=7), lambda x: evidence(tests=(x,))),
        (compared(nan=(1, 2), infinite=(3, 4), method="f", digest="g"), lambda x: evidence(elements=(x,))),
        (mapped((1, None)), lambda x: evidence(maps=(x,))),
    ],
    ids=["judgements", "tests", "elements", "maps"],
)
def test_every_value_is_copied_to_its_own_field(made, copied, request):
    (entry,) = getattr(weights_entry(copied(made)), request.node.callspec.id)
    values = {each.name: plainly(getattr(made, each.name)) for each in dataclasses.fields(made)}
    if "size" in values:
        values["bytes"] = values.pop("size")
    assert {name: getattr(entry, name) for name in values} == values


def test_families_stand_in_the_order_of_the_verdict():
    (entry,) = weights_entry(evidence(judged(log10_p={"value-channels": -1.0, "match": -2.0}))).judgements
    assert list(entry.log10_p) == ["value-channels", "match"]


def test_a_value_has_six_digits():
    assert [rounded(value) for value in (1 / 3, 123456789.0, -1e-20 / 3)] == [0.333333, 123457000.0, -3.33333e-21]


@given(st.floats())
def test_a_number_is_rounded_once_and_has_a_form_in_json(value):
    told = rounded(value)
    json.dumps(told, allow_nan=False)
    assert rounded(told) == told
    assert (told is None) is math.isnan(value)
    if told is not None and 1e-300 < abs(value) < 1e300:
        assert told == pytest.approx(value, rel=1e-5)


@pytest.mark.parametrize("found", [every_kind(), hostile(), evidence()], ids=["every kind", "hostile", "bare"])
def test_a_report_with_weights_is_read_back_as_it_was(found):
    made = reported(found)
    text = as_json.text(made)
    text.encode("utf-8")
    assert Report.model_validate_json(text) == made


def test_an_entry_is_frozen_and_takes_nothing_else():
    entry = weights_entry(evidence())
    with pytest.raises(ValidationError):
        entry.device = "cuda"
    with pytest.raises(ValidationError):
        WeightsEntry.model_validate({**entry.model_dump(), "more": 1})


def test_a_report_without_weights_says_so():
    made = reported()
    assert made.weights is None
    assert "weights: not compared (structure only)" in made.not_checked


def test_a_report_with_weights_says_what_of_them_was_not_compared():
    made = reported(evidence())
    assert made.not_checked == (
        "weights: vision-tower: over the budget",
        "weights: 10 of 1,000 bytes of OLD and 20 of 1,000 of NEW were read",
        f"weights: {TOLD_NEVER}",
        "tokenizer: not compared",
        "training data and logs: not compared",
    )


def test_reading_everything_leaves_nothing_out_but_what_a_pair_cannot_tell():
    made = reported(evidence(read=(5, 5), total=(5, 5), not_checked=()))
    assert [text for text in made.not_checked if text.startswith("weights")] == [f"weights: {TOLD_NEVER}"]


def test_what_is_said_of_weights_is_no_difference_in_architecture():
    rule = a_rule("weights-derived", "cosmetic", "Weights")
    made = reported(evidence(), [(rule, finding("language model: the weights depend on each other"))])
    assert made.summary.sentences[:2] == (
        "No difference in architecture was found.",
        "Language model: the weights depend on each other (layer 0).",
    )
    assert made.summary.same_architecture
    assert made.summary.impact == "cosmetic"


def test_an_earlier_report_is_still_read():
    document = reported().model_dump(mode="json") | {"schema_version": "1.0"}
    del document["weights"]
    assert Report.model_validate(document).weights is None
    with pytest.raises(ValidationError):
        Report.model_validate(document | {"schema_version": "2.0"})
