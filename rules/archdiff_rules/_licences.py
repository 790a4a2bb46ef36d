"""What well-known licences ask of models that are made from a licensed one: a table, not legal advice."""

from __future__ import annotations

import dataclasses
import re
from types import MappingProxyType
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["LICENCES", "Licence", "conflicts", "find"]

Terms = Literal["permissive", "conditional", "share-alike", "non-commercial"]


@dataclasses.dataclass(frozen=True, slots=True)
class Licence:
    """One row of the table.

    Args:
        ids: spellings in model cards and in the catalogue, in lower case with dashes.
        terms: `permissive` asks for notices at most; `conditional` binds a derived model to conditions;
            `share-alike` wants the same licence on it; `non-commercial` forbids commercial use.
        asks: what it asks of a derived model, to follow "which".
        source: where the text is published.
    """

    ids: tuple[str, ...]
    terms: Terms
    asks: str
    source: str


_LLAMA = "asks derived models to carry its agreement, “Built with Llama”, and a name that begins with Llama"
_USES = "restricts uses and asks derived models to pass the restrictions on"
_CC_NC = "forbids commercial use"
_CC_SA = "asks for the same licence on what is adapted"

LICENCES: tuple[Licence, ...] = (
    Licence(("apache-2-0",), "permissive", "asks for notices", "https://www.apache.org/licenses/LICENSE-2.0"),
    Licence(("mit",), "permissive", "asks for its notice", "https://opensource.org/license/mit"),
    Licence(
        ("bsd-3-clause", "bsd-2-clause", "bsd"),
        "permissive",
        "asks for its notice",
        "https://opensource.org/license/bsd-3-clause",
    ),
    Licence(
        ("cc0-1-0", "unlicense"),
        "permissive",
        "asks for nothing",
        "https://creativecommons.org/publicdomain/zero/1.0/",
    ),
    Licence(("cc-by-4-0",), "permissive", "asks for attribution", "https://creativecommons.org/licenses/by/4.0/"),
    Licence(
        ("llama2", "llama-2-community-license"),
        "conditional",
        "asks derived models to carry its agreement, and a licence of its own above 700 million users",
        "https://ai.meta.com/llama/license/",
    ),
    Licence(
        ("llama3", "llama-3-community-license"),
        "conditional",
        _LLAMA,
        "https://www.llama.com/llama3/license/",
    ),
    Licence(
        ("llama3-1", "llama-3-1-community-license"),
        "conditional",
        _LLAMA,
        "https://www.llama.com/llama3_1/license/",
    ),
    Licence(
        ("llama3-2", "llama-3-2-community-license"),
        "conditional",
        _LLAMA,
        "https://www.llama.com/llama3_2/license/",
    ),
    Licence(
        ("llama3-3", "llama-3-3-community-license"),
        "conditional",
        _LLAMA,
        "https://www.llama.com/llama3_3/license/",
    ),
    Licence(
        ("llama4", "llama-4-community-license"),
        "conditional",
        _LLAMA,
        "https://www.llama.com/llama4/license/",
    ),
    Licence(("gemma", "gemma-terms-of-use"), "conditional", _USES, "https://ai.google.dev/gemma/terms"),
    Licence(
        ("deepseek", "deepseek-model-license", "deepseek-license"),
        "conditional",
        _USES,
        "https://github.com/deepseek-ai/DeepSeek-V3/blob/main/LICENSE-MODEL",
    ),
    Licence(
        ("bigscience-bloom-rail-1-0", "bloom-rail-1-0"),
        "conditional",
        _USES,
        "https://huggingface.co/spaces/bigscience/license",
    ),
    Licence(
        ("bigcode-openrail-m", "openrail", "openrail-m", "creativeml-openrail-m", "openrail++"),
        "conditional",
        _USES,
        "https://www.licenses.ai/ai-licenses",
    ),
    Licence(
        ("qwen", "qwen-license", "tongyi-qianwen"),
        "conditional",
        "asks for a licence of its own above 100 million users",
        "https://huggingface.co/Qwen/Qwen2.5-72B-Instruct/blob/main/LICENSE",
    ),
    Licence(
        ("upstage-solar-license",),
        "conditional",
        "asks derived models to show the Solar brand",
        "https://huggingface.co/upstage/Solar-Open-100B/blob/main/LICENSE",
    ),
    Licence(
        ("modified-mit", "modified-mit-license"),
        "conditional",
        "asks large products, also those with derived models, to show its name",
        "https://huggingface.co/moonshotai/Kimi-K2-Instruct/blob/main/LICENSE",
    ),
    Licence(
        ("jamba-open-model-license",),
        "conditional",
        "asks for a licence of its own above a yearly revenue",
        "https://www.ai21.com/jamba-open-model-license/",
    ),
    Licence(("cc-by-sa-4-0",), "share-alike", _CC_SA, "https://creativecommons.org/licenses/by-sa/4.0/"),
    Licence(
        ("gpl-3-0", "agpl-3-0"),
        "share-alike",
        "asks for the same licence on derived works",
        "https://www.gnu.org/licenses/gpl-3.0.html",
    ),
    Licence(("cc-by-nc-4-0",), "non-commercial", _CC_NC, "https://creativecommons.org/licenses/by-nc/4.0/"),
    Licence(("cc-by-nc-sa-4-0",), "non-commercial", _CC_NC, "https://creativecommons.org/licenses/by-nc-sa/4.0/"),
    Licence(
        ("cc-by-nc-nd-4-0",),
        "non-commercial",
        "forbids commercial use and sharing what is adapted",
        "https://creativecommons.org/licenses/by-nc-nd/4.0/",
    ),
    Licence(
        ("exaone", "exaone-ai-model-license-agreement-1-2-nc", "exaone-ai-model-license-agreement-1-1-nc"),
        "non-commercial",
        _CC_NC,
        "https://huggingface.co/LGAI-EXAONE/EXAONE-4.0-32B/blob/main/LICENSE",
    ),
    Licence(
        ("mrl", "mistral-ai-research-licence", "mistral-research-license"),
        "non-commercial",
        "allows research only",
        "https://mistral.ai/licenses/MRL-0.1.md",
    ),
    Licence(
        ("nvidia-internal-scientific-research-and-development-model-license",),
        "non-commercial",
        "allows internal research and development only",
        "https://huggingface.co/nvidia/Nemotron-H-56B-Base-8K",
    ),
)

_BY_ID: Mapping[str, Licence] = MappingProxyType({name: row for row in LICENCES for name in row.ids})


def find(name: object) -> Licence | None:
    """The row of a licence by any of its spellings; None for one that the table does not have."""
    if not isinstance(name, str):
        return None
    plain = re.sub(r"[^a-z0-9+]+", "-", name.lower()).strip("-")
    return _BY_ID.get(plain)


def conflicts(base: Licence, derived: Licence) -> bool:
    """Whether a derived model's licence grants what the licence of its base forbids or conditions."""
    if base is derived or base.terms == "permissive":
        return False
    return derived.terms == "permissive" or (
        base.terms in ("share-alike", "non-commercial") and derived.terms != base.terms
    )
