"""What is refused before torch is imported is what the build would refuse, and nothing else."""

from __future__ import annotations

import pytest
from transformers import CONFIG_MAPPING

from archdiff import catalogue
from archdiff.errors import ConfigError
from archdiff.graph import shipped
from archdiff.graph.families import FAMILIES


def test_every_type_that_transformers_ships_is_accepted():
    for model_type in [*CONFIG_MAPPING.keys(), *FAMILIES]:
        shipped.check_type({"model_type": model_type}, "config.json")


def test_every_entry_of_the_catalogue_is_accepted():
    for entry in catalogue.entries():
        shipped.check_type(entry.config, entry.name)


@pytest.mark.parametrize(
    ("config", "cause"),
    [
        ({}, "states no model_type"),
        ({"model_type": ""}, "states no model_type"),
        ({"model_type": "no_such"}, "model_type no_such is unknown to transformers"),
        ({"model_type": "llam"}, "model_type llam is unknown"),
        ({"model_type": "no_such", "auto_map": {"AutoModel": "a.B"}}, "needs remote code"),
        ({"model_type": "no_such", "architectures": ["NoSuchModel", "a b", 3]}, "is unknown"),
        ({"model_type": "x\x1b[2J"}, "model_type x\\x1b[2J is unknown"),
        ({"model_type": 3}, "is unknown"),
    ],
)
def test_what_no_class_fits_is_refused(config, cause):
    with pytest.raises(ConfigError) as caught:
        shipped.check_type(config, "config.json")
    assert cause in str(caught.value)
    assert str(caught.value).isprintable()


def test_a_class_that_ships_is_enough():
    shipped.check_type({"model_type": "kimi_k2", "architectures": ["DeepseekV3ForCausalLM"]}, "config.json")
    shipped.check_type({"architectures": ["LlamaForCausalLM"]}, "config.json")


def test_where_the_lists_cannot_be_read_the_build_decides(monkeypatch, tmp_path):
    monkeypatch.setattr(shipped, "_folder", lambda: tmp_path)
    shipped.check_type({"model_type": "anything"}, "config.json")
