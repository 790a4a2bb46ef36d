"""Rules on weights: they say what figures are worth, explain no change, and are silent where nothing was compared."""

from __future__ import annotations

import pytest

from archdiff.compare.changes import Place
from archdiff.report.entries import finding_entry
from archdiff.rule import Provenance
from archdiff_rules import _weights
from tests.archdiff.making import change, comparison
from tests.archdiff_rules import corpus

IDS = sorted(rule.id for rule in corpus.RULES.values() if rule.group == "Weights")
EXACT = {"log10_p.hidden-units": -0.3, "log10_p.layer-map": -40.0, "power": 0.041}


def provenance(verdict="derived", component="language-model", **values):
    stated = {"old": Place(""), "new": Place(""), "figures": EXACT, "reasons": ("one reason.",), **values}
    return Provenance(component, verdict, **stated)


def findings(rule_id, *provenances):
    return list(corpus.RULES[rule_id].check(comparison(change(1)).with_weights(provenances)))


def message(rule_id, *provenances):
    (finding,) = findings(rule_id, *provenances)
    return finding.message


def test_the_group_has_the_eight_rules():
    assert IDS == [
        "experts-upcycled",
        "frozen-component",
        "layers-copied",
        "weights-derived",
        "weights-identical",
        "weights-inconclusive",
        "weights-independent",
        "weights-transformed",
    ]


@pytest.mark.parametrize("rule_id", IDS)
def test_without_weights_no_rule_fires(rule_id):
    assert findings(rule_id) == []


@pytest.mark.parametrize("rule_id", IDS)
def test_swapped_models_keep_the_rule_and_it_does_not_count_as_a_change(rule_id):
    rule = corpus.RULES[rule_id]
    assert rule.mirror == rule_id
    assert rule.impact == "cosmetic"
    assert all(not found.explains for owner, found in corpus.findings(rule_id) if owner.id == rule_id)


@pytest.mark.parametrize("verdict", ["identical", "derived", "transformed", "independent", "inconclusive"])
def test_each_verdict_has_one_rule(verdict):
    fired = [rule_id for rule_id in IDS if findings(rule_id, provenance(verdict))]
    assert fired == [f"weights-{verdict}"]


def test_independence_is_bounded_by_its_power_and_says_what_it_cannot_tell():
    text = message("weights-independent", provenance("independent"))
    assert text == (
        "language model: no dependence detected at row cosine ≥ 0.041; log10 p −0.3 (hidden units); "
        "direction, parent or sibling, and distillation are not identifiable"
    )


@pytest.mark.parametrize("rule_id", [each for each in IDS if each.startswith("weights-")])
def test_a_verdict_without_any_figure_still_reads(rule_id):
    text = message(rule_id, provenance(rule_id.removeprefix("weights-"), figures={}, reasons=()))
    assert "None" not in text
    assert not text.endswith((";", " ", ":"))
    assert "; ;" not in text


def test_a_cosine_is_never_quoted():
    figures = {**EXACT, "cosine": 0.99, "expected_cosine": 0.98}
    for rule_id in IDS:
        for found in findings(rule_id, provenance(rule_id.removeprefix("weights-"), figures=figures)):
            assert "0.99" not in found.message


def test_figures_do_not_change_the_fingerprint_and_the_verdict_does():
    rule = corpus.RULES["weights-derived"]

    def mark(**values):
        return finding_entry(rule, findings("weights-derived", provenance(**values))[0]).fingerprint

    assert mark() == mark(figures={"log10_p.hidden-units": -99.0}, reasons=())
    assert len({mark(), mark(labels=("fine-tuned",)), mark(component="heads")}) == 3


def test_what_is_frozen_is_part_of_a_model_or_of_a_component():
    whole, rest = provenance("identical", "vision-tower"), provenance("derived")
    assert findings("frozen-component", whole) == []
    assert message("frozen-component", whole, rest).startswith("vision tower: all of it is equal")
    places = tuple(f"layers.{n} norm" for n in range(5))
    assert message("frozen-component", provenance(frozen=places)) == (
        "language model: equal in every element, while the rest is not: "
        "layers.0 norm, layers.1 norm, layers.2 norm and 2 more"
    )


def test_copied_layers_are_told_as_runs():
    up_scaled = tuple((new, new - 16) for new in range(24, 48))
    assert message("layers-copied", provenance(copied=up_scaled)) == (
        "language model: layers 24–47 ← 8–31 of OLD; log10 p −40"
    )
    scattered = tuple((new, 0) for new in range(1, 20))
    assert "2 ← 0" in message("layers-copied", provenance(copied=scattered))
    assert "and 13 more runs" in message("layers-copied", provenance(copied=scattered))


def test_runs_are_of_neighbours_in_both_models():
    assert _weights.runs(((5, 1), (6, 2), (7, 2), (9, 4))) == ("5–6 ← 1–2", "7 ← 2", "9 ← 4")
    assert _weights.runs(()) == ()


@pytest.mark.parametrize(
    ("share", "told"),
    [
        (0.0, "0 %"),
        (1.0, "100 %"),
        (0.99999, "over 99.9 %"),
        (1e-9, "under 0.001 %"),
        (0.1234, "12.3 %"),
        (0.0002, "0.02 %"),
    ],
)
def test_a_share_is_not_rounded_to_all_or_nothing(share, told):
    assert _weights.share(provenance(figures={"share_equal": share})) == f"{told} of the compared elements equal"


def test_a_text_from_a_file_stays_on_one_line():
    hostile = "layers.0\n\rnorm\u2028x"
    texts = [
        message("weights-inconclusive", provenance("inconclusive", reasons=(hostile,))),
        message("frozen-component", provenance(frozen=(hostile,))),
        message("experts-upcycled", provenance(upcycled=(hostile,))),
    ]
    assert all(len(text.splitlines()) == 1 for text in texts)


def test_weights_of_a_case_are_turned_with_its_models():
    (forward,), (back,) = (corpus.weights("layers-copied", *sides) for sides in (("old", "new"), ("new", "old")))
    assert (forward.old, forward.new) == (back.new, back.old)
    assert back.copied == tuple((old, new) for new, old in forward.copied)
    assert corpus.weights("layers-copied", "old", "old") == corpus.weights("layers-added") == ()
