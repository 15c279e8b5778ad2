"""Networks that are channels_first, each written in another way; each defines `model`.

No two sizes are alike, so that dimensions in the wrong order show.
"""

from __future__ import annotations

SEQUENTIAL_LIST = """\
import keras
from keras import layers

model = keras.Sequential([
    keras.Input((3, 20, 24)),
    layers.Conv2D(5, 3, activation="relu", data_format="channels_first"),
    layers.MaxPooling2D(2, data_format='channels_first'),  # halves it
    layers.Dropout(0.25),
    layers.Flatten(),
    layers.Dense(7),
])
"""

ADDED = """\
from tensorflow.keras.layers import *
from tensorflow.keras.models import Sequential

FORMAT = 'channels_first'
rows, cols = 20, 24
input_shape = (3, rows, cols)

model = Sequential()
model.add(Conv2D(5, (3, 3), input_shape=input_shape, data_format=FORMAT))
model.add(BatchNormalization(axis=1))
model.add(Activation("relu"))
model.add(AveragePooling2D((2, 3), data_format=FORMAT))
model.add(Flatten())
model.add(Dropout(0.5))
model.add(Dense(4, activation="softmax"))
"""

FUNCTIONAL = """\
import tensorflow as tf
from tensorflow.keras import layers as L

FMT = "channels_first"

def block(x, n, fmt=FMT):
    x = L.Conv2D(n, 3, padding="same", data_format=fmt, use_bias=False)(x)
    x = L.BatchNormalization(axis=1)(x)
    return L.ReLU()(x)

inputs = tf.keras.Input(shape=(3, 12, 16))
a = block(inputs, 4)
b = block(inputs, 6)
x = L.Concatenate(axis=1)([a, b])
x = L.MaxPooling2D(2, data_format="channels_first")(x)
x = L.GlobalAveragePooling2D(data_format=FMT)(x)
model = tf.keras.Model(inputs, L.Dense(5)(x))
"""

FACTORY = """\
import keras
from keras.layers import Conv2D, Dense, GlobalMaxPooling2D, Input, UpSampling2D, ZeroPadding2D

def build(shape=(2, 9, 14), data_format="channels_first", classes=3):
    \"\"\"A network that is channels_first.\"\"\"
    inputs = Input(shape)
    x = ZeroPadding2D((1, 2), data_format=data_format)(inputs)
    x = Conv2D(6, (3, 2), strides=(2, 1), data_format=data_format)(x)
    x = UpSampling2D((2, 1), data_format=data_format)(x)
    x = GlobalMaxPooling2D(data_format=data_format)(x)
    return keras.Model(inputs, Dense(classes)(x))

model = build()
"""

GLOBAL_SETTING = """\
import keras
from keras import backend as K
from keras import layers

K.set_image_data_format("channels_first")

if K.image_data_format() == "channels_first":
    shape, axis = (3, 10, 12), 1
else:
    shape, axis = (10, 12, 3), -1

inputs = keras.Input(shape)
x = layers.Conv2D(4, 3)(inputs)
x = layers.BatchNormalization(axis=axis)(x)
x = layers.MaxPool2D()(x)
x = layers.Flatten()(x)
model = keras.Model(inputs, layers.Dense(3)(x))
"""

GLOBAL_WITH_LITERALS = """\
import keras
from keras import layers

keras.config.set_image_data_format('channels_first')

inputs = keras.Input((3, 10, 12))
x = layers.Conv2D(4, 3)(inputs)
x = layers.BatchNormalization(axis=1)(x)
x = layers.MaxPool2D()(x)
model = keras.Model(inputs, layers.GlobalAveragePooling2D()(x))
"""

SUBCLASS = """\
import keras
from keras import layers

class Net(keras.Model):
    def __init__(self):
        super().__init__()
        self.conv = layers.Conv2D(4, 3, data_format="channels_first")
        self.norm = layers.BatchNormalization(axis=1)
        self.pool = layers.GlobalAveragePooling2D(data_format="channels_first")
        self.out = layers.Dense(3)

    def call(self, x):
        x = self.norm(self.conv(x))
        return self.out(self.pool(x))

inputs = keras.Input((3, 10, 12))
model = keras.Model(inputs, Net()(inputs))
"""

LOOP = """\
import keras
from keras.layers import Conv2D, Dense, Flatten, MaxPooling2D

layers = [keras.Input((1, 24, 32))]
for filters in (3, 5):
    layers.append(Conv2D(filters, 3, data_format="channels_first", activation="relu"))
    layers.append(MaxPooling2D(2, data_format="channels_first"))
layers += [Flatten(), Dense(2)]
model = keras.Sequential(layers)
"""

SQUEEZE_EXCITE = """\
import keras
from keras import layers

inputs = keras.Input((2, 10, 14))
x = layers.Conv2D(6, 3, data_format="channels_first")(inputs)
s = layers.GlobalAveragePooling2D(data_format="channels_first")(x)
s = layers.Dense(6, activation="sigmoid")(s)
s = layers.Reshape((6, 1, 1))(s)
x = layers.Multiply()([x, s])
model = keras.Model(inputs, layers.GlobalMaxPooling2D(data_format="channels_first")(x))
"""

PERMUTED = """\
import keras
from keras import layers

inputs = keras.Input((10, 14, 3))
x = layers.Permute((3, 1, 2))(inputs)
x = layers.Conv2D(6, 3, data_format="channels_first")(x)
x = layers.MaxPooling2D(2, data_format="channels_first")(x)
x = layers.Permute((2, 3, 1))(x)
model = keras.Model(inputs, layers.Conv2D(2, 1, data_format="channels_last")(x))
"""

DECODER = """\
import keras
from keras import layers

inputs = keras.Input((9,))
x = layers.Dense(5 * 4 * 3)(inputs)
x = layers.Reshape((5, 4, 3))(x)
x = layers.Conv2DTranspose(2, 3, strides=2, data_format="channels_first")(x)
model = keras.Model(inputs, x)
"""

SEQUENCE = """\
import keras
from keras import layers

model = keras.Sequential([
    keras.Input((4, 30)),
    layers.Conv1D(6, 3, data_format="channels_first"),
    layers.MaxPooling1D(2, data_format="channels_first"),
    layers.Flatten(),
    layers.Dense(3),
])
"""

VOLUME = """\
import keras
from keras import layers

model = keras.Sequential([
    keras.Input((2, 8, 9, 10)),
    layers.Conv3D(3, 2, data_format="channels_first"),
    layers.GlobalAveragePooling3D(data_format="channels_first"),
])
"""

TIME_DISTRIBUTED = """\
import keras
from keras import layers

inputs = keras.Input((4, 3, 10, 12))
x = layers.TimeDistributed(layers.Conv2D(5, 3, data_format="channels_first"))(inputs)
x = layers.TimeDistributed(layers.MaxPooling2D(2, data_format="channels_first"))(x)
x = layers.TimeDistributed(layers.Flatten())(x)
model = keras.Model(inputs, layers.LSTM(4)(x))
"""

KEYWORDS = """\
import keras
from keras import layers

common = {"data_format": "channels_first", "padding": "same"}
model = keras.Sequential([
    keras.Input(shape=[3, 10, 12]),
    layers.Conv2D(4, 3, **common),
    layers.DepthwiseConv2D(3, **common),
    layers.SeparableConv2D(5, 3, **common),
    layers.GlobalAveragePooling2D("channels_first"),
])
"""

PARTIAL = """\
from functools import partial

import keras
from keras import layers

conv = partial(layers.Conv2D, kernel_size=3, data_format="channels_first")
inputs = keras.Input((3, 10, 12), batch_size=1)
x = conv(4)(inputs)
x = layers.PReLU(shared_axes=[2, 3])(x)
x = layers.LayerNormalization(axis=1)(x)
x = layers.SpatialDropout2D(0.1, data_format="channels_first")(x)
x = conv(6)(x)
model = keras.Model(inputs, x)
"""

RESIDUAL = """\
import keras
from keras import layers

def unit(x, filters, stride, axis=1):
    y = layers.Conv2D(filters, 3, stride, "same", data_format="channels_first")(x)
    y = layers.BatchNormalization(axis=axis)(y)
    if stride != 1:
        x = layers.Conv2D(filters, 1, stride, data_format="channels_first")(x)
    return layers.Activation("relu")(layers.Add()([x, y]))

inputs = keras.Input((3, 16, 20))
x = layers.Conv2D(4, 3, data_format="channels_first", padding="same")(inputs)
for stride in (1, 2):
    x = unit(x, 4, stride)
x = layers.Flatten(data_format="channels_first")(x)
model = keras.Model(inputs, layers.Dense(3)(x))
"""

NESTED = """\
import keras
from keras import layers

backbone = keras.Sequential([
    keras.Input((3, 10, 12)),
    layers.Conv2D(4, 3, data_format="channels_first"),
    layers.MaxPooling2D(2, data_format="channels_first"),
])
model = keras.Sequential([backbone, layers.GlobalAveragePooling2D(data_format="channels_first")])
"""

NETWORKS = {
    name.lower(): value
    for name, value in list(globals().items())
    if name.isupper() and isinstance(value, str)
}

# Only the first layer is channels_first: the network of the MotionSense seed.
MIXED = """\
from keras.layers import Conv2D, Dense, Dropout, Flatten, MaxPooling2D
from keras.models import Sequential

model = Sequential()
model.add(Conv2D(32, (3, 3), activation='relu', input_shape=(1, 32, 32), \
data_format='channels_first'))
model.add(MaxPooling2D(pool_size=(2, 2)))
model.add(Dropout(0.25))
model.add(Conv2D(32, (3, 3), activation='relu'))
model.add(MaxPooling2D(pool_size=(2, 2)))
model.add(Dropout(0.25))
model.add(Flatten())
model.add(Dense(64, activation='relu'))
model.add(Dropout(0.5))
model.add(Dense(3, activation='softmax'))
"""
