"""Sample inputs on the meta device: tokens, images, videos and sound, in the forms that classes take."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any

import torch

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from torch import nn

__all__ = ["SEQUENCE_LENGTH", "sample_inputs"]

SEQUENCE_LENGTH = 13
"""Tokens in the sample input: a prime that no width, head count or top-k is likely to equal."""

_TOKENS = ("input_ids", "decoder_input_ids", "qformer_input_ids")
_GRID = 4
"""Patches along each side of an image that is passed as a list of patches."""

_TILES = 3
"""Tiles of an image that is cut up: a thumbnail and the smallest grid."""

_FRAMES = 400
_MANY_BINS = 128
"""Bins of a spectrogram where the config states none and the usual 80 do not fit."""

_SAMPLES = 16_000

Inputs = dict[str, Any]


def sample_inputs(model: nn.Module, call: Callable[..., Any] | None = None) -> Iterator[Inputs]:
    """Sample inputs that the model may take, the most informative first.

    Tokens alone come first: what else a language model takes is optional, and its towers run on their own.

    Args:
        model: whose config states the sizes.
        call: what takes the inputs; its `forward` if none is given.
    """
    accepted = inspect.signature(model.forward if call in (None, model) else call).parameters
    tokens = {name: _zeros(1, SEQUENCE_LENGTH, dtype=torch.long) for name in _TOKENS if name in accepted}
    options = {name: False for name in ("use_cache",) if name in accepted}
    config = getattr(model, "config", None)
    if tokens or not any(name in accepted for name in _LEADING):
        yield from ({**tokens, **options, **mask} for mask in _masks(accepted))
        beside = {key: make(config) for key, make in _BESIDE_TOKENS.items() if key in accepted}
        yield from [{**tokens, **options, **beside}] if beside else []
        yield from ({**tokens, **options, **each} for each in _codes(config, accepted))
    for name in _leading(model, accepted):
        for variant in _LEADING[name](config):
            rest = {key: make(config) for key, make in {**_BESIDE_TOKENS, **_COMPANIONS}.items() if key in accepted}
            fitting = {key: value for key, value in {**rest, **variant}.items() if key in accepted}
            if name in fitting and tokens:
                yield {**tokens, **fitting, **options}
            if name in fitting:
                yield {**fitting, **options}
                yield from [{**variant, **options}] if fitting.keys() - variant.keys() else []


def _zeros(*shape: int, dtype: torch.dtype = torch.float32) -> torch.Tensor:
    return torch.zeros(*shape, dtype=dtype, device="meta")


def _masks(accepted: Any) -> Iterator[Inputs]:
    """Attention masks, the one that keeps most of the work inside the layers first."""
    length = SEQUENCE_LENGTH
    if "attention_mask" in accepted and "decoder_input_ids" not in accepted:
        yield {"attention_mask": _zeros(1, 1, length, length)}
    if "attention_mask" in accepted:
        yield {"attention_mask": torch.ones(1, length, dtype=torch.long, device="meta")}
    yield {}


def _codes(config: Any, accepted: Any) -> Iterator[Inputs]:
    """Tokens of several codebooks: a row for each; a column for each; a column for each beside that of the text."""
    stated = (
        getattr(config, "num_codebooks", None),
        getattr(getattr(config, "decoder", None), "num_codebooks", None),
        getattr(getattr(config, "decoder_config", None), "num_channels", None),
    )
    count = next((value for value in stated if isinstance(value, int)), 0)
    name = next((name for name in ("decoder_input_ids", "input_ids") if name in accepted), None)
    if count > 1 and name is not None:
        for shape in ((count, SEQUENCE_LENGTH), (1, SEQUENCE_LENGTH, count), (1, SEQUENCE_LENGTH, count + 1)):
            yield {name: _zeros(*shape, dtype=torch.long)}


def _leading(model: nn.Module, accepted: Any) -> list[str]:
    """Inputs other than tokens, the class's main one first."""
    main = getattr(model, "main_input_name", "")
    return sorted((name for name in _LEADING if name in accepted), key=lambda name: name != main)


def _stated(config: Any, default: Any, *names: str) -> Any:
    """The first of the settings that the config, or the nested one of a tower, states."""
    towers = [getattr(config, f"{key}_config", None) for key in ("vision", "audio", "encoder", "backbone")]
    inner = [getattr(tower, "backbone_config", None) for tower in towers]
    for place in (*(tower for tower in (*towers, *inner) if tower is not None), config):
        for name in names:
            value = getattr(place, name, None)
            if value is not None:
                return value
    return default


def _count(config: Any, default: int, *names: str) -> int:
    value = _stated(config, default, *names)
    value = value[0] if isinstance(value, list | tuple) and value else value
    return value if isinstance(value, int) and value > 0 else default


def _side(config: Any) -> tuple[int, int]:
    """Height and width of an image."""
    size = _stated(config, 224, "image_size", "img_size", "input_size")
    if isinstance(size, dict):
        size = list(size.values())
    if isinstance(size, list | tuple):
        return (int(size[-2]), int(size[-1])) if len(size) > 1 else (int(size[0]), int(size[0]))
    return (int(size), int(size))


def _channels(config: Any) -> int:
    return _count(config, 3, "num_channels", "in_channels", "in_chans", "n_channels")


def _images(config: Any) -> Iterator[Inputs]:
    """An image; a stack of frames; several images; a list of patches with the grid that they fill."""
    height, width = _side(config)
    channels, frames = _channels(config), _count(config, 2, "num_frames", "frames_per_clip", "tubelet_frames")
    yield from _patches(config)
    if _stated(config, None, "num_frames", "frames_per_clip") is not None:
        yield {"pixel_values": _zeros(1, frames, channels, height, width)}
    yield {"pixel_values": _zeros(1, channels, height, width)}
    yield {"pixel_values": _zeros(1, 1, channels, height, width)}
    yield {"pixel_values": _zeros(1, _TILES, channels, height, width)}
    yield {"pixel_values": _zeros(1, 1, _count(config, 1, "max_num_tiles"), channels, height, width)}
    yield {"pixel_values": _zeros(1, frames, channels, height, width)}


def _patches(config: Any) -> Iterator[Inputs]:
    """Patches in a row; the grid holds real numbers, as classes read it to lay the patches out."""
    patch = _count(config, 16, "patch_size")
    values = _channels(config) * patch * patch
    merged = _count(config, 1, "temporal_patch_size") * values
    count = _GRID * _GRID
    grid = {name: torch.tensor([[1, _GRID, _GRID]]) for name in ("grid_thw", "image_grid_thw")}
    for width in (merged, 2 * merged):
        yield {"pixel_values": _zeros(count, width), "hidden_states": _zeros(count, width), **grid}
    places = {name: _zeros(1, count, 2, dtype=torch.long) for name in ("pixel_position_ids", "image_position_ids")}
    yield {"pixel_values": _zeros(1, count, values), **places}


def _videos(config: Any) -> Iterator[Inputs]:
    frames = _count(config, 2, "num_frames", "frames_per_clip")
    yield {"pixel_values_videos": _zeros(1, frames, _channels(config), *_side(config))}


def _features(config: Any) -> Iterator[Inputs]:
    """Frames of a spectrogram, bins first and bins last."""
    bins = _count(config, 80, "num_mel_bins", "input_feat_per_channel", "feature_size", "n_mels", "input_size",
                  "feature_projection_input_dim", "input_channels", "input_dim", "input_feat_size")  # fmt: skip
    frames = 2 * _count(config, _FRAMES // 2, "max_source_positions")
    mask = torch.ones(1, frames, dtype=torch.long, device="meta")
    for count in dict.fromkeys((bins, _MANY_BINS)):
        yield {"input_features": _zeros(1, count, frames)}
        yield {"input_features": _zeros(1, frames, count)}
        yield {"input_features": _zeros(1, frames, count), "input_features_mask": mask.bool()}
        yield {"input_features": _zeros(1, count, frames), "input_features_mask": mask.bool()}
        yield {"input_features": _zeros(1, frames, count), "attention_mask": mask}
    yield {"input_features": _zeros(1, 1, 1024, _count(config, 64, "num_mel_bins"))}


def _waves(config: Any) -> Iterator[Inputs]:
    """A wave; one with channels; a spectrogram."""
    channels = _count(config, 1, "audio_channels")
    frames, bins = _count(config, _FRAMES, "max_length"), _count(config, 80, "num_mel_bins")
    if _stated(config, None, "max_length") and _stated(config, None, "num_mel_bins"):
        yield {"input_values": _zeros(1, frames, bins)}
    yield {"input_values": _zeros(1, _SAMPLES)}
    yield {"input_values": _zeros(1, channels, _SAMPLES)}
    yield {"input_values": _zeros(1, frames, bins)}


def _hidden(config: Any) -> Iterator[Inputs]:
    width = _count(config, 64, "hidden_size", "d_model", "embed_dim")
    yield from _patches(config)
    yield {"hidden_states": _zeros(1, SEQUENCE_LENGTH, width)}
    yield {"hidden_states": _zeros(1, width, SEQUENCE_LENGTH)}
    yield {"hidden_states": _zeros(SEQUENCE_LENGTH, width)}


def _flattened(config: Any) -> Iterator[Inputs]:
    """Patches with their row and column in front."""
    patch = _count(config, 16, "patch_size")
    yield {"flattened_patches": _zeros(1, SEQUENCE_LENGTH, _channels(config) * patch * patch + 2)}


def _series(config: Any) -> Iterator[Inputs]:
    """Past values of a time series, with and without channels."""
    length = _count(config, 512, "context_length", "prompt_length")
    yield {"past_values": _zeros(1, length, _count(config, 1, "num_input_channels"))}
    yield {"past_values": _zeros(1, length)}


_LEADING: dict[str, Callable[[Any], Iterator[Inputs]]] = {
    "pixel_values": _images,
    "pixel_values_videos": _videos,
    "input_features": _features,
    "input_values": _waves,
    "flattened_patches": _flattened,
    "past_values": _series,
    "hidden_states": _hidden,
}

_BESIDE_TOKENS: dict[str, Callable[[Any], torch.Tensor]] = {
    "bbox": lambda _: _zeros(1, SEQUENCE_LENGTH, 4, dtype=torch.long),
    "visual_feats": lambda config: _zeros(1, SEQUENCE_LENGTH, _count(config, 2048, "visual_feat_dim")),
    "lang_ids": lambda _: torch.zeros(1, dtype=torch.long),
    "visual_pos": lambda config: _zeros(1, SEQUENCE_LENGTH, _count(config, 4, "visual_pos_dim")),
}
"""Inputs that some classes take with each token."""

_COMPANIONS: dict[str, Callable[[Any], torch.Tensor]] = {
    "spatial_shapes": lambda _: torch.tensor([[_GRID, _GRID]]),
    "pixel_attention_mask": lambda _: torch.ones(1, _GRID * _GRID, dtype=torch.long, device="meta"),
    "merge_sizes": lambda _: torch.tensor([1]),
    "aspect_ratio_ids": lambda _: torch.tensor([[1]]),
    "aspect_ratio_mask": lambda config: torch.ones(1, 1, _count(config, 1, "max_num_tiles"), dtype=torch.long),
    "image_sizes": lambda config: torch.tensor([_side(config)]),
    "past_values_padding": lambda config: _zeros(1, _count(config, 512, "context_length")),
    "freq": lambda _: _zeros(1, 1, dtype=torch.long),
}
"""Inputs that go with another one; those that say how it is laid out hold real numbers."""
