"""Each way that the hub can fail, as one clear error with its remedy."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from huggingface_hub import errors

from archdiff import catalogue
from archdiff.errors import ArchdiffError, SourceError, UnresolvedReferenceError
from archdiff.text import printable

if TYPE_CHECKING:
    from archdiff.reference import Reference

__all__ = ["FAILURES", "is_unreachable", "translate"]

# The HTTP client under huggingface_hub has had several names; its errors have the first base of this class.
_TRANSPORT: type[BaseException] = errors.HfHubHTTPError.__bases__[0]

FAILURES = (_TRANSPORT, errors.EntryNotFoundError, OSError, ValueError)
"""Every class of exception that a request through huggingface_hub raises when it fails."""


class _Failure(NamedTuple):
    raised: type[BaseException]
    error: type[ArchdiffError]
    cause: str
    remedy: str


_CONNECT = "check the connection and HF_ENDPOINT, or name a local config.json"

# The first row whose class fits applies, so a subclass stands before its base.
_TABLE = (
    _Failure(
        errors.GatedRepoError,
        UnresolvedReferenceError,
        "the model is gated",
        "accept its terms on the hub and set HF_TOKEN to a token of that account",
    ),
    _Failure(
        errors.RepositoryNotFoundError,
        UnresolvedReferenceError,
        "no such model on the hub, or it is private",
        "check the spelling, or set HF_TOKEN to a token that may read it",
    ),
    _Failure(
        errors.RevisionNotFoundError,
        UnresolvedReferenceError,
        "the model has no such revision",
        "name a branch, a tag or a commit of it after the @",
    ),
    _Failure(
        errors.EntryNotFoundError,
        SourceError,
        "the model has no config.json on the hub",
        "name the model that it is an adapter or a conversion of, or a local config.json",
    ),
    _Failure(
        errors.DisabledRepoError,
        UnresolvedReferenceError,
        "the hub has disabled access to the model",
        "name a local config.json",
    ),
    _Failure(
        errors.OfflineModeIsEnabled,
        UnresolvedReferenceError,
        "not in the hub's cache, and HF_HUB_OFFLINE is set",
        "unset it, or name a local config.json",
    ),
    _Failure(
        errors.HFValidationError,
        UnresolvedReferenceError,
        "not a valid hub id",
        "write owner/name or owner/name@revision",
    ),
    _Failure(PermissionError, SourceError, "the hub's cache cannot be written", "set HF_HOME to a folder that can"),
)

_STATUS = {
    401: ("the hub refused the token", "set HF_TOKEN to a valid token, or unset it"),
    403: ("the hub refused access to the model", "set HF_TOKEN to a token that may read it"),
    429: ("the hub limits the rate of requests", "wait, or set HF_TOKEN to a token"),
}


def is_unreachable(error: BaseException) -> bool:
    """Tell whether the hub gave no answer or failed, so that a cached copy may stand in for its answer."""
    if isinstance(error, errors.HfHubHTTPError):
        return error.response.status_code == 429 or error.response.status_code >= 500
    return isinstance(error, _TRANSPORT | errors.OfflineModeIsEnabled)


def translate(error: BaseException, reference: Reference) -> ArchdiffError:
    """Return the error that tells a user why the hub could not serve `reference`."""
    subject = printable(reference.text)
    row = next((row for row in _TABLE if isinstance(error, row.raised)), None)
    if row is not None:
        return row.error(subject, row.cause, _or_catalogue(row.remedy, reference))
    if isinstance(error, errors.HfHubHTTPError):
        status = error.response.status_code
        cause, remedy = _STATUS.get(status, (f"the hub answered with status {status}", "try again later"))
        return UnresolvedReferenceError(subject, cause, _or_catalogue(remedy, reference))
    if "Timeout" in type(error).__name__:
        cause = "the hub did not answer in time"
    else:
        cause = f"the hub cannot be reached ({printable(str(error) or type(error).__name__, 80)})"
    return UnresolvedReferenceError(subject, cause, _or_catalogue(_CONNECT, reference))


def _or_catalogue(remedy: str, reference: Reference) -> str:
    """Add the catalogue's name for the same model, which needs no network, to `remedy`."""
    wanted = reference.target.lower()
    name = next((entry.name for entry in catalogue.entries() if entry.hub_id.lower() == wanted), None)
    return f"{remedy}, or use the catalogue's {name}" if name else remedy
