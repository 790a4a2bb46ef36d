"""The plan of a weight check: which tests, and what each reads."""

from __future__ import annotations

import json as _json
from typing import TYPE_CHECKING

from archdiff.text import printable
from archdiff.weights.wording import family_name

if TYPE_CHECKING:
    from collections.abc import Iterator

    from archdiff.weights.plan import Plan, Step

__all__ = ["json", "size", "text"]

_UNITS = ("B", "KiB", "MiB", "GiB", "TiB")


def size(count: int) -> str:
    """A number of bytes as people write it: `1.5 GiB`."""
    value, unit = float(count), 0
    while value >= 1024 and unit < len(_UNITS) - 1:
        value, unit = value / 1024, unit + 1
    return f"{value:,.0f} B" if unit == 0 else f"{value:,.1f} {_UNITS[unit]}"


def text(plan: Plan) -> str:
    """The steps, alike ones of all layers together, with the bytes that they read beyond those before them."""
    return "\n".join(_lines(plan)) + "\n"


def _lines(plan: Plan) -> Iterator[str]:
    share = plan.size / sum(plan.total) if sum(plan.total) else 0
    limit = "no budget" if plan.budget is None else f"budget {size(plan.budget)}"
    yield f"{len(plan.steps):,} steps read {size(plan.size)} of {size(sum(plan.total))} ({share:.2%}; {limit})"
    groups: dict[tuple[str, str, str, str], list[int]] = {}
    for step, cost in zip(plan.steps, plan.sizes, strict=True):
        groups.setdefault((step.component, _what(step), step.part, step.given), []).append(cost)
    component = ""
    for (name, what, place, given), costs in sorted(groups.items(), key=lambda item: item[0][0]):
        if name != component:
            component = name
            yield f"\n{printable(name)}"
        times = f" × {len(costs):,}" if len(costs) > 1 else ""
        condition = f"  ({given})" if given else ""
        yield f"  {size(sum(costs)):>12}  {what}: {printable(place, 60)}{times}{condition}"
    if plan.left_out:
        yield "\nleft out"
        yield from (f"  {printable(line, 200)}" for line in plan.left_out)


def _what(step: Step) -> str:
    return "elements" if step.kind == "elements" else family_name(step.kind)


def json(plan: Plan) -> str:
    """The plan as JSON, one object for each step."""
    steps = [
        {
            "kind": step.kind,
            "component": step.component,
            "place": step.place,
            "layer": step.layer,
            "given": step.given,
            "bytes": cost,
        }
        for step, cost in zip(plan.steps, plan.sizes, strict=True)
    ]
    document = {
        "bytes": plan.size,
        "total": list(plan.total),
        "budget": plan.budget,
        "steps": steps,
        "left_out": list(plan.left_out),
    }
    return _json.dumps(document, indent=2, ensure_ascii=True) + "\n"
