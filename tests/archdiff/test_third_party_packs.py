"""A pack that somebody else wrote, installed as its users would, and the ways in which one can be broken."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

from tests.archdiff.making import config

EXAMPLE = "archdiff-pack-example"
RULE = "vocabulary-alignment-lost"

MANUAL = (
    '"""Notices.\n\n    Why it matters:\n        a\n\n    Example:\n        b\n\n    What to do:\n        c\n    """'
)


def archdiff(*arguments, packs=None):
    """Run the installed command, with one folder of packs more on the path."""
    script = Path(sysconfig.get_path("scripts")) / "archdiff"
    environment = {**os.environ, "NO_COLOR": "1"}
    environment.pop("PYTHONPATH", None)
    if packs is not None:
        environment["PYTHONPATH"] = str(packs)
    return subprocess.run([script, *arguments], capture_output=True, text=True, check=False, env=environment)


@pytest.fixture(scope="module")
def site(root, tmp_path_factory):
    """A folder into which pip has installed the example; built from a copy, without a network."""
    folder = tmp_path_factory.mktemp("site")
    source = shutil.copytree(root / "fixtures" / "packs" / EXAMPLE, tmp_path_factory.mktemp("source") / EXAMPLE)
    options = ["--quiet", "--no-deps", "--no-build-isolation", "--no-index", "--disable-pip-version-check"]
    command = [sys.executable, "-m", "pip", "install", *options, "--target", str(folder), str(source)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture(scope="module")
def pair(tmp_path_factory):
    """Two configs, of which the second has two embedding rows more."""
    folder = tmp_path_factory.mktemp("pair")
    return config(folder / "old.json"), config(folder / "new.json", vocab_size=258)


def listed(done):
    assert done.returncode == 0, done.stderr
    return {entry["id"]: entry for entry in json.loads(done.stdout)}


def test_its_rule_is_listed_beside_the_built_in_ones(site):
    rules = listed(archdiff("rules", "--format", "json", packs=site))
    assert rules[RULE]["pack"] == "example"
    assert rules[RULE]["group"] == "Serving"
    assert {entry["pack"] for entry in rules.values()} == {"builtin", "example"}


def test_without_it_the_rule_is_not_there():
    assert RULE not in listed(archdiff("rules", "--format", "json"))


def test_its_manual_is_printed(site):
    done = archdiff("rule", RULE, packs=site)
    assert done.returncode == 0, done.stderr
    assert "32,000 → 32,002" in done.stdout
    assert "What to do" in done.stdout


def test_it_takes_part_in_a_comparison(site, pair):
    done = archdiff("diff", *pair, "--format", "json", packs=site)
    assert done.returncode == 0, done.stderr
    found = {entry["rule"]: entry for entry in json.loads(done.stdout)["findings"]}
    assert found[RULE]["message"] == "embedding rows: 256 (a multiple) → 258 (no multiple) of 64"
    assert found[RULE]["impact"] == "breaking"
    assert "vocabulary-resized" in found


def test_it_is_selected_by_its_id(site, pair):
    done = archdiff("diff", *pair, "--select", RULE, "--fail-on", "breaking", "--format", "json", packs=site)
    assert done.returncode == 1, done.stderr
    assert [entry["rule"] for entry in json.loads(done.stdout)["findings"]] == [RULE]


def rule_text(name, body="return ()"):
    head = 'from archdiff.rule import rule\n\n\n@rule(impact="breaking", group="Theirs")\n'
    return f"{head}def {name}(comparison):\n    {MANUAL}\n    {body}\n"


BROKEN = {
    "does not import": ({"a_rule": "import no_such_module"}, "ModuleNotFoundError"),
    "is not Python": ({"a_rule": "def ("}, "SyntaxError"),
    "holds no rule": ({"a_rule": "x = 1"}, "0 rules"),
    "is empty": ({}, "no rules"),
    "has another's id": ({"layers_added": rule_text("layers_added")}, "layers-added"),
}


def broken(folder, modules):
    """Leave in the folder what pip would: a package and the metadata that names it."""
    package = folder / "acme_rules"
    package.mkdir()
    for name, text in {"__init__": "", **modules}.items():
        (package / f"{name}.py").write_text(text)
    metadata = folder / "acme_rules-1.0.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: acme-rules\nVersion: 1.0\n")
    (metadata / "entry_points.txt").write_text("[archdiff.packs]\nacme = acme_rules\n")
    return folder


def refused(done, *parts):
    """Exit code 2, one line of error, nothing on standard output."""
    assert done.returncode == 2
    assert not done.stdout
    assert len(done.stderr.strip().splitlines()) == 1, done.stderr
    for part in parts:
        assert part in done.stderr


@pytest.mark.parametrize(("modules", "said"), BROKEN.values(), ids=BROKEN)
def test_a_pack_that_is_broken_stops_every_command(tmp_path, modules, said):
    refused(archdiff("rules", packs=broken(tmp_path, modules)), "acme", said)


def test_a_pack_that_is_broken_stops_a_comparison(tmp_path, pair):
    refused(archdiff("diff", *pair, packs=broken(tmp_path, {"a_rule": "x = 1"})), "acme", "0 rules")


@pytest.mark.parametrize(
    ("body", "said"), [("raise ValueError('one\\ntwo')", "ValueError: one"), ("return None", "failed")]
)
def test_a_rule_that_fails_stops_the_comparison(tmp_path, pair, body, said):
    packs = broken(tmp_path, {"a_rule": rule_text("a_rule", body)})
    assert archdiff("rules", packs=packs).returncode == 0
    refused(archdiff("diff", *pair, packs=packs), "rule a-rule of pack acme", said)
