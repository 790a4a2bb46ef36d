"""`archdiff.rule`, from the side of somebody who writes a rule."""

from __future__ import annotations

import dataclasses
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

import archdiff.rule as api
from archdiff.compare.changes import Change, Place
from archdiff.compare.comparison import Difference

CHANGE = Change("tensor-reshaped", Place("a"), Place("a"), "gate", "weight", 1, 2, "breaking", id="c1")
DIFFERENCE = Difference({"mlp.width": (1, 2)}, Place("a", (0,)), Place("a", (1,)), (CHANGE,), 7, "medium")

words = st.text(st.characters(codec="ascii", categories=("L", "N")), min_size=1, max_size=12)
headings = st.lists(words, unique=True, max_size=4)
scalars = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | words


def declared(doc, name="some_pack.shared_experts_added", **options):
    """A rule whose module and docstring are as given."""

    def check(comparison):
        return ()

    check.__module__, check.__doc__ = name, doc
    return api.rule(**{"impact": "breaking", "group": "Ours", **options})(check)


@pytest.mark.parametrize(
    ("module", "rule_id"),
    [
        ("some_pack.shared_experts_added", "shared-experts-added"),
        ("a.b.c.dtype", "dtype"),
        ("layers_added", "layers-added"),
    ],
)
def test_the_id_is_the_name_of_the_module(module, rule_id):
    assert declared("Notices.", module).id == rule_id


def test_a_rule_is_its_own_mirror_unless_it_names_one():
    assert declared("Notices.").mirror == "shared-experts-added"
    assert declared("Notices.", mirror="shared-experts-removed").mirror == "shared-experts-removed"


def test_a_rule_keeps_what_it_declares():
    rule = declared("Notices.", impact="cosmetic", group="Storage", last=True)
    assert (rule.impact, rule.group, rule.last, rule.pack) == ("cosmetic", "Storage", True, "")


def test_a_rule_does_not_change():
    with pytest.raises(dataclasses.FrozenInstanceError):
        declared("Notices.").id = "another"


def test_a_manual_is_split_at_its_headings():
    manual = declared(
        """Layers gained something.

        Text before the first heading is left out.

        Why it matters:
            One line: with a colon.
            Note:
              further in.

        Example:
            1 → 2
        """
    ).manual
    assert manual.summary == "Layers gained something."
    assert manual.sections == {"Why it matters": "One line: with a colon.\nNote:\n  further in.", "Example": "1 → 2"}


@pytest.mark.parametrize("doc", [None, ""])
def test_no_docstring_is_an_empty_manual(doc):
    manual = declared(doc).manual
    assert (manual.summary, dict(manual.sections)) == ("", {})


@given(summary=words, names=headings, body=words)
def test_every_heading_becomes_a_section(summary, names, body):
    parts = [f"    {name}:\n        {body}\n" for name in names]
    manual = declared("\n".join([f"{summary}.\n", *parts])).manual
    assert manual.summary == f"{summary}."
    assert manual.sections == dict.fromkeys(names, body)


@given(st.integers(-(10**30), 10**30))
def test_a_count_is_the_number_with_thousands_apart(number):
    text = api.count(number)
    assert int(text.replace(",", "")) == number
    assert all(len(group) == 3 for group in text.lstrip("-").split(",")[1:])


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "none"),
        ((), "none"),
        (True, "yes"),
        (False, "no"),
        (196608, "196,608"),
        (-1, "-1"),
        (1000000.0, "1,000,000"),
        (0.22, "0.22"),
        (1e-05, "1e-05"),
        (1e300, "1e+300"),
        ("yarn", "yarn"),
        (("query",), "query"),
        (("query", "key", "value"), "query, key and value"),
        ((8, None), "8 and none"),
        (((1, 2), 3), "1 and 2 and 3"),
    ],
)
def test_a_value_is_shown_as_a_reader_wants_it(value, text):
    assert api.show(value) == text


@given(st.recursive(scalars, lambda inner: st.lists(inner, max_size=3).map(tuple), max_leaves=6))
def test_every_value_can_be_shown(value):
    assert isinstance(api.show(value), str)
    assert api.show(value)


@given(st.integers(-(10**14), 10**14))
def test_a_whole_number_is_shown_as_a_count_whatever_its_type(number):
    assert api.show(float(number)) == api.show(number) == api.count(number)


def test_a_finding_of_a_difference_reports_it_as_it_stands():
    finding = api.Finding.of(DIFFERENCE, "width: 1 → 2")
    assert (finding.message, finding.impact) == ("width: 1 → 2", None)
    assert (finding.old, finding.new) == (Place("a", (0,)), Place("a", (1,)))
    assert (finding.facts, finding.explains) == ({"mlp.width": (1, 2)}, (CHANGE,))
    assert (finding.parameters, finding.confidence) == (7, "medium")


def test_a_finding_may_state_an_impact_of_its_own():
    assert api.Finding.of(DIFFERENCE, "width", impact="cosmetic").impact == "cosmetic"


def test_a_finding_needs_no_more_than_a_message_and_a_place():
    finding = api.Finding("gone", Place("a"), None)
    assert (dict(finding.facts), finding.explains, finding.parameters, finding.confidence) == ({}, (), 0, "high")


@pytest.mark.parametrize("name", api.__all__)
def test_every_public_name_is_there(name):
    assert getattr(api, name) is not None


def test_no_other_name_is():
    with pytest.raises(AttributeError, match="no_such_name"):
        _ = api.no_such_name


def test_importing_the_built_in_rules_reads_no_graph():
    code = "import archdiff.packs as p, sys; p.load_rules(); print(*sorted(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not {"torch", "transformers", "networkx", "numpy"} & set(done.stdout.split())
