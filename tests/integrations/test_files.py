"""The files of code hosts and container engines: valid, pinned, and true about this repository."""

from __future__ import annotations

import os
import re
import subprocess
import sysconfig
from fnmatch import fnmatch
from pathlib import Path

import check_jsonschema
import pytest
import yaml
from click.testing import CliRunner

SCHEMAS = {
    "vendor.github-actions": "action.yml",
    "vendor.github-workflows": ".github/workflows/ci.yml",
    "custom.github-workflows-require-timeout": ".github/workflows/ci.yml",
    "vendor.gitlab-ci": ".gitlab/archdiff.gitlab-ci.yml",
}
PINNED = re.compile(r"(?P<name>[\w./-]+)@[0-9a-f]{40}")


@pytest.mark.parametrize(("schema", "file"), SCHEMAS.items())
def test_it_is_valid(root, schema, file):
    transform = ["--data-transform", "gitlab-ci"] if "gitlab" in schema else []
    ended = CliRunner().invoke(check_jsonschema.main, ["--builtin-schema", schema, *transform, str(root / file)])
    assert ended.exit_code == 0, ended.output


def test_zizmor_finds_nothing(root):
    """zizmor looks for what lets strangers run code or take tokens: https://docs.zizmor.sh."""
    program = Path(sysconfig.get_path("scripts")) / "zizmor"
    call = [program, "--offline", "--no-progress", root / "action.yml", root / ".github/workflows/ci.yml"]
    done = subprocess.run(call, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def uses(value):
    """Everything that a workflow or action runs of others."""
    if isinstance(value, dict):
        yield from ([value["uses"]] if "uses" in value else [])
        value = list(value.values())
    if isinstance(value, list):
        for item in value:
            yield from uses(item)


@pytest.mark.parametrize("file", ["action.yml", ".github/workflows/ci.yml"])
def test_what_others_wrote_is_pinned_to_a_commit(root, file):
    found = [each for each in uses(yaml.safe_load((root / file).read_text())) if each != "$/"]
    assert found
    assert [each for each in found if not PINNED.fullmatch(each)] == []


def test_the_workflow_runs_every_check_and_the_action_itself(root):
    jobs = yaml.safe_load((root / ".github/workflows/ci.yml").read_text())["jobs"]
    assert any(step.get("run") == ".ci/run" for step in jobs["checks"]["steps"])
    inputs = yaml.safe_load((root / "action.yml").read_text())["inputs"]
    (step,) = (step for step in jobs["action"]["steps"] if step.get("uses") == "$/")
    assert set(step["with"]) <= set(inputs)
    assert {name for name, each in inputs.items() if each.get("required")} <= set(step["with"])


@pytest.mark.parametrize(("level", "code"), [("breaking", 1), ("never", 0)])
def test_the_job_of_gitlab_compares_and_writes_its_reports(root, repository, programs, cache, level, code):
    job = yaml.safe_load((root / ".gitlab/archdiff.gitlab-ci.yml").read_text())[".archdiff"]
    base = repository.git("rev-parse", "HEAD")
    given = {"CI_MERGE_REQUEST_DIFF_BASE_SHA": base, "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}"}
    variables = {
        name: value.replace("$CI_MERGE_REQUEST_DIFF_BASE_SHA", base) for name, value in job["variables"].items()
    }
    environment = {**os.environ, **given, **variables, "ARCHDIFF_FAIL_ON": level, "ARCHDIFF_CACHE": cache}
    script = "\n".join(job["script"])
    call = ["bash", "-euo", "pipefail", "-c", script]
    done = subprocess.run(call, cwd=repository.path, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == code, done.stderr
    artifacts = job["artifacts"]
    for name in (*artifacts["paths"], *artifacts["reports"].values()):
        assert (repository.path / name).stat().st_size > 0
    assert artifacts["when"] == "always"


def test_what_gitlab_installs_is_a_package_that_the_user_names(root):
    job = yaml.safe_load((root / ".gitlab/archdiff.gitlab-ci.yml").read_text())[".archdiff"]
    assert job["variables"]["ARCHDIFF_PACKAGE"] == "archdiff"
    assert all('"$ARCHDIFF_PACKAGE"' in line for line in job["before_script"])


def instructions(root):
    """Instruction and argument of every line of the Containerfile, continued lines joined."""
    text = re.sub(r"^#.*\n", "", (root / "Containerfile").read_text(), flags=re.MULTILINE)
    lines = [line for line in text.replace("\\\n", " ").splitlines() if line.strip()]
    return [tuple(line.split(None, 1)) for line in lines]


def arguments(root, name):
    return [argument for instruction, argument in instructions(root) if instruction == name]


def test_the_image_is_pinned_and_runs_as_nobody(root):
    bases = [argument.split()[0] for argument in arguments(root, "FROM")]
    assert len(bases) == 2
    assert all(re.fullmatch(r"python:3\.\d+-slim-\w+", base) for base in bases)
    last = max(at for at, (name, _) in enumerate(instructions(root)) if name == "FROM")
    after = dict(instructions(root)[last:])
    assert after["USER"].isdecimal(), "a number, so that an orchestrator can tell that it is not root"
    assert int(after["USER"]) > 0
    assert f"--uid {after['USER']}" in after["RUN"]
    assert after["ENTRYPOINT"] == '["archdiff"]'


def is_sent(root, name):
    """Whether the rules of .dockerignore send a path to the engine; the last that fits counts."""
    sent = True
    for rule in (root / ".dockerignore").read_text().splitlines():
        pattern = rule.removeprefix("!").removeprefix("**/")
        if rule and not rule.startswith("#") and any(fnmatch(part, pattern) for part in (name, Path(name).parts[-1])):
            sent = rule.startswith("!")
    return sent


def test_what_the_image_is_built_from_is_there_and_sent(root):
    copied = [name for each in arguments(root, "COPY") if "--from" not in each for name in each.split()[:-1]]
    assert {"pyproject.toml", "constraints.txt", "analyzer", "rules"} <= set(copied)
    for name in copied:
        assert (root / name).exists()
        assert is_sent(root, name)
    for name in (".git", "tests", "fixtures", "demo", ".venv", "analyzer/archdiff/__pycache__"):
        assert not is_sent(root, name)


def test_what_pyproject_needs_for_a_wheel_is_copied(root):
    stated = (root / "pyproject.toml").read_text()
    copied = " ".join(arguments(root, "COPY"))
    for name in re.findall(r'(?:readme = |license-files = \[)"([^"]+)"', stated):
        assert name in copied


def test_the_commands_of_the_image_are_shell_and_leave_nothing_behind(root):
    for command in arguments(root, "RUN"):
        assert subprocess.run(["sh", "-n", "-c", command], check=False).returncode == 0
        if "apt-get install" in command:
            assert "--no-install-recommends" in command
            assert "rm -rf /var/lib/apt/lists/*" in command
        if "pip install" in command:
            assert "--no-cache-dir" in command
            assert "-c constraints.txt" in command


def test_the_extras_of_the_image_are_those_of_the_package(root):
    import tomllib

    extras = tomllib.loads((root / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    (named,) = re.findall(r"'\.\[([a-z,]+)\]'", " ".join(arguments(root, "RUN")))
    assert set(named.split(",")) <= set(extras)
