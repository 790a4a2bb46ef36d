"""What a user types is a path, a catalogue name or a hub id, in that order; everything else is explained."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archdiff.errors import UnresolvedReferenceError
from archdiff.reference import Reference, parse
from archdiff.text import printable


@pytest.fixture(autouse=True)
def _empty_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize(
    ("text", "kind", "target", "revision"),
    [
        ("solar-open-100b", "catalogue", "solar-open-100b", None),
        ("Solar-Open-100B", "catalogue", "solar-open-100b", None),
        ("upstage/Solar-Open-100B", "hub", "upstage/Solar-Open-100B", None),
        ("upstage/Solar-Open-100B@main", "hub", "upstage/Solar-Open-100B", "main"),
        ("upstage/Solar-Open-100B@refs/pr/1", "hub", "upstage/Solar-Open-100B", "refs/pr/1"),
    ],
)
def test_catalogue_names_and_hub_ids(text, kind, target, revision):
    assert parse(text) == Reference(text, kind, target, revision)


@pytest.mark.parametrize("name", ["solar-open-100b", "upstage/Solar-Open-100B", "weird name", "a@b"])
def test_an_existing_path_comes_first(tmp_path, name):
    (tmp_path / name).mkdir(parents=True)
    assert parse(name).kind == "path"


def test_a_tilde_is_the_home_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "model").mkdir()
    assert parse("~/model").target == str(tmp_path / "model")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("./model", "no such file or directory"),
        ("../model", "no such file or directory"),
        ("/no/such", "no such file or directory"),
        ("~nobody-at-all/x", "no such file or directory"),
        ("config.json", "no such file or directory"),
        ("owner/config.json", "no such file or directory"),
        ("a/b/c", "no such file or directory"),
        ("owner/", "no such file or directory"),
        ("solar-open-100", "did you mean solar-open-100b"),
        ("glm4.5-air", "glm-4.5-air"),
        ("qqqq", "archdiff catalogue"),
        ("", "the empty reference"),
        ("https://example.com/owner/name", "web address"),
        ("owner/na me", "valid hub id"),
        ("owner/name@", "valid hub id"),
        ("owner/name@../../etc", "valid hub id"),
        ("a\0b", r"a\x00b"),
        ("\x1b[2J", r"\x1b[2J"),
    ],
)
def test_what_is_none_of_these_is_explained(text, said):
    with pytest.raises(UnresolvedReferenceError) as caught:
        parse(text)
    assert said in str(caught.value)
    assert str(caught.value).isprintable()


def test_a_dangling_link_is_no_path(tmp_path):
    (tmp_path / "link.json").symlink_to(tmp_path / "gone.json")
    with pytest.raises(UnresolvedReferenceError, match="no such file"):
        parse("link.json")


@given(st.text(max_size=300))
def test_any_text_is_a_reference_or_a_one_line_error(text):
    try:
        outcome = printable(parse(text).text)
    except UnresolvedReferenceError as error:
        outcome = str(error)
    assert outcome.isprintable()
