"""Claims that the graph of the model proves or refutes: sizes, counts, kinds."""

from __future__ import annotations

from typing import TYPE_CHECKING

from archdiff.report.summary import amount
from archdiff.report.values import plain
from archdiff.review import amounts
from archdiff.review.claims import NOT_APPLICABLE
from archdiff.review.entry import evidence, item
from archdiff.review.table import specs, term

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from archdiff.graph.schema import Value
    from archdiff.report.checklist import ItemEvidence, ItemStatus, ReviewItem
    from archdiff.review.claims import Claimed
    from archdiff.review.material import Material
    from archdiff.review.subject import Found
    from archdiff.review.table import Spec

__all__ = ["items"]

_SHOWN = 4


def items(material: Material) -> Iterator[ReviewItem]:
    """An item for every claim that the model itself settles, and for those that a reader will look for."""
    for spec in specs().values():
        if spec.finds:
            claimed = material.claims.values.get(spec.id)
            if claimed is not None:
                yield _judged(material, spec, claimed)
            elif spec.asked:
                yield _unclaimed(material, spec)


def _judged(material: Material, spec: Spec, claimed: Claimed) -> ReviewItem:
    found = material.subject.find(spec)
    return item(
        spec.id,
        spec.heading,
        _title(spec, claimed),
        _verdict(material, spec, claimed, found),
        _evidence(material, spec, found, _wanted(spec, claimed)),
        claimed=claimed,
        found=material.subject.shown(spec),
    )


def _unclaimed(material: Material, spec: Spec) -> ReviewItem:
    found = material.subject.find(spec)
    title = spec.title(_told(spec, [each.value for each in found])) if found else spec.question
    reason = f"Nothing is claimed; state it as `{spec.key}` in [{spec.section}]."
    rests_on = _evidence(material, spec, found, ())
    return item(spec.id, spec.heading, title, ("open", reason), rests_on, found=material.subject.shown(spec))


def _title(spec: Spec, claimed: Claimed) -> str:
    values = claimed if isinstance(claimed, tuple) else (claimed,)
    if claimed == NOT_APPLICABLE:
        return f"{spec.title('').strip(' :')}: {NOT_APPLICABLE}"
    return spec.title(_told(spec, list(values)))


def _told(spec: Spec, values: Sequence[object]) -> str:
    """Values in words: `102.7 B`, `grouped-query`, `64 or 96`."""
    words = [_word(spec, value) for value in values[:_SHOWN]]
    return " or ".join(words) + (" or others" if len(values) > _SHOWN else "")


def _word(spec: Spec, value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return amount(value) if spec.kind == "amount" else f"{value:,}"
    if isinstance(value, tuple | list):
        return " and ".join(map(str, value)) or "none"
    return "none" if value is None else str(value)


def _verdict(material: Material, spec: Spec, claimed: Claimed, found: Sequence[Found]) -> tuple[ItemStatus, str]:
    if not material.subject.is_known and spec.id != "parameters.total":
        return "open", "The weights come without a config, so it cannot be told; give the model's config.json."
    has = [each.value for each in found]
    if claimed == NOT_APPLICABLE:
        none = all(value in (None, 0, False, (), "none") for value in has)
        told = f"The model has {_told(spec, has)}."
        return ("not-applicable", "The model has no such part.") if none else ("refuted", told)
    if not has and spec.finds.startswith("@"):
        return "open", "It cannot be told from the config and the graph."
    if not has:
        return "refuted", "The model has no such part."
    if _fits(spec, claimed, has):
        return "proved", _proved(spec, claimed, has)
    if spec.id == "parameters.total" and (why := _uncounted(material, claimed)):
        return "open", why
    place = next(iter(each.where.partition(";")[0] for each in found if each.where.startswith("config.json")), "")
    told = f"The model has {_told(spec, has)}{_exactly(spec, has)}"
    return "refuted", f"{told} ({place})." if place else f"{told}."


def _proved(spec: Spec, claimed: Claimed, has: Sequence[Value]) -> str:
    rounded = isinstance(claimed, str) and spec.kind in ("amount", "count") and str(has[0]) != claimed
    said = f"exactly {has[0]:,}" if isinstance(has[0], int) and not isinstance(has[0], bool) else _told(spec, has)
    return f"The model has {said if rounded else _told(spec, has)}."


def _exactly(spec: Spec, has: Sequence[Value]) -> str:
    return f", exactly {has[0]:,}" if spec.kind == "amount" and isinstance(has[0], int) else ""


def _fits(spec: Spec, claimed: Claimed, has: Sequence[Value]) -> bool:
    wanted = _wanted(spec, claimed)
    if spec.kind in ("amount", "count"):
        every = all(any(_covers(each, value) for each in wanted) for value in has)
        return every and all(any(_covers(each, value) for value in has) for each in wanted)
    shown = {word for value in has for word in _words(value)}
    return shown == set(wanted)


def _wanted(spec: Spec, claimed: Claimed) -> tuple[object, ...]:
    """What is claimed, in the terms of the facts."""
    values = claimed if isinstance(claimed, tuple) else (claimed,)
    if spec.kind == "choice":
        return tuple(term(spec.key, str(value)) for value in values) or ("none",)
    return values


def _words(value: Value) -> tuple[object, ...]:
    if isinstance(value, bool):
        return (value,)
    if isinstance(value, tuple):
        return tuple(str(each) for each in value) or ("none",)
    return ("none" if value is None else str(value),)


def _covers(claimed: object, value: Value) -> bool:
    if not isinstance(value, int) or isinstance(value, bool):
        return value == claimed
    stated = amounts.parse(claimed) if isinstance(claimed, str) else None
    return stated.covers(value) if stated is not None else claimed == value


def _evidence(
    material: Material, spec: Spec, found: Sequence[Found], wanted: Sequence[object]
) -> tuple[ItemEvidence, ...]:
    """Where the values stand; those that are not as claimed first."""
    digest = material.subject.portrait.model.digest
    ranked = sorted(found, key=lambda each: any(_covers(one, each.value) for one in wanted))
    told = [(spec.title(_word(spec, plain(each.value))), each.where) for each in ranked[:_SHOWN]]
    return tuple(evidence(text, where, digest) for text, where in told)


def _uncounted(material: Material, claimed: Claimed) -> str:
    """Why more may be claimed than the class builds: layers that predict further tokens, which it leaves out.

    Such a layer is a layer of the model with a projection, and embeddings of its own at the most.
    """
    portrait, graph = material.subject.portrait, material.subject.graph
    declared, total = portrait.model.facts.get("prediction_heads.count"), portrait.model.parameters
    stated = amounts.parse(claimed) if isinstance(claimed, str) else None
    value = stated.value if stated is not None else claimed
    built = any(entry.role == "mtp" for entry in portrait.roles)
    if not isinstance(declared, int) or not declared or built or not isinstance(value, int):
        return ""
    layer = max(map(graph.subtree_parameters, graph.stacks.get(material.subject.stack, ())), default=0)
    tables = sum(entry.parameters for entry in portrait.roles if entry.role in ("embedding", "lm-head"))
    if not declared * layer <= 2 * (value - total) <= 4 * declared * (layer + tables):
        return ""
    layers = "layer" if declared == 1 else "layers"
    return (
        f"The class builds {total:,}; the {declared} {layers} for multi-token prediction that the config declares "
        "are not built, and not counted."
    )
