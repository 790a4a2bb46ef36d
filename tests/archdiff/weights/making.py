"""Weight evidence made by hand, for tests of what people and programs see of it."""

from __future__ import annotations

import math

from archdiff.weights import evidence as found

HOSTILE = "\x1b[2J[bold red]x[/bold red]<script>alert(1)</script>&amp;\"'\r\n\u202e\x07\ud800"
"""A name as no file should hold it."""

PASSED = found.Control("shuffled copy", 0.3, 3.0, True)
FAILED = found.Control("trend of row norm in OLD", 9.1, 3.0, False)


def judged(component="language-model", verdict="derived", **values):
    """The verdict on a component, with one family, its power and a control that passed."""
    stated = {"log10_p": {"hidden-units": -312.4}, "power": 0.04, "controls": (PASSED,), "reasons": ("it matches",)}
    return found.Judgement(component, verdict, **{**stated, **values})


def a_test(layer=0, family="hidden-units", component="language-model", **values):
    """A test of the gate rows of one layer."""
    place = "embedding" if layer is None else f"layers.{layer} gate"
    stated = {"old": place, "new": place, "count": 1408, "log10_p": -30.0, "statistic": 0.9, "power": 0.05}
    return found.Test(family, component, layer=layer, **{**stated, **values})


def compared(layer=0, component="language-model", role="gate", **values):
    """A pair of matrices of which a tenth is equal, with a raw cosine and the expected one."""
    place = "embedding" if layer is None else f"layers.{layer} {role}"
    stated = {
        "old": place,
        "new": place,
        "count": 1000,
        "equal": 100,
        "largest": 0.5,
        "mean_difference": 0.01,
        "difference": 3.0,
        "norms": (4.0, 5.0),
        "means": (0.0, 0.0),
        "deviations": (0.02, 0.02),
        "pearson": 0.97,
        "cosine": 0.98,
        "expected_cosine": 0.01,
        "histogram": (100, *range(0, 100, 10), 450),
        "size": 4000,
    }
    return found.Elements(component, role, layer=layer, **{**stated, **values})


def mapped(matches, layers=None, component="language-model", log10_p=-200.0, high=80.0):
    """A layer map with high scores where layers match; `None` for a layer of NEW without a match."""
    width = layers if layers is not None else len(matches)
    rows = tuple(tuple(high if old == column else 0.25 for column in range(width)) for old in matches)
    return found.LayerMap(component, ("model.layers", "model.layers"), rows, tuple(matches), log10_p)


def evidence(*judgements, **values):
    """Evidence of these judgements; one derived language model unless others are given."""
    stated = {"read": (10, 20), "total": (1000, 1000), "not_checked": ("vision-tower: over the budget",)}
    return found.Evidence(judgements or (judged(),), **{**stated, **values})


def every_kind():
    """Evidence with every kind of value in it: several components, tests, pairs, a map, NaN and infinity."""
    return evidence(
        judged(labels=("fine-tuned",), frozen=("layers.0 norm",), limits=("from the same seed cannot be excluded",)),
        judged("vision-tower", "identical", log10_p={}, power=None, controls=()),
        judged("heads", "inconclusive", log10_p={"hidden-units": -5.0}, power=0.3, controls=(PASSED, FAILED)),
        tests=(
            *(a_test(layer, log10_p=-30.0 - layer, controls=(PASSED,)) for layer in range(4)),
            a_test(4, log10_p=None, statistic=None, power=None, abstained="a trend along the index"),
            a_test(None, "norms", figures={"rank": math.nan, "cosine": math.inf}),
        ),
        elements=(
            *(compared(layer, nan=(1, 0)) for layer in range(4)),
            compared(None, "vision-tower", "embedding", equal=1000, digest="sha256:00", pearson=math.nan, norms=(0, 0)),
        ),
        maps=(mapped((0, 1, 1, 2, None)),),
    )


def hostile():
    """Evidence in which every text is hostile."""
    return evidence(
        judged(HOSTILE, labels=(HOSTILE,), reasons=(HOSTILE,), frozen=(HOSTILE,), limits=(HOSTILE,),
               log10_p={HOSTILE: -13.0}, controls=(found.Control(HOSTILE, 1.0, 0.5, False),)),
        tests=(a_test(component=HOSTILE, old=HOSTILE, new=HOSTILE, abstained=HOSTILE, figures={HOSTILE: 1.0}),),
        elements=(compared(component=HOSTILE, role=HOSTILE, old=HOSTILE, new=HOSTILE, method=HOSTILE),),
        maps=(found.LayerMap(HOSTILE, (HOSTILE, HOSTILE), ((1.0, math.nan), (math.inf, 2.0)), (0, None), -math.inf),),
        device=HOSTILE,
        not_checked=(HOSTILE,),
    )  # fmt: skip
