"""Two graphs, how they correspond, and everything that differs."""

from archdiff.compare.engine import compare

__all__ = ["compare"]
