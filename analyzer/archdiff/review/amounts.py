"""Numbers as people state them: `102.65 B`, `128K`, `19.7 trillion tokens`; the digits say how exact they are."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal

__all__ = ["LARGEST", "Amount", "parse"]

LARGEST = 10**27
"""More than anyone trains with; a number beyond it is a slip."""

_POWERS = {"": 0, "k": 3, "thousand": 3, "m": 6, "million": 6, "b": 9, "bn": 9, "billion": 9, "g": 9, "t": 12}
_POWERS["trillion"] = 12
_NOUN = r"(?:parameters?|params?|tokens?|layers?|experts?|heads?|positions?)"
_DIGITS = r"(\d{1,30}|\d{1,3}(?:[,_ ]\d{3}){1,9})(?:\.(\d{1,12}))?"
_STATED = re.compile(rf"(?:~|≈|about |approximately )?{_DIGITS}\s*([a-z]*?)\s*{_NOUN}?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Amount:
    """A number and how exact it is stated.

    Args:
        value: the number.
        unit: size of its last digit: 1 for an exact one, 10,000,000 for `102.65 B`.
        binary: what it is where `K` stands for 1,024 and not for 1,000; None elsewhere.
    """

    value: int
    unit: int = 1
    binary: int | None = None

    def covers(self, exact: int) -> bool:
        """Whether an exact number gives this one when it is rounded, or cut, to the digits stated."""
        if exact in (self.value, self.binary):
            return True
        return self.unit > 1 and 2 * self.value - self.unit <= 2 * exact < 2 * (self.value + self.unit)


def parse(text: str) -> Amount | None:
    """The number that a text states; None where it states none, or one beyond `LARGEST`."""
    found = _STATED.fullmatch(text.strip().lower())
    power = _POWERS.get(found[3]) if found is not None else None
    if found is None or power is None:
        return None
    digits, fraction = re.sub(r"[,_ ]", "", found[1]), found[2] or ""
    value = Decimal(f"{digits}.{fraction or 0}").scaleb(power)
    if value > LARGEST or value != value.to_integral_value():
        return None
    binary = int(digits) * 1024 if found[3] == "k" and not fraction else None
    return Amount(int(value), 10 ** max(power - len(fraction), 0), binary)
