"""What the watches tell of a stream, and what they are silent on."""

from __future__ import annotations

import math
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archdiff.evidence.training_log.curve import DENSE, MOST, Curve
from archdiff.evidence.training_log.watch import Copies, Kept, Noise, Steps, Stretches
from archdiff.evidence.training_log.watch.copies import LENGTH
from tests.archdiff.evidence.training_log.logs import judged, kinds, records, scratch


def told(watch, steps, losses=None):
    """Kind, first and last step of the events of a watch."""
    for number, step in enumerate(steps):
        watch.see(step, None if losses is None else losses[number])
    return [(event.kind, event.first, event.last) for event in watch.events()]


def test_a_plain_run_is_silent(tmp_path):
    log = judged(tmp_path, records(scratch(3000), _timestamp=lambda step: 1e9 + 2 * step))
    assert log.summary.events == ()
    assert log.summary.seconds == pytest.approx(2 * 2999)


def test_a_gap():
    assert told(Steps(), [*range(100), *range(300, 400)]) == [("gap", 99, 300)]


def test_writing_less_often_is_no_gap():
    steps = [*range(100), *range(100, 2000, 10), *range(2000, 9000, 100)]
    assert told(Steps(), steps) == []


def test_a_first_interval_is_no_gap():
    assert told(Steps(), [0, *range(100, 2000, 100)]) == []


def test_a_restart_from_a_checkpoint():
    watch = Steps()
    assert told(watch, [*range(100), *range(50, 200)]) == [("restart", 50, 99)]
    assert (watch.restarts, watch.backwards) == (1, 1)


def test_steps_that_come_twice():
    assert told(Steps(), [0, 1, 1, 2]) == [("repeated-step", 1, 1)]


def test_a_clock_that_goes_back():
    watch = Steps()
    for step in range(20):
        watch.see(step, 1e9 + (step if step < 10 else step - 500))
    assert [(event.kind, event.first, event.last) for event in watch.events()] == [("clock", 9, 10)]


def test_a_pause_counts_for_no_time():
    watch = Steps()
    for step in range(20):
        watch.see(step, 1e9 + step + (0 if step < 10 else 7200))
    assert [(event.kind, event.first, event.last) for event in watch.events()] == [("pause", 9, 10)]
    assert watch.seconds == pytest.approx(18)


def test_the_same_value_many_times():
    losses = scratch(100)
    losses[40:50] = [losses[40]] * 10
    assert told(Stretches(), range(100), losses) == [("constant", 40, 49)]


def test_rounded_values_that_repeat_are_silent():
    losses = [round(value, 2) for value in scratch(3000, noise=0.01)]
    assert told(Stretches(), range(3000), losses) == []


def test_a_straight_line():
    losses = scratch(100)
    losses[40:60] = [4 - 0.01 * at for at in range(20)]
    ((kind, first, last),) = told(Stretches(), range(100), losses)
    assert (kind, last) == ("straight", 59)
    assert abs(first - 40) <= 1


@pytest.mark.parametrize("decimals", [2, 3, 4, 5])
@pytest.mark.parametrize("scatter", [0.0005, 0.005])
def test_a_plateau_of_rounded_values_is_no_line_and_no_copy(decimals, scatter):
    dice = random.Random(2)
    losses = [round(2 + dice.gauss(0, scatter), decimals) for _ in range(20_000)]
    found = [*told(Stretches(), range(20_000), losses), *told(Copies(), range(20_000), losses)]
    assert not {kind for kind, _, _ in found} - {"constant"}


@pytest.mark.parametrize("decimals", [4, 6, 12])
def test_a_line_of_rounded_values(decimals):
    losses = [round(value, decimals) for value in scratch(100)]
    losses[40:60] = [round(4 - 0.0212 * at, decimals) for at in range(20)]
    assert [kind for kind, _, _ in told(Stretches(), range(100), losses)] == ["straight"]


def test_losses_that_are_no_numbers():
    losses = scratch(100)
    losses[40:45], losses[99] = [math.nan] * 5, math.inf
    watch = Stretches()
    assert told(watch, range(100), losses) == [("not-a-number", 40, 44), ("not-a-number", 99, 99)]
    assert watch.not_a_number == 6


def test_a_copied_stretch():
    losses = scratch(500)
    losses[300:350] = losses[100:150]
    assert told(Copies(), range(500), losses) == [("copied", 300, 349)]


def test_the_same_steps_written_twice_are_no_forgery():
    losses = scratch(100)
    steps = [*range(100), *range(50, 100)]
    assert told(Copies(), steps, [*losses, *losses[50:]]) == [("duplicate", 50, 99)]


def test_a_short_repetition_is_silent():
    losses = scratch(500)
    losses[300 : 300 + LENGTH - 1] = losses[100 : 100 + LENGTH - 1]
    assert told(Copies(), range(500), losses) == []


@pytest.mark.parametrize("decimals", [2, 3, 4])
def test_rounded_plateaus_are_no_copies(decimals):
    dice = random.Random(1)
    losses = [round(2 + dice.gauss(0, 0.05), decimals) for _ in range(20_000)]
    assert told(Copies(), range(20_000), losses) == []


def test_a_copy_in_a_log_too_long_to_remember_whole(monkeypatch):
    from archdiff.evidence.training_log.watch import copies

    monkeypatch.setattr(copies, "_MOST", 500)
    losses = scratch(6000)
    losses[5000:5400] = losses[1000:1400]
    watch = Copies()
    ((kind, first, last),) = told(watch, range(6000), losses)
    assert len(watch._seen) <= 501
    assert kind == "copied"
    assert 5000 <= first < 5200 < last <= 5400


def test_a_steep_curve_is_no_running_average():
    dice = random.Random(3)
    watch = of_noise([20 - 0.01 * step - 1e-6 * step**2 + dice.gauss(0, 0.001) for step in range(1000)])
    assert watch.autocorrelation() == pytest.approx(-0.5, abs=0.1)


def averaged(losses, weight):
    value, found = losses[0], []
    for loss in losses:
        value = weight * value + (1 - weight) * loss
        found.append(value)
    return found


def of_noise(losses):
    watch = Noise()
    for step, loss in enumerate(losses):
        watch.see(step, loss)
    return watch


def test_separate_batches():
    watch = of_noise(scratch(2000))
    assert watch.autocorrelation() == pytest.approx(-0.5, abs=0.08)
    assert watch.scatter() == pytest.approx(0.03 / 3, rel=0.2)
    assert watch.events() == ()


@pytest.mark.parametrize("weight", [0.8, 0.9, 0.99])
def test_a_running_average(weight):
    watch = of_noise(averaged(scratch(4000), weight))
    assert watch.autocorrelation() == pytest.approx(-(1 - weight) / 2, abs=0.1)
    assert [event.kind for event in watch.events()] == ["smoothed"]


def test_a_curve_without_scatter():
    (event,) = of_noise(scratch(1000, noise=0.0)).events()
    assert "no loss of different batches" in event.text


def test_short_logs_say_nothing_of_smoothing():
    watch = of_noise(averaged(scratch(150), 0.99))
    assert (watch.autocorrelation(), watch.scatter(), watch.events()) == (None, None, ())


def test_many_events_are_counted():
    kept = Kept("gap")
    for number in range(500):
        kept.add(number, number, "text")
    events = kept.events()
    assert len(events) == 21
    assert events[-1].text == "and 480 more of this kind"


@given(st.integers(0, 5000))
def test_a_curve_is_bounded_and_keeps_its_beginning(count):
    curve = Curve()
    for step in range(count):
        curve.add(step, float(step))
    points = curve.points()
    assert len(points) <= min(count, MOST)
    assert [point.step for point in points[:DENSE]] == list(range(min(count, DENSE)))
    assert sum(point.count for point in points) == count
    assert len({point.count for point in points[DENSE:-1]}) <= 1, "points of equal weight, but for the last"
    assert [point.step for point in points] == sorted({point.step for point in points})


@given(st.lists(st.floats(0, 20) | st.just(math.nan), min_size=1, max_size=3000))
def test_a_curve_keeps_the_mean(losses):
    curve = Curve()
    for step, loss in enumerate(losses):
        curve.add(step, loss)
    finite = [loss for loss in losses if math.isfinite(loss)]
    held = [point for point in curve.points() if point.loss is not None]
    assert sum(point.loss * point.count for point in held) == pytest.approx(sum(finite), rel=1e-9, abs=1e-9)


def test_gaps_restarts_and_nan_do_not_change_the_verdict(tmp_path):
    losses = scratch(400)
    losses[200] = math.nan
    rows = [row for row in records(losses) if not 300 <= row["step"] < 350]
    again = scratch(60, end=3.1, seed=5)[30:]
    rows = [*rows, *({"step": 380 + at, "loss": 3.2 + loss / 100} for at, loss in enumerate(again))]
    log = judged(tmp_path, rows)
    assert kinds(log) == {"gap", "restart", "not-a-number"}
    assert log.verdict == "from-scratch"
    assert (log.summary.restarts, log.summary.gaps, log.summary.not_a_number) == (1, 1, 1)
