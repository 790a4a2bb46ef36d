"""The bounds refuse what would exhaust the machine, and nothing that anybody has published."""

from __future__ import annotations

import json
import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from archdiff.errors import ConfigError
from archdiff.sources.bounds import bound_of
from archdiff.sources.json_text import read_object
from archdiff.sources.limits import check

SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20)
KEYS = st.text(max_size=12) | st.sampled_from(
    [
        "num_hidden_layers",
        "num_experts",
        "head_dim",
        "layer_types",
        "id2label",
        "text_config",
        "mlp_ratio",
        "model_type",
    ]
)
VALUES = st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=5) | st.dictionaries(KEYS, inner, max_size=5))

ODDITIES = [
    {"num_experts": 0},
    {"n_shared_experts": None},
    {"sliding_window": None},
    {"num_key_value_heads": [4, 0, 8]},
    {"num_attention_heads": None},
    {"num_nextn_predict_layers": 0},
    {"rope_scaling": {"factor": 8, "original_max_position_embeddings": 8192}},
    {"rope_scaling": {"factor": 8.5, "short_factor": [1.0, 1.5]}},
    {"max_position_embeddings": 10_485_760},
    {"head_dim": -1},
    {"head_dim": 0},
    {"moe_layer_freq": [0, 1, 1]},
    {"moe_layer_freq": 1},
    {"time_step_rank": "auto"},
    {"torch_dtype": "auto"},
    {"time_step_limit": [0.0, math.inf]},
    {"model_max_length": 10**30},
    {"total_params": 102_651_793_408},
    {"seed": 2**32 - 1},
    {"label2id": {"num_hidden_layers": 0, "layers": 99_999}},
    {"num_hidden_layers": {"vision": 5, "language": 9}},
    {"quantization_config": {"modules_to_not_convert": ["lm_head"] * 2000, "group_size": -1}},
    {"vision_feature_layer": -2},
    {"shared_intermediate_size": 0},
    {"chunk_size_feed_forward": 0},
    {"architectures": None, "model_type": None},
    {"num_hidden_layers": 10_000, "num_experts": 52},
    {},
]


@pytest.mark.parametrize("config", ODDITIES, ids=str)
def test_accepts_what_real_configs_hold(config):
    check(config, "model")


@pytest.mark.parametrize(
    ("config", "named"),
    [
        ({"num_hidden_layers": 10_001}, "num_hidden_layers is 10001, more than 10,000"),
        ({"n_routed_experts": -1}, "n_routed_experts is -1, and the least it can be is 0"),
        ({"vision_config": {"num_heads": True}}, "vision_config.num_heads is True where a count belongs"),
        ({"num_hidden_layers": {"vision": 10**6}}, "num_hidden_layers.vision is 1000000"),
        ({"towers": [{"hidden_size": 2**25}]}, "towers.hidden_size is 33554432"),
        ({"depths": [2, 2, 10**9]}, "depths is 1000000000"),
        ({"time_step_limit": [math.nan, 1.0]}, "time_step_limit is nan"),
        ({"list": [0] * 100_001}, "list has 100,001 items"),
        (
            {"text_config": {"n_layer": 10_000, "num_experts": [64, 64]}},
            "text_config has 10000 layers of 64 experts",
        ),
        ({"vocab_size": -(10**40)}, "vocab_size is about -10^40"),
    ],
)
def test_names_the_value_and_its_bound(config, named):
    with pytest.raises(ConfigError) as caught:
        check(config, "model")
    assert named in str(caught.value)


@pytest.mark.parametrize(
    "key", ["num_hidden_layers", "num_experts", "num_attention_heads", "vocab_size", "hidden_size"]
)
def test_both_ends_of_a_range_are_inside(key):
    bound = bound_of(key)
    for value in (bound.low, bound.high):
        check({key: value}, "model")
    for value in (bound.low - 1, bound.high + 1):
        with pytest.raises(ConfigError):
            check({key: value}, "model")


def test_every_row_says_why():
    assert bound_of("num_experts").why == "some classes build each expert as a module of its own"
    assert bound_of("total_params") is None


@given(st.dictionaries(KEYS, VALUES, max_size=6))
@settings(max_examples=200, deadline=2000)
def test_any_object_passes_or_is_refused_in_one_line(config):
    refusal = None
    try:
        check(config, "model")
    except ConfigError as error:
        refusal = str(error)
    assert refusal is None or refusal.isprintable()


def default_config(model_type):
    """The values that transformers gives a model type by default; None where its class has no defaults."""
    from transformers.models.auto.configuration_auto import CONFIG_MAPPING

    try:
        return json.loads(json.dumps(CONFIG_MAPPING[model_type]().to_dict(), default=str))
    except Exception:  # noqa: BLE001 - a class that cannot be made without arguments is not what is tested
        return None


def test_accepts_every_default_config_of_transformers():
    from transformers.models.auto.configuration_auto import CONFIG_MAPPING_NAMES

    defaults = {model_type: default_config(model_type) for model_type in CONFIG_MAPPING_NAMES}
    known = {model_type: config for model_type, config in defaults.items() if config is not None}
    assert len(known) > 300
    for model_type, config in known.items():
        check(config, model_type)


@pytest.mark.corpus
def test_accepts_every_released_config(corpus):
    files = sorted(corpus.glob("*.json"))
    assert files
    for path in files:
        check(read_object(path, path.name), path.name)
