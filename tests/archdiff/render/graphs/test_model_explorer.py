"""Model Explorer's JSON, held against the facts of its `graph_builder.py`: fields, references, namespaces."""

from __future__ import annotations

import json
import re

import pytest
from hypothesis import given, settings

from archdiff.errors import RenderError
from archdiff.render import render
from archdiff.render.graphs.model_explorer import collection
from tests.archdiff.render.bom.described import MAIN_CASES, checklist, main_case, portrait, report
from tests.archdiff.render.graphs.drawn import hostile, layers, model

FIELDS = {
    "collection": {"label", "graphs", "graphSorting"},
    "graph": {
        "id", "nodes", "groupNodeAttributes", "groupNodeConfigs", "nodeLabelsToHide", "tasksData", "layoutConfigs",
    },
    "node": {
        "id", "label", "namespace", "subgraphIds", "attrs", "incomingEdges", "outputsMetadata", "inputsMetadata",
        "style", "config",
    },
    "edge": {"sourceNodeId", "sourceNodeOutputId", "targetNodeInputId"},
    "attr": {"key", "value"},
    "style": {"backgroundColor", "borderColor", "hoveredBorderColor"},
    "group": {"namespaceRegex", "layoutDirection", "backgroundColor", "borderColor", "textColor"},
    "layout": {"nodeSep", "rankSep", "edgeSep", "keepLayersWithASingleChild"},
}  # fmt: skip
"""Fields of the dataclasses of ai-edge-model-explorer 0.1.34."""


def read(document):
    """The collection, every part of it with fields that the format knows, and references that lead somewhere."""
    text = render(document, "model-explorer")
    assert text == render(document, "model-explorer")
    made = json.loads(text)
    assert FIELDS["collection"] >= made.keys() >= {"label", "graphs"}
    for graph in made["graphs"]:
        assert graph.keys() <= FIELDS["graph"]
        assert graph["layoutConfigs"].keys() <= FIELDS["layout"]
        assert all(config.keys() <= FIELDS["group"] for config in graph["groupNodeConfigs"])
        check_nodes(graph["nodes"])
        check_groups(graph)
    assert len({graph["id"] for graph in made["graphs"]}) == len(made["graphs"])
    return made


def check_nodes(nodes):
    ids = [node["id"] for node in nodes]
    assert len(ids) == len(set(ids))
    for node in nodes:
        assert FIELDS["node"] >= node.keys() >= {"id", "label"}
        assert node["label"]
        assert node.get("style", {}).keys() <= FIELDS["style"]
        assert all(attr.keys() == FIELDS["attr"] and isinstance(attr["value"], str) for attr in node["attrs"])
        assert all(edge.keys() == FIELDS["edge"] and edge["sourceNodeId"] in ids for edge in node["incomingEdges"])
        inputs = [edge["targetNodeInputId"] for edge in node["incomingEdges"]]
        assert len(inputs) == len(set(inputs))
        assert "" not in node["namespace"].split("/") or node["namespace"] == ""


def check_groups(graph):
    """What is said of a group is said of a namespace that some node stands in, and colours fit one group each."""
    around = {""}
    for node in graph["nodes"]:
        names = node["namespace"].split("/")
        around |= {"/".join(names[: end + 1]) for end in range(len(names))}
    assert graph["groupNodeAttributes"].keys() <= around
    for config in graph["groupNodeConfigs"]:
        assert sum(bool(re.search(config["namespaceRegex"], name)) for name in around) == 1


def sources(graph):
    return {node["id"]: {edge["sourceNodeId"] for edge in node["incomingEdges"]} for node in graph["nodes"]}


@pytest.mark.parametrize("old", MAIN_CASES)
def test_the_main_cases(old):
    made = read(main_case(old))
    assert [graph["id"] for graph in made["graphs"]] == [f"OLD {old}", "NEW solar-open-100b"]
    labels = [node["label"] for graph in made["graphs"] for node in graph["nodes"]]
    assert any(label.startswith(("+ ", "~ ")) for label in labels)
    assert all(label.isascii() for label in labels), "the canvas has a font of its own"
    shared = [node for node in made["graphs"][1]["nodes"] if "shared expert" in node["label"]]
    assert all(node["namespace"].endswith("mixture of experts") for node in shared)


def test_one_model_is_one_graph():
    (graph,) = read(portrait(model()))["graphs"]
    assert graph["id"] == "new"
    assert sources(graph)["layers.0.moe.router"] == {"layers.0.attn"}
    assert sources(graph)["layers.4.attn"] == {"layers.0#add.0"}


def test_what_has_parts_is_a_group_and_no_node():
    (graph,) = read(portrait(model()))["graphs"]
    nodes = {node["id"]: node for node in graph["nodes"]}
    assert "layers.0" not in nodes
    assert "layers.0.moe" not in nodes
    assert nodes["layers.0.moe.router"]["namespace"] == "layers 0-3 x4/mixture-of-experts"
    assert graph["groupNodeAttributes"]["layers 0-3 x4"]["parameters"] == "40"
    assert graph["groupNodeAttributes"][""]["class"] == "TinyForCausalLM"


def test_a_path_to_a_container_leads_into_it():
    paths = (("in", "layers.0.moe"), ("layers.0.moe", "layers.0.attn"), ("layers.0.attn", "out"))
    (graph,) = read(portrait(model(blocks=(layers(flows=paths),))))["graphs"]
    assert sources(graph)["layers.0.attn"] == {"layers.0.moe.experts"}


def test_paths_to_a_container_and_to_its_first_part_are_one():
    paths = (("layers.0.attn", "layers.0.moe"), ("layers.0.attn", "layers.0.moe.router"))
    (graph,) = read(portrait(model(blocks=(layers(flows=paths),))))["graphs"]
    (router,) = [node for node in graph["nodes"] if node["id"] == "layers.0.moe.router"]
    assert len(router["incomingEdges"]) == 1


def test_groups_of_the_same_name_are_told_apart():
    twins = (layers(), layers().model_copy(update={"id": "other", "parts": layers(9).parts, "flows": ()}))
    (graph,) = read(portrait(model(blocks=twins)))["graphs"]
    assert {node["namespace"].partition("/")[0] for node in graph["nodes"]} == {"layers 0-3 x4", "layers 0-3 x4 #2"}


def test_a_group_that_is_named_like_a_numbered_one_is_told_apart_too():
    names = ("layers", "layers", "layers 0-3 x4 #2", "layers")
    blocks = (
        layers(label=name, count=1 if "#" in name else 4, layers=((0, 3),) if "#" not in name else ()).model_copy(
            update={"id": f"b{number}", "parts": layers(number).parts, "flows": ()}
        )
        for number, name in enumerate(names)
    )
    (graph,) = read(portrait(model(blocks=tuple(blocks))))["graphs"]
    assert len({node["namespace"].partition("/")[0] for node in graph["nodes"]}) == 4


def test_a_status_is_a_mark_an_attribute_and_a_colour():
    added = layers(status="added", parts=tuple(part.model_copy(update={"status": "added"}) for part in layers().parts))
    (graph,) = read(portrait(model(blocks=(added,))))["graphs"]
    (node,) = [node for node in graph["nodes"] if node["id"] == "layers.0.attn"]
    assert node["label"] == "+ attention"
    assert {"key": "status", "value": "added"} in node["attrs"]
    assert node["style"]["backgroundColor"].startswith("#")
    assert [config["namespaceRegex"] for config in graph["groupNodeConfigs"]]
    (plain,) = read(portrait(model()))["graphs"]
    assert all("style" not in node for node in plain["nodes"])
    assert plain["groupNodeConfigs"] == []


def test_removed_parts_have_a_mark_that_the_canvas_can_draw():
    removed = layers(parts=(layers().parts[0].model_copy(update={"status": "removed"}),), flows=())
    graph = read(report(model("old", blocks=(removed,)), model()))["graphs"][0]
    assert graph["nodes"][0]["label"] == "- attention"


def test_a_review_has_no_graph():
    with pytest.raises(RenderError, match="does not show a checklist"):
        render(checklist(), "model-explorer")
    with pytest.raises(RenderError):
        collection(checklist())


@settings(max_examples=40)
@given(hostile())
def test_hostile_names_split_no_namespace(document):
    made = read(document)
    for graph in made["graphs"]:
        depth = {node["namespace"].count("/") for node in graph["nodes"] if node["namespace"]}
        assert depth <= {0, 1}
        assert all(node["label"].isprintable() for node in graph["nodes"])
