"""One forward pass on meta tensors: one layer of each kind runs, and whatever does not run is said."""

from __future__ import annotations

import warnings

import pytest
import torch
from torch import nn

from archdiff.graph import assemble, build_graph, recorder
from archdiff.graph.build import instantiate, quiet
from archdiff.graph.parts import layer_stacks
from archdiff.graph.trace import SEQUENCE_LENGTH, trace
from tests.archdiff.graph.tiny import LLAVA, config_of, graph_of, layers_of, source_of
from tests.oracle.families import tiny


def recording_of(family, **changes):
    """A recording in which all layers count as one kind."""
    model = instantiate(config_of(family, **changes), "tiny").model
    (layers,) = layer_stacks(model).values()
    with quiet():
        return trace(model, dict.fromkeys(layers, "one kind"))


def test_one_layer_runs_however_many_there_are():
    few, many = (recording_of("llama", num_hidden_layers=layers) for layers in (4, 40))
    assert len(few.calls) == len(many.calls)
    assert [call.name for call in few.calls] == [call.name for call in many.calls]
    assert few.copies == {f"model.layers.{number}": "model.layers.0" for number in range(1, 4)}
    assert len(many.copies) == 39
    assert not any(call.module.startswith("model.layers.1") for call in many.calls)


def test_every_kind_runs():
    graph = graph_of("jamba")
    assert [layer.program is not None for layer in layers_of(graph)] == [True] * 4
    kinds = [layer.function for layer in layers_of(graph)]
    assert kinds[0] != kinds[1] != kinds[2]
    assert kinds[1] == kinds[3]


def inside(graph, layer):
    """Operators and flows inside one layer, without its name."""
    prefix = f"{layer.id}"
    below = (f"{prefix}.", f"{prefix}#")
    operators = sorted(key.removeprefix(prefix) for key in graph.nodes if "#" in key and key.startswith(below))
    flows = sorted(
        (start.removeprefix(prefix), end.removeprefix(prefix))
        for start, end in graph.flows
        if start.startswith(below) and end.startswith(below)
    )
    return operators, flows


@pytest.mark.parametrize("family", ["llama", "glm4_moe", "gpt_oss", "falcon", "gpt2", "bert"])
def test_a_layer_that_did_not_run_has_the_flow_of_the_one_that_did(family):
    graph = graph_of(family)
    first, *_, last = layers_of(graph)
    twin = next(layer for layer in layers_of(graph) if layer.function == last.function)
    assert inside(graph, last)[0]
    assert inside(graph, last) == inside(graph, twin)
    assert first.id != last.id


def each_its_own(nodes, stacks, config):
    """Every layer as a kind of its own."""
    return {layer: layer for layers in stacks.values() for layer in layers}


def test_the_flow_of_copies_is_that_of_a_pass_in_which_every_layer_runs(monkeypatch):
    """The shortcut, against the long way: each layer as a kind of its own."""
    short = graph_of("glm4_moe")
    monkeypatch.setattr(assemble, "_kinds", each_its_own)
    long = assemble.build_graph(source_of(config_of("glm4_moe")))
    assert long.flows == short.flows
    assert [layer.function for layer in layers_of(long)] == [layer.function for layer in layers_of(short)]
    assert [layer.facts for layer in layers_of(long)] == [layer.facts for layer in layers_of(short)]


def test_the_sample_is_no_size_of_a_model():
    graph = graph_of("llama")
    assert SEQUENCE_LENGTH not in {size for node in graph.nodes.values() for t in node.tensors for size in t.shape}


def test_the_model_is_left_as_it_was():
    model = instantiate(config_of("qwen2_moe"), "tiny").model
    before = {name: dict(module.__dict__) for name, module in model.named_modules()}
    (layers,) = layer_stacks(model).values()
    with quiet():
        trace(model, dict.fromkeys(layers, "one kind"))
    for name, module in model.named_modules():
        assert "forward" not in module.__dict__
        assert not module._forward_hooks
        assert not module._forward_pre_hooks
        assert module.__dict__.keys() == before[name].keys()


class Fake(nn.Module):
    """A model of one linear layer whose forward is given."""

    def __init__(self, body):
        super().__init__()
        self.linear = nn.Linear(3, 5, device="meta")
        self.body = body

    def forward(self, input_ids):
        return self.body(self, input_ids)


def raising(model, tokens):
    raise RuntimeError("first line\nsecond line")


def test_a_class_that_raises_gives_a_reason_and_no_recording():
    recording = trace(Fake(raising), {})
    assert recording.reason == "RuntimeError: first line"
    assert recording.calls == ()


def test_a_class_that_raises_without_a_word_gives_a_reason():
    def wordless(model, tokens):
        raise ValueError

    assert trace(Fake(wordless), {}).reason == "ValueError: no message"


def endless(model, tokens):
    value = tokens.float()
    while True:
        value = value + 1


def test_an_endless_forward_ends(monkeypatch):
    monkeypatch.setattr(recorder, "MAX_OPERATORS", 1000)
    recording = trace(Fake(endless), {})
    assert recording.reason.startswith("OverflowError: more than 1,000 operators")
    assert recording.calls == ()


def test_a_value_that_meta_tensors_do_not_have_is_assumed():
    seen = []

    def asking(model, tokens):
        seen.append((tokens.max().item(), tokens.float().sum().item(), bool((tokens > 3).any())))
        return model.linear(torch.zeros(1, seen[0][0], 3, device="meta"))

    recording = trace(Fake(asking), {})
    assert recording.reason is None
    assert seen == [(SEQUENCE_LENGTH, 0.0, False)]
    assert recording.calls[-1].shapes == ((1, SEQUENCE_LENGTH, 5),)


def test_a_position_that_meta_tensors_do_not_have_is_assumed_to_be_the_first():
    seen = []

    def asking(model, tokens):
        chosen = torch.nonzero(tokens > 3)
        seen.append((chosen[0, 1].item(), tokens.float().topk(2).indices[0, 0].item(), f"part_{chosen[0][0]}"))
        return model.linear(torch.zeros(1, 2, 3, device="meta"))

    assert trace(Fake(asking), {}).reason is None
    assert seen == [(0, 0, "part_0")]


def test_a_count_of_choices_is_assumed_to_be_equal_for_all():
    seen = []

    def asking(model, tokens):
        chosen = torch.zeros(10, 2, device="meta").topk(2).indices
        gates = torch.zeros(10, 4, device="meta").scatter(1, chosen, 1)
        seen.append((gates.long().sum(0).tolist(), tokens.tolist()))
        return model.linear(torch.zeros(1, 2, 3, device="meta"))

    assert trace(Fake(asking), {}).reason is None
    assert seen == [([5, 5, 5, 5], [[SEQUENCE_LENGTH] * SEQUENCE_LENGTH])]


@pytest.mark.parametrize("family", ["jetmoe", "longcat_flash"])
def test_a_class_that_sorts_tokens_by_expert_is_traced(family):
    graph = assemble.build_graph(source_of({**tiny(family), "model_type": family}))
    assert not graph.not_checked


def test_calls_stand_with_the_module_that_runs_them():
    def body(model, tokens):
        return model.linear(torch.zeros(1, 2, 3, device="meta")).tanh()

    recording = trace(Fake(body), {})
    assert {call.name: call.module for call in recording.calls if call.name in ("addmm", "tanh")} == {
        "addmm": "linear",
        "tanh": "",
    }


def test_an_operator_in_place_is_the_plain_one():
    def body(model, tokens):
        value = torch.zeros(3, device="meta")
        return value.mul_(2.0).add_(value)

    calls = trace(Fake(body), {}).calls
    multiplied, added = (call for call in calls if call.name in ("mul", "add"))
    assert multiplied.outputs != multiplied.inputs
    assert set(added.inputs) == set(multiplied.outputs)


def test_warnings_of_a_forward_stay_inside():
    def warning(model, tokens):
        warnings.warn("deprecated", stacklevel=1)
        return tokens + 1

    assert trace(Fake(warning), {}).reason is None


@pytest.fixture(scope="module")
def traced():
    return graph_of("mixtral", sliding_window=32)


@pytest.fixture
def untraced(traced, monkeypatch):
    """The graph of a Mixtral whose forward raises."""

    def fail(self, input_ids):
        raise NotImplementedError("no kernel on meta")

    monkeypatch.setattr("transformers.MixtralForCausalLM.forward", fail)
    return assemble.build_graph(source_of(config_of("mixtral", sliding_window=32)))


def test_an_untraced_class_says_so(traced, untraced):
    (said,) = untraced.not_checked
    assert "MixtralForCausalLM" in said
    assert "NotImplementedError: no kernel on meta" in said
    assert traced.not_checked == ()


def test_an_untraced_class_keeps_its_structure(traced, untraced):
    assert untraced.parameters == traced.parameters
    modules = [key for key, node in traced.nodes.items() if node.kind == "module"]
    assert list(untraced.nodes) == modules
    assert all(untraced.nodes[key].structure == traced.nodes[key].structure for key in modules)
    assert all(untraced.nodes[key].role == traced.nodes[key].role for key in modules)
    assert untraced.flows == ()
    assert not any(untraced.programs.values())
    assert {node.function for node in untraced.nodes.values()} == {None}


# What is read from operators alone; everything else is read from shapes, settings and config as well.
FROM_OPERATORS = {
    "norm.placement", "residual.wiring", "router.normalization", "router.scoring", "router.scoring_order",
}  # fmt: skip


def test_an_untraced_class_keeps_its_facts(traced, untraced):
    facts = layers_of(untraced)[0].facts
    expected = layers_of(traced)[0].facts
    assert {key: facts.get(key) for key in expected.keys() - FROM_OPERATORS} == {
        key: value for key, value in expected.items() if key not in FROM_OPERATORS
    }
    assert not FROM_OPERATORS & {key for key, value in facts.items() if value is not None}


def test_a_projector_reads_its_tower():
    graph = build_graph(source_of(LLAVA))
    assert graph.nodes["model.multi_modal_projector"].function is not None
    last_but_one = "model.vision_tower.encoder.layers.1#add.1"  # the one that LLaVA's default asks for
    assert (last_but_one, "model.multi_modal_projector.linear_1") in graph.flows


def test_what_a_class_keeps_from_one_pass_does_not_change_the_next():
    """DINOv3 computes the places of patches once for each size, in a function with a cache."""
    config = {"model_type": "dinov3_vit", "hidden_size": 48, "intermediate_size": 80, "num_hidden_layers": 2,
              "num_attention_heads": 4, "image_size": 32, "patch_size": 8}  # fmt: skip
    first, second = (build_graph(source_of(config)) for _ in range(2))
    assert first.nodes["rope_embeddings"].function == second.nodes["rope_embeddings"].function
