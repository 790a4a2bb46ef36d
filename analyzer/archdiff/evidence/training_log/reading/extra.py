"""Packages that some kinds of logs need and nothing else does."""

from __future__ import annotations

from importlib.util import find_spec

from archdiff.errors import UsageError

__all__ = ["require"]


def require(package: str, subject: str) -> None:
    """Check that a package of the extra `logs` is installed.

    Raises:
        UsageError: it is not.
    """
    if find_spec(package) is None:
        cause = f"is a log that {package} reads, which is not installed"
        raise UsageError(subject, cause, "run: pip install 'archdiff[logs]'")
