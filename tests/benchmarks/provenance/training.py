"""Training, on one thread and reproducible; what was trained before is read from a folder of the machine."""

from __future__ import annotations

import contextlib
import dataclasses
import fnmatch
import hashlib
import math
import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import torch
import transformers
from safetensors.torch import load_file, save_file
from torch.nn import functional
from torch.nn.utils import parametrize

from tests.benchmarks.provenance.member import Member, built, member
from tests.benchmarks.provenance.text import text, windows

if TYPE_CHECKING:
    from collections.abc import Iterator

    from transformers import PreTrainedModel

FOLDER = "ARCHDIFF_PROVENANCE"
"""Environment variable that names the folder of trained members; without it, one in the system's temporary folder."""

ADAPTED = ("*.q_proj", "*.v_proj", "*.gate_proj", "*.up_proj", "*.down_proj")
"""Modules that a low-rank adapter changes."""


@dataclasses.dataclass(frozen=True)
class Tuning:
    """How a model is trained on.

    Args:
        text: what on.
        steps: how many batches.
        order: seed of the order of the data.
        rate: highest learning rate; it rises over a tenth of the steps and falls to a tenth of itself.
        frozen: patterns of the parameters that stay as they are.
        rank: of low-rank adapters, which alone are trained and then merged; 0 trains the parameters themselves.
        rows: windows in a batch.
        length: bytes in a window.
    """

    text: str
    steps: int
    order: int = 0
    rate: float = 2e-3
    frozen: tuple[str, ...] = ()
    rank: int = 0
    rows: int = 16
    length: int = 64


def trained(start: Member, tuning: Tuning, teacher: Member | None = None) -> Member:
    """The model after training: next bytes, or what `teacher` predicts where there is one.

    Kept on disk by the digest of everything that decides it.
    """
    path = folder() / f"{_key(start, tuning, teacher)}.safetensors"
    if path.is_file():
        return start.having(load_file(path))
    with _one_thread():
        module = built(start)
        _train(module, tuning, built(teacher).eval() if teacher else None)
    found = member(start.kind, start.settings, module)
    _keep(found, path)
    return found


def loss(model: Member, name: str, rows: int = 64, length: int = 64) -> float:
    """Mean cross-entropy in nats per byte over fixed windows of a text."""
    tokens = next(windows(name, seed=7, steps=1, rows=rows, length=length))
    with torch.no_grad(), _one_thread():
        return float(_loss(built(model).eval(), tokens, None))


def folder() -> Path:
    """Where trained members are kept."""
    named = os.environ.get(FOLDER)
    found = Path(named) if named else Path(tempfile.gettempdir()) / f"archdiff-provenance-{os.getuid()}"
    found.mkdir(parents=True, exist_ok=True)
    return found


def _train(module: PreTrainedModel, tuning: Tuning, teacher: PreTrainedModel | None) -> None:
    if tuning.rank:
        _adapt(module, tuning.rank, tuning.order)
    parameters = _trainable(module, tuning)
    optimizer = torch.optim.AdamW(parameters, lr=tuning.rate, weight_decay=0.01, fused=True)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: _factor(step, tuning.steps))
    for tokens in windows(tuning.text, tuning.order, tuning.steps, tuning.rows, tuning.length):
        _loss(module, tokens, teacher).backward()
        torch.nn.utils.clip_grad_norm_(parameters, 1.0)
        optimizer.step()
        schedule.step()
        optimizer.zero_grad()
    if tuning.rank:
        _merge(module)


def _trainable(module: PreTrainedModel, tuning: Tuning) -> list[torch.nn.Parameter]:
    for name, parameter in module.named_parameters():
        adapter = ".parametrizations.weight.0." in name
        frozen = any(fnmatch.fnmatch(name, pattern) for pattern in tuning.frozen)
        parameter.requires_grad_(adapter if tuning.rank else not frozen)
    return [parameter for parameter in module.parameters() if parameter.requires_grad]


def _factor(step: int, steps: int) -> float:
    rise = max(1, steps // 10)
    return min((step + 1) / rise, 0.1 + 0.9 * (steps - step) / max(1, steps - rise))


def _loss(module: PreTrainedModel, tokens: torch.Tensor, teacher: PreTrainedModel | None) -> torch.Tensor:
    found = module(input_ids=tokens, use_cache=False).logits
    if teacher is None:
        return functional.cross_entropy(found[:, :-1].flatten(0, 1), tokens[:, 1:].flatten())
    with torch.no_grad():
        wanted = teacher(input_ids=tokens, use_cache=False).logits.log_softmax(-1)
    return functional.kl_div(found.log_softmax(-1).flatten(0, 1), wanted.flatten(0, 1), None, None, "batchmean", True)


class _LowRank(torch.nn.Module):
    """`W + B A`, with B zero at the start."""

    def __init__(self, shape: torch.Size, rank: int, generator: torch.Generator) -> None:
        super().__init__()
        self.down = torch.nn.Parameter(torch.randn(rank, shape[1], generator=generator) / math.sqrt(shape[1]))
        self.up = torch.nn.Parameter(torch.zeros(shape[0], rank))

    def forward(self, weight: torch.Tensor) -> torch.Tensor:
        return weight + self.up @ self.down


def _adapt(module: PreTrainedModel, rank: int, seed: int) -> None:
    generator = torch.Generator().manual_seed(seed)
    for name, part in list(module.named_modules()):
        if any(fnmatch.fnmatch(name, pattern) for pattern in ADAPTED):
            parametrize.register_parametrization(part, "weight", _LowRank(part.weight.shape, rank, generator))


def _merge(module: PreTrainedModel) -> None:
    for part in list(module.modules()):
        if parametrize.is_parametrized(part, "weight"):
            parametrize.remove_parametrizations(part, "weight")


@contextlib.contextmanager
def _one_thread() -> Iterator[None]:
    """One thread: the same sums in the same order on every machine of a kind, and no quarrel over cores."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _key(start: Member, tuning: Tuning, teacher: Member | None) -> str:
    content = hashlib.sha256(text(tuning.text).numpy().data).hexdigest()
    versions = (torch.__version__, transformers.__version__)
    parts = (start.digest(), dataclasses.astuple(tuning), teacher.digest() if teacher else "", content, versions)
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:32]


def _keep(model: Member, path: Path) -> None:
    """Write beside and rename: another worker never reads half a member."""
    with tempfile.NamedTemporaryFile(dir=path.parent, suffix=".part", delete=False) as part:
        pass
    state = {name: each.clone() for name, each in model.state.items()}
    save_file(state, part.name)
    Path(part.name).replace(path)
