"""Every exception that archdiff raises on purpose.

ArchdiffError                 base; the command line prints it as one line and exits with 2
├── UsageError                the call or the settings are wrong: an unknown option value, an unknown rule id
├── UnresolvedReferenceError  a model reference that cannot be resolved: no such path, catalogue name or hub id
├── SourceError               a source that is there and cannot be read: bad JSON, no config, too large
├── ConfigError               a config that cannot be built: unknown type, absurd count, needs remote code
├── BuildError                transformers refused to build the class on the meta device
├── SnapshotError             a saved graph or report that is damaged or of another schema version
├── PackError                 a rule pack that does not load, or rules that contradict each other
├── RuleError                 a rule that raised, or returned what is not a finding
└── RenderError               a format that cannot be written: no Graphviz program, an output path that fails

Exception types are API; their messages are not.
"""

from __future__ import annotations

__all__ = [
    "ArchdiffError",
    "BuildError",
    "ConfigError",
    "PackError",
    "RenderError",
    "RuleError",
    "SnapshotError",
    "SourceError",
    "UnresolvedReferenceError",
    "UsageError",
]


class ArchdiffError(Exception):
    """What went wrong with which input, and what to do about it.

    Args:
        subject: the input at fault as the user named it (a path, a reference, a rule id).
        cause: what is wrong with it, without a final full stop.
        remedy: what the user can do, as an imperative.
    """

    def __init__(self, subject: str, cause: str, remedy: str) -> None:
        super().__init__(subject, cause, remedy)
        self.subject, self.cause, self.remedy = subject, cause, remedy

    def __str__(self) -> str:
        return f"{self.subject}: {self.cause}; {self.remedy}"


class UsageError(ArchdiffError):
    """The call is wrong, or a file of settings: an unknown format or rule id, an unused suppression."""


class UnresolvedReferenceError(ArchdiffError):
    """A model reference names nothing that can be found."""


class SourceError(ArchdiffError):
    """A source exists and cannot be read as what it claims to be."""


class ConfigError(ArchdiffError):
    """A config is readable and must not, or cannot, be built."""


class BuildError(ArchdiffError):
    """transformers failed to instantiate the class on the meta device."""


class SnapshotError(ArchdiffError):
    """A saved graph is damaged, or written by another schema version."""


class PackError(ArchdiffError):
    """A rule pack does not load, or declares a rule badly."""


class RuleError(ArchdiffError):
    """A rule raised, or yielded something that is not a finding."""


class RenderError(ArchdiffError):
    """An output format cannot be produced here."""
