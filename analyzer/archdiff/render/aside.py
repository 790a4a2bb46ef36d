"""What is said of findings that are there and do not count."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from archdiff.report.schema import Report

__all__ = ["lines"]


def lines(report: Report) -> Iterator[str]:
    """A line for the baseline, and one for each reason of a suppression."""
    found = Counter((each.cause, each.reason, each.expires) for each in report.set_aside)
    for (cause, reason, expires), number in sorted(found.items(), key=str):
        counted = f"set aside: {number:,} {'finding' if number == 1 else 'findings'}"
        until = f" (until {expires})" if expires is not None else ""
        yield f"{counted} in the baseline" if cause == "baseline" else f"{counted} suppressed: {reason}{until}"
