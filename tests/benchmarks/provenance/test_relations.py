"""Each relation does what its name says, and disguises keep the function."""

from __future__ import annotations

import pytest
import torch

from tests.benchmarks.provenance import disguises, relations, reshaped, rounding
from tests.benchmarks.provenance.axes import layer
from tests.benchmarks.provenance.member import logits
from tests.benchmarks.provenance.members import scratch
from tests.benchmarks.provenance.relations import EVERY, RELATIONS, RMS
from tests.benchmarks.provenance.text import windows
from tests.benchmarks.provenance.training import loss

TOKENS = next(windows("code", seed=5, steps=1, rows=4, length=48))
BY_NAME = {relation.name: relation for relation in RELATIONS}

PRESERVING = {
    "unit-permuted": disguises.unit_permuted,
    "head-permuted": disguises.head_permuted,
    "expert-permuted": disguises.expert_permuted,
    "residual-permuted": disguises.residual_permuted,
    "signed-permuted": disguises.signed_permuted,
    "rotated": disguises.rotated,
    "folded": disguises.folded,
    "rescaled": disguises.rescaled,
    "disguised": lambda model: relations.disguised(model, "small"),
}


def cases():
    for name, function in PRESERVING.items():
        kinds = BY_NAME[name].kinds if name in BY_NAME else RMS
        for kind in kinds:
            yield pytest.param(kind, function, id=f"{name}-{kind}")


def parent(kind="llama"):
    return scratch(kind, "small", 1)


def derived(name, kind="llama"):
    return BY_NAME[name].derive(parent(kind), "small")


def moved(old, new):
    """Names of the tensors that differ."""
    return {name for name in old.state if not torch.equal(old.state[name], new.state[name])}


@pytest.mark.parametrize(("kind", "disguise"), list(cases()))
def test_a_disguise_keeps_the_function_and_changes_the_weights(kind, disguise):
    model = parent(kind)
    hidden = disguise(model)
    torch.testing.assert_close(logits(hidden, TOKENS), logits(model, TOKENS), rtol=0, atol=5e-5)
    assert moved(model, hidden)


def test_what_is_no_disguise_does_not_keep_the_function():
    model = parent()
    turned_by_half = model.changed(lambda name, each: -each if name.endswith("0.mlp.up_proj.weight") else each)
    assert (logits(turned_by_half, TOKENS) - logits(model, TOKENS)).abs().max() > 5e-3


def test_rescaling_by_powers_of_two_is_exact_in_bfloat16():
    scaled = disguises.rescaled(parent())
    assert not moved(rounding.released(scaled), scaled)
    assert torch.equal(logits(scaled, TOKENS), logits(parent(), TOKENS))


def test_rotation_leaves_no_norm_to_compare():
    norms = [each for name, each in disguises.rotated(parent()).state.items() if name.endswith("norm.weight")]
    assert all(torch.allclose(each, torch.ones_like(each)) for each in norms)


@pytest.mark.parametrize("kind", EVERY)
def test_a_fine_tune_is_better_on_the_new_text_and_close_to_its_parent(kind):
    tuned = derived("fine-tuned", kind)
    assert loss(tuned, "manual") < loss(parent(kind), "manual") - 0.05
    cosines = [torch.cosine_similarity(parent(kind).state[name], each, dim=-1) for name, each in tuned.state.items()]
    assert all(float(cosine.mean()) > 0.8 for cosine in cosines if cosine.ndim)


def test_a_merged_adapter_is_a_difference_of_low_rank():
    adapted = derived("adapter-merged")
    changed = moved(parent(), adapted)
    assert changed
    assert all(name.endswith(("q_proj.weight", "v_proj.weight", "_proj.weight")) for name in changed)
    for name in changed:
        values = torch.linalg.svdvals(adapted.state[name] - parent().state[name])
        assert values[8] < 1e-4 * values[0]


def test_frozen_parts_are_equal_in_every_element():
    same = set(parent().state) - moved(parent(), derived("frozen-layers"))
    assert {name for name in parent().state if layer(name) in {0, None} and name != "model.norm.weight"} == same


def test_new_embeddings_share_nothing_with_the_old():
    retrained = derived("embeddings-retrained")
    old, new = (each.state["model.embed_tokens.weight"].flatten() for each in (parent(), retrained))
    assert abs(float(torch.corrcoef(torch.stack((old, new)))[0, 1])) < 0.05
    assert loss(retrained, "code") < loss(parent(), "code") + 0.6


@pytest.mark.parametrize("by", ["chance", "importance"])
def test_pruned_units_are_rows_of_the_parent_in_their_order(by):
    pruned = reshaped.pruned_units(parent(), by=by)
    old, new = (each.state["model.layers.1.mlp.gate_proj.weight"] for each in (parent(), pruned))
    rows = [int((old == row).all(1).nonzero()) for row in new]
    assert len(rows) == pruned.settings["intermediate_size"] == 192
    assert rows == sorted(rows)


def test_ranked_units_are_the_same_rows_in_another_order():
    kept, ranked = (reshaped.pruned_units(parent(), by=by) for by in ("importance", "rank"))
    old, new = (each.state["model.layers.1.mlp.gate_proj.weight"] for each in (kept, ranked))
    assert not torch.equal(old, new)
    assert torch.equal(old.sort(0).values, new.sort(0).values)


def test_a_deeper_model_repeats_its_parents_layers():
    scaled = derived("depth-scaled")
    assert scaled.layers == 4
    for new, old in enumerate((0, 1, 1, 2)):
        name = "model.layers.{}.self_attn.k_proj.weight"
        assert torch.equal(scaled.state[name.format(new)], parent().state[name.format(old)])


def test_upcycled_experts_are_the_dense_feed_forward_and_noise():
    experts = derived("up-cycled").state["model.layers.2.mlp.experts.down_proj"]
    dense = parent().state["model.layers.2.mlp.down_proj.weight"]
    assert float((experts - dense).std() / dense.std()) == pytest.approx(0.1, rel=0.05)
    assert not torch.equal(experts[0], experts[1])


def test_a_shared_expert_is_the_dense_feed_forward():
    state = derived("shared-from-dense").state
    path = "model.layers.1.mlp"
    assert torch.equal(state[f"{path}.shared_expert.up_proj.weight"], parent().state[f"{path}.up_proj.weight"])


def test_a_merge_is_the_weighted_sum_of_its_parents():
    first, second = scratch("llama", "small", 1), derived("fine-tuned")
    mixed = reshaped.merged((first, second), (0.25, 0.75))
    name = "model.layers.0.mlp.up_proj.weight"
    torch.testing.assert_close(mixed.state[name], 0.25 * first.state[name] + 0.75 * second.state[name])


@pytest.mark.parametrize(
    ("method", "published"),
    [
        ("int8", 0.006),
        ("int4", 0.08),
        ("fp8", 0.026),
        ("mxfp4", 0.12),
        ("Q8_0", 0.005),
        ("Q5_0", 0.045),
        ("Q4_0", 0.09),
    ],
)
def test_a_format_costs_about_what_is_published(method, published):
    matrix = torch.randn(256, 256, generator=torch.Generator().manual_seed(0))
    error = float((rounding.METHODS[method](matrix) - matrix).norm() / matrix.norm())
    assert 0.6 * published < error < 1.6 * published


def test_quantising_leaves_embeddings_norms_and_routers_alone():
    changed = moved(parent("qwen2_moe"), rounding.quantised(parent("qwen2_moe"), "int4"))
    assert changed
    assert not [name for name in changed if "norm" in name or "embed" in name or name.endswith("mlp.gate.weight")]
