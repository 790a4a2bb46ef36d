"""The frame of every command: help, usage errors, failures, completion, pipes."""

from __future__ import annotations

import errno
import json
import os
import pty
import subprocess
from pathlib import Path

import pytest

from archdiff.cli import catalogue, entry, group, stdout
from archdiff.errors import RenderError
from tests.archdiff.cli.calling import SCRIPT, assert_refused, process

USAGE = {
    "no command": ((), "no command is given"),
    "unknown command": (("dif",), "no such command 'dif', did you mean diff?"),
    "hostile command": (("\x1b[2J",), "no such command"),
    "unknown option": (("diff", "a", "b", "--fial-on=never"), "--fial-on"),
    "one model": (("diff", "gpt2"), "missing argument 'NEW'"),
    "three models": (("diff", "a", "b", "c"), "unexpected extra argument"),
    "format": (("diff", "gpt2", "gpt2", "--format", "docx"), "'docx' is not one of 'terminal', 'json'"),
    "level": (("diff", "gpt2", "gpt2", "--fail-on", "bad"), "'bad' is not one of 'breaking'"),
    "select": (("diff", "gpt2", "gpt2", "--select", "layer-added"), "did you mean layers-added?"),
    "empty select": (("diff", "gpt2", "gpt2", "--select", " , "), "--select: names no rule"),
    "rule": (("rule", "shared-expert-added"), "did you mean shared-experts-added?"),
    "catalogue": (("catalogue", "gpt-os-20b"), "did you mean gpt-oss-20b"),
    "catalogue far off": (("catalogue", "zzzzzz"), "run: archdiff catalogue"),
    "shell": (("completion", "tcsh"), "'tcsh' is not one of"),
    "missing value": (("show", "gpt2", "--save"), "--save"),
}


@pytest.mark.parametrize(("arguments", "said"), USAGE.values(), ids=USAGE)
def test_a_usage_error_is_one_line(call, arguments, said):
    assert_refused(call(*arguments), said)


def test_the_help_lists_every_command_with_the_help_of_its_own(call):
    listed = call("--help").out
    for name, short in group.COMMANDS.items():
        assert f"  {name}" in listed
        assert short in listed
        own = call(name, "--help")
        assert own.code == 0
        assert own.out.startswith(f"Usage: archdiff {name}")
        assert short.split(":")[0].rstrip(".").split(" that ")[0] in " ".join(own.out.split())


def broken(error):
    def entries():
        raise error

    return entries


def test_a_bug_is_one_line_and_asks_for_a_report(call, monkeypatch):
    monkeypatch.setattr(catalogue.catalogue, "entries", broken(KeyError("what\nnow")))
    ended = call("catalogue")
    assert_refused(ended, "internal error: KeyError", "--debug")


@pytest.mark.parametrize("arguments", [("--debug", "catalogue"), ("catalogue", "--debug")])
def test_debug_prints_the_traceback_before_the_line(call, monkeypatch, arguments):
    monkeypatch.setattr(catalogue.catalogue, "entries", broken(KeyError("x")))
    ended = call(*arguments)
    assert ended.code == 2
    assert ended.err.startswith("Traceback")
    assert ended.err.splitlines()[-1].startswith("archdiff: internal error")


def test_too_little_memory_is_said(call, monkeypatch):
    monkeypatch.setattr(catalogue.catalogue, "entries", broken(MemoryError()))
    assert_refused(call("catalogue"), "archdiff: memory: ")


def test_an_interrupt_ends_with_130_and_no_traceback(call, monkeypatch):
    monkeypatch.setattr(catalogue.catalogue, "entries", broken(KeyboardInterrupt()))
    ended = call("catalogue")
    assert (ended.code, ended.out, ended.err.strip()) == (130, "", "")


def test_a_reader_who_leaves_early_is_no_error():
    piped = subprocess.run(
        f"set -o pipefail; '{SCRIPT}' catalogue --format json | head -c 1",
        shell=True,
        executable="/bin/bash",
        capture_output=True,
        check=False,
    )
    assert (piped.returncode, piped.stdout, piped.stderr) == (0, b"[", b"")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full on this system")
def test_a_full_disk_is_one_line():
    with Path("/dev/full").open("w") as full:
        done = subprocess.run([SCRIPT, "rules"], stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr.startswith("archdiff: standard output: cannot be written")
    assert done.stderr.count("\n") == 1


def test_a_failing_stream_is_silenced_once(monkeypatch):
    class Full:
        def write(self, _):
            raise OSError(errno.ENOSPC, "full")

    monkeypatch.setattr(stdout, "_silence", lambda: None)
    monkeypatch.setattr(stdout.sys, "stdout", Full())
    with pytest.raises(RenderError, match=r"standard output: cannot be written \(full\)"):
        stdout.put("text")


@pytest.mark.parametrize(("shell", "said"), [("bash", "complete -o"), ("zsh", "#compdef"), ("fish", "complete")])
def test_completion_scripts(call, shell, said):
    ended = call("completion", shell)
    assert ended.code == 0
    assert said in ended.out
    assert "_ARCHDIFF_COMPLETE" in ended.out


def test_completion_completes():
    ended = process(_ARCHDIFF_COMPLETE="bash_complete", COMP_WORDS="archdiff sh", COMP_CWORD="1")
    assert ended.out.split() == ["plain,show"]
    ended = process(_ARCHDIFF_COMPLETE="bash_complete", COMP_WORDS="archdiff diff --fail", COMP_CWORD="2")
    assert ended.out.split() == ["plain,--fail-on"]


def in_terminal(*arguments, **environment):
    """Standard output of the command in a terminal."""
    near, far = pty.openpty()
    stated = {"TERM": "xterm", **{k: v for k, v in os.environ.items() if k != "NO_COLOR"}, **environment}
    with subprocess.Popen([SCRIPT, *arguments], stdout=far, stderr=subprocess.DEVNULL, env=stated) as running:
        os.close(far)
        found = b""
        try:
            while block := os.read(near, 65536):
                found += block
        except OSError:  # Linux says so that the other end is closed
            pass
    os.close(near)
    return running.returncode, found.decode()


def test_colour_in_a_terminal_follows_no_color():
    code, text = in_terminal("rules")
    assert (code, "\x1b[1m" in text) == (0, True)
    assert "\x1b" not in in_terminal("rules", NO_COLOR="1")[1]
    assert "\x1b" not in in_terminal("rules", TERM="dumb")[1]
    assert "\x1b" not in process("rules").out


def test_a_picture_does_not_go_to_a_terminal():
    code, text = in_terminal("diff", "gpt2", "gpt2", "--format", "png")
    assert (code, text) == (2, "")


def test_an_output_without_unicode_gets_escapes():
    ended = process("rules", PYTHONIOENCODING="ascii")
    assert ended.code == 0
    assert ended.out.isascii()


def test_listings_are_also_json(call):
    rules = json.loads(call("rules", "--format=json").out)
    assert {"id", "impact", "group", "area", "summary", "pack"} == set(rules[0])
    rule = json.loads(call("rule", "layers-added", "--format=json").out)
    assert (rule["mirror"], set(rule["sections"])) == (
        "layers-removed",
        {"Why it matters", "Example", "What to do"},
    )
    models = json.loads(call("catalogue", "--format=json").out)
    assert json.loads(call("catalogue", "solar-open-100b", "--format=json").out) in models


def test_listings_for_people(call):
    assert "shared-experts-added" in call("rules").out
    manual = call("rule", "layers-added").out
    assert manual.startswith("layers-added\n")
    assert "\nWhy it matters\n  " in manual
    assert "With OLD and NEW swapped: layers-removed." in manual
    line = next(line for line in call("catalogue").out.splitlines() if line.startswith("solar-open-100b"))
    assert line.split()[1:4] == ["upstage/Solar-Open-100B", "102,651,793,408", "2025-12-31"]
    assert "num_hidden_layers" in call("catalogue", "SOLAR-open-100b").out


@pytest.mark.parametrize("arguments", [("rules",), ("rule", "layers-added"), ("catalogue",), ("schema",)])
def test_quiet_listings_print_nothing(call, arguments):
    assert call(*arguments, "--quiet") == (0, "", "")


def test_the_version(call):
    assert call("--version").out.startswith("archdiff ")
    assert entry.COULD_NOT_TELL == 2


def test_a_working_directory_that_is_gone_is_one_line(call, tmp_path, monkeypatch):
    gone = tmp_path / "gone"
    gone.mkdir()
    with monkeypatch.context() as there:
        there.chdir(gone)
        gone.rmdir()
        there.setattr("archdiff.api.check", lambda _: (tmp_path / "nothing").resolve(strict=True))
        ended = call("show", "gpt2")
    assert ended.code == 2
    assert ended.err == "archdiff: working directory: it is no longer there; change to another one\n"
