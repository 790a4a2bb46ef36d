"""What each scheme stores for a weight of (rows, columns), as its own code writes it: names, types and shapes."""

from __future__ import annotations


def fp8_blocks(name, rows, columns):
    """DeepSeek, Qwen, MiniMax, Kimi: 128 × 128."""
    return {name: ("F8_E4M3", (rows, columns)), f"{name}_scale_inv": ("F32", (-(-rows // 128), -(-columns // 128)))}


def fp8_modelopt(name, rows, columns):
    module = name.removesuffix(".weight")
    scales = {f"{name}_scale": ("F32", ()), f"{module}.input_scale": ("F32", ())}
    if module.endswith(("k_proj", "v_proj")):
        scales[f"{module}.{module[-6]}_scale"] = ("F32", ())
    return {name: ("F8_E4M3", (rows, columns)), **scales}


def fp8_channels(name, rows, columns):
    """compressed-tensors, dynamic activations."""
    return {name: ("F8_E4M3", (rows, columns)), f"{name}_scale": ("BF16", (rows, 1))}


def fp8_tensor(name, rows, columns):
    """compressed-tensors, static activations."""
    module = name.removesuffix(".weight")
    scales = {f"{name}_scale": ("BF16", (1,)), f"{module}.input_scale": ("BF16", (1,))}
    return {name: ("F8_E4M3", (rows, columns)), **scales}


def fp8_fbgemm(name, rows, columns):
    module = name.removesuffix(".weight")
    scales = {f"{name}_scale": ("F32", (rows, 1)), f"{module}.input_scale_ub": ("F32", (1,))}
    return {name: ("F8_E4M3", (rows, columns)), **scales}


def int8_channels(name, rows, columns):
    return {name: ("I8", (rows, columns)), f"{name}_scale": ("BF16", (rows, 1))}


def nvfp4_modelopt(name, rows, columns):
    module = name.removesuffix(".weight")
    return {
        name: ("U8", (rows, columns // 2)),
        f"{name}_scale": ("F8_E4M3", (rows, columns // 16)),
        f"{name}_scale_2": ("F32", ()),
        f"{module}.input_scale": ("F32", ()),
    }


def nvfp4_compressed(name, rows, columns):
    module = name.removesuffix(".weight")
    return {
        f"{name}_packed": ("U8", (rows, columns // 2)),
        f"{name}_scale": ("F8_E4M3", (rows, columns // 16)),
        f"{name}_global_scale": ("F32", (1,)),
        f"{module}.input_global_scale": ("F32", (1,)),
    }


def int4_compressed(name, rows, columns, bits=4, group=32):
    """Kimi K2 Thinking's experts; 8 bits are packed in the same way."""
    return {
        f"{name}_packed": ("I32", (rows, columns * bits // 32)),
        f"{name}_scale": ("BF16", (rows, columns // group)),
        f"{name}_shape": ("I64", (2,)),
    }


def int8_compressed(name, rows, columns):
    return int4_compressed(name, rows, columns, bits=8)


def gptq(name, rows, columns, bits=4, group=32):
    module = name.removesuffix(".weight")
    return {
        f"{module}.qweight": ("I32", (columns * bits // 32, rows)),
        f"{module}.qzeros": ("I32", (columns // group, rows * bits // 32)),
        f"{module}.scales": ("F16", (columns // group, rows)),
        f"{module}.g_idx": ("I32", (columns,)),
    }


def gptq_8(name, rows, columns):
    return gptq(name, rows, columns, bits=8)


def gptq_3(name, rows, columns):
    return gptq(name, rows, columns, bits=3)


def awq(name, rows, columns, group=32):
    module = name.removesuffix(".weight")
    return {
        f"{module}.qweight": ("I32", (columns, rows // 8)),
        f"{module}.qzeros": ("I32", (columns // group, rows // 8)),
        f"{module}.scales": ("F16", (columns // group, rows)),
    }


def bitsandbytes_4(name, rows, columns):
    """With nested scales, as `bnb_4bit_use_double_quant` stores them."""
    return {
        name: ("U8", (rows * columns // 2, 1)),
        f"{name}.absmax": ("U8", (rows * columns // 64,)),
        f"{name}.quant_map": ("F32", (16,)),
        f"{name}.nested_absmax": ("F32", (-(-rows * columns // 64 // 256),)),
        f"{name}.nested_quant_map": ("F32", (256,)),
        f"{name}.quant_state.bitsandbytes__nf4": ("U8", (120,)),
    }


def bitsandbytes_8(name, rows, columns):
    module = name.removesuffix(".weight")
    return {
        name: ("I8", (rows, columns)), f"{module}.SCB": ("F32", (rows,)), f"{module}.weight_format": ("U8", ()),
    }  # fmt: skip


def mxfp4(name, experts, columns, rows):
    """gpt-oss: of a tensor (experts, columns, rows)."""
    return {
        f"{name}_blocks": ("U8", (experts, rows, columns // 32, 16)),
        f"{name}_scales": ("U8", (experts, rows, columns // 32)),
    }


LINEAR = {
    "fp8-blocks": (fp8_blocks, "fp8", {"quant_method": "fp8", "weight_block_size": [128, 128]}),
    "fp8-modelopt": (fp8_modelopt, "fp8", {"quant_method": "modelopt", "quant_algo": "FP8"}),
    "fp8-channels": (fp8_channels, "compressed-tensors", {"quant_method": "compressed-tensors"}),
    "fp8-tensor": (fp8_tensor, "compressed-tensors", {"quant_method": "compressed-tensors"}),
    "fp8-fbgemm": (fp8_fbgemm, "fbgemm_fp8", {"quant_method": "fbgemm_fp8"}),
    "int8-channels": (int8_channels, "compressed-tensors", {"quant_method": "compressed-tensors"}),
    "nvfp4-modelopt": (nvfp4_modelopt, "nvfp4", {"quant_method": "modelopt", "quant_algo": "NVFP4"}),
    "nvfp4-compressed": (nvfp4_compressed, "compressed-tensors", {"quant_method": "compressed-tensors"}),
    "int4-compressed": (
        int4_compressed,
        "compressed-tensors",
        {
            "quant_method": "compressed-tensors",
            "config_groups": {"group_0": {"weights": {"num_bits": 4, "group_size": 32}}},
        },
    ),
    "int8-compressed": (
        int8_compressed,
        "compressed-tensors",
        {
            "quant_method": "compressed-tensors",
            "config_groups": {"group_0": {"weights": {"num_bits": 8, "group_size": 32}}},
        },
    ),
    "gptq": (gptq, "gptq", {"quant_method": "gptq", "bits": 4, "group_size": 32}),
    "gptq-8": (gptq_8, "gptq", {"quant_method": "gptq", "bits": 8, "group_size": 32}),
    "gptq-3": (gptq_3, "gptq", {"quant_method": "gptq", "bits": 3, "group_size": 32}),
    "awq": (awq, "awq", {"quant_method": "awq", "bits": 4, "group_size": 32, "version": "gemm"}),
    "bitsandbytes-4": (bitsandbytes_4, "bitsandbytes", {"quant_method": "bitsandbytes", "load_in_4bit": True}),
    "bitsandbytes-8": (bitsandbytes_8, "bitsandbytes", {"quant_method": "bitsandbytes", "load_in_8bit": True}),
}
"""What writes a weight, the method that it is, and what the config says of it."""
KEPT = ("embed", "lm_head", "router", "gate.weight", "norm")


def quantized(tensors, scheme):
    """Tensors given as name: (dtype, shape), with the weights of linear layers stored as the scheme does."""
    writer, *_ = LINEAR[scheme]
    done = {}
    for name, (dtype, shape) in tensors.items():
        linear = name.endswith(".weight") and len(shape) == 2 and not any(kept in name for kept in KEPT)
        done |= writer(name, *shape) if linear else {name: (dtype, shape)}
    return done
