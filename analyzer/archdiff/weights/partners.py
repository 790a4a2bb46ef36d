"""Which expert of NEW stands for which of OLD: told by router rows alone, so that tests inside experts stay exact."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import numpy as np

from archdiff.weights.sample import Reading
from archdiff.weights.units import matrix

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from archdiff.weights.examine import Context
    from archdiff.weights.plan import Step

__all__ = ["partnered"]


def partnered(step: Step, context: Context) -> tuple[Step, tuple[int, ...]]:
    """The step with the expert of NEW that its router says, and what the choice rests on.

    Steps that test no routed experts, and layers whose routers cannot be compared, stay as they are.
    """
    if step.kind != "hidden-units" or step.old[0].unit.expert is None:
        return step, ()
    old, new = step.old[0].unit, step.new[0].unit
    found = _matched(context, (old.stack, old.layer), (new.stack, new.layer))
    partner = found.get(old.expert or 0, new.expert)
    unit = context.sides.new.at((new.stack, new.layer), "expert", new.role, partner)
    if unit is None:
        return step, ()
    return dataclasses.replace(step, new=(Reading(unit, step.new[0].runs),)), (partner or 0,)


def _matched(
    context: Context, old: tuple[str | None, int | None], new: tuple[str | None, int | None]
) -> dict[int, int]:
    """Number of NEW's expert by that of OLD's; empty where a router is missing or has other columns."""
    from scipy.optimize import linear_sum_assignment

    units = context.sides.old.at(old, "router", "router"), context.sides.new.at(new, "router", "router")
    if units[0] is None or units[1] is None or units[0].shape[1:] != units[1].shape[1:]:
        return {}
    first, second = _unit_rows(matrix(context.old, units[0])), _unit_rows(matrix(context.new, units[1]))
    rows, columns = linear_sum_assignment(-first @ second.T)
    return dict(zip(rows.tolist(), columns.tolist(), strict=True))


def _unit_rows(rows: NDArray[np.float32]) -> NDArray[np.float32]:
    """Centred rows of length one; a row of zeros stays one."""
    centred = rows - rows.mean(axis=0)
    norms = np.linalg.norm(centred, axis=1, keepdims=True)
    unit: NDArray[np.float32] = np.nan_to_num(centred / np.where(norms > 0, norms, 1))
    return unit
