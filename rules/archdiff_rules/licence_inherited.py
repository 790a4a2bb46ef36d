from __future__ import annotations

from typing import TYPE_CHECKING

from archdiff.rule import Finding, Place, grants_more, licence, rule
from archdiff_rules._lineage import claims

if TYPE_CHECKING:
    from collections.abc import Iterator

    from archdiff.rule import Comparison


@rule(impact="cosmetic", group="Storage, naming, lineage")
def licence_inherited(comparison: Comparison) -> Iterator[Finding]:
    """The licence of a declared base model may not allow what the licence of the derived model grants.

    Why it matters:
        Who publishes a model made from another model's weights publishes a work under both licences. A
        permissive licence on a derivative cannot take away what the base's licence asks for: a name, a
        notice, restricted uses, no commercial use. Users who read only the derived model's licence would
        break the other in good faith.
        Only what model cards declare is read, and a table of well-known licences; it is a hint and not legal
        advice.

    Example:
        A fine-tune of Llama-3.1-8B that declares MIT: the Llama 3.1 Community License asks for its agreement
        to be passed on, “Built with Llama”, and a name that begins with Llama.

    What to do:
        Have a person read both licences. Either NEW's licence or the declared base needs correcting, or the
        base's owner has granted more than the public licence does: then say so in the model card.
    """
    for claim in claims(comparison):
        base, derived = (licence(graph.source.get("licence")) for graph in (claim.base, claim.derived))
        inherits = claim.relation != "same-architecture"
        if inherits and base is not None and derived is not None and grants_more(derived, base):
            licences = (str(comparison.old.source["licence"]), str(comparison.new.source["licence"]))
            yield Finding(
                message=(
                    f"{claim.derived.name} declares {claim.derived.source['licence']}, and as its base "
                    f"{claim.base.name} under {claim.base.source['licence']}, which {base.asks}: "
                    f"to be read by a person"
                ),
                old=Place(""),
                new=Place(""),
                facts={"licence": licences, **claim.facts("lineage", claim.relation)},
                impact="cosmetic",
            )
