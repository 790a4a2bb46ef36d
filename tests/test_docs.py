"""The documentation is true: commands parse, examples run, links lead somewhere, pictures show what is printed."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import sys
import tomllib

import click
import jsonschema
import pytest

from archdiff.cli.group import cli
from tests.archdiff.cli.conftest import call

GUIDES = ("README", "release-reviewer", "outside-verifier", "programs")
PAGES = ("README.md", "CONTRIBUTING.md", *(f"docs/{name}.md" for name in GUIDES))
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```", re.DOTALL | re.MULTILINE)
LINK = re.compile(r"\]\(([^)#\s]+)(?:#[^)]*)?\)")

__all__ = ["call"]


def blocks(root, page, language):
    return [text for name, text in BLOCK.findall((root / page).read_text()) if name == language]


def commands(root):
    """Every command line of archdiff that a page shows."""
    for page in PAGES:
        for text in blocks(root, page, "console"):
            for line in text.splitlines():
                if line.startswith("$ archdiff"):
                    yield page, line[2:].partition(" #")[0].partition(" | ")[0].strip()


def test_pages_show_commands(root):
    assert len(list(commands(root))) > 25


def test_every_command_that_is_shown_is_one(root):
    wrong = {}
    for page, line in commands(root):
        _, *arguments = shlex.split(line)
        try:
            command = cli.get_command(click.Context(cli), arguments[0])
            assert command is not None, f"{arguments[0]} is no command"
            command.make_context(arguments[0], arguments[1:])
        except (click.UsageError, AssertionError) as error:
            wrong[f"{page}: {line}"] = str(error)
    assert not wrong


def test_links_lead_somewhere(root):
    found = [(page, target) for page in PAGES for target in LINK.findall((root / page).read_text())]
    inside = [(page, target) for page, target in found if "://" not in target]
    assert len(inside) >= 8
    assert not [f"{page}: {target}" for page, target in inside if not ((root / page).parent / target).exists()]


@pytest.mark.parametrize("page", PAGES)
def test_settings_that_are_shown_are_toml(root, page):
    for text in blocks(root, page, "toml"):
        assert tomllib.loads(text)


def test_the_claims_of_the_guide_are_proved(root, call, tmp_path):
    (text,) = blocks(root, "docs/release-reviewer.md", "toml")
    (tmp_path / "claims.toml").write_text(text)
    made = call("review", "solar-open-100b", "--claims", tmp_path / "claims.toml", "--format", "json")
    assert made.code == 0, made.err
    items = {item["id"]: item["status"] for item in json.loads(made.out)["items"] if item["claimed"] is not None}
    assert items.pop("origin.language-model") == "open"
    assert set(items.values()) == {"proved"}
    assert len(items) == 5


def test_the_settings_of_the_guide_are_taken(root, call, tmp_path):
    (settings,) = blocks(root, "docs/programs.md", "toml")
    (tmp_path / "archdiff.toml").write_text(settings)
    made = call("diff", "glm-4.5-air", "solar-open-100b", "--config", tmp_path / "archdiff.toml", "--format", "json")
    assert made.code == 1, made.err
    report = json.loads(made.out)
    assert [each["finding"]["rule"] for each in report["set_aside"]] == ["vocabulary-resized"]


def consumed(root, folder, report):
    """What the consumer of the guide says of a report, in a Python of its own."""
    (text,) = blocks(root, "docs/programs.md", "python")
    (folder / "consumer.py").write_text(text)
    (folder / "report.json").write_text(report)
    made = subprocess.run(
        [sys.executable, "-I", "consumer.py", "report.json"], cwd=folder, capture_output=True, text=True, check=False
    )
    return made.stdout + made.stderr


def test_the_consumer_of_the_guide_reads_a_real_report(root, call, tmp_path):
    report = call("diff", "glm-4.5-air", "solar-open-100b", "--format", "json").out
    jsonschema.validate(json.loads(report), json.loads(call("schema").out))
    assert consumed(root, tmp_path, report) == "refused: weights were not compared\n"
    later = json.dumps({**json.loads(report), "schema_version": "2.0"})
    assert "schema version 2.0 is not known" in consumed(root, tmp_path, later)


def test_the_consumer_of_the_guide_reads_verdicts(root, call, tmp_path):
    report = json.loads(call("diff", "glm-4.5-air", "solar-open-100b", "--format", "json").out)
    for verdict, said in (("derived", "accepted"), ("independent", "refused")):
        report["weights"] = {"judgements": [{"component": "language-model", "verdict": verdict}]}
        assert consumed(root, tmp_path, json.dumps(report)) == f"{said}: language model: {verdict}\n"


def test_the_picture_of_the_terminal_shows_what_is_printed(root, call):
    printed = call("diff", "gpt-oss-120b", "solar-open-100b").out.splitlines()
    picture = (root / "docs" / "pictures" / "terminal.svg").read_text()
    shown = re.sub(r"<[^>]*>", "", picture).replace("&#160;", " ").replace("&lt;", "<").replace("&amp;", "&")
    told = [line.strip() for line in printed[2:8]]
    assert all(line in shown for line in told), f"run docs/pictures/make.py: {told}"
