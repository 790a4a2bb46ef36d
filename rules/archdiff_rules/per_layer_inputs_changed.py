from __future__ import annotations

from typing import TYPE_CHECKING

from archdiff.rule import rule
from archdiff_rules._report import changed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from archdiff.rule import Comparison, Finding


@rule(impact="breaking", group="Embeddings and heads")
def per_layer_inputs_changed(comparison: Comparison) -> Iterator[Finding]:
    """Each token has an embedding for every layer, of another width, or no longer.

    Why it matters:
        A second table gives each layer a small vector of its own for each token, gated into the residual
        stream. The table is large (a row for each token, a slice for each layer) but is only looked up, so
        that it can stay outside the accelerator's memory: parameter counts with and without it differ
        by billions.

    Example:
        Gemma 3n E2B and E4B hold more than two billion parameters in such tables (256 values for each token
        and layer). Gemma 4 keeps them in its small models only.

    What to do:
        State parameter counts with and without the table. See that the inference engine loads it: without it
        the model still runs, and is much worse.
    """
    names = {
        "per_layer_input.width": "width of each layer's own input",
        "per_layer_input.columns": "columns of the table of each layer's own inputs",
    }
    return changed(comparison, names, absent=True)
