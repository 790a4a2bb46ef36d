"""The habits of an analyzer, for every command that reports findings: what is shown, what counts, what is known."""

from __future__ import annotations

import contextlib
import dataclasses
import functools
from typing import TYPE_CHECKING, Any, cast

import click
from click.core import ParameterSource

from archdiff import packs
from archdiff.cli import output
from archdiff.cli.baseline import fingerprints
from archdiff.cli.options import CONFIDENCES, LEVELS, baseline, is_quiet, split
from archdiff.cli.settings import NOTHING, Settings, load
from archdiff.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from archdiff.cli.output import Target
    from archdiff.render import Document
    from archdiff.report.schema import Confidence, ConfigurationEntry, Impact, Report
    from archdiff.report.shown import Shown, Suppression
    from archdiff.rule import Rule

__all__ = ["Habits", "habits"]

_OWN = ("select", "ignore", "fail_on", "min_confidence", "baseline", "statistics")


@dataclasses.dataclass(frozen=True, slots=True)
class Habits:
    """What options and settings say together; an option wins.

    Args:
        settings: of the file that applies.
        select: patterns of rules to show.
        ignore: patterns of rules to leave out.
        fail_on: the impact from which on a finding makes the exit code 1, or `never`.
        min_confidence: the least confidence of a finding that is shown and counts.
        baseline: path of an earlier report.
        statistics: print counts in place of findings.
    """

    settings: Settings
    select: tuple[str, ...]
    ignore: tuple[str, ...]
    fail_on: str
    min_confidence: str
    baseline: str | None
    statistics: bool

    @property
    def inputs(self) -> tuple[str, ...]:
        """Files that the command reads, which no output may replace."""
        return (self.baseline,) if self.baseline is not None else ()

    def shown(self, rules: Sequence[Rule], among: frozenset[str] | None = None, *, is_strict: bool = True) -> Shown:
        """Which findings the report shows.

        Args:
            rules: that are loaded.
            among: ids of those that the command is about; None for all.
            is_strict: whether a suppression that covers nothing is an error.

        Raises:
            UsageError: a pattern names no rule.
            SnapshotError: the baseline cannot be read.
        """
        with self._naming_the_file():
            chosen = packs.choose(rules, self.select, self.ignore)
        from archdiff.report.shown import Shown  # a pattern that names no rule is told before pydantic is imported

        return Shown(
            rules=chosen if among is None else chosen & among,
            known=fingerprints(self.baseline) if self.baseline is not None else frozenset(),
            confidence=cast("Confidence", self.min_confidence),
            suppressions=self._suppressions(rules),
            is_strict=is_strict,
            configuration=self._entry(),
        )

    def deliver(self, document: Document, report: Report, form: str, files: Sequence[Target]) -> int:
        """Write what is wanted, and return the exit code."""
        quiet = is_quiet()
        output.deliver(document, None if quiet or self.statistics else form, files)
        if self.statistics and not quiet:
            output.put_statistics(report)
        return output.exit_code(report, self.fail_on)

    def check_form(self, form: str) -> None:
        """Refuse counts in a format that has none.

        Raises:
            UsageError: `--statistics` with another format than `terminal`.
        """
        if self.statistics and form != "terminal":
            remedy = "leave out --format; --output FILE writes the report as well"
            raise UsageError("--statistics", f"is for the terminal, not for {form}", remedy)

    def _suppressions(self, rules: Sequence[Rule]) -> tuple[Suppression, ...]:
        from archdiff.report.shown import Suppression

        made = []
        for each in self.settings.suppressions:
            try:
                named = packs.matching(rules, (each.rule,))
            except UsageError as error:
                raise UsageError(each.subject, error.cause, error.remedy) from error
            values = (each.reason, each.where, each.old, each.new, each.expires, each.subject)
            made.append(Suppression(named, *values))
        return tuple(made)

    @contextlib.contextmanager
    def _naming_the_file(self) -> Iterator[None]:
        """Errors about patterns name the file, where they come from it."""
        try:
            yield
        except UsageError as error:
            if self.settings.file is None:
                raise
            raise UsageError(f"{self.settings.file}: {error.subject}", error.cause, error.remedy) from error

    def _entry(self) -> ConfigurationEntry | None:
        """What the report states of all this; None where nothing but defaults applies."""
        from archdiff.report.schema import ConfigurationEntry
        from archdiff.report.values import clean

        if dataclasses.replace(self, statistics=False) == _USUAL:
            return None
        return ConfigurationEntry(
            file=self.settings.file,
            select=tuple(map(clean, self.select)),
            ignore=tuple(map(clean, self.ignore)),
            min_confidence=cast("Confidence", self.min_confidence),
            fail_on=cast("Impact", self.fail_on) if self.fail_on in LEVELS else None,
            baseline=clean(self.baseline) if self.baseline is not None else None,
            suppressions=len(self.settings.suppressions),
        )


_USUAL = Habits(NOTHING, (), (), "never", "low", None, statistics=False)


def habits(command: Callable[..., Any], level: str = "never") -> Callable[..., Any]:
    """Give a command that reports findings the options of an analyzer, as one argument `habits`.

    An option that was not given takes the value of the settings, and so do the options of weights that the command
    has besides.

    Args:
        command: to be called with `habits`.
        level: from which impact on a finding makes the exit code 1, unless told otherwise.
    """

    @functools.wraps(command)
    def filled(*, config: str | None, isolated: bool, **given: Any) -> Any:
        settings = load(config, isolated=isolated)
        context = click.get_current_context()
        for name, value in settings.options.items():
            if name == "parts" and given.get(name) is None:
                continue  # a file says which weights are compared, not that they are
            if name in given and context.get_parameter_source(name) == ParameterSource.DEFAULT:
                given[name] = value
        own = {name: given.pop(name) for name in _OWN}
        own["select"] = split("--select", own["select"]) or settings.select
        own["ignore"] = split("--ignore", own["ignore"]) or settings.ignore
        return command(habits=Habits(settings, **own), **given)

    for option in _options(level):
        filled = option(filled)
    return filled


def _options(level: str) -> Sequence[Callable[..., Any]]:
    """The options, the last one shown first."""
    return (
        click.option("--isolated", is_flag=True, help="Read no settings."),
        click.option("--config", metavar="FILE", help="Settings, in place of the archdiff.toml that is found."),
        click.option("--statistics", is_flag=True, help="Print how often each rule found something, not what."),
        baseline,
        click.option(
            "--min-confidence",
            type=click.Choice(CONFIDENCES),
            default="low",
            show_default=True,
            help="Leave out findings that are less sure.",
        ),
        click.option(
            "--fail-on",
            type=click.Choice([*LEVELS, "never"]),
            default=level,
            show_default=True,
            help="Exit with 1 where a finding has this impact or a worse one.",
        ),
        click.option("--ignore", multiple=True, metavar="IDS", help="Leave out findings of these rules. Repeatable."),
        click.option(
            "--select",
            multiple=True,
            metavar="IDS",
            help="Show findings of these rules only: ids or areas (area:attention), separated by commas; "
            "`*` and `?` match. Repeatable.",
        ),
    )
