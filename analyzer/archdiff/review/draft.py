"""A claims file to begin with: every fact that the model shows, and a question for everything else."""

from __future__ import annotations

import json
import shlex
from typing import TYPE_CHECKING

from archdiff.report.summary import amount
from archdiff.review.claims import COMPONENTS
from archdiff.review.table import specs
from archdiff.text import printable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from archdiff.review.subject import Found, Subject
    from archdiff.review.table import Spec

__all__ = ["draft"]

_HEAD = """\
# What is claimed of {name}: edit it, then run:
#     {again}
#
# Values below are what the model shows now. Lines that begin with `# ?` are questions: remove the mark and answer,
# or write "not applicable". A number in words is as exact as its digits: "102.65 B" allows what rounds to it.

model = {title}
"""

_PARENTS = """
# ? Which models does it come from? Those that the model card names are compared in any case.
# parents = ["owner/model"]
"""

_ORIGIN = """
[origin]
# ? Where do the weights of each part come from? "from scratch", or { from = "owner/model", how = "finetune" }.
"""

_PARTS = {"vision-tower": "vision", "audio-tower": "audio", "projector": "vision"}
"""Parts that only a model with a modality has."""


def draft(subject: Subject, command: str, file: str) -> str:
    """The text of a claims file that states what a model shows.

    Args:
        subject: the model.
        command: what commands call the model.
        file: name of the claims file.
    """
    name = subject.portrait.model.name
    again = shlex.join(["archdiff", "review", printable(command), "--claims", printable(file)])
    head = _HEAD.format(name=printable(name), again=again, title=_quoted(name))
    return "".join([head, _PARENTS, _ORIGIN, *_origins(subject), *_sections(subject)])


def _origins(subject: Subject) -> Iterator[str]:
    modalities = subject.portrait.model.facts.get("modalities")
    has = set(map(str, modalities)) if isinstance(modalities, list) else set()
    for component in COMPONENTS:
        if component == "prediction" or (component in _PARTS and _PARTS[component] not in has):
            continue
        yield f'# {component} = "from scratch"\n'


def _sections(subject: Subject) -> Iterator[str]:
    section = ""
    for spec in specs().values():
        if spec.section != section:
            section = spec.section
            yield f"\n[{section}]\n"
        yield from _lines(subject, spec)


def _lines(subject: Subject, spec: Spec) -> Iterator[str]:
    value = _shown(subject, spec)
    if value is None:
        yield f"# ? {spec.question}\n# {spec.key} = {_example(spec)}\n"
    else:
        yield f"{spec.key} = {value}\n"


def _shown(subject: Subject, spec: Spec) -> str | None:
    """The value as TOML, where the model shows one."""
    if spec.kind == "licence":
        licence = subject.portrait.model.licence
        return _quoted(licence) if licence else None
    found = subject.find(spec) if spec.finds and (subject.is_known or spec.finds == "@parameters") else ()
    if not found or not _says_something(spec, found):
        return None
    values = [each.value for each in found]
    if spec.kind == "amount" and isinstance(values[0], int):
        return f"{values[0]}  # {amount(values[0])}"
    if spec.kind == "count":
        numbers = [str(value) for value in values if isinstance(value, int)]
        return numbers[0] if len(values) == 1 else f"[{', '.join(numbers)}]"
    if spec.kind == "flag":
        return "true" if values[0] else "false"
    words = dict.fromkeys(word for value in values for word in _words(value))
    return _quoted(next(iter(words))) if len(words) == 1 else f"[{', '.join(map(_quoted, words))}]"


def _says_something(spec: Spec, found: tuple[Found, ...]) -> bool:
    """Whether the values can be stated: numbers where numbers are wanted."""
    wanted = {"count": int, "amount": int, "flag": bool}.get(spec.kind)
    return wanted is None or all(isinstance(each.value, wanted) for each in found)


def _words(value: object) -> tuple[str, ...]:
    if isinstance(value, tuple):
        return tuple(map(str, value)) or ("none",)
    return ("none" if value is None else str(value),)


def _example(spec: Spec) -> str:
    return {"amount": '"102.65 B"', "count": "0", "flag": "false", "origin": '"own"'}.get(spec.kind, '""')


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
