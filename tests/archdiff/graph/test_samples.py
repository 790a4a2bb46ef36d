"""Sample inputs beyond text: images, sound and towers that text does not enter."""

from __future__ import annotations

import pytest
import torch

from archdiff.graph import build_graph
from archdiff.graph.meta import run_on_meta
from archdiff.report.outline import outline
from tests.archdiff.graph.tiny import CLIP, LLAVA, VIT, WAV2VEC2, WHISPER, source_of


@pytest.fixture(scope="module", params=[VIT, WHISPER, WAV2VEC2, LLAVA, CLIP], ids=lambda config: config["model_type"])
def graph(request):
    """Graphs of models that take more than text, or none."""
    return build_graph(source_of(request.param))


def test_every_layer_runs(graph):
    assert not graph.not_checked
    assert all(graph.nodes[layer].function for layers in graph.stacks.values() for layer in layers)


def test_equal_layers_have_equal_functions(graph):
    for stack, layers in graph.stacks.items():
        assert "conv" in stack or len({graph.nodes[layer].function for layer in layers}) == 1


def test_a_tower_that_runs_alone_leaves_the_language_model_as_it_was():
    both = build_graph(source_of(LLAVA))
    alone = build_graph(source_of(LLAVA["text_config"] | {"architectures": ["LlamaForCausalLM"]}))
    assert both.nodes["model.language_model.layers.0"].function == alone.nodes["model.layers.0"].function


def test_a_part_that_no_sample_enters_is_named(monkeypatch):
    def fail(self, **inputs):
        raise NotImplementedError("no kernel on meta")

    monkeypatch.setattr("transformers.CLIPVisionModel.forward", fail)
    graph = build_graph(source_of(LLAVA))
    assert [text.partition(":")[0] for text in graph.not_checked] == [
        f"data flow and function of model.{part}" for part in ("vision_tower", "multi_modal_projector")
    ]
    labels = [block.label for block in outline(graph) if block.stack is not None]
    assert labels == ["vision tower layers, not traced", "layers"]


def test_a_mask_is_taken_to_choose_every_position():
    mask = torch.empty(2, 3, dtype=torch.bool, device="meta")
    found = run_on_meta(torch.ops.aten.nonzero.default, (mask,), {})
    assert (found.shape, found.device.type) == ((6, 2), "meta")
    values = torch.empty(2, 3, 5, device="meta")
    assert run_on_meta(torch.ops.aten.index.Tensor, (values, [mask]), {}).shape == (6, 5)


def test_tensors_of_the_cpu_move_where_the_meta_device_demands_it():
    result = run_on_meta(torch.ops.aten.mm.default, (torch.empty(2, 3, device="meta"), torch.ones(3, 4)), {})
    assert (result.shape, result.device.type) == ((2, 4), "meta")


def test_what_cannot_run_still_fails():
    with pytest.raises(RuntimeError):
        run_on_meta(torch.ops.aten.mm.default, (torch.empty(2, 3), torch.ones(5, 4)), {})
