"""Packs load through entry points, and whatever is wrong with one is an error."""

from __future__ import annotations

import sys

import pytest

from archdiff import packs
from archdiff.compare.changes import IMPACTS
from archdiff.errors import PackError, RuleError, UsageError
from tests.archdiff.making import a_rule, change, comparison, finding

MANUAL = (
    '"""Notices.\n\n    Why it matters:\n        a\n\n    Example:\n        b\n\n    What to do:\n        c\n    """'
)
HEADER = "from archdiff.rule import Finding, rule\n"


def rule_text(name, manual=MANUAL, declared='impact="breaking", group="Ours"', body="return ()"):
    return f"{HEADER}\n\n@rule({declared})\ndef {name}(comparison):\n    {manual}\n    {body}\n"


@pytest.fixture
def install(tmp_path, monkeypatch):
    """Install a pack as pip would leave it: its modules, and metadata that names the entry point."""
    added = []

    def install(name, modules, value=None):
        package = tmp_path / name
        package.mkdir()
        for module, text in {"__init__": "", **modules}.items():
            (package / f"{module}.py").write_text(text)
        metadata = tmp_path / f"{name}-1.0.dist-info"
        metadata.mkdir()
        (metadata / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        (metadata / "entry_points.txt").write_text(f"[archdiff.packs]\n{name} = {value or name}\n")
        added.append(name)

    monkeypatch.syspath_prepend(tmp_path)
    yield install
    for name in [key for key in sys.modules if key.partition(".")[0] in added]:
        del sys.modules[name]


def refused(*parts):
    with pytest.raises(PackError) as caught:
        packs.load_rules()
    for text in parts:
        assert text in str(caught.value)
    assert "\n" not in str(caught.value)


def test_the_built_in_pack_loads_sorted_with_its_name():
    rules = packs.load_rules()
    assert [rule.id for rule in rules] == sorted({rule.id for rule in rules})
    assert {rule.pack for rule in rules} == {"builtin"}


def test_a_third_party_pack_loads_beside_it(install):
    install("acme", {"zebra_striped": rule_text("zebra_striped"), "_helper": "raise RuntimeError"})
    assert {"builtin", "acme"} == {rule.pack for rule in packs.load_rules()}
    assert packs.find(packs.load_rules(), "zebra-striped").group == "Ours"


def test_the_impacts_are_those_of_changes():
    assert packs._IMPACTS == IMPACTS


def test_no_pack_at_all_is_an_error(monkeypatch):
    monkeypatch.setattr(packs, "entry_points", lambda **_: ())
    refused("none is installed")


BROKEN = {
    "raises": ({"a_rule": "raise ValueError('boom\\n')"}, ("rule pack acme", "acme.a_rule", "ValueError: boom")),
    "exits": ({"a_rule": "raise SystemExit(0)"}, ("does not import", "SystemExit")),
    "syntax": ({"a_rule": "def ("}, ("SyntaxError",)),
    "empty": ({}, ("holds no rules",)),
    "module without rule": ({"a_rule": "x = 1"}, ("acme.a_rule holds 0 rules",)),
    "two rules": (
        {"a_rule": rule_text("a_rule") + rule_text("b_rule").removeprefix(HEADER)},
        ("acme.a_rule holds 2 rules",),
    ),
    "another's rule": ({"a_rule": "from acme._b import b_rule", "_b": rule_text("b_rule")}, ("with the id -b",)),
    "no docstring": ({"a_rule": rule_text("a_rule", manual="")}, ("rule a-rule of pack acme", "no docstring")),
    "no section": (
        {"a_rule": rule_text("a_rule", manual=MANUAL.replace("What to do", "Remedy"))},
        ("without the section 'What to do'",),
    ),
    "empty section": ({"a_rule": rule_text("a_rule", manual=MANUAL.replace("        b\n", ""))}, ("'Example'",)),
    "impact": (
        {"a_rule": rule_text("a_rule", declared='impact="bad", group="Ours"')},
        ("declares the impact 'bad'",),
    ),
    "mirror": (
        {"a_rule": rule_text("a_rule", declared='impact="breaking", group="Ours", mirror="nobody"')},
        ("'nobody' as its mirror",),
    ),
    "duplicate": (
        {"hidden_size_changed": rule_text("hidden_size_changed")},
        ("rule hidden-size-changed", "in pack acme and in pack builtin"),
    ),
}


@pytest.mark.parametrize(("modules", "parts"), BROKEN.values(), ids=BROKEN)
def test_a_broken_pack_is_an_error(install, modules, parts):
    install("acme", modules)
    refused(*parts)


def test_an_entry_point_to_nothing_is_an_error(install):
    install("acme", {}, value="no_such_package")
    refused("no_such_package does not import", "ModuleNotFoundError")


def test_an_entry_point_to_a_module_is_an_error(install):
    install("acme", {"a_rule": rule_text("a_rule")}, value="acme.a_rule")
    refused("acme.a_rule is a module, not a package")


def test_rules_that_run_last_see_what_is_left():
    first, second = change(1), change(2)
    seen = []
    claims = a_rule("a-claims", check=lambda _: [finding(explains=(first,))])
    reads = a_rule("z-reads", check=lambda view: seen.extend(view.unexplained) or (), last=True)
    early = a_rule("b-early", check=lambda view: seen.extend(view.unexplained) or ())
    found = packs.run([reads, claims, early], comparison(first, second))
    assert [rule.id for rule, _ in found] == ["a-claims"]
    assert seen == [first, second, second]


@pytest.mark.parametrize(
    ("check", "said"),
    [
        (lambda _: 1 / 0, "ZeroDivisionError"),
        (lambda _: sys.exit(0), "SystemExit"),
        (lambda _: ["text"], "yielded str, not a finding"),
        (lambda _: None, "TypeError"),
        (lambda _: [finding(old=None, new=None)], "in neither model"),
    ],
)
def test_a_rule_that_fails_is_an_error_with_its_name(check, said):
    with pytest.raises(RuleError, match="rule some-rule of pack tests") as caught:
        packs.run([a_rule(check=check)], comparison())
    assert said in str(caught.value)


def test_the_impact_of_a_finding():
    behavioral, cosmetic = change(1, "behavioral"), change(2, "cosmetic")
    rule = a_rule(impact="breaking")
    assert packs.impact_of(rule, finding()) == "breaking"
    assert packs.impact_of(rule, finding(explains=(cosmetic, behavioral))) == "behavioral"
    assert packs.impact_of(rule, finding(explains=(behavioral,), impact="cosmetic")) == "cosmetic"


DEPTH, NORMS = "Depth and layer pattern", "Norms and residual stream"
RULES = [
    a_rule("layers-added", group=DEPTH),
    a_rule("layers-removed", group=DEPTH),
    a_rule("norm-kind-changed", group=NORMS),
]


@pytest.mark.parametrize(
    ("select", "ignore", "left"),
    [
        ((), (), {"layers-added", "layers-removed", "norm-kind-changed"}),
        (("layers-*",), (), {"layers-added", "layers-removed"}),
        (("layers-*",), ("*-added",), {"layers-removed"}),
        ((), ("norm-kind-changed",), {"layers-added", "layers-removed"}),
        (("area:depth-and-layer-pattern",), (), {"layers-added", "layers-removed"}),
        (("area:n*", "layers-added"), (), {"layers-added", "norm-kind-changed"}),
        (("*",), ("area:*residual*",), {"layers-added", "layers-removed"}),
    ],
)
def test_choosing(select, ignore, left):
    assert packs.choose(RULES, select, ignore) == left


def test_choosing_what_is_not_there_suggests_the_nearest():
    with pytest.raises(UsageError, match="did you mean layers-added"):
        packs.choose(RULES, ["layer-added"])
    with pytest.raises(UsageError, match="no such rule; run: archdiff rules"):
        packs.choose(RULES, [], ["xyzzy*"])
    with pytest.raises(UsageError, match="area:depth-pattern: no such rule; did you mean area:depth-and-layer-pattern"):
        packs.choose(RULES, ["area:depth-pattern"])
    with pytest.raises(UsageError, match=r"a\*: no such rule"):
        packs.choose(RULES, ["a*"])


def test_choosing_nothing_is_an_error():
    with pytest.raises(UsageError, match="leave none"):
        packs.choose(RULES, [], ["*"])


def test_every_built_in_rule_is_in_a_group_that_has_its_place():
    assert {rule.group for rule in packs.load_rules()} <= set(packs.GROUPS)
    assert packs.in_order(["Zoo", "Attention", "Acme", "Attention"]) == ("Attention", "Acme", "Zoo")
