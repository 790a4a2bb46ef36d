"""Why some settings need no explanation by a rule."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["inert_attribute", "inert_config", "unseen_attribute", "unseen_config"]


@cache
def _reasons(table: str) -> Mapping[str, str]:
    rows = tomllib.loads(files("archdiff.compare").joinpath("inert.toml").read_text(encoding="utf-8"))[table]
    return {name: reason for reason, names in rows.items() for name in names}


def inert_attribute(name: str) -> str:
    """Why a module's setting has no effect of its own; empty if it may have one."""
    return _reasons("attributes").get(name, "")


def unseen_attribute(name: str) -> str:
    """Why a module's setting may change outputs though no recorded operator shows it; empty if none is known."""
    return _reasons("unseen").get(name, "")


def inert_config(path: str, before: object, after: object) -> str:
    """Why a change of a config value has no effect of its own; empty if it may have one.

    Args:
        path: the key, nested ones with dots; whatever stands in a group without effect has none.
        before: value in OLD.
        after: value in NEW.
    """
    *groups, key = path.split(".")
    null = _reasons("config_null").get(key, "") if before is None or after is None else ""
    return next((reason for part in (key, *groups) if (reason := _reasons("config").get(part))), null)


def unseen_config(path: str) -> str:
    """Why a config value may change outputs though no recorded operator shows it; empty if none is known.

    Args:
        path: the key, nested ones with dots; the last part decides.
    """
    return _reasons("unseen_config").get(path.rpartition(".")[2], "")
