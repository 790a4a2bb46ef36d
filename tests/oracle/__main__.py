"""``python -m tests.oracle``: mutate every field of every family's config and print the confusion matrix."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import transformers

from tests.oracle.families import families
from tests.oracle.run import measured
from tests.oracle.table import summary, write


def main() -> int:
    """Measure, print, and write the table where a file is named."""
    parser = argparse.ArgumentParser(prog="python -m tests.oracle", description=__doc__)
    parser.add_argument("--families", default="", help="names with commas (default: all)")
    parser.add_argument("--fields", default="", help="names with commas (default: all)")
    parser.add_argument("--each", type=int, default=1, help="valid mutations of a field (default: 1)")
    parser.add_argument("--jobs", type=int, default=2, help="processes (default: 2)")
    parser.add_argument("--out", type=Path, help="file for the table")
    chosen = parser.parse_args()
    fields = tuple(filter(None, chosen.fields.split(",")))
    names = tuple(filter(None, chosen.families.split(","))) or families()
    rows = measured(dict.fromkeys(names, fields), jobs=chosen.jobs, each=chosen.each)
    if chosen.out:
        write(rows, transformers.__version__, chosen.out)
    sys.stdout.write(summary(rows) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
