"""The command line: one module per command, each imported when it is run."""

from __future__ import annotations

from archdiff.cli.entry import main

__all__ = ["main"]
