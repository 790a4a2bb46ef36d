"""`archdiff.toml` and `[tool.archdiff]`: where they are looked for, what they may say, and what is refused."""

from __future__ import annotations

import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archdiff.cli import settings
from archdiff.cli.settings import NOTHING, load
from archdiff.errors import UsageError
from tests.archdiff.cli.calling import assert_refused

SUPPRESS = '[[suppress]]\nrule = "norm-*"\nreason = "agreed"\n'


@pytest.fixture
def here(tmp_path, monkeypatch):
    """An empty repository, which is the working directory."""
    (tmp_path / "checkout" / ".git").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "checkout")
    monkeypatch.delenv("SOURCE_DATE_EPOCH", raising=False)
    return tmp_path / "checkout"


def found():
    return load(None, isolated=False)


def refused(here, text, name="archdiff.toml"):
    (here / name).write_text(text)
    with pytest.raises(UsageError) as caught:
        found()
    assert str(caught.value).isprintable()
    return str(caught.value)


def test_without_a_file_nothing_applies(here):
    assert found() == NOTHING


def test_everything_that_a_file_may_say(here):
    (here / "archdiff.toml").write_text(
        'select = ["area:attention", "norm-*"]\nignore = ["norm-kind-changed"]\nfail-on = "breaking"\n'
        'min-confidence = "medium"\nbaseline = "accepted.json"\n'
        '[weights]\nbudget = "2GiB"\ndevice = "cpu"\nparts = "shared"\n'
        '[[suppress]]\nrule = "norm-*"\nwhere = "layers.*.mlp"\nold = "a*"\nnew = "b*"\nreason = "agreed"\n'
        "expires = 2999-12-31\n" + SUPPRESS
    )
    read = found()
    assert (read.file, read.select, read.ignore) == (
        "archdiff.toml",
        ("area:attention", "norm-*"),
        ("norm-kind-changed",),
    )
    assert dict(read.options) == {
        "fail_on": "breaking",
        "min_confidence": "medium",
        "baseline": "accepted.json",
        "budget": "2GiB",
        "device": "cpu",
        "parts": "shared",
    }
    first, second = read.suppressions
    assert (first.rule, first.where, first.old, first.new) == ("norm-*", "layers.*.mlp", "a*", "b*")
    assert (first.reason, first.expires, first.subject) == (
        "agreed",
        "2999-12-31",
        "archdiff.toml: suppress 1 (norm-*)",
    )
    assert (second.where, second.old, second.new, second.expires) == ("*", "*", "*", None)


def test_the_nearest_file_up_to_the_root_of_the_repository_applies(here, monkeypatch):
    (here.parent / "archdiff.toml").write_text('select = ["outside"]\n')
    inner = here / "models" / "x"
    inner.mkdir(parents=True)
    monkeypatch.chdir(inner)
    assert found() == NOTHING
    (here / "pyproject.toml").write_text('[tool.archdiff]\nselect = ["root"]\nbaseline = "b.json"\n')
    assert (found().file, found().select) == ("pyproject.toml", ("root",))
    assert found().options["baseline"] == "../../b.json", "it stands beside the file, whoever reads it"
    (here / "models" / "archdiff.toml").write_text('select = ["nearer"]\n')
    assert (found().file, found().select) == ("models/archdiff.toml", ("nearer",))


def test_outside_a_repository_only_the_working_directory_counts(tmp_path, monkeypatch):
    (tmp_path / "archdiff.toml").write_text('select = ["above"]\n')
    (tmp_path / "inner").mkdir()
    monkeypatch.chdir(tmp_path / "inner")
    assert found() == NOTHING
    monkeypatch.chdir(tmp_path)
    assert found().select == ("above",)


def test_a_project_file_counts_only_with_a_table_of_archdiff(here):
    (here / "pyproject.toml").write_text('[tool.other]\nselect = ["x"]\n')
    assert found() == NOTHING
    (here / "archdiff.toml").write_text('select = ["own"]\n')
    (here / "pyproject.toml").write_text('[tool.archdiff]\nselect = ["project"]\n')
    assert found().select == ("own",)


def test_a_file_can_be_named_and_all_can_be_left_out(here, tmp_path):
    (here / "archdiff.toml").write_text('select = ["found"]\n')
    (tmp_path / "other.toml").write_text('select = ["named"]\n')
    (tmp_path / "pyproject.toml").write_text('[tool.archdiff]\nselect = ["table"]\n')
    assert load(str(tmp_path / "other.toml"), isolated=False).select == ("named",)
    assert load(str(tmp_path / "pyproject.toml"), isolated=False).select == ("table",)
    assert load(None, isolated=True) == NOTHING
    with pytest.raises(UsageError, match="contradicts --isolated"):
        load("other.toml", isolated=True)
    with pytest.raises(UsageError, match="cannot be read"):
        load("nowhere.toml", isolated=False)
    (tmp_path / "pyproject.toml").write_text("[tool]\n")
    with pytest.raises(UsageError, match="holds no"):
        load(str(tmp_path / "pyproject.toml"), isolated=False)


def test_a_working_directory_that_is_gone_is_one_line(tmp_path, monkeypatch):
    (tmp_path / "gone").mkdir()
    monkeypatch.chdir(tmp_path / "gone")
    (tmp_path / "gone").rmdir()
    with pytest.raises(UsageError, match="settings: cannot be looked for"):
        found()
    assert load(None, isolated=True) == NOTHING


def test_a_tilde_stands_for_itself(here):
    (here / "archdiff.toml").write_text('baseline = "~nobody-at-all/b.json"\n')
    assert found().options["baseline"] == "~nobody-at-all/b.json"
    with pytest.raises(UsageError, match="cannot be read"):
        load("~nobody-at-all/archdiff.toml", isolated=False)


FAULTS = {
    "unknown key": ('selct = ["x"]', "unknown key 'selct'; did you mean select?"),
    "far from any": ('zzz = ["x"]', "use select, ignore, fail-on"),
    "unknown key of weights": ('[weights]\nbudgt = "1GiB"', "[weights]: unknown key 'budgt'; did you mean budget?"),
    "unknown key of a suppression": (f"{SUPPRESS}were = 'x'", "suppress 1: unknown key 'were'; did you mean where?"),
    "escape in a key": ('"\\u001b[31m" = 1', "unknown key '\\x1b[31m'"),
    "a text for a list": ('select = "x"', "select: is a text, not a list"),
    "a number in a list": ("select = [1]", "select: holds a number"),
    "blank in a list": ('select = [""]', "where a short text belongs"),
    "many": ("select = [" + '"x", ' * 1001 + "]", "more than 1,000 items"),
    "unknown level": ('fail-on = "severe"', "choose from breaking, behavioral, cosmetic, never"),
    "unknown confidence": ('min-confidence = "sure"', "choose from high, medium, low"),
    "a list for a text": ('baseline = ["x"]', "baseline: is a list, not a text"),
    "blank": ('baseline = " "', "is blank"),
    "long": (f'baseline = "{"x" * 1001}"', "is too long"),
    "no table": ('weights = "x"', "[weights]: is not a table"),
    "no list of tables": ("[suppress]\nrule = 'x'", "write [[suppress]] above each"),
    "list of texts": ('suppress = ["x"]', "suppress 1: is not a table"),
    "no rule": ('[[suppress]]\nreason = "x"', "suppress 1: has no rule"),
    "no reason": ('[[suppress]]\nrule = "norm-*"', "suppress 1: has no reason"),
    "blank reason": ('[[suppress]]\nrule = "x"\nreason = "  "', "reason: is blank"),
    "a text for a date": (f'{SUPPRESS}expires = "2026-12-31"', "without quotation marks"),
    "a time for a date": (f"{SUPPRESS}expires = 2026-12-31T00:00:00Z", "not a date"),
    "expired": (f"{SUPPRESS}expires = 2020-01-31", "suppress 1 (norm-*): expired on 2020-01-31"),
    "no TOML": ("select = [", "not TOML"),
    "a key twice": ("a = 1\na = 2", "not TOML"),
    "deep": (f"select = {'[' * 5000}", "not TOML"),
    "digits": (f"select = {'1' * 5000}", "not TOML"),
    "large": (" " * (2**20 + 1), "larger than 1 MiB"),
}


@pytest.mark.parametrize(("text", "said"), FAULTS.values(), ids=FAULTS)
def test_what_is_wrong_is_said_with_the_file(here, text, said):
    line = refused(here, text)
    assert said in line
    assert line.startswith("archdiff.toml")


def test_a_project_file_that_is_broken_is_not_passed_over(here):
    assert "pyproject.toml: not TOML" in refused(here, "[tool.archdiff", "pyproject.toml")


def test_a_suppression_holds_on_its_last_day(here, monkeypatch):
    (here / "archdiff.toml").write_text(f"{SUPPRESS}expires = 2026-12-31\n")
    noon = datetime.datetime(2026, 12, 31, 12, tzinfo=datetime.UTC)
    monkeypatch.setenv("SOURCE_DATE_EPOCH", str(int(noon.timestamp())))
    assert found().suppressions[0].expires == "2026-12-31"
    monkeypatch.setenv("SOURCE_DATE_EPOCH", str(int((noon + datetime.timedelta(days=1)).timestamp())))
    with pytest.raises(UsageError, match="expired on 2026-12-31"):
        found()


@pytest.mark.parametrize("epoch", ["soon", "1e9", "9" * 30])
def test_a_time_that_is_none_is_refused(monkeypatch, epoch):
    monkeypatch.setenv("SOURCE_DATE_EPOCH", epoch)
    with pytest.raises(UsageError, match="SOURCE_DATE_EPOCH"):
        settings.today()


def test_today_is_today_unless_told(monkeypatch):
    monkeypatch.delenv("SOURCE_DATE_EPOCH", raising=False)
    assert abs((settings.today() - datetime.datetime.now(datetime.UTC).date()).days) <= 1


@given(st.binary(max_size=200))
def test_any_content_is_settings_or_one_line(tmp_path_factory, content):
    file = tmp_path_factory.mktemp("any") / "archdiff.toml"
    file.write_bytes(content)
    said = ""
    try:
        load(str(file), isolated=False)
    except UsageError as error:
        said = str(error)
    assert said.isprintable()


def test_a_bad_file_ends_the_command_before_a_model_is_read(call, here):
    (here / "archdiff.toml").write_text("selct = []")
    for command in ("diff", "weights"):
        assert_refused(call(command, "no-such-model", "no-such-model"), "archdiff.toml: unknown key 'selct'")
