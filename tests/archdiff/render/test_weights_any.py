"""Whatever a weight check may find has a form in every output: nothing fails, nothing escapes, nothing is NaN."""

from __future__ import annotations

from typing import get_args
from xml.etree import ElementTree

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from archdiff.packs import load_rules, run
from archdiff.render import json as as_json
from archdiff.render import terminal, weights_picture
from archdiff.render.screen import Screen
from archdiff.report.assemble import assemble
from archdiff.report.provenance import provenances
from archdiff.report.schema import Report
from archdiff.weights import evidence as found
from tests.archdiff.making import comparison

COMPONENTS = ("language-model", "vision-tower", "embeddings", "\x1b[1m<b>")
RULES = [rule for rule in load_rules() if rule.group == "Weights"]

# Signs that take no column are left out: a terminal's width is counted in columns, a line's length in signs.
texts = st.text(st.characters(max_codepoint=0x2FF) | st.sampled_from("\ud800\u202e\u2028\u200b\ufeff漢"), max_size=30)
components = st.sampled_from(COMPONENTS)
numbers = st.floats()
counts = st.integers(0, 2**50)
figures = st.dictionaries(texts, numbers, max_size=2)
controls = st.lists(st.builds(found.Control, texts, numbers, numbers, st.booleans()), max_size=2).map(tuple)
places = st.one_of(texts, st.integers(0, 99).map(lambda layer: f"layers.{layer} expert 3 gate"))
layers = st.none() | st.integers(0, 99)


def several(strategy, most=2):
    return st.lists(strategy, max_size=most).map(tuple)


def two(strategy):
    return st.tuples(strategy, strategy)


judgements = st.builds(
    found.Judgement,
    component=components,
    verdict=st.sampled_from(get_args(found.Verdict)),
    labels=several(texts),
    reasons=several(texts),
    log10_p=figures,
    power=st.none() | numbers,
    controls=controls,
    frozen=several(texts),
    limits=several(texts),
)
tests = st.builds(
    found.Test,
    family=st.sampled_from(get_args(found.Family)),
    component=components,
    old=places,
    new=places,
    layer=layers,
    count=counts,
    log10_p=st.none() | numbers,
    statistic=st.none() | numbers,
    power=st.none() | numbers,
    figures=figures,
    controls=controls,
    abstained=texts,
    size=counts,
)
elements = st.builds(
    found.Elements,
    component=components,
    role=texts,
    old=places,
    new=places,
    layer=layers,
    count=counts,
    equal=counts,
    nan=two(counts),
    infinite=two(counts),
    largest=numbers,
    mean_difference=numbers,
    difference=numbers,
    norms=two(numbers),
    means=two(numbers),
    deviations=two(numbers),
    pearson=numbers,
    cosine=numbers,
    expected_cosine=numbers,
    histogram=several(counts, 13),
    method=texts,
    digest=texts,
    size=counts,
)


@st.composite
def maps(draw):
    rows, columns = draw(st.integers(0, 5)), draw(st.integers(0, 5))
    scores = draw(st.lists(st.lists(numbers, min_size=columns, max_size=columns), min_size=rows, max_size=rows))
    one = st.none() | st.integers(0, max(0, columns - 1)) if columns else st.none()
    matched = draw(st.lists(one, min_size=rows, max_size=rows))
    stacks = draw(two(texts))
    return found.LayerMap(draw(components), stacks, tuple(map(tuple, scores)), tuple(matched), draw(numbers))


evidences = st.builds(
    found.Evidence,
    judgements=several(judgements, 3),
    tests=several(tests, 4),
    elements=several(elements, 4),
    maps=several(maps(), 2),
    read=two(counts),
    total=two(counts),
    device=texts,
    not_checked=several(texts),
)


def reported(evidence):
    view = comparison()
    view = view.with_weights(provenances(evidence, view))
    return assemble(view, run(RULES, view), RULES, evidence=evidence)


@pytest.mark.parametrize("width", [80, 120])
@given(evidence=evidences)
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
def test_every_output_takes_whatever_was_found(evidence, width):
    made = reported(evidence)
    document = as_json.text(made)
    assert Report.model_validate_json(document) == made
    shown = terminal.text(made, Screen(width))
    assert max(map(len, shown.splitlines())) <= width
    picture = weights_picture.svg(made)
    ElementTree.fromstring(picture)
    for text in (shown, picture):
        text.encode("utf-8")
        assert not [sign for sign in text if not sign.isprintable() and sign != "\n"]


@given(evidence=evidences)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
def test_a_component_has_one_verdict_whose_rule_fires(evidence):
    fired = [entry.rule for entry in reported(evidence).findings if entry.rule.startswith("weights-")]
    assert sorted(fired) == sorted(f"weights-{judgement.verdict}" for judgement in evidence.judgements)
