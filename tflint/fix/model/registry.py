"""The repairs of models there are, in the order in which they run."""

from __future__ import annotations

import functools
import importlib

from tflint.fix.model.model_fix import ModelFix

# Modules of this package, named for their rules. First alignment, which whatever is written has,
# and whose bytes must not be put down to others. Then what makes a model readable and its shapes
# known, then what makes constants known, then operators that go, then those that merge, then what
# works on integers, then the order that is left, then what the file holds besides.
ORDER: tuple[str, ...] = (
    "unaligned_buffer",
    "legacy_opcode",
    "bad_quantization",
    "hostile_names",
    "dynamic_dimension",
    "select_op",
    "shape_chain",
    "non_constant_argument",
    "foldable_constant",
    "identity_op",
    "redundant_transpose",
    "redundant_reshape",
    "mergeable_pools",
    "foldable_pad",
    "unfused_affine",
    "unfusable_batchnorm",
    "unfused_activation",
    "uint8_model",
    "softmax_tail",
    "quantize_islands",
    "scale_mismatch",
    "float_io",
    "dead_channels",
    "constant_in_ram",
    "plan_above_bound",
    "duplicate_buffer",
    "unused_entry",
    "long_names",
    "missing_signature",
)


@functools.cache
def model_fixes() -> tuple[ModelFix, ...]:
    """Every repair of models, in order."""
    found = []
    for name in ORDER:
        fix = importlib.import_module(f"tflint.fix.model.{name}").FIX
        if not isinstance(fix, ModelFix):
            raise RuntimeError(f"{name} holds no repair")
        found.append(fix)
    return tuple(found)
