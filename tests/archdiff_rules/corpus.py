"""The corpus of rule cases: `fixtures/rules/<rule-id>/` with OLD, NEW and the findings of that rule.

OLD is `old.json`, or a folder `old` with a `config.json` somewhere in it, where a rule reads what stands beside
a config; NEW likewise. `weights.json`, where there is one, is what a weight check says of the two: a list of
`archdiff.rule.Provenance` as data; `tokenizers.json` is an `archdiff.rule.Tokenizers`. `expected.json` and
`snapshot.json` are written by `ARCHDIFF_UPDATE=1 pytest`.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

from archdiff import rule as api
from archdiff.compare import compare
from archdiff.compare.comparison import where
from archdiff.graph import build_graph
from archdiff.packs import impact_of, load_rules, run
from archdiff.sources import resolve

FOLDER = Path(__file__).resolve().parents[2] / "fixtures" / "rules"
SNAPSHOT = FOLDER / "snapshot.json"

RULES = {rule.id: rule for rule in load_rules() if rule.pack == "builtin"}
CASES = sorted(path.name for path in FOLDER.iterdir() if path.is_dir())


def side(case, name):
    """The config file of OLD (`old`) or NEW (`new`), or the folder that holds it."""
    file = case / f"{name}.json"
    folders = sorted(found.parent for found in (case / name).rglob("config.json"))
    if not file.is_file() and not folders:
        raise FileNotFoundError(f"{case.name} has neither {name}.json nor {name}/…/config.json")
    return file if file.is_file() else folders[0]


def contents(path):
    """Everything that a reference to the path may read, for comparing and caching."""
    if path.is_file():
        return (("", path.read_bytes()),)
    return tuple(sorted((str(file), file.read_bytes()) for file in path.iterdir()))


def faults(case, rules):
    """What is wrong with a case, without running it."""
    if case.name not in rules:
        return [f"{case.name} is no rule"]
    try:
        first, second = (contents(side(case, name)) for name in ("old", "new"))
    except FileNotFoundError as error:
        return [str(error)]
    if [text for _, text in first] == [text for _, text in second] and not any(map(Path.is_file, beside(case))):
        return [f"{case.name} has an OLD and a NEW that are equal, and nothing beside them that tells them apart"]
    return []


def beside(case):
    """Files that say of a case what its configs do not."""
    return (case / "weights.json", case / "tokenizers.json")


_MIRRORED = {"extended": "pruned", "pruned": "extended"}


def tokenizers(case, first="old", second="new"):
    """What comparing the tokenizers of two sides says; those of a side and itself are identical."""
    file = FOLDER / case / "tokenizers.json"
    if not file.is_file():
        return None
    data = json.loads(file.read_text())
    sizes = tuple(data["sizes"])
    if first == second:
        size = sizes[first == "new"]
        return api.Tokenizers("identical", (size, size))
    verdict = data["verdict"] if first == "old" else _MIRRORED.get(data["verdict"], data["verdict"])
    ordered = sizes if first == "old" else sizes[::-1]
    return api.Tokenizers(verdict, ordered, tuple(data["reasons"]), tuple(data["differing"]))


def place(data):
    """A place, from `{"path": …, "layers": […]}` or null."""
    return api.Place(data["path"], tuple(data["layers"])) if data is not None else None


def provenance(data, swapped=False):
    """What a weight check says of a component; the other way round where OLD and NEW are."""
    names = {key: tuple(data[key]) for key in ("labels", "reasons", "frozen", "upcycled")}
    sides, pairs = [place(data["old"]), place(data["new"])], [tuple(pair) for pair in data["copied"]]
    if swapped:
        sides, pairs = sides[::-1], [pair[::-1] for pair in pairs]
    found = {"old": sides[0], "new": sides[1], "copied": tuple(pairs), **names}
    return api.Provenance(data["component"], data["verdict"], figures=data["figures"], **found)


def weights(case, first="old", second="new"):
    """What a weight check says of two sides of a case; nothing of a side and itself, or without `weights.json`."""
    file = FOLDER / case / "weights.json"
    if first == second or not file.is_file():
        return ()
    return tuple(provenance(data, swapped=first == "new") for data in json.loads(file.read_text()))


_graphs = {}


def graph(path):
    """The graph of a config; each text is built once in a session."""
    key = contents(path)
    if key not in _graphs:
        _graphs[key] = build_graph(resolve(str(path)))
    return _graphs[key]


@cache
def comparison(case, first="old", second="new"):
    """Two sides of a case, compared, with what a weight check says of them."""
    found = compare(*(graph(side(FOLDER / case, name)) for name in (first, second)))
    told = tokenizers(case, first, second)
    found = found if told is None else found.with_tokenizers(told)
    return found.with_weights(weights(case, first, second))


@cache
def findings(case, first="old", second="new"):
    """What all rules find between two sides of a case: rule and finding, in the order of the rules."""
    return run(tuple(RULES.values()), comparison(case, first, second))


def entry(rule, finding):
    """A finding as `expected.json` states it."""
    value = {
        "rule": rule.id,
        "impact": impact_of(rule, finding),
        "confidence": finding.confidence,
        "message": finding.message,
        "where": where(finding.old, finding.new),
        "facts": finding.facts,
        "parameters": finding.parameters,
    }
    return json.loads(json.dumps(value, default=dict))


def own(case):
    """The findings of the rule that the case is about."""
    return [entry(rule, finding) for rule, finding in findings(case) if rule.id == case]


def line(case):
    """A case's line of the cross product: which rules fire, with which impact."""
    return sorted(f"{rule.id}: {impact_of(rule, finding)}" for rule, finding in findings(case))


def update():
    """Write `expected.json` of every case and the snapshot."""
    for case in CASES:
        (FOLDER / case / "expected.json").write_text(text(own(case)))
    SNAPSHOT.write_text(text({case: line(case) for case in CASES}))


def text(value):
    """JSON as the corpus stores it."""
    return json.dumps(value, indent=2, ensure_ascii=False) + "\n"
