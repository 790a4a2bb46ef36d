"""Reports for the tests of the page, and a reader of what it says."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser

from archdiff.render import render
from archdiff.report.schema import (
    ChangeEntry,
    FactChange,
    FindingEntry,
    PlaceEntry,
    RuleEntry,
    SetAside,
    TensorEntry,
)
from archdiff.report.weights import weights_entry
from tests.archdiff.render.pictures import entry, every_status, layers, part, report, single
from tests.archdiff.weights.making import every_kind

HOSTILE = '</script><img src=x onerror="document.title=1">\u202e\x1b[2J<!--'
"""A name that would run, hide or end something where it is not escaped."""

OPEN_ALL = "for (const each of document.querySelectorAll('details')) each.open = true"
"""What a browser runs to open everything that opens."""


class Page(HTMLParser):
    """Elements of a page in their order, each with its attributes and the text in it."""

    VOID = frozenset({"br", "img", "input", "meta"})

    def __init__(self, source):
        super().__init__()
        self.source, self.elements, self.open = source, [], []
        self.feed(source)
        self.close()
        assert not self.open, f"left open: {[name for name, _ in self.open]}"

    def handle_starttag(self, tag, attrs):
        element = (tag, {"": "", **dict(attrs)})
        self.elements.append(element)
        if tag not in self.VOID:
            self.open.append(element)

    def handle_endtag(self, tag):
        assert self.open.pop()[0] == tag, tag

    def handle_data(self, data):
        for _, attributes in self.open:
            attributes[""] += data

    def all(self, tag, **wanted):
        """Attributes of the elements with this name and these attributes; `""` is the text."""
        asked = {key.rstrip("_").replace("_", "-"): value for key, value in wanted.items()}
        return [a for name, a in self.elements if name == tag and all(a.get(k) == v for k, v in asked.items())]

    def one(self, tag, **wanted):
        (found,) = self.all(tag, **wanted)
        return found

    def data(self, key="page-data"):
        """An embedded JSON document."""
        return json.loads(self.one("script", id=key)[""])


def page(document):
    """The page of a document, read."""
    return Page(render(document, "html"))


def raw_script(source, key):
    """The text of an element with this id, as it stands in the page."""
    return re.search(rf'<script type="application/json" id="{key}">(.*?)</script>', source, re.DOTALL).group(1)


def place(path, *ranges):
    return PlaceEntry(path=path, layers=ranges, text=path)


def finding(rule, old=None, new=None, impact="breaking", **values):
    """A finding."""
    stated = {"confidence": "high", "message": f"{rule} happened", "where": "somewhere", "facts": (), "changes": ()}
    rest = {"parameters": 0, "fingerprint": "0" * 20}
    return FindingEntry(rule=rule, impact=impact, old=old, new=new, **{**stated, **rest, **values})


def change(number, kind="attribute-changed", old=None, new=None, **values):
    """A change."""
    stated = {"impact": "breaking", "confidence": "high", "role": "attention", "subject": "weight", "axes": ()}
    rest = {"before": 1, "after": 2, "parameters": 0, "explained_by": (), "inert": ""}
    return ChangeEntry(id=f"{number:020x}", kind=kind, old=old, new=new, **{**stated, **rest, **values})


def fact(name, old, new):
    return FactChange(name=name, old=old, new=new)


def told(**values):
    """A comparison with a part of every status and three findings, one of them of the whole model."""
    attention, layer = place("model.layers.*.a", (0, 35)), place("model.layers.*", (36, 38))
    findings = (
        finding("heads-changed", attention, attention, facts=(fact("attention.query_heads", 96, 64),), parameters=-5),
        finding("layers-added", None, layer, impact="breaking", message="three `new` layers"),
        finding("hidden-changed", place(""), place(""), impact="behavioral", confidence="medium"),
    )
    made = every_status()
    made = made.model_copy(update={"old": as_modules(made.old), "new": as_modules(made.new)})
    rules = tuple(
        RuleEntry(id=each.rule, pack="builtin", group=group)
        for each, group in zip(findings, ("Attention", "Depth & <pattern>", "Width"), strict=True)
    )
    counts = {"breaking": 2, "behavioral": 1, "cosmetic": 0}
    summary = made.summary.model_copy(
        update={"findings": counts, "sentences": ("Heads: 96 → 64.",), "impact": "breaking"}
    )
    changes = (change(1, "config-changed", place(""), place(""), subject="num_attention_heads", before=96, after=64),)
    new = {"findings": findings, "rules": rules, "summary": summary, "changes": changes}
    return made.model_copy(update={**new, "not_checked": ("weights: not compared",), **values})


def as_modules(model):
    """The model with ids as modules have them, and two tensors in each attention."""
    blocks = tuple(_as_module(block) if block.stack is not None else block for block in model.blocks)
    return model.model_copy(update={"blocks": blocks})


def _as_module(block):
    key = f"model.layers.{block.layers[0][0]}"

    def end(name):
        return name if name in ("in", "out") else f"{key}.{name}"

    def moved(parts):
        return tuple(
            each.model_copy(
                update={"id": end(each.id), "parts": moved(each.parts), "tensors": _tensors(each, end(each.id))}
            )
            for each in parts
        )

    flows = tuple((end(a), end(b)) for a, b in block.flows)
    partner = "model.layers.0" if block.partner else None
    return block.model_copy(update={"id": key, "parts": moved(block.parts), "flows": flows, "partner": partner})


def _tensors(each, key):
    shapes = {"q_proj.weight": (64, 32), "k_proj.weight": (16, 32)} if each.role == "attention" else {}
    return tuple(TensorEntry(name=f"{key}.{name}", shape=shape, dtype="bfloat16") for name, shape in shapes.items())


def weighed():
    """A comparison with weight evidence of every kind, tokenizers, lineage, code and a finding that does not count."""
    made = told()
    aside = SetAside(finding=made.findings[0], cause="suppression", reason="known and wanted", expires="2030-01-01")
    return made.model_copy(update={"weights": weights_entry(every_kind()), "set_aside": (aside,)})


def large(blocks, parts):
    """A comparison of this many blocks, each with this many parts."""

    def model(name):
        made = []
        for number in range(blocks):
            key = f"model.layers.{number}"
            inside = [part(f"{key}.p{n}", f"role-{n % 7}", "changed", facts={"mlp.width": n}) for n in range(parts)]
            flows = ["in>p0", *(f"p{n}>p{n + 1}" for n in range(parts - 1)), f"p{parts - 1}>out"]
            made.append(
                layers(key, ((number, number),), "changed", tuple(inside), flows, partner=key, prefix=f"{key}.")
            )
        return entry(name, made, layers=blocks)

    return report(model("large-old"), model("large-new"))


def hostile():
    """A comparison in which every text that a file can choose is hostile."""
    tensor = TensorEntry(name=f"{HOSTILE}.weight", shape=(2, 3), dtype=HOSTILE)
    bad = part(HOSTILE, "attention", "changed", label=HOSTILE, facts={HOSTILE: HOSTILE}, notes=(HOSTILE,))
    bad = bad.model_copy(update={"tensors": (tensor,), "class_name": HOSTILE})
    block = layers(HOSTILE, ((0, 1),), "changed", (bad,), (), partner=HOSTILE, notes=(HOSTILE,))
    block = block.model_copy(update={"flows": (("in", HOSTILE), (HOSTILE, "out"))})
    alone = single(f"{HOSTILE}2", "embedding", label=HOSTILE, partner=f"{HOSTILE}2")
    model = entry(HOSTILE, [alone, block], class_name=HOSTILE, facts={HOSTILE: HOSTILE}, notes=(HOSTILE,))
    found = finding(
        "a-rule", place(HOSTILE), place(HOSTILE), message=HOSTILE, facts=(fact(HOSTILE, HOSTILE, [HOSTILE]),)
    )
    stated = change(1, "config-changed", place(HOSTILE), place(HOSTILE), subject=HOSTILE, before=HOSTILE, after=HOSTILE)
    made = report(model, model)
    rules = (RuleEntry(id="a-rule", pack=HOSTILE, group=HOSTILE),)
    summary = made.summary.model_copy(update={"sentences": (HOSTILE,)})
    rest = {"rules": rules, "summary": summary, "not_checked": (HOSTILE,)}
    return made.model_copy(update={"findings": (found,), "changes": (stated,), **rest})
