"""Where parts stand: below what they read, beside what they do not, and opposite their partners."""

from __future__ import annotations

import itertools

from hypothesis import given
from hypothesis import strategies as st

from archdiff.render.html.arrange import WIDTH, arrange, facing, increasing
from archdiff.render.html.wires import row_of, wires
from archdiff.render.wiring import Paths
from tests.archdiff.render.pictures import part

ids = st.lists(st.sampled_from("abcdefgh"), unique=True, min_size=1, max_size=8)


def parts(names):
    return tuple(part(name, "norm") for name in names)


def spots(names, *edges):
    return {spot.part.id: spot for spot in arrange(parts(names), [tuple(edge) for edge in edges])}


def test_a_chain_stands_below_each_other_over_the_whole_width():
    found = spots("abc", "ab", "bc")
    assert [(found[name].line, found[name].left, found[name].right) for name in "abc"] == [
        (0, 0, WIDTH),
        (1, 0, WIDTH),
        (2, 0, WIDTH),
    ]


def test_parts_without_any_path_stand_in_their_order():
    assert [spots("abc")[name].line for name in "abc"] == [0, 1, 2]


def test_branches_stand_beside_each_other_until_they_join():
    """The shared expert waits beside router and experts; the sum of both takes the whole width."""
    found = spots("nresx", "nr", "re", "ns", "ex", "sx")
    assert [found[name].line for name in "nresx"] == [0, 1, 2, 1, 3]
    assert (found["r"].left, found["r"].right) == (0, WIDTH // 2) == (found["e"].left, found["e"].right)
    assert (found["s"].left, found["s"].right, found["s"].last) == (WIDTH // 2, WIDTH, 2)
    assert (found["x"].left, found["x"].right) == (0, WIDTH)


def test_parts_stand_inside_the_box_that_holds_them():
    inner = parts("re")
    outer = part("m", "mixture-of-experts", parts=inner)
    found = {
        s.part.id: s
        for s in arrange((part("n", "norm"), outer, part("x", "add")), [("n", "r"), ("r", "e"), ("e", "x")])
    }
    assert (found["m"].line, found["m"].last, found["m"].depth) == (1, 3, 0)
    assert [(found[name].line, found[name].depth) for name in "re"] == [(2, 1), (3, 1)]
    assert found["x"].line == 4


def test_too_many_branches_stand_below_each_other():
    names = "abcdefgh"
    found = spots([*names, "x"], *((name, "x") for name in names))
    assert sorted(found[name].line for name in names) == list(range(8))
    assert found["x"].line == 8


@given(ids, st.data())
def test_no_two_parts_share_a_place_and_readers_stand_below(names, data):
    every = list(itertools.combinations(names, 2))
    edges = data.draw(st.lists(st.sampled_from(every), unique=True)) if every else []
    found = {spot.part.id: spot for spot in arrange(parts(names), edges)}
    assert found.keys() == set(names)
    for a, b in itertools.combinations(found.values(), 2):
        assert a.line != b.line or a.right <= b.left or b.right <= a.left
    for a, b in edges:
        assert found[a].line < found[b].line


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), max_size=12))
def test_the_longest_ascending_choice(pairs):
    found = increasing(pairs)
    assert all(a < c and b < d for (a, b), (c, d) in itertools.pairwise(found))
    assert set(found) <= set(pairs)
    best = max(
        (
            len(some)
            for size in range(len(pairs) + 1)
            for some in itertools.combinations(sorted(set(pairs)), size)
            if size <= 4 and all(a < c and b < d for (a, b), (c, d) in itertools.pairwise(some))
        ),
        default=0,
    )
    assert len(found) >= best


def test_partners_stand_on_one_line_and_what_replaces_something_beside_it():
    old = arrange(parts("nma"), [("n", "m"), ("m", "a")])
    new = arrange(parts("nwqa"), [("n", "w"), ("w", "q"), ("q", "a")])
    left, right = facing(old, new, [("n", "n"), ("a", "a")])
    assert (left, right) == ([0, 1, 3], [0, 1, 2, 3])


@given(ids, ids, st.data())
def test_common_lines_ascend_and_partners_that_keep_their_order_meet(a, b, data):
    old, new = ([*arrange(parts(names), list(itertools.pairwise(names)))] for names in (a, b))
    both = data.draw(st.lists(st.sampled_from(sorted(set(a) & set(b))), unique=True)) if set(a) & set(b) else []
    left, right = facing(old, new, [(name, name) for name in both])
    assert len(left) == len(a)
    assert len(right) == len(b)
    assert all(x < y for side in (left, right) for x, y in itertools.pairwise(side))
    kept = increasing([(a.index(name), b.index(name)) for name in both])
    assert all(left[x] == right[y] for x, y in kept)


def test_wires_run_from_part_to_part_and_branch_in_the_gaps():
    every = arrange(parts("nresx"), [("n", "r"), ("r", "e"), ("n", "s"), ("e", "x"), ("s", "x")])
    straight = (("in", "n"), ("n", "r"), ("n", "s"), ("r", "e"), ("e", "x"), ("s", "x"))
    found = wires(Paths(straight, (("in", "x"),), frozenset()), every, range(4), 1)
    assert {wire.side for wire in found} == {1}
    (first,) = [wire for wire in found if wire.end == row_of(0) and wire.kind == "arrow"]
    assert (first.top, first.left) == (row_of(-1) + 1, WIDTH // 2)
    beams = [(wire.top, wire.left, wire.right) for wire in found if wire.kind == "beam"]
    assert beams == [
        (row_of(0) + 2, 3, 6),
        (row_of(0) + 2, 6, 9),
        (row_of(3) - 1, 3, 6),
        (row_of(3) - 1, 6, 9),
    ]
    (lane,) = [wire for wire in found if wire.kind == "lane"]
    assert (lane.top, lane.end) == (row_of(-1) + 2, row_of(3) + 1)


def test_residual_paths_that_overlap_take_lanes_of_their_own():
    every = arrange(parts("abcd"), [("a", "b"), ("b", "c"), ("c", "d")])
    found = wires(Paths((), (("in", "c"), ("a", "d"), ("c", "d")), frozenset()), every, range(4), 0)
    assert [(wire.top, wire.left) for wire in found] == [(3, 0), (6, 1), (12, 0)]


def test_a_path_that_runs_backwards_is_not_drawn():
    every = arrange(parts("ab"), [("a", "b")])
    assert not wires(Paths((("b", "a"),), (("b", "a"),), frozenset()), every, range(2), 0)
