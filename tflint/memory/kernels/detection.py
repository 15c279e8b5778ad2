"""The custom operator TFLite_Detection_PostProcess.

Source: detection_postprocess.cc in tensorflow/lite/micro/kernels.
"""

from __future__ import annotations

from tflint.memory.abi import Struct
from tflint.memory.kernels.custom_options import fields, integer
from tflint.memory.kernels.plain import look_at
from tflint.memory.requests import Kernel, Requests

# Three counts, two thresholds, classes, a flag, four scales, eleven scratch buffers; scale and
# zero point of three inputs.
DETECTION_DATA = Struct(
    "i32*3", "f32*2", "i32", "bool", "f32*4", "i32*11", *[Struct("f32", "i32")] * 3
)


def detection_postprocess(ask: Requests) -> None:
    """Inputs: boxes (1, boxes, 4 or more), scores (1, boxes, classes), anchors (boxes, 4)."""
    ask.init(DETECTION_DATA)
    look_at(ask, (0, 1, 2))
    encodings, scores = ask.input(0), ask.input(1)
    if encodings is None or scores is None or min(len(encodings.shape), len(scores.shape)) < 3:
        return
    options = fields(ask)
    if options is None:
        ask.doubt("its options cannot be read")
        return
    boxes = max(encodings.shape[1], 0)
    most = max(integer(options, "max_detections"), 0)
    classes = max(integer(options, "num_classes"), 0)
    ask.scratch(boxes)
    ask.scratch(16 * boxes)
    ask.scratch(4 * max(scores.shape[1], 0) * max(scores.shape[2], 0))
    for count in (1, 1, most, most, 1, most, max(classes, most), min(boxes, most)):
        ask.scratch(4 * count * boxes)


REFERENCE: dict[str, Kernel] = {"TFLite_Detection_PostProcess": detection_postprocess}
