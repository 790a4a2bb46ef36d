"""Families that derive from one another: what changes between them is explained, or a reason is written down."""

from __future__ import annotations

import itertools
import tomllib
from functools import cache
from pathlib import Path

import pytest

from archdiff.compare import compare
from archdiff.graph import build_graph
from archdiff.graph.build import quiet
from archdiff.packs import load_rules, run
from archdiff.sources.source import Origin, make
from tests.zoo.census import config_of

DATA = tomllib.loads(Path(__file__).with_name("neighbours.toml").read_text(encoding="utf-8"))
LINEAGES = [[name.strip() for name in line.split("→")] for line in DATA["lineages"]]
PAIRS = list(dict.fromkeys(pair for names in LINEAGES for pair in itertools.pairwise(names)))
RULES = load_rules()


@cache
def graph_of(model_type):
    """The graph of the type's default config with few layers, and with what the config lacks to be built."""
    with quiet():
        config = config_of(model_type) | DATA["configs"].get(model_type, {})
    return build_graph(make(model_type, "file", model_type, config, Origin()))


def unexplained(old, new):
    """What the last rule reports between two types: each as its message begins."""
    findings = run(RULES, compare(graph_of(old), graph_of(new)))
    return sorted(finding.message.partition(":")[0] for rule, finding in findings if rule.id == "unexplained-change")


def written(pair):
    """The changes of a pair that may stay unexplained."""
    return sorted(DATA["remaining"].get(" → ".join(pair), {}).get("unexplained", ()))


def test_there_are_enough_pairs_and_few_exceptions():
    assert len(PAIRS) >= 60
    assert 10 * len(DATA["remaining"]) <= len(PAIRS)


def test_a_reason_is_written_for_every_exception_and_none_for_other_pairs():
    assert {*DATA["remaining"]} <= {" → ".join(pair) for pair in PAIRS}
    assert all(len(entry["reason"].split()) > 5 and entry["unexplained"] for entry in DATA["remaining"].values())


@pytest.mark.parametrize("pair", PAIRS, ids=" → ".join)
def test_what_changes_between_neighbours_is_explained(pair):
    assert unexplained(*pair) == written(pair)
