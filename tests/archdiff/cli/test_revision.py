"""`archdiff` on a config as a git revision holds it."""

from __future__ import annotations

import json

import pytest

from tests.archdiff.cli.calling import assert_refused
from tests.archdiff.repositories import Repository


@pytest.fixture
def repository(tmp_path, monkeypatch):
    """A config whose key-value heads were halved after the first commit."""
    made = Repository(tmp_path / "tiny")
    made.config()
    made.commit()
    made.config(num_key_value_heads=2)
    monkeypatch.chdir(made.path)
    return made


def test_a_config_is_compared_with_an_earlier_one(call, repository):
    ended = call("diff", "HEAD:config.json", "config.json", "--fail-on", "breaking")
    assert (ended.code, ended.err) == (1, "")
    assert ended.out.startswith("tiny@HEAD (OLD) → tiny (NEW)")
    assert "key-value-heads-changed" in ended.out


def test_the_report_states_the_commit(call, repository):
    head = repository.git("rev-parse", "HEAD")
    report = json.loads(call("diff", "HEAD:config.json", "HEAD:config.json", "--format=json").out)
    assert report["findings"] == []
    assert (report["old"]["kind"], report["old"]["revision"]) == ("revision", head)


def test_a_revision_has_no_weights(call, repository):
    assert_refused(call("weights", "HEAD:config.json", "HEAD:"), "of which the config alone is read")


@pytest.mark.parametrize("reference", ["HEAD:nowhere", "main~3:config.json", "--help:config.json", "HEAD:\x1b[31m"])
def test_what_is_not_there_is_one_line(call, repository, reference):
    assert_refused(call("show", "--", reference))
