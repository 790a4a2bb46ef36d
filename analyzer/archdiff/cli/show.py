"""`archdiff show REF`: describe one model."""

from __future__ import annotations

import json

import click

from archdiff import api
from archdiff.cli import output
from archdiff.cli.options import common, is_quiet, no_cache, report_formats
from archdiff.cli.progress import doing

__all__ = ["command"]


@click.command("show")
@click.argument("reference", metavar="REF")
@report_formats("portrait")
@click.option("--save", metavar="FILE", help="Write the model's graph as a snapshot (node-link JSON).")
@no_cache
@common
def command(reference: str, form: str, outputs: tuple[str, ...], save: str | None, no_cache: bool) -> int:
    """Describe one model: layer kinds, parameters by role, active parameters, key-value cache.

    REF is a path (a config, weights, a saved graph), a name of the catalogue or a hub id.
    """
    files = output.targets(outputs, (reference,), "portrait")
    snapshot = output.target(save, "snapshot", (reference,)) if save is not None else None
    output.check_stdout(form)
    with doing(f"building {reference}"):
        graph = api.build(api.check(reference), cached=not no_cache)
        portrait = api.portray(graph)
    more = [] if snapshot is None else [(snapshot, json.dumps(graph.to_json(), indent=1) + "\n")]
    output.deliver(portrait, None if is_quiet() else form, files, more)
    return 0
