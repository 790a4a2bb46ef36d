"""GraphML: networkx reads back exactly what was written, whatever the names are."""

from __future__ import annotations

import io
import re
from xml.etree import ElementTree

import networkx as nx
import pytest
from hypothesis import given, settings

from archdiff.errors import RenderError
from archdiff.render import render
from archdiff.render.graphs.graphml import graph
from tests.archdiff.render.bom.described import MAIN_CASES, checklist, main_case, portrait, report
from tests.archdiff.render.graphs.drawn import hostile, model

NAMESPACE = "{http://graphml.graphdrawing.org/xmlns}"


def read(document):
    text = render(document, "graphml")
    assert text == render(document, "graphml")
    found = nx.read_graphml(io.BytesIO(text.encode("utf-8")), force_multigraph=True)
    written = graph(document)
    assert (dict(found.nodes), found.adj) == (dict(written.nodes), written.adj)
    return found


def edges(found, kind):
    names = nx.get_node_attributes(found, "path")
    return {(names.get(a), names.get(b)) for a, b, data in found.edges(data=True) if data["kind"] == kind}


@pytest.mark.parametrize("old", MAIN_CASES)
def test_the_main_cases(old):
    found = read(main_case(old))
    sides = nx.get_node_attributes(found, "side")
    assert set(sides.values()) == {"old", "new"}
    experts = [data for _, data in found.nodes(data=True) if data["role"] == "shared-expert" and data["side"] == "new"]
    assert experts
    assert {data["fact.shared_experts.width"] for data in experts} == {1280}
    assert "added" in nx.get_node_attributes(found, "status").values()
    assert all(
        sides[a] == "old" and sides[b] == "new" for a, b, kind in found.edges(data="kind") if kind == "corresponds"
    )


def test_a_model_with_what_contains_and_what_flows():
    found = read(portrait(model()))
    assert ("layers.0", "layers.0.moe") in edges(found, "contains")
    assert ("layers.0.moe", "layers.0.moe.router") in edges(found, "contains")
    assert ("layers.0.attn", "layers.0.moe.router") in edges(found, "flows")
    assert nx.is_arborescence(nx.DiGraph((a, b) for a, b, kind in found.edges(data="kind") if kind == "contains"))
    assert not edges(found, "corresponds")


def test_what_corresponds_joins_old_and_new():
    assert ("layers.0.attn", "layers.0.attn") in edges(read(report(model("old"), model())), "corresponds")


def test_a_number_that_no_long_can_hold_is_text():
    found = read(portrait(model(facts={"small": 2**63 - 1, "large": 2**63})))
    root = found.nodes["n0"]
    assert (root["fact.small"], root["fact.large"]) == (2**63 - 1, str(2**63))


def test_identifiers_are_what_graphml_allows_and_unique():
    root = ElementTree.fromstring(render(report(model("old"), model()), "graphml").encode("utf-8"))
    for tag in ("node", "edge", "key"):
        ids = [element.get("id") for element in root.iter(f"{NAMESPACE}{tag}")]
        assert ids
        assert len(ids) == len(set(ids))
        assert all(re.fullmatch(r"[a-z]+\d+", each) for each in ids)
    assert {key.get("attr.type") for key in root.iter(f"{NAMESPACE}key")} <= {"string", "long", "double", "boolean"}


def test_a_review_has_no_graph():
    with pytest.raises(RenderError, match="does not show a checklist"):
        render(checklist(), "graphml")
    with pytest.raises(RenderError):
        graph(checklist())


@settings(max_examples=40)
@given(hostile())
def test_hostile_names_are_read_back_as_they_were_written(document):
    found = read(document)
    texts = [value for _, data in found.nodes(data=True) for value in data.values() if isinstance(value, str)]
    assert all(text.isprintable() for text in texts)
