"""SavedModels: Keras' metadata where there is some, else the operators and inputs of the graph."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.archive.messages import field, graph, metadata, write_saved_model
from tflint.archive.reader import read_archive
from tflint.errors import MalformedArchive, UnreadableModel


def tuple_of(*items: object) -> dict[str, Any]:
    return {"class_name": "__tuple__", "items": list(items)}


def dense(name: str, **config: object) -> dict[str, Any]:
    return {
        "class_name": "Dense",
        "config": {"name": name, "trainable": True, "units": 3, **config},
    }


SEQUENTIAL = {
    "name": "s",
    "class_name": "Sequential",
    "keras_version": "2.12.0",
    "config": {
        "name": "s",
        "layers": [
            {
                "class_name": "InputLayer",
                "config": {"name": "x", "batch_input_shape": tuple_of(None, 4)},
            },
            dense("d"),
        ],
    },
    "training_config": {"loss": "mse"},
}


def test_the_metadata_of_keras_2_is_a_configuration(tmp_path: Path) -> None:
    folder = write_saved_model(tmp_path, graph(), metadata(("root", SEQUENTIAL)))
    facts = read_archive(folder).keras

    (network,) = facts.networks
    assert (network.weights, network.outputs[0].shape) == (15, (None, 3))
    assert facts.keras_version == (2, 12, 0)
    assert facts.compilations[0].loss == "mse"
    assert facts.unseen == ()


def test_before_tensorflow_2_5_it_is_in_the_objects_of_the_graph(tmp_path: Path) -> None:
    import json

    described = field(1, "_tf_keras_sequential") + field(3, json.dumps(SEQUENTIAL))
    objects = field(7, field(1, field(4, described)))
    folder = write_saved_model(tmp_path, graph(objects=objects))

    assert read_archive(folder).keras.networks[0].weights == 15


def test_what_a_layer_was_built_for_says_what_is_before_it(tmp_path: Path) -> None:
    custom = {"class_name": "Mine", "config": {"name": "c", "trainable": True}}
    root = {**SEQUENTIAL, "config": {"name": "s", "layers": [custom, dense("d")]}}
    shape = {"class_name": "TensorShape", "items": [None, 7]}
    keras = metadata(("root", root), ("root.layer-0", custom))
    keras += metadata(("root.layer-1", {**dense("d"), "build_input_shape": shape}))
    facts = read_archive(write_saved_model(tmp_path, graph(), keras)).keras

    assert [call.weights for call in facts.calls][1:] == [7 * 3 + 3]


def test_a_model_of_a_class_of_its_own_is_looked_at_layer_by_layer(tmp_path: Path) -> None:
    root = {"name": "m", "class_name": "Mine", "config": {}, "keras_version": "2.12.0"}
    built = {**dense("d"), "build_input_shape": {"class_name": "TensorShape", "items": [None, 8]}}
    keras = metadata(("root", root), ("root.d", built), ("root.e", dense("e")))
    facts = read_archive(write_saved_model(tmp_path, graph(inputs={"x": (-1, 8)}), keras)).keras

    assert [layer.name for layer in facts.layers] == ["d", "e"]
    assert [call.weights for call in facts.calls] == [27]
    assert "looked at one by one" in facts.unseen[0]


def test_without_metadata_the_inputs_are_seen_and_it_says_so(tmp_path: Path) -> None:
    pb = graph(inputs={"b": (-1, 8, 8, 3), "a": (1, 4)}, outputs={"y": (-1, 2)})
    facts = read_archive(write_saved_model(tmp_path, pb)).keras

    (network,) = facts.networks
    assert {each.name: each.shape for each in network.inputs} == {"b": (None, 8, 8, 3), "a": (1, 4)}
    assert network.inputs[0].dtype == "float32"
    assert not network.is_complete
    assert "no Keras metadata" in facts.unseen[0]


def test_operators_that_leave_the_graph_are_told(tmp_path: Path) -> None:
    pb = graph(["Placeholder", "MatMul", "ReadFile"], ["PyFunc", "SaveV2", "ReadFile"])
    found = read_archive(write_saved_model(tmp_path, pb)).executable

    assert [each.what for each in found] == ["1 operator PyFunc", "2 operators ReadFile"]


def test_lambdas_are_told_once(tmp_path: Path) -> None:
    function = tuple_of("4wEA", None, None)
    entry = {
        "name": "l",
        "class_name": "Lambda",
        "config": {"name": "l", "trainable": True, "function": function, "function_type": "lambda"},
    }
    layers = [*SEQUENTIAL["config"]["layers"], entry]  # type: ignore[index]
    root = {**SEQUENTIAL, "config": {"name": "s", "layers": layers}}
    root["model_config"] = {"class_name": "Sequential", "config": root["config"]}
    folder = write_saved_model(tmp_path, graph(), metadata(("root", root), ("root.l", entry)))

    assert [each.layer for each in read_archive(folder).executable] == ["l"]


def test_files_are_counted_with_all_that_is_in_the_folder(tmp_path: Path) -> None:
    folder = write_saved_model(tmp_path, graph())
    (folder / "variables").mkdir()
    (folder / "variables" / "data").write_bytes(bytes(1000))

    assert read_archive(folder).file_bytes == len(graph()) + 1000


@pytest.mark.parametrize(
    ("pb", "keras", "says"),
    [
        (b"", None, "has no graph"),
        (b"\xff\xff", None, "protocol buffer"),
        (graph(), b"\x0a\xff", "protocol buffer"),
        (graph(), field(1, field(3, "root") + field(4, "_tf_keras_x") + field(5, "{")), "not JSON"),
    ],
)
def test_damaged_ones_are_refused(tmp_path: Path, pb: bytes, keras: Any, says: str) -> None:
    folder = write_saved_model(tmp_path, pb, keras)

    with pytest.raises(MalformedArchive, match=says):
        read_archive(folder)


WHOLE = graph(["MatMul"], ["PyFunc"], {"x": (-1, 8)}, {"y": (-1, 2)})


@given(st.data())
def test_changed_bytes_are_one_error_or_another_model(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    pb, keras = bytearray(WHOLE), bytearray(metadata(("root", SEQUENTIAL)))
    for content in (pb, keras):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    folder = write_saved_model(tmp_path_factory.mktemp("sm"), bytes(pb), bytes(keras))
    try:
        read_archive(folder)
    except UnreadableModel:
        return
