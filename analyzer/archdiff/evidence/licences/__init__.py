"""Licences of models: what is known of them by name. A table of well-known licences, and no legal advice."""

from __future__ import annotations

from archdiff.evidence.licences.table import Licence, Terms, conditions, conflicts, find, licences

__all__ = ["Licence", "Terms", "conditions", "conflicts", "find", "licences"]
