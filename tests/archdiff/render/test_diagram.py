"""Pictures: what is drawn, that nothing from a file breaks out of its label, and that they can be read."""

from __future__ import annotations

import itertools
import os
import re
import subprocess
import sys

import pytest

from archdiff.errors import RenderError
from archdiff.render.diagram import dot, dot_model, draw, draw_model
from archdiff.render.dotfile import text
from archdiff.render.labels import human_count, numbered
from archdiff.render.palette import LOOKS
from archdiff.report.outline import blocks, outline
from tests.archdiff.render.pictures import (
    entry,
    every_status,
    layers,
    needs_dot,
    parsed,
    part,
    report,
    single,
)
from tests.archdiff.report.graphs import comparison, graph

HOSTILE = [
    "</TD></TR></TABLE>>]; evil [label=<",
    '"]; evil -> evil; x ["',
    'a\\" ]; evil -> evil; //',
    "\\N \\G \\E \\l\\r\\",
    "<IMG SRC='/etc/passwd'/>",
    "]]> --> <!-- &amp; &#60; &bogus;",
    "line\nbreak\r\x00\x1b[2J\u202eevil\u2028",
    "{a|b} <port> \ud800",
    "x" * 5000,
    " ",
    "",
]


def shown(node):
    """The text of a label."""
    return re.sub("<[^>]*>", "", node["label"])


def named(nodes, name):
    return [node for node in nodes.values() if name in shown(node)]


def compared(old, new):
    """A report of two catalogue models, without findings."""
    left, right = (graph(name) for name in (old, new))
    sides = blocks(comparison(old, new), ())
    return report(*(entry(g.name, b, parameters=g.parameters) for g, b in zip((left, right), sides, strict=True)))


@needs_dot
class TestContents:
    def test_two_columns_with_a_title_each(self):
        _, clusters, _ = parsed(dot(every_status()))
        assert "old-model" in shown(clusters["cluster_old"])
        assert "102.7 B parameters · 12.0 B active · 36 layers · width 4,096" in shown(clusters["cluster_new"])

    def test_old_stands_on_the_left(self):
        _, clusters, _ = parsed(dot(every_status()))
        left, right = (list(map(float, clusters[f"cluster_{s}"]["bb"].split(","))) for s in ("old", "new"))
        assert left[2] < right[0]

    def test_layers_are_drawn_once_with_range_and_count(self):
        nodes, _, _ = parsed(dot(every_status()))
        assert sorted(shown(node) for node in named(nodes, "layers ")) == [
            "+ layers 36–38  ×3   100 parametersidentical to layers 0–35",
            "~ layers 0–35  ×36   100 parameters",
            "~ layers 0–35  ×36   100 parameters",
        ]

    def test_corresponding_parts_stand_on_one_level(self):
        nodes, _, _ = parsed(dot(every_status()))
        old, new = (
            {shown(n): n["pos"].split(",")[1] for k, n in nodes.items() if k.startswith(side)}
            for side in ("old", "new")
        )
        assert old["embedding"] == new["embedding"]
        assert old["normRMS norm"] == new["normRMS norm"]

    def test_the_residual_path_is_thin_and_reaches_the_sum(self):
        nodes, _, edges = parsed(dot_model(every_status().old))
        thin = [(a, b, e) for a, b, e in edges if e.get("penwidth") == "0.8" and e.get("style") != "invis"]
        sums = {name for name, node in nodes.items() if shown(node) == "+"}
        assert {a for a, b, e in thin if e.get("dir") == "back"} == sums
        assert len(thin) == 6, "each of the two leaves, runs beside the parts, and arrives"

    def test_what_a_longer_path_makes_up_for_is_not_drawn(self):
        nodes, _, edges = parsed(dot_model(every_status().new))
        router, expert = (next(k for k, n in nodes.items() if shown(n) == f"+ {role}") for role in ("router", "expert"))
        assert [a for a, b, _ in edges if b == expert] == [router]

    def test_repeated_layers_say_so(self):
        again = tuple(
            each.model_copy(update={"id": f"x{each.id}", "facts": {**each.facts, "attention.window": 128}})
            for each in (part("n", "norm"), part("a", "attention"))
        )
        first = layers(
            "L0", ((0, 0), (2, 2)), "unchanged", (part("n", "norm"), part("a", "attention")), ["in>n", "n>a", "a>out"]
        )
        second = layers("L1", ((1, 1), (3, 3)), "unchanged", again, ["in>n", "n>a", "a>out"], prefix="x")
        nodes, _, _ = parsed(dot_model(entry("one", [first, second])))
        (folded,) = named(nodes, "layers 1, 3")
        assert "as layers 0, 2, but:" in shown(folded)
        assert "attention: window 128" in shown(folded)

    def test_one_architecture_says_so(self):
        one = entry("one", [single("emb", "embedding", partner="emb")])
        assert "The two have the same architecture" in dot(report(one, one, same=True))

    def test_an_embedding_of_positions_stands_beside_the_other(self):
        found = [single("a", "embedding"), single("b", "position-embedding"), single("c", "final-norm")]
        _, _, edges = parsed(dot_model(entry("one", found)))
        assert len(edges) == 2
        assert len({head for _, head, _ in edges}) == 1

    def test_a_model_without_blocks(self):
        parsed(dot_model(entry("empty", [])))


class TestSigns:
    def test_every_status_has_a_sign_other_than_colour(self):
        assert len({look.mark for look in LOOKS.values()}) == 4
        assert len({(look.style, look.outlines, look.width) for look in LOOKS.values()}) == 4

    def test_fills_differ_in_lightness(self):
        def lightness(colour):
            red, green, blue = (int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5))
            return 0.2126 * red + 0.7152 * green + 0.0722 * blue

        found = sorted(lightness(look.fill) for look in LOOKS.values())
        assert min(b - a for a, b in itertools.pairwise(found)) > 0.015

    @needs_dot
    @pytest.mark.parametrize(
        ("status", "sign", "style"), [("added", "+ ", "solid"), ("removed", "− ", "dashed"), ("changed", "~ ", "solid")]
    )
    def test_marks_stand_in_the_boxes(self, status, sign, style):
        nodes, _, _ = parsed(dot_model(entry("one", [single("emb", "embedding", status)])))
        (node,) = nodes.values()
        assert shown(node) == f"{sign}embedding"
        assert style in node["style"]
        assert node["peripheries"] == str(LOOKS[status].outlines)

    @needs_dot
    def test_changed_values_are_bold_in_both(self):
        nodes, _, _ = parsed(dot(every_status()))
        labels = [node["label"] for node in named(nodes, "attention")]
        assert any("<B>96 query heads</B>" in label for label in labels), "OLD shows its own"
        assert any("<B>96 → 64 query heads</B>" in label for label in labels), "NEW shows both"

    def test_the_legend_names_all(self):
        source = dot(every_status())
        assert all(text(f"{look.mark} {look.meaning}") in source for look in LOOKS.values())


@needs_dot
@pytest.mark.parametrize("name", HOSTILE)
def test_no_text_from_a_file_breaks_out(name):
    facts = {"attention.kind": name, name: name, "experts.bias": [name]}
    noted = {"status": "changed", "notes": (name,)}
    inner = part("i", "expert", label=name, facts=facts).model_copy(update={**noted, "class_name": name})
    parts = (
        inner,
        part(name or "unnamed", name, label=name, parts=(part("k", name, label=name),)),
    )
    block = layers("L", ((0, 1),), "changed", parts, ["in>i", "i>k", "k>out"], partner="L", notes=(name,))
    one = entry(name, [block.model_copy(update={"label": name}), single("e", name, label=name)], class_name=name)
    nodes, clusters, edges = parsed(dot(report(one, one)))
    assert len(nodes) == 2 * len(["heading", "container", "expert", "inner", "single"])
    assert len(clusters) == 2 * len(["model", "layers", "container"])
    assert len([edge for *_, edge in edges if edge.get("style") != "invis"]) == 2 * 4
    svg = draw(report(one, one), "svg").decode()
    assert "<image" not in svg
    assert "\x1b" not in svg
    assert "\u202e" not in svg


@pytest.mark.parametrize(
    ("given", "safe"),
    [
        ("<b>&\"'", "&lt;b&gt;&amp;&quot;&#x27;"),
        ("a\n\tb\x1b[1m", "a b [1m"),
        ("x" * 400, f"{'x' * 59}…{'x' * 60}"),
        ("  ", ""),
    ],
)
def test_text_is_one_line_of_plain_signs(given, safe):
    assert text(given) == safe


@pytest.mark.parametrize(
    ("layers_", "said"),
    [
        (((0, 47),), "0–47"),
        (((3, 3),), "3"),
        (((0, 2), (4, 6)), "0–2, 4–6"),
        (tuple((n, n) for n in range(0, 36, 2)), "0, 2, …, 34"),
    ],
)
def test_layers_in_short(layers_, said):
    assert numbered(layers_) == said


@pytest.mark.parametrize(
    ("count", "said"),
    [(102_651_793_408, "102.7 B"), (6_980_000_000, "6.98 B"), (1_040_000_000_000, "1.04 T"), (12, "12"), (0, "0")],
)
def test_parameters_in_short(count, said):
    assert human_count(count) == said


@needs_dot
@pytest.mark.parametrize(("form", "begins"), [("svg", b"<?xml"), ("png", b"\x89PNG"), ("pdf", b"%PDF")])
def test_formats(form, begins):
    assert draw(every_status(), form).startswith(begins)
    assert draw_model(every_status().new, form).startswith(begins)


def test_without_graphviz_the_error_says_what_to_install(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(RenderError, match="`dot` is not installed; install it with `apt-get install graphviz`"):
        draw(every_status(), "svg")
    assert dot(every_status()).startswith("digraph"), "DOT itself needs no program"


def test_the_same_bytes_in_processes_that_hash_differently():
    code = (
        "from tests.archdiff.render.pictures import every_status\n"
        "from archdiff.render.diagram import dot\nprint(dot(every_status()))"
    )
    runs = {
        subprocess.run(
            [sys.executable, "-c", code],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(runs) == 1


@needs_dot
class TestReleasedModels:
    @pytest.mark.parametrize("pair", [("gpt-oss-120b", "solar-open-100b"), ("glm-4.5-air", "solar-open-100b")])
    def test_a_comparison_fits_a_page_and_can_be_followed(self, pair):
        source = dot(compared(*pair))
        nodes, clusters, edges = parsed(source)
        widths = [float(clusters[f"cluster_{side}"]["bb"].split(",")[2]) / 72 for side in ("old", "new")]
        assert max(widths) <= 12
        assert crossing(nodes, edges) == []

    @pytest.mark.parametrize("name", ["deepseek-v3", "pythia-160m", "gemma-2-9b"])
    def test_no_path_runs_through_a_box(self, name):
        nodes, _, edges = parsed(dot_model(entry(name, outline(graph(name)))))
        assert crossing(nodes, edges) == []


def crossing(nodes, edges):
    """Paths that run through a box that they do not join."""
    boxes = {key: box(node) for key, node in nodes.items() if node["shape"] in ("box", "circle")}
    return [
        (tail, head, key)
        for tail, head, edge in edges
        if edge.get("style") != "invis"
        for key, (left, bottom, right, top) in boxes.items()
        if key not in (tail, head) and any(left < x < right and bottom < y < top for x, y in points(edge["pos"]))
    ]


def box(node):
    """Its left, bottom, right and top edge in points."""
    x, y = map(float, node["pos"].split(","))
    width, height = float(node["width"]) * 36, float(node["height"]) * 36
    return x - width, y - height, x + width, y + height


def points(pos):
    """Points on an edge's curve, from the control points that Graphviz writes."""
    controls = [tuple(map(float, p.split(","))) for p in pos.split() if p[0] not in "es"]
    for start in range(0, len(controls) - 3, 3):
        for step in range(11):
            t = step / 10
            weights = ((1 - t) ** 3, 3 * t * (1 - t) ** 2, 3 * t**2 * (1 - t), t**3)
            yield tuple(
                sum(w * c[axis] for w, c in zip(weights, controls[start : start + 4], strict=True)) for axis in (0, 1)
            )
