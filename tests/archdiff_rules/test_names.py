"""Tensors under other names or in other arrangements, and models that differ in nothing else."""

from __future__ import annotations

from dataclasses import replace

import pytest

from archdiff_rules._names import name_mapping, renamed
from archdiff_rules.checkpoint_layout_changed import checkpoint_layout_changed
from archdiff_rules.remote_code_required import remote_code_required
from archdiff_rules.same_architecture_renamed import same_architecture_renamed
from archdiff_rules.tensors_renamed import tensors_renamed
from tests.archdiff_rules.bare import CHANGE, comparison, found, model, place

ROUTER = place("model.layers.*.mlp.gate", 0, 1)
MODULE = replace(
    CHANGE,
    kind="module-renamed",
    role="norm",
    subject="",
    old=place("model.layers.*.input_layernorm", 0, 1),
    new=place("model.layers.*.ln1", 0, 1),
    before="input_layernorm",
    after="ln1",
    impact="breaking",
)
GONE = replace(
    CHANGE,
    kind="tensor-removed",
    role="router",
    subject="scale",
    old=ROUTER,
    new=ROUTER,
    before=(4,),
    after=None,
    impact="breaking",
)
COME = replace(GONE, kind="tensor-added", subject="gain", before=None, after=(4,))
RECOMPUTED = replace(CHANGE, kind="operators-changed", role="router", old=ROUTER, new=ROUTER)
BLOCK = place("model.layers.*.mlp", 0, 1)


def names(*changes):
    return name_mapping(comparison(model(), model(), *changes))


def test_a_renamed_module_is_in_the_mapping():
    (finding,) = found(tensors_renamed, model(), model(), MODULE)
    assert finding.facts["names"] == (("model.layers.*.input_layernorm",), ("model.layers.*.ln1",))
    assert finding.old == MODULE.old
    assert finding.new == MODULE.new


def test_a_renamed_module_without_stored_tensors_renames_none():
    assert found(tensors_renamed, model(), model(), replace(MODULE, impact="cosmetic")) == []


def test_a_tensor_of_one_shape_that_went_and_came_is_renamed():
    assert names(GONE, COME) == [("model.layers.*.mlp.gate.scale", "model.layers.*.mlp.gate.gain")]


@pytest.mark.parametrize(
    "changes",
    [
        (GONE,),
        (GONE, replace(COME, after=(8,))),
        (GONE, replace(COME, role="expert")),
        (GONE, COME, replace(COME, subject="offset")),
        (GONE, COME, RECOMPUTED),
    ],
    ids=["no other", "another shape", "another role", "two candidates", "another function"],
)
def test_what_may_be_another_tensor_is_not_renamed(changes):
    assert renamed(comparison(model(), model(), *changes)) == ()


def test_a_tensor_that_moved_to_another_module_keeps_its_name():
    gone = replace(GONE, subject="e_score_correction_bias", role="mixture-of-experts", old=BLOCK, new=BLOCK)
    come = replace(COME, subject="e_score_correction_bias", after=(8,))
    assert names(gone, come) == [
        ("model.layers.*.mlp.e_score_correction_bias", "model.layers.*.mlp.gate.e_score_correction_bias")
    ]


@pytest.mark.parametrize("subject", ["weight", "bias"])
def test_a_name_that_every_module_has_tells_nothing(subject):
    gone = replace(GONE, subject=subject, role="norm", old=BLOCK, new=BLOCK)
    assert names(gone, replace(COME, subject=subject)) == []


def parts(kind, *roles):
    change = replace(CHANGE, kind=kind, subject="", impact="breaking")
    added = kind == "module-added"
    here = place("model.layers.*.self_attn", 0, 1)
    return [replace(change, role=role, old=None if added else here, new=here if added else None) for role in roles]


def test_fused_projections_are_another_layout():
    apart, fused = parts("module-removed", "query", "key", "value"), parts("module-added", "query-key-value")
    (finding,) = found(checkpoint_layout_changed, model(), model(), *apart, *fused)
    assert finding.message == "query, key and value apart → query, key and value fused in one tensor"
    assert len(finding.explains) == 4


def test_split_projections_are_the_mirror_image():
    fused, apart = parts("module-removed", "gate-up"), parts("module-added", "gate", "up")
    (finding,) = found(checkpoint_layout_changed, model(), model(), *fused, *apart)
    assert finding.message == "gate and up fused in one tensor → gate and up apart"


def test_a_projection_that_is_only_gone_is_no_layout():
    apart = parts("module-removed", "query", "key", "value")
    assert found(checkpoint_layout_changed, model(), model(), *apart) == []


YI = model(model_type="Yi", architectures=["YiForCausalLM"])


def test_another_name_for_equal_structure_is_found():
    (finding,) = found(same_architecture_renamed, model(), YI, MODULE, CHANGE)
    assert finding.impact == "cosmetic"
    assert finding.facts == {
        "model_type": ("llama", "Yi"),
        "class": ("LlamaForCausalLM", "YiForCausalLM"),
    }


@pytest.mark.parametrize("impact", ["breaking", "behavioral"])
def test_a_name_for_something_else_is_not(impact):
    assert found(same_architecture_renamed, model(), YI, replace(CHANGE, impact=impact)) == []


def test_equal_names_are_silent():
    assert found(same_architecture_renamed, model(), model(), CHANGE) == []


UNKNOWN = "model_type 'kimi_k2' is unknown to transformers: built as 'deepseek_v3'"


@pytest.mark.parametrize(
    ("needs", "graph"),
    [
        (True, model(notes=[UNKNOWN], remote_code=True, architectures=["LlamaForCausalLM"])),
        (True, model(remote_code=True, architectures=["OwnForCausalLM"])),
        (False, model(remote_code=True, architectures=["LlamaForCausalLM"])),
        (False, model(remote_code=False, architectures=["OwnForCausalLM"])),
        (False, model(remote_code=True)),
    ],
    ids=["unknown type", "unknown class", "a class that ships", "no code named", "no class named"],
)
def test_code_is_needed_where_no_shipped_class_is_named(needs, graph):
    (*findings,) = found(remote_code_required, model(), graph)
    assert bool(findings) == needs
    assert [f.facts for f in findings] == [{"remote_code": (False, True)}] * needs
    assert found(remote_code_required, graph, graph) == []
