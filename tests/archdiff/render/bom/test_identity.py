"""How standards name a model."""

from __future__ import annotations

import pytest
from packageurl import PackageURL

from archdiff.render.bom.identity import custom_licence, ended, midnight, page, purl, sha256, version
from tests.archdiff.render.bom.described import COMMIT, DIGEST, entry


@pytest.mark.parametrize("name", ["a/b", "Some-One/x.y_z-1", "0/9"])
def test_a_package_url_is_one(name):
    found = PackageURL.from_string(purl(name, COMMIT))
    assert (found.type, f"{found.namespace}/{found.name}", found.version) == ("huggingface", name, COMMIT)


@pytest.mark.parametrize("name", [None, "", "gpt2", "a/b/c", "../x", "a b/c", "a/b?x"])
def test_any_other_name_has_neither_package_url_nor_page(name):
    assert purl(name) is None
    assert page(name) is None


def test_a_version_is_the_revision_or_the_digest():
    assert version(entry(revision="v1.0")) == "v1.0"
    assert version(entry(revision=None)) == DIGEST


@pytest.mark.parametrize(
    ("digest", "digits"), [(DIGEST, "ab" * 32), ("sha256:00", None), ("md5:" + "ab" * 32, None), (DIGEST.upper(), None)]
)
def test_the_digits_of_a_digest(digest, digits):
    assert sha256(digest) == digits


@pytest.mark.parametrize(
    ("name", "reference"),
    [
        ("Own Licence (v1)", "LicenseRef-Own-Licence-v1"),
        ("\n", "LicenseRef-unnamed"),
        ("x" * 300, "LicenseRef-" + "x" * 100),
    ],
)
def test_a_reference_to_a_licence(name, reference):
    assert custom_licence(name) == reference


@pytest.mark.parametrize(
    ("date", "moment"),
    [("2025-12-31", "2025-12-31T00:00:00Z"), ("soon", None), ("", None), (None, None), ("2025-13-01", None)],
)
def test_the_first_moment_of_a_day(date, moment):
    assert midnight(date) == moment


def test_a_sentence_ends_once():
    assert [ended(text) for text in ("a", "a.", "a?")] == ["a.", "a.", "a?"]
