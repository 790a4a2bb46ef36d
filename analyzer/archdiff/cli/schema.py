"""`archdiff schema`: the contract of the report."""

from __future__ import annotations

import click

from archdiff.cli.listing import print_json
from archdiff.cli.options import common, is_quiet

__all__ = ["command"]

_DIALECT = "https://json-schema.org/draft/2020-12/schema"


@click.command("schema")
@common
def command() -> int:
    """Print the JSON Schema of the report that `archdiff diff --format json` prints."""
    from archdiff.report.schema import Report

    if not is_quiet():
        print_json(
            {
                "$schema": "https://json-schema.org/draft/2020-12/schema",
                **Report.model_json_schema(mode="serialization"),
            }
        )
    return 0
