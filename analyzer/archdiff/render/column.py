"""One model as a column of DOT: its blocks from top to bottom, and the data flow inside and between them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from archdiff.render.dotfile import text
from archdiff.render.folding import alike
from archdiff.render.labels import box, heading, layer_notes, model_title, part_name, spans
from archdiff.render.palette import LOOKS, cluster_style, node_style
from archdiff.render.wiring import doors, lay, paths_of
from archdiff.render.wording import facts_in_words, wrapped
from archdiff.report.flows import ENTRY, EXIT
from archdiff.report.pairing import pairs

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from archdiff.render.dotfile import DotFile
    from archdiff.render.folding import Alike
    from archdiff.report.schema import Block, ModelEntry, Part

__all__ = ["Column"]

WIDEST = 44
"""Characters of a line in a box."""

_SIGNS = {"add": "+", "multiply": "×", "concatenate": "‖"}
_BESIDE = frozenset({"embedding", "position-embedding", "token-type-embedding"})
"""Parts that stand beside each other, each feeding what follows."""

_FRAME = {"style": "rounded", "color": "#c8c8c8", "margin": "16", "labelloc": "t"}
_HEADING = {"shape": "none", "width": "0", "height": "0", "margin": "0.04,0.03"}


class Column:
    """Draws a model and remembers where it drew what.

    Args:
        out: what it draws into.
        side: `old`, `new`, or `one` for a model on its own.
        entry: the model.
        other: the model that it is compared with, if there is one.
    """

    def __init__(self, out: DotFile, side: str, entry: ModelEntry, other: ModelEntry | None = None) -> None:
        self.out, self.side, self.entry = out, side, entry
        self.nodes: dict[tuple[str, str], str] = {}
        self.others = {block.id: block for block in other.blocks} if other is not None else {}
        self.drawn: list[Block] = []
        self.levels: dict[tuple[str, str], str] = {}
        self.trunk: set[str] = set()

    def draw(self) -> None:
        """The column as a cluster."""
        tails: list[str] = []
        with self.out.block(f"subgraph cluster_{self.side}", {"label": model_title(self.entry), **_FRAME}):
            for block in self.entry.blocks:
                like = alike(block, self.drawn)
                head, ends = self.compact(block, like) if like else self.block(block)
                if block.role in _BESIDE:
                    tails = [*tails, *ends]
                else:
                    layers = block.stack is not None or (self.drawn[-1:] and self.drawn[-1].stack is not None)
                    self.chain(tails, head, "2" if layers else "1")
                    tails = ends
                self.drawn.append(block)

    def chain(self, tails: Sequence[str], head: str, length: str) -> None:
        """The path from one block to the next."""
        for tail in tails:
            self.out.edge(tail, head, {"weight": "60", "minlen": length})

    def name(self, key: str, purpose: str = "") -> str:
        """The node of a part, or of a block; numbered, so that no text from a file becomes an identifier.

        Args:
            key: id of the part or block.
            purpose: of a node that stands beside it; empty for its own.
        """
        return self.nodes.setdefault((key, purpose), f"{self.side}{len(self.nodes)}")

    def level(self, key: str, purpose: str = "") -> str:
        """The node of a part or block, which stands on the level of its partner."""
        self.levels[key, purpose] = self.name(key, purpose)
        return self.levels[key, purpose]

    def beside(self, block: Block, key: str, purpose: str) -> str:
        """The node of a part of the block, where it begins, or one beside these for a purpose."""
        return self.name(block.id, purpose or "entry") if key == ENTRY else self.name(key, purpose)

    def block(self, block: Block) -> tuple[str, list[str]]:
        """Draw a block in full; where it begins and where it ends."""
        facing = self.facing(block)
        if block.stack is None:
            self.trunk.add(block.id)
            node = self.box(block.parts[0], facing)
            return node, [node]
        entry = self.level(block.id, "entry")
        with self.out.block(f"subgraph cluster_{entry}", {"label": "", "margin": "12", **cluster_style(block.status)}):
            self.out.node(entry, {"label": box(heading(block), layer_notes(block)), "group": self.side, **_HEADING})
            entered, paths = doors(block), paths_of(block)
            self.trunk |= paths.trunk
            for part in block.parts:
                self.part(part, facing, door=part.id in entered)
            lay(self.out, paths, block, lambda key, purpose: self.beside(block, key, purpose))
        ends = [self.name(a) for a, b in block.flows if b == EXIT]
        return entry, ends or [entry]

    def facing(self, block: Block) -> Mapping[str, Part]:
        """The corresponding part of the other model, by part id."""
        other = self.others.get(block.partner or "")
        if other is None:
            return {}
        if self.side == "new":
            return {b.id: a for a, b in pairs(other, block)}
        return {a.id: b for a, b in pairs(block, other)}

    def part(self, part: Part, facing: Mapping[str, Part], *, door: bool = False) -> None:
        """Draw a part: an operator as a circle, a container around its parts, anything else as a box."""
        if part.role in _SIGNS and not part.parts and not part.facts:
            self.circle(part)
        elif not part.parts:
            self.box(part, facing)
        else:
            name, label = self.name(part.id), box(part_name(part))
            style = {"label": "" if door else label, "margin": "10", **cluster_style(part.status)}
            with self.out.block(f"subgraph cluster_{name}", style):
                if door:
                    self.out.node(name, {"label": label, **self.group(part), **_HEADING})
                for inner in part.parts:
                    self.part(inner, facing)

    def box(self, part: Part, facing: Mapping[str, Part]) -> str:
        """Draw a part with its facts."""
        lines = facts_in_words(part, facing.get(part.id), new=self.side == "new")
        broken = [spans(piece) for line in lines for piece in wrapped(line, WIDEST)]
        tip = text(f"{part.class_name}, {part.parameters:,} parameters")
        node = self.level(part.id)
        self.out.node(
            node, {"label": box(part_name(part), broken), **node_style(part.status), **self.group(part), "tooltip": tip}
        )
        return node

    def circle(self, part: Part) -> None:
        """Draw an operator that joins paths."""
        look = LOOKS[part.status]
        self.out.node(
            self.level(part.id),
            {
                "label": f"<<B>{_SIGNS[part.role]}</B>>",
                **node_style(part.status),
                **self.group(part),
                "shape": "circle",
                "fixedsize": "true",
                "width": "0.25",
                "margin": "0",
                "style": f"filled,{look.style}",
                "fillcolor": "white" if part.status == "unchanged" else look.fill,
            },
        )

    def group(self, part: Part) -> dict[str, str]:
        """Parts of the trunk stand below each other."""
        return {"group": self.side} if part.id in self.trunk else {}

    def compact(self, block: Block, like: Alike) -> tuple[str, list[str]]:
        """Draw a block that repeats an earlier one as one box."""
        node = self.level(block.id, "entry")
        lines = [*map(text, (like.said, *like.but)), *layer_notes(block)]
        self.out.node(node, {"label": box(heading(block), lines), "group": self.side, **node_style(block.status)})
        return node, [node]
