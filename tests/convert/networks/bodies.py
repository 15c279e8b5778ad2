"""Code of one's own: Lambda bodies, custom layers and subclassed models."""

from __future__ import annotations

from typing import Any

from tests.convert.corpus import Kit, network


def _lambda(k: Kit, body: Any, shape: tuple[int, ...] = (8, 7, 3), **more: Any) -> Any:
    return k.keras.Sequential([k.keras.Input(shape), k.layers.Lambda(body, **more)])


@network(has_layouts=False, is_code=True)
def lambda_scale(k: Kit) -> Any:
    return k.chain((8, 7, 3), k.layers.Lambda(lambda x: x / 255.0), k.layers.Conv2D(4, 3))


@network(has_layouts=False, is_code=True)
def lambda_l2(k: Kit) -> Any:
    import tensorflow as tf

    return k.chain(
        (9,), k.layers.Dense(5), k.layers.Lambda(lambda x: tf.math.l2_normalize(x, axis=1))
    )


@network(has_layouts=False, is_code=True)
def lambda_slice(k: Kit) -> Any:
    return k.chain((8, 7, 3), k.layers.Lambda(lambda x: x[:, 1:-1, ::2, :]), k.layers.Conv2D(4, 3))


@network(has_layouts=False, ints=6, is_code=True)
def lambda_one_hot(k: Kit) -> Any:
    import tensorflow as tf

    inputs = k.keras.Input((5,), dtype="int32")
    x = k.layers.Lambda(lambda x: tf.one_hot(x, 6), output_shape=(5, 6))(inputs)
    return k.model(inputs, k.layers.Dense(2)(k.layers.Flatten()(x)))


@network(has_layouts=False, is_code=True)
def lambda_lrn(k: Kit) -> Any:
    import tensorflow as tf

    return _lambda(k, lambda x: tf.nn.local_response_normalization(x, depth_radius=2))


@network(has_layouts=False, is_code=True)
def lambda_stft(k: Kit) -> Any:
    import tensorflow as tf

    return _lambda(k, lambda x: tf.abs(tf.signal.stft(x, 16, 8, 16)), (64,))


@network(has_layouts=False, is_code=True)
def lambda_statistics(k: Kit) -> Any:
    import tensorflow as tf

    return _lambda(
        k,
        lambda x: tf.concat([tf.reduce_mean(x, 1), tf.math.reduce_std(x, 1)], -1),
        (12, 3),
    )


@network(has_layouts=False, is_code=True)
def lambda_cumsum(k: Kit) -> Any:
    import tensorflow as tf

    return _lambda(k, lambda x: tf.cumsum(x, axis=1), (12, 3))


@network(has_layouts=False, is_code=True)
def lambda_erf(k: Kit) -> Any:
    import tensorflow as tf

    return _lambda(k, tf.math.erf)


@network(has_layouts=False, is_code=True)
def lambda_roll(k: Kit) -> Any:
    import tensorflow as tf

    return _lambda(k, lambda x: tf.roll(x, 2, axis=1))


@network(has_layouts=False, is_code=True)
def lambda_patches(k: Kit) -> Any:
    import tensorflow as tf

    return _lambda(
        k,
        lambda x: tf.image.extract_patches(x, [1, 2, 2, 1], [1, 2, 2, 1], [1, 1, 1, 1], "VALID"),
    )


@network(has_layouts=False, is_code=True)
def lambda_bicubic(k: Kit) -> Any:
    import tensorflow as tf

    return _lambda(k, lambda x: tf.image.resize(x, (12, 11), "bicubic"))


@network(has_layouts=False, is_code=True)
def lambda_cholesky(k: Kit) -> Any:
    import tensorflow as tf

    return _lambda(
        k, lambda x: tf.linalg.cholesky(tf.matmul(x, x, transpose_b=True) + tf.eye(4)), (4, 4)
    )


@network(has_layouts=False, is_code=True)
def lambda_digamma(k: Kit) -> Any:
    import tensorflow as tf

    return _lambda(k, lambda x: tf.math.digamma(tf.abs(x) + 1.0))


@network(has_layouts=False, is_code=True)
def lambda_python(k: Kit) -> Any:
    """Python in the middle of the graph: no runtime but TensorFlow's own in this process."""
    import tensorflow as tf

    return _lambda(
        k,
        lambda x: tf.ensure_shape(tf.numpy_function(lambda v: v * 2, [x], tf.float32), (1, 4)),
        (4,),
        output_shape=(4,),
    )


def _scaling(k: Kit) -> type:
    class Scaling(k.keras.layers.Layer):  # type: ignore[misc]
        """Multiplies by a weight for each channel."""

        def build(self, shape: Any) -> None:
            self.factor = self.add_weight(
                name="factor", shape=(int(shape[-1]),), initializer="ones"
            )
            self.built = True

        def call(self, x: Any) -> Any:
            return x * self.factor

    return Scaling


@network(has_layouts=False, is_code=True)
def custom_layer(k: Kit) -> Any:
    return k.chain((8, 7, 3), k.layers.Conv2D(4, 3), _scaling(k)(), k.layers.Flatten())


@network(is_code=True, is_twin=False)
def custom_between(k: Kit) -> Any:
    """A layer that nobody knows among layers of either layout."""
    return k.chain(
        (8, 7, 3),
        k.layers.Conv2D(4, 3, activation="relu", data_format=k.data_format),
        _scaling(k)(),
        k.layers.Conv2D(3, 2, data_format=k.data_format),
        k.layers.Flatten(),
        k.layers.Dense(2),
    )


@network(is_code=True)
def lambda_between(k: Kit) -> Any:
    axis = k.axis
    return k.chain(
        (8, 7, 3),
        k.layers.Conv2D(4, 3, activation="relu", data_format=k.data_format),
        k.layers.Lambda(lambda x: x * 0.5 + 1.0),
        k.layers.Conv2D(3, 2, data_format=k.data_format),
        k.layers.BatchNormalization(axis=axis),
        k.layers.GlobalAveragePooling2D(data_format=k.data_format),
    )


@network(is_code=True)
def subclassed(k: Kit) -> Any:
    class Net(k.keras.Model):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.conv = k.layers.Conv2D(4, 3, activation="relu", data_format=k.data_format)
            self.norm = k.layers.BatchNormalization(axis=k.axis)
            self.pool = k.layers.GlobalAveragePooling2D(data_format=k.data_format)
            self.out = k.layers.Dense(3)

        def call(self, x: Any) -> Any:
            return self.out(self.pool(self.norm(self.conv(x))))

    inputs = k.input(9, 8, 3)
    return k.model(inputs, Net()(inputs))


@network(has_layouts=False, is_code=True, shapes=((12, 3),))
def subclassed_whole(k: Kit) -> Any:
    """No functional model around it: the shape of its input is known from a call only."""

    class Net(k.keras.Model):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.conv = k.layers.Conv1D(4, 3, activation="relu")
            self.out = k.layers.Dense(3)

        def call(self, x: Any) -> Any:
            return self.out(k.layers.Flatten()(self.conv(x)))

    import numpy as np

    model = Net()
    model(np.zeros((1, 12, 3), "float32"))
    return model


@network(has_layouts=False, is_code=True)
def conditional(k: Kit) -> Any:
    """A branch that depends on the data."""
    import tensorflow as tf

    return _lambda(
        k,
        lambda x: tf.cond(tf.reduce_sum(x) > 0.0, lambda: x * 2.0, lambda: x - 1.0),
        (6,),
        output_shape=(6,),
    )
