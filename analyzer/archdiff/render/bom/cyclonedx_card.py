"""The model card of CycloneDX 1.6, which cyclonedx-python-lib has no classes for.

The library leaves `component.modelCard` out (a comment in its `model/component.py` says so). These few models hold the
fields that archdiff knows, under the names of the schema, and the tests validate what comes out with the library's own
schema. What only a publisher can say (data, uses, safety, energy) comes from the claims of a review, with what became
of them, and is never guessed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from pydantic import BaseModel, ConfigDict, JsonValue
from pydantic.alias_generators import to_camel

from archdiff.render.bom import facts
from archdiff.render.bom.claims import claimed
from archdiff.render.bom.identity import shown

if TYPE_CHECKING:
    from collections.abc import Iterator

    from archdiff.render.bom.subject import Subject

__all__ = ["CdxModel", "card", "written"]


def _field(name: str) -> str:
    return "bom-ref" if name == "bom_ref" else to_camel(name)


class CdxModel(BaseModel):
    """Fields under the names of the schema; those without a value are not written."""

    model_config = ConfigDict(frozen=True, extra="forbid", alias_generator=_field, populate_by_name=True)


class Property(CdxModel):
    """A name and a value; names are archdiff's own."""

    name: str
    value: str


class Format(CdxModel):
    """What goes into the model or comes out."""

    format: str


class Dataset(CdxModel):
    """Training data, as the publisher describes it."""

    type: Literal["dataset"] = "dataset"
    name: str
    description: str


class ModelParameters(CdxModel):
    """How the model is built."""

    task: str | None
    architecture_family: str | None
    model_architecture: str
    datasets: tuple[Dataset, ...] | None
    inputs: tuple[Format, ...]
    outputs: tuple[Format, ...] | None


class Metric(CdxModel):
    """A measured figure."""

    type: str
    value: str
    slice: str | None = None


class Analysis(CdxModel):
    """What was measured."""

    performance_metrics: tuple[Metric, ...]


class Environment(CdxModel):
    """What training took, as the publisher says."""

    properties: tuple[Property, ...]


class Risk(CdxModel):
    """An ethical risk, or what was assessed of it."""

    name: str


class Considerations(CdxModel):
    """What a user has to consider."""

    use_cases: tuple[str, ...] | None
    technical_limitations: tuple[str, ...] | None
    ethical_considerations: tuple[Risk, ...] | None
    environmental_considerations: Environment | None


class ModelCard(CdxModel):
    """The card of one model."""

    bom_ref: str
    model_parameters: ModelParameters
    quantitative_analysis: Analysis | None
    considerations: Considerations | None
    properties: tuple[Property, ...]


def card(subject: Subject) -> ModelCard:
    """The card of a model; measured figures only where a training log or weights were read."""
    model, metrics, told = subject.model, tuple(_metrics(subject)), claimed(subject, "data.summary", "data.sources")
    return ModelCard(
        bom_ref="model-card",
        model_parameters=ModelParameters(
            task=facts.task(model),
            architecture_family=facts.family(model),
            model_architecture=shown(model.class_name),
            datasets=tuple(Dataset(name="training data", description=each) for each in told) or None,
            inputs=tuple(Format(format=each) for each in facts.inputs(model)),
            outputs=tuple(Format(format=each) for each in facts.outputs(model)) or None,
        ),
        quantitative_analysis=Analysis(performance_metrics=metrics) if metrics else None,
        considerations=_considerations(subject),
        properties=tuple(
            Property(name=f"archdiff:architecture:{name}", value=value)
            for name, value in facts.hyperparameters(subject)
        ),
    )


def _considerations(subject: Subject) -> Considerations | None:
    """What the architecture and the claims say; None where they say nothing."""
    limits = (*facts.limitations(subject.model), *claimed(subject, "release.limitations"))
    uses, risks = claimed(subject, "release.use"), claimed(subject, "release.safety", "data.personal")
    spent = claimed(subject, "training.energy", "training.compute", "training.time")
    if not (limits or uses or risks or spent):
        return None
    properties = tuple(Property(name="archdiff:training", value=each) for each in spent)
    return Considerations(
        use_cases=uses or None,
        technical_limitations=limits or None,
        ethical_considerations=tuple(Risk(name=each) for each in risks) or None,
        environmental_considerations=Environment(properties=properties) if properties else None,
    )


def written(model: CdxModel) -> JsonValue:
    """A model as the schema has it."""
    data: JsonValue = model.model_dump(mode="json", by_alias=True, exclude_none=True)
    return data


def _metrics(subject: Subject) -> Iterator[Metric]:
    """Figures of the training log, and of each weight test that gave a p-value."""
    if subject.log is not None:
        for name, value in subject.log.figures.items():
            if value is not None:
                yield Metric(type=f"training log: {shown(name)}", value=facts.spelled(value))
    for kin in subject.kin:
        for judgement in kin.judgements:
            for name, value in judgement.log10_p.items():
                if value is not None:
                    kind = f"weights compared with {shown(kin.name)}: log10 p of {shown(name)}"
                    yield Metric(type=kind, value=facts.spelled(value), slice=shown(judgement.component))
