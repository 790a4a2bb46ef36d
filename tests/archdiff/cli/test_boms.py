"""Bills of materials and graphs through the command line."""

from __future__ import annotations

import json
import sys

import pytest

from tests.archdiff.cli.calling import assert_refused

DESCRIBED = {"cyclonedx": ".cdx.json", "spdx": ".spdx.json", "model-card": ".card.md"}
GRAPHS = {"graphml": ".graphml", "model-explorer": ".explorer.json"}


@pytest.mark.parametrize(("name", "ending"), (DESCRIBED | GRAPHS).items())
def test_a_file_holds_what_standard_output_would(call, pair, tmp_path, name, ending):
    for command in (["diff", *pair], ["show", pair[0]]):
        printed = call(*command, "--format", name)
        assert (printed.code, printed.err) == (0, "")
        path = tmp_path / f"x{ending}"
        assert call(*command, "--quiet", "--output", path) == (0, "", "")
        assert path.read_text(encoding="utf-8") == printed.out


def test_a_bill_of_materials_names_the_new_model(call, pair):
    made = json.loads(call("diff", *pair, "--format", "cyclonedx").out)
    assert made["specVersion"] == "1.6"
    assert made["metadata"]["component"]["name"] == "new.json"


def test_a_missing_package_is_told_in_one_line_before_anything_is_done(call, pair, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "cyclonedx", None)
    monkeypatch.setattr("archdiff.api.build", lambda *_, **__: pytest.fail("a model was built"))
    for wanted in (["-o", tmp_path / "x.cdx.json"], ["--format", "cyclonedx"]):
        ended = call("diff", *pair, *wanted)
        assert_refused(ended, "format cyclonedx", "not installed (cyclonedx)", "pip install 'archdiff[bom]'")
    assert not (tmp_path / "x.cdx.json").exists()


def test_a_bad_moment_is_refused_and_nothing_is_written(call, pair, tmp_path, monkeypatch):
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "today")
    assert_refused(call("diff", *pair, "-o", tmp_path / "x.cdx.json"), "SOURCE_DATE_EPOCH", "today")
    assert not (tmp_path / "x.cdx.json").exists()
