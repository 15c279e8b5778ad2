"""Repairs that work on integers take any graph, in time in proportion to it."""

from __future__ import annotations

import pytest

from tests.cpu_time import assert_linear
from tests.fix.model.odd_graphs import odd_graph
from tests.fix.model.passes import fix_for, turn
from tests.random_networks import random_network
from tests.rules.findings import findings
from tflint.fix.model.model_fix import RewriteContext
from tflint.model.builder import ModelBuilder
from tflint.model.graph_builder import per_tensor
from tflint.model.schema import AddOptions, TensorType
from tflint.model.tables import Model
from tflint.target.target import find_target

CODES = ("TFL402", "TFL107", "TFL404", "TFL309")
NAMES = (
    *["QUANTIZE", "DEQUANTIZE"] * 6,
    *["SOFTMAX", "ARG_MAX", "RESHAPE", "SQUEEZE", "EXPAND_DIMS", "CONCATENATION"] * 2,
    *["ADD", "MUL", "RELU", "TANH", "LOGISTIC", "PRELU", "LEAKY_RELU", "EXP", "SPLIT", "MEAN"],
    *["CONV_2D", "FULLY_CONNECTED", "TRANSPOSE_CONV", "PADV2", "MAX_POOL_2D", "Custom", "WHILE"],
)


@pytest.mark.parametrize("code", CODES)
def test_no_graph_is_too_odd(code: str) -> None:
    done = 0
    for seed in range(120):
        done += turn(code, odd_graph(seed, NAMES), unsafe=True) is not None
    assert done or code in ("TFL309", "TFL404")


@pytest.mark.parametrize("code", CODES)
def test_networks_that_are_wrong_on_purpose(code: str) -> None:
    for seed in range(120):
        model = random_network(seed)
        rewrite = turn(code, model, unsafe=True)
        offered = [finding for finding in findings(code, model) if finding.fix is not None]
        assert (rewrite is not None) == bool(offered)


def _chain(length: int, type: TensorType) -> Model:
    """Islands one behind the other, or layers that compute in uint8."""
    model = ModelBuilder()
    x = model.input((1, 4), type, per_tensor(0.05, 128 if type is TensorType.UINT8 else 0))
    for step in range(length):
        if type is TensorType.UINT8:
            x = model.unary("RELU", x)
            continue
        wide = model.tensor((1, 4))
        model.operator("DEQUANTIZE", [x], [wide])
        y = model.tensor((1, 4))
        model.operator("ADD", [wide, model.unary("TANH", wide)], [y], AddOptions())
        x = model.tensor((1, 4), type, per_tensor(0.05 + 0.01 * (step % 2)))
        model.operator("QUANTIZE", [y], [x])
    model.output(x)
    return model.build()


@pytest.mark.parametrize(
    ("code", "type"), [("TFL402", TensorType.INT8), ("TFL404", TensorType.UINT8)]
)
def test_long_chains_take_time_in_proportion(code: str, type: TensorType) -> None:
    fix = fix_for(code)

    def work(model: Model) -> None:
        assert fix.rewrite(RewriteContext(model, find_target("tflm"), unsafe=True)) is not None

    assert_linear(work, lambda size: _chain(size, type), 3000)
