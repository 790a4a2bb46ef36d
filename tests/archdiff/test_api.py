"""The public functions: the same jobs as the command, on values."""

from __future__ import annotations

import subprocess
import sys

import pytest

import archdiff
from archdiff.api import check
from tests.archdiff.making import config


@pytest.fixture(scope="module")
def pair(tmp_path_factory):
    folder = tmp_path_factory.mktemp("models")
    return config(folder / "old.json"), config(folder / "new.json", num_key_value_heads=2)


def test_importing_it_imports_nothing_else():
    program = "import sys, archdiff; sys.exit(sum(name.startswith('archdiff.') for name in sys.modules))"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


def test_load_gives_a_graph(pair):
    graph = archdiff.load(pair[0])
    assert isinstance(graph, archdiff.ModelGraph)
    assert graph.class_name == "LlamaForCausalLM"


def test_diff_takes_references_and_graphs(pair):
    report = archdiff.diff(*pair)
    assert isinstance(report, archdiff.Report)
    assert report.summary.impact == "breaking"
    assert archdiff.diff(archdiff.load(pair[0]), pair[1]) == report


def test_diff_selects(pair):
    report = archdiff.diff(*pair, select=["key-value-heads-*"])
    assert {finding.rule for finding in report.findings} == {"key-value-heads-changed"}
    assert not archdiff.diff(*pair, ignore=["*-changed", "unexplained-change"]).findings
    with pytest.raises(archdiff.UsageError):
        archdiff.diff(*pair, select=["no-such-rule"])


def test_a_report_renders(pair):
    report = archdiff.diff(*pair)
    assert archdiff.render_report(report).startswith("old.json (OLD) → new.json (NEW)")
    assert archdiff.Report.model_validate_json(archdiff.render_report(report, "json")) == report


def test_what_is_not_public_is_not_there():
    with pytest.raises(AttributeError, match="no attribute 'no_such_name'"):
        getattr(archdiff, "no_such_" + "name")
    assert set(archdiff.__all__) <= set(dir(archdiff))


def test_a_config_that_no_class_fits_is_refused_before_it_is_built(tmp_path):
    path = config(tmp_path / "config.json", model_type="no_such_type", architectures=["NoSuchForCausalLM"])
    with pytest.raises(archdiff.ConfigError, match="model_type no_such_type is unknown"):
        check(path)


def test_a_config_whose_class_ships_under_another_type_is_accepted(tmp_path):
    path = config(tmp_path / "config.json", model_type="kimi_k2", architectures=["DeepseekV3ForCausalLM"])
    assert check(path).config["model_type"] == "kimi_k2"
