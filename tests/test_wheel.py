"""The wheel: what a user installs, and nothing else."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import PurePosixPath

import pytest


@pytest.fixture(scope="module")
def wheel_names(root, tmp_path_factory):
    """The paths inside a wheel built without a network from the checkout."""
    out = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(out), str(root)]
    done = subprocess.run(build, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    (wheel,) = out.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        return archive.namelist()


def test_it_installs_two_packages_and_its_metadata(wheel_names):
    tops = {PurePosixPath(name).parts[0] for name in wheel_names}
    (metadata,) = (top for top in tops if top.endswith(".dist-info"))
    assert tops == {"archdiff", "archdiff_rules", metadata}
    assert metadata.startswith("archdiff-")


def test_it_holds_every_module_of_both_roots(root, wheel_names):
    for source in ("analyzer", "rules"):
        modules = {path.relative_to(root / source).as_posix() for path in (root / source).rglob("*.py")}
        assert modules <= set(wheel_names)


def test_it_holds_the_catalogue(root, wheel_names):
    entries = {path.relative_to(root / "analyzer").as_posix() for path in (root / "analyzer").rglob("*.toml")}
    assert entries, "no catalogue entry in the checkout"
    assert entries <= set(wheel_names)


def test_it_holds_what_web_pages_are_made_of(root, wheel_names):
    assets = {path.relative_to(root / "analyzer").as_posix() for path in (root / "analyzer").rglob("assets/*")}
    assert {name.rpartition(".")[2] for name in assets} == {"css", "js"}
    assert assets <= set(wheel_names)


@pytest.mark.parametrize("name", ["archdiff/py.typed", "archdiff_rules/py.typed"])
def test_it_is_marked_as_typed(wheel_names, name):
    assert name in wheel_names


def test_it_carries_the_licence(wheel_names):
    assert any(name.endswith(".dist-info/licenses/LICENSE") for name in wheel_names)


def test_it_holds_no_test_and_no_fixture(wheel_names):
    assert not [name for name in wheel_names if {"tests", "fixtures"} & set(PurePosixPath(name).parts)]
