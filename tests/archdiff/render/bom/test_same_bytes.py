"""The same document gives the same bytes, whatever order a process keeps its sets in."""

from __future__ import annotations

import os
import subprocess
import sys

from tests.archdiff.render.bom.described import checklist, report
from tests.archdiff.render.graphs.drawn import model

CODE = """
import sys
from archdiff.render import render
from archdiff.report.checklist import Checklist
document = Checklist.model_validate_json(sys.stdin.read())
for name in ("cyclonedx", "spdx", "model-card"):
    print(render(document, name))
for name in ("graphml", "model-explorer"):
    print(render(document.parents[0], name))
"""


def test_the_same_in_processes_that_hash_differently():
    first, second = (
        subprocess.run(
            [sys.executable, "-c", CODE],
            env={**os.environ, "PYTHONHASHSEED": seed},
            input=checklist(parents=(report(model("old"), model()),)).model_dump_json(),
            capture_output=True,
            check=True,
            text=True,
        ).stdout
        for seed in ("1", "2")
    )
    assert first == second
    assert "CycloneDX" in first
