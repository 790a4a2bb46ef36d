"""Units against what the classes compute: each family's own code runs, and says which rows are what."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from transformers.activations import ACT2FN

from archdiff.weights.units import matrix
from tests.archdiff.weights.pairing.tiny import only, parameter, saved, times_read, units_by

FAMILIES = (
    "bert", "bloom", "codegen", "dbrx", "deepseek_v3", "ernie4_5_moe", "falcon", "gemma3", "glm4_moe", "gpt2",
    "gpt_bigcode", "gpt_neox", "gpt_oss", "granitemoe", "granitemoeshared", "jamba", "jetmoe", "kimi_linear", "llama",
    "llama4_text", "llava", "longcat_flash", "mixtral", "modernbert", "mpt", "olmoe", "opt", "persimmon", "phi3",
    "phimoe", "qwen2_moe", "qwen2_vl", "qwen3_moe", "qwen3_next", "solar_open", "whisper",
)  # fmt: skip

GATED = ("gemma3", "glm4", "granitemoeshared", "jamba", "llama", "modernbert", "phi3", "qwen2_moe", "solar_open")
MIXTURES = (
    "dbrx", "deepseek_v3", "ernie4_5_moe", "glm4_moe", "granitemoe", "jamba", "llama4_text", "mixtral", "olmoe",
    "phimoe", "qwen2_moe", "qwen3_moe", "solar_open",
)  # fmt: skip
ATTENDING = (
    "bert", "bloom", "dbrx", "deepseek_v3", "falcon", "glm4_moe", "gpt2", "gpt_neox", "llama", "mpt", "opt",
    "persimmon", "phi3", "qwen2_moe", "codegen", "gpt_bigcode", "solar_open",
)  # fmt: skip


@pytest.mark.parametrize("family", FAMILIES)
def test_each_element_of_a_checkpoint_is_in_exactly_one_unit(family):
    found = saved(family)

    assert found.units.unclaimed == ()
    assert found.units.missing == ()
    assert found.units.notes == ()
    counts = times_read(found.tensors, found.units)
    assert {name: (set(times)) for name, times in counts.items() if set(times) != {1}} == {}


@pytest.mark.parametrize("family", FAMILIES)
def test_units_of_one_tensor_hold_the_values_of_the_parameter(family):
    found = saved(family)
    parts = {}
    for unit in found.units.units:
        parts.setdefault((unit.module, unit.tensor), []).append(matrix(found.tensors, unit))

    assert parts
    for (module, tensor), values in parts.items():
        wanted = getattr(found.model.get_submodule(module), tensor).detach().numpy().astype(np.float32)
        assert np.array_equal(np.sort(np.concatenate([v.ravel() for v in values])), np.sort(wanted.ravel()))


@pytest.mark.parametrize("family", FAMILIES)
def test_a_unit_is_told_by_its_module_and_role(family):
    units = saved(family).units.units
    keys = [(unit.module, unit.tensor, unit.role, unit.expert) for unit in units]

    assert len(set(keys)) == len(keys)


def _seen(found, tokens):
    """Input and output of each module that runs for these tokens."""
    seen = {}

    def note(name):
        def hook(_, args, returned):
            if args and isinstance(args[0], torch.Tensor):
                seen[name] = (args[0].detach(), returned)

        return hook

    hooks = [module.register_forward_hook(note(name)) for name, module in found.model.named_modules()]
    with torch.no_grad():
        found.model(input_ids=torch.tensor([tokens]))
    for hook in hooks:
        hook.remove()
    return seen


def _values(found, unit):
    return torch.from_numpy(matrix(found.tensors, unit)).double()


def _bias(found, unit):
    held = units_by(found.units, module=unit.module, role=f"{unit.role}.bias", expert=unit.expert)
    return _values(found, held[0]) if held else 0


@pytest.mark.parametrize("family", ATTENDING)
def test_value_rows_are_what_one_token_attends_to(family):
    found = saved(family)
    seen = _seen(found, [7])

    for value in units_by(found.units, role="value"):
        output = only(found.units, role="output", stack=value.stack, layer=value.layer)
        received = seen[value.module][0].reshape(-1).double()
        given = seen[output.module][0].reshape(-1).double()
        rows = (_values(found, value) @ received + _bias(found, value)).reshape(value.heads, -1)
        copies = given.numel() // rows.numel()
        wanted = rows.repeat_interleave(copies, 0).reshape(-1)
        if family == "dbrx":
            wanted = wanted.clamp(-8, 8)
        assert torch.allclose(wanted, given, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("family", GATED)
def test_gates_are_what_the_activation_is_applied_to(family):
    found = saved(family)
    seen = _seen(found, [7, 9])
    config = found.config.get_text_config()
    name = getattr(config, "hidden_activation", None) or getattr(config, "hidden_act", None)

    gates = [u for u in found.units.units if u.role == "gate" and u.place in ("mlp", "shared-expert")]
    gates = [gate for gate in gates if gate.module in seen]
    assert gates
    for gate in gates:
        holder = gate.module.rpartition(".")[0]
        up, down = (
            next(u for u in units_by(found.units, role=role, layer=gate.layer) if u.module.startswith(f"{holder}."))
            for role in ("up", "down")
        )
        received = seen[gate.module][0].double()
        wanted = ACT2FN[name](received @ _values(found, gate).T) * (received @ _values(found, up).T)
        assert torch.allclose(wanted, seen[down.module][0].double(), rtol=1e-4, atol=1e-5)


def _mixture(found, module, hidden, expert):
    """What the class computes for one expert alone."""
    experts = found.model.get_submodule(module)
    if type(experts).__name__ == "Llama4TextExperts":
        return experts(hidden.repeat(experts.num_experts, 1))[expert]
    if module.endswith(".mlp") and "dbrx" in found.config.model_type:
        experts, hidden = found.model.get_submodule(module.removesuffix(".mlp")), hidden[None]
    with torch.no_grad():
        return experts(hidden, torch.tensor([[expert]]), torch.ones(1, 1, dtype=torch.float64)).reshape(-1)


@pytest.mark.parametrize("family", MIXTURES)
def test_each_expert_computes_with_its_units(family):
    found = saved(family)
    downs = [unit for unit in found.units.units if unit.place == "expert" and unit.role == "down"]
    generator = torch.Generator().manual_seed(3)

    assert {unit.expert for unit in downs} == set(range(max(unit.expert for unit in downs) + 1))
    for down in downs[:6]:
        gate, up = (only(found.units, module=down.module, role=r, expert=down.expert) for r in ("gate", "up"))
        hidden = torch.randn(1, gate.shape[1], generator=generator, dtype=torch.float64)
        width = ACT2FN["silu"](hidden @ _values(found, gate).T) * (hidden @ _values(found, up).T)
        wanted = (width @ _values(found, down).T).reshape(-1)
        assert torch.allclose(wanted, _mixture(found, down.module, hidden, down.expert), rtol=1e-4, atol=1e-5)


def test_gpt_oss_keeps_gates_and_ups_by_turns():
    found = saved("gpt_oss")
    (module,) = {unit.module for unit in units_by(found.units, role="down", layer=0)}
    experts = found.model.get_submodule(module)
    hidden = torch.randn(1, experts.hidden_size, generator=torch.Generator().manual_seed(3), dtype=torch.float64)

    for expert in range(experts.num_experts):
        parts = {role: only(found.units, module=module, role=role, expert=expert) for role in ("gate", "up", "down")}
        gate, up = (hidden @ _values(found, parts[r]).T + _bias(found, parts[r]) for r in ("gate", "up"))
        gate, up = gate.clamp(max=experts.limit), up.clamp(-experts.limit, experts.limit)
        width = (up + 1) * gate * torch.sigmoid(gate * experts.alpha)
        wanted = width @ _values(found, parts["down"]).T + _bias(found, parts["down"])
        assert torch.allclose(wanted.reshape(-1), _mixture(found, module, hidden, expert), rtol=1e-4, atol=1e-5)


def _by_head(weight, heads):
    return weight.view(heads, 3, -1, weight.shape[-1]).unbind(1)


def _shares(weight, heads, key_value):
    dimension = weight.shape[0] // (heads + 2 * key_value)
    return weight.split([heads * dimension, key_value * dimension, key_value * dimension])


def _of_codegen(weight):
    query, value, key = weight.view(4, -1, weight.shape[-1]).split(weight.shape[0] // 12, dim=1)
    return query, key, value


def _thirds(weight):
    return weight.chunk(3)


PACKED = {
    "bloom": lambda w, attention: _by_head(w, attention.num_heads),
    "codegen": lambda w, _: _of_codegen(w),
    "dbrx": lambda w, _: w.split([32, 16, 16]),
    "falcon": lambda w, attention: _shares(w, attention.num_heads, 1),
    "gpt2": lambda w, _: _thirds(w.T),
    "gpt_neox": lambda w, _: _by_head(w, 4),
    "modernbert": lambda w, _: _thirds(w),
    "mpt": lambda w, _: _thirds(w),
    "persimmon": lambda w, attention: _by_head(w, attention.num_heads),
    "phi3": lambda w, attention: _shares(w, 4, attention.num_key_value_heads),
}
"""Rows of queries, keys and values as the classes' own code takes them."""


@pytest.mark.parametrize("family", PACKED)
def test_packed_rows_are_told_apart(family):
    found = saved(family)
    for query in units_by(found.units, role="query"):
        parts = [query, *(only(found.units, module=query.module, role=role) for role in ("key", "value"))]
        attention = found.model.get_submodule(query.module.rpartition(".")[0])
        wanted = PACKED[family](parameter(found.model, query), attention)
        for unit, rows in zip(parts, wanted, strict=True):
            assert torch.equal(_values(found, unit), rows.reshape(unit.shape).float().double())


def test_latent_values_stand_inside_each_head():
    found = saved("deepseek_v3")
    for value in units_by(found.units, role="value"):
        attention = found.model.get_submodule(value.module.rpartition(".")[0])
        weight = attention.kv_b_proj.weight.detach().view(attention.num_heads, -1, attention.kv_lora_rank)
        wanted = weight[:, attention.qk_nope_head_dim :].reshape(-1, attention.kv_lora_rank)
        assert torch.equal(_values(found, value), wanted.float().double())
        assert value.heads == attention.num_heads


def test_gated_queries_alternate_head_by_head():
    found = saved("qwen3_next")
    queries = units_by(found.units, role="query", place="attention")

    assert queries
    for query in queries:
        gate = only(found.units, module=query.module, role="attention-gate")
        heads = parameter(found.model, query).view(query.heads, 2, -1, query.shape[1])
        assert torch.equal(_values(found, query), heads[:, 0].reshape(query.shape).float().double())
        assert torch.equal(_values(found, gate), heads[:, 1].reshape(query.shape).float().double())
