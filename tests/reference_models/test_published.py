"""What the original published: one table, which applications do not contradict."""

from __future__ import annotations

from importlib.util import find_spec

import pytest

from tflint_reference_models.applications import NAMES, application
from tflint_reference_models.published import REDUCED, UNREDUCED, published_figures

# Weights of the original's reduced networks, constants of shapes included; bytes a weight by form.
WEIGHTS = {
    "motion_sense": 4_997,
    "music_classifier": 40_716,
    "keyword_spotting": 5_379,
    "car_sensor": 1_811,
}


@pytest.mark.parametrize("name", NAMES)
def test_kilobytes_follow_from_the_number_of_weights(name: str) -> None:
    for one in REDUCED[name]:
        each = {"float32": 4, "float16": 2}.get(one.form)
        if each:
            kilobytes = WEIGHTS[name] * each / 1024
            assert one.kilobytes == pytest.approx(kilobytes, rel=0.005)
        else:
            # Biases stay in float32, and so do small kernels.
            assert WEIGHTS[name] / 1024 < one.kilobytes < 1.6 * WEIGHTS[name] / 1024


@pytest.mark.parametrize("name", NAMES)
def test_applications_say_the_same(name: str) -> None:
    if find_spec(f"tflint_reference_models.{name}.train") is None:
        pytest.skip(f"{name} is not there yet")
    of = application(name)
    known = {one.form: one for one in REDUCED[name]}
    for one in of.published:
        assert (one.kilobytes, one.accuracy) == (
            known[one.form].kilobytes,
            known[one.form].accuracy,
        )
    found = [published_figures(of, form) for form in ("float32", "float16", "dynamic", "int8")]
    assert [one and one.form for one in found] == ["float32", "float16", "dynamic", "dynamic"]
    # They are parts of 1 there.
    assert found[3] is not None
    assert found[3].accuracy == pytest.approx((known["dynamic"].accuracy or 0) / 100)
    assert published_figures(of, "int16x8") is None


def test_those_before_reduction_are_larger() -> None:
    for name, held in UNREDUCED.items():
        for one in held:
            (reduced,) = [other for other in REDUCED[name] if other.form == one.form]
            assert one.kilobytes > 3 * reduced.kilobytes
