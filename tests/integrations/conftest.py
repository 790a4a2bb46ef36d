"""The command as an action or a job finds it, and a repository with a change to look at."""

from __future__ import annotations

import shlex
import sys

import pytest

from tests.archdiff.cli.calling import SCRIPT
from tests.archdiff.repositories import Repository


@pytest.fixture
def repository(tmp_path):
    """A committed config, of which the key-value heads were halved since: breaking."""
    made = Repository(tmp_path / "checkout")
    made.config()
    made.commit()
    made.config(num_key_value_heads=2)
    return made


@pytest.fixture(scope="session")
def cache(tmp_path_factory):
    """Where graphs are kept between the calls of these tests, which look at what surrounds a comparison."""
    return str(tmp_path_factory.mktemp("cache"))


@pytest.fixture
def programs(tmp_path):
    """A folder with `archdiff` and `python`, as that of an environment that pip installed into."""
    folder = tmp_path / "runner" / "archdiff" / "venv" / "bin"
    folder.mkdir(parents=True)
    for name, program in (("archdiff", SCRIPT), ("python", sys.executable)):
        (folder / name).write_text(f'#!/bin/sh\nexec {shlex.quote(str(program))} "$@"\n')
        (folder / name).chmod(0o755)
    return folder
