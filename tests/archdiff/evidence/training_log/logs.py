"""Logs as training programs write them, of losses that are made up here."""

from __future__ import annotations

import json
import math
import random

from archdiff.evidence.training_log import Expectation, examine

GPT2_TOKENS = 50_304


def scratch(count=400, tokens=GPT2_TOKENS, noise=0.03, end=3.0, seed=0):
    """Losses of a run from scratch: from ln V down, with the scatter of batches."""
    dice = random.Random(seed)
    start = math.log(tokens)
    return [
        (0.0 if step == 0 else dice.gauss(0, noise)) + end + (start - end) * math.exp(-step / 60)
        for step in range(count)
    ]


def warm(count=400, level=1.6, seed=0):
    """Losses of a fine-tune: low from the first step."""
    dice = random.Random(seed)
    return [level - 0.3 * (1 - math.exp(-step / 100)) + dice.gauss(0, 0.03) for step in range(count)]


def records(losses, first=0, every=1, **more):
    """A record for each loss, with what else it holds by name: a value, or a function of the step."""
    for number, loss in enumerate(losses):
        step = first + number * every
        yield {"step": step, "loss": loss} | {
            name: value(step) if callable(value) else value for name, value in more.items()
        }


def json_lines(path, rows):
    """Write JSON lines; returns the path as text."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return str(path)


def table(path, rows, sign=","):
    """Write a CSV with the names of the first row as heading; returns the path as text."""
    rows = list(rows)
    lines = [sign.join(f'"{name}"' for name in rows[0]), *(sign.join(str(v) for v in row.values()) for row in rows)]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return str(path)


def trainer_state(path, rows, **more):
    """Write what transformers' Trainer saves; returns the path as text."""
    path.parent.mkdir(parents=True, exist_ok=True)
    state = {"epoch": 1.0, "best_metric": None, "log_history": list(rows), "train_batch_size": 2, **more}
    path.write_text(json.dumps(state, indent=2, sort_keys=True), encoding="utf-8")
    return str(path)


def judged(tmp_path, rows, tokens=GPT2_TOKENS, **values):
    """What is said of these records."""
    path = json_lines(tmp_path / "run.jsonl", rows)
    return examine(path, Expectation(**{"vocabulary": tokens, "objective": "causal", **values}))


def kinds(log):
    """The kinds of events of a log."""
    return {event.kind for event in log.summary.events}
