"""Building a config: on the meta device, of a class that ships, with one line for whatever goes wrong."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
import torch

from archdiff.errors import ArchdiffError, BuildError, ConfigError
from archdiff.graph import build_graph
from archdiff.graph.build import instantiate
from archdiff.graph.shipped import check_type
from archdiff.sources import resolve
from tests.archdiff.graph.tiny import CONFIGS, config_of, graph_of, source_of

MOST_MEMORY_MB = 600

PEAK = """
import sys
from archdiff.graph import build_graph
from archdiff.sources import resolve
counts = [build_graph(resolve(name)).parameters for name in sys.argv[1:]]
status = dict(line.split(":", 1) for line in open("/proc/self/status") if ":" in line)
print(*counts, int(status["VmHWM"].split()[0]) * 1024 / 1e6)
"""

# What remote code would do at once, if it were imported.
INTRUDER = """
from pathlib import Path
Path(__file__).with_name("sentinel").write_text("remote code ran")
class RemoteConfig: pass
class RemoteForCausalLM: pass
"""


def tensors_of(model):
    return [*model.parameters(), *model.buffers()]


@pytest.mark.parametrize("family", CONFIGS)
def test_nothing_of_a_model_is_allocated(family):
    built = instantiate(config_of(family), "tiny")
    assert {tensor.device.type for tensor in tensors_of(built.model)} == {"meta"}


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="peak memory is read from /proc")
def test_models_of_a_trillion_parameters_take_little_memory():
    command = [sys.executable, "-W", "ignore", "-c", PEAK, "deepseek-v3", "kimi-k2"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    *counts, peak_mb = done.stdout.split()
    assert counts == ["671026404352", "1026408209408"]
    assert float(peak_mb) <= MOST_MEMORY_MB


def test_the_config_is_left_as_it_was():
    config = config_of("deepseek_v3")
    before = json.dumps(config)
    instantiate(config, "tiny")
    assert json.dumps(config) == before


def test_an_unknown_type_is_named():
    config = config_of("llama", model_type="lama", architectures=["LamaForCausalLM"])
    with pytest.raises(ConfigError) as caught:
        instantiate(config, "tiny")
    assert (caught.value.subject, "'lama'" in caught.value.cause) == ("tiny", True)


def test_an_unknown_type_with_remote_code_says_that_none_is_run():
    config = config_of("llama", model_type="lama", architectures=["LamaForCausalLM"])
    with pytest.raises(ConfigError, match="remote code"):
        instantiate(config | {"auto_map": {"AutoModelForCausalLM": "modeling_lama.LamaForCausalLM"}}, "tiny")


def test_no_type_at_all():
    with pytest.raises(ConfigError, match="model_type"):
        instantiate(config_of("llama", model_type=None, architectures=None), "tiny")


@pytest.mark.parametrize("architectures", [None, [], "LamaForCausalLM", ["LamaForCausalLM"], [3], ["__class__"]])
@pytest.mark.parametrize("model_type", [None, "", "lama", 3])
def test_what_cannot_be_built_is_refused_before_the_import_as_after_it(model_type, architectures):
    config = config_of("llama", model_type=model_type, architectures=architectures)
    for refuse in (check_type, instantiate):
        with pytest.raises(ConfigError):
            refuse(config, "tiny")


@pytest.mark.parametrize("family", CONFIGS)
def test_what_can_be_built_passes_the_check_before_the_import(family):
    check_type(config_of(family), "tiny")


def test_a_type_stands_in_for_missing_architectures():
    assert graph_of("llama", architectures=None).class_name == "LlamaForCausalLM"
    assert graph_of("llama", architectures=None).notes == ()


def test_architectures_that_name_no_shipped_class_are_replaced_and_noted():
    graph = graph_of("llama", architectures=["SomeoneElsesForCausalLM"])
    assert graph.class_name == "LlamaForCausalLM"
    assert any("LlamaForCausalLM" in note for note in graph.notes)


def test_a_class_of_another_family_is_not_built_for_a_known_type():
    assert graph_of("llama", architectures=["MistralForCausalLM"]).class_name == "LlamaForCausalLM"


def test_the_class_that_architectures_name_is_built():
    graph = graph_of("bert", architectures=["BertModel"])
    assert graph.class_name == "BertModel"
    assert not any("cls" in key for key in graph.nodes)


def test_an_unknown_type_is_built_as_the_shipped_class_it_names():
    """Kimi K2's way: a model type of its own, and `DeepseekV3ForCausalLM`."""
    graph = graph_of("deepseek_v3", model_type="kimi_k2")
    plain = graph_of("deepseek_v3")
    assert (graph.class_name, graph.model_type) == ("DeepseekV3ForCausalLM", "kimi_k2")
    assert any("kimi_k2" in note for note in graph.notes)
    assert {key: node.identity for key, node in graph.nodes.items()} == {
        key: node.identity for key, node in plain.nodes.items()
    }


def test_first_release_yi_is_llama_under_its_published_names():
    yi = graph_of("llama", model_type="Yi", architectures=["YiForCausalLM"])
    llama = graph_of("llama")
    assert yi.class_name == "LlamaForCausalLM"
    assert any("ln1" in note and "ln2" in note for note in yi.notes)
    assert {f"model.layers.1.{name}" for name in ("ln1", "ln2")} <= set(yi.nodes)
    assert not any("layernorm" in key for key in yi.nodes)
    assert yi.parameters == llama.parameters
    assert yi.nodes["model.layers.1.ln1"].role == "norm"
    assert yi.nodes["model.layers.1"].function == llama.nodes["model.layers.1"].function
    assert len(yi.flows) == len(llama.flows)


@pytest.fixture
def with_remote_code(tmp_path):
    """A directory whose config asks for the modeling file beside it."""
    auto_map = {
        "AutoConfig": "modeling_intruder.RemoteConfig",
        "AutoModelForCausalLM": "modeling_intruder.RemoteForCausalLM",
    }

    def write(**changes):
        config = config_of("llama", **changes) | {"auto_map": auto_map}
        (tmp_path / "config.json").write_text(json.dumps(config))
        (tmp_path / "modeling_intruder.py").write_text(INTRUDER)
        return tmp_path

    return write


def test_remote_code_beside_a_shipped_class_is_noted_and_never_imported(with_remote_code):
    folder = with_remote_code()
    graph = build_graph(resolve(str(folder)))
    assert graph.class_name == "LlamaForCausalLM"
    assert any("ships with transformers" in note for note in graph.notes)
    assert graph.source["remote_code"] is True
    assert sorted(path.name for path in folder.iterdir()) == ["config.json", "modeling_intruder.py"]


def test_remote_code_alone_is_refused_and_never_imported(with_remote_code):
    folder = with_remote_code(model_type="intruder", architectures=["RemoteForCausalLM"])
    with pytest.raises(ConfigError):
        build_graph(resolve(str(folder)))
    assert sorted(path.name for path in folder.iterdir()) == ["config.json", "modeling_intruder.py"]


@pytest.mark.parametrize(
    "changes",
    [
        {"hidden_act": "no such activation"},
        {"num_attention_heads": 0, "head_dim": None},
        {"vocab_size": "many"},
        {"rope_parameters": {"rope_type": "no such scaling"}},
    ],
)
def test_a_class_that_does_not_build_is_one_line(changes):
    with pytest.raises(BuildError) as caught:
        instantiate(config_of("llama", **changes), "tiny")
    assert caught.value.subject == "tiny"
    assert len(str(caught.value).splitlines()) == 1


@pytest.mark.parametrize("value", ["text", -1, 0, [], {}, 1.5, True])
@pytest.mark.parametrize("key", ["hidden_size", "num_attention_heads", "layer_types", "rope_parameters"])
def test_a_value_of_another_kind_is_built_or_refused_and_nothing_else(key, value):
    config = config_of("llama") | {key: value}
    refused = ""
    try:
        graph = build_graph(source_of(config))
    except ArchdiffError as error:
        refused = str(error)
    else:
        assert graph.nodes[""].role == "model"
    assert len(refused.splitlines()) <= 1


def test_building_leaves_the_default_device_and_the_threads_alone():
    before = (torch.get_default_dtype(), torch.empty(1).device, torch.get_num_threads())
    graph_of("qwen2_moe", hidden_size=56)
    assert (torch.get_default_dtype(), torch.empty(1).device, torch.get_num_threads()) == before
