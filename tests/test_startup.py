"""What a command imports: a help text must not wait for torch. Proved by imports, not by a clock."""

from __future__ import annotations

import os
import re
import subprocess
import sysconfig
from pathlib import Path

import pytest

HEAVY = {"torch", "transformers", "accelerate"}
IMPORTED = re.compile(r"^import time:\s*\d+ \|\s*\d+ \|\s*(\S+)$", re.MULTILINE)

USAGE_ERRORS = {
    "no such command": ["no-such-command"],
    "no such option": ["diff", "--no-such-option"],
    "too few references": ["diff", "gpt-oss-120b"],
    "no such format": ["diff", "gpt-oss-120b", "solar-open-100b", "--format", "no-such-format"],
    "no such level": ["diff", "gpt-oss-120b", "solar-open-100b", "--fail-on", "no-such-level"],
    "no such rule": ["rule", "no-such-rule"],
    "no such budget": ["weights", "old", "new", "--budget", "much"],
    "no such device": ["weights", "old", "new", "--device", "tpu"],
    "no such claims file": ["review", "gpt-oss-120b", "--claims", "no-such-claims.toml"],
    "nobody signs": ["review", "gpt-oss-120b", "--sign", "data.summary"],
    "no such rule selected": ["diff", "gpt-oss-120b", "solar-open-100b", "--select", "no-such-rule"],
}


def run(arguments):
    """Exit code, standard output, standard error and imported top-level packages of the installed command."""
    script = Path(sysconfig.get_path("scripts")) / "archdiff"
    done = subprocess.run(
        [script, *arguments],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPROFILEIMPORTTIME": "1"},
    )
    imported = {name.partition(".")[0] for name in IMPORTED.findall(done.stderr)}
    assert "archdiff" in imported, "the import log was not read"
    return done.returncode, done.stdout, IMPORTED.sub("", done.stderr), imported


@pytest.mark.parametrize("argument", ["--help", "--version"])
def test_help_and_version_import_nothing_heavy(argument):
    code, out, _, imported = run([argument])
    assert code == 0
    assert "archdiff" in out
    assert not imported & (HEAVY | {"networkx"})


@pytest.mark.parametrize("command", ["rules", "schema"])
def test_listing_imports_nothing_heavy(command):
    code, out, _, imported = run([command])
    assert code == 0
    assert out.strip()
    assert not imported & HEAVY


@pytest.mark.parametrize("command", ["diff", "weights", "show", "rules", "rule", "catalogue", "hook", "schema"])
def test_the_help_of_a_command_imports_nothing_heavy(command):
    code, out, _, imported = run([command, "--help"])
    assert code == 0
    assert command in out
    assert not imported & (HEAVY | {"networkx"})


@pytest.mark.parametrize("arguments", USAGE_ERRORS.values(), ids=USAGE_ERRORS)
def test_a_usage_error_imports_nothing_heavy(arguments):
    code, out, error, imported = run(arguments)
    assert code == 2
    assert not out
    assert error.strip()
    assert "Traceback" not in error
    assert not imported & HEAVY
