"""Facts that a config states, that building its class does not show, and that a report must repeat."""

from __future__ import annotations

from typing import TYPE_CHECKING

from archdiff.text import printable

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = ["facts"]

_MTP_KEYS = ("num_nextn_predict_layers", "num_mtp_modules", "mtp_num_hidden_layers")


def facts(config: Mapping[str, object]) -> tuple[str, ...]:
    """Return one sentence per fact, in a fixed order."""
    return (*_multi_token_prediction(config), *_quantization(config), *_remote_code(config))


def _multi_token_prediction(config: Mapping[str, object]) -> Iterator[str]:
    counts = [count for key in _MTP_KEYS if type(count := config.get(key)) is int and count > 0]
    if counts:
        plural = "" if counts[0] == 1 else "s"
        yield f"config declares {counts[0]} multi-token-prediction layer{plural}"


def _quantization(config: Mapping[str, object]) -> Iterator[str]:
    declared = config.get("quantization_config")
    if isinstance(declared, dict):
        method = declared.get("quant_method") or declared.get("quant_algo")
        yield f"config declares weights quantized with {printable(str(method or 'an unnamed method'), 40)}"


def _remote_code(config: Mapping[str, object]) -> Iterator[str]:
    if config.get("auto_map"):
        yield "config names code of its own in auto_map, which was not run"
