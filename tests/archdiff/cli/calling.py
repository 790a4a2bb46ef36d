"""Call the command in this process, or as a user does."""

from __future__ import annotations

import os
import subprocess
import sysconfig
from pathlib import Path
from typing import NamedTuple

SCRIPT = Path(sysconfig.get_path("scripts")) / "archdiff"


class Ended(NamedTuple):
    """How a call ended: exit code, standard output, standard error."""

    code: int
    out: str
    err: str


def process(*arguments, **environment):
    """Run the installed command in a process of its own."""
    done = subprocess.run(
        [SCRIPT, *arguments],
        capture_output=True,
        encoding="utf-8",
        check=False,
        env={**os.environ, **environment},
        stdin=subprocess.DEVNULL,
    )
    return Ended(done.returncode, done.stdout, done.stderr)


def assert_refused(ended, *parts):
    """Exit code 2, nothing on standard output, one printable line on standard error that holds the parts."""
    assert ended.code == 2, ended
    assert ended.out == ""
    line = ended.err.removesuffix("\n")
    assert line.startswith("archdiff: ")
    assert line.isprintable(), "one line, no control characters"
    assert line.count("; ") >= 1, "a remedy follows the cause"
    for text in parts:
        assert text in line
