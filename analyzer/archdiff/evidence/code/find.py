"""Where the modelling code of a model is: beside its config, on the hub, or in transformers. It is never imported."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from archdiff import reference as references
from archdiff.errors import ArchdiffError, SourceError, UnresolvedReferenceError
from archdiff.evidence.code import shipped
from archdiff.evidence.code.reading import LARGEST, read
from archdiff.sources import Source, resolve
from archdiff.sources.json_text import read_object
from archdiff.text import is_hub_id, printable

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from archdiff.reference import Reference
    from archdiff.sources import Snapshot

__all__ = ["Code", "Origin", "find"]

Origin = str
"""`shipped with transformers`, `ships with the model` or `a file`."""

_SHIPPED, _OWN, _FILE = "shipped with transformers", "ships with the model", "a file"
_CONFIG = "config.json"
_FIRST = ("AutoModelForCausalLM", "AutoModelForImageTextToText", "AutoModelForSeq2SeqLM", "AutoModel")
_NAMED = re.compile(r"(?:([^-]+(?:-[^-]+)*)--)?(\w{1,128})\.(\w{1,128})", re.ASCII)


@dataclass(frozen=True, slots=True)
class Code:
    """The modelling code of one model, as text.

    Args:
        name: what output calls it.
        origin: `shipped with transformers`, `ships with the model` or `a file`.
        text: of the modelling file.
        family: of transformers, where it ships the file.
        modular: text of the modular file that transformers makes it from; None where there is none.
    """

    name: str
    origin: Origin
    text: str
    family: str | None = None
    modular: str | None = None


def find(text: str) -> Code:
    """The modelling code of what a reference names.

    Args:
        text: a path (a Python file, a directory with one or with a config, a config), a name of the catalogue, a hub
            id, or a model type of transformers.

    Raises:
        UnresolvedReferenceError: it names nothing that is there.
        SourceError: the model's code is not there, or cannot be read.
        ConfigError: a config is out of bounds.
    """
    try:
        parsed = references.parse(text)
    except UnresolvedReferenceError:
        if (file := shipped.file_of_type(text)) is not None:
            return _shipped(file, printable(text))
        raise
    if parsed.kind == "path":
        return _of_path(Path(parsed.target), text)
    return _of_hub(parsed) if parsed.kind == "hub" else _of_class(text)


def _of_path(path: Path, text: str) -> Code:
    if path.suffix == ".py" and not path.is_dir():
        return Code(printable(path.name), _FILE, read(path, text))
    folder = path if path.is_dir() else path.parent
    config = path / _CONFIG if path.is_dir() else path
    if config.name == _CONFIG and config.exists():
        stated = read_object(config, text)
        if (named := _auto_map(stated, text)) is not None:
            return _beside(folder, named, stated, text)
    elif path.is_dir():
        return _only_one(path, text)
    return _of_class(text)


def _beside(folder: Path, named: tuple[str, str], config: Mapping[str, object], text: str) -> Code:
    """The code that an `auto_map` names: beside the config, or on the hub."""
    owner, module = named
    file = folder / f"{module}.py"
    if not owner and (file.exists() or file.is_symlink()):
        return Code(_name(folder), _OWN, read(file, text, folder))
    if (known := _shipped_class(config)) is not None:
        return _shipped(known, _name(folder))
    if owner:
        return _fetched(references.Reference(text, "hub", owner), module)
    raise _fault(
        text, f"its auto_map names {module}.py, which is not beside the config", "download it, or name a class"
    )


def _only_one(folder: Path, text: str) -> Code:
    files = sorted(folder.glob("modeling_*.py"))
    if len(files) == 1:
        return Code(_name(folder), _OWN, read(files[0], text, folder))
    held = f"holds {len(files)} modelling files" if files else "holds neither a config nor a modelling file"
    raise _fault(text, f"the directory {held}", "name one modelling file")


def _of_class(text: str) -> Code:
    """The class that transformers builds the model with."""
    source = resolve(text)
    name, config = (source.name, source.config) if isinstance(source, Source) else _of_graph(source)
    if (file := _shipped_class(config)) is None:
        raise _fault(text, "transformers ships no modelling file for it", "name its modelling file")
    return _shipped(file, name)


def _of_graph(saved: Snapshot) -> tuple[str, dict[str, object]]:
    from archdiff.graph.opening import open_snapshot

    graph = open_snapshot(saved)
    return graph.name, {"architectures": [graph.class_name], "model_type": graph.model_type}


def _of_hub(reference: Reference) -> Code:
    folder = _download(reference, _CONFIG).parent
    config = read_object(folder / _CONFIG, reference.text)
    if (named := _auto_map(config, reference.text)) is not None:
        owner, module = named
        known = _shipped_class(config)
        pinned = references.Reference(reference.text, "hub", reference.target, folder.name)
        try:
            return _fetched(references.Reference(reference.text, "hub", owner) if owner else pinned, module)
        except ArchdiffError:
            if known is None:
                raise
            return _shipped(known, reference.target)
    if (file := _shipped_class(config)) is None:
        raise _fault(reference.text, "transformers ships no modelling file for it", "name its modelling file")
    return _shipped(file, reference.target)


def _fetched(reference: Reference, module: str) -> Code:
    file = _download(reference, f"{module}.py")
    return Code(reference.target, _OWN, read(file, reference.text, file.parent))


def _download(reference: Reference, name: str) -> Path:
    """A file of a model on the hub, or of the hub's cache where the hub is not asked or not reached."""
    from archdiff.sources import hub_files
    from archdiff.sources.hub_errors import FAILURES, is_unreachable, translate

    with hub_files.quiet():
        try:
            return hub_files.download(reference, name, reference.revision, LARGEST)
        except FAILURES as error:
            cached = hub_files.from_cache(reference, name) if is_unreachable(error) else None
            if cached is None:
                fault = translate(error, reference)
                raise type(fault)(fault.subject, f"{name}: {fault.cause}", fault.remedy) from error
            return cached


def _auto_map(config: Mapping[str, object], text: str) -> tuple[str, str] | None:
    """Hub id, empty for the model's own, and module that a config names its modelling code by; None without one.

    Raises:
        SourceError: it is no module beside the config, and none of a model on the hub.
    """
    stated = config.get("auto_map")
    named = next(_model_classes(stated), None) if isinstance(stated, dict) else None
    if named is None:
        return None
    match = _NAMED.fullmatch(named) if isinstance(named, str) and len(named) < 512 else None
    if match is None or (match[1] and not is_hub_id(match[1])):
        shown = printable(repr(named), 80)
        raise _fault(text, f"its auto_map names {shown}, which is no module beside the config", "name the file itself")
    return match[1] or "", match[2]


def _model_classes(stated: Mapping[object, object]) -> Iterator[object]:
    """What `auto_map` names for models, the most telling first."""
    names = [key for key in stated if isinstance(key, str) and key.startswith("AutoModel")]
    for key in sorted(names, key=lambda key: (_FIRST.index(key) if key in _FIRST else len(_FIRST), key)):
        value = stated[key]
        yield next((item for item in value if item is not None), None) if isinstance(value, list) else value


def _shipped_class(config: Mapping[str, object]) -> Path | None:
    names = config.get("architectures")
    for name in names if isinstance(names, list | tuple) else ():
        if isinstance(name, str) and (file := shipped.file_of_class(name)) is not None:
            return file
    model_type = config.get("model_type")
    return shipped.file_of_type(model_type) if isinstance(model_type, str) else None


def _shipped(file: Path, name: str) -> Code:
    modular = shipped.modular_of(file)
    own = read(modular, modular.name) if modular is not None else None
    return Code(name, _SHIPPED, read(file, file.name), file.parent.name, own)


def _name(folder: Path) -> str:
    return printable(folder.absolute().resolve(strict=False).name)


def _fault(subject: str, cause: str, remedy: str) -> SourceError:
    return SourceError(printable(subject), cause, remedy)
