"""What several projections in one tensor are: which of its rows are queries, keys and values, or gates and ups.

Each row of the tables is the `forward` of the class that it names, in transformers 5.23.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from archdiff.weights.pairing.patchwork import NotFollowedError, Patchwork

if TYPE_CHECKING:
    from collections.abc import Mapping

    from archdiff.graph.schema import Node, Value

__all__ = ["Heads", "Piece", "split"]

_BY_HEAD = frozenset({
    "BloomAttention", "DisentangledSelfAttention", "GPTNeoXAttention", "GPTNeoXJapaneseAttention",
    "MiniMaxLightningAttention", "PersimmonAttention",
})  # fmt: skip
"""Rows of head h are its query, key and value: `view(…, heads, 3, dimension)`."""

_FALCON = frozenset({"FalconAttention", "FalconFlashAttention2"})
_NOT_SPLIT = frozenset({"LevitAttention", "LevitAttentionSubsample", "MobileViTV2LinearSelfAttention"})
_GATED_QUERIES = frozenset({
    "Qwen3NextAttention", "Qwen3_5Attention", "Qwen3_5MoeAttention", "Qwen4ExpAttention",
})  # fmt: skip
"""Rows of head h are its query and the gate of its output: `view(…, heads, 2 · dimension)`."""

_CODEGEN_BLOCKS = 4
"""CodeGen keeps its rows as four processors held them, each queries, values and keys (`mp_num`)."""


_SETTINGS = (
    ("num_attention_heads", "num_heads", "n_heads"),
    ("num_key_value_heads", "num_kv_heads"),
    ("qk_nope_head_dim",),
    ("v_head_dim",),
)
"""What modules call the fields of `Heads`, in their order."""

_KEYS_ABOVE_VALUES = frozenset({"JetMoeAttention"})


@dataclasses.dataclass(frozen=True, slots=True)
class Heads:
    """How the rows of a layer's attention are grouped; None where that is not known.

    Args:
        query: number of query heads.
        key_value: number of key-value heads.
        plain: dimension of the part of a key that comes out of the latent.
        value: dimension of a value head, where it is not that of the others.
    """

    query: int | None = None
    key_value: int | None = None
    plain: int | None = None
    value: int | None = None

    @classmethod
    def of(cls, facts: Mapping[str, Value]) -> Heads:
        """From the facts of a layer."""
        names = ("query_heads", "key_value_heads", "value_head_dimension")
        query, key_value, value = (_count(facts.get(f"attention.{name}")) for name in names)
        return cls(query, key_value, _count(facts.get("latent.plain_dimension")), value)

    def with_settings(self, holder: Node) -> Heads:
        """The same, with what the module that holds the projections states of itself where the layer tells nothing."""
        stated = [next((c for n in names if (c := _count(holder.attributes.get(n)))), None) for names in _SETTINGS]
        told = (self.query, self.key_value, self.plain, self.value)
        return Heads(*(own or other for own, other in zip(told, stated, strict=True)))


@dataclasses.dataclass(frozen=True, slots=True)
class Piece:
    """Rows of a tensor that do one thing.

    Args:
        role: what they do.
        rows: they themselves, (rows, columns) or (n,) for a bias.
        heads: into how many heads they are grouped.
        expert: number of the expert that they belong to.
    """

    role: str
    rows: Patchwork
    heads: int | None = None
    expert: int | None = None


def _count(value: Value) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else None


def split(role: str, rows: Patchwork, holder: Node, heads: Heads, *, even: bool = False) -> tuple[Piece, ...] | None:
    """The projections that a tensor packs; the tensor as it is where it packs none.

    Args:
        role: of the module that owns it.
        rows: the tensor, its output channels first; or a bias.
        holder: the module around that one.
        heads: of the layer.
        even: whether there are three times as many rows as the hidden size, so that each of three has a third.

    Returns:
        None where it packs several and how is not known.
    """
    heads = heads.with_settings(holder)
    try:
        if role == "key-value" and holder.class_name in _KEYS_ABOVE_VALUES:
            key, value = _parts(rows, (1, 1))
            return Piece("key", key, heads.key_value), Piece("value", value, heads.key_value)
        if role == "query-key-value":
            return _packed(rows, holder, heads, even=even)
        if role == "key-value-up":
            return _latent(rows, heads)
        if role == "gate-up":
            return _halves(rows)
        if role == "query" and holder.class_name in _GATED_QUERIES and heads.query:
            query, gate = _of_heads(rows, heads.query, (1, 1))
            return Piece("query", query, heads.query), Piece("attention-gate", gate, heads.query)
    except NotFollowedError:
        return None
    if role == "key-value":
        return None
    counts = {"query": heads.query, "query-up": heads.query, "key": heads.key_value, "value": heads.key_value}
    grouped = counts.get(role)
    grouped = grouped if grouped and rows.shape and rows.shape[0] % grouped == 0 else None
    return (Piece("query" if role == "query-up" else role, rows, grouped),)


def _halves(rows: Patchwork) -> tuple[Piece, ...]:
    """Gates above, ups below."""
    gate, up = _parts(rows, (1, 1))
    return Piece("gate", gate), Piece("up", up)


def _latent(rows: Patchwork, heads: Heads) -> tuple[Piece, ...]:
    """Rows of head h are the plain part of its key, and its value."""
    if not heads.query or not heads.plain or not heads.value:
        raise NotFollowedError("heads are not known")
    key, value = _of_heads(rows, heads.query, (heads.plain, heads.value), exact=True)
    return Piece("key", key, heads.query), Piece("value", value, heads.query)


def _packed(rows: Patchwork, holder: Node, heads: Heads, *, even: bool) -> tuple[Piece, ...]:
    query, key, value = _query_key_value(rows, holder, heads, even=even)
    shared = heads.key_value
    if shared and (value.shape[0] % shared or key.shape[0] % shared):
        shared = None
    return Piece("query", query, heads.query), Piece("key", key, shared), Piece("value", value, shared)


def _query_key_value(rows: Patchwork, holder: Node, heads: Heads, *, even: bool) -> tuple[Patchwork, ...]:
    name, attributes = holder.class_name, holder.attributes
    query, key_value = heads.query, heads.key_value
    if name in _NOT_SPLIT:
        raise NotFollowedError(name)
    grouped = name in _FALCON and attributes.get("new_decoder_architecture") is True
    if grouped and query and key_value:
        return _of_heads(rows, key_value, (query // key_value, 1, 1))
    multi_query = attributes.get("multi_query") is True
    by_head = name in _BY_HEAD or (name in (*_FALCON, "GPTBigCodeAttention") and not multi_query)
    if by_head and query:
        return _of_heads(rows, query, (1, 1, 1))
    if name == "CodeGenAttention":
        first, third, second = _of_heads(rows, _CODEGEN_BLOCKS, (1, 1, 1))
        return first, second, third
    if grouped or by_head or not (even or (query and key_value)):
        raise NotFollowedError("heads are not known")
    return _parts(rows, (query, key_value, key_value) if query and key_value else (1, 1, 1))


def _parts(rows: Patchwork, shares: tuple[int, ...]) -> tuple[Patchwork, ...]:
    """Rows one share below the other."""
    return _of_heads(rows, 1, shares)


def _of_heads(rows: Patchwork, heads: int, shares: tuple[int, ...], *, exact: bool = False) -> tuple[Patchwork, ...]:
    """Rows of every head, by the share that they have in it.

    Raises:
        NotFollowedError: the rows are not so many.
    """
    unit = heads * sum(shares)
    if not rows.shape or rows.shape[0] % unit or (exact and rows.shape[0] != unit):
        raise NotFollowedError("the rows do not fit the heads")
    width, behind = rows.shape[0] // unit, rows.shape[1:]
    apart = rows.reshape(heads, sum(shares) * width, *behind)
    found, start = [], 0
    for share in shares:
        part = apart.part(1, start, start + share * width)
        found.append(part.reshape(heads * share * width, *behind))
        start += share * width
    return tuple(found)
