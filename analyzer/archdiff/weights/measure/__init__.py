"""Measure pairs of units: each element once, in one pass, on the processor or on GPUs; and the rank of what changed."""

from __future__ import annotations

from archdiff.weights.measure.device import Device, choose_device
from archdiff.weights.measure.elementwise import compare
from archdiff.weights.measure.rank import DifferenceRank, difference_rank
from archdiff.weights.measure.sums import expected_cosine

__all__ = ["Device", "DifferenceRank", "choose_device", "compare", "difference_rank", "expected_cosine"]
