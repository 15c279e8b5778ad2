"""All operators of TensorFlow that are known, by name."""

from __future__ import annotations

from tflint.fix.proof.tensorflow import dense, elementwise, movement, spatial
from tflint.fix.proof.tensorflow.kernel import KERNELS

__all__ = ["KERNELS", "dense", "elementwise", "movement", "spatial"]
