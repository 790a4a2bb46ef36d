"""Small reports made by hand, one with a part of every status, and what Graphviz reads in a picture."""

from __future__ import annotations

import json
import re
import shutil
import subprocess

import pytest

from archdiff.report.schema import Block, ModelEntry, Part, Report, Summary

needs_dot = pytest.mark.skipif(shutil.which("dot") is None, reason="the program `dot` of Graphviz is not installed")


def part(key, role, status="unchanged", *, label=None, facts=None, notes=(), parts=()):
    """A part of a layer; its id ends with `key`."""
    return Part(
        id=key,
        role=role,
        label=label or role,
        class_name="Class",
        status=status,
        facts=facts or {},
        notes=notes,
        parameters=10,
        parts=parts,
    )


def single(key, role, status="unchanged", *, partner=None, facts=None, notes=(), label=None):
    """A block outside the layers."""
    return Block(
        id=key,
        role=role,
        label=label or role,
        stack=None,
        layers=(),
        count=1,
        status=status,
        notes=notes,
        parameters=10,
        partner=partner,
        parts=(part(key, role, status, facts=facts, notes=notes, label=label),),
        flows=(("in", key), (key, "out")),
    )


def layers(key, ranges, status, parts, flows, *, partner=None, notes=(), prefix=""):
    """A block of layers; flows are given as `producer>consumer`, without the prefix of its parts' ids."""

    def end(name):
        return name if name in ("in", "out") else f"{prefix}{name}"

    return Block(
        id=key,
        role="layer",
        label="layers",
        stack="model.layers",
        layers=ranges,
        count=sum(last - first + 1 for first, last in ranges),
        status=status,
        notes=notes,
        parameters=100,
        partner=partner,
        parts=parts,
        flows=tuple(tuple(map(end, flow.split(">"))) for flow in flows),
    )


def entry(name, blocks, **more):
    """A model."""
    values = {
        "name": name,
        "reference": name,
        "kind": "catalogue",
        "hub_id": None,
        "revision": None,
        "digest": "0",
        "licence": None,
        "released": None,
        "lineage": (),
        "model_type": "any",
        "class_name": "AnyForCausalLM",
        "parameters": 102_651_793_408,
        "active_parameters": 12_000_000_000,
        "layers": 36,
        "facts": {"hidden_size": 4096},
        "traced": True,
        "notes": (),
    }
    return ModelEntry(**{**values, **more}, blocks=tuple(blocks))


def report(old, new, *, same=False):
    """A comparison of two models."""
    findings = {"breaking": 0 if same else 3, "behavioral": 0 if same else 1, "cosmetic": 0}
    summary = Summary(impact=None, findings=findings, changes=4, same_architecture=same, sentences=())
    return Report(
        archdiff="0",
        transformers="5",
        old=old,
        new=new,
        summary=summary,
        findings=(),
        changes=(),
        alignment=(),
        rules=(),
        not_checked=(),
    )


DENSE = ("in>n", "n>a", "a>+1", "in>+1", "+1>m", "m>+2", "+1>+2", "+2>out")
MIXTURE = ("in>n", "n>a", "a>+1", "in>+1", "+1>r", "+1>e", "+1>s", "r>e", "e>+3", "s>+3", "+3>+2", "+1>+2", "+2>out")


def every_status():
    """OLD's layer has a dense MLP, NEW's a mixture of experts; queries were 96 and are 64; three layers are new."""
    old_parts = (
        part("n", "norm", facts={"norm.kind": "rms"}),
        part("a", "attention", "changed", facts={"attention.query_heads": 96}, notes=("96 → 64 query heads",)),
        part("+1", "add", label="add"),
        part("m", "dense-mlp", "removed"),
        part("+2", "add", label="add"),
    )
    new_parts = mixture("changed")
    dense = layers("L", ((0, 35),), "changed", old_parts, DENSE, partner="L")
    old = entry("old-model", [single("emb", "embedding", partner="emb"), dense])
    new = entry(
        "new-model",
        [
            single("emb", "embedding", partner="emb"),
            layers("L", ((0, 35),), "changed", new_parts, MIXTURE, partner="L"),
            layers("L36", ((36, 38),), "added", mixture("added", "x"), MIXTURE, prefix="x"),
        ],
    )
    return report(old, new)


def mixture(status, prefix=""):
    """The parts of a layer with experts: all added, or the attention changed and the experts added."""
    rest = "added" if status == "added" else "unchanged"
    inner = tuple(
        part(f"{prefix}{key}", role, "added")
        for key, role in (("r", "router"), ("e", "expert"), ("s", "shared-expert"), ("+3", "add"))
    )
    return (
        part(f"{prefix}n", "norm", rest, facts={"norm.kind": "rms"}),
        part(f"{prefix}a", "attention", status, facts={"attention.query_heads": 64}, notes=("96 → 64 query heads",)),
        part(f"{prefix}+1", "add", rest, label="add"),
        part(f"{prefix}moe", "mixture-of-experts", "added", label="mixture of experts", parts=inner),
        part(f"{prefix}+2", "add", rest, label="add"),
    )


def parsed(source):
    """What Graphviz reads in a DOT text: nodes and clusters by name, edges as pairs of names.

    Raises:
        subprocess.CalledProcessError: it is not DOT.
    """
    done = subprocess.run(["dot", "-Tjson"], input=source.encode(), capture_output=True, check=True)
    assert not done.stderr, done.stderr.decode()
    data = json.loads(done.stdout, strict=False)
    objects = data.get("objects", ())
    nodes = {each["name"]: each for each in objects if re.fullmatch(r"(old|new|one)\d+", each["name"])}
    clusters = {each["name"]: each for each in objects if each["name"].startswith("cluster")}
    names = {each["_gvid"]: each["name"] for each in objects}
    edges = [(names[e["tail"]], names[e["head"]], e) for e in data.get("edges", ())]
    return nodes, clusters, edges
