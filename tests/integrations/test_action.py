"""The GitHub Action: its scripts run as a runner runs them, and what they are given never becomes code."""

from __future__ import annotations

import json
import os
import re
import subprocess
from pathlib import Path
from typing import NamedTuple

import pytest
import yaml

STOP = re.compile(r"^::stop-commands::([0-9a-f]{32})$", re.MULTILINE)
DEFAULTS = {
    "ARCHDIFF_FAIL_ON": "",
    "ARCHDIFF_ARGS": "",
    "ARCHDIFF_ANNOTATIONS": "true",
    "ARCHDIFF_SUMMARY": "true",
}


class Step(NamedTuple):
    """How a step ended: exit code, standard output, outputs, summary."""

    code: int
    out: str
    outputs: dict
    summary: str


@pytest.fixture(scope="module")
def action(root):
    """The action as data."""
    return yaml.safe_load((root / "action.yml").read_text())


@pytest.fixture
def step(root, tmp_path, repository, programs, cache):
    """Run a script of the action in a repository, with what a runner sets."""

    def step(name, **inputs):
        files = {variable: tmp_path / variable for variable in ("GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY")}
        for file in files.values():
            file.write_text("")
        runner = {"RUNNER_TEMP": str(tmp_path / "runner"), **{k: str(v) for k, v in files.items()}}
        environment = {**os.environ, **runner, "ARCHDIFF_CACHE": cache}
        script = root / ".github" / "action" / name
        done = subprocess.run(
            [script], cwd=repository.path, env={**environment, **inputs}, capture_output=True, text=True, check=False
        )
        outputs = dict(line.split("=", 1) for line in files["GITHUB_OUTPUT"].read_text().splitlines())
        return Step(done.returncode, done.stdout, outputs, files["GITHUB_STEP_SUMMARY"].read_text())

    return step


@pytest.fixture
def compare(step):
    """Run the comparison of the action."""

    def compare(old="HEAD:config.json", new="config.json", **inputs):
        given = {f"ARCHDIFF_{name.upper()}": value for name, value in inputs.items()}
        return step("compare.sh", **{**DEFAULTS, "ARCHDIFF_OLD": old, "ARCHDIFF_NEW": new, **given})

    return compare


def test_a_breaking_change_is_reported_everywhere(compare):
    ended = compare(fail_on="breaking")
    assert ended.code == 0, "the last step of the action gives the verdict"
    assert (ended.outputs["exit-code"], ended.outputs["impact"]) == ("1", "breaking")
    report = json.loads(Path(ended.outputs["report"]).read_text())
    assert int(ended.outputs["findings"]) == len(report["findings"]) > 0
    assert json.loads(Path(ended.outputs["sarif"]).read_text())["runs"][0]["results"]
    assert Path(ended.outputs["markdown"]).read_text() == ended.summary
    assert "key-value-heads-changed" in ended.summary
    assert re.search(r"^::(error|warning|notice) .*key-value-heads-changed", ended.out, re.MULTILINE)


def test_without_a_level_the_settings_of_the_repository_say_what_fails(compare, repository):
    assert compare().outputs["exit-code"] == "0"
    repository.write("archdiff.toml", 'fail-on = "breaking"\n')
    assert compare().outputs["exit-code"] == "1"
    assert compare(fail_on="never").outputs["exit-code"] == "0"


def test_models_that_are_equal(compare):
    ended = compare(new="HEAD:config.json", fail_on="cosmetic")
    assert (ended.outputs["exit-code"], ended.outputs["findings"], ended.outputs["impact"]) == ("0", "0", "none")


def test_annotations_and_summary_can_be_left_out(compare):
    ended = compare(annotations="false", summary="false")
    assert ended.summary == ""
    assert not re.search(r"^::(error|warning|notice)", ended.out, re.MULTILINE)
    assert "key-value-heads-changed" in ended.out


def test_further_arguments_stand_one_on_each_line(compare):
    every = compare()
    some = compare(args="--select\nkey-value-*, norm-*\n\n--min-confidence=high\n")
    assert 0 < int(some.outputs["findings"]) < int(every.outputs["findings"])
    assert compare(args="--select area:attention").outputs["exit-code"] == "2", "a line is one argument"


@pytest.mark.parametrize(
    "old", ["no-such-model", "HEAD~7:config.json", "--help", "$(touch ran)", "`touch ran`; touch ran"]
)
def test_what_cannot_be_told_is_an_error_and_no_report(compare, repository, tmp_path, old):
    (tmp_path / "runner/archdiff/report.json").write_text("{}")
    ended = compare(old=old)
    assert (ended.code, ended.outputs) == (0, {"exit-code": "2"}), "no report of an earlier run either"
    assert "::error title=archdiff could not tell::archdiff: " in ended.out
    assert not (repository.path / "ran").exists()


def test_names_inside_a_model_are_no_workflow_commands(compare, repository):
    repository.config("::error::owned/config.json", num_key_value_heads=2)
    ended = compare(new="::error::owned/config.json", annotations="false")
    token = STOP.search(ended.out)[1]
    between = ended.out.split(f"::stop-commands::{token}\n")[1].split(f"\n::{token}::")[0]
    assert "::error::owned" in between
    assert "::error::owned" not in ended.out.replace(between, "")
    assert STOP.search(compare(old="no-such-model").out)[1] != token, "nobody can know it beforehand"


def fake(tmp_path, name, text):
    """A program that a script finds before any other of its name."""
    program = tmp_path / "fake" / name
    program.parent.mkdir(exist_ok=True)
    program.write_text(f"#!/bin/sh\n{text}")
    program.chmod(0o755)
    return f"{program.parent}{os.pathsep}{os.environ['PATH']}"


@pytest.mark.parametrize(("known", "method"), [("", "POST"), ("41\n42", "PATCH")])
def test_one_comment_is_kept(step, tmp_path, known, method):
    log = tmp_path / "log"
    listing = f"printf '{known}\\n'" if known else "true"
    path = fake(tmp_path, "gh", f'case "$*" in *--jq*) {listing};; *) echo "$@" >>{log};; esac\n')
    (tmp_path / "report.md").write_text("## the report\n")
    (tmp_path / "runner/archdiff").mkdir(parents=True, exist_ok=True)
    inputs = {"ARCHDIFF_MARKDOWN": str(tmp_path / "report.md"), "ARCHDIFF_PULL": "7", "GITHUB_REPOSITORY": "o/r"}
    assert step("comment.sh", PATH=path, **inputs).code == 0
    call = log.read_text()
    body = tmp_path / "runner/archdiff/comment.md"
    assert f"--method {method}" in call
    assert f"body=@{body}" in call
    assert ("repos/o/r/issues/comments/41" if known else "repos/o/r/issues/7/comments") in call
    assert body.read_text() == "<!-- archdiff -->\n## the report\n"


PYTHON = """case "$1" in
    -c) exit {old} ;;
    -m) if [ "$2" = venv ]; then
            mkdir -p "$3/bin"; printf '#!/bin/sh\\nfor a; do echo "$a"; done >"%s"\\n' {log} >"$3/bin/python"
            chmod +x "$3/bin/python"
        fi ;;
esac
"""


def install(step, tmp_path, old=0, extras="", pip_args=""):
    """What pip was called with, one argument on each line; None where it was not called."""
    log = tmp_path / "pip.log"
    path = fake(tmp_path, "python-of-runner", PYTHON.format(old=old, log=log))
    inputs = {"ARCHDIFF_PYTHON": "python-of-runner", "ARCHDIFF_EXTRAS": extras, "ARCHDIFF_PIP_ARGS": pip_args}
    ended = step("install.sh", PATH=path, **inputs)
    return ended, log.read_text().splitlines() if log.exists() else None


def test_it_installs_its_own_checkout_with_the_pinned_versions(step, tmp_path, root, programs):
    (programs / "python").unlink()
    ended, arguments = install(step, tmp_path)
    assert ended.code == 0
    assert arguments[:3] == ["-m", "pip", "install"]
    assert arguments[-3:] == ["--constraint", str(root / "constraints.txt"), str(root)]
    _, arguments = install(step, tmp_path, extras="weights,bom", pip_args="--extra-index-url\nhttps://x.example/a b\n")
    assert arguments[-3:] == ["--extra-index-url", "https://x.example/a b", f"{root}[weights,bom]"]


@pytest.mark.parametrize("given", [{"old": 1}, {"extras": "weights]; x"}, {"extras": "--help"}, {"extras": "a,,b"}])
def test_it_installs_nothing_where_it_cannot(step, tmp_path, given):
    ended, arguments = install(step, tmp_path, **given)
    assert (ended.code, arguments) == (2, None)
    assert ended.out.startswith("::error title=archdiff::")


def test_inputs_reach_scripts_by_the_environment_alone(action):
    for each in action["runs"]["steps"]:
        assert "${{" not in each.get("run", "")
    text = json.dumps(action["runs"])
    assert {name for name in action["inputs"] if f"inputs.{name}" not in text} == set()


def test_every_variable_of_a_script_is_set_by_its_step(action, root):
    for each in action["runs"]["steps"]:
        if script := re.search(r"action/(\w+\.sh)", each.get("run", "")):
            text = (root / ".github/action" / script[1]).read_text()
            assert set(re.findall(r"ARCHDIFF_\w+", text)) == {n for n in each["env"] if n.startswith("ARCHDIFF_")}


def test_every_output_is_written(action, compare):
    written = set(compare().outputs)
    for name, output in action["outputs"].items():
        assert output["value"] == f"${{{{ steps.compare.outputs.{name} }}}}"
    assert written == set(action["outputs"])


def test_the_verdict_is_the_exit_code(action):
    verdict = action["runs"]["steps"][-1]
    for code in (0, 1, 2):
        environment = {**os.environ, "ARCHDIFF_EXIT_CODE": str(code)}
        assert subprocess.run(["bash", "-c", verdict["run"]], env=environment, check=False).returncode == code


def test_scripts_can_be_run_and_stop_at_the_first_fault(root):
    for script in sorted((root / ".github/action").glob("*.sh")):
        assert os.access(script, os.X_OK), script.name
        assert "set -euo pipefail" in script.read_text()
        assert subprocess.run(["bash", "-n", script], check=False).returncode == 0
