"""Where the weights of each part come from: never proved by structure, only by weights and logs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from archdiff.review import descent
from archdiff.review.entry import digest_of, evidence, item
from archdiff.review.nearest import nearest
from archdiff.review.weighing import DEPENDENT, architecture, weighed

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from archdiff.report.checklist import ItemEvidence, ItemStatus, ReviewItem
    from archdiff.report.training_log import TrainingLogEntry
    from archdiff.review.claims import Origin
    from archdiff.review.material import Material
    from archdiff.review.weighing import Weighed

__all__ = ["HEADING", "items", "log_evidence", "scratch"]

HEADING = "Origin of the weights"

_LOGGED = frozenset({"language-model", "embeddings", "heads", "prediction"})
"""Parts that the loss of a language model's training run speaks of."""

_REMAINS = (
    "What remains: a log can be forged, weights tell nothing of distillation, and other models were not compared."
)


def items(material: Material) -> Iterator[ReviewItem]:
    """An item for the origin of every part that is claimed, and one for the language model in any case."""
    claimed = material.claims.origins
    if "language-model" not in claimed:
        yield _unclaimed(material)
    for component, origin in claimed.items():
        title = f"{component.replace('-', ' ')} {origin.text}"
        if origin.base and origin.relation != "same-architecture":
            yield descent.item_of(material, f"origin.{component}", title, component, origin)
        else:
            yield _from_scratch(material, component, title, origin)


def _unclaimed(material: Material) -> ReviewItem:
    file = material.claims.name or "a claims file"
    said = f'Nothing is claimed; state `language-model = "from scratch"`, or from which model, in [origin] of {file}.'
    compared = [each.evidence for each in weighed(material.parents, "language-model")]
    question = "Where do the weights of the language model come from?"
    return item("origin.language-model", HEADING, question, ("open", said), [*compared, *log_evidence(material)])


def _from_scratch(material: Material, component: str, title: str, origin: Origin) -> ReviewItem:
    compared = weighed(material.parents, component)
    log = material.training_log if component in _LOGGED else None
    status, reason, command = scratch(material, component, compared, log)
    rests_on = [*(each.evidence for each in compared), *(log_evidence(material) if log is not None else ())]
    if origin.base:
        rests_on += [
            each for parent in material.parents if parent.reference == origin.base for each in architecture(parent)
        ]
    return item(
        f"origin.{component}",
        HEADING,
        title,
        (status, reason),
        rests_on,
        claimed=origin,
        command=command,
        needs_signature=status == "open" and bool(rests_on),
    )


def scratch(
    material: Material, component: str, compared: Sequence[Weighed], log: TrainingLogEntry | None
) -> tuple[ItemStatus, str, str]:
    """Judge that a part was trained from scratch.

    Returns:
        Status, reason, and the command that would bring what is missing.
    """
    part = component.replace("-", " ")
    against = [each for each in compared if each.judgement.verdict in DEPENDENT]
    if against:
        return "refuted", f"The weights of the {part} are {against[0].text}.", ""
    if log is not None and log.verdict == "warm-start":
        return "refuted", f"The training log that was given is consistent with a warm start: {_first(log)}.", ""
    independent = [each for each in compared if each.judgement.verdict == "independent"]
    from_zero = log is not None and log.verdict == "from-scratch"
    if from_zero and independent and len(independent) == len(compared):
        told = f"The training log is consistent with it, and {_silence(independent)}."
        return "proved", f"{told} {_REMAINS}", ""
    command = _command(material, needs_log=not from_zero and component in _LOGGED, needs_weights=not independent)
    known_so_far = [*(["the training log is consistent with it"] if from_zero else [])]
    known_so_far += [_silence(independent)] if independent else []
    known_so_far += [
        f"the comparison with {each.parent.reference} is inconclusive" for each in compared if each not in independent
    ]
    if log is not None and not from_zero:
        known_so_far.append(
            f"the training log is {log.verdict.replace('resumed', 'consistent with a resumed run')}: {_first(log)}"
        )
    if known_so_far:
        told = "; ".join(known_so_far)
        return "open", f"{told[:1].upper()}{told[1:]}. {_missing(from_zero, bool(independent), component)}", command
    return "open", "Structure proves no origin: it takes the log of the run and the weights of likely parents.", command


def _missing(from_zero: bool, independent: bool, component: str) -> str:
    wanted = [] if from_zero or component not in _LOGGED else ["the log of the run from its first step"]
    wanted += [] if independent else ["a comparison with the weights of likely parents"]
    return f"Missing: {' and '.join(wanted)}." if wanted else _REMAINS


def _silence(independent: Sequence[Weighed]) -> str:
    names = ", ".join(each.parent.reference for each in independent)
    power = max((each.judgement.power for each in independent if each.judgement.power is not None), default=None)
    return f"no dependence on the weights of {names} was detected" + (f" at row cosine ≥ {power:g}" if power else "")


def _first(log: TrainingLogEntry) -> str:
    return (log.reasons[0] if log.reasons else "it gives no reason").rstrip(".")


def log_evidence(material: Material) -> tuple[ItemEvidence, ...]:
    """What the training log comes to, as what an item rests on."""
    log = material.training_log
    if log is None:
        return ()
    first = log.figures.get("first_step")
    where = f"{log.name}, step {first:g}" if first is not None else log.name
    return (evidence(f"{log.verdict}: {_first(log)}", where, digest_of(log.digest, log.verdict)),)


def _command(material: Material, *, needs_log: bool, needs_weights: bool) -> str:
    """The commands that would bring the evidence; a review takes it as --against, --weights and --training-log."""
    told = []
    if needs_weights:
        told.append(material.command("weights", _likeliest(material)))
    if needs_log:
        told.append(f"{material.command('training-log', 'RUN', '--model')}")
    return " && ".join(told)


def _likeliest(material: Material) -> str:
    """The parent that is worth comparing first: a declared one, else the nearest public architecture."""
    if material.parents:
        return material.parents[0].reference
    near = nearest(material.subject.portrait.model)
    return near[0].name if near else "PARENT"
