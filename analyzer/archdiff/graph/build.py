"""Instantiate a config on the meta device, without remote code and without allocating its weights."""

from __future__ import annotations

import dataclasses
import logging
import warnings
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

import transformers
from accelerate import init_empty_weights
from transformers import AutoConfig, PreTrainedConfig

from archdiff.errors import ArchdiffError, BuildError, ConfigError
from archdiff.graph.families import FAMILIES, Family

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from torch import nn

__all__ = ["AUTO_CLASSES", "Built", "instantiate", "quiet"]

AUTO_CLASSES = (
    "AutoModelForCausalLM",
    "AutoModelForImageTextToText",
    "AutoModelForSeq2SeqLM",
    "AutoModel",
    "AutoModelForMultimodalLM",
    "AutoModelForSpeechSeq2Seq",
    "AutoModelForPreTraining",
)


_LONGEST_CAUSE = 300
"""Characters of a class's own error that are repeated; what follows is rarely of use."""


@dataclasses.dataclass(frozen=True)
class Built:
    """A model on the meta device.

    Args:
        model: the instance; its parameters hold shapes and dtypes, no values.
        config: the config that transformers made of the published one.
        renames: tensor path parts of the shipped class and of the published one, where a family was released
            under other names.
        notes: what a reader must know of how the class was chosen.
    """

    model: nn.Module
    config: PreTrainedConfig
    renames: Mapping[str, str]
    notes: tuple[str, ...]


def instantiate(config: Mapping[str, Any], subject: str) -> Built:
    """Build the model that a config describes.

    Args:
        config: the published values; their counts have been bounded by `archdiff.sources`.
        subject: what to call the config in an error.

    Raises:
        ConfigError: its type is unknown, or it needs remote code.
        BuildError: transformers refuses to build it.
    """
    with quiet(), _plain_errors(subject):
        prepared, family, notes = _known_type(_plain_numbers(dict(config)), subject)
        settings = AutoConfig.for_model(prepared.pop("model_type"), **prepared)
        candidates, named = _model_classes(settings, config, family)
        model = _first_built(candidates, settings)
    if not named and _architectures(config):
        notes = (*notes, f"`architectures` names no shipped class: built {type(model).__name__}")
    return Built(model, settings, family.renames if family else {}, notes)


def _plain_numbers(value: Any) -> Any:
    """The value with infinities as numbers: transformers writes them as `{"__float__": "Infinity"}`."""
    if isinstance(value, dict):
        text = value.get("__float__")
        return float(text) if isinstance(text, str) else {key: _plain_numbers(item) for key, item in value.items()}
    return [_plain_numbers(item) for item in value] if isinstance(value, list) else value


def _first_built(candidates: list[type[nn.Module]], settings: PreTrainedConfig) -> nn.Module:
    """An instance of the first class that can be built."""
    if not candidates:
        raise BuildError(settings.model_type, "has no model class in transformers", "compare another model")
    for model_class in candidates[:-1]:
        with suppress(Exception):  # the next class may take a part of the config that is sound
            return _on_meta(model_class, settings)
    return _on_meta(candidates[-1], settings)


def _on_meta(model_class: Any, settings: PreTrainedConfig) -> nn.Module:
    with init_empty_weights(include_buffers=True):
        built: nn.Module = model_class._from_config(_config_for(model_class, settings), attn_implementation="eager")
    return built


def _known_type(config: dict[str, Any], subject: str) -> tuple[dict[str, Any], Family | None, tuple[str, ...]]:
    """The config with a `model_type` that transformers ships, and what was done to get there."""
    published = config.pop("auto_map", None)
    model_type = config.get("model_type")
    if isinstance(model_type, str) and model_type in transformers.CONFIG_MAPPING:
        note = "`auto_map` names remote code; the class that ships with transformers was built instead"
        return config, None, (note,) if published else ()
    family = FAMILIES.get(str(model_type))
    stand_in = family.model_type if family else _type_of_class(config)
    if stand_in is None:
        raise _unknown(subject, model_type, published)
    note = family.note if family else f"model_type {model_type!r} is unknown to transformers: built as {stand_in!r}"
    return family.settings(config) if family else {**config, "model_type": stand_in}, family, (note,)


def _type_of_class(config: Mapping[str, Any]) -> str | None:
    """The `model_type` of the first shipped class that `architectures` names."""
    for name in _architectures(config):
        model_class = getattr(transformers, name, None)
        settings = getattr(model_class, "config_class", None)
        if settings is not None:
            return str(settings.model_type)
    return None


def _architectures(config: Mapping[str, Any]) -> tuple[str, ...]:
    names = config.get("architectures")
    return tuple(name for name in names if isinstance(name, str)) if isinstance(names, list | tuple) else ()


def _unknown(subject: str, model_type: object, auto_map: object) -> ConfigError:
    version = transformers.__version__
    if not isinstance(model_type, str) or not model_type:
        remedy = "add `model_type`, or name a shipped class in `architectures`"
        return ConfigError(subject, "has no `model_type`", remedy)
    cause = f"model_type {model_type!r} is unknown to transformers {version}"
    if auto_map:
        return ConfigError(
            subject, f"{cause} and needs remote code", "archdiff runs none: use a config of a shipped class"
        )
    return ConfigError(subject, cause, "upgrade transformers, or correct `model_type`")


def _model_classes(
    settings: PreTrainedConfig, config: Mapping[str, Any], family: Family | None
) -> tuple[list[type[nn.Module]], bool]:
    """The class that `architectures` names, else those of the auto classes; and whether it was named.

    Classes that take the whole config come before those that take a part of it.
    """
    for name in (family.class_name,) if family else _architectures(config):
        found = getattr(transformers, name, None)
        if isinstance(found, type) and getattr(found, "config_class", None) is type(settings):
            return [found], True
    return sorted(_shipped_classes(settings), key=lambda found: _config_for(found, settings) is not settings), False


def _shipped_classes(settings: PreTrainedConfig) -> list[type[nn.Module]]:
    """The classes that the auto classes keep for the type; asked by name, as types may share a config class."""
    kept = [getattr(transformers, auto)._model_mapping._model_mapping for auto in AUTO_CLASSES]
    listed = [mapping[settings.model_type] for mapping in kept if settings.model_type in mapping]
    found = [getattr(transformers, entry[0] if isinstance(entry, tuple) else entry, None) for entry in listed]
    return [item for item in found if isinstance(item, type)]


def _config_for(model_class: type[nn.Module], settings: PreTrainedConfig) -> PreTrainedConfig:
    """What the class is built from: the config, or the nested one that a language model alone takes."""
    wanted = getattr(model_class, "config_class", None) or type(settings)
    nested = (item for item in vars(settings).values() if isinstance(item, wanted))
    return settings if isinstance(settings, wanted) else next(nested, settings)


@contextmanager
def _plain_errors(subject: str) -> Iterator[None]:
    """Whatever a class raises while it is built becomes one line."""
    try:
        yield
    except ArchdiffError:
        raise
    except (MemoryError, KeyboardInterrupt):
        raise
    except Exception as error:  # a class may raise anything for a bad config
        message = " ".join(str(error).split())[:_LONGEST_CAUSE] or "no message"
        cause = f"transformers cannot build it ({type(error).__name__}: {message})"
        raise BuildError(subject, cause, "correct the config") from error


@contextmanager
def quiet() -> Iterator[None]:
    """Keep the warnings of transformers and torch away from the user's terminal; the report states what matters."""
    names = ("transformers", "torch", "accelerate")
    levels = {name: logging.getLogger(name).level for name in names}
    try:
        for name in names:
            logging.getLogger(name).setLevel(logging.CRITICAL)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        for name, level in levels.items():
            logging.getLogger(name).setLevel(level)
