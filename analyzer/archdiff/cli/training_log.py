"""`archdiff training-log RUN`: what the log of a training run says of its beginning."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from archdiff import api
from archdiff.cli import output
from archdiff.cli.options import common, is_quiet, no_cache, report_formats
from archdiff.cli.progress import doing

if TYPE_CHECKING:
    from archdiff.evidence.training_log.expectation import Objective

__all__ = ["command"]


@click.command("training-log")
@click.argument("run", metavar="RUN")
@click.option("--vocab-size", type=click.IntRange(2, 2**31), metavar="N", help="Tokens the model chooses from.")
@click.option("--model", metavar="REF", help="The model whose log it is: its vocabulary, its loss before training.")
@click.option(
    "--objective",
    type=click.Choice(["causal", "classification", "other"]),
    help="What the loss is of, where neither the log nor the model tells.",
)
@click.option("--loss-column", metavar="NAME", help="Name of the training loss in the log.")
@click.option("--step-column", metavar="NAME", help="Name of the step in the log.")
@click.option(
    "--pattern", metavar="REGEX", help=r"How a line of a text log reads: 'it (?P<step>\d+) .* loss (?P<loss>\S+)'."
)
@click.option(
    "--tokens-per-step", type=click.IntRange(1, 2**40), metavar="N", help="Tokens of all sequences of a step."
)
@report_formats("training-log")
@no_cache
@common
def command(
    run: str,
    vocab_size: int | None,
    model: str | None,
    objective: Objective | None,
    loss_column: str | None,
    step_column: str | None,
    pattern: str | None,
    tokens_per_step: int | None,
    form: str,
    outputs: tuple[str, ...],
    no_cache: bool,
) -> int:
    """Tell what the log of a training run is consistent with: a run from scratch, a warm start, a resumed run.

    RUN is a log or the directory of a run: W&B (a run, a .wandb file, a CSV or parquet export), TensorBoard events,
    a trainer_state.json, JSON lines, or text. It is read once, as a stream; a log of any size takes little memory.
    """
    from archdiff.evidence.training_log.expectation import Columns

    files = output.targets(outputs, (run,), "training-log")
    output.check_stdout(form)
    with doing(f"reading {run}"):
        entry = api.training_log(
            run,
            vocab_size=vocab_size,
            model=model,
            objective=objective,
            columns=Columns(loss_column, step_column, pattern),
            tokens_per_step=tokens_per_step,
            cached=not no_cache,
        )
    output.deliver(entry, None if is_quiet() else form, files)
    return 0
