"""`archdiff lineage REF`: what a model declares of where it comes from, followed to the root."""

from __future__ import annotations

import click

from archdiff import api
from archdiff.cli import output
from archdiff.cli.options import common, is_quiet, report_formats
from archdiff.cli.progress import doing

__all__ = ["command"]


@click.command("lineage")
@click.argument("reference", metavar="REF")
@click.option("--no-hub", is_flag=True, help="Follow as far as the catalogue, directories beside and the cache reach.")
@report_formats("lineage")
@common
def command(reference: str, no_hub: bool, form: str, outputs: tuple[str, ...]) -> int:
    """Tell what a model declares of where it comes from, followed to the root, with licences and contradictions.

    REF is a path (a config, a directory, an adapter, a GGUF file), a name of the catalogue or a hub id. Bases are
    looked for in the catalogue, in directories beside the model, in the hub's cache and on the hub. Builds nothing.
    """
    files = output.targets(outputs, (reference,), "lineage")
    output.check_stdout(form)
    with doing(f"following {reference}"):
        entry = api.lineage(reference, ask=not no_hub)
    output.deliver(entry, None if is_quiet() else form, files)
    return 0
