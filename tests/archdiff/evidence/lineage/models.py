"""Directories of models that declare something, written by the tests."""

from __future__ import annotations

import json

CONFIG = {"model_type": "llama", "architectures": ["LlamaForCausalLM"], "hidden_size": 64, "num_hidden_layers": 2}


def card(base=(), relation=None, licence=None):
    """A model card with front matter."""
    bases = [base] if isinstance(base, str) else list(base)
    front = [f"license: {licence}"] if licence else []
    front += [f"base_model: [{', '.join(bases)}]"] if bases else []
    front += [f"base_model_relation: {relation}"] if relation else []
    return "\n".join(["---", *front, "---", "A model.", ""])


def model(folder, base=(), relation=None, licence=None, config=None, adapter=None, **more):
    """A directory with a config (False for none) or an adapter config, and a card where anything is declared in it."""
    folder.mkdir(parents=True)
    if config is not False:
        (folder / "config.json").write_text(json.dumps({**CONFIG, **(config or {}), **more}))
    if adapter is not None:
        (folder / "adapter_config.json").write_text(json.dumps(adapter))
    if base or relation or licence:
        (folder / "README.md").write_text(card(base, relation, licence))
    return folder
