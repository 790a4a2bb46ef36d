"""Which boxes findings are about, and what the diagram holds: checked on both main cases and on small ones."""

from __future__ import annotations

import itertools
from functools import cache

import pytest

from archdiff.api import diff
from archdiff.render.html.diagram import diagram, diagram_of_model
from archdiff.render.html.places import Index, block_key, keys_of_findings, part_keys, tensor_changes
from archdiff.report.pairing import every_part
from tests.archdiff.render.html.pages import change, finding, place, told

CASES = [("gpt-oss-120b", "solar-open-100b"), ("glm-4.5-air", "solar-open-100b")]


@cache
def compared(old, new):
    return diff(old, new)


@pytest.fixture(params=CASES, ids=lambda pair: pair[0])
def report(request):
    """The report of a main case."""
    return compared(*request.param)


def cells(data):
    """Every box of a diagram."""
    for row in data["rows"]:
        yield from (cell for cell in row["cells"] if cell)
        yield from (item["cell"] for item in row["body"] if isinstance(item, dict))


def found(model, side, path, *layers):
    return Index(model, side).keys(place(path, *layers))


def test_a_place_is_found_in_the_layers_that_it_names():
    model = told().new
    assert found(model, 1, "model.layers.*.a", (0, 35)) == (part_keys(model.blocks[1], "n1")["model.layers.0.a"],)
    assert found(model, 1, "model.layers.*", (36, 36)) == ("n2",)
    assert found(model, 1, "model.layers.*", (30, 40)) == ("n1", "n2")
    assert found(model, 1, "model.layers.*", (99, 99)) == ()


def test_what_is_not_drawn_is_found_in_the_box_around_it():
    model = told().new
    (attention,) = found(model, 1, "model.layers.*.a", (0, 0))
    assert found(model, 1, "model.layers.*.a.q_proj", (0, 0)) == (attention,)
    assert found(model, 1, "model.layers.*.a.inner.deep", (0, 0)) == (attention,)
    assert found(model, 1, "model.layers.*.unknown", (0, 0)) == ("n1",)
    assert found(model, 1, "emb") == ("n0",)
    assert found(model, 1, "emb.inside") == ("n0",)


@pytest.mark.parametrize("path", ["", "elsewhere", "model", "model.layersx.*"])
def test_the_whole_model_and_strangers_have_no_box(path):
    assert found(told().new, 1, path, (0, 0)) == ()
    assert Index(told().new, 1).keys(None) == ()


def test_a_finding_is_about_the_boxes_of_the_changes_it_explains_else_about_its_own():
    made = told()
    norm = place("model.layers.*.n", (0, 35))
    changes = (change(1, "tensor-reshaped", norm, norm), change(2, "config-changed", norm, norm))
    silent = change(3, "tensor-reshaped", norm, norm, inert="no effect")
    made = made.model_copy(update={"changes": (*changes, silent)})
    attention = place("model.layers.*.a", (0, 35))
    explained = finding("a-rule", attention, attention, changes=(changes[0].id, changes[1].id))
    own = finding("b-rule", attention, attention, changes=(changes[1].id, silent.id, "f" * 20))
    first, second = keys_of_findings(made, (explained, own))
    assert [key[0] for key in first] == ["o", "n"]
    assert first != second
    assert second == (
        *found(made.old, 0, "model.layers.*.a", (0, 35)),
        *found(made.new, 1, "model.layers.*.a", (0, 35)),
    )


def test_tensors_are_marked_by_what_became_of_them():
    made = told()
    query = place("model.layers.*.a.q_proj", (0, 35))
    changes = (
        change(1, "tensor-reshaped", query, query),
        change(2, "tensor-added", None, query, subject="bias"),
        change(3, "tensor-removed", query, None, subject="scale"),
        change(4, "attribute-changed", query, query, subject="other"),
    )
    marks = tensor_changes(changes, (Index(made.old, 0), Index(made.new, 1)))
    assert sorted(marks.values()) == ["+", "~", "~", "−"]
    assert {name for _, name in marks} == {"q_proj.weight", "q_proj.bias", "q_proj.scale"}


def test_every_block_and_part_of_both_models_is_drawn_once(report):
    keys = [cell["key"] for cell in cells(diagram(report))]
    wanted = [
        key
        for side, model in enumerate((report.old, report.new))
        for number, block in enumerate(model.blocks)
        for key in {block_key(side, number), *part_keys(block, block_key(side, number)).values()}
    ]
    assert sorted(keys) == sorted(wanted)


def test_every_tensor_of_the_report_is_in_the_diagram(report):
    drawn = sum(len(cell.get("tensors", ())) for cell in cells(diagram(report)))
    blocks = (*report.old.blocks, *report.new.blocks)
    assert drawn == sum(len(part.tensors) for block in blocks for part in every_part(block.parts)) > 30


def test_what_corresponds_stands_in_one_row(report):
    old, new = ({b.id: n for n, b in enumerate(m.blocks)} for m in (report.old, report.new))
    pairs = {
        (f"o{old[b.partner]}", f"n{n}")
        for n, b in enumerate(report.new.blocks)
        if b.partner in old and report.old.blocks[old[b.partner]].partner == b.id
    }
    rows = [[cell["key"] if cell else None for cell in row["cells"]] for row in diagram(report)["rows"]]
    assert {(a, b) for a, b in rows if a and b} == pairs
    assert len(new) == sum(1 for _, b in rows if b)


def test_boxes_of_one_side_never_overlap(report):
    for row in diagram(report)["rows"]:
        boxes = [item for item in row["body"] if isinstance(item, dict) and item["kind"] != "frame"]
        for a, b in itertools.combinations(boxes, 2):
            apart = a["end"] <= b["top"] or b["end"] <= a["top"] or a["right"] <= b["left"] or b["right"] <= a["left"]
            assert apart or a["side"] != b["side"]


def test_findings_and_boxes_name_each_other(report):
    data = diagram(report)
    told_ = {(cell["key"], number) for cell in cells(data) for number in cell.get("found", ())}
    assert told_ == {(key, number) for number, keys in enumerate(data["found"]) for key in keys}
    without = [report.findings[number].rule for number, keys in enumerate(data["found"]) if not keys]
    assert len(without) <= 2, "almost every finding of a main case has a place"


def test_the_shared_expert_of_solar_open_is_where_the_finding_leads():
    made = compared(*CASES[0])
    data = diagram(made)
    number = [each.rule for each in made.findings].index("shared-experts-added")
    labels = {cell["key"]: (cell["label"], cell["status"]) for cell in cells(data)}
    assert ("shared expert", "added") in {labels[key] for key in data["found"][number]}


def test_one_row_stands_open_and_it_is_one_that_changed(report):
    opened = [row for row in diagram(report)["rows"] if row["open"]]
    assert len(opened) == 1
    assert opened[0]["changed"]


def test_a_model_alone_has_one_side_and_no_marks():
    data = diagram_of_model(compared(*CASES[0]).new)
    assert {len(row["cells"]) for row in data["rows"]} == {1}
    assert {cell["status"] for cell in cells(diagram_of_model(told().old.model_copy(update={"blocks": ()})))} == set()
    assert len(data["names"]) == 1
