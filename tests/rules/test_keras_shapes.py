"""TFL109 and TFL112 on networks."""

from __future__ import annotations

import pytest

from tests.rules.keras_networks import Builder, findings, sequential
from tflint.finding import NOWHERE, Confidence, Location, Severity
from tflint.keras.facts import Conversion
from tflint.keras.values import Argument, Evidence, Setting
from tflint.rule import Kind

FROM_KERAS = "tensorflow.lite.TFLiteConverter.from_keras_model"


def test_a_refused_layer_is_shown_with_the_shapes_that_led_there() -> None:
    facts = sequential(
        (16, 16, 1),
        ("Conv2D", {"filters": 8, "kernel_size": 3}),
        ("MaxPooling2D", {}),
        ("MaxPooling2D", {"pool_size": 4}),
        ("Conv2D", {"filters": 8, "kernel_size": 3}),
    )

    (finding,) = findings("TFL112", facts)

    assert finding.severity is Severity.ERROR
    assert finding.location.line == 5
    assert finding.message.endswith(
        "(None, 16, 16, 1) > Conv2D (line 2) > (None, 14, 14, 8) > MaxPooling2D (line 3) > "
        "(None, 7, 7, 8) > MaxPooling2D (line 4) > (None, 1, 1, 8)"
    )
    assert finding.help == 'give it padding="same", or leave out MaxPooling2D (line 4)'


def test_a_pool_too_many_can_be_left_out_itself() -> None:
    facts = sequential((2, 2, 1), ("MaxPooling2D", {}), ("MaxPooling2D", {}))

    (finding,) = findings("TFL112", facts)

    assert finding.help == 'leave this pool out, or give it padding="same"'


def test_only_the_first_of_several_faults_is_found() -> None:
    facts = sequential((2, 2, 1), *[("MaxPooling2D", {})] * 5)

    assert len(findings("TFL112", facts)) == 1


@pytest.mark.parametrize("evidence", [Evidence.POSSIBLE, Evidence.ASSUMED])
def test_what_need_not_run_is_a_warning(evidence: Evidence) -> None:
    builder = Builder()
    builder.call(builder.layer("MaxPooling2D"), builder.input(1, 1, 3), evidence=evidence)

    (finding,) = findings("TFL112", builder.facts())

    assert (finding.severity, finding.confidence) == (Severity.WARNING, Confidence.MEDIUM)


@pytest.mark.parametrize(
    ("version", "severity"),
    [(None, Severity.WARNING), ((3, 1), Severity.ERROR), ((2, 4), None), ((1, 0), None)],
)
def test_what_one_version_refuses_is_an_error_in_an_archive_of_that_version(
    version: tuple[int, ...] | None, severity: Severity | None
) -> None:
    builder = Builder()
    builder.apply(builder.input(32, 32, 3), "Conv1D", filters=8, kernel_size=3)

    found = findings("TFL112", builder.facts(keras_version=version), Kind.KERAS_ARCHIVE)

    assert [finding.severity for finding in found] == ([] if severity is None else [severity])
    assert all("(refused by Keras 3)" in finding.message for finding in found)


def test_branches_that_do_not_fit_are_shown_side_by_side() -> None:
    builder = Builder()
    a, b = builder.input(8, 8, 3), builder.input(8, 9, 3)
    builder.call(builder.layer("Add"), a, b)

    (finding,) = findings("TFL112", builder.facts())

    assert "(None, 8, 8, 3) and (None, 8, 9, 3)" in finding.message
    assert "alike" in finding.help


def test_open_dimensions_of_an_input_are_a_warning_on_a_device() -> None:
    facts = sequential((None, 13), ("Conv1D", {"filters": 8, "kernel_size": 3}))

    (on_device,) = findings("TFL109", facts)
    (elsewhere,) = findings("TFL109", facts, target="litert")

    assert "(None, None, 13) leaves dimension 1 open" in on_device.message
    assert on_device.severity is Severity.WARNING
    assert elsewhere.severity is Severity.INFO


def test_an_open_batch_in_front_of_other_layers_is_how_keras_models_are() -> None:
    facts = sequential((8, 8, 3), ("Conv2D", {"filters": 8, "kernel_size": 3}))

    assert findings("TFL109", facts) == []


def test_an_input_of_a_model_that_is_used_as_a_layer_may_be_open() -> None:
    inner, outer = Builder(), Builder()
    x = inner.input(None, None, 3)
    inside = inner.network([x], inner.apply(x, "ReLU"))
    outer.layers.append(outer.layer("ReLU"))
    object.__setattr__(outer.layers[-1], "network", inside)
    outer.networks.append(inside)

    assert findings("TFL109", outer.facts()) == []


@pytest.mark.parametrize("kind", ["LSTM", "GRU", "SimpleRNN"])
def test_recurrent_layers_need_a_batch(kind: str) -> None:
    for batch, unroll, count in ((None, False, 1), (1, False, 0), (None, True, 0)):
        builder = Builder()
        x = builder.input(100, 3, batch=batch)
        builder.network([x], builder.apply(x, kind, units=8, unroll=unroll))

        found = findings("TFL109", builder.facts())

        assert len(found) == count, (batch, unroll)
        assert all(finding.severity is Severity.WARNING for finding in found)


@pytest.mark.parametrize(
    ("settings", "severity"),
    [
        ({}, Severity.ERROR),
        ({"optimizations": Setting(((),))}, Severity.ERROR),
        ({"target_spec.supported_ops": Setting(((),))}, Severity.WARNING),
        ({"_experimental_lower_tensor_list_ops": Setting((False,))}, Severity.WARNING),
    ],
)
def test_a_conversion_in_view_makes_an_open_batch_an_error(
    settings: dict[str, Setting], severity: Severity
) -> None:
    builder = Builder()
    x = builder.input(100, 3)
    network = builder.network([x], builder.apply(x, "LSTM", units=8))
    conversion = Conversion(FROM_KERAS, NOWHERE, settings, Argument(network))

    (finding,) = findings("TFL109", builder.facts(conversions=[conversion]))

    assert finding.severity is severity
    assert finding.location == Location(line=2, column=1)


def test_branches_that_meet_on_a_condition_are_taken_to_be_guarded() -> None:
    """`if x.shape == shortcut.shape: x = Add()([x, shortcut])`, as residual blocks have it."""
    builder = Builder()
    a, b = builder.input(8, 8, 16), builder.input(8, 8, 32)
    builder.call(builder.layer("Add"), a, b, evidence=Evidence.POSSIBLE)

    assert findings("TFL112", builder.facts()) == []


@pytest.mark.parametrize(
    ("version", "severity"),
    [((3, 1), Severity.ERROR), ((2, 15), None), (None, Severity.WARNING)],
)
def test_groups_of_0_are_refused_by_keras_3_alone(
    version: tuple[int, ...] | None, severity: Severity | None
) -> None:
    builder = Builder()
    builder.apply(builder.input(8, 8, 3), "Conv2D", filters=8, kernel_size=3, groups=0)

    found = findings("TFL112", builder.facts(keras_version=version), Kind.H5)

    assert [finding.severity for finding in found] == ([] if severity is None else [severity])
