"""transformers' operations on tensors without values, against the same operations on numbers."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
import torch
from transformers import core_model_loading as conversions
from transformers.core_model_loading import WeightConverter

from archdiff.weights.pairing.follow import convert
from archdiff.weights.pairing.patchwork import NotFollowedError
from tests.archdiff.weights.pairing.test_patchwork import numbers

C = conversions
PAIRS = {"g": [(3, 4)] * 4, "u": [(3, 4)] * 4}
EXPERTS = {"e.*.g": [(3, 4)] * 4, "e.*.u": [(3, 4)] * 4}
CASES = {
    "merge and concatenate": (("e.*.g", "e.*.u"), ("gu",), [C.MergeModulelist(0), C.Concatenate(1)], EXPERTS),
    "merge": (("e.*.d",), ("d",), [C.MergeModulelist(0)], {"e.*.d": [(4, 3)] * 5}),
    "interleave and chunk": (("w",), ("g", "u"), [C.Interleave(1), C.Chunk(1)], {"w": [(2, 6, 4)]}),
    "interleave rows": (("w",), ("g", "u"), [C.Interleave(0), C.Chunk(0)], {"w": [(6, 4)]}),
    "interleave back": (("w",), ("g",), [C.Interleave(0, inverse=True)], {"w": [(6, 4)]}),
    "chunk and permute": (
        ("qkv",), ("q", "k", "v"), [C.Chunk(0), C.PermuteForRope(permute_layer_names=["q", "k"])], {"qkv": [(24, 4)]},
    ),
    "permute a bias": (("q",), ("p",), [C.PermuteForRope()], {"q": [(24,)]}),
    "transpose": (("x",), ("y",), [C.Transpose(1, 2)], {"x": [(3, 4, 5)]}),
    "transpose if needed": (("x",), ("y",), [C.Transpose(0, 1, check_dims=True)], {"x": [(5, 4)]}),
    "leave as it is": (("x",), ("y",), [C.Transpose(0, 1, check_dims=True)], {"x": [(4, 5)]}),
    "concatenate": (("a", "b"), ("c",), [C.Concatenate(0)], {"a": [(3, 4)], "b": [(2, 4)]}),
    "split": (("w",), ("y", "z"), [C.Split(0)], {"w": [(6, 5)]}),
    "ernie": (("g", "u"), ("t", "v"), [C.ErnieFuseAndSplitTextVisionExperts(0, 1)], PAIRS),
    "flatten": (("w",), ("y",), [C.Conv3dToLinear(3, (2, 2, 2))], {"w": [(4, 3, 2, 2, 2)]}),
    "split a list": (("w",), ("e.*.w",), [C.SplitModulelist(0)], {"w": [(3, 4, 5)]}),
}  # fmt: skip

MODEL = SimpleNamespace(get_parameter=lambda name: SimpleNamespace(shape=torch.Size(PARAMETERS[name])))
PARAMETERS = {"y": (4, 5), "z": (2, 5)}
CONFIG = SimpleNamespace(num_attention_heads=2)


def _by_execution(converter, shapes):
    tensors, first = {}, 0
    for pattern, found in shapes.items():
        tensors[pattern] = []
        for shape in found:
            tensors[pattern].append(torch.arange(first, first + int(np.prod(shape))).reshape(shape))
            first += int(np.prod(shape))
    for operation in converter.operations:
        tensors = operation.convert(
            tensors, source_patterns=converter.source_patterns, target_patterns=converter.target_patterns,
            full_layer_name="y", model=MODEL, config=CONFIG, missing_keys=None,
        )  # fmt: skip
    return {key: (value[0] if isinstance(value, list) else value).numpy() for key, value in tensors.items()}


@pytest.mark.parametrize("case", CASES)
def test_elements_come_from_where_the_operation_takes_them(case):
    sources, targets, operations, shapes = CASES[case]
    converter = WeightConverter(list(sources), list(targets), operations)
    made = convert(converter, shapes, "y", MODEL, CONFIG)
    wanted = _by_execution(converter, shapes)

    assert made.keys() == wanted.keys()
    flat = [shape for found in shapes.values() for shape in found]
    for key, array in wanted.items():
        assert np.array_equal(numbers(made[key], flat), array)


class _Doubled(C.ConversionOps):
    def convert(self, input_dict, target_patterns, **_):
        return {target_patterns[0]: next(iter(input_dict.values()))[0] * 2}


class _Made(C.ConversionOps):
    def convert(self, _, target_patterns, **__):
        return {target_patterns[0]: torch.ones(2)}


@pytest.mark.parametrize(("operation", "named"), [(_Doubled(), "_Doubled"), (_Made(), "of its own")])
def test_an_operation_that_makes_values_is_refused(operation, named):
    with pytest.raises(NotFollowedError, match=named):
        convert(WeightConverter("a", "b", [operation]), {"a": [(2, 3)]}, "b", MODEL, CONFIG)


def test_tensors_that_an_operation_refuses_are_refused_by_its_name():
    converter = WeightConverter(["a", "b"], "c", [C.Concatenate(0)])

    with pytest.raises(NotFollowedError, match="Concatenate"):
        convert(converter, {"a": [(2, 3)], "b": [(2, 4)]}, "c", MODEL, CONFIG)
