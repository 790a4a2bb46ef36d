"""Calls of the command in this process, and a pair of tiny models."""

from __future__ import annotations

import pytest

from archdiff.cli import entry
from tests.archdiff.cli.calling import Ended
from tests.archdiff.making import config


@pytest.fixture
def call(capfd):
    """Run a command line in this process."""

    def call(*arguments):
        capfd.readouterr()
        code = entry.run([str(argument) for argument in arguments])
        return Ended(code, *capfd.readouterr())

    return call


@pytest.fixture
def pair(tmp_path):
    """Two config files that differ in the number of key-value heads (breaking) and the epsilon (behavioral)."""
    old = config(tmp_path / "models" / "old.json")
    return old, config(tmp_path / "models" / "new.json", num_key_value_heads=2, rms_norm_eps=1e-5)
