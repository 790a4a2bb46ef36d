"""The packages that weight checks need and nothing else does."""

from __future__ import annotations

from importlib.util import find_spec

from archdiff.errors import UsageError

__all__ = ["require"]

_PACKAGES = ("numba", "scipy")


def require() -> None:
    """Check that weights can be compared here.

    Raises:
        UsageError: a package of the extra `weights` is not installed.
    """
    missing = [name for name in _PACKAGES if find_spec(name) is None]
    if missing:
        what = " and ".join(missing)
        cause = f"{what} {'is' if len(missing) == 1 else 'are'} not installed, which comparing weights needs"
        raise UsageError("weights", cause, "run: pip install 'archdiff[weights]'")
