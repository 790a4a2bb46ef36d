"""Watch a stream of losses for what an undisturbed run does not write; each watch keeps a bounded state."""

from __future__ import annotations

from archdiff.evidence.training_log.watch.copies import Copies
from archdiff.evidence.training_log.watch.kept import Kept
from archdiff.evidence.training_log.watch.noise import Noise
from archdiff.evidence.training_log.watch.steps import Steps
from archdiff.evidence.training_log.watch.stretches import Stretches

__all__ = ["Copies", "Kept", "Noise", "Steps", "Stretches"]
