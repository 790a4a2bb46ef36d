"""The modelling code of two models: how alike it is whatever it is called, and what it declares. Never imported."""

from __future__ import annotations

from archdiff.evidence.code.compared import Comparison, Side, compare
from archdiff.evidence.code.control import Control, control
from archdiff.evidence.code.find import Code, find

__all__ = ["Code", "Comparison", "Control", "Side", "compare", "control", "find"]
