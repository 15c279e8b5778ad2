"""Samples find the inputs that they are for; what is not for a model is refused with a reason."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import ArrayLike

from tflint.bench.datasets import LabelledData, load_dataset
from tflint.bench.fitting import DoesNotFit, Fit, fitted, values_of
from tflint.bench.inputs import entry_of
from tflint.model.builder import ModelBuilder
from tflint.model.schema import TensorType
from tflint.model.tables import Model

FOUR = [0, 1, 2, 1]


def image_model(shape: tuple[int, ...] = (1, 8, 6, 1), signature: tuple[int, ...] = ()) -> Model:
    build = ModelBuilder()
    x = build.input(shape, name="image", shape_signature=signature)
    build.output(build.softmax(build.fully_connected(build.flatten(x), 3)))
    return build.build()


def pair_model() -> Model:
    build = ModelBuilder()
    left, right = build.input((1, 4), name="left"), build.input((1, 2), name="right")
    y = build.tensor((1, 4))
    build.operator("ADD", [left, build.fully_connected(right, 4)], [y])
    build.output(y)
    build.signature({"sound": left, "motion": right}, {"class": y})
    return build.build()


def heads_model(*widths: int) -> Model:
    build = ModelBuilder()
    x = build.input((1, 5), name="x")
    for width in widths:
        build.output(build.softmax(build.fully_connected(x, width)))
    return build.build()


def data(folder: Path, /, **arrays: ArrayLike) -> LabelledData:
    path = folder / "data.npz"
    np.savez(path, **{name: np.asarray(array) for name, array in arrays.items()})
    return load_dataset(path, None)


def fit(found: LabelledData, model: Model) -> Fit:
    return fitted(found, model, entry_of(model, None))


def refusal(found: LabelledData, model: Model) -> str:
    with pytest.raises(DoesNotFit) as error:
        fit(found, model)
    assert "\n" not in str(error.value)
    return str(error.value)


@pytest.mark.parametrize(
    "shape", [(4, 8, 6, 1), (4, 1, 8, 6, 1), (4, 8, 6), (4, 1, 8, 6), (4, 1, 1, 8, 6, 1, 1)]
)
def test_axes_of_size_1_come_and_go(tmp_path: Path, shape: tuple[int, ...]) -> None:
    values = np.arange(192.0).reshape(shape)
    found, model = data(tmp_path, x=values, y=FOUR), image_model()

    how = fit(found, model)

    assert how.shapes == ((1, 8, 6, 1),)
    (port,) = entry_of(model, None).inputs
    rows = values_of(found, how, 0, port, np.array([1, 3]))
    assert rows.dtype == np.float32
    assert np.array_equal(rows.ravel(), values.reshape(4, -1)[[1, 3]].ravel())


@pytest.mark.parametrize(
    "shape", [(4, 48), (4, 6, 8), (4, 6, 8, 1), (4, 8, 6, 2), (4, 8, 5), (8, 6, 1), (4,), ()]
)
def test_other_shapes_are_refused(tmp_path: Path, shape: tuple[int, ...]) -> None:
    text = refusal(data(tmp_path, x=np.zeros(shape), y=FOUR), image_model())

    assert text == (
        f"`x` has the shape ({', '.join(map(str, shape))}), samples first; the input `image` takes"
        " (1, 8, 6, 1)"
    )


def test_sizes_left_open_are_what_the_samples_have(tmp_path: Path) -> None:
    model = image_model((1, 8, 6, 1), (-1, -1, 6, 1))

    assert fit(data(tmp_path, x=np.zeros((4, 8, 6, 1)), y=FOUR), model).shapes == ((1, 8, 6, 1),)
    assert fit(data(tmp_path, x=np.zeros((4, 9, 6)), y=FOUR), model).shapes == ((1, 9, 6, 1),)
    assert "takes (any, any, 6, 1)" in refusal(data(tmp_path, x=np.zeros((4, 9, 5)), y=FOUR), model)


@pytest.mark.parametrize("shape", [(3, 8, 6, 1), (3, 8, 6), (3, 1, 8, 6)])
def test_a_batch_of_several_is_filled_with_samples(tmp_path: Path, shape: tuple[int, ...]) -> None:
    build = ModelBuilder()
    x = build.input((4, 8, 6, 1), name="image")
    build.output(build.fully_connected(build.reshape(x, (4, 48)), 3))

    how = fit(data(tmp_path, x=np.zeros(shape), y=[0, 1, 2]), build.build())

    assert (how.batch, how.shapes, how.taken_shapes) == (4, ((1, 8, 6, 1),), ((4, 8, 6, 1),))
    assert how.decision.columns == 3


def test_a_first_size_that_the_output_does_not_have_is_no_batch(tmp_path: Path) -> None:
    build = ModelBuilder()
    x = build.input((4, 8), name="frames")
    build.output(build.fully_connected(build.reshape(x, (1, 32)), 3))

    text = refusal(data(tmp_path, x=np.zeros((3, 8)), y=[0, 1, 2]), build.build())

    assert "`x` has the shape (3, 8), samples first; the input `frames` takes (4, 8)" in text
    whole = fit(data(tmp_path, x=np.zeros((3, 4, 8)), y=[0, 1, 2]), build.build())
    assert (whole.batch, whole.shapes) == (1, ((4, 8),))


def test_the_array_of_a_single_input(tmp_path: Path) -> None:
    right, other = np.ones((4, 8, 6)), np.zeros((4, 2))

    assert fit(data(tmp_path, anything=right, y=FOUR), image_model()).names == ("anything",)
    assert fit(data(tmp_path, x=right, subject=other, y=FOUR), image_model()).names == ("x",)
    assert fit(data(tmp_path, x=other, image=right, y=FOUR), image_model()).names == ("image",)
    assert fit(data(tmp_path, plots=right, subject=other, y=FOUR), image_model()).names == (
        "plots",
    )
    text = refusal(data(tmp_path, a=right, b=right, y=FOUR), image_model())
    assert text == (
        "it is not clear which array the input `image` takes: `a` (4, 8, 6), `b` (4, 8, 6)"
    )


def test_several_inputs_by_the_names_of_tensors_or_of_the_signature(tmp_path: Path) -> None:
    left, right = np.zeros((4, 4)), np.zeros((4, 2))

    by_tensor = fit(data(tmp_path, right=right, left=left, labels=FOUR), pair_model())
    assert by_tensor.names == ("left", "right")
    by_key = fit(data(tmp_path, sound=left, motion=right, labels=FOUR), pair_model())
    assert by_key.names == ("sound", "motion")
    text = refusal(data(tmp_path, sound=left, labels=FOUR), pair_model())
    assert text == "there is no array for the input `motion`, but `sound` (4, 4)"


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        (np.zeros((3, 8, 6)), "`x` has 3 samples, for which there are 4 labels"),
        (np.full((4, 8, 6), np.nan), "not finite"),
        (np.full((4, 8, 6), -np.inf), "not finite"),
        (np.full((4, 8, 6), 1e300), "beyond a float32"),
        (np.full((4, 8, 6), "a"), "holds texts"),
    ],
)
def test_values_are_numbers_that_the_model_takes(
    tmp_path: Path, values: ArrayLike, reason: str
) -> None:
    assert reason in refusal(data(tmp_path, x=values, y=FOUR), image_model())


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ([[1], [2]], None),
        ([[1.0], [2.0]], None),
        ([[1.0], [2.5]], "fractions"),
        ([[1], [2**31]], "beyond int32"),
        ([[1], [-(2**31) - 1]], "beyond int32"),
        ([[1], [np.nan]], "beyond int32"),
    ],
)
def test_integers_stay_integers(tmp_path: Path, values: ArrayLike, reason: str | None) -> None:
    build = ModelBuilder()
    x = build.input((1, 1), TensorType.INT32, name="token")
    y = build.tensor((1, 1))
    build.operator("CAST", [x], [y])
    build.output(y)
    found = data(tmp_path, x=values, y=[0, 1])

    if reason is None:
        assert fit(found, build.build()).names == ("x",)
    else:
        assert reason in refusal(found, build.build())


@pytest.mark.parametrize(
    ("labels", "width", "reason"),
    [
        (FOUR, 2, "goes up to 2, the model's output `x/tensor_3` tells 2 classes apart, 0 to 1"),
        ([1, 2, 3, 1], 3, "0 to 2: classes count from 0"),
        (np.eye(4), 3, "has 4 columns, the model's output `x/tensor_3` tells 3 classes apart"),
        (np.eye(4), 5, "has 4 columns"),
        (FOUR, 1, "tells 2 classes apart"),
        (np.eye(4)[:, :4], 1, "has 4 columns"),
    ],
)
def test_labels_are_of_the_models_classes(
    tmp_path: Path, labels: ArrayLike, width: int, reason: str
) -> None:
    model = heads_model(width)
    title = entry_of(model, None).outputs[0].title

    text = refusal(data(tmp_path, x=np.zeros((4, 5)), labels=labels), model)

    assert reason.replace("`x/tensor_3`", title) in text


def test_a_column_a_class_suits_a_single_output_of_two(tmp_path: Path) -> None:
    labels = np.eye(2)[[0, 1, 1, 0]]

    how = fit(data(tmp_path, x=np.zeros((4, 5)), labels=labels), heads_model(1))

    assert how.labels.classes.tolist() == [0, 1, 1, 0]


def test_the_only_output_that_suits_the_labels_decides(tmp_path: Path) -> None:
    model = heads_model(2, 4)

    how = fit(data(tmp_path, x=np.zeros((4, 5)), labels=[0, 3, 1, 2]), model)

    assert how.decision.port == entry_of(model, None).outputs[1]


def test_which_of_several_outputs_decides_has_to_be_clear(tmp_path: Path) -> None:
    model = heads_model(3, 4)
    first, second = (port.name for port in entry_of(model, None).outputs)

    text = refusal(data(tmp_path, x=np.zeros((4, 5)), labels=FOUR), model)
    assert text == (
        f"its outputs `{first}`, `{second}` may all be what the labels are of: call them"
        " `labels_NAME`"
    )
    named = data(tmp_path, **{"x": np.zeros((4, 5)), f"labels_{second}": FOUR})
    assert fit(named, model).decision.port.name == second
    both = {"x": np.zeros((4, 5)), f"labels_{first}": FOUR, f"labels_{second}": FOUR}
    assert "labels for several" in refusal(data(tmp_path, **both), model)
    assert "no output of `labels_mood`" in refusal(
        data(tmp_path, x=np.zeros((4, 5)), labels_mood=FOUR), model
    )


def test_names_of_classes_are_left_out_where_they_are_too_many(tmp_path: Path) -> None:
    found = data(tmp_path, x=np.zeros((4, 5)), labels=FOUR, classes=["a", "b", "c", "d"])

    how = fit(found, heads_model(3))
    assert how.classes == ()
    assert "names 4 classes, the model tells 3 apart: the names are left out" in how.notes[0]
    words = data(tmp_path, x=np.zeros((4, 5)), labels=list("abab"), classes=["a", "b"])
    assert "`classes` names 2, the model's output" in refusal(words, heads_model(3))


def test_a_model_without_inputs_or_of_texts_is_no_classifier(tmp_path: Path) -> None:
    build = ModelBuilder()
    build.output(build.constant((1, 3)))
    found = data(tmp_path, x=np.zeros((4, 5)), labels=FOUR)
    assert "takes no inputs" in refusal(found, build.build())

    build = ModelBuilder()
    x = build.input((1, 5))
    y = build.tensor((1, 3), TensorType.STRING)
    build.operator("Words", [x], [y])
    build.output(y)
    assert "is of type STRING" in refusal(found, build.build())
