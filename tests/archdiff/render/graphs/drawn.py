"""Models with blocks, for tests of graph formats: hand-made and hostile."""

from __future__ import annotations

from hypothesis import strategies as st

from archdiff.report.schema import Block, Part, TensorEntry
from tests.archdiff.render.bom.described import NASTY, entry, portrait, report


def part(name, role="norm", parts=(), **values):
    """A part; its label is its role."""
    stated = {"label": role, "class_name": "Tiny", "status": "unchanged", "facts": {}, "notes": (), "parameters": 1}
    return Part(id=name, role=role, parts=tuple(parts), **{**stated, **values})


def alone(name, role):
    """A block outside the layers."""
    return Block(
        id=name, role=role, label=role, stack=None, layers=(), count=1, status="unchanged", notes=(), parameters=1,
        partner=name, parts=(part(name, role),), flows=(("in", name), (name, "out")),
    )  # fmt: skip


def layers(first=0, count=4, parts=None, flows=None, **values):
    """A kind of layer with attention and a mixture of experts, and a residual path around the latter."""
    name = f"layers.{first}"
    inner = (part(f"{name}.moe.router", "router"), part(f"{name}.moe.experts", "expert"))
    made = (
        part(f"{name}.attn", "attention"),
        part(f"{name}.moe", "mixture-of-experts", inner),
        part(f"{name}#add.0", "add"),
    )
    paths = (
        ("in", f"{name}.attn"), (f"{name}.attn", f"{name}.moe.router"), (f"{name}.attn", f"{name}#add.0"),
        (f"{name}.moe.router", f"{name}.moe.experts"), (f"{name}.moe.experts", f"{name}#add.0"),
        (f"{name}#add.0", "out"),
    )  # fmt: skip
    stated = {
        "role": "layer", "label": "layers", "stack": "layers", "layers": ((first, first + count - 1),), "count": count,
        "status": "unchanged", "notes": (), "parameters": 40, "partner": name,
        "parts": made if parts is None else parts, "flows": paths if flows is None else flows,
    }  # fmt: skip
    return Block(id=name, **{**stated, **values})


def model(name="new", blocks=None, **values):
    """Embeddings, two kinds of layers and a head."""
    usual = (
        alone("embed", "embedding"),
        alone("positions", "position-embedding"),
        layers(),
        layers(4, 1),
        alone("head", "lm-head"),
    )
    return entry(name, blocks=usual if blocks is None else blocks, **values)


@st.composite
def hostile(draw):
    """A portrait or a report of models whose modules, tensors and facts have nasty names."""
    sides = []
    for _ in range(2):
        names = [f"x{name}" for name in draw(st.lists(NASTY, min_size=4, max_size=4, unique=True))]
        tensor = TensorEntry(name=draw(NASTY), shape=(1, 2), dtype=draw(NASTY))
        inner = part(names[0], draw(NASTY), label=draw(NASTY), tensors=(tensor,), facts={draw(NASTY): draw(NASTY)})
        around = part(names[1], draw(NASTY), [inner], label=draw(NASTY), class_name=draw(NASTY))
        block = layers(
            parts=(around, part(names[2], facts={"big": 2**80, "list": [None, "x"], "real": 1e-5, "no": False})),
            flows=(("in", names[0]), (names[0], names[2]), (names[2], "out"), ("in", "out")),
            label=draw(NASTY), status="changed", notes=(draw(NASTY),), partner=names[3],
        ).model_copy(update={"id": names[3]})  # fmt: skip
        sides.append(model(draw(NASTY), (alone("embed", "embedding"), block, layers(4)), digest=draw(NASTY)))
    return draw(st.sampled_from([portrait(sides[0]), report(*sides)]))
