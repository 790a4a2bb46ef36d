"""Instantiate a config on the meta device, without remote code and without allocating its weights."""

from __future__ import annotations

import dataclasses
import logging
import warnings
from contextlib import contextmanager
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

AUTO_CLASSES = ("AutoModelForCausalLM", "AutoModelForImageTextToText", "AutoModelForSeq2SeqLM", "AutoModel")


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
        prepared, family, notes = _known_type(dict(config), subject)
        settings = AutoConfig.for_model(prepared.pop("model_type"), **prepared)
        model_class, class_notes = _model_class(settings, config, family)
        with init_empty_weights(include_buffers=True):
            model = model_class._from_config(settings, attn_implementation="eager")  # type: ignore[attr-defined]  # every transformers class has it
    return Built(model, settings, family.renames if family else {}, (*notes, *class_notes))


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
    return {**config, "model_type": stand_in}, family, (note,)


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


def _model_class(
    settings: PreTrainedConfig, config: Mapping[str, Any], family: Family | None
) -> tuple[type[nn.Module], tuple[str, ...]]:
    """The class that `architectures` names, else the first auto class that knows the config."""
    names = (family.class_name,) if family else _architectures(config)
    for name in names:
        found = getattr(transformers, name, None)
        if isinstance(found, type) and getattr(found, "config_class", None) is type(settings):
            return found, ()
    for auto in AUTO_CLASSES:
        mapping = getattr(transformers, auto)._model_mapping
        if type(settings) in mapping:
            chosen = mapping[type(settings)]
            chosen = chosen[0] if isinstance(chosen, tuple) else chosen
            note = f"`architectures` names no shipped class: built {chosen.__name__}"
            return chosen, (note,) if names else ()
    raise BuildError(settings.model_type, "has a config and no model class in transformers", "compare another model")


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
        first = (str(error).strip().splitlines() or ["no message"])[0][:300]
        cause = f"transformers cannot build it ({type(error).__name__}: {first})"
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
