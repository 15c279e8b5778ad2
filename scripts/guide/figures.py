"""What a model's file tells of it, as the guide states it; without TensorFlow."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

from tflint.bench.inventory import weights_of
from tflint.bench.quantization import quantization_of
from tflint.config.load import load_settings
from tflint.lint.context import LintedModel
from tflint.lint.runnable import refusal
from tflint.lint.runner import check_model
from tflint.model.reader import parse_model

# TFLM's reference kernels on a core without a budget.
TARGET = "cortex-m4"


def figures(data: bytes) -> dict[str, Any]:
    """Sizes in bytes, multiply-accumulates, operators in their order, codes of findings.

    `arena` is the smallest that works, `persistent` its part that operators and tensors keep;
    `flash` is the file and an estimate of the runtime's code; `refusal` says why TFLM does not
    take it.
    """
    model = parse_model(data)
    settings = load_settings({"target": TARGET}, isolated=True)
    context = LintedModel(settings.target, model)
    use = context.memory
    assert use is not None
    checked = check_model(
        model, settings.plan(Path("network.tflite")).rules, settings.target, "network"
    )
    return {
        "form": quantization_of(context.graphs).name,
        "file": len(data),
        "weights": weights_of(context).bytes,
        "macs": context.macs,
        "arena": use.arena.min_arena_bytes,
        "persistent": use.arena.persistent_bytes,
        "flash": use.flash_bytes,
        "operators": [node.name for graph in context.graphs for node in graph.nodes],
        "largest": max(
            (buffer.reserved for buffer in use.arena.buffers if buffer.value is not None), default=0
        ),
        "refusal": refusal(context),
        "findings": dict(Counter(finding.code for finding in checked.findings)),
    }
