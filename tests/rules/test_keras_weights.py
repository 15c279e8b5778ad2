"""TFL301, TFL302, TFL303 and TFL305 on networks."""

from __future__ import annotations

import pytest

from tests.rules.keras_networks import Builder, findings, sequential
from tflint.finding import Severity
from tflint.keras.facts import KerasFacts
from tflint.keras.network import Tensor
from tflint.keras.values import UNKNOWN, Value

Layers = list[tuple[str, dict[str, Value]]]

CONV = ("Conv2D", {"filters": 32, "kernel_size": 3})
FLAT: tuple[str, dict[str, Value]] = ("Flatten", {})
DENSE = ("Dense", {"units": 64})


def test_a_map_that_nothing_made_smaller() -> None:
    (finding,) = findings("TFL301", sequential((32, 32, 1), CONV, FLAT, DENSE))

    # 30 x 30 x 32 x 64, of which 15 x 15 x 32 x 64 stay behind a pool.
    assert "takes 1,843,200 weights, 7.0 MiB in float32, 1.8 MiB in int8" in finding.message
    assert "`MaxPooling2D(2)`" in finding.help
    assert "saves 1,382,400 weights" in finding.help


@pytest.mark.parametrize(
    "layers",
    [
        [CONV, ("MaxPooling2D", {}), FLAT, DENSE],
        [CONV, ("MaxPooling2D", {}), CONV, FLAT, DENSE],
        [("Conv2D", {"filters": 32, "kernel_size": 3, "strides": 2}), FLAT, DENSE],
        [("Conv2D", {"filters": 32, "kernel_size": 3, "strides": UNKNOWN}), FLAT, DENSE],
        [("Lambda", {"function": UNKNOWN}), CONV, FLAT, DENSE],
        [("Cropping2D", {"cropping": 8}), CONV, FLAT, DENSE],
        [CONV, ("GlobalAveragePooling2D", {}), DENSE],
        # Nothing to speak of: 2 x 2 positions.
        [("Conv2D", {"filters": 2, "kernel_size": 31}), FLAT, DENSE],
        # An image that a multilayer perceptron reads.
        [FLAT, DENSE],
    ],
)
def test_what_is_pooled_small_or_not_known_is_let_pass(layers: Layers) -> None:
    assert findings("TFL301", sequential((32, 32, 1), *layers)) == []


def test_a_pool_of_one_is_no_pool() -> None:
    layers = [CONV, ("MaxPooling2D", {"pool_size": 1}), ("Dropout", {"rate": 0.2}), FLAT, DENSE]

    assert len(findings("TFL301", sequential((32, 32, 1), *layers))) == 1


def test_sequences_are_pooled_by_their_own_layer() -> None:
    layers = [("Conv1D", {"filters": 32, "kernel_size": 3}), FLAT, DENSE]

    (finding,) = findings("TFL301", sequential((100, 3), *layers))

    assert "98 x 32 map" in finding.message
    assert "`MaxPooling1D(2)`" in finding.help


def test_behind_what_is_not_known_it_is_not_known_either() -> None:
    builder = Builder()
    x = Tensor((None, 32, 32, 1))
    for kind, given in (CONV, FLAT, DENSE):
        x = builder.apply(x, kind, **given)

    assert findings("TFL301", builder.facts()) == []


def test_a_reshape_flattens_as_well() -> None:
    layers = [CONV, ("Reshape", {"target_shape": (-1,)}), DENSE]

    assert len(findings("TFL301", sequential((32, 32, 1), *layers))) == 1


def test_channels_first_maps_are_read_their_way() -> None:
    first = {"data_format": "channels_first"}
    layers = [("Conv2D", {"filters": 32, "kernel_size": 3, **first}), FLAT, DENSE]

    (finding,) = findings("TFL301", sequential((1, 32, 32), *layers))

    assert "30 x 30 x 32 map" in finding.message


@pytest.mark.parametrize("merge", ["Add", "Concatenate"])
@pytest.mark.parametrize("data_format", ["channels_first", "channels_last"])
def test_maps_that_are_merged_are_read_as_what_makes_them(merge: str, data_format: str) -> None:
    builder = Builder()
    first = data_format == "channels_first"
    image = builder.input(*((1, 32, 32) if first else (32, 32, 1)))
    given: dict[str, Value] = {"kernel_size": 3, "padding": "same", "data_format": data_format}
    one = builder.apply(image, "Conv2D", filters=8, **given)
    two = builder.apply(builder.apply(one, "ReLU"), "Conv2D", filters=8, **given)
    both = builder.call(builder.layer(merge, **({"axis": 1} if first else {})), one, two)
    end = builder.apply(builder.apply(builder.apply(both, "ReLU"), "Flatten"), "Dense", units=10)
    builder.network([image], end)
    channels = 8 if merge == "Add" else 16

    (pooling,) = findings("TFL301", builder.facts())
    (dense,) = findings("TFL303", builder.facts())

    assert f"the 32 x 32 x {channels} map of {merge} (line 5) goes into Dense" in pooling.message
    assert f"holds {32 * 32 * channels * 10:,} of all" in dense.message


def test_vectors_that_are_merged_are_no_map() -> None:
    builder = Builder()
    image = builder.input(32, 32, 1)
    flat = [builder.apply(builder.apply(image, *each), "Flatten") for each in [("ReLU",)] * 2]
    both = builder.call(builder.layer("Concatenate"), *flat)
    builder.network([image], builder.apply(both, "Dense", units=10))

    assert findings("TFL301", builder.facts()) == []
    assert findings("TFL303", builder.facts()) == []


def test_one_dense_layer_that_holds_most() -> None:
    layers = [CONV, ("MaxPooling2D", {}), FLAT, DENSE, ("Dense", {"units": 3})]

    (finding,) = findings("TFL303", sequential((32, 32, 1), *layers))

    # Of 320 + 460,864 + 195.
    assert "460,800 of all 461,379 weights, 100 %" in finding.message
    assert "saves 458,752 weights" in finding.help


def test_of_a_network_with_unknown_layers_no_share_is_known() -> None:
    layers = [CONV, FLAT, DENSE, ("MyLayer", {})]

    assert findings("TFL303", sequential((32, 32, 1), *layers)) == []
    assert findings("TFL302", sequential((32, 32, 1), *layers)) == []


def perceptron(units: int) -> KerasFacts:
    return sequential((1024,), ("Dense", {"units": units}), ("BatchNormalization", {}))


@pytest.mark.parametrize(
    ("units", "target", "severity"),
    [
        (1024, "tflm", Severity.WARNING),
        (300, "tflm", Severity.INFO),
        (100, "tflm", None),
        (1024, "litert", None),
        (16, "cortex-m0plus:flash=16K", Severity.ERROR),
        (16, "cortex-m0plus:flash=32K", Severity.INFO),
        (16, "cortex-m0plus:flash=128K", None),
        # 16,384 + 16 without what folds: 16,400 of 16,400 bytes.
        (16, "cortex-m0plus:flash=16400", Severity.INFO),
    ],
)
def test_weights_are_held_against_the_flash(
    units: int, target: str, severity: Severity | None
) -> None:
    found = findings("TFL302", perceptron(units), target=target)

    assert [finding.severity for finding in found] == ([] if severity is None else [severity])


def test_layers_that_hold_the_weights_are_named_largest_first() -> None:
    layers = [("Dense", {"units": 8}), ("Dense", {"units": 4096}), ("Dense", {"units": 512})]

    (finding,) = findings("TFL302", sequential((16,), *layers))

    assert "Dense (line 4) 2.0 MiB, Dense (line 3) 36.0 KiB" in finding.message


@pytest.mark.parametrize(
    ("layer", "severity"),
    [
        (("MaxPooling2D", {"pool_size": 1}), Severity.WARNING),
        (("MaxPooling2D", {"pool_size": (1, 1), "strides": 1}), Severity.WARNING),
        (("AveragePooling2D", {"pool_size": 1}), Severity.WARNING),
        (("Cropping2D", {"cropping": 0}), Severity.WARNING),
        (("Cropping2D", {"cropping": ((0, 0), (0, 0))}), Severity.WARNING),
        (("UpSampling2D", {"size": 1}), Severity.WARNING),
        (("Dropout", {"rate": 0}), Severity.INFO),
        (("Dropout", {"rate": 0.0}), Severity.INFO),
        (("ZeroPadding2D", {"padding": 0}), Severity.INFO),
        (("Activation", {"activation": "linear"}), Severity.INFO),
        (("Activation", {"activation": None}), Severity.INFO),
        (("Reshape", {"target_shape": (16, 16, 4)}), Severity.INFO),
        (("Reshape", {"target_shape": (16, 16, -1)}), Severity.INFO),
        (("Permute", {"dims": (1, 2, 3)}), Severity.INFO),
        (("Concatenate", {}), Severity.INFO),
        (("Add", {}), Severity.INFO),
        (("Rescaling", {"scale": 1.0}), Severity.INFO),
        (("MaxPooling2D", {"pool_size": 1, "strides": 2}), None),
        (("MaxPooling2D", {"pool_size": (1, 2)}), None),
        (("MaxPooling2D", {"pool_size": UNKNOWN}), None),
        (("Dropout", {"rate": 0.5}), None),
        (("Dropout", {"rate": UNKNOWN}), None),
        (("Dropout", {"rate": False}), None),
        (("ZeroPadding2D", {"padding": ((0, 1), (0, 0))}), None),
        (("Activation", {"activation": UNKNOWN}), None),
        # Where a mixed precision model goes back to float32.
        (("Activation", {"activation": "linear", "dtype": "float32"}), None),
        (("Reshape", {"target_shape": (16, 4, 16)}), None),
        (("Permute", {"dims": (2, 1, 3)}), None),
        (("Rescaling", {"scale": 1.0, "offset": -1}), None),
        (("Flatten", {}), None),
        (("ReLU", {}), None),
    ],
)
def test_layers_that_give_out_what_they_are_given(
    layer: tuple[str, dict[str, Value]], severity: Severity | None
) -> None:
    found = findings("TFL305", sequential((16, 16, 4), layer))

    assert [finding.severity for finding in found] == ([] if severity is None else [severity])


def test_a_flatten_of_what_is_flat() -> None:
    (finding,) = findings("TFL305", sequential((16,), FLAT))

    assert "flattens what is flat" in finding.message


def test_several_tensors_are_joined() -> None:
    builder = Builder()
    x = builder.input(4)
    builder.call(builder.layer("Add"), x, x)

    assert findings("TFL305", builder.facts()) == []


def test_what_the_converter_keeps_is_given_in_bytes() -> None:
    (finding,) = findings("TFL305", sequential((16, 16, 4), ("MaxPooling2D", {"pool_size": 1})))

    assert "stays in the model as MAX_POOL_2D" in finding.message
    assert "4.0 KiB in float32, 1.0 KiB in int8" in finding.help
