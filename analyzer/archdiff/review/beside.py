"""Claims that evidence beside the weights settles: tokenizer, code, licence and lineage, training log."""

from __future__ import annotations

from typing import TYPE_CHECKING

from archdiff.evidence import licences
from archdiff.report.code import NOT_WEIGHTS
from archdiff.report.lineage import NO_ADVICE
from archdiff.review.claims import Origin
from archdiff.review.entry import digest_of, evidence, item
from archdiff.review.origin import log_evidence
from archdiff.review.table import specs

if TYPE_CHECKING:
    from collections.abc import Iterator

    from archdiff.report.checklist import ItemEvidence, ItemStatus, ReviewItem
    from archdiff.report.lineage import LicenceEntry
    from archdiff.report.tokenizer import TokenizerEntry
    from archdiff.review.claims import Claimed
    from archdiff.review.material import Material
    from archdiff.review.table import Spec

__all__ = ["items"]

_TAKEN = frozenset({"identical", "extended", "pruned", "re-ordered", "derived"})


def items(material: Material) -> Iterator[ReviewItem]:
    """Tokenizer, code, licence, lineage and training log, in the order of the checklist."""
    yield _tokenizer(material, specs()["tokenizer.origin"])
    if "code.origin" in material.claims.values:
        yield _code(material, specs()["code.origin"])
    yield _licence(material, specs()["licence.name"])
    yield from _lineage(material)
    yield _log(material, specs()["training.log"])


def _tokenizer(material: Material, spec: Spec) -> ReviewItem:
    claimed = material.claims.values.get(spec.id)
    found = dict(material.tokenizers)
    rests_on = [_compared(reference, entry) for reference, entry in found.items()]
    if isinstance(claimed, str):
        verdict: tuple[ItemStatus, str] = ("not-applicable", "The claims file says so.")
    elif claimed is None:
        verdict = ("open", f"Nothing is claimed; state it as `{spec.key}` in [{spec.section}].")
    elif isinstance(claimed, Origin) and claimed.base:
        verdict = _taken(claimed, found.get(claimed.base))
    else:
        verdict = _own(found)
    base = claimed.base if isinstance(claimed, Origin) else ""
    command = material.command("tokenizer", base or _likeliest(material)) if verdict[0] == "open" else ""
    signable = verdict[0] == "open" and bool(rests_on)
    title = _title(spec, claimed)
    return item(
        spec.id, spec.heading, title, verdict, rests_on, claimed=claimed, command=command, needs_signature=signable
    )


def _title(spec: Spec, claimed: Claimed | None) -> str:
    if claimed is None:
        return spec.question
    if not isinstance(claimed, Origin):
        return spec.title(str(claimed))
    return spec.title(claimed.text if claimed.base else "made for this model")


def _likeliest(material: Material) -> str:
    return material.parents[0].reference if material.parents else "PARENT"


def _compared(reference: str, entry: TokenizerEntry) -> ItemEvidence:
    told = f"{entry.verdict} against {reference}: {entry.reasons[0] if entry.reasons else 'no reason given'}"
    return evidence(told, f"tokenizer of {reference}", digest_of(entry.old.digest, entry.new.digest, entry.verdict))


def _taken(claimed: Origin, entry: TokenizerEntry | None) -> tuple[ItemStatus, str]:
    """Judge that the tokenizer comes from another model's."""
    if entry is None:
        return "open", f"The tokenizer was not compared with that of {claimed.base}."
    why = (entry.reasons[0] if entry.reasons else "no reason given").rstrip(".")
    if entry.verdict == "inconclusive":
        return "open", f"The comparison with the tokenizer of {claimed.base} is inconclusive: {why}."
    fits = entry.verdict in _TAKEN and (
        claimed.relation not in _TAKEN - {"derived"} or claimed.relation == entry.verdict
    )
    return ("proved" if fits else "refuted"), f"It is {entry.verdict} against that of {claimed.base}: {why}."


def _own(found: dict[str, TokenizerEntry]) -> tuple[ItemStatus, str]:
    """Judge that the tokenizer was made for this model: comparisons can refute it, and support it."""
    for reference, entry in found.items():
        if entry.verdict in _TAKEN:
            why = (entry.reasons[0] if entry.reasons else "no reason given").rstrip(".")
            return "refuted", f"It is {entry.verdict} against that of {reference}: {why}."
    independent = [reference for reference, entry in found.items() if entry.verdict == "independent"]
    if independent and len(independent) == len(found):
        told = f"Independent of the tokenizers of {', '.join(independent)}"
        return "proved", f"{told}. What remains: other tokenizers were not compared."
    return (
        "open",
        "The tokenizer was compared with none that gave a verdict." if found else "It was compared with none.",
    )


def _code(material: Material, spec: Spec) -> ReviewItem:
    claimed = material.claims.values[spec.id]
    base = claimed.base if isinstance(claimed, Origin) else ""
    status, reason = _judge_code(material, base)
    rests_on = [
        evidence(
            f"{100 * entry.similarity:.0f} % like that of {reference}"
            + (
                f", where one unrelated pair in twenty is above {100 * entry.expected_high:.0f} %"
                if entry.expected_high is not None
                else ""
            ),
            f"modelling code of {entry.new.name}",
            digest_of(entry.old.digest, entry.new.digest),
        )
        for reference, entry in material.code
    ]
    signable = status == "open"
    return item(
        spec.id,
        spec.heading,
        _title(spec, claimed),
        (status, reason),
        rests_on,
        claimed=claimed,
        needs_signature=signable,
    )


def _judge_code(material: Material, base: str) -> tuple[ItemStatus, str]:
    families = sorted({family for _, entry in material.code for family in entry.new.inherits})
    if not base and families:
        told = f"transformers declares that it is made from the code of {', '.join(families)}"
        return "refuted", f"The modelling code is not its own: {told}. {NOT_WEIGHTS}"
    entry = dict(material.code).get(base)
    if entry is not None and entry.expected_high is not None and entry.similarity > entry.expected_high:
        return (
            "proved",
            f"It is {100 * entry.similarity:.0f} % like it, beyond what unrelated families share. {NOT_WEIGHTS}",
        )
    return "open", f"Only a person can settle who wrote it. {NOT_WEIGHTS}"


def _licence(material: Material, spec: Spec) -> ReviewItem:
    claimed, model = material.claims.values.get(spec.id), material.subject.portrait.model
    own = [entry for entry in _licences(material) if entry.model == material.lineage_name]
    declared = tuple(dict.fromkeys(entry.declared for entry in own)) or ((model.licence,) if model.licence else ())
    where = own[0].declared_in if own else "catalogue" if model.kind == "catalogue" else "model card"
    verdict = _judge_licence(spec, claimed, declared)
    rests_on = [evidence(f"licence: {each}", where, digest_of(each)) for each in declared]
    title = spec.title(str(claimed)) if claimed is not None else spec.question
    signable = verdict[0] == "open" and claimed is not None
    shown = declared[0] if len(declared) == 1 else declared or None
    return item(spec.id, spec.heading, title, verdict, rests_on, claimed=claimed, found=shown, needs_signature=signable)


def _judge_licence(spec: Spec, claimed: Claimed | None, declared: tuple[str, ...]) -> tuple[ItemStatus, str]:
    if claimed is None:
        return "open", f"Nothing is claimed; state it as `{spec.key}` in [{spec.section}]."
    if not declared:
        return "open", "The model declares no licence to compare the claim with."
    same = all(_licence_name(each) == _licence_name(str(claimed)) for each in declared)
    return ("proved" if same else "refuted"), f"The model declares {' and '.join(declared)}."


def _licence_name(declared: str) -> str:
    """One name for all spellings of a licence that is known."""
    row = licences.find(declared)
    return row.name if row is not None else declared.casefold()


def _licences(material: Material) -> tuple[LicenceEntry, ...]:
    return material.lineage.licences if material.lineage is not None else ()


def _lineage(material: Material) -> Iterator[ReviewItem]:
    """Contradictions in what is declared, and what the licences of the parents ask for."""
    lineage, heading = material.lineage, specs()["licence.name"].heading
    if lineage is None:
        return
    read = digest_of(lineage.model_dump(mode="json"))
    if lineage.chain or lineage.contradictions:
        steps = [evidence(f"{s.model} is {s.relation} of {s.base}", s.declared_in, read) for s in lineage.chain]
        steps += [evidence(told, "declared lineage", read) for told in lineage.contradictions]
        verdict: tuple[ItemStatus, str] = ("proved", "No declaration contradicts another.")
        if lineage.contradictions:
            verdict = ("refuted", f"{lineage.contradictions[0].rstrip('.')}.")
        yield item("licence.lineage", heading, "the declared lineage is free of contradictions", verdict, steps)
    inherited = [entry for entry in lineage.licences if entry.model != material.lineage_name and entry.conditions]
    if inherited or lineage.inherited:
        asked = [evidence(told, "declared lineage", read) for told in lineage.inherited]
        asked += [evidence(f"{e.model}, {e.declared}: {', '.join(e.conditions)}", e.source, read) for e in inherited]
        title = "the conditions of the parents' licences are met"
        yield item("licence.inherited", heading, title, ("open", NO_ADVICE), asked, needs_signature=True)


def _log(material: Material, spec: Spec) -> ReviewItem:
    claimed, log = material.claims.values.get(spec.id), material.training_log
    title = spec.title(str(claimed)) if claimed is not None else spec.question
    if log is not None and claimed is None:
        title = spec.title(log.name)
    if log is None:
        verdict: tuple[ItemStatus, str] = ("open", "No training log was given to the review.")
        command = material.review("--training-log", "RUN")
        return item(spec.id, spec.heading, title, verdict, claimed=claimed, command=command)
    status, reason = _judge_log(material)
    signable = status == "open"
    return item(
        spec.id, spec.heading, title, (status, reason), log_evidence(material), claimed=claimed, found=log.verdict,
        needs_signature=signable,
    )  # fmt: skip


def _judge_log(material: Material) -> tuple[ItemStatus, str]:
    """Judge that the log fits what is claimed of the language model: from scratch, where nothing is."""
    log = material.training_log
    if log is None:
        return "open", "No training log was given to the review."
    origin = material.claims.origins.get("language-model", Origin())
    why = (log.reasons[0] if log.reasons else "it gives no reason").rstrip(".")
    wanted = "warm-start" if origin.base and origin.relation != "same-architecture" else "from-scratch"
    told = f"The log is consistent with {log.verdict.replace('-', ' ').replace('resumed', 'a resumed run')}: {why}."
    if log.verdict == wanted:
        return "proved", told
    if log.verdict == "warm-start":
        return "refuted", told
    return "open", f"The log is inconclusive: {why}." if log.verdict == "inconclusive" else told
