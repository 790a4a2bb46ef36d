"""The table of licences: complete, without doubles, each row with its source, and what it makes of two of them."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archdiff import catalogue
from archdiff import rule as api
from archdiff.evidence.licences import conditions, conflicts, find, licences

TERMS = {
    "permissive": {"notice", "attribution"},
    "share-alike": {"notice", "attribution", "share-alike"},
}


def test_no_spelling_stands_twice():
    spellings = list(itertools.chain.from_iterable(row.ids for row in licences()))
    assert len(spellings) == len(set(spellings))
    assert len({row.name for row in licences()}) == len(licences())


@pytest.mark.parametrize("row", licences(), ids=lambda row: row.ids[0])
def test_every_row_is_found_and_has_a_source(row):
    assert row.source.startswith("https://")
    assert all(find(name) is find(row.ids[0]) == row for name in row.ids)
    assert row.asks
    assert not row.asks.endswith(".")


@pytest.mark.parametrize("row", licences(), ids=lambda row: row.ids[0])
def test_what_a_row_asks_fits_its_terms(row):
    assert set(row.conditions) <= set(conditions())
    assert set(row.conditions) <= TERMS.get(row.terms, set(conditions()))
    assert ("non-commercial" in row.conditions) == (row.terms == "non-commercial")
    assert ("share-alike" in row.conditions) >= (row.terms == "share-alike")
    if row.terms == "conditional":
        assert set(row.conditions) - {"notice", "attribution"}


@pytest.mark.parametrize("row", [row for row in licences() if row.spdx], ids=lambda row: row.spdx)
def test_an_spdx_identifier_is_one(row):
    known = pytest.importorskip("license_expression").get_spdx_licensing().known_symbols
    assert row.spdx in known
    assert not known[row.spdx].is_exception
    stem = row.spdx.lower().removesuffix("-only").replace(".", "-")
    assert stem in row.ids or f"{stem.removesuffix('-1-0')}" in row.ids


def test_every_licence_of_the_catalogue_is_known():
    assert not {entry.licence for entry in catalogue.entries() if find(entry.licence) is None}


@pytest.mark.parametrize(
    ("spelled", "name"),
    [
        ("llama3.1", "Llama 3.1 Community License"),
        ("Llama 3.1 Community License", "Llama 3.1 Community License"),
        ("APACHE-2.0", "Apache License 2.0"),
        ("openrail++", "OpenRAIL++"),
        ("openrail", "OpenRAIL"),
        (" Gemma Terms of Use ", "Gemma Terms of Use"),
        ("EXAONE AI Model License Agreement 1.2 - NC", "EXAONE AI Model License Agreement"),
    ],
)
def test_spellings(spelled, name):
    assert find(spelled).name == name


@pytest.mark.parametrize("spelled", [None, 5, "", "other", "in-house", "a" * 100_000, ["mit"]])
def test_what_is_no_licence_of_the_table(spelled):
    assert find(spelled) is None


@given(st.sampled_from(licences()), st.sampled_from(licences()))
def test_a_conflict_needs_a_base_that_asks_for_something(base, derived):
    assert not conflicts(base, base)
    if conflicts(base, derived):
        assert base.terms != "permissive"
        assert base.terms != derived.terms


def test_rules_reach_the_table():
    base, derived = api.licence("llama3.1"), api.licence("mit")
    assert isinstance(base, api.Licence)
    assert api.grants_more(derived, base)
    assert not api.grants_more(base, derived)
    assert api.licence("in-house") is None
