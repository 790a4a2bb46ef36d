"""Which of a log's values are the loss, the step, the time and the learning rate."""

from __future__ import annotations

import dataclasses
import fnmatch
import itertools
import re
import tomllib
from collections import Counter
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING

from archdiff.errors import SourceError
from archdiff.text import printable

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from archdiff.evidence.training_log.record import Record

__all__ = ["Names", "choose", "is_like", "plain", "table"]

_LOOKED_AT = 4096
"""Records from the start in which the loss must appear."""

_SHOWN = 12
_BESIDE = re.compile(r"(?:^|[/_])(?:eval|val|valid|validation|test)(?:[/_]|$)")


@dataclasses.dataclass(frozen=True)
class Names:
    """What the values are called in this log.

    Args:
        loss: of the training loss.
        step: of the step; empty where no value is one.
        time: of the seconds since 1970; empty where no value is.
        learning_rate: empty where it is not logged.
        tokens: trained on so far; empty where not logged.
        samples: the same for sequences.
        all: every name that was seen in the first records, in order.
    """

    loss: str
    step: str
    time: str
    learning_rate: str
    tokens: str
    samples: str
    all: tuple[str, ...]


@cache
def table() -> Mapping[str, Mapping[str, Sequence[str]]]:
    """The known names by role, those of settings, and those that tell the objective."""
    text = files("archdiff.evidence.training_log").joinpath("columns.toml").read_text("utf-8")
    found: dict[str, dict[str, list[str]]] = tomllib.loads(text)
    return found


def plain(name: str) -> str:
    """A name as the table spells it: without the run of a W&B export, in small letters, with `_` for other signs."""
    return re.sub(r"[ .\-]+", "_", name.rpartition(" - ")[2].strip().lower())


def choose(
    records: Iterable[Record], subject: str, loss: str | None, step: str | None
) -> tuple[Names, Iterator[Record]]:
    """Look at the first records to tell what is what.

    Args:
        records: of the log.
        subject: what errors call it.
        loss: the name that the user gives; None to find it.
        step: the same.

    Returns:
        The names, and all records from the first.

    Raises:
        SourceError: the loss, or what the user named, is not there; or several runs have one.
    """
    stream = iter(records)
    first = list(itertools.islice(stream, _LOOKED_AT))
    seen = Counter(name for record in first for name in record.values)
    known = tuple(seen)
    names = {role: _of_role(role, known, subject) for role in table()["roles"] if role not in ("loss", "step")}
    found = Names(
        loss=_given("--loss-column", loss, known, subject) if loss is not None else _loss(seen, subject),
        step=_given("--step-column", step, known, subject) if step is not None else _of_role("step", known, subject),
        all=known,
        **names,
    )
    return found, itertools.chain(first, stream)


def _given(option: str, name: str, known: Sequence[str], subject: str) -> str:
    if name not in known:
        shown = printable(repr(name), 80)
        raise SourceError(subject, f"has no value {shown} ({_there_are(known)})", f"name one of them with {option}")
    return name


def _loss(seen: Counter[str], subject: str) -> str:
    """Of the names that a loss may have those that come often: transformers writes one `train_loss` for a whole run."""
    wanted = frozenset(table()["roles"]["loss"])
    most = max((count for name, count in seen.items() if plain(name) in wanted), default=0)
    known = [name for name, count in seen.items() if plain(name) not in wanted or 2 * count >= most]
    found = _of_role("loss", known, subject, "--loss-column")
    if found:
        return found
    rest = [name for name in known if "loss" in plain(name) and not _BESIDE.search(plain(name))]
    ends = [name for name in rest if not plain(name).endswith(("__min", "__max"))]
    if len(ends) == 1 and any(mark in plain(ends[0]) for mark in ("lm", "train", "ce", "cross")):
        return ends[0]
    remedy = "name the training loss with --loss-column, and the step with --step-column"
    raise SourceError(subject, f"has no value that is known to be the training loss ({_there_are(known)})", remedy)


def _of_role(role: str, known: Sequence[str], subject: str, option: str = "") -> str:
    """The name that is preferred for a role; empty where there is none."""
    for wanted in table()["roles"][role]:
        found = [name for name in known if plain(name) == wanted]
        if len(found) > 1 and option:
            shown = ", ".join(printable(name, 60) for name in found[:_SHOWN])
            raise SourceError(subject, f"holds several runs or losses: {shown}", f"name one with {option}")
        if found:
            return found[0]
    return ""


def _there_are(known: Sequence[str]) -> str:
    if not known:
        return "there are no numbers"
    shown = ", ".join(printable(name, 60) for name in known[:_SHOWN])
    return f"there are: {shown}" + (f" and {len(known) - _SHOWN:,} more" if len(known) > _SHOWN else "")


def is_like(name: str, pattern: str) -> bool:
    """Whether a name is one that the table spells with `*`."""
    return fnmatch.fnmatchcase(plain(name), pattern)
