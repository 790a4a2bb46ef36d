"""The commands by name; a command's module is imported when it is called."""

from __future__ import annotations

import difflib
from importlib import import_module
from types import MappingProxyType
from typing import TYPE_CHECKING, cast

import click

from archdiff.cli.options import common

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["COMMANDS", "cli"]

COMMANDS: Mapping[str, str] = MappingProxyType(
    {
        "diff": "Compare the architectures of two models.",
        "weights": "Tell whether NEW's weights come from OLD's.",
        "code": "Compare the modelling code of two models.",
        "lineage": "Tell what a model declares of where it comes from.",
        "review": "Check each claim about a model before it is published.",
        "tokenizer": "Tell whether NEW's tokenizer comes from OLD's.",
        "training-log": "Tell what the log of a training run is consistent with.",
        "show": "Describe one model: layers, parameters, key-value cache.",
        "rules": "List the rules.",
        "rule": "Explain one rule.",
        "catalogue": "List the models that ship with archdiff.",
        "cache": "Show or clear what was kept.",
        "hook": "Compare staged configs with what is committed.",
        "schema": "Print the JSON Schema of a document that archdiff writes.",
        "completion": "Print the completion script of a shell.",
    }
)
"""What the help says of each command, so that it need not be imported for that."""


class _Commands(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        return cast("click.Command", import_module(f"archdiff.cli.{cmd_name.replace('-', '_')}").command)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        name = args[0]
        if name not in COMMANDS and not name.startswith("-"):
            close = difflib.get_close_matches(name[:40], COMMANDS, n=1)
            hint = f", did you mean {close[0]}?" if close else ""
            raise click.UsageError(f"no such command {name!r}{hint}", ctx)
        return super().resolve_command(ctx, args)


def _print_version(ctx: click.Context, _: click.Parameter, wanted: bool) -> None:
    if wanted and not ctx.resilient_parsing:
        from importlib.metadata import version

        click.echo(f"archdiff {version('archdiff')}")
        ctx.exit()


@click.group(
    cls=_Commands,
    no_args_is_help=False,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.option(
    "--version",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_print_version,
    help="Print the version.",
)
@common
@click.pass_context
def cli(ctx: click.Context) -> None:
    """Architecture diff for language models: what changed between two models, and what each change means.

    A model is a path to a config.json, to a directory with one or to a snapshot; a name of the catalogue; a hub id.

    Exit codes: 0 done, 1 findings at or above --fail-on, 2 could not tell (bad usage or input, failed rule).
    """
    if ctx.invoked_subcommand is None:
        raise click.UsageError("no command is given", ctx)
