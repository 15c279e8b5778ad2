"""TFL101 and TFL102 on networks: where findings stand, what is an error, what is let pass."""

from __future__ import annotations

import pytest

from tests.rules.keras_networks import Builder, findings, sequential
from tflint.finding import Confidence, Location, Severity
from tflint.keras.facts import FormatChange
from tflint.keras.values import UNKNOWN, Argument, Evidence
from tflint.rule import Kind

FIRST = {"data_format": "channels_first"}


def test_channels_first_names_the_layer_at_its_argument_and_what_the_transposes_move() -> None:
    facts = sequential((3, 32, 32), ("Conv2D", {"filters": 8, "kernel_size": 3, **FIRST}))

    (finding,) = findings("TFL101", facts)

    assert finding.severity is Severity.WARNING
    assert finding.location == Location(line=2, column=12)
    # 3 x 32 x 32 in and 8 x 30 x 30 out.
    assert "3 x 32 x 32 and 8 x 30 x 30" in finding.message
    assert "40.1 KiB in float32" in finding.message


def test_transposes_stand_only_where_a_chain_begins_and_ends() -> None:
    layers = [("Conv2D", {"filters": 8, "kernel_size": 3, **FIRST}), ("ReLU", {})]
    facts = sequential((3, 32, 32), *layers, *layers, ("MaxPooling2D", FIRST))

    first, second, pool = findings("TFL101", facts)

    assert "3 x 32 x 32 values" in first.message
    assert "values" not in second.message
    assert "8 x 14 x 14 values" in pool.message


@pytest.mark.parametrize(
    ("kind", "version", "severity"),
    [
        ("Conv1D", None, Severity.ERROR),
        ("SeparableConv2D", None, Severity.WARNING),
        ("Conv1D", (3, 8, 0), Severity.ERROR),
        ("Conv1D", (2, 15, 0), Severity.WARNING),
        ("SeparableConv1D", None, Severity.ERROR),
        ("SeparableConv1D", (2, 15, 0), Severity.ERROR),
        ("MaxPooling1D", (3, 8, 0), Severity.WARNING),
    ],
)
def test_a_conversion_that_raises_with_the_keras_that_builds_it_is_an_error(
    kind: str, version: tuple[int, ...] | None, severity: Severity
) -> None:
    given = {} if "Pooling" in kind else {"filters": 8, "kernel_size": 3}
    builder = Builder()
    shape = (3, 64, 64) if "2D" in kind else (3, 64)
    builder.apply(builder.input(*shape), kind, **given, **FIRST)
    facts = builder.facts(keras_version=version)

    (finding,) = findings("TFL101", facts)

    assert finding.severity is severity
    assert ("raises" in finding.message) is (kind != "MaxPooling1D" and version != (2, 15, 0)) or (
        kind == "SeparableConv1D"
    )


@pytest.mark.parametrize(("batch", "severity"), [(None, Severity.ERROR), (1, Severity.WARNING)])
def test_a_transposed_convolution_fails_under_keras_3_with_an_open_batch(
    batch: int | None, severity: Severity
) -> None:
    builder = Builder()
    x = builder.input(8, 16, 16, batch=batch)
    builder.apply(x, "Conv2DTranspose", filters=8, kernel_size=3, **FIRST)

    (finding,) = findings("TFL101", builder.facts(keras_version=(3, 15, 0)))

    assert finding.severity is severity


def test_what_fails_in_both_formats_is_no_error_of_the_format() -> None:
    facts = sequential((3, 8, 8, 8), ("MaxPooling3D", FIRST))

    (finding,) = findings("TFL101", facts)

    assert finding.severity is Severity.WARNING


@pytest.mark.parametrize("evidence", [Evidence.POSSIBLE, Evidence.ASSUMED])
def test_what_need_not_run_is_no_error(evidence: Evidence) -> None:
    builder = Builder()
    layer = builder.layer("SeparableConv1D", evidence, filters=8, kernel_size=3, **FIRST)
    builder.call(layer, builder.input(3, 64))

    (finding,) = findings("TFL101", builder.facts())

    assert (finding.severity, finding.confidence) == (Severity.WARNING, Confidence.MEDIUM)


def change(line: int, data_format: str) -> FormatChange:
    at = Location(line=line, column=30)
    return FormatChange(Argument(data_format, at), Location(line=line, column=1))


def test_a_setting_is_found_once_with_the_layers_under_it() -> None:
    builder = Builder("channels_first")
    builder.line = 10
    x = builder.apply(builder.input(3, 32, 32), "Conv2D", filters=8, kernel_size=3)
    builder.apply(x, "MaxPooling2D")
    facts = builder.facts(format_changes=[change(3, "channels_first")])

    (finding,) = findings("TFL101", facts)

    assert finding.location.line == 3
    assert "2 layers built under it (Conv2D and MaxPooling2D)" in finding.message


def test_a_setting_is_an_error_where_a_layer_under_it_cannot_be_converted() -> None:
    builder = Builder("channels_first")
    builder.line = 10
    builder.apply(builder.input(3, 8, 8, 8), "Conv3D", filters=8, kernel_size=3)
    facts = builder.facts(format_changes=[change(3, "channels_first")])

    (finding,) = findings("TFL101", facts)

    assert finding.severity is Severity.ERROR
    assert "Conv3D" in finding.message


def test_a_setting_that_is_overruled_before_anything_is_built_is_let_pass() -> None:
    facts = Builder().facts(
        format_changes=[change(3, "channels_first"), change(4, "channels_last")]
    )

    assert findings("TFL101", facts) == []


def test_a_setting_that_stays_in_force_is_found_without_layers() -> None:
    facts = Builder().facts(
        format_changes=[change(3, "channels_last"), change(4, "channels_first")]
    )

    (finding,) = findings("TFL101", facts)

    assert finding.location.line == 4
    assert "no layer in this file" in finding.message


def test_layers_with_their_own_format_do_not_count_for_the_setting() -> None:
    builder = Builder("channels_first")
    builder.line = 10
    given = {"filters": 8, "kernel_size": 3, "data_format": "channels_last"}
    builder.apply(builder.input(32, 32, 3), "Conv2D", **given)
    builder.apply(builder.input(3, 32, 32), "Conv2D", filters=8, kernel_size=3)
    facts = builder.facts(format_changes=[change(3, "channels_first")])

    (finding,) = findings("TFL101", facts)

    assert "1 layer built under it" in finding.message


@pytest.mark.parametrize("value", ["channels_last", None, UNKNOWN, 1])
def test_no_other_value_is_channels_first(value: object) -> None:
    facts = sequential(
        (32, 32, 3), ("Conv2D", {"filters": 8, "kernel_size": 3, "data_format": value})
    )

    assert findings("TFL101", facts) == []


def test_what_stands_in_the_way_is_said_for_sources_and_archives_are_built_anew() -> None:
    facts = sequential((3, 32, 32), ("Conv2D", {"filters": 8, "kernel_size": 3, **FIRST}))

    # The network is not in the source.
    (in_source,) = findings("TFL101", facts)
    (in_archive,) = findings("TFL101", facts, Kind.H5)

    assert "tflint fix cannot do it" in in_source.help
    assert "tflint fix" not in in_archive.help
    assert in_source.fix is None
    assert in_archive.fix is not None
    assert in_archive.fix.command == "tflint fix {path} --reconvert"


def test_motion_sense_as_it_was_published() -> None:
    """Conv2D channels_first, and a pool that is not: it pools over the channels."""
    facts = sequential(
        (1, 32, 32),
        ("Conv2D", {"filters": 32, "kernel_size": 3, "activation": "relu", **FIRST}),
        ("MaxPooling2D", {}),
    )

    (finding,) = findings("TFL102", facts)

    assert finding.location.line == 3
    assert "30 columns for channels and pools over the 32 channels" in finding.message
    assert "32 x 30 x 30 becomes 16 x 15 x 30" in finding.message


@pytest.mark.parametrize("between", ["ReLU", "Dropout", "BatchNormalization", "LeakyReLU"])
def test_formats_are_followed_past_layers_that_have_none(between: str) -> None:
    given = {"rate": 0.5} if between == "Dropout" else {}
    if between == "BatchNormalization":
        given = {"axis": 1}
    facts = sequential(
        (3, 32, 32),
        ("Conv2D", {"filters": 8, "kernel_size": 3, **FIRST}),
        (between, given),
        ("Conv2D", {"filters": 8, "kernel_size": 3}),
    )

    (finding,) = findings("TFL102", facts)

    # A 3 x 3 kernel over 30 columns taken for channels: 9 x 30 x 8 + 8.
    assert "(2,168 weights)" in finding.message


@pytest.mark.parametrize(
    "between", [("Permute", {"dims": (2, 3, 1)}), ("Reshape", {"target_shape": (30, 30, 8)})]
)
def test_what_rearranges_ends_the_chain(between: tuple[str, dict[str, object]]) -> None:
    facts = sequential(
        (3, 32, 32),
        ("Conv2D", {"filters": 8, "kernel_size": 3, **FIRST}),
        between,  # type: ignore[arg-type]
        ("MaxPooling2D", {}),
    )

    assert findings("TFL102", facts) == []


def test_a_flatten_of_the_other_format_is_no_mistake() -> None:
    facts = sequential(
        (3, 32, 32),
        ("Conv2D", {"filters": 8, "kernel_size": 3, **FIRST}),
        ("Flatten", {}),
        ("Dense", {"units": 3}),
    )

    assert findings("TFL102", facts) == []


def test_behind_global_pooling_there_is_no_format() -> None:
    facts = sequential(
        (3, 32, 32),
        ("Conv2D", {"filters": 8, "kernel_size": 3, **FIRST}),
        ("GlobalAveragePooling2D", FIRST),
        ("BatchNormalization", {}),
    )

    assert findings("TFL102", facts) == []


@pytest.mark.parametrize(
    ("data_format", "axis", "found"),
    [
        ("channels_last", 1, True),
        ("channels_last", -1, False),
        ("channels_last", 3, False),
        ("channels_last", (3,), False),
        ("channels_first", 1, False),
        ("channels_first", -1, True),
        ("channels_first", UNKNOWN, False),
    ],
)
def test_batch_normalization_belongs_along_the_channels(
    data_format: str, axis: object, found: bool
) -> None:
    facts = sequential(
        (32, 32, 32),
        ("Conv2D", {"filters": 8, "kernel_size": 3, "data_format": data_format}),
        ("BatchNormalization", {"axis": axis}),  # type: ignore[dict-item]
    )

    said = findings("TFL102", facts)

    assert bool(said) is found
    if found:
        assert "30 rows or columns by themselves instead of 8 channels" in said[0].message


def test_branches_are_joined_along_the_channels() -> None:
    for axis, count in ((-1, 1), (1, 0)):
        builder = Builder()
        x = builder.input(3, 32, 32)
        given = {"filters": 8, "kernel_size": 3, "padding": "same", **FIRST}
        branches = [builder.apply(x, "Conv2D", **given) for _ in range(2)]
        builder.call(builder.layer("Concatenate", axis=axis), *branches)

        assert len(findings("TFL102", builder.facts())) == count


def test_branches_of_different_formats_settle_nothing() -> None:
    builder = Builder()
    x = builder.input(8, 8, 8)
    a = builder.apply(x, "Conv2D", filters=8, kernel_size=1, **FIRST)
    b = builder.apply(x, "Conv2D", filters=8, kernel_size=1)
    both = builder.call(builder.layer("Add"), a, b)
    builder.apply(both, "MaxPooling2D")

    assert findings("TFL102", builder.facts()) == []


def test_a_class_of_the_file_is_not_keras_own() -> None:
    builder = Builder("channels_first")
    x = builder.input(3, 32, 32)
    layer = builder.layer("Conv3D", filters=8, kernel_size=3, **FIRST)
    object.__setattr__(layer, "path", "Conv3D")
    builder.call(layer, x)

    assert findings("TFL101", builder.facts()) == []
