"""The modelling files that transformers ships, told from its folder: importing it takes seconds, and is not needed."""

from __future__ import annotations

import re
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["families", "file_of_class", "file_of_type", "modular_of"]

_MAPPINGS = ("models/auto/auto_mappings.py", "models/auto/configuration_auto.py")
_TYPE = re.compile(r"[A-Za-z0-9_-]{1,64}", re.ASCII)


def families() -> tuple[str, ...]:
    """Every family that has a modelling file, sorted."""
    return tuple(sorted(path.parent.name for path in _files() if path.stem == f"modeling_{path.parent.name}"))


def file_of_type(model_type: str) -> Path | None:
    """The modelling file of a model type; None where transformers ships none."""
    if not _TYPE.fullmatch(model_type):
        return None
    plain = model_type.replace("-", "_").lower()
    return _file_of(plain) or _file_of(_module_of(model_type))


def file_of_class(name: str) -> Path | None:
    """The modelling file that defines a class; None where none does."""
    if not name.isidentifier():
        return None
    wanted = f"class {name}(".encode()
    return next((path for path in _files() if wanted in path.read_bytes()), None)


def modular_of(file: Path) -> Path | None:
    """The modular file that a modelling file of transformers is made from; None where there is none."""
    modular = file.with_name(file.name.replace("modeling_", "modular_", 1))
    return modular if modular != file and modular.is_file() else None


def _file_of(family: str) -> Path | None:
    folder = _folder()
    path = folder / "models" / family / f"modeling_{family}.py" if folder is not None and family else None
    return path if path is not None and path.is_file() else None


def _module_of(model_type: str) -> str:
    """The folder of a type that is not named as its folder is; empty where the tables do not have it."""
    folder = _folder()
    pattern = re.compile(rf"[(\s]\"{re.escape(model_type)}\"[,:] \"([a-z0-9_]+)\"")
    texts = [folder / name for name in _MAPPINGS] if folder is not None else []
    found = (pattern.search(path.read_text(encoding="utf-8")) for path in texts if path.is_file())
    return next((match[1] for match in found if match), "")


def _files() -> Iterator[Path]:
    folder = _folder()
    if folder is not None:
        yield from sorted(folder.glob("models/*/modeling_*.py"))


def _folder() -> Path | None:
    found = find_spec("transformers")
    return Path(found.origin).parent if found is not None and found.origin else None
