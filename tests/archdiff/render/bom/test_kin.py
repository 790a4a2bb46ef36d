"""Relations are declared or measured, and never come from likeness."""

from __future__ import annotations

import pytest

from archdiff.render import WeightsView
from archdiff.render.bom.kin import is_named
from archdiff.render.bom.subject import subject_of
from archdiff.report.schema import Lineage
from tests.archdiff.render.bom.described import checklist, derived_from, entry, lineage, portrait, report, weighed


def kin(document):
    return subject_of(document).kin


def test_what_was_only_compared_is_no_relative_however_alike():
    (found,) = kin(report(sentences=("No difference in architecture was found.",)))
    assert found.standing == "compared"
    assert "Nothing that was declared or measured" in found.told[0]
    assert found.compared == ("No difference in architecture was found.",)


def test_a_declared_base_is_an_ancestor_with_what_comparing_says():
    (found,) = kin(report(new=derived_from("Someone/OLD")))
    assert (found.name, found.standing, found.relation) == ("someone/old", "ancestor", "finetune")
    assert found.entry.name == "old"
    assert "with the relation finetune" in found.told[0]
    assert found.sentences[-1] == "Compared with someone/old: Hidden size: 1 → 2."


def test_a_declared_base_that_nobody_read_is_an_ancestor_too():
    (found,) = kin(portrait(derived_from("else/where")))
    assert (found.name, found.standing, found.entry, found.compared) == ("else/where", "ancestor", None, ())


def test_the_same_architecture_is_no_descent():
    assert kin(portrait(derived_from("else/where", "same-architecture"))) == ()


def test_a_base_that_was_compared_and_one_that_was_not():
    found = kin(report(new=derived_from("else/where")))
    assert [(each.name, each.standing) for each in found] == [("else/where", "ancestor"), ("someone/old", "compared")]


def test_one_that_declares_the_model_as_its_base_descends_from_it():
    old = entry("old", lineage=(Lineage(base="someone/new", relation="quantized"),))
    (found,) = kin(report(old))
    assert (found.standing, found.relation) == ("descendant", "quantized")


@pytest.mark.parametrize("verdict", ["identical", "derived", "transformed"])
def test_shared_weights_make_a_variant_since_they_tell_no_direction(verdict):
    (found,) = kin(report(weights=weighed(verdict)))
    assert found.standing == "variant"
    assert "which came first" in found.told[0]
    assert f"Weights of language-model: {verdict} (the reason)." in found.compared


@pytest.mark.parametrize("verdict", ["independent", "inconclusive"])
def test_other_verdicts_make_none(verdict):
    (found,) = kin(report(weights=weighed(verdict)))
    assert found.standing == "compared"


def test_a_lineage_that_was_followed_names_the_ancestors_of_ancestors():
    first, second = kin(checklist(lineage=lineage()))
    assert (first.name, first.child, first.relation) == ("someone/old", "", "finetune")
    assert (second.name, second.child, second.relation) == ("else/root", "someone/old", "merge")
    assert first.told == ("someone/new declares someone/old as its base, with the relation finetune (model card).",)


def test_the_same_declaration_in_two_places_counts_once():
    reviewed = checklist(model=portrait(derived_from("someone/old")))
    assert [each.name for each in kin(reviewed)] == ["someone/old", "else/root"]


def test_a_model_is_named_by_its_hub_id_its_name_and_its_reference_in_any_case():
    model = entry("new")
    assert all(is_named(model, name) for name in ("someone/new", "SOMEONE/NEW", "new", "new.json"))
    assert not is_named(model, "")
    assert not is_named(entry(hub_id=None), "someone/new")


def test_the_weights_of_a_report_are_described_as_the_report_is():
    document = report(weights=weighed("derived"))
    assert subject_of(WeightsView(document)) == subject_of(document)


def test_the_serial_number_is_that_of_the_document():
    assert subject_of(portrait()).serial == subject_of(portrait()).serial
    assert subject_of(portrait()).serial != subject_of(portrait(entry(parameters=1001))).serial
    assert subject_of(report()).serial != subject_of(report(weights=weighed("independent"))).serial
    assert subject_of(portrait()).serial.version == 5
