"""A training log as text and as a picture."""

from __future__ import annotations

import itertools
import math
import xml.etree.ElementTree as ET

import pytest

from archdiff.render import render
from archdiff.render.screen import Screen
from archdiff.render.training_log_text import VERDICTS, text
from archdiff.report.training_log import CurvePoint, LogEvent, ReferenceLine, TrainingLogEntry

SVG = "{http://www.w3.org/2000/svg}"


def an_entry(**values):
    """What is said of a run from scratch of 2,000 steps."""
    losses = [(step, 3 + 7.8 * math.exp(-step / 100)) for step in range(0, 2000, 10)]
    stated = {
        "archdiff": "0",
        "name": "runs/a.jsonl",
        "kind": "json-lines",
        "digest": "sha256:00",
        "verdict": "from-scratch",
        "reasons": ("the first loss is that of a model that knows nothing",),
        "limits": ("a log can be written by anyone",),
        "figures": {"first_step": 0.0, "first_loss": 10.8, "last_step": 1990.0, "last_loss": 3.0, "records": 200.0},
        "references": (ReferenceLine(name="ln V", loss=10.83, source="all equally likely"),),
        "events": (LogEvent(kind="gap", first=100, last=200, text="nothing between steps 100 and 200"),),
        "curve": tuple(CurvePoint(step=step, loss=loss) for step, loss in losses),
        "not_checked": ("the clock: no times in the log",),
    }
    return TrainingLogEntry(**{**stated, **values})


@pytest.mark.parametrize("verdict", VERDICTS)
def test_the_verdict_comes_first(verdict):
    assert text(an_entry(verdict=verdict)).splitlines()[:2] == [VERDICTS[verdict], "runs/a.jsonl"]


def test_reasons_then_figures_then_events_then_limits():
    shown = text(an_entry())
    parts = ["knows nothing", "10.8 → 3", "ln V", "What stands out", "gap  steps 100–200", "What a log cannot prove"]
    places = [shown.index(part) for part in [*parts, "sha256:00", "not checked: the clock"]]
    assert places == sorted(places)


def test_nothing_stands_out():
    assert "What stands out" not in text(an_entry(events=()))


def test_many_events_are_counted():
    events = tuple(LogEvent(kind="gap", first=at, last=at, text="x") for at in range(40))
    assert "and 28 more, which the JSON lists" in text(an_entry(events=events))


def test_names_of_a_file_move_no_cursor():
    hostile = "\x1b[2J\nname\u202e"
    entry = an_entry(name=hostile, loss_column=hostile, reasons=(hostile,), not_checked=(hostile,))
    assert "\x1b" not in text(entry)
    assert "\u202e" not in text(entry)


def test_it_fits_a_narrow_screen():
    assert all(len(line) <= 60 for line in text(an_entry(), Screen(60)).splitlines())


def test_the_formats():
    assert render(an_entry(), "terminal") == text(an_entry())
    assert TrainingLogEntry.model_validate_json(render(an_entry(), "json")) == an_entry()


def picture(**values):
    source = render(an_entry(**values), "svg")
    assert source == render(an_entry(**values), "svg")
    return ET.fromstring(source)


def words(root):
    return [element.text for element in root.iter(f"{SVG}text")]


def test_the_picture_has_the_curve_the_references_and_what_stands_out():
    root = picture()
    assert [path for path in root.iter(f"{SVG}path") if path.get("fill") == "#08519c"]
    assert "ln V = 10.83" in words(root)
    assert "shaded: gap 100–200" in words(root)
    assert [box for box in root.iter(f"{SVG}rect") if box.get("fill") == "#fff0c9"]


def test_everything_is_inside_the_picture():
    root = picture(references=tuple(ReferenceLine(name="r", loss=level, source="") for level in (0.5, 22.6, 10.8)))
    wide, tall = float(root.get("width")), float(root.get("height"))
    for box in root.iter(f"{SVG}rect"):
        if box.get("x") is not None:
            assert float(box.get("x")) >= 0
            assert float(box.get("x")) + float(box.get("width")) <= wide
            assert 0 <= float(box.get("y")) <= tall
    for word in root.iter(f"{SVG}text"):
        assert 0 <= float(word.get("x")) <= wide
        assert 0 <= float(word.get("y")) <= tall


def test_references_that_are_close_are_named_apart():
    near = (ReferenceLine(name="a", loss=10.83, source=""), ReferenceLine(name="b", loss=10.9, source=""))
    places = [float(w.get("y")) for w in picture(references=near).iter(f"{SVG}text") if " = 10" in (w.text or "")]
    assert abs(places[0] - places[1]) > 12


def test_steps_are_marked_without_overlap():
    root = picture(curve=tuple(CurvePoint(step=10**power, loss=3.0) for power in range(13)))
    marks = [
        w
        for w in root.iter(f"{SVG}text")
        if (w.text or "").replace(",", "").isdigit() and w.get("text-anchor") == "middle"
    ]
    spans = [(float(w.get("x")), 0.6 * 11 * len(w.text) / 2) for w in marks]
    assert len(spans) >= 4
    assert all(b - hb > a + ha for (a, ha), (b, hb) in itertools.pairwise(spans))


def test_the_curve_breaks_where_the_loss_is_no_number_or_the_log_goes_back():
    curve = [CurvePoint(step=step, loss=3.0) for step in (*range(10), *range(5, 15))]
    curve[3] = CurvePoint(step=3, loss=None)
    root = picture(curve=tuple(curve))
    assert len([path for path in root.iter(f"{SVG}path") if path.get("fill") == "#08519c"]) == 3


@pytest.mark.parametrize("curve", [(), (CurvePoint(step=5, loss=2.0),), (CurvePoint(step=0, loss=None),)])
def test_curves_without_a_curve(curve):
    assert words(picture(curve=curve, references=(), events=()))


def test_a_flat_curve_and_a_negative_one():
    for level in (0.0, -3.0):
        curve = tuple(CurvePoint(step=step, loss=level) for step in range(5))
        assert words(picture(curve=curve, references=()))


def test_hostile_names_are_escaped():
    root = picture(name="<script>&\x1b", reasons=())
    assert not list(root.iter(f"{SVG}script"))
    assert any("<script>" in (word or "") for word in words(root))
