"""Models of other depths: layers dropped, put in at several places, woven in and repeated are found exactly."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from archdiff.compare import compare
from archdiff.compare.align import align_stacks
from archdiff.compare.replay import modules, replay
from tests.archdiff.compare.fakes import HIDDEN, aligned, model, part, weight
from tests.archdiff.graph.tiny import graph_of

COMMON = {"mixer.kind": "attention", "feed_forward.kind": "dense", "norm.kind": "rms", "norm.epsilon": 1e-5}


OTHER = 100
"""Marks from here on are those of layers that share little with the others."""


def marked(*marks):
    """Layers that have much in common, and a width of their own each."""
    parts = {}
    for number, mark in enumerate(marks):
        if mark >= OTHER:
            parts[f"layers.{number}"] = part("layer", facts={"mixer.kind": "state-space", "mixer.state_size": mark})
            parts[f"layers.{number}.in"] = part("mixer-input", weight(("mixer-width", mark), HIDDEN))
            continue
        parts[f"layers.{number}"] = part("layer", facts=COMMON | {"mlp.width": mark})
        parts[f"layers.{number}.up"] = part("up", weight(("mlp-width", 8 + mark), HIDDEN))
        parts[f"layers.{number}.norm"] = part("norm", weight(HIDDEN))
    return model(parts)


def alignment(old, new):
    (stack,) = align_stacks(marked(*old), marked(*new))
    return stack


def identical(stack):
    return tuple((pair.old, pair.new) for pair in stack.pairs if pair.method == "identical")


depths = st.integers(1, 12)


@settings(deadline=None)
@given(st.data(), depths)
def test_whichever_layers_were_dropped_are_the_ones_that_went(data, depth):
    dropped = data.draw(st.sets(st.integers(0, depth - 1), max_size=depth - 1))
    kept = [number for number in range(depth) if number not in dropped]
    for old, new, gone, come in ((range(depth), kept, dropped, ()), (kept, range(depth), (), dropped)):
        stack = alignment(old, new)
        assert (set(stack.removed), set(stack.added), stack.ambiguous) == (set(gone), set(come), False)
        assert identical(stack) == stack.matched


@settings(deadline=None)
@given(st.lists(st.booleans(), min_size=1, max_size=24))
def test_layers_put_in_at_several_places_are_found_where_they_stand(inserted):
    old = [number for number, new in enumerate(inserted) if not new]
    stack = alignment(old, range(len(inserted)))
    assert stack.added == tuple(number for number, new in enumerate(inserted) if new)
    assert identical(stack) == tuple(enumerate(old))


@settings(deadline=None)
@given(st.lists(st.booleans(), min_size=1, max_size=10), st.lists(st.booleans(), min_size=1, max_size=10))
def test_some_came_and_others_went(came, went):
    """Each layer of OLD may have gone, and one of another kind may stand before each that is left."""
    size = max(len(came), len(went))
    kept = [number for number in range(size) if not (number < len(went) and went[number])]
    new = [mark for number in kept for mark in ([OTHER + number] * (number < len(came) and came[number]) + [number])]
    found = compare(marked(*range(size)), marked(*new))
    (stack,) = found.alignment
    assert [(i, new[j]) for i, j in stack.matched] == [(i, i) for i in kept]
    assert identical(stack) == stack.matched
    assert replay(marked(*range(size)), found.alignment, found.changes) == modules(marked(*new))


@settings(deadline=None)
@given(st.data(), depths)
def test_a_stack_that_repeats_a_part_of_itself_keeps_every_layer(data, depth):
    """Depth up-scaling: SOLAR 10.7B is layers 0 to 23 of its parent, then 8 to 31."""
    end = data.draw(st.integers(1, depth))
    start = data.draw(st.integers(0, end))
    stack = alignment(range(depth), [*range(end), *range(start, depth)])
    assert (identical(stack), stack.removed) == (stack.matched, ())
    assert [old for old, _ in stack.matched] == list(range(depth))
    if stack.added:
        first = stack.added[0]
        assert stack.added == tuple(range(first, first + end - start))
        assert start <= first <= end


@settings(deadline=None)
@given(st.sampled_from(["full", "window", "moe"]), st.integers(1, 12), st.integers(1, 4))
def test_layers_of_another_kind_that_are_woven_in_are_the_ones_that_came(kind, depth, step):
    woven = [name for number in range(depth) for name in ([kind, "mamba"] if number % step == 0 else [kind])]
    stack = aligned([kind] * depth, woven)
    assert stack.added == tuple(number for number, name in enumerate(woven) if name == "mamba")
    assert (stack.removed, stack.ambiguous) == ((), False)
    assert aligned(woven, [kind] * depth).removed == stack.added


LINEAR, FULL = "linear_attention", "full_attention"


def hybrid(kinds):
    """A real model whose layers have the kinds."""
    return graph_of("qwen3_next", num_hidden_layers=len(kinds), layer_types=list(kinds), full_attention_interval=None)


@settings(max_examples=8, deadline=None)
@given(st.lists(st.booleans(), min_size=2, max_size=6).filter(lambda woven: not all(woven)))
def test_real_layers_of_another_kind_are_found_where_they_were_woven_in(woven):
    old = hybrid([LINEAR] * woven.count(False))
    new = hybrid([FULL if is_full else LINEAR for is_full in woven])
    (stack,) = compare(old, new).alignment
    assert stack.added == tuple(number for number, is_full in enumerate(woven) if is_full)
    assert (stack.removed, identical(stack)) == ((), stack.matched)
    assert compare(new, old).alignment[0].removed == stack.added


@pytest.mark.parametrize(("old", "new"), [(2, 5), (5, 2)])
def test_of_equal_real_layers_only_the_number_is_known(old, new):
    found = compare(graph_of("llama", num_hidden_layers=old), graph_of("llama", num_hidden_layers=new))
    (stack,) = found.alignment
    assert (len(stack.added), len(stack.removed), stack.ambiguous) == (max(0, new - old), max(0, old - new), True)
    assert identical(stack) == stack.matched
    assert {change.kind for change in found.changes if not change.inert} == {
        "module-added" if new > old else "module-removed",
        "config-changed",
    }
