"""Tests of independence and their controls: pure functions of matrices, reproducible from a seed.

Exact: `order_test` (F1), `router_test` (F2), `value_test` (F3), `residual_test` (F4). Robust, for `calibrate`:
`match_test`, `alignment_test`, `polar_test`, `upcycled`. Every test returns an `Outcome`.
"""

from __future__ import annotations

from archdiff.weights.statistics.alignment import Alignment, align, alignment_test, unbiased_cka
from archdiff.weights.statistics.calibrate import calibrate, cross_layer_controls, shuffled_controls
from archdiff.weights.statistics.combine import bonferroni, fisher
from archdiff.weights.statistics.grouped import router_test, value_test
from archdiff.weights.statistics.layers import layer_map
from archdiff.weights.statistics.match import fold_norm, match_test, probed
from archdiff.weights.statistics.merge import mixing
from archdiff.weights.statistics.norms import pooled
from archdiff.weights.statistics.order import order_test, sample_rows
from archdiff.weights.statistics.outcome import Outcome
from archdiff.weights.statistics.polar import polar_factor, polar_test
from archdiff.weights.statistics.power import detectable
from archdiff.weights.statistics.residual import residual_test
from archdiff.weights.statistics.upcycling import upcycled

__all__ = [
    "Alignment",
    "Outcome",
    "align",
    "alignment_test",
    "bonferroni",
    "calibrate",
    "cross_layer_controls",
    "detectable",
    "fisher",
    "fold_norm",
    "layer_map",
    "match_test",
    "mixing",
    "order_test",
    "polar_factor",
    "polar_test",
    "pooled",
    "probed",
    "residual_test",
    "router_test",
    "sample_rows",
    "shuffled_controls",
    "unbiased_cka",
    "upcycled",
    "value_test",
]
