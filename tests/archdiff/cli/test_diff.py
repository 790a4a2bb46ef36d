"""`archdiff diff`: what it prints and writes, and how it ends."""

from __future__ import annotations

import json
import os
from pathlib import Path

import jsonschema
import pytest

from archdiff import cli
from archdiff.report.schema import Report
from tests.archdiff.cli.calling import assert_refused, process
from tests.archdiff.making import config

LEVELS = {"breaking": 1, "behavioral": 1, "cosmetic": 1, "never": 0}


def rules_of(text):
    return {finding["rule"] for finding in json.loads(text)["findings"]}


def test_it_prints_the_report_and_ends_with_0(call, pair):
    ended = call("diff", *pair)
    assert (ended.code, ended.err) == (0, "")
    assert ended.out.startswith("old.json (OLD) → new.json (NEW)")
    assert "key-value-heads-changed" in ended.out
    assert "\x1b" not in ended.out


def test_json_validates_against_the_schema_that_is_published(call, pair):
    schema = json.loads(call("schema").out)
    report = json.loads(call("diff", *pair, "--format", "json").out)
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.validate(report, schema)
    assert Report.model_validate(report)
    assert {change["id"] for change in report["changes"]} >= set(report["findings"][0]["changes"])


@pytest.mark.parametrize(("level", "code"), LEVELS.items())
def test_fail_on_a_breaking_pair(call, pair, level, code):
    assert call("diff", *pair, "--fail-on", level).code == code


@pytest.mark.parametrize(("level", "code"), {**LEVELS, "breaking": 0}.items())
def test_fail_on_a_behavioral_pair(call, tmp_path, level, code):
    old = config(tmp_path / "old.json", rms_norm_eps=1e-6)
    assert call("diff", old, config(tmp_path / "new.json", rms_norm_eps=1e-5), "--fail-on", level).code == code


def test_a_model_and_itself(call, pair):
    ended = call("diff", pair[0], pair[0], "--fail-on", "cosmetic")
    assert ended.code == 0
    assert "no findings" in ended.out


def test_select_and_ignore(call, pair):
    def found(*options):
        return rules_of(call("diff", *pair, "--format=json", *options).out)

    every = found()
    assert {"key-value-heads-changed", "norm-epsilon-changed"} <= every
    assert found("--select=key-value-*") == {"key-value-heads-changed"}
    assert found("--select=key-value-*, norm-epsilon-changed") == {"key-value-heads-changed", "norm-epsilon-changed"}
    assert found("--select", "norm-epsilon-changed", "--select", "layers-added") == {"norm-epsilon-changed"}
    assert found("--ignore=norm-*") == every - {"norm-epsilon-changed"}


def test_what_is_not_selected_does_not_fail_and_is_counted(call, pair):
    ended = call("diff", *pair, "--select=layers-added", "--fail-on=cosmetic")
    assert ended.code == 0
    assert "not selected" in ended.out


def test_a_baseline_leaves_out_what_it_holds(call, pair, tmp_path):
    baseline = tmp_path / "baseline.json"
    call("diff", *pair, "--output", baseline, "--ignore=norm-*", "-q")
    ended = call("diff", *pair, "--baseline", baseline, "--format=json", "--fail-on=breaking")
    assert ended.code == 0
    assert rules_of(ended.out) == {"norm-epsilon-changed"}
    assert call("diff", *pair, "--baseline", baseline, "--fail-on=behavioral").code == 1


def test_a_baseline_of_an_earlier_or_later_schema_of_this_major_version_is_read(call, pair, tmp_path):
    baseline = tmp_path / "baseline.json"
    call("diff", *pair, "--output", baseline, "-q")
    document = json.loads(baseline.read_text())
    for version in ("1.0", document["schema_version"], "1.12"):
        baseline.write_text(json.dumps({**document, "schema_version": version}))
        assert call("diff", *pair, "--baseline", baseline, "--fail-on=cosmetic").code == 0


BASELINES = {
    "not JSON": "{",
    "no object": "[]",
    "no report": "{}",
    "another version": '{"schema_version": "9.0", "findings": []}',
    "no version": '{"schema_version": "1.x", "findings": []}',
    "a number": '{"schema_version": 1.1, "findings": []}',
    "no findings": '{"schema_version": "1.0"}',
    "odd findings": '{"schema_version": "1.0", "findings": [1]}',
    "odd fingerprint": '{"schema_version": "1.0", "findings": [{"fingerprint": "x"}]}',
}


@pytest.mark.parametrize("text", BASELINES.values(), ids=BASELINES)
def test_a_bad_baseline_is_refused(call, pair, tmp_path, text):
    (tmp_path / "baseline.json").write_text(text)
    assert_refused(call("diff", *pair, "--baseline", tmp_path / "baseline.json"), "baseline.json")


def test_a_baseline_that_is_not_there_is_refused(call, pair):
    assert_refused(call("diff", *pair, "--baseline=nowhere.json"), "baseline nowhere.json: cannot be read")


def test_quiet_prints_nothing_before_or_after_the_command(call, pair, tmp_path):
    assert call("diff", *pair, "--quiet", "-o", tmp_path / "a.json") == (0, "", "")
    assert call("-q", "diff", *pair, "--fail-on=breaking") == (1, "", "")
    assert rules_of((tmp_path / "a.json").read_text())


def test_outputs_go_to_files_and_the_report_stays(call, pair, tmp_path):
    files = [tmp_path / name for name in ("a.json", "b.txt")]
    ended = call("diff", *pair, *(f"--output={file}" for file in files))
    assert ended.out == files[1].read_text(encoding="utf-8")
    assert rules_of(files[0].read_text(encoding="utf-8"))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.json", "b.txt", "models"]


def test_a_file_may_be_written_again(call, pair, tmp_path):
    (tmp_path / "a.json").write_text("before")
    assert call("diff", *pair, "-q", "-o", tmp_path / "a.json").code == 0
    assert rules_of((tmp_path / "a.json").read_text())


def test_a_link_stays_a_link(call, pair, tmp_path):
    (tmp_path / "link.json").symlink_to(tmp_path / "real.json")
    assert call("diff", *pair, "-q", "-o", tmp_path / "link.json").code == 0
    assert (tmp_path / "link.json").is_symlink()
    assert rules_of((tmp_path / "real.json").read_text())


def refused_output(call, pair, output, *parts):
    before = {path: path.read_bytes() for path in Path(pair[0]).parent.iterdir()}
    assert_refused(call("diff", *pair, "--output", output), *parts)
    assert before == {path: path.read_bytes() for path in Path(pair[0]).parent.iterdir()}


def test_an_output_that_cannot_be_is_refused(call, pair, tmp_path):
    (tmp_path / "folder.json").mkdir()
    os.mkfifo(tmp_path / "pipe.json")
    refused_output(call, pair, "report.docx", "report.docx", "its ending names no format", ".json")
    refused_output(call, pair, tmp_path / "no" / "a.json", "its directory does not exist")
    refused_output(call, pair, tmp_path / "folder.json", "is no regular file")
    refused_output(call, pair, tmp_path / "pipe.json", "is no regular file")
    refused_output(call, pair, pair[0], "is an input of this command")
    refused_output(call, pair, "a\0.json", "a\\x00.json")


def test_one_file_named_twice_is_refused(call, pair, tmp_path):
    ended = call("diff", *pair, "-o", tmp_path / "a.json", "-o", tmp_path / "models" / ".." / "a.json")
    assert_refused(ended, "is named twice")


def test_where_one_file_fails_none_is_written(call, pair, tmp_path, monkeypatch):
    def failing(draft, content):
        if content.startswith(b"old"):
            raise OSError(28, "No space left on device")
        return os.write(os.open(draft, os.O_WRONLY), content)

    monkeypatch.setattr(cli.output.Path, "write_bytes", failing)
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "a.json").write_text("before")
    ended = call("diff", *pair, "-o", tmp_path / "out" / "a.json", "-o", tmp_path / "out" / "b.txt")
    assert_refused(ended, "b.txt: cannot be written (No space left on device)")
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["a.json"]
    assert (tmp_path / "out" / "a.json").read_text() == "before"


def test_where_a_picture_cannot_be_drawn_nothing_is_written(call, pair, tmp_path, monkeypatch):
    (tmp_path / "out").mkdir()
    monkeypatch.setenv("PATH", str(tmp_path))
    for arguments in (("-o", tmp_path / "out" / "b.svg"), ("--format", "svg")):
        ended = call("diff", *pair, "-o", tmp_path / "out" / "a.json", *arguments)
        assert_refused(ended, "Graphviz: the program `dot` is not installed")
        assert not list((tmp_path / "out").iterdir())


def test_hostile_names_and_values_are_escaped(call, tmp_path):
    hostile = "\x1b[31m<script>[bold]x"
    old = config(tmp_path / f"{hostile}.json", note=hostile)
    new = config(tmp_path / "new.json", note="harmless", task_specific_params={hostile: hostile})
    text = call("diff", old, new).out
    assert "\x1b" not in text
    assert "<script>[bold]x" in text
    report = json.loads(call("diff", old, new, "--format=json").out)
    assert "\x1b" not in report["old"]["name"]


def test_the_same_bytes_whatever_the_hash_seed(pair):
    first, second = (process("diff", *pair, "--format=json", PYTHONHASHSEED=seed) for seed in ("1", "2"))
    assert first.code == 0
    assert first.out
    assert first == second
