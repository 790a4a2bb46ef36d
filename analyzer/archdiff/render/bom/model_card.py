"""A fragment of a hub model card: metadata, relation to other models, architecture table, claims.

The metadata is written by huggingface_hub's own card classes. `base_model` stands in it only where a base is declared
by its hub id, with a relation that the hub has a word for, and no weight check contradicts it; what a diff found alike
is told in the text and never becomes a base.
"""

from __future__ import annotations

import re
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from archdiff.render.bom import facts
from archdiff.render.bom.hub_licences import licence_fields
from archdiff.render.bom.identity import ended, hub_id, shown
from archdiff.render.bom.subject import subject_of
from archdiff.render.keyfigures import rows
from archdiff.report.summary import amount

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from archdiff.render.bom.kin import Kin
    from archdiff.render.bom.subject import Described, Subject
    from archdiff.report.schema import ModelEntry

__all__ = ["escaped", "text"]

_RELATIONS: Mapping[str, str] = MappingProxyType({
    "finetune": "finetune",
    "continued": "finetune",
    "depth-upscaled": "finetune",
    "quantized": "quantized",
    "adapter": "adapter",
    "merge": "merge",
    "unstated": "",
})  # fmt: skip
"""Declared relations in the hub's four words, or none where none is stated (https://huggingface.co/docs/hub/model-cards#specifying-a-base-model)."""

_NOTHING = "–"
_MOST_COLUMNS = 6
_SPECIAL = re.compile(r"([\\`*_{}\[\]#|~$!])")


def text(document: Described) -> str:
    """The fragment: a block of YAML, then Markdown, with a final newline."""
    subject = subject_of(document)
    return f"---\n{_metadata(subject)}\n---\n\n" + "\n".join(_body(subject)) + "\n"


def escaped(value: str) -> str:
    """Untrusted text inside a line or a cell of Markdown: no markup, no HTML, no link."""
    safe = shown(value).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    safe = _SPECIAL.sub(r"\\\1", safe)
    return safe.replace("://", "&#58;//").replace("www.", "www&#46;").replace("@", "&#64;")


def _metadata(subject: Subject) -> str:
    from huggingface_hub.repocard_data import ModelCardData

    model = subject.model
    tags = [re.sub(r"[^A-Za-z0-9._-]+", "-", model.model_type)[:60], *(["moe"] if facts.is_mixture(model) else [])]
    fields: dict[str, Any] = {
        **_base(subject),
        **licence_fields(subject.licence.name if subject.licence is not None else None),
        "pipeline_tag": facts.task(model),
        "tags": [tag for tag in tags if tag],
    }
    return ModelCardData(**fields).to_yaml(line_break="\n")


def _base(subject: Subject) -> dict[str, str | list[str]]:
    """The fields `base_model` and `base_model_relation`; empty where they cannot be told."""
    bases = [kin for kin in subject.kin if _is_base(kin)]
    relations = {_RELATIONS[kin.relation] for kin in bases}
    if len(relations) != 1:
        return {}
    names, relation = [kin.name for kin in bases], relations.pop()
    fields: dict[str, str | list[str]] = {"base_model": names if len(names) > 1 else names[0]}
    return {**fields, "base_model_relation": relation} if relation else fields


def _is_base(kin: Kin) -> bool:
    is_direct = kin.standing == "ancestor" and not kin.child
    return is_direct and hub_id(kin.name) is not None and kin.relation in _RELATIONS and not _is_denied(kin)


def _is_denied(kin: Kin) -> bool:
    """Whether weights say that nothing comes from it."""
    return bool(kin.judgements) and all(each.verdict == "independent" for each in kin.judgements)


def _body(subject: Subject) -> Iterator[str]:
    yield from ("## Architecture", "", _sentence(subject.model), "")
    yield from _table([*(kin.entry for kin in subject.kin if kin.entry is not None), subject.model])
    yield from ("", "### Relation to other models", "")
    if not any(kin.standing == "ancestor" for kin in subject.kin):
        yield "- No base model is declared."
    for kin in subject.kin:
        yield from _bullets(kin.told)
        if kin.compared:
            yield f"- Compared with {escaped(kin.name)}:"
            yield from (f"  {line}" for line in _bullets(kin.compared))
    yield from (f"- **Doubt**: {escaped(doubt)}" for doubt in subject.doubts)
    if subject.items:
        yield from ("", "### Claims", "")
        yield from (f"- **{item.status}**: {escaped(f'{ended(item.title)} {item.reason}')}" for item in subject.items)
    if subject.unanswered:
        count = len(subject.unanswered)
        yield from ("", f"{count} of the review's questions {'has' if count == 1 else 'have'} no answer yet.")
    if subject.limits:
        yield from ("", "### Not checked", "", *_bullets(subject.limits))
    made = ", ".join(f"{name} {version}" for name, version in subject.tools.items())
    digest = re.sub("[^a-z0-9:]", "", subject.model.digest)
    yield from ("", f"Digest of the config: `{digest}`. Made with {escaped(made)}.")


def _sentence(model: ModelEntry) -> str:
    """`solar-open-100b` is a mixture-of-experts transformer of 48 layers with 102.7 B parameters."""
    kind = facts.family(model) or "model"
    active = f", {amount(model.active_parameters)} active for one token" if model.active_parameters is not None else ""
    what = f"is a {kind} (`{re.sub('[^A-Za-z0-9_]', '', model.class_name)}`) of {model.layers:,} layers"
    return f"{escaped(model.name)} {what} with {amount(model.parameters)} parameters{active}."


def _bullets(sentences: Iterable[str]) -> Iterator[str]:
    yield from (f"- {escaped(sentence)}" for sentence in sentences)


def _table(models: list[ModelEntry]) -> Iterator[str]:
    """A column for each model, the described one last; rows without any value are left out."""
    models = models[-_MOST_COLUMNS:]
    names = (escaped(model.name) or "(no name)" for model in models)
    yield f"| | {' | '.join(names)} |"
    yield f"|---|{'---:|' * len(models)}"
    for cells in zip(*map(rows, models), strict=True):
        values = [value for _, value in cells]
        if any(value != _NOTHING for value in values):
            yield f"| {cells[0][0]} | {' | '.join(map(escaped, values))} |"
