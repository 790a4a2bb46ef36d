"""On trained weights that know nothing of each other the exact tests have uniform p-values."""

from __future__ import annotations

import numpy as np
import pytest

from tests.benchmarks.provenance.calibration import FAMILIES, HEADER, line, outcomes, parts
from tests.benchmarks.provenance.members import scratch


def strangers():
    return scratch("qwen2_moe", "small", 1), scratch("qwen2_moe", "small", 2)


def logs(old, new, family, kept=1.0):
    """Of the tests that did not abstain, as a few do: trends in one model alone come by chance too."""
    return np.array([each.log10_p for each in outcomes(old, new, family, kept=kept) if each.log10_p is not None])


@pytest.mark.parametrize("kept", [1.0, 0.75])
def test_hidden_units_of_hundreds_of_unrelated_experts(kept):
    from scipy.stats import kstest

    values = 10.0 ** logs(*strangers(), "hidden-units", kept)
    assert 0.98 * 3 * 3 * (8 * 8 + 1) < len(values) <= 3 * 3 * (8 * 8 + 1)
    assert kstest(values, "uniform").pvalue > 0.001
    assert 0.02 < np.mean(values < 0.05) < 0.08


@pytest.mark.parametrize("family", FAMILIES)
def test_every_family_tells_a_model_from_itself_layer_by_layer(family):
    model = strangers()[0]
    found = logs(model, model, family)
    # Those on the diagonal of layers × layers, and of experts × experts; an order of eight experts tells little.
    wanted = {"hidden-units": 3 * (8 + 1), "value-channels": 3, "routed-experts": 3}[family]
    least = {"hidden-units": -12, "value-channels": -8, "routed-experts": -4}[family]
    assert (found < least).sum() == wanted


def test_every_kind_has_parts_of_each_family_it_has():
    assert {part.family for part in parts(strangers()[0])} == set(FAMILIES)
    assert {part.family for part in parts(scratch("gpt2", "small", 1))} == {"hidden-units", "value-channels"}


def test_a_line_has_a_cell_for_each_column():
    cells = line("value-channels", "qwen2_moe", outcomes(*strangers(), "value-channels"))
    assert len(cells) == len(HEADER)
    assert cells[:4] == ("value-channels", "qwen2_moe", "9", "0")
