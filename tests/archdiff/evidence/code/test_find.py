"""Where modelling code is found, and everything that is refused; nothing of it runs."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from archdiff.errors import SourceError, UnresolvedReferenceError
from archdiff.evidence.code import find
from archdiff.evidence.code.declared import ancestors, copied_from, copyrights, inherited
from archdiff.evidence.code.reading import LARGEST
from archdiff.evidence.code.shipped import families, file_of_class, file_of_type
from archdiff.evidence.code.tree import parse
from tests.archdiff.evidence.code.sources import BLOCK
from tests.archdiff.making import LLAMA
from tests.archdiff.sources.hub_server import Hub, running
from tests.archdiff.sources.test_hub import Client

OWN = {"AutoConfig": "configuration_yi.YiConfig", "AutoModelForCausalLM": "modeling_yi.YiForCausalLM"}
UNKNOWN = {"model_type": "Yi", "architectures": ["YiNoSuchForCausalLM"]}
MARKER = "import pathlib\npathlib.Path(__file__).with_name('ran').write_text('')\n"


@pytest.fixture
def model(tmp_path):
    """A directory with a config and files."""

    def write(config, **files):
        folder = tmp_path / "mine"
        folder.mkdir()
        if config is not None:
            (folder / "config.json").write_text(json.dumps(config))
        for name, text in files.items():
            (folder / f"{name}.py").write_text(text)
        return folder

    return write


@pytest.mark.parametrize(
    ("reference", "family"),
    [
        ("llama", "llama"),
        ("glm4_moe", "glm4_moe"),
        ("audio-spectrogram-transformer", "audio_spectrogram_transformer"),
        ("openai-gpt", "openai"),
        ("solar-open-100b", "solar_open"),
        ("kimi-k2", "deepseek_v3"),
        ("gpt2", "gpt2"),
    ],
)
def test_what_transformers_ships(reference, family):
    code = find(reference)
    assert (code.origin, code.family) == ("shipped with transformers", family)
    assert "class " in code.text
    assert (code.modular is None) == (family in ("llama", "openai", "gpt2"))


def test_transformers_is_not_imported():
    program = "import sys; from archdiff.evidence.code import find; find('llama'); print('transformers' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"


def test_families_types_and_classes():
    assert {"llama", "bert", "mamba"} <= set(families())
    assert file_of_class("LlamaForCausalLM") == file_of_type("llama")
    for name in ("NoSuchClass", "a b", "", "../x", "x" * 10_000):
        assert file_of_class(name) is None
        assert file_of_type(name) is None


def test_a_file_a_config_and_a_directory(model, tmp_path):
    folder = model({**UNKNOWN, "auto_map": OWN}, modeling_yi=BLOCK, modeling_other="x = 1")
    for path in (folder, folder / "config.json"):
        code = find(str(path))
        assert (code.name, code.origin, code.text, code.family) == ("mine", "ships with the model", BLOCK, None)
    code = find(str(folder / "modeling_yi.py"))
    assert (code.name, code.origin) == ("modeling_yi.py", "a file")
    (tmp_path / "llama.json").write_text(json.dumps(LLAMA))
    assert find(str(tmp_path / "llama.json")).family == "llama"


def test_a_directory_without_a_config_with_one_modelling_file(model):
    folder = model(None, modeling_yi=BLOCK)
    assert find(str(folder)).text == BLOCK
    (folder / "modeling_more.py").write_text("")
    with pytest.raises(SourceError, match="holds 2 modelling files"):
        find(str(folder))


@pytest.mark.parametrize(
    "named", ["modeling_yi.YiForCausalLM", [None, "modeling_yi.YiForCausalLM"], ["modeling_yi.A", None]]
)
@pytest.mark.parametrize("key", ["AutoModel", "AutoModelForCausalLM", "AutoModelForSequenceClassification"])
def test_spellings_of_auto_map(model, key, named):
    folder = model({**UNKNOWN, "auto_map": {key: named}}, modeling_yi=BLOCK)
    assert find(str(folder)).text == BLOCK


def test_a_class_that_transformers_ships_serves_where_the_file_is_missing(model):
    assert find(str(model({**LLAMA, "auto_map": OWN}))).family == "llama"


@pytest.mark.parametrize(
    "named",
    [
        "../modeling_yi.YiModel",
        "..modeling_yi.YiModel",
        "/etc/passwd.Model",
        "sub/modeling_yi.YiModel",
        "modeling_yi",
        "a.b.c",
        "no hub id--modeling_yi.YiModel",
        "../../x/y--modeling_yi.YiModel",
        "",
        5,
        {"a": 1},
        "x" * 10_000 + ".y",
        "modeling_yi.Yi\x1b[2J",
    ],
)
def test_an_auto_map_that_leads_elsewhere(model, named):
    folder = model({**UNKNOWN, "auto_map": {"AutoModel": named}}, modeling_yi=BLOCK)
    with pytest.raises(SourceError, match="which is no module beside the config") as caught:
        find(str(folder))
    assert str(caught.value).isprintable()


@pytest.mark.parametrize(
    "stated",
    [None, [], "x", {}, {"AutoConfig": "configuration_yi.YiConfig"}, {5: 6}, {"AutoModel": []}, {"AutoModel": [None]}],
)
def test_an_auto_map_that_names_no_model(model, stated):
    assert find(str(model({**LLAMA, "auto_map": stated}))).family == "llama"


def test_an_unknown_model_without_its_file(model):
    with pytest.raises(SourceError, match=r"modeling_yi\.py, which is not beside the config"):
        find(str(model({**UNKNOWN, "auto_map": OWN})))


@pytest.mark.parametrize("reference", ["no_such_type", "no such type", "", "../llama", "llama/../../x", "a" * 5000])
def test_what_names_nothing(reference):
    with pytest.raises(UnresolvedReferenceError) as caught:
        find(reference)
    assert str(caught.value).isprintable()


def link(path, target):
    path.unlink(missing_ok=True)
    path.symlink_to(target)


def test_links_that_loop_or_lead_out(model, tmp_path):
    folder = model({**UNKNOWN, "auto_map": OWN})
    file = folder / "modeling_yi.py"
    link(file, file)
    with pytest.raises(SourceError, match="cannot be read"):
        find(str(folder))
    (tmp_path / "outside.py").write_text(BLOCK)
    link(file, tmp_path / "outside.py")
    with pytest.raises(SourceError, match="leads out of the model's directory"):
        find(str(folder))
    link(file, tmp_path / "nothing.py")
    with pytest.raises(SourceError, match="cannot be read"):
        find(str(folder))


def test_the_cache_of_the_hub_links_to_its_blobs(tmp_path):
    folder = tmp_path / "models--a--yi" / "snapshots" / ("0" * 40)
    folder.mkdir(parents=True)
    (tmp_path / "models--a--yi" / "blobs").mkdir()
    (folder / "config.json").write_text(json.dumps({**UNKNOWN, "auto_map": OWN}))
    blob = tmp_path / "models--a--yi" / "blobs" / "abc"
    blob.write_text(BLOCK)
    link(folder / "modeling_yi.py", blob)
    assert find(str(folder)).text == BLOCK


@pytest.mark.parametrize(
    ("data", "match"),
    [
        (b"#" * (LARGEST + 1), "larger than 1 MiB"),
        (b"#" * 10_000_000, "larger than 1 MiB"),
        (b"x = '\xff'", "not UTF-8"),
    ],
)
def test_a_file_that_is_too_large_or_no_text(tmp_path, data, match):
    (tmp_path / "modeling_x.py").write_bytes(data)
    with pytest.raises(SourceError, match=match):
        find(str(tmp_path / "modeling_x.py"))


def test_what_is_no_regular_file(model):
    folder = model({**UNKNOWN, "auto_map": OWN})
    (folder / "modeling_yi.py").mkdir()
    with pytest.raises(SourceError, match="no regular file"):
        find(str(folder))
    (folder / "modeling_yi.py").rmdir()
    os.mkfifo(folder / "modeling_yi.py")
    with pytest.raises(SourceError, match="no regular file"):
        find(str(folder))


def test_nothing_is_executed(model):
    folder = model({**UNKNOWN, "auto_map": OWN}, modeling_yi=MARKER, configuration_yi=MARKER, __init__=MARKER)
    parse(find(str(folder)).text, "it")
    assert not (folder / "ran").exists()


class Finder(Client):
    program = """
import json, sys
from archdiff.errors import ArchdiffError
from archdiff.evidence.code import find
for text in sys.argv[1:]:
    try:
        code = find(text)
        print(json.dumps([code.name, code.origin, len(code.text), code.family]))
    except ArchdiffError as error:
        print(json.dumps([type(error).__name__, str(error)]))
"""


def test_models_of_the_hub(tmp_path):
    def config(named, **more):
        return json.dumps({**UNKNOWN, "auto_map": {"AutoModel": named}, **more}).encode()

    own = "modeling_yi.YiModel"
    files = {
        ("a/yi", "config.json"): config(own),
        ("a/yi", "modeling_yi.py"): BLOCK.encode(),
        ("a/elsewhere", "config.json"): config(f"a/yi--{own}"),
        ("a/lost", "config.json"): config(own),
        ("a/known", "config.json"): config(own, **LLAMA),
        ("a/plain", "config.json"): json.dumps(LLAMA).encode(),
        ("a/large", "config.json"): config(own),
        ("a/large", "modeling_yi.py"): b"#" * (LARGEST + 1),
    }
    with running(Hub(files)) as hub:
        ask = Finder(tmp_path / "hf", hub.url)
        found = ask("a/yi", "a/elsewhere", "a/lost", "a/known", "a/plain", "a/large", "a/none")
        again = ask("a/yi", HF_HUB_OFFLINE="1")
    assert found[0] == again == ["a/yi", "ships with the model", len(BLOCK), None]
    assert found[1] == ["a/yi", "ships with the model", len(BLOCK), None]
    assert [item[-1] for item in found[3:5]] == ["llama", "llama"]
    assert [item[0] for item in (found[2], found[5], found[6])] == [
        "SourceError",
        "SourceError",
        "UnresolvedReferenceError",
    ]


def test_inheritance_that_modular_files_declare():
    found = inherited(parse(find("glm4_moe").modular, "it"))
    assert next(iter(found)) == "deepseek_v3"
    assert found["deepseek_v3"] > 3
    assert "mixtral" in ancestors("glm4_moe"), "through deepseek_v3"
    assert "glm4_moe" in ancestors("solar_open")
    assert ancestors("mamba") <= set(families())


def test_inheritance_of_a_file_that_a_model_ships():
    text = (
        "from transformers.models.llama.modeling_llama import LlamaMLP as M\nclass A(M): pass\nclass B(M, object): pass"
    )
    assert inherited(parse(text, "it")) == {"llama": 2}
    assert inherited(parse("from .modeling_llama import M\nclass A(M): pass", "it")) == {}


def test_comments_of_copies_and_copyright():
    text = "# Copied from transformers.models.bert.modeling_bert.A with A->B\n#Copied from transformers.models.t5.x\n"
    assert copied_from(text * 2) == {"bert": 2, "t5": 2}
    assert copyrights(BLOCK) == ("Copyright 2023 The Example Authors. All rights reserved.",)
    assert copyrights('"""Copyright\x1b[2J 2020 Me"""\n' * 50) == ("Copyright\\x1b[2J 2020 Me",)
    assert len(copyrights("".join(f"# Copyright {year}\n" for year in range(100)))) == 16
