"""Files, directories and catalogue entries become sources that say where they come from."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
import subprocess
import sys

import pytest

from archdiff import catalogue
from archdiff.catalogue import Lineage
from archdiff.errors import SourceError
from archdiff.sources import resolve

CONFIG = {"model_type": "llama", "architectures": ["LlamaForCausalLM"], "num_hidden_layers": 2}


def write(path, config):
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(config))
    return str(path)


def test_a_file(tmp_path):
    source = resolve(write(tmp_path / "tiny.json", CONFIG))
    assert (source.kind, source.name, source.config) == ("file", "tiny.json", CONFIG)
    assert (source.hub_id, source.revision, source.licence, source.lineage, source.notes) == (
        None,
        None,
        None,
        (),
        (),
    )


def test_a_file_called_as_all_others_is_named_after_its_directory(tmp_path):
    assert resolve(write(tmp_path / "tiny" / "config.json", CONFIG)).name == "tiny"


def test_a_directory_with_its_card(tmp_path, monkeypatch):
    write(tmp_path / "tiny" / "config.json", CONFIG)
    (tmp_path / "tiny" / "README.md").write_text("---\nlicense: mit\nbase_model: [a/b, c/d]\n---\n")
    monkeypatch.chdir(tmp_path / "tiny")
    source = resolve(".")
    assert (source.reference, source.kind, source.name, source.licence) == (".", "directory", "tiny", "mit")
    assert source.lineage == (Lineage("a/b", "merge"), Lineage("c/d", "merge"))


@pytest.mark.parametrize(
    ("held", "said"),
    [
        ("notes.txt", "holds no config.json"),
        ("pytorch_model.bin", "weights in pickles, which are not read"),
    ],
)
def test_a_directory_without_a_config_says_what_was_expected(tmp_path, held, said):
    (tmp_path / held).touch()
    with pytest.raises(SourceError, match=said) as caught:
        resolve(str(tmp_path))
    assert "config.json, or the file itself" in caught.value.remedy


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="root reads every file")
def test_a_file_that_may_not_be_read(tmp_path):
    path = write(tmp_path / "tiny.json", CONFIG)
    (tmp_path / "tiny.json").chmod(0)
    with pytest.raises(SourceError, match="permissions"):
        resolve(path)


def test_a_catalogue_entry():
    source, entry = resolve("Solar-Open-100B"), catalogue.load("solar-open-100b")
    assert (source.reference, source.kind, source.name) == ("Solar-Open-100B", "catalogue", "solar-open-100b")
    assert (source.hub_id, source.released, source.config) == (entry.hub_id, entry.released, entry.config)
    assert source.notes[: len(entry.notes)] == entry.notes


@pytest.mark.parametrize("name", catalogue.names())
def test_every_catalogue_entry_is_within_bounds(name):
    assert resolve(name).name == name


def test_the_digest_ignores_order_and_spaces_and_nothing_else(tmp_path):
    first = resolve(write(tmp_path / "a.json", {"x": 1, "y": 2}))
    (tmp_path / "b.json").write_text('{ "y" : 2,\n "x" : 1 }')
    assert first.digest == resolve(str(tmp_path / "b.json")).digest
    assert first.digest != resolve(write(tmp_path / "c.json", {"x": 1, "y": 3})).digest
    assert first.digest == "sha256:" + hashlib.sha256(b'{"x":1,"y":2}').hexdigest()


def test_a_source_is_frozen_and_shares_nothing():
    first, second = resolve("glm-4.5-air"), resolve("glm-4.5-air")
    with pytest.raises(dataclasses.FrozenInstanceError):
        first.name = "other"
    first.config["architectures"].append("Other")
    assert second.config == resolve("glm-4.5-air").config


@pytest.mark.parametrize(
    ("extra", "note"),
    [
        ({"num_nextn_predict_layers": 1}, "config declares 1 multi-token-prediction layer"),
        ({"num_mtp_modules": 3}, "config declares 3 multi-token-prediction layers"),
        ({"quantization_config": {"quant_method": "fp8"}}, "config declares weights quantized with fp8"),
        ({"quantization_config": {}}, "config declares weights quantized with an unnamed method"),
        ({"auto_map": {"AutoModel": "x.Y"}}, "config names code of its own in auto_map, which was not run"),
    ],
)
def test_facts_that_a_report_must_repeat(tmp_path, extra, note):
    assert resolve(write(tmp_path / "tiny.json", CONFIG | extra)).notes == (note,)


@pytest.mark.parametrize("extra", [{"num_nextn_predict_layers": 0}, {"quantization_config": None}, {"auto_map": {}}])
def test_nothing_declared_is_no_fact(tmp_path, extra):
    assert resolve(write(tmp_path / "tiny.json", CONFIG | extra)).notes == ()


def test_nothing_heavy_is_imported(tmp_path):
    path = write(tmp_path / "tiny.json", CONFIG)
    program = "import sys, archdiff.sources as s; s.resolve(sys.argv[1]); s.resolve('glm-4.5'); print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", program, path], capture_output=True, text=True, check=True)
    heavy = {"torch", "transformers", "pydantic", "networkx", "huggingface_hub"}
    assert not heavy & set(done.stdout.split())
