"""Where each tensor of a class comes from: the keys of a checkpoint, taken through transformers' own conversion."""

from __future__ import annotations

import dataclasses
import re
from typing import TYPE_CHECKING, Any

from archdiff.weights.pairing.patchwork import NotFollowedError, Patchwork

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from archdiff.weights.pairing.stand_in import StandIn

__all__ = ["Origin", "Origins", "origins_of"]

_EXPERT = re.compile(r"(?<=experts\.)[1-9]\d*(?=\.)", re.ASCII)
_FIRST = "experts.0."

Shape = tuple[int, ...]


@dataclasses.dataclass(frozen=True, slots=True)
class Origin:
    """How a tensor of a class is made of tensors of a checkpoint.

    Args:
        patchwork: the tensor.
        sources: names of the checkpoint's tensors, by the number that patches have for them.
    """

    patchwork: Patchwork
    sources: tuple[str, ...]


@dataclasses.dataclass(frozen=True, slots=True)
class Origins:
    """What a loader does with a checkpoint.

    Args:
        found: origins by the class's own names.
        unclaimed: names of the checkpoint that no tensor of the class comes from, to the names they would have.
        seen: names of the class that the checkpoint has something for, whether or not it could be followed.
        refused: why conversions were not made, with the names that they take.
    """

    found: Mapping[str, Origin]
    unclaimed: Mapping[str, str]
    seen: frozenset[str]
    refused: Mapping[str, tuple[str, ...]]


@dataclasses.dataclass(slots=True)
class _Gathered:
    """Names of the checkpoint for one tensor of the class, or for several that one conversion makes."""

    converter: Any
    names: dict[str, list[str]] = dataclasses.field(default_factory=dict)


def origins_of(
    stand_in: StandIn, mapping: Sequence[Any], shapes: Mapping[str, Shape], unread: Iterable[str]
) -> Origins:
    """Follow transformers' loader.

    Args:
        stand_in: for the model.
        mapping: its conversion mapping.
        shapes: of the checkpoint's tensors, by name.
        unread: names of tensors that cannot be read.
    """
    from transformers.core_model_loading import dot_natural_key

    loader = _Loader(stand_in, mapping)
    for name in sorted((*shapes, *unread), key=dot_natural_key):
        loader.gather(name, read=name in shapes)
    for target, gathered in loader.gathered.items():
        loader.make(target, gathered, shapes)
    refused = {why: tuple(names) for why, names in loader.refused.items()}
    return Origins(loader.found, loader.unclaimed, frozenset(loader.seen), refused)


class _Loader:
    """What `transformers.core_model_loading.convert_and_load_state_dict_in_model` does, without tensors."""

    def __init__(self, stand_in: StandIn, mapping: Sequence[Any]) -> None:
        from transformers.core_model_loading import WeightConverter, WeightRenaming

        self.stand_in = stand_in
        self.renamings = [row for row in mapping if isinstance(row, WeightRenaming)]
        self.converters = [row for row in mapping if isinstance(row, WeightConverter)]
        self.by_pattern = {pattern: row for row in self.converters for pattern in row.source_patterns}
        self.known: dict[str, tuple[str, str | None]] = {}
        self.templates: dict[Any, dict[str, Patchwork] | str] = {}
        self.gathered: dict[str, _Gathered] = {}
        self.found: dict[str, Origin] = {}
        self.unclaimed: dict[str, str] = {}
        self.seen: set[str] = set()
        self.refused: dict[str, list[str]] = {}

    def gather(self, name: str, *, read: bool) -> None:
        """Note for which tensor of the class a name of the checkpoint is."""
        target, pattern = self.target_of(name)
        if target not in self.stand_in.built:
            if read:
                self.unclaimed[name] = target
            return
        self.seen.add(target)
        converter = self.by_pattern[pattern] if pattern is not None else None
        gathered = self.gathered.setdefault(target, _Gathered(converter))
        if not read:
            gathered.converter = gathered.converter or converter
        elif gathered.converter is not converter or (converter is None and gathered.names):
            self.unclaimed[name] = target
        else:
            gathered.names.setdefault(pattern or name, []).append(name)

    def target_of(self, name: str) -> tuple[str, str | None]:
        """Name in the class, and the pattern of the conversion that the tensor goes through; experts are alike."""
        number = _EXPERT.search(name)
        if number is None:
            return self._target_of(name)
        first = f"{name[: number.start()]}0{name[number.end() :]}"
        if first not in self.known:
            self.known[first] = self._target_of(first)
        target, pattern = self.known[first]
        if pattern is None and _FIRST not in target:
            return self._target_of(name)
        return target.replace(_FIRST, f"experts.{number[0]}.", 1), pattern

    def _target_of(self, name: str) -> tuple[str, str | None]:
        from transformers.core_model_loading import rename_source_key

        built: Any = self.stand_in.built
        prefix: Any = self.stand_in.base_model_prefix
        target, pattern = rename_source_key(name, self.renamings, self.converters, prefix, built)
        if target not in built and name in built:
            target, pattern = rename_source_key(name, [], [], prefix, built)
        return target, pattern

    def make(self, target: str, gathered: _Gathered, shapes: Mapping[str, Shape]) -> None:
        """Tell where a tensor of the class comes from, or those that one conversion makes."""
        names = [name for found in gathered.names.values() for name in found]
        if gathered.converter is None:
            for name in names:
                self.found[target] = Origin(Patchwork.whole(shapes[name]), (name,))
            return
        made = self._template(target, gathered, shapes) if names else {}
        full = {} if isinstance(made, str) else _full_names(target, made)
        why = f"transformers' {made} cannot be followed" if isinstance(made, str) else self._misfit(full, len(names))
        if why:
            self.refused.setdefault(why, []).extend(names)
            return
        self.seen |= full.keys()
        self.found |= {name: Origin(patchwork, tuple(names)) for name, patchwork in full.items()}

    def _misfit(self, made: Mapping[str, Patchwork], count: int) -> str:
        """Why what a conversion makes is none of the class's tensors; of one tensor, the shape is taken as it is."""
        built = self.stand_in.built
        if not made.keys() <= built.keys():
            return "the class has no place for what is made of them"
        fits = count == 1 or all(built[name] == patchwork.shape for name, patchwork in made.items())
        return "" if fits else "what is made of them has another shape than the class builds"

    def _template(self, target: str, gathered: _Gathered, shapes: Mapping[str, Shape]) -> dict[str, Patchwork] | str:
        """What a conversion makes of tensors of these shapes, or the operation that cannot be followed; made once."""
        from archdiff.weights.pairing.follow import convert

        converter, built = gathered.converter, self.stand_in.built
        taken = {pattern: [shapes[name] for name in names] for pattern, names in gathered.names.items()}
        made = tuple(built.get(target.replace(converter.target_patterns[0], key)) for key in converter.target_patterns)
        key = (id(converter), tuple((pattern, tuple(found)) for pattern, found in taken.items()), built[target], made)
        if key not in self.templates:
            try:
                self.templates[key] = convert(converter, taken, target, self.stand_in, self.stand_in.config)
            except NotFollowedError as error:
                self.templates[key] = str(error)
        return self.templates[key]


def _full_names(target: str, made: Mapping[str, Patchwork]) -> dict[str, Patchwork]:
    """The parameters under their full names, of which the first is `target`."""
    whole = target.replace("*.", "0.")
    pattern = next((key for key in made if key in whole), None)
    if pattern is None:
        return dict(made)
    before, _, behind = whole.partition(pattern)
    return {f"{before}{key}{behind}": patchwork for key, patchwork in made.items()}
