"""Rules on converters in notebooks, whose findings stand in cells."""

from __future__ import annotations

from tests.source.notebooks import markdown, notebook
from tflint.finding import Confidence, Finding
from tflint.lint.registry import find_rule
from tflint.lint.runner import check_source
from tflint.rule import Kind
from tflint.source.notebook import read_notebook
from tflint.target.target import find_target

HEAD = "%matplotlib inline\nimport numpy as np\nimport tensorflow as tf\n"
MODEL = 'model = tf.keras.models.load_model("model.h5")'
CONVERTER = "converter = tf.lite.TFLiteConverter.from_keras_model(model)\n"
DEFAULT = "converter.optimizations = [tf.lite.Optimize.DEFAULT]\n"


def findings(code: str, *cells: object) -> tuple[Finding, ...]:
    rule = find_rule(code)
    assert rule is not None
    module = read_notebook(notebook(*cells))
    report = check_source(module, [rule], find_target("tflm"), "a.ipynb", Kind.NOTEBOOK)
    return report.findings


def test_a_conversion_in_a_later_cell() -> None:
    (found,) = findings(
        "TFL106", markdown("# Convert"), HEAD, MODEL, CONVERTER + DEFAULT, "\nconverter.convert()"
    )

    assert (found.location.cell, found.location.line) == (5, 2)
    assert found.confidence is Confidence.HIGH


def test_settings_of_one_branch_of_a_cell_go_together() -> None:
    branch = (
        "INT8 = input()\n"
        + CONVERTER
        + "if INT8:\n"
        + "    converter.optimizations = [tf.lite.Optimize.DEFAULT]\n"
        + "    converter.representative_dataset = samples\n"
        + "    converter.inference_input_type = tf.int8\n"
    )
    data = "def samples():\n    for x in np.load('x.npy'):\n        yield [x[None]]\n"
    cells = (HEAD, MODEL, data, branch, "converter.convert()")

    assert findings("TFL106", *cells) == ()
    # The output stays float32 on the way with calibration.
    (found,) = findings("TFL107", *cells)
    assert found.confidence is Confidence.MEDIUM
    assert "the output is float32" in found.message


def test_made_up_data_in_a_cell_of_its_own() -> None:
    data = "\ndef samples():\n    yield [np.zeros((1, 8), np.float32)]\n"
    convert = CONVERTER + DEFAULT + "converter.representative_dataset = samples\n"
    (found,) = findings("TFL110", HEAD, MODEL, data, convert + "converter.convert()")

    assert (found.location.cell, found.location.line) == (3, 3)
