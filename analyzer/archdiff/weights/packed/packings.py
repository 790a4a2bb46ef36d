"""Which reader goes with which way of storing a quantised weight."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from archdiff.weights.packed.bitsandbytes import blocks_of_bitsandbytes
from archdiff.weights.packed.fours import blocks_of_four, nvfp4
from archdiff.weights.packed.integers import words_of_integers
from archdiff.weights.packed.parts import UnreadError
from archdiff.weights.packed.scaled import rows_of_bitsandbytes, scaled
from archdiff.weights.packed.words import words_of_awq, words_of_gptq

if TYPE_CHECKING:
    from collections.abc import Mapping

    from archdiff.sources.schemes import Found, Settings
    from archdiff.weights.packed.parts import Parts, Reader
    from archdiff.weights.packed.slot import Slot

__all__ = ["Packings"]


@dataclasses.dataclass(frozen=True, slots=True)
class Packings:
    """What is known of a checkpoint's packings.

    Args:
        parts: of the checkpoint.
        declared: `quantization_config` of its config; empty where there is none.
        settings: what that says of the packing.
        slot: of the checkpoint.
    """

    parts: Parts
    declared: Mapping[str, object]
    settings: Settings
    slot: Slot

    def reader(self, found: Found) -> Reader:
        """Return what reads a quantised weight.

        Raises:
            UnreadError: its packing is not known, or a part is missing.
            SourceError: its parts contradict each other.
        """
        match found.method:
            case "mxfp4":
                return blocks_of_four(self.parts, found, self.slot)
            case "nvfp4":
                return nvfp4(self.parts, found)
            case "fp8" | "fbgemm_fp8":
                return scaled(self.parts, found, self.settings.block)
            case "compressed-tensors":
                return self._compressed(found)
            case "gptq":
                return words_of_gptq(self.parts, found, self.declared, self.slot)
            case "awq":
                return words_of_awq(self.parts, found, self.declared, self.slot)
            case "bitsandbytes":
                return (blocks_of_bitsandbytes if found.flat else rows_of_bitsandbytes)(self.parts, found)
        raise UnreadError(f"packed by {found.method}, which is not read")

    def _compressed(self, found: Found) -> Reader:
        if not found.stored[0].endswith(".weight_packed"):
            return scaled(self.parts, found, self.settings.block)
        if self.parts[found.stored[0]].dtype == "uint8":
            return nvfp4(self.parts, found)
        return words_of_integers(self.parts, found)
