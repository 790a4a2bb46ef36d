"""A pack of a third party, installed as its users would install it, runs beside the built-in one."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from tests.archdiff.cli.calling import assert_refused, process
from tests.archdiff.making import config


@pytest.fixture(scope="module")
def installed(root, tmp_path_factory):
    """The environment of a process that has the pack."""
    target = tmp_path_factory.mktemp("site")
    source = tmp_path_factory.mktemp("source") / "acme"
    source.symlink_to(root / "fixtures" / "packs" / "acme")
    install = [sys.executable, "-m", "pip", "--disable-pip-version-check", "install", "--quiet", "--no-index"]
    how = ["--no-deps", "--no-build-isolation", "--no-compile", "--target", str(target), str(source)]
    done = subprocess.run([*install, *how], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return {"PYTHONPATH": os.pathsep.join(filter(None, [str(target), os.environ.get("PYTHONPATH")]))}


def test_its_rule_is_listed_and_explained(installed):
    rules = json.loads(process("rules", "--format=json", **installed).out)
    assert {"acme", "builtin"} == {rule["pack"] for rule in rules}
    assert "tiles of 128 rows" in process("rule", "vocabulary-unaligned", **installed).out
    assert_refused(process("rule", "vocabulary-unaligned"), "no such rule")


def test_its_rule_runs(installed, tmp_path):
    models = config(tmp_path / "old.json"), config(tmp_path / "new.json", vocab_size=300)
    report = json.loads(process("diff", *models, "--format=json", **installed).out)
    (found,) = [finding for finding in report["findings"] if finding["rule"] == "vocabulary-unaligned"]
    assert found["message"] == "vocabulary: 256 → 300 rows"
    assert {"id": "vocabulary-unaligned", "pack": "acme"} in report["rules"]
    assert "vocabulary-resized" in {finding["rule"] for finding in report["findings"]}
