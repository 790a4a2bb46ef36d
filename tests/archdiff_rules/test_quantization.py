"""Quantisation schemes in words, and what of them counts."""

from __future__ import annotations

from dataclasses import replace

import pytest

from archdiff_rules.dtype_changed import dtype_changed
from archdiff_rules.quantization_changed import quantization_changed
from tests.archdiff_rules.bare import CHANGE, found, model

DTYPE = replace(CHANGE, subject="dtype", before=None, after="bfloat16")
SCHEME = replace(CHANGE, subject="quantization_config.quant_method", before="mxfp4", after=None)
RETYPED = replace(CHANGE, kind="tensor-retyped", role="query", subject="weight", before="a", after="b")


def stored(method=None, detail=(), excluded=(), dtype="bfloat16"):
    return model(
        {
            "quantization.method": method,
            "quantization.detail": detail,
            "quantization.excluded": excluded,
            "dtype": dtype,
        }
    )


MESSAGES = [
    (stored("mxfp4"), stored(), "MXFP4 → none: routed experts were stored in 4 bits"),
    (stored(), stored("fp8"), "none → FP8: weights are stored in 8 bits"),
    (stored(), stored("gptq", ("bits=3", "group_size=128")), "none → GPTQ: weights are stored in 3 bits"),
    (stored(), stored("new-scheme"), "none → new-scheme: weights are stored quantised"),
    (stored("fp8", ("fmt=e4m3",)), stored("fp8", ("fmt=e5m2",)), "FP8 with fmt: e4m3 → e5m2"),
    (stored("fp8"), stored("fp8", ("scale_fmt=ue8m0",)), "FP8 with scale_fmt: none → ue8m0"),
    (
        stored("fp8", (), ("lm_head",)),
        stored("fp8", (), ("lm_head", "model.layers.0.mlp.gate")),
        "left out of quantisation: none → model.layers.*.mlp.gate",
    ),
]


@pytest.mark.parametrize(("old", "new", "message"), MESSAGES)
def test_both_schemes_are_named(old, new, message):
    (finding,) = found(quantization_changed, old, new)
    assert finding.message == message
    assert finding.impact == "breaking"


def test_the_same_modules_of_more_layers_are_stored_as_before():
    few, many = (tuple(f"model.layers.{n}.mlp.gate" for n in range(count)) for count in (2, 4))
    (finding,) = found(quantization_changed, stored("fp8", (), few), stored("fp8", (), many))
    assert finding.impact == "cosmetic"
    assert finding.message == "the same modules of every layer left out: 2 → 4 names"


def test_a_type_that_only_the_scheme_determines_belongs_to_the_scheme():
    sides = stored("mxfp4", dtype=None), stored()
    assert found(dtype_changed, *sides, DTYPE, SCHEME, RETYPED) == []
    (finding,) = found(quantization_changed, *sides, DTYPE, SCHEME, RETYPED)
    assert len(finding.explains) == 3


def test_a_declared_type_that_differs_is_reported_beside_a_scheme():
    sides = stored("fp8", dtype="bfloat16"), stored(dtype="float16")
    assert [f.message for f in found(dtype_changed, *sides, DTYPE)] == ["parameter type: bfloat16 → float16"]


def test_an_undeclared_type_is_named_as_such():
    (finding,) = found(dtype_changed, stored(dtype=None), stored(), DTYPE, RETYPED)
    assert finding.message == "parameter type: not declared → bfloat16"
    assert len(finding.explains) == 2


def test_tensors_of_another_type_are_reported_where_the_declaration_is_the_same():
    (finding,) = found(dtype_changed, stored(), stored(), RETYPED)
    assert finding.message == "type of tensor `weight` of query: a → b"


def test_equal_storage_is_silent():
    assert found(quantization_changed, stored("fp8"), stored("fp8")) == []
    assert found(dtype_changed, stored(), stored()) == []
