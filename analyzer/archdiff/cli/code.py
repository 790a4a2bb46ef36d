"""`archdiff code OLD NEW`: how alike the modelling code of two models is."""

from __future__ import annotations

import click

from archdiff import api
from archdiff.cli import output
from archdiff.cli.options import common, is_quiet, report_formats
from archdiff.cli.progress import doing

__all__ = ["command"]


@click.command("code")
@click.argument("old")
@click.argument("new")
@report_formats("code")
@common
def command(old: str, new: str, form: str, outputs: tuple[str, ...]) -> int:
    """Compare the modelling code of two models, whatever its names; shared code says nothing about weights.

    OLD and NEW are Python files, directories with a modelling file or a config, names of the catalogue, hub ids, or
    model types of transformers. A file that a config names in auto_map is parsed, and never imported.
    """
    files = output.targets(outputs, (old, new), "code")
    output.check_stdout(form)
    with doing(f"comparing the code of {old} and {new}"):
        entry = api.code(old, new)
    output.deliver(entry, None if is_quiet() else form, files)
    return 0
