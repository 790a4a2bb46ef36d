"""`archdiff hook FILES`: compare staged configs with what is committed, for pre-commit and git hooks."""

from __future__ import annotations

import functools
import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from archdiff import packs
from archdiff.cli.habits import Habits, habits
from archdiff.cli.options import common, no_cache
from archdiff.cli.pair import Pair
from archdiff.errors import UsageError
from archdiff.reference import work_tree
from archdiff.sources import revision
from archdiff.text import printable

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from archdiff.report.shown import Shown
    from archdiff.rule import Rule

__all__ = ["command"]

_FROM = "PRE_COMMIT_FROM_REF"
"""What pre-commit sets when it is run on the files between two revisions."""


@click.command("hook")
@click.argument("files", nargs=-1, metavar="[FILES]...")
@click.option(
    "--against",
    metavar="REV",
    default=lambda: os.environ.get(_FROM) or "HEAD",
    show_default="HEAD",
    help=f"The revision to compare with; {_FROM} is another default.",
)
@no_cache
@common
@functools.partial(habits, level="breaking")
def command(files: tuple[str, ...], against: str, no_cache: bool, habits: Habits) -> int:
    """Compare staged configs with what is committed.

    FILES are configs of models. One that is new, deleted or the same is passed over. A suppression may cover nothing
    here: a commit changes less than what it was written for.
    """
    habits.check_form("terminal")
    pairs = list(_changed(files, against))
    if not pairs:
        return 0
    rules = packs.load_rules()
    shown = habits.shown(rules, is_strict=False)
    return max(_compare(old, new, not no_cache, (rules, shown), habits) for old, new in pairs)


def _changed(files: Iterable[str], against: str) -> Iterator[tuple[str, str]]:
    """References to both states of every file that has two, and differs.

    Raises:
        UsageError: this is no repository, or it has no such revision.
        SourceError: git does not answer.
    """
    if work_tree() is None:
        raise UsageError("hook", "no git work tree is here", "run it inside the repository")
    if not revision.has_commit(against):
        if against == "HEAD":
            return  # nothing is committed yet, so nothing changes
        raise UsageError(f"--against {printable(against, 80)}", "no such revision", "name a branch, tag or commit")
    for file in files:
        path = f"./{Path(os.path.relpath(file)).as_posix()}"
        old, new = revision.object_id(against, path), revision.object_id("", path)
        if old is not None and new is not None and old != new:
            yield f"{against}:{path}", f":{path}"


def _compare(old: str, new: str, cached: bool, wanted: tuple[Sequence[Rule], Shown], habits: Habits) -> int:
    report = Pair.of(old, new, cached=cached).compare(*wanted)
    return habits.deliver(report, report, "terminal", ())
