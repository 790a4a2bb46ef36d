"""Gather what a review judges; its modules are imported one by one, as a wrong claims file must be told at once."""

from __future__ import annotations

__all__: list[str] = []
