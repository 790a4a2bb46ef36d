"""Which values of a checkpoint are which part of a model, and which parts of two models correspond."""

from __future__ import annotations

from archdiff.weights.pairing.collect import Units, units_of
from archdiff.weights.pairing.pairs import Pairs, pair_units

__all__ = ["Pairs", "Units", "pair_units", "units_of"]
