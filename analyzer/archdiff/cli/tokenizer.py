"""`archdiff tokenizer OLD NEW`: whether NEW's tokenizer comes from OLD's."""

from __future__ import annotations

import click

from archdiff import api
from archdiff.cli import output
from archdiff.cli.options import common, is_quiet, report_formats
from archdiff.cli.progress import doing

__all__ = ["command"]


@click.command("tokenizer")
@click.argument("old")
@click.argument("new")
@report_formats("tokenizer")
@common
def command(old: str, new: str, form: str, outputs: tuple[str, ...]) -> int:
    """Tell whether NEW's tokenizer comes from OLD's: identical, extended, pruned, re-ordered, derived or independent.

    OLD and NEW are files (tokenizer.json, a SentencePiece model, a tiktoken file, tekken.json), directories with one,
    hub ids, or names of the catalogue. From a hub the files of the tokenizer alone are fetched.
    """
    files = output.targets(outputs, (old, new), "tokenizer")
    output.check_stdout(form)
    with doing("comparing tokenizers"):
        entry = api.tokenizers(old, new)
    output.deliver(entry, None if is_quiet() else form, files)
    return 0
