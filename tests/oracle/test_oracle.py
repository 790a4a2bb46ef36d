"""Execution decides: no change of outputs may be called cosmetic, beyond what `known.toml` lists with its cause."""

from __future__ import annotations

import pytest

from tests.oracle import table
from tests.oracle.families import families, reduced, settings
from tests.oracle.known import known
from tests.oracle.run import measured


@pytest.fixture(scope="module")
def rows():
    return measured(reduced(), jobs=1)


def unlisted(rows, *, under):
    found = table.disagreements(rows, under=under)
    return [row for row in found if not any(item.covers(row) for item in known())]


def test_every_family_of_the_reduced_run_is_measured(rows):
    assert [row for row in rows if row.executed == "failed"] == []
    assert {row.family for row in rows if row.valid} == set(reduced())


def test_nothing_that_changes_outputs_is_called_cosmetic(rows):
    assert unlisted(rows, under=True) == []


def test_nothing_is_called_worse_than_it_is(rows):
    assert unlisted(rows, under=False) == []


def test_execution_shows_all_three_impacts(rows):
    assert {row.executed for row in rows if row.valid} == {"breaking", "behavioral", "cosmetic"}


def test_the_recorded_run_covers_sixty_families_and_lists_every_disagreement():
    recorded = table.read()
    assert len({row.family for row in recorded if row.valid}) >= 60
    assert {row.family for row in recorded} <= set(families())
    assert unlisted(recorded, under=True) + unlisted(recorded, under=False) == []


@pytest.mark.parametrize("item", known(), ids=lambda item: f"{item.fields[0]}-{item.says}")
def test_every_known_disagreement_still_occurs(item):
    found = [row for row in table.read() if item.covers(row)]
    assert {row.family for row in found} == set(item.families)
    assert {row.field for row in found} == set(item.fields)


def test_classes_of_relatives_take_the_weights_of_one_another():
    found = [row for row in table.read() if row.field == "model_type"]
    assert {(row.family, row.label.partition(" → ")[2]) for row in found} == {
        (family, other) for family, others in settings()["relatives"].items() for other in others
    }
    assert {row.executed for row in found} == {"behavioral", "cosmetic"}


def test_what_is_measured_now_is_what_was_recorded(rows):
    recorded = {(row.family, row.field, row.label): row for row in table.read()}
    keys = [(row.family, row.field, row.label) for row in rows]
    assert [recorded.get(key) for key in keys] == list(rows)
