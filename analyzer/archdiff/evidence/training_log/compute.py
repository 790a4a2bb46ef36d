"""Tokens and compute of a run, where the log or the user says what a step is.

Training takes about 6 floating-point operations for each active parameter and token: two for the forward pass, four
for the backward one (https://arxiv.org/abs/2001.08361, section 2.1).
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from archdiff.evidence.training_log.expectation import Expectation
    from archdiff.evidence.training_log.summary import Summary

__all__ = ["Compute", "compute"]

_FOR_EACH = 6


@dataclasses.dataclass(frozen=True, slots=True)
class Compute:
    """Tokens and floating-point operations.

    Args:
        tokens: up to the last step; None where nothing says what a step is.
        source: of the tokens.
        operations: 6·N_active·tokens; None without model or tokens.
        logged: what the log itself counted.
    """

    tokens: float | None
    source: str
    operations: float | None
    logged: float | None


def compute(summary: Summary, expectation: Expectation) -> Compute:
    """Tokens and compute of a run."""
    tokens, source = _tokens(summary, expectation)
    model = expectation.model
    active = (model.active or None) if model is not None else None
    operations = _FOR_EACH * active * tokens if active is not None and tokens is not None else None
    return Compute(tokens, source, operations, _setting(summary, "flops"))


def _tokens(summary: Summary, expectation: Expectation) -> tuple[float | None, str]:
    steps = summary.last.step
    batch, length = _setting(summary, "batch_size"), _setting(summary, "sequence_length")
    if expectation.tokens_per_step is not None:
        return float(expectation.tokens_per_step * steps), "stated tokens of a step × steps"
    if summary.tokens:
        return summary.tokens, f"logged as {summary.names.tokens}"
    if summary.samples and length:
        return summary.samples * length, f"{summary.names.samples} × sequence length, as logged"
    if batch and length:
        return batch * length * steps, "batch size × sequence length × steps, as logged"
    return None, ""


def _setting(summary: Summary, role: str) -> float | None:
    value = summary.settings.get(role)
    return value if isinstance(value, float) and value > 0 else None
