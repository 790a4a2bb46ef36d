"""What tiny models are run on: seeded tokens, images and sound, in the sizes that the config states."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any

import torch

if TYPE_CHECKING:
    from torch import nn

__all__ = ["Inputs", "inputs_for"]

_SAMPLES = 2
_LENGTH = 24
_TEXT = range(4, 40)
"""Tokens that every tiny vocabulary has and that stand for nothing special."""

_GRID = (4, 4)
"""Rows and columns of patches of an image that is passed as a list of patches."""

Inputs = dict[str, torch.Tensor]


def inputs_for(model: nn.Module, config: Any) -> Inputs:
    """Inputs that the class requires, the same for every config that states the same sizes."""
    accepted = inspect.signature(model.forward).parameters
    generator = torch.Generator().manual_seed(1)
    found = _pixels(accepted, config, generator) | _sound(model, config, generator)
    texts = [name for name in ("input_ids", "decoder_input_ids") if name in accepted and name != _unread(model)]
    for name in texts:
        found[name] = torch.randint(_TEXT.start, _TEXT.stop, (_SAMPLES, _LENGTH), generator=generator)
    if "input_ids" in found and "pixel_values" in found:
        found |= _with_image_tokens(found, config)
    if "mm_token_type_ids" in accepted:
        found["mm_token_type_ids"] = (found["input_ids"] == config.image_token_id).long()
    return found


def _unread(model: nn.Module) -> str:
    """Tokens that a class accepts beside its main input, and does not need."""
    return "input_ids" if getattr(model, "main_input_name", "input_ids") != "input_ids" else ""


def _noise(*shape: int, generator: torch.Generator) -> torch.Tensor:
    return torch.randn(shape, generator=generator, dtype=torch.float64)


def _pixels(accepted: Any, config: Any, generator: torch.Generator) -> Inputs:
    tower = getattr(config, "vision_config", config)
    if "pixel_values" not in accepted:
        return {}
    channels = next(value for name in ("num_channels", "in_channels", "in_chans") if (value := _count(tower, name)))
    if "image_grid_thw" in accepted:
        rows = _SAMPLES * _GRID[0] * _GRID[1]
        width = channels * tower.temporal_patch_size * tower.patch_size**2
        grid = torch.tensor([[1, *_GRID]] * _SAMPLES)
        return {"pixel_values": _noise(rows, width, generator=generator), "image_grid_thw": grid}
    side = tower.image_size if isinstance(tower.image_size, int) else tower.image_size[0]
    return {"pixel_values": _noise(_SAMPLES, channels, side, side, generator=generator)}


def _count(config: Any, name: str) -> int:
    value = getattr(config, name, 0)
    return value if isinstance(value, int) else 0


def _sound(model: nn.Module, config: Any, generator: torch.Generator) -> Inputs:
    name = getattr(model, "main_input_name", "")
    if name == "input_values" and hasattr(config, "conv_stride"):
        return {name: _noise(_SAMPLES, 1600, generator=generator)}
    if name == "input_values":
        return {name: _noise(_SAMPLES, config.max_length, config.num_mel_bins, generator=generator)}
    if name == "input_features":
        return {name: _noise(_SAMPLES, config.num_mel_bins, 2 * config.max_source_positions, generator=generator)}
    return {}


def _with_image_tokens(found: Inputs, config: Any) -> Inputs:
    """Tokens that stand for the image come first, as many as its features."""
    token = _count(config, "image_token_id") or _count(config, "image_token_index")
    if not token:
        return {}
    tower = config.vision_config
    if "image_grid_thw" in found:
        count = _GRID[0] * _GRID[1] // tower.spatial_merge_size**2
    else:
        count = _count(config, "mm_tokens_per_image") or (tower.image_size // tower.patch_size) ** 2
    start = torch.full((_SAMPLES, count), token)
    return {"input_ids": torch.cat([start, found["input_ids"]], dim=1)}
