"""What a run keeps: found again for the same content, and for nothing else."""

from __future__ import annotations

import dataclasses
import math
from types import MappingProxyType

import pytest

from archdiff.graph.store import Store
from archdiff.weights import keep
from archdiff.weights.evidence import Control, Elements, LayerMap
from archdiff.weights.evidence import Test as Outcome
from archdiff.weights.keep import Kept, Result
from archdiff.weights.plan import Step
from archdiff.weights.sample import Reading

from . import layouts

RESULT = Result(
    tests=(
        Outcome(
            "hidden-units", "language-model", "layers.0 gate", "layers.0 gate", 0, 64, -31.5, 0.9, 0.1,
            MappingProxyType({"rows_old": 64.0}),
            (Control("trend of row norm in OLD", -0.3, -6.0, passed=True),), "", 1024,
        ),
    ),
    elements=(Elements("language-model", "gate", "a", "b", None, 10, 4, nan=(1, 0), histogram=(1, 2, 3)),),
    maps=(LayerMap("language-model", ("a", "b"), ((1.0, math.nan), (2.0, 3.0)), (0, None), -20.0),),
)  # fmt: skip


@pytest.fixture
def store(tmp_path):
    return Store(tmp_path / "weights", 2**20)


def _sides(digest="sha256:1", seed=0):
    layout, values = layouts.model([layouts.dense(0)], seed)
    digests = {name: f"{digest}:{name}" for name in values} if digest else {}
    return layout, (layouts.tensors(values, digests=digests), layouts.tensors(values, digests=digests))


def _step(layout, **changes):
    unit = layout.at(("model.layers", 0), "mlp", "gate")
    step = Step(
        "hidden-units", "language-model", "layers.0 mlp", 2, (Reading.of(unit, 64),), (Reading.of(unit, 64),), layer=0
    )
    return dataclasses.replace(step, **changes)


def test_a_result_comes_back_as_it_was(store):
    layout, sides = _sides()
    kept = Kept(store, sides)
    assert kept.read(_step(layout)) is None
    kept.write(_step(layout), RESULT)
    found = Kept(store, sides).read(_step(layout))
    assert found.tests == RESULT.tests
    assert repr(found.elements) == repr(RESULT.elements)
    assert repr(found.maps) == repr(RESULT.maps)


def test_other_content_is_another_result(store):
    layout, sides = _sides()
    Kept(store, sides).write(_step(layout), RESULT)
    assert Kept(store, _sides("sha256:2")[1]).read(_step(layout)) is None


@pytest.mark.parametrize("changes", [{"kind": "match"}, {"layer": 3}, {"place": "layers.1 mlp"}, {"old": ()}])
def test_another_step_is_another_result(store, changes):
    layout, sides = _sides()
    Kept(store, sides).write(_step(layout), RESULT)
    assert Kept(store, sides).read(_step(layout, **changes)) is None


def test_settings_and_what_a_step_rests_on_count(store):
    layout, sides = _sides()
    Kept(store, sides, (0, "cpu")).write(_step(layout), RESULT, (3,))
    assert Kept(store, sides, (0, "cpu")).read(_step(layout), (3,)) is not None
    assert Kept(store, sides, (1, "cpu")).read(_step(layout), (3,)) is None
    assert Kept(store, sides, (0, "cpu")).read(_step(layout), (4,)) is None


def test_content_that_is_not_known_is_not_kept(store):
    layout, sides = _sides(digest="")
    Kept(store, sides).write(_step(layout), RESULT)
    assert not store.entries()


def test_no_store_keeps_nothing():
    layout, sides = _sides()
    Kept(None, sides).write(_step(layout), RESULT)
    assert Kept(None, sides).read(_step(layout)) is None


@pytest.mark.parametrize("content", [b"", b"[]", b'{"tests": [{}], "elements": [], "maps": []}', b"\xff"])
def test_a_damaged_entry_is_no_result(store, content):
    layout, sides = _sides()
    kept = Kept(store, sides)
    kept.write(_step(layout), RESULT)
    (entry,) = store.entries()
    store.write(entry.path.stem, content)
    assert kept.read(_step(layout)) is None


def test_other_code_is_another_result(store, monkeypatch):
    layout, sides = _sides()
    Kept(store, sides).write(_step(layout), RESULT)
    monkeypatch.setattr(keep, "_code", lambda: ("edited",))
    assert Kept(store, sides).read(_step(layout)) is None
