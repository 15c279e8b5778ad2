"""Which data file is for which model is settled before anything is measured."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tflint.bench.data_plan import Plan, planned
from tflint.bench.options import BenchOptions, Dataset
from tflint.errors import UsageError
from tflint.model.builder import ModelBuilder
from tflint.model.writer import write_model


def model(folder: Path, name: str, inputs: int, outputs: int = 3) -> tuple[Path, str]:
    build = ModelBuilder()
    build.output(build.softmax(build.fully_connected(build.input((1, inputs)), outputs)))
    path = folder / name
    path.write_bytes(write_model(build.build()))
    return path, name


def samples(folder: Path, name: str, inputs: int, most: int = 2) -> Path:
    path = folder / name
    np.savez(path, x=np.zeros((4, inputs)), labels=[0, 1, most, 1])
    return path


def plan(paths: list[tuple[Path, str]], *datasets: Dataset) -> Plan:
    return planned(paths, BenchOptions(datasets=datasets))


def refusal(paths: list[tuple[Path, str]], *datasets: Dataset) -> str:
    with pytest.raises(UsageError) as error:
        plan(paths, *datasets)
    assert "\n" not in str(error.value)
    return str(error.value)


def names(found: Plan) -> list[str | None]:
    return [None if one is None else one.name for one in found.data]


def test_without_data_no_model_is_read(tmp_path: Path) -> None:
    assert plan([(tmp_path / "none.tflite", "none.tflite")]) == Plan((None,), (None,))


def test_a_file_is_for_the_models_that_it_fits(tmp_path: Path) -> None:
    models = [model(tmp_path, "a.tflite", 5), model(tmp_path, "b.tflite", 6)]
    five, six = samples(tmp_path, "five.npz", 5), samples(tmp_path, "six.npz", 6)

    assert names(plan(models, Dataset(five), Dataset(six))) == ["five.npz", "six.npz"]

    found = plan(models, Dataset(five))
    assert names(found) == ["five.npz", None]
    assert found.notes[0] is None
    assert found.notes[1] is not None
    assert found.notes[1].startswith(f"no accuracy from `{five}`: `x` has the shape (4, 5)")


def test_a_name_goes_before_what_fits(tmp_path: Path) -> None:
    models = [model(tmp_path, "a.tflite", 5), model(tmp_path, "b.tflite", 5)]
    all_of_them, mine = samples(tmp_path, "all.npz", 5), samples(tmp_path, "mine.npz", 5)

    found = plan(models, Dataset(all_of_them), Dataset(mine, "b.*"))

    assert names(found) == ["all.npz", "mine.npz"]


def test_an_application_is_a_name(tmp_path: Path) -> None:
    path, _ = model(tmp_path, "a.tflite", 5)
    data = samples(tmp_path, "five.npz", 5)
    shown = "seed/KeywordSpotting/a.tflite"

    assert names(plan([(path, shown)], Dataset(data, "keyword_spotting"))) == ["five.npz"]
    assert "no model is called `car_sensor`" in refusal(
        [(path, shown)], Dataset(data, "car_sensor")
    )


def test_a_file_that_fits_none_of_the_models_is_refused(tmp_path: Path) -> None:
    models = [model(tmp_path, "a.tflite", 5), model(tmp_path, "b.tflite", 6)]
    seven = samples(tmp_path, "seven.npz", 7)

    text = refusal(models, Dataset(seven))

    assert text.startswith(f"`{seven}` is not for `a.tflite`: `x` has the shape (4, 7)")
    assert text.endswith("(nor any other of 2 models)")


def test_a_model_that_is_named_has_to_fit(tmp_path: Path) -> None:
    models = [model(tmp_path, "a.tflite", 5), model(tmp_path, "b.tflite", 6)]
    five = samples(tmp_path, "five.npz", 5)

    text = refusal(models, Dataset(five, "*.tflite"))

    assert text.startswith(f"`{five}` is not for `b.tflite`: `x` has the shape (4, 5)")


def test_labels_beyond_the_classes_are_said(tmp_path: Path) -> None:
    models = [model(tmp_path, "a.tflite", 5, 3)]

    assert "goes up to 3, the model's output" in refusal(
        models, Dataset(samples(tmp_path, "five.npz", 5, most=3))
    )


def test_two_files_that_fit_one_model_are_refused(tmp_path: Path) -> None:
    models = [model(tmp_path, "a.tflite", 5)]
    one, other = samples(tmp_path, "one.npz", 5), samples(tmp_path, "other.npz", 5)

    assert refusal(models, Dataset(one), Dataset(other)) == (
        f"`{one}` and `{other}` both fit `a.tflite`: say which is for it with --data GLOB=FILE"
    )


def test_a_name_that_no_model_has_is_refused(tmp_path: Path) -> None:
    models = [model(tmp_path, "a.tflite", 5)]
    five = samples(tmp_path, "five.npz", 5)

    assert refusal(models, Dataset(five, "b*")) == (
        f"--data: no model is called `b*`, for which `{five}` is"
    )


def test_a_file_that_is_left_for_no_model_is_refused(tmp_path: Path) -> None:
    models = [model(tmp_path, "a.tflite", 5)]
    one, other = samples(tmp_path, "one.npz", 5), samples(tmp_path, "other.npz", 5)

    assert "`other.npz`" not in refusal(models, Dataset(one, "a*"), Dataset(other))
    assert "is for no model: each has one that names it" in refusal(
        models, Dataset(one, "a*"), Dataset(other)
    )


@pytest.mark.parametrize("content", [None, b"", b"\x1c\0\0\0TFL3" + b"\xff" * 40])
def test_what_a_broken_model_would_take_is_not_known(tmp_path: Path, content: bytes | None) -> None:
    broken = tmp_path / "broken.tflite"
    if content is not None:
        broken.write_bytes(content)
    models = [(broken, "broken.tflite"), model(tmp_path, "a.tflite", 5)]

    found = plan(models, Dataset(samples(tmp_path, "seven.npz", 7)))

    assert names(found) == [None, None]
    assert found.notes[0] is None
    assert "no accuracy from" in str(found.notes[1])


def test_a_hostile_name_does_not_reach_the_terminal(tmp_path: Path) -> None:
    path, _ = model(tmp_path, "a.tflite", 5)

    text = refusal([(path, "a\x1b[2J\n.tflite")], Dataset(samples(tmp_path, "seven.npz", 7)))

    assert "a\\x1b[2J\\x0a.tflite" in text
