"""TFLite_Detection_PostProcess, against the wheel."""

from __future__ import annotations

from tests.memory.against_wheel import differences, needs_wheel
from tests.memory.one_operator import custom
from tflint.memory.abi import CORTEX_M
from tflint.memory.arena import plan_arena
from tflint.memory.requests import Build
from tflint.model.graph import graphs
from tflint.model.schema import TensorType
from tflint.model.tables import Model

FLOAT32 = TensorType.FLOAT32
OPTIONS = ("max_classes_per_detection", "nms_score_threshold", "nms_iou_threshold")
SCALES = ("y_scale", "x_scale", "h_scale", "w_scale")


def detection(boxes: int, classes: int, most: int) -> Model:
    options: dict[str, object] = {"max_detections": most, "num_classes": classes}
    options.update(dict.fromkeys((*OPTIONS, *SCALES), 1))
    x = [((1, boxes, 4), FLOAT32), ((1, boxes, classes + 1), FLOAT32), ((boxes, 4), FLOAT32)]
    y = [((1, most, 4), FLOAT32), *[((1, most), FLOAT32)] * 2, ((1,), FLOAT32)]
    return custom("TFLite_Detection_PostProcess", x, y, options)


@needs_wheel
def test_scratch_buffers() -> None:
    assert not differences([detection(6, 2, 3), detection(100, 90, 10), detection(5, 1, 50)])


def test_missing_options_are_doubted() -> None:
    x = [((1, 4, 4), FLOAT32)] * 2
    model = custom("TFLite_Detection_PostProcess", x, [((1,), FLOAT32)])
    assert plan_arena(model, graphs(model), Build(CORTEX_M)).doubts
