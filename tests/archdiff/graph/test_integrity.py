"""A saved graph that was changed is refused; one whose fingerprints were made to fit is still safe to read."""

from __future__ import annotations

import copy
import json

import pytest
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from archdiff.compare import compare
from archdiff.errors import SnapshotError
from archdiff.graph.digests import digest
from archdiff.graph.fingerprints import identities_of, structures_of
from archdiff.graph.schema import ModelGraph, Node, freeze
from tests.archdiff.graph.tiny import graph_of

ORIGINAL = graph_of("qwen3_moe", num_hidden_layers=2)
DOCUMENT = json.dumps(ORIGINAL.to_json())
REPLACEMENTS = (
    "",
    "model",
    "layer",
    "expert",
    "lm_head",
    "model.layers.0",
    "*",
    "#",
    "a.b",
    "attention",
    "\x1b",
    "x" * 2000,
)
NUMBERS = (-1, 0, 1, 48, 2**63, 10**400, 1.5, float("nan"), float("inf"), True)


def signed(document):
    """The document with the fingerprints that its contents have: what a careful attacker writes."""
    nodes = [Node.from_data(node["id"], node) for node in document["nodes"] if node["kind"] == "module"]
    structures, identities = structures_of(nodes), identities_of(nodes, {node.id: node.facts for node in nodes})
    for node in document["nodes"]:
        if node["kind"] == "module":
            node.update(structure=structures[node["id"]], identity=identities[node["id"]])
    return document


def test_what_the_fingerprints_are_computed_from_survives_json():
    assert signed(json.loads(DOCUMENT)) == json.loads(DOCUMENT)


def change(name, **values):
    """Set values of a node, and sign."""

    def changed(document):
        next(node for node in document["nodes"] if node["id"] == name).update(values)
        return signed(document)

    return changed


def stacked(layers, stack="model.layers"):
    def changed(document):
        document["graph"]["stacks"] = {stack: layers} if isinstance(stack, str) else dict.fromkeys(stack, layers)
        return document

    return changed


LAYERS = ["model.layers.0", "model.layers.1"]
WEIGHT = json.loads(DOCUMENT)["nodes"][-1]["tensors"] or next(
    node["tensors"] for node in json.loads(DOCUMENT)["nodes"] if node["tensors"]
)
FAULTS = {
    "a name that moves the cursor": (change("lm_head", class_name="\x1b[2J"), "cannot be printed"),
    "two tensors of one name": (change("lm_head", tensors=WEIGHT * 2), "two tensors of one name"),
    "more elements than any machine has": (
        change("lm_head", tensors=[WEIGHT[0] | {"shape": [2**40] * 2}]),
        "impossible",
    ),
    "axes of another tensor": (change("lm_head", tensors=[WEIGHT[0] | {"axes": ["hidden"] * 5}]), "impossible"),
    "an operator's kind": (change("lm_head", kind="operator"), "names no operator"),
    "a huge number": (change("lm_head", attributes={"bias": 10**100}), "out of bounds"),
    "a deep setting": (change("lm_head", attributes={"bias": [[[[[[[[[[]]]]]]]]]]}), "out of bounds"),
    "a layer without its role": (change("model.layers.0", role="norm"), "what is no layer"),
    "layers in another order": (stacked(LAYERS[::-1]), "not numbered"),
    "a stack without layers": (stacked([]), "not numbered"),
    "another fingerprint": (lambda d: change("lm_head")(d) | {"nodes": flipped(d["nodes"])}, "the fingerprint of"),
}


def flipped(nodes):
    return (
        [*nodes[:-1], nodes[-1] | {"identity": "0" * 20}]
        if nodes[-1]["kind"] == "module"
        else [node | {"identity": "0" * 20} if node["id"] == "lm_head" else node for node in nodes]
    )


@pytest.mark.parametrize(("damage", "said"), FAULTS.values(), ids=FAULTS)
def test_a_fault_is_named(damage, said):
    document = damage(json.loads(DOCUMENT))
    with pytest.raises(SnapshotError, match=said) as caught:
        ModelGraph.from_json(document)
    assert str(caught.value).isprintable()


def test_a_config_that_nests_too_deep_is_refused():
    document = json.loads(DOCUMENT)
    deep = []
    for _ in range(5000):
        deep = [deep]
    document["nodes"][1]["attributes"]["x"] = deep
    with pytest.raises(SnapshotError, match="nests too deep"):
        ModelGraph.from_json(document)


def test_a_program_has_the_key_that_its_operators_give():
    document = json.loads(DOCUMENT)
    key, rows = next((key, rows) for key, rows in document["graph"]["programs"].items() if rows)
    assert key == digest([freeze(row) for row in rows])
    rows[0][0] = "another"
    with pytest.raises(SnapshotError, match="is another one"):
        ModelGraph.from_json(document)


FIELDS = ("id", "kind", "class_name", "role", "confidence", "tensors", "attributes", "facts", "program", "function")


@st.composite
def mutated(draw):
    """The document with a few fields of nodes, edges and stacks changed, signed where that is possible."""
    document = json.loads(DOCUMENT)
    nodes, edges = document["nodes"], document["edges"]
    for _ in range(draw(st.integers(1, 3))):
        kind = draw(st.sampled_from(["field", "swap", "drop", "edge", "tensor", "setting"]))
        node = draw(st.sampled_from(nodes))
        if kind == "field":
            node[draw(st.sampled_from(FIELDS))] = copy.deepcopy(
                draw(st.sampled_from([*REPLACEMENTS, None, [], {}, *(n[f] for n in nodes[:9] for f in FIELDS)]))
            )
        elif kind == "swap":
            place = draw(st.integers(0, len(nodes) - 1))
            nodes[place], nodes[-1] = nodes[-1], nodes[place]
        elif kind == "drop":
            nodes.remove(node)
            edges[:] = [edge for edge in edges if node.get("id") not in (edge["source"], edge["target"])]
            break
        elif kind == "edge":
            draw(st.sampled_from(edges))[draw(st.sampled_from(["source", "target", "kind", "key"]))] = draw(
                st.sampled_from([*REPLACEMENTS, 0, 1, "flows", "contains"])
            )
        elif kind == "tensor" and isinstance(node.get("tensors"), list) and node["tensors"]:
            node["tensors"][0]["shape"] = draw(st.lists(st.sampled_from(NUMBERS), max_size=4))
        elif isinstance(node.get("facts"), dict):
            node["facts"][draw(st.sampled_from(["layers", "experts.count", "hidden_size"]))] = draw(
                st.sampled_from([*NUMBERS, *REPLACEMENTS, None, [1, 2]])
            )
    try:
        return signed(document)
    except Exception:  # noqa: BLE001 - what cannot be signed is handed over as it is
        return document


def opened(document):
    """The graph, or what its refusal says."""
    try:
        return ModelGraph.from_json(document)
    except SnapshotError as error:
        return str(error)


@given(document=mutated())
@settings(max_examples=250, deadline=None, suppress_health_check=list(HealthCheck))
def test_any_mutation_is_refused_or_can_be_read_and_compared(document):
    graph = opened(document)
    event("refused" if isinstance(graph, str) else "read")
    if isinstance(graph, str):
        assert graph.isprintable()
        return
    views = (graph.nodes, graph.children, graph.flows, graph.programs, graph.config, graph.source, graph.stacks)
    assert all(view is not None for view in views)
    assert len(graph.subtree("")) == len(graph.nodes)
    assert graph.parameters >= 0
    for sides in ((graph, ORIGINAL), (ORIGINAL, graph), (graph, graph)):
        changes = compare(*sides).changes
        assert not changes or sides[0] is not sides[1]
