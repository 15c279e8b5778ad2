"""Samples as users give them, and as they are made up."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from tflint.errors import UsageError
from tflint.fix.proof.samples import (
    Samples,
    extreme_samples,
    load_samples,
    random_samples,
)
from tflint.model.builder import ModelBuilder
from tflint.model.graph_builder import per_tensor
from tflint.model.schema import GatherOptions, TensorType
from tflint.model.tables import Model

FLOAT32, INT8, INT32 = TensorType.FLOAT32, TensorType.INT8, TensorType.INT32
Save = Callable[..., Path]


def one_input(shape: tuple[int, ...] = (1, 4, 3), type: TensorType = FLOAT32) -> Model:
    build = ModelBuilder()
    build.output(build.unary("ABS", build.input(shape, type, name="serving_default_x:0")))
    return build.build()


def two_inputs() -> Model:
    build = ModelBuilder()
    left, right = build.input((1, 4), name="left:0"), build.input((1, 2), INT32, name="b")
    build.output(build.unary("ABS", left), build.unary("ABS", right))
    build.signature({"l": left, "r": right}, {})
    return build.build()


@pytest.fixture
def save(tmp_path: Path) -> Save:
    def saved(name: str = "data.npy", *arrays: object, **named: object) -> Path:
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True, parents=True)
        if path.suffix == ".npz":
            np.savez(path, *arrays, **named)  # type: ignore[arg-type]
        else:
            np.save(path, np.asarray(arrays[0]))
        return path

    return saved


def refusal(path: Path, model: Model) -> str:
    with pytest.raises(UsageError) as error:
        load_samples(path, model)
    text = str(error.value)
    assert "\n" not in text
    return re.sub(r"`[^`]*/([^`/]*)`", r"`\1`", text)


@pytest.mark.parametrize("shape", [(5, 1, 4, 3), (5, 4, 3)])
@pytest.mark.parametrize("dtype", ["f4", "f8", "i2", "?", "u1"])
def test_one_array_with_or_without_the_batch_axis(
    save: Save, shape: tuple[int, ...], dtype: str
) -> None:
    values = np.arange(60).reshape(shape).astype(dtype)

    samples = load_samples(save("data.npy", values), one_input())

    (found,) = samples.inputs
    assert (found.shape, found.dtype) == ((5, 1, 4, 3), np.float32)
    assert np.array_equal(found.ravel(), values.ravel().astype(np.float32))
    assert samples.source.startswith("5 samples of `")
    assert (samples.count, samples.is_random, samples.labels) == (5, False, None)


@pytest.mark.parametrize(
    ("shape", "given", "fitted"),
    [
        ((1,), (5,), (5, 1)),
        ((), (5,), (5,)),
        ((1, 1), (5, 1), (5, 1, 1)),
        ((3, 2), (5, 3, 2), (5, 3, 2)),
    ],
)
def test_odd_shapes(
    save: Save, shape: tuple[int, ...], given: tuple[int, ...], fitted: tuple[int, ...]
) -> None:
    samples = load_samples(save("data.npy", np.zeros(given)), one_input(shape))
    assert samples.inputs[0].shape == fitted


def test_dimensions_that_are_not_known_take_any_size_but_the_batch(save: Save) -> None:
    build = ModelBuilder()
    x = build.input((1, 1, 2), shape_signature=(-1, -1, 2), name="x")
    build.output(build.unary("ABS", x))
    model = build.build()

    assert load_samples(save("a.npy", np.zeros((5, 7, 2))), model).inputs[0].shape == (5, 1, 7, 2)
    assert load_samples(save("b.npy", np.zeros((5, 1, 7, 2))), model).count == 5
    assert refusal(save("c.npy", np.zeros((5, 3, 7, 2))), model) == (
        "`c.npy` has the shape (5, 3, 7, 2), the input `x` takes (samples, any, 2)"
    )


def test_integers_stay_integers(save: Save) -> None:
    model = two_inputs()
    path = save("data.npz", l=np.zeros((3, 4)), b=np.array([[1.0, 2.0]] * 3))

    samples = load_samples(path, model)

    assert [values.dtype for values in samples.inputs] == [np.float32, np.int32]
    assert samples.inputs[1].tolist() == [[[1, 2]]] * 3


def test_quantised_inputs_take_reals(save: Save) -> None:
    samples = load_samples(save("data.npy", np.full((2, 4, 3), 0.3)), one_input(type=INT8))
    assert samples.inputs[0].dtype == np.float32


def test_inputs_are_known_by_tensor_or_signature(save: Save) -> None:
    left, right = np.ones((2, 4)), np.ones((2, 2), int)
    for names in (("l", "r"), ("left:0", "b"), ("left", "r")):
        path = save("data.npz", **dict(zip(names, (left, right), strict=True)))
        assert load_samples(path, two_inputs()).inputs[0].shape == (2, 1, 4)


def test_a_single_input_may_be_called_anything(save: Save) -> None:
    path = save("data.npz", np.zeros((2, 4, 3)), labels=[0, 2])
    samples = load_samples(path, one_input())

    assert samples.labels is not None
    assert samples.labels.tolist() == [0, 2]


@pytest.mark.parametrize(
    ("labels", "classes"),
    [
        ([0, 1, 2], [0, 1, 2]),
        ([[0.0], [1.0], [2.0]], [0, 1, 2]),
        ([[1, 0], [0, 1], [0.2, 0.1]], [0, 1, 0]),
        ([True, False, True], [1, 0, 1]),
    ],
)
def test_labels_are_classes(save: Save, labels: object, classes: list[int]) -> None:
    path = save("data.npz", x=np.zeros((3, 4, 3)), labels=labels)
    found = load_samples(path, one_input()).labels
    assert found is not None
    assert found.tolist() == classes


def test_a_folder_with_a_file_for_each_input(save: Save) -> None:
    save("set/l.npy", np.zeros((3, 4)))
    save("set/b.npy", np.zeros((3, 2), int))
    path = save("set/labels.npy", [1, 2, 3]).parent

    samples = load_samples(path, two_inputs())

    assert [values.shape for values in samples.inputs] == [(3, 1, 4), (3, 1, 2)]
    assert samples.labels is not None


def test_a_folder_with_a_file_for_each_sample(save: Save) -> None:
    """In the order of their names; one of them holds two."""
    for number, shape in enumerate([(4, 3), (1, 4, 3), (2, 4, 3), (1, 1, 4, 3)]):
        save(f"set/{number}.npy", np.full(shape, float(number)))
    (tmp := save("set/labels.npy", [0, 1, 2, 2, 3]).parent).joinpath("notes.txt").write_text("")

    samples = load_samples(tmp, one_input())

    assert samples.inputs[0].shape == (5, 1, 4, 3)
    assert samples.inputs[0][:, 0, 0, 0].tolist() == [0, 1, 2, 2, 3]
    assert samples.labels is not None


def test_a_folder_with_the_file_of_the_only_input(save: Save) -> None:
    path = save("set/x.npy", np.zeros((6, 4, 3))).parent
    assert load_samples(path, one_input()).count == 6


@pytest.mark.parametrize(
    ("array", "reason"),
    [
        (
            np.zeros((5, 3, 4)),
            "`data.npy` has the shape (5, 3, 4), the input `serving_default_x:0` takes"
            " (samples, 4, 3)",
        ),
        (
            np.zeros((4, 3)),
            "`data.npy` has the shape (4, 3), the input `serving_default_x:0` takes"
            " (samples, 4, 3): the axis that counts samples is missing",
        ),
        (np.zeros(()), "`data.npy` is a single number: its first axis has to count samples"),
        (np.zeros((0, 4, 3)), "`data.npy` holds no samples"),
        (
            np.where(np.arange(60) == 50, np.nan, 0).reshape(5, 4, 3),
            "`data.npy` holds a number that is not finite, in sample 4",
        ),
        (
            np.full((1, 4, 3), 1e300),
            "`data.npy` holds a number that is not finite, in sample 0",
        ),
    ],
)
def test_what_does_not_fit_is_refused(save: Save, array: object, reason: str) -> None:
    assert refusal(save("data.npy", array), one_input()) == reason


def test_inputs_that_do_not_match_are_refused(save: Save, tmp_path: Path) -> None:
    left, right = np.ones((2, 4)), np.ones((2, 2), int)
    model = two_inputs()

    assert refusal(save("data.npy", left), model) == (
        "the model takes 2 inputs: give a .npz file with an array for each, named `l`, `r`"
    )
    assert refusal(save("a.npz", l=left), model) == (
        "`a.npz` holds no array for the input `r`, but `l`"
    )
    assert refusal(save("b.npz", l=left, r=right, z=right), model) == (
        "`z` in `b.npz` is no input of the model, which takes `l`, `r`"
    )
    assert refusal(save("c.npz", l=left, r=right[:1]), model) == (
        "`c.npz` does not hold as many samples of each input: `l` has 2, `r` has 1"
    )
    assert refusal(save("d.npz", l=left, r=right + 0.5), model) == (
        "`r` in `d.npz` holds fractions, the input `r` takes integers"
    )
    assert refusal(save("e.npz", l=left, r=right + 2**40), model) == (
        "`r` in `e.npz` holds numbers beyond int32, which `r` takes"
    )
    assert refusal(save("f.npz", l=left, r=right, labels=[1]), model) == (
        "`f.npz` holds 1 label for 2 samples"
    )
    assert refusal(save("g.npz", l=left, r=right, labels=[0.5, 1]), model) == (
        "the labels in `g.npz` are no classes: they hold fractions"
    )
    assert "there is no" in refusal(tmp_path / "nothing.csv", model)
    (tmp_path / "x.csv").write_text("1,2")
    assert refusal(tmp_path / "x.csv", model) == (
        "`x.csv` is no .npy or .npz file, and no folder of them"
    )
    (tmp_path / "empty").mkdir()
    assert refusal(tmp_path / "empty", model) == "`empty` holds 0 .npy files"
    for name in ("1", "2"):
        save(f"set/{name}.npy", left)
    assert refusal(tmp_path / "set", model) == (
        "`set` holds no array for the input `l`, but `1`, `2`"
    )


def test_samples_of_several_sizes_are_refused(save: Save) -> None:
    build = ModelBuilder()
    build.output(build.unary("ABS", build.input((1, 1), shape_signature=(1, -1))))
    for size in (3, 4):
        path = save(f"set/{size}.npy", np.zeros((1, size)))
    assert refusal(path.parent, build.build()) == "the samples in `set` are not all of one shape"


def test_a_model_without_inputs_has_no_use_for_samples(save: Save) -> None:
    build = ModelBuilder()
    build.output(build.unary("ABS", build.constant((1, 2))))
    assert "takes no inputs" in refusal(save("data.npy", np.zeros(3)), build.build())


def test_random_samples_are_the_same_again_and_use_the_whole_range() -> None:
    model = one_input((1, 50), INT8)
    first, again = random_samples(model, 9, 1), random_samples(model, 9, 1)
    port = 0.05 * np.array([-128, 127])

    assert first.is_random
    assert first.inputs[0].shape == (9, 1, 50)
    assert np.array_equal(first.inputs[0], again.inputs[0])
    assert not np.array_equal(first.inputs[0], random_samples(model, 9, 2).inputs[0])
    assert first.inputs[0].min() >= port[0]
    assert first.inputs[0].max() <= port[1] + 1e-6
    assert np.ptp(first.inputs[0]) > 0.9 * np.ptp(port)


def test_random_samples_are_like_those_that_were_given() -> None:
    given = Samples((np.linspace(40, 60, 12, dtype=np.float32).reshape(1, 1, 4, 3),))
    found = random_samples(one_input(), 8, like=given).inputs[0]

    assert found.min() >= 40
    assert found.max() <= 60


def test_indices_stay_in_their_tables() -> None:
    build = ModelBuilder()
    x, free, y = (build.input((1, 6), INT32) for _ in range(3))
    table = build.constant((5, 2))
    z = build.tensor((1, 6, 2))
    wide = build.tensor((6,), INT32)
    build.operator("RESHAPE", [x, build.constant((1,), INT32, (6,))], [wide])
    build.operator("GATHER", [table, wide], [z], GatherOptions())
    doubled = build.tensor((1, 6), INT32)
    build.operator("ADD", [y, y], [doubled])
    build.output(z, doubled, free)
    model = build.build()

    for samples in (random_samples(model, 50), extreme_samples(model)):
        indices, ordinary, unknown = samples.inputs
        assert (indices.min(), indices.max()) == (0, 4)
        assert (ordinary.min(), ordinary.max()) == (0, 63)
        assert (unknown.min(), unknown.max()) == (0, 1)


def test_extremes_are_finite_and_reach_the_ends() -> None:
    (reals,) = extreme_samples(one_input((1, 4))).inputs
    (steps,) = extreme_samples(one_input((1, 4), INT8)).inputs

    assert np.isfinite(reals).all()
    assert reals[0].tolist() == [[0, 0, 0, 0]]
    assert np.abs(reals).max() == 1e6
    assert (steps.min(), steps.max()) == pytest.approx((-6.4, 6.35))


def test_other_quantisations_have_other_ranges() -> None:
    build = ModelBuilder()
    build.output(build.unary("ABS", build.input((1, 2), TensorType.UINT8, per_tensor(2.0, 10))))
    (found,) = extreme_samples(build.build()).inputs
    assert (found.min(), found.max()) == (-20, 490)
