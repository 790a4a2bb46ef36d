"""The verdict on one component: what each rule asks for, and what it says where that is missing."""

from __future__ import annotations

import dataclasses
import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archdiff.weights.evidence import EXACT, ROBUST, Control, Elements, LayerMap
from archdiff.weights.evidence import Test as Outcome
from archdiff.weights.verdict import CERTAIN, LIMITS, POWER, ROBUSTLY, Found, judge

BODY = "language-model"


def elements(equal=0, count=1000, **more):
    values = {"norms": (1.0, 1.0), "deviations": (0.1, 0.1), "difference": 0.1, "layer": 0, "pearson": 0.99} | more
    role, layer = values.pop("role", "gate"), values.pop("layer")
    return Elements(BODY, role, "a", "b", layer, count, equal, **values)


def found(combined=(), power=0.05, **more):
    combined = dict(combined)
    tests = more.pop("tests", tuple(Outcome(family, BODY, "a", "b", 0, 64, p) for family, p in combined.items()))
    own = more.pop("elements", (elements(),))
    return Found(BODY, tests, own, more.pop("maps", ()), combined, power, **more)


QUIET = {"hidden-units": -0.3, "value-channels": -0.5, "match": -0.2}


def test_equal_elements_are_identical():
    judgement = judge(found(elements=(elements(1000), elements(1000, layer=1))))
    assert judgement.verdict == "identical"
    assert "2,000" in judgement.reasons[0]


def test_one_other_element_is_not_identical():
    assert judge(found(elements=(elements(1000), elements(999)))).verdict != "identical"


def test_equal_constants_alone_are_not_identical():
    """The norms of two fresh models are all ones."""
    assert judge(found(elements=(elements(1000, deviations=(0.0, 0.0)),))).verdict == "inconclusive"


def test_nan_on_both_sides_is_not_identical():
    assert judge(found(elements=(elements(1000, nan=(1, 1)),))).verdict == "inconclusive"


def test_identical_names_what_has_no_partner():
    judgement = judge(found(elements=(elements(1000),), unmatched=("layers.0 query",)))
    assert any("layers.0 query" in reason for reason in judgement.reasons)


@pytest.mark.parametrize("families", list(itertools.combinations(EXACT, 2)))
def test_two_exact_families_derive(families):
    judgement = judge(found(dict.fromkeys(families, -13.0)))
    assert judgement.verdict == "derived"
    assert judgement.limits == LIMITS


@pytest.mark.parametrize("family", EXACT)
def test_one_exact_family_alone_does_not(family):
    judgement = judge(found({**QUIET, family: -300.0}))
    assert judgement.verdict == "inconclusive"
    assert "alone" in judgement.reasons[0]


def test_an_exact_and_a_robust_family_are_a_transformation():
    judgement = judge(found({"hidden-units": -0.3, "value-channels": -40.0, "match": -9.0}))
    assert judgement.verdict == "transformed"
    assert "permuted" in judgement.labels
    assert any("silent" in reason for reason in judgement.reasons)


def test_two_robust_families_are_a_transformation():
    assert judge(found({"hidden-units": -0.3, "match": -9.0, "polar": -9.0})).verdict == "transformed"


@pytest.mark.parametrize("family", ROBUST)
def test_one_robust_family_alone_is_not(family):
    assert judge(found({"hidden-units": -0.3, "value-channels": -0.2, family: -9.0})).verdict == "inconclusive"


def test_silence_with_power_is_independence_worded_with_its_power():
    judgement = judge(found(QUIET, power=0.04))
    assert judgement.verdict == "independent"
    assert judgement.reasons[0] == "no dependence detected at row cosine ≥ 0.04"


def test_silence_without_power_is_not():
    judgement = judge(found(QUIET, power=0.2))
    assert judgement.verdict == "inconclusive"
    assert any("power" in reason and "0.2" in reason for reason in judgement.reasons)


def test_silence_of_exact_tests_alone_is_not_independence():
    assert judge(found({"hidden-units": -0.3, "value-channels": -0.5})).verdict == "inconclusive"


def test_a_p_value_between_is_neither():
    judgement = judge(found({**QUIET, "hidden-units": -5.0}))
    assert judgement.verdict == "inconclusive"
    assert any("1e-05" in reason for reason in judgement.reasons)


@pytest.mark.parametrize("combined", [QUIET, dict.fromkeys(EXACT, -90.0), {"match": -50.0, "polar": -50.0}])
def test_a_failed_control_aborts_every_verdict_but_identity(combined):
    failed = Control("cross-layer pair", 9.0, 3.0, passed=False)
    tests = tuple(Outcome(family, BODY, "a", "b", 0, 64, p, controls=(failed,)) for family, p in combined.items())
    judgement = judge(found(combined, tests=tests))
    assert judgement.verdict == "inconclusive"
    assert "cross-layer pair" in judgement.reasons[0]
    assert judge(found(combined, tests=tests, elements=(elements(1000),))).verdict == "identical"


def test_a_control_of_a_test_that_abstained_fails_nothing():
    failed = Control("trend", 9.0, 3.0, passed=False)
    told = tuple(Outcome(family, BODY, "a", "b", 0, 64, p) for family, p in QUIET.items())
    silent = Outcome("routed-experts", BODY, "a", "b", 0, 8, None, controls=(failed,), abstained="a trend in OLD")
    assert judge(found(QUIET, tests=(*told, silent))).verdict == "independent"


def test_embeddings_follow_the_body_where_their_columns_match():
    only = {"residual": -50.0}
    assert judge(found(only, body="derived")).verdict == "derived"
    assert judge(found(only, body="independent")).verdict == "inconclusive"
    assert judge(found(only, body=None)).verdict == "inconclusive"


def test_nothing_to_compare_is_inconclusive_and_says_so():
    judgement = judge(found({}, power=None, elements=(), tests=()))
    assert judgement.verdict == "inconclusive"
    assert judgement.reasons


@given(
    st.dictionaries(st.sampled_from([*EXACT, *ROBUST]), st.floats(-400, 0), max_size=8),
    st.none() | st.floats(0.001, 1),
    st.integers(0, 1000),
)
def test_every_verdict_keeps_its_promise(combined, power, equal):
    judgement = judge(found(combined, power=power, elements=(elements(equal),)))
    exact = sum(combined.get(family, 0.0) < CERTAIN for family in EXACT)
    robust = sum(combined.get(family, 0.0) < ROBUSTLY for family in ROBUST)
    assert judgement.reasons
    if judgement.verdict == "derived":
        assert exact > 1
    if judgement.verdict == "transformed":
        assert robust
        assert robust + exact > 1
    if judgement.verdict == "independent":
        assert power <= POWER
        assert not exact
        assert not robust
    if judgement.verdict == "identical":
        assert equal == 1000


# Labels

DERIVED = {"hidden-units": -90.0, "value-channels": -90.0}


def _labels(*given, **more):
    return judge(found(DERIVED, elements=given, **more)).labels


def test_a_small_difference_is_a_fine_tune_and_a_large_one_was_trained_on():
    assert _labels(elements(difference=0.05)) == ("fine-tuned",)
    assert _labels(elements(difference=0.9)) == ("continued",)


def test_a_part_that_is_equal_was_frozen():
    judgement = judge(found(DERIVED, elements=(elements(1000, layer=0), elements(3, layer=1))))
    assert "frozen-part" in judgement.labels
    assert judgement.frozen == ("layer 0",)


def test_roles_that_are_equal_in_all_layers_are_told_as_such():
    rows = [elements(1000 * (role == "key"), layer=layer, role=role) for layer in range(3) for role in ("key", "gate")]
    assert judge(found(DERIVED, elements=tuple(rows))).frozen == ("key of all layers",)


def test_constants_are_not_frozen():
    rows = (elements(1000, layer=0, deviations=(0.0, 0.0), role="norm"), elements(3, layer=0), elements(2, layer=1))
    assert judge(found(DERIVED, elements=rows)).frozen == ()


def test_a_packed_side_is_told():
    assert "quantised" in _labels(elements(method="fp8: one scale"))


def test_rows_that_keep_their_direction_were_scaled():
    figures = {"row_cosine": 0.99999, "column_cosine": 0.8, "relative": 0.7, "low_rank": 0.0}
    rank = Outcome("rank", BODY, "a", "b", 0, 64, statistic=60.0, figures=figures)
    tests = (*found(DERIVED).tests, rank)
    assert _labels(elements(), tests=tests) == ("scaled",)
    turned = dataclasses.replace(rank, figures={**figures, "row_cosine": 0.9})
    assert _labels(elements(), tests=(*found(DERIVED).tests, turned)) == ("fine-tuned",)


def test_a_difference_of_zero_says_nothing_of_its_rank():
    low = Outcome("rank", BODY, "a", "b", 0, 64, statistic=3.0, figures={"low_rank": 1.0})
    none = Outcome("rank", BODY, "a", "b", 1, 64, statistic=0.0, figures={"low_rank": 0.0})
    assert _labels(elements(), tests=(*found(DERIVED).tests, low, none)) == ("adapter-merged",)


def test_values_that_another_type_cannot_hold_are_no_adapter():
    tiny = Outcome("rank", BODY, "a", "b", 0, 64, statistic=1.0, figures={"low_rank": 1.0, "relative": 1e-9})
    assert "adapter-merged" not in _labels(elements(), tests=(*found(DERIVED).tests, tiny))


def _turned(closeness, diagonal, heldout=0.99):
    figures = {"closeness": closeness, "diagonal": diagonal, "heldout_cosine": heldout}
    tests = tuple(Outcome(family, BODY, "a", "b", 0, 64, p) for family, p in {"match": -9.0, "probed": -90.0}.items())
    return (*tests, Outcome("polar", BODY, "a", "b", None, 64, -50.0, closeness, figures=figures))


@pytest.mark.parametrize(
    ("figures", "label"),
    [((0.2, 0.0), "rotated"), ((1.0, 0.0), "permuted"), ((1.0, 1.0), None), ((0.2, 0.0, 0.3), None)],
)
def test_what_became_of_the_residual_stream(figures, label):
    tests = _turned(*figures)
    judgement = judge(found({"match": -9.0, "probed": -90.0, "polar": -50.0, "hidden-units": -0.2}, tests=tests))
    assert judgement.verdict == "transformed"
    assert set(judgement.labels) & {"permuted", "rotated"} == ({label} if label else set())


def test_one_exact_family_that_is_silent_beside_certain_ones_was_permuted():
    judgement = judge(found({**DERIVED, "routed-experts": -0.4}))
    assert judgement.verdict == "derived"
    assert "permuted" in judgement.labels


def test_a_low_rank_difference_is_an_adapter():
    rank = Outcome("rank", BODY, "a", "b", 0, 64, statistic=3.0, figures={"low_rank": 1.0})
    tests = (*found(DERIVED).tests, rank)
    assert _labels(elements(), tests=tests) == ("adapter-merged",)
    full = dataclasses.replace(rank, figures={"low_rank": 0.0})
    assert "adapter-merged" not in _labels(elements(), tests=(*tests, full))


def test_layers_that_were_copied_are_depth_scaled():
    copied = LayerMap(BODY, ("a", "b"), ((90.0, 0.0),) * 4, (0, 1, 0, 1), -60.0)
    assert "depth-scaled" in _labels(elements(), maps=(copied,))
    dropped = LayerMap(BODY, ("a", "b"), ((90.0,) * 4,) * 2, (0, 3), -60.0)
    assert "pruned" in _labels(elements(), maps=(dropped,))
    straight = LayerMap(BODY, ("a", "b"), ((90.0, 0.0), (0.0, 90.0)), (0, 1), -60.0)
    assert "depth-scaled" not in _labels(elements(), maps=(straight,))


def test_fewer_rows_that_are_found_again_are_pruned():
    cut = Outcome("hidden-units", BODY, "a", "b", 0, 48, -60.0, figures={"rows_old": 64.0, "rows_new": 48.0})
    assert "pruned" in _labels(elements(), tests=(*found(DERIVED).tests, cut))


@pytest.mark.parametrize(
    ("residual", "single", "spread", "merged"),
    [(0.001, 0.2, 0.001, True), (0.05, 0.2, 0.001, False), (0.001, 0.001, 0.001, False), (0.001, 0.2, 0.3, False)],
    ids=["a merge", "something is left", "a copy of one", "weights that vary"],
)
def test_a_merge_leaves_rounding_needs_several_and_has_one_set_of_weights(residual, single, spread, merged):
    figures = {"single": single, "spread": spread, "floor": 2.0**-9}
    test = Outcome("merge", BODY, "OLD, other", "b", None, 12, statistic=residual, figures=figures)
    assert ("merged" in _labels(elements(), tests=(*found(DERIVED).tests, test))) == merged
