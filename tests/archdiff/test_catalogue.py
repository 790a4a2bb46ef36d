"""The catalogue's loader takes the format as it is written down, and nothing else."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archdiff import catalogue
from archdiff.catalogue import Lineage, Parameters, parse_entry
from archdiff.catalogue.patterns import expand
from archdiff.errors import SourceError, UnresolvedReferenceError

HEAD = """
name = "Tiny 1B"
hub_id = "owner/tiny-1b"
licence = "MIT"
released = 2025-12-31
source = "https://example.com/config.json"
"""
CONFIG = """
[config]
model_type = "llama"
architectures = ["LlamaForCausalLM"]
num_hidden_layers = 5
"""
FULL = """
null = ["sliding_window", "text_config.window"]
notes = ["a note"]
[parameters]
instantiated = 1_000
published = "1B"
source = "https://example.com"
[[lineage]]
base = "owner/base"
relation = "finetune"
[patterns]
layer_types = ["sliding*2 full*1", 2]
[patterns.text_config]
kinds = ["1*1 0*1", 1]
"""


def test_a_full_entry():
    entry = parse_entry("tiny", HEAD + FULL + CONFIG + "[config.text_config]\nnum_hidden_layers = 2\n")
    assert (entry.name, entry.display_name, entry.released) == ("tiny", "Tiny 1B", "2025-12-31")
    assert entry.parameters == Parameters(1000, "1B", "https://example.com")
    assert (entry.lineage, entry.notes) == ((Lineage("owner/base", "finetune"),), ("a note",))
    assert entry.config["sliding_window"] is None
    assert entry.config["layer_types"] == ["sliding", "sliding", "full", "sliding", "sliding"]
    assert entry.config["text_config"] == {"num_hidden_layers": 2, "window": None, "kinds": [1, 0]}


def test_a_short_entry():
    entry = parse_entry("tiny", HEAD + CONFIG)
    assert (entry.parameters, entry.lineage, entry.notes) == (None, (), ())


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("name = ", "not TOML"),
        (CONFIG, "lacks 'hub_id'"),
        (HEAD, "lacks 'config'"),
        (HEAD + 'url = "x"' + CONFIG, "unknown key 'url'"),
        (HEAD.replace("2025-12-31", '"2025-12-31"') + CONFIG, "'released' of tiny must be a date"),
        (HEAD.replace("2025-12-31", "2025-12-31T00:00:00") + CONFIG, "must be a date"),
        (HEAD.replace("owner/tiny-1b", "tiny") + CONFIG, "must be a hub id"),
        (HEAD.replace("https:", "http:") + CONFIG, "must be an https address"),
        (HEAD.replace('"MIT"', "1") + CONFIG, "'licence' of tiny must be one line of text"),
        (HEAD.replace('"MIT"', '"a\\nb"') + CONFIG, "'licence' of tiny must be one line of text"),
        (HEAD + "[config]\nmodel_type = 'a'", "config lacks 'architectures'"),
        (HEAD + "[config]\nmodel_type = 'a'\narchitectures = []", "must name a class"),
        (HEAD + "[config]\nmodel_type = 1\narchitectures = ['A']", "'model_type' of config"),
        (HEAD + CONFIG + "day = 2025-01-01", "config holds a date"),
        (HEAD + "config = 1", "config must be a table"),
        (HEAD + "notes = [1]" + CONFIG, "must be a list of texts"),
        (HEAD + "null = ['num_hidden_layers']" + CONFIG, "states 'num_hidden_layers' twice"),
        (HEAD + "null = ['a.b']" + CONFIG, "no table 'a'"),
        (HEAD + "[parameters]\ninstantiated = 0" + CONFIG, "positive integer"),
        (HEAD + "[parameters]\npublished = '1B'" + CONFIG, "parameters lacks 'instantiated'"),
        (HEAD + "lineage = 1" + CONFIG, "[[lineage]]"),
        (
            HEAD + "[[lineage]]\nbase = 'a/b'\nrelation = 'cousin'" + CONFIG,
            "'relation' of lineage must be one of",
        ),
        (HEAD + "[[lineage]]\nbase = 'a/b'\nrelation = []" + CONFIG, "'relation' of lineage must be one of"),
        (HEAD + "[patterns]\nnum_hidden_layers = ['a*1', 9]" + CONFIG, "states 'num_hidden_layers' twice"),
        (HEAD + "[patterns]\nlayer_types = ['a*1', 2]" + CONFIG, "2 values for 5 layers"),
        (HEAD + "[patterns.other]\nlayer_types = ['a*1', 2]" + CONFIG, "no table 'other'"),
        (HEAD + "patterns = 1" + CONFIG, "patterns must be a table"),
    ],
)
def test_what_breaks_the_format_is_named(text, said):
    with pytest.raises(SourceError) as caught:
        parse_entry("tiny", text)
    assert said in str(caught.value)
    assert str(caught.value).startswith("catalogue entry tiny: ")


@pytest.mark.parametrize(
    "pattern",
    [["a*1"], "a*1", [1, "a*1"], ["a*1", True], ["a*1", 0], ["a", 1], ["a*0", 1], ["", 1], ["a*99999", 99]],
)
def test_what_is_no_pattern_is_refused(pattern):
    with pytest.raises(ValueError, match=r"must|is not"):
        expand(pattern, None)


@given(
    st.lists(st.tuples(st.sampled_from(["a", "b_c", "-1", "7"]), st.integers(1, 5)), min_size=1, max_size=4),
    st.integers(1, 6),
)
def test_a_pattern_is_its_runs_repeated(runs, times):
    period = [int(value) if value.lstrip("-").isdigit() else value for value, count in runs for _ in range(count)]
    written = " ".join(f"{value}*{count}" for value, count in runs)
    assert expand([written, times], None) == period * times
    assert expand([written, times], 1) == period[:1]


def test_names_load_in_any_case_and_are_sorted():
    assert list(catalogue.names()) == sorted(catalogue.names())
    assert [entry.name for entry in catalogue.entries()] == list(catalogue.names())
    assert catalogue.load("GLM-4.5-AIR") is catalogue.load("glm-4.5-air")


def test_an_unknown_name_is_explained():
    with pytest.raises(UnresolvedReferenceError, match="archdiff catalogue"):
        catalogue.load("no-such-model")
    assert catalogue.find("no-such-model") is None
    assert catalogue.nearest("solar-open-100")[0] == "solar-open-100b"


def test_an_entry_is_found_by_its_hub_id():
    found = {entry.hub_id: catalogue.find_hub_id(entry.hub_id.upper()) for entry in catalogue.entries()}
    assert found == {entry.hub_id: entry.name for entry in catalogue.entries()}
    assert catalogue.find_hub_id("nobody/nothing") is None
    assert catalogue.find_hub_id("") is None
