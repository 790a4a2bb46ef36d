"""Layers are paired in order by what they are; one that came, went or was replaced is found where it stands."""

from __future__ import annotations

import subprocess
import sys
from functools import cache

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archdiff.compare import align
from archdiff.compare.align import _large_tables, _small_tables, align_stacks, similarity
from tests.archdiff.compare.fakes import KINDS, aligned, layered, model, part

ALIKE = ("full", "window", "moe")
sequences = st.lists(st.sampled_from(ALIKE), max_size=8)
everything = st.lists(st.sampled_from(sorted(KINDS)), max_size=9)


@given(st.lists(st.sampled_from(ALIKE), min_size=1, max_size=8), st.data())
def test_a_layer_of_its_own_kind_that_came_is_found_where_it_stands(kinds, data):
    at = data.draw(st.integers(0, len(kinds)))
    stack = aligned(kinds, [*kinds[:at], "mamba", *kinds[at:]])
    assert (stack.added, stack.removed) == ((at,), ())
    assert {pair.method for pair in stack.pairs if pair.old is not None} == {"identical"}
    assert not stack.ambiguous


@given(st.lists(st.sampled_from(ALIKE), min_size=1, max_size=8), st.data())
def test_a_layer_of_its_own_kind_that_went_is_found_where_it_stood(kinds, data):
    at = data.draw(st.integers(0, len(kinds)))
    stack = aligned([*kinds[:at], "mamba", *kinds[at:]], kinds)
    assert (stack.added, stack.removed) == ((), (at,))
    assert not stack.ambiguous


@given(st.lists(st.sampled_from(ALIKE), min_size=1, max_size=8), st.data())
def test_a_layer_replaced_by_one_that_shares_little_with_it_has_no_partner(kinds, data):
    at = data.draw(st.integers(0, len(kinds) - 1))
    stack = aligned(kinds, [*kinds[:at], "mamba", *kinds[at + 1 :]])
    assert (stack.added, stack.removed) == ((at,), (at,))


@pytest.mark.parametrize("at", range(6))
@pytest.mark.parametrize("kind", ["window", "moe"])
def test_a_layer_replaced_by_one_much_like_it_is_its_partner(kind, at):
    stack = aligned(["full"] * 6, ["full"] * at + [kind] + ["full"] * (5 - at))
    assert stack.matched == tuple((number, number) for number in range(6))
    assert [pair.old for pair in stack.pairs if pair.method == "aligned"] == [at]
    assert all((pair.similarity == 1) is (pair.old != at) for pair in stack.pairs)


@pytest.mark.parametrize("at", range(7))
def test_a_layer_of_another_kind_put_among_equal_ones_is_the_one_that_came(at):
    stack = aligned(["full"] * 6, ["full"] * at + ["window"] + ["full"] * (6 - at))
    assert (stack.added, stack.removed, stack.ambiguous) == ((at,), (), False)


@pytest.mark.parametrize(("old", "new"), [(3, 4), (4, 3), (1, 9)])
def test_which_of_equal_layers_came_or_went_cannot_be_told(old, new):
    stack = aligned(["full"] * old, ["full"] * new)
    assert (len(stack.added), len(stack.removed)) == (max(0, new - old), max(0, old - new))
    assert stack.ambiguous


def test_a_lone_layer_beside_an_equal_one_is_ambiguous_and_elsewhere_not():
    assert aligned(["full", "mamba"], ["full", "full", "mamba"]).ambiguous
    assert not aligned(["full", "mamba"], ["full", "mamba", "full"]).ambiguous


def test_a_depth_upscaled_stack_keeps_every_layer_of_its_parent():
    parent = ["full", "window"] * 4
    stack = aligned(parent, parent[:6] + parent[2:])
    assert (len(stack.matched), stack.removed, len(stack.added)) == (8, (), 4)


def test_layers_that_share_little_are_not_paired():
    stack = aligned(["mamba"] * 3, ["full"] * 4)
    assert (stack.matched, stack.removed, stack.added) == ((), (0, 1, 2), (0, 1, 2, 3))


@pytest.mark.parametrize(
    ("first", "second", "share"), [("ab", "ab", 1.0), ("ab", "bc", 1 / 3), ("ab", "cd", 0.0), ("", "", 1.0)]
)
def test_similarity_is_the_share_of_what_two_have_in_common(first, second, share):
    assert similarity(frozenset(first), frozenset(second)) == share


@given(everything, everything)
def test_swapping_the_models_mirrors_the_alignment(old, new):
    forth, back = aligned(old, new), aligned(new, old)
    mirrored = sorted(((p.new, p.old, p.similarity, p.method) for p in back.pairs), key=repr)
    assert sorted(((p.old, p.new, p.similarity, p.method) for p in forth.pairs), key=repr) == mirrored
    assert forth.ambiguous is back.ambiguous


@given(everything, everything)
def test_every_layer_stands_in_one_pair_and_pairs_keep_the_order(old, new):
    stack = aligned(old, new)
    assert sorted([i for i, _ in stack.matched] + list(stack.removed)) == list(range(len(old)))
    assert sorted([j for _, j in stack.matched] + list(stack.added)) == list(range(len(new)))
    assert list(stack.matched) == sorted(stack.matched)
    assert [j for _, j in stack.matched] == sorted(j for _, j in stack.matched)


@cache
def similarity_of(first, second):
    """Of two kinds of layers; 0 where they may not be paired."""
    (pair, *_) = aligned([first], [second]).pairs
    return pair.similarity


def best(old, new):
    """The largest sum of similarities that pairs in order can have, by trying everything."""
    if not old or not new:
        return 0.0
    paired = similarity_of(old[0], new[0]) + best(old[1:], new[1:])
    return max(paired, best(old[1:], new), best(old, new[1:]))


@given(everything, st.lists(st.sampled_from(sorted(KINDS)), max_size=4))
def test_no_other_alignment_is_better(old, new):
    found = sum(similarity_of(old[i], new[j]) for i, j in aligned(old, new).matched)
    assert found == pytest.approx(best(old, new))


def test_a_thousand_layers_against_a_thousand():
    kinds = [sorted(KINDS)[number * number % 7 % 4] for number in range(1000)]
    stack = aligned(kinds, [*kinds[:500], *kinds[700:], *kinds[:200]])
    assert len(stack.matched) >= 800


indices = st.lists(st.integers(0, 2), min_size=1, max_size=12)


@given(st.lists(st.lists(st.integers(0, 1000), min_size=3, max_size=3), min_size=3, max_size=3), indices, indices)
def test_small_and_large_stacks_are_scored_alike(matrix, rows, columns):
    small, large = (tables(matrix, rows, columns) for tables in (_small_tables, _large_tables))
    assert small == tuple(table.tolist() for table in large)


def stacks_of(*names, lengths=None):
    parts = {f"{name}.{n}": part("layer") for name in names for n in range((lengths or {}).get(name, 2))}
    return model(parts, names)


def paired(old, new):
    return [(stack.old, stack.new) for stack in align_stacks(old, new)]


def test_language_stacks_are_paired_whatever_they_are_called_and_towers_with_their_like():
    old = stacks_of("transformer.h", "vision_tower.blocks")
    new = stacks_of("visual.layers", "model.layers", "audio_tower.layers")
    assert paired(old, new) == [
        ("transformer.h", "model.layers"),
        ("vision_tower.blocks", "visual.layers"),
        (None, "audio_tower.layers"),
    ]


def test_of_several_language_stacks_the_longest_are_paired():
    old = stacks_of("model.layers", "model.extra", lengths={"model.layers": 4})
    new = stacks_of("mtp", "layers", lengths={"layers": 5})
    assert paired(old, new) == [("model.layers", "layers"), ("model.extra", "mtp")]


def test_every_layer_of_a_stack_without_partner_is_unmatched():
    (stack,) = [s for s in align_stacks(stacks_of("layers"), stacks_of("layers", "visual.blocks")) if s.old is None]
    assert (stack.matched, stack.added, stack.ambiguous) == ((), (0, 1), False)


def test_two_graphs_of_no_layers_have_an_empty_alignment():
    (stack,) = align_stacks(layered(), layered())
    assert stack.pairs == ()


@given(everything, everything)
def test_small_stacks_are_aligned_as_large_ones_are(old, new):
    if old and new:
        small = aligned(old, new)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(align, "_SMALL", 0)
            assert aligned(old, new) == small


def test_numpy_is_imported_for_large_stacks_alone():
    code = "import sys, archdiff.compare; sys.exit('numpy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
