"""Measure families, one after the other; a line of JSON for each mutation, on standard output."""

from __future__ import annotations

import argparse
import json
import logging
import os
import signal
import sys
import time
import warnings
from typing import Any

_GRACE = 20
"""Seconds past its time after which a family's worker is ended."""


def main() -> None:
    """Measure until done; a family that takes far too long ends the process."""
    parser = argparse.ArgumentParser()
    parser.add_argument("families", nargs="+", metavar="FAMILY[:FIELD,…]")
    parser.add_argument("--each", type=int, default=1, help="valid mutations of a field")
    parser.add_argument("--seconds", type=int, default=180, help="for one family")
    chosen = parser.parse_args()
    os.environ["HF_HUB_OFFLINE"] = "1"
    logging.disable(logging.CRITICAL)
    warnings.simplefilter("ignore")
    import torch

    torch.set_num_threads(1)
    for item in chosen.families:
        family, _, fields = item.partition(":")
        signal.alarm(chosen.seconds + _GRACE)
        try:
            _measure(family, frozenset(filter(None, fields.split(","))), chosen.each, time.monotonic() + chosen.seconds)
        except Exception as error:  # noqa: BLE001 - a family that cannot be measured is a row of the table
            _print(executed="failed", why=f"{type(error).__name__}: {error}"[:200])


def _measure(family: str, fields: frozenset[str], each: int, until: float) -> None:
    from tests.oracle.decide import decide, graph_of
    from tests.oracle.execute import Invalid, Tiny, impact_of
    from tests.oracle.families import kind_of, tiny
    from tests.oracle.mutations import mutations, relatives

    values = tiny(family)
    kind = kind_of(family)
    old = Tiny(values | kind)
    old.randomise()
    inputs = old.inputs()
    outputs = old.outputs(inputs)
    graph = graph_of(values | kind)
    done: dict[str, int] = {}
    for mutation in (*mutations(values), *relatives(family, values)):
        if (fields and mutation.field not in fields) or done.get(mutation.field, 0) >= _wanted(mutation.field, each):
            continue
        if time.monotonic() > until:
            raise TimeoutError(f"out of time at {mutation.field}")
        row: dict[str, Any] = {"field": mutation.field, "label": mutation.label}
        try:
            row["executed"] = impact_of(old, inputs, outputs, kind | mutation.values)
            decision = decide(graph, graph_of(kind | mutation.values))
        except Invalid as error:
            _print(**row, executed="invalid", why=" ".join(str(error).split())[:160])
            continue
        except Exception as error:  # noqa: BLE001 - what archdiff cannot build is a row of the table
            _print(**row, findings="error", changes="error", rules=[f"{type(error).__name__}: {error}"[:200]])
            continue
        done[mutation.field] = done.get(mutation.field, 0) + 1
        _print(**row, findings=decision.findings, changes=decision.changes, rules=list(decision.rules))
    _print(executed="done")


def _wanted(field: str, each: int) -> int:
    """Every kind of rotary scaling and every family is another computation; other values of a field are much alike."""
    return 99 if field == "model_type" else max(each, 4) if field.endswith("rope_type") else each


def _print(**row: Any) -> None:
    sys.stdout.write(json.dumps(row) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
