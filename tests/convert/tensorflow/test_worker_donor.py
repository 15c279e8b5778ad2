"""The worker with a donor: what it sends, and how it says that there is nothing to send."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("tensorflow", reason="needs TensorFlow (the extra `convert`)")
pytest.importorskip("ai_edge_litert", reason="needs LiteRT (the extra `quantize`)")
import tf_keras

from tests.convert.tensorflow.donors import REQUEST, change_weights, donor_of, loaded
from tflint.convert.request import Origin, OriginKind, Request
from tflint.convert.tensorflow.loaded import CannotLoad, Loaded
from tflint.convert.tensorflow.worker import _adopted
from tflint.convert.worker_process import convert
from tflint.execution.hosts import Host, execute
from tflint.fix.proof.measures import error
from tflint.model.builder import ModelBuilder
from tflint.model.reader import parse_model
from tflint.model.writer import write_model


def _network(activation: str = "relu") -> Any:
    """channels_first, and flattened: the rows of the dense layer are in an order of their own."""
    layers = tf_keras.layers
    model = tf_keras.Sequential(
        [
            tf_keras.Input((2, 9, 8)),
            layers.Conv2D(5, 3, activation=activation, data_format="channels_first"),
            layers.Flatten(),
            layers.Dense(4, activation="softmax"),
        ]
    )
    change_weights(model, seed=1)
    return model


def _request(tmp_path: Path, activation: str = "relu") -> Request:
    """A source with weights that nobody has trained, and a donor with others."""
    donor = donor_of(loaded(_network(), tf_keras))
    source = _network(activation)
    change_weights(source, seed=2)
    path = tmp_path / "source.keras"
    source.save(path)
    origin = Origin(OriginKind.ARCHIVE, path, "source.keras")
    return Request(origin, is_rebuilt=True, random_samples=8, donor=donor)


def test_what_is_converted_answers_like_the_donor(tmp_path: Path) -> None:
    request = _request(tmp_path)

    made = convert(request)

    assert made.model is not None
    assert made.samples is not None
    assert request.donor is not None
    assert made.network.donor_refusal is None
    assert any("carried over from the .tflite" in note for note in made.network.notes)
    # The reference is what the donor itself says.
    (values,), (reference,) = made.samples.inputs, made.reference
    (own,) = execute(request.donor, (values,), Host.LITERT)
    assert (own == reference).all()
    # The result has its channels last.
    (turned,) = (port.order for port in made.network.inputs)
    assert turned == (0, 2, 3, 1)
    (now,) = execute(made.model, (values.transpose(0, 1, 3, 4, 2),), Host.LITERT)
    assert error(reference, now).snr_db > 80


def test_a_network_that_answers_otherwise_is_not_converted(tmp_path: Path) -> None:
    made = convert(_request(tmp_path, "tanh"))
    assert made.model is None
    assert made.attempts == ()
    assert made.network.donor_refusal is not None
    assert "answers otherwise" in made.network.donor_refusal


@pytest.fixture(scope="module")
def network() -> Loaded:
    return loaded(_network(), tf_keras)


class TestRefused:
    """One line for every donor that does not fit."""

    def _said(self, network: Loaded, donor: bytes) -> str:
        with pytest.raises(CannotLoad) as raised:
            _adopted(network, dataclasses.replace(REQUEST, donor=donor))
        return str(raised.value)

    def test_another_network(self, network: Loaded) -> None:
        builder = ModelBuilder()
        y = builder.conv_2d(builder.input((1, 2, 9, 8)), 3, 2)
        builder.output(builder.softmax(builder.fully_connected(builder.flatten(y), 4)))
        said = self._said(network, write_model(builder.build()))
        assert said.startswith("the source builds another network than the .tflite: `conv2d")

    def test_another_interface(self, network: Loaded) -> None:
        builder = ModelBuilder()
        builder.output(builder.fully_connected(builder.input((1, 12)), 4))
        said = self._said(network, write_model(builder.build()))
        assert "the source takes [None, 2, 9, 8], the .tflite [1, 12]" in said

    def test_bytes_that_are_no_model(self, network: Loaded) -> None:
        assert "cannot be carried over" in self._said(network, b"TFL3" * 20)

    def test_indices_that_lead_nowhere(self, network: Loaded) -> None:
        model = parse_model(donor_of(network))
        (graph,) = model.subgraphs
        broken = dataclasses.replace(model, subgraphs=(dataclasses.replace(graph, outputs=(999,)),))
        assert "`tflint check` says where" in self._said(network, write_model(broken))

    def test_the_weights_are_left_as_they_were(self, network: Loaded) -> None:
        before = network.model.get_weights()
        self.test_another_network(network)
        for left, right in zip(before, network.model.get_weights(), strict=True):
            assert np.array_equal(left, right)
