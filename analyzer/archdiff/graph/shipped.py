"""Whether transformers ships what a config asks for, told from its files: importing it takes seconds."""

from __future__ import annotations

from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from archdiff.errors import ConfigError
from archdiff.graph.families import FAMILIES
from archdiff.text import printable

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = ["check_type"]

_LISTS = ("models/auto/auto_mappings.py", "models/auto/configuration_auto.py")
"""Files that name every type; older versions have the second one only."""

_INSTEAD = "archdiff runs none: name a config of a shipped class"


def check_type(config: Mapping[str, object], subject: str) -> None:
    """Refuse at once a config that `instantiate` would refuse after importing torch.

    Args:
        config: as published.
        subject: what to call it in an error.

    Raises:
        ConfigError: transformers ships neither its `model_type` nor a class that it names.
    """
    model_type = config.get("model_type")
    if _ships_type(model_type) or any(map(_ships_class, _architectures(config))):
        return
    shown = printable(subject)
    if not model_type:
        remedy = "add model_type, or name a shipped class in architectures"
        raise ConfigError(shown, "states no model_type", remedy)
    cause = f"model_type {printable(str(model_type), 80)} is unknown to transformers {version('transformers')}"
    if config.get("auto_map"):
        raise ConfigError(shown, f"{cause} and needs remote code", _INSTEAD)
    raise ConfigError(shown, cause, "upgrade transformers, or correct model_type")


def _ships_type(model_type: object) -> bool:
    """Whether a list of types names it; true also where no list can be read, so that the build decides."""
    if not isinstance(model_type, str) or not model_type:
        return False
    texts = [text for name in _LISTS if (text := _text(name))]
    return model_type in FAMILIES or not texts or any(f'"{model_type}"' in text for text in texts)


def _architectures(config: Mapping[str, object]) -> Iterator[str]:
    names = config.get("architectures")
    if isinstance(names, list | tuple):
        yield from (name for name in names if isinstance(name, str) and name.isidentifier())


def _ships_class(name: str) -> bool:
    """Whether a modeling file defines a class of this name."""
    folder = _folder()
    wanted = f"class {name}(".encode()
    return folder is not None and any(wanted in f.read_bytes() for f in folder.glob("models/*/modeling_*.py"))


def _text(name: str) -> str:
    folder = _folder()
    path = folder / name if folder is not None else None
    return path.read_text(encoding="utf-8") if path is not None and path.is_file() else ""


def _folder() -> Path | None:
    found = find_spec("transformers")
    return Path(found.origin).parent if found is not None and found.origin else None
