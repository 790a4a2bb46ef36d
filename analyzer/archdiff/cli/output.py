"""Where reports go: files, written whole or not at all, and standard output."""

from __future__ import annotations

import dataclasses
import os
import secrets
import shutil
import stat
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from archdiff.cli.options import LEVELS
from archdiff.cli.stdout import has_colour, put
from archdiff.errors import RenderError, UsageError
from archdiff.render import BINARY, check, format_of, render
from archdiff.text import printable

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from archdiff.render import Document, Kind
    from archdiff.render.screen import Screen
    from archdiff.report.schema import Report

__all__ = ["Target", "check_stdout", "deliver", "exit_code", "put_statistics", "target", "targets", "write"]

_FOUND = 1


@dataclasses.dataclass(frozen=True)
class Target:
    """A file to write.

    Args:
        text: as the user named it.
        path: where it is, links followed.
        form: the format of its content.
    """

    text: str
    path: Path
    form: str


def targets(texts: Iterable[str], references: Sequence[str], kind: Kind = "report") -> tuple[Target, ...]:
    """Check the files that a user wants written, before anything else is done.

    Args:
        texts: paths as given; the ending says the format.
        references: models that the command reads, which no file may replace.
        kind: of the document that the command makes.

    Raises:
        UsageError: an ending names no format, a file is named twice or is an input.
        RenderError: a file cannot be written there, or its format does not show such a document.
    """
    found = tuple(target(text, format_of(text), references) for text in texts)
    for position, each in enumerate(found):
        check(each.form, kind)
        if each.path in (earlier.path for earlier in found[:position]):
            raise UsageError(printable(each.text), "is named twice as output", "name each file once")
    return found


def target(text: str, form: str, references: Sequence[str]) -> Target:
    """Check one file that a user wants written.

    Raises:
        UsageError: it is an input.
        RenderError: it cannot be written there.
    """
    shown = printable(text)
    try:
        path = Path(os.path.realpath(Path(text).expanduser()))
        taken = path.exists() and not stat.S_ISREG(path.stat().st_mode)
        writable = path.parent.is_dir() and os.access(path.parent, os.W_OK | os.X_OK)
        read = any(_is_read(path, reference) for reference in references)
    except (OSError, ValueError, RuntimeError) as error:
        raise RenderError(shown, f"is no path ({printable(str(error), 80)})", "name another file") from error
    if taken:
        raise RenderError(shown, "is there and is no regular file", "name another file")
    if not writable:
        cause = "its directory cannot be written" if path.parent.is_dir() else "its directory does not exist"
        raise RenderError(shown, cause, "name a file in a directory that can be written")
    if read:
        raise UsageError(shown, "is an input of this command", "name another file to write")
    return Target(text, path, form)


def _is_read(path: Path, reference: str) -> bool:
    inputs = (Path(reference).expanduser(), Path(reference).expanduser() / "config.json")
    return path.exists() and any(each.is_file() and each.samefile(path) for each in inputs)


def check_stdout(form: str) -> None:
    """Refuse to fill a terminal with what is no text.

    Raises:
        UsageError: the format is binary, and standard output is a terminal.
    """
    if form in BINARY and sys.stdout.isatty():
        cause = "is no text, and standard output is a terminal"
        raise UsageError(f"format {form}", cause, f"write it to a file: --output FILE.{form}")


def deliver(
    document: Document,
    form: str | None,
    files: Sequence[Target],
    more: Sequence[tuple[Target, str]] = (),
) -> None:
    """Render a document in every format that is wanted; only then write all files, or none, and print.

    Args:
        document: what to render.
        form: the format to print on standard output; None to print nothing.
        files: where to write it.
        more: further files, with their text.

    Raises:
        RenderError: a format cannot be produced, or a file or standard output cannot be written.
    """
    contents = [(each, render(document, each.form)) for each in files]
    printed = _printed(document, form) if form is not None else ""
    write([*contents, *more])
    if printed:
        put(printed)


def exit_code(report: Report, fail_on: str) -> int:
    """1 where a finding has the impact that `--fail-on` names or a worse one, else 0."""
    counted = LEVELS[: LEVELS.index(fail_on) + 1] if fail_on in LEVELS else ()
    return _FOUND if any(finding.impact in counted for finding in report.findings) else 0


def _printed(document: Document, form: str) -> str | bytes:
    """What standard output gets: text with the width and colours of the terminal, where it is one."""
    if form == "terminal":
        from archdiff.render import terminal

        return terminal.text(document, _screen())
    content = render(document, form)
    return content if isinstance(content, bytes) else content.encode("utf-8")


def put_statistics(report: Report) -> None:
    """Print how often each rule found something.

    Raises:
        RenderError: standard output cannot be written.
    """
    from archdiff.render import statistics

    put(statistics.text(report, _screen()))


def _screen() -> Screen:
    from archdiff.render.screen import Screen

    return Screen(shutil.get_terminal_size((100, 24)).columns, has_colour())


def write(contents: Sequence[tuple[Target, str | bytes]]) -> None:
    """Write all files, or none.

    Raises:
        RenderError: one cannot be written.
    """
    drafts: list[Path] = []
    try:
        for each, content in contents:
            drafts.append(_draft(each.path))
            drafts[-1].open("xb").close()
            drafts[-1].write_bytes(content if isinstance(content, bytes) else content.encode("utf-8"))
        for draft, (each, _) in zip(drafts, contents, strict=True):
            draft.replace(each.path)
    except OSError as error:
        cause = f"cannot be written ({printable(error.strerror or str(error), 80)})"
        raise RenderError(printable(each.text), cause, "check the disk, or name another file") from error
    finally:
        for draft in drafts:
            draft.unlink(missing_ok=True)


def _draft(path: Path) -> Path:
    """A name beside the file that nobody uses, so that the finished draft can take its place at once."""
    return path.with_name(f".archdiff-{secrets.token_hex(8)}.tmp")
