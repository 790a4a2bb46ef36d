"""The folded graph: every layer once, every parameter once, parts in the order of the data flow, and their status."""

from __future__ import annotations

import itertools
import os
import subprocess
import sys
from collections import Counter

import networkx as nx
import pytest

from archdiff.graph.schema import ModelGraph
from archdiff.report.flows import ENTRY, EXIT
from archdiff.report.outline import blocks, outline
from archdiff.report.pairing import every_part
from tests.archdiff.report.graphs import comparison, graph

MODELS = [
    "bert-base-uncased",
    "deepseek-v3",
    "gemma-2-9b",
    "gemma-4-26b-a4b",
    "gpt2",
    "gpt-oss-120b",
    "jamba-1.5-mini",
    "llama-4-scout-17b-16e",
    "nemotron-h-56b",
    "pythia-160m",
    "qwen3-next-80b-a3b",
    "qwen3-vl-8b",
]
PAIRS = [("gpt-oss-120b", "solar-open-100b"), ("glm-4.5-air", "solar-open-100b"), ("gemma-2-9b", "gemma-4-26b-a4b")]


def layers_of(block):
    return [number for first, last in block.layers for number in range(first, last + 1)]


def stack_blocks(found):
    return [block for block in found if block.stack is not None]


def part(block, role):
    """The only part with the role."""
    (found,) = [part for part in every_part(block.parts) if part.role == role]
    return found


def described(block):
    """Roles in order, those inside a container in brackets."""
    return " ".join(
        part.role + (f"[{' '.join(inner.role for inner in part.parts)}]" if part.parts else "") for part in block.parts
    )


def short(block):
    """The flows of a block without its own id, and parts by their last name."""

    def tail(node):
        return node.replace(block.id, "").lstrip(".")

    return {(tail(a), tail(b)) for a, b in block.flows}


def without_flows(whole):
    """The graph as it is when the class cannot be traced."""
    network = nx.MultiDiGraph(whole.network)
    network.remove_nodes_from([n for n, data in whole.network.nodes(data=True) if data["kind"] == "operator"])
    network.remove_edges_from([(a, b, k) for a, b, k, kind in network.edges(keys=True, data="kind") if kind == "flows"])
    return ModelGraph(network)


@pytest.mark.parametrize("name", MODELS)
class TestEveryModel:
    def test_each_layer_stands_in_exactly_one_block(self, name):
        found = Counter((b.stack, n) for b in stack_blocks(outline(graph(name))) for n in layers_of(b))
        layers = [(s, n) for s, ids in graph(name).stacks.items() for n in range(len(ids))]
        assert found == Counter(layers)

    def test_counts_are_those_of_the_ranges(self, name):
        assert all(block.count == len(layers_of(block)) for block in stack_blocks(outline(graph(name))))
        assert all(block.count == 1 for block in outline(graph(name)) if block.stack is None)

    def test_parameters_of_the_blocks_are_those_of_the_model(self, name):
        assert sum(block.parameters for block in outline(graph(name))) == graph(name).parameters

    def test_a_layer_s_parts_hold_no_more_than_the_layer(self, name):
        for block in outline(graph(name)):
            assert sum(each.parameters for each in block.parts) * block.count <= block.parameters

    def test_ids_are_unique_and_flows_join_them(self, name):
        found = outline(graph(name))
        ids = Counter(each.id for block in found for each in every_part(block.parts))
        assert max(ids.values()) == 1
        for block in found:
            own = {each.id for each in every_part(block.parts)} | {ENTRY, EXIT}
            assert {end for flow in block.flows for end in flow} <= own

    def test_what_enters_reaches_every_part_and_leaves(self, name):
        for block in outline(graph(name)):
            network = nx.DiGraph(block.flows)
            leaves = {each.id for each in every_part(block.parts) if not each.parts}
            assert leaves <= set(network)
            assert nx.descendants(network, ENTRY) == leaves | {EXIT}

    def test_parts_follow_what_they_read(self, name):
        for block in outline(graph(name)):
            place = {e.id: i for i, top in enumerate(block.parts) for e in every_part([top])}
            inner = [(a, b) for a, b in block.flows if a in place and b in place]
            assert all(place[a] <= place[b] for a, b in inner)

    def test_nothing_has_changed(self, name):
        found = outline(graph(name))
        assert {each.status for each in found} == {"unchanged"}
        assert {each.status for block in found for each in every_part(block.parts)} == {"unchanged"}


class TestKinds:
    def test_equal_layers_are_drawn_once(self):
        sliding, full = stack_blocks(outline(graph("gpt-oss-120b")))
        assert (layers_of(sliding), sliding.count) == (list(range(0, 36, 2)), 18)
        assert layers_of(full) == list(range(1, 36, 2))
        assert part(sliding, "attention").facts["attention.window"] == 128
        assert "attention.window" not in part(full, "attention").facts

    def test_dense_layers_stand_before_mixtures(self):
        dense, mixture = stack_blocks(outline(graph("deepseek-v3")))
        assert (dense.layers, mixture.layers) == (((0, 2),), ((3, 60),))

    def test_towers_come_first_and_their_layers_are_named(self):
        labels = [block.label for block in outline(graph("qwen3-vl-8b"))]
        assert "vision tower layers" in labels
        assert labels.index("vision tower layers") < labels.index("token embedding") < labels.index("layers")


class TestParts:
    @pytest.mark.parametrize(
        ("name", "layer", "roles"),
        [
            ("deepseek-v3", 0, "norm attention add norm dense-mlp add"),
            (
                "deepseek-v3",
                3,
                "norm attention add norm mixture-of-experts[router expert shared-expert add] add",
            ),
            ("jamba-1.5-mini", 1, "norm state-space add norm mixture-of-experts[router expert] add"),
            ("gemma-2-9b", 0, "norm attention norm add norm dense-mlp norm add"),
            ("bert-base-uncased", 0, "attention add norm dense-mlp add norm"),
            ("gpt2", 0, "norm attention add norm dense-mlp add"),
        ],
    )
    def test_parts_in_the_order_of_the_flow(self, name, layer, roles):
        (block,) = [b for b in stack_blocks(outline(graph(name))) if layer in layers_of(b)]
        assert described(block) == roles

    def test_the_residual_path_goes_around_both_branches(self):
        (block, _) = stack_blocks(outline(graph("gpt-oss-120b")))
        assert {(ENTRY, "#add.0"), ("#add.0", "#add.1"), ("#add.1", EXIT)} <= short(block)

    def test_parallel_branches_read_the_same(self):
        (block,) = stack_blocks(outline(graph("pythia-160m")))
        assert {(ENTRY, "input_layernorm"), (ENTRY, "post_attention_layernorm")} <= short(block)

    def test_routing_is_not_the_residual_path(self):
        (_, block) = stack_blocks(outline(graph("deepseek-v3")))
        assert ("mlp.gate", "mlp.experts") in short(block)
        assert ("mlp.experts", "mlp#add.0") in short(block)
        assert ("mlp.shared_experts", "mlp#add.0") in short(block)

    def test_rotary_embeddings_and_masks_are_no_flow(self):
        (block, _) = stack_blocks(outline(graph("gpt-oss-120b")))
        assert (ENTRY, "self_attn") not in short(block)

    def test_a_part_states_its_own_facts(self):
        (_, block) = stack_blocks(outline(graph("deepseek-v3")))
        assert part(block, "attention").facts["latent.key_value_rank"] == 512
        assert part(block, "expert").facts["experts.count"] == 256
        assert part(block, "router").facts["experts.per_token"] == 8
        assert part(block, "shared-expert").facts["shared_experts.width"] == 2048

    def test_an_untraced_model_is_a_chain(self):
        (block, _) = stack_blocks(outline(without_flows(graph("gpt-oss-120b"))))
        ids = [each.id for each in every_part(block.parts) if not each.parts]
        assert block.flows == tuple(itertools.pairwise([ENTRY, *ids, EXIT]))
        assert not any(each.role == "add" for each in block.parts)


class TestStatus:
    def test_gpt_oss_to_solar(self):
        old, new = blocks(comparison("gpt-oss-120b", "solar-open-100b"), ())
        sliding, full, added = stack_blocks(new)
        assert [b.status for b in (sliding, full, added)] == ["changed", "changed", "added"]
        assert (sliding.partner, full.partner, added.partner) == ("model.layers.0", "model.layers.1", None)
        assert added.layers == ((36, 47),)
        assert {each.status for each in every_part(added.parts)} == {"added"}
        assert part(sliding, "shared-expert").status == "added"
        assert part(sliding, "expert").status == "changed"
        assert "window 128 → full" in part(sliding, "attention").notes
        assert not [note for note in part(full, "attention").notes if "window" in note]
        assert "head dimension 64 → 128" in part(full, "attention").notes
        assert all(block.status == "changed" for block in stack_blocks(old))

    def test_glm_to_solar(self):
        old, new = blocks(comparison("glm-4.5-air", "solar-open-100b"), ())
        dense, mixture = stack_blocks(old)
        assert part(dense, "dense-mlp").status == "removed"
        assert part(mixture, "mixture-of-experts").status == "changed"
        assert part(mixture, "router").status == "unchanged"
        in_place, same, added = stack_blocks(new)
        assert part(in_place, "mixture-of-experts").status == "added"
        assert "96 → 64 query heads" in part(same, "attention").notes
        assert part(same, "expert").notes == ("width 1,408 → 1,280",)
        assert {each.status for each in same.parts if each.role == "norm"} == {"unchanged"}
        assert added.layers == ((46, 47),)

    @pytest.mark.parametrize("pair", [("deepseek-v3", "deepseek-r1"), ("gpt2", "gpt2")])
    def test_one_architecture_is_all_unchanged(self, pair):
        for side in blocks(comparison(*pair), ()):
            assert {block.status for block in side} == {"unchanged"}
            assert {each.status for block in side for each in every_part(block.parts)} == {"unchanged"}
            assert not [each.notes for block in side for each in every_part(block.parts) if each.notes]

    def test_layers_alone_are_never_folded_with_others(self):
        for old, new in PAIRS:
            found = comparison(old, new)
            added = {(a.new, n) for a in found.alignment for n in a.added}
            removed = {(a.old, n) for a in found.alignment for n in a.removed}
            for side, alone in zip(blocks(found, ()), (removed, added), strict=True):
                for block in stack_blocks(side):
                    assert {(block.stack, n) in alone for n in layers_of(block)} == {block.partner is None}

    @pytest.mark.parametrize("pair", PAIRS)
    def test_each_layer_still_stands_in_exactly_one_block(self, pair):
        for whole, side in zip(map(graph, pair), blocks(comparison(*pair), ()), strict=True):
            found = Counter((b.stack, n) for b in stack_blocks(side) for n in layers_of(b))
            assert found == Counter((s, n) for s, ids in whole.stacks.items() for n in range(len(ids)))
            assert sum(block.parameters for block in side) == whole.parameters

    @pytest.mark.parametrize("pair", PAIRS)
    def test_added_stands_in_new_and_removed_in_old(self, pair):
        old, new = blocks(comparison(*pair), ())
        assert "added" not in {each.status for block in old for each in every_part(block.parts)}
        assert "removed" not in {each.status for block in new for each in every_part(block.parts)}


def test_the_same_in_processes_that_hash_differently():
    code = (
        "from tests.archdiff.report.graphs import comparison\n"
        "from archdiff.report.outline import blocks\n"
        "print(blocks(comparison('pythia-160m', 'gpt2'), ()))"
    )
    runs = [
        subprocess.run(
            [sys.executable, "-c", code],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            check=True,
            text=True,
        ).stdout
        for seed in ("1", "2")
    ]
    assert runs[0] == runs[1]
    assert "Block(" in runs[0]


@pytest.mark.parametrize("name", MODELS)
def test_every_tensor_of_the_folded_layers_stands_in_one_part(name):
    """What a checkpoint holds of the first layer of each kind; none twice, and none of another box's."""
    found = graph(name)
    for block in stack_blocks(outline(found)):
        below = {f"{key}.{t.name}": t.shape for key in found.subtree(block.id) for t in found.nodes[key].tensors}
        told = [tensor for part in every_part(block.parts) for tensor in part.tensors]
        assert len({tensor.name for tensor in told}) == len(told)
        assert all(below[tensor.name] == tensor.shape for tensor in told)
        for box in every_part(block.parts):
            if not box.parts and box.parameters:
                assert box.tensors, box.id


def test_tensors_stand_in_the_box_that_owns_them():
    """The router's bias is a buffer that checkpoints hold; what is computed from the config is none of theirs."""
    block = stack_blocks(outline(graph("solar-open-100b")))[0]
    names = {t.name.removeprefix(f"{block.id}.mlp.gate."): t.shape for t in part(block, "router").tensors}
    assert names == {"weight": (128, 4096), "e_score_correction_bias": (128,)}
    assert not part(block, "mixture-of-experts").tensors
