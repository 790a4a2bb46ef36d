"""How large each value of a config may be, as a table: a key's pattern, the range, and why it ends there.

The first row whose pattern matches the whole key applies. A strict row names a count that every reader of
configs knows: its value must be an integer, null, or integers (one per layer or part). The other rows go by
the shape of the key, so they check numbers alone and let text, true and false pass. Lower bounds leave room
for what published configs hold: 0 for an absent part, -1 for "decide yourself".
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

__all__ = ["EXPERTS", "EXPERT_COUNTS", "INFINITE", "LABELS", "LAYERS", "LAYER_COUNTS", "Bound", "bound_of"]

LAYERS = 10_000
"""The most layers of one stack; the deepest published models have fewer than 200."""

EXPERTS = 100_000
"""The most experts of one layer; published models have up to 512."""

LAYER_COUNTS = ("num_hidden_layers", "num_layers", "n_layers", "n_layer")

EXPERT_COUNTS = (
    "num_experts",
    "num_local_experts",
    "num_routed_experts",
    "num_shared_experts",
    "n_routed_experts",
    "n_shared_experts",
    "moe_num_experts",
    "moe_num_shared_experts",
)

LABELS = frozenset({"id2label", "label2id"})
"""Objects whose keys are names that users chose, so that no key in them is a count."""

INFINITE = frozenset({"time_step_limit"})
"""Keys under which published configs hold Infinity: the open end of an interval."""


@dataclass(frozen=True, slots=True)
class Bound:
    """The range `low` to `high` for the keys that `keys` matches, ends included.

    `strict` refuses what is no integer; `real` applies the range to fractions too.
    """

    keys: re.Pattern[str]
    low: int
    high: int
    why: str
    strict: bool = False
    real: bool = False


def _strict(keys: str, low: int, high: int, why: str) -> Bound:
    return Bound(re.compile(keys), low, high, why, strict=True)


def _loose(keys: str, low: int, high: int, why: str, *, real: bool = False) -> Bound:
    return Bound(re.compile(keys), low, high, why, real=real)


_HEADS = 2**16
_SIZE, _HEAD_SIZE, _OTHER_SIZE = 2**24, 2**20, 2**26
_VOCABULARY, _POSITIONS, _LABEL_COUNT, _SCALE = 2**27, 2**27, 2**20, 2**20

_LAYER = "each layer is built as modules of its own"
_EXPERT = "some classes build each expert as a module of its own"
_HEAD = "heads divide the hidden size"
_TENSOR = "it is a dimension of a tensor"
_TABLE_OF_POSITIONS = "some classes allocate a table of all positions"
_LABEL = "transformers makes a dictionary entry of each label"
_FACTOR = "sizes are multiplied by it"
_REMAINING = "no integer of a published config is larger"

_PREDICTION_LAYERS = r"num_nextn_predict_layers|num_mtp_modules|mtp_num_hidden_layers"
_OTHER_LAYERS = r"(num_)?(en|de)coder_layers|num_kv_shared_layers|first_k_dense_replace"
_STACKS = r"layers|depths?|blocks|repeats|stages|modules|convs|flows|iterations|block_sizes"
_LENGTHS = r"n_positions|n_ctx|(model_)?max_seq(uence)?_len(gth)?|seq_len(gth)?"

_TABLE = (
    _strict("|".join(LAYER_COUNTS), 1, LAYERS, _LAYER),
    _strict(rf"{_PREDICTION_LAYERS}|{_OTHER_LAYERS}", 0, LAYERS, _LAYER),
    _strict("|".join((*EXPERT_COUNTS, "num_experts_per_tok(en)?")), 0, EXPERTS, _EXPERT),
    _strict(r"num_(attention_|key_value_|kv_)?heads|n_heads?|n_head_kv|n_kv_heads", 1, _HEADS, _HEAD),
    _strict(r"head_dim|(v|qk|qk_nope|qk_rope)_head_dim|(q|kv)_lora_rank", -1, _HEAD_SIZE, _TENSOR),
    _strict(r"hidden_size|n_embd|d_model|intermediate_size|n_inner|d_ff", 1, _SIZE, _TENSOR),
    _strict(r"vocab_size|n_vocab", 1, _VOCABULARY, _TENSOR),
    _loose(r"num_labels", 0, _LABEL_COUNT, _LABEL),
    _loose(rf"(\w+_)?max_(\w+_)?positions?(_embeddings)?|{_LENGTHS}", -1, _POSITIONS, _TABLE_OF_POSITIONS),
    _loose(r"(\w+_)?vocab(ulary)?(_sizes?)?(_per_layer_input)?", -1, _VOCABULARY, _TENSOR),
    _loose(rf"(\w+_)?({_STACKS})(_per_\w+)?|\w+_per_stage", -LAYERS, LAYERS, _LAYER),
    _loose(r"(\w+_)?experts?(_num|_per_\w+)?", -1, EXPERTS, _EXPERT),
    _loose(r"(\w+_)?heads?", -1, _HEADS, _HEAD),
    _loose(r"(\w+_)?(ratios?|expand|expansion|mult|multipliers?|factors?)", -_SCALE, _SCALE, _FACTOR, real=True),
    _loose(r"(\w+_)?(sizes?|dims?|ranks?|channels|width|features|embd)", -1024, _OTHER_SIZE, _TENSOR),
)

_ANY_INTEGER = _loose("", -(2**31), 2**31, _REMAINING)

_UNBUILT = re.compile(
    r"(\w+_)?(params|parameters|flops?|seed|timestamp|bytes|tokens(_seen)?|total_size|model_max_length)"
)
"""Records of training and of tokenizers, from which nothing is built: no bound."""

_LONGEST_KEY = 128
"""Characters; no known count has a longer name, and matching takes time quadratic in it."""


@lru_cache(maxsize=4096)
def bound_of(key: str) -> Bound | None:
    """Return the row that applies to `key`; None for a key whose integers need no bound."""
    if len(key) > _LONGEST_KEY:
        return _ANY_INTEGER
    if row := next((row for row in _TABLE if row.keys.fullmatch(key)), None):
        return row
    return None if _UNBUILT.fullmatch(key) else _ANY_INTEGER
