"""A plan carried out: what runs, what is not needed, what an interrupted run keeps, and what it comes to."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from archdiff.errors import SourceError
from archdiff.graph.store import Store
from archdiff.weights.conclude import combined, conclude, power_of
from archdiff.weights.examine import Context
from archdiff.weights.keep import Kept, Result
from archdiff.weights.measure import choose_device
from archdiff.weights.partners import partnered
from archdiff.weights.plan import within
from archdiff.weights.propose import propose
from archdiff.weights.run import run
from archdiff.weights.units import matrix

from . import layouts

LAYERS = 3


class Case:
    """Two models with a plan; `seen` lists the steps that were begun."""

    def __init__(self, old, new, *, digests=True):
        (first, a), (second, b) = old, new
        marks = (
            {name: f"{id(side)}:{name}" for name in values} if digests else {} for side, values in ((1, a), (2, b))
        )
        self.sides = layouts.sides(first, second)
        self.tensors = tuple(layouts.tensors(values, digests=mark) for values, mark in zip((a, b), marks, strict=True))
        steps, left_out = propose(self.sides, "all")
        self.plan = within(steps, self.tensors, None, left_out)
        self.context = Context(*self.tensors, self.sides)
        self.seen = []

    def run(self, store=None, progress=None):
        for tensors in self.tensors:
            tensors.taken.clear()
        kept = Kept(store, self.tensors)
        return run(self.plan, self.context, kept, choose_device("cpu"), progress or self.seen.append)

    def judged(self):
        evidence = conclude(self.plan, Result.of(done.result for done in self.run()), {})
        return {each.component: each for each in evidence.judgements}


def model(seed=0, kind=layouts.dense, layers=LAYERS):
    return layouts.model([kind(number) for number in range(layers)], seed)


def changed(original, amount, seed=7):
    layout, values = original
    rng = np.random.default_rng(seed)
    return layout, {
        name: (array + amount * array.std() * rng.normal(size=array.shape)).astype(np.float32)
        for name, array in values.items()
    }


def test_a_fine_tune_is_derived_without_the_robust_tests():
    case = Case(model(), changed(model(), 0.1))
    judged = case.judged()["language-model"]
    assert judged.verdict == "derived"
    assert judged.labels == ("fine-tuned",)
    assert not [place for place in case.seen if place.endswith((": match", ": polar", ": alignment"))]


def test_unrelated_models_are_never_accused_and_all_tests_run():
    case = Case(model(0), model(1))
    judged = case.judged()
    assert {each.verdict for each in judged.values()} <= {"independent", "inconclusive"}
    assert any(place.endswith(": match") for place in case.seen)


def test_equal_models_are_identical_and_nothing_else_is_read():
    case = Case(model(), model())
    judged = case.judged()
    assert {each.verdict for each in judged.values()} == {"identical"}
    assert {place.rpartition(": ")[2] for place in case.seen} == {"elements"}


def test_permuted_experts_are_found_by_their_router():
    layout, values = model(kind=layouts.experts)
    order = np.random.default_rng(3).permutation(6)
    moved = dict(values)
    for number in range(LAYERS):
        at = f"model.layers.{number}"
        moved[f"{at}.router.weight"] = values[f"{at}.router.weight"][order]
        for place, expert in enumerate(order):
            for role in ("gate", "up", "down"):
                moved[f"{at}.experts.{place}.{role}.weight"] = values[f"{at}.experts.{expert}.{role}.weight"]
    case = Case((layout, values), (layout, moved))
    tests = [t for done in case.run() if done.result for t in done.result.tests if t.family == "hidden-units"]
    assert tests
    assert max(test.log10_p for test in tests) < -12


def test_experts_must_not_be_matched_by_the_rows_that_are_then_tested():
    """The best of six experts by its own p-value is no fair draw; the one that the router names is."""
    from archdiff.weights.statistics import order_test

    chosen, best = [], []
    for seed in range(60):
        case = Case(model(2 * seed, layouts.experts, 1), model(2 * seed + 1, layouts.experts, 1))
        step = next(step for step in case.plan.steps if step.kind == "hidden-units")
        own = partnered(step, case.context)[0]
        rows = [reading.read(tensors) for reading, tensors in zip((own.old[0], own.new[0]), case.tensors, strict=True)]
        chosen.append(order_test(*rows, seed=seed).log10_p)
        experts = case.sides.new.experts(("model.layers", 0), "gate")
        best.append(min(order_test(rows[0], matrix(case.tensors[1], unit), seed=seed).log10_p for unit in experts))
    assert stats.kstest(10.0 ** np.array(chosen), "uniform").pvalue > 0.001
    assert stats.kstest(10.0 ** np.array(best), "uniform").pvalue < 1e-6


def test_an_interrupted_run_goes_on_where_it_stopped(tmp_path):
    store = Store(tmp_path / "weights", 2**24)
    case = Case(model(0), model(1))

    def stop(place):
        case.seen.append(place)
        if len(case.seen) == 9:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        case.run(store, stop)
    assert len(store.entries()) == 8
    whole = case.run(store)
    assert repr(case.run(None)) == repr(whole)
    case.run(store)
    assert not any(tensors.taken for tensors in case.tensors)


def test_what_was_measured_before_a_fault_stays(tmp_path):
    store = Store(tmp_path / "weights", 2**24)
    case = Case(model(0), model(1))
    read, last = case.tensors[1].read, "model.layers.2.mlp.gate.weight"

    def broken(name, start, stop):
        if name == last:
            raise SourceError("new", "the file was truncated", "download it again")
        return read(name, start, stop)

    case.tensors[1].read = broken
    with pytest.raises(SourceError, match="truncated"):
        case.run(store)
    assert len(store.entries()) > 3


def test_the_same_run_twice_is_the_same():
    assert repr(Case(model(0), model(1)).run()) == repr(Case(model(0), model(1)).run())


def test_power_grows_with_the_number_of_tests():
    few, many = (Case(model(0, layers=n), model(1, layers=n)) for n in (1, 3))
    powers = []
    for case in (few, many):
        tests = [test for done in case.run() if done.result for test in done.result.tests]
        powers.append(power_of([test for test in tests if test.family == "hidden-units"]))
    assert powers[1] < powers[0]


def test_families_are_combined_over_layers():
    case = Case(model(), changed(model(), 0.5))
    tests = [test for done in case.run() if done.result for test in done.result.tests]
    single = [test.log10_p for test in tests if test.family == "hidden-units"]
    assert combined(tests, "language-model")["hidden-units"] < min(single)
