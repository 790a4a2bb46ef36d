"""The files of a checkpoint, read by ranges: safetensors, torch's pickles and GGUF, on disk or on the hub."""

from __future__ import annotations

from archdiff.weights.reading.opening import checkpoint_size, open_checkpoint

__all__ = ["checkpoint_size", "open_checkpoint"]
