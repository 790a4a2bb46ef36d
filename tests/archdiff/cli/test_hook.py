"""`archdiff hook`: what a commit changes in configs, as pre-commit and a plain git hook call it."""

from __future__ import annotations

import os
import shlex
import stat
import subprocess

import pytest
import yaml

from tests.archdiff.cli.calling import SCRIPT, assert_refused
from tests.archdiff.repositories import APART, Repository

CONFIG = "models/x/config.json"


@pytest.fixture
def repository(tmp_path, monkeypatch):
    """A committed config, and the working directory at the root."""
    monkeypatch.delenv("PRE_COMMIT_FROM_REF", raising=False)
    made = Repository(tmp_path / "checkout")
    made.config(CONFIG)
    made.commit()
    monkeypatch.chdir(made.path)
    return made


def stage(repository, **values):
    repository.config(CONFIG, **values)
    repository.git("add", "-A")


def test_a_breaking_change_that_is_staged_fails_and_is_shown(call, repository):
    stage(repository, num_key_value_heads=2)
    repository.config(CONFIG)
    ended = call("hook", CONFIG)
    assert (ended.code, ended.err) == (1, "")
    assert ended.out.startswith("x@HEAD (OLD) → x@index (NEW)")
    assert "key-value-heads-changed" in ended.out


def test_a_behavioral_change_passes_unless_told_otherwise(call, repository):
    stage(repository, rms_norm_eps=1e-3)
    assert call("hook", CONFIG).code == 0
    assert call("hook", "--fail-on=behavioral", CONFIG).code == 1
    repository.write("archdiff.toml", 'fail-on = "behavioral"\n')
    assert call("hook", CONFIG).code == 1


def test_what_is_new_unchanged_or_unstaged_is_passed_over(call, repository):
    assert call("hook") == (0, "", "")
    assert call("hook", CONFIG, "nowhere/config.json") == (0, "", "")
    repository.config(CONFIG, num_key_value_heads=2)
    repository.config("models/new/config.json")
    repository.git("add", "models/new")
    assert call("hook", CONFIG, "models/new/config.json") == (0, "", "")


def test_before_the_first_commit_nothing_changes(call, tmp_path, monkeypatch):
    made = Repository(tmp_path / "empty")
    made.config()
    made.git("add", "-A")
    monkeypatch.chdir(made.path)
    assert call("hook", "config.json") == (0, "", "")


def test_the_worst_of_several_files_counts(call, repository):
    repository.config("config.json")
    repository.commit()
    repository.config("config.json", rms_norm_eps=1e-3)
    stage(repository, num_key_value_heads=2)
    ended = call("hook", CONFIG, "config.json")
    assert ended.code == 1
    assert ended.out.count("(OLD)") == 2


def test_a_path_is_told_from_the_working_directory(call, repository, monkeypatch):
    stage(repository, num_key_value_heads=2)
    monkeypatch.chdir(repository.path / "models")
    assert call("hook", "x/config.json").code == 1
    assert call("hook", repository.path / CONFIG).code == 1


def test_revisions_may_be_compared_as_pre_commit_does_for_a_push(call, repository, monkeypatch):
    stage(repository, num_key_value_heads=2)
    repository.commit()
    assert call("hook", CONFIG).code == 0
    monkeypatch.setenv("PRE_COMMIT_FROM_REF", repository.git("rev-parse", "HEAD~1"))
    assert call("hook", CONFIG).code == 1
    assert call("hook", "--against=HEAD", CONFIG).code == 0


def test_a_suppression_may_cover_nothing_here(call, repository):
    stage(repository, num_key_value_heads=2)
    repository.write(
        "archdiff.toml",
        '[[suppress]]\nrule = "layers-added"\nreason = "agreed"\n'
        '[[suppress]]\nrule = "area:attention"\nreason = "agreed"\n',
    )
    ended = call("hook", CONFIG)
    assert ended.code == 0
    assert "set aside: 2 findings suppressed: agreed" in ended.out


@pytest.mark.parametrize("against", ["no-such-branch", "--help", "a\x1bb"])
def test_a_revision_that_is_not_there_does_not_pass(call, repository, against):
    assert_refused(call("hook", f"--against={against}", CONFIG), "no such revision")


def test_outside_a_repository_it_does_not_pass(call, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert_refused(call("hook", "config.json"), "no git work tree is here")


def test_a_config_that_is_broken_does_not_pass(call, repository):
    repository.write(CONFIG, "{")
    repository.git("add", "-A")
    assert_refused(call("hook", CONFIG), "not JSON")


def test_the_entry_that_pre_commit_installs_stops_a_commit(root, repository, tmp_path):
    """The hook's own entry as a git hook, on the files that its pattern names: git commits or does not."""
    (hook,) = yaml.safe_load((root / ".pre-commit-hooks.yaml").read_text())
    program, *arguments = shlex.split(hook["entry"])
    assert program == SCRIPT.name, "the entry is the script that pip installs"
    staged = f"git diff --cached --name-only | grep -E {shlex.quote(hook['files'])}"
    script = repository.path / ".git/hooks/pre-commit"
    script.write_text(f"#!/bin/sh\n{staged} | xargs {shlex.join([str(SCRIPT), *arguments])}\n")
    script.chmod(script.stat().st_mode | stat.S_IXUSR)
    environment = {**os.environ, **APART, "ARCHDIFF_CACHE": str(tmp_path / "cache")}

    def commit(**values):
        stage(repository, **values)
        call = ["git", "commit", "-q", "-m", "next"]
        return subprocess.run(call, env=environment, capture_output=True, text=True, check=False)

    stopped = commit(num_key_value_heads=2)
    assert stopped.returncode != 0
    assert "key-value-heads-changed" in stopped.stdout + stopped.stderr
    assert repository.git("rev-list", "--count", "HEAD") == "1"
    repository.write("README.md", "nothing that a hook looks at\n")
    assert commit().returncode == 0
    assert repository.git("rev-list", "--count", "HEAD") == "2"
