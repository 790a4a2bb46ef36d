"""The pre-publication review: claims in, a checklist out, each claim with the evidence that it rests on.

Nothing here reads a file of the user or asks a hub: `archdiff.reviewing` gathers, `archdiff.review.judge` decides.
"""

from __future__ import annotations

__all__: list[str] = []
