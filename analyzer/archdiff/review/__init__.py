"""The pre-publication review: claims in, a checklist out, each claim with the evidence that it rests on.

Nothing here reads a file or asks a hub: `archdiff.reviewing` gathers, `judge` decides.
"""

from __future__ import annotations

from archdiff.review.claims import Claims
from archdiff.review.judge import judge
from archdiff.review.material import Material, Parent
from archdiff.review.signing import SignOff
from archdiff.review.subject import Subject

__all__ = ["Claims", "Material", "Parent", "SignOff", "Subject", "judge"]
