"""The habits of the house, counted: sizes, suppressions, and no path of anybody's machine."""

from __future__ import annotations

import ast
import io
import re
import subprocess
import tokenize

import pytest

LONGEST_FILE = 400
LONGEST_FUNCTION = 50
MOST_SUPPRESSIONS = 10

SOURCES = ("analyzer", "rules")
SWITCH_OFF = r"#\s*(?:type: ignore|pyright: ignore|noqa|pragma: no cover|mypy: |ruff: )"
CODES = r"(?:\[[^\]]*\])?(?::\s*[A-Z]+\d+(?:,\s*[A-Z]+\d+)*)?"
SUPPRESSION = re.compile(SWITCH_OFF + CODES)
# In pieces, so that this file does not hold what it looks for.
MACHINE_PATH = re.compile(r"(?<![\w.~-])/(?:" + "|".join(["work/", "root/", r"tmp/v\b", "home/"]) + ")")


def python_files(root, *folders):
    return [path for folder in folders for path in sorted((root / folder).rglob("*.py"))]


def comments(text):
    """Every comment of a Python source, with its line number."""
    tokens = tokenize.generate_tokens(io.StringIO(text).readline)
    return [(token.start[0], token.string) for token in tokens if token.type == tokenize.COMMENT]


def suppressions(text):
    """Line number and reason of every comment that switches a check off."""
    found = [(line, comment, SUPPRESSION.search(comment)) for line, comment in comments(text)]
    return [(line, comment[match.end() :].strip(" #-–—:.")) for line, comment, match in found if match]


def test_no_file_is_long(root):
    sizes = {path: len(path.read_text().splitlines()) for path in python_files(root, *SOURCES, "tests")}
    assert not {path.name: size for path, size in sizes.items() if size > LONGEST_FILE}


def test_no_function_is_long(root):
    long = [
        f"{path.relative_to(root)}:{node.lineno} {node.name}"
        for path in python_files(root, *SOURCES)
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and node.end_lineno - node.lineno + 1 > LONGEST_FUNCTION
    ]
    assert not long


def test_suppressions_are_rare(root):
    places = [
        f"{path.relative_to(root)}:{line}"
        for path in python_files(root, *SOURCES)
        for line, _ in suppressions(path.read_text())
    ]
    assert len(places) <= MOST_SUPPRESSIONS, places


def test_every_suppression_says_why(root):
    bare = [
        f"{path.relative_to(root)}:{line}"
        for path in python_files(root, *SOURCES, "tests")
        for line, reason in suppressions(path.read_text())
        if len(reason.split()) < 2
    ]
    assert not bare, f"a reason belongs behind the code: `# noqa: S301 - why it is safe here`: {bare}"


@pytest.mark.parametrize(
    ("comment", "reason"),
    [
        ("# noqa: S301 - the file is our own", "the file is our own"),
        ("# noqa: S301, ANN401 -- two codes", "two codes"),
        ("# type: ignore[arg-type]  # the stub is wrong", "the stub is wrong"),
        ("# type: ignore", ""),
        ("# pragma: no cover", ""),
    ],
)
def test_a_reason_is_what_follows_the_code(comment, reason):
    assert suppressions(f"x = 1  {comment}\n") == [(1, reason)]


def test_a_string_is_no_suppression():
    assert suppressions('x = "# noqa: S301"\n') == []


def test_no_tracked_file_names_a_path_of_one_machine(root):
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=root, capture_output=True, text=True, check=False)
    if listed.returncode:
        pytest.skip("not a git checkout: no list of tracked files")
    files = [root / name for name in listed.stdout.split("\0") if name]
    texts = {path: path.read_bytes().decode(errors="replace") for path in files if path.is_file()}
    assert not [str(path.relative_to(root)) for path, text in texts.items() if MACHINE_PATH.search(text)]
