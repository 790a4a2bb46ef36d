"""What settings do to a weight check: its findings are selected, suppressed and known as all others are."""

from __future__ import annotations

import json

import pytest

from tests.archdiff.cli.calling import assert_refused
from tests.archdiff.cli.test_weighing import noisy, state, written


@pytest.fixture
def pair(tmp_path, monkeypatch):
    """A checkpoint and its fine-tune."""
    monkeypatch.chdir(tmp_path)
    return written(tmp_path / "old", state()), written(tmp_path / "tuned", noisy(state()))


def weighed(call, pair, *options):
    ended = call("weights", *pair, "--format=json", *options)
    assert ended.err == ""
    return ended.code, json.loads(ended.out)


def test_a_suppressed_verdict_stands_in_the_evidence_and_does_not_fail(call, pair, tmp_path):
    code, before = weighed(call, pair, "--fail-on=cosmetic")
    assert (code, {finding["rule"] for finding in before["findings"]}) == (1, {"weights-derived"})
    (tmp_path / "archdiff.toml").write_text(
        'fail-on = "cosmetic"\n[weights]\nparts = "shared"\nbudget = "none"\ndevice = "cpu"\n'
        '[[suppress]]\nrule = "area:weights"\nold = "old"\nnew = "tuned"\nreason = "declared as a fine-tune"\n'
    )
    code, after = weighed(call, pair)
    assert (code, after["findings"]) == (0, [])
    assert [each["finding"] for each in after["set_aside"]] == before["findings"]
    assert after["weights"]["judgements"] == before["weights"]["judgements"]
    text = call("weights", *pair).out
    assert "derived" in text
    assert f"set aside: {len(before['findings'])} findings suppressed: declared as a fine-tune" in text


def test_a_suppression_that_covers_nothing_is_an_error_once_weights_are_read(call, pair, tmp_path):
    (tmp_path / "archdiff.toml").write_text('[[suppress]]\nrule = "layers-copied"\nreason = "x"\n')
    assert call("diff", *pair).code == 0
    assert_refused(call("weights", *pair), "suppress 1 (layers-copied): covers no finding")


def test_what_is_not_selected_is_counted(call, pair):
    code, report = weighed(call, pair, "--select=area:attention", "--fail-on=cosmetic")
    assert (code, report["findings"]) == (0, [])
    assert report["not_checked"][-1].endswith("not selected")
    assert report["configuration"]["select"] == ["area:attention"]
