"""A BatchNormalization that may be left out shares its input with nobody for that."""

from __future__ import annotations

import pytest

from tflint.lint.registry import find_rule
from tflint.lint.runner import check_code
from tflint.target.target import find_target

HEAD = "from keras import Input, layers\ndef net(flag):\n    x = layers.Dense(3)(Input((4,)))\n"
OPTIONAL = "    if flag:\n        x = layers.BatchNormalization()(x)\n    return layers.ReLU()(x)\n"
EITHER = """\
    if flag:
        return layers.BatchNormalization()(x)
    return layers.ReLU()(x)
"""
SHARED = "    y = layers.BatchNormalization()(x)\n    return layers.Add()([layers.ReLU()(y), x])\n"


@pytest.mark.parametrize(("body", "count"), [(OPTIONAL, 0), (EITHER, 0), (SHARED, 1)])
def test_only_what_is_read_as_well_is_shared(body: str, count: int) -> None:
    rule = find_rule("TFL111")
    assert rule is not None
    source = f"{HEAD}{body}\nnet(unknown)\n"
    report = check_code(source.encode(), [rule], find_target("tflm"))

    assert len(report.findings) == count
