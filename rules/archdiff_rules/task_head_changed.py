from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from archdiff.rule import rule
from archdiff_rules._changes import union
from archdiff_rules._report import changed
from archdiff_rules._towers import inside

if TYPE_CHECKING:
    from collections.abc import Iterator

    from archdiff.rule import Comparison, Finding


@rule(impact="breaking", group="Embeddings and heads")
def task_head_changed(comparison: Comparison) -> Iterator[Finding]:
    """The model ends in another kind of head: language model, classifier, masked language model, or none.

    Why it matters:
        The body may be the same to the last weight, and the outputs are of another kind altogether. A new
        head starts from random weights unless the checkpoint holds it, which transformers mentions in a
        warning and no more.

    Example:
        A reward model built from Llama 3 (`LlamaForSequenceClassification`) has a head with one row in
        place of 128,256. Embedding models drop the head: all-MiniLM-L6-v2 is a `BertModel`, without BERT's
        masked-language-model head. ViT has a pooler behind its last layer; ViT-MAE has none.

    What to do:
        Compare the bodies; everything else in this report applies to them. Before a release see that the
        head's weights are in the checkpoint and that `architectures` in the config names the class that was
        trained.
    """
    yield from changed(comparison, {"task_head": "head"}, absent=True)
    same = not comparison.differences("task_head", absent=True)
    for finding in changed(comparison, {"pooler": "pooler"}, absent=True) if same else ():
        changes = union(finding.explains, inside(comparison, "task-head"), inside(comparison, "pooler"))
        yield dataclasses.replace(finding, explains=changes, parameters=sum(c.parameters for c in changes))
