"""`archdiff schema`: the contracts of the documents that archdiff writes as JSON."""

from __future__ import annotations

from importlib import import_module
from types import MappingProxyType

import click

from archdiff.cli.listing import print_json
from archdiff.cli.options import common, is_quiet

__all__ = ["DOCUMENTS", "command"]

_DIALECT = "https://json-schema.org/draft/2020-12/schema"

DOCUMENTS = MappingProxyType(
    {
        "report": ("schema", "Report"),
        "portrait": ("portrait", "Portrait"),
        "checklist": ("checklist", "Checklist"),
        "training-log": ("training_log", "TrainingLogEntry"),
        "tokenizer": ("tokenizer", "TokenizerEntry"),
        "lineage": ("lineage", "LineageEntry"),
        "code": ("code", "CodeEntry"),
    }
)
"""Modules of `archdiff.report`, and the model in each that describes the document."""


@click.command("schema")
@click.argument("document", type=click.Choice(list(DOCUMENTS)), default="report")
@common
def command(document: str) -> int:
    """Print the JSON Schema of a document that archdiff writes.

    The report of `diff` and `weights` unless told otherwise; the portrait is what `show` writes, the checklist what
    `review` does.
    """
    module, name = DOCUMENTS[document]
    model = getattr(import_module(f"archdiff.report.{module}"), name)
    if not is_quiet():
        print_json({"$schema": _DIALECT, **model.model_json_schema(mode="serialization")})
    return 0
