"""Facts of the model as a whole: sizes, heads, towers, storage."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from archdiff.graph.facts.reading import Reading, weight
from archdiff.graph.schema import ModelGraph, Node, Operator, Value

__all__ = ["main_stack", "read"]

Facts = Iterator[tuple[str, Value]]

_PREDICTION_KEYS = (
    "num_nextn_predict_layers",
    "num_mtp_modules",
    "mtp_num_hidden_layers",
    "num_mtp_layers",
    "mtp_num_layers",
)
_TOWERS = ("vision", "audio")
_HEADS = {
    "ForCausalLM": "language-model", "LMHeadModel": "language-model", "ForConditionalGeneration": "language-model",
    "ForMaskedLM": "masked-language-model", "ForSequenceClassification": "sequence-classifier",
    "ForTokenClassification": "token-classifier", "ForQuestionAnswering": "question-answering",
    "ForPreTraining": "pre-training",
}  # fmt: skip


_LEFT_OUT = ("modules_to_not_convert", "ignore", "exclude_modules", "ignored_layers")


def main_stack(graph: ModelGraph) -> str | None:
    """Id of the layer stack that holds the most parameters outside towers."""
    sizes = {key: sum(map(graph.subtree_parameters, layers[:1])) * len(layers) for key, layers in graph.stacks.items()}
    text = {key: size for key, size in sizes.items() if not any(t in key for t in ("vision", "visual", "audio"))}
    return max(text or sizes, key=lambda key: (sizes[key], key), default=None)


def read(model: Reading, whole: Mapping[str, Any]) -> Facts:
    """Facts of the model.

    Args:
        model: the whole graph, with the config of its language model.
        whole: the whole normalised config.
    """
    embedding, head = model.find("embedding"), model.find("lm-head")
    yield "hidden_size", _hidden(model, embedding)
    table = weight(embedding) if embedding is not None else None
    yield "vocabulary", table.shape[0] if table is not None else None
    stack = main_stack(model.graph)
    yield "layers", len(model.graph.stacks[stack]) if stack is not None else 0
    tied = [tensor for node in (embedding, head) if node is not None for tensor in node.tensors if tensor.tied_to]
    yield "embeddings.tied", bool(tied) if head is not None else None
    yield (
        "embedding.scale",
        _unless(1.0, model.setting("embedding_multiplier", "scale_emb")) or _own_scale(model, embedding),
    )
    yield "embedding.norm", _embedding_norm(model)
    yield "logit.softcap", model.stated("final_logit_softcapping")
    yield "logit.scale", _logit_scale(model, head) or _factor_before_head(model)
    own = (t.name for node in (head, model.graph.nodes[""]) if node is not None for t in node.tensors)
    yield "logit.bias", any(name in ("bias", "logit_bias", "final_logits_bias") for name in own)
    yield "prediction_heads.count", _prediction_heads(model, whole)
    yield "task_head", _task(model.graph.class_name)
    yield "modalities", tuple(name for name in _TOWERS if model.find(f"{name}-tower") is not None)
    yield "projector.kind", _projector(model)
    yield "context_length", model.stated("max_position_embeddings", "n_positions", "max_sequence_length")
    yield from _storage(whole)


def _factor_before_head(model: Reading) -> Value:
    """What the model itself multiplies the last vectors by: T5 scales them where input and output are tied."""
    if any(operator.name == "tanh" for operator in model.own(model.graph.nodes[""])):
        return None  # a soft-cap divides and multiplies
    factors = [o.arguments[0] for o in model.own(model.graph.nodes[""]) if o.name == "mul" and len(o.arguments) == 1]
    numbers = [float(text) for text in factors if text.replace(".", "", 1).isdigit()]
    return _unless(1.0, float(f"{numbers[0]:.6g}")) if len(numbers) == 1 else None


def _embedding_norm(model: Reading) -> bool:
    """Whether a norm outside layers and towers stands with the embeddings, by the names of the two."""
    stacks = tuple(f"{stack}." for stack in model.graph.stacks)
    outside = [n.id.lower() for n in model.all("norm") if not n.id.startswith(stacks)]
    text = (key.split(".") for key in outside if not any(t in key for t in ("vision", "visual", "audio")))
    return any("emb" in name for names in text for name in names[-2:])


def _hidden(model: Reading, embedding: Node | None) -> Value:
    stated = model.stated("hidden_size", "d_model", "n_embd")
    return stated or (embedding.tensors[0].shape[-1] if embedding is not None and embedding.tensors else None)


def _unless(default: float, value: Value) -> Value:
    return value if isinstance(value, int | float) and not isinstance(value, bool) and value != default else None


def _logit_scale(model: Reading, head: Node | None) -> Value:
    """The factor on the logits: what the class does to them behind the head, else the setting.

    Granite divides by the setting, others multiply by it.
    """
    if head is None or not model.traced:
        return _unless(1.0, model.stated("logits_scaling", "logit_scale", "lm_head_multiplier"))
    logits = {head.name}
    for number, operator in enumerate(model.own(model.graph.nodes[head.id.rpartition(".")[0]])):
        if logits.isdisjoint(operator.inputs):
            continue
        if operator.name in ("to_copy", "view", "slice"):
            logits.add(f"#{number}")
        elif operator.name in ("mul", "div") and len(operator.inputs) == len(operator.arguments) == 1:
            factor = float(operator.arguments[0])
            factor = factor if operator.name == "mul" else 1 / factor
            return None if _is_softcap(model, operator) else _unless(1.0, float(f"{factor:.6g}"))
    return None


def _is_softcap(model: Reading, operator: Operator) -> bool:
    """Whether the operator divides by the soft-cap, which multiplies again behind a tanh."""
    cap = model.stated("final_logit_softcapping")
    return isinstance(cap, int | float) and operator.name == "div" and float(operator.arguments[0]) == cap


def _own_scale(model: Reading, embedding: Node | None) -> Value:
    """A scalar that multiplies what comes out of the embedding, in the embedding itself."""
    products = [o for o in model.own(embedding) if o.name == "mul"]
    stated = model.setting("scalar_embed_scale", "embed_scale", node=embedding) if embedding is not None else None
    if products:
        return float(f"{stated:.6g}") if isinstance(stated, float) else "learned or computed"
    return None


def _prediction_heads(model: Reading, whole: Mapping[str, Any]) -> int:
    """Declared by the config, whether or not the class builds them, else counted in the graph."""
    declared = model.count(*_PREDICTION_KEYS) or next(
        (whole[k] for k in _PREDICTION_KEYS if isinstance(whole.get(k), int)), 0
    )
    return declared or len({node.id.partition(".mtp")[0] for node in model.all("mtp") if node.tensors})


def _task(class_name: str) -> str:
    return next((task for ending, task in _HEADS.items() if class_name.endswith(ending)), "none")


def _projector(model: Reading) -> Value:
    node = model.find("projector")
    if node is None:
        return None
    shapes = [f"{t.name} {'×'.join(map(str, t.shape))}" for n in model.below(node).modules for t in n.tensors]
    return (node.class_name, *shapes)


def _anywhere(whole: Mapping[str, Any], key: str) -> Any:
    """The config's value, else that of the first nested config that states one."""
    nested = (value.get(key) for value in whole.values() if isinstance(value, Mapping))
    return whole.get(key) or next((value for value in nested if value), None)


def _storage(whole: Mapping[str, Any]) -> Facts:
    declared = _anywhere(whole, "dtype")
    yield "dtype", str(declared).removeprefix("torch.") if declared else None
    found = _anywhere(whole, "quantization_config")
    settings = found if isinstance(found, Mapping) else {}
    yield "quantization.method", _method(settings)
    left_out = next((settings[key] for key in _LEFT_OUT if settings.get(key)), ())
    yield "quantization.excluded", tuple(sorted(map(str, left_out)))
    hidden = {"quant_method", "_load_in_4bit", "_load_in_8bit", *_LEFT_OUT}
    yield (
        "quantization.detail",
        tuple(f"{key}={_text(settings[key])}" for key in sorted(settings.keys() - hidden)),
    )


def _method(settings: Mapping[str, Any]) -> str | None:
    method = settings.get("quant_algo") or settings.get("quant_method")
    return str(method).lower() if method else None


def _text(value: Any) -> str:
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{key}: {_text(value[key])}" for key in sorted(value)) + "}"
    return "[" + ", ".join(map(_text, value)) + "]" if isinstance(value, list | tuple) else str(value)
