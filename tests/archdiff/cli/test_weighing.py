"""`archdiff weights` and `archdiff diff --weights`: what they print and write, and how they end."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET

import jsonschema
import pytest
import torch

from archdiff.report.schema import Report
from tests.archdiff.cli.calling import assert_refused
from tests.archdiff.making import LLAMA

CONFIG = {**LLAMA, "hidden_size": 64, "intermediate_size": 160, "num_hidden_layers": 2}


def state(seed=0):
    """The tensors of a tiny Llama, drawn."""
    from archdiff.graph.build import instantiate

    model = instantiate(CONFIG, "tiny").model
    generator = torch.Generator().manual_seed(seed)
    return {
        name: torch.ones(shape) if len(shape) == 1 else 0.02 * torch.randn(shape, generator=generator)
        for name, shape in ((name, tuple(tensor.shape)) for name, tensor in model.state_dict().items())
    }


def written(folder, tensors, config=CONFIG):
    """A checkpoint directory."""
    from safetensors.torch import save_file

    folder.mkdir(parents=True)
    (folder / "config.json").write_text(json.dumps(config))
    save_file({name: tensor.contiguous() for name, tensor in tensors.items()}, folder / "model.safetensors")
    return folder


def noisy(tensors, amount=0.05, seed=9):
    generator = torch.Generator().manual_seed(seed)
    return {name: each + amount * 0.02 * torch.randn(each.shape, generator=generator) for name, each in tensors.items()}


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    """OLD, its copy, its fine-tune, and a stranger."""
    folder = tmp_path_factory.mktemp("models")
    return {
        "old": written(folder / "old", state()),
        "copy": written(folder / "copy", state()),
        "tuned": written(folder / "tuned", noisy(state())),
        "stranger": written(folder / "stranger", state(1)),
    }


def weighed(call, *arguments):
    ended = call("weights", *arguments, "--format=json")
    assert (ended.code, ended.err) == (0, "")
    return json.loads(ended.out)


def verdicts(report):
    return {each["component"]: each["verdict"] for each in report["weights"]["judgements"]}


@pytest.mark.parametrize(
    ("new", "expected", "rule"),
    [
        ("copy", {"identical"}, "weights-identical"),
        ("tuned", {"derived"}, "weights-derived"),
        ("stranger", {"inconclusive"}, "weights-inconclusive"),
    ],
)
def test_the_verdict_is_in_the_report_and_a_finding(call, models, new, expected, rule):
    report = weighed(call, models["old"], models[new])
    assert set(verdicts(report).values()) == expected
    assert rule in {finding["rule"] for finding in report["findings"]}
    assert Report.model_validate(report)


def test_json_validates_against_the_schema_that_is_published(call, models):
    schema = json.loads(call("schema").out)
    jsonschema.validate(weighed(call, models["old"], models["tuned"]), schema)


def test_the_terminal_tells_verdict_power_and_what_a_pair_cannot_tell(call, models):
    out = call("weights", models["old"], models["tuned"]).out
    assert "derived" in out
    assert "power" in out
    assert "which model came first" in " ".join(out.split())
    assert "\x1b" not in out


def test_the_same_run_prints_the_same_bytes_with_and_without_what_was_kept(call, models, tmp_path, monkeypatch):
    monkeypatch.setenv("ARCHDIFF_CACHE", str(tmp_path / "cache"))
    arguments = ("weights", models["old"], models["tuned"], "--format=json")
    first = call(*arguments).out
    assert json.loads(call("cache", "--format=json").out)["tests"] > 10
    assert first == call(*arguments).out == call(*arguments, "--no-cache").out


def test_a_dry_run_tells_the_bytes_and_reads_no_values(call, models, tmp_path):
    broken = written(tmp_path / "broken", state())
    data = bytearray((broken / "model.safetensors").read_bytes())
    (broken / "model.safetensors").write_bytes(data[: len(data) // 2] + bytes(len(data) - len(data) // 2))
    ended = call("weights", models["old"], broken, "--dry-run")
    assert ended.code == 0
    assert "steps read" in ended.out
    assert "order of hidden units" in ended.out
    plan = json.loads(call("weights", models["old"], broken, "--dry-run", "--format=json").out)
    assert plan["bytes"] == sum(step["bytes"] for step in plan["steps"]) <= sum(plan["total"])


def test_a_budget_leaves_out_and_says_so(call, models):
    report = weighed(call, models["old"], models["tuned"], "--budget", "40kB")
    assert sum(report["weights"]["read"]) <= 40_000
    assert any("beyond the budget" in text for text in report["not_checked"])


def test_parts_choose_modules_by_name(call, models):
    report = weighed(call, models["old"], models["tuned"], "--parts", "*.mlp.*")
    assert {each["role"] for each in report["weights"]["elements"]} == {"gate", "up", "down"}


def test_diff_with_weights_reports_both(call, models):
    ended = call("diff", models["old"], models["tuned"], "--weights", "all", "--format=json")
    report = json.loads(ended.out)
    assert report["changes"] == []
    assert "weights-derived" in {finding["rule"] for finding in report["findings"]}
    assert not any("weights: not compared" in text for text in report["not_checked"])


def test_diff_without_weights_says_they_were_not_compared(call, models):
    report = json.loads(call("diff", models["old"], models["tuned"], "--format=json").out)
    assert report.get("weights") is None
    assert any("weights" in text for text in report["not_checked"])


def test_a_picture_is_drawn(call, models, tmp_path):
    target = tmp_path / "weights.svg"
    assert call("weights", models["old"], models["tuned"], "--output", target).code == 0
    assert ET.fromstring(target.read_text()).tag.endswith("svg")


@pytest.mark.parametrize("ending", ["png", "dot", "pdf"])
def test_a_picture_of_weights_in_another_format_is_refused(call, models, tmp_path, ending):
    target = tmp_path / f"weights.{ending}"
    assert_refused(call("weights", models["old"], models["tuned"], "--output", target), ".svg")
    assert not target.exists()


def test_fail_on_counts_the_verdicts(call, models):
    assert call("weights", models["old"], models["tuned"], "--fail-on", "cosmetic").code == 1
    assert call("weights", models["old"], models["tuned"], "--fail-on", "breaking").code == 0


def test_a_baseline_leaves_out_known_verdicts(call, models, tmp_path):
    known = tmp_path / "known.json"
    call("weights", models["old"], models["tuned"], "--output", known)
    assert weighed(call, models["old"], models["tuned"], "--baseline", known)["findings"] == []


def test_one_file_named_twice_is_identical_and_not_read(call, models):
    report = weighed(call, models["old"], models["old"])
    assert set(verdicts(report).values()) == {"identical"}
    assert report["weights"]["read"] == [0, 0]


def test_the_dispute_is_told_for_what_it_is(call, tmp_path):
    """Norm vectors with the published moments of two unrelated models: a cosine of 0.99 that says nothing."""
    moments = [(0.2357, 0.0410, 0.4970, 0.0465), (0.3220, 0.0316, 0.6479, 0.0550), (0.2938, 0.0325, 0.7747, 0.0582)]
    generator, sides = torch.Generator().manual_seed(3), ({}, {})
    for layer, (a, b, c, d) in enumerate(moments):
        name = f"model.layers.{layer}.input_layernorm.weight"
        for side, (mean, deviation) in zip(sides, ((a, b), (c, d)), strict=True):
            side[name] = mean + deviation * torch.randn(4096, generator=generator)
    paths = [tmp_path / f"{name}.safetensors" for name in ("solar", "glm")]
    from safetensors.torch import save_file

    for path, side in zip(paths, sides, strict=True):
        save_file(side, path)
    report = weighed(call, *paths)
    assert set(verdicts(report).values()) == {"inconclusive"}
    for each in report["weights"]["elements"]:
        assert each["cosine"] > 0.98
        assert each["cosine"] == pytest.approx(each["expected_cosine"], abs=0.005)
        assert abs(each["pearson"]) < 0.05


def test_a_merge_of_two_parents_is_solved(call, tmp_path):
    base = state()
    first, second = noisy(base, 0.3, 1), noisy(base, 0.3, 2)
    mixed = {name: 0.6 * first[name] + 0.4 * second[name] for name in base}
    paths = [written(tmp_path / name, each) for name, each in (("a", first), ("b", second), ("mix", mixed))]
    report = weighed(call, paths[0], paths[2], "--parent", paths[1])
    (merge,) = [test for test in report["weights"]["tests"] if test["family"] == "merge"]
    assert merge["figures"]["weight.0"] == pytest.approx(0.6, abs=0.01)
    assert merge["figures"]["weight.1"] == pytest.approx(0.4, abs=0.01)
    (body,) = [each for each in report["weights"]["judgements"] if each["component"] == "language-model"]
    assert "merged" in body["labels"]


# Bad input


@pytest.mark.parametrize(
    ("options", "parts"),
    [
        (("--budget", "much"), ("--budget", "2GiB")),
        (("--budget", "0"), ("--budget",)),
        (("--device", "tpu"), ("tpu", "cuda")),
        (("--parts", ""), ("parts",)),
        (("--parts", "no.such.module"), ("no.such.module",)),
    ],
)
def test_bad_options_are_named(call, models, options, parts):
    assert_refused(call("weights", models["old"], models["tuned"], *options), *parts)


@pytest.mark.parametrize("arguments", [("weights",), ("diff", "--weights", "all")])
@pytest.mark.parametrize("missing", [{"scipy"}, {"numba", "scipy"}])
def test_without_the_extra_the_line_to_run_is_told(call, models, monkeypatch, arguments, missing):
    from archdiff.weights import extra

    there = extra.find_spec
    monkeypatch.setattr(extra, "find_spec", lambda name: None if name in missing else there(name))
    ended = call(*arguments, models["old"], models["tuned"])
    assert_refused(ended, *missing, "pip install 'archdiff[weights]'")


def test_a_model_without_weights_is_refused(call, models, tmp_path):
    lonely = tmp_path / "lonely"
    lonely.mkdir()
    (lonely / "config.json").write_text(json.dumps(CONFIG))
    assert_refused(call("weights", models["old"], lonely), "weights")


def test_a_saved_graph_is_refused(call, models, tmp_path):
    graph = tmp_path / "graph.json"
    call("show", models["old"], "--save", graph)
    assert_refused(call("weights", models["old"], graph), "saved graph")


def test_a_truncated_file_is_refused_and_nothing_is_written(call, models, tmp_path):
    cut = written(tmp_path / "cut", state())
    data = (cut / "model.safetensors").read_bytes()
    (cut / "model.safetensors").write_bytes(data[:-100])
    target = tmp_path / "out.json"
    assert_refused(call("weights", models["old"], cut, "--output", target), "model.safetensors")
    assert not target.exists()


def test_another_architecture_is_compared_as_far_as_it_goes(call, models, tmp_path):
    wide = {**CONFIG, "hidden_size": 128, "intermediate_size": 96}
    from archdiff.graph.build import instantiate

    model = instantiate(wide, "wide").model
    tensors = {name: 0.02 * torch.randn(tuple(each.shape)) for name, each in model.state_dict().items()}
    report = weighed(call, models["old"], written(tmp_path / "wide", tensors, wide))
    assert set(verdicts(report).values()) <= {"inconclusive", "independent"}
    assert any("cannot be matched" in text for text in report["not_checked"])


def test_nan_and_infinity_are_counted(call, models, tmp_path):
    tensors = state()
    tensors["model.layers.0.mlp.gate_proj.weight"][0, :3] = torch.nan
    tensors["model.layers.1.mlp.gate_proj.weight"][0, 0] = torch.inf
    report = weighed(call, models["old"], written(tmp_path / "nan", tensors))
    assert sum(each["nan"][1] for each in report["weights"]["elements"]) == 3
    assert sum(each["infinite"][1] for each in report["weights"]["elements"]) == 1
    assert verdicts(report)["language-model"] == "derived"
