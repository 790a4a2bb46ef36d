"""The portrait of one model for people: figures, cache, parameters by role, the folded tree."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Group
from rich.table import Table
from rich.text import Text
from rich.tree import Tree

from archdiff.render.keyfigures import table
from archdiff.render.screen import safe
from archdiff.report.summary import amount

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.console import RenderableType

    from archdiff.report.portrait import CacheEntry, Portrait
    from archdiff.report.schema import Block, Part

__all__ = ["lines"]


def lines(portrait: Portrait) -> RenderableType:
    """The whole portrait."""
    return Group(*_portrait(portrait))


def _portrait(portrait: Portrait) -> Iterator[RenderableType]:
    model = portrait.model
    what = f"{model.class_name} ({model.model_type})" if model.class_name else "weights without a config"
    yield Text.assemble(safe(model.name, "bold"), "   ", safe(what, "dim"))
    yield from _origin(portrait)
    yield Text()
    yield table(model)
    yield _cache(portrait.cache)
    yield Text()
    yield _roles(portrait)
    if model.blocks:
        yield Text()
        yield _tree(model.blocks, model.name)
    yield Text()
    yield from (safe(f"note: {note}", "dim") for note in model.notes)
    yield from (safe(f"not checked: {text}", "dim") for text in portrait.not_checked)


def _origin(portrait: Portrait) -> Iterator[Text]:
    model = portrait.model
    told = [model.hub_id, model.revision, model.released and f"released {model.released}", model.licence]
    if any(told):
        yield safe(", ".join(text for text in told if text), "dim")
    for parent in model.lineage:
        yield safe(f"declared {parent.relation} of {parent.base}", "dim")


def _cache(cache: CacheEntry | None) -> Text:
    if cache is None:
        return Text("key-value cache: none")
    told = f"key-value cache: {cache.bytes_per_token:,} bytes for each token, {cache.layers:,} layers, bfloat16"
    if cache.window is None:
        return Text(told)
    return Text(f"{told}; {cache.bytes_per_token_full:,} beyond the window of {cache.window:,} tokens")


def _roles(portrait: Portrait) -> Table:
    made, total = Table.grid(padding=(0, 2, 0, 0)), portrait.model.parameters or 1
    made.add_column()
    made.add_column(justify="right")
    made.add_column(justify="right", style="dim")
    for entry in portrait.roles:
        share = f"{100 * entry.parameters / total:.1f} %"
        made.add_row(safe(entry.role), Text(amount(entry.parameters)), Text(share))
    return made


def _tree(blocks: tuple[Block, ...], name: str) -> Tree:
    tree = Tree(safe(name, "bold"), guide_style="dim")
    for block in blocks:
        branch = tree.add(_block(block))
        for part in block.parts if block.stack is not None else _inside(block):
            _add(branch, part)
    return tree


def _inside(block: Block) -> tuple[Part, ...]:
    """The parts of a block outside the layers, which is drawn as its only part."""
    return block.parts[0].parts if len(block.parts) == 1 else block.parts


def _block(block: Block) -> Text:
    told = Text.assemble(safe(block.label, "bold"))
    if block.stack is not None:
        spans = ", ".join(f"{a}" if a == b else f"{a}–{b}" for a, b in block.layers)
        told.append(f"  {'layer' if block.count == 1 else 'layers'} {spans} ×{block.count}", "cyan")
    return told.append(f"  {amount(block.parameters)}", "dim")


def _add(tree: Tree, part: Part) -> None:
    named = part.class_name if part.class_name != part.label else ""
    told = Text.assemble(safe(part.label), safe(f"  {named}" if named else "", "dim"))
    branch = tree.add(told.append(f"  {amount(part.parameters)}" if part.parameters else "", "dim"))
    for inner in part.parts:
        _add(branch, inner)
