"""The picture of weight evidence: valid, legible at any depth, for every kind of colour vision, and safe."""

from __future__ import annotations

import itertools
import math
import random
import re
from xml.etree import ElementTree

import pytest

from archdiff.render import weights_heatmap, weights_histogram, weights_picture
from archdiff.render.svgfile import HATCHED, width_of
from archdiff.report.assemble import assemble
from archdiff.report.weights import weights_entry
from tests.archdiff.making import comparison, graph
from tests.archdiff.weights.making import HOSTILE, compared, every_kind, evidence, hostile, judged, mapped

SVG = "{http://www.w3.org/2000/svg}"


def drawn(found=None, **values):
    """The picture, parsed.

    Raises:
        xml.etree.ElementTree.ParseError: it is no XML.
    """
    return ElementTree.fromstring(weights_picture.svg(assemble(comparison(**values), [], [], evidence=found)))


def of_map(found):
    return drawn(evidence(maps=(found,)))


def texts(picture):
    return [element.text or "" for element in picture.iter(f"{SVG}text")]


def extent(element):
    """Left, top, right and bottom of a text, at its widest."""
    x, y, size = (float(element.get(name)) for name in ("x", "y", "font-size"))
    length = width_of(element.text or "", size)
    start = {"start": 0, "middle": length / 2, "end": length}[element.get("text-anchor")]
    if "rotate" in element.get("transform", ""):
        return x - size * 0.8, y - length + start, x + size * 0.2, y + start
    return x - start, y - size * 0.8, x - start + length, y + size * 0.2


def overlapping(picture):
    boxes = [(element.text, extent(element)) for element in picture.iter(f"{SVG}text")]
    return [
        (a, b)
        for (a, one), (b, two) in itertools.combinations(boxes, 2)
        if one[0] < two[2] and two[0] < one[2] and one[1] < two[3] and two[1] < one[3]
    ]


def outside(picture):
    width, height = (float(picture.get(name)) for name in ("width", "height"))
    boxes = [(element.text, extent(element)) for element in picture.iter(f"{SVG}text")]
    return [text for text, (a, b, c, d) in boxes if a < 0 or b < 0 or c > width or d > height]


def cells(picture):
    """Fill of every cell by column and row, of the only map."""
    (group,) = picture.iter(f"{SVG}g")
    found = {}
    for path in group:
        for column, row, length in re.findall(r"M(\d+) (\d+)h(\d+)v1h-\d+z", path.get("d")):
            found |= {(int(column) + step, int(row)): path.get("fill") for step in range(int(length))}
    return found


def noisy(rows, columns, seed=0):
    """A map without a match, as unrelated models give it."""
    chance = random.Random(seed)
    scores = tuple(tuple(chance.expovariate(2.3) for _ in range(columns)) for _ in range(rows))
    made = mapped((None,) * rows, columns)
    return type(made)(made.component, made.stacks, scores, made.map, 0.0)


SHAPES = [(1, 1), (1, 40), (40, 1), (2, 3), (7, 7), (48, 32), (61, 127), (200, 180), (200, 200)]


@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: f"{shape[0]}×{shape[1]}")
def test_labels_keep_apart_and_inside_at_any_depth(shape):
    rows, columns = shape
    found = mapped(tuple(min(n, columns - 1) for n in range(rows)), columns)
    picture = drawn(evidence(maps=(found,), elements=(compared(nan=(1, 2)),)))
    assert not overlapping(picture)
    assert not outside(picture)
    assert {"layer of OLD", "layer of NEW", "−log10 p", "matched", "not tested"} <= set(texts(picture))


@pytest.mark.parametrize("high", [0.5, 2.0, 5.0, 12.0, 13.0, 20.0, 1000.0, math.inf])
def test_the_legend_is_legible_whatever_was_found(high):
    picture = of_map(mapped((0, 1, 2), high=high))
    assert not overlapping(picture)
    assert "12: p = 1e−12" in texts(picture) or high == 13.0


def test_several_components_stand_below_each_other():
    picture = drawn(every_kind())
    assert not overlapping(picture)
    assert not outside(picture)
    titles = [text for text in texts(picture) if ": " in text and "p =" not in text]
    assert "language model: derived" in titles
    assert "vision tower: identical" in titles
    assert "heads: inconclusive" not in titles, "it has neither a map nor elements"


def test_two_maps_of_a_component_are_told_apart():
    picture = drawn(evidence(maps=(mapped((0,)), mapped((0, 1)))))
    assert "language model: derived (model.layers)" in texts(picture)
    assert not overlapping(picture)


def test_a_cell_stands_at_its_layers_and_darkens_with_certainty():
    found = cells(of_map(mapped((0, 2, None), 3)))
    assert len(found) == 9
    dark = {place for place, fill in found.items() if fill == "#08306b"}
    assert dark == {(0, 0), (2, 1)}
    assert len(set(found.values())) == 2


def test_what_is_matched_is_outlined():
    (frames,) = [path for path in of_map(mapped((0, 2, None), 3)).iter(f"{SVG}path") if path.get("stroke") == "#d55e00"]
    assert frames.get("d") == "M0 0h1v1h-1zM2 1h1v1h-1z"


def test_what_was_not_tested_is_hatched_and_has_no_colour():
    made = mapped((0, 1))
    made = type(made)(made.component, made.stacks, ((80.0, 0.1), (math.nan, 80.0)), made.map, made.log10_p)
    picture = of_map(made)
    assert set(cells(picture)) == {(0, 0), (1, 0), (1, 1)}
    (hatched,) = [path.get("d") for path in picture.iter(f"{SVG}path") if path.get("fill") == HATCHED]
    assert hatched == "M76.00 152.00h24.00v24.00h-24.00z"


def test_colours_fall_in_lightness():
    def lightness(colour):
        red, green, blue = (int(colour[at : at + 2], 16) for at in (1, 3, 5))
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    scale = [of_map(mapped((0,), high=score)) for score in (0.01, 0.5, 2.0, 6.0, 12.0)]
    shades = [lightness(cells(picture)[0, 0]) for picture in scale]
    assert shades == sorted(set(shades), reverse=True)


def test_a_score_that_certainty_dwarfs_is_still_told_from_nothing():
    found = cells(of_map(mapped((0, 1), high=3000.0)))
    weak = cells(of_map(mapped((0, 1), high=12.0)))
    assert found[0, 1] != found[0, 0]
    assert weak[0, 0] == "#08306b"


def test_a_large_map_is_a_small_file():
    picture = weights_picture.svg(assemble(comparison(), [], [], evidence=evidence(maps=(noisy(200, 200),))))
    assert len(picture) < 700_000


def test_neighbours_of_one_colour_are_one_box():
    (group,) = of_map(mapped((None,) * 5, 200)).iter(f"{SVG}g")
    assert [path.get("d").count("M") for path in group] == [5]


def test_the_same_report_gives_the_same_bytes():
    first, second = (assemble(comparison(), [], [], evidence=every_kind()) for _ in range(2))
    assert weights_picture.svg(first) == weights_picture.svg(second)


def test_a_histogram_stands_alone_where_there_is_no_map():
    alone = drawn(evidence(elements=(compared(),)))
    both = drawn(evidence(maps=(mapped((0,)),), elements=(compared(),)))
    assert float(alone.get("width")) < float(both.get("width"))
    assert "layer of OLD" not in texts(alone)
    assert not overlapping(alone)
    assert not outside(alone)


def test_a_histogram_names_its_decades_and_shares():
    told = texts(drawn(evidence(elements=(compared(), compared(1, nan=(2, 0), infinite=(0, 1))))))
    assert [each for each in told if each[-1] in "⁰¹²³⁴⁵⁶⁷⁸⁹"] == [
        "< 10⁻⁸", "10⁻⁸", "10⁻⁷", "10⁻⁶", "10⁻⁵", "10⁻⁴", "10⁻³", "10⁻²", "10⁻¹", "10⁰", "≥ 10¹",
    ]  # fmt: skip
    assert told.count("45 %") == 1
    assert "|NEW − OLD| / |OLD| by decade, 2,000 elements" in told
    assert "left out: 3 that are NaN or infinite" in told


@pytest.mark.parametrize(
    ("counts", "told"),
    [
        ((1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0), "100 %"),
        ((9999, *[0] * 10, 1), "> 99 %"),
        ((9999, *[0] * 10, 1), "< 1 %"),
    ],
)
def test_a_bar_is_not_rounded_to_all_or_nothing(counts, told):
    assert told in texts(drawn(evidence(elements=(compared(histogram=counts),))))


def test_bars_are_as_tall_as_their_shares():
    picture = drawn(evidence(elements=(compared(histogram=(25, 0, 50, *[0] * 8, 25)),)))
    bars = [rect for rect in picture.iter(f"{SVG}rect") if rect.get("fill") in {"#08519c", "#6baed6"}]
    heights = [float(rect.get("height")) for rect in bars]
    assert heights == pytest.approx([heights[1] / 2, heights[1], heights[1] / 2])


def test_histograms_are_pooled_over_pairs_of_any_length():
    pairs = (compared(histogram=(1, 2)), compared(histogram=()), compared(histogram=(1, 1, 1)))
    assert weights_histogram.pooled(weights_entry(evidence(elements=pairs)).elements) == (2, 3, 1)
    assert weights_histogram.pooled(()) == ()


def test_pairs_that_were_not_read_because_they_are_equal_are_counted_as_equal():
    pairs = (compared(histogram=(), digest="sha256:00", count=7, equal=7), compared(histogram=(1, 2)))
    assert weights_histogram.pooled(weights_entry(evidence(elements=pairs)).elements) == (8, 2)


def test_hostile_names_are_text_and_nothing_else():
    made = {name: graph(HOSTILE * 5) for name in ("old", "new")}
    text = weights_picture.svg(assemble(comparison(**made), [], [], evidence=hostile()))
    picture = ElementTree.fromstring(text)
    assert {element.tag.removeprefix(SVG) for element in picture.iter()} <= {
        "svg", "title", "defs", "pattern", "rect", "path", "text", "line", "g",
    }  # fmt: skip
    assert not set(text) & {"\x1b", "\r", "\x07", "\u202e", "\ud800"}
    assert "<script>" in "".join(texts(picture))
    assert not overlapping(picture)
    assert not outside(picture)


@pytest.mark.parametrize("found", [None, evidence(), evidence(judged("heads"), maps=(mapped((), 0, "heads"),))])
def test_without_anything_to_draw_it_says_so(found):
    picture = drawn(found)
    assert any("compared" in text or "no layer matched" in text for text in texts(picture))
    assert not outside(picture)


def test_a_map_takes_the_height_that_it_says():
    for rows, columns in SHAPES:
        entry = weights_entry(evidence(maps=(mapped((None,) * rows, columns),))).maps[0]
        assert weights_heatmap.height(entry) >= 200
        assert weights_heatmap.height(entry) <= weights_heatmap.WIDEST + 60
