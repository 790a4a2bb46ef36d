"""The real pair: fetched once, and what its publishers say of it holds."""

from __future__ import annotations

import json

import pytest
import torch

import archdiff
from tests.benchmarks.provenance.rxnfp import MODELS, NotToBeHadError, rxnfp


@pytest.fixture(scope="module")
def pair():
    try:
        return rxnfp()
    except NotToBeHadError as error:
        pytest.skip(str(error))


def weights(folder):
    state = torch.load(folder / "pytorch_model.bin", weights_only=True)
    return {name.removeprefix("bert."): each for name, each in state.items()}


def test_the_configs_say_what_they_are_of(pair):
    for folder, name in zip(pair, MODELS.values(), strict=True):
        said = json.loads((folder / "config.json").read_text())
        assert (said["model_type"], said["architectures"], said["num_hidden_layers"]) == ("bert", [name], 12)


def test_the_second_was_fine_tuned_from_the_first(pair):
    old, new = map(weights, pair)
    both = [name for name in old if name in new and name.startswith("encoder") and old[name].ndim == 2]
    correlations = [float(torch.corrcoef(torch.stack((old[n].flatten(), new[n].flatten())))[0, 1]) for n in both]
    assert len(both) == 72
    assert 0.9 < min(correlations) < 0.999


def verdicts(old, new):
    report = archdiff.weigh(str(old), str(new), cached=False)
    assert report.weights is not None
    return {each.component: each for each in report.weights.judgements}


def test_the_second_is_judged_to_be_derived_and_fine_tuned(pair):
    found = verdicts(*pair)["language-model"]
    assert (found.verdict, found.labels) == ("derived", ("fine-tuned",))
    assert max(found.log10_p[family] for family in ("hidden-units", "value-channels")) < -1000
    assert found.log10_p["layer-map"] < -100


def test_the_first_is_judged_to_be_identical_with_itself(pair):
    assert {each.verdict for each in verdicts(pair[0], pair[0]).values()} == {"identical"}
