"""The portrait of one model as Markdown: figures, cache, parameters by role, and the folded tree."""

from __future__ import annotations

from typing import TYPE_CHECKING

from archdiff.render.markdown_fit import Section, fitted
from archdiff.render.markdown_models import figures, notes, unchecked
from archdiff.render.markdown_text import bold, code, prose, row, rule
from archdiff.report.summary import amount

if TYPE_CHECKING:
    from collections.abc import Iterator

    from archdiff.report.portrait import Portrait
    from archdiff.report.schema import Block, Part

__all__ = ["text"]


def text(portrait: Portrait, limit: int) -> str:
    """The portrait, within a number of bytes."""
    model = portrait.model
    what = f"{code(model.class_name)} ({code(model.model_type)})" if model.class_name else "weights without a config"
    first = f"### {code(model.name)}\n\n{what}\n"
    last = f"_archdiff {prose(portrait.archdiff)}, transformers {prose(portrait.transformers)}_\n"
    return fitted(first, list(_sections(portrait)), last, limit)


def _origin(portrait: Portrait) -> Iterator[str]:
    model = portrait.model
    stated = {"hub": model.hub_id, "revision": model.revision, "released": model.released, "licence": model.licence}
    yield from (f"{name}: {code(value)}" for name, value in stated.items() if value)
    yield from (f"declared {prose(parent.relation)} of {code(parent.base)}" for parent in model.lineage)
    cache = portrait.cache
    if cache is None:
        yield "key-value cache: none"
        return
    told = f"key-value cache: {cache.bytes_per_token:,} bytes for each token, {cache.layers:,} layers, bfloat16"
    beyond = f"; {cache.bytes_per_token_full:,} beyond the window of {cache.window:,} tokens" if cache.window else ""
    yield told + beyond


def _sections(portrait: Portrait) -> Iterator[Section]:
    yield Section("", tuple(f"- {line}" for line in _origin(portrait)), rank=90)
    yield figures(portrait.model)
    total = portrait.model.parameters or 1
    head = (row(("role", "parameters", "share")), rule((False, True, True)))
    shares = ((each, f"{100 * each.parameters / total:.1f} %") for each in portrait.roles)
    roles = tuple(row((prose(each.role), amount(each.parameters), share)) for each, share in shares)
    yield Section("Parameters by role", roles, head, 60)
    yield Section("Modules", tuple(_tree(portrait.model.blocks)), rank=30, folded=True)
    yield notes((portrait.model,))
    yield unchecked(portrait.not_checked)


def _tree(blocks: tuple[Block, ...]) -> Iterator[str]:
    for block in blocks:
        spans = ", ".join(f"{a}" if a == b else f"{a}–{b}" for a, b in block.layers)
        layers = f", layers {spans} (×{block.count:,})" if block.stack is not None else ""
        yield f"- {bold(block.label)}{layers}, {amount(block.parameters)}"
        # A block outside the layers is drawn as its only part.
        inner = block.parts if block.stack is not None or len(block.parts) != 1 else block.parts[0].parts
        yield from _parts(inner, "  ")


def _parts(parts: tuple[Part, ...], indent: str) -> Iterator[str]:
    for part in parts:
        named = f" {code(part.class_name)}" if part.class_name and part.class_name != part.label else ""
        size = f", {amount(part.parameters)}" if part.parameters else ""
        yield f"{indent}- {prose(part.label)}{named}{size}"
        yield from _parts(part.parts, f"{indent}  ")
