"""Figures of one model, against sums made by hand and figures that were published."""

from __future__ import annotations

import pytest

from archdiff.report import figures
from archdiff.report.portrait import portray
from tests.archdiff.making import graph, layer, part

ROUTED = {"experts.count": 8, "experts.per_token": 2}
DENSE = {"attention.key_value_heads": 8, "attention.head_dimension": 128}
LATENT = {"latent.key_value_rank": 512, "latent.rotary_dimension": 64}


def test_a_dense_model_uses_all_its_parameters():
    assert figures.active_parameters(graph(nodes=layer(0))) == 10


def test_experts_that_a_token_is_not_sent_to_are_idle():
    model = graph(nodes=[*layer(0), *layer(1, ROUTED, experts=800)])
    assert model.parameters == 820
    assert figures.active_parameters(model) == 820 - 800 * 6 // 8


@pytest.mark.parametrize("facts", [{}, {"experts.count": 8}, {"experts.count": 8, "experts.per_token": None}])
def test_experts_without_counts_leave_it_unknown(facts):
    assert figures.active_parameters(graph(nodes=layer(0, facts, experts=800))) is None


def test_parameters_by_role():
    embedding = part("embed", "embedding", 99)
    inner = part("layers.0.attention.query", "query", 5)
    model = graph(nodes=[embedding, *layer(0, ROUTED, experts=800), inner, part("odd", "", 3)])
    assert figures.by_role(model) == {"expert": 800, "embedding": 99, "attention": 15, "model": 3}
    assert sum(figures.by_role(model).values()) == model.parameters


def test_the_cache_of_grouped_query_attention():
    model = graph(nodes=[node for number in range(32) for node in layer(number, DENSE)])
    # Llama 3 8B: 2 x 8 heads x 128 x 32 layers x 2 bytes.
    assert figures.cache(model) == figures.Cache(131_072, 131_072, None, 32)


def test_the_cache_of_latent_attention():
    model = graph(nodes=[node for number in range(61) for node in layer(number, {**DENSE, **LATENT})])
    # DeepSeek-V3: (512 + 64) x 61 layers x 2 bytes; published as 70 KB.
    assert figures.cache(model).bytes_per_token == 70_272


def test_windows_bound_the_cache():
    windowed = {**DENSE, "attention.window": 128}
    model = graph(nodes=[*layer(0, DENSE), *layer(1, windowed)])
    assert figures.cache(model) == figures.Cache(8192, 4096, 128, 2)


def test_layers_that_share_keys_keep_none():
    model = graph(nodes=[*layer(0, DENSE), *layer(1, {**DENSE, "attention.key_value_sharing": True})])
    assert figures.cache(model).layers == 1


def test_another_width_of_values():
    assert figures.cache(graph(nodes=layer(0, {**DENSE, "attention.value_head_dimension": 64}))) == figures.Cache(
        2 * 8 * (128 + 64), 2 * 8 * (128 + 64), None, 1
    )


def test_state_space_layers_keep_nothing_of_each_token():
    model = graph(nodes=layer(0, {"mixer.kind": "state-space"}))
    assert figures.cache(model) is None
    assert portray(model).cache is None


def test_a_portrait_holds_the_figures():
    portrait = portray(graph(nodes=[*layer(0, {**DENSE, **ROUTED}, experts=800)], not_checked=["function"]))
    assert portrait.model.active_parameters == 10 + 200
    assert [(entry.role, entry.parameters) for entry in portrait.roles] == [("expert", 800), ("attention", 10)]
    assert portrait.cache.bytes_per_token == 4096
    assert portrait.not_checked == ("function",)
