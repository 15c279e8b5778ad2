"""Networks that need more than builtin operators, or that no converter takes; run by tests only.

Each is a function of a Keras (`keras` or `tf_keras`). The lines that diagnoses must name end in
`# here`, the first one behind a function's head counts.
"""

import tensorflow as tf


def numbered_layers(k):
    # Keras 3 numbers the scopes apart from the layers: that of `psi` is psi_1.
    L = k.layers
    return k.Sequential(
        [
            k.Input((8,)),
            L.Lambda(lambda x: x * 2.0, output_shape=(8,), name="psi"),
            L.Dense(8, name="dense"),
            L.Lambda(lambda x: tf.math.digamma(x + 9.0), output_shape=(8,), name="psi_1"),  # here
            L.Dense(2, name="dense_1"),
        ]
    )


def nested_layer(k):
    class Distance(k.layers.Layer):
        def call(self, x):
            covariance = tf.matmul(x, x, transpose_b=True) + tf.eye(4)
            return tf.linalg.cholesky(covariance)  # here

        def compute_output_shape(self, shape):
            return (shape[0], 4, 4)

    inside = k.Input((4, 8))
    inner = k.Model(inside, Distance(name="distance")(inside), name="inner")
    return k.Sequential([k.Input((4, 8)), inner, k.layers.Flatten(), k.layers.Dense(2)])


def shared_layer(k):
    one, two = k.Input((8,), name="one"), k.Input((8,), name="two")
    erf = k.layers.Lambda(lambda x: 2.0 * tf.math.erf(x), output_shape=(8,), name="erf")  # here
    return k.Model([one, two], k.layers.Add(name="add")([erf(one), erf(two)]))


def strings(k):
    words = k.Input((4,), dtype="string", name="words")
    found = k.layers.StringLookup(vocabulary=["a", "b"], name="look")(words)  # here
    return k.Model(words, k.layers.Embedding(4, 3, name="embed")(found))


def categories(k):
    numbers = k.Input((6,), dtype="int32", name="numbers")
    encoding = k.layers.CategoryEncoding(8, output_mode="count", name="count")  # here
    return k.Model(numbers, k.layers.Dense(2)(encoding(numbers)))


def volume(k):
    L = k.layers
    return k.Sequential(
        [
            k.Input((4, 8, 8, 1)),
            L.Conv3D(2, 3, name="conv"),
            L.MaxPooling3D(name="pool"),  # here
            L.Flatten(),
        ]
    )


def python_code(k):
    def double(x):
        return tf.py_function(lambda v: v * 2, [x], tf.float32)  # here

    layer = k.layers.Lambda(double, output_shape=(8,), name="python")
    return k.Sequential([k.Input((8,)), layer])


def seeded_noise(k):
    def noisy(x):
        return x + tf.random.stateless_normal((1, 8), [1, 2])  # here

    layer = k.layers.Lambda(noisy, output_shape=(8,), name="noise")
    return k.Sequential([k.Input((8,)), layer])


def doubles(k):
    def squared(x):
        return tf.cast(tf.square(tf.cast(x, tf.float64)), tf.float32)  # here

    layer = k.layers.Lambda(squared, output_shape=(8,), name="double")
    return k.Sequential([k.Input((8,)), layer])


def cosine_transform(k):
    def dct(x):
        return tf.signal.dct(x)  # here

    layer = k.layers.Lambda(dct, output_shape=(8,), name="dct")
    return k.Sequential([k.Input((8,)), layer])


def subpixels(k):
    def shuffle(x):
        return tf.nn.depth_to_space(x, 2, data_format="NCHW")  # here

    layer = k.layers.Lambda(shuffle, output_shape=(1, 8, 8), name="shuffle")
    return k.Sequential([k.Input((4, 4, 4)), layer])


def bicubic(k):
    layer = k.layers.Resizing(16, 16, interpolation="bicubic", name="larger")  # here
    return k.Sequential([k.Input((8, 8, 3)), layer])


def open_recurrence(k):
    L = k.layers
    layer = L.LSTM(4, name="memory")  # here
    return k.Sequential([k.Input((8, 3)), layer, L.Dense(2)])


def sequence_channels_first(k):
    layer = k.layers.Conv1D(4, 3, data_format="channels_first", name="conv")  # here
    return k.Sequential([k.Input((3, 8)), layer])


def separable_channels_first(k):
    L = k.layers
    layer = L.SeparableConv2D(4, 3, data_format="channels_first", name="separable")  # here
    return k.Sequential([k.Input((3, 8, 8)), layer])


def raises(k):
    class Odd(k.layers.Layer):
        def call(self, x, training=None):
            if training is False:
                raise RuntimeError("not\x1b[31m at inference")  # here
            return x

    return k.Sequential([k.Input((8,)), Odd(name="odd")])


def tests_a_tensor(k):
    class Clip(k.layers.Layer):
        def call(self, x):
            if tf.reduce_sum(x) > 0.0:  # here
                x = x * 2.0
            return x

    class Net(k.Model):
        def __init__(self):
            super().__init__(name="net")
            self.clip = Clip(name="clip")

        def call(self, x):
            return self.clip(x)

    model = Net()
    model(tf.zeros((1, 3)))
    return model


def dictionary(k):
    # The order of the keys is not that of the alphabet, and a name is none of TensorFlow's.
    late, early = k.Input((8,), name="z late"), k.Input((3,), name="a")
    outputs = {
        "second": k.layers.Dense(2, name="s")(late),
        "first": k.layers.Dense(3, name="f")(early),
    }
    return k.Model([late, early], outputs)


def plain(k):
    L = k.layers
    return k.Sequential([k.Input((8, 8, 1)), L.Conv2D(4, 3), L.Flatten(), L.Dense(2)])


def keeps_state(k):
    L = k.layers
    inputs = k.Input((8, 3), batch_size=1)
    model = k.Model(inputs, L.LSTM(4, stateful=True, name="memory")(inputs))
    model(tf.ones((1, 8, 3)))  # which leaves a state behind
    return model
