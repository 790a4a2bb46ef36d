"""Architecture diff for language models: what changed between two models, and what each change means.

    import archdiff

    report = archdiff.diff("gpt-oss-120b", "solar-open-100b")
    for finding in report.findings:
        print(finding.impact, finding.message, finding.where)

Everything here is imported when it is first asked for: `import archdiff` costs nothing.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from archdiff.api import code, diff, lineage, load, render_report, tokenizers, training_log, weigh
    from archdiff.errors import (
        ArchdiffError,
        BuildError,
        ConfigError,
        PackError,
        RenderError,
        RuleError,
        SnapshotError,
        SourceError,
        UnresolvedReferenceError,
        UsageError,
    )
    from archdiff.graph.schema import ModelGraph, Node, Operator, Tensor
    from archdiff.report.checklist import (
        Checklist,
        ItemEvidence,
        ItemField,
        Nearest,
        ReviewItem,
        Signature,
    )
    from archdiff.report.code import ClassMatch, CodeEntry, CodeSide
    from archdiff.report.lineage import LicenceEntry, LineageEntry, LineageStep
    from archdiff.report.schema import (
        AlignedStack,
        Block,
        ChangeEntry,
        ConfigurationEntry,
        FactChange,
        FindingEntry,
        Lineage,
        ModelEntry,
        Part,
        PlaceEntry,
        Report,
        RuleEntry,
        SetAside,
        Summary,
    )
    from archdiff.report.tokenizer import FertilityEntry, TokenizerDifference, TokenizerEntry, TokenizerSide
    from archdiff.report.weights import (
        ControlEntry,
        ElementsEntry,
        JudgementEntry,
        LayerMapEntry,
        TestEntry,
        WeightsEntry,
    )
    from archdiff.reviewing.run import review_model

    __version__: str

__all__ = [
    "AlignedStack",
    "ArchdiffError",
    "Block",
    "BuildError",
    "ChangeEntry",
    "Checklist",
    "ClassMatch",
    "CodeEntry",
    "CodeSide",
    "ConfigError",
    "ConfigurationEntry",
    "ControlEntry",
    "ElementsEntry",
    "FactChange",
    "FertilityEntry",
    "FindingEntry",
    "ItemEvidence",
    "ItemField",
    "JudgementEntry",
    "LayerMapEntry",
    "LicenceEntry",
    "Lineage",
    "LineageEntry",
    "LineageStep",
    "ModelEntry",
    "ModelGraph",
    "Nearest",
    "Node",
    "Operator",
    "PackError",
    "Part",
    "PlaceEntry",
    "RenderError",
    "Report",
    "ReviewItem",
    "RuleEntry",
    "RuleError",
    "SetAside",
    "Signature",
    "SnapshotError",
    "SourceError",
    "Summary",
    "Tensor",
    "TestEntry",
    "TokenizerDifference",
    "TokenizerEntry",
    "TokenizerSide",
    "UnresolvedReferenceError",
    "UsageError",
    "WeightsEntry",
    "__version__",
    "code",
    "diff",
    "lineage",
    "load",
    "render_report",
    "review_model",
    "tokenizers",
    "training_log",
    "weigh",
]

_HOMES = {
    "archdiff.api": ("code", "diff", "lineage", "load", "render_report", "tokenizers", "training_log", "weigh"),
    "archdiff.graph.schema": ("ModelGraph", "Node", "Operator", "Tensor"),
    "archdiff.errors": tuple(name for name in __all__ if name.endswith("Error")),
    "archdiff.report.code": ("ClassMatch", "CodeEntry", "CodeSide"),
    "archdiff.report.lineage": ("LicenceEntry", "LineageEntry", "LineageStep"),
    "archdiff.report.checklist": ("Checklist", "ItemEvidence", "ItemField", "Nearest", "ReviewItem", "Signature"),
    "archdiff.reviewing.run": ("review_model",),
    "archdiff.report.schema": (
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
    ),
    "archdiff.report.tokenizer": ("FertilityEntry", "TokenizerDifference", "TokenizerEntry", "TokenizerSide"),
    "archdiff.report.weights": (
        "ControlEntry",
        "ElementsEntry",
        "JudgementEntry",
        "LayerMapEntry",
        "TestEntry",
        "WeightsEntry",
    ),
}


def __getattr__(name: str) -> object:
    """Import the home of a public name when it is first asked for."""
    if name == "__version__":
        from importlib.metadata import version

        return version("archdiff")
    home = next((module for module, names in _HOMES.items() if name in names), None)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(home), name)


def __dir__() -> list[str]:
    """The public names, beside what the module holds."""
    return sorted({*globals(), *__all__})
