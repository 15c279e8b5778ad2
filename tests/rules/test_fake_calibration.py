"""Representative data sets that are made up, and those that only look so."""

from __future__ import annotations

from textwrap import dedent

import pytest

from tests.rules.findings import findings

HEAD = """\
import random
import numpy as np
import tensorflow as tf
from numpy import random as nprandom

x_train = np.load("x_train.npy")
"""
TAIL = """
converter = tf.lite.TFLiteConverter.from_saved_model("saved_model")
converter.optimizations = [tf.lite.Optimize.DEFAULT]
converter.representative_dataset = samples
converter.convert()
"""

FAKE = {
    "rand": """
        def samples():
            for _ in range(100):
                yield [np.random.rand(1, 32, 32, 3).astype(np.float32)]
    """,
    "a variable": """
        def samples():
            for _ in range(100):
                data = np.random.rand(1, 32, 32, 3)
                yield [data.astype("float32")]
    """,
    "tf.random": """
        def samples():
            for _ in range(10):
                yield [tf.random.normal((1, 32, 32, 3))]
    """,
    "a generator object": """
        rng = np.random.default_rng(0)

        def samples():
            for _ in range(10):
                yield [rng.random((1, 32), dtype=np.float32)]
    """,
    "an old generator object": """
        def samples():
            state = np.random.RandomState(7)
            for _ in range(10):
                yield [np.asarray(state.uniform(-1, 1, (1, 32)), dtype=np.float32)]
    """,
    "arithmetic": """
        def samples():
            for _ in range(10):
                yield [np.array(np.random.random_sample((1, 32)) * 2 - 1, dtype=np.float32)]
    """,
    "an alias": """
        def samples():
            yield [nprandom.uniform(size=(1, 32)).astype(np.float32)]
    """,
    "zeros": """
        def samples():
            yield [np.zeros((1, 32), np.float32)]
    """,
    "ones in a dictionary": """
        def samples():
            yield {"input": tf.ones((1, 32))}
    """,
    "a constant": """
        def samples():
            yield [np.full((1, 32), 0.5, dtype=np.float32)]
    """,
    "a reshape": """
        def samples():
            for _ in range(10):
                yield [tf.reshape(tf.cast(np.random.randint(0, 256, 32), tf.float32), (1, 32))]
    """,
    "two inputs": """
        def samples():
            yield [np.random.rand(1, 8).astype(np.float32), np.zeros((1, 4), np.float32)]
    """,
    "made before": """
        noise = np.random.rand(100, 1, 32).astype(np.float32)

        def samples():
            for index in range(100):
                yield [noise[index]]
    """,
    "slices of what an object makes": """
        class Data:
            def __init__(self):
                self.images = np.random.random((2, 28, 28, 1)).astype(np.float32)

            def generate(self):
                for index in range(2):
                    yield [self.images[index:index + 1]]


        samples = Data().generate
    """,
    "a lambda": """
        samples = lambda: [[np.random.rand(1, 32).astype(np.float32)]]
    """,
    "an empty buffer that stays empty": """
        def samples():
            buffer = np.empty((1, 32), np.float32)
            yield [buffer]
    """,
}

REAL = {
    "the data": """
        def samples():
            for x in x_train[:100]:
                yield [x[np.newaxis].astype(np.float32)]
    """,
    "random indices": """
        def samples():
            for index in np.random.randint(0, len(x_train), 100):
                yield [x_train[index][np.newaxis]]
    """,
    "a random index": """
        def samples():
            for _ in range(100):
                yield [x_train[random.randrange(len(x_train))][None]]
    """,
    "a choice": """
        def samples():
            for index in np.random.choice(len(x_train), 100):
                yield [x_train[index:index + 1]]
    """,
    "a choice of data": """
        def samples():
            yield [np.random.choice(x_train, 100)]
    """,
    "a permutation of data": """
        def samples():
            for x in np.random.permutation(x_train)[:100]:
                yield [x[None]]
    """,
    "noise on top": """
        def samples():
            for x in x_train:
                yield [x + np.random.normal(0, 0.01, x.shape)]
    """,
    "a buffer that is filled": """
        def samples():
            for x in x_train:
                batch = np.zeros((1, 32, 32, 3), np.float32)
                batch[0] = x
                yield [batch]
    """,
    "a buffer that another function fills": """
        def samples():
            for x in x_train:
                batch = np.empty((1, 32), np.float32)
                np.copyto(batch, x)
                yield [batch]
    """,
    "a buffer that is added to": """
        def samples():
            for x in x_train:
                batch = np.zeros((1, 32), np.float32)
                batch += x
                yield [batch]
    """,
    "a list of real and padding": """
        def samples():
            for x in x_train:
                yield [np.concatenate([x, np.zeros((1, 16))], axis=1)]
    """,
    "zero states beside real data": """
        def samples():
            for x in x_train:
                yield [x, np.zeros((1, 64), np.float32)]
    """,
    "random if there is nothing better": """
        import os

        def samples():
            if os.path.exists("calibration.npy"):
                yield [np.load("calibration.npy")]
            else:
                yield [np.random.rand(1, 32).astype(np.float32)]
    """,
    "abscissae that the network learns": """
        x = np.random.uniform(0, 6.28, 1000).astype(np.float32)
        model = tf.keras.Sequential([tf.keras.Input((1,)), tf.keras.layers.Dense(1)])
        model.compile("adam", "mse")
        model.fit(x, np.sin(x))

        def samples():
            for one in x:
                yield [one.reshape(1, 1)]
    """,
    "abscissae that the network learns, by index": """
        x = np.random.uniform(0, 6.28, 1000).astype(np.float32)
        model = tf.keras.Sequential([tf.keras.Input((1,)), tf.keras.layers.Dense(1)])
        model.compile("adam", "mse")
        model.fit(x, np.sin(x))

        def samples():
            for index in range(100):
                yield [x[index].reshape(1, 1)]
    """,
    "a function of another file": """
        from data import samples
    """,
    "a data set": """
        def samples():
            for x in tf.data.Dataset.from_tensor_slices(x_train).batch(1).take(100):
                yield [x]
    """,
}


@pytest.mark.parametrize("text", FAKE.values(), ids=FAKE.keys())
def test_made_up_data_is_reported(text: str) -> None:
    assert len(findings("TFL110", HEAD + dedent(text) + TAIL)) == 1


@pytest.mark.parametrize("text", REAL.values(), ids=REAL.keys())
def test_real_data_is_not_reported(text: str) -> None:
    assert findings("TFL110", HEAD + dedent(text) + TAIL) == ()
