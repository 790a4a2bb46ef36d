"""The report: the contract that other programs read. `archdiff schema` prints it as JSON Schema."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue

from archdiff.report.code import CodeEntry
from archdiff.report.lineage import LineageEntry
from archdiff.report.tokenizer import TokenizerEntry
from archdiff.report.weights import WeightsEntry

__all__ = [
    "SCHEMA_VERSION",
    "AlignedStack",
    "Block",
    "ChangeEntry",
    "ConfigurationEntry",
    "FactChange",
    "FindingEntry",
    "Lineage",
    "ModelEntry",
    "Part",
    "PlaceEntry",
    "Report",
    "RuleEntry",
    "SetAside",
    "Summary",
    "TensorEntry",
]

SCHEMA_VERSION = "1.2"
"""A minor version adds fields, and reads the reports of the earlier ones."""

Impact = Literal["breaking", "behavioral", "cosmetic"]
Confidence = Literal["high", "medium", "low"]
Status = Literal["added", "removed", "changed", "unchanged"]
Fingerprint = Annotated[str, Field(pattern=r"^[0-9a-f]{20}$")]


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)


class PlaceEntry(_Model):
    """Where something stands in one model, layers folded."""

    path: str = Field(description="qualified module name, `*` for the layer number; empty for the whole model")
    layers: tuple[tuple[int, int], ...] = Field(description="first and last number of each run of layers")
    text: str = Field(description="the two together, for people")


class FactChange(_Model):
    """A fact of the vocabulary, in OLD and in NEW."""

    name: str
    old: JsonValue
    new: JsonValue


class FindingEntry(_Model):
    """What a rule noticed."""

    rule: str = Field(description="rule id; `archdiff rule ID` prints its manual")
    impact: Impact
    confidence: Confidence
    message: str
    where: str = Field(description="folded location for people: `layers 0–47`")
    old: PlaceEntry | None
    new: PlaceEntry | None
    facts: tuple[FactChange, ...]
    parameters: int = Field(description="trained elements added minus removed")
    changes: tuple[Fingerprint, ...] = Field(description="ids of the changes that it explains")
    fingerprint: Fingerprint = Field(description="of rule, location and facts; never of prose")


class ChangeEntry(_Model):
    """One difference between the graphs, folded over layers."""

    id: Fingerprint
    kind: str
    impact: Impact
    confidence: Confidence
    role: str
    subject: str
    old: PlaceEntry | None
    new: PlaceEntry | None
    before: JsonValue
    after: JsonValue
    axes: tuple[str, ...]
    parameters: int
    explained_by: tuple[str, ...] = Field(description="rule ids; empty where `inert` says why none is needed")
    inert: str = Field(description="why the change has no effect of its own; empty where it has one")


class Lineage(_Model):
    """A declared relation to another model."""

    base: str
    relation: str


class TensorEntry(_Model):
    """A parameter, or a buffer that checkpoints hold."""

    name: str = Field(description="qualified, in the first of the folded layers")
    shape: tuple[int, ...]
    dtype: str


class Part(_Model):
    """A box inside a layer kind, or outside the layers: a module drawn as one."""

    id: str = Field(description="unique in its model")
    role: str
    label: str = Field(description="what it is, for people: `attention`, `experts`, `add`")
    class_name: str
    status: Status
    facts: dict[str, JsonValue] = Field(description="what is drawn in it, in the field's terms")
    notes: tuple[str, ...] = Field(description="what changed, as `64 → 96 query heads`; empty unless changed")
    parameters: int
    parts: tuple[Part, ...] = Field(description="boxes inside this one")
    tensors: tuple[TensorEntry, ...] = Field(default=(), description="of this box without those inside, in their order")


class Block(_Model):
    """A layer kind drawn once with its range and count, or a part outside the layers (one layer, count 1)."""

    id: str
    role: str
    label: str
    stack: str | None = Field(description="id of the stack; None outside the layers")
    layers: tuple[tuple[int, int], ...]
    count: int
    status: Status
    notes: tuple[str, ...]
    parameters: int = Field(description="of all its layers together")
    partner: str | None = Field(description="id of the block in the other model that it corresponds to")
    parts: tuple[Part, ...]
    flows: tuple[tuple[str, str], ...] = Field(
        description="producer and consumer part ids; `in` and `out` are what enters and leaves the block"
    )


class ModelEntry(_Model):
    """One of the two models."""

    name: str
    reference: str
    kind: str = Field(
        description="kind of source: file, directory, revision, catalogue, hub, gguf, adapter, snapshot, …"
    )
    hub_id: str | None
    revision: str | None
    digest: str = Field(description="of the config that was read")
    licence: str | None
    released: str | None
    lineage: tuple[Lineage, ...]
    model_type: str
    class_name: str
    parameters: int
    active_parameters: int | None = Field(description="used for one token; None where it cannot be told")
    layers: int
    facts: dict[str, JsonValue] = Field(description="facts of the model, and those that hold for all its layers")
    varying: dict[str, tuple[JsonValue, ...]] = Field(
        default_factory=dict, description="facts that differ from layer to layer: their distinct values, in order"
    )
    lines: dict[str, int] = Field(
        default_factory=dict,
        description="where the config is a file of the user: the line, from 1, of each of its keys that differs",
    )
    traced: bool = Field(description="whether data flow and function were recorded")
    notes: tuple[str, ...]
    blocks: tuple[Block, ...] = Field(description="the folded graph in order, for pictures and tables")


class AlignedStack(_Model):
    """How the layers of two stacks correspond."""

    old: str | None
    new: str | None
    matched: tuple[tuple[int, int], ...]
    added: tuple[int, ...]
    removed: tuple[int, ...]
    ambiguous: bool


class RuleEntry(_Model):
    """A rule that ran."""

    id: str
    pack: str
    impact: Impact | None = Field(default=None, description="the usual one; None in reports before version 1.2")
    group: str = Field(default="", description="the area of the architecture that it looks at")
    summary: str = Field(default="", description="what it notices, in one sentence")
    manual: dict[str, str] = Field(
        default_factory=dict,
        description="`Why it matters`, `Example` and `What to do` of a rule that noticed something; else empty",
    )


class SetAside(_Model):
    """A finding that is there and does not count: it was known before, or a suppression covers it."""

    finding: FindingEntry
    cause: Literal["baseline", "suppression"]
    reason: str = Field(description="of the suppression; empty for a baseline")
    expires: str | None = Field(description="ISO date on which the suppression ends; None where it does not")


class ConfigurationEntry(_Model):
    """What applied of `archdiff.toml` and of the options that a user gave."""

    file: str | None = Field(description="from the root of the repository where it was found there; None without one")
    select: tuple[str, ...] = Field(description="patterns of rules whose findings are shown; empty for all")
    ignore: tuple[str, ...] = Field(description="patterns of rules whose findings are left out")
    min_confidence: Confidence = Field(description="findings below it are left out")
    fail_on: Impact | None = Field(description="a finding of this impact or a worse one ends with exit code 1")
    baseline: str | None = Field(description="the earlier report whose findings are set aside")
    suppressions: int = Field(description="how many are stated, used here or not")


class Summary(_Model):
    """The comparison in a few figures."""

    impact: Impact | None = Field(description="worst impact of any finding; None without findings")
    findings: dict[Impact, int]
    changes: int
    same_architecture: bool = Field(description="no breaking or behavioral change")
    sentences: tuple[str, ...] = Field(description="the comparison in a few sentences, most telling first")


class Report(_Model):
    """A comparison of two models; same inputs, same bytes."""

    schema_version: Literal["1.0", "1.1", "1.2"] = "1.2"
    archdiff: str = Field(description="version of archdiff")
    transformers: str = Field(description="version of transformers that built the graphs")
    old: ModelEntry
    new: ModelEntry
    summary: Summary
    findings: tuple[FindingEntry, ...]
    changes: tuple[ChangeEntry, ...]
    alignment: tuple[AlignedStack, ...]
    set_aside: tuple[SetAside, ...] = Field(default=(), description="findings that `findings` leaves out, and why")
    configuration: ConfigurationEntry | None = Field(
        default=None, description="what applied of settings and options; None where nothing but defaults did"
    )
    weights: WeightsEntry | None = Field(default=None, description="None where weights were not compared")
    tokenizer: TokenizerEntry | None = Field(default=None, description="None where tokenizers were not compared")
    code: CodeEntry | None = Field(default=None, description="None where modelling code was not compared")
    lineage: tuple[LineageEntry, ...] = Field(default=(), description="of OLD and of NEW, where it was followed")
    rules: tuple[RuleEntry, ...]
    not_checked: tuple[str, ...] = Field(description="what was left out, and why")
